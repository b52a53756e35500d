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

package stream

import (
	"reflect"
	"strconv"
	"testing"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook/journal"
)

func TestFilesAndFindingsAreTheLatest(t *testing.T) {
	events := []Event{
		start("1", 0),
		{Kind: Recorded, Time: zero + 9000, URL: "https://files.example.com/b.flv"},
		{Kind: Recorded, Time: zero + 5000, URL: "https://files.example.com/a.flv"},
		{Kind: Pictured, Time: zero + 4000, URL: "https://files.example.com/a.jpg"},
		{Kind: Moderated, Time: zero + 3000, Message: "look"},
		{Kind: Troubled, Time: zero + 2000, Message: "low frame rate"},
		{Kind: Relayed, Time: zero + 1000, Type: relayRunning},
		{Kind: Relayed, Time: zero + 1000, Type: relayConnecting},
	}
	want := active(0)
	want.LastRecording = &imv1alpha1.StreamFile{URL: "https://files.example.com/b.flv", Time: at(9)}
	want.LastScreenshot = &imv1alpha1.StreamFile{URL: "https://files.example.com/a.jpg", Time: at(4)}
	want.LastModeration = &imv1alpha1.StreamFinding{Message: "look", Time: at(3)}
	want.LastException = &imv1alpha1.StreamFinding{Message: "low frame rate", Time: at(2)}
	permutations(events[:6], func(order []Event) {
		if got := folded(t, append(events[6:8:8], order...), false).Status(css, ""); !reflect.DeepEqual(*got, want) {
			t.Fatalf("%+v\ngives %+v", order, got)
		}
	})
	want.Relay = "Running"
	if got := folded(t, events, true).Status(trtc, "anchor"); !reflect.DeepEqual(*got, want) {
		t.Errorf("got %+v", got)
	}
}

func TestCondition(t *testing.T) {
	for name, c := range map[string]struct {
		room   *Room
		kind   imv1alpha1.StreamType
		pusher string
		want   metav1.Condition
	}{
		"no state": {nil, css, "", metav1.Condition{Status: metav1.ConditionUnknown, Reason: imv1alpha1.ReasonAwaitingCallback, Message: "no callback told of this stream yet"}},
		"only a file": {folded(t, []Event{{Kind: Pictured, Time: zero, URL: "https://a.example/b"}}, true), css, "",
			metav1.Condition{Status: metav1.ConditionUnknown, Reason: imv1alpha1.ReasonAwaitingCallback, Message: "no callback told of this stream yet"}},
		"active":   {folded(t, []Event{start("1", 0)}, true), css, "", metav1.Condition{Status: metav1.ConditionTrue, Reason: imv1alpha1.ReasonStreaming, Message: "somebody pushes the stream"}},
		"inactive": {folded(t, []Event{end("1", 0, 1)}, true), css, "", metav1.Condition{Status: metav1.ConditionFalse, Reason: imv1alpha1.ReasonNotStreaming, Message: "nobody pushes the stream: the host stopped the push"}},
		"empty room": {folded(t, []Event{session(RoomCreated, 0)}, true), trtc, "anchor",
			metav1.Condition{Status: metav1.ConditionFalse, Reason: imv1alpha1.ReasonNotStreaming, Message: "nobody pushes the stream"}},
		"another pusher in spec": {folded(t, []Event{session(VideoStarted, 0)}, true), trtc, "other",
			metav1.Condition{Status: metav1.ConditionUnknown, Reason: imv1alpha1.ReasonAwaitingCallback, Message: "no callback told of this stream yet"}},
	} {
		c.want.Type = imv1alpha1.ConditionStreaming
		if got := c.room.Condition(c.kind, c.pusher); got != c.want {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

// What was heard of another pusher means nothing for the one in spec.
func TestAnotherPusher(t *testing.T) {
	other := session(VideoStarted, 5000)
	other.User = "other"
	got := folded(t, []Event{session(VideoStarted, 0), session(UserLeft, 9000, 2), other}, true).Status(trtc, "other")
	if want := active(5); !reflect.DeepEqual(*got, want) {
		t.Errorf("got %+v", got)
	}
}

func TestReasonsOfLeaving(t *testing.T) {
	for reason, want := range map[int32]string{
		1: left, 2: lost, 3: "the host was removed from the TRTC room", 4: "the host's link to another TRTC room was cancelled",
		5: "the application of the host was ended", 6: "the host left the TRTC room for the unknown reason 6",
	} {
		got := folded(t, []Event{session(VideoStarted, 0), session(UserLeft, 1000, reason)}, true).Status(trtc, "anchor")
		if !reflect.DeepEqual(*got, inactive(1, &reason, want)) {
			t.Errorf("%d: %+v", reason, got)
		}
	}
}

// A copy's states of one millisecond come in the order in which they follow one another.
func TestRelay(t *testing.T) {
	for name, c := range map[string]struct {
		states []int32
		want   string
	}{
		"start": {[]int32{relayConnecting, relayRunning}, "Running"},
		"stop":  {[]int32{relayRunning, relayDisconnecting, relayIdle}, "Idle"},
		"loss":  {[]int32{relayRecovering, relayFailed}, "Failed"},
	} {
		var same, apart []Event
		for i, state := range c.states {
			same = append(same, Event{Kind: Relayed, Time: zero, Type: state})
			apart = append(apart, Event{Kind: Relayed, Time: zero + int64(i), Type: state})
		}
		for _, events := range [][]Event{same, apart} {
			permutations(events, func(order []Event) {
				if got := folded(t, order, false).Status(trtc, ""); got.Relay != c.want {
					t.Errorf("%s: %+v gives %s", name, order, got.Relay)
				}
			})
		}
	}
}

// Only what is different is stored; what is gone leaves nothing behind.
func TestChanges(t *testing.T) {
	room := &Room{}
	for i, c := range []struct {
		event   Event
		changed bool
	}{
		{start("1", 0), true},
		{start("1", 0), false},
		{start("1", 5), false},
		{end("1", 60, 1), true},
		{end("1", 50, 2), false},
		{Event{Kind: Kept, Time: zero}, false},
		{Event{Kind: Kept, Time: zero + 24*3600*1000}, true},
		{Event{Kind: "something new", Time: zero}, false},
		{session(VideoStarted, 0), true},
		{session(VideoStarted, 0), false},
		{Event{Kind: Dropped, Time: zero}, true},
		{Event{Kind: Dropped, Time: zero}, false},
	} {
		if got := room.Apply(&c.event); got != c.changed {
			t.Errorf("%d: changed is %t", i, got)
		}
	}
	if data, err := room.AppendState(nil); err != nil || len(data) != 0 || !room.Empty() {
		t.Errorf("%q is left, %v", data, err)
	}
}

func TestMachine(t *testing.T) {
	m := NewMachine(logr.Discard())
	for _, e := range []Event{
		{ID: "a", Kind: Started, Room: "uid", Push: "1", Time: zero},
		{ID: "b", Kind: Heard, App: "shop/live", Segment: "abc", Time: zero},
	} {
		entry, err := e.Entry()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Decode(&entry); err != nil || !reflect.DeepEqual(got, e) {
			t.Errorf("read back %+v, %v", got, err)
		}
		keys := m.Touch(&entry)
		if len(keys) != 1 || keys[0].Name != entry.First || keys[0].Partition != journal.Partition(entry.First) {
			t.Fatalf("touches %+v", keys)
		}
		state, err := m.Load(keys[0], nil)
		if err != nil {
			t.Fatal(err)
		}
		if !m.Apply(keys[0], state, &entry) || m.Apply(keys[0], state, &entry) {
			t.Error("an event counts once")
		}
		data, err := state.AppendState(nil)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := m.Load(keys[0], data); err != nil || !reflect.DeepEqual(again, state) {
			t.Errorf("loaded %+v, %v", again, err)
		}
		if _, err := m.Load(keys[0], []byte("{")); err == nil {
			t.Error("a broken state was loaded")
		}
	}
	broken := journal.Entry{Data: []byte("{")}
	if keys := m.Touch(&broken); keys != nil || m.Apply(journal.StateKey{}, &Room{}, &broken) {
		t.Errorf("a broken entry touches %+v", keys)
	}
	if _, err := m.Load(journal.StateKey{Kind: "other"}, nil); err == nil {
		t.Error("an unknown kind was loaded")
	}
}

// What was heard of an application is bounded, and the latest is kept.
func TestHeardIsBounded(t *testing.T) {
	app := &App{}
	for i := range int64(maxSegments + 3) {
		app.Apply(&Event{Kind: Heard, Segment: strconv.FormatInt(i, 10), Time: zero + i})
	}
	if _, kept := app.Heard["2"]; len(app.Heard) != maxSegments || kept || app.Heard["3"] != zero+3 {
		t.Errorf("heard %v", app.Heard)
	}
	if app.Apply(&Event{Kind: Heard, Segment: "5", Time: zero}) || app.Apply(&Event{Kind: Started}) {
		t.Error("old news changed something")
	}
}
