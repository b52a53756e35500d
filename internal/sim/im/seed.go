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
	"strings"
)

// AccountSeed is an account to start with.
type AccountSeed struct {
	UserID string `json:"userID"`
	// Profile holds tags with string or number values.
	Profile map[string]any `json:"profile,omitempty"`
}

// SeedAccounts makes accounts, or adds to the profiles of existing ones,
// without any of the API's checks but the form of the ID.
func (s *Simulator) SeedAccounts(seeds ...AccountSeed) error {
	for _, seed := range seeds {
		if !validUserID(seed.UserID) {
			return fmt.Errorf("account %q: the ID must be 1 to 32 bytes of printable ASCII", seed.UserID)
		}
		for tag, value := range seed.Profile {
			if _, err := seedValue(value); err != nil || !strings.HasPrefix(tag, "Tag_Profile_") {
				return fmt.Errorf("account %q: tag %q must be a profile tag with a string or a whole number", seed.UserID, tag)
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.accounts)+len(seeds) > maxAccounts {
		return fmt.Errorf("the simulator holds at most %d accounts", maxAccounts)
	}
	for _, seed := range seeds {
		user, exists := s.accounts[seed.UserID]
		if !exists {
			user = s.addAccount(seed.UserID, s.now())
		}
		for tag, value := range seed.Profile {
			user.profile[tag], _ = seedValue(value)
		}
	}
	return nil
}

// seedValue brings a profile value into the form in which it is stored.
func seedValue(value any) (any, error) {
	switch typed := value.(type) {
	case string, int64:
		return typed, nil
	case int:
		return int64(typed), nil
	case json.Number:
		if number, err := strconv.ParseInt(typed.String(), 10, 64); err == nil {
			return number, nil
		}
	case float64:
		if typed == float64(int64(typed)) {
			return int64(typed), nil
		}
	}
	return nil, fmt.Errorf("%v is neither a string nor a whole number", value)
}

// GroupSeed is a group to start with, as if somebody had made it before.
type GroupSeed struct {
	GroupID        string            `json:"groupID"`
	Type           string            `json:"type"`
	Name           string            `json:"name"`
	Introduction   string            `json:"introduction,omitempty"`
	Notification   string            `json:"notification,omitempty"`
	FaceURL        string            `json:"faceURL,omitempty"`
	Owner          string            `json:"owner,omitempty"`
	CreateTime     int64             `json:"createTime,omitempty"` // UNIX seconds, 0 means now
	MuteAllMember  string            `json:"muteAllMember,omitempty"`
	CustomFields   map[string]string `json:"customFields,omitempty"`
	Attributes     map[string]string `json:"attributes,omitempty"`
	Administrators []string          `json:"administrators,omitempty"` // of a live group
	Members        []string          `json:"members,omitempty"`        // viewers of a live group
}

// SeedGroup makes a group without limits, quotas, field definitions or
// notices. Only the ID, its being free and the type are checked.
func (s *Simulator) SeedGroup(seed GroupSeed) error {
	kind, ok := parseGroupType(seed.Type)
	switch {
	case !ok:
		return fmt.Errorf("group %q: unknown type %q", seed.GroupID, seed.Type)
	case !groupIDForm(seed.GroupID):
		return fmt.Errorf("group %q: the ID must be 1 to 48 bytes of printable ASCII", seed.GroupID)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, used := s.groups[seed.GroupID]; used {
		return refuse(codeGroupIDUsed, "group %s exists", seed.GroupID)
	}
	if len(s.groups) >= maxGroups {
		return fmt.Errorf("the simulator holds at most %d groups", maxGroups)
	}
	now := s.now()
	g := s.buildGroup(seed.GroupID, kind, seed.Owner, orDefault(seed.CreateTime, now.Unix()), nil)
	g.name, g.introduction, g.notification, g.faceURL = seed.Name, seed.Introduction, seed.Notification, seed.FaceURL
	g.muteAll = seed.MuteAllMember == "On"
	for name, value := range seed.CustomFields {
		mergeFields(&g.custom, []FieldValue{{Name: name, Value: value}})
	}
	if len(seed.Attributes) > 0 {
		g.attributes = maps.Clone(seed.Attributes)
	}
	g.liveAdmins = slices.Clone(seed.Administrators)
	for _, id := range seed.Members {
		if g.members.get(id) == nil {
			s.enroll(g, &member{id: id, joined: now.Unix()})
		}
	}
	return nil
}
