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
	"testing"
	"time"
)

func TestDoorOfMembers(t *testing.T) {
	knockAll(t, map[string]knock{
		"add member": {
			answers: map[string][]string{"add_group_member": {answerWith(`"MemberList":[{"Member_Account":"bob","Result":1}]`)}},
			call:    func(ctx context.Context, c *Client) (any, error) { return nothing(c.AddMember(ctx, "g", "bob")) },
			asked:   []string{group + `add_group_member {"GroupId":"g","Silence":1,"MemberList":[{"Member_Account":"bob"}]}`},
		},
		"add member, in already": {
			answers: map[string][]string{"add_group_member": {answerWith(`"MemberList":[{"Account":"bob","Result":"2"}]`)}},
			call:    func(ctx context.Context, c *Client) (any, error) { return nothing(c.AddMember(ctx, "g", "bob")) },
			asked:   []string{group + `add_group_member {"GroupId":"g","Silence":1,"MemberList":[{"Member_Account":"bob"}]}`},
		},
		"add member, in already by code": {
			answers: map[string][]string{"add_group_member": {refusalAnswer(10013)}},
			call:    func(ctx context.Context, c *Client) (any, error) { return nothing(c.AddMember(ctx, "g", "bob")) },
			asked:   []string{group + `add_group_member {"GroupId":"g","Silence":1,"MemberList":[{"Member_Account":"bob"}]}`},
		},
		"add member, failed": {
			answers: map[string][]string{"add_group_member": {answerWith(`"MemberList":[{"Member_Account":"bob","Result":0}]`)}},
			call:    func(ctx context.Context, c *Client) (any, error) { return nothing(c.AddMember(ctx, "g", "bob")) },
			asked:   []string{group + `add_group_member {"GroupId":"g","Silence":1,"MemberList":[{"Member_Account":"bob"}]}`},
			class:   Unavailable,
		},
		"add member, waits": {
			answers: map[string][]string{"add_group_member": {answerWith(`"MemberList":[{"Member_Account":"bob","Result":3}]`)}},
			call:    func(ctx context.Context, c *Client) (any, error) { return nothing(c.AddMember(ctx, "g", "bob")) },
			asked:   []string{group + `add_group_member {"GroupId":"g","Silence":1,"MemberList":[{"Member_Account":"bob"}]}`},
			class:   NotPermitted,
		},
		"members by role, filter ignored": {
			answers: map[string][]string{"get_group_member_info": {answerWith(`"MemberNum":3,"MemberList":[
				{"Member_Account":"alice","Role":"Owner"},{"Account":"bob","Role":"Admin"},{"Member_Account":"carol","Role":"Member"}]`)}},
			call: func(ctx context.Context, c *Client) (any, error) { return c.MembersByRole(ctx, "g", RoleAdmin) },
			asked: []string{group + `get_group_member_info {"GroupId":"g","MemberInfoFilter":["Role"],"MemberRoleFilter":["Admin"],` +
				`"Limit":100,"Offset":0}`},
			want: []string{"bob"},
		},
		"members by role, none": {
			answers: map[string][]string{"get_group_member_info": {answerWith(`"MemberNum":3,"MemberList":null`)}},
			call:    func(ctx context.Context, c *Client) (any, error) { return c.MembersByRole(ctx, "g", RoleOwner) },
			asked: []string{group + `get_group_member_info {"GroupId":"g","MemberInfoFilter":["Role"],"MemberRoleFilter":["Owner"],` +
				`"Limit":100,"Offset":0}`},
			want: []string(nil),
		},
		"members by role, by cursor": {
			answers: map[string][]string{"get_group_member_info": {
				answerWith(`"MemberList":[{"Member_Account":"alice","Role":"Admin"}],"Next":"n1"`),
				answerWith(`"MemberList":[{"Member_Account":"bob","Role":"Admin"}],"Next":""`)}},
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
				answerWith(`"Admin_List":[{"Admin_Account":"bob","NickName":"Bob"},{"Member_Account":"carol"},"dave",null]`)}},
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
				answerWith(`"BannedAccountList":[{"Member_Account":"bob","BannedUntil":1700003600}],"NextOffset":1`),
				answerWith(`"BannedAccountList":[{"Member_Account":"carol","BannedUntil":"1700007200"}],"NextOffset":0`)}},
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
				answerWith(`"BannedAccountList":[{"Member_Account":"bob","BannedUntil":1}],"NextOffset":5`)}},
			call: func(ctx context.Context, c *Client) (any, error) { return c.Bans(ctx, "g") },
			asked: []string{
				group + `get_group_ban_member {"GroupId":"g","Limit":100,"Offset":0}`,
				group + `get_group_ban_member {"GroupId":"g","Limit":100,"Offset":5}`,
			},
			want: map[string]time.Time{"bob": time.Unix(1, 0).UTC()},
		},
		"no bans": {
			answers: map[string][]string{"get_group_ban_member": {answerWith(`"BannedAccountList":null`)}},
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
			answers: map[string][]string{"get_group_attr": {answerWith(`"GroupAttrAry":[{"key":"a","value":"1"},{"key":"b","value":2}]`)}},
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
	})
}
