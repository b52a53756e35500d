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

// Values of IsPlaceMsg and IsFinished.
const (
	placeOrdinary  = 0
	placeRecalled  = 2
	historyMore    = 0
	historyAllSent = 1
)

// groupMsgRecall recalls messages one by one; failed ones do not fail the
// call.
func (s *Simulator) groupMsgRecall(c *call) (answer, error) {
	g, err := s.findGroup(c)
	if err != nil {
		return nil, err
	}
	items := c.requiredObjects(maxRecalled, codeGroupParameter, "MsgSeqList")
	var sequences []uint64
	for _, item := range items {
		sequence, present := item.integer(0, forever, fieldMsgSeq)
		if !present {
			c.fail(codeGroupParameter, "MsgSeq is required")
		}
		sequences = append(sequences, uint64(sequence))
	}
	reason, _ := c.text("Reason")
	if err := c.err(); err != nil {
		return nil, err
	}
	if !g.kind.hasHistory() {
		return nil, refuse(codeRecallType, "messages of a group of type %s cannot be recalled", g.kind)
	}
	results := make([]answer, 0, len(sequences))
	var recalled []uint64
	for _, sequence := range sequences {
		code := g.recall(sequence)
		if code == 0 {
			recalled = append(recalled, sequence)
		}
		results = append(results, answer{fieldMsgSeq: sequence, "RetCode": code})
	}
	if len(recalled) > 0 {
		s.notify(g.id, c.now, Notice{Type: NoticeMessageRecalled, Operator: c.identifier, Text: reason})
		s.fireRecalled(c, g, recalled)
	}
	return answer{"RecallRetList": results}, nil
}

// recall marks one message as recalled and returns the code of the item.
func (g *group) recall(sequence uint64) int {
	code := codeRecallMissing
	if g.messages == nil {
		return code
	}
	g.messages.each(func(message *groupMessage) bool {
		if message.seq != sequence || message.onlineOnly {
			return true
		}
		code = codeRecallRefused
		if !message.recalled {
			message.recalled, code = true, 0
		}
		return false
	})
	return code
}

// deleteGroupMsgBySender recalls what one account sent; in a live group it
// does nothing and succeeds.
func (s *Simulator) deleteGroupMsgBySender(c *call) (answer, error) {
	g, err := s.findGroup(c)
	if err != nil {
		return nil, err
	}
	sender := c.requiredAccount("Sender_Account")
	if err := c.err(); err != nil {
		return nil, err
	}
	if !g.kind.hasHistory() || g.messages == nil {
		return nil, nil
	}
	recalled := false
	g.messages.each(func(message *groupMessage) bool {
		if message.from == sender && !message.recalled {
			message.recalled, recalled = true, true
		}
		return true
	})
	if recalled {
		s.notify(g.id, c.now, Notice{Type: NoticeMessageRecalled, Operator: c.identifier, Accounts: []string{sender}})
	}
	return nil, nil
}

// groupMsgGetSimple answers stored messages, the newest first.
func (s *Simulator) groupMsgGetSimple(c *call) (answer, error) {
	g, err := s.findGroup(c)
	if err != nil {
		return nil, err
	}
	most, counted := c.integer(1, maxSimpleMessages, "ReqMsgNumber")
	if !counted {
		c.fail(codeGroupParameter, "ReqMsgNumber is required")
	}
	newest, bounded := c.integer(0, forever, "ReqMsgSeq")
	withRecalled := c.flag("WithRecalledMsg")
	if err := c.err(); err != nil {
		return nil, err
	}
	if !g.kind.hasHistory() {
		return nil, refuse(codeNoHistory, "a group of type %s has no history", g.kind)
	}
	listed, finished := []answer{}, historyAllSent
	if g.messages != nil {
		g.messages.each(func(message *groupMessage) bool {
			if message.onlineOnly || (message.recalled && !withRecalled) || (bounded && message.seq > uint64(newest)) {
				return true
			}
			if int64(len(listed)) == most {
				finished = historyMore
				return false
			}
			listed = append(listed, message.show())
			return true
		})
	}
	return answer{fieldGroupID: g.id, "IsFinished": finished, "RspMsgList": listed}, nil
}

func (m *groupMessage) show() answer {
	place, body := placeOrdinary, m.body.elements
	if m.recalled {
		place, body = placeRecalled, []any{}
	}
	return answer{
		"From_Account": m.from, "IsPlaceMsg": place, "MsgBody": body, "MsgPriority": m.priority,
		"MsgRandom": m.random, fieldMsgSeq: m.seq, "MsgTimeStamp": m.time, "IsSystemMsg": 0,
		"CloudCustomData": m.body.cloud,
	}
}
