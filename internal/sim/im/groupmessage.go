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
	"math"
	"slices"
)

const (
	maxDirectedTargets = 50
	maxMentions        = 30
	maxRecalled        = 10
	maxSimpleMessages  = 20
	maxGroupReach      = 500
	// messagesPerSecond is what the frequency control lets through per group.
	messagesPerSecond = 40
	dropFrequency     = "MsgFreqCtrl"
)

// Priorities of group messages, as the history answers them.
const (
	priorityHigh   = 1
	priorityNormal = 2
	priorityLow    = 3
	priorityLowest = 4
)

var priorities = map[string]int{"High": priorityHigh, "Normal": priorityNormal, "Low": priorityLow, "Lowest": priorityLowest}

// groupMessage is one message of a group.
type groupMessage struct {
	seq        uint64
	from       string
	random     uint32
	time       int64
	priority   int
	body       messageBody
	onlineOnly bool
	recalled   bool
	to         []string // directed to these members only
}

// groupKey recognises a repeated group message.
type groupKey struct {
	group, sender string
	random, sum   uint32
}

// messageFlow counts the messages of one second, by priority.
type messageFlow struct {
	second int64
	counts [priorityLowest + 1]int
}

// admit applies the frequency control. A message competes with those of its
// own and higher priorities only, so that lower ones are dropped first.
func (f *messageFlow) admit(now int64, priority int) bool {
	if f.second != now {
		*f = messageFlow{second: now}
	}
	competing := 0
	for level := priorityHigh; level <= priority; level++ {
		competing += f.counts[level]
	}
	if competing >= messagesPerSecond {
		return false
	}
	f.counts[priority]++
	return true
}

// groupDraft is a group message before it is accepted.
type groupDraft struct {
	from       string
	random     uint32
	priority   int
	body       messageBody
	onlineOnly bool
	to         []string

	forbidBefore, forbidAfter bool // callbacks that a REST call does without
}

// posting is what became of a message that was not refused.
type posting struct {
	sent     sentMessage
	dropped  string // why it was lost although its sender is told of success
	repeated bool   // sent is what the first of equal messages got
}

// maySpeak refuses a sender who is muted or banned, or who is not privileged
// while all are muted.
func (s *Simulator) maySpeak(g *group, id string, now int64) *Refusal {
	user := s.accounts[id]
	switch {
	case g.mutedUntil(id, now) != 0, user != nil && user.groupMuted > now:
		return refuse(codeGroupMuted, "the sender is muted")
	case g.bannedUntil(id, now) != 0:
		return refuse(codeGroupMuted, "the sender is banned")
	case g.muteAll && !g.privileged(id) && !slices.Contains(s.options.Administrators, id):
		return refuse(codeGroupMuted, "all members are muted")
	}
	return nil
}

// groupKey recognises a repeat of the message.
func (s *Simulator) groupKey(g *group, draft groupDraft) groupKey {
	if s.options.DedupBySender {
		return groupKey{group: g.id, random: draft.random, sender: draft.from}
	}
	return groupKey{group: g.id, random: draft.random, sum: draft.body.checksum}
}

// postToGroup filters, counts and stores a message. A repeat within the window
// gets what the first one got. The local filter sees what the callback has
// made of the message.
func (s *Simulator) postToGroup(c *call, g *group, draft *groupDraft) (posting, *Refusal) {
	key := s.groupKey(g, *draft)
	if first, repeated := s.groupRepeats.seen(key, c.now); repeated && c.load == nil {
		return posting{sent: first, repeated: true}, nil
	}
	if refusal := c.ruling.refusal(groupMessageRulings); refusal != nil {
		return posting{}, refusal
	}
	if c.ruling.drops(groupMessageRulings) {
		return posting{sent: sentMessage{time: c.unix()}, dropped: dropCallback}, nil
	}
	c.ruling.rewrite(&draft.body)
	if !s.audit.apply(&draft.body) {
		return posting{}, refuse(codeTextBlocked, "the text is blocked")
	}
	if c.load == nil && !g.flow.admit(c.unix(), draft.priority) {
		return posting{sent: sentMessage{time: c.unix()}, dropped: dropFrequency}, nil
	}
	sent := sentMessage{time: c.unix(), seq: g.nextMsgSeq}
	if g.kind == typeLive && s.options.ConstantLiveSeq {
		sent.seq = 1
	} else {
		g.nextMsgSeq++
	}
	g.lastMessage = c.unix()
	if m := g.members.get(draft.from); m != nil {
		m.lastSend = c.unix()
	}
	if c.load != nil {
		return posting{sent: sent}, nil
	}
	if g.messages == nil {
		g.messages = newRing[groupMessage](maxGroupMessages)
	}
	g.messages.push(groupMessage{
		seq: sent.seq, from: draft.from, random: draft.random, time: sent.time, priority: draft.priority,
		body: draft.body, onlineOnly: draft.onlineOnly, to: draft.to,
	})
	s.groupRepeats.remember(key, sent, c.now)
	return posting{sent: sent}, nil
}

// deliverToGroup posts a message for its sender and tells of the outcome.
func (s *Simulator) deliverToGroup(c *call, g *group, draft groupDraft) (posting, error) {
	post, refusal := s.postToGroup(c, g, &draft)
	switch {
	case refusal != nil:
		s.fireGroupSendFailure(c, g, draft, refusal)
		return posting{}, refusal
	case post.dropped == "" && !post.repeated:
		s.fireGroupMessage(c, g, draft, post.sent)
	}
	return post, nil
}

// askToPost makes the question before a message, unless it is a repeat.
func (s *Simulator) askToPost(c *call, g *group, draft groupDraft) *question {
	if _, repeated := s.groupRepeats.seen(s.groupKey(g, draft), c.now); repeated || draft.forbidBefore {
		return nil
	}
	return &question{command: beforeSendToGroup, origin: c.origin, fields: groupMessageFields(c, g, draft), message: true}
}

// readGroupSend finds the group of send_group_msg and reads and checks the
// message. A message that is refused although its group exists is told of.
func (s *Simulator) readGroupSend(c *call) (*group, groupDraft, error) {
	g, err := s.findGroup(c)
	if err != nil {
		return nil, groupDraft{}, err
	}
	draft, err := s.readGroupDraft(c, g)
	if err == nil && c.has(fieldFrom) {
		if _, exists := s.accounts[draft.from]; !exists {
			err = refuse(codeGroupNoUser, "From_Account does not exist")
		} else if refusal := s.maySpeak(g, draft.from, c.unix()); refusal != nil {
			err = refusal
		}
	}
	if err != nil {
		s.fireGroupSendFailure(c, g, draft, asRefusal(err))
	}
	return g, draft, err
}

func (s *Simulator) askSendGroupMsg(c *call) (*question, error) {
	g, draft, err := s.readGroupSend(c)
	if err != nil {
		return nil, err
	}
	return s.askToPost(c, g, draft), nil
}

func (s *Simulator) sendGroupMsg(c *call) (answer, error) {
	g, draft, err := s.readGroupSend(c)
	if err != nil {
		return nil, err
	}
	post, err := s.deliverToGroup(c, g, draft)
	if err != nil {
		return nil, err
	}
	result := answer{"MsgTime": post.sent.time, fieldMsgSeq: post.sent.seq}
	if post.dropped == dropFrequency {
		result["MsgDropReason"] = post.dropped
	}
	return result, nil
}

// readGroupDraft reads the fields of send_group_msg.
func (s *Simulator) readGroupDraft(c *call, g *group) (groupDraft, error) {
	draft := groupDraft{from: c.identifier, priority: priorityNormal}
	random, present := c.integer(0, math.MaxUint32, "Random")
	if !present {
		c.fail(codeGroupParameter, "Random is required")
	}
	draft.random = uint32(random)
	if name, given := c.choice("MsgPriority", "High", "Normal", "Low", "Lowest"); given {
		draft.priority = priorities[name]
	}
	if from, given := c.account(fieldFrom); given {
		draft.from = from
	}
	draft.forbidBefore, draft.forbidAfter = c.forbids(forbidBefore), c.forbids(forbidAfter)
	draft.onlineOnly = c.flag("OnlineOnlyFlag")
	control, _ := c.texts("SendMsgControl")
	draft.to, _ = c.accounts(fieldTo)
	mentions, _ := c.objects("GroupAtInfo")
	atAll := false
	for _, mention := range mentions {
		atAll = mention.flag("GroupAtAllFlag") || atAll
		mention.account("GroupAt_Account")
	}
	draft.body = c.readMessage(groupMessageCodes)
	if err := c.err(); err != nil {
		return draft, err
	}
	live := g.kind == typeLive
	switch {
	case len(mentions) > maxMentions:
		return draft, refuse(codeTooManyMentions, "GroupAtInfo has at most %d targets", maxMentions)
	case atAll && live, draft.onlineOnly && live, slices.Contains(control, "NoUnread") && live:
		return draft, refuse(codeGroupParameter, "@all, OnlineOnlyFlag and NoUnread are not for a group of type %s", g.kind)
	case draft.onlineOnly && len(control) > 0:
		return draft, refuse(codeGroupParameter, "SendMsgControl cannot go with OnlineOnlyFlag")
	case len(draft.to) > maxDirectedTargets:
		return draft, refuse(codeGroupTooMany, "To_Account has at most %d accounts", maxDirectedTargets)
	case len(draft.to) > 0 && s.options.closed(FeatureDirectedMessages):
		return draft, refuse(codeNeedsPlan, "directed messages are not in the plan")
	case len(draft.to) > 0 && (live || g.kind == typeCommunity):
		return draft, refuse(codeGroupParameter, "directed messages are not for a group of type %s", g.kind)
	}
	return draft, nil
}

// sendGroupSystemNotification reaches those who are online and is not stored;
// repeats are sent again.
func (s *Simulator) sendGroupSystemNotification(c *call) (answer, error) {
	g, err := s.findGroup(c)
	if err != nil {
		return nil, err
	}
	content := c.requiredText("Content")
	ids, _ := c.accounts("ToMembers_Account")
	if err := c.err(); err != nil {
		return nil, err
	}
	switch {
	case len(ids) > maxGroupReach:
		return nil, refuse(codeGroupTooMany, "ToMembers_Account has at most %d accounts", maxGroupReach)
	case len(ids) > 0 && g.kind == typeLive:
		return nil, refuse(codeGroupParameter, "a notification in a group of type %s goes to everybody", g.kind)
	case len(content) > maxMessageBytes:
		return nil, refuse(codeGroupMessageTooLong, "Content has at most %d bytes", maxMessageBytes)
	}
	s.notify(g.id, c.now, Notice{Type: NoticeSystemNotification, Operator: c.identifier, Accounts: ids, Text: content})
	return nil, nil
}

// sendBroadcastMsg sends one message into every live group.
func (s *Simulator) sendBroadcastMsg(c *call) (answer, error) {
	if s.options.closed(FeatureBroadcast) {
		return nil, refuse(codeGroupPermission, "broadcast is not enabled")
	}
	draft := groupDraft{from: c.identifier, priority: priorityHigh}
	random, present := c.integer(0, math.MaxUint32, "Random")
	if !present {
		c.fail(codeGroupParameter, "Random is required")
	}
	draft.random = uint32(random)
	if from, given := c.account("From_Account"); given {
		draft.from = from
	}
	draft.body = c.readMessage(groupMessageCodes)
	if err := c.err(); err != nil {
		return nil, err
	}
	if _, exists := s.accounts[draft.from]; !exists {
		return nil, refuse(codeGroupNoUser, "From_Account does not exist")
	}
	key := groupKey{random: draft.random, sum: draft.body.checksum}
	if first, repeated := s.groupRepeats.seen(key, c.now); repeated {
		return answer{fieldMsgSeq: first.seq}, nil
	}
	s.broadcasts++
	sent := sentMessage{time: c.unix(), seq: s.broadcasts}
	s.groupRepeats.remember(key, sent, c.now)
	for _, g := range s.groupOrder {
		if g.kind == typeLive {
			// Filtered or not, a broadcast has one answer for all groups.
			copied := draft
			_, _ = s.postToGroup(c, g, &copied)
		}
	}
	return answer{fieldMsgSeq: sent.seq}, nil
}
