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
	"math"
	"regexp"
	"slices"
	"strings"
)

const (
	maxChatTargets   = 500
	maxLifetime      = 7 * 24 * 3600
	trialDailySends  = 1000
	maxRoamingPage   = 100
	maxRoamingBytes  = 13 << 10
	messageFlagGone  = 8
	syncToSender     = 1
	syncNotToSender  = 2
	importHistory    = 2
	importRealTime   = 5
	messageKeyFormat = "%d_%d_%d"
)

var messageKeyPattern = regexp.MustCompile(`^[0-9]{1,10}_[0-9]{1,10}_[0-9]{1,10}$`)

// chatKey recognises a repeated one-to-one message.
type chatKey struct {
	from             string
	seq, random, sum uint32
}

// chatDraft is what sendmsg and batchsendmsg have in common.
type chatDraft struct {
	from        string
	seq, random uint32
	body        messageBody
	hideSender  bool
	onlineOnly  bool
	history     bool // imported as long read
	noUnread    bool // does not count as unread

	forbidBefore, forbidAfter bool // callbacks that a REST call does without
}

// readChatDraft reads the common fields. The MsgSeq of a message that has none
// is random, so that only a sender who sets it can repeat a message safely.
func (s *Simulator) readChatDraft(c *call, seqCode int) chatDraft {
	var draft chatDraft
	sync, _ := c.integerOr(codeChatSync, syncToSender, syncNotToSender, "SyncOtherMachine")
	draft.hideSender = sync == syncNotToSender
	from, given := c.textOr(codeChatFrom, fieldFrom)
	draft.from = c.identifier
	if given {
		draft.from = from
	}
	draft.forbidBefore, draft.forbidAfter = c.forbids(forbidBefore), c.forbids(forbidAfter)
	control, _ := c.texts("SendMsgControl")
	draft.noUnread = slices.Contains(control, "NoUnread")
	seq, sequenced := c.integerOr(seqCode, 0, math.MaxUint32, fieldMsgSeq)
	draft.seq = uint32(seq)
	if !sequenced {
		draft.seq = s.drawSeq(c)
	}
	random, present := c.integerOr(codeChatRandom, 0, math.MaxUint32, "MsgRandom")
	if !present {
		c.fail(codeChatRandom, "MsgRandom is required")
	}
	draft.random = uint32(random)
	lifetime, limited := c.integerOr(codeChatLifetimeType, math.MinInt64, math.MaxInt64, "MsgLifeTime")
	switch {
	case limited && lifetime < 0, lifetime > maxLifetime && s.options.RefuseLongLifetime:
		c.fail(codeChatLifetime, "MsgLifeTime is at most %d seconds", maxLifetime)
	case limited && lifetime == 0:
		draft.onlineOnly = true
	}
	draft.onlineOnly = draft.onlineOnly || c.flag("OnlineOnlyFlag")
	if _, isObject := c.fields["OfflinePushInfo"].(map[string]any); c.has("OfflinePushInfo") && !isObject {
		c.fail(codeChatPush, "OfflinePushInfo must be an object")
	}
	draft.body = c.readMessage(chatMessageCodes)
	return draft
}

// drawSeq draws the MsgSeq of a message that was given none. It stays the same
// when a call is read again after its callback.
func (s *Simulator) drawSeq(c *call) uint32 {
	if c.drawnSeq == nil {
		drawn := s.random.Uint32()
		c.drawnSeq = &drawn
	}
	return *c.drawnSeq
}

// dailyCap refuses a send above the daily total of the trial edition.
func (s *Simulator) dailyCap(c *call) *Refusal {
	if s.options.TrialEdition && s.sends.add(c.now, 0) >= trialDailySends {
		return refuse(s.options.RateLimitCode, "the trial edition sends at most %d messages per day", trialDailySends)
	}
	s.sends.add(c.now, 1)
	return nil
}

// repeatKey recognises a repeat of the message.
func (d chatDraft) repeatKey() chatKey {
	return chatKey{from: d.from, seq: d.seq, random: d.random, sum: d.body.checksum}
}

// stamp gives the draft its time and key, which are the same before and after
// its callback.
func (d chatDraft) stamp(c *call) sentMessage {
	at := c.began.Unix()
	return sentMessage{time: at, key: fmt.Sprintf(messageKeyFormat, d.seq, d.random, at)}
}

// acceptChat filters a draft and gives it a key. A repeat within the window
// returns what the first message got, and true. The local filter sees what the
// callback has made of the message.
func (s *Simulator) acceptChat(c *call, draft *chatDraft) (sentMessage, bool, *Refusal) {
	key := draft.repeatKey()
	if first, repeated := s.chatRepeats.seen(key, c.now); repeated {
		return first, true, nil
	}
	sent := draft.stamp(c)
	c.ruling.rewrite(&draft.body)
	if !s.audit.apply(&draft.body) {
		return sent, false, refuse(codeTextBlocked, "the text is blocked")
	}
	s.chatRepeats.remember(key, sent, c.now)
	return sent, false, nil
}

func messageID(key string) string { return "sim-" + strings.ReplaceAll(key, "_", "-") }

// readChatSend reads and checks sendmsg.
func (s *Simulator) readChatSend(c *call) (draft chatDraft, to string, err error) {
	if _, listed := c.fields[fieldTo].([]any); listed {
		c.fail(codeChatTo, "To_Account must be a string")
	}
	to, present := c.account(fieldTo)
	if !present || to == "" {
		c.fail(codeChatTo, "To_Account is required")
	}
	draft = s.readChatDraft(c, codeChatFormat)
	if err := c.err(); err != nil {
		return draft, to, err
	}
	return draft, to, s.chatParties(draft.from, to)
}

// chatParties checks that both sides of a conversation exist.
func (s *Simulator) chatParties(from, to string) error {
	if _, exists := s.accounts[from]; !exists {
		return refuse(codeMessageAccount, "From_Account is not imported")
	}
	if _, exists := s.accounts[to]; !exists {
		return refuse(codeChatToMissing, "To_Account is not registered")
	}
	return nil
}

// askToChat makes the question before a message, unless it is a repeat.
func (s *Simulator) askToChat(c *call, draft chatDraft, to string) *question {
	if _, repeated := s.chatRepeats.seen(draft.repeatKey(), c.now); repeated || draft.forbidBefore {
		return nil
	}
	return &question{command: beforeSendChat, origin: c.origin, fields: chatFields(draft, to, draft.stamp(c)), message: true}
}

func (s *Simulator) askSendMsg(c *call) (*question, error) {
	draft, to, err := s.readChatSend(c)
	if err != nil {
		return nil, err
	}
	return s.askToChat(c, draft, to), nil
}

func (s *Simulator) sendMsg(c *call) (answer, error) {
	draft, to, err := s.readChatSend(c)
	if err != nil {
		return nil, err
	}
	if refusal := s.dailyCap(c); refusal != nil {
		return nil, refusal
	}
	sent, _, err := s.deliverChat(c, draft, to)
	if err != nil {
		return nil, err
	}
	return answer{"MsgTime": sent.time, "MsgKey": sent.key, fieldMsgID: messageID(sent.key)}, nil
}

// deliverChat puts a message into its conversation and tells of the outcome,
// unless the receiver of callbacks has rejected it.
func (s *Simulator) deliverChat(c *call, draft chatDraft, to string) (sent sentMessage, dropped string, err error) {
	if c.ruling.drops(chatRulings) {
		return draft.stamp(c), dropCallback, nil
	}
	if refusal := c.ruling.refusal(chatRulings); refusal != nil {
		if refusal.Code == codeCallbackFailed {
			s.fireChat(c, draft, to, draft.stamp(c), refusal)
		}
		return sentMessage{}, "", refusal
	}
	sent, repeated, refusal := s.acceptChat(c, &draft)
	if refusal != nil {
		s.fireChat(c, draft, to, sent, refusal)
		return sentMessage{}, "", refusal
	}
	if !repeated {
		s.storeChat(draft, to, sent)
		s.fireChat(c, draft, to, sent, nil)
	}
	return sent, "", nil
}

// storeChat puts a message into the conversation of its two parties.
func (s *Simulator) storeChat(draft chatDraft, to string, sent sentMessage) {
	s.chats.add(chatMessage{
		from: draft.from, to: to, seq: draft.seq, random: draft.random, time: sent.time, key: sent.key,
		body: draft.body, hideSender: draft.hideSender, onlineOnly: draft.onlineOnly, read: draft.history,
		missed: draft.onlineOnly && !s.isOnline(to),
	})
	s.converse(draft.from, to, 0)
	unread := 1
	if draft.onlineOnly || draft.history || draft.noUnread {
		unread = 0
	}
	s.converse(to, draft.from, unread)
}

// isOnline reports whether an account has a terminal that is connected.
func (s *Simulator) isOnline(id string) bool {
	user, ok := s.accounts[id]
	return ok && user.online == presenceOnline
}

// converse notes that an account has a conversation, with more unread messages.
func (s *Simulator) converse(id, peer string, unread int) {
	user, ok := s.accounts[id]
	if !ok {
		return
	}
	if user.conversation == nil {
		user.conversation = map[string]int{}
	}
	user.conversation[peer] += unread
}

func (s *Simulator) batchSendMsg(c *call) (answer, error) {
	targets, present := c.accounts(fieldTo)
	switch {
	case !present || len(targets) == 0:
		c.fail(codeChatTo, "To_Account is required")
	case len(targets) > maxChatTargets:
		c.fail(codeChatTooMany, "To_Account has %d accounts, at most %d are allowed", len(targets), maxChatTargets)
	}
	draft := s.readChatDraft(c, codeChatSeq)
	if err := c.err(); err != nil {
		return nil, err
	}
	if _, exists := s.accounts[draft.from]; !exists {
		return nil, refuse(codeChatFrom, "From_Account does not exist")
	}
	failed := []answer{}
	var reached []string
	for _, to := range targets {
		if _, exists := s.accounts[to]; exists {
			reached = append(reached, to)
		} else {
			failed = append(failed, answer{fieldTo: to, "ErrorCode": codeAccountMissing})
		}
	}
	if len(reached) == 0 {
		return nil, refuse(codeChatToMissing, "invalid To_Account")
	}
	sent, repeated, refusal := s.acceptChat(c, &draft)
	if refusal != nil {
		return nil, refusal
	}
	if !repeated {
		for _, to := range reached {
			s.storeChat(draft, to, sent)
		}
	}
	result := answer{"MsgKey": sent.key, "MsgId": messageID(sent.key)}
	if len(failed) > 0 {
		result["ActionStatus"], result["ErrorList"] = "SomeError", failed
	}
	return result, nil
}

// importMsg stores a message of the past. Of imports with equal MsgSeq,
// MsgRandom and MsgTimeStamp in one conversation, the first wins for ever.
func (s *Simulator) importMsg(c *call) (answer, error) {
	kind, present := c.integerOr(codeChatSyncOld, importHistory, importRealTime, "SyncFromOldSystem")
	if !present || (kind != importHistory && kind != importRealTime) {
		c.fail(codeChatSyncOld, "SyncFromOldSystem must be %d or %d", importHistory, importRealTime)
	}
	from, _ := c.textOr(codeChatFrom, "From_Account")
	to, _ := c.account(fieldTo)
	seq, sequenced := c.integerOr(codeChatFormat, 0, math.MaxUint32, fieldMsgSeq)
	if !sequenced {
		seq = int64(s.random.Uint32())
	}
	random, given := c.integerOr(codeChatRandom, 0, math.MaxUint32, "MsgRandom")
	if !given {
		c.fail(codeChatRandom, "MsgRandom is required")
	}
	at, dated := c.integerOr(codeChatTime, 0, forever, "MsgTimeStamp")
	if !dated {
		c.fail(codeChatTime, "MsgTimeStamp is required")
	}
	body := c.readMessage(chatMessageCodes)
	if err := c.err(); err != nil {
		return nil, err
	}
	if _, exists := s.accounts[from]; !exists {
		return nil, refuse(codeChatFrom, "From_Account is missing or does not exist")
	}
	if _, exists := s.accounts[to]; !exists {
		return nil, refuse(codeChatTo, "To_Account is missing or does not exist")
	}
	key := fmt.Sprintf(messageKeyFormat, seq, random, at)
	if s.chats.find(from, to, key) == nil && s.chats.find(to, from, key) == nil {
		draft := chatDraft{from: from, seq: uint32(seq), random: uint32(random), body: body, history: kind == importHistory}
		s.storeChat(draft, to, sentMessage{time: at, key: key})
	}
	return nil, nil
}

func (s *Simulator) adminMsgWithdraw(c *call) (answer, error) {
	from, _ := c.textOr(codeChatFrom, "From_Account")
	to, _ := c.account(fieldTo)
	key, _ := c.textOr(codeChatKey, "MsgKey")
	if err := c.err(); err != nil {
		return nil, err
	}
	switch {
	case from == "":
		return nil, refuse(codeChatFrom, "From_Account is required")
	case to == "":
		return nil, refuse(codeChatTo, "To_Account is required")
	case !messageKeyPattern.MatchString(key):
		return nil, refuse(codeChatKey, "MsgKey is invalid")
	}
	message := s.chats.find(from, to, key)
	switch {
	case message == nil || message.onlineOnly:
		return nil, refuse(codeMessageGone, "the message does not exist")
	case message.recalled:
		return nil, refuse(codeMessageRecalled, "the message was recalled already")
	}
	message.recalled = true
	s.fireWithdrawn(c, message)
	return nil, nil
}
