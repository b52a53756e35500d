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
	"time"
)

const (
	maxLiveAdmins      = 5
	maxMarkedPerCall   = 500
	maxMarksPerGroup   = 10
	maxMembersPerMark  = 1000
	maxShownViewers    = 1000
	viewersPerPage     = 250
	maxRobotsPerGroup  = 100
	leastMark          = 1000
	markAlwaysOnline   = 500
	markHidden         = 600
	commandSet         = 1
	commandDelete      = 2
	maxCheckedAccounts = 500
)

// staleView is the list of viewers as it was some time ago: the provider
// refreshes it only now and then.
type staleView struct {
	at      time.Time
	viewers []*member
}

// liveGroup finds the group of a live-group call.
func (s *Simulator) liveGroup(c *call) (*group, error) {
	g, err := s.findGroup(c)
	if err != nil {
		return nil, err
	}
	switch {
	case g.kind != typeLive:
		return nil, refuse(codeGroupPermission, "a group of type %s does not support this call", g.kind)
	case s.options.closed(FeatureOnlineMembers):
		return nil, refuse(codeGroupPermission, "the online member list of live groups is not enabled")
	}
	return g, nil
}

// viewers lists who is watching, as the provider would know it now.
func (s *Simulator) viewers(g *group, now time.Time) []*member {
	if s.options.OnlineRefresh == 0 {
		return g.present()
	}
	if g.stale.at.IsZero() || now.Sub(g.stale.at) >= s.options.OnlineRefresh {
		g.stale = staleView{at: now, viewers: slices.Clone(g.present())}
	}
	return g.stale.viewers
}

// present lists the viewers whose heartbeat is not lost.
func (g *group) present() []*member {
	if len(g.offline) == 0 {
		return g.members.order
	}
	return slices.DeleteFunc(slices.Clone(g.members.order), func(m *member) bool {
		_, lost := g.offline[m.id]
		return lost
	})
}

// getOnlineMemberNum counts viewers of a live group, or the online members of
// another.
func (s *Simulator) getOnlineMemberNum(c *call) (answer, error) {
	g, err := s.findGroup(c)
	if err != nil {
		return nil, err
	}
	if g.kind == typeLive {
		return answer{"OnlineMemberNum": len(s.viewers(g, c.now)) + len(g.robots)}, nil
	}
	online := 0
	for _, m := range g.members.order {
		if user, ok := s.accounts[m.id]; ok && user.online == presenceOnline {
			online++
		}
	}
	return answer{"OnlineMemberNum": online}, nil
}

// getMembers pages through the newest 1000 viewers, newest first.
func (s *Simulator) getMembers(c *call) (answer, error) {
	g, err := s.liveGroup(c)
	if err != nil {
		return nil, err
	}
	position, given := c.integer(0, forever, "Timestamp")
	if !given {
		c.fail(codeGroupParameter, "Timestamp is required")
	}
	mark, marked := c.integer(0, forever, "Mark")
	if err := c.err(); err != nil {
		return nil, err
	}
	var matching []answer
	show := func(id string, joined int64) {
		hidden := slices.Contains(g.marks[id], int64(markHidden))
		if (marked && !slices.Contains(g.marks[id], mark)) || (!marked && hidden) || len(matching) >= maxShownViewers {
			return
		}
		nick, avatar := s.nickAndAvatar(id)
		item := answer{fieldMember: id, "JoinTime": joined, "NickName": nick, "Avatar": avatar}
		if marks := g.marks[id]; len(marks) > 0 {
			item["Marks"] = slices.Clone(marks)
		}
		matching = append(matching, item)
	}
	for _, m := range slices.Backward(s.viewers(g, c.now)) {
		show(m.id, m.joined)
	}
	for _, id := range g.robots {
		show(id, g.created)
	}
	from := min(int(position), len(matching))
	to := min(from+viewersPerPage, len(matching))
	next := 0
	if to < len(matching) {
		next = to
	}
	listed := append([]answer{}, matching[from:to]...)
	return answer{fieldMembers: listed, "NextTimestamp": next}, nil
}

func (s *Simulator) checkMembers(c *call) (answer, error) {
	g, err := s.liveGroup(c)
	if err != nil {
		return nil, err
	}
	ids := c.requiredAccounts(maxCheckedAccounts, codeGroupTooMany, fieldMember)
	if err := c.err(); err != nil {
		return nil, err
	}
	present := map[string]bool{}
	for _, m := range s.viewers(g, c.now) {
		present[m.id] = true
	}
	inside := []string{}
	for _, id := range ids {
		if present[id] || slices.Contains(g.robots, id) {
			inside = append(inside, id)
		}
	}
	return answer{fieldMember: inside}, nil
}

// markChange is one item of modify_user_info.
type markChange struct {
	id    string
	marks []int64
}

func (c *call) readMarkChanges() []markChange {
	items := c.requiredObjects(maxMarkedPerCall, codeGroupTooMany, fieldMembers)
	changes := make([]markChange, 0, len(items))
	for _, item := range items {
		change := markChange{id: item.requiredAccount(fieldMember)}
		numbers, _ := item.list("Marks")
		if len(numbers) == 0 || len(numbers) > maxMarksPerGroup {
			c.fail(codeGroupParameter, "Marks must have 1 to %d marks", maxMarksPerGroup)
			continue
		}
		for _, number := range numbers {
			mark, ok := wholeNumber(number)
			if !ok || (mark < leastMark && mark != markAlwaysOnline && mark != markHidden) {
				c.fail(codeGroupParameter, "a mark is at least %d", leastMark)
			}
			change.marks = append(change.marks, mark)
		}
		changes = append(changes, change)
	}
	return changes
}

// modifyUserInfo sets or deletes marks of viewers. Accounts that are not there
// are silently left out; if nobody is, the call fails.
func (s *Simulator) modifyUserInfo(c *call) (answer, error) {
	g, err := s.liveGroup(c)
	if err != nil {
		return nil, err
	}
	command, given := c.integer(commandSet, commandDelete, "CommandType")
	if !given {
		c.fail(codeGroupParameter, "CommandType is required")
	}
	changes := c.readMarkChanges()
	if err := c.err(); err != nil {
		return nil, err
	}
	done := []answer{}
	var accounts []string
	for _, change := range changes {
		_, exists := s.accounts[change.id]
		online := g.members.get(change.id) != nil || slices.Contains(g.robots, change.id) ||
			(exists && slices.Contains(change.marks, int64(markAlwaysOnline)))
		if !online || (command == commandSet && !g.roomForMarks(change)) {
			continue
		}
		g.changeMarks(change, command == commandSet)
		done = append(done, answer{fieldMember: change.id, "Marks": change.marks})
		accounts = append(accounts, change.id)
	}
	if len(done) == 0 {
		return nil, refuse(codeGroupParameter, "none of the members is online")
	}
	s.notify(g.id, c.now, Notice{Type: NoticeMarksChanged, Operator: c.identifier, Accounts: accounts})
	return answer{"CommandType": command, fieldMembers: done}, nil
}

// roomForMarks reports whether a change keeps to the group's limits.
func (g *group) roomForMarks(change markChange) bool {
	users := map[int64]int{}
	for id, marks := range g.marks {
		if id == change.id {
			continue
		}
		for _, mark := range marks {
			users[mark]++
		}
	}
	for _, mark := range append(slices.Clone(g.marks[change.id]), change.marks...) {
		users[mark]++
	}
	for _, mark := range change.marks {
		if users[mark] > maxMembersPerMark {
			return false
		}
	}
	return len(users) <= maxMarksPerGroup
}

func (g *group) changeMarks(change markChange, set bool) {
	if g.marks == nil {
		g.marks = map[string][]int64{}
	}
	marks := slices.DeleteFunc(slices.Clone(g.marks[change.id]), func(mark int64) bool {
		return slices.Contains(change.marks, mark)
	})
	if set {
		marks = append(marks, change.marks...)
	}
	if len(marks) == 0 {
		delete(g.marks, change.id)
		return
	}
	g.marks[change.id] = marks
}

// modifyAdmin sets or unsets administrators of a live group. They need not be
// there and stay administrators when they leave.
func (s *Simulator) modifyAdmin(c *call) (answer, error) {
	g, err := s.liveGroup(c)
	if err != nil {
		return nil, err
	}
	command, given := c.integer(commandSet, commandDelete, "CommandType")
	if !given {
		c.fail(codeGroupParameter, "CommandType is required")
	}
	ids := c.requiredAccounts(maxMutedAccounts, codeGroupTooMany, "Admin_Account")
	if err := c.err(); err != nil {
		return nil, err
	}
	if err := s.allExist(ids); err != nil {
		return nil, err
	}
	next := slices.Clone(g.liveAdmins)
	var changed []string
	for _, id := range ids {
		index := slices.Index(next, id)
		switch {
		case command == commandSet && index < 0:
			next, changed = append(next, id), append(changed, id)
		case command == commandDelete && index >= 0:
			next, changed = slices.Delete(next, index, index+1), append(changed, id)
		}
	}
	if len(next) > maxLiveAdmins {
		return nil, refuse(codeGroupTooMany, "a live group has at most %d administrators", maxLiveAdmins)
	}
	g.liveAdmins = next
	if len(changed) > 0 {
		notice := NoticeAdminSet
		if command == commandDelete {
			notice = NoticeAdminRevoked
		}
		s.notify(g.id, c.now, Notice{Type: notice, Operator: c.identifier, Accounts: changed})
	}
	return nil, nil
}

func (s *Simulator) getAdminList(c *call) (answer, error) {
	g, err := s.liveGroup(c)
	if err != nil {
		return nil, err
	}
	listed := []answer{}
	for _, id := range g.liveAdmins {
		nick, avatar := s.nickAndAvatar(id)
		listed = append(listed, answer{"Admin_Account": id, "NickName": nick, "Avatar": avatar})
	}
	return answer{"Admin_List": listed}, nil
}

// addRobots shows accounts as watching without their being there.
func (s *Simulator) addRobots(c *call) (answer, error) { return s.changeRobots(c, true) }

func (s *Simulator) delRobots(c *call) (answer, error) { return s.changeRobots(c, false) }

func (s *Simulator) changeRobots(c *call, add bool) (answer, error) {
	g, err := s.liveGroup(c)
	if err != nil {
		return nil, err
	}
	ids := c.requiredAccounts(maxRobotsPerGroup, codeGroupTooMany, fieldMember, "Robot_Account")
	if err := c.err(); err != nil {
		return nil, err
	}
	if err := s.allExist(ids); err != nil {
		return nil, err
	}
	next := slices.DeleteFunc(slices.Clone(g.robots), func(id string) bool { return slices.Contains(ids, id) })
	if add {
		next = append(next, ids...)
	}
	if len(next) > maxRobotsPerGroup {
		return nil, refuse(codeGroupTooMany, "a live group has at most %d robots", maxRobotsPerGroup)
	}
	g.robots = next
	for _, id := range ids {
		g.changeMarks(markChange{id: id, marks: []int64{markAlwaysOnline}}, add)
	}
	return nil, nil
}
