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

package v1alpha1

import (
	"fmt"
	"testing"
)

var validRoom = LiveRoom{Spec: LiveRoomSpec{AppRef: app, Type: RoomTypeAVChatRoom, Name: "春季直播"}}

func copyRoom(r LiveRoom) *LiveRoom { return r.DeepCopy() }

func TestLiveRoomCreation(t *testing.T) {
	t.Parallel()
	source := &ValueSource{ConfigMapKeyRef: ConfigMapKeyReference{Name: "goods", Key: "now"}}
	spec := func(change func(*LiveRoomSpec)) func(*LiveRoom) { return func(r *LiveRoom) { change(&r.Spec) } }
	field := func(f RoomCustomField) func(*LiveRoom) {
		return spec(func(s *LiveRoomSpec) { s.CustomFields = []RoomCustomField{f} })
	}
	fields := func(n int) func(*LiveRoom) {
		return spec(func(s *LiveRoomSpec) {
			for i := range n {
				s.CustomFields = append(s.CustomFields, RoomCustomField{Name: fmt.Sprintf("f%d", i), Value: new("")})
			}
		})
	}
	attribute := func(a RoomAttribute) func(*LiveRoom) {
		return spec(func(s *LiveRoomSpec) { s.Attributes = []RoomAttribute{a} })
	}
	attributes := func(values ...string) func(*LiveRoom) {
		return spec(func(s *LiveRoomSpec) {
			for i, v := range values {
				s.Attributes = append(s.Attributes, RoomAttribute{Key: fmt.Sprintf("k%d", i), Value: new(v)})
			}
		})
	}
	administrators := func(kind RoomType, n int) func(*LiveRoom) {
		return spec(func(s *LiveRoomSpec) {
			s.Type = kind
			for i := range n {
				s.Administrators = append(s.Administrators, UserReference{UserID: fmt.Sprintf("u%d", i)})
			}
		})
	}
	owner := func(u UserReference) func(*LiveRoom) { return spec(func(s *LiveRoomSpec) { s.Owner = &u }) }
	name := func(n string) func(*LiveRoom) { return spec(func(s *LiveRoomSpec) { s.Name = n }) }
	group := func(id string) func(*LiveRoom) { return spec(func(s *LiveRoomSpec) { s.GroupID = id }) }
	const xor = "set exactly one of value and valueFrom"
	const userXor = "set exactly one of accountRef and userID"
	full := letters(4000)

	proveCreations(t, validRoom, copyRoom, []creation[LiveRoom]{
		{"minimal", func(*LiveRoom) {}, ""},
		{"name of 99 bytes", name(chinese(33)), ""},
		{"name of 102 bytes", name(chinese(34)), "name has at most 100 bytes (a Chinese character counts 3): shorten it"},
		{"empty name", name(""), "spec.name"},
		{"unknown type", spec(func(s *LiveRoomSpec) { s.Type = "Private" }), unsupported},
		{"unknown joinOption", spec(func(s *LiveRoomSpec) { s.JoinOption = "Open" }), unsupported},
		{"unknown speech", spec(func(s *LiveRoomSpec) { s.Speech = "Quiet" }), unsupported},
		{"joinOption and speech", spec(func(s *LiveRoomSpec) { s.JoinOption, s.Speech = "FreeAccess", SpeechMuted }), ""},
		{"introduction of 399 bytes", spec(func(s *LiveRoomSpec) { s.Introduction = new(chinese(133)) }), ""},
		{"introduction of 402 bytes", spec(func(s *LiveRoomSpec) { s.Introduction = new(chinese(134)) }), "introduction has at most 400 bytes"},
		{"announcement of 399 bytes", spec(func(s *LiveRoomSpec) { s.Announcement = new(chinese(133)) }), ""},
		{"announcement of 402 bytes", spec(func(s *LiveRoomSpec) { s.Announcement = new(chinese(134)) }), "announcement has at most 400 bytes"},
		{"avatar of 498 bytes", spec(func(s *LiveRoomSpec) { s.AvatarURL = new(chinese(166)) }), ""},
		{"avatar of 501 bytes", spec(func(s *LiveRoomSpec) { s.AvatarURL = new(chinese(167)) }), "avatarURL has at most 500 bytes: shorten it"},

		{"groupID of 48 characters", group(letters(48)), ""},
		{"groupID of 49 characters", group(letters(49)), "spec.groupID"},
		{"groupID in Chinese", group("直播"), "spec.groupID"},
		{"groupID of IM's own form", group("@TGS#abc"), "must not begin with @TGS#: choose another one"},
		{"groupID of a scratch group", group("liveroom-probe-Public"), "serve to prove custom fields: choose another one"},

		{"owner by userID", owner(UserReference{UserID: "host"}), ""},
		{"owner by account", owner(UserReference{AccountRef: &AccountReference{Name: "host"}}), ""},
		{"owner by both", owner(UserReference{UserID: "host", AccountRef: &AccountReference{Name: "host"}}), userXor},
		{"owner by neither", owner(UserReference{}), userXor},
		{"owner with a space", owner(UserReference{UserID: "the host"}), "spec.owner.userID"},
		{"five administrators of an AVChatRoom", administrators(RoomTypeAVChatRoom, 5), ""},
		{"six administrators of an AVChatRoom", administrators(RoomTypeAVChatRoom, 6), "an AVChatRoom has at most 5 administrators: remove some"},
		{"six administrators of a Meeting", administrators(RoomTypeMeeting, 6), ""},
		{"51 administrators", administrators(RoomTypeMeeting, 51), tooMany + " 50 items"},

		{"ten custom fields", fields(10), ""},
		{"eleven custom fields", fields(11), tooMany + " 10 items"},
		{"field name beginning with a digit", field(RoomCustomField{Name: "2gift", Value: new("")}), "a field name begins with a letter or _ and goes on with letters, digits or _: rename it"},
		{"field name of 17 letters", field(RoomCustomField{Name: letters(17), Value: new("")}), "Too long"},
		{"field value of 512 bytes", field(RoomCustomField{Name: "goods", Value: new(chinese(170) + "ab")}), ""},
		{"field value of 513 bytes", field(RoomCustomField{Name: "goods", Value: new(chinese(171))}), "a custom field value has at most 512 bytes (a Chinese character counts 3): shorten it or split it"},
		{"field value of 513 letters", field(RoomCustomField{Name: "goods", Value: new(letters(513))}), "may not be more than 512"},
		{"field from a ConfigMap", field(RoomCustomField{Name: "goods", ValueFrom: source}), ""},
		{"field with both sources", field(RoomCustomField{Name: "goods", Value: new(""), ValueFrom: source}), xor},
		{"field with no source", field(RoomCustomField{Name: "goods"}), xor},
		{"unknown policy", field(RoomCustomField{Name: "goods", Value: new(""), Policy: "Once"}), unsupported},

		{"attribute key of 30 bytes", attribute(RoomAttribute{Key: chinese(10), Value: new("")}), ""},
		{"attribute key of 33 bytes", attribute(RoomAttribute{Key: chinese(11), Value: new("")}), "an attribute key has at most 32 bytes: shorten it"},
		{"attribute value of 3999 bytes", attributes(chinese(1333)), ""},
		{"attribute value of 4002 bytes", attributes(chinese(1334)), "an attribute value has at most 4000 bytes"},
		{"attribute from a ConfigMap", attribute(RoomAttribute{Key: "k", ValueFrom: source}), ""},
		{"attribute with both sources", attribute(RoomAttribute{Key: "k", Value: new(""), ValueFrom: source}), xor},
		{"attribute with no source", attribute(RoomAttribute{Key: "k"}), xor},
		{"attributes of 16000 bytes", attributes(full, full, full, full), ""},
		{"attributes of 16001 bytes", attributes(full, full, full, full, "a"), "attribute values have at most 16000 bytes together: shorten some"},
		{"sixteen attributes", attributes(make([]string, 16)...), ""},
		{"seventeen attributes", attributes(make([]string, 17)...), tooMany + " 16 items"},

		{"ban", spec(func(s *LiveRoomSpec) { s.BannedAccounts = []BannedAccount{{UserID: "troll"}} }), ""},
		{"ban of a long userID", spec(func(s *LiveRoomSpec) { s.BannedAccounts = []BannedAccount{{UserID: letters(33)}} }), "spec.bannedAccounts[0].userID"},
		{"ban given twice", spec(func(s *LiveRoomSpec) { s.BannedAccounts = []BannedAccount{{UserID: "troll"}, {UserID: "troll"}} }), "Duplicate value"},
	})
}

func TestLiveRoomUpdate(t *testing.T) {
	t.Parallel()
	owned := func(id string) func(*LiveRoom) {
		return func(r *LiveRoom) { r.Spec.Owner = &UserReference{UserID: id} }
	}
	meeting := func(r *LiveRoom) { r.Spec.Type = RoomTypeMeeting; owned("host")(r) }
	group := func(r *LiveRoom) { r.Spec.GroupID = "live" }
	const owner = "the owner of an AVChatRoom cannot change: create another LiveRoom with another owner"
	proveUpdates(t, validRoom, copyRoom, []update[LiveRoom]{
		{"appRef", nil, func(r *LiveRoom) { r.Spec.AppRef = otherApp }, "appRef is " + unchanged},
		{"appRef namespace added", nil, func(r *LiveRoom) { r.Spec.AppRef.Namespace = "platform" }, "appRef is " + unchanged},
		{"type", nil, func(r *LiveRoom) { r.Spec.Type = RoomTypePublic }, "type is immutable: IM cannot change it; create another LiveRoom"},
		{"groupID", group, func(r *LiveRoom) { r.Spec.GroupID = "other" }, "groupID is " + unchanged},
		{"groupID added", nil, group, "groupID is " + unchanged},
		{"groupID removed", group, func(r *LiveRoom) { r.Spec.GroupID = "" }, "groupID is " + unchanged},
		{"owner of an AVChatRoom", owned("host"), owned("helper"), owner},
		{"owner of an AVChatRoom added", nil, owned("host"), owner},
		{"owner of an AVChatRoom removed", owned("host"), func(r *LiveRoom) { r.Spec.Owner = nil }, owner},
		{"owner of a Meeting", meeting, owned("helper"), ""},
		{"name, with groupID and owner kept", func(r *LiveRoom) { group(r); owned("host")(r) }, func(r *LiveRoom) { r.Spec.Name = "夏季直播" }, ""},
	})
}
