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

import "time"

const (
	// typingLasts is how long the account seems to be typing.
	typingLasts = 15 * time.Second
	// typingNeeds is how recent the follower's last interaction must be.
	typingNeeds = 30 * time.Second
)

func runTyping(s *Simulator, c *call) (any, error) {
	var request struct {
		ToUser  string `json:"touser"`
		Command string `json:"command"`
	}
	if refusal := c.decodeBody(&request); refusal != nil {
		return nil, refusal
	}
	a := c.account
	a.mu.Lock()
	defer a.mu.Unlock()
	f, refusal := s.recipient(a, request.ToUser)
	switch {
	case refusal != nil:
		return nil, refusal
	case request.Command == "CancelTyping":
		f.typing = time.Time{}
		return nil, nil
	case request.Command != "Typing":
		return nil, refuse(codeTypingCommand)
	case f.lastSeen.IsZero() || c.now.Sub(f.lastSeen) >= typingNeeds:
		return nil, refuse(codeTypingStale)
	case c.now.Before(f.typing):
		return nil, refuse(codeTypingActive)
	}
	f.typing = c.now.Add(typingLasts)
	return nil, nil
}
