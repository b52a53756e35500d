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

package activity

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"testing"

	"github.com/liveroom-io/liveroom-operator/webhook/event"
)

const (
	minute = int64(60_000)
	start  = int64(1763848315000)
	today  = start / 86_400_000
)

// fold applies events with rising sequences from 1.
func fold(r *Room, events ...event.Event) (changed []bool) {
	for i := range events {
		changed = append(changed, r.Apply(&events[i], uint64(i+1)))
	}
	return changed
}

// encoded is a room's state.
func encoded(t *testing.T, r *Room) string {
	t.Helper()
	data, err := r.AppendState([]byte("before:"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	if text[:7] != "before:" {
		t.Fatalf("the state was not appended: %s", text)
	}
	return text[7:]
}

func loaded(t *testing.T, data string) *Room {
	t.Helper()
	r, err := LoadRoom([]byte(data))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRoomNumbers(t *testing.T) {
	says := func(user, name string, after int64) event.Event {
		return event.Event{Kind: event.Message, User: user, Name: name, Time: start + after}
	}
	is := func(kind event.Kind, count int64) event.Event {
		return event.Event{Kind: kind, Count: count, Time: start}
	}
	for name, c := range map[string]struct {
		events  []event.Event
		changed []bool
		want    Numbers
	}{
		"nothing": {nil, nil, Numbers{}},
		"messages": {
			[]event.Event{says("a", "", 0), says("b", "LIKE", minute), says("a", "LIKE", 0), says("", "other", 0)}, []bool{true, true, true, true},
			Numbers{Messages: 4, Senders: 2, Events: map[string]int64{"LIKE": 2, "other": 1}, LastMinute: (start + minute) / minute, Heard: 4},
		},
		"moderation": {
			[]event.Event{is(event.Blocked, 0), is(event.Masked, 0), is(event.Blocked, 0)}, []bool{true, true, true},
			Numbers{Blocked: 2, Masked: 1, Heard: 3},
		},
		"an audience that comes and goes": {
			[]event.Event{is(event.Joined, 5), is(event.Left, 2), is(event.Lost, 2), is(event.Reached, 1)}, []bool{true, true, true, true},
			Numbers{Joined: 5, Left: 2, Online: 2, Peak: 5, Audience: true, Heard: 4},
		},
		"more leave than came": {
			[]event.Event{is(event.Joined, 1), is(event.Left, 3), is(event.Joined, 1)}, []bool{true, true, true},
			Numbers{Joined: 2, Left: 3, Online: 1, Peak: 1, Audience: true, Heard: 3},
		},
		"IM's own number": {
			[]event.Event{is(event.Joined, 3), is(event.Counted, 7), is(event.Counted, 7), is(event.Counted, 2)}, []bool{true, true, false, true},
			Numbers{Joined: 3, Online: 2, Peak: 7, Audience: true, Heard: 1},
		},
		"nobody, by IM's own number": {
			[]event.Event{is(event.Counted, 0), is(event.Counted, 0)}, []bool{true, false},
			Numbers{Audience: true},
		},
		"the group is gone, and with it the audience": {
			[]event.Event{is(event.Joined, 3), is(event.Destroyed, 0), is(event.Created, 0), is(event.Joined, 1)}, []bool{true, true, true, true},
			Numbers{Joined: 4, Online: 1, Peak: 3, Audience: true, Heard: 4},
		},
		"what is none of a room's": {
			[]event.Event{is(event.Presence, 0), is(event.Heard, 0), is("of a later version", 9)}, []bool{false, false, false},
			Numbers{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := NewRoom()
			if changed := fold(r, c.events...); !reflect.DeepEqual(changed, c.changed) {
				t.Errorf("changed %v, want %v", changed, c.changed)
			}
			state := encoded(t, r) // counts the senders
			if !reflect.DeepEqual(r.Numbers, c.want) {
				t.Errorf("got  %+v\nwant %+v", r.Numbers, c.want)
			}
			if again := loaded(t, state); !reflect.DeepEqual(again.Numbers, c.want) {
				t.Errorf("loaded %+v\nwant   %+v", again.Numbers, c.want)
			}
		})
	}
}

// Reports tell what fields are now; what is not news changes nothing.
func TestRoomReports(t *testing.T) {
	changed := func(values ...string) event.Event {
		e := event.Event{Kind: event.Changed, Time: start, Seen: map[string]string{}}
		for i := 0; i < len(values); i += 2 {
			e.Seen[values[i]] = values[i+1]
		}
		return e
	}
	created, destroyed := event.Event{Kind: event.Created, Time: start}, event.Event{Kind: event.Destroyed, Time: start}
	all := AllAttributes()
	seat, topic := AttributeField("seat"), AttributeField("topic")
	for name, c := range map[string]struct {
		events  []event.Event
		changed []bool
		want    Room
	}{
		"fields add up": {
			[]event.Event{changed("name", "1"), changed("owner", "2", "name", "3")}, []bool{true, true},
			Room{Seen: map[string]string{"name": "3", "owner": "2"}, SeenAt: 2, SeenTime: start, Day: today},
		},
		"the same again, which may be another change": {
			[]event.Event{changed("name", "1"), changed("name", "1")}, []bool{true, true},
			Room{Seen: map[string]string{"name": "1"}, SeenAt: 2, SeenTime: start, Day: today},
		},
		"attributes modified": {
			[]event.Event{changed(seat, "1"), changed(topic, "2"), changed(seat, "3")}, []bool{true, true, true},
			Room{Seen: map[string]string{seat: "3", topic: "2"}, SeenAt: 3, SeenTime: start, Day: today},
		},
		"attributes set: the others are gone": {
			[]event.Event{changed("name", "n", seat, "1", topic, "2"), changed(all, Absent, topic, "4")}, []bool{true, true},
			Room{Seen: map[string]string{"name": "n", all: Absent, topic: "4"}, SeenAt: 2, SeenTime: start, Day: today},
		},
		"attributes cleared": {
			[]event.Event{changed("name", "n", seat, "1", topic, "2"), changed(all, Absent)}, []bool{true, true},
			Room{Seen: map[string]string{"name": "n", all: Absent}, SeenAt: 2, SeenTime: start, Day: today},
		},
		"one set after all were cleared": {
			[]event.Event{changed(all, Absent), changed(seat, "1")}, []bool{true, true},
			Room{Seen: map[string]string{all: Absent, seat: "1"}, SeenAt: 2, SeenTime: start, Day: today},
		},
		"attributes whose keys look like all": {
			[]event.Event{changed(seat, "1"), changed(AttributeField("*"), "2"), changed(AttributeField("s*"), "3"), changed(AttributeField(""), "4")},
			[]bool{true, true, true, true},
			Room{Seen: map[string]string{seat: "1", "attributes.*": "2", "attributes.s*": "3", "attributes.": "4"}, SeenAt: 4, SeenTime: start, Day: today},
		},
		"destroyed": {
			[]event.Event{changed("name", "1"), destroyed}, []bool{true, true},
			Room{Gone: true, SeenAt: 2, SeenTime: start, Day: today},
		},
		"destroyed, and changed after all": {
			[]event.Event{changed("name", "1"), destroyed, changed("name", "1")}, []bool{true, true, true},
			Room{Seen: map[string]string{"name": "1"}, SeenAt: 3, SeenTime: start, Day: today},
		},
		"made anew": {
			[]event.Event{destroyed, created}, []bool{true, true},
			Room{SeenAt: 2, SeenTime: start, Day: today},
		},
		"made, for the first time": {[]event.Event{created}, []bool{false}, Room{}},
	} {
		t.Run(name, func(t *testing.T) {
			r := NewRoom()
			if got := fold(r, c.events...); !reflect.DeepEqual(got, c.changed) {
				t.Errorf("changed %v, want %v", got, c.changed)
			}
			again := loaded(t, encoded(t, r))
			r.senders, again.senders = nil, nil
			if !reflect.DeepEqual(*r, c.want) {
				t.Errorf("got  %+v\nwant %+v", *r, c.want)
			}
			if !reflect.DeepEqual(*again, c.want) {
				t.Errorf("loaded %+v\nwant   %+v", *again, c.want)
			}
		})
	}
}

// What a room keeps is bounded, whatever comes.
func TestRoomBounds(t *testing.T) {
	r := NewRoom()
	for i := range 1000 {
		fold(r, event.Event{Kind: event.Message, Name: fmt.Sprintf("EVENT_%d", i), Time: start})
		fold(r, event.Event{Kind: event.Changed, Seen: map[string]string{AttributeField(strconv.Itoa(i)): "1"}, Time: start})
		if len(r.Seen) > maxSeen || r.Seen[AttributeField(strconv.Itoa(i))] != "1" {
			t.Fatalf("after %d attributes %d are known: %v", i+1, len(r.Seen), r.Seen)
		}
	}
	if len(r.Events) != maxNames+1 || r.Events["other"] != 1000-maxNames {
		t.Errorf("%d names, other %d", len(r.Events), r.Events["other"])
	}
	var total int64
	for _, n := range r.Events {
		total += n
	}
	if total != 1000 || r.Messages != 1000 {
		t.Errorf("counted %d and %d", total, r.Messages)
	}
	many := map[string]string{}
	for i := range maxSeen + 1 {
		many[AttributeField(strconv.Itoa(i))] = "2"
	}
	fold(r, event.Event{Kind: event.Changed, Seen: many, Time: start})
	if len(r.Seen) != 0 {
		t.Errorf("%d fields are known", len(r.Seen))
	}
}

func TestSendersEstimate(t *testing.T) {
	for users, tolerance := range map[int]float64{0: 0, 1: 0, 10: 0, 100: 1, 1000: 40, 10_000: 400, 50_000: 2000} {
		r := NewRoom()
		for i := range users {
			user := "viewer" + strconv.Itoa(i)
			fold(r, event.Event{Kind: event.Message, User: user, Time: start}, event.Event{Kind: event.Message, User: user, Time: start})
		}
		state := encoded(t, r)
		if off := math.Abs(float64(r.Senders - int64(users))); off > tolerance {
			t.Errorf("%d users count as %d", users, r.Senders)
		}
		if len(state) > 4096 {
			t.Errorf("%d users take %d bytes", users, len(state))
		}
		again := loaded(t, state)
		again.Senders = 0
		if encoded(t, again); again.Senders != r.Senders {
			t.Errorf("%d users count as %d, and as %d when loaded", users, r.Senders, again.Senders)
		}
	}
}

// Storing a room now and then does not change how its senders are counted.
func TestSendersOfAStoredRoom(t *testing.T) {
	straight, stored := NewRoom(), NewRoom()
	for i := range 12_000 {
		e := event.Event{Kind: event.Message, User: "viewer" + strconv.Itoa(i), Time: start}
		straight.Apply(&e, uint64(i+1))
		stored.Apply(&e, uint64(i+1))
		if i%101 == 0 {
			stored = loaded(t, encoded(t, stored))
		}
		if i%500 == 0 {
			encoded(t, straight)
			if encoded(t, stored); straight.Senders != stored.Senders {
				t.Errorf("after %d users %d are counted, and %d when stored in between", i+1, straight.Senders, stored.Senders)
			}
		}
	}
}

// A state of nothing is a new room; one that is broken is an error, not a room.
func TestLoadRoom(t *testing.T) {
	for _, data := range []string{"", "{}"} {
		r, err := LoadRoom([]byte(data))
		if err != nil || !reflect.DeepEqual(r.Numbers, Numbers{}) {
			t.Errorf("%q: %+v, %v", data, r, err)
			continue
		}
		fold(r, event.Event{Kind: event.Message, User: "a", Time: start})
		if encoded(t, r); r.Senders != 1 {
			t.Errorf("%q: %d senders", data, r.Senders)
		}
	}
	for _, data := range []string{"[]", `{"messages":"many"}`, `{"sketch":"AAAA"}`, `{"sketch":"!"}`, `{"messages":1`} {
		if r, err := LoadRoom([]byte(data)); err == nil {
			t.Errorf("%q is the room %+v", data, r)
		}
	}
}

// What is still declared is kept once a day at most.
func TestKept(t *testing.T) {
	r, a := NewRoom(), &Account{}
	for i, c := range []struct {
		after int64
		want  bool
	}{{0, true}, {1000, false}, {-86_400_000, false}, {86_400_000, true}} {
		e := event.Event{Kind: event.Kept, Time: start + c.after}
		if got := r.Apply(&e, uint64(i)); got != c.want {
			t.Errorf("room, %d ms later: changed %v", c.after, got)
		}
		if got := a.Apply(&e, uint64(i)); got != c.want {
			t.Errorf("account, %d ms later: changed %v", c.after, got)
		}
	}
	if r.Day != today+1 || a.Day != today+1 || !reflect.DeepEqual(r.Numbers, Numbers{}) {
		t.Errorf("days %d and %d, numbers %+v", r.Day, a.Day, r.Numbers)
	}
}

func TestLastMessage(t *testing.T) {
	n := Numbers{LastMinute: start / minute}
	if got := n.LastMessage().UnixMilli(); got != start-start%minute {
		t.Errorf("got %d", got)
	}
}
