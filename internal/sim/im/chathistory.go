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
	"cmp"
	"encoding/json"
	"slices"
)

const (
	maxConversations        = 20_000
	maxConversationMessages = 500
)

// chatMessage is one stored one-to-one message.
type chatMessage struct {
	from, to    string
	seq, random uint32
	time        int64
	key         string
	body        messageBody
	recalled    bool
	hideSender  bool // missing from the sender's history
	onlineOnly  bool // delivered, but in nobody's history
	missed      bool // its recipient was not online to get it
	read        bool
}

// chatPair names a conversation: its two parties in order.
type chatPair struct{ a, b string }

func pairOf(one, other string) chatPair {
	if one > other {
		one, other = other, one
	}
	return chatPair{a: one, b: other}
}

// chatStore holds the last messages of the last conversations.
type chatStore struct {
	conversations map[chatPair]*ring[chatMessage]
	order         []chatPair
}

func newChatStore() *chatStore {
	return &chatStore{conversations: map[chatPair]*ring[chatMessage]{}}
}

func (s *chatStore) add(message chatMessage) {
	pair := pairOf(message.from, message.to)
	messages, ok := s.conversations[pair]
	if !ok {
		messages = newRing[chatMessage](maxConversationMessages)
		s.conversations[pair] = messages
		s.order = append(s.order, pair)
		if len(s.order) > maxConversations {
			delete(s.conversations, s.order[0])
			s.order = s.order[1:]
		}
	}
	messages.push(message)
}

func (s *chatStore) forget(one, other string) {
	pair := pairOf(one, other)
	if _, ok := s.conversations[pair]; !ok {
		return
	}
	delete(s.conversations, pair)
	s.order = slices.DeleteFunc(s.order, func(p chatPair) bool { return p == pair })
}

// find returns the message with the key that one account sent to the other.
func (s *chatStore) find(from, to, key string) *chatMessage {
	messages, ok := s.conversations[pairOf(from, to)]
	if !ok {
		return nil
	}
	var found *chatMessage
	messages.each(func(message *chatMessage) bool {
		if message.key == key && message.from == from && message.to == to {
			found = message
		}
		return found == nil
	})
	return found
}

// between returns the messages of a conversation by time and MsgSeq.
func (s *chatStore) between(one, other string) []chatMessage {
	messages, ok := s.conversations[pairOf(one, other)]
	if !ok {
		return nil
	}
	all := messages.all()
	slices.SortStableFunc(all, func(x, y chatMessage) int {
		return cmp.Or(cmp.Compare(x.time, y.time), cmp.Compare(x.seq, y.seq))
	})
	return all
}

// markRead notes that an account has read what its peer sent.
func (s *chatStore) markRead(reader, peer string) {
	messages, ok := s.conversations[pairOf(reader, peer)]
	if !ok {
		return
	}
	messages.each(func(message *chatMessage) bool {
		message.read = message.read || message.from == peer
		return true
	})
}

// shownTo reports whether a client of the viewer, one of the two parties, shows
// the message.
func (m chatMessage) shownTo(viewer string) bool {
	if m.from == viewer {
		return !m.hideSender
	}
	return !m.missed
}

// adminGetRoamMsg pages backwards through the history that one party sees.
func (s *Simulator) adminGetRoamMsg(c *call) (answer, error) {
	operator, _ := c.textOr(codeChatFrom, "Operator_Account", "From_Account")
	peer, _ := c.account("Peer_Account", fieldTo)
	most, counted := c.integer(1, forever, "MaxCnt")
	from, begins := c.integer(0, forever, "MinTime")
	to, ends := c.integer(0, forever, "MaxTime")
	lastKey, _ := c.text("LastMsgKey")
	if err := c.err(); err != nil {
		return nil, err
	}
	switch {
	case operator == "" || s.accounts[operator] == nil:
		return nil, refuse(codeChatFrom, "Operator_Account is missing or does not exist")
	case peer == "":
		return nil, refuse(codeChatTo, "Peer_Account is required")
	case !counted || !begins || !ends:
		return nil, refuse(codeChatJSON, "MaxCnt, MinTime and MaxTime are required")
	}
	from = max(from, c.now.Add(-s.options.RoamingPeriod).Unix())
	var visible []chatMessage
	for _, message := range s.chats.between(operator, peer) {
		if lastKey != "" && message.key == lastKey {
			break
		}
		stored := !message.onlineOnly && message.shownTo(operator)
		if stored && message.time >= from && message.time <= to {
			visible = append(visible, message)
		}
	}
	page, complete := lastPage(visible, int(min(most, maxRoamingPage)))
	listed := make([]answer, 0, len(page))
	for _, message := range page {
		listed = append(listed, message.show())
	}
	result := answer{"Complete": boolNumber(complete), "MsgCnt": len(page), "MsgList": listed, "LastMsgTime": 0, "LastMsgKey": ""}
	if len(page) > 0 {
		result["LastMsgTime"], result["LastMsgKey"] = page[0].time, page[0].key
	}
	return result, nil
}

// lastPage returns the newest messages that fit into an answer, at least one,
// and whether these are all.
func lastPage(messages []chatMessage, most int) ([]chatMessage, bool) {
	size, start := 0, len(messages)
	for start > 0 && len(messages)-start < most {
		encoded, err := json.Marshal(messages[start-1].show())
		if err != nil {
			break
		}
		size += len(encoded)
		if size > maxRoamingBytes && start < len(messages) {
			break
		}
		start--
	}
	return messages[start:], start == 0
}

func (m chatMessage) show() answer {
	flags := 0
	if m.recalled {
		flags = messageFlagGone
	}
	return answer{
		"From_Account": m.from, fieldTo: m.to, fieldMsgSeq: m.seq, "MsgRandom": m.random,
		"MsgTimeStamp": m.time, "MsgClientTime": m.time, "MsgFlagBits": flags, "IsPeerRead": boolNumber(m.read), "MsgKey": m.key,
		"MsgBody": m.body.elements, "CloudCustomData": m.body.cloud,
	}
}
