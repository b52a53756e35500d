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
)

func TestDoorOfMemberFields(t *testing.T) {
	const question = group + `modify_group_member_info {"GroupId":"g","Member_Account":"bob",` +
		`"AppMemberDefinedData":[{"Key":"rank","Value":""}]}`
	set := func(groupID, userID string) func(context.Context, *Client) (any, error) {
		return func(ctx context.Context, c *Client) (any, error) {
			return nothing(c.SetMemberField(ctx, groupID, userID, Field{Key: "rank"}))
		}
	}
	knockAll(t, map[string]knock{
		"set member field": {call: set("g", "bob"), asked: []string{question}},
		"set member field, no definition": {
			answers: map[string][]string{"modify_group_member_info": {
				`{"ActionStatus":"FAIL","ErrorCode":10004,"ErrorInfo":"all defined key is invalid"}`,
			}},
			call: set("g", "bob"), asked: []string{question}, class: FieldNotRegistered,
		},
		"set member field, no group": {call: set("", "bob"), class: Invalid},
		"set member field, no user":  {call: set("g", ""), class: Invalid},
	})
}
