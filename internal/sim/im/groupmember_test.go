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

// TestTypesDiffer asserts, call by call, which group types support it.
func TestTypesDiffer(t *testing.T) {
	types := []string{"Private", "Public", "ChatRoom", "AVChatRoom", "Community"}
	tests := []struct {
		name, command, body string
		want                [5]string // in the order of types
	}{
		{"add", groups + "add_group_member", `{"GroupId":"g","MemberList":[{"Member_Account":"carol"}]}`, [5]string{"0", "0", "0", "10007", "0"}},
		{"remove", groups + "delete_group_member", `{"GroupId":"g","MemberToDel_Account":["bob"]}`, [5]string{"0", "0", "0", "10004", "0"}},
		{"mute", groups + "forbid_send_msg", `{"GroupId":"g","Members_Account":["bob"],"MuteTime":1}`, [5]string{"10007", "0", "0", "0", "0"}},
		{"mute all", groups + "modify_group_base_info", `{"GroupId":"g","MuteAllMember":"On"}`, [5]string{"0", "0", "0", "0", "0"}},
		{"change owner", groups + "change_group_owner", `{"GroupId":"g","NewOwner_Account":"bob"}`, [5]string{"0", "0", "0", "10007", "0"}},
		{"roles", groups + "get_role_in_group", `{"GroupId":"g","User_Account":["bob"]}`, [5]string{"0", "0", "0", "10007", "0"}},
		{"list members", groups + "get_group_member_info", `{"GroupId":"g"}`, [5]string{"0", "0", "0", "10007", "0"}},
		{"modify member", groups + "modify_group_member_info", `{"GroupId":"g","Member_Account":"bob","NameCard":"B"}`, [5]string{"0", "0", "0", "10007", "0"}},
		{"make administrator", groups + "modify_group_member_info", `{"GroupId":"g","Member_Account":"bob","Role":"Admin"}`, [5]string{"10004", "0", "0", "10007", "0"}},
		{"mute one", groups + "modify_group_member_info", `{"GroupId":"g","Member_Account":"bob","MuteTime":1}`, [5]string{"10007", "0", "0", "10007", "0"}},
		{"import members", groups + "import_group_member", `{"GroupId":"g","MemberList":[{"Member_Account":"carol"}]}`, [5]string{"0", "0", "0", "10007", "0"}},
		{"recall", groups + "group_msg_recall", `{"GroupId":"g","MsgSeqList":[{"MsgSeq":1}]}`, [5]string{"0", "0", "0", "10033", "0"}},
		{"history", groups + "group_msg_get_simple", `{"GroupId":"g","ReqMsgNumber":1}`, [5]string{"0", "0", "0", "10044", "0"}},
		{"recall by sender", groups + "delete_group_msg_by_sender", `{"GroupId":"g","Sender_Account":"bob"}`, [5]string{"0", "0", "0", "0", "0"}},
		{"ban", groups + "ban_group_member", `{"GroupId":"g","Members_Account":["bob"],"Duration":1}`, [5]string{"0", "0", "0", "0", "0"}},
		{"list bans", groups + "get_group_ban_member", `{"GroupId":"g","Limit":1,"Offset":0}`, [5]string{"0", "0", "0", "0", "10007"}},
		{"attributes", groups + "set_group_attr", `{"GroupId":"g","GroupAttr":[]}`, [5]string{"0", "0", "0", "0", "0"}},
		{"counters", groups + "update_group_counter", `{"GroupId":"g","GroupCounter":[{"Key":"k","Value":1}]}`, [5]string{"0", "0", "0", "0", "10007"}},
		{"online number", groups + "get_online_member_num", `{"GroupId":"g"}`, [5]string{"0", "0", "0", "0", "0"}},
		{"viewers", live + "get_members", `{"GroupId":"g","Timestamp":0}`, [5]string{"10007", "10007", "10007", "0", "10007"}},
		{"live administrators", live + "modify_admin", `{"GroupId":"g","CommandType":1,"Admin_Account":["bob"]}`, [5]string{"10007", "10007", "10007", "0", "10007"}},
		{"directed notification", groups + "send_group_system_notification", `{"GroupId":"g","Content":"c","ToMembers_Account":["bob"]}`, [5]string{"0", "0", "0", "10004", "0"}},
		{"directed message", groups + "send_group_msg", `{"GroupId":"g","Random":1,"To_Account":["bob"],"MsgBody":` + textBody + `}`, [5]string{"0", "0", "0", "10004", "10004"}},
		{"online only message", groups + "send_group_msg", `{"GroupId":"g","Random":1,"OnlineOnlyFlag":1,"MsgBody":` + textBody + `}`, [5]string{"0", "0", "0", "10004", "0"}},
		{"at all", groups + "send_group_msg", `{"GroupId":"g","Random":1,"GroupAtInfo":[{"GroupAtAllFlag":1}],"MsgBody":` + textBody + `}`, [5]string{"0", "0", "0", "10004", "0"}},
	}
	h := newHarness(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for i, kind := range types {
				h.sim.DestroyGroup("g")
				if err := h.sim.SeedGroup(im.GroupSeed{GroupID: "g", Type: kind, Owner: "alice", Members: []string{"bob"}}); err != nil {
					t.Fatal(err)
				}
				if got := h.call(test.command, test.body); code(got) != test.want[i] {
					t.Errorf("%s: got %v, want code %s", kind, got, test.want[i])
				}
			}
		})
	}
}

func TestMembers(t *testing.T) {
	h := newHarness(t)
	h.makeGroup("Public", "g")
	h.play(
		step{groups + "add_group_member", `{"GroupId":"g","MemberList":[{"Member_Account":"bob"},{"Member_Account":"alice"}]}`,
			`{"MemberList":[{"Member_Account":"bob","Result":1},{"Member_Account":"alice","Result":2}]}`},
		step{groups + "add_group_member", `{"GroupId":"g","MemberList":[{"Member_Account":"carol"},{"Member_Account":"ghost"}]}`, "10019"},
		step{groups + "add_group_member", `{"GroupId":"g","MemberList":` + items(301, "Member_Account") + `}`, "10005"},
		step{groups + "add_group_member", `{"GroupId":"g","MemberList":[]}`, "10004"},
		step{groups + "add_group_member", `{"GroupId":"g","Silence":1,"MemberList":[{"Member_Account":"carol"}]}`, `{"MemberList":[{"Member_Account":"carol","Result":1}]}`},
		step{groups + "modify_group_member_info", `{"GroupId":"g","Member_Account":"bob","Role":"Admin","NameCard":"Bobby","MsgFlag":"Discard","MuteTime":60}`, "ok"},
		step{groups + "modify_group_member_info", `{"GroupId":"g","Member_Account":"alice","Role":"Member"}`, "10004"},
		step{groups + "modify_group_member_info", `{"GroupId":"g","Member_Account":"administrator"}`, "10004"},
		step{groups + "modify_group_member_info", `{"GroupId":"g","Member_Account":"bob","NameCard":"` + strings.Repeat("x", 51) + `"}`, "10004"},
		step{groups + "get_group_member_info", `{"GroupId":"g","Limit":1,"Offset":1}`, `{"MemberNum":3,"MemberList":[{"Member_Account":"bob","Role":"Admin",
			"JoinTime":@NOW,"MsgSeq":0,"MsgFlag":"Discard","LastSendMsgTime":0,"NameCard":"Bobby","MuteUntil":@NOW+60}]}`},
		step{groups + "get_group_member_info", `{"GroupId":"g","MemberRoleFilter":["Owner","Member"],"MemberInfoFilter":["Role"]}`,
			`{"MemberNum":3,"MemberList":[{"Member_Account":"alice","Role":"Owner"},{"Member_Account":"carol","Role":"Member"}]}`},
		step{groups + "get_group_member_info", `{"GroupId":"g","Limit":6001}`, "10004"},
		step{groups + "get_specified_group_member_info", `{"GroupId":"g","Member_List_Account":` + ids(51) + `}`, "10005"},
		step{groups + "delete_group_member", `{"GroupId":"g","MemberToDel_Account":["carol","ghost"],"Reason":"spam"}`, "ok"},
		step{groups + "delete_group_member", `{"GroupId":"g","MemberToDel_Account":["carol"]}`, "ok"},
		step{groups + "delete_group_member", `{"GroupId":"g","MemberToDel_Account":["alice"]}`, "10004"},
		step{groups + "get_role_in_group", `{"GroupId":"g","User_Account":` + ids(501) + `}`, "10005"},
		step{groups + "modify_group_member_info", `{"GroupId":"g","Member_Account":"bob","Role":"Member","ShutUpTime":0}`, "ok"},
	)
	same(t, happened(h.sim.Notices("g"))[1:], []im.Notice{
		{Type: im.NoticeMemberJoined, Operator: testAdmin, Accounts: []string{"bob"}},
		{Type: im.NoticeAdminSet, Operator: testAdmin, Accounts: []string{"bob"}},
		{Type: im.NoticeMemberInfoChanged, Operator: testAdmin, Accounts: []string{"bob"},
			Fields: []im.ChangedField{{Name: "MsgFlag", Value: "Discard"}, {Name: "NameCard", Value: "Bobby"}}},
		{Type: im.NoticeMemberMuted, Operator: testAdmin, Accounts: []string{"bob"}, Seconds: 60},
		{Type: im.NoticeMemberKicked, Operator: testAdmin, Accounts: []string{"carol"}, Text: "spam"},
		{Type: im.NoticeAdminRevoked, Operator: testAdmin, Accounts: []string{"bob"}},
		{Type: im.NoticeMemberUnmuted, Operator: testAdmin, Accounts: []string{"bob"}},
	})
}

func TestMemberLimits(t *testing.T) {
	h := newHarness(t, func(o *im.Options) { o.MaxGroupsPerUser = 2 })
	for _, id := range []string{"g", "g2", "g3"} {
		if err := h.sim.SeedGroup(im.GroupSeed{GroupID: id, Type: "Public"}); err != nil {
			t.Fatal(err)
		}
	}
	add := func(group, list, want string) step {
		return step{groups + "add_group_member", fmt.Sprintf(`{"GroupId":%q,"MemberList":[%s]}`, group, list), want}
	}
	alice, bob := `{"Member_Account":"alice"}`, `{"Member_Account":"bob"}`
	h.play(
		step{groups + "modify_group_base_info", `{"GroupId":"g","MaxMemberNum":1}`, "ok"},
		add("g", alice+","+bob, `{"MemberList":[{"Member_Account":"alice","Result":1},{"Member_Account":"bob","Result":0}]}`),
		add("g", bob, "10014"),
		add("g2", alice, `{"MemberList":[{"Member_Account":"alice","Result":1}]}`),
		add("g3", alice, "10037"),
		add("g3", alice+","+bob, `{"MemberList":[{"Member_Account":"alice","Result":0},{"Member_Account":"bob","Result":1}]}`),
		step{groups + "ban_group_member", `{"GroupId":"g2","Members_Account":["carol"],"Duration":5}`, "ok"},
		add("g2", `{"Member_Account":"carol"}`, `{"MemberList":[{"Member_Account":"carol","Result":0}]}`),
	)
}

func TestImportMembers(t *testing.T) {
	h := newHarness(t)
	h.makeGroup("Public", "g")
	h.play(
		step{groups + "import_group_member", `{"GroupId":"g","MemberList":[{"Member_Account":"bob","Role":"Admin","JoinTime":1500000000,"UnreadMsgNum":3},
			{"Member_Account":"alice"},{"Member_Account":"ghost"}]}`,
			`{"MemberList":[{"Member_Account":"bob","Result":1},{"Member_Account":"alice","Result":2},{"Member_Account":"ghost","Result":0}]}`},
		step{groups + "get_specified_group_member_info", `{"GroupId":"g","Member_List_Account":["bob"],"MemberInfoFilter":["Role","JoinTime"]}`,
			`{"MemberList":[{"Member_Account":"bob","Role":"Admin","JoinTime":1500000000}]}`},
	)
	if got := len(h.sim.Notices("g")); got != 1 {
		t.Errorf("an import caused %d notices", got-1)
	}
}

func TestCommunityMembersArePagedByCursor(t *testing.T) {
	h := newHarness(t)
	members := make([]string, 250)
	for i := range members {
		members[i] = fmt.Sprint("u", i)
	}
	if err := h.sim.SeedGroup(im.GroupSeed{GroupID: "@TGS#_c", Type: "Community", Members: members}); err != nil {
		t.Fatal(err)
	}
	var sizes []int
	next := ""
	for {
		got := h.ok(groups+"get_group_member_info", object{"GroupId": "@TGS#_c", "Limit": 6000, "Next": next})
		sizes = append(sizes, len(got["MemberList"].([]any)))
		if next = got["Next"].(string); next == "" {
			break
		}
	}
	same(t, sizes, []int{100, 100, 50})
	h.refused(10004, groups+"get_group_member_info", object{"GroupId": "@TGS#_c", "Next": "elsewhere"})
}

func TestMutes(t *testing.T) {
	h := newHarness(t)
	h.makeGroup("AVChatRoom", "g")
	say := func(from, want string) step {
		if want == "ok" {
			want = `{"MsgTime":@NOW,"MsgSeq":` + fmt.Sprint(h.nextSeq()) + `}`
		}
		return step{groups + "send_group_msg", fmt.Sprintf(`{"GroupId":"g","Random":%d,"From_Account":%q,"MsgBody":%s}`, h.seq, from, textBody), want}
	}
	muted := func(list string) step {
		return step{groups + "get_group_muted_account", `{"GroupId":"g"}`, `{"GroupId":"g","MutedAccountList":` + list + `}`}
	}
	h.play(
		step{groups + "forbid_send_msg", `{"GroupId":"g","Members_Account":["bob","carol"],"MuteTime":60}`, "ok"},
		step{groups + "forbid_send_msg", `{"GroupId":"g","Members_Account":["carol"],"ShutUpTime":4294967295}`, "ok"},
		muted(`[{"Member_Account":"bob","MutedUntil":@NOW+60},{"Member_Account":"carol","MutedUntil":4294967295}]`),
		step{groups + "get_group_shutted_uin", `{"GroupId":"g"}`, `{"GroupId":"g","ShuttedUinList":[
			{"Member_Account":"bob","ShuttedUntil":@NOW+60},{"Member_Account":"carol","ShuttedUntil":4294967295}]}`},
		say("bob", "10017"),
		say("alice", "ok"),
		step{groups + "forbid_send_msg", `{"GroupId":"g","Members_Account":["ghost"],"MuteTime":60}`, "10019"},
		step{groups + "forbid_send_msg", `{"GroupId":"g","Members_Account":["bob"]}`, "10004"},
		step{groups + "forbid_send_msg", `{"GroupId":"g","Members_Account":["bob"],"MuteTime":4294967296}`, "10004"},
		step{groups + "forbid_send_msg", `{"GroupId":"g","Members_Account":` + ids(501) + `,"MuteTime":1}`, "10005"},
	)
	h.clock.Advance(30 * time.Second)
	h.play(step{groups + "forbid_send_msg", `{"GroupId":"g","Members_Account":["bob"],"MuteTime":60}`, "ok"}) // starts anew
	h.clock.Advance(59 * time.Second)
	h.play(say("bob", "10017"))
	h.clock.Advance(time.Second)
	h.play(
		say("bob", "ok"),
		muted(`[{"Member_Account":"carol","MutedUntil":4294967295}]`),
		step{groups + "forbid_send_msg", `{"GroupId":"g","Members_Account":["carol","bob"],"MuteTime":0}`, "ok"},
		muted(`[]`),
		say("carol", "ok"),
		step{groups + "modify_group_base_info", `{"GroupId":"g","MuteAllMember":"On"}`, "ok"},
		say("carol", "10017"),
		say("alice", "ok"), // the owner
		say("administrator", "ok"),
		step{live + "modify_admin", `{"GroupId":"g","CommandType":1,"Admin_Account":["carol"]}`, "ok"},
		say("carol", "ok"),
	)
}

// nextSeq counts the messages that a test sends.
func (h *harness) nextSeq() int {
	h.seq++
	return h.seq
}

func TestGlobalMute(t *testing.T) {
	h := newHarness(t)
	h.makeGroup("Public", "g")
	set := func(body, want string) step {
		if want == "ok" {
			want = `{"ActionStatus":null}`
		}
		return step{setting + "setnospeaking", body, want}
	}
	get := func(chats, groups string) step {
		return step{setting + "getnospeaking", `{"Get_Account":"bob"}`,
			`{"ActionStatus":null,"C2CmsgNospeakingTime":` + chats + `,"GroupmsgNospeakingTime":` + groups + `}`}
	}
	fromBob := step{groups + "send_group_msg", `{"GroupId":"g","Random":1,"From_Account":"bob","MsgBody":` + textBody + `}`, "10017"}
	h.play(
		get("0", "0"),
		set(`{"Set_Account":"bob","C2CmsgNospeakingTime":4294967295,"GroupmsgNospeakingTime":7200}`, "ok"),
		get("4294967295", "7200"),
		fromBob,
		step{chat + "sendmsg", `{"From_Account":"bob","To_Account":"carol","MsgRandom":1,"MsgSeq":2,"MsgBody":` + textBody + `}`,
			`{"MsgTime":@NOW,"MsgKey":"2_1_@NOW","MsgId":"sim-2-1-@NOW"}`}, // back ends are not muted
	)
	h.clock.Advance(4 * time.Second)
	h.play(
		get("4294967295", "7196"),
		set(`{"Set_Account":"bob","C2CmsgNospeakingTime":0}`, "ok"), // the other stays
		get("0", "7196"),
		set(`{"Set_Account":"bob"}`, "130008"),
		set(`{"GroupmsgNospeakingTime":1}`, "130004"),
		set(`{"Set_Account":7,"GroupmsgNospeakingTime":1}`, "130005"),
		set(`{"Set_Account":"ghost","GroupmsgNospeakingTime":1}`, "130005"),
		step{setting + "getnospeaking", `{}`, "130002"},
		step{setting + "getnospeaking", `{"Get_Account":"ghost"}`, "130003"},
	)
}

func TestBans(t *testing.T) {
	h := newHarness(t)
	h.makeGroup("AVChatRoom", "g")
	if err := h.sim.JoinViewer("g", "bob"); err != nil {
		t.Fatal(err)
	}
	list := func(limit, offset int, list, next string) step {
		return step{groups + "get_group_ban_member", fmt.Sprintf(`{"GroupId":"g","Limit":%d,"Offset":%d}`, limit, offset),
			`{"BannedAccountList":` + list + `,"NextOffset":` + next + `}`}
	}
	h.play(
		step{groups + "ban_group_member", `{"GroupId":"g","Members_Account":["carol"],"Duration":4294967295}`, "ok"},
		step{groups + "ban_group_member", `{"GroupId":"g","Members_Account":["bob"],"Duration":60,"Description":"spam"}`, "ok"},
		list(1, 0, `[{"Member_Account":"bob","BannedUntil":@NOW+60}]`, "1"),
		list(1, 1, `[{"Member_Account":"carol","BannedUntil":4294967295}]`, "0"),
		list(100, 7, `[]`, "0"),
		step{groups + "get_group_ban_member", `{"GroupId":"g","Limit":101}`, "10004"},
		step{groups + "ban_group_member", `{"GroupId":"g","Members_Account":["bob"]}`, "10004"},
		step{groups + "ban_group_member", `{"GroupId":"g","Members_Account":["ghost"],"Duration":1}`, "10019"},
		step{groups + "ban_group_member", `{"GroupId":"g","Members_Account":["alice"],"Duration":1}`, "10004"},
		step{groups + "ban_group_member", `{"GroupId":"g","Members_Account":["bob"],"Duration":1,"Description":"` + strings.Repeat("x", 1001) + `"}`, "10004"},
		step{groups + "ban_group_member", `{"GroupId":"g","Members_Account":` + ids(21) + `,"Duration":1}`, "10005"},
		step{groups + "unban_group_member", `{"GroupId":"g","Members_Account":` + ids(21) + `}`, "10005"},
		step{groups + "send_group_msg", `{"GroupId":"g","Random":1,"From_Account":"bob","MsgBody":` + textBody + `}`, "10017"},
	)
	if err := h.sim.JoinViewer("g", "bob"); err == nil {
		t.Error("a banned account came back")
	}
	h.clock.Advance(time.Minute)
	if err := h.sim.JoinViewer("g", "bob"); err != nil {
		t.Errorf("the ban is over: %v", err)
	}
	h.play(
		list(100, 0, `[{"Member_Account":"carol","BannedUntil":4294967295}]`, "0"),
		step{groups + "unban_group_member", `{"GroupId":"g","Members_Account":["carol","bob"]}`, "ok"},
		list(100, 0, `[]`, "0"),
	)
	same(t, happened(h.sim.Notices("g"))[2:], []im.Notice{
		{Type: im.NoticeMemberBanned, Operator: testAdmin, Accounts: []string{"carol"}, Seconds: 4294967295},
		{Type: im.NoticeMemberBanned, Operator: testAdmin, Accounts: []string{"bob"}, Seconds: 60, Text: "spam"},
		{Type: im.NoticeMemberJoined, Operator: "bob", Accounts: []string{"bob"}},
		{Type: im.NoticeMemberUnbanned, Operator: testAdmin, Accounts: []string{"carol"}},
	})
	closed := newHarness(t, func(o *im.Options) { o.ClosedFeatures = []im.Feature{im.FeatureBan} })
	closed.makeGroup("AVChatRoom", "g")
	closed.play(step{groups + "get_group_ban_member", `{"GroupId":"g","Limit":1}`, "10007"})
}
