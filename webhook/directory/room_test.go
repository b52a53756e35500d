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

package directory

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook/moderation"
	"github.com/liveroom-io/liveroom-operator/webhook/policy"
)

var (
	live  = types.NamespacedName{Namespace: "shop", Name: "live"}
	epoch = time.Unix(1763848315, 0)
)

// liveRoom is one that has a claim to the group room_8801, changed.
func liveRoom(name string, changes ...func(*imv1alpha1.LiveRoom)) *imv1alpha1.LiveRoom {
	room := &imv1alpha1.LiveRoom{ObjectMeta: metav1.ObjectMeta{
		Namespace: "shop", Name: name, UID: types.UID("uid-" + name), CreationTimestamp: metav1.NewTime(epoch), Labels: map[string]string{"tier": "gold"},
	}}
	room.Spec.AppRef.Name, room.Spec.GroupID, room.Spec.Type = live.Name, "room_8801", imv1alpha1.RoomTypeAVChatRoom
	room.Status.GroupID = "room_8801"
	ready(metav1.ConditionTrue, imv1alpha1.ReasonAsDeclared)(room)
	for _, change := range changes {
		change(room)
	}
	return room
}

func ready(status metav1.ConditionStatus, reason string) func(*imv1alpha1.LiveRoom) {
	return func(room *imv1alpha1.LiveRoom) {
		room.Status.Conditions = []metav1.Condition{{Type: imv1alpha1.ConditionReady, Status: status, Reason: reason}}
	}
}

func younger(room *imv1alpha1.LiveRoom) {
	room.CreationTimestamp = metav1.NewTime(epoch.Add(time.Second))
}

func deleting(room *imv1alpha1.LiveRoom) { room.DeletionTimestamp = new(metav1.NewTime(epoch)) }

func roomKey(name string) types.NamespacedName {
	return types.NamespacedName{Namespace: "shop", Name: name}
}

// names of the room that a group belongs to; "" for none.
func (d *Directory) nameOf(group string) string {
	if room := d.Room(live, group); room != nil {
		return room.Key.Name
	}
	return ""
}

func TestClaims(t *testing.T) {
	const none = metav1.ConditionFalse
	for name, c := range map[string]struct {
		change func(*imv1alpha1.LiveRoom)
		want   bool
	}{
		"as declared":                  {ready(metav1.ConditionTrue, imv1alpha1.ReasonAsDeclared), true},
		"with trouble that comes late": {ready(none, imv1alpha1.ReasonUnavailable), true},
		"paused":                       {ready(metav1.ConditionUnknown, imv1alpha1.ReasonPaused), true},
		"in drift":                     {ready(none, imv1alpha1.ReasonDriftDetected), true},
		"gone in IM":                   {ready(none, imv1alpha1.ReasonNotExisting), true},
		"not looked at yet":            {func(room *imv1alpha1.LiveRoom) { room.Status.Conditions = nil }, false},
		"without a group":              {func(room *imv1alpha1.LiveRoom) { room.Status.GroupID = "" }, false},
		"in conflict":                  {ready(none, imv1alpha1.ReasonConflict), false},
		"of somebody else":             {ready(none, imv1alpha1.ReasonNotAdopted), false},
		"without consent":              {ready(none, imv1alpha1.ReasonNamespaceNotAllowed), false},
		"without an application":       {ready(none, imv1alpha1.ReasonAppNotFound), false},
		"being deleted":                {deleting, false},
	} {
		t.Run(name, func(t *testing.T) {
			want := ""
			if c.want {
				want = "spring"
			}
			d := New()
			d.PutRoom(liveRoom("spring", c.change))
			if got := d.nameOf("room_8801"); got != want {
				t.Errorf("found %q, want %q", got, want)
			}
			// A claim comes and goes with the condition, though nothing else changes.
			d = New()
			d.PutRoom(liveRoom("spring"))
			d.PutRoom(liveRoom("spring", c.change))
			if got := d.nameOf("room_8801"); got != want {
				t.Errorf("found %q after a claim, want %q", got, want)
			}
			if found := d.RoomByUID("uid-spring") != nil; found != c.want {
				t.Errorf("found by UID: %v", found)
			}
			d.PutRoom(liveRoom("spring"))
			if got := d.nameOf("room_8801"); got != "spring" {
				t.Errorf("found %q after the claim came back", got)
			}
		})
	}
}

// Of several LiveRooms for one group the oldest has it, then the first by name.
func TestRivals(t *testing.T) {
	d := New()
	d.PutRoom(liveRoom("autumn", younger))
	d.PutRoom(liveRoom("spring"))
	d.PutRoom(liveRoom("summer"))
	expect := func(want string) {
		t.Helper()
		if got := d.nameOf("room_8801"); got != want {
			t.Errorf("found %q, want %q", got, want)
		}
	}
	expect("spring")
	if room := d.RoomByUID("uid-autumn"); room == nil || room.Key != roomKey("autumn") {
		t.Errorf("the youngest is %v", room)
	}
	d.PutRoom(liveRoom("spring", ready(metav1.ConditionFalse, imv1alpha1.ReasonConflict)))
	expect("summer")
	d.RemoveRoom(roomKey("summer"))
	expect("autumn")
	d.PutRoom(liveRoom("spring"))
	expect("spring")
	d.RemoveRoom(roomKey("spring"))
	d.RemoveRoom(roomKey("autumn"))
	d.RemoveRoom(roomKey("nobody"))
	expect("")
	if len(d.rooms)+len(d.byRoom)+len(d.byUID) != 0 {
		t.Errorf("left behind: %v %v %v", d.rooms, d.byRoom, d.byUID)
	}
}

func TestRoomMoves(t *testing.T) {
	d := New()
	d.PutRoom(liveRoom("spring"))
	d.PutRoom(liveRoom("spring", func(room *imv1alpha1.LiveRoom) { room.Spec.GroupID, room.Status.GroupID = "room_8802", "room_8802" }))
	if d.nameOf("room_8801") != "" || d.nameOf("room_8802") != "spring" {
		t.Errorf("room_8801 is %q, room_8802 is %q", d.nameOf("room_8801"), d.nameOf("room_8802"))
	}
	d.PutRoom(liveRoom("spring", func(room *imv1alpha1.LiveRoom) { room.Spec.AppRef.Name = "other" }))
	if d.nameOf("room_8801") != "" || d.Room(types.NamespacedName{Namespace: "shop", Name: "other"}, "room_8801") == nil {
		t.Error("the room did not move to the other application")
	}
	// Deleted and made anew under the same name.
	d.PutRoom(liveRoom("spring", func(room *imv1alpha1.LiveRoom) { room.UID = "uid-2" }))
	if d.RoomByUID("uid-spring") != nil || d.RoomByUID("uid-2") == nil || d.Room(live, "room_8801").UID != "uid-2" {
		t.Errorf("the room is %+v", d.Room(live, "room_8801"))
	}
}

// A room keeps its rules while neither it nor the set changes, and finds others
// when its labels change.
func TestRulesOfARoom(t *testing.T) {
	d, set := New(), policy.NewSet()
	p := &imv1alpha1.ModerationPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "words"}}
	p.Spec.Enforcement, p.Spec.Action = imv1alpha1.EnforcementCallback, imv1alpha1.ModerationActionDrop
	compiled, err := moderation.Compile(p, []string{"swear"})
	if err != nil {
		t.Fatal(err)
	}
	scope, err := policy.NewScope(roomKey("words"), live, &metav1.LabelSelector{MatchLabels: map[string]string{"tier": "gold"}})
	if err != nil {
		t.Fatal(err)
	}
	set.PutModeration(scope, compiled)
	d.PutRoom(liveRoom("spring"))
	first := d.Room(live, "room_8801")
	if rules := first.Rules(set); len(rules.Moderation) != 1 || rules != first.Rules(set) {
		t.Errorf("rules %+v", rules)
	}
	d.PutRoom(liveRoom("spring", func(room *imv1alpha1.LiveRoom) { room.Annotations = map[string]string{"a": "b"} }))
	if d.Room(live, "room_8801") != first {
		t.Error("the room is another one though nothing has changed that matters")
	}
	d.PutRoom(liveRoom("spring", func(room *imv1alpha1.LiveRoom) { room.Labels = map[string]string{"tier": "iron"} }))
	if rules := d.Room(live, "room_8801").Rules(set); len(rules.Moderation) != 0 {
		t.Errorf("rules %+v", rules)
	}
}
