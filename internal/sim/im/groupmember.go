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
	"slices"
	"strconv"
	"strings"
)

const (
	maxAddedMembers   = 300
	maxDeletedMembers = 500
	maxListedMembers  = 6000
	maxRoleQueries    = 500
	maxNamedMembers   = 50
	maxCommunityPage  = 100
	maxNameCard       = 50
)

// Results of adding one member.
const (
	addFailed  = 0
	addDone    = 1
	addAlready = 2
)

// memberGroup finds the group of a call that needs a member list; types
// without one are refused with the given code.
func (s *Simulator) memberGroup(c *call, code int) (*group, error) {
	g, err := s.findGroup(c)
	if err != nil {
		return nil, err
	}
	if !g.kind.storesMembers() {
		return nil, refuse(code, "a group of type %s does not support this call", g.kind)
	}
	return g, nil
}

// readAddition reads and checks add_group_member.
func (s *Simulator) readAddition(c *call) (g *group, ids []string, silent bool, err error) {
	if g, err = s.memberGroup(c, codeGroupPermission); err != nil {
		return nil, nil, false, err
	}
	silent = c.flag("Silence")
	for _, item := range c.requiredObjects(maxAddedMembers, codeGroupTooMany, fieldMembers) {
		ids = append(ids, item.requiredAccount(fieldMember))
	}
	if err := c.err(); err != nil {
		return nil, nil, false, err
	}
	return g, ids, silent, s.allExist(ids)
}

// askAddGroupMember asks whether accounts may be brought into a group.
func (s *Simulator) askAddGroupMember(c *call) (*question, error) {
	g, ids, _, err := s.readAddition(c)
	if err != nil {
		return nil, err
	}
	fields := groupFields(g, c.identifier)
	fields["DestinationMembers"] = memberEntries(ids)
	return &question{command: beforeInviteJoin, origin: c.origin, fields: fields}, nil
}

func (s *Simulator) addGroupMember(c *call) (answer, error) {
	g, ids, silent, err := s.readAddition(c)
	if err != nil {
		return nil, err
	}
	if refusal := c.ruling.refusal(groupRulings); refusal != nil {
		return nil, refusal
	}
	results := make([]answer, 0, len(ids))
	var joined []string
	full := false
	for _, id := range ids {
		result := addAlready
		if g.members.get(id) == nil {
			switch {
			case c.ruling.refuses(id):
				result = addFailed
			case int64(len(g.members.order)) >= g.maxMembers:
				full = true
				if len(ids) == 1 {
					s.fireFull(c, g)
					return nil, refuse(codeGroupFull, "the group is full")
				}
				result = addFailed
			case s.inTooManyGroups(id):
				if len(ids) == 1 {
					return nil, refuse(codeUserGroupQuota, "account %s is in too many groups", id)
				}
				result = addFailed
			case g.bannedUntil(id, c.unix()) != 0:
				result = addFailed
			default:
				s.enroll(g, &member{id: id, joined: c.unix()})
				joined, result = append(joined, id), addDone
			}
		}
		results = append(results, answer{fieldMember: id, "Result": result})
	}
	if len(joined) > 0 && !silent {
		s.notify(g.id, c.now, Notice{Type: NoticeMemberJoined, Operator: c.identifier, Accounts: joined})
	}
	s.fireJoined(c, g, joinInvited, joined)
	if full && len(joined) == 0 {
		s.fireFull(c, g)
	}
	return answer{fieldMembers: results}, nil
}

// importGroupMember adds members without telling anybody.
func (s *Simulator) importGroupMember(c *call) (answer, error) {
	g, err := s.memberGroup(c, codeGroupPermission)
	if err != nil {
		return nil, err
	}
	var members []*member
	for _, item := range c.requiredObjects(maxAddedMembers, codeGroupTooMany, fieldMembers) {
		added := &member{id: item.requiredAccount(fieldMember), joined: c.unix()}
		added.role, _ = item.choice("Role", roleAdmin, roleMember)
		if joined, present := item.integer(0, forever, "JoinTime"); present {
			added.joined = joined
		}
		added.unread, _ = item.integer(0, forever, "UnreadMsgNum")
		members = append(members, added)
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	results := make([]answer, 0, len(members))
	for _, added := range members {
		result := addDone
		_, exists := s.accounts[added.id]
		switch {
		case g.members.get(added.id) != nil:
			result = addAlready
		case !exists, int64(len(g.members.order)) >= g.maxMembers:
			result = addFailed
		default:
			s.enroll(g, added)
		}
		results = append(results, answer{fieldMember: added.id, "Result": result})
	}
	return answer{fieldMembers: results}, nil
}

// deleteGroupMember succeeds for accounts that are no members.
func (s *Simulator) deleteGroupMember(c *call) (answer, error) {
	g, err := s.memberGroup(c, codeGroupParameter)
	if err != nil {
		return nil, err
	}
	ids := c.requiredAccounts(maxDeletedMembers, codeGroupTooMany, "MemberToDel_Account")
	silent := c.flag("Silence")
	reason, _ := c.text("Reason")
	if err := c.err(); err != nil {
		return nil, err
	}
	var gone []string
	for _, id := range ids {
		if id == g.owner && id != "" && !g.kind.ownerMayLeave() {
			return nil, refuse(codeGroupParameter, "the owner cannot be removed")
		}
	}
	for _, id := range ids {
		if !s.expel(g, id) {
			continue
		}
		if id == g.owner {
			g.owner = ""
		}
		gone = append(gone, id)
	}
	if len(gone) > 0 && !silent {
		s.notify(g.id, c.now, Notice{Type: NoticeMemberKicked, Operator: c.identifier, Accounts: gone, Text: reason})
	}
	s.fireExited(c, g, exitKicked, gone)
	return nil, nil
}

func (s *Simulator) getGroupMemberInfo(c *call) (answer, error) {
	g, err := s.memberGroup(c, codeGroupPermission)
	if err != nil {
		return nil, err
	}
	filter, _ := c.texts("MemberInfoFilter")
	roles, _ := c.texts("MemberRoleFilter")
	fieldFilter, _ := c.texts("AppDefinedDataFilter_GroupMember")
	limit, limited := c.integer(1, maxListedMembers, "Limit")
	if !limited {
		limit = maxListedMembers
	}
	offset, _ := c.integer(0, forever, "Offset")
	if g.kind == typeCommunity {
		limit = min(limit, maxCommunityPage)
		offset = c.readMemberCursor()
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	listed := []answer{}
	position, next := int64(0), ""
	for _, m := range g.members.order {
		if len(roles) > 0 && !slices.Contains(roles, g.role(m.id)) {
			continue
		}
		position++
		if position <= offset {
			continue
		}
		if int64(len(listed)) == limit {
			next = memberCursorPrefix + strconv.FormatInt(position-1, 10)
			break
		}
		listed = append(listed, s.memberInfo(c, g, m, filter, fieldFilter))
	}
	result := answer{"MemberNum": len(g.members.order), fieldMembers: listed}
	if g.kind == typeCommunity {
		result["Next"] = next
	}
	return result, nil
}

// memberCursorPrefix makes the position in a community's member list opaque.
const memberCursorPrefix = "after-"

func (c *call) readMemberCursor() int64 {
	text, _ := c.text("Next")
	if text == "" {
		return 0
	}
	number, ok := strings.CutPrefix(text, memberCursorPrefix)
	position, err := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil || position < 0 {
		c.fail(codeGroupParameter, "Next is not a position in this list")
		return 0
	}
	return position
}

func (s *Simulator) getSpecifiedGroupMemberInfo(c *call) (answer, error) {
	g, err := s.memberGroup(c, codeGroupPermission)
	if err != nil {
		return nil, err
	}
	ids := c.requiredAccounts(maxNamedMembers, codeGroupTooMany, "Member_List_Account")
	filter, _ := c.texts("MemberInfoFilter")
	fieldFilter, _ := c.texts("AppDefinedDataFilter_GroupMember")
	if err := c.err(); err != nil {
		return nil, err
	}
	listed := []answer{}
	for _, id := range ids {
		if m := g.members.get(id); m != nil {
			listed = append(listed, s.memberInfo(c, g, m, filter, fieldFilter))
		}
	}
	return answer{fieldMembers: listed}, nil
}

func (s *Simulator) modifyGroupMemberInfo(c *call) (answer, error) {
	g, err := s.memberGroup(c, codeGroupPermission)
	if err != nil {
		return nil, err
	}
	id := c.requiredAccount(fieldMember)
	role := c.optionalChoice("Role", []string{roleAdmin, roleMember})
	msgFlag := c.optionalChoice("MsgFlag", []string{"AcceptAndNotify", "AcceptNotNotify", "Discard"})
	nameCard := c.limitedText("NameCard", maxNameCard)
	values := c.readFieldValues("AppMemberDefinedData")
	mute, muting := c.integer(0, forever, "MuteTime", "ShutUpTime")
	if err := c.err(); err != nil {
		return nil, err
	}
	m := g.members.get(id)
	switch {
	case m == nil:
		return nil, refuse(codeGroupParameter, "account %s is not a member", id)
	case role != nil && id == g.owner:
		return nil, refuse(codeGroupParameter, "the role of the owner cannot be changed")
	case role != nil && *role == roleAdmin && !g.kind.hasAdmins():
		return nil, refuse(codeGroupParameter, "a group of type %s has no administrators", g.kind)
	case muting && !g.kind.mutesMembers():
		return nil, refuse(codeGroupPermission, "members of a group of type %s cannot be muted", g.kind)
	}
	fields, err := s.admitFields(scopeMember, g.kind, values, c.now)
	if err != nil {
		return nil, err
	}
	s.changeMember(c, g, m, role, msgFlag, nameCard, fields)
	if muting {
		s.muteMembers(c, g, []string{id}, mute)
	}
	return nil, nil
}

// changeMember writes checked changes of a member and tells the group.
func (s *Simulator) changeMember(c *call, g *group, m *member, role, msgFlag, nameCard *string, fields []FieldValue) {
	if role != nil && m.role != *role {
		notice := NoticeAdminSet
		if *role == roleMember {
			notice = NoticeAdminRevoked
		}
		m.role = *role
		s.notify(g.id, c.now, Notice{Type: notice, Operator: c.identifier, Accounts: []string{m.id}})
	}
	var changed []ChangedField
	if msgFlag != nil && m.msgFlag != *msgFlag {
		m.msgFlag = *msgFlag
		changed = append(changed, ChangedField{Name: "MsgFlag", Value: *msgFlag})
	}
	if nameCard != nil && m.nameCard != *nameCard {
		m.nameCard = *nameCard
		changed = append(changed, ChangedField{Name: "NameCard", Value: *nameCard})
	}
	custom := mergeFields(&m.custom, fields)
	changed = append(changed, customChanges(custom)...)
	s.fireMemberFields(c, g, m, custom)
	if len(changed) > 0 {
		s.notify(g.id, c.now, Notice{Type: NoticeMemberInfoChanged, Operator: c.identifier, Accounts: []string{m.id}, Fields: changed})
	}
}

func (s *Simulator) getRoleInGroup(c *call) (answer, error) {
	g, err := s.memberGroup(c, codeGroupPermission)
	if err != nil {
		return nil, err
	}
	ids := c.requiredAccounts(maxRoleQueries, codeGroupTooMany, "User_Account")
	if err := c.err(); err != nil {
		return nil, err
	}
	roles := make([]answer, 0, len(ids))
	for _, id := range ids {
		roles = append(roles, answer{fieldMember: id, "Role": g.role(id)})
	}
	return answer{"UserIdList": roles}, nil
}
