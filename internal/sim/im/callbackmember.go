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

// How members came, went or changed, as callbacks spell it.
const (
	joinApplied  = "Apply"
	joinInvited  = "Invited"
	exitQuit     = "Quit"
	exitKicked   = "Kicked"
	stateOnline  = "Online"
	stateOffline = "Offline"

	causeJoin      = "Join"
	causeQuit      = "Quit"
	causeInterrupt = "HeartbeatInterrupt"
	causeRecover   = "HeartbeatRecover"
)

// fireJoined tells of new members and, when they filled the group, of that.
func (s *Simulator) fireJoined(c *call, g *group, how string, ids []string) {
	if len(ids) == 0 {
		return
	}
	if s.callbacks.wants(afterMemberJoin) {
		fields := groupFields(g, c.identifier)
		fields["JoinType"], fields["NewMemberList"] = how, memberEntries(ids)
		s.fire(c, afterMemberJoin, fields, tallyKey{group: g.id, joined: len(ids)})
	}
	if g.kind.storesMembers() && int64(len(g.members.order)) >= g.maxMembers {
		s.fireFull(c, g)
	}
}

// fireFull tells that a group has become full, or was when somebody wanted to
// join.
func (s *Simulator) fireFull(c *call, g *group) {
	if s.callbacks.wants(afterGroupFull) {
		s.fire(c, afterGroupFull, answer{fieldGroupID: g.id}, tallyKey{})
	}
}

func (s *Simulator) fireExited(c *call, g *group, how string, ids []string) {
	if len(ids) == 0 || !s.callbacks.wants(afterMemberExit) {
		return
	}
	fields := groupFields(g, c.identifier)
	fields["ExitType"], fields["ExitMemberList"] = how, memberEntries(ids)
	s.fire(c, afterMemberExit, fields, tallyKey{group: g.id, left: len(ids)})
}

// fireMemberState tells who of a live group is there. Its URL says nothing
// about a client. Older deployments tell of heartbeats only.
func (s *Simulator) fireMemberState(c *call, g *group, state, cause string, ids []string) {
	settings := s.callbacks.settings.Load()
	switch {
	case settings == nil, !settings.wants(onMemberState), g.kind != typeLive, len(ids) == 0,
		s.options.closed(FeatureOnlineMembers),
		settings.OmitEventCause && (cause == causeJoin || cause == causeQuit):
		return
	}
	s.callbacks.fire(&callbackEvent{command: onMemberState, at: c.now, fields: answer{
		fieldGroupID: g.id, "EventType": state, fieldEventCause: cause, fieldMembers: memberEntries(ids),
	}})
}

// fireMemberFields tells of changed custom fields of a member. The documents
// name this callback without its fields, so their names are those of the call
// that causes it.
func (s *Simulator) fireMemberFields(c *call, g *group, m *member, changed []FieldValue) {
	if len(changed) == 0 || !s.callbacks.wants(afterMemberField) {
		return
	}
	listed := make([]answer, 0, len(changed))
	for _, value := range changed {
		listed = append(listed, answer{"Key": value.Name, fieldValue: value.Value})
	}
	fields := groupFields(g, c.identifier)
	fields[fieldMember], fields["AppMemberDefinedData"] = m.id, listed
	s.fire(c, afterMemberField, fields, tallyKey{})
}
