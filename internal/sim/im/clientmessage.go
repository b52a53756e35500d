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
	"bytes"
	"encoding/json"
	"fmt"
)

// MessageElement is one element of a message in the API's own form.
type MessageElement struct {
	Type    string         `json:"MsgType"`
	Content map[string]any `json:"MsgContent"`
}

// ClientMessage is a message as an SDK client sends it.
type ClientMessage struct {
	From string `json:"from"`
	// Text sends a text element; CustomData a custom element with Ext and Desc;
	// Elements, after these, elements of any kind.
	Text       string           `json:"text,omitempty"`
	CustomData string           `json:"customData,omitempty"`
	CustomExt  string           `json:"customExt,omitempty"`
	CustomDesc string           `json:"customDesc,omitempty"`
	Elements   []MessageElement `json:"elements,omitempty"`
	CloudData  string           `json:"cloudCustomData,omitempty"`
	// Priority is High, Normal, Low or Lowest; empty means Normal. Only groups
	// know it.
	Priority string `json:"priority,omitempty"`
	// Random and Seq 0 mean fresh ones. Groups give their messages a Seq
	// themselves.
	Random uint32 `json:"random,omitempty"`
	Seq    uint32 `json:"seq,omitempty"`
	// OnlineOnly reaches those who are online; a live group ignores it.
	OnlineOnly bool `json:"onlineOnly,omitempty"`
	// Platform is where callbacks say that it comes from; empty means Web.
	Platform string `json:"platform,omitempty"`
}

// elements brings the message into the form in which a request has it.
func (m ClientMessage) elements() ([]any, error) {
	var list []MessageElement
	if m.Text != "" {
		list = append(list, MessageElement{Type: "TIMTextElem", Content: map[string]any{"Text": m.Text}})
	}
	if m.CustomData != "" {
		list = append(list, MessageElement{Type: "TIMCustomElem", Content: map[string]any{
			"Data": m.CustomData, "Ext": m.CustomExt, "Desc": m.CustomDesc, "Sound": ""}})
	}
	list = append(list, m.Elements...)
	if len(list) == 0 {
		return nil, fmt.Errorf("message: text or custom data is required")
	}
	encoded, err := json.Marshal(list)
	if err != nil {
		return nil, fmt.Errorf("message: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.UseNumber()
	var elements []any
	if err := decoder.Decode(&elements); err != nil {
		return nil, fmt.Errorf("message: %w", err)
	}
	return elements, nil
}

// beginMessage begins what a client does to send the message.
func (s *Simulator) beginMessage(m ClientMessage) (*call, error) {
	c, err := s.clientCall(m.From, m.Platform)
	if err != nil {
		return nil, err
	}
	elements, err := m.elements()
	if err != nil {
		return nil, err
	}
	c.params = newParams(map[string]any{fieldMsgBody: elements, fieldCloud: m.CloudData}, groupService)
	return c, nil
}

// MessageReceipt is what a client is told about its message.
type MessageReceipt struct {
	Seq  uint64 `json:"seq"`
	Time int64  `json:"time"`
	// Key is that of a one-to-one message.
	Key string `json:"key,omitempty"`
	// Dropped is the reason when the message was lost although its sender is
	// told that it was sent: MsgFreqCtrl or Callback.
	Dropped string `json:"dropped,omitempty"`
}

// SendAsClient sends a message into a group as an SDK client does: the sender
// must be in the group and may be muted, unlike a back end. It waits for the
// callback before the message if there is one.
func (s *Simulator) SendAsClient(groupID string, message ClientMessage) (MessageReceipt, error) {
	return s.sendToGroup(groupID, message, nil)
}

// sendToGroup sends a client's message, which may be a load's.
func (s *Simulator) sendToGroup(groupID string, message ClientMessage, load *loadCall) (MessageReceipt, error) {
	priority, ok := priorities[orDefault(message.Priority, "Normal")]
	if !ok {
		return MessageReceipt{}, fmt.Errorf("priority %q: must be High, Normal, Low or Lowest", message.Priority)
	}
	c, err := s.beginMessage(message)
	if err != nil {
		return MessageReceipt{}, err
	}
	c.load = load
	draft := groupDraft{from: message.From, random: message.Random, priority: priority}
	var post posting
	_, err = s.act(c, beforeSendToGroup, func() (*question, error) {
		g, err := s.checkClientSend(c, groupID, &draft, message.OnlineOnly)
		if err != nil {
			return nil, err
		}
		return s.askToPost(c, g, draft), nil
	}, func() (answer, error) {
		g, err := s.checkClientSend(c, groupID, &draft, message.OnlineOnly)
		if err != nil {
			return nil, err
		}
		post, err = s.deliverToGroup(c, g, draft)
		return nil, err
	})
	if err != nil {
		return MessageReceipt{}, err
	}
	return MessageReceipt{Seq: post.sent.seq, Time: post.sent.time, Dropped: post.dropped}, nil
}

// checkClientSend finds the group, completes the draft and checks that its
// sender may send it.
func (s *Simulator) checkClientSend(c *call, groupID string, draft *groupDraft, onlineOnly bool) (*group, error) {
	g, err := s.groupByID(groupID)
	if err != nil {
		return nil, err
	}
	if draft.random == 0 {
		draft.random = s.random.Uint32()
	}
	draft.onlineOnly = onlineOnly && g.kind != typeLive
	draft.body = c.readMessage(groupMessageCodes)
	err = c.err()
	if err == nil && g.members.get(draft.from) == nil {
		err = refuse(codeGroupPermission, "the sender is not in the group")
	}
	if err == nil {
		if refusal := s.maySpeak(g, draft.from, c.unix()); refusal != nil {
			err = refusal
		}
	}
	if err != nil {
		s.fireGroupSendFailure(c, g, *draft, asRefusal(err))
		return nil, err
	}
	return g, nil
}

// SendChatAsClient sends a one-to-one message as an SDK client does: its sender
// may be muted. It waits for the callback before the message if there is one.
func (s *Simulator) SendChatAsClient(to string, message ClientMessage) (MessageReceipt, error) {
	c, err := s.beginMessage(message)
	if err != nil {
		return MessageReceipt{}, err
	}
	draft := chatDraft{from: message.From, seq: message.Seq, random: message.Random, onlineOnly: message.OnlineOnly}
	receipt := MessageReceipt{}
	_, err = s.act(c, beforeSendChat, func() (*question, error) {
		if err := s.checkClientChat(c, to, &draft); err != nil {
			return nil, err
		}
		return s.askToChat(c, draft, to), nil
	}, func() (answer, error) {
		if err := s.checkClientChat(c, to, &draft); err != nil {
			return nil, err
		}
		sent, dropped, err := s.deliverChat(c, draft, to)
		receipt = MessageReceipt{Seq: uint64(draft.seq), Time: sent.time, Key: sent.key, Dropped: dropped}
		return nil, err
	})
	if err != nil {
		return MessageReceipt{}, err
	}
	return receipt, nil
}

// checkClientChat completes the draft and checks that its sender may send it.
// A mute fails the delivery without any callback before it.
func (s *Simulator) checkClientChat(c *call, to string, draft *chatDraft) error {
	draft.body = c.readMessage(chatMessageCodes)
	if err := c.err(); err != nil {
		return err
	}
	if err := s.chatParties(draft.from, to); err != nil {
		return err
	}
	if draft.seq == 0 {
		draft.seq = s.random.Uint32()
	}
	if draft.random == 0 {
		draft.random = s.random.Uint32()
	}
	if s.accounts[draft.from].chatMuted > c.unix() {
		refusal := refuse(codeSenderMuted, "the sender is muted")
		s.fireChat(c, *draft, to, draft.stamp(c), refusal)
		return refusal
	}
	return nil
}

// ReadChat marks what an account got from its peer as read, as an SDK client
// does on a platform, empty for Web.
func (s *Simulator) ReadChat(platform, reader, peer string) error {
	c, err := s.clientCall(reader, platform)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.chatParties(reader, peer); err != nil {
		return err
	}
	if _, spoken := s.accounts[reader].conversation[peer]; spoken {
		s.accounts[reader].conversation[peer] = 0
	}
	s.chats.markRead(reader, peer)
	s.fireChatRead(c, reader, peer)
	return nil
}
