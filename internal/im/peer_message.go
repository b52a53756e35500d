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

const (
	// MaxRoamingMessages is how many messages one read of a conversation asks for. The upper bound is not documented,
	// and an answer has at most 13 KB anyway.
	MaxRoamingMessages = 100
	// MaxLifetime is how long at most IM keeps a message for an account that is offline.
	MaxLifetime = 7 * 24 * time.Hour
	// flagRecalled marks a message that its sender took back.
	flagRecalled = 8
)

// SenderCopy says whether a message also belongs to its sender's side of the conversation.
type SenderCopy int

const (
	// SenderCopyDefault leaves it to IM, which keeps the message in the sender's history.
	SenderCopyDefault SenderCopy = 0
	// SenderCopyShown also shows the message on the sender's terminals that are online.
	SenderCopyShown SenderCopy = 1
	// SenderCopyNone hides the message from the sender: it is missing from the terminals and from the history that is
	// read as the sender, see RoamingQuery.
	SenderCopyNone SenderCopy = 2
)

// PeerMessage is a message from one account to another (C2C).
type PeerMessage struct {
	// From and To are imported accounts.
	From, To string
	// Seq orders the messages of one second. Together with From, Random and the content it identifies the message:
	// within 120 s a repeat is dropped.
	Seq, Random uint32
	// Body is the MsgBody, a JSON array of elements; with CloudCustomData at most 12 KB. It is sent as it is.
	Body            json.RawMessage
	CloudCustomData string
	// ForbidBeforeCallback and ForbidAfterCallback keep IM from calling back about this message.
	ForbidBeforeCallback bool
	ForbidAfterCallback  bool
	// SenderCopy is about the sender's own terminals and history.
	SenderCopy SenderCopy
	// Lifetime is how long IM keeps the message for a recipient who is offline: 0 = as long as it can, else whole
	// seconds up to MaxLifetime.
	Lifetime time.Duration
	// OnlineOnly reaches a recipient who is online, and nobody else ever: no history has it. It leaves no room for a
	// Lifetime.
	OnlineOnly bool
	// WithoutUnread does not count as unread, WithoutPreview does not become the latest message in lists of
	// conversations.
	WithoutUnread, WithoutPreview bool
	// Quietly respects that the recipient has muted the notifications of this conversation.
	Quietly bool
}

// SentPeerMessage is a message that IM has taken.
type SentPeerMessage struct {
	// Key names the message. Empty when the provider did not tell.
	Key string
	// ID is the name that SDK clients have for the message. Empty when the provider did not tell.
	ID string
	// Time has whole seconds, by the provider's clock. Zero when the provider did not tell.
	Time time.Time
}

// SendPeerMessage sends a message from one account to another (IM REST contract, section 6.1).
//
// UnknownOutcome: it may have been taken. The same message sent again within 120 s of the first attempt is delivered
// once, because the request is then equal byte for byte; the client does not do that by itself, since only the caller
// knows when the first attempt was. Any other error says that it was not taken. Unavailable and RateLimited may be
// tried again later, and the client has tried some times. NotFound: one of the accounts does not exist. NotPermitted:
// the application's own callback, or the policy for the case that it fails, refused.
func (c *Client) SendPeerMessage(ctx context.Context, message PeerMessage) (SentPeerMessage, error) {
	question, err := message.wire()
	if err != nil {
		return SentPeerMessage{}, err
	}
	var answer wireSentPeerMessage
	if err := ask(ctx, c.calls, sendMsg, question, &answer); err != nil {
		return SentPeerMessage{}, err
	}
	return answer.message(), nil
}

// RoamingMessage is a message in the history of a conversation.
type RoamingMessage struct {
	From, To    string
	Seq, Random uint32
	Key         string
	// Time has whole seconds.
	Time            time.Time
	Body            json.RawMessage
	CloudCustomData string
	// Recalled: its sender took it back.
	Recalled bool
}

// RoamingQuery asks for a part of a conversation's history.
type RoamingQuery struct {
	// UserID is whose history is read, PeerID the other party. Both directions are in it. What was sent on behalf of
	// UserID with SenderCopyNone is not.
	UserID, PeerID string
	// From and Until bound the time of the messages, both included, in whole seconds.
	From, Until time.Time
	// LastKey continues behind the page that had it, with Until its time: pages go backwards.
	LastKey string
}

// RoamingPage is a part of a conversation's history.
type RoamingPage struct {
	// Messages in the order in which the provider has them, which is meant to be that of time.
	Messages []RoamingMessage
	// Next asks for what is before. Nil when this was the last page, or when the answer does not lead on.
	Next *RoamingQuery
	// Complete: the provider says that nothing is before. When it is false and Next is nil, messages that cannot be
	// asked for may be missing: that one is not in the history is then no proof that it was not sent.
	Complete bool
}

// RoamingMessages reads a page of a conversation's history (IM REST contract, section 6.3). It goes back as far as the
// plan keeps messages, 7 days by default.
func (c *Client) RoamingMessages(ctx context.Context, query RoamingQuery) (RoamingPage, error) {
	for _, userID := range []string{query.UserID, query.PeerID} {
		if !validUserID(userID) {
			return RoamingPage{}, invalidUserID(adminGetRoamMsg, userID)
		}
	}
	question := wireRoamingQuery{
		OperatorAccount: query.UserID, PeerAccount: query.PeerID, MaxCnt: MaxRoamingMessages,
		MinTime: query.From.Unix(), MaxTime: query.Until.Unix(), LastMsgKey: query.LastKey,
	}
	var answer wireRoamingPage
	if err := ask(ctx, c.calls, adminGetRoamMsg, question, &answer); err != nil {
		return RoamingPage{}, err
	}
	return answer.page(query), nil
}

type wirePeerMessage struct {
	SyncOtherMachine      SenderCopy      `json:"SyncOtherMachine,omitempty"`
	FromAccount           string          `json:"From_Account"`
	ToAccount             string          `json:"To_Account"`
	MsgLifeTime           *int64          `json:"MsgLifeTime,omitempty"`
	MsgSeq                uint32          `json:"MsgSeq"`
	MsgRandom             uint32          `json:"MsgRandom"`
	MsgBody               json.RawMessage `json:"MsgBody"`
	CloudCustomData       string          `json:"CloudCustomData,omitempty"`
	ForbidCallbackControl []string        `json:"ForbidCallbackControl,omitempty"`
	SendMsgControl        []string        `json:"SendMsgControl,omitempty"`
}

// wire checks what the provider would refuse, or where it is not documented what it does, and makes the question.
func (m PeerMessage) wire() (wirePeerMessage, error) {
	for _, userID := range []string{m.From, m.To} {
		if !validUserID(userID) {
			return wirePeerMessage{}, invalidUserID(sendMsg, userID)
		}
	}
	if size := len(m.Body) + len(m.CloudCustomData); size > maxMessageBytes {
		return wirePeerMessage{}, invalidArgument(sendMsg, "the message has %d of at most %d bytes", size, maxMessageBytes)
	}
	var elements []json.RawMessage
	if json.Unmarshal(m.Body, &elements) != nil || len(elements) == 0 {
		return wirePeerMessage{}, invalidArgument(sendMsg, "the message has no elements")
	}
	question := wirePeerMessage{
		FromAccount: m.From, ToAccount: m.To, MsgSeq: m.Seq, MsgRandom: m.Random,
		MsgBody: m.Body, CloudCustomData: m.CloudCustomData, SyncOtherMachine: m.SenderCopy,
		ForbidCallbackControl: withoutCallbacks(m.ForbidBeforeCallback, m.ForbidAfterCallback), SendMsgControl: m.controls(),
	}
	// Whether IM shortens or refuses a longer lifetime is not documented.
	seconds := int64(m.Lifetime / time.Second)
	switch {
	case m.SenderCopy < SenderCopyDefault || m.SenderCopy > SenderCopyNone:
		return wirePeerMessage{}, invalidArgument(sendMsg, "the sender's copy is not one of the known ones")
	case m.Lifetime != 0 && m.OnlineOnly:
		return wirePeerMessage{}, invalidArgument(sendMsg, "a message for those who are online has no lifetime")
	case m.Lifetime < 0 || m.Lifetime > MaxLifetime || m.Lifetime%time.Second != 0:
		return wirePeerMessage{}, invalidArgument(sendMsg, "the lifetime must be whole seconds, at most %d", int64(MaxLifetime/time.Second))
	case seconds > 0 || m.OnlineOnly:
		question.MsgLifeTime = &seconds
	}
	return question, nil
}

// controls names how terminals are to treat the message.
func (m PeerMessage) controls() []string {
	var names []string
	if m.WithoutUnread {
		names = append(names, "NoUnread")
	}
	if m.WithoutPreview {
		names = append(names, "NoLastMsg")
	}
	if m.Quietly {
		names = append(names, "WithMuteNotifications")
	}
	return names
}

type wireSentPeerMessage struct {
	MsgTime number `json:"MsgTime"`
	MsgKey  text   `json:"MsgKey"`
	MsgID   text   `json:"MsgId"`
}

func (w *wireSentPeerMessage) message() SentPeerMessage {
	sent := SentPeerMessage{Key: string(w.MsgKey), ID: string(w.MsgID)}
	if w.MsgTime > 0 {
		sent.Time = time.Unix(int64(w.MsgTime), 0).UTC()
	}
	return sent
}

type wireRoamingQuery struct {
	OperatorAccount string `json:"Operator_Account"`
	PeerAccount     string `json:"Peer_Account"`
	MaxCnt          int    `json:"MaxCnt"`
	MinTime         int64  `json:"MinTime"`
	MaxTime         int64  `json:"MaxTime"`
	LastMsgKey      string `json:"LastMsgKey,omitempty"`
}

type wireRoamingPage struct {
	Complete    number `json:"Complete"`
	LastMsgTime number `json:"LastMsgTime"`
	LastMsgKey  text   `json:"LastMsgKey"`
	MsgList     []struct {
		FromAccount     string          `json:"From_Account"`
		ToAccount       string          `json:"To_Account"`
		MsgSeq          number          `json:"MsgSeq"`
		MsgRandom       number          `json:"MsgRandom"`
		MsgTimeStamp    number          `json:"MsgTimeStamp"`
		MsgFlagBits     number          `json:"MsgFlagBits"`
		MsgKey          text            `json:"MsgKey"`
		MsgBody         json.RawMessage `json:"MsgBody"`
		CloudCustomData string          `json:"CloudCustomData"`
	} `json:"MsgList"`
}

// page reads an answer to a query. Who follows Next comes to an end even if the provider keeps to one place.
func (w *wireRoamingPage) page(query RoamingQuery) RoamingPage {
	page := RoamingPage{Messages: make([]RoamingMessage, 0, len(w.MsgList)), Complete: w.Complete != 0}
	for _, m := range w.MsgList {
		page.Messages = append(page.Messages, RoamingMessage{
			From: m.FromAccount, To: m.ToAccount, Seq: uint32(m.MsgSeq), Random: uint32(m.MsgRandom), Key: string(m.MsgKey),
			Time: time.Unix(int64(m.MsgTimeStamp), 0).UTC(), Body: m.MsgBody, CloudCustomData: m.CloudCustomData,
			Recalled: m.MsgFlagBits&flagRecalled != 0,
		})
	}
	leads := w.LastMsgKey != "" && string(w.LastMsgKey) != query.LastKey && w.LastMsgTime > 0
	if !page.Complete && leads {
		next := query
		next.Until, next.LastKey = time.Unix(int64(w.LastMsgTime), 0).UTC(), string(w.LastMsgKey)
		page.Next = &next
	}
	return page
}
