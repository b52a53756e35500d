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
	"testing"

	"github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

func TestUserCallbacks(t *testing.T) {
	const (
		message = `"From_Account":"alice","To_Account":"bob","MsgSeq":11,"MsgRandom":22,"MsgTime":@NOW,"MsgKey":"11_22_@NOW","OnlineOnlyFlag":0,
			"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"hi"}}],"CloudCustomData":""`
		before = `{"CallbackCommand":"C2C.CallbackBeforeSendMsg",` + message + `}`
		after  = `{"CallbackCommand":"C2C.CallbackAfterSendMsg",` + message + `,"SendMsgResult":0,"ErrorInfo":"send msg succeed","UnreadMsgNum":1}`
	)
	state := func(info string) string {
		return `{"CallbackCommand":"State.StateChange","Info":` + info + `}`
	}
	scenes := map[string]scene{
		"sendmsg":          {api(chat+"sendmsg", chatBody("")), []string{before, after}},
		"client's message": {door("POST", "/sim/chats/messages", `{"to":"bob","from":"alice","text":"hi","seq":11,"random":22,"platform":"iPad"}`), []string{before, after}},
		"repeated message": {func(h *harness) {
			api(chat+"sendmsg", chatBody(""))(h)
			api(chat+"sendmsg", chatBody(""))(h)
		}, []string{before, after}},
		"no callbacks wanted":    {api(chat+"sendmsg", chatBody(`,"ForbidCallbackControl":["ForbidBeforeSendMsgCallback","ForbidAfterSendMsgCallback"]`)), nil},
		"no callback before":     {api(chat+"sendmsg", chatBody(`,"ForbidCallbackControl":["ForbidBeforeSendMsgCallback"]`)), []string{after}},
		"no callback after":      {api(chat+"sendmsg", chatBody(`,"ForbidCallbackControl":["ForbidAfterSendMsgCallback"]`)), []string{before}},
		"batchsendmsg":           {api(chat+"batchsendmsg", `{"To_Account":["bob"],"From_Account":"alice","MsgSeq":1,"MsgRandom":2,"MsgBody":`+textBody+`}`), nil},
		"importmsg":              {api(chat+"importmsg", `{"SyncFromOldSystem":2,"From_Account":"alice","To_Account":"bob","MsgRandom":1,"MsgTimeStamp":1,"MsgBody":`+textBody+`}`), nil},
		"account_import, a seed": {api(login+"account_import", `{"UserID":"new","Nick":"n"}`), nil},
		"blocked by the keywords": {func(h *harness) {
			api(audit+"add_local_audit_keywords", `{"SdkAppId":1400000001,"LocalAuditWords":[{"Keyword":"hi","WordType":1,"FilterType":2}]}`)(h)
			h.refused(80001, chat+"sendmsg", chatBody(""))
		}, []string{before, `{"CallbackCommand":"C2C.CallbackAfterSendMsg",` + message + `,"SendMsgResult":80001,"ErrorInfo":"the text is blocked","UnreadMsgNum":-1}`}},
		"muted client": {func(h *harness) {
			api(setting+"setnospeaking", `{"Set_Account":"alice","C2CmsgNospeakingTime":60}`)(h)
			if status, text := h.door("POST", "/sim/chats/messages", `{"to":"bob","from":"alice","text":"hi","seq":11,"random":22}`); status != 409 || compact(h.t, text) != `{"code":20012,"error":"the sender is muted"}` {
				h.t.Errorf("%d %s", status, text)
			}
		}, []string{`{"CallbackCommand":"C2C.CallbackAfterSendMsg",` + message + `,"SendMsgResult":20012,"ErrorInfo":"the sender is muted","UnreadMsgNum":-1}`}},
		"read": {func(h *harness) {
			api(chat+"sendmsg", chatBody(`,"ForbidCallbackControl":["ForbidBeforeSendMsgCallback","ForbidAfterSendMsgCallback"]`))(h)
			door("POST", "/sim/chats/messages", `{"to":"bob","from":"carol","text":"hi","seq":1,"random":2}`)(h)
			h.settle()
			door("POST", "/sim/chats/read", `{"reader":"bob","peer":"alice"}`)(h)
		}, []string{
			`{"CallbackCommand":"C2C.CallbackBeforeSendMsg","From_Account":"carol","To_Account":"bob","MsgSeq":1,"MsgRandom":2,"MsgTime":@NOW,"MsgKey":"1_2_@NOW","OnlineOnlyFlag":0,
				"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"hi"}}],"CloudCustomData":""}`,
			`{"CallbackCommand":"C2C.CallbackAfterSendMsg","From_Account":"carol","To_Account":"bob","MsgSeq":1,"MsgRandom":2,"MsgTime":@NOW,"MsgKey":"1_2_@NOW","OnlineOnlyFlag":0,
				"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"hi"}}],"CloudCustomData":"","SendMsgResult":0,"ErrorInfo":"send msg succeed","UnreadMsgNum":2}`,
			`{"CallbackCommand":"C2C.CallbackAfterMsgReport","Report_Account":"bob","Peer_Account":"alice","LastReadTime":@NOW,"UnreadMsgNum":1}`,
		}},
		"admin_msgwithdraw": {func(h *harness) {
			api(chat+"sendmsg", chatBody(`,"ForbidCallbackControl":["ForbidBeforeSendMsgCallback","ForbidAfterSendMsgCallback"]`))(h)
			api(chat+"admin_msgwithdraw", h.dated(`{"From_Account":"alice","To_Account":"bob","MsgKey":"11_22_@NOW"}`))(h)
		}, []string{`{"CallbackCommand":"C2C.CallbackAfterMsgWithDraw","From_Account":"alice","To_Account":"bob","MsgKey":"11_22_@NOW","UnreadMsgNum":1}`}},
		"presence": {func(h *harness) {
			for _, change := range []string{
				`{"state":"Online","platforms":[{"platform":"Web","status":"Online"}],"kicked":["Windows"]}`,
				`{"state":"Online"}`, // no change
				`{"state":"Online","reason":"Register"}`,
				`{"state":"PushOnline"}`,
				`{"state":"Online"}`,
				`{"state":"Offline","reason":"TimeOut"}`,
				`{"state":"Online"}`,
				`{"state":"Offline"}`,
			} {
				door("PUT", "/sim/accounts/bob/presence", change)(h)
			}
		}, []string{
			state(`{"Action":"Login","To_Account":"bob","Reason":"Register"},"KickedDevice":[{"Platform":"Windows"}]`),
			state(`{"Action":"Login","To_Account":"bob","Reason":"Register"}`),
			state(`{"Action":"Disconnect","To_Account":"bob","Reason":"LinkClose"}`),
			state(`{"Action":"Login","To_Account":"bob","Reason":"Register"}`),
			state(`{"Action":"Disconnect","To_Account":"bob","Reason":"TimeOut"}`),
			state(`{"Action":"Login","To_Account":"bob","Reason":"Register"}`),
			state(`{"Action":"Logout","To_Account":"bob","Reason":"Unregister"}`),
		}},
		"kick": {func(h *harness) {
			api(login+"kick", `{"UserID":"bob"}`)(h) // who is not there
			door("PUT", "/sim/accounts/bob/presence", `{"state":"Online"}`)(h)
			api(login+"kick", `{"UserID":"bob"}`)(h)
		}, []string{
			state(`{"Action":"Login","To_Account":"bob","Reason":"Register"}`),
			state(`{"Action":"Disconnect","To_Account":"bob","Reason":"LinkClose"}`),
		}},
		"portrait_set": {api(profile+"portrait_set", `{"From_Account":"bob","ProfileItem":[{"Tag":"Tag_Profile_IM_Nick","Value":"B"},{"Tag":"Tag_Profile_IM_Level","Value":3}]}`), []string{
			`{"CallbackCommand":"Profile.CallbackPortraitSet","Operator_Account":"administrator","From_Account":"bob","ProfileItem":[{"Tag":"Tag_Profile_IM_Nick","Value":"B"},{"Tag":"Tag_Profile_IM_Level","Value":3}]}`,
		}},
		"own profile": {door("PUT", "/sim/accounts/bob/profile", `{"platform":"iOS","profile":{"Tag_Profile_IM_Nick":"B","Tag_Profile_IM_Level":3}}`), []string{
			`{"CallbackCommand":"Profile.CallbackPortraitSet","Operator_Account":"bob","From_Account":"bob","ProfileItem":[{"Tag":"Tag_Profile_IM_Level","Value":3},{"Tag":"Tag_Profile_IM_Nick","Value":"B"}]}`,
		}},
		"seeded profile": {door("POST", "/sim/accounts", `{"accounts":[{"userID":"bob","profile":{"Tag_Profile_IM_Nick":"B"}}]}`), nil},
	}
	for name, scene := range scenes {
		t.Run(name, func(t *testing.T) {
			h, r := newCallbackHarness(t)
			scene.act(h)
			h.expect(r, scene.want...)
		})
	}
}

func TestClosedFeaturesAndOlderDeploymentsAreSilent(t *testing.T) {
	h, r := newCallbackHarness(t, func(o *im.Options) { o.ClosedFeatures = []im.Feature{im.FeatureOnlineMembers, im.FeatureUserStatus} })
	h.makeGroup("AVChatRoom", "g")
	h.settle()
	r.take()
	enter := func() {
		door("POST", "/sim/groups/g/join", `{"userIDs":["bob"]}`)(h)
		if err := h.sim.LoseViewers("g", "bob"); err != nil {
			t.Fatal(err)
		}
		door("PUT", "/sim/accounts/bob/presence", `{"state":"Online"}`)(h)
	}
	enter()
	joined := []string{
		`{"CallbackCommand":"Group.CallbackBeforeApplyJoinGroup","GroupId":"g","Type":"AVChatRoom","Requestor_Account":"bob"}`,
		`{"CallbackCommand":"Group.CallbackAfterNewMemberJoin","GroupId":"g","Type":"AVChatRoom","JoinType":"Apply","Operator_Account":"bob","NewMemberList":[{"Member_Account":"bob"}]}`,
	}
	h.expect(r, joined...)

	h, r = newCallbackHarness(t, func(o *im.Options) { o.Callback.OmitEventCause = true })
	if err := h.sim.SeedGroup(im.GroupSeed{GroupID: "g", Type: "AVChatRoom"}); err != nil {
		t.Fatal(err)
	}
	enter()
	h.expect(r, append(joined,
		`{"CallbackCommand":"Group.CallbackOnMemberStateChange","GroupId":"g","EventType":"Offline","MemberList":[{"Member_Account":"bob"}]}`,
		`{"CallbackCommand":"State.StateChange","Info":{"Action":"Login","To_Account":"bob","Reason":"Register"}}`,
	)...)
	if err := h.sim.FindViewers("g", "bob"); err != nil {
		t.Fatal(err)
	}
	h.expect(r, `{"CallbackCommand":"Group.CallbackOnMemberStateChange","GroupId":"g","EventType":"Online","MemberList":[{"Member_Account":"bob"}]}`)
	if err := h.sim.LeaveViewer("g", "bob"); err != nil { // without a word of his being offline
		t.Fatal(err)
	}
	h.expect(r, `{"CallbackCommand":"Group.CallbackAfterMemberExit","GroupId":"g","Type":"AVChatRoom","ExitType":"Quit","Operator_Account":"bob","ExitMemberList":[{"Member_Account":"bob"}]}`)
}

func TestClientDoorsRefuse(t *testing.T) {
	h, r := newCallbackHarness(t)
	if err := h.sim.SeedGroup(im.GroupSeed{GroupID: "live", Type: "AVChatRoom"}); err != nil {
		t.Fatal(err)
	}
	if err := h.sim.SeedGroup(im.GroupSeed{GroupID: "pub", Type: "Public", Members: []string{"bob"}}); err != nil {
		t.Fatal(err)
	}
	h.playDoor(
		doorStep{"POST", "/sim/groups/live/join", `{"userIDs":["bob"],"platform":"Amiga"}`, 400, ""},
		doorStep{"POST", "/sim/groups/none/leave", `{"userIDs":["bob"]}`, 404, ""},
		doorStep{"POST", "/sim/groups/live/leave", `{"userIDs":["bob"],"platform":"Amiga"}`, 400, ""},
		doorStep{"POST", "/sim/groups/live/presence", `{"userIDs":["bob"],"online":false}`, 409, `{"code":10007,"error":"account bob is not in the group"}`},
		doorStep{"POST", "/sim/groups/pub/presence", `{"userIDs":["bob"],"online":true}`, 409, `{"code":10007,"error":"a group of type Public has no viewers"}`},
		doorStep{"POST", "/sim/groups/none/presence", `{"online":true}`, 404, ""},
		doorStep{"POST", "/sim/groups/live/messages", `{"from":"bob","elements":[{"MsgType":"TIMNothing","MsgContent":{}}]}`, 409, ""},
		doorStep{"POST", "/sim/groups/live/messages", `{"from":"bob","text":"hi","platform":"Amiga"}`, 400, ""},
		doorStep{"POST", "/sim/chats/messages", `{"from":"bob","to":"ghost","text":"hi"}`, 409, `{"code":90012,"error":"To_Account is not registered"}`},
		doorStep{"POST", "/sim/chats/messages", `{"from":"bob","to":"alice"}`, 400, ""},
		doorStep{"POST", "/sim/chats/messages", `{"from":"bob","to":"alice","elements":[{"MsgType":"TIMNothing","MsgContent":{}}]}`, 409, ""},
		doorStep{"POST", "/sim/chats/read", `{"reader":"bob","peer":"ghost"}`, 409, ""},
		doorStep{"POST", "/sim/chats/read", `{"reader":"bob","peer":"alice","platform":"Amiga"}`, 400, ""},
		doorStep{"PUT", "/sim/accounts/ghost/profile", `{"profile":{}}`, 404, ""},
		doorStep{"PUT", "/sim/accounts/bob/profile", `{"profile":{"Tag_Profile_IM_Level":"x"}}`, 409, ""},
		doorStep{"PUT", "/sim/accounts/bob/profile", `{"profile":{"Tag_Profile_IM_Level":1.5}}`, 400, ""},
		doorStep{"PUT", "/sim/accounts/bob/profile", `{"platform":"Amiga"}`, 400, ""},
		doorStep{"PUT", "/sim/accounts/bob/presence", `{"state":"Offline","reason":"Register"}`, 400, ""},
		doorStep{"PUT", "/sim/accounts/bob/presence", `{"state":"Offline","reason":"Bored"}`, 400, ""},
		doorStep{"PUT", "/sim/accounts/bob/presence", `{"state":"Online","platform":"Amiga"}`, 400, ""},
		doorStep{"PATCH", "/sim/groups/live", `{"platform":"Amiga"}`, 400, ""},
	)
	same(t, len(h.fired(r)), 1) // the exception of the odd element
}
