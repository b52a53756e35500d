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

func TestDoorOfAccounts(t *testing.T) {
	knockAll(t, map[string]knock{
		"account exists": {
			answers: map[string][]string{"account_check": {answerWith(`"ResultItem":[{"UserID":"alice","AccountStatus":"Imported"}]`)}},
			call:    func(ctx context.Context, c *Client) (any, error) { return c.AccountExists(ctx, "alice") },
			asked:   []string{account + `account_check {"CheckItem":[{"UserID":"alice"}]}`},
			want:    true,
		},
		"account does not exist": {
			answers: map[string][]string{"account_check": {answerWith(`"ResultItem":[{"UserID":"alice","AccountStatus":"NotImported"}]`)}},
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
				answerWith(`"ResultItem":[{"UserID":"bob","AccountStatus":"NotImported"},{"UserID":"alice","AccountStatus":"Imported"}]`)}},
			call:  func(ctx context.Context, c *Client) (any, error) { return c.Accounts(ctx, []string{"alice", "bob"}) },
			asked: []string{account + `account_check {"CheckItem":[{"UserID":"alice"},{"UserID":"bob"}]}`},
			want:  map[string]bool{"alice": true, "bob": false},
		},
		"accounts, one in trouble": {
			answers: map[string][]string{"account_check": {
				answerWith(`"ResultItem":[{"UserID":"bob","ResultCode":70500},{"UserID":"alice","AccountStatus":"Imported"}]`)}},
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
			answers: map[string][]string{"account_delete": {answerWith(`"ResultItem":[{"ResultCode":0,"UserID":"alice"}]`)}},
			call:    func(ctx context.Context, c *Client) (any, error) { return nothing(c.DeleteAccount(ctx, "alice")) },
			asked:   []string{account + `account_delete {"DeleteItem":[{"UserID":"alice"}]}`},
		},
		"delete account, gone": {
			answers: map[string][]string{"account_delete": {answerWith(`"ResultItem":[{"ResultCode":70107,"UserID":"alice"}]`)}},
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
			answers: map[string][]string{"portrait_get": {answerWith(`"UserProfileItem":[{"To_Account":"alice","ProfileItem":[
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
				refusalAnswer(40003), answerWith(`"UserProfileItem":[{"To_Account":"alice"}]`), refusalAnswer(40003),
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
	})
}
