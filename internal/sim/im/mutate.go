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
	"fmt"
	"slices"
)

// GroupChange is what another back end of the same application changes in a
// group. A nil pointer or an empty list leaves its part alone.
type GroupChange struct {
	Name          *string `json:"name,omitempty"`
	Introduction  *string `json:"introduction,omitempty"`
	Notification  *string `json:"notification,omitempty"`
	FaceURL       *string `json:"faceURL,omitempty"`
	MuteAllMember *string `json:"muteAllMember,omitempty"` // On or Off
	Owner         *string `json:"owner,omitempty"`
	// CustomFields are merged in this order; an empty value deletes.
	CustomFields []FieldValue `json:"customFields,omitempty"`
	// Attributes are merged in this order; Delete of them comes first.
	Attributes       []FieldValue `json:"attributes,omitempty"`
	DeleteAttributes []string     `json:"deleteAttributes,omitempty"`
	// Administrators, when not nil, replaces those of a live group.
	Administrators []string `json:"administrators,omitempty"`
	// Operator is the account that the notice names; empty means the first
	// administrator of the application, as for the operator's own calls.
	Operator string `json:"operator,omitempty"`
	// Platform is where callbacks say that it comes from; empty means Web, and
	// RESTAPI is another back end.
	Platform string `json:"platform,omitempty"`
}

// MutateGroup changes a group as another back end would, with the notices that
// clients see. Limits are not checked, and custom fields need no definition.
func (s *Simulator) MutateGroup(id string, change GroupChange) error {
	if change.MuteAllMember != nil && *change.MuteAllMember != "On" && *change.MuteAllMember != "Off" {
		return fmt.Errorf("muteAllMember %q: must be On or Off", *change.MuteAllMember)
	}
	operator := orDefault(change.Operator, s.options.Administrators[0])
	c, err := s.clientCall(operator, change.Platform)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.groupByID(id)
	if err != nil {
		return err
	}
	s.changeGroup(c, g, operator, baseChange{
		name: change.Name, introduction: change.Introduction, notification: change.Notification,
		faceURL: change.FaceURL, muteAll: change.MuteAllMember,
	}, change.CustomFields)
	if change.Owner != nil && *change.Owner != g.owner {
		former := g.owner
		g.owner = *change.Owner
		g.touched(c.now)
		s.notify(g.id, c.now, Notice{Type: NoticeOwnerChanged, Operator: operator, Accounts: []string{g.owner},
			Fields: []ChangedField{{Name: fieldOwner, Value: g.owner}}})
		s.fireOwnerChanged(c, g, former)
	}
	if change.Administrators != nil {
		g.liveAdmins = slices.Clone(change.Administrators)
		s.notify(g.id, c.now, Notice{Type: NoticeAdminSet, Operator: operator, Accounts: slices.Clone(g.liveAdmins)})
	}
	s.mutateAttributes(c, g, change)
	return nil
}

// mutateAttributes changes attributes past their write frequency.
func (s *Simulator) mutateAttributes(c *call, g *group, change GroupChange) {
	if len(change.Attributes)+len(change.DeleteAttributes) == 0 {
		return
	}
	next, order := s.mergeAttributes(g.attributes, nil)
	for _, key := range change.DeleteAttributes {
		delete(next, key)
		order = append(order, key)
	}
	gone := attributeChanges(g.attributes, next, order)
	next, added := s.mergeAttributes(next, change.Attributes)
	changed := attributeChanges(g.attributes, next, append(slices.Clone(order), added...))
	g.attributes = next
	if len(changed) > 0 {
		s.notify(g.id, c.now, Notice{Type: NoticeAttributesChanged, Operator: c.identifier, Fields: changed})
	}
	if len(gone) > 0 {
		s.fireAttributes(c, g, attributesDelete, order)
	}
	if len(added) > 0 && len(changed) > 0 {
		s.fireAttributes(c, g, attributesModify, added)
	}
}

// DestroyGroup disbands a group behind the back of whoever made it. It reports
// whether there was one.
func (s *Simulator) DestroyGroup(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.groups[id]
	if !ok {
		return false
	}
	c, _ := s.clientCall(s.options.Administrators[0], "")
	s.removeGroup(g, c.identifier, c.now)
	s.fireDestroyed(c, g)
	return true
}

// DeleteAccount deletes an account behind the back of whoever made it, without
// blocking its ID. It reports whether there was one.
func (s *Simulator) DeleteAccount(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	user, ok := s.accounts[id]
	if !ok || slices.Contains(s.options.Administrators, id) {
		return false
	}
	s.removeAccount(user, s.now())
	s.blockedIDs.remove(id)
	return true
}
