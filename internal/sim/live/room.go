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
	"strconv"
	"strings"
	"time"
)

// Roles in a TRTC room.
const (
	roleAnchor   = 20
	roleAudience = 21
)

// room is a TRTC room while somebody is in it.
type room struct {
	users map[string]*user
}

// user is somebody in a room.
type user struct {
	role       int
	publishing bool
	stream     string // of the copy on the CDN
}

// Entrance is how somebody enters a TRTC room.
type Entrance struct {
	RoomID        int64  `json:"roomID"`
	UserID        string `json:"userID"`
	UserSig       string `json:"userSig"`
	PrivateMapKey string `json:"privateMapKey"`
	// StreamID of the copy on the CDN. Absent means the default of section 6.3.
	StreamID string `json:"streamID"`
	// Publish sends camera and microphone, as an anchor.
	Publish bool `json:"publish"`
	// URL is a room:// URL in place of all that. One with a streamid pushes.
	URL string `json:"url"`
}

var (
	errNotInRoom = errors.New("the user is not in the room")
	errEntrance  = errors.New("the entrance needs roomID, userID and userSig, or a room:// URL")
)

// parse takes a room:// URL apart as the TWebLive component does: at &, by prefix,
// and nothing is decoded (section 6.2).
func (e *Entrance) parse(sdkAppID int64) error {
	if e.URL == "" {
		return nil
	}
	rest, ok := strings.CutPrefix(e.URL, "room://")
	if !ok {
		return errEntrance
	}
	for _, part := range strings.Split(rest, "&") {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "roomid":
			e.RoomID, _ = strconv.ParseInt(value, 10, 64)
		case "userid":
			e.UserID = value
		case "usersig":
			e.UserSig = value
		case "streamid":
			e.StreamID, e.Publish = value, true
		case "sdkappid":
			if value != strconv.FormatInt(sdkAppID, 10) {
				return fmt.Errorf("sdkappid %s is another application", value)
			}
		}
	}
	return nil
}

// Enter lets somebody into a room, which is made if it is not there.
func (s *Simulator) Enter(e Entrance) error {
	if err := e.parse(s.options.SDKAppID); err != nil {
		return err
	}
	if e.RoomID < 1 || e.RoomID > 4294967294 || e.UserID == "" {
		return errEntrance
	}
	now := s.options.Clock()
	if _, err := verify(e.UserSig, s.options.SecretKey, s.options.SDKAppID, e.UserID, now); err != nil {
		s.refuse("userSig")
		return fmt.Errorf("the UserSig is refused: %w", err)
	}
	if s.options.PermissionControl {
		if err := s.admit(&e, now); err != nil {
			s.refuse("privateMapKey")
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rooms[e.RoomID]
	if r == nil {
		if len(s.rooms) >= maxRooms {
			return errors.New("there are too many rooms")
		}
		r = &room{users: map[string]*user{}}
		s.rooms[e.RoomID] = r
		s.notifyTRTC(1, 101, e.RoomID, e.UserID, nil)
	}
	if r.users[e.UserID] != nil {
		s.depart(e.RoomID, e.UserID, 4) // one UserID is in a room once
		if s.rooms[e.RoomID] == nil {
			s.rooms[e.RoomID] = r
		}
	}
	u := &user{role: roleAudience}
	if e.Publish {
		u.role = roleAnchor
	}
	r.users[e.UserID] = u
	s.notifyTRTC(1, 103, e.RoomID, e.UserID, map[string]any{"Role": u.role, "TerminalType": 100, "UserType": 1, "Reason": 1})
	if e.Publish {
		s.publish(e.RoomID, e.UserID, u, e.StreamID)
	}
	return nil
}

// publish starts camera and microphone, and the copy on the CDN.
func (s *Simulator) publish(roomID int64, userID string, u *user, streamID string) {
	u.publishing = true
	s.notifyTRTC(2, 201, roomID, userID, nil)
	s.notifyTRTC(2, 203, roomID, userID, nil)
	if s.options.BizID == 0 {
		return
	}
	if streamID == "" {
		streamID = fmt.Sprintf("%d_%d_%s_main", s.options.SDKAppID, roomID, userID)
	}
	u.stream = streamID
	known := s.streams[streamID]
	if known != nil && s.options.Clock().Before(known.forbidden) {
		return // the room goes on
	}
	s.notifyRelay(roomID, userID, 1)
	_, _ = s.begin(&address{domain: s.relayDomain(), app: "live", name: streamID}) // full is no copy
	s.notifyRelay(roomID, userID, 2)
}

// Leave lets somebody out of a room for a reason of section 7.2; 1 is their own wish.
func (s *Simulator) Leave(roomID int64, userID string, reason int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.depart(roomID, userID, reason) {
		return errNotInRoom
	}
	return nil
}

// depart, with the lock held. Only 104 tells of it, not the ends of the streams.
func (s *Simulator) depart(roomID int64, userID string, reason int) bool {
	r := s.rooms[roomID]
	if r == nil || r.users[userID] == nil {
		return false
	}
	u := r.users[userID]
	delete(r.users, userID)
	s.notifyTRTC(1, 104, roomID, userID, map[string]any{"Role": u.role, "Reason": reason})
	s.unrelay(roomID, userID, u)
	if len(r.users) == 0 {
		delete(s.rooms, roomID)
		s.notifyTRTC(1, 102, roomID, "", nil)
	}
	return true
}

// unrelay ends the copy on the CDN.
func (s *Simulator) unrelay(roomID int64, userID string, u *user) {
	if u.stream != "" && s.end(u.stream, 1, 0) {
		s.notifyRelay(roomID, userID, 5)
		s.notifyRelay(roomID, userID, 0)
	}
}

// dismiss a room, with the lock held.
func (s *Simulator) dismiss(roomID int64) bool {
	r := s.rooms[roomID]
	if r == nil {
		return false
	}
	delete(s.rooms, roomID)
	for userID, u := range r.users {
		s.unrelay(roomID, userID, u)
	}
	s.notifyTRTC(1, 102, roomID, "", nil)
	return true
}

// InRoom are the users in a room, and whether they publish.
func (s *Simulator) InRoom(roomID int64) map[string]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := map[string]bool{}
	if r := s.rooms[roomID]; r != nil {
		for userID, u := range r.users {
			found[userID] = u.publishing
		}
	}
	return found
}

func (s *Simulator) refuse(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusals[what]++
}

// admit checks a privateMapKey (section 6.5).
func (s *Simulator) admit(e *Entrance, now time.Time) error {
	signed, err := verify(e.PrivateMapKey, s.options.SecretKey, s.options.SDKAppID, e.UserID, now)
	if err != nil {
		return fmt.Errorf("the privateMapKey is refused: %w", err)
	}
	return ticket(signed.Buffer, e, s.options.SDKAppID, now)
}
