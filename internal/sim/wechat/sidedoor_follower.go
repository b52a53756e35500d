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

package wechat

import (
	"context"
	"net/http"
	"strconv"
)

func (s *Simulator) doorFollowers(r *http.Request) (any, error) {
	followers, err := s.Followers(r.PathValue("app"))
	if err != nil {
		return nil, err
	}
	shown, err := page(r, followers)
	if err != nil {
		return nil, err
	}
	return map[string]any{"total": len(followers), "followers": shown}, nil
}

// maxFollowsAtOnce bounds one call of the side door.
const maxFollowsAtOnce = 100_000

// doorFollow lets one or many follow, all in the same manner.
func (s *Simulator) doorFollow(r *http.Request) (any, error) {
	var body struct {
		Follow
		OpenIDs []string `json:"openIDs"`
		Count   int      `json:"count"`
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	ids := body.OpenIDs
	switch {
	case body.Count < 0 || body.Count > maxFollowsAtOnce || len(ids) > maxFollowsAtOnce:
		return nil, conflict("at most %d can follow at once", maxFollowsAtOnce)
	case len(ids) > 0 && (body.Count > 0 || body.OpenID != "") || body.Count > 0 && body.OpenID != "":
		return nil, conflict("openID, openIDs and count exclude each other")
	case body.Count > 0:
		ids = make([]string, body.Count)
	case len(ids) == 0:
		ids = []string{body.OpenID}
	}
	following := make([]string, 0, len(ids))
	for _, id := range ids {
		how := body.Follow
		how.OpenID = id
		openID, err := s.Follow(r.PathValue("app"), how)
		if err != nil {
			return nil, err
		}
		following = append(following, openID)
	}
	return map[string]any{"openIDs": following}, nil
}

func (s *Simulator) doorFollower(r *http.Request) (any, error) {
	state, ok := s.Follower(r.PathValue("app"), r.PathValue("id"))
	if !ok {
		return nil, notFound("follower", r.PathValue("id"))
	}
	return state, nil
}

func (s *Simulator) doorUnfollow(r *http.Request) (any, error) {
	return nil, s.Unfollow(r.PathValue("app"), r.PathValue("id"))
}

// pushed is the answer to what a follower does.
func pushed(sent Push, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return sent, nil
}

func (s *Simulator) doorWrite(r *http.Request) (any, error) {
	var message FollowerMessage
	if err := decode(r, &message); err != nil {
		return nil, err
	}
	return pushed(s.Write(r.PathValue("app"), r.PathValue("id"), message))
}

// doorWriteMany lets many followers write, in the order given. What comes
// before a message that is refused was written.
func (s *Simulator) doorWriteMany(r *http.Request) (any, error) {
	var body struct {
		Messages []struct {
			OpenID string `json:"openID"`
			FollowerMessage
		} `json:"messages"`
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	ids := make([]string, 0, len(body.Messages))
	for _, message := range body.Messages {
		sent, err := s.Write(r.PathValue("app"), message.OpenID, message.FollowerMessage)
		if err != nil {
			return nil, &doorError{status: statusOf(err), text: "after " + strconv.Itoa(len(ids)) + " messages: " + err.Error()}
		}
		ids = append(ids, sent.ID)
	}
	return map[string]any{"ids": ids}, nil
}

func (s *Simulator) doorTap(r *http.Request) (any, error) {
	var item MenuItem
	if err := decode(r, &item); err != nil {
		return nil, err
	}
	return pushed(s.TapMenuItem(r.PathValue("app"), r.PathValue("id"), item.ID, item.Content))
}

func (s *Simulator) doorClick(r *http.Request) (any, error) {
	var body struct {
		Key string `json:"key"`
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	return pushed(s.Click(r.PathValue("app"), r.PathValue("id"), body.Key))
}

func (s *Simulator) doorScan(r *http.Request) (any, error) {
	var body struct {
		Scene  string `json:"scene"`
		Ticket string `json:"ticket"`
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	return nil, s.Scan(r.PathValue("app"), r.PathValue("id"), body.Scene, body.Ticket)
}

func (s *Simulator) doorPay(r *http.Request) (any, error) {
	return nil, s.Pay(r.PathValue("app"), r.PathValue("id"))
}

func (s *Simulator) doorEvent(r *http.Request) (any, error) {
	var event Event
	if err := decode(r, &event); err != nil {
		return nil, err
	}
	return pushed(s.SendEvent(r.PathValue("app"), r.PathValue("id"), event))
}

func (s *Simulator) doorCloseWindow(r *http.Request) (any, error) {
	return nil, s.CloseWindow(r.PathValue("app"), r.PathValue("id"))
}

// phoneReply is the answer of GET .../phone.
type phoneReply struct {
	Messages []PhoneMessage `json:"messages"`
	// Complete: as many have arrived as were waited for.
	Complete bool `json:"complete"`
}

// doorPhone answers what arrived after ?after=, with ?wait=5s not before
// ?count= messages are there or the time is up.
func (s *Simulator) doorPhone(r *http.Request) (any, error) {
	after, err := number(r, "after", 0)
	if err != nil {
		return nil, err
	}
	count, err := number(r, "count", 0)
	if err != nil {
		return nil, err
	}
	wanted, err := patience(r)
	if err != nil {
		return nil, err
	}
	if wanted > 0 && count == 0 {
		count = 1
	}
	ctx, cancel := context.WithTimeout(r.Context(), wanted)
	defer cancel()
	messages, err := s.WaitForPhone(ctx, r.PathValue("app"), r.PathValue("id"), after, int(count))
	if err != nil && ctx.Err() == nil {
		return nil, err
	}
	return phoneReply{Messages: append([]PhoneMessage{}, messages...), Complete: err == nil}, nil
}
