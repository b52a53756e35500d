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

// ids writes n accounts as a JSON array of strings.
func ids(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("%q", fmt.Sprint("u", i))
	}
	return "[" + strings.Join(list, ",") + "]"
}

// items writes n accounts as a JSON array of objects with the given name.
func items(n int, name string) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("{%q:%q}", name, fmt.Sprint("u", i))
	}
	return "[" + strings.Join(list, ",") + "]"
}

func TestAccounts(t *testing.T) {
	h := newHarness(t)
	h.play(
		step{login + "account_import", `{"UserID":"dave","Nick":"Dave","FaceUrl":"https://example.com/d.png"}`, "ok"},
		step{login + "account_import", `{"UserID":"dave","Nick":"David"}`, "ok"},
		step{profile + "portrait_get", `{"To_Account":["dave"],"TagList":["Tag_Profile_IM_Nick","Tag_Profile_IM_Image"]}`,
			`{"ErrorDisplay":"","UserProfileItem":[{"To_Account":"dave","ResultCode":0,"ResultInfo":"","ProfileItem":[
				{"Tag":"Tag_Profile_IM_Nick","Value":"David"},{"Tag":"Tag_Profile_IM_Image","Value":"https://example.com/d.png"}]}]}`},
		step{login + "account_import", `{"Identifier":"erin"}`, "ok"},
		step{login + "account_import", `{}`, "70402"},
		step{login + "account_import", `{"UserID":7}`, "60015"},
		step{login + "account_import", `{"UserID":"` + strings.Repeat("x", 33) + `"}`, "70402"},
		step{login + "account_import", `{"UserID":"äpfel"}`, "70402"},
		step{login + "account_import", `{"UserID":"@RBT#1"}`, "70402"},
		step{login + "account_import", `{"UserID":"frank","Nick":"` + strings.Repeat("x", 501) + `"}`, "40601"},
		step{login + "multiaccount_import", `{"Accounts":["alice","grace","bad` + strings.Repeat("d", 40) + `"]}`,
			`{"FailAccounts":["bad` + strings.Repeat("d", 40) + `"]}`},
		step{login + "multiaccount_import", `{"AccountList":[{"UserID":"heidi","Nick":"Heidi"}]}`, `{"FailAccounts":[]}`},
		step{login + "multiaccount_import", `{"Accounts":[]}`, "70402"},
		step{login + "multiaccount_import", `{"Accounts":[1]}`, "60015"},
		step{login + "multiaccount_import", `{"Accounts":` + ids(101) + `}`, "70402"},
		step{login + "account_check", `{"CheckItem":[{"UserID":"alice"},{"UserID":"ghost"},{"UserID":"frank"}]}`,
			`{"ResultItem":[{"UserID":"alice","ResultCode":0,"ResultInfo":"","AccountStatus":"Imported"},
				{"UserID":"ghost","ResultCode":0,"ResultInfo":"","AccountStatus":"NotImported"},
				{"UserID":"frank","ResultCode":0,"ResultInfo":"","AccountStatus":"Imported"}]}`},
		step{login + "account_check", `{"CheckItem":` + items(101, "UserID") + `}`, "70402"},
		step{login + "kick", `{"UserID":"alice"}`, "ok"},
		step{login + "kick", `{"UserID":"ghost"}`, "70107"},
	)
}

func TestAccountDeletion(t *testing.T) {
	h := newHarness(t)
	h.makeGroup("Public", "g")
	h.ok(groups+"add_group_member", object{"GroupId": "g", "MemberList": []object{{"Member_Account": "bob"}}})
	h.ok(chat+"sendmsg", object{"From_Account": "bob", "To_Account": "carol", "MsgRandom": 1, "MsgBody": text("hi")})
	h.play(
		step{login + "account_delete", `{"DeleteItem":[{"UserID":"bob"},{"UserID":"ghost"},{"UserID":"administrator"}]}`,
			`{"ResultItem":[{"ResultCode":0,"ResultInfo":"","UserID":"bob"},
				{"ResultCode":70107,"ResultInfo":"Err_TLS_PT_Open_Login_Account_Not_Exist","UserID":"ghost"},
				{"ResultCode":70402,"ResultInfo":"administrators cannot be deleted","UserID":"administrator"}]}`},
		step{login + "account_import", `{"UserID":"bob"}`, "70402"}, // the ID is blocked
	)
	group, _ := h.sim.Group("g")
	if len(group.Members) != 1 || len(h.sim.ChatMessages("bob", "carol")) != 0 {
		t.Errorf("the deleted account left members %v and messages %v", group.Members, h.sim.ChatMessages("bob", "carol"))
	}
	h.clock.Advance(90 * 24 * time.Hour)
	h.sig = longSignature(t)
	h.play(step{login + "account_import", `{"UserID":"bob"}`, "ok"})
}

// longSignature outlives a test that moves the clock by months.
func longSignature(t *testing.T) string {
	t.Helper()
	return signature(t, testAdmin, testKey, 365*86400)
}

func TestAccountSwitches(t *testing.T) {
	forTwo := `{"To_Account":["alice"],"TagList":["Tag_Profile_IM_Nick"]}`
	tests := map[string]struct {
		change func(*im.Options)
		steps  []step
	}{
		"deleted IDs are free at once": {func(o *im.Options) { o.ReimportBlock = -1 }, []step{
			{login + "account_delete", `{"DeleteItem":[{"UserID":"bob"}]}`, `{"ResultItem":[{"ResultCode":0,"ResultInfo":"","UserID":"bob"}]}`},
			{login + "account_import", `{"UserID":"bob"}`, "ok"},
		}},
		"deletion not enabled": {func(o *im.Options) { o.ClosedFeatures = []im.Feature{im.FeatureAccountDeletion} }, []step{
			{login + "account_delete", `{"DeleteItem":[{"UserID":"bob"}]}`, "71000"},
		}},
		"profile kept on repeated import": {func(o *im.Options) { o.KeepProfileOnReimport = true }, []step{
			{login + "account_import", `{"UserID":"alice","Nick":"Alice"}`, "ok"},
			{profile + "portrait_get", forTwo, `{"ErrorDisplay":"","UserProfileItem":[{"To_Account":"alice","ProfileItem":[],"ResultCode":0,"ResultInfo":""}]}`},
		}},
		"presence under its other name": {func(o *im.Options) { o.StatusField = true }, []step{
			{chat + "query_online_status", `{"To_Account":["alice"]}`, `{"QueryResult":[{"To_Account":"alice","Status":"Offline"}]}`},
		}},
		"status query not enabled": {func(o *im.Options) { o.ClosedFeatures = []im.Feature{im.FeatureUserStatus} }, []step{
			{chat + "query_online_status", `{"To_Account":["alice"]}`, "72001"},
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { newHarness(t, test.change).play(test.steps...) })
	}
}

func TestTrialEditionLimits(t *testing.T) {
	h := newHarness(t, func(o *im.Options) { o.TrialEdition = true })
	fresh := func(from, to int) (list []string) {
		for i := from; i < to; i++ {
			list = append(list, fmt.Sprint("u", i))
		}
		return list
	}
	// alice, bob, carol and the administrator exist.
	same(t, h.ok(login+"multiaccount_import", object{"Accounts": fresh(0, 96)})["FailAccounts"], []string{})
	h.refused(70398, login+"account_import", object{"UserID": "u96"})
	same(t, h.ok(login+"multiaccount_import", object{"Accounts": []string{"alice", "u97"}})["FailAccounts"], []string{"u97"})

	for i := range 10 {
		h.makeGroup("AVChatRoom", fmt.Sprint("live", i))
	}
	h.refused(10036, groups+"create_group", object{"Type": "AVChatRoom", "Name": "n"})
	for i := range 50 {
		h.makeGroup("Public", fmt.Sprint("g", i))
	}
	h.refused(10037, groups+"create_group", object{"Type": "Public", "Name": "n", "Owner_Account": "alice"})
	for i := range 40 {
		h.ok(groups+"create_group", object{"Type": "Public", "Name": "n", "GroupId": fmt.Sprint("h", i)})
	}
	h.refused(10058, groups+"create_group", object{"Type": "Public", "Name": "n"})
	for _, id := range fresh(0, 19) {
		h.ok(groups+"add_group_member", object{"GroupId": "g0", "MemberList": []object{{"Member_Account": id}}})
	}
	h.refused(10014, groups+"add_group_member", object{"GroupId": "g0", "MemberList": []object{{"Member_Account": "u19"}}})
}

func TestPresence(t *testing.T) {
	h := newHarness(t)
	if err := h.sim.SetPresence("alice", "Online", im.PlatformStatus{Platform: "Web", Status: "Online"}); err != nil {
		t.Fatal(err)
	}
	if err := h.sim.SetPresence("bob", "PushOnline"); err != nil {
		t.Fatal(err)
	}
	h.play(
		step{chat + "query_online_status", `{"To_Account":["alice","bob","ghost"]}`,
			`{"QueryResult":[{"To_Account":"alice","State":"Online"},{"To_Account":"bob","State":"PushOnline"}],
				"ErrorList":[{"To_Account":"ghost","ErrorCode":70107}]}`},
		step{chat + "querystate", `{"To_Account":["alice"],"IsNeedDetail":1}`,
			`{"QueryResult":[{"To_Account":"alice","State":"Online","Detail":[{"Platform":"Web","Status":"Online"}]}]}`},
		step{chat + "query_online_status", `{"To_Account":["ghost"]}`, "70107"},
		step{chat + "query_online_status", `{"To_Account":[]}`, "90001"},
		step{chat + "query_online_status", `{}`, "90003"},
		step{chat + "query_online_status", `{"To_Account":[1]}`, "90003"},
		step{chat + "query_online_status", `{"To_Account":` + ids(501) + `}`, "90011"},
		step{login + "kick", `{"UserID":"alice"}`, "ok"},
		step{chat + "query_online_status", `{"To_Account":["alice"],"IsNeedDetail":1}`, `{"QueryResult":[{"To_Account":"alice","State":"Offline"}]}`},
	)
}

func TestProfiles(t *testing.T) {
	h := newHarness(t, func(o *im.Options) { o.ProfileFields, o.FieldDelay = []string{"Tier"}, time.Minute })
	set := func(tag, value, want string) step {
		body := fmt.Sprintf(`{"From_Account":"alice","ProfileItem":[{"Tag":%q,"Value":%s}]}`, tag, value)
		if want == "ok" {
			want = `{"ErrorDisplay":""}`
		}
		return step{profile + "portrait_set", body, want}
	}
	h.play(
		set("Tag_Profile_IM_Nick", `"Alice"`, "ok"),
		set("Tag_Profile_IM_Nick", `7`, "40610"),
		set("Tag_Profile_IM_Nick", `"`+strings.Repeat("x", 501)+`"`, "40601"),
		set("Tag_Profile_IM_Location", `"`+strings.Repeat("x", 17)+`"`, "40601"),
		set("Tag_Profile_IM_Level", `3`, "ok"),
		set("Tag_Profile_IM_Level", `"3"`, "40610"),
		set("Tag_Profile_IM_Level", `-1`, "40605"),
		set("Tag_Profile_IM_Role", `4294967296`, "40605"),
		set("Tag_Profile_IM_Gender", `"Gender_Type_Female"`, "ok"),
		set("Tag_Profile_IM_Gender", `"female"`, "40605"),
		set("Tag_Profile_IM_AllowType", `"AllowType_Type_DenyAny"`, "ok"),
		set("Tag_Profile_IM_Nothing", `"x"`, "40009"),
		set("Tag_Profile_Custom_Tier", `"gold"`, "40009"), // not effective yet
	)
	h.clock.Advance(time.Minute)
	h.play(
		set("Tag_Profile_Custom_Tier", `"gold"`, "ok"),
		set("Tag_Profile_Custom_Tier", `5`, "40610"),
		set("Tag_Profile_Custom_tier", `"gold"`, "40009"),
		// All or nothing.
		step{profile + "portrait_set", `{"From_Account":"alice","ProfileItem":[{"Tag":"Tag_Profile_IM_Level","Value":9},{"Tag":"Tag_X","Value":"x"}]}`, "40009"},
		step{profile + "portrait_set", `{"From_Account":"ghost","ProfileItem":[{"Tag":"Tag_Profile_IM_Level","Value":9}]}`, "40003"},
		step{profile + "portrait_set", `{"From_Account":"alice"}`, "40001"},
		step{profile + "portrait_get", `{"To_Account":["alice","ghost"],"TagList":["Tag_Profile_IM_Level","Tag_Profile_IM_Image","Tag_Profile_Custom_Tier"]}`,
			`{"ErrorDisplay":"","Fail_Account":["ghost"],"UserProfileItem":[
				{"To_Account":"alice","ResultCode":0,"ResultInfo":"","ProfileItem":[{"Tag":"Tag_Profile_IM_Level","Value":3},{"Tag":"Tag_Profile_Custom_Tier","Value":"gold"}]},
				{"To_Account":"ghost","ResultCode":40003,"ResultInfo":"account does not exist"}]}`},
		step{profile + "portrait_get", `{"To_Account":["alice"],"TagList":["Tag_Profile_Custom_No"]}`, "40009"},
		step{profile + "portrait_get", `{"TagList":["Tag_Profile_IM_Nick"]}`, "40002"},
		step{profile + "portrait_get", `{"To_Account":[],"TagList":["Tag_Profile_IM_Nick"]}`, "40002"},
		step{profile + "portrait_get", `{"To_Account":["alice"]}`, "40001"},
		step{profile + "portrait_get", `{"To_Account":` + ids(101) + `,"TagList":["Tag_Profile_IM_Nick"]}`, "40001"},
	)
	if got := h.refused(40009, profile+"portrait_set", `{"From_Account":"alice","ProfileItem":[{"Tag":"T","Value":""}]}`); got["ErrorDisplay"] != got["ErrorInfo"] {
		t.Errorf("ErrorDisplay is missing: %v", got)
	}
}
