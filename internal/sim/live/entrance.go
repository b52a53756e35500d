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
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Roles in a TRTC room.
const (
	Anchor   = 20
	Audience = 21
)

// maxUserID is the longest user id in bytes.
const maxUserID = 32

// Entrance is how somebody enters a TRTC room.
type Entrance struct {
	// SDKAppID may be left out.
	SDKAppID      int64  `json:"sdkAppID"`
	RoomID        RoomID `json:"roomID"`
	UserID        string `json:"userID"`
	UserSig       string `json:"userSig"`
	PrivateMapKey string `json:"privateMapKey"`
	// Role is Anchor or Audience. Absent means Anchor for those who publish.
	Role int `json:"role"`
	// Publish sends camera and microphone, as an anchor.
	Publish bool `json:"publish"`
	// StreamID of the copy on the CDN. Absent means the default of section 6.3.
	StreamID string `json:"streamID"`
	// URL is a room:// URL in place of all that. One with a streamid pushes.
	URL string `json:"url"`
}

var (
	errNotInRoom = errors.New("the user is not in the room")
	errEntrance  = errors.New("the entrance needs roomID, userID and userSig, or a room:// URL")
	errRole      = errors.New("the role must be 20 (anchor) or 21 (audience), and only anchors publish")
	errFull      = errors.New("there are too many rooms, or too many users in the room")
)

// complete takes the URL apart and fills in what is left out.
func (e *Entrance) complete(sdkAppID int64) error {
	if e.URL != "" {
		if err := e.parse(); err != nil {
			return err
		}
	}
	if e.SDKAppID == 0 {
		e.SDKAppID = sdkAppID
	}
	if e.Role == 0 {
		e.Role = Audience
		if e.Publish {
			e.Role = Anchor
		}
	}
	switch {
	case e.SDKAppID != sdkAppID:
		return fmt.Errorf("sdkAppID %d is another application", e.SDKAppID)
	case !e.RoomID.valid(), e.UserID == "", len(e.UserID) > maxUserID:
		return errEntrance
	case e.Role != Anchor && (e.Role != Audience || e.Publish):
		return errRole
	}
	return nil
}

// parse takes a room:// URL apart as the TWebLive component does: at &, by prefix,
// and nothing is decoded (section 6.2).
func (e *Entrance) parse() error {
	rest, ok := strings.CutPrefix(e.URL, "room://")
	if !ok {
		return errEntrance
	}
	for _, part := range strings.Split(rest, "&") {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "sdkappid":
			e.SDKAppID = parseInt(value)
		case "roomid":
			number := parseInt(value)
			if number < 1 || number > math.MaxUint32 {
				return errEntrance
			}
			e.RoomID = RoomNumber(uint32(number))
		case "userid":
			e.UserID = value
		case "usersig":
			e.UserSig = value
		case "streamid":
			e.StreamID, e.Publish = value, true
		}
	}
	return nil
}

// parseInt is that of JavaScript: it reads the digits at the beginning. -1 is no number.
func parseInt(text string) int64 {
	digits := text[:len(text)-len(strings.TrimLeft(text, "0123456789"))]
	number, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return -1
	}
	return number
}

// Enter lets somebody into a room, which is made if it is not there.
func (s *Simulator) Enter(e Entrance) error {
	if err := e.complete(s.options.SDKAppID); err != nil {
		return err
	}
	now := s.options.Clock()
	if err := verifyUserSig(e.UserSig, s.options.SDKAppID, s.options.SecretKey, e.UserID, now); err != nil {
		s.refuse("enter UserSig")
		return fmt.Errorf("the UserSig is refused: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.admit(e.PrivateMapKey, e.RoomID, e.UserID, e.Role, now); err != nil {
		s.stats.refused("enter privateMapKey")
		return err
	}
	r := s.rooms[e.RoomID]
	if r == nil && len(s.rooms) >= maxRooms || r != nil && len(r.users) >= maxUsers && r.users[e.UserID] == nil {
		return errFull
	}
	if r == nil {
		r = &room{users: map[string]*user{}}
		s.rooms[e.RoomID] = r
		s.notifyRoom(groupRoom, roomCreated, e.RoomID, e.UserID, nil)
	}
	reason := 1
	if former := r.users[e.UserID]; former != nil {
		reason = 3 // the connection was lost without a word, and here they are again
		s.unrelay(former)
	}
	u := &user{role: e.Role, streamID: e.StreamID, media: map[string]bool{}, relays: map[string]*relay{}}
	r.users[e.UserID] = u
	s.notifyRoom(groupRoom, userEntered, e.RoomID, e.UserID, map[string]any{"Role": u.role, "TerminalType": 100, "UserType": 1, "Reason": reason})
	if e.Publish {
		s.switchMedia(e.RoomID, e.UserID, u, Video, true)
		s.switchMedia(e.RoomID, e.UserID, u, Audio, true)
	}
	return nil
}
