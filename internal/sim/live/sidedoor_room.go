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

import "net/http"

// userInRoom is what the side door needs to name somebody.
type userInRoom struct {
	RoomID RoomID
	UserID string
}

func (s *Simulator) doorEnter(r *http.Request) (any, error) {
	body, err := read[Entrance](r)
	if err != nil {
		return nil, err
	}
	return nil, s.Enter(body)
}

func (s *Simulator) doorRole(r *http.Request) (any, error) {
	body, err := read[struct {
		userInRoom

		Role          int
		PrivateMapKey string
	}](r)
	if err != nil {
		return nil, err
	}
	return nil, s.SwitchRole(body.RoomID, body.UserID, body.Role, body.PrivateMapKey)
}

func (s *Simulator) doorMedia(r *http.Request) (any, error) {
	body, err := read[struct {
		userInRoom

		Media string
		On    bool
	}](r)
	if err != nil {
		return nil, err
	}
	return nil, s.Media(body.RoomID, body.UserID, body.Media, body.On)
}

func (s *Simulator) doorLeave(r *http.Request) (any, error) {
	body, err := read[struct {
		userInRoom

		Reason int
	}](r)
	if err != nil {
		return nil, err
	}
	if body.Reason == 0 {
		body.Reason = leftNormally
	}
	return nil, s.Leave(body.RoomID, body.UserID, body.Reason)
}

// doorRooms shows rooms with numbers and rooms with texts under their ids; the two
// kinds are not told apart, as applications use one.
func (s *Simulator) doorRooms(*http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]map[string]bool{}
	for id := range s.rooms {
		all[id.String()] = s.inside(id)
	}
	return all, nil
}
