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

// groupType is a group type under its old name, the one that the provider
// answers with.
type groupType string

const (
	typePublic    groupType = "Public"
	typePrivate   groupType = "Private"
	typeMeeting   groupType = "ChatRoom"
	typeLive      groupType = "AVChatRoom"
	typeCommunity groupType = "Community"
)

var allGroupTypes = []groupType{typePublic, typePrivate, typeMeeting, typeLive, typeCommunity}

// parseGroupType reads either spelling of a type.
func parseGroupType(name string) (groupType, bool) {
	switch name {
	case "Work":
		return typePrivate, true
	case "Meeting":
		return typeMeeting, true
	}
	for _, kind := range allGroupTypes {
		if name == string(kind) {
			return kind, true
		}
	}
	return "", false
}

// typeName spells a type for an answer.
func (s *Simulator) typeName(kind groupType) string {
	if s.options.CurrentTypeNames {
		switch kind {
		case typePrivate:
			return "Work"
		case typeMeeting:
			return "Meeting"
		case typePublic, typeLive, typeCommunity:
		}
	}
	return string(kind)
}

// storesMembers reports whether the type has a member list. A live group only
// knows who is watching.
func (t groupType) storesMembers() bool { return t != typeLive }

// hasAdmins reports whether a member can be made administrator.
func (t groupType) hasAdmins() bool { return t != typePrivate && t != typeLive }

// mutesMembers reports whether single members can be muted.
func (t groupType) mutesMembers() bool { return t != typePrivate }

// hasHistory reports whether messages are stored, read back and recalled.
func (t groupType) hasHistory() bool { return t != typeLive }

// hasCounters reports whether the type has counters.
func (t groupType) hasCounters() bool { return t != typeCommunity }

// ownerMayLeave reports whether the owner can leave the group.
func (t groupType) ownerMayLeave() bool { return t == typePrivate }

// historyBeforeJoin reports whether HistoryMsgBeforeJoin can be set.
func (t groupType) historyBeforeJoin() bool {
	return t == typePrivate || t == typePublic || t == typeMeeting
}
