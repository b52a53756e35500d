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

package im

import (
	"errors"
	"net/http"
)

// What clients do, through the side door.

// doorUsers names the accounts that do something on a platform.
type doorUsers struct {
	UserIDs  []string `json:"userIDs"`
	Platform string   `json:"platform"`
}

func (s *Simulator) doorJoin(r *http.Request) (any, error) { return s.doorEach(r, s.JoinViewerOn) }

func (s *Simulator) doorLeave(r *http.Request) (any, error) { return s.doorEach(r, s.LeaveViewerOn) }

func (s *Simulator) doorEach(r *http.Request, act func(platform, groupID, userID string) error) (any, error) {
	var body doorUsers
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	for _, id := range body.UserIDs {
		if err := act(body.Platform, r.PathValue("id"), id); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func (s *Simulator) doorHeartbeats(r *http.Request) (any, error) {
	var body struct {
		UserIDs []string `json:"userIDs"`
		Online  bool     `json:"online"`
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	return nil, s.setHeartbeat(r.PathValue("id"), body.Online, body.UserIDs)
}

func (s *Simulator) doorProfile(r *http.Request) (any, error) {
	var body struct {
		Platform string         `json:"platform"`
		Profile  map[string]any `json:"profile"`
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	return nil, s.SetProfileAsClient(body.Platform, r.PathValue("id"), body.Profile)
}

// doorChat lists a conversation: all that is kept of it, or what one of its
// parties sees.
func (s *Simulator) doorChat(r *http.Request) (any, error) {
	query := r.URL.Query()
	one, other := query.Get("between"), query.Get("and")
	viewer, peer := query.Get("viewer"), query.Get("peer")
	var messages []MessageState
	switch {
	case one != "" && other != "" && viewer == "" && peer == "":
		messages = s.ChatMessages(one, other)
	case viewer == "" || peer == "" || one != "" || other != "":
		return nil, errors.New("name the two accounts as ?between=..&and=.. or as ?viewer=..&peer=")
	default:
		if _, exists := s.Account(viewer); !exists {
			return nil, notFound("account", viewer)
		}
		messages = s.ChatView(viewer, peer)
	}
	return map[string]any{"messages": messages}, nil
}

func (s *Simulator) doorSendChat(r *http.Request) (any, error) {
	var body struct {
		To string `json:"to"`
		ClientMessage
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	return s.SendChatAsClient(body.To, body.ClientMessage)
}

func (s *Simulator) doorReadChat(r *http.Request) (any, error) {
	var body struct {
		Reader   string `json:"reader"`
		Peer     string `json:"peer"`
		Platform string `json:"platform"`
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	return nil, s.ReadChat(body.Platform, body.Reader, body.Peer)
}
