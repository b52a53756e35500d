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

// post writes the body of send_group_msg to group g with more fields.
func post(random int, content, extra string) string {
	return fmt.Sprintf(`{"GroupId":"g","Random":%d,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":%q}}]%s}`, random, content, extra)
}

func TestSendGroupMsg(t *testing.T) {
	h := newHarness(t)
	h.makeGroup("Public", "g")
	send := func(body, want string) step { return step{groups + "send_group_msg", body, want} }
	sent := func(seq int) string { return fmt.Sprintf(`{"MsgTime":@NOW,"MsgSeq":%d}`, seq) }
	h.play(
		send(post(1, "hi", `,"MsgPriority":"High","From_Account":"bob","CloudCustomData":"c"`), sent(1)),
		send(post(2, "hi", ``), sent(2)),
		send(post(3, "hi", `,"OnlineOnlyFlag":1`), sent(3)),
		send(post(4, "hi", `,"To_Account":["alice"]`), sent(4)),
		send(post(5, "hi", `,"From_Account":"ghost"`), "10019"),
		send(post(5, "hi", `,"MsgPriority":"high"`), "10004"),
		send(post(5, "hi", `,"OnlineOnlyFlag":1,"SendMsgControl":["NoUnread"]`), "10004"),
		send(post(5, "hi", `,"To_Account":`+ids(51)), "10005"),
		send(post(5, "hi", `,"GroupAtInfo":`+strings.Repeat(`[`, 1)+strings.TrimSuffix(strings.Repeat(`{"GroupAtAllFlag":0,"GroupAt_Account":"bob"},`, 31), ",")+`]`), "10053"),
		send(post(5, strings.Repeat("x", 12<<10), ``), "80002"),
		send(`{"GroupId":"g","MsgBody":`+textBody+`}`, "10004"),
		send(`{"GroupId":"g","Random":1}`, "10004"),
		send(`{"GroupId":"gone","Random":1,"MsgBody":`+textBody+`}`, "10010"),
		step{groups + "group_msg_get_simple", `{"GroupId":"g","ReqMsgNumber":2}`, `{"GroupId":"g","IsFinished":0,"RspMsgList":[
			{"From_Account":"administrator","IsPlaceMsg":0,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"hi"}}],"MsgPriority":2,"MsgRandom":4,"MsgSeq":4,"MsgTimeStamp":@NOW,"IsSystemMsg":0,"CloudCustomData":""},
			{"From_Account":"administrator","IsPlaceMsg":0,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"hi"}}],"MsgPriority":2,"MsgRandom":2,"MsgSeq":2,"MsgTimeStamp":@NOW,"IsSystemMsg":0,"CloudCustomData":""}]}`},
		step{groups + "group_msg_get_simple", `{"GroupId":"g","ReqMsgNumber":20,"ReqMsgSeq":1}`, `{"GroupId":"g","IsFinished":1,"RspMsgList":[
			{"From_Account":"bob","IsPlaceMsg":0,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"hi"}}],"MsgPriority":1,"MsgRandom":1,"MsgSeq":1,"MsgTimeStamp":@NOW,"IsSystemMsg":0,"CloudCustomData":"c"}]}`},
		step{groups + "group_msg_get_simple", `{"GroupId":"g","ReqMsgNumber":21}`, "10004"},
	)
}

func TestGroupMessageDeduplication(t *testing.T) {
	h := newHarness(t)
	h.makeGroup("AVChatRoom", "g")
	sent := func(random int, content, want string) {
		t.Helper()
		if got := h.ok(groups+"send_group_msg", post(random, content, "")); fmt.Sprint(got["MsgSeq"]) != want {
			t.Errorf("got MsgSeq %v, want %s", got["MsgSeq"], want)
		}
	}
	sent(1, "hi", "1")
	h.clock.Advance(5*time.Minute - time.Second)
	sent(1, "hi", "1") // dropped
	sent(1, "ho", "2")
	sent(2, "hi", "3")
	h.clock.Advance(time.Second)
	sent(1, "hi", "4")

	bySender := newHarness(t, func(o *im.Options) { o.DedupBySender, o.ConstantLiveSeq = true, true })
	bySender.makeGroup("AVChatRoom", "g")
	bySender.play(
		step{groups + "send_group_msg", post(1, "hi", ""), `{"MsgTime":@NOW,"MsgSeq":1}`},
		step{groups + "send_group_msg", post(1, "ho", ""), `{"MsgTime":@NOW,"MsgSeq":1}`},
		step{groups + "send_group_msg", post(1, "ho", `,"From_Account":"bob"`), `{"MsgTime":@NOW,"MsgSeq":1}`},
	)
	if got := len(bySender.sim.GroupMessages("g")); got != 2 {
		t.Errorf("%d messages, want 2: the second is a repeat of the first sender's", got)
	}
}

func TestFrequencyControlDropsLowPrioritiesFirst(t *testing.T) {
	h := newHarness(t)
	h.makeGroup("AVChatRoom", "g")
	random := 0
	send := func(priority string, count int) (delivered int) {
		t.Helper()
		for range count {
			random++
			got := h.ok(groups+"send_group_msg", post(random, "hi", fmt.Sprintf(`,"MsgPriority":%q`, priority)))
			if reason, dropped := got["MsgDropReason"]; !dropped {
				delivered++
			} else if reason != "MsgFreqCtrl" {
				t.Errorf("dropped with reason %v", reason)
			}
		}
		return delivered
	}
	same(t, []int{send("Normal", 30), send("Low", 20), send("Normal", 20), send("High", 20)}, []int{30, 10, 10, 20})
	h.clock.Advance(time.Second)
	same(t, send("Low", 50), 40)
}

func TestRecall(t *testing.T) {
	h := newHarness(t)
	h.makeGroup("Public", "g")
	for i := range 3 {
		h.ok(groups+"send_group_msg", post(i, "hi", `,"From_Account":"bob"`))
	}
	h.play(
		step{groups + "group_msg_recall", `{"GroupId":"g","MsgSeqList":[{"MsgSeq":1},{"MsgSeq":9}],"Reason":"r"}`,
			`{"RecallRetList":[{"MsgSeq":1,"RetCode":0},{"MsgSeq":9,"RetCode":10030}]}`},
		step{groups + "group_msg_recall", `{"GroupId":"g","MsgSeqList":[{"MsgSeq":1}]}`, `{"RecallRetList":[{"MsgSeq":1,"RetCode":10032}]}`},
		step{groups + "group_msg_recall", `{"GroupId":"g","MsgSeqList":` + strings.ReplaceAll(ids(11), `"`, ``) + `}`, "60003"},
		step{groups + "group_msg_recall", `{"GroupId":"g","MsgSeqList":[` + strings.TrimSuffix(strings.Repeat(`{"MsgSeq":1},`, 11), ",") + `]}`, "10004"},
		step{groups + "group_msg_get_simple", `{"GroupId":"g","ReqMsgNumber":1,"ReqMsgSeq":1,"WithRecalledMsg":1}`, `{"GroupId":"g","IsFinished":1,"RspMsgList":[
			{"From_Account":"bob","IsPlaceMsg":2,"MsgBody":[],"MsgPriority":2,"MsgRandom":0,"MsgSeq":1,"MsgTimeStamp":@NOW,"IsSystemMsg":0,"CloudCustomData":""}]}`},
		step{groups + "delete_group_msg_by_sender", `{"GroupId":"g","Sender_Account":"bob"}`, "ok"},
		step{groups + "group_msg_get_simple", `{"GroupId":"g","ReqMsgNumber":9}`, `{"GroupId":"g","IsFinished":1,"RspMsgList":[]}`},
	)
	same(t, happened(h.sim.Notices("g"))[1:], []im.Notice{
		{Type: im.NoticeMessageRecalled, Operator: testAdmin, Text: "r"},
		{Type: im.NoticeMessageRecalled, Operator: testAdmin, Accounts: []string{"bob"}},
	})
}

func TestNotificationsAndBroadcasts(t *testing.T) {
	h := newHarness(t)
	h.makeGroup("AVChatRoom", "one")
	h.makeGroup("AVChatRoom", "two")
	h.makeGroup("Public", "g")
	broadcast := func(body, want string) step { return step{groups + "send_broadcast_msg", body, want} }
	h.play(
		step{groups + "send_group_system_notification", `{"GroupId":"g","Content":"again","ToMembers_Account":["bob"]}`, "ok"},
		step{groups + "send_group_system_notification", `{"GroupId":"g","Content":"again"}`, "ok"},
		step{groups + "send_group_system_notification", `{"GroupId":"g","Content":"again","ToMembers_Account":` + ids(501) + `}`, "10005"},
		step{groups + "send_group_system_notification", `{"GroupId":"g"}`, "10004"},
		broadcast(`{"Random":1,"MsgBody":`+textBody+`,"From_Account":"bob"}`, `{"MsgSeq":1}`),
		broadcast(`{"Random":1,"MsgBody":`+textBody+`,"From_Account":"bob"}`, `{"MsgSeq":1}`),
		broadcast(`{"Random":2,"MsgBody":`+textBody+`}`, `{"MsgSeq":2}`),
		broadcast(`{"Random":3,"MsgBody":`+textBody+`,"From_Account":"ghost"}`, "10019"),
		broadcast(`{"MsgBody":`+textBody+`}`, "10004"),
	)
	same(t, []int{len(h.sim.GroupMessages("one")), len(h.sim.GroupMessages("two")), len(h.sim.GroupMessages("g"))}, []int{2, 2, 0})
	same(t, happened(h.sim.Notices("g"))[1:], []im.Notice{
		{Type: im.NoticeSystemNotification, Operator: testAdmin, Accounts: []string{"bob"}, Text: "again"},
		{Type: im.NoticeSystemNotification, Operator: testAdmin, Text: "again"},
	})
	closed := newHarness(t, func(o *im.Options) {
		o.ClosedFeatures = []im.Feature{im.FeatureBroadcast, im.FeatureDirectedMessages}
	})
	closed.makeGroup("Public", "g")
	closed.play(
		broadcast(`{"Random":1,"MsgBody":`+textBody+`}`, "10007"),
		step{groups + "send_group_msg", post(1, "hi", `,"To_Account":["alice"]`), "10059"},
	)
}

func TestSendAsClient(t *testing.T) {
	h := newHarness(t, func(o *im.Options) { o.Seed = 7 })
	h.makeGroup("AVChatRoom", "g")
	h.join("g", "bob")
	receipt, err := h.sim.SendAsClient("g", im.ClientMessage{From: "bob", CustomData: "SEND_GIFT", CustomExt: `{"n":1}`, Priority: "Lowest", Random: 5})
	if err != nil {
		t.Fatal(err)
	}
	same(t, receipt, im.MessageReceipt{Seq: 1, Time: h.clock.Now().Unix()})
	same(t, h.sim.GroupMessages("g"), []im.MessageState{{From: "bob", Seq: 1, Random: 5, Time: h.clock.Now().Unix(), Priority: 4, Body: []any{
		object{"MsgType": "TIMCustomElem", "MsgContent": object{"Data": "SEND_GIFT", "Ext": `{"n":1}`, "Desc": "", "Sound": ""}}}}})

	refusals := map[string]struct {
		prepare func()
		message im.ClientMessage
		want    string
	}{
		"not in the group": {nil, im.ClientMessage{From: "carol", Text: "hi"}, "the sender is not in the group (code 10007)"},
		"nothing to say":   {nil, im.ClientMessage{From: "bob"}, "message: text or custom data is required"},
		"odd priority":     {nil, im.ClientMessage{From: "bob", Text: "hi", Priority: "Top"}, `priority "Top": must be High, Normal, Low or Lowest`},
		"muted": {func() {
			h.ok(groups+"forbid_send_msg", object{"GroupId": "g", "Members_Account": []string{"bob"}, "MuteTime": 5})
		}, im.ClientMessage{From: "bob", Text: "hi"}, "the sender is muted (code 10017)"},
	}
	for name, test := range refusals {
		t.Run(name, func(t *testing.T) {
			if test.prepare != nil {
				test.prepare()
			}
			if _, err := h.sim.SendAsClient("g", test.message); err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}
