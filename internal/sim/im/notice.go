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

import "time"

const (
	// maxNoticesPerGroup bounds the log of one group.
	maxNoticesPerGroup = 512
	// maxBuriedGroups bounds how many destroyed groups keep their log.
	maxBuriedGroups = 4096
)

// NoticeType is the kind of a group notice.
type NoticeType string

// The group notices.
const (
	NoticeGroupCreated       NoticeType = "GroupCreated"
	NoticeGroupInfoChanged   NoticeType = "GroupInfoChanged"
	NoticeGroupDestroyed     NoticeType = "GroupDestroyed"
	NoticeOwnerChanged       NoticeType = "OwnerChanged"
	NoticeMemberJoined       NoticeType = "MemberJoined"
	NoticeMemberLeft         NoticeType = "MemberLeft"
	NoticeMemberKicked       NoticeType = "MemberKicked"
	NoticeMemberInfoChanged  NoticeType = "MemberInfoChanged"
	NoticeMemberMuted        NoticeType = "MemberMuted"
	NoticeMemberUnmuted      NoticeType = "MemberUnmuted"
	NoticeMemberBanned       NoticeType = "MemberBanned"
	NoticeMemberUnbanned     NoticeType = "MemberUnbanned"
	NoticeAdminSet           NoticeType = "AdminSet"
	NoticeAdminRevoked       NoticeType = "AdminRevoked"
	NoticeMarksChanged       NoticeType = "MarksChanged"
	NoticeAttributesChanged  NoticeType = "AttributesChanged"
	NoticeCountersChanged    NoticeType = "CountersChanged"
	NoticeMessageRecalled    NoticeType = "MessageRecalled"
	NoticeSystemNotification NoticeType = "SystemNotification"
)

// Notice is what SDK clients in a group would have been told.
type Notice struct {
	// Sequence counts from 1 per group ID, over destroyed and re-created
	// groups of that ID.
	Sequence uint64     `json:"sequence"`
	Type     NoticeType `json:"type"`
	Time     time.Time  `json:"time"`
	// Operator is the account that caused it.
	Operator string `json:"operator,omitempty"`
	// Fields are the changed fields in order, with their new values: base
	// fields under their wire name, custom fields, attributes and counters
	// under their key. A deleted one has an empty value.
	Fields []ChangedField `json:"fields,omitempty"`
	// Accounts are the members concerned.
	Accounts []string `json:"accounts,omitempty"`
	// Seconds is the length of a mute or ban.
	Seconds int64 `json:"seconds,omitempty"`
	// Text is the content of a system notification or the reason given.
	Text string `json:"text,omitempty"`
}

// ChangedField is one field of a notice.
type ChangedField struct {
	Name   string `json:"name"`
	Custom bool   `json:"custom,omitempty"`
	Value  string `json:"value"`
}

// noticeLog is the ordered log of one group ID.
type noticeLog struct{ notices *ring[Notice] }

// notify appends a notice to the log of a group.
func (s *Simulator) notify(groupID string, now time.Time, notice Notice) {
	log, ok := s.notices[groupID]
	if !ok {
		log = &noticeLog{notices: newRing[Notice](maxNoticesPerGroup)}
		s.notices[groupID] = log
	}
	notice.Sequence, notice.Time = log.notices.total+1, now
	log.notices.push(notice)
}

// Notices returns the notices of a group, oldest first, also after it was
// destroyed. Only the last 512 are kept.
func (s *Simulator) Notices(groupID string) []Notice {
	s.mu.Lock()
	defer s.mu.Unlock()
	log, ok := s.notices[groupID]
	if !ok {
		return nil
	}
	return log.notices.all()
}

func customChanges(values []FieldValue) []ChangedField {
	changes := make([]ChangedField, 0, len(values))
	for _, value := range values {
		changes = append(changes, ChangedField{Name: value.Name, Custom: true, Value: value.Value})
	}
	return changes
}
