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

package control

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/im"
)

const (
	serviceCSS  = "live"
	serviceTRTC = "trtc"
	versionCSS  = "2018-08-01"
	versionTRTC = "2019-07-22"

	// maxReasonBytes of ForbidLiveStream.
	maxReasonBytes = 2048
	// MaxRemoved is how many users one call of the API removes at most.
	MaxRemoved = 10
	// MaxForbidden is how long a stream may be forbidden at most by the console's guide;
	// the API's page allows more.
	MaxForbidden = 7 * 24 * time.Hour
)

var (
	describeState = action{"DescribeLiveStreamState", serviceCSS, versionCSS, 1000}
	dropStream    = action{"DropLiveStream", serviceCSS, versionCSS, 100}
	forbidStream  = action{"ForbidLiveStream", serviceCSS, versionCSS, 200}
	resumeStream  = action{"ResumeLiveStream", serviceCSS, versionCSS, 100}
	dismissRoom   = action{"DismissRoom", serviceTRTC, versionTRTC, 20}
	removeUser    = action{"RemoveUser", serviceTRTC, versionTRTC, 20}

	actions = []action{describeState, dropStream, forbidStream, resumeStream, dismissRoom, removeUser}
)

// Stream names a CSS stream.
type Stream struct {
	// Domain is the push domain, AppName the path.
	Domain  string `json:"DomainName"`
	AppName string
	Name    string `json:"StreamName"`
}

// StreamState is what the API says of a stream. The provider advises not to rely on
// it alone.
type StreamState string

// The states of section 5.
const (
	StreamActive    StreamState = "active"
	StreamInactive  StreamState = "inactive"
	StreamForbidden StreamState = "forbid"
)

// StreamState asks for the state of a stream.
func (c *Client) StreamState(ctx context.Context, stream Stream) (StreamState, error) {
	var found struct{ StreamState StreamState }
	if failed := c.call(ctx, describeState, stream, &found); failed != nil {
		return "", failed
	}
	switch found.StreamState {
	case StreamActive, StreamInactive, StreamForbidden:
		return found.StreamState, nil
	}
	return "", &Error{Class: im.Unavailable, Action: describeState.name, Info: "the answer is not one of this call"}
}

// Drop cuts a running push. Its publisher may come back at once. It is no error when
// nobody pushes.
func (c *Client) Drop(ctx context.Context, stream Stream) error {
	return c.call(ctx, dropStream, stream, nil)
}

// Forbid cuts a running push and refuses others until a time, at most MaxForbidden
// from now. Streams are matched by their names alone, whatever the domain and the
// path, unless the provider has been asked for more. The reason is cut to 2048 bytes.
func (c *Client) Forbid(ctx context.Context, stream Stream, until time.Time, reason string) error {
	if len(reason) > maxReasonBytes {
		reason = strings.ToValidUTF8(reason[:maxReasonBytes], "")
	}
	return c.call(ctx, forbidStream, struct {
		Stream

		ResumeTime, Reason string
	}{stream, until.UTC().Format(time.RFC3339), reason}, nil)
}

// Resume lets a forbidden stream be pushed again.
func (c *Client) Resume(ctx context.Context, stream Stream) error {
	return c.call(ctx, resumeStream, stream, nil)
}

// room names a TRTC room by its number.
type room struct {
	SDKAppID int64 `json:"SdkAppId"`
	RoomID   int64 `json:"RoomId"`
}

// DismissRoom ends a TRTC room for all who are in it. They may enter it again. It is
// no error when there is no such room now.
func (c *Client) DismissRoom(ctx context.Context, sdkAppID, roomID int64) error {
	return orGone(c.call(ctx, dismissRoom, room{sdkAppID, roomID}, nil))
}

// RemoveUsers removes users from a TRTC room, MaxRemoved with a call. They may enter
// it again. It is no error when there is no such room now. At the first failure the
// rest stays; it may be called again with all.
func (c *Client) RemoveUsers(ctx context.Context, sdkAppID, roomID int64, userIDs []string) error {
	for some := range slices.Chunk(userIDs, MaxRemoved) {
		if err := orGone(c.call(ctx, removeUser, struct {
			room

			UserIDs []string `json:"UserIds"`
		}{room{sdkAppID, roomID}, some}, nil)); err != nil {
			return err
		}
	}
	return nil
}

// orGone: what does not exist has ended.
func orGone(err error) error {
	if e, ok := AsError(err); ok && e.Class == im.NotFound {
		return nil
	}
	return err
}
