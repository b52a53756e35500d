/*
Copyright 2026 The LiveRoom Operator Authors.

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software
distributed under the License is distributed on an "AS IS" BASIS,
WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
See the License for the specific language governing permissions and
limitations under the License.
*/

package live

import (
	"strconv"
	"strings"
)

// RelayAppName is the application (path) of streams that TRTC relays to CSS, section
// 6.3.
const RelayAppName = "live"

// Room is a TRTC room as one user of the TWebLive component sees it, section 6.2.
type Room struct {
	SDKAppID, RoomID int64
	// UserID and UserSig of the user. The component decodes nothing, so both go in
	// as they are.
	UserID, UserSig string
	// LiveDomain and StreamID are of the copy on the CDN. Empty for none.
	LiveDomain, StreamID string
}

// Prefix is the room without a user: a viewer appends "&userid=" and "&usersig=". It
// holds nothing secret.
func (r Room) Prefix() string {
	return "room://sdkappid=" + strconv.FormatInt(r.SDKAppID, 10) + "&roomid=" + strconv.FormatInt(r.RoomID, 10)
}

// PlayURL is the URL to watch at with low delay. It holds the UserSig.
func (r Room) PlayURL() string { return r.Prefix() + "&userid=" + r.UserID + "&usersig=" + r.UserSig }

// PushURL is the URL to push to. It holds the UserSig.
func (r Room) PushURL() string {
	text := r.PlayURL()
	if r.LiveDomain != "" {
		text += "&livedomainname=" + r.LiveDomain
	}
	if r.StreamID != "" {
		text += "&streamid=" + r.StreamID
	}
	return text
}

// StreamID is the default name of the relayed copy of a user's camera, for
// applications made since January 2020, section 6.3.
func StreamID(sdkAppID, roomID int64, userID string) string {
	return escape(strings.Join([]string{strconv.FormatInt(sdkAppID, 10), strconv.FormatInt(roomID, 10), userID, "main"}, "_"))
}

// RelayDomain is the push domain of relayed copies, section 1.1.
func RelayDomain(bizID int64) string { return strconv.FormatInt(bizID, 10) + ".livepush.myqcloud.com" }
