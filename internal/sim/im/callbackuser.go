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

import "strings"

// Callbacks about one-to-one messages, presence and profiles.

// chatSucceeded is the ErrorInfo of a delivered message.
const chatSucceeded = "send msg succeed"

// noUnread is the UnreadMsgNum of a message that was not delivered.
const noUnread = -1

func chatFields(draft chatDraft, to string, sent sentMessage) answer {
	return answer{
		fieldFrom: draft.from, fieldTo: to, fieldMsgSeq: draft.seq, "MsgRandom": draft.random, "MsgTime": sent.time,
		"MsgKey": sent.key, "OnlineOnlyFlag": boolNumber(draft.onlineOnly),
		fieldMsgBody: draft.body.elements, fieldCloud: draft.body.cloud, fieldMsgID: messageID(sent.key),
	}
}

// fireChat tells of a message that was delivered or, with a refusal, was not.
func (s *Simulator) fireChat(c *call, draft chatDraft, to string, sent sentMessage, refusal *Refusal) {
	if draft.forbidAfter || !s.callbacks.wants(afterSendChat) {
		return
	}
	fields := chatFields(draft, to, sent)
	if refusal == nil {
		fields["SendMsgResult"], fields["ErrorInfo"], fields["UnreadMsgNum"] = 0, chatSucceeded, s.unread(to)
	} else {
		fields["SendMsgResult"], fields["ErrorInfo"], fields["UnreadMsgNum"] = refusal.Code, refusal.Info, noUnread
	}
	s.fire(c, afterSendChat, fields, tallyKey{})
}

// unread counts the one-to-one messages that an account has not read.
func (s *Simulator) unread(id string) int {
	total := 0
	if user, ok := s.accounts[id]; ok {
		for _, count := range user.conversation {
			total += count
		}
	}
	return total
}

func (s *Simulator) fireChatRead(c *call, reader, peer string) {
	if s.callbacks.wants(afterChatRead) {
		s.fire(c, afterChatRead, answer{
			"Report_Account": reader, "Peer_Account": peer, "LastReadTime": c.unix(), "UnreadMsgNum": s.unread(reader),
		}, tallyKey{})
	}
}

func (s *Simulator) fireWithdrawn(c *call, message *chatMessage) {
	if s.callbacks.wants(afterChatWithdraw) {
		s.fire(c, afterChatWithdraw, answer{
			fieldFrom: message.from, fieldTo: message.to, "MsgKey": message.key, "UnreadMsgNum": s.unread(message.to),
		}, tallyKey{})
	}
}

// What happened to a connection, and why.
const (
	actionLogin      = "Login"
	actionLogout     = "Logout"
	actionDisconnect = "Disconnect"

	reasonRegister   = "Register"
	reasonUnregister = "Unregister"
	reasonLinkClose  = "LinkClose"
	reasonTimeOut    = "TimeOut"
)

// stateActions names the action of each reason.
var stateActions = map[string]string{
	reasonRegister: actionLogin, reasonUnregister: actionLogout, reasonLinkClose: actionDisconnect, reasonTimeOut: actionDisconnect,
}

// fireState tells of a connection that came or went. This callback alone
// spells the iPhone in capitals.
func (s *Simulator) fireState(c *call, id, reason string, kicked []string) {
	if !s.callbacks.wants(onStateChange) || s.options.closed(FeatureUserStatus) {
		return
	}
	fields := answer{"Info": answer{"Action": stateActions[reason], fieldTo: id, "Reason": reason}}
	if len(kicked) > 0 {
		devices := make([]answer, 0, len(kicked))
		for _, platform := range kicked {
			devices = append(devices, answer{"Platform": platform})
		}
		fields["KickedDevice"] = devices
	}
	from := c.origin
	if from.platform == platformPhone {
		from.platform = strings.ToUpper(platformPhone)
	}
	s.callbacks.fire(&callbackEvent{command: onStateChange, origin: from, at: c.now, fields: fields})
}

func (s *Simulator) fireProfile(c *call, id string, items []profileItem) {
	if len(items) == 0 || !s.callbacks.wants(onProfileSet) {
		return
	}
	listed := make([]answer, 0, len(items))
	for _, item := range items {
		listed = append(listed, answer{"Tag": item.tag, fieldValue: item.value})
	}
	s.fire(c, onProfileSet, answer{fieldOperator: c.identifier, fieldFrom: id, "ProfileItem": listed}, tallyKey{})
}
