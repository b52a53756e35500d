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
	"math"
	"slices"
	"strconv"
	"strings"
)

// Standard profile tags that other parts of the simulator read.
const (
	tagNick  = "Tag_Profile_IM_Nick"
	tagImage = "Tag_Profile_IM_Image"
)

// tagRule is what a standard profile tag may hold.
type tagRule struct {
	number  bool     // uint32 instead of string
	most    int      // bytes, 0 if the values are listed
	choices []string // allowed values, nil if free
}

var standardTags = map[string]tagRule{
	tagNick:                          {most: maxProfileValue},
	"Tag_Profile_IM_Gender":          {choices: []string{"Gender_Type_Unknown", "Gender_Type_Female", "Gender_Type_Male"}},
	"Tag_Profile_IM_BirthDay":        {number: true},
	"Tag_Profile_IM_Location":        {most: 16},
	"Tag_Profile_IM_SelfSignature":   {most: maxProfileValue},
	"Tag_Profile_IM_AllowType":       {choices: []string{"AllowType_Type_NeedConfirm", "AllowType_Type_AllowAny", "AllowType_Type_DenyAny"}},
	"Tag_Profile_IM_Language":        {number: true},
	tagImage:                         {most: maxProfileValue},
	"Tag_Profile_IM_MsgSettings":     {number: true},
	"Tag_Profile_IM_AdminForbidType": {choices: []string{"AdminForbid_Type_None", "AdminForbid_Type_SendOut"}},
	"Tag_Profile_IM_Level":           {number: true},
	"Tag_Profile_IM_Role":            {number: true},
}

// profileItem is one tag with its checked value.
type profileItem struct {
	tag   string
	value any // string or int64
}

// checkProfileItem checks a tag and its value.
func (s *Simulator) checkProfileItem(c *call, tag string, value any) (profileItem, *Refusal) {
	rule, standard := standardTags[tag]
	if !standard {
		name, custom := strings.CutPrefix(tag, customTagPrefix)
		if !custom || !s.fields.works(scopeProfile, name, "", c.now) {
			return profileItem{}, refuse(codeProfileTag, "profile tag %s does not exist", tag)
		}
		rule = tagRule{most: maxProfileValue}
	}
	if rule.number {
		number, ok := value.(json.Number)
		if !ok {
			return profileItem{}, refuse(codeProfileType, "value of %s must be a number", tag)
		}
		parsed, err := strconv.ParseInt(number.String(), 10, 64)
		if err != nil || parsed < 0 || parsed > math.MaxUint32 {
			return profileItem{}, refuse(codeProfileValue, "value of %s must be from 0 to 4294967295", tag)
		}
		return profileItem{tag: tag, value: parsed}, nil
	}
	text, ok := value.(string)
	switch {
	case !ok:
		return profileItem{}, refuse(codeProfileType, "value of %s must be a string", tag)
	case rule.choices != nil && !slices.Contains(rule.choices, text):
		return profileItem{}, refuse(codeProfileValue, "value of %s must be one of %v", tag, rule.choices)
	case rule.most > 0 && len(text) > rule.most:
		return profileItem{}, refuse(codeProfileTooLong, "value of %s has %d bytes, at most %d are allowed", tag, len(text), rule.most)
	}
	return profileItem{tag: tag, value: text}, nil
}

// storeProfile writes a checked value.
func (s *Simulator) storeProfile(user *account, tag string, value any) {
	if text, ok := value.(string); ok {
		value = s.mangleOnStore(tag, text)
	}
	user.profile[tag] = value
}

// portraitSet writes all tags or none.
func (s *Simulator) portraitSet(c *call) (answer, error) {
	id := c.requiredAccount("From_Account")
	objects, _ := c.objects("ProfileItem")
	if !c.has("ProfileItem") {
		c.fail(codeProfileParameter, "ProfileItem is required")
	}
	items := make([]profileItem, 0, len(objects))
	for _, object := range objects {
		tag := object.requiredText("Tag")
		if c.err() != nil {
			break
		}
		item, refusal := s.checkProfileItem(c, tag, object.fields["Value"])
		if refusal != nil {
			c.fail(refusal.Code, "%s", refusal.Info)
			break
		}
		items = append(items, item)
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	user, ok := s.accounts[id]
	if !ok {
		return nil, refuse(codeProfileMissing, "account %s does not exist", id)
	}
	s.setProfile(c, user, items)
	return nil, nil
}

// setProfile writes checked tags and tells of them.
func (s *Simulator) setProfile(c *call, user *account, items []profileItem) {
	written := make([]profileItem, 0, len(items))
	for _, item := range items {
		s.storeProfile(user, item.tag, item.value)
		written = append(written, profileItem{tag: item.tag, value: user.profile[item.tag]})
	}
	s.fireProfile(c, user.id, written)
}

func (s *Simulator) portraitGet(c *call) (answer, error) {
	if !c.has(fieldTo) {
		return nil, refuse(codeProfileNoAccount, "To_Account is required")
	}
	ids, _ := c.accounts(fieldTo)
	tags, _ := c.texts("TagList")
	if !c.has("TagList") {
		c.fail(codeProfileParameter, "TagList is required")
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	switch {
	case len(ids) == 0:
		return nil, refuse(codeProfileNoAccount, "To_Account must not be empty")
	case len(ids) > maxBatchAccounts:
		return nil, refuse(codeProfileParameter, "To_Account has %d accounts, at most %d are allowed", len(ids), maxBatchAccounts)
	}
	for _, tag := range tags {
		if _, standard := standardTags[tag]; standard {
			continue
		}
		if name, custom := strings.CutPrefix(tag, customTagPrefix); !custom || !s.fields.works(scopeProfile, name, "", c.now) {
			return nil, refuse(codeProfileTag, "profile tag %s does not exist", tag)
		}
	}
	items, failed := make([]answer, 0, len(ids)), []string{}
	for _, id := range ids {
		user, ok := s.accounts[id]
		if !ok {
			failed = append(failed, id)
			items = append(items, answer{fieldTo: id, "ResultCode": codeProfileMissing, "ResultInfo": "account does not exist"})
			continue
		}
		items = append(items, answer{fieldTo: id, "ProfileItem": s.showProfile(user, tags), "ResultCode": 0, "ResultInfo": ""})
	}
	result := answer{"UserProfileItem": items}
	if len(failed) > 0 {
		result["Fail_Account"] = failed
	}
	return result, nil
}

// showProfile answers the tags that were ever set.
func (s *Simulator) showProfile(user *account, tags []string) []answer {
	shown := []answer{}
	for _, tag := range tags {
		value, set := user.profile[tag]
		if !set {
			continue
		}
		if text, ok := value.(string); ok {
			value = s.mangleOnReturn(tag, text)
		}
		shown = append(shown, answer{"Tag": tag, fieldValue: value})
	}
	return shown
}

// nickAndAvatar returns what member lists of live groups show of an account.
func (s *Simulator) nickAndAvatar(id string) (nick, avatar string) {
	user, ok := s.accounts[id]
	if !ok {
		return "", ""
	}
	nick, _ = user.profile[tagNick].(string)
	avatar, _ = user.profile[tagImage].(string)
	return nick, avatar
}
