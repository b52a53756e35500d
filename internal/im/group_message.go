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
	"context"
	"encoding/json"
	"time"
)

// MessagePriority orders the messages of a group when there are more than 40 a second: IM drops lower ones first.
type MessagePriority string

// The priorities of messages. Empty means Normal.
const (
	PriorityHigh   MessagePriority = "High"
	PriorityNormal MessagePriority = "Normal"
	PriorityLow    MessagePriority = "Low"
)

const (
	// maxMessageBytes bounds the elements and the cloud data of a message, as they are sent.
	maxMessageBytes = 12 << 10

	typeText   = "TIMTextElem"
	typeCustom = "TIMCustomElem"
)

// MessageElement is one part of a message.
type MessageElement struct {
	// Type is the provider's name, such as TIMTextElem.
	Type string
	// Content is encoded to the JSON object that the type asks for.
	Content any
}

// TextElement is an element with text.
func TextElement(s string) MessageElement {
	return MessageElement{Type: typeText, Content: wireText{Text: s}}
}

// CustomElement is an element with the application's own data; a message has at most one. ext often is JSON.
func CustomElement(data, desc, ext string) MessageElement {
	return MessageElement{Type: typeCustom, Content: wireCustom{Data: data, Desc: desc, Ext: ext}}
}

// GroupMessage is a message to a group.
type GroupMessage struct {
	GroupID string
	// From is the sender, who must be an imported account. Empty: the administrator.
	From string
	// Random together with the content identifies the message: within five minutes a repeat is delivered once.
	Random   uint32
	Priority MessagePriority
	// Elements, at least one; with CloudCustomData at most 12 KB.
	Elements        []MessageElement
	CloudCustomData string
	// ForbidBeforeCallback and ForbidAfterCallback keep IM from calling back about this message.
	ForbidBeforeCallback bool
	ForbidAfterCallback  bool
}

// SentMessage is what became of a message to a group.
type SentMessage struct {
	// MsgSeq counts the messages of a group. In a live room it may be constant.
	MsgSeq int64
	// MsgTime has whole seconds, by the provider's clock. Zero when the provider did not tell.
	MsgTime time.Time
	// DroppedReason is not empty when the message was taken and not delivered: too many in this group at the time
	// (MsgFreqCtrl). It may be sent again with another Random.
	DroppedReason string
}

// SendGroupMessage sends a message to a group. A message that the provider drops for frequency is no error, see
// SentMessage. A repeat of the same message within five minutes is safe. NotFound: the group or the sender does not
// exist. NotPermitted: the sender is muted, or the application's own callback refused.
func (c *Client) SendGroupMessage(ctx context.Context, message GroupMessage) (SentMessage, error) {
	switch {
	case message.GroupID == "":
		return SentMessage{}, noGroupID(sendGroupMsg)
	case message.From != "" && !validUserID(message.From):
		return SentMessage{}, invalidUserID(sendGroupMsg, message.From)
	case len(message.Elements) == 0:
		return SentMessage{}, invalidArgument(sendGroupMsg, "the message has no elements")
	}
	question, err := message.wire()
	if err != nil {
		return SentMessage{}, err
	}
	var answer wireSentMessage
	if err := ask(ctx, c.calls, sendGroupMsg, question, &answer); err != nil {
		return SentMessage{}, err
	}
	return answer.message(), nil
}

// OnlineMembers is the number of members of a group who are online, 10 to 20 seconds late. For live rooms; for others
// only where the plan has it.
func (c *Client) OnlineMembers(ctx context.Context, groupID string) (int64, error) {
	if groupID == "" {
		return 0, noGroupID(getOnlineMemberNum)
	}
	var answer wireOnlineMembers
	if err := ask(ctx, c.calls, getOnlineMemberNum, wireGroupID{GroupID: groupID}, &answer); err != nil {
		return 0, err
	}
	return answer.count()
}

type wireText struct {
	Text string `json:"Text"`
}

type wireCustom struct {
	Data  string `json:"Data"`
	Desc  string `json:"Desc"`
	Ext   string `json:"Ext"`
	Sound string `json:"Sound"`
}

type wireElement struct {
	MsgType    string          `json:"MsgType"`
	MsgContent json.RawMessage `json:"MsgContent"`
}

type wireGroupMessage struct {
	GroupID               string        `json:"GroupId"`
	FromAccount           string        `json:"From_Account,omitempty"`
	Random                uint32        `json:"Random"`
	MsgPriority           string        `json:"MsgPriority,omitempty"`
	MsgBody               []wireElement `json:"MsgBody"`
	CloudCustomData       string        `json:"CloudCustomData,omitempty"`
	ForbidCallbackControl []string      `json:"ForbidCallbackControl,omitempty"`
}

// wire checks what the provider would refuse, or cut, and makes the question.
func (m GroupMessage) wire() (wireGroupMessage, error) {
	question := wireGroupMessage{
		GroupID: m.GroupID, FromAccount: m.From, Random: m.Random, MsgPriority: string(m.Priority),
		CloudCustomData: m.CloudCustomData, MsgBody: make([]wireElement, len(m.Elements)),
	}
	customs := 0
	for i, element := range m.Elements {
		content, err := json.Marshal(element.Content)
		if err != nil || element.Type == "" || len(content) == 0 || content[0] != '{' {
			return question, invalidArgument(sendGroupMsg, "element %d of the message is not a type with an object", i)
		}
		if element.Type == typeCustom {
			customs++
		}
		question.MsgBody[i] = wireElement{MsgType: element.Type, MsgContent: content}
	}
	if customs > 1 {
		return question, invalidArgument(sendGroupMsg, "%d custom elements, a message has at most one", customs)
	}
	encoded, err := json.Marshal(question.MsgBody)
	if size := len(encoded) + len(m.CloudCustomData); err != nil || size > maxMessageBytes {
		return question, invalidArgument(sendGroupMsg, "the message has %d of at most %d bytes", size, maxMessageBytes)
	}
	question.ForbidCallbackControl = withoutCallbacks(m.ForbidBeforeCallback, m.ForbidAfterCallback)
	return question, nil
}

// withoutCallbacks names the callbacks that IM is to leave out.
func withoutCallbacks(before, after bool) []string {
	var names []string
	if before {
		names = append(names, "ForbidBeforeSendMsgCallback")
	}
	if after {
		names = append(names, "ForbidAfterSendMsgCallback")
	}
	return names
}

type wireSentMessage struct {
	MsgTime       number `json:"MsgTime"`
	MsgSeq        number `json:"MsgSeq"`
	MsgDropReason text   `json:"MsgDropReason"`
}

func (w *wireSentMessage) message() SentMessage {
	sent := SentMessage{MsgSeq: int64(w.MsgSeq), DroppedReason: cleanInfo(string(w.MsgDropReason))}
	if w.MsgTime > 0 {
		sent.MsgTime = time.Unix(int64(w.MsgTime), 0).UTC()
	}
	return sent
}

type wireOnlineMembers struct {
	OnlineMemberNum *number `json:"OnlineMemberNum"`
}

func (w *wireOnlineMembers) count() (int64, error) {
	if w.OnlineMemberNum == nil {
		return 0, notMentioned(getOnlineMemberNum)
	}
	return max(0, int64(*w.OnlineMemberNum)), nil
}
