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
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

// verdict is an answer to a before-callback.
func verdict(code int, info, extra string) string {
	return fmt.Sprintf(`{"ActionStatus":"OK","ErrorCode":%d,"ErrorInfo":%q%s}`, code, info, extra)
}

// commands names what was fired.
func (h *harness) commands(r *receiver) []string {
	h.t.Helper()
	h.settle()
	names := []string{}
	for _, call := range r.take() {
		names = append(names, strings.SplitN(call.command(), ".Callback", 2)[1])
	}
	return names
}

func TestRulingsOnMessages(t *testing.T) {
	type outcome struct {
		API, Client string // code and text
		Fired       []string
		Kept        string // the texts in the conversation
	}
	tests := map[string]struct {
		answer      string
		block       bool
		group, chat outcome
	}{
		"accept": {accept, false,
			outcome{"0 ", "0 ", []string{"BeforeSendMsg", "AfterSendMsg"}, "hi|hi"},
			outcome{"0 ", "0 ", []string{"BeforeSendMsg", "AfterSendMsg"}, "hi|hi"}},
		"reject": {verdict(1, "", ""), false,
			outcome{"10016 rejected by the callback of the application", "10016 rejected by the callback of the application", []string{"BeforeSendMsg", "SendMsgException"}, ""},
			outcome{"20006 rejected by the callback of the application", "20006 rejected by the callback of the application", []string{"BeforeSendMsg"}, ""}},
		"silent drop": {verdict(2, "x", ""), false,
			outcome{"0 ", "0 ", []string{"BeforeSendMsg"}, ""},
			outcome{"0 ", "0 ", []string{"BeforeSendMsg"}, ""}},
		"lowest own code of groups": {verdict(10100, "blocked by shield", ""), false,
			outcome{"10100 blocked by shield", "10100 blocked by shield", []string{"BeforeSendMsg", "SendMsgException"}, ""},
			outcome{"20006 blocked by shield", "20006 blocked by shield", []string{"BeforeSendMsg"}, ""}},
		"highest own code of groups": {verdict(10200, "", ""), false,
			outcome{"10200 ", "10200 ", []string{"BeforeSendMsg", "SendMsgException"}, ""},
			outcome{"20006 rejected by the callback of the application", "20006 rejected by the callback of the application", []string{"BeforeSendMsg"}, ""}},
		"own code of chats": {verdict(120001, "no", ""), false,
			outcome{"10016 no", "10016 no", []string{"BeforeSendMsg", "SendMsgException"}, ""},
			outcome{"120001 no", "120001 no", []string{"BeforeSendMsg"}, ""}},
		"masked": {verdict(0, "", `,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"***"}}],"CloudCustomData":"m"`), false,
			outcome{"0 ", "0 ", []string{"BeforeSendMsg", "AfterSendMsg"}, "***m|***m"},
			outcome{"0 ", "0 ", []string{"BeforeSendMsg", "AfterSendMsg"}, "***m|***m"}},
		"masked by no message": {verdict(0, "", `,"MsgBody":[{"MsgType":"TIMTextElem"}]`), true,
			outcome{"80003 the callback before the action failed or timed out", "80003 the callback before the action failed or timed out", []string{"BeforeSendMsg", "SendMsgException"}, ""},
			outcome{"80003 the callback before the action failed or timed out", "80003 the callback before the action failed or timed out", []string{"BeforeSendMsg", "AfterSendMsg"}, ""}},
		"masked by too long a message": {verdict(0, "", `,"CloudCustomData":"`+strings.Repeat("x", 12<<10)+`"`), false,
			outcome{"0 ", "0 ", []string{"BeforeSendMsg", "AfterSendMsg"}, "hi|hi"},
			outcome{"0 ", "0 ", []string{"BeforeSendMsg", "AfterSendMsg"}, "hi|hi"}},
		"no verdict, allow": {`{}`, false,
			outcome{"0 ", "0 ", []string{"BeforeSendMsg", "AfterSendMsg"}, "hi|hi"},
			outcome{"0 ", "0 ", []string{"BeforeSendMsg", "AfterSendMsg"}, "hi|hi"}},
		"FAIL with code 0, block": {`{"ActionStatus":"FAIL","ErrorCode":0,"ErrorInfo":""}`, true,
			outcome{"80003 the callback before the action failed or timed out", "80003 the callback before the action failed or timed out", []string{"BeforeSendMsg", "SendMsgException"}, ""},
			outcome{"80003 the callback before the action failed or timed out", "80003 the callback before the action failed or timed out", []string{"BeforeSendMsg", "AfterSendMsg"}, ""}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			h, r := newCallbackHarness(t, func(o *im.Options) {
				if test.block {
					o.Callback.BlockOnFailure = true
				}
			})
			if err := h.sim.SeedGroup(im.GroupSeed{GroupID: "g", Type: "Public", Members: []string{"bob"}}); err != nil {
				t.Fatal(err)
			}
			run := func(beforeCommand, apiCall, apiBody, doorPath, doorBody string, kept func() []im.MessageState) outcome {
				r.answers(beforeCommand, test.answer)
				reply := h.call(apiCall, apiBody)
				got := outcome{API: fmt.Sprintf("%v %v", reply["ErrorCode"], reply["ErrorInfo"])}
				got.Fired = h.commands(r)
				status, text := h.door("POST", doorPath, doorBody)
				told := parse(t, []byte(text))
				got.Client = "0 "
				if status != http.StatusOK {
					got.Client = fmt.Sprintf("%v %v", told["code"], told["error"])
				} else if told["dropped"] != nil && told["dropped"] != "Callback" {
					t.Errorf("dropped by %v", told["dropped"])
				}
				if again := h.commands(r); fmt.Sprint(again) != fmt.Sprint(got.Fired) {
					t.Errorf("the client's message fired %v, that of the API %v", again, got.Fired)
				}
				texts := []string{}
				for _, message := range kept() {
					content, _ := message.Body[0].(object)["MsgContent"].(object)["Text"].(string)
					texts = append(texts, content+message.CloudData)
				}
				got.Kept = strings.Join(texts, "|")
				return got
			}
			same(t, run("Group.CallbackBeforeSendMsg", groups+"send_group_msg", post(1, "hi", ""),
				"/sim/groups/g/messages", `{"from":"bob","text":"hi","random":2}`,
				func() []im.MessageState { return h.sim.GroupMessages("g") }), test.group)
			same(t, run("C2C.CallbackBeforeSendMsg", chat+"sendmsg", chatBody(""),
				"/sim/chats/messages", `{"from":"alice","to":"bob","text":"hi","random":2,"seq":2}`,
				func() []im.MessageState { return h.sim.ChatMessages("alice", "bob") }), test.chat)
		})
	}
}

func TestMaskedMessageIsToldAsMasked(t *testing.T) {
	h, r := newCallbackHarness(t, func(o *im.Options) { o.ConstantLiveSeq = true })
	if err := h.sim.SeedGroup(im.GroupSeed{GroupID: "g", Type: "AVChatRoom", Members: []string{"bob"}}); err != nil {
		t.Fatal(err)
	}
	r.answers("Group.CallbackBeforeSendMsg", verdict(0, "", `,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"h*"}}]`))
	for random := range 2 { // with one MsgSeq for both
		door("POST", "/sim/groups/g/messages", fmt.Sprintf(`{"from":"bob","text":"hi","cloudCustomData":"c","random":%d}`, random+1))(h)
	}
	door("POST", "/sim/groups/g/messages", `{"from":"bob","text":"hi","cloudCustomData":"c","random":1}`)(h) // a repeat of what was sent, not of what was made of it
	const fields = `"GroupId":"g","Type":"AVChatRoom","From_Account":"bob","Operator_Account":"bob","OnlineOnlyFlag":0,"CloudCustomData":"c",`
	want := []string{}
	for random := range 2 {
		want = append(want,
			fmt.Sprintf(`{"CallbackCommand":"Group.CallbackBeforeSendMsg",%s"Random":%d,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"hi"}}]}`, fields, random+1),
			fmt.Sprintf(`{"CallbackCommand":"Group.CallbackAfterSendMsg",%s"Random":%d,"MsgSeq":1,"MsgTime":@NOW,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"h*"}}]}`, fields, random+1))
	}
	h.expectSet(r, want...)
	same(t, h.sim.CallbackTally(), im.CallbackTally{
		Groups:  map[string]im.GroupTally{"g": {Messages: map[string]int{"TIMTextElem": 2}}},
		Senders: map[string]map[string]int{"bob": {"TIMTextElem": 2}},
	})
}

func TestRulingsOnGroups(t *testing.T) {
	tests := map[string]struct {
		command, answer string
		block           bool
		act             func(h *harness) (code string)
		want            string
		fired           []string
	}{
		"creation rejected":               {"Group.CallbackBeforeCreateGroup", verdict(1, "", ""), false, create, "10016", []string{"BeforeCreateGroup"}},
		"creation rejected with own code": {"Group.CallbackBeforeCreateGroup", verdict(10123, "no", ""), false, create, "10123", []string{"BeforeCreateGroup"}},
		"code 2 is no drop here":          {"Group.CallbackBeforeCreateGroup", verdict(2, "", ""), false, create, "10016", []string{"BeforeCreateGroup"}},
		"creation blocked":                {"Group.CallbackBeforeCreateGroup", "no JSON", true, create, "10016", []string{"BeforeCreateGroup"}},
		"creation allowed":                {"Group.CallbackBeforeCreateGroup", "no JSON", false, create, "0", []string{"BeforeCreateGroup", "AfterCreateGroup"}},
		"entry rejected":                  {"Group.CallbackBeforeApplyJoinGroup", verdict(10100, "no", ""), false, enter, "10100", []string{"BeforeApplyJoinGroup"}},
		"entry blocked":                   {"Group.CallbackBeforeApplyJoinGroup", "", true, enter, "10016", []string{"BeforeApplyJoinGroup"}},
		"entry of a banned": {"Group.CallbackBeforeApplyJoinGroup", accept, false, func(h *harness) string {
			h.ok(groups+"ban_group_member", `{"GroupId":"g","Members_Account":["carol"],"Duration":9}`)
			return enter(h)
		}, "10007", nil},
		"invitation rejected": {"Group.CallbackBeforeInviteJoinGroup", verdict(1, "", ""), false, invite(`[0,0]`), "10016", []string{"BeforeInviteJoinGroup"}},
		"one refused": {"Group.CallbackBeforeInviteJoinGroup", verdict(0, "", `,"RefusedMembers_Account":["carol"]`), false, invite(`[0,1]`), "0",
			[]string{"BeforeInviteJoinGroup", "AfterNewMemberJoin"}},
		"all refused": {"Group.CallbackBeforeInviteJoinGroup", verdict(0, "", `,"RefusedMembers_Account":["carol","dave"]`), false, invite(`[0,0]`), "0",
			[]string{"BeforeInviteJoinGroup"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			h, r := newCallbackHarness(t, func(o *im.Options) {
				if test.block {
					o.Callback.BlockOnFailure = true
				}
			})
			if err := h.sim.SeedAccounts(im.AccountSeed{UserID: "dave"}); err != nil {
				t.Fatal(err)
			}
			if err := h.sim.SeedGroup(im.GroupSeed{GroupID: "g", Type: "Public", Members: []string{"bob"}}); err != nil {
				t.Fatal(err)
			}
			r.answers(test.command, test.answer)
			same(t, test.act(h), test.want)
			same(t, h.commands(r), append([]string{}, test.fired...))
			if _, made := h.sim.Group("new"); made != (test.want == "0" && strings.HasPrefix(name, "creation")) {
				t.Errorf("the group exists: %t", made)
			}
		})
	}
}

func create(h *harness) string {
	return code(h.call(groups+"create_group", `{"Type":"AVChatRoom","GroupId":"new","Name":"n"}`))
}

func enter(h *harness) string {
	status, text := h.door("POST", "/sim/groups/g/join", `{"userIDs":["carol"]}`)
	if status == http.StatusNoContent {
		return "0"
	}
	return fmt.Sprint(parse(h.t, []byte(text))["code"])
}

func invite(results string) func(*harness) string {
	return func(h *harness) string {
		h.t.Helper()
		reply := h.call(groups+"add_group_member", `{"GroupId":"g","MemberList":[{"Member_Account":"carol"},{"Member_Account":"dave"}]}`)
		if list, _ := reply["MemberList"].([]any); list != nil {
			got := []any{}
			for _, entry := range list {
				got = append(got, entry.(object)["Result"])
			}
			if canonical(h.t, got) != results {
				h.t.Errorf("results %s, want %s", canonical(h.t, got), results)
			}
		}
		return code(reply)
	}
}

func TestBeforeCallbackThatHangs(t *testing.T) {
	for block, want := range map[bool]string{false: "0", true: "80003"} {
		h, r := newCallbackHarness(t, func(o *im.Options) {
			o.Callback.Timeout, o.Callback.BlockOnFailure = 20*time.Millisecond, block
			o.Callback.Commands = []string{"Group.CallbackBeforeSendMsg"}
		})
		h.makeGroup("Public", "g")
		r.set(true, nil)
		same(t, code(h.call(groups+"send_group_msg", post(1, "hi", ""))), want)
		log := h.sim.CallbackLog()
		same(t, []any{len(log), log[0].Status, log[0].Error}, []any{1, 0, "no answer in time"})
		same(t, h.sim.CallbackStatus(), im.CallbackStatus{Commands: map[string]im.CallbackCount{
			"Group.CallbackBeforeSendMsg": {Fired: 1, Sent: 1, Failed: 1, Unanswered: 1}}})
	}
}

// TestWorldChangesDuringACallback changes what the callback is about from
// inside its receiver, which also shows that no lock is held meanwhile.
func TestWorldChangesDuringACallback(t *testing.T) {
	change := map[string]struct {
		meanwhile func(h *harness)
		group     string
		client    int
		chat      string
	}{
		"group destroyed": {func(h *harness) { h.sim.DestroyGroup("g") }, "10010", 10010, "0"},
		"sender muted": {func(h *harness) {
			h.ok(setting+"setnospeaking", `{"Set_Account":"alice","GroupmsgNospeakingTime":9,"C2CmsgNospeakingTime":9}`)
		}, "10017", 10017, "0"},
		"sender deleted": {func(h *harness) { h.sim.DeleteAccount("alice") }, "10019", 10007, "20003"},
	}
	for name, test := range change {
		t.Run(name, func(t *testing.T) {
			attempt := func(act func(h *harness) string) string {
				h, r := newCallbackHarness(t)
				if err := h.sim.SeedGroup(im.GroupSeed{GroupID: "g", Type: "Public", Owner: "bob", Members: []string{"alice"}}); err != nil {
					t.Fatal(err)
				}
				r.set(false, func(call received) (int, string) {
					if strings.Contains(call.command(), "Before") {
						test.meanwhile(h)
					}
					return http.StatusOK, accept
				})
				return act(h)
			}
			same(t, attempt(func(h *harness) string {
				return code(h.call(groups+"send_group_msg", post(1, "hi", `,"From_Account":"alice"`)))
			}), test.group)
			same(t, attempt(func(h *harness) string { return code(h.call(chat+"sendmsg", chatBody(""))) }), test.chat)
			same(t, attempt(func(h *harness) string {
				_, text := h.door("POST", "/sim/groups/g/messages", `{"from":"alice","text":"hi"}`)
				return fmt.Sprint(parse(t, []byte(text))["code"])
			}), fmt.Sprint(test.client))
		})
	}
}

func TestOverFrequencyHasNoCallbackAfter(t *testing.T) {
	h, r := newCallbackHarness(t)
	if err := h.sim.SeedGroup(im.GroupSeed{GroupID: "g", Type: "AVChatRoom", Members: []string{"bob"}}); err != nil {
		t.Fatal(err)
	}
	dropped := 0
	for range 45 {
		receipt, err := h.sim.SendAsClient("g", im.ClientMessage{From: "bob", CustomData: "LIKE", Priority: "Lowest"})
		if err != nil {
			t.Fatal(err)
		}
		if receipt.Dropped == "MsgFreqCtrl" {
			dropped++
		}
	}
	h.settle()
	same(t, dropped, 5)
	same(t, len(r.take()), 85)
	same(t, h.sim.CallbackStatus().Commands, map[string]im.CallbackCount{
		"Group.CallbackBeforeSendMsg": {Fired: 45, Sent: 45, Answered: 45},
		"Group.CallbackAfterSendMsg":  {Fired: 40, Sent: 40, Answered: 40},
	})
}
