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
	"maps"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/liveroom-io/liveroom-operator/webhook/event"
)

// model counts as plainly as can be.
type model struct {
	Numbers
	users         map[string]bool
	seen          map[string]string
	gone          bool
	seenAt        uint64
	seenTime, day int64
}

func (m *model) apply(e event.Event, sequence uint64) {
	before := m.day
	m.day = max(m.day, e.Time/86_400_000)
	online := m.Online
	switch e.Kind {
	case event.Message:
		m.Messages++
		if e.User != "" {
			m.users[e.User] = true
		}
		if e.Name != "" {
			m.Events[e.Name]++
		}
		m.LastMinute = max(m.LastMinute, e.Time/60_000)
		m.Heard = sequence
		return
	case event.Blocked:
		m.Blocked, m.Heard = m.Blocked+1, sequence
		return
	case event.Masked:
		m.Masked, m.Heard = m.Masked+1, sequence
		return
	case event.Joined:
		m.Joined, m.Heard, online = m.Joined+e.Count, sequence, online+e.Count
	case event.Left:
		m.Left, m.Heard, online = m.Left+e.Count, sequence, online-e.Count
	case event.Reached:
		m.Heard, online = sequence, online+e.Count
	case event.Lost:
		m.Heard, online = sequence, online-e.Count
	case event.Counted:
		if m.Audience && online == e.Count {
			m.day = before
		}
		online = e.Count
	case event.Created, event.Destroyed, event.Changed:
		if !m.report(e, sequence) {
			m.day = before
		}
		return
	default:
		m.day = before
		return
	}
	m.Audience, m.Online = true, max(online, 0)
	m.Peak = max(m.Peak, m.Online)
}

func (m *model) report(e event.Event, sequence uint64) bool {
	seen, gone := map[string]string{}, false
	switch e.Kind {
	case event.Destroyed:
		gone, m.Online = true, 0
	case event.Changed:
		_, all := e.Seen[AllAttributes()]
		for field, value := range m.seen {
			if !all || len(field) < 11 || field[:11] != "attributes." {
				seen[field] = value
			}
		}
		maps.Copy(seen, e.Seen)
		if len(seen) > maxSeen {
			seen = e.Seen
		}
	default: // made anew
	}
	if e.Kind == event.Created && gone == m.gone && maps.Equal(seen, m.seen) {
		return false
	}
	m.seen, m.gone, m.seenAt, m.seenTime = seen, gone, sequence, e.Time
	return true
}

// events draws a history of a room.
func events() *rapid.Generator[event.Event] {
	return rapid.Custom(func(t *rapid.T) event.Event {
		e := event.Event{
			Kind: rapid.SampledFrom([]event.Kind{
				event.Message, event.Message, event.Blocked, event.Masked, event.Joined, event.Left, event.Reached, event.Lost,
				event.Counted, event.Created, event.Destroyed, event.Changed, event.Changed, event.Presence, "unknown",
			}).Draw(t, "kind"),
			Time: start + rapid.Int64Range(-10*minute, 3*86_400_000).Draw(t, "time"),
		}
		switch e.Kind {
		case event.Message:
			e.User = rapid.SampledFrom([]string{"", "a", "b", "c", "观众", "d"}).Draw(t, "user")
			e.Name = rapid.SampledFrom([]string{"", "", "LIKE", "BUY", "other"}).Draw(t, "name")
		case event.Changed:
			e.Seen = map[string]string{}
			for range rapid.IntRange(1, 4).Draw(t, "fields") {
				field := rapid.SampledFrom([]string{FieldName, FieldOwner, AllAttributes(), AttributeField("*"), ""}).Draw(t, "field")
				if field == "" {
					field = AttributeField(fmt.Sprint(rapid.IntRange(0, 60).Draw(t, "key")))
				}
				e.Seen[field] = rapid.SampledFrom([]string{"1", "2", Absent}).Draw(t, "digest")
			}
		default:
			e.Count = rapid.Int64Range(0, 20).Draw(t, "count")
		}
		return e
	})
}

// A room is what a plain model is, and remains so when it is stored and loaded
// at any points in between.
func TestRoomIsAsTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &model{Numbers: Numbers{Events: map[string]int64{}}, users: map[string]bool{}}
		straight, stored := NewRoom(), NewRoom()
		for i, e := range rapid.SliceOfN(events(), 0, 120).Draw(t, "events") {
			sequence := uint64(i + 1)
			peak := straight.Peak
			m.apply(e, sequence)
			changed, again := straight.Apply(&e, sequence), stored.Apply(&e, sequence)
			if changed != again {
				t.Fatalf("event %d: changed %v, after loading %v", i, changed, again)
			}
			if straight.Online < 0 || straight.Peak < peak || straight.Peak < straight.Online {
				t.Fatalf("online %d, peak %d after %d", straight.Online, straight.Peak, peak)
			}
			if rapid.Bool().Draw(t, "store") {
				data, err := stored.AppendState(nil)
				if err != nil {
					t.Fatal(err)
				}
				if stored, err = LoadRoom(data); err != nil {
					t.Fatal(err)
				}
			}
		}
		m.Senders = int64(len(m.users))
		want := fmt.Sprintf("%+v %v %v %v %v %v", m.Numbers, filled(m.seen), m.gone, m.seenAt, m.seenTime, m.day)
		for _, r := range []*Room{straight, stored} {
			if _, err := r.AppendState(nil); err != nil { // counts the senders
				t.Fatal(err)
			}
			r.Events = counted(r.Events)
			if got := fmt.Sprintf("%+v %v %v %v %v %v", r.Numbers, filled(r.Seen), r.Gone, r.SeenAt, r.SeenTime, r.Day); got != want {
				t.Fatalf("got  %s\nwant %s", got, want)
			}
		}
	})
}

func filled(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

func counted(m map[string]int64) map[string]int64 {
	if m == nil {
		return map[string]int64{}
	}
	return m
}

// Storing keeps every number, whatever its size.
func TestStoringKeepsAllNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.Int64Range(0, math.MaxInt64)
		r := NewRoom()
		r.Numbers = Numbers{
			Messages: number.Draw(t, "messages"), Blocked: number.Draw(t, "blocked"), Masked: number.Draw(t, "masked"),
			Joined: number.Draw(t, "joined"), Left: number.Draw(t, "left"), Online: number.Draw(t, "online"), Peak: number.Draw(t, "peak"),
			Audience: rapid.Bool().Draw(t, "audience"), LastMinute: number.Draw(t, "minute"), Heard: rapid.Uint64().Draw(t, "heard"),
			Events: counted(rapid.MapOfN(rapid.String(), number, 0, 5).Draw(t, "events")),
		}
		r.Seen = filled(rapid.MapOfN(rapid.String(), rapid.String(), 0, 5).Draw(t, "seen"))
		r.SeenAt, r.SeenTime = rapid.Uint64().Draw(t, "at"), number.Draw(t, "time")
		r.Gone, r.Day = rapid.Bool().Draw(t, "gone"), number.Draw(t, "day")
		data, err := r.AppendState(nil)
		if err != nil {
			t.Fatal(err)
		}
		again, err := LoadRoom(data)
		if err != nil {
			t.Fatal(err)
		}
		again.Events, again.Seen = counted(again.Events), filled(again.Seen)
		r.senders, again.senders = nil, nil
		if got, want := fmt.Sprintf("%+v", *again), fmt.Sprintf("%+v", *r); got != want {
			t.Fatalf("got  %s\nwant %s", got, want)
		}
	})
}
