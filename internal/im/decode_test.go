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

package im

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

func TestDecodeNumber(t *testing.T) {
	tests := map[string]number{
		`7`: 7, `"7"`: 7, `" 7 "`: 7, `7.0`: 7, `1.7e9`: 1700000000, `-3`: -3, `4294967295`: 4294967295,
		`null`: 0, `""`: 0, `false`: 0, `true`: 1, `"1.7e9"`: 1700000000,
	}
	for in, want := range tests {
		var got number
		if err := json.Unmarshal([]byte(in), &got); err != nil || got != want {
			t.Errorf("%s: got %d, %v, want %d", in, got, err, want)
		}
	}
	for _, in := range []string{`{}`, `[]`, `"x"`, `"NaN"`, `1e99`, `"Inf"`, `[1]`} {
		var got number
		if err := json.Unmarshal([]byte(in), &got); err == nil {
			t.Errorf("%s: got %d, want an error", in, got)
		}
	}
}

func TestDecodeText(t *testing.T) {
	tests := map[string]text{
		`"a"`: "a", `""`: "", `null`: "", `7`: "7", `1.50`: "1.50", `true`: "true", `"\u7fa4"`: "群",
	}
	for in, want := range tests {
		var got text
		if err := json.Unmarshal([]byte(in), &got); err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", in, got, err, want)
		}
	}
	for _, in := range []string{`{}`, `[]`} {
		var got text
		if err := json.Unmarshal([]byte(in), &got); err == nil {
			t.Errorf("%s: got %q, want an error", in, got)
		}
	}
}

func TestDecodeToggle(t *testing.T) {
	tests := map[string]toggle{
		`"On"`: true, `"Off"`: false, `"on"`: true, `true`: true, `false`: false, `1`: true, `0`: false,
		`null`: false, `""`: false, `"other"`: false,
	}
	for in, want := range tests {
		var got toggle
		if err := json.Unmarshal([]byte(in), &got); err != nil || got != want {
			t.Errorf("%s: got %v, %v, want %v", in, got, err, want)
		}
	}
}

func TestCheckAnswer(t *testing.T) {
	failed := func(class Class, code int, info string) *Error {
		return &Error{Class: class, Command: "get_group_info", Code: code, Info: info}
	}
	tests := map[string]struct {
		answer string
		want   *Error
	}{
		"success":               {`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`, nil},
		"success without state": {`{"ErrorCode":0,"ErrorInfo":"ok"}`, nil},
		"success without code":  {`{"ActionStatus":"OK"}`, nil},
		"partial success":       {`{"ActionStatus":"SomeError","ErrorCode":0}`, nil},
		"code as text":          {`{"ActionStatus":"OK","ErrorCode":"0"}`, nil},
		"code is null":          {`{"ActionStatus":"OK","ErrorCode":null}`, nil},
		"refusal":               {`{"ActionStatus":"FAIL","ErrorCode":10007,"ErrorInfo":"no"}`, failed(NotPermitted, 10007, "no")},
		"refusal, code as text": {`{"ActionStatus":"FAIL","ErrorCode":"10007"}`, failed(NotPermitted, 10007, "")},
		"refusal without state": {`{"ErrorCode":10007}`, failed(NotPermitted, 10007, "")},
		"refusal with items":    {`{"ErrorCode":10010,"GroupInfo":[{"GroupId":"a"}]}`, nil},
		"refusal without items": {`{"ErrorCode":10010,"GroupInfo":[]}`, failed(NotFound, 10010, "")},
		"refusal, items null":   {`{"ErrorCode":10010,"GroupInfo":null}`, failed(NotFound, 10010, "")},
		"failure without code":  {`{"ActionStatus":"FAIL","ErrorCode":0,"ErrorInfo":"x"}`, failed(Unavailable, 0, "the answer reports a failure without a code: x")},
		"empty object":          {`{}`, failed(Unavailable, 0, "the answer has neither a code nor a status")},
		"empty":                 {``, failed(Unavailable, 0, "the answer is not understood: no valid JSON at byte 0")},
		"page of a gateway":     {`<html>`, failed(Unavailable, 0, "the answer is not understood: no valid JSON at byte 1")},
		"a list":                {`[]`, failed(Unavailable, 0, `the answer is not understood: unexpected array in ""`)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var got *Error
			if f := checkAnswer(getGroupInfo, []byte(test.answer)); f != nil {
				got, _ = AsError(f.err)
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestDecodeGroups(t *testing.T) {
	whole := Group{
		ID: "a", Type: GroupTypeMeeting, Name: "群", Introduction: "i", Announcement: "n", AvatarURL: "u",
		OwnerUserID: "alice", CreateTime: time.Unix(1700000000, 0).UTC(), JoinOption: JoinFreeAccess, AllMuted: true,
		Fields: map[string]string{"level": "3"},
	}
	absent := func(code int, info string) outcome[Group] {
		return outcome[Group]{err: &Error{Class: NotFound, Command: "get_group_info", Code: code, Info: info}}
	}
	tests := map[string]struct {
		answer string
		ask    []string
		want   []outcome[Group]
	}{
		"whole": {
			`{"GroupInfo":[{"GroupId":"a","ErrorCode":0,"Type":"ChatRoom","Name":"群","Appid":1,"Introduction":"i",
			"Notification":"n","FaceUrl":"u","Owner_Account":"alice","CreateTime":1700000000,"ApplyJoinOption":"FreeAccess",
			"MuteAllMember":"On","AppDefinedData":[{"Key":"level","Value":"3"},{"Key":"unset","Value":""}]}]}`,
			[]string{"a"}, []outcome[Group]{{value: whole}},
		},
		"numbers as texts and the reverse, old names": {
			`{"GroupInfo":[{"GroupId":"a","ErrorCode":"0","Type":"Meeting","Name":"群","Introduction":"i",
			"Notification":"n","FaceUrl":"u","Owner_Account":"alice","CreateTime":"1700000000","ApplyJoinOption":"FreeAccess",
			"ShutUpAllMember":"On","AppDefinedData":[{"Key":"level","Value":3}]}]}`,
			[]string{"a"}, []outcome[Group]{{value: whole}},
		},
		"nothing but the id": {
			`{"GroupInfo":[{"GroupId":"a","Owner_Account":null,"AppDefinedData":null}]}`,
			[]string{"a"}, []outcome[Group]{{value: Group{ID: "a"}}},
		},
		"work group": {
			`{"GroupInfo":[{"GroupId":"a","Type":"Private"}]}`,
			[]string{"a"}, []outcome[Group]{{value: Group{ID: "a", Type: GroupTypeWork}}},
		},
		"unknown type": {
			`{"GroupInfo":[{"GroupId":"a","Type":"BChatRoom"}]}`,
			[]string{"a"}, []outcome[Group]{{value: Group{ID: "a", Type: "BChatRoom"}}},
		},
		"other order, one gone": {
			`{"GroupInfo":[{"GroupId":"b","ErrorCode":10010,"ErrorInfo":"gone"},{"GroupId":"a"}]}`,
			[]string{"a", "b"}, []outcome[Group]{{value: Group{ID: "a"}}, absent(10010, "gone")},
		},
		"failed element without an id": {
			`{"GroupInfo":[{"GroupId":"a"},{"ErrorCode":10015}]}`,
			[]string{"a", "b"}, []outcome[Group]{{value: Group{ID: "a"}}, absent(10015, "")},
		},
		"missing group not mentioned": {
			`{"GroupInfo":[{"GroupId":"a"}]}`,
			[]string{"a", "b"}, []outcome[Group]{{value: Group{ID: "a"}}, absent(0, "the answer does not mention the group")},
		},
		"no list": {
			`{}`, []string{"a"}, []outcome[Group]{absent(0, "the answer does not mention the group")},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var answer wireGroups
			if err := json.Unmarshal([]byte(test.answer), &answer); err != nil {
				t.Fatal(err)
			}
			if got := answer.groups(test.ask); !reflect.DeepEqual(got, test.want) {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
		})
	}
}

func TestDecodeProfiles(t *testing.T) {
	tests := map[string]struct {
		answer string
		want   outcome[Profile]
	}{
		"whole": {
			`{"UserProfileItem":[{"To_Account":"alice","ResultCode":0,"ProfileItem":[
			{"Tag":"Tag_Profile_IM_Nick","Value":"爱"},{"Tag":"Tag_Profile_IM_Image","Value":"u"},
			{"Tag":"Tag_Profile_IM_Gender","Value":"Gender_Type_Female"},
			{"Tag":"Tag_Profile_IM_AllowType","Value":"AllowType_Type_DenyAny"},
			{"Tag":"Tag_Profile_IM_Level","Value":3},{"Tag":"Tag_Profile_IM_Role","Value":"4"},
			{"Tag":"Tag_Profile_Custom_Tier","Value":"gold"},{"Tag":"Tag_Profile_IM_Language","Value":1}]}]}`,
			outcome[Profile]{value: Profile{
				Nickname: new("爱"), AvatarURL: new("u"), Gender: new(GenderFemale), AllowType: new(AllowTypeDenyAny),
				Level: new(uint32(3)), Role: new(uint32(4)), Custom: map[string]string{"Tier": "gold"},
			}},
		},
		"nothing set": {
			`{"UserProfileItem":[{"To_Account":"alice","ProfileItem":null}]}`, outcome[Profile]{},
		},
		"null values": {
			`{"UserProfileItem":[{"To_Account":"alice","ProfileItem":[{"Tag":"Tag_Profile_IM_Nick","Value":null},
			{"Tag":"Tag_Profile_IM_Level"},{"Tag":"Tag_Profile_Custom_Tier","Value":null}]}]}`, outcome[Profile]{},
		},
		"empty value": {
			`{"UserProfileItem":[{"To_Account":"alice","ProfileItem":[{"Tag":"Tag_Profile_IM_Nick","Value":""}]}]}`,
			outcome[Profile]{value: Profile{Nickname: new("")}},
		},
		"level beyond a signed number": {
			`{"UserProfileItem":[{"To_Account":"alice","ProfileItem":[{"Tag":"Tag_Profile_IM_Level","Value":-1}]}]}`,
			outcome[Profile]{value: Profile{Level: new(uint32(4294967295))}},
		},
		"failed": {
			`{"UserProfileItem":[{"To_Account":"alice","ResultCode":40006,"ResultInfo":"x"}],"Fail_Account":["alice"]}`,
			outcome[Profile]{err: &Error{Class: Unavailable, Command: "portrait_get", Code: 40006, Info: "x"}},
		},
		"not imported": {
			`{"UserProfileItem":[{"To_Account":"alice","ResultCode":40003}]}`,
			outcome[Profile]{err: &Error{Class: NotFound, Command: "portrait_get", Code: 40003}},
		},
		"only listed as failed": {
			`{"Fail_Account":["alice"]}`, outcome[Profile]{err: notMentioned(portraitGet)},
		},
		"not mentioned": {
			`{}`, outcome[Profile]{err: &Error{
				Class: NotFound, Command: "portrait_get", Info: "the answer does not mention the account",
			}},
		},
		"value of a wrong kind": {
			`{"UserProfileItem":[{"To_Account":"alice","ProfileItem":[{"Tag":"Tag_Profile_IM_Level","Value":[]}]}]}`,
			outcome[Profile]{err: &Error{
				Class: Unavailable, Command: "portrait_get", Info: "the answer is not understood: unexpected form",
			}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var answer wireProfiles
			if err := json.Unmarshal([]byte(test.answer), &answer); err != nil {
				t.Fatal(err)
			}
			if got := answer.profiles([]string{"alice"}); !reflect.DeepEqual(got, []outcome[Profile]{test.want}) {
				t.Errorf("got  %+v\nwant %+v", got[0], test.want)
			}
		})
	}
}

func TestDecodeCheckedAccounts(t *testing.T) {
	answer := wireAccountResults{}
	if err := json.Unmarshal([]byte(`{"ResultItem":[
		{"UserID":"a","ResultCode":0,"AccountStatus":"Imported"},
		{"UserID":"b","ResultCode":0,"AccountStatus":"NotImported"},
		{"UserID":"c","ResultCode":"70107"},
		{"UserID":"d","ResultCode":70500,"ResultInfo":"x"},
		{"UserID":"e","ResultCode":0}]}`), &answer); err != nil {
		t.Fatal(err)
	}
	want := []outcome[bool]{
		{value: true}, {}, {},
		{err: &Error{Class: Unavailable, Command: "account_check", Code: 70500, Info: "x"}},
		{err: notMentioned(accountCheck)}, {err: notMentioned(accountCheck)},
	}
	if got := answer.checked([]string{"a", "b", "c", "d", "e", "f"}); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
