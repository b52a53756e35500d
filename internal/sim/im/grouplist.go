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
	"cmp"
	"slices"
)

const (
	maxListedGroups = 10_000
	maxJoinedGroups = 5000
	// cursorBit makes a position larger than a signed 64-bit integer holds.
	cursorBit = 1 << 63
)

// readGroupType reads an optional type filter.
func (c *call) readGroupType(names ...string) (groupType, bool) {
	name, present := c.text(names...)
	if !present || name == "" {
		return "", false
	}
	kind, ok := parseGroupType(name)
	if !ok {
		c.fail(codeGroupParameter, "%s is not a group type", names[0])
	}
	return kind, ok
}

func (s *Simulator) getAppidGroupList(c *call) (answer, error) {
	limit, limited := c.integer(1, maxListedGroups, "Limit")
	if !limited {
		limit = maxListedGroups
	}
	kind, filtered := c.readGroupType("GroupType", "Type")
	position := c.cursor("Next")
	if err := c.err(); err != nil {
		return nil, err
	}
	position &^= cursorBit
	total, next := 0, uint64(0)
	listed := []answer{}
	var last uint64
	for _, g := range s.groupOrder {
		if filtered && g.kind != kind {
			continue
		}
		total++
		switch {
		case g.sequence <= position:
		case int64(len(listed)) < limit:
			listed = append(listed, answer{fieldGroupID: g.id})
			last = g.sequence
		default:
			next = last
		}
	}
	if next != 0 && s.options.LargeListPositions {
		next |= cursorBit
	}
	return answer{"TotalCount": total, "GroupIdList": listed, "Next": next}, nil
}

func (s *Simulator) getJoinedGroupList(c *call) (answer, error) {
	id := c.requiredAccount(fieldMember)
	limit, limited := c.integer(1, maxJoinedGroups, "Limit")
	if !limited {
		limit = maxJoinedGroups
	}
	offset, _ := c.integer(0, forever, "Offset")
	kind, filtered := c.readGroupType("GroupType")
	withLive, withInactive := c.flag("WithHugeGroups"), c.flag("WithNoActiveGroups")
	var baseFilter, selfFilter []string
	if filter, present := c.object("ResponseFilter"); present {
		baseFilter, _ = filter.texts("GroupBaseInfoFilter")
		selfFilter, _ = filter.texts("SelfInfoFilter")
	}
	topics, topicsGiven := c.integer(0, 1, "SupportTopic")
	if err := c.err(); err != nil {
		return nil, err
	}
	if topicsGiven && topics == 1 && kind != typeCommunity {
		return nil, refuse(codeGroupParameter, "SupportTopic needs GroupType Community")
	}
	user, ok := s.accounts[id]
	if !ok {
		return nil, refuse(codeGroupNoUser, "account %s does not exist", id)
	}
	var joined []*group
	for groupID := range user.groups {
		g := s.groups[groupID]
		inactive := g.kind == typePrivate && g.lastMessage == 0
		if (filtered && g.kind != kind) || (g.kind == typeLive && !withLive) || (inactive && !withInactive) ||
			(topicsGiven && g.supportTopic != (topics == 1)) {
			continue
		}
		joined = append(joined, g)
	}
	slices.SortFunc(joined, func(a, b *group) int { return cmp.Compare(a.sequence, b.sequence) })

	listed := []answer{}
	for i, g := range joined {
		if int64(i) < offset || int64(len(listed)) >= limit {
			continue
		}
		item := pick(s.baseInfo(g), baseFilter)
		item[fieldGroupID] = g.id
		if selfFilter != nil {
			self := s.memberInfo(c, g, g.members.get(id), selfFilter, []string{})
			delete(self, fieldMember)
			item["SelfInfo"] = self
		}
		listed = append(listed, item)
	}
	return answer{"TotalCount": len(joined), "GroupIdList": listed}, nil
}

func (s *Simulator) changeGroupOwner(c *call) (answer, error) {
	g, err := s.findGroup(c)
	if err != nil {
		return nil, err
	}
	id := c.requiredAccount("NewOwner_Account")
	if err := c.err(); err != nil {
		return nil, err
	}
	if !g.kind.storesMembers() {
		return nil, refuse(codeGroupPermission, "the owner of a group of type %s cannot be changed", g.kind)
	}
	if g.owner == id {
		return nil, nil
	}
	next := g.members.get(id)
	if next == nil {
		return nil, refuse(codeGroupParameter, "account %s is not a member", id)
	}
	if m := g.members.get(g.owner); m != nil {
		m.role = roleMember
	}
	next.role = roleOwner
	former := g.owner
	g.owner = id
	g.touched(c.now)
	s.notify(g.id, c.now, Notice{Type: NoticeOwnerChanged, Operator: c.identifier, Accounts: []string{id},
		Fields: []ChangedField{{Name: fieldOwner, Value: id}}})
	s.fireOwnerChanged(c, g, former)
	return nil, nil
}
