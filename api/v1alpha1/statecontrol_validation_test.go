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
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestStateControlCreation(t *testing.T) {
	t.Parallel()
	opens, closes := time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC), time.Date(2026, 11, 22, 22, 0, 0, 0, time.UTC)
	control := func(c StateControl) func(*LiveRoom) {
		return roomSpec(func(s *LiveRoomSpec) { s.StateControl = &c })
	}
	at := func(t time.Time) *metav1.Time { return &metav1.Time{Time: t} }
	manual := func(change func(*StateControl)) func(*LiveRoom) {
		c := StateControl{Mode: StateControlManual, State: RoomLive}
		change(&c)
		return control(c)
	}
	schedule := func(open, end *metav1.Time) func(*LiveRoom) {
		return control(StateControl{Mode: StateControlScheduled, OpenTime: open, CloseTime: end})
	}
	field := func(f StateField) func(*LiveRoom) { return manual(func(c *StateControl) { c.Field = &f }) }
	values := func(v StateValues) func(*LiveRoom) { return field(StateField{Name: "status", Values: &v}) }
	announcements := func(a StateAnnouncements) func(*LiveRoom) {
		return manual(func(c *StateControl) { c.Announcements = &a })
	}
	both := func(changes ...func(*LiveRoom)) func(*LiveRoom) {
		return func(r *LiveRoom) {
			for _, change := range changes {
				change(r)
			}
		}
	}
	listed := roomSpec(func(s *LiveRoomSpec) { s.CustomFields = []RoomCustomField{{Name: "status", Value: new("1")}} })
	permission := func(p StreamPermission) func(*LiveRoom) {
		return manual(func(c *StateControl) { c.StreamUnlessLive = p })
	}
	const union = "set state with mode: Manual; openTime, and closeTime if it is known, with mode: Scheduled"
	const order = "closeTime must be after openTime"
	const value = "a custom field value has at most 512 bytes (a Chinese character counts 3): shorten it"
	const announcement = "announcement has at most 400 bytes (a Chinese character counts 3): shorten it"
	proveCreations(t, validRoom, copyRoom, []creation[LiveRoom]{
		{"state", manual(func(*StateControl) {}), ""},
		{"manual without a state", manual(func(c *StateControl) { c.State = "" }), union},
		{"manual with openTime", manual(func(c *StateControl) { c.OpenTime = at(opens) }), union},
		{"manual with closeTime", manual(func(c *StateControl) { c.CloseTime = at(closes) }), union},
		{"unknown state", manual(func(c *StateControl) { c.State = "Dark" }), unsupported},
		{"unknown mode", manual(func(c *StateControl) { c.Mode = "Random" }), unsupported},
		{"schedule", schedule(at(opens), at(closes)), ""},
		{"schedule without an end", schedule(at(opens), nil), ""},
		{"schedule without a begin", schedule(nil, at(closes)), union},
		{"schedule with a state", control(StateControl{Mode: StateControlScheduled, State: RoomLive, OpenTime: at(opens)}), union},
		{"schedule that ends before it begins", schedule(at(closes), at(opens)), order},
		{"schedule that ends as it begins", schedule(at(opens), at(opens)), order},
		{"field", field(StateField{Name: "status"}), ""},
		{"field beginning with a digit", field(StateField{Name: "2status"}), "a field name begins with a letter or _ and goes on with letters, digits or _: rename it"},
		{"field of 17 letters", field(StateField{Name: letters(17)}), "Too long"},
		{"field that is listed", both(field(StateField{Name: "status"}), listed), "stateControl.field writes this custom field: remove it from customFields"},
		{"another field that is listed", both(field(StateField{Name: "state"}), listed), ""},
		{"values of 512 bytes", values(StateValues{Live: new(chinese(170) + "ab"), Paused: new(""), Ended: new(letters(512))}), ""},
		{"live of 513 bytes", values(StateValues{Live: new(chinese(171))}), value},
		{"paused of 513 bytes", values(StateValues{Paused: new(chinese(171))}), value},
		{"ended of 513 bytes", values(StateValues{Ended: new(chinese(171))}), value},
		{"announcements of 399 bytes", announcements(StateAnnouncements{Live: new(chinese(133)), Paused: new(""), Ended: new(chinese(133))}), ""},
		{"announcement of 402 bytes while live", announcements(StateAnnouncements{Live: new(chinese(134))}), announcement},
		{"announcement of 402 bytes while paused", announcements(StateAnnouncements{Paused: new(chinese(134))}), announcement},
		{"announcement of 402 bytes once ended", announcements(StateAnnouncements{Ended: new(chinese(134))}), announcement},
		{"announcement while paused, and otherwise", both(announcements(StateAnnouncements{Paused: new("p")}), roomSpec(func(s *LiveRoomSpec) { s.Announcement = new("a") })), ""},
		{"announcement while paused alone", announcements(StateAnnouncements{Paused: new("p")}), "needs spec.announcement"},
		{"speech", manual(func(c *StateControl) { c.SpeechUnlessLive = SpeechMuted }), ""},
		{"unknown speech", manual(func(c *StateControl) { c.SpeechUnlessLive = "Quiet" }), unsupported},
		{"blocked stream", both(permission(StreamBlocked), cssRoom("show42")), ""},
		{"blocked without a stream", permission(StreamBlocked), "streamUnlessLive: Blocked needs spec.stream"},
		{"allowed without a stream", permission(StreamAllowed), ""},
		{"unknown permission", both(permission("Perhaps"), cssRoom("show42")), unsupported},
	})
}

func TestStateControlUpdate(t *testing.T) {
	t.Parallel()
	state := func(s RoomState) func(*LiveRoom) {
		return roomSpec(func(spec *LiveRoomSpec) { spec.StateControl = &StateControl{Mode: StateControlManual, State: s} })
	}
	proveUpdates(t, validRoom, copyRoom, []update[LiveRoom]{
		{"state", state(RoomLive), state(RoomPaused), ""},
		{"back from the end", state(RoomEnded), state(RoomLive), ""},
		{"mode", state(RoomLive), roomSpec(func(s *LiveRoomSpec) {
			s.StateControl = &StateControl{Mode: StateControlScheduled, OpenTime: &metav1.Time{Time: time.Unix(1767225600, 0)}}
		}), ""},
		{"removed", state(RoomLive), roomSpec(func(s *LiveRoomSpec) { s.StateControl = nil }), ""},
	})
}
