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
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// forever is the length and the end of a mute without end.
const forever = 4294967295

const (
	maxGroupID         = 48
	maxGroupMessages   = 1000
	assignedPrefix     = "@TGS#"
	communityPrefix    = "@TGS#_"
	attributeWriteRate = 5
)

// group is one group of any type.
type group struct {
	id       string
	sequence uint64 // order of creation over all groups
	kind     groupType

	name, introduction, notification, faceURL string
	owner                                     string
	applyJoin, inviteJoin, historyBeforeJoin  string
	muteAll                                   bool
	maxMembers                                int64
	supportTopic                              bool
	enablePermission, defaultPermission       int64

	created, lastInfo, lastMessage int64 // UNIX seconds
	infoSeq, nextMsgSeq            uint64

	custom     map[string]string
	members    memberList // of a live group: who is watching now
	liveAdmins []string
	robots     []string
	offline    map[string]struct{} // viewers whose heartbeat is lost
	marks      map[string][]int64
	muted      map[string]int64 // until, UNIX seconds, or forever
	banned     map[string]ban
	attributes map[string]string
	counters   map[string]int64
	messages   *ring[groupMessage]

	attributeWrites *rate.Limiter
	flow            messageFlow
	stale           staleView
}

// member is one member of a group, or one viewer of a live group.
type member struct {
	id       string
	role     string
	joined   int64
	readSeq  uint64
	msgFlag  string
	lastSend int64
	nameCard string
	custom   map[string]string
	unread   int64
}

// Roles on the wire.
const (
	roleOwner     = "Owner"
	roleAdmin     = "Admin"
	roleMember    = "Member"
	roleNotMember = "NotMember"
)

// memberList keeps members in the order in which they joined.
type memberList struct {
	order []*member
	byID  map[string]*member
}

func (l *memberList) get(id string) *member { return l.byID[id] }

func (l *memberList) add(m *member) {
	if l.byID == nil {
		l.byID = map[string]*member{}
	}
	l.byID[m.id] = m
	l.order = append(l.order, m)
}

func (l *memberList) remove(id string) bool {
	gone, ok := l.byID[id]
	if !ok {
		return false
	}
	delete(l.byID, id)
	l.order = slices.DeleteFunc(l.order, func(m *member) bool { return m == gone })
	return true
}

// role returns what an account is in the group.
func (g *group) role(id string) string {
	switch {
	case id == g.owner && id != "":
		return roleOwner
	case slices.Contains(g.liveAdmins, id):
		return roleAdmin
	}
	if m := g.members.get(id); m != nil {
		return m.role
	}
	return roleNotMember
}

// privileged reports whether an account may speak while all are muted.
func (g *group) privileged(id string) bool {
	role := g.role(id)
	return role == roleOwner || role == roleAdmin
}

// touched notes a change of the group's profile.
func (g *group) touched(now time.Time) {
	g.infoSeq++
	g.lastInfo = now.Unix()
}

// onOff spells a switch.
func onOff(on bool) string {
	if on {
		return "On"
	}
	return "Off"
}

// groupIDForm checks the form of a group ID that a call refers to.
func groupIDForm(id string) bool {
	return id != "" && len(id) <= maxGroupID && !strings.ContainsFunc(id, func(r rune) bool { return r < 0x20 || r > 0x7e })
}

// findGroup returns the group that the call names in GroupId.
func (s *Simulator) findGroup(c *call) (*group, error) {
	id := c.requiredText(fieldGroupID)
	if err := c.err(); err != nil {
		return nil, err
	}
	return s.groupByID(id)
}

func (s *Simulator) groupByID(id string) (*group, error) {
	if !groupIDForm(id) {
		return nil, refuse(codeGroupID, "group id is invalid")
	}
	g, ok := s.groups[id]
	if !ok {
		return nil, refuse(codeGroupMissing, "group does not exist or was disbanded")
	}
	return g, nil
}

// insertGroup stores a new group and its notices' beginning.
func (s *Simulator) insertGroup(g *group) {
	s.groupSequence++
	g.sequence = s.groupSequence
	s.groups[g.id] = g
	s.groupOrder = append(s.groupOrder, g)
	s.buried.remove(g.id)
	if g.kind == typeLive {
		s.liveRooms++
	}
}

// removeGroup takes a group out, with everything that refers to it, and tells
// its members.
func (s *Simulator) removeGroup(g *group, operator string, now time.Time) {
	for _, m := range g.members.order {
		s.forgetMembership(m.id, g.id)
	}
	delete(s.groups, g.id)
	if i, found := slices.BinarySearchFunc(s.groupOrder, g.sequence, func(other *group, sequence uint64) int {
		return int(int64(other.sequence) - int64(sequence))
	}); found {
		s.groupOrder = slices.Delete(s.groupOrder, i, i+1)
	}
	if g.kind == typeLive {
		s.liveRooms--
	}
	s.growth.add(now, -1)
	s.notify(g.id, now, Notice{Type: NoticeGroupDestroyed, Operator: operator})
	s.buried.put(g.id, now)
}

// enroll adds a member, or a viewer of a live group.
func (s *Simulator) enroll(g *group, m *member) {
	m.role = orDefault(m.role, roleMember)
	m.msgFlag = orDefault(m.msgFlag, "AcceptAndNotify")
	g.members.add(m)
	if user, ok := s.accounts[m.id]; ok {
		if user.groups == nil {
			user.groups = map[string]struct{}{}
		}
		user.groups[g.id] = struct{}{}
	}
}

// expel removes a member or viewer; it reports whether there was one.
func (s *Simulator) expel(g *group, id string) bool {
	if !g.members.remove(id) {
		return false
	}
	delete(g.marks, id)
	delete(g.offline, id)
	s.forgetMembership(id, g.id)
	return true
}

func (s *Simulator) forgetMembership(id, groupID string) {
	if user, ok := s.accounts[id]; ok {
		delete(user.groups, groupID)
	}
}
