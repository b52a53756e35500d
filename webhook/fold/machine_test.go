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

package fold

import (
	"reflect"
	"strings"
	"testing"

	"github.com/go-logr/logr/funcr"

	"github.com/liveroom-io/liveroom-operator/webhook/activity"
	"github.com/liveroom-io/liveroom-operator/webhook/event"
	"github.com/liveroom-io/liveroom-operator/webhook/journal"
	"github.com/liveroom-io/liveroom-operator/webhook/level"
)

const (
	appID = 1400000001
	start = int64(1763848315000)
)

// machine is one with what it logged and whom it reviewed.
func machine() (m *Machine, logged, reviewed *[]string) {
	logged, reviewed = &[]string{}, &[]string{}
	log := funcr.New(func(_, args string) { *logged = append(*logged, args) }, funcr.Options{})
	return New(log, func(name string, _ *level.User) { *reviewed = append(*reviewed, name) }), logged, reviewed
}

func entryOf(t *testing.T, sequence uint64, e event.Event) *journal.Entry {
	t.Helper()
	e.ID, e.SDKAppID = "id", appID
	entry := e.Entry()
	entry.Sequence = sequence
	return &entry
}

func TestTouch(t *testing.T) {
	state := func(kind, name string) journal.StateKey {
		return journal.StateKey{Kind: kind, Name: name, Partition: journal.Partition(name)}
	}
	const user = "1400000001/viewer17"
	scores := []event.Score{{Policy: "p", Rule: "chat", Points: 1}}
	m, _, _ := machine()
	for i, c := range []struct {
		event event.Event
		want  []journal.StateKey
	}{
		{event.Event{Kind: event.Message, Room: "r", User: "viewer17"}, []journal.StateKey{state(Room, "r")}},
		{event.Event{Kind: event.Message, Room: "r", User: "viewer17", Scores: scores}, []journal.StateKey{state(Room, "r"), state(User, user)}},
		{event.Event{Kind: event.Message, Room: "r", Scores: scores}, []journal.StateKey{state(Room, "r")}},
		{event.Event{Kind: event.Joined, Room: "r", Count: 1}, []journal.StateKey{state(Room, "r")}},
		{event.Event{Kind: event.Presence, User: "viewer17"}, []journal.StateKey{state(Account, user)}},
		{event.Event{Kind: event.Changed, User: "viewer17"}, []journal.StateKey{state(Account, user)}},
		{event.Event{Kind: event.Kept, User: "viewer17"}, []journal.StateKey{state(Account, user)}},
		{event.Event{Kind: event.Kept, Room: "r"}, []journal.StateKey{state(Room, "r")}},
		{event.Event{Kind: event.Heard}, []journal.StateKey{state(App, "1400000001")}},
	} {
		entry := entryOf(t, uint64(i+1), c.event)
		got := m.Touch(entry)
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%+v touches %+v, want %+v", c.event, got, c.want)
		}
		for _, key := range got { // else no owner would fold it
			if key.Partition != journal.Partition(entry.First) && key.Partition != journal.Partition(entry.Second) {
				t.Errorf("%+v: %s is in partition %d, the entry is not", c.event, key.Name, key.Partition)
			}
		}
	}
	if got := UserKey(user); got != state(User, user) {
		t.Errorf("key %+v", got)
	}
}

// Each event reaches the states that it touches, in each kind's own way.
func TestApply(t *testing.T) {
	m, _, reviewed := machine()
	states := map[journal.StateKey]journal.State{}
	for i, e := range []event.Event{
		{Kind: event.Message, Room: "r", User: "viewer17", Time: start, Scores: []event.Score{{Policy: "p", Rule: "chat", Points: 2}}},
		{Kind: event.Message, Room: "r", User: "viewer18", Time: start},
		{Kind: event.Presence, User: "viewer17", Time: start},
		{Kind: event.Heard, Time: start},
	} {
		entry := entryOf(t, uint64(i+1), e)
		for _, key := range m.Touch(entry) {
			if states[key] == nil {
				var err error
				if states[key], err = m.Load(key, nil); err != nil {
					t.Fatal(err)
				}
			}
			if !m.Apply(key, states[key], entry) {
				t.Errorf("%+v changes nothing of %+v", e, key)
			}
		}
	}
	room := states[key(Room, "r")].(*activity.Room)
	if room.Messages != 2 || room.Heard != 2 {
		t.Errorf("room %+v", room.Numbers)
	}
	user := states[key(User, "1400000001/viewer17")].(*level.User)
	if user.Standings["p"].Points != 2 {
		t.Errorf("user %+v", user.Standings["p"])
	}
	if account := states[key(Account, "1400000001/viewer17")].(*activity.Account); account.Connected != 3 {
		t.Errorf("account %+v", account)
	}
	if app := states[key(App, "1400000001")].(*activity.App); app.Heard != start {
		t.Errorf("application %+v", app)
	}
	if len(states) != 4 {
		t.Errorf("%d states", len(states))
	}
	for key, state := range states {
		data, err := state.AppendState(nil)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := m.Load(key, data); err != nil || reflect.TypeOf(again) != reflect.TypeOf(state) {
			t.Errorf("%+v: loaded %T, %v", key, again, err)
		}
		m.Saved(key, state)
	}
	m.Resume(UserKey("1400000001/viewer19"), user)
	if want := []string{"1400000001/viewer17", "1400000001/viewer19"}; !reflect.DeepEqual(*reviewed, want) {
		t.Errorf("reviewed %v", *reviewed)
	}
	if kinds := m.ResumeKinds(); !reflect.DeepEqual(kinds, []string{User}) {
		t.Errorf("resumes %v", kinds)
	}
	if m.Apply(key(Room, "r"), nil, entryOf(t, 9, event.Event{Kind: event.Heard})) {
		t.Error("a state of no kind was changed")
	}
}

// What cannot be read is left out, once said, and stops nothing.
func TestUnreadableEntries(t *testing.T) {
	m, logged, _ := machine()
	broken := &journal.Entry{Sequence: 1, Data: []byte("{")}
	if keys := m.Touch(broken); keys != nil {
		t.Errorf("touches %v", keys)
	}
	room := activity.NewRoom()
	if m.Apply(key(Room, "r"), room, broken) || !reflect.DeepEqual(room.Numbers, activity.Numbers{}) {
		t.Errorf("changed to %+v", room.Numbers)
	}
	if len(*logged) != 1 || !strings.Contains((*logged)[0], `"sequence"=1`) {
		t.Errorf("logged %v", *logged)
	}
	if _, err := m.Load(journal.StateKey{Kind: "later"}, nil); err == nil {
		t.Error("a state of an unknown kind was loaded")
	}
	for _, kind := range []string{Room, User, Account, App} {
		if state, err := m.Load(journal.StateKey{Kind: kind}, []byte("[")); err == nil {
			t.Errorf("a broken %s was loaded: %+v", kind, state)
		}
	}
}

// An entry is decoded once for all states that it touches, and never mixed up
// with another one in its place.
func TestDecodingIsRemembered(t *testing.T) {
	m, _, _ := machine()
	first := entryOf(t, 1, event.Event{Kind: event.Joined, Room: "r", Count: 1})
	m.Touch(first)
	first.Data = []byte("gone")
	room := activity.NewRoom()
	if !m.Apply(key(Room, "r"), room, first) || room.Joined != 1 {
		t.Errorf("%+v", room.Numbers)
	}
	other := entryOf(t, 1+slots, event.Event{Kind: event.Left, Room: "r", Count: 1}) // the same place
	if !m.Apply(key(Room, "r"), room, other) || room.Joined != 1 || room.Left != 1 {
		t.Errorf("%+v", room.Numbers)
	}
}
