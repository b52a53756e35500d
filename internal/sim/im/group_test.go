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
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

func TestCreateGroupAndReadItBack(t *testing.T) {
	h := newHarness(t, func(o *im.Options) {
		o.GroupFields = []im.FieldDefinition{{Name: "level", GroupTypes: []string{"AVChatRoom"}}}
	})
	h.play(
		step{groups + "create_group", `{"Type":"AVChatRoom","Name":"Live 42","Owner_Account":"alice","GroupId":"live_42","Introduction":"i",
			"Notification":"公告","FaceUrl":"https://example.com/g.png","MaxMemberCount":7,"AppDefinedData":[{"Key":"level","Value":"3"}]}`, `{"GroupId":"live_42"}`},
		step{groups + "get_group_info", `{"GroupIdList":["live_42","gone","` + strings.Repeat("x", 49) + `"]}`, `{"GroupInfo":[
			{"GroupId":"live_42","ErrorCode":0,"ErrorInfo":"","Type":"AVChatRoom","Name":"Live 42","Appid":1400000001,"Introduction":"i",
				"Notification":"公告","FaceUrl":"https://example.com/g.png","Owner_Account":"alice","CreateTime":@NOW,"InfoSeq":1,"LastInfoTime":@NOW,
				"LastMsgTime":0,"NextMsgSeq":1,"MemberNum":0,"MaxMemberNum":0,"ApplyJoinOption":"FreeAccess","MuteAllMember":"Off",
				"AppDefinedData":[{"Key":"level","Value":"3"}]},
			{"GroupId":"gone","ErrorCode":10010,"ErrorInfo":"group does not exist or was disbanded"},
			{"GroupId":"` + strings.Repeat("x", 49) + `","ErrorCode":10015,"ErrorInfo":"group id is invalid"}]}`},
		step{groups + "get_group_info", `{"GroupIdList":["live_42"],"ResponseFilter":{"GroupBaseInfoFilter":["Name","ShutUpAllMember","Nothing"]}}`,
			`{"GroupInfo":[{"GroupId":"live_42","ErrorCode":0,"ErrorInfo":"","Name":"Live 42","MuteAllMember":"Off"}]}`},
		step{groups + "get_group_info", `{"GroupIdList":["live_42"],"ResponseFilter":{"AppDefinedDataFilter_Group":["level","unknown"]}}`,
			`{"GroupInfo":[{"GroupId":"live_42","ErrorCode":0,"ErrorInfo":"","AppDefinedData":[{"Key":"level","Value":"3"}]}]}`},
		step{groups + "get_group_info", `{"GroupIdList":[]}`, "10004"},
		step{groups + "get_group_info", `{"GroupIdList":"live_42"}`, "10004"},
		step{groups + "get_group_info", `{"GroupIdList":` + ids(51) + `}`, "10004"},
	)
	same(t, happened(h.sim.Notices("live_42")), []im.Notice{{Type: im.NoticeGroupCreated, Operator: testAdmin,
		Fields: []im.ChangedField{{Name: "level", Custom: true, Value: "3"}}}})
}

func TestMembersInGroupInfo(t *testing.T) {
	h := newHarness(t)
	h.play(
		step{groups + "create_group", `{"Type":"Work","Name":"w","GroupId":"w","Owner_Account":"alice","MemberList":[{"Member_Account":"bob"},{"Member_Account":"alice"}]}`, `{"GroupId":"w"}`},
		step{groups + "get_group_info", `{"GroupIdList":["w"],"ResponseFilter":{"GroupBaseInfoFilter":["Type","MemberNum"],"MemberInfoFilter":["Account","Role"]}}`,
			`{"GroupInfo":[{"GroupId":"w","ErrorCode":0,"ErrorInfo":"","Type":"Private","MemberNum":2,
				"MemberList":[{"Member_Account":"alice","Role":"Owner"},{"Member_Account":"bob","Role":"Member"}]}]}`},
	)
	current := newHarness(t, func(o *im.Options) { o.CurrentTypeNames = true })
	current.makeGroup("Private", "w")
	current.makeGroup("ChatRoom", "m")
	current.play(step{groups + "get_group_info", `{"GroupIdList":["w","m"],"ResponseFilter":{"GroupBaseInfoFilter":["Type"]}}`,
		`{"GroupInfo":[{"GroupId":"w","ErrorCode":0,"ErrorInfo":"","Type":"Work"},{"GroupId":"m","ErrorCode":0,"ErrorInfo":"","Type":"Meeting"}]}`})
}

func TestCreateGroupRefusals(t *testing.T) {
	h := newHarness(t, func(o *im.Options) { o.MaxMembers = 2 })
	h.makeGroup("Public", "used")
	body := func(extra string) string { return `{"Type":"Public","Name":"n"` + extra + `}` }
	tests := map[string]struct{ body, want string }{
		"no type":                        {`{"Name":"n"}`, "10004"},
		"unknown type":                   {`{"Type":"BChatRoom","Name":"n"}`, "10004"},
		"type in other case":             {`{"Type":"avchatroom","Name":"n"}`, "10004"},
		"no name":                        {`{"Type":"Public"}`, "10004"},
		"name is number":                 {`{"Type":"Public","Name":1}`, "10004"},
		"name too long in bytes":         {`{"Type":"Public","Name":"` + strings.Repeat("间", 34) + `"}`, "10004"},
		"introduction too long":          {body(`,"Introduction":"` + strings.Repeat("x", 401) + `"`), "10004"},
		"notification too long":          {body(`,"Notification":"` + strings.Repeat("x", 401) + `"`), "10004"},
		"avatar too long":                {body(`,"FaceUrl":"` + strings.Repeat("x", 501) + `"`), "10004"},
		"owner unknown":                  {body(`,"Owner_Account":"ghost"`), "10019"},
		"owner is number":                {body(`,"Owner_Account":1`), "60015"},
		"ID too long":                    {body(`,"GroupId":"` + strings.Repeat("x", 49) + `"`), "10015"},
		"ID not ASCII":                   {body(`,"GroupId":"间"`), "10015"},
		"ID of assigned kind":            {body(`,"GroupId":"@TGS#1"`), "10015"},
		"community ID without prefix":    {`{"Type":"Community","Name":"n","GroupId":"c"}`, "10015"},
		"ID used by somebody else":       {body(`,"GroupId":"used","Owner_Account":"bob"`), "10021"},
		"ID used, no owner given":        {body(`,"GroupId":"used"`), "10021"},
		"ID used by the same owner":      {body(`,"GroupId":"used","Owner_Account":"alice"`), "10025"},
		"unknown join option":            {body(`,"ApplyJoinOption":"Free"`), "10004"},
		"join option of a community":     {`{"Type":"Community","Name":"n","ApplyJoinOption":"FreeAccess"}`, "10004"},
		"invitations to a live group":    {`{"Type":"AVChatRoom","Name":"n","InviteJoinOption":"FreeAccess"}`, "10004"},
		"members above the plan":         {body(`,"MaxMemberCount":3`), "10004"},
		"member list of a live group":    {`{"Type":"AVChatRoom","Name":"n","MemberList":[{"Member_Account":"bob"}]}`, "10007"},
		"too many initial members":       {body(`,"MemberList":` + items(101, "Member_Account")), "10005"},
		"unknown initial member":         {body(`,"MemberList":[{"Member_Account":"ghost"}]`), "10019"},
		"initial members over the plan":  {body(`,"Owner_Account":"alice","MemberList":[{"Member_Account":"bob"},{"Member_Account":"carol"}]`), "10038"},
		"administrator of a work group":  {`{"Type":"Work","Name":"n","MemberList":[{"Member_Account":"bob","Role":"Admin"}]}`, "10004"},
		"initial member made owner":      {body(`,"MemberList":[{"Member_Account":"bob","Role":"Owner"}]`), "10004"},
		"fields that are no array":       {body(`,"AppDefinedData":{"Key":"a","Value":"b"}`), "10004"},
		"field value that is a number":   {body(`,"AppDefinedData":[{"Key":"a","Value":1}]`), "10004"},
		"field that nobody defined":      {body(`,"AppDefinedData":[{"Key":"a","Value":"1"}]`), "10004"},
		"CreateTime is ignored":          {`{"Type":"AVChatRoom","Name":"n","CreateTime":1}`, "0"},
		"member field that is undefined": {body(`,"MemberList":[{"Member_Account":"bob","AppMemberDefinedData":[{"Key":"a","Value":"1"}]}]`), "10004"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			before := len(h.sim.Groups())
			got := h.call(groups+"create_group", test.body)
			if code(got) != test.want {
				t.Errorf("got %v, want code %s", got, test.want)
			}
			if test.want != "0" && len(h.sim.Groups()) != before {
				t.Error("a refused call made a group")
			}
		})
	}
	h.refused(10007, groups+"import_group", `{"Type":"AVChatRoom","Name":"n","CreateTime":1}`)
	h.ok(groups+"import_group", `{"Type":"Public","Name":"n","GroupId":"old","CreateTime":1500000000}`)
	if group, _ := h.sim.Group("old"); group.CreateTime != 1500000000 {
		t.Errorf("an imported group was created at %d", group.CreateTime)
	}
}

func TestCreateGroupSwitches(t *testing.T) {
	again := `{"Type":"AVChatRoom","Name":"n","GroupId":"g","Owner_Account":"alice"}`
	tests := map[string]struct {
		change func(*im.Options)
		steps  []step
	}{
		"always 10021": {func(o *im.Options) { o.DuplicateGroupCode = 10021 }, []step{{groups + "create_group", again, "10021"}}},
		"an ID can be used again": {func(*im.Options) {}, []step{
			{groups + "destroy_group", `{"GroupId":"g"}`, "ok"}, {groups + "create_group", again, `{"GroupId":"g"}`}}},
		"an ID is used up": {func(o *im.Options) { o.RetireGroupIDs = true }, []step{
			{groups + "destroy_group", `{"GroupId":"g"}`, "ok"}, {groups + "create_group", again, "10021"}}},
		"live groups are counted": {func(o *im.Options) { o.MaxAVChatRooms = 1 }, []step{
			{groups + "create_group", `{"Type":"AVChatRoom","Name":"n"}`, "10036"},
			{groups + "destroy_group", `{"GroupId":"g"}`, "ok"},
			{groups + "create_group", again, `{"GroupId":"g"}`}}},
		"new groups per day": {func(o *im.Options) { o.MaxNewGroupsPerDay = 1 }, []step{{groups + "create_group", `{"Type":"Public","Name":"n"}`, "10006"}}},
		"no communities": {func(o *im.Options) { o.ClosedFeatures = []im.Feature{im.FeatureCommunity} }, []step{
			{groups + "create_group", `{"Type":"Community","Name":"n"}`, "11000"}}},
		"older limits": {func(o *im.Options) { o.LegacyLimits = true }, []step{
			{groups + "modify_group_base_info", `{"GroupId":"g","Name":"` + strings.Repeat("间", 10) + `"}`, "ok"},
			{groups + "modify_group_base_info", `{"GroupId":"g","Name":"` + strings.Repeat("间", 10) + `x"}`, "10004"},
			{groups + "modify_group_base_info", `{"GroupId":"g","Introduction":"` + strings.Repeat("x", 241) + `"}`, "10004"},
			{groups + "modify_group_base_info", `{"GroupId":"g","Notification":"` + strings.Repeat("x", 301) + `"}`, "10004"},
			{groups + "modify_group_base_info", `{"GroupId":"g","FaceUrl":"` + strings.Repeat("x", 101) + `"}`, "10004"}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, test.change)
			h.makeGroup("AVChatRoom", "g")
			h.play(test.steps...)
		})
	}
}

func TestAssignedGroupIDs(t *testing.T) {
	h := newHarness(t)
	for kind, prefix := range map[string]string{"Public": "@TGS#", "Community": "@TGS#_"} {
		one := h.ok(groups+"create_group", object{"Type": kind, "Name": "n"})["GroupId"].(string)
		two := h.ok(groups+"create_group", object{"Type": kind, "Name": "n"})["GroupId"].(string)
		if !strings.HasPrefix(one, prefix) || one == two || len(one) > 48 {
			t.Errorf("%s groups got the IDs %q and %q", kind, one, two)
		}
	}
	h.ok(groups+"create_group", object{"Type": "Community", "Name": "n", "GroupId": "@TGS#_mine"})
}

func TestModifyGroup(t *testing.T) {
	h := newHarness(t)
	h.makeGroup("AVChatRoom", "g")
	h.makeGroup("Public", "p")
	modify := func(body, want string) step { return step{groups + "modify_group_base_info", body, want} }
	h.clock.Advance(time.Minute)
	h.play(
		modify(`{"GroupId":"g","FaceUrl":"f","Name":"直播间","Introduction":"i","Notification":"n","ApplyJoinOption":"DisableApply","MuteAllMember":"On","MaxMemberNum":9}`, "ok"),
		modify(`{"GroupId":"g","Name":"直播间"}`, "ok"), // nothing changes, nobody is told
		modify(`{"GroupId":"g","Introduction":"","ShutUpAllMember":"Off","From_Account":"alice"}`, "ok"),
		modify(`{"GroupId":"g","Name":""}`, "10004"),
		modify(`{"GroupId":"g","Name":"x","MuteAllMember":"Yes"}`, "10004"),
		modify(`{"GroupId":"g","Name":"x","From_Account":"ghost"}`, "10019"),
		modify(`{"GroupId":"g","Name":"x","HistoryMsgBeforeJoin":"On"}`, "10004"),
		modify(`{"GroupId":"gone","Name":"x"}`, "10010"),
		modify(`{"GroupId":"`+strings.Repeat("x", 49)+`","Name":"x"}`, "10015"),
		modify(`{"Name":"x"}`, "10004"),
		modify(`{"GroupId":7,"Name":"x"}`, "10004"),
		modify(`{"GroupId":"p","MaxMemberNum":2001}`, "10004"),
		modify(`{"GroupId":"p","MaxMemberNum":2,"HistoryMsgBeforeJoin":"On","InviteJoinOption":"DisableInvite"}`, "ok"),
	)
	same(t, happened(h.sim.Notices("g"))[1:], []im.Notice{
		{Type: im.NoticeGroupInfoChanged, Operator: testAdmin, Fields: []im.ChangedField{{Name: "Name", Value: "直播间"}, {Name: "Introduction", Value: "i"},
			{Name: "Notification", Value: "n"}, {Name: "FaceUrl", Value: "f"}, {Name: "ApplyJoinOption", Value: "DisableApply"}, {Name: "MuteAllMember", Value: "On"}}},
		{Type: im.NoticeGroupInfoChanged, Operator: "alice", Fields: []im.ChangedField{{Name: "Introduction"}, {Name: "MuteAllMember", Value: "Off"}}},
	})
	group, _ := h.sim.Group("g")
	same(t, group, im.GroupState{GroupID: "g", Type: "AVChatRoom", Name: "直播间", Notification: "n", FaceURL: "f", Owner: "alice",
		ApplyJoinOption: "DisableApply", MuteAllMember: "Off", CreateTime: h.clock.Now().Unix() - 60, LastInfoTime: h.clock.Now().Unix(),
		InfoSeq: 3, NextMsgSeq: 1, Notices: 3})
}

func TestDestroyGroup(t *testing.T) {
	h := newHarness(t)
	h.makeGroup("Public", "g")
	h.play(
		step{groups + "destroy_group", `{"GroupId":"g"}`, "ok"},
		step{groups + "destroy_group", `{"GroupId":"g"}`, "10010"},
		step{groups + "destroy_group", `{"GroupId":"` + strings.Repeat("x", 49) + `"}`, "10015"},
		step{groups + "destroy_group", `{}`, "10004"},
		step{groups + "get_joined_group_list", `{"Member_Account":"alice"}`, `{"TotalCount":0,"GroupIdList":[]}`},
	)
	h.makeGroup("Public", "g")
	var sequence []string
	for _, notice := range h.sim.Notices("g") {
		sequence = append(sequence, fmt.Sprint(notice.Sequence, notice.Type))
	}
	same(t, sequence, []string{"1GroupCreated", "2GroupDestroyed", "3GroupCreated"})
}

func TestGroupList(t *testing.T) {
	for _, large := range []bool{false, true} {
		h := newHarness(t, func(o *im.Options) { o.LargeListPositions = large })
		for i := range 5 {
			h.makeGroup("AVChatRoom", fmt.Sprint("live", i))
		}
		h.makeGroup("Meeting", "m")
		h.ok(groups+"destroy_group", object{"GroupId": "live1"})
		var pages []string
		next := json.Number("0")
		for {
			got := h.ok(groups+"get_appid_group_list", object{"Limit": 2, "Next": next, "GroupType": "AVChatRoom"})
			pages = append(pages, fmt.Sprintf("%v of %v", canonical(t, got["GroupIdList"]), got["TotalCount"]))
			next = got["Next"].(json.Number)
			if next == "0" {
				break
			}
			if _, err := next.Int64(); (err != nil) != large {
				t.Errorf("Next is %s with LargeListPositions %v", next, large)
			}
		}
		same(t, pages, []string{`[{"GroupId":"live0"},{"GroupId":"live2"}] of 4`, `[{"GroupId":"live3"},{"GroupId":"live4"}] of 4`})
		h.play(
			step{groups + "get_appid_group_list", `{"Type":"Meeting"}`, `{"TotalCount":1,"GroupIdList":[{"GroupId":"m"}],"Next":0}`},
			step{groups + "get_appid_group_list", `{"GroupType":"Nothing"}`, "10004"},
			step{groups + "get_appid_group_list", `{"Limit":10001}`, "10004"},
			step{groups + "get_appid_group_list", `{"Next":-1}`, "10004"},
		)
	}
}

func TestJoinedGroups(t *testing.T) {
	h := newHarness(t)
	h.makeGroup("Public", "p")
	h.makeGroup("Work", "w")
	h.makeGroup("AVChatRoom", "l")
	if err := h.sim.JoinViewer("l", "alice"); err != nil {
		t.Fatal(err)
	}
	h.play(
		step{groups + "get_joined_group_list", `{"Member_Account":"alice"}`, `{"TotalCount":1,"GroupIdList":[{"GroupId":"p"}]}`},
		step{groups + "get_joined_group_list", `{"Member_Account":"alice","WithHugeGroups":1,"WithNoActiveGroups":1}`,
			`{"TotalCount":3,"GroupIdList":[{"GroupId":"p"},{"GroupId":"w"},{"GroupId":"l"}]}`},
		step{groups + "get_joined_group_list", `{"Member_Account":"alice","WithHugeGroups":1,"WithNoActiveGroups":1,"Offset":1,"Limit":1}`,
			`{"TotalCount":3,"GroupIdList":[{"GroupId":"w"}]}`},
		step{groups + "get_joined_group_list", `{"Member_Account":"alice","GroupType":"Public","ResponseFilter":{"GroupBaseInfoFilter":["Type","Name"],"SelfInfoFilter":["Role","JoinTime"]}}`,
			`{"TotalCount":1,"GroupIdList":[{"GroupId":"p","Type":"Public","Name":"n","SelfInfo":{"Role":"Owner","JoinTime":@NOW}}]}`},
		step{groups + "get_joined_group_list", `{"Member_Account":"ghost"}`, "10019"},
		step{groups + "get_joined_group_list", `{"Member_Account":"alice","SupportTopic":1}`, "10004"},
		step{groups + "get_joined_group_list", `{}`, "10004"},
	)
}

func TestChangeOwner(t *testing.T) {
	h := newHarness(t)
	h.makeGroup("Public", "p")
	h.makeGroup("AVChatRoom", "l")
	h.ok(groups+"add_group_member", object{"GroupId": "p", "MemberList": []object{{"Member_Account": "bob"}}})
	change := func(group, owner, want string) step {
		return step{groups + "change_group_owner", fmt.Sprintf(`{"GroupId":%q,"NewOwner_Account":%q}`, group, owner), want}
	}
	h.play(
		change("p", "bob", "ok"),
		change("p", "bob", "ok"),
		change("p", "carol", "10004"),
		change("p", "", "10004"),
		change("l", "bob", "10007"),
		change("gone", "bob", "10010"),
		step{groups + "get_role_in_group", `{"GroupId":"p","User_Account":["alice","bob","carol"]}`,
			`{"UserIdList":[{"Member_Account":"alice","Role":"Member"},{"Member_Account":"bob","Role":"Owner"},{"Member_Account":"carol","Role":"NotMember"}]}`},
	)
	notices := happened(h.sim.Notices("p"))
	same(t, notices[2:], []im.Notice{{Type: im.NoticeOwnerChanged, Operator: testAdmin, Accounts: []string{"bob"}, Fields: []im.ChangedField{{Name: "Owner_Account", Value: "bob"}}}})
}

func TestAnswersAboveOneMegabyte(t *testing.T) {
	h := newHarness(t, func(o *im.Options) { o.MaxMembers = 6000 })
	members := make([]string, 6000)
	for i := range members {
		members[i] = fmt.Sprintf("a-member-with-a-rather-long-%d", i)
	}
	if err := h.sim.SeedGroup(im.GroupSeed{GroupID: "big", Type: "Public", Members: members}); err != nil {
		t.Fatal(err)
	}
	h.refused(10018, groups+"get_group_info", object{"GroupIdList": slices.Repeat([]string{"big"}, 3)})
	h.ok(groups+"get_group_info", object{"GroupIdList": []string{"big"}, "ResponseFilter": object{"MemberInfoFilter": []string{"Role"}}})
}
