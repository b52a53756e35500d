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

	"github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

// scene is one action and the callbacks that it fires.
type scene struct {
	act  func(h *harness)
	want []string // bodies, in order
}

// api makes a call of the API that must succeed.
func api(command, body string) func(*harness) {
	return func(h *harness) { h.t.Helper(); h.ok(command, body) }
}

// door makes a side door call that must succeed.
func door(method, path, body string) func(*harness) {
	return func(h *harness) {
		h.t.Helper()
		if status, text := h.door(method, path, body); status >= 300 {
			h.t.Fatalf("%s %s: %d %s", method, path, status, text)
		}
	}
}

// memberList is a list of members in a callback.
func memberList(ids ...string) string {
	list := make([]string, 0, len(ids))
	for _, id := range ids {
		list = append(list, fmt.Sprintf(`{"Member_Account":%q}`, id))
	}
	return "[" + strings.Join(list, ",") + "]"
}

func TestGroupCallbacks(t *testing.T) {
	const body = `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"hi"}}]`
	scenes := map[string]scene{
		"create_group of members": {api(groups+"create_group", `{"Type":"Public","GroupId":"new","Name":"n","Owner_Account":"alice",
			"MemberList":[{"Member_Account":"bob"}],"AppDefinedData":[{"Key":"b","Value":"2"},{"Key":"a","Value":"1"}]}`), []string{
			`{"CallbackCommand":"Group.CallbackBeforeCreateGroup","Operator_Account":"administrator","Owner_Account":"alice","Type":"Public","Name":"n","CreateGroupNum":1,"MemberList":[{"Member_Account":"bob"}]}`,
			`{"CallbackCommand":"Group.CallbackAfterCreateGroup","GroupId":"new","Operator_Account":"administrator","Owner_Account":"alice","Type":"Public","Name":"n","MemberList":[{"Member_Account":"bob"}],
				"UserDefinedDataList":[{"Key":"a","Value":"1"},{"Key":"b","Value":"2"}]}`,
		}},
		"create_group of a live group": {api(groups+"create_group", `{"Type":"AVChatRoom","GroupId":"new","Name":"n"}`), []string{
			`{"CallbackCommand":"Group.CallbackBeforeCreateGroup","Operator_Account":"administrator","Owner_Account":"","Type":"AVChatRoom","Name":"n","CreateGroupNum":1,"MemberList":[]}`,
			`{"CallbackCommand":"Group.CallbackAfterCreateGroup","GroupId":"new","Operator_Account":"administrator","Owner_Account":"","Type":"AVChatRoom","Name":"n","MemberList":[]}`,
		}},
		"import_group": {api(groups+"import_group", `{"Type":"Public","GroupId":"new","Name":"n"}`), nil},
		"seeded group": {door("POST", "/sim/groups", `{"groupID":"new","type":"AVChatRoom","members":["bob"]}`), nil},
		"destroy_group": {api(groups+"destroy_group", `{"GroupId":"pub"}`), []string{
			`{"CallbackCommand":"Group.CallbackAfterGroupDestroyed","GroupId":"pub","Type":"Public","Owner_Account":"alice","Name":"n","MemberList":[{"Member_Account":"alice"},{"Member_Account":"bob"}]}`,
		}},
		"live group destroyed elsewhere": {door("DELETE", "/sim/groups/live", ""), []string{
			`{"CallbackCommand":"Group.CallbackAfterGroupDestroyed","GroupId":"live","Type":"AVChatRoom","Owner_Account":"alice","Name":"n"}`,
		}},
		"modify_group_base_info": {api(groups+"modify_group_base_info", `{"GroupId":"live","Name":"m","Introduction":"i","MuteAllMember":"On","From_Account":"bob"}`), []string{
			`{"CallbackCommand":"Group.CallbackAfterGroupInfoChanged","GroupId":"live","Type":"AVChatRoom","Operator_Account":"bob","Name":"m","Introduction":"i"}`,
		}},
		"modify_group_base_info of other fields":    {api(groups+"modify_group_base_info", `{"GroupId":"live","MuteAllMember":"On","AppDefinedData":[{"Key":"a","Value":"1"}]}`), nil},
		"modify_group_base_info without difference": {api(groups+"modify_group_base_info", `{"GroupId":"live","Name":"n"}`), nil},
		"group changed elsewhere": {door("PATCH", "/sim/groups/live", `{"notification":"x","faceURL":"f","owner":"bob","attributes":[{"name":"k","value":"v"}],"platform":"Android","operator":"carol"}`), []string{
			`{"CallbackCommand":"Group.CallbackAfterGroupInfoChanged","GroupId":"live","Type":"AVChatRoom","Operator_Account":"carol","Notification":"x","FaceUrl":"f"}`,
			`{"CallbackCommand":"Group.CallbackAfterChangeGroupOwner","GroupId":"live","Type":"AVChatRoom","Operator_Account":"carol","OldOwner_Account":"alice","NewOwner_Account":"bob"}`,
			`{"CallbackCommand":"Group.CallbackAfterGroupAttrChanged","GroupId":"live","Type":"AVChatRoom","Operator_Account":"carol","OptionType":"modify","GroupAttr":[{"key":"k","value":"v"}]}`,
		}},
		"attributes changed elsewhere": {door("PATCH", "/sim/groups/attr", `{"deleteAttributes":["one"],"attributes":[{"name":"two","value":"3"}]}`), []string{
			`{"CallbackCommand":"Group.CallbackAfterGroupAttrChanged","GroupId":"attr","Type":"AVChatRoom","Operator_Account":"administrator","OptionType":"delete","GroupAttr":[{"key":"one"}]}`,
			`{"CallbackCommand":"Group.CallbackAfterGroupAttrChanged","GroupId":"attr","Type":"AVChatRoom","Operator_Account":"administrator","OptionType":"modify","GroupAttr":[{"key":"two","value":"3"}]}`,
		}},
		"change_group_owner": {api(groups+"change_group_owner", `{"GroupId":"pub","NewOwner_Account":"bob"}`), []string{
			`{"CallbackCommand":"Group.CallbackAfterChangeGroupOwner","GroupId":"pub","Type":"Public","Operator_Account":"administrator","OldOwner_Account":"alice","NewOwner_Account":"bob"}`,
		}},
		"set_group_attr": {api(groups+"set_group_attr", `{"GroupId":"attr","GroupAttr":[{"key":"two","value":"9"}]}`), []string{
			`{"CallbackCommand":"Group.CallbackAfterGroupAttrChanged","GroupId":"attr","Type":"AVChatRoom","Operator_Account":"administrator","OptionType":"set","GroupAttr":[{"key":"two","value":"9"}]}`,
		}},
		"modify_group_attr": {api(groups+"modify_group_attr", `{"GroupId":"attr","GroupAttr":[{"key":"three","value":"3"}]}`), []string{
			`{"CallbackCommand":"Group.CallbackAfterGroupAttrChanged","GroupId":"attr","Type":"AVChatRoom","Operator_Account":"administrator","OptionType":"modify","GroupAttr":[{"key":"three","value":"3"}]}`,
		}},
		"delete_group_attr": {api(groups+"delete_group_attr", `{"GroupId":"attr","GroupAttr":[{"key":"one"}]}`), []string{
			`{"CallbackCommand":"Group.CallbackAfterGroupAttrChanged","GroupId":"attr","Type":"AVChatRoom","Operator_Account":"administrator","OptionType":"delete","GroupAttr":[{"key":"one"}]}`,
		}},
		"clear_group_attr": {api(groups+"clear_group_attr", `{"GroupId":"attr"}`), []string{
			`{"CallbackCommand":"Group.CallbackAfterGroupAttrChanged","GroupId":"attr","Type":"AVChatRoom","Operator_Account":"administrator","OptionType":"clear","GroupAttr":[]}`,
		}},
		"update_group_counter": {api(groups+"update_group_counter", `{"GroupId":"live","GroupCounter":[{"Key":"k","Value":1}],"Mode":"Set"}`), nil},
		"add_group_member": {api(groups+"add_group_member", `{"GroupId":"pub","MemberList":[{"Member_Account":"bob"},{"Member_Account":"carol"}]}`), []string{
			`{"CallbackCommand":"Group.CallbackBeforeInviteJoinGroup","GroupId":"pub","Type":"Public","Operator_Account":"administrator","DestinationMembers":` + memberList("bob", "carol") + `}`,
			`{"CallbackCommand":"Group.CallbackAfterNewMemberJoin","GroupId":"pub","Type":"Public","JoinType":"Invited","Operator_Account":"administrator","NewMemberList":` + memberList("carol") + `}`,
			`{"CallbackCommand":"Group.CallbackAfterGroupFull","GroupId":"pub"}`,
		}},
		"import_group_member": {api(groups+"import_group_member", `{"GroupId":"pub","MemberList":[{"Member_Account":"carol"}]}`), nil},
		"delete_group_member": {api(groups+"delete_group_member", `{"GroupId":"pub","MemberToDel_Account":["bob","carol"]}`), []string{
			`{"CallbackCommand":"Group.CallbackAfterMemberExit","GroupId":"pub","Type":"Public","ExitType":"Kicked","Operator_Account":"administrator","ExitMemberList":` + memberList("bob") + `}`,
		}},
		"ban_group_member": {api(groups+"ban_group_member", `{"GroupId":"live","Members_Account":["bob","carol"],"Duration":60}`), []string{
			`{"CallbackCommand":"Group.CallbackAfterMemberExit","GroupId":"live","Type":"AVChatRoom","ExitType":"Kicked","Operator_Account":"administrator","ExitMemberList":` + memberList("bob") + `}`,
		}},
		"modify_group_member_info": {api(groups+"modify_group_member_info", `{"GroupId":"pub","Member_Account":"bob","NameCard":"x","AppMemberDefinedData":[{"Key":"tier","Value":"1"}]}`), []string{
			`{"CallbackCommand":"Group.CallbackAfterMemberFieldChanged","GroupId":"pub","Type":"Public","Operator_Account":"administrator","Member_Account":"bob","AppMemberDefinedData":[{"Key":"tier","Value":"1"}]}`,
		}},
		"viewer enters": {door("POST", "/sim/groups/live/join", `{"userIDs":["carol","bob"],"platform":"iOS"}`), []string{
			`{"CallbackCommand":"Group.CallbackBeforeApplyJoinGroup","GroupId":"live","Type":"AVChatRoom","Requestor_Account":"carol"}`,
			`{"CallbackCommand":"Group.CallbackAfterNewMemberJoin","GroupId":"live","Type":"AVChatRoom","JoinType":"Apply","Operator_Account":"carol","NewMemberList":` + memberList("carol") + `}`,
			`{"CallbackCommand":"Group.CallbackOnMemberStateChange","GroupId":"live","EventType":"Online","EventCause":"Join","MemberList":` + memberList("carol") + `}`,
		}},
		"viewer leaves": {door("POST", "/sim/groups/live/leave", `{"userIDs":["bob","carol"]}`), []string{
			`{"CallbackCommand":"Group.CallbackAfterMemberExit","GroupId":"live","Type":"AVChatRoom","ExitType":"Quit","Operator_Account":"bob","ExitMemberList":` + memberList("bob") + `}`,
			`{"CallbackCommand":"Group.CallbackOnMemberStateChange","GroupId":"live","EventType":"Offline","EventCause":"Quit","MemberList":` + memberList("bob") + `}`,
		}},
		"heartbeat lost and back": {func(h *harness) {
			door("POST", "/sim/groups/live/presence", `{"userIDs":["bob"],"online":false}`)(h)
			door("POST", "/sim/groups/live/presence", `{"userIDs":["bob"],"online":false}`)(h)
			same(h.t, h.ok(groups+"get_online_member_num", `{"GroupId":"live"}`)["OnlineMemberNum"], 0)
			door("POST", "/sim/groups/live/presence", `{"userIDs":["bob"],"online":true}`)(h)
			same(h.t, h.ok(groups+"get_online_member_num", `{"GroupId":"live"}`)["OnlineMemberNum"], 1)
		}, []string{
			`{"CallbackCommand":"Group.CallbackOnMemberStateChange","GroupId":"live","EventType":"Offline","EventCause":"HeartbeatInterrupt","MemberList":` + memberList("bob") + `}`,
			`{"CallbackCommand":"Group.CallbackOnMemberStateChange","GroupId":"live","EventType":"Online","EventCause":"HeartbeatRecover","MemberList":` + memberList("bob") + `}`,
		}},
		"full when somebody wants to join": {func(h *harness) {
			api(groups+"import_group_member", `{"GroupId":"pub","MemberList":[{"Member_Account":"carol"}]}`)(h)
			if status, _ := h.door("POST", "/sim/groups/pub/join", `{"userIDs":["dave"]}`); status != 409 {
				h.t.Errorf("status %d", status)
			}
		}, []string{`{"CallbackCommand":"Group.CallbackAfterGroupFull","GroupId":"pub"}`}},
		"send_group_msg": {api(groups+"send_group_msg", `{"GroupId":"live","Random":7,"MsgBody":`+body+`,"CloudCustomData":"c","From_Account":"bob"}`), []string{
			`{"CallbackCommand":"Group.CallbackBeforeSendMsg","GroupId":"live","Type":"AVChatRoom","From_Account":"bob","Operator_Account":"administrator","Random":7,"OnlineOnlyFlag":0,"MsgBody":` + body + `,"CloudCustomData":"c"}`,
			`{"CallbackCommand":"Group.CallbackAfterSendMsg","GroupId":"live","Type":"AVChatRoom","From_Account":"bob","Operator_Account":"administrator","Random":7,"OnlineOnlyFlag":0,"MsgBody":` + body + `,"CloudCustomData":"c","MsgSeq":1,"MsgTime":@NOW}`,
		}},
		"client's message": {door("POST", "/sim/groups/live/messages", `{"from":"bob","customData":"SEND_GIFT","customExt":"{}","priority":"Lowest","random":4294967295,"onlineOnly":true,
			"elements":[{"MsgType":"TIMFaceElem","MsgContent":{"Index":6,"Data":"d"}}]}`), []string{
			`{"CallbackCommand":"Group.CallbackBeforeSendMsg","GroupId":"live","Type":"AVChatRoom","From_Account":"bob","Operator_Account":"bob","Random":4294967295,"OnlineOnlyFlag":0,"CloudCustomData":"",
				"MsgBody":[{"MsgType":"TIMCustomElem","MsgContent":{"Data":"SEND_GIFT","Desc":"","Ext":"{}","Sound":""}},{"MsgType":"TIMFaceElem","MsgContent":{"Index":6,"Data":"d"}}]}`,
			`{"CallbackCommand":"Group.CallbackAfterSendMsg","GroupId":"live","Type":"AVChatRoom","From_Account":"bob","Operator_Account":"bob","Random":4294967295,"OnlineOnlyFlag":0,"CloudCustomData":"",
				"MsgBody":[{"MsgType":"TIMCustomElem","MsgContent":{"Data":"SEND_GIFT","Desc":"","Ext":"{}","Sound":""}},{"MsgType":"TIMFaceElem","MsgContent":{"Index":6,"Data":"d"}}],"MsgSeq":1,"MsgTime":@NOW}`,
		}},
		"muted sender": {func(h *harness) {
			api(setting+"setnospeaking", `{"Set_Account":"bob","GroupmsgNospeakingTime":60}`)(h)
			if status, text := h.door("POST", "/sim/groups/live/messages", `{"from":"bob","text":"hi","random":7}`); status != 409 || compact(h.t, text) != `{"code":10017,"error":"the sender is muted"}` {
				h.t.Errorf("%d %s", status, text)
			}
		}, []string{
			`{"CallbackCommand":"Group.CallbackSendMsgException","GroupId":"live","Type":"AVChatRoom","From_Account":"bob","Operator_Account":"bob","Random":7,"OnlineOnlyFlag":0,"MsgBody":` + body + `,"CloudCustomData":"","ErrorCode":10017,"ErrorInfo":"the sender is muted"}`,
		}},
		"bad message": {func(h *harness) {
			h.refused(10004, groups+"send_group_msg", `{"GroupId":"live","Random":7,"MsgBody":[]}`)
			h.refused(10010, groups+"send_group_msg", `{"GroupId":"none","Random":7,"MsgBody":[]}`)
		}, []string{
			`{"CallbackCommand":"Group.CallbackSendMsgException","GroupId":"live","Type":"AVChatRoom","From_Account":"administrator","Operator_Account":"administrator","Random":7,"OnlineOnlyFlag":0,"MsgBody":[],"CloudCustomData":"","ErrorCode":10004,"ErrorInfo":"MsgBody is not in message format"}`,
		}},
		"broadcast and notification": {func(h *harness) {
			api(groups+"send_broadcast_msg", `{"Random":1,"MsgBody":`+body+`}`)(h)
			api(groups+"send_group_system_notification", `{"GroupId":"live","Content":"x"}`)(h)
		}, nil},
		"group_msg_recall": {func(h *harness) {
			api(groups+"send_group_msg", `{"GroupId":"pub","Random":7,"MsgBody":`+body+`,"ForbidCallbackControl":["ForbidBeforeSendMsgCallback","ForbidAfterSendMsgCallback"]}`)(h)
			api(groups+"group_msg_recall", `{"GroupId":"pub","MsgSeqList":[{"MsgSeq":1},{"MsgSeq":9}]}`)(h)
			api(groups+"group_msg_recall", `{"GroupId":"pub","MsgSeqList":[{"MsgSeq":1}]}`)(h)
		}, []string{
			`{"CallbackCommand":"Group.CallbackAfterRecallMsg","GroupId":"pub","Type":"Public","Operator_Account":"administrator","MsgSeqList":[{"MsgSeq":1}]}`,
		}},
	}
	for name, scene := range scenes {
		t.Run(name, func(t *testing.T) {
			h, r := newCallbackHarness(t, func(o *im.Options) {
				o.GroupFields = []im.FieldDefinition{{Name: "a"}, {Name: "b"}}
				o.MemberFields = []im.FieldDefinition{{Name: "tier"}}
				o.MaxMembers = 3
			})
			for _, seed := range []im.GroupSeed{
				{GroupID: "live", Type: "AVChatRoom", Name: "n", Owner: "alice", Members: []string{"bob"}},
				{GroupID: "attr", Type: "AVChatRoom", Name: "n", Attributes: map[string]string{"one": "1", "two": "2"}},
				{GroupID: "pub", Type: "Public", Name: "n", Owner: "alice", Members: []string{"bob"}},
			} {
				if err := h.sim.SeedGroup(seed); err != nil {
					t.Fatal(err)
				}
			}
			if err := h.sim.SeedAccounts(im.AccountSeed{UserID: "dave"}); err != nil {
				t.Fatal(err)
			}
			scene.act(h)
			h.expect(r, scene.want...)
		})
	}
}
