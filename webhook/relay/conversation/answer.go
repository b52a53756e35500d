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

package conversation

import (
	"strings"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/wechat/push"
)

// ToldKind is what the answer to a push said, from a closed set.
type ToldKind string

// The kinds. An empty one is None.
const (
	ToldNone         ToldKind = "None"
	ToldWelcome      ToldKind = "Welcome"
	ToldTransferring ToldKind = "Transferring"
	ToldOutOfHours   ToldKind = "OutOfHours"
	ToldUnsupported  ToldKind = "Unsupported"
	// ToldReplies: what agents wrote before.
	ToldReplies ToldKind = "Replies"
)

// Told is what the answer to a push said.
type Told struct {
	Kind ToldKind `json:"kind,omitempty"`
	// Text of at most push.MaxTextBytes, "" for none.
	Text string `json:"text,omitempty"`
	// Claims are the replies in the text. They count as delivered.
	Claims []Claim `json:"claims,omitempty"`
}

// IsZero reports whether nothing was said. It is for omitzero, which takes an
// empty list for something.
func (t Told) IsZero() bool { return t.Kind == "" && t.Text == "" && len(t.Claims) == 0 }

// Claim names a waiting reply that an answer said: its pieces from From to before
// To, of Of that the whole message has. Only those of long replies do not all fit.
type Claim struct {
	ID   string `json:"id"`
	From int    `json:"from,omitempty"`
	To   int    `json:"to"`
	Of   int    `json:"of"`
}

// replyBreak stands between the replies in one answer.
const replyBreak = "\n"

// Answer decides what the customer is told at once in answer to a push: one text
// at most. c is the customer as last stored, nil for a new one, with the entries
// applied that were accepted since and are known to the caller: without them, two
// messages in one moment would both be answered with the same replies. open says
// whether agents are at work. Replies that wait for the customer come
// first, as many whole ones as fit; then what a session begins with. The text has to
// be part of the entry, so that repeats of the push are answered alike.
func Answer(c *Customer, m *push.Message, s *Settings, now time.Time, open bool) Told {
	if c == nil {
		c = New("")
	}
	event := m.Kind == push.Event
	switch {
	case event && m.Event == push.EventSubscribe:
		return say(ToldWelcome, s.Replies.Welcome)
	case event && !answerable(m):
		return Told{}
	}
	if told := c.waiting(s); len(told.Claims) > 0 {
		return told
	}
	switch {
	case m.Kind == push.Unknown:
		return say(ToldUnsupported, s.Replies.Unsupported)
	case !shown(m) || !c.begins(now, s):
		return Told{}
	case !open && s.Replies.OutOfHours != "":
		return say(ToldOutOfHours, s.Replies.OutOfHours)
	case !open:
		return Told{}
	default:
		return say(ToldTransferring, s.Replies.Transferring)
	}
}

func say(kind ToldKind, text string) Told {
	if text == "" {
		return Told{}
	}
	return Told{Kind: kind, Text: text}
}

// answerable events are acts of the customer who looks at the conversation.
func answerable(m *push.Message) bool {
	switch m.Event {
	case push.EventScan, push.EventClick, push.EventScanPush, push.EventScanWait:
		return true
	default:
		return false
	}
}

// begins: a message now is the first of a session.
func (c *Customer) begins(now time.Time, s *Settings) bool {
	return c.Active == 0 || c.Left != 0 || now.UnixMilli()-c.Active > s.SessionIdle.Milliseconds()
}

// waiting puts together the replies that an account without the right to send can
// give now.
func (c *Customer) waiting(s *Settings) Told {
	told := Told{Kind: ToldReplies}
	if !s.textOnly() || c.Left != 0 {
		return Told{}
	}
	var text strings.Builder
collect:
	for _, r := range c.Replies {
		if r.Doom != nil {
			continue
		}
		if len(r.Texts) == 0 {
			break // nobody has seen yet what it says, and it comes before the others
		}
		for i := r.Done; i < len(r.Texts); i++ {
			between := ""
			if len(told.Claims) > 0 {
				between = replyBreak
			}
			if text.Len()+len(between)+len(r.Texts[i]) > push.MaxTextBytes {
				break collect
			}
			_, _ = text.WriteString(between + r.Texts[i])
			if i == r.Done {
				told.Claims = append(told.Claims, Claim{ID: r.ID, From: r.Skip + i, Of: r.Skip + len(r.Texts)})
			}
			told.Claims[len(told.Claims)-1].To = r.Skip + i + 1
		}
	}
	told.Text = text.String()
	return told
}
