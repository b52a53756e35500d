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
	"strings"
	"testing"
	"time"
)

func TestDoorOfPeerMessages(t *testing.T) {
	body := json.RawMessage(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"童装"}}]`)
	message := func(changes ...func(*PeerMessage)) PeerMessage {
		m := PeerMessage{From: "wx-alice", To: "lin", Seq: 7, Random: 99, Body: body, CloudCustomData: "x", ForbidAfterCallback: true}
		for _, change := range changes {
			change(&m)
		}
		return m
	}
	send := func(m PeerMessage) func(context.Context, *Client) (any, error) {
		return func(ctx context.Context, c *Client) (any, error) { return c.SendPeerMessage(ctx, m) }
	}
	asked := chat + `sendmsg {"From_Account":"wx-alice","To_Account":"lin","MsgSeq":7,"MsgRandom":99,` +
		`"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"童装"}}],"CloudCustomData":"x","ForbidCallbackControl":["ForbidAfterSendMsgCallback"]}`
	query := RoamingQuery{UserID: "lin", PeerID: "wx-alice", From: time.Unix(1700000000, 0), Until: time.Unix(1700000200, 0)}
	roam := func(q RoamingQuery) func(context.Context, *Client) (any, error) {
		return func(ctx context.Context, c *Client) (any, error) { return c.RoamingMessages(ctx, q) }
	}
	const roamed = chat + `admin_getroammsg {"Operator_Account":"lin","Peer_Account":"wx-alice","MaxCnt":100,"MinTime":1700000000,"MaxTime":1700000200`
	const one = `"MsgList":[{"From_Account":"lin","To_Account":"wx-alice","MsgSeq":"4711","MsgRandom":99887766,"MsgTimeStamp":1700000123,"MsgFlagBits":8,` +
		`"IsPeerRead":0,"MsgKey":"4711_99887766_1700000123","MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"hi"}}],"CloudCustomData":"c"}]`
	found := []RoamingMessage{{
		From: "lin", To: "wx-alice", Seq: 4711, Random: 99887766, Key: "4711_99887766_1700000123", Time: time.Unix(1700000123, 0).UTC(),
		Body: json.RawMessage(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"hi"}}]`), CloudCustomData: "c", Recalled: true,
	}}
	before := query
	before.Until, before.LastKey = time.Unix(1700000123, 0).UTC(), "4711_99887766_1700000123"

	knockAll(t, map[string]knock{
		"send": {
			answers: map[string][]string{"sendmsg": {answerWith(`"MsgTime":1700000123,"MsgKey":"7_99_1700000123","MsgId":"opaque"`)}},
			call:    send(message()), asked: []string{asked},
			want: SentPeerMessage{Key: "7_99_1700000123", ID: "opaque", Time: time.Unix(1700000123, 0).UTC()},
		},
		"send with everything": {
			call: send(message(func(m *PeerMessage) {
				m.ForbidBeforeCallback, m.SenderCopy, m.Lifetime = true, SenderCopyNone, MaxLifetime
				m.WithoutUnread, m.WithoutPreview, m.Quietly = true, true, true
			})),
			asked: []string{chat + `sendmsg {"SyncOtherMachine":2,"From_Account":"wx-alice","To_Account":"lin","MsgLifeTime":604800,"MsgSeq":7,"MsgRandom":99,` +
				`"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"童装"}}],"CloudCustomData":"x",` +
				`"ForbidCallbackControl":["ForbidBeforeSendMsgCallback","ForbidAfterSendMsgCallback"],"SendMsgControl":["NoUnread","NoLastMsg","WithMuteNotifications"]}`},
			want: SentPeerMessage{},
		},
		"send to who is online": {
			call: send(message(func(m *PeerMessage) {
				*m = PeerMessage{From: "a", To: "b", Body: json.RawMessage(`[{}]`), OnlineOnly: true, SenderCopy: SenderCopyShown}
			})),
			asked: []string{chat + `sendmsg {"SyncOtherMachine":1,"From_Account":"a","To_Account":"b","MsgLifeTime":0,"MsgSeq":0,"MsgRandom":0,"MsgBody":[{}]}`},
			want:  SentPeerMessage{},
		},
		"send for less than a second": {call: send(message(func(m *PeerMessage) { m.Lifetime = time.Millisecond })), want: SentPeerMessage{}, class: Invalid},
		"send for too long":           {call: send(message(func(m *PeerMessage) { m.Lifetime = MaxLifetime + time.Second })), want: SentPeerMessage{}, class: Invalid},
		"send for a negative time":    {call: send(message(func(m *PeerMessage) { m.Lifetime = -time.Second })), want: SentPeerMessage{}, class: Invalid},
		"send online with a lifetime": {call: send(message(func(m *PeerMessage) { m.Lifetime, m.OnlineOnly = time.Hour, true })), want: SentPeerMessage{}, class: Invalid},
		"send with an odd copy":       {call: send(message(func(m *PeerMessage) { m.SenderCopy = 3 })), want: SentPeerMessage{}, class: Invalid},
		"send, told nothing": {
			answers: map[string][]string{"sendmsg": {answerOK}}, call: send(message()), asked: []string{asked}, want: SentPeerMessage{},
		},
		"send to nobody": {
			answers: map[string][]string{"sendmsg": {refusalAnswer(90012)}}, call: send(message()), asked: []string{asked},
			want: SentPeerMessage{}, class: NotFound,
		},
		"send without a sender": {call: send(message(func(m *PeerMessage) { m.From = "" })), want: SentPeerMessage{}, class: Invalid},
		"send nothing":          {call: send(message(func(m *PeerMessage) { m.Body = json.RawMessage(`[]`) })), want: SentPeerMessage{}, class: Invalid},
		"send what is no array": {call: send(message(func(m *PeerMessage) { m.Body = json.RawMessage(`{}`) })), want: SentPeerMessage{}, class: Invalid},
		"send too much": {
			call: send(message(func(m *PeerMessage) { m.CloudCustomData = strings.Repeat("x", maxMessageBytes) })), want: SentPeerMessage{}, class: Invalid,
		},
		"history": {
			answers: map[string][]string{"admin_getroammsg": {answerWith(`"Complete":1,"MsgCnt":1,"LastMsgTime":1700000123,"LastMsgKey":"4711_99887766_1700000123",` + one)}},
			call:    roam(query), asked: []string{roamed + `}`}, want: RoamingPage{Messages: found, Complete: true},
		},
		"history that goes on": {
			answers: map[string][]string{"admin_getroammsg": {answerWith(`"Complete":0,"MsgCnt":1,"LastMsgTime":1700000123,"LastMsgKey":"4711_99887766_1700000123",` + one)}},
			call:    roam(query), asked: []string{roamed + `}`}, want: RoamingPage{Messages: found, Next: &before},
		},
		"history that does not lead on": {
			answers: map[string][]string{"admin_getroammsg": {answerWith(`"Complete":0,"LastMsgTime":1700000123,"LastMsgKey":"4711_99887766_1700000123"`)}},
			call:    roam(before), asked: []string{strings.Replace(roamed, "1700000200", "1700000123", 1) + `,"LastMsgKey":"4711_99887766_1700000123"}`},
			want: RoamingPage{Messages: []RoamingMessage{}},
		},
		"history of nobody": {call: roam(RoamingQuery{PeerID: "a"}), want: RoamingPage{}, class: Invalid},
	})
}
