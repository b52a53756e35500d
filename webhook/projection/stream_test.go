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

package projection

import (
	"context"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook/activity"
	"github.com/liveroom-io/liveroom-operator/webhook/fold"
	"github.com/liveroom-io/liveroom-operator/webhook/journal"
	"github.com/liveroom-io/liveroom-operator/webhook/stream"
)

// cache holds LiveRooms.
type cache struct {
	client.Client
	rooms map[string]*imv1alpha1.LiveRoom
}

func (c *cache) Get(_ context.Context, key client.ObjectKey, obj client.Object, _ ...client.GetOption) error {
	c.rooms[key.Name].DeepCopyInto(obj.(*imv1alpha1.LiveRoom))
	return nil
}

func (c *cache) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	for _, room := range c.rooms {
		into := list.(*imv1alpha1.LiveRoomList)
		into.Items = append(into.Items, *room)
	}
	return nil
}

// offers are the events that were offered to the log of streams.
type offers struct {
	events []stream.Event
	full   bool
}

func (o *offers) Watch(context.Context, string, func(journal.StateKey, []byte, bool)) {}

func (o *offers) Offer(entry journal.Entry) bool {
	if o.full {
		return false
	}
	e, err := stream.Decode(&entry)
	if err == nil {
		e.ID = ""
		o.events = append(o.events, e)
	}
	return err == nil
}

// streaming is a projector that has not started, with rooms that have streams.
func streamingProjector(t *testing.T, rooms ...string) (*Projector, *clocktesting.FakeClock, *cache, *offers) {
	t.Helper()
	p, clock := projector(t)
	held, told := &cache{rooms: map[string]*imv1alpha1.LiveRoom{}}, &offers{}
	p.Client, p.Streams, p.Log = held, told, logr.Discard()
	for _, name := range rooms {
		room := &imv1alpha1.LiveRoom{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, UID: types.UID(name), Generation: 3}}
		room.Spec.AppRef.Name, room.Status.GroupID = "live", name
		room.Status.Conditions = []metav1.Condition{{Type: imv1alpha1.ConditionReady, Reason: imv1alpha1.ReasonAsDeclared}}
		room.Spec.Stream = &imv1alpha1.RoomStream{Type: imv1alpha1.StreamTypeCSS, CSS: &imv1alpha1.CSSStream{StreamName: name}}
		held.rooms[name] = room
		p.Directory.PutRoom(room)
	}
	return p, clock, held, told
}

// stored is a state as the journal has it.
func stored(t *testing.T, events ...stream.Event) []byte {
	t.Helper()
	room := &stream.Room{}
	for i := range events {
		room.Apply(&events[i])
	}
	data, err := room.AppendState(nil)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func started(push string, at time.Time) stream.Event {
	return stream.Event{Kind: stream.Started, Push: push, Time: at.UnixMilli()}
}

func pictured(at time.Time) stream.Event {
	return stream.Event{Kind: stream.Pictured, URL: "https://files.example.com/a.jpg", Time: at.UnixMilli()}
}

// Starts and ends are due at once, whatever was written a moment ago; pictures wait
// for the room's turn.
func TestTakeStream(t *testing.T) {
	p, clock, _, _ := streamingProjector(t, "spring")
	key := objectKey{fold.Room, "spring"}
	due := func(what string, want time.Duration) {
		t.Helper()
		got, wait := p.next()
		if want == 0 && (got != key || wait != 0) || want > 0 && (got.kind != "" || wait != want) {
			t.Errorf("%s: next is %v in %s", what, got, wait)
		}
		if got == key {
			p.due.wrote(key, clock.Now())
		}
	}
	p.takeStream("spring", stored(t, started("1", epoch)), false)
	due("a start", 0)
	p.takeStream("spring", stored(t, started("1", epoch), pictured(epoch)), false)
	due("a picture", Spacing)
	p.takeStream("spring", stored(t, started("1", epoch), pictured(epoch), stream.Event{Kind: stream.Ended, Push: "1", Time: epoch.UnixMilli() + 5}), false)
	due("an end", 0)
	p.takeStream("spring", []byte("{"), false)
	if p.rooms["spring"].stream == nil {
		t.Error("a broken state was taken")
	}
	due("a broken state", time.Minute)
	p.takeStream("spring", nil, true)
	if view := p.rooms["spring"]; view == nil || view.stream != nil {
		t.Errorf("after the state is gone: %+v", view)
	}
	p.Directory.RemoveRoom(types.NamespacedName{Namespace: "shop", Name: "spring"})
	p.takeStream("spring", nil, true)
	if len(p.rooms) != 0 || len(p.due.items) != 0 {
		t.Errorf("left behind: %v", p.rooms)
	}
}

// What is written of a stream, step by step; applying each step leaves nothing to write.
func TestPrepareStream(t *testing.T) {
	p, clock, held, told := streamingProjector(t, "spring")
	room := held.rooms["spring"]
	now := metav1.NewTime(epoch)
	condition := func(status metav1.ConditionStatus, generation int64, since metav1.Time, reason, message string) []metav1.Condition {
		return []metav1.Condition{{Type: imv1alpha1.ConditionStreaming, Status: status, ObservedGeneration: generation, LastTransitionTime: since, Reason: reason, Message: message}}
	}
	awaiting := func(generation int64) []metav1.Condition {
		return condition(metav1.ConditionUnknown, generation, now, imv1alpha1.ReasonAwaitingCallback, "no callback told of this stream yet")
	}
	write := func(what string, want *roomStatus) {
		t.Helper()
		w := p.prepareRoom(t.Context(), "spring")
		if w == nil || !reflect.DeepEqual(w.status, want) {
			t.Fatalf("%s: got %+v\nwant %+v", what, w, want)
		}
		w.done()
		for _, c := range want.Conditions {
			meta.SetStatusCondition(&room.Status.Conditions, c)
		}
		room.Status.Stream, room.Status.Activity = want.Stream, want.Activity
		if again := p.prepareRoom(t.Context(), "spring"); again != nil {
			t.Fatalf("%s: written again: %+v", what, again.status)
		}
	}
	p.mu.Lock()
	p.lookAtStreams()
	p.mu.Unlock()
	write("nothing heard", &roomStatus{Conditions: awaiting(3)})
	room.Generation = 4
	write("another generation", &roomStatus{Conditions: awaiting(4)})

	clock.Step(time.Minute)
	later := metav1.NewTime(clock.Now())
	active := &imv1alpha1.RoomStreamStatus{State: imv1alpha1.StreamActive, Since: now}
	streams := condition(metav1.ConditionTrue, 4, later, imv1alpha1.ReasonStreaming, "somebody pushes the stream")
	p.takeStream("spring", stored(t, started("1", epoch)), false)
	write("a start", &roomStatus{Conditions: streams, Stream: active})

	counted := activity.NewRoom()
	counted.Messages, counted.Heard = 3, 7
	data, err := counted.AppendState(nil)
	if err != nil {
		t.Fatal(err)
	}
	p.takeRoom("spring", data, false)
	numbers := &imv1alpha1.RoomActivity{Messages: 3}
	write("messages", &roomStatus{Conditions: streams, Stream: active, Activity: numbers})

	// Another process starts, and knows nothing at first.
	p.rooms = map[string]*roomView{}
	p.mu.Lock()
	p.lookAtStreams()
	p.mu.Unlock()
	if w := p.prepareRoom(t.Context(), "spring"); w != nil {
		t.Fatalf("after a restart: %+v", w.status)
	}
	p.takeStream("spring", stored(t, started("1", epoch)), false)
	if w := p.prepareRoom(t.Context(), "spring"); w != nil {
		t.Fatalf("once it knows again: %+v", w.status)
	}

	room.Spec.Stream = nil
	write("no stream any more", &roomStatus{Activity: numbers})
	dropped := stream.Event{Kind: stream.Dropped, Room: "spring", Time: clock.Now().UnixMilli()}
	if len(told.events) == 0 || told.events[0] != dropped {
		t.Errorf("told %+v", told.events)
	}
}

// Rooms without a stream and without news are not looked at.
func TestLookAtStreams(t *testing.T) {
	p, _, held, _ := streamingProjector(t, "spring", "autumn", "stale")
	for _, name := range []string{"autumn", "stale"} {
		held.rooms[name].Spec.Stream = nil
	}
	meta.SetStatusCondition(&held.rooms["stale"].Status.Conditions, metav1.Condition{Type: imv1alpha1.ConditionStreaming, Status: metav1.ConditionTrue, Reason: "Streaming"})
	for _, room := range held.rooms {
		p.Directory.PutRoom(room)
	}
	p.mu.Lock()
	p.lookAtStreams()
	p.mu.Unlock()
	if p.rooms["spring"] == nil || p.rooms["stale"] == nil || p.rooms["autumn"] != nil {
		t.Errorf("looked at %v", p.rooms)
	}
	p.Look(fold.Room, "autumn")
	if p.rooms["autumn"] != nil {
		t.Error("looked at a room without a stream")
	}
	p.Gone("spring")
	if p.rooms["spring"] != nil {
		t.Error("a room that is gone is looked at")
	}
}

// What is declared is kept, what nobody declares any more is dropped, and what the
// journal does not take is tried again.
func TestKeepStreams(t *testing.T) {
	p, clock, held, told := streamingProjector(t, "quiet", "busy", "unclaimed", "gone")
	now := clock.Now()
	long := now.Add(-keepAfter - 24*time.Hour)
	for name, at := range map[string]time.Time{"quiet": long, "busy": now, "unclaimed": long, "gone": long} {
		p.takeStream(name, stored(t, started("1", at)), false)
	}
	for _, name := range []string{"unclaimed", "gone"} { // the group of one belongs to somebody else
		p.Directory.RemoveRoom(types.NamespacedName{Namespace: "shop", Name: name})
	}
	delete(held.rooms, "gone")
	told.full = true
	p.keepStreams(t.Context())
	told.full = false
	p.keepStreams(t.Context())
	want := []stream.Event{
		{Kind: stream.Dropped, Room: "gone", Time: now.UnixMilli()},
		{Kind: stream.Kept, Room: "quiet", Time: now.UnixMilli()},
	}
	if !slices.Equal(told.events, want) {
		t.Errorf("told %+v", told.events)
	}
	told.events = nil
	p.Gone("busy")
	if want := []stream.Event{{Kind: stream.Dropped, Room: "busy", Time: now.UnixMilli()}}; !slices.Equal(told.events, want) {
		t.Errorf("told %+v", told.events)
	}
}
