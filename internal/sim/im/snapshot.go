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
	"maps"
	"slices"
	"time"
)

// GroupState is what the simulator holds about a group.
type GroupState struct {
	GroupID         string            `json:"groupID"`
	Type            string            `json:"type"` // under the old name
	Name            string            `json:"name"`
	Introduction    string            `json:"introduction"`
	Notification    string            `json:"notification"`
	FaceURL         string            `json:"faceURL"`
	Owner           string            `json:"owner"`
	ApplyJoinOption string            `json:"applyJoinOption"`
	MuteAllMember   string            `json:"muteAllMember"` // On or Off
	CreateTime      int64             `json:"createTime"`    // UNIX seconds
	LastInfoTime    int64             `json:"lastInfoTime"`
	InfoSeq         uint64            `json:"infoSeq"`
	NextMsgSeq      uint64            `json:"nextMsgSeq"`
	MaxMembers      int64             `json:"maxMembers"`
	CustomFields    map[string]string `json:"customFields,omitempty"`
	Attributes      map[string]string `json:"attributes,omitempty"`
	Counters        map[string]int64  `json:"counters,omitempty"`
	// Administrators are those of a live group, or the members with role Admin.
	Administrators []string `json:"administrators,omitempty"`
	// Members are the members, or the present viewers of a live group, in the
	// order in which they joined.
	Members []MemberState `json:"members,omitempty"`
	// Muted and Banned say until when, in UNIX seconds; 4294967295 is for ever.
	Muted  map[string]int64 `json:"muted,omitempty"`
	Banned map[string]int64 `json:"banned,omitempty"`
	// Messages is how many messages are kept, Notices how many there were.
	Messages int    `json:"messages"`
	Notices  uint64 `json:"notices"`
}

// MemberState is one member of a group.
type MemberState struct {
	UserID       string            `json:"userID"`
	Role         string            `json:"role"`
	JoinTime     int64             `json:"joinTime"`
	NameCard     string            `json:"nameCard,omitempty"`
	CustomFields map[string]string `json:"customFields,omitempty"`
}

// AccountState is what the simulator holds about an account.
type AccountState struct {
	UserID     string    `json:"userID"`
	ImportTime time.Time `json:"importTime"`
	// Profile holds the tags that were ever set: string or int64.
	Profile  map[string]any `json:"profile,omitempty"`
	Presence string         `json:"presence"`
	Robot    bool           `json:"robot,omitempty"`
	Groups   []string       `json:"groups,omitempty"`
	// ChatMutedUntil and GroupMutedUntil are UNIX seconds, 0 if not muted.
	ChatMutedUntil  int64 `json:"chatMutedUntil,omitempty"`
	GroupMutedUntil int64 `json:"groupMutedUntil,omitempty"`
}

// MessageState is one kept message.
type MessageState struct {
	From       string `json:"from"`
	To         string `json:"to,omitempty"` // of a one-to-one message
	Seq        uint64 `json:"seq"`
	Random     uint32 `json:"random"`
	Time       int64  `json:"time"`
	Key        string `json:"key,omitempty"`
	Priority   int    `json:"priority,omitempty"`
	Recalled   bool   `json:"recalled,omitempty"`
	OnlineOnly bool   `json:"onlineOnly,omitempty"`
	Body       []any  `json:"body"`
	CloudData  string `json:"cloudCustomData,omitempty"`
}

// FieldState is one defined custom field.
type FieldState struct {
	Name  string `json:"name"`
	Scope string `json:"scope"`
	// EffectiveAt says from when the field works, by group type; profile
	// fields have one entry under the empty name.
	EffectiveAt map[string]time.Time `json:"effectiveAt"`
}

// KeywordState is one local audit keyword.
type KeywordState struct {
	Keyword  string `json:"keyword"`
	Regexp   bool   `json:"regexp,omitempty"`
	Blocks   bool   `json:"blocks,omitempty"` // instead of replacing
	Replaced string `json:"replaced,omitempty"`
}

// Group returns a copy of a group's state.
func (s *Simulator) Group(id string) (GroupState, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.groups[id]
	if !ok {
		return GroupState{}, false
	}
	return s.groupState(g), true
}

// Groups returns copies of all groups in the order of their creation.
func (s *Simulator) Groups() []GroupState {
	return s.groupPage(0, maxGroups)
}

func (s *Simulator) groupPage(offset, limit int) []GroupState {
	s.mu.Lock()
	defer s.mu.Unlock()
	states := []GroupState{}
	for _, g := range window(s.groupOrder, offset, limit) {
		states = append(states, s.groupState(g))
	}
	return states
}

// window returns the part of a list that an offset and a limit ask for.
func window[T any](list []T, offset, limit int) []T {
	from := min(max(offset, 0), len(list))
	return list[from:min(from+max(limit, 0), len(list))]
}

func (s *Simulator) groupState(g *group) GroupState {
	now := s.now().Unix()
	state := GroupState{
		GroupID: g.id, Type: string(g.kind), Name: g.name, Introduction: g.introduction, Notification: g.notification,
		FaceURL: g.faceURL, Owner: g.owner, ApplyJoinOption: g.applyJoin, MuteAllMember: onOff(g.muteAll),
		CreateTime: g.created, LastInfoTime: g.lastInfo, InfoSeq: g.infoSeq, NextMsgSeq: g.nextMsgSeq, MaxMembers: g.maxMembers,
		CustomFields: maps.Clone(g.custom), Attributes: maps.Clone(g.attributes), Counters: maps.Clone(g.counters),
		Administrators: slices.Clone(g.liveAdmins),
	}
	for _, m := range g.members.order {
		role := g.role(m.id)
		state.Members = append(state.Members, MemberState{
			UserID: m.id, Role: role, JoinTime: m.joined, NameCard: m.nameCard, CustomFields: maps.Clone(m.custom),
		})
		if role == roleAdmin && g.kind != typeLive {
			state.Administrators = append(state.Administrators, m.id)
		}
	}
	for id := range g.muted {
		if until := g.mutedUntil(id, now); until != 0 {
			state.Muted = put(state.Muted, id, until)
		}
	}
	for _, entry := range g.bannedMembers(now) {
		state.Banned = put(state.Banned, entry.id, entry.until)
	}
	if g.messages != nil {
		state.Messages = len(g.messages.items)
	}
	if log, ok := s.notices[g.id]; ok {
		state.Notices = log.notices.total
	}
	return state
}

func put(entries map[string]int64, key string, value int64) map[string]int64 {
	if entries == nil {
		entries = map[string]int64{}
	}
	entries[key] = value
	return entries
}

// Account returns a copy of an account's state.
func (s *Simulator) Account(id string) (AccountState, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	user, ok := s.accounts[id]
	if !ok {
		return AccountState{}, false
	}
	return user.state(s.now().Unix()), true
}

// Accounts returns copies of all accounts in the order of their import.
func (s *Simulator) Accounts() []AccountState { return s.accountPage(0, maxAccounts) }

func (s *Simulator) accountPage(offset, limit int) []AccountState {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now().Unix()
	states := []AccountState{}
	for _, id := range window(s.accountOrder, offset, limit) {
		states = append(states, s.accounts[id].state(now))
	}
	return states
}

func (a *account) state(now int64) AccountState {
	state := AccountState{
		UserID: a.id, ImportTime: a.imported, Presence: a.online, Robot: a.robot,
		Groups: slices.Sorted(maps.Keys(a.groups)),
	}
	if len(a.profile) > 0 {
		state.Profile = maps.Clone(a.profile)
	}
	if a.chatMuted > now {
		state.ChatMutedUntil = a.chatMuted
	}
	if a.groupMuted > now {
		state.GroupMutedUntil = a.groupMuted
	}
	return state
}

// Fields returns the defined custom fields, by scope and name.
func (s *Simulator) Fields() []FieldState {
	s.mu.Lock()
	defer s.mu.Unlock()
	states := []FieldState{}
	for _, scope := range []fieldScope{scopeGroup, scopeMember, scopeProfile} {
		for _, name := range slices.Sorted(maps.Keys(s.fields.scopes[scope])) {
			state := FieldState{Name: name, Scope: string(scope), EffectiveAt: map[string]time.Time{}}
			for kind, at := range s.fields.scopes[scope][name].effective {
				state.EffectiveAt[string(kind)] = at
			}
			states = append(states, state)
		}
	}
	return states
}

// Keywords returns the local audit keywords in the order of their arrival.
func (s *Simulator) Keywords() []KeywordState {
	s.mu.Lock()
	defer s.mu.Unlock()
	states := []KeywordState{}
	for _, word := range s.audit.words {
		states = append(states, KeywordState{
			Keyword: word.text, Regexp: word.kind == keywordRegex, Blocks: word.filter == filterBlock, Replaced: word.replaced,
		})
	}
	return states
}

// GroupMessages returns the kept messages of a group, oldest first.
func (s *Simulator) GroupMessages(groupID string) []MessageState {
	s.mu.Lock()
	defer s.mu.Unlock()
	states := []MessageState{}
	g, ok := s.groups[groupID]
	if !ok || g.messages == nil {
		return states
	}
	for _, m := range g.messages.all() {
		states = append(states, MessageState{
			From: m.from, Seq: m.seq, Random: m.random, Time: m.time, Priority: m.priority, Recalled: m.recalled,
			OnlineOnly: m.onlineOnly, Body: m.body.elements, CloudData: m.body.cloud,
		})
	}
	return states
}

// ChatMessages returns the kept messages between two accounts, oldest first,
// including those that no history shows.
func (s *Simulator) ChatMessages(one, other string) []MessageState {
	return s.chatStates(one, other, func(chatMessage) bool { return true })
}

// ChatView returns what a client of the viewer shows of its conversation with a
// peer, oldest first: messages of one second in the order of their MsgSeq,
// recalled ones marked, without those that were sent for the viewer and hidden
// from it, and without those for accounts that are online if it was not.
func (s *Simulator) ChatView(viewer, peer string) []MessageState {
	return s.chatStates(viewer, peer, func(m chatMessage) bool { return m.shownTo(viewer) })
}

func (s *Simulator) chatStates(one, other string, shown func(chatMessage) bool) []MessageState {
	s.mu.Lock()
	defer s.mu.Unlock()
	states := []MessageState{}
	for _, m := range s.chats.between(one, other) {
		if !shown(m) {
			continue
		}
		states = append(states, MessageState{
			From: m.from, To: m.to, Seq: uint64(m.seq), Random: m.random, Time: m.time, Key: m.key, Recalled: m.recalled,
			OnlineOnly: m.onlineOnly, Body: m.body.elements, CloudData: m.body.cloud,
		})
	}
	return states
}
