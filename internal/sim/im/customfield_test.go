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

const undefinedInfo = "all defined key is invalid"

// setField writes one custom field of group g.
func setField(key, value, want string) step {
	return step{groups + "modify_group_base_info", fmt.Sprintf(`{"GroupId":"g","AppDefinedData":[{"Key":%q,"Value":%q}]}`, key, value), want}
}

// fieldsAre reads the custom fields of group g without a filter.
func fieldsAre(list string) step {
	if list != "" {
		list = `,"AppDefinedData":` + list
	}
	return step{groups + "get_group_info", `{"GroupIdList":["g"],"ResponseFilter":{"GroupBaseInfoFilter":[],"AppDefinedDataFilter_Group":["one","two","three"]}}`,
		`{"GroupInfo":[{"GroupId":"g","ErrorCode":0,"ErrorInfo":""` + list + `}]}`}
}

func withFields(o *im.Options) {
	o.GroupFields = []im.FieldDefinition{{Name: "one"}, {Name: "two", GroupTypes: []string{"AVChatRoom", "Meeting"}}, {Name: "three", GroupTypes: []string{"Public"}}}
}

func TestGroupFields(t *testing.T) {
	h := newHarness(t, withFields)
	h.makeGroup("AVChatRoom", "g")
	h.play(
		fieldsAre(""),
		setField("one", "1", "ok"),
		setField("two", "2", "ok"),
		fieldsAre(`[{"Key":"one","Value":"1"},{"Key":"two","Value":"2"}]`),
		setField("one", "", "ok"), // an empty value deletes
		setField("one", "", "ok"),
		fieldsAre(`[{"Key":"two","Value":"2"}]`),
		setField("three", "3", "10004"), // not bound to the type
		setField("One", "1", "10004"),   // names are case-sensitive
		setField("two", strings.Repeat("x", 513), "10004"),
		setField("two", strings.Repeat("x", 512), "ok"),
		step{groups + "modify_group_base_info", `{"GroupId":"g","AppDefinedData":[{"Key":"unknown","Value":"x"},{"Key":"one","Value":"mixed"}]}`, "ok"},
		step{groups + "modify_group_base_info", `{"GroupId":"g","AppDefinedData":[{"Key":"two","Value":"b"},{"Key":"one","Value":"a"}]}`, "ok"},
	)
	if got := h.refused(10004, groups+"modify_group_base_info", `{"GroupId":"g","AppDefinedData":[{"Key":"no","Value":"x"}]}`); got["ErrorInfo"] != undefinedInfo {
		t.Errorf("the text for undefined fields is %q", got["ErrorInfo"])
	}
	var changes [][]im.ChangedField
	for _, notice := range h.sim.Notices("g")[1:] {
		changes = append(changes, notice.Fields)
	}
	field := func(name, value string) im.ChangedField {
		return im.ChangedField{Name: name, Custom: true, Value: value}
	}
	same(t, changes, [][]im.ChangedField{
		{field("one", "1")}, {field("two", "2")}, {field("one", "")}, {field("two", strings.Repeat("x", 512))},
		{field("one", "mixed")},
		{field("two", "b"), field("one", "a")}, // in the order of the request
	})
}

func TestGroupFieldSwitches(t *testing.T) {
	t.Run("mixed writes refused", func(t *testing.T) {
		h := newHarness(t, withFields, func(o *im.Options) { o.RefuseMixedFields = true })
		h.makeGroup("AVChatRoom", "g")
		h.play(
			step{groups + "modify_group_base_info", `{"GroupId":"g","Name":"x","AppDefinedData":[{"Key":"unknown","Value":"x"},{"Key":"one","Value":"1"}]}`, "10004"},
			fieldsAre(""),
		)
		if group, _ := h.sim.Group("g"); group.Name != "n" {
			t.Error("a refused call changed the name")
		}
	})
	t.Run("unset fields empty", func(t *testing.T) {
		h := newHarness(t, withFields, func(o *im.Options) { o.EmptyUnsetFields = true })
		h.makeGroup("AVChatRoom", "g")
		h.play(fieldsAre(`[{"Key":"one","Value":""},{"Key":"two","Value":""}]`))
		h.makeGroup("Private", "w")
		h.play(step{groups + "get_group_info", `{"GroupIdList":["w"],"ResponseFilter":{"AppDefinedDataFilter_Group":["two"]}}`,
			`{"GroupInfo":[{"GroupId":"w","ErrorCode":0,"ErrorInfo":"","AppDefinedData":[]}]}`})
	})
}

func TestFieldsTakeEffectLater(t *testing.T) {
	h := newHarness(t, func(o *im.Options) {
		o.GroupFields = []im.FieldDefinition{{Name: "one", GroupTypes: []string{"AVChatRoom"}, After: time.Minute}}
	})
	h.makeGroup("AVChatRoom", "g")
	h.play(setField("one", "1", "10004"))
	h.clock.Advance(time.Minute)
	h.play(setField("one", "1", "ok"))

	if err := h.sim.DefineGroupField(im.FieldDefinition{Name: "two", After: time.Second}); err != nil {
		t.Fatal(err)
	}
	h.play(setField("two", "2", "10004"))
	h.clock.Advance(time.Second)
	h.play(setField("two", "2", "ok"), fieldsAre(`[{"Key":"one","Value":"1"},{"Key":"two","Value":"2"}]`))

	// One more type for a field that exists: the first binding stays.
	if err := h.sim.DefineGroupField(im.FieldDefinition{Name: "one", GroupTypes: []string{"AVChatRoom", "Public"}, After: time.Hour}); err != nil {
		t.Fatal(err)
	}
	h.play(setField("one", "3", "ok"))
	h.makeGroup("Public", "p")
	public := step{groups + "modify_group_base_info", `{"GroupId":"p","AppDefinedData":[{"Key":"one","Value":"1"}]}`, "10004"}
	h.play(public)
	h.clock.Advance(time.Hour)
	public.want = "ok"
	h.play(public)
}

func TestFieldDefinitionRules(t *testing.T) {
	h := newHarness(t)
	many := func(define func(string) error, prefix string, most int) {
		t.Helper()
		for i := range most {
			if err := define(fmt.Sprint(prefix, i)); err != nil {
				t.Fatal(err)
			}
		}
		if define(prefix+"x") == nil {
			t.Errorf("%d fields of kind %s were taken", most+1, prefix)
		}
	}
	group := func(name string) error { return h.sim.DefineGroupField(im.FieldDefinition{Name: name}) }
	member := func(name string) error { return h.sim.DefineMemberField(im.FieldDefinition{Name: name}) }
	for _, name := range []string{"", "1st", "has-dash", "has space", strings.Repeat("x", 17), "名"} {
		if group(name) == nil || member(name) == nil {
			t.Errorf("a field was named %q", name)
		}
	}
	if h.sim.DefineMemberField(im.FieldDefinition{Name: "a", GroupTypes: []string{"AVChatRoom"}}) == nil {
		t.Error("a member field was bound to live groups")
	}
	if h.sim.DefineGroupField(im.FieldDefinition{Name: "a", GroupTypes: []string{"Nothing"}}) == nil {
		t.Error("a field was bound to an unknown type")
	}
	for _, name := range []string{"", "Tier1", "TooLongIt"} {
		if h.sim.DefineProfileField(name, 0) == nil {
			t.Errorf("a profile field was named %q", name)
		}
	}
	if err := group("same"); err != nil {
		t.Fatal(err)
	}
	if member("same") == nil {
		t.Error("one name was defined for groups and members")
	}
	many(group, "g", 9)
	many(member, "m", 5)
	many(func(name string) error {
		return h.sim.DefineProfileField("T"+strings.Map(func(r rune) rune { return 'a' + r%26 }, name), 0)
	}, "p", 20)
}

func TestMemberFields(t *testing.T) {
	h := newHarness(t, func(o *im.Options) {
		o.MemberFields = []im.FieldDefinition{{Name: "rank", GroupTypes: []string{"Public"}}, {Name: "team"}}
	})
	h.play(
		step{groups + "create_group", `{"Type":"Public","GroupId":"g","Name":"n","Owner_Account":"alice","MemberList":[
			{"Member_Account":"bob","AppMemberDefinedData":[{"Key":"rank","Value":"1"}]}]}`, `{"GroupId":"g"}`},
		step{groups + "modify_group_member_info", `{"GroupId":"g","Member_Account":"bob","AppMemberDefinedData":[{"Key":"team","Value":"red"}]}`, "ok"},
		step{groups + "modify_group_member_info", `{"GroupId":"g","Member_Account":"bob","AppMemberDefinedData":[{"Key":"none","Value":"x"}]}`, "10004"},
		step{groups + "modify_group_member_info", `{"GroupId":"g","Member_Account":"bob","AppMemberDefinedData":[{"Key":"team","Value":"` + strings.Repeat("x", 65) + `"}]}`, "10004"},
		step{groups + "get_specified_group_member_info", `{"GroupId":"g","Member_List_Account":["bob","carol"],"MemberInfoFilter":["Role"]}`,
			`{"MemberList":[{"Member_Account":"bob","Role":"Member","AppMemberDefinedData":[{"Key":"rank","Value":"1"},{"Key":"team","Value":"red"}]}]}`},
		step{groups + "modify_group_member_info", `{"GroupId":"g","Member_Account":"bob","AppMemberDefinedData":[{"Key":"rank","Value":""}]}`, "ok"},
		step{groups + "get_group_member_info", `{"GroupId":"g","MemberInfoFilter":[],"AppDefinedDataFilter_GroupMember":["rank","team"],"MemberRoleFilter":["Member"]}`,
			`{"MemberNum":2,"MemberList":[{"Member_Account":"bob","AppMemberDefinedData":[{"Key":"team","Value":"red"}]}]}`},
	)
}

func TestMangledValues(t *testing.T) {
	h := newHarness(t, withFields, func(o *im.Options) { o.ProfileFields = []string{"Tier"} })
	h.makeGroup("AVChatRoom", "g")
	fixed := "fixed"
	for _, rule := range []im.Mangle{
		{Field: "Name", Suffix: "!"},
		{Field: "custom:one", Value: &fixed},
		{Field: "custom:two", Suffix: "?", Stage: im.MangleOnReturn},
		{Field: "attribute:k", Suffix: "."},
		{Field: "Tag_Profile_Custom_Tier", Value: &fixed},
	} {
		if err := h.sim.SetMangle(rule); err != nil {
			t.Fatal(err)
		}
	}
	h.play(
		step{groups + "modify_group_base_info", `{"GroupId":"g","Name":"x","AppDefinedData":[{"Key":"one","Value":"1"},{"Key":"two","Value":"2"}]}`, "ok"},
		fieldsAre(`[{"Key":"one","Value":"fixed"},{"Key":"two","Value":"2?"}]`),
		step{groups + "set_group_attr", `{"GroupId":"g","GroupAttr":[{"key":"k","value":"v"}]}`, "ok"},
		step{attrs + "get_group_attr", `{"GroupId":"g"}`, `{"GroupAttrAry":[{"key":"k","value":"v."}]}`},
		step{profile + "portrait_set", `{"From_Account":"bob","ProfileItem":[{"Tag":"Tag_Profile_Custom_Tier","Value":"gold"}]}`, `{"ErrorDisplay":""}`},
	)
	group, _ := h.sim.Group("g")
	account, _ := h.sim.Account("bob")
	same(t, []any{group.Name, group.CustomFields, account.Profile},
		[]any{"x!", map[string]string{"one": "fixed", "two": "2"}, object{"Tag_Profile_Custom_Tier": "fixed"}})

	h.sim.ClearMangles()
	h.play(step{groups + "modify_group_base_info", `{"GroupId":"g","Name":"y"}`, "ok"}, fieldsAre(`[{"Key":"one","Value":"fixed"},{"Key":"two","Value":"2"}]`))
	for _, rule := range []im.Mangle{{Field: "Type", Suffix: "x"}, {Field: "custom:", Suffix: "x"}, {Field: "Name"}, {Field: "Name", Suffix: "x", Stage: "Later"}} {
		if h.sim.SetMangle(rule) == nil {
			t.Errorf("rule %+v was taken", rule)
		}
	}
}
