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

package im_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

// saw lists messages as sender, MsgSeq and text.
func saw(messages []im.MessageState) []string {
	list := []string{}
	for _, m := range messages {
		content := m.Body[0].(object)["MsgContent"].(object)["Text"]
		list = append(list, fmt.Sprint(m.From, " ", m.Seq, " ", content))
	}
	return list
}

// Two people talk, one through the server API, one with a client, within one
// second: all parties see one order, that of MsgSeq.
func TestConversationIsOrderedWithinASecond(t *testing.T) {
	h := newHarness(t)
	for _, seq := range []int{40, 10, 30} {
		h.ok(chat+"sendmsg", object{"From_Account": "alice", "To_Account": "bob", "MsgSeq": seq, "MsgRandom": 1, "MsgBody": text(fmt.Sprint("a", seq))})
	}
	for _, seq := range []uint32{20, 50} {
		if _, err := h.sim.SendChatAsClient("alice", im.ClientMessage{From: "bob", Text: fmt.Sprint("b", seq), Seq: seq, Random: 1}); err != nil {
			t.Fatal(err)
		}
	}
	h.clock.Advance(time.Second)
	h.ok(chat+"sendmsg", object{"From_Account": "alice", "To_Account": "bob", "MsgSeq": 1, "MsgRandom": 1, "MsgBody": text("later")})
	want := []string{"alice 10 a10", "bob 20 b20", "alice 30 a30", "alice 40 a40", "bob 50 b50", "alice 1 later"}
	same(t, saw(h.sim.ChatView("alice", "bob")), want)
	same(t, saw(h.sim.ChatView("bob", "alice")), want)
	same(t, saw(h.sim.ChatView("carol", "alice")), []string{})

	// The history has them in the same order, and its pages fit together inside
	// of the second.
	for most := 1; most <= 6; most++ {
		request := object{"Operator_Account": "bob", "Peer_Account": "alice", "MaxCnt": most, "MinTime": 0, "MaxTime": h.clock.Now().Unix()}
		got := []string{}
		for done := false; !done; {
			page := h.ok(chat+"admin_getroammsg", request)
			here := []string{}
			for _, entry := range page["MsgList"].([]any) {
				m := entry.(object)
				here = append(here, fmt.Sprint(m["From_Account"], " ", m["MsgSeq"], " ", m["MsgBody"].([]any)[0].(object)["MsgContent"].(object)["Text"]))
			}
			if len(here) == 0 || len(here) > most {
				t.Fatalf("a page of at most %d has %v", most, here)
			}
			got = append(here, got...)
			done = fmt.Sprint(page["Complete"]) == "1"
			request["MaxTime"], request["LastMsgKey"] = page["LastMsgTime"], page["LastMsgKey"]
		}
		same(t, got, want)
	}
}

// The recipient is no part of what recognises a repeat.
func TestRepeatToSomebodyElseIsDropped(t *testing.T) {
	h := newHarness(t)
	h.ok(chat+"sendmsg", chatBody(""))
	h.ok(chat+"sendmsg", strings.Replace(chatBody(""), `"bob"`, `"carol"`, 1))
	same(t, saw(h.sim.ChatView("bob", "alice")), []string{"alice 11 hi"})
	same(t, saw(h.sim.ChatView("carol", "alice")), []string{})
}

// A message whose answer is lost, sent again, is shown and told once.
func TestAnswerOfAMessageIsLost(t *testing.T) {
	h, r := newCallbackHarness(t)
	if _, err := h.sim.InjectFault(im.Fault{Command: "sendmsg", Times: 1, Reset: im.ResetAfterCommit}); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := h.post(chat+"sendmsg", h.query(), chatBody("")); err == nil {
		t.Error("the answer was not lost")
	}
	h.clock.Advance(119 * time.Second)
	h.ok(chat+"sendmsg", chatBody(""))
	same(t, saw(h.sim.ChatView("bob", "alice")), []string{"alice 11 hi"})
	same(t, len(h.fired(r)), 2) // one before, one after
}

func TestWhatAViewerSees(t *testing.T) {
	h := newHarness(t)
	send := func(from, to string, seq int, extra object) {
		t.Helper()
		body := object{"From_Account": from, "To_Account": to, "MsgSeq": seq, "MsgRandom": seq, "MsgBody": text("m")}
		for name, value := range extra {
			body[name] = value
		}
		h.ok(chat+"sendmsg", body)
	}
	send("alice", "bob", 1, nil)
	send("alice", "bob", 2, object{"SyncOtherMachine": 2})
	send("alice", "bob", 3, object{"MsgLifeTime": 0})
	if err := h.sim.ChangePresence("bob", im.PresenceChange{State: "Online"}); err != nil {
		t.Fatal(err)
	}
	send("alice", "bob", 4, object{"OnlineOnlyFlag": 1})
	send("bob", "alice", 5, object{"SyncOtherMachine": 1})
	h.ok(chat+"admin_msgwithdraw", object{"From_Account": "alice", "To_Account": "bob", "MsgKey": h.sim.ChatMessages("alice", "bob")[0].Key})

	same(t, saw(h.sim.ChatView("alice", "bob")), []string{"alice 1 m", "alice 3 m", "alice 4 m", "bob 5 m"})
	bob := h.sim.ChatView("bob", "alice")
	same(t, saw(bob), []string{"alice 1 m", "alice 2 m", "alice 4 m", "bob 5 m"})
	if !bob[0].Recalled || bob[1].Recalled {
		t.Errorf("bob sees %+v", bob)
	}
	same(t, len(h.sim.ChatMessages("bob", "alice")), 5)

	message := `{"from":"bob","to":"alice","seq":5,"random":5,"time":@NOW,"key":"5_5_@NOW","body":[{"MsgContent":{"Text":"m"},"MsgType":"TIMTextElem"}]}`
	h.sim.DeleteAccount("carol")
	h.playDoor(
		doorStep{"GET", "/sim/chats?viewer=ghost&peer=bob", "", 404, ""},
		doorStep{"GET", "/sim/chats?viewer=carol&peer=bob", "", 404, ""},
		doorStep{"GET", "/sim/chats?viewer=bob", "", 400, ""},
		doorStep{"GET", "/sim/chats?peer=bob", "", 400, ""},
		doorStep{"GET", "/sim/chats?between=bob", "", 400, ""},
		doorStep{"GET", "/sim/chats?between=bob&and=alice&viewer=bob", "", 400, ""},
		doorStep{"GET", "/sim/chats?viewer=bob&peer=nobody", "", 200, `{"messages":[]}`},
		doorStep{"POST", "/sim/chats/messages", `{"to":"alice","from":"bob","text":"m","seq":5,"random":5}`, 200, ""}, // a repeat
	)
	status, answer := h.door("GET", "/sim/chats?viewer=alice&peer=bob", "")
	if status != 200 || !strings.Contains(compact(t, answer), h.dated(message)) || strings.Contains(answer, `"seq": 2,`) {
		t.Errorf("%d %s", status, answer)
	}
}

func TestUnreadAndRead(t *testing.T) {
	h, r := newCallbackHarness(t)
	unread := func() []string {
		list := []string{}
		h.settle()
		for _, call := range r.take() {
			if call.command() == "C2C.CallbackAfterSendMsg" {
				list = append(list, fmt.Sprint(call.body["UnreadMsgNum"]))
			}
		}
		return list
	}
	history := func() []string {
		list := []string{}
		page := h.ok(chat+"admin_getroammsg", object{"Operator_Account": "bob", "Peer_Account": "alice", "MaxCnt": 100, "MinTime": 0, "MaxTime": h.clock.Now().Unix()})
		for _, entry := range page["MsgList"].([]any) {
			list = append(list, fmt.Sprint(entry.(object)["MsgSeq"], "/", entry.(object)["IsPeerRead"]))
		}
		return list
	}
	h.ok(chat+"sendmsg", chatBody(""))
	h.ok(chat+"sendmsg", strings.Replace(chatBody(`,"SendMsgControl":["NoLastMsg","NoUnread"]`), `11`, `12`, 1))
	h.ok(chat+"sendmsg", strings.Replace(chatBody(`,"SendMsgControl":["NoLastMsg"]`), `11`, `13`, 1))
	same(t, unread(), []string{"1", "1", "2"})
	same(t, history(), []string{"11/0", "12/0", "13/0"})
	if err := h.sim.ReadChat("", "bob", "alice"); err != nil {
		t.Fatal(err)
	}
	h.ok(chat+"sendmsg", strings.Replace(chatBody(""), `11`, `14`, 1))
	same(t, unread(), []string{"1"})
	same(t, history(), []string{"11/1", "12/1", "13/1", "14/0"})
}

func TestHistoryGoesBackForThePeriodOfThePlan(t *testing.T) {
	for name, test := range map[string]struct{ option, period time.Duration }{
		"default": {0, 7 * 24 * time.Hour},
		"short":   {time.Hour, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, func(o *im.Options) { o.RoamingPeriod = test.option })
			h.sig = longSignature(t)
			start := h.clock.Now().Unix()
			count := func() string {
				page := h.ok(chat+"admin_getroammsg", object{"Operator_Account": "alice", "Peer_Account": "bob", "MaxCnt": 100, "MinTime": start, "MaxTime": start})
				return fmt.Sprint(page["MsgCnt"], "/", page["Complete"])
			}
			h.ok(chat+"sendmsg", chatBody(""))
			h.clock.Advance(test.period)
			same(t, count(), "1/1")
			h.clock.Advance(time.Second)
			same(t, count(), "0/1")
			same(t, len(h.sim.ChatMessages("alice", "bob")), 1)
		})
	}
	if err := (im.Options{SDKAppID: 1, SecretKey: "k", RoamingPeriod: -1}).Validate(); err == nil {
		t.Error("a negative period is accepted")
	}
}
