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
	"fmt"
	"maps"
	"slices"
)

// room is a TRTC room while somebody is in it.
type room struct {
	users map[string]*user
}

// user is somebody in a room.
type user struct {
	role     int
	streamID string            // wanted for the copy on the CDN
	media    map[string]bool   // that are on
	relays   map[string]*relay // by streamType
}

// Media that an anchor sends.
const (
	Video  = "video"
	Audio  = "audio"
	Screen = "screen"
)

// mediaEvents are the types of start; stop is the next.
var mediaEvents = map[string]int{Video: 201, Audio: 203, Screen: 205}

// publishing reports whether a user sends anything.
func (u *user) publishing() bool { return len(u.media) > 0 }

// Media switches camera, microphone or screen of an anchor on or off.
func (s *Simulator) Media(id RoomID, userID, media string, on bool) error {
	if _, known := mediaEvents[media]; !known {
		return fmt.Errorf("media must be one of %v", slices.Sorted(maps.Keys(mediaEvents)))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.user(id, userID)
	switch {
	case u == nil:
		return errNotInRoom
	case on && u.role != Anchor:
		return errRole
	}
	s.switchMedia(id, userID, u, media, on)
	return nil
}

// switchMedia tells of a change and follows with the copy, with the lock held.
func (s *Simulator) switchMedia(id RoomID, userID string, u *user, media string, on bool) {
	if u.media[media] == on {
		return
	}
	if on {
		u.media[media] = true
		s.notifyRoom(groupMedia, mediaEvents[media], id, userID, nil)
	} else {
		delete(u.media, media)
		s.notifyRoom(groupMedia, mediaEvents[media]+1, id, userID, map[string]any{"Reason": 0})
	}
	s.follow(id, userID, u)
}

// SwitchRole makes an anchor of a viewer, or the other way round. The privateMapKey is
// checked again.
func (s *Simulator) SwitchRole(id RoomID, userID string, role int, privateMapKey string) error {
	if role != Anchor && role != Audience {
		return errRole
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.user(id, userID)
	if u == nil {
		return errNotInRoom
	}
	if err := s.admit(privateMapKey, id, userID, role, s.options.Clock()); err != nil {
		s.stats.refused("role privateMapKey")
		return err
	}
	if u.role == role {
		return nil
	}
	if role == Audience {
		for _, media := range slices.Sorted(maps.Keys(u.media)) {
			s.switchMedia(id, userID, u, media, false)
		}
	}
	u.role = role
	s.notifyRoom(groupRoom, roleSwitched, id, userID, map[string]any{"Role": role})
	return nil
}

// user in a room or nil, with the lock held.
func (s *Simulator) user(id RoomID, userID string) *user {
	if r := s.rooms[id]; r != nil {
		return r.users[userID]
	}
	return nil
}

// Reasons of 104, section 7.2.
const (
	leftNormally = 1
	leftRemoved  = 3
)

// Leave lets somebody out of a room for a reason of section 7.2; 1 is their own wish.
func (s *Simulator) Leave(id RoomID, userID string, reason int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.depart(id, userID, reason) {
		return errNotInRoom
	}
	return nil
}

// depart, with the lock held. Only 104 tells of it, not the ends of camera and
// microphone. A room that nobody is in ends.
func (s *Simulator) depart(id RoomID, userID string, reason int) bool {
	u := s.user(id, userID)
	if u == nil {
		return false
	}
	r := s.rooms[id]
	delete(r.users, userID)
	s.notifyRoom(groupRoom, userLeft, id, userID, map[string]any{"Role": u.role, "Reason": reason})
	s.unrelay(u)
	if len(r.users) == 0 {
		delete(s.rooms, id)
		s.notifyRoom(groupRoom, roomDismissed, id, "", nil)
	}
	return true
}

// dismiss a room, with the lock held.
func (s *Simulator) dismiss(id RoomID) bool {
	r := s.rooms[id]
	if r == nil {
		return false
	}
	delete(s.rooms, id)
	for _, userID := range slices.Sorted(maps.Keys(r.users)) {
		if s.disorder.LeaveBeforeDismiss {
			s.notifyRoom(groupRoom, userLeft, id, userID, map[string]any{"Role": r.users[userID].role, "Reason": leftRemoved})
		}
		s.unrelay(r.users[userID])
	}
	s.notifyRoom(groupRoom, roomDismissed, id, "", nil)
	return true
}

// InRoom are the users in a room with a number, and whether they publish.
func (s *Simulator) InRoom(number uint32) map[string]bool { return s.Inside(RoomNumber(number)) }

// Inside are the users in a room, and whether they publish.
func (s *Simulator) Inside(id RoomID) map[string]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.inside(id)
}

func (s *Simulator) inside(id RoomID) map[string]bool {
	found := map[string]bool{}
	if r := s.rooms[id]; r != nil {
		for userID, u := range r.users {
			found[userID] = u.publishing()
		}
	}
	return found
}
