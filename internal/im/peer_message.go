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
	// flagRecalled marks a message that its sender took back.
	flagRecalled = 8
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
}

// SentPeerMessage is a message that IM has taken.
type SentPeerMessage struct {
	// Key names the message. Empty when the provider did not tell.
	Key string
	// Time has whole seconds, by the provider's clock. Zero when the provider did not tell.
	Time time.Time
}

// SendPeerMessage sends a message from one account to another (IM REST contract, section 6.1). UnknownOutcome: it may
// have been taken; the same message sent again within 120 s of the first attempt is delivered once, but the client
// does not do that by itself, because only the caller knows when the first one was. NotFound: one of the accounts does
// not exist.
func (c *Client) SendPeerMessage(ctx context.Context, message PeerMessage) (SentPeerMessage, error) {
	for _, userID := range []string{message.From, message.To} {
		if !validUserID(userID) {
			return SentPeerMessage{}, invalidUserID(sendMsg, userID)
		}
	}
	if size := len(message.Body) + len(message.CloudCustomData); size > maxMessageBytes {
		return SentPeerMessage{}, invalidArgument(sendMsg, "the message has %d of at most %d bytes", size, maxMessageBytes)
	}
	var elements []json.RawMessage
	if json.Unmarshal(message.Body, &elements) != nil || len(elements) == 0 {
		return SentPeerMessage{}, invalidArgument(sendMsg, "the message has no elements")
	}
	question := wirePeerMessage{
		FromAccount: message.From, ToAccount: message.To, MsgSeq: message.Seq, MsgRandom: message.Random,
		MsgBody: message.Body, CloudCustomData: message.CloudCustomData,
	}
	question.ForbidCallbackControl = withoutCallbacks(message.ForbidBeforeCallback, message.ForbidAfterCallback)
	var answer wireSentPeerMessage
	if err := ask(ctx, c.calls, sendMsg, question, &answer); err != nil {
		return SentPeerMessage{}, err
	}
	sent := SentPeerMessage{Key: string(answer.MsgKey)}
	if answer.MsgTime > 0 {
		sent.Time = time.Unix(int64(answer.MsgTime), 0).UTC()
	}
	return sent, nil
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
	// UserID is whose history is read, PeerID the other party.
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
	// Next asks for what is before. Nil when this was the last page.
	Next *RoamingQuery
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
	FromAccount           string          `json:"From_Account"`
	ToAccount             string          `json:"To_Account"`
	MsgSeq                uint32          `json:"MsgSeq"`
	MsgRandom             uint32          `json:"MsgRandom"`
	MsgBody               json.RawMessage `json:"MsgBody"`
	CloudCustomData       string          `json:"CloudCustomData,omitempty"`
	ForbidCallbackControl []string        `json:"ForbidCallbackControl,omitempty"`
}

type wireSentPeerMessage struct {
	MsgTime number `json:"MsgTime"`
	MsgKey  text   `json:"MsgKey"`
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

// page reads an answer to a query. A page that would not lead on is taken for the last one.
func (w *wireRoamingPage) page(query RoamingQuery) RoamingPage {
	page := RoamingPage{Messages: make([]RoamingMessage, 0, len(w.MsgList))}
	for _, m := range w.MsgList {
		page.Messages = append(page.Messages, RoamingMessage{
			From: m.FromAccount, To: m.ToAccount, Seq: uint32(m.MsgSeq), Random: uint32(m.MsgRandom), Key: string(m.MsgKey),
			Time: time.Unix(int64(m.MsgTimeStamp), 0).UTC(), Body: m.MsgBody, CloudCustomData: m.CloudCustomData,
			Recalled: m.MsgFlagBits&flagRecalled != 0,
		})
	}
	leads := w.LastMsgKey != "" && string(w.LastMsgKey) != query.LastKey && w.LastMsgTime > 0
	if w.Complete == 0 && leads {
		next := query
		next.Until, next.LastKey = time.Unix(int64(w.LastMsgTime), 0).UTC(), string(w.LastMsgKey)
		page.Next = &next
	}
	return page
}
