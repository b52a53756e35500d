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

// Package deadletter lets people see the messages that the relay has given up, try
// them again, or drop them. It serves a small API for the loopback, because the
// process that has the journal is the only one that can read it; the command
// "deadletters" is its client.
package deadletter

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/liveroom-io/liveroom-operator/webhook/journal"
	"github.com/liveroom-io/liveroom-operator/webhook/relay/conversation"
)

// Direction of a message.
type Direction string

const (
	// ToAgent: a customer wrote it.
	ToAgent Direction = "ToAgent"
	// ToCustomer: an agent wrote it.
	ToCustomer Direction = "ToCustomer"
)

// Unreadable is the cause of a letter that another version has written in a way that
// this one cannot read. It can be dropped only.
const Unreadable conversation.Cause = "Unreadable"

// Letter is a dead letter as people see it.
type Letter struct {
	// Sequence names the letter.
	Sequence uint64 `json:"sequence"`
	// Time of giving up.
	Time time.Time `json:"time"`
	// Account is the WeChatOfficialAccount as namespace/name, or its UID when it is gone.
	Account string `json:"account"`
	// Customer is the OpenID.
	Customer string `json:"customer"`
	// Direction of the message, and the agent who wrote it.
	Direction Direction `json:"direction,omitempty"`
	Agent     string    `json:"agent,omitempty"`
	// Cause, the provider's code (0 without one) and text.
	Cause  conversation.Cause `json:"cause"`
	Code   int                `json:"code,omitempty"`
	Detail string             `json:"detail,omitempty"`
	// Kind of the message and its text, if it has one.
	Kind string `json:"kind,omitempty"`
	Text string `json:"text,omitempty"`
	// Message as it was received: the push of WeChat, or the MsgBody of IM.
	Message json.RawMessage `json:"message,omitempty"`
}

// describe turns a stored letter into what people see. The decoded letter is nil if
// it cannot be read.
func describe(stored *journal.StoredLetter, account string) (Letter, *conversation.Letter) {
	letter := Letter{Sequence: stored.Sequence, Time: stored.Time.UTC(), Account: account, Customer: stored.Customer, Cause: Unreadable}
	decoded, err := conversation.DecodeLetter(stored.Data)
	if err != nil {
		return letter, nil
	}
	letter.Time = time.UnixMilli(decoded.Time).UTC()
	letter.Cause, letter.Code, letter.Detail = decoded.Cause, decoded.Code, decoded.Detail
	switch in, out := decoded.Entry.Inbound, decoded.Entry.Outbound; {
	case in != nil:
		letter.Direction, letter.Kind, letter.Text = ToAgent, string(in.Push.Kind), in.Push.Content
		if in.Push.Event != "" {
			letter.Text = in.Push.Event
		}
		letter.Message, _ = json.Marshal(in.Push)
	case out != nil:
		letter.Direction, letter.Agent = ToCustomer, out.Agent
		letter.Kind, letter.Text = elements(out.Body)
		letter.Message = out.Body
	}
	return letter, decoded
}

// elements names what a MsgBody consists of, and joins its texts.
func elements(body json.RawMessage) (kinds, text string) {
	var all []struct {
		MsgType    string
		MsgContent struct{ Text string }
	}
	_ = json.Unmarshal(body, &all) // what is there is shown
	var names, texts []string
	for _, e := range all {
		names = append(names, strings.TrimSuffix(strings.TrimPrefix(e.MsgType, "TIM"), "Elem"))
		if e.MsgContent.Text != "" {
			texts = append(texts, e.MsgContent.Text)
		}
	}
	return strings.Join(names, "+"), strings.Join(texts, " ")
}
