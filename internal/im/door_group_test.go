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

func TestDoorOfGroups(t *testing.T) {
	knockAll(t, map[string]knock{
		"group": {
			answers: map[string][]string{"get_group_info": {answerWith(`"GroupInfo":[{"GroupId":"g","Type":"AVChatRoom","Name":"n",
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
				answerWith(`"GroupInfo":[{"GroupId":"b","ErrorCode":10010,"ErrorInfo":"gone"},{"GroupId":"a","Name":"n"}]`)}},
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
				"get_group_info": {answerWith(`"GroupInfo":[{"GroupId":"g","ErrorCode":10015}]`)},
			},
			call: func(ctx context.Context, c *Client) (any, error) { return nothing(c.DestroyGroup(ctx, "g")) },
			asked: []string{
				group + `destroy_group {"GroupId":"g"}`, group + `get_group_info {"GroupIdList":["g"],` + filter + `}}`,
			},
		},
		"destroy, id refused but there": {
			answers: map[string][]string{
				"destroy_group":  {refusalAnswer(10015)},
				"get_group_info": {answerWith(`"GroupInfo":[{"GroupId":"g"}]`)},
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
	})
}
