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

import "strconv"

// Choices of base fields.
var (
	applyChoices  = []string{"FreeAccess", "NeedPermission", "DisableApply"}
	inviteChoices = []string{"FreeAccess", "NeedPermission", "DisableInvite"}
)

// profileLimits are byte limits of a group's profile.
type profileLimits struct{ name, introduction, notification, faceURL int }

func (o Options) profileLimits() profileLimits {
	if o.LegacyLimits {
		return profileLimits{name: 30, introduction: 240, notification: 300, faceURL: 100}
	}
	return profileLimits{name: 100, introduction: 400, notification: 400, faceURL: 500}
}

// baseChange is a partial change of a group's base fields: nil means that a
// field is not touched.
type baseChange struct {
	name, introduction, notification, faceURL  *string
	applyJoin, inviteJoin, historyBeforeJoin   *string
	muteAll                                    *string
	maxMembers, enablePermission, defaultPerms *int64
}

// readBaseChange reads and checks the base fields of create_group and
// modify_group_base_info. The two spell the number of members differently.
func (s *Simulator) readBaseChange(c *call, kind groupType, maxMembersName string) baseChange {
	limits := s.options.profileLimits()
	change := baseChange{
		name:         c.limitedText("Name", limits.name),
		introduction: c.limitedText("Introduction", limits.introduction),
		notification: c.limitedText("Notification", limits.notification),
		faceURL:      c.limitedText("FaceUrl", limits.faceURL),
		applyJoin:    c.optionalChoice("ApplyJoinOption", applyChoices),
		inviteJoin:   c.optionalChoice("InviteJoinOption", inviteChoices),
	}
	if change.name != nil && *change.name == "" {
		c.fail(codeGroupParameter, "Name must not be empty")
	}
	if change.applyJoin != nil && kind == typeCommunity {
		c.fail(codeGroupParameter, "ApplyJoinOption cannot be set for a group of type %s", kind)
	}
	if change.inviteJoin != nil && kind == typeLive {
		c.fail(codeGroupParameter, "InviteJoinOption cannot be set for a group of type %s", kind)
	}
	if number, present := c.integer(0, int64(s.options.MaxMembers), maxMembersName); present && kind != typeLive {
		change.maxMembers = &number
	}
	if enable, present := c.integer(0, 1, "EnablePermission"); present {
		change.enablePermission = &enable
	}
	if permission, present := c.integer(0, forever, "DefaultPermission"); present {
		change.defaultPerms = &permission
	}
	return change
}

// limitedText reads an optional base field of at most the given bytes.
func (c *call) limitedText(name string, most int) *string {
	text, present := c.text(name)
	if !present {
		return nil
	}
	if len(text) > most {
		c.fail(codeGroupParameter, "%s has %d bytes, at most %d are allowed", name, len(text), most)
	}
	return &text
}

func (c *call) optionalChoice(name string, allowed []string) *string {
	text, present := c.choice(name, allowed...)
	if !present {
		return nil
	}
	return &text
}

// applyBase writes a checked change and returns what changed, in the order of
// the documented field table.
func (s *Simulator) applyBase(g *group, change baseChange) []ChangedField {
	var changed []ChangedField
	write := func(name string, target, value *string) {
		if value == nil {
			return
		}
		stored := s.mangleOnStore(name, *value)
		if *target != stored {
			*target = stored
			changed = append(changed, ChangedField{Name: name, Value: stored})
		}
	}
	count := func(name string, target, value *int64) {
		if value != nil && *target != *value {
			*target = *value
			changed = append(changed, ChangedField{Name: name, Value: strconv.FormatInt(*value, 10)})
		}
	}
	write("Name", &g.name, change.name)
	write("Introduction", &g.introduction, change.introduction)
	write("Notification", &g.notification, change.notification)
	write("FaceUrl", &g.faceURL, change.faceURL)
	count("MaxMemberNum", &g.maxMembers, change.maxMembers)
	write("ApplyJoinOption", &g.applyJoin, change.applyJoin)
	write("InviteJoinOption", &g.inviteJoin, change.inviteJoin)
	write("HistoryMsgBeforeJoin", &g.historyBeforeJoin, change.historyBeforeJoin)
	if change.muteAll != nil && *change.muteAll != onOff(g.muteAll) {
		g.muteAll = *change.muteAll == "On"
		changed = append(changed, ChangedField{Name: "MuteAllMember", Value: *change.muteAll})
	}
	count("EnablePermission", &g.enablePermission, change.enablePermission)
	count("DefaultPermission", &g.defaultPermission, change.defaultPerms)
	return changed
}

// baseInfo answers all base fields of a group.
func (s *Simulator) baseInfo(g *group) answer {
	info := answer{
		fieldGroupID:      g.id,
		"Type":            s.typeName(g.kind),
		"Name":            s.mangleOnReturn("Name", g.name),
		"Introduction":    s.mangleOnReturn("Introduction", g.introduction),
		"Notification":    s.mangleOnReturn("Notification", g.notification),
		"FaceUrl":         s.mangleOnReturn("FaceUrl", g.faceURL),
		"Owner_Account":   g.owner,
		"CreateTime":      g.created,
		"InfoSeq":         g.infoSeq,
		"LastInfoTime":    g.lastInfo,
		"LastMsgTime":     g.lastMessage,
		"NextMsgSeq":      g.nextMsgSeq,
		"MemberNum":       len(g.members.order),
		"MaxMemberNum":    g.maxMembers,
		"ApplyJoinOption": g.applyJoin,
		"MuteAllMember":   onOff(g.muteAll),
		"Appid":           s.options.SDKAppID,
	}
	if g.kind != typeLive {
		info["InviteJoinOption"] = g.inviteJoin
	}
	if g.kind.historyBeforeJoin() {
		info["HistoryMsgBeforeJoin"] = g.historyBeforeJoin
	}
	if g.kind == typeCommunity {
		info["SupportTopic"] = boolNumber(g.supportTopic)
		info["EnablePermission"] = g.enablePermission
		info["DefaultPermission"] = g.defaultPermission
	}
	return info
}

func boolNumber(value bool) int {
	if value {
		return 1
	}
	return 0
}

// pick keeps the fields that a filter names. Old names stand for the current
// ones.
func pick(all answer, filter []string) answer {
	picked := answer{}
	for _, name := range filter {
		if current, old := oldFieldNames[name]; old {
			name = current
		}
		if value, known := all[name]; known {
			picked[name] = value
		}
	}
	return picked
}

// oldFieldNames maps names of older pages to those that are answered.
var oldFieldNames = map[string]string{
	"ShutUpAllMember": "MuteAllMember",
	"ShutUpUntil":     "MuteUntil",
	"Account":         fieldMember,
}
