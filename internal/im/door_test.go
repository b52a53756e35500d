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
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Every method: what it sends for what it is asked, and what it makes of the answers.
func TestDoor(t *testing.T) {
	const (
		account = "im_open_login_svc/"
		group   = "group_open_http_svc/"
		live    = "group_open_avchatroom_http_svc/"
		filter  = `"ResponseFilter":{"GroupBaseInfoFilter":["Type","Name","Introduction","Notification","FaceUrl",` +
			`"Owner_Account","CreateTime","ApplyJoinOption","MuteAllMember"]`
		tags = `"Tag_Profile_IM_Nick","Tag_Profile_IM_Image","Tag_Profile_IM_Gender","Tag_Profile_IM_AllowType",` +
			`"Tag_Profile_IM_Level","Tag_Profile_IM_Role"`
	)
	ok := func(members string) string {
		return `{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":"",` + members + `}`
	}
	nothing := func(err error) (any, error) { return nil, err }
	tests := map[string]struct {
		answers map[string][]string
		call    func(context.Context, *Client) (any, error)
		asked   []string
		want    any
		class   Class
	}{
		"account exists": {
			answers: map[string][]string{"account_check": {ok(`"ResultItem":[{"UserID":"alice","AccountStatus":"Imported"}]`)}},
			call:    func(ctx context.Context, c *Client) (any, error) { return c.AccountExists(ctx, "alice") },
			asked:   []string{account + `account_check {"CheckItem":[{"UserID":"alice"}]}`},
			want:    true,
		},
		"account does not exist": {
			answers: map[string][]string{"account_check": {ok(`"ResultItem":[{"UserID":"alice","AccountStatus":"NotImported"}]`)}},
			call:    func(ctx context.Context, c *Client) (any, error) { return c.AccountExists(ctx, "alice") },
			asked:   []string{account + `account_check {"CheckItem":[{"UserID":"alice"}]}`},
			want:    false,
		},
		"account with an impossible name": {
			call:  func(ctx context.Context, c *Client) (any, error) { return c.AccountExists(ctx, "爱丽丝") },
			want:  false,
			class: Invalid,
		},
		"accounts": {
			answers: map[string][]string{"account_check": {
				ok(`"ResultItem":[{"UserID":"bob","AccountStatus":"NotImported"},{"UserID":"alice","AccountStatus":"Imported"}]`)}},
			call:  func(ctx context.Context, c *Client) (any, error) { return c.Accounts(ctx, []string{"alice", "bob"}) },
			asked: []string{account + `account_check {"CheckItem":[{"UserID":"alice"},{"UserID":"bob"}]}`},
			want:  map[string]bool{"alice": true, "bob": false},
		},
		"accounts, one in trouble": {
			answers: map[string][]string{"account_check": {
				ok(`"ResultItem":[{"UserID":"bob","ResultCode":70500},{"UserID":"alice","AccountStatus":"Imported"}]`)}},
			call:  func(ctx context.Context, c *Client) (any, error) { return c.Accounts(ctx, []string{"alice", "bob"}) },
			asked: []string{account + `account_check {"CheckItem":[{"UserID":"alice"},{"UserID":"bob"}]}`},
			want:  map[string]bool{"alice": true},
			class: Unavailable,
		},
		"no accounts": {
			call: func(ctx context.Context, c *Client) (any, error) { return c.Accounts(ctx, nil) },
			want: map[string]bool{},
		},
		"too many accounts": {
			call: func(ctx context.Context, c *Client) (any, error) {
				return c.Accounts(ctx, make([]string, 101))
			},
			want:  map[string]bool(nil),
			class: Invalid,
		},
		"import": {
			call: func(ctx context.Context, c *Client) (any, error) {
				return nothing(c.ImportAccount(ctx, NewAccount{UserID: "alice", Nickname: "爱丽丝", AvatarURL: "https://a"}))
			},
			asked: []string{account + `account_import {"UserID":"alice","Nick":"爱丽丝","FaceUrl":"https://a"}`},
		},
		"import, quota": {
			answers: map[string][]string{"account_import": {refusalAnswer(70398)}},
			call: func(ctx context.Context, c *Client) (any, error) {
				return nothing(c.ImportAccount(ctx, NewAccount{UserID: "alice"}))
			},
			asked: []string{account + `account_import {"UserID":"alice"}`},
			class: QuotaExceeded,
		},
		"delete account": {
			answers: map[string][]string{"account_delete": {ok(`"ResultItem":[{"ResultCode":0,"UserID":"alice"}]`)}},
			call:    func(ctx context.Context, c *Client) (any, error) { return nothing(c.DeleteAccount(ctx, "alice")) },
			asked:   []string{account + `account_delete {"DeleteItem":[{"UserID":"alice"}]}`},
		},
		"delete account, gone": {
			answers: map[string][]string{"account_delete": {ok(`"ResultItem":[{"ResultCode":70107,"UserID":"alice"}]`)}},
			call:    func(ctx context.Context, c *Client) (any, error) { return nothing(c.DeleteAccount(ctx, "alice")) },
			asked:   []string{account + `account_delete {"DeleteItem":[{"UserID":"alice"}]}`},
		},
		"delete account, gone as a whole": {
			answers: map[string][]string{"account_delete": {refusalAnswer(70107)}},
			call:    func(ctx context.Context, c *Client) (any, error) { return nothing(c.DeleteAccount(ctx, "alice")) },
			asked:   []string{account + `account_delete {"DeleteItem":[{"UserID":"alice"}]}`},
		},
		"delete account, not in the plan": {
			answers: map[string][]string{"account_delete": {refusalAnswer(71000)}},
			call:    func(ctx context.Context, c *Client) (any, error) { return nothing(c.DeleteAccount(ctx, "alice")) },
			asked:   []string{account + `account_delete {"DeleteItem":[{"UserID":"alice"}]}`},
			class:   NotPermitted,
		},
		"profile": {
			answers: map[string][]string{"portrait_get": {ok(`"UserProfileItem":[{"To_Account":"alice","ProfileItem":[
				{"Tag":"Tag_Profile_IM_Nick","Value":"A"},{"Tag":"Tag_Profile_Custom_Tier","Value":"gold"},
				{"Tag":"Tag_Profile_Custom_Other","Value":"x"}]}]`)}},
			call: func(ctx context.Context, c *Client) (any, error) {
				return c.Profile(ctx, "alice", []string{"Tier", "Tier"})
			},
			asked: []string{`profile/portrait_get {"To_Account":["alice"],"TagList":[` + tags + `,"Tag_Profile_Custom_Tier"]}`},
			want:  Profile{Nickname: new("A"), Custom: map[string]string{"Tier": "gold"}},
		},
		"profile, not imported": {
			answers: map[string][]string{"portrait_get": {refusalAnswer(40003)}},
			call:    func(ctx context.Context, c *Client) (any, error) { return c.Profile(ctx, "alice", nil) },
			asked:   []string{`profile/portrait_get {"To_Account":["alice"],"TagList":[` + tags + `]}`},
			want:    Profile{},
			class:   NotFound,
		},
		"profiles, one of them refuses the whole call": {
			answers: map[string][]string{"portrait_get": {
				refusalAnswer(40003), ok(`"UserProfileItem":[{"To_Account":"alice"}]`), refusalAnswer(40003),
			}},
			call: func(ctx context.Context, c *Client) (any, error) {
				return c.Profiles(ctx, []string{"alice", "ghost"}, nil)
			},
			asked: []string{
				`profile/portrait_get {"To_Account":["alice","ghost"],"TagList":[` + tags + `]}`,
				`profile/portrait_get {"To_Account":["alice"],"TagList":[` + tags + `]}`,
				`profile/portrait_get {"To_Account":["ghost"],"TagList":[` + tags + `]}`,
			},
			want: map[string]ProfileResult{"alice": {}, "ghost": {
				Err: &Error{Class: NotFound, Command: "portrait_get", Code: 40003, Info: "info 40003"},
			}},
		},
		"set profile": {
			call: func(ctx context.Context, c *Client) (any, error) {
				return nothing(c.SetProfile(ctx, "alice", Profile{
					Nickname: new("A"), AvatarURL: new(""), Gender: new(GenderMale), AllowType: new(AllowTypeAllowAny),
					Level: new(uint32(0)), Role: new(uint32(7)), Custom: map[string]string{"b": "2", "a": "1"},
				}))
			},
			asked: []string{`profile/portrait_set {"From_Account":"alice","ProfileItem":[` +
				`{"Tag":"Tag_Profile_IM_Nick","Value":"A"},{"Tag":"Tag_Profile_IM_Image","Value":""},` +
				`{"Tag":"Tag_Profile_IM_Gender","Value":"Gender_Type_Male"},` +
				`{"Tag":"Tag_Profile_IM_AllowType","Value":"AllowType_Type_AllowAny"},` +
				`{"Tag":"Tag_Profile_IM_Level","Value":0},{"Tag":"Tag_Profile_IM_Role","Value":7},` +
				`{"Tag":"Tag_Profile_Custom_a","Value":"1"},{"Tag":"Tag_Profile_Custom_b","Value":"2"}]}`},
		},
		"set profile, undefined tag": {
			answers: map[string][]string{"portrait_set": {refusalAnswer(40009)}},
			call: func(ctx context.Context, c *Client) (any, error) {
				return nothing(c.SetProfile(ctx, "alice", Profile{Custom: map[string]string{"a": ""}}))
			},
			asked: []string{`profile/portrait_set {"From_Account":"alice","ProfileItem":[{"Tag":"Tag_Profile_Custom_a","Value":""}]}`},
			class: FieldNotRegistered,
		},
		"set nothing of a profile": {
			call: func(ctx context.Context, c *Client) (any, error) {
				return nothing(c.SetProfile(ctx, "alice", Profile{}))
			},
		},
		"group": {
			answers: map[string][]string{"get_group_info": {ok(`"GroupInfo":[{"GroupId":"g","Type":"AVChatRoom","Name":"n",
				"CreateTime":1700000000,"AppDefinedData":[{"Key":"a","Value":"1"},{"Key":"c","Value":"3"}]}]`)}},
			call:  func(ctx context.Context, c *Client) (any, error) { return c.Group(ctx, "g", []string{"b", "a", "b"}) },
			asked: []string{group + `get_group_info {"GroupIdList":["g"],` + filter + `,"AppDefinedDataFilter_Group":["a","b"]}}`},
			want: Group{
				ID: "g", Type: GroupTypeAVChatRoom, Name: "n", CreateTime: time.Unix(1700000000, 0).UTC(),
				Fields: map[string]string{"a": "1"},
			},
		},
		"group, gone": {
			answers: map[string][]string{"get_group_info": {
				`{"ActionStatus":"FAIL","ErrorCode":10010,"GroupInfo":[{"GroupId":"g","ErrorCode":10010}]}`}},
			call:  func(ctx context.Context, c *Client) (any, error) { return c.Group(ctx, "g", nil) },
			asked: []string{group + `get_group_info {"GroupIdList":["g"],` + filter + `}}`},
			want:  Group{},
			class: NotFound,
		},
		"groups": {
			answers: map[string][]string{"get_group_info": {
				ok(`"GroupInfo":[{"GroupId":"b","ErrorCode":10010,"ErrorInfo":"gone"},{"GroupId":"a","Name":"n"}]`)}},
			call: func(ctx context.Context, c *Client) (any, error) {
				return c.Groups(ctx, []string{"a", "b"}, []string{"k"})
			},
			asked: []string{group + `get_group_info {"GroupIdList":["a","b"],` + filter + `,"AppDefinedDataFilter_Group":["k"]}}`},
			want: map[string]GroupResult{
				"a": {Group: Group{ID: "a", Name: "n"}},
				"b": {Err: &Error{Class: NotFound, Command: "get_group_info", Code: 10010, Info: "gone"}},
			},
		},
		"groups, refused as a whole": {
			answers: map[string][]string{"get_group_info": {refusalAnswer(70009)}},
			call:    func(ctx context.Context, c *Client) (any, error) { return c.Groups(ctx, []string{"a"}, nil) },
			asked:   []string{group + `get_group_info {"GroupIdList":["a"],` + filter + `}}`},
			want: map[string]GroupResult{
				"a": {Err: &Error{Class: Unauthorized, Command: "get_group_info", Code: 70009, Info: "info 70009"}},
			},
			class: Unauthorized,
		},
		"too many groups": {
			call:  func(ctx context.Context, c *Client) (any, error) { return c.Groups(ctx, make([]string, 51), nil) },
			want:  map[string]GroupResult(nil),
			class: Invalid,
		},
		"create": {
			call: func(ctx context.Context, c *Client) (any, error) {
				return nothing(c.CreateGroup(ctx, NewGroup{
					ID: "g", Type: GroupTypeMeeting, Name: "直播", Introduction: "i", Announcement: "n", AvatarURL: "u",
					OwnerUserID: "alice", JoinOption: JoinFreeAccess, Fields: []Field{{"b", "2"}, {"a", ""}},
				}))
			},
			asked: []string{group + `create_group {"GroupId":"g","Type":"ChatRoom","Name":"直播","Owner_Account":"alice",` +
				`"Introduction":"i","Notification":"n","FaceUrl":"u","ApplyJoinOption":"FreeAccess",` +
				`"AppDefinedData":[{"Key":"b","Value":"2"},{"Key":"a","Value":""}]}`},
		},
		"create with little": {
			call: func(ctx context.Context, c *Client) (any, error) {
				return nothing(c.CreateGroup(ctx, NewGroup{ID: "g", Type: GroupTypeWork, Name: "n"}))
			},
			asked: []string{group + `create_group {"GroupId":"g","Type":"Private","Name":"n"}`},
		},
		"create without an id": {
			call: func(ctx context.Context, c *Client) (any, error) {
				return nothing(c.CreateGroup(ctx, NewGroup{Type: GroupTypePublic, Name: "n"}))
			},
			class: Invalid,
		},
		"create, undefined field": {
			answers: map[string][]string{"create_group": {
				`{"ActionStatus":"FAIL","ErrorCode":10004,"ErrorInfo":"all defined key is invalid"}`}},
			call: func(ctx context.Context, c *Client) (any, error) {
				return nothing(c.CreateGroup(ctx, NewGroup{ID: "g", Type: GroupTypePublic, Name: "n", Fields: []Field{{"a", "1"}}}))
			},
			asked: []string{group + `create_group {"GroupId":"g","Type":"Public","Name":"n","AppDefinedData":[{"Key":"a","Value":"1"}]}`},
			class: FieldNotRegistered,
		},
		"create, unknown owner": {
			answers: map[string][]string{"create_group": {refusalAnswer(10019)}},
			call: func(ctx context.Context, c *Client) (any, error) {
				return nothing(c.CreateGroup(ctx, NewGroup{ID: "g", Type: GroupTypePublic, Name: "n", OwnerUserID: "x"}))
			},
			asked: []string{group + `create_group {"GroupId":"g","Type":"Public","Name":"n","Owner_Account":"x"}`},
			class: NotFound,
		},
		"change everything": {
			call: func(ctx context.Context, c *Client) (any, error) {
				return nothing(c.ChangeGroup(ctx, "g", GroupChange{
					Name: new("n"), Introduction: new(""), Announcement: new("a"), AvatarURL: new("u"),
					JoinOption: new(JoinDisableApply), AllMuted: new(false), Field: &Field{Key: "k"},
				}))
			},
			asked: []string{group + `modify_group_base_info {"GroupId":"g","Name":"n","Introduction":"","Notification":"a",` +
				`"FaceUrl":"u","ApplyJoinOption":"DisableApply","MuteAllMember":"Off","AppDefinedData":[{"Key":"k","Value":""}]}`},
		},
		"change one thing": {
			call: func(ctx context.Context, c *Client) (any, error) {
				return nothing(c.ChangeGroup(ctx, "g", GroupChange{AllMuted: new(true)}))
			},
			asked: []string{group + `modify_group_base_info {"GroupId":"g","MuteAllMember":"On"}`},
		},
		"change nothing": {
			call: func(ctx context.Context, c *Client) (any, error) {
				return nothing(c.ChangeGroup(ctx, "g", GroupChange{}))
			},
		},
		"destroy": {
			call:  func(ctx context.Context, c *Client) (any, error) { return nothing(c.DestroyGroup(ctx, "g")) },
			asked: []string{group + `destroy_group {"GroupId":"g"}`},
		},
		"destroy, gone": {
			answers: map[string][]string{"destroy_group": {refusalAnswer(10010)}},
			call:    func(ctx context.Context, c *Client) (any, error) { return nothing(c.DestroyGroup(ctx, "g")) },
			asked:   []string{group + `destroy_group {"GroupId":"g"}`},
		},
		"destroy, id refused and gone": {
			answers: map[string][]string{
				"destroy_group":  {refusalAnswer(10015)},
				"get_group_info": {ok(`"GroupInfo":[{"GroupId":"g","ErrorCode":10015}]`)},
			},
			call: func(ctx context.Context, c *Client) (any, error) { return nothing(c.DestroyGroup(ctx, "g")) },
			asked: []string{
				group + `destroy_group {"GroupId":"g"}`, group + `get_group_info {"GroupIdList":["g"],` + filter + `}}`,
			},
		},
		"destroy, id refused but there": {
			answers: map[string][]string{
				"destroy_group":  {refusalAnswer(10015)},
				"get_group_info": {ok(`"GroupInfo":[{"GroupId":"g"}]`)},
			},
			call: func(ctx context.Context, c *Client) (any, error) { return nothing(c.DestroyGroup(ctx, "g")) },
			asked: []string{
				group + `destroy_group {"GroupId":"g"}`, group + `get_group_info {"GroupIdList":["g"],` + filter + `}}`,
			},
			class: Invalid,
		},
		"destroy, id refused and no answer": {
			answers: map[string][]string{
				"destroy_group": {refusalAnswer(10015)}, "get_group_info": {refusalAnswer(10007)},
			},
			call: func(ctx context.Context, c *Client) (any, error) { return nothing(c.DestroyGroup(ctx, "g")) },
			asked: []string{
				group + `destroy_group {"GroupId":"g"}`, group + `get_group_info {"GroupIdList":["g"],` + filter + `}}`,
			},
			class: NotPermitted,
		},
		"change owner": {
			call:  func(ctx context.Context, c *Client) (any, error) { return nothing(c.ChangeOwner(ctx, "g", "bob")) },
			asked: []string{group + `change_group_owner {"GroupId":"g","NewOwner_Account":"bob"}`},
		},
		"add member": {
			answers: map[string][]string{"add_group_member": {ok(`"MemberList":[{"Member_Account":"bob","Result":1}]`)}},
			call:    func(ctx context.Context, c *Client) (any, error) { return nothing(c.AddMember(ctx, "g", "bob")) },
			asked:   []string{group + `add_group_member {"GroupId":"g","Silence":1,"MemberList":[{"Member_Account":"bob"}]}`},
		},
		"add member, in already": {
			answers: map[string][]string{"add_group_member": {ok(`"MemberList":[{"Account":"bob","Result":"2"}]`)}},
			call:    func(ctx context.Context, c *Client) (any, error) { return nothing(c.AddMember(ctx, "g", "bob")) },
			asked:   []string{group + `add_group_member {"GroupId":"g","Silence":1,"MemberList":[{"Member_Account":"bob"}]}`},
		},
		"add member, in already by code": {
			answers: map[string][]string{"add_group_member": {refusalAnswer(10013)}},
			call:    func(ctx context.Context, c *Client) (any, error) { return nothing(c.AddMember(ctx, "g", "bob")) },
			asked:   []string{group + `add_group_member {"GroupId":"g","Silence":1,"MemberList":[{"Member_Account":"bob"}]}`},
		},
		"add member, failed": {
			answers: map[string][]string{"add_group_member": {ok(`"MemberList":[{"Member_Account":"bob","Result":0}]`)}},
			call:    func(ctx context.Context, c *Client) (any, error) { return nothing(c.AddMember(ctx, "g", "bob")) },
			asked:   []string{group + `add_group_member {"GroupId":"g","Silence":1,"MemberList":[{"Member_Account":"bob"}]}`},
			class:   Unavailable,
		},
		"add member, waits": {
			answers: map[string][]string{"add_group_member": {ok(`"MemberList":[{"Member_Account":"bob","Result":3}]`)}},
			call:    func(ctx context.Context, c *Client) (any, error) { return nothing(c.AddMember(ctx, "g", "bob")) },
			asked:   []string{group + `add_group_member {"GroupId":"g","Silence":1,"MemberList":[{"Member_Account":"bob"}]}`},
			class:   NotPermitted,
		},
		"members by role, filter ignored": {
			answers: map[string][]string{"get_group_member_info": {ok(`"MemberNum":3,"MemberList":[
				{"Member_Account":"alice","Role":"Owner"},{"Account":"bob","Role":"Admin"},{"Member_Account":"carol","Role":"Member"}]`)}},
			call: func(ctx context.Context, c *Client) (any, error) { return c.MembersByRole(ctx, "g", RoleAdmin) },
			asked: []string{group + `get_group_member_info {"GroupId":"g","MemberInfoFilter":["Role"],"MemberRoleFilter":["Admin"],` +
				`"Limit":100,"Offset":0}`},
			want: []string{"bob"},
		},
		"members by role, none": {
			answers: map[string][]string{"get_group_member_info": {ok(`"MemberNum":3,"MemberList":null`)}},
			call:    func(ctx context.Context, c *Client) (any, error) { return c.MembersByRole(ctx, "g", RoleOwner) },
			asked: []string{group + `get_group_member_info {"GroupId":"g","MemberInfoFilter":["Role"],"MemberRoleFilter":["Owner"],` +
				`"Limit":100,"Offset":0}`},
			want: []string(nil),
		},
		"members by role, by cursor": {
			answers: map[string][]string{"get_group_member_info": {
				ok(`"MemberList":[{"Member_Account":"alice","Role":"Admin"}],"Next":"n1"`),
				ok(`"MemberList":[{"Member_Account":"bob","Role":"Admin"}],"Next":""`)}},
			call: func(ctx context.Context, c *Client) (any, error) { return c.MembersByRole(ctx, "g", RoleAdmin) },
			asked: []string{
				group + `get_group_member_info {"GroupId":"g","MemberInfoFilter":["Role"],"MemberRoleFilter":["Admin"],"Limit":100,"Offset":0}`,
				group + `get_group_member_info {"GroupId":"g","MemberInfoFilter":["Role"],"MemberRoleFilter":["Admin"],"Limit":100,"Offset":0,"Next":"n1"}`,
			},
			want: []string{"alice", "bob"},
		},
		"set administrator": {
			call: func(ctx context.Context, c *Client) (any, error) {
				return nothing(c.SetAdministrator(ctx, "g", "bob", true))
			},
			asked: []string{group + `modify_group_member_info {"GroupId":"g","Member_Account":"bob","Role":"Admin"}`},
		},
		"unset administrator": {
			call: func(ctx context.Context, c *Client) (any, error) {
				return nothing(c.SetAdministrator(ctx, "g", "bob", false))
			},
			asked: []string{group + `modify_group_member_info {"GroupId":"g","Member_Account":"bob","Role":"Member"}`},
		},
		"live administrators": {
			answers: map[string][]string{"get_admin_list": {
				ok(`"Admin_List":[{"Admin_Account":"bob","NickName":"Bob"},{"Member_Account":"carol"},"dave",null]`)}},
			call:  func(ctx context.Context, c *Client) (any, error) { return c.LiveAdministrators(ctx, "g") },
			asked: []string{live + `get_admin_list {"GroupId":"g"}`},
			want:  []string{"bob", "carol", "dave"},
		},
		"no live administrators": {
			answers: map[string][]string{"get_admin_list": {answerOK}},
			call:    func(ctx context.Context, c *Client) (any, error) { return c.LiveAdministrators(ctx, "g") },
			asked:   []string{live + `get_admin_list {"GroupId":"g"}`},
			want:    []string(nil),
		},
		"set live administrators": {
			call: func(ctx context.Context, c *Client) (any, error) {
				return nothing(c.SetLiveAdministrators(ctx, "g", []string{"bob", "carol"}, true))
			},
			asked: []string{live + `modify_admin {"GroupId":"g","CommandType":1,"Admin_Account":["bob","carol"]}`},
		},
		"unset live administrators": {
			call: func(ctx context.Context, c *Client) (any, error) {
				return nothing(c.SetLiveAdministrators(ctx, "g", []string{"bob"}, false))
			},
			asked: []string{live + `modify_admin {"GroupId":"g","CommandType":2,"Admin_Account":["bob"]}`},
		},
		"six live administrators": {
			call: func(ctx context.Context, c *Client) (any, error) {
				return nothing(c.SetLiveAdministrators(ctx, "g", make([]string, 6), true))
			},
			class: Invalid,
		},
		"bans on two pages": {
			answers: map[string][]string{"get_group_ban_member": {
				ok(`"BannedAccountList":[{"Member_Account":"bob","BannedUntil":1700003600}],"NextOffset":1`),
				ok(`"BannedAccountList":[{"Member_Account":"carol","BannedUntil":"1700007200"}],"NextOffset":0`)}},
			call: func(ctx context.Context, c *Client) (any, error) { return c.Bans(ctx, "g") },
			asked: []string{
				group + `get_group_ban_member {"GroupId":"g","Limit":100,"Offset":0}`,
				group + `get_group_ban_member {"GroupId":"g","Limit":100,"Offset":1}`,
			},
			want: map[string]time.Time{
				"bob": time.Unix(1700003600, 0).UTC(), "carol": time.Unix(1700007200, 0).UTC(),
			},
		},
		"bans whose pages do not move on": {
			answers: map[string][]string{"get_group_ban_member": {
				ok(`"BannedAccountList":[{"Member_Account":"bob","BannedUntil":1}],"NextOffset":5`)}},
			call: func(ctx context.Context, c *Client) (any, error) { return c.Bans(ctx, "g") },
			asked: []string{
				group + `get_group_ban_member {"GroupId":"g","Limit":100,"Offset":0}`,
				group + `get_group_ban_member {"GroupId":"g","Limit":100,"Offset":5}`,
			},
			want: map[string]time.Time{"bob": time.Unix(1, 0).UTC()},
		},
		"no bans": {
			answers: map[string][]string{"get_group_ban_member": {ok(`"BannedAccountList":null`)}},
			call:    func(ctx context.Context, c *Client) (any, error) { return c.Bans(ctx, "g") },
			asked:   []string{group + `get_group_ban_member {"GroupId":"g","Limit":100,"Offset":0}`},
			want:    map[string]time.Time{},
		},
		"ban, seconds rounded up": {
			call: func(ctx context.Context, c *Client) (any, error) {
				return nothing(c.Ban(ctx, "g", []string{"bob"}, 1500*time.Millisecond))
			},
			asked: []string{group + `ban_group_member {"GroupId":"g","Members_Account":["bob"],"Duration":2}`},
		},
		"ban for ages": {
			call: func(ctx context.Context, c *Client) (any, error) {
				return nothing(c.Ban(ctx, "g", []string{"bob"}, 200*365*24*time.Hour))
			},
			asked: []string{group + `ban_group_member {"GroupId":"g","Members_Account":["bob"],"Duration":4294967295}`},
		},
		"ban for no time": {
			call:  func(ctx context.Context, c *Client) (any, error) { return nothing(c.Ban(ctx, "g", []string{"bob"}, 0)) },
			class: Invalid,
		},
		"unban nobody": {
			call: func(ctx context.Context, c *Client) (any, error) { return nothing(c.Unban(ctx, "g", nil)) },
		},
		"attributes": {
			answers: map[string][]string{"get_group_attr": {ok(`"GroupAttrAry":[{"key":"a","value":"1"},{"key":"b","value":2}]`)}},
			call:    func(ctx context.Context, c *Client) (any, error) { return c.Attributes(ctx, "g") },
			asked:   []string{`group_open_attr_http_svc/get_group_attr {"GroupId":"g"}`},
			want:    map[string]string{"a": "1", "b": "2"},
		},
		"no attributes": {
			answers: map[string][]string{"get_group_attr": {answerOK}},
			call:    func(ctx context.Context, c *Client) (any, error) { return c.Attributes(ctx, "g") },
			asked:   []string{`group_open_attr_http_svc/get_group_attr {"GroupId":"g"}`},
			want:    map[string]string{},
		},
		"set attributes": {
			call: func(ctx context.Context, c *Client) (any, error) {
				return nothing(c.SetAttributes(ctx, "g", []Field{{"b", "2"}, {"a", ""}}))
			},
			asked: []string{group + `modify_group_attr {"GroupId":"g","GroupAttr":[{"key":"b","value":"2"},{"key":"a","value":""}]}`},
		},
		"set no attributes": {
			call: func(ctx context.Context, c *Client) (any, error) { return nothing(c.SetAttributes(ctx, "g", nil)) },
		},
		"delete attributes": {
			call: func(ctx context.Context, c *Client) (any, error) {
				return nothing(c.DeleteAttributes(ctx, "g", []string{"a", "b"}))
			},
			asked: []string{group + `delete_group_attr {"GroupId":"g","GroupAttr":[{"key":"a"},{"key":"b"}]}`},
		},
		"delete attributes, one is missing": {
			answers: map[string][]string{"delete_group_attr": {refusalAnswer(10050), refusalAnswer(10050), answerOK}},
			call: func(ctx context.Context, c *Client) (any, error) {
				return nothing(c.DeleteAttributes(ctx, "g", []string{"a", "b"}))
			},
			asked: []string{
				group + `delete_group_attr {"GroupId":"g","GroupAttr":[{"key":"a"},{"key":"b"}]}`,
				group + `delete_group_attr {"GroupId":"g","GroupAttr":[{"key":"a"}]}`,
				group + `delete_group_attr {"GroupId":"g","GroupAttr":[{"key":"b"}]}`,
			},
		},
		"delete attributes, no group": {
			answers: map[string][]string{"delete_group_attr": {refusalAnswer(10010)}},
			call: func(ctx context.Context, c *Client) (any, error) {
				return nothing(c.DeleteAttributes(ctx, "g", []string{"a"}))
			},
			asked: []string{group + `delete_group_attr {"GroupId":"g","GroupAttr":[{"key":"a"}]}`},
			class: NotFound,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t)
			for command, answers := range test.answers {
				p.answers(command, answers...)
			}
			got, err := test.call(t.Context(), newClient(t, p.URL))
			if ClassOf(err) != test.class || err != nil && test.class == "" {
				t.Errorf("got error %v, want class %q", err, test.class)
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
			var asked []string
			for _, one := range p.received() {
				asked = append(asked, one.command+" "+one.body)
			}
			if !slices.Equal(asked, test.asked) {
				t.Errorf("asked %s\nwant  %s", strings.Join(asked, "\n      "), strings.Join(test.asked, "\n      "))
			}
		})
	}
}

func TestEmptyIdentitiesAreNotSent(t *testing.T) {
	p := newProvider(t)
	c := newClient(t, p.URL)
	ctx := t.Context()
	_, err1 := c.Group(ctx, "", nil)
	_, err2 := c.MembersByRole(ctx, "", RoleAdmin)
	_, err3 := c.LiveAdministrators(ctx, "")
	_, err4 := c.Bans(ctx, "")
	_, err5 := c.Attributes(ctx, "")
	_, err6 := c.Profile(ctx, "", nil)
	for i, err := range []error{
		err1, err2, err3, err4, err5, err6,
		c.ChangeGroup(ctx, "", GroupChange{}), c.DestroyGroup(ctx, ""), c.ChangeOwner(ctx, "", "bob"), c.ChangeOwner(ctx, "g", ""),
		c.AddMember(ctx, "", "bob"), c.AddMember(ctx, "g", ""), c.SetAdministrator(ctx, "", "bob", true),
		c.SetAdministrator(ctx, "g", "", true), c.SetLiveAdministrators(ctx, "", []string{"bob"}, true),
		c.Ban(ctx, "", []string{"bob"}, time.Hour), c.Unban(ctx, "", []string{"bob"}),
		c.SetAttributes(ctx, "", []Field{{"a", "b"}}), c.DeleteAttributes(ctx, "", []string{"a"}),
		c.ImportAccount(ctx, NewAccount{}), c.DeleteAccount(ctx, ""), c.SetProfile(ctx, "", Profile{Nickname: new("a")}),
		c.CreateGroup(ctx, NewGroup{ID: "g", Type: GroupTypePublic}), c.CreateGroup(ctx, NewGroup{ID: "g", Name: "n"}),
	} {
		if !IsInvalid(err) {
			t.Errorf("%d: got %v", i, err)
		}
	}
	if p.count() != 0 {
		t.Errorf("%d requests", p.count())
	}
}

func TestListsAreBounded(t *testing.T) {
	p := newProvider(t)
	c := newClient(t, p.URL)
	var full []string
	for i := range memberPage {
		full = append(full, fmt.Sprintf(`{"Member_Account":"u%d","Role":"Admin"}`, i))
	}
	p.answers("get_group_member_info", `{"ErrorCode":0,"MemberList":[`+strings.Join(full, ",")+`]}`)
	if _, err := c.MembersByRole(t.Context(), "g", RoleAdmin); !IsUnavailable(err) || p.count() != memberPages {
		t.Errorf("got %v after %d pages", err, p.count())
	}
	offset := 0
	p.steps("get_group_ban_member", func(w http.ResponseWriter, _ string) {
		offset++
		_, _ = fmt.Fprintf(w, `{"ErrorCode":0,"NextOffset":%d}`, offset)
	})
	if _, err := c.Bans(t.Context(), "g"); !IsUnavailable(err) || p.count() != memberPages+banPages {
		t.Errorf("got %v after %d pages", err, p.count()-memberPages)
	}
}

func TestBansAreSentInParts(t *testing.T) {
	p := newProvider(t)
	c := newClient(t, p.URL)
	users := make([]string, 45)
	for i := range users {
		users[i] = fmt.Sprint("u", i)
	}
	p.answers("unban_group_member", answerOK, refusalAnswer(10007))
	if err := c.Ban(t.Context(), "g", users, time.Hour); err != nil || p.count() != 3 {
		t.Errorf("got %v after %d requests", err, p.count())
	}
	if err := c.Unban(t.Context(), "g", users); !IsNotPermitted(err) || p.count() != 5 {
		t.Errorf("got %v after %d requests", err, p.count())
	}
	for i, want := range []int{20, 20, 5} {
		if got := strings.Count(p.received()[i].body, `"u`); got != want {
			t.Errorf("part %d has %d users, want %d", i, got, want)
		}
	}
}

// Calls of many callers travel together, and each caller gets its own answer.
func TestCallsTravelTogether(t *testing.T) {
	p := newProvider(t)
	c := newClient(t, p.URL, func(config *Config) { config.Linger = 20 * time.Millisecond })
	together := func(n int, call func(i int) error) {
		t.Helper()
		errs := make(chan error, n)
		for i := range n {
			go func() { errs <- call(i) }()
		}
		for range n {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
	}
	echo := func(ids string, element func(id string) string) step {
		return func(w http.ResponseWriter, body string) {
			var question map[string]any
			if err := json.Unmarshal([]byte(body), &question); err != nil {
				t.Error(err)
			}
			var elements []string
			list, _ := question[ids].([]any)
			for _, one := range list {
				id, ok := one.(string)
				if object, isObject := one.(map[string]any); isObject {
					id, ok = object["UserID"].(string)
				}
				if !ok {
					t.Errorf("asked %s", body)
				}
				if e := element(id); e != "" {
					elements = append(elements, e)
				}
			}
			name := map[string]string{
				"GroupIdList": "GroupInfo", "CheckItem": "ResultItem", "DeleteItem": "ResultItem",
				"To_Account": "UserProfileItem", "AccountList": "FailAccounts",
			}[ids]
			_, _ = fmt.Fprintf(w, `{"ErrorCode":0,%q:[%s]}`, name, strings.Join(elements, ","))
		}
	}

	p.steps("get_group_info", echo("GroupIdList", func(id string) string {
		return fmt.Sprintf(`{"GroupId":%q,"Name":"name of %s","AppDefinedData":[{"Key":"a","Value":"1"},{"Key":"b","Value":"2"}]}`, id, id)
	}))
	together(100, func(i int) error {
		id, key := fmt.Sprint("g", i), []string{"a", "b"}[i%2]
		group, err := c.Group(t.Context(), id, []string{key})
		want := Group{ID: id, Name: "name of " + id, Fields: map[string]string{key: fmt.Sprint(1 + i%2)}}
		if err == nil && !reflect.DeepEqual(group, want) {
			return fmt.Errorf("got %+v, want %+v", group, want)
		}
		return err
	})
	groups := p.count()
	if groups < 2 || groups > 10 {
		t.Errorf("100 groups took %d requests", groups)
	}

	// Those that fail together are told their own reason.
	p.steps("multiaccount_import", echo("AccountList", func(id string) string {
		if id == "bad1" || id == "bad2" {
			return strconv.Quote(id)
		}
		return ""
	}))
	p.answers("account_import", refusalAnswer(40601))
	names := []string{"a1", "bad1", "a2", "bad2", "a3"}
	together(len(names), func(i int) error {
		err := c.ImportAccount(t.Context(), NewAccount{UserID: names[i]})
		if e, _ := AsError(err); strings.HasPrefix(names[i], "bad") && e != nil && e.Code == 40601 {
			return nil
		}
		return err
	})
	requests := p.received()[groups:]
	alone := slices.DeleteFunc(requests, func(r received) bool { return strings.HasSuffix(r.command, "/multiaccount_import") })
	if len(alone) != 2 {
		t.Errorf("tried alone: %+v", alone)
	}

	p.steps("account_check", echo("CheckItem", func(id string) string {
		return fmt.Sprintf(`{"UserID":%q,"AccountStatus":"Imported"}`, id)
	}))
	p.steps("account_delete", echo("DeleteItem", func(id string) string {
		return fmt.Sprintf(`{"UserID":%q,"ResultCode":0}`, id)
	}))
	p.steps("portrait_get", echo("To_Account", func(id string) string {
		return fmt.Sprintf(`{"To_Account":%q,"ProfileItem":[{"Tag":"Tag_Profile_IM_Nick","Value":"nick of %s"}]}`, id, id)
	}))
	before := p.count()
	together(150, func(i int) error {
		id := fmt.Sprint("u", i/3)
		switch i % 3 {
		case 0:
			exists, err := c.AccountExists(t.Context(), id)
			if err == nil && !exists {
				err = errors.New("does not exist")
			}
			return err
		case 1:
			profile, err := c.Profile(t.Context(), id, nil)
			if err == nil && *profile.Nickname != "nick of "+id {
				err = fmt.Errorf("got %s", *profile.Nickname)
			}
			return err
		default:
			return c.DeleteAccount(t.Context(), id)
		}
	})
	if n := p.count() - before; n > 12 {
		t.Errorf("150 calls took %d requests", n)
	}
}

// One caller's undefined field must not fail the others that travel with it.
func TestUndefinedFieldFailsItsCallerOnly(t *testing.T) {
	p := newProvider(t)
	p.steps("portrait_get", func(w http.ResponseWriter, body string) {
		if strings.Contains(body, "Tag_Profile_Custom_Undefined") {
			_, _ = io.WriteString(w, refusalAnswer(40009))
			return
		}
		var question wireGetProfiles
		_ = json.Unmarshal([]byte(body), &question)
		var items []string
		for _, id := range question.ToAccount {
			items = append(items, fmt.Sprintf(`{"To_Account":%q}`, id))
		}
		_, _ = fmt.Fprintf(w, `{"ErrorCode":0,"UserProfileItem":[%s]}`, strings.Join(items, ","))
	})
	c := newClient(t, p.URL, func(config *Config) { config.Linger = 20 * time.Millisecond })
	type got struct {
		i   int
		err error
	}
	results := make(chan got, 8)
	for i := range 8 {
		go func() {
			keys := []string{"Tier"}
			if i == 5 {
				keys = []string{"Undefined"}
			}
			_, err := c.Profile(t.Context(), fmt.Sprint("u", i), keys)
			results <- got{i, err}
		}()
	}
	for range 8 {
		if one := <-results; IsFieldNotRegistered(one.err) != (one.i == 5) || one.err != nil && one.i != 5 {
			t.Errorf("u%d: got %v", one.i, one.err)
		}
	}
}
