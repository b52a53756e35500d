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
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// PresenceChange is what happens to the connection of an account.
type PresenceChange struct {
	// State is what query_online_status answers from then on: Online,
	// PushOnline or Offline, with the terminals of its details.
	State     string           `json:"state"`
	Platforms []PlatformStatus `json:"platforms,omitempty"`
	// Reason is Register, Unregister, LinkClose or TimeOut. Empty follows from
	// the change: coming online is Register, going offline Unregister, and
	// being left with push LinkClose; no change is no event. A reason given is
	// told in any case.
	Reason string `json:"reason,omitempty"`
	// Platform is where it happens; empty means the first of Platforms that
	// OptPlatform can name, or Web.
	Platform string `json:"platform,omitempty"`
	// Kicked are the platforms of other devices that a login ends.
	Kicked []string `json:"kicked,omitempty"`
}

// SetPresence changes the presence of an account; see ChangePresence.
func (s *Simulator) SetPresence(userID, state string, platforms ...PlatformStatus) error {
	return s.ChangePresence(userID, PresenceChange{State: state, Platforms: platforms})
}

// ChangePresence lets an account log in, log out or lose its connection.
func (s *Simulator) ChangePresence(userID string, change PresenceChange) error {
	if !slices.Contains([]string{presenceOnline, presencePushOnline, presenceOffline}, change.State) {
		return fmt.Errorf("presence %q: must be Online, PushOnline or Offline", change.State)
	}
	action, known := stateActions[change.Reason]
	switch {
	case change.Reason != "" && !known:
		return fmt.Errorf("reason %q: must be Register, Unregister, LinkClose or TimeOut", change.Reason)
	case known && (action == actionLogin) != (change.State == presenceOnline):
		return fmt.Errorf("reason %q does not lead to presence %s", change.Reason, change.State)
	}
	platform := change.Platform
	for _, terminal := range change.Platforms {
		if platform == "" && slices.Contains(platforms, terminal.Platform) {
			platform = terminal.Platform
		}
	}
	c, err := s.clientCall(userID, platform)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	user, ok := s.accounts[userID]
	if !ok {
		return refuse(codeAccountMissing, "account %s does not exist", userID)
	}
	if reason := orDefault(change.Reason, presenceReason(user.online, change.State)); reason != "" {
		kicked := change.Kicked
		if reason != reasonRegister {
			kicked = nil
		}
		s.fireState(c, userID, reason, kicked)
	}
	user.online, user.platforms = change.State, slices.Clone(change.Platforms)
	return nil
}

// presenceReason explains a change of presence, if it is one.
func presenceReason(before, after string) string {
	switch {
	case before == after:
		return ""
	case after == presenceOnline:
		return reasonRegister
	case after == presencePushOnline:
		return reasonLinkClose
	}
	return reasonUnregister
}

// SetProfileAsClient writes profile tags as the account itself does on a
// platform, empty for Web. The checks are those of portrait_set.
func (s *Simulator) SetProfileAsClient(platform, userID string, profile map[string]any) error {
	c, err := s.clientCall(userID, platform)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	user, ok := s.accounts[userID]
	if !ok {
		return refuse(codeAccountMissing, "account %s does not exist", userID)
	}
	items := make([]profileItem, 0, len(profile))
	for _, tag := range slices.Sorted(maps.Keys(profile)) {
		value, err := seedValue(profile[tag])
		if err != nil {
			return err
		}
		if number, ok := value.(int64); ok {
			value = json.Number(strconv.FormatInt(number, 10))
		}
		item, refusal := s.checkProfileItem(c, tag, value)
		if refusal != nil {
			return refusal
		}
		items = append(items, item)
	}
	s.setProfile(c, user, items)
	return nil
}
