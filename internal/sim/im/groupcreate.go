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
	"strings"
	"time"
)

const (
	maxInitialMembers = 100
)

// newGroup is what create_group asks for, read and checked.
type newGroup struct {
	id, owner string // an empty ID is for the service to choose
	kind      groupType
	change    baseChange
	fields    []FieldValue
	members   []*member
	topics    bool
	created   int64
}

func (n newGroup) memberIDs() []string {
	ids := make([]string, 0, len(n.members))
	for _, m := range n.members {
		ids = append(ids, m.id)
	}
	return ids
}

// askCreateGroup asks whether a group may be created.
func (s *Simulator) askCreateGroup(c *call) (*question, error) {
	wanted, err := s.readNewGroup(c, false)
	if err != nil {
		return nil, err
	}
	own := 0
	for _, g := range s.groupOrder {
		if g.owner == wanted.owner && g.kind == wanted.kind {
			own++
		}
	}
	return &question{command: beforeCreateGroup, origin: c.origin, fields: answer{
		fieldOperator: c.identifier, fieldOwner: wanted.owner, fieldType: string(wanted.kind), fieldName: *wanted.change.name,
		"CreateGroupNum": own, fieldMembers: memberEntries(wanted.memberIDs()),
	}}, nil
}

func (s *Simulator) createGroup(c *call) (answer, error) {
	wanted, err := s.readNewGroup(c, false)
	if err != nil {
		return nil, err
	}
	if refusal := c.ruling.refusal(groupRulings); refusal != nil {
		return nil, refusal
	}
	g, result := s.makeGroup(c, wanted)
	s.fireCreated(c, g, wanted.memberIDs())
	return result, nil
}

// importGroup is create_group with a CreateTime and without callbacks.
func (s *Simulator) importGroup(c *call) (answer, error) {
	wanted, err := s.readNewGroup(c, true)
	if err != nil {
		return nil, err
	}
	_, result := s.makeGroup(c, wanted)
	return result, nil
}

// readNewGroup reads and checks a new group, without any effect.
func (s *Simulator) readNewGroup(c *call, imported bool) (newGroup, error) {
	kind, ok := parseGroupType(c.requiredText("Type"))
	if !ok {
		c.fail(codeGroupParameter, "Type is not a group type")
	}
	c.requiredText("Name")
	change := s.readBaseChange(c, kind, "MaxMemberCount")
	id, chosen := c.text(fieldGroupID)
	owner, _ := c.account(fieldOwner)
	values := c.readFieldValues("AppDefinedData")
	topics := c.flag("SupportTopic")
	created, dated := c.integer(0, forever, "CreateTime")
	if err := c.err(); err != nil {
		return newGroup{}, err
	}
	if err := s.checkNewGroup(c, kind, id, chosen, owner, imported); err != nil {
		return newGroup{}, err
	}
	fields, err := s.admitFields(scopeGroup, kind, values, c.now)
	if err != nil {
		return newGroup{}, err
	}
	members, err := s.readInitialMembers(c, kind, owner)
	if err != nil {
		return newGroup{}, err
	}
	if !chosen {
		id = ""
	}
	if !imported || !dated {
		created = c.unix()
	}
	return newGroup{
		id: id, owner: owner, kind: kind, change: change, fields: fields, members: members,
		topics: topics && kind == typeCommunity, created: created,
	}, nil
}

// makeGroup stores a checked group and answers for it.
func (s *Simulator) makeGroup(c *call, wanted newGroup) (*group, answer) {
	if wanted.id == "" {
		wanted.id = s.assignGroupID(wanted.kind)
	}
	g := s.buildGroup(wanted.id, wanted.kind, wanted.owner, wanted.created, wanted.members)
	g.supportTopic = wanted.topics
	s.applyBase(g, wanted.change)
	for i, field := range wanted.fields {
		wanted.fields[i].Value = s.mangleOnStore(customField+field.Name, field.Value)
	}
	mergeFields(&g.custom, wanted.fields)
	s.growth.add(c.now, 1)
	s.notify(g.id, c.now, Notice{Type: NoticeGroupCreated, Operator: c.identifier, Fields: customChanges(wanted.fields)})

	result := answer{fieldGroupID: g.id}
	if g.kind == typeCommunity {
		result[fieldType], result["HugeGroupFlag"] = string(g.kind), 0
	}
	return g, result
}

// checkNewGroup checks everything about a new group but its contents.
func (s *Simulator) checkNewGroup(c *call, kind groupType, id string, chosen bool, owner string, imported bool) error {
	if kind == typeCommunity && s.options.closed(FeatureCommunity) {
		return refuse(codeCommunityClosed, "the community feature is not enabled")
	}
	if kind == typeLive && imported {
		return refuse(codeGroupPermission, "a group of type %s cannot be imported", kind)
	}
	if owner != "" {
		if _, exists := s.accounts[owner]; !exists {
			return refuse(codeGroupNoUser, "owner %s does not exist", owner)
		}
	}
	if chosen && id != "" {
		if err := s.checkChosenID(id, kind, owner); err != nil {
			return err
		}
	}
	return s.checkQuotas(kind, owner, c.now)
}

// checkChosenID checks a custom group ID.
func (s *Simulator) checkChosenID(id string, kind groupType, owner string) error {
	community := strings.HasPrefix(id, communityPrefix)
	switch {
	case !groupIDForm(id),
		kind == typeCommunity && !community,
		kind != typeCommunity && strings.HasPrefix(id, assignedPrefix):
		return refuse(codeGroupID, "group id is invalid")
	}
	if existing, used := s.groups[id]; used {
		switch {
		case s.options.DuplicateGroupCode != 0:
			return refuse(s.options.DuplicateGroupCode, "group id is used")
		case owner != "" && owner == existing.owner:
			return refuse(codeGroupIDOwned, "group id is used and you are its owner")
		}
		return refuse(codeGroupIDUsed, "group id is used")
	}
	if _, destroyed := s.buried.get(id); destroyed && s.options.RetireGroupIDs {
		return refuse(codeGroupIDUsed, "group id was used")
	}
	return nil
}

// checkQuotas checks the plan's limits for one more group.
func (s *Simulator) checkQuotas(kind groupType, owner string, now time.Time) error {
	o := s.options
	switch {
	case o.TrialEdition && len(s.groups) >= trialGroups:
		return refuse(codeTrialGroups, "the trial edition has at most %d groups", trialGroups)
	case kind == typeLive && o.MaxAVChatRooms > 0 && s.liveRooms >= o.MaxAVChatRooms:
		return refuse(codeLiveGroupQuota, "the plan has at most %d groups of type %s", o.MaxAVChatRooms, kind)
	case o.MaxNewGroupsPerDay > 0 && s.growth.add(now, 0) >= o.MaxNewGroupsPerDay:
		return refuse(codeGroupFrequency, "the plan has at most %d new groups per day", o.MaxNewGroupsPerDay)
	case kind.storesMembers() && owner != "" && s.inTooManyGroups(owner):
		return refuse(codeUserGroupQuota, "the owner is in too many groups")
	case len(s.groups) >= maxGroups:
		return refuse(codeGroupInternal, "the simulator holds no more groups")
	}
	return nil
}

func (s *Simulator) inTooManyGroups(id string) bool {
	user, ok := s.accounts[id]
	return ok && s.options.MaxGroupsPerUser > 0 && len(user.groups) >= s.options.MaxGroupsPerUser
}

// readInitialMembers reads MemberList of create_group.
func (s *Simulator) readInitialMembers(c *call, kind groupType, owner string) ([]*member, error) {
	if !c.has(fieldMembers) {
		return nil, nil
	}
	items, _ := c.objects(fieldMembers)
	if err := c.err(); err != nil {
		return nil, err
	}
	if !kind.storesMembers() && len(items) > 0 {
		return nil, refuse(codeGroupPermission, "a group of type %s takes no members", kind)
	}
	if len(items) > maxInitialMembers {
		return nil, refuse(codeGroupTooMany, "MemberList has %d members, at most %d are allowed", len(items), maxInitialMembers)
	}
	members := make([]*member, 0, len(items))
	for _, item := range items {
		id := item.requiredAccount(fieldMember)
		role, _ := item.choice("Role", roleAdmin, roleMember)
		values := item.readFieldValues("AppMemberDefinedData")
		if err := c.err(); err != nil {
			return nil, err
		}
		if _, exists := s.accounts[id]; !exists {
			return nil, refuse(codeGroupNoUser, "account %s does not exist", id)
		}
		if role == roleAdmin && !kind.hasAdmins() {
			return nil, refuse(codeGroupParameter, "a group of type %s has no administrators", kind)
		}
		fields, err := s.admitFields(scopeMember, kind, values, c.now)
		if err != nil {
			return nil, err
		}
		if id == owner || slices.ContainsFunc(members, func(m *member) bool { return m.id == id }) {
			continue
		}
		added := &member{id: id, role: role, joined: c.unix()}
		mergeFields(&added.custom, fields)
		members = append(members, added)
	}
	total := len(members)
	if owner != "" {
		total++
	}
	if total > s.options.MaxMembers {
		return nil, refuse(codeMemberQuota, "the plan has at most %d members in a group", s.options.MaxMembers)
	}
	return members, nil
}

// buildGroup stores a new group with the defaults of its type.
func (s *Simulator) buildGroup(id string, kind groupType, owner string, created int64, members []*member) *group {
	g := &group{
		id: id, kind: kind, owner: owner,
		applyJoin: "NeedPermission", inviteJoin: "FreeAccess", historyBeforeJoin: "Off",
		maxMembers: int64(s.options.MaxMembers),
		created:    created, lastInfo: created,
		infoSeq: 1, nextMsgSeq: 1,
	}
	if kind == typeLive {
		g.applyJoin, g.maxMembers = "FreeAccess", 0
	}
	s.insertGroup(g)
	if kind.storesMembers() {
		if owner != "" {
			s.enroll(g, &member{id: owner, role: roleOwner, joined: created})
		}
		for _, m := range members {
			s.enroll(g, m)
		}
	}
	return g
}

// assignGroupID makes an ID as the provider does for groups without one.
func (s *Simulator) assignGroupID(kind groupType) string {
	prefix := assignedPrefix
	if kind == typeCommunity {
		prefix = communityPrefix
	}
	for number := s.groupSequence + 1; ; number++ {
		id := fmt.Sprintf("%s2SIM%08X", prefix, number)
		if _, used := s.groups[id]; !used {
			return id
		}
	}
}

func (s *Simulator) destroyGroup(c *call) (answer, error) {
	g, err := s.findGroup(c)
	if err != nil {
		return nil, err
	}
	s.removeGroup(g, c.identifier, c.now)
	s.fireDestroyed(c, g)
	return nil, nil
}
