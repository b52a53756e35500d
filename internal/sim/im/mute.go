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

const maxMutedAccounts = 500

// untilAfter turns a length in seconds into an end: for ever stays for ever.
func untilAfter(now, seconds int64) int64 {
	if seconds == forever {
		return forever
	}
	return now + seconds
}

// mutedUntil returns the end of a member's mute, 0 if not muted.
func (g *group) mutedUntil(id string, now int64) int64 {
	if until := g.muted[id]; until > now {
		return until
	}
	return 0
}

// muteMembers mutes accounts for the given time from now, or unmutes them.
// Whether they are in the group does not matter: a mute outlives leaving.
func (s *Simulator) muteMembers(c *call, g *group, ids []string, seconds int64) {
	notice := Notice{Type: NoticeMemberMuted, Operator: c.identifier, Accounts: ids, Seconds: seconds}
	if seconds == 0 {
		notice.Type = NoticeMemberUnmuted
		for _, id := range ids {
			delete(g.muted, id)
		}
	} else {
		if g.muted == nil {
			g.muted = map[string]int64{}
		}
		for _, id := range ids {
			g.muted[id] = untilAfter(c.unix(), seconds)
		}
	}
	s.notify(g.id, c.now, notice)
}

func (s *Simulator) forbidSendMsg(c *call) (answer, error) {
	g, err := s.findGroup(c)
	if err != nil {
		return nil, err
	}
	ids := c.requiredAccounts(maxMutedAccounts, codeGroupTooMany, "Members_Account")
	seconds := c.seconds("MuteTime", "ShutUpTime")
	if err := c.err(); err != nil {
		return nil, err
	}
	if !g.kind.mutesMembers() {
		return nil, refuse(codeGroupPermission, "members of a group of type %s cannot be muted", g.kind)
	}
	if err := s.allExist(ids); err != nil {
		return nil, err
	}
	s.muteMembers(c, g, ids, seconds)
	return nil, nil
}

// allExist refuses accounts that were never imported.
func (s *Simulator) allExist(ids []string) error {
	for _, id := range ids {
		if _, ok := s.accounts[id]; !ok {
			return refuse(codeGroupNoUser, "account %s does not exist", id)
		}
	}
	return nil
}

// mutedMembers lists who is muted now, by end and account, and forgets mutes
// that are over.
func (g *group) mutedMembers(now int64) []answer {
	type entry struct {
		id    string
		until int64
	}
	entries := []entry{}
	for id, until := range g.muted {
		if until <= now {
			delete(g.muted, id)
			continue
		}
		entries = append(entries, entry{id, until})
	}
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.until, b.until), cmp.Compare(a.id, b.id))
	})
	listed := []answer{}
	for _, e := range entries {
		listed = append(listed, answer{fieldMember: e.id, "MutedUntil": e.until})
	}
	return listed
}

func (s *Simulator) getGroupMutedAccount(c *call) (answer, error) {
	g, err := s.findGroup(c)
	if err != nil {
		return nil, err
	}
	return answer{fieldGroupID: g.id, "MutedAccountList": g.mutedMembers(c.unix())}, nil
}

// getGroupShuttedUin is the same call under its old name, whose answer has old
// names as well.
func (s *Simulator) getGroupShuttedUin(c *call) (answer, error) {
	g, err := s.findGroup(c)
	if err != nil {
		return nil, err
	}
	listed := g.mutedMembers(c.unix())
	for _, item := range listed {
		item["ShuttedUntil"] = item["MutedUntil"]
		delete(item, "MutedUntil")
	}
	return answer{fieldGroupID: g.id, "ShuttedUinList": listed}, nil
}

// setNoSpeaking mutes an account in all its conversations.
func (s *Simulator) setNoSpeaking(c *call) (answer, error) {
	id, present := c.textOr(codeSettingSetInvalid, "Set_Account")
	if !present {
		c.fail(codeSettingSetMissing, "Set_Account is required")
	}
	chat, chatGiven := c.integer(0, forever, "C2CmsgNospeakingTime")
	inGroups, groupsGiven := c.integer(0, forever, "GroupmsgNospeakingTime")
	if err := c.err(); err != nil {
		return nil, err
	}
	user, ok := s.accounts[id]
	switch {
	case !ok:
		return nil, refuse(codeSettingSetInvalid, "Set_Account is invalid")
	case !chatGiven && !groupsGiven:
		return nil, refuse(codeSettingNothing, "C2CmsgNospeakingTime or GroupmsgNospeakingTime is required")
	}
	if chatGiven {
		user.chatMuted = untilAfter(c.unix(), chat)
	}
	if groupsGiven {
		user.groupMuted = untilAfter(c.unix(), inGroups)
	}
	return nil, nil
}

// getNoSpeaking answers the remaining seconds.
func (s *Simulator) getNoSpeaking(c *call) (answer, error) {
	id, present := c.textOr(codeSettingGetInvalid, "Get_Account")
	if !present {
		c.fail(codeSettingGetMissing, "Get_Account is required")
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	user, ok := s.accounts[id]
	if !ok {
		return nil, refuse(codeSettingGetInvalid, "Get_Account is invalid")
	}
	return answer{
		"C2CmsgNospeakingTime":   remaining(user.chatMuted, c.unix()),
		"GroupmsgNospeakingTime": remaining(user.groupMuted, c.unix()),
	}, nil
}

// remaining returns the seconds until the end of a mute.
func remaining(until, now int64) int64 {
	if until == forever {
		return forever
	}
	return max(0, until-now)
}
