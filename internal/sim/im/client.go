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

// platformREST is where calls of the API come from, platformPhone the one
// platform with two spellings.
const (
	platformREST  = "RESTAPI"
	platformWeb   = "Web"
	platformPhone = "iOS"
)

// platforms are the values of OptPlatform.
var platforms = []string{platformREST, platformWeb, "Android", platformPhone, "Windows", "Mac", "iPad", "Unknown"}

// clientAddress is where all clients call from.
const clientAddress = "127.0.0.1"

// Errors of what clients do carry the code that the SDK would see; errors.As
// with *Refusal finds it.

// clientCall begins what an SDK client does on a platform, empty for Web.
func (s *Simulator) clientCall(userID, platform string) (*call, error) {
	from := origin{platform: orDefault(platform, platformWeb), ip: clientAddress}
	if !slices.Contains(platforms, from.platform) {
		return nil, fmt.Errorf("platform %q: must be one of %v", platform, platforms)
	}
	return s.newCall(nil, groupService, userID, from), nil
}

// JoinViewer lets an account enter a group as an SDK client does: a live group
// as a viewer, another as a member. Being there already is a success.
func (s *Simulator) JoinViewer(groupID, userID string) error {
	return s.JoinViewerOn("", groupID, userID)
}

// JoinViewerOn is JoinViewer on a platform.
func (s *Simulator) JoinViewerOn(platform, groupID, userID string) error {
	c, err := s.clientCall(userID, platform)
	if err != nil {
		return err
	}
	return s.enter(c, groupID)
}

func (s *Simulator) enter(c *call, groupID string) error {
	userID := c.identifier
	_, err := s.act(c, beforeApplyJoin, func() (*question, error) {
		g, inside, err := s.checkEntry(c, groupID)
		if err != nil || inside {
			return nil, err
		}
		return &question{command: beforeApplyJoin, origin: c.origin, fields: answer{
			fieldGroupID: g.id, fieldType: string(g.kind), "Requestor_Account": userID,
		}}, nil
	}, func() (answer, error) {
		g, inside, err := s.checkEntry(c, groupID)
		if err != nil || inside {
			return nil, err
		}
		if refusal := c.ruling.refusal(groupRulings); refusal != nil {
			return nil, refusal
		}
		s.enroll(g, &member{id: userID, joined: c.unix()})
		s.notify(g.id, c.now, Notice{Type: NoticeMemberJoined, Operator: userID, Accounts: []string{userID}})
		s.fireJoined(c, g, joinApplied, []string{userID})
		s.fireMemberState(c, g, stateOnline, causeJoin, []string{userID})
		return nil, nil
	})
	return err
}

// checkEntry finds a group and checks that the caller may enter it. inside
// means that it is there already.
func (s *Simulator) checkEntry(c *call, groupID string) (g *group, inside bool, err error) {
	if g, err = s.groupByID(groupID); err != nil {
		return nil, false, err
	}
	switch {
	case s.accounts[c.identifier] == nil:
		return nil, false, refuse(codeGroupNoUser, "account %s does not exist", c.identifier)
	case g.members.get(c.identifier) != nil:
		return g, true, nil
	case g.bannedUntil(c.identifier, c.unix()) != 0:
		return nil, false, refuse(codeGroupPermission, "account %s is banned", c.identifier)
	case g.kind.storesMembers() && int64(len(g.members.order)) >= g.maxMembers:
		s.fireFull(c, g)
		return nil, false, refuse(codeGroupFull, "the group is full")
	case g.applyJoin == "DisableApply":
		return nil, false, refuse(codeGroupPermission, "the group takes no applications")
	}
	return g, false, nil
}

// LeaveViewer lets an account leave a group. Not being there is a success.
func (s *Simulator) LeaveViewer(groupID, userID string) error {
	return s.LeaveViewerOn("", groupID, userID)
}

// LeaveViewerOn is LeaveViewer on a platform.
func (s *Simulator) LeaveViewerOn(platform, groupID, userID string) error {
	c, err := s.clientCall(userID, platform)
	if err != nil {
		return err
	}
	return s.leave(c, groupID)
}

func (s *Simulator) leave(c *call, groupID string) error {
	userID := c.identifier
	if c.load != nil {
		c.now = c.load.moment(c.now)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.groupByID(groupID)
	if err != nil {
		return err
	}
	if g.kind.storesMembers() && userID == g.owner && !g.kind.ownerMayLeave() {
		return refuse(codeOwnerLeaves, "the owner may not leave")
	}
	_, lost := g.offline[userID]
	if !s.expel(g, userID) {
		return nil
	}
	if g.kind.storesMembers() && userID == g.owner {
		g.owner = ""
	}
	s.notify(g.id, c.now, Notice{Type: NoticeMemberLeft, Operator: userID, Accounts: []string{userID}})
	s.fireExited(c, g, exitQuit, []string{userID})
	if !lost {
		s.fireMemberState(c, g, stateOffline, causeQuit, []string{userID})
	}
	return nil
}

// LoseViewers ends the heartbeats of viewers of a live group, who stay in it,
// and FindViewers brings them back. Those for whom nothing changes are left
// out; the others share one callback.
func (s *Simulator) LoseViewers(groupID string, userIDs ...string) error {
	return s.setHeartbeat(groupID, false, userIDs)
}

// FindViewers brings back the heartbeats that LoseViewers ended.
func (s *Simulator) FindViewers(groupID string, userIDs ...string) error {
	return s.setHeartbeat(groupID, true, userIDs)
}

func (s *Simulator) setHeartbeat(groupID string, beats bool, userIDs []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.groupByID(groupID)
	if err != nil {
		return err
	}
	if g.kind != typeLive {
		return refuse(codeGroupPermission, "a group of type %s has no viewers", g.kind)
	}
	for _, id := range userIDs {
		if g.members.get(id) == nil {
			return refuse(codeGroupPermission, "account %s is not in the group", id)
		}
	}
	if g.offline == nil {
		g.offline = map[string]struct{}{}
	}
	var changed []string
	for _, id := range userIDs {
		if _, lost := g.offline[id]; lost != beats {
			continue
		}
		changed = append(changed, id)
		if beats {
			delete(g.offline, id)
		} else {
			g.offline[id] = struct{}{}
		}
	}
	c := &call{now: s.now()}
	if beats {
		s.fireMemberState(c, g, stateOnline, causeRecover, changed)
	} else {
		s.fireMemberState(c, g, stateOffline, causeInterrupt, changed)
	}
	return nil
}
