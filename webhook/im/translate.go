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
	"strings"
	"time"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook/activity"
	"github.com/liveroom-io/liveroom-operator/webhook/directory"
	"github.com/liveroom-io/liveroom-operator/webhook/event"
)

// Causes of heartbeats that joins and exits tell as well (section 3.12).
const (
	causeJoin = "Join"
	causeQuit = "Quit"
)

// unknownValue differs from every digest: something changed, nobody said to what.
const unknownValue = "?"

// translateRoom turns a callback about a declared room into an event. It
// reports false where there is nothing to write down.
func translateRoom(c *Callback, room *directory.Room, now time.Time) (event.Event, bool) {
	e := event.Event{Room: room.UID, Time: c.moment(now).UnixMilli()}
	switch c.CallbackCommand {
	case groupAfterSend:
		e.Kind, e.User = event.Message, c.From
		if c.MsgTime > 0 {
			e.Time = (&Callback{MsgTime: c.MsgTime}).moment(now).UnixMilli()
		}
	case groupJoined:
		e.Kind, e.Count = event.Joined, int64(len(c.NewMemberList))
	case groupExited:
		e.Kind, e.Count = event.Left, int64(len(c.ExitMemberList))
	case groupMemberState:
		e.Kind, e.Count = heartbeat(c), int64(len(c.MemberList))
	case groupCreated:
		e.Kind = event.Created
	case groupDestroyed:
		e.Kind = event.Destroyed
	case groupInfoChanged:
		e.Kind, e.Seen = event.Changed, baseFields(c)
	case groupAttrChanged:
		e.Kind, e.Seen = event.Changed, attributes(c)
	case groupOwnerChanged:
		if c.NewOwner != "" {
			e.Kind, e.Seen = event.Changed, map[string]string{activity.FieldOwner: activity.Digest(c.NewOwner)}
		}
	}
	switch e.Kind {
	case "":
		return e, false
	case event.Joined, event.Left, event.Reached, event.Lost:
		return e, e.Count > 0
	case event.Changed:
		return e, len(e.Seen) > 0
	default:
		return e, true
	}
}

// heartbeat says what a change of state means for the audience. First entries
// and last exits are left to the callbacks for joins and exits.
func heartbeat(c *Callback) event.Kind {
	switch {
	case c.EventCause == causeJoin, c.EventCause == causeQuit:
		return ""
	case strings.EqualFold(c.EventType, "Online"):
		return event.Reached
	case strings.EqualFold(c.EventType, "Offline"):
		return event.Lost
	}
	return ""
}

// baseFields are the base fields that were changed (section 3.11).
func baseFields(c *Callback) map[string]string {
	seen := map[string]string{}
	for field, value := range map[string]*string{
		activity.FieldName: c.Name, activity.FieldIntroduction: c.Introduction,
		activity.FieldAnnouncement: c.Notification, activity.FieldAvatarURL: c.FaceURL,
	} {
		if value != nil {
			seen[field] = activity.Digest(*value)
		}
	}
	if value := switched(string(c.ShutUpAllMember)); value != "" {
		seen[activity.FieldSpeech] = activity.Digest(value)
	}
	return seen
}

// switched is On or Off for every plausible form of either, else nothing.
func switched(value string) string {
	switch strings.ToLower(value) {
	case "on", "true", "1":
		return "On"
	case "off", "false", "0":
		return "Off"
	}
	return ""
}

// attributes are the attributes that were changed (section 3.13). What a
// removal lists is unconfirmed: without keys, any of them may be gone.
func attributes(c *Callback) map[string]string {
	seen := map[string]string{}
	gone := strings.EqualFold(c.OptionType, "delete")
	for _, a := range c.GroupAttr {
		field := activity.AttributeField(a.Key)
		if seen[field] = activity.Digest(a.Value); gone {
			seen[field] = activity.Absent
		}
	}
	switch {
	case strings.EqualFold(c.OptionType, "set"):
		seen[activity.AllAttributes()] = activity.Absent
	case strings.EqualFold(c.OptionType, "clear"):
		return map[string]string{activity.AllAttributes(): activity.Absent}
	case len(seen) == 0:
		seen[activity.AllAttributes()] = unknownValue
	}
	return seen
}

// profileFields are the fields of ImAccounts by their tag in IM.
var profileFields = map[string]string{
	"Tag_Profile_IM_Nick":      activity.FieldNickname,
	"Tag_Profile_IM_Image":     activity.FieldAvatarURL,
	"Tag_Profile_IM_Gender":    activity.FieldGender,
	"Tag_Profile_IM_AllowType": activity.FieldAllowType,
	"Tag_Profile_IM_Role":      activity.FieldRole,
	imv1alpha1.ProfileTagLevel: activity.FieldLevel,
}

// translateAccount turns a callback about a declared account into an event.
func translateAccount(c *Callback, now time.Time) (event.Event, bool) {
	e := event.Event{Time: c.moment(now).UnixMilli()}
	switch c.CallbackCommand {
	case stateChange:
		e.Kind = event.Presence
		return e, true
	case profileChanged:
		e.Kind, e.Seen = event.Changed, map[string]string{}
		for _, item := range c.ProfileItem {
			field, known := profileFields[item.Tag]
			if name, custom := strings.CutPrefix(item.Tag, imv1alpha1.ProfileTagCustomPrefix); custom {
				field, known = activity.CustomProfileField(name), true
			}
			if known {
				e.Seen[field] = activity.Digest(string(item.Value))
			}
		}
		return e, len(e.Seen) > 0
	}
	return e, false
}

// account is whose state or profile a callback is about.
func (c *Callback) account() string {
	if c.CallbackCommand != stateChange {
		return c.From
	}
	var info connection
	if err := json.Unmarshal(c.Info, &info); err != nil {
		return ""
	}
	return info.Account
}
