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

const textBody = `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"hi"}}]`

// chatBody writes the body of a sendmsg with more fields.
func chatBody(extra string) string {
	return `{"From_Account":"alice","To_Account":"bob","MsgSeq":11,"MsgRandom":22,"MsgBody":` + textBody + extra + `}`
}

func TestSendMsgRefusals(t *testing.T) {
	h := newHarness(t)
	custom := `{"MsgType":"TIMCustomElem","MsgContent":{"Data":"d"}}`
	with := func(old, replacement string) string { return strings.Replace(chatBody(""), old, replacement, 1) }
	tests := map[string]struct{ body, want string }{
		"recipient missing":        {with(`"To_Account":"bob",`, ``), "90003"},
		"recipient is number":      {with(`"bob"`, `7`), "90003"},
		"recipient is list":        {with(`"bob"`, `["bob"]`), "90003"},
		"recipient not imported":   {with(`"bob"`, `"ghost"`), "90012"},
		"sender not imported":      {with(`"alice"`, `"ghost"`), "20003"},
		"sender is number":         {with(`"alice"`, `1`), "90008"},
		"random missing":           {with(`"MsgRandom":22,`, ``), "90005"},
		"random is text":           {with(`22`, `"22"`), "90005"},
		"random beyond 32 bits":    {with(`22`, `4294967296`), "90005"},
		"body missing":             {`{"To_Account":"bob","MsgRandom":1}`, "90002"},
		"body is object":           {with(textBody, `{}`), "90007"},
		"body is empty":            {with(textBody, `[]`), "90002"},
		"element of unknown type":  {with(`TIMTextElem`, `TIMNothing`), "90002"},
		"element without content":  {with(`,"MsgContent":{"Text":"hi"}`, ``), "90002"},
		"text is number":           {with(`"hi"`, `1`), "90002"},
		"two custom elements":      {with(textBody, `[`+custom+`,`+custom+`]`), "90002"},
		"custom data is object":    {with(textBody, `[{"MsgType":"TIMCustomElem","MsgContent":{"Data":{}}}]`), "90002"},
		"too long":                 {with(`"hi"`, `"`+strings.Repeat("x", 12<<10)+`"`), "93000"},
		"sync is text":             {chatBody(`,"SyncOtherMachine":"1"`), "90031"},
		"sync is 3":                {chatBody(`,"SyncOtherMachine":3`), "90031"},
		"lifetime is text":         {chatBody(`,"MsgLifeTime":"1"`), "90044"},
		"push information is list": {chatBody(`,"OfflinePushInfo":[]`), "90043"},
		"sequence is text":         {with(`"MsgSeq":11`, `"MsgSeq":"11"`), "90010"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { h.play(step{chat + "sendmsg", test.body, test.want}) })
	}
	if got := h.sim.ChatMessages("alice", "bob"); len(got) != 0 {
		t.Errorf("refused messages were delivered: %v", got)
	}
}

func TestSendMsgDeduplicates(t *testing.T) {
	h := newHarness(t)
	first := `{"MsgTime":@NOW,"MsgKey":"11_22_@NOW","MsgId":"sim-11-22-@NOW"}`
	sent := h.dated(first)
	h.play(step{chat + "sendmsg", chatBody(""), sent})
	h.clock.Advance(119 * time.Second)
	h.play(
		step{chat + "sendmsg", chatBody(""), sent}, // dropped, answered like the first
		step{chat + "sendmsg", strings.Replace(chatBody(""), `"hi"`, `"ho"`, 1), first},
		step{chat + "sendmsg", strings.Replace(chatBody(""), `22`, `23`, 1), strings.ReplaceAll(first, "22", "23")},
		step{chat + "sendmsg", strings.Replace(chatBody(""), `alice`, `carol`, 1), first},
	)
	h.clock.Advance(time.Second)
	h.play(step{chat + "sendmsg", chatBody(""), first})
	if got := len(h.sim.ChatMessages("alice", "bob")); got != 4 {
		t.Errorf("%d messages of alice were delivered, want 4", got)
	}
	// Without MsgSeq the provider picks one, so a repeat is a second message.
	body := object{"To_Account": "carol", "MsgRandom": 5, "MsgBody": text("hi")}
	if a, b := h.ok(chat+"sendmsg", body), h.ok(chat+"sendmsg", body); a["MsgKey"] == b["MsgKey"] {
		t.Errorf("two messages without MsgSeq have one key %v", a["MsgKey"])
	}
}

func TestLifetimeSwitch(t *testing.T) {
	body := chatBody(`,"MsgLifeTime":604801`)
	newHarness(t).ok(chat+"sendmsg", body)
	newHarness(t, func(o *im.Options) { o.RefuseLongLifetime = true }).refused(90026, chat+"sendmsg", body)
}

func TestDailyCapOfTheTrialEdition(t *testing.T) {
	h := newHarness(t, func(o *im.Options) { o.TrialEdition = true })
	h.clock.Advance(24*time.Hour - time.Duration(h.clock.Now().Unix()%86400)*time.Second) // midnight
	h.sig = longSignature(t)
	for i := range 1000 {
		h.ok(chat+"sendmsg", object{"To_Account": "bob", "MsgRandom": i, "MsgBody": text("hi")})
	}
	h.refused(60011, chat+"sendmsg", chatBody(""))
	h.clock.Advance(24 * time.Hour)
	h.ok(chat+"sendmsg", chatBody(""))
}

func TestBatchSendMsg(t *testing.T) {
	h := newHarness(t)
	body := func(to, extra string) string {
		return `{"To_Account":` + to + `,"MsgSeq":11,"MsgRandom":22,"MsgBody":` + textBody + extra + `}`
	}
	h.play(
		step{chat + "batchsendmsg", body(`["alice","bob"]`, ""), `{"MsgKey":"11_22_@NOW","MsgId":"sim-11-22-@NOW"}`},
		step{chat + "batchsendmsg", body(`["alice","ghost"]`, `,"CloudCustomData":"c"`),
			`{"ActionStatus":"SomeError","MsgKey":"11_22_@NOW","MsgId":"sim-11-22-@NOW","ErrorList":[{"To_Account":"ghost","ErrorCode":70107}]}`},
		step{chat + "batchsendmsg", body(`["ghost"]`, ""), "90012"},
		step{chat + "batchsendmsg", body(`[]`, ""), "90003"},
		step{chat + "batchsendmsg", body(`"bob"`, ""), "90010"},
		step{chat + "batchsendmsg", body(`[1]`, ""), "90003"},
		step{chat + "batchsendmsg", body(ids(501), ""), "90011"},
		step{chat + "batchsendmsg", body(`["bob"]`, `,"From_Account":"ghost"`), "90008"},
		step{chat + "batchsendmsg", strings.Replace(body(`["bob"]`, ""), "11", `"11"`, 1), "90004"},
	)
	if got := len(h.sim.ChatMessages("administrator", "alice")); got != 2 {
		t.Errorf("alice got %d messages, want 2", got)
	}
}

func TestHistoryAndRecall(t *testing.T) {
	h := newHarness(t)
	start := h.clock.Now().Unix()
	for i := range 5 {
		h.ok(chat+"sendmsg", object{"From_Account": "alice", "To_Account": "bob", "MsgSeq": i, "MsgRandom": i, "MsgBody": text(fmt.Sprint(i))})
		h.clock.Advance(time.Second)
	}
	h.ok(chat+"sendmsg", object{"From_Account": "alice", "To_Account": "bob", "MsgSeq": 9, "MsgRandom": 9, "SyncOtherMachine": 2, "MsgBody": text("hidden")})
	h.ok(chat+"sendmsg", object{"From_Account": "alice", "To_Account": "bob", "MsgSeq": 10, "MsgRandom": 10, "MsgLifeTime": 0, "MsgBody": text("online")})

	// history pages backwards and returns the texts of each page.
	history := func(operator, peer string, most int) (pages [][]string) {
		t.Helper()
		request := object{"Operator_Account": operator, "Peer_Account": peer, "MaxCnt": most, "MinTime": start, "MaxTime": start + 100}
		for {
			got := h.ok(chat+"admin_getroammsg", request)
			var texts []string
			for _, entry := range got["MsgList"].([]any) {
				message := entry.(object)
				content := message["MsgBody"].([]any)[0].(object)["MsgContent"].(object)["Text"]
				texts = append(texts, fmt.Sprint(content, "/", message["MsgFlagBits"]))
			}
			pages = append(pages, texts)
			if fmt.Sprint(got["Complete"]) == "1" {
				return pages
			}
			request["MaxTime"], request["LastMsgKey"] = got["LastMsgTime"], got["LastMsgKey"]
		}
	}
	same(t, history("alice", "bob", 2), [][]string{{"3/0", "4/0"}, {"1/0", "2/0"}, {"0/0"}})
	same(t, history("bob", "alice", 100), [][]string{{"0/0", "1/0", "2/0", "3/0", "4/0", "hidden/0"}})

	withdraw := func(from, to, key, want string) step {
		return step{chat + "admin_msgwithdraw", fmt.Sprintf(`{"From_Account":%q,"To_Account":%q,"MsgKey":%q}`, from, to, key), want}
	}
	key := fmt.Sprintf("2_2_%d", start+2)
	h.play(
		withdraw("alice", "bob", key, "ok"),
		withdraw("alice", "bob", key, "20023"),
		withdraw("bob", "alice", key, "20022"),
		withdraw("alice", "bob", "2_2_1", "20022"),
		withdraw("alice", "bob", "2-2-1", "90054"),
		withdraw("", "bob", key, "90008"),
		withdraw("alice", "", key, "90003"),
		step{chat + "admin_getroammsg", `{"Operator_Account":"ghost","Peer_Account":"bob","MaxCnt":1,"MinTime":0,"MaxTime":1}`, "90008"},
		step{chat + "admin_getroammsg", `{"Operator_Account":"alice","MaxCnt":1,"MinTime":0,"MaxTime":1}`, "90003"},
		step{chat + "admin_getroammsg", `{"Operator_Account":"alice","Peer_Account":"bob"}`, "90001"},
	)
	same(t, history("alice", "bob", 100), [][]string{{"0/0", "1/0", "2/8", "3/0", "4/0"}})
}

func TestHistoryPageIsCutBySize(t *testing.T) {
	h := newHarness(t)
	for i := range 3 {
		h.ok(chat+"sendmsg", object{"From_Account": "alice", "To_Account": "bob", "MsgSeq": i, "MsgRandom": i, "MsgBody": text(strings.Repeat("x", 6<<10))})
	}
	got := h.ok(chat+"admin_getroammsg", object{"Operator_Account": "alice", "Peer_Account": "bob", "MaxCnt": 100, "MinTime": 0, "MaxTime": h.clock.Now().Unix()})
	if fmt.Sprintf("%v/%v", got["MsgCnt"], got["Complete"]) != "2/0" {
		t.Errorf("a page of three 6 KB messages has %v (complete %v), want 2", got["MsgCnt"], got["Complete"])
	}
}

func TestImportMsg(t *testing.T) {
	h := newHarness(t)
	body := func(change ...string) string {
		return strings.NewReplacer(change...).Replace(`{"SyncFromOldSystem":2,"From_Account":"alice","To_Account":"bob","MsgSeq":1,"MsgRandom":2,"MsgTimeStamp":1700000000,"MsgBody":` + textBody + `}`)
	}
	h.play(
		step{chat + "importmsg", body(), "ok"},
		step{chat + "importmsg", body(`"hi"`, `"other"`), "ok"},                  // the first import stays
		step{chat + "importmsg", body("alice", "bob", `"bob"`, `"alice"`), "ok"}, // in both directions
		step{chat + "importmsg", body(`"MsgSeq":1`, `"MsgSeq":3`), "ok"},         // another message
		step{chat + "importmsg", body(`"SyncFromOldSystem":2`, `"SyncFromOldSystem":3`), "90030"},
		step{chat + "importmsg", body(`"MsgTimeStamp":1700000000,`, ``), "90006"},
		step{chat + "importmsg", body(`"MsgRandom":2,`, ``), "90005"},
		step{chat + "importmsg", body("alice", "ghost"), "90008"},
		step{chat + "importmsg", body("bob", "ghost"), "90003"},
	)
	got := h.sim.ChatMessages("alice", "bob")
	if len(got) != 2 || canonical(t, got[0].Body) != canonical(t, text("hi")) {
		t.Errorf("the conversation is %v", got)
	}
}
