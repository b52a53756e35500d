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

import "slices"

// maxInfoGroups is how many groups one get_group_info asks for.
const maxInfoGroups = 50

// infoFilter is the ResponseFilter of get_group_info. A nil list means all of
// the class, an empty one nothing of it.
type infoFilter struct {
	base, member, groupFields, memberFields []string
	given                                   bool
}

func (c *call) readInfoFilter() infoFilter {
	filter, present := c.object("ResponseFilter")
	if !present {
		return infoFilter{}
	}
	read := func(name string) []string {
		names, _ := filter.texts(name)
		if names == nil {
			return []string{}
		}
		return names
	}
	return infoFilter{
		given:        true,
		base:         read("GroupBaseInfoFilter"),
		member:       read("MemberInfoFilter"),
		groupFields:  read("AppDefinedDataFilter_Group"),
		memberFields: read("AppDefinedDataFilter_GroupMember"),
	}
}

func (s *Simulator) getGroupInfo(c *call) (answer, error) {
	ids, _ := c.texts("GroupIdList")
	filter := c.readInfoFilter()
	if err := c.err(); err != nil {
		return nil, err
	}
	switch {
	case len(ids) == 0:
		return nil, refuse(codeGroupParameter, "GroupIdList is required")
	case len(ids) > maxInfoGroups:
		return nil, refuse(codeGroupParameter, "GroupIdList has %d groups, at most %d are allowed", len(ids), maxInfoGroups)
	}
	groups := make([]answer, 0, len(ids))
	for _, id := range ids {
		g, err := s.groupByID(id)
		if err != nil {
			refusal := asRefusal(err)
			groups = append(groups, answer{fieldGroupID: id, "ErrorCode": refusal.Code, "ErrorInfo": refusal.Info})
			continue
		}
		groups = append(groups, s.groupInfo(c, g, filter))
	}
	return answer{"GroupInfo": groups}, nil
}

// groupInfo answers one group as far as the filter asks.
func (s *Simulator) groupInfo(c *call, g *group, filter infoFilter) answer {
	info := s.baseInfo(g)
	if filter.given {
		info = pick(info, filter.base)
		info[fieldGroupID] = g.id
	}
	info["ErrorCode"], info["ErrorInfo"] = 0, ""
	if fields, show := s.showFields(scopeGroup, g.kind, g.custom, filter.groupFields, c.now); show {
		info["AppDefinedData"] = fields
	}
	if g.kind.storesMembers() && (!filter.given || len(filter.member)+len(filter.memberFields) > 0) {
		members := make([]answer, 0, len(g.members.order))
		for _, m := range g.members.order {
			members = append(members, s.memberInfo(c, g, m, filter.member, filter.memberFields))
		}
		info[fieldMembers] = members
	}
	return info
}

// memberInfo answers one member as far as the filters ask.
func (s *Simulator) memberInfo(c *call, g *group, m *member, filter, fieldFilter []string) answer {
	info := answer{
		fieldMember:       m.id,
		"Role":            g.role(m.id),
		"JoinTime":        m.joined,
		fieldMsgSeq:       m.readSeq,
		"MsgFlag":         m.msgFlag,
		"LastSendMsgTime": m.lastSend,
		"NameCard":        m.nameCard,
		"MuteUntil":       g.mutedUntil(m.id, c.unix()),
	}
	if filter != nil {
		info = pick(info, filter)
		info[fieldMember] = m.id
	}
	if fields, show := s.showFields(scopeMember, g.kind, m.custom, fieldFilter, c.now); show {
		info["AppMemberDefinedData"] = fields
	}
	return info
}

func (s *Simulator) modifyGroupBaseInfo(c *call) (answer, error) {
	g, err := s.findGroup(c)
	if err != nil {
		return nil, err
	}
	change := s.readBaseChange(c, g.kind, "MaxMemberNum")
	change.muteAll = c.readMuteAll()
	if history := c.optionalChoice("HistoryMsgBeforeJoin", []string{"On", "Off"}); history != nil {
		if !g.kind.historyBeforeJoin() {
			c.fail(codeGroupParameter, "HistoryMsgBeforeJoin cannot be set for a group of type %s", g.kind)
		}
		change.historyBeforeJoin = history
	}
	values := c.readFieldValues("AppDefinedData")
	operator, pretended := c.account("From_Account")
	if err := c.err(); err != nil {
		return nil, err
	}
	if !pretended || operator == "" {
		operator = c.identifier
	} else if _, exists := s.accounts[operator]; !exists {
		return nil, refuse(codeGroupNoUser, "account %s does not exist", operator)
	}
	fields, err := s.admitFields(scopeGroup, g.kind, values, c.now)
	if err != nil {
		return nil, err
	}
	s.changeGroup(c, g, operator, change, fields)
	return nil, nil
}

// readMuteAll reads MuteAllMember under its current or old name.
func (c *call) readMuteAll() *string {
	text, present := c.text("MuteAllMember", "ShutUpAllMember")
	if !present {
		return nil
	}
	if !slices.Contains([]string{"On", "Off"}, text) {
		c.fail(codeGroupParameter, "MuteAllMember must be On or Off")
	}
	return &text
}

// changeGroup writes checked changes and tells the clients: base fields in the
// order of the field table, then custom fields in the order of the request.
func (s *Simulator) changeGroup(c *call, g *group, operator string, change baseChange, fields []FieldValue) {
	changed := s.applyBase(g, change)
	for i := range fields {
		fields[i].Value = s.mangleOnStore(customField+fields[i].Name, fields[i].Value)
	}
	changed = append(changed, customChanges(mergeFields(&g.custom, fields))...)
	if len(changed) == 0 {
		return
	}
	g.touched(c.now)
	s.notify(g.id, c.now, Notice{Type: NoticeGroupInfoChanged, Operator: operator, Fields: changed})
	s.fireInfoChanged(c, g, operator, changed)
}
