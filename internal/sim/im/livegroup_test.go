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

// join lets accounts watch a live group.
func (h *harness) join(group string, users ...string) {
	h.t.Helper()
	for _, user := range users {
		if err := h.sim.JoinViewer(group, user); err != nil {
			h.t.Fatal(err)
		}
	}
}

func TestViewers(t *testing.T) {
	h := newHarness(t)
	h.makeGroup("AVChatRoom", "g")
	h.ok(login+"account_import", object{"UserID": "bob", "Nick": "Bob", "FaceUrl": "b.png"})
	h.join("g", "bob", "bob", "carol")
	h.play(
		step{groups + "get_online_member_num", `{"GroupId":"g"}`, `{"OnlineMemberNum":2}`},
		step{live + "get_members", `{"GroupId":"g","Timestamp":0}`, `{"NextTimestamp":0,"MemberList":[
			{"Member_Account":"carol","JoinTime":@NOW,"NickName":"","Avatar":""},{"Member_Account":"bob","JoinTime":@NOW,"NickName":"Bob","Avatar":"b.png"}]}`},
		step{live + "get_members", `{"GroupId":"g"}`, "10004"},
		step{live + "check_members", `{"GroupId":"g","Member_Account":["bob","alice","ghost"]}`, `{"Member_Account":["bob"]}`},
		step{live + "check_members", `{"GroupId":"g","Member_Account":[]}`, "10004"},
	)
	if err := h.sim.LeaveViewer("g", "bob"); err != nil {
		t.Fatal(err)
	}
	h.play(step{live + "check_members", `{"GroupId":"g","Member_Account":["bob"]}`, `{"Member_Account":[]}`})
	if err := h.sim.JoinViewer("g", "ghost"); err == nil {
		t.Error("an account that does not exist joined")
	}
	if err := h.sim.JoinViewer("gone", "bob"); err == nil {
		t.Error("an account joined a group that does not exist")
	}
}

func TestLeaving(t *testing.T) {
	h := newHarness(t)
	for kind, want := range map[string]string{"Public": "the owner may not leave (code 10009)", "Private": "<nil>", "AVChatRoom": "<nil>"} {
		h.makeGroup(kind, kind)
		for range 2 { // not being there is a success
			if err := h.sim.LeaveViewer(kind, "alice"); fmt.Sprint(err) != want {
				t.Errorf("%s: got %v, want %s", kind, err, want)
			}
		}
	}
	if group, _ := h.sim.Group("Private"); group.Owner != "" || len(group.Members) != 0 {
		t.Errorf("the owner left, but the group is %+v", group)
	}
	if group, _ := h.sim.Group("AVChatRoom"); group.Owner != "alice" {
		t.Errorf("the owner of a live group need not be there, but the group is %+v", group)
	}
	if h.sim.LeaveViewer("gone", "alice") == nil {
		t.Error("an account left a group that does not exist")
	}
}

func TestViewersArePagedNewestFirst(t *testing.T) {
	h := newHarness(t)
	viewers := make([]string, 1100)
	for i := range viewers {
		viewers[i] = fmt.Sprint("u", i)
	}
	if err := h.sim.SeedGroup(im.GroupSeed{GroupID: "g", Type: "AVChatRoom", Members: viewers}); err != nil {
		t.Fatal(err)
	}
	var sizes []int
	var first, last any
	position := any(0)
	for {
		got := h.ok(live+"get_members", object{"GroupId": "g", "Timestamp": position})
		page := got["MemberList"].([]any)
		if first == nil {
			first = page[0].(object)["Member_Account"]
		}
		last = page[len(page)-1].(object)["Member_Account"]
		sizes = append(sizes, len(page))
		if position = got["NextTimestamp"]; fmt.Sprint(position) == "0" {
			break
		}
	}
	same(t, []any{sizes, first, last}, []any{[]int{250, 250, 250, 250}, "u1099", "u100"})
}

func TestOnlineNumbersMayBeLate(t *testing.T) {
	h := newHarness(t, func(o *im.Options) { o.OnlineRefresh = 10 * time.Second })
	h.makeGroup("AVChatRoom", "g")
	number := func(n int) step {
		return step{groups + "get_online_member_num", `{"GroupId":"g"}`, fmt.Sprintf(`{"OnlineMemberNum":%d}`, n)}
	}
	h.play(number(0))
	h.join("g", "bob")
	h.clock.Advance(9 * time.Second)
	h.play(number(0))
	h.clock.Advance(time.Second)
	h.play(number(1))
}

func TestLiveAdministrators(t *testing.T) {
	h := newHarness(t)
	h.makeGroup("AVChatRoom", "g")
	for i := range 6 {
		h.ok(login+"account_import", object{"UserID": fmt.Sprint("u", i), "Nick": fmt.Sprint("U", i)})
	}
	change := func(command int, who, want string) step {
		return step{live + "modify_admin", fmt.Sprintf(`{"GroupId":"g","CommandType":%d,"Admin_Account":%s}`, command, who), want}
	}
	list := func(list string) step {
		return step{live + "get_admin_list", `{"GroupId":"g"}`, `{"Admin_List":` + list + `}`}
	}
	h.play(
		list(`[]`),
		change(1, `["u0","u1"]`, "ok"),
		change(1, `["u1"]`, "ok"),
		change(2, `["u5"]`, "ok"),
		change(2, `["u0"]`, "ok"),
		list(`[{"Admin_Account":"u1","NickName":"U1","Avatar":""}]`),
		change(1, `["u2","u3","u4","u5","u0"]`, "10005"),
		list(`[{"Admin_Account":"u1","NickName":"U1","Avatar":""}]`),
		change(1, `["u2","u3","u4","u5"]`, "ok"),
		change(1, `["u0"]`, "10005"),
		change(1, `["ghost"]`, "10019"),
		change(3, `["u0"]`, "10004"),
		change(1, `[]`, "10004"),
		change(1, `[7]`, "60015"),
	)
	same(t, happened(h.sim.Notices("g"))[1:], []im.Notice{
		{Type: im.NoticeAdminSet, Operator: testAdmin, Accounts: []string{"u0", "u1"}},
		{Type: im.NoticeAdminRevoked, Operator: testAdmin, Accounts: []string{"u0"}},
		{Type: im.NoticeAdminSet, Operator: testAdmin, Accounts: []string{"u2", "u3", "u4", "u5"}},
	})
}

func TestMarksAndRobots(t *testing.T) {
	h := newHarness(t)
	h.makeGroup("AVChatRoom", "g")
	h.join("g", "bob")
	mark := func(command int, who, marks, want string) step {
		return step{live + "modify_user_info", fmt.Sprintf(`{"GroupId":"g","CommandType":%d,"MemberList":[{"Member_Account":%q,"Marks":%s}]}`, command, who, marks), want}
	}
	marked := func(filter, list string) step {
		return step{live + "get_members", `{"GroupId":"g","Timestamp":0` + filter + `}`, `{"NextTimestamp":0,"MemberList":` + list + `}`}
	}
	bob := func(marks string) string {
		return `[{"Member_Account":"bob","JoinTime":@NOW,"NickName":"","Avatar":""` + marks + `}]`
	}
	h.play(
		mark(1, "bob", `[1000,2000]`, `{"CommandType":1,"MemberList":[{"Member_Account":"bob","Marks":[1000,2000]}]}`),
		marked(`,"Mark":1000`, bob(`,"Marks":[1000,2000]`)),
		mark(2, "bob", `[1000]`, `{"CommandType":2,"MemberList":[{"Member_Account":"bob","Marks":[1000]}]}`),
		marked(`,"Mark":1000`, `[]`),
		mark(1, "carol", `[1000]`, "10004"), // not online
		mark(1, "bob", `[999]`, "10004"),
		mark(1, "bob", `[]`, "10004"),
		mark(1, "bob", `["x"]`, "10004"),
		mark(1, "bob", `[1,2,3,4,5,6,7,8,9,10,11]`, "10004"),
		mark(3, "bob", `[1000]`, "10004"),
		mark(1, "bob", `[600]`, `{"CommandType":1,"MemberList":[{"Member_Account":"bob","Marks":[600]}]}`),
		marked("", `[]`), // hidden
		marked(`,"Mark":600`, bob(`,"Marks":[2000,600]`)),
		mark(1, "bob", `[1001,1002,1003,1004,1005,1006,1007,1008,1009]`, "10004"), // an eleventh mark of the group
		step{live + "add_robots", `{"GroupId":"g","Member_Account":["carol"]}`, "ok"},
		marked("", `[{"Member_Account":"carol","JoinTime":@NOW,"NickName":"","Avatar":"","Marks":[500]}]`),
		step{groups + "get_online_member_num", `{"GroupId":"g"}`, `{"OnlineMemberNum":2}`},
		step{live + "check_members", `{"GroupId":"g","Member_Account":["carol"]}`, `{"Member_Account":["carol"]}`},
		step{live + "del_robots", `{"GroupId":"g","Member_Account":["carol"]}`, "ok"},
		step{groups + "get_online_member_num", `{"GroupId":"g"}`, `{"OnlineMemberNum":1}`},
		step{live + "add_robots", `{"GroupId":"g","Member_Account":["ghost"]}`, "10019"},
	)
	if err := h.sim.LeaveViewer("g", "bob"); err != nil {
		t.Fatal(err)
	}
	h.join("g", "bob")
	h.play(marked("", bob(""))) // marks are lost on leaving
}

func TestFeatureGateOfLiveGroups(t *testing.T) {
	h := newHarness(t, func(o *im.Options) { o.ClosedFeatures = []im.Feature{im.FeatureOnlineMembers} })
	h.makeGroup("AVChatRoom", "g")
	h.play(
		step{live + "get_members", `{"GroupId":"g","Timestamp":0}`, "10007"},
		step{live + "modify_admin", `{"GroupId":"g","CommandType":1,"Admin_Account":["bob"]}`, "10007"},
		step{groups + "get_online_member_num", `{"GroupId":"g"}`, `{"OnlineMemberNum":0}`},
	)
}

func TestRobotAccounts(t *testing.T) {
	const robots = "openim_robot_http_svc/"
	h := newHarness(t)
	h.play(
		step{robots + "create_robot", `{"UserID":"@RBT#1","Nick":"R","SelfSignature":"s"}`, "ok"},
		step{robots + "create_robot", `{"UserID":"@RBT#1"}`, "ok"},
		step{robots + "create_robot", `{"UserID":"robot"}`, "10004"},
		step{robots + "create_robot", `{"UserID":"@RBT#2","Nick":"` + strings.Repeat("x", 501) + `"}`, "10004"},
		step{robots + "get_all_robots", `{}`, `{"Robot_Account":["@RBT#1"]}`},
		step{robots + "delete_robot", `{"Robot_Account":"alice"}`, "10004"},
		step{robots + "delete_robot", `{"Robot_Account":"@RBT#1"}`, "ok"},
		step{robots + "get_all_robots", `{}`, `{"Robot_Account":[]}`},
	)
	for i := range 20 {
		h.ok(robots+"create_robot", object{"UserID": fmt.Sprint("@RBT#", i)})
	}
	h.refused(10004, robots+"create_robot", object{"UserID": "@RBT#x"})
}
