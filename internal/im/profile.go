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
	"maps"
	"slices"
	"strings"
)

// Tags of the profile fields on the wire.
const (
	tagNickname  = "Tag_Profile_IM_Nick"
	tagAvatarURL = "Tag_Profile_IM_Image"
	tagGender    = "Tag_Profile_IM_Gender"
	tagAllowType = "Tag_Profile_IM_AllowType"
	tagLevel     = "Tag_Profile_IM_Level"
	tagRole      = "Tag_Profile_IM_Role"
	tagCustom    = "Tag_Profile_Custom_"

	genderPrefix    = "Gender_Type_"
	allowTypePrefix = "AllowType_Type_"
)

var standardTags = []string{tagNickname, tagAvatarURL, tagGender, tagAllowType, tagLevel, tagRole}

// profileQuery asks for the profile of one account.
type profileQuery struct {
	userID string
	// customKeys are sorted and distinct.
	customKeys []string
}

// key identifies the whole question: questions about one account that differ in
// the custom fields are not joined, since an undefined field would spoil the
// answer for who did not ask for it.
func (q profileQuery) key() string {
	return q.userID + "\n" + strings.Join(q.customKeys, "\n")
}

// Profile reads the profile of an account, with the named custom fields. Calls made at about the same time share one
// request. NotFound: the account is not imported. FieldNotRegistered: a custom field has no definition.
func (c *Client) Profile(ctx context.Context, userID string, customKeys []string) (Profile, error) {
	if !validUserID(userID) {
		return Profile{}, invalidUserID(portraitGet, userID)
	}
	query := profileQuery{userID: userID, customKeys: union(customKeys, nil)}
	profile, err := c.profiles.submit(ctx, query.key(), query)
	if err != nil {
		return Profile{}, err
	}
	return profile.only(query.customKeys), nil
}

// Profiles reads the profiles of at most 100 accounts in one call. The error is that of the call as a whole, which
// each result then has too.
func (c *Client) Profiles(ctx context.Context, userIDs, customKeys []string) (map[string]ProfileResult, error) {
	if len(userIDs) > portraitGet.maxItems {
		return nil, tooManyItems(portraitGet, len(userIDs))
	}
	keys := union(customKeys, nil)
	queries := make([]profileQuery, len(userIDs))
	for i, id := range userIDs {
		queries[i] = profileQuery{userID: id, customKeys: keys}
	}
	results := make(map[string]ProfileResult, len(userIDs))
	if len(queries) == 0 {
		return results, nil
	}
	outcomes := c.readProfiles(ctx, queries)
	for i, one := range outcomes {
		results[userIDs[i]] = ProfileResult{Profile: one.value, Err: one.err}
	}
	return results, wholeError(outcomes)
}

// SetProfile writes the members of a profile that are not nil, and its custom fields; the others stay. A profile with
// nothing in it makes no call. FieldNotRegistered: a custom field has no definition.
func (c *Client) SetProfile(ctx context.Context, userID string, profile Profile) error {
	if !validUserID(userID) {
		return invalidUserID(portraitSet, userID)
	}
	items := profile.items()
	if len(items) == 0 {
		return nil
	}
	return ask(ctx, c.calls, portraitSet, wireSetProfile{FromAccount: userID, ProfileItem: items}, nil)
}

type wireSetProfile struct {
	FromAccount string            `json:"From_Account"`
	ProfileItem []wireProfileItem `json:"ProfileItem"`
}

type wireProfileItem struct {
	Tag   string `json:"Tag"`
	Value any    `json:"Value"`
}

type wireGetProfiles struct {
	ToAccount []string `json:"To_Account"`
	TagList   []string `json:"TagList"`
}

type wireProfiles struct {
	UserProfileItem []struct {
		ToAccount   text `json:"To_Account"`
		ProfileItem []struct {
			Tag   text            `json:"Tag"`
			Value json.RawMessage `json:"Value"`
		} `json:"ProfileItem"`
		ResultCode number `json:"ResultCode"`
		ResultInfo text   `json:"ResultInfo"`
	} `json:"UserProfileItem"`
	FailAccount []text `json:"Fail_Account"`
}

// readProfiles asks for all accounts in one call, with every custom field that any of them wants.
func (c *Client) readProfiles(ctx context.Context, queries []profileQuery) []outcome[Profile] {
	return inParts(portraitGet, queries, func(queries []profileQuery) ([]outcome[Profile], error) {
		question := wireGetProfiles{TagList: slices.Clone(standardTags)}
		userIDs := make([]string, len(queries))
		var custom []string
		for i, query := range queries {
			userIDs[i] = query.userID
			custom = union(custom, query.customKeys)
		}
		question.ToAccount = union(userIDs, nil) // one account may be asked about in two ways
		for _, key := range custom {
			question.TagList = append(question.TagList, tagCustom+key)
		}
		var answer wireProfiles
		if err := ask(ctx, c.calls, portraitGet, question, &answer); err != nil {
			return nil, err
		}
		return answer.profiles(userIDs), nil
	}, func(queries []profileQuery) bool {
		return slices.ContainsFunc(queries, func(q profileQuery) bool {
			return !slices.Equal(q.customKeys, queries[0].customKeys)
		})
	})
}

// profiles finds the result for each account. One that is not mentioned at all does not exist; one that is only listed
// as failed may.
func (w *wireProfiles) profiles(userIDs []string) []outcome[Profile] {
	byID := make(map[string]outcome[Profile], len(userIDs))
	for _, id := range w.FailAccount {
		byID[string(id)] = outcome[Profile]{err: notMentioned(portraitGet)}
	}
	for _, item := range w.UserProfileItem {
		one := outcome[Profile]{err: itemError(portraitGet, int(item.ResultCode), string(item.ResultInfo))}
		for _, field := range item.ProfileItem {
			if one.err == nil {
				one.err = one.value.set(string(field.Tag), field.Value)
			}
		}
		if one.err != nil {
			one.value = Profile{}
		}
		byID[string(item.ToAccount)] = one
	}
	return inOrder(userIDs, byID, outcome[Profile]{err: &Error{
		Class: NotFound, Command: portraitGet.name, Info: "the answer does not mention the account",
	}})
}

// set takes one field from the wire. Unknown tags are ignored.
func (p *Profile) set(tag string, value json.RawMessage) error {
	var err error
	switch tag {
	case tagNickname:
		p.Nickname, err = profileText(value, "")
	case tagAvatarURL:
		p.AvatarURL, err = profileText(value, "")
	case tagGender:
		p.Gender, err = profileText(value, genderPrefix)
	case tagAllowType:
		p.AllowType, err = profileText(value, allowTypePrefix)
	case tagLevel:
		p.Level, err = profileNumber(value)
	case tagRole:
		p.Role, err = profileNumber(value)
	default:
		key, custom := strings.CutPrefix(tag, tagCustom)
		if !custom {
			return nil
		}
		var s *string
		if s, err = profileText(value, ""); err == nil && s != nil {
			if p.Custom == nil {
				p.Custom = map[string]string{}
			}
			p.Custom[key] = *s
		}
	}
	if err != nil {
		return notUnderstood(portraitGet, err)
	}
	return nil
}

// profileText reads a text value; nil for null or nothing, which is how an unset field may look.
func profileText(value json.RawMessage, prefix string) (*string, error) {
	if isNothing(value) {
		return nil, nil
	}
	var t text
	if err := t.UnmarshalJSON(value); err != nil {
		return nil, err
	}
	s := strings.TrimPrefix(string(t), prefix)
	return &s, nil
}

// profileNumber reads a number value; nil for null or nothing.
func profileNumber(value json.RawMessage) (*uint32, error) {
	if isNothing(value) {
		return nil, nil
	}
	var n number
	if err := n.UnmarshalJSON(value); err != nil {
		return nil, err
	}
	// Some services print unsigned numbers as signed ones; the conversion undoes it.
	u := uint32(n)
	return &u, nil
}

func isNothing(value json.RawMessage) bool { return len(value) == 0 || string(value) == "null" }

// items is the wire form of what is to be written, in a fixed order.
func (p Profile) items() []wireProfileItem {
	var items []wireProfileItem
	for _, field := range []struct {
		tag, prefix string
		value       *string
	}{
		{tagNickname, "", p.Nickname},
		{tagAvatarURL, "", p.AvatarURL},
		{tagGender, genderPrefix, p.Gender},
		{tagAllowType, allowTypePrefix, p.AllowType},
	} {
		if field.value != nil {
			items = append(items, wireProfileItem{Tag: field.tag, Value: field.prefix + *field.value})
		}
	}
	if p.Level != nil {
		items = append(items, wireProfileItem{Tag: tagLevel, Value: *p.Level})
	}
	if p.Role != nil {
		items = append(items, wireProfileItem{Tag: tagRole, Value: *p.Role})
	}
	for _, key := range slices.Sorted(maps.Keys(p.Custom)) {
		items = append(items, wireProfileItem{Tag: tagCustom + key, Value: p.Custom[key]})
	}
	return items
}

// only is a copy without the custom fields that other callers of the same batch asked for.
func (p Profile) only(customKeys []string) Profile {
	p.Custom = pick(p.Custom, customKeys)
	return p
}

// union is the sorted list of the distinct strings of both.
func union(a, b []string) []string {
	if len(a)+len(b) == 0 {
		return nil
	}
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// pick copies the named members of a map; nil when there are none.
func pick(from map[string]string, keys []string) map[string]string {
	var picked map[string]string
	for _, key := range keys {
		if value, ok := from[key]; ok {
			if picked == nil {
				picked = make(map[string]string, len(keys))
			}
			picked[key] = value
		}
	}
	return picked
}
