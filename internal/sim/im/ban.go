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
	maxBannedPerCall   = 20
	maxBanDescription  = 1000
	maxListedBans      = 100
	maxBannedInOneList = 100_000
)

// ban is one account that may not be in a group.
type ban struct {
	until       int64 // UNIX seconds, or forever
	description string
}

// bannedUntil returns the end of a ban, 0 if there is none.
func (g *group) bannedUntil(id string, now int64) int64 {
	if entry, ok := g.banned[id]; ok && entry.until > now {
		return entry.until
	}
	return 0
}

// banGroup finds the group of a ban call and checks that bans are enabled.
func (s *Simulator) banGroup(c *call) (*group, error) {
	g, err := s.findGroup(c)
	if err != nil {
		return nil, err
	}
	if s.options.closed(FeatureBan) {
		return nil, refuse(codeGroupPermission, "banning members is not enabled")
	}
	return g, nil
}

// banGroupMember removes accounts from the group and keeps them out. A repeat
// starts a new period.
func (s *Simulator) banGroupMember(c *call) (answer, error) {
	g, err := s.banGroup(c)
	if err != nil {
		return nil, err
	}
	ids := c.requiredAccounts(maxBannedPerCall, codeGroupTooMany, "Members_Account")
	seconds, present := c.integer(1, forever, "Duration")
	if !present {
		c.fail(codeGroupParameter, "Duration is required")
	}
	description := ""
	if text := c.limitedText("Description", maxBanDescription); text != nil {
		description = *text
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	if err := s.allExist(ids); err != nil {
		return nil, err
	}
	switch {
	case slices.Contains(ids, g.owner):
		return nil, refuse(codeGroupParameter, "the owner cannot be banned")
	case len(g.banned)+len(ids) > maxBannedInOneList:
		return nil, refuse(codeGroupInternal, "the simulator holds no more bans of this group")
	}
	if g.banned == nil {
		g.banned = map[string]ban{}
	}
	var gone []string
	for _, id := range ids {
		g.banned[id] = ban{until: untilAfter(c.unix(), seconds), description: description}
		if s.expel(g, id) {
			gone = append(gone, id)
		}
	}
	s.fireExited(c, g, exitKicked, gone)
	s.notify(g.id, c.now, Notice{Type: NoticeMemberBanned, Operator: c.identifier, Accounts: ids, Seconds: seconds, Text: description})
	return nil, nil
}

// unbanGroupMember succeeds for accounts that are not banned.
func (s *Simulator) unbanGroupMember(c *call) (answer, error) {
	g, err := s.banGroup(c)
	if err != nil {
		return nil, err
	}
	ids := c.requiredAccounts(maxBannedPerCall, codeGroupTooMany, "Members_Account")
	if err := c.err(); err != nil {
		return nil, err
	}
	var freed []string
	for _, id := range ids {
		if g.bannedUntil(id, c.unix()) != 0 {
			freed = append(freed, id)
		}
		delete(g.banned, id)
	}
	if len(freed) > 0 {
		s.notify(g.id, c.now, Notice{Type: NoticeMemberUnbanned, Operator: c.identifier, Accounts: freed})
	}
	return nil, nil
}

// bannedMember is one entry of the list of bans.
type bannedMember struct {
	id    string
	until int64
}

// bannedMembers lists the bans that hold now, by their end.
func (g *group) bannedMembers(now int64) []bannedMember {
	var list []bannedMember
	for id, entry := range g.banned {
		if entry.until <= now {
			delete(g.banned, id)
			continue
		}
		list = append(list, bannedMember{id: id, until: entry.until})
	}
	slices.SortFunc(list, func(a, b bannedMember) int {
		return cmp.Or(cmp.Compare(a.until, b.until), cmp.Compare(a.id, b.id))
	})
	return list
}

func (s *Simulator) getGroupBanMember(c *call) (answer, error) {
	g, err := s.banGroup(c)
	if err != nil {
		return nil, err
	}
	limit, limited := c.integer(1, maxListedBans, "Limit")
	if !limited {
		limit = maxListedBans
	}
	offset, _ := c.integer(0, forever, "Offset")
	if err := c.err(); err != nil {
		return nil, err
	}
	if g.kind == typeCommunity {
		return nil, refuse(codeGroupPermission, "a group of type %s does not support this call", g.kind)
	}
	list := g.bannedMembers(c.unix())
	from := min(offset, int64(len(list)))
	to := min(from+limit, int64(len(list)))
	listed := []answer{}
	for _, entry := range list[from:to] {
		listed = append(listed, answer{fieldMember: entry.id, "BannedUntil": entry.until})
	}
	next := int64(0)
	if to < int64(len(list)) {
		next = to
	}
	return answer{"BannedAccountList": listed, "NextOffset": next}, nil
}
