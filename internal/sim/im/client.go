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

// Errors of what clients do carry the code that the SDK would see; errors.As
// with *Refusal finds it.

// JoinViewer lets an account enter a group as an SDK client does: a live group
// as a viewer, another as a member. Being there already is a success.
func (s *Simulator) JoinViewer(groupID, userID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.groupByID(groupID)
	if err != nil {
		return err
	}
	now := s.now()
	switch {
	case s.accounts[userID] == nil:
		return refuse(codeGroupNoUser, "account %s does not exist", userID)
	case g.members.get(userID) != nil:
		return nil
	case g.bannedUntil(userID, now.Unix()) != 0:
		return refuse(codeGroupPermission, "account %s is banned", userID)
	case g.kind.storesMembers() && int64(len(g.members.order)) >= g.maxMembers:
		return refuse(codeGroupFull, "the group is full")
	case g.applyJoin == "DisableApply":
		return refuse(codeGroupPermission, "the group takes no applications")
	}
	s.enroll(g, &member{id: userID, joined: now.Unix()})
	s.notify(g.id, now, Notice{Type: NoticeMemberJoined, Operator: userID, Accounts: []string{userID}})
	return nil
}

// LeaveViewer lets an account leave a group. Not being there is a success.
func (s *Simulator) LeaveViewer(groupID, userID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.groupByID(groupID)
	if err != nil {
		return err
	}
	if g.kind.storesMembers() && userID == g.owner && !g.kind.ownerMayLeave() {
		return refuse(codeOwnerLeaves, "the owner may not leave")
	}
	if !s.expel(g, userID) {
		return nil
	}
	if g.kind.storesMembers() && userID == g.owner {
		g.owner = ""
	}
	s.notify(g.id, s.now(), Notice{Type: NoticeMemberLeft, Operator: userID, Accounts: []string{userID}})
	return nil
}

// ClientMessage is a group message as an SDK client sends it.
type ClientMessage struct {
	From string `json:"from"`
	// Text sends a text element; CustomData a custom element with Ext and Desc.
	Text       string `json:"text,omitempty"`
	CustomData string `json:"customData,omitempty"`
	CustomExt  string `json:"customExt,omitempty"`
	CustomDesc string `json:"customDesc,omitempty"`
	// Priority is High, Normal, Low or Lowest; empty means Normal.
	Priority string `json:"priority,omitempty"`
	// Random 0 means a fresh one.
	Random    uint32 `json:"random,omitempty"`
	CloudData string `json:"cloudData,omitempty"`
}

func (m ClientMessage) elements() []any {
	var elements []any
	if m.Text != "" {
		elements = append(elements, map[string]any{"MsgType": "TIMTextElem", "MsgContent": map[string]any{"Text": m.Text}})
	}
	if m.CustomData != "" {
		elements = append(elements, map[string]any{"MsgType": "TIMCustomElem", "MsgContent": map[string]any{
			"Data": m.CustomData, "Ext": m.CustomExt, "Desc": m.CustomDesc, "Sound": ""}})
	}
	return elements
}

// MessageReceipt is what a client is told about its message.
type MessageReceipt struct {
	Seq  uint64 `json:"seq"`
	Time int64  `json:"time"`
	// Dropped is the reason when the message was lost although its sender is
	// told that it was sent.
	Dropped string `json:"dropped,omitempty"`
}

// SendAsClient sends a message into a group as an SDK client does: the sender
// must be in the group and may be muted, unlike a back end.
func (s *Simulator) SendAsClient(groupID string, message ClientMessage) (MessageReceipt, error) {
	priority, ok := priorities[orDefault(message.Priority, "Normal")]
	if !ok {
		return MessageReceipt{}, fmt.Errorf("priority %q: must be High, Normal, Low or Lowest", message.Priority)
	}
	elements := message.elements()
	if len(elements) == 0 {
		return MessageReceipt{}, fmt.Errorf("message: text or custom data is required")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.groupByID(groupID)
	if err != nil {
		return MessageReceipt{}, err
	}
	c := &call{now: s.now(), identifier: message.From, params: newParams(map[string]any{
		"MsgBody": elements, "CloudCustomData": message.CloudData,
	}, groupService)}
	body := c.readMessage(groupMessageCodes)
	if err := c.err(); err != nil {
		return MessageReceipt{}, err
	}
	if g.members.get(message.From) == nil {
		return MessageReceipt{}, refuse(codeGroupPermission, "the sender is not in the group")
	}
	if refusal := s.maySpeak(g, message.From, c.unix()); refusal != nil {
		return MessageReceipt{}, refusal
	}
	random := message.Random
	if random == 0 {
		random = s.random.Uint32()
	}
	sent, dropped, refusal := s.postToGroup(c, g, groupDraft{from: message.From, random: random, priority: priority, body: body})
	if refusal != nil {
		return MessageReceipt{}, refusal
	}
	return MessageReceipt{Seq: sent.seq, Time: sent.time, Dropped: dropped}, nil
}

// SetPresence sets what query_online_status answers for an account: Online,
// PushOnline or Offline, with the terminals of its details.
func (s *Simulator) SetPresence(userID, state string, platforms ...PlatformStatus) error {
	if !slices.Contains([]string{presenceOnline, presencePushOnline, presenceOffline}, state) {
		return fmt.Errorf("presence %q: must be Online, PushOnline or Offline", state)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	user, ok := s.accounts[userID]
	if !ok {
		return refuse(codeAccountMissing, "account %s does not exist", userID)
	}
	user.online, user.platforms = state, slices.Clone(platforms)
	return nil
}
