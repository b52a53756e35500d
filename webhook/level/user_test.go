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

package level

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/liveroom-io/liveroom-operator/webhook/event"
)

const start = int64(1763848320000) // a whole minute

// message is one that scores.
func message(after int64, scores ...event.Score) event.Event {
	return event.Event{Kind: event.Message, Room: "room", User: "u", Time: start + after, Scores: scores}
}

func earns(policy, rule string, points, perMinute int64) event.Score {
	return event.Score{Policy: policy, Rule: rule, Points: points, PerMinute: perMinute}
}

func fold(user *User, events ...event.Event) (changed []bool) {
	for i := range events {
		changed = append(changed, user.Apply(&events[i]))
	}
	return changed
}

func reload(t rapid.TB, user *User) *User {
	t.Helper()
	data, err := user.AppendState([]byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := LoadUser(data[1:])
	if err != nil {
		t.Fatal(err)
	}
	return again
}

func TestUser(t *testing.T) {
	const minute = start / 60_000
	for name, c := range map[string]struct {
		events  []event.Event
		changed []bool
		want    map[string]*Standing
	}{
		"without a limit": {
			[]event.Event{message(0, earns("p", "gift", 7, 0)), message(1, earns("p", "gift", 1<<40, 0))}, []bool{true, true},
			map[string]*Standing{"p": {Points: 7 + 1<<40, Room: "room", Time: start + 1}},
		},
		"up to the limit": {
			[]event.Event{message(0, earns("p", "chat", 3, 5)), message(1, earns("p", "chat", 3, 5)), message(2, earns("p", "chat", 3, 5))}, []bool{true, true, false},
			map[string]*Standing{"p": {Points: 5, Room: "room", Time: start + 1, Windows: map[string]Window{"chat": {minute, 5}}}},
		},
		"a new minute": {
			[]event.Event{message(59_999, earns("p", "chat", 5, 5)), message(60_000, earns("p", "chat", 5, 5))}, []bool{true, true},
			map[string]*Standing{"p": {Points: 10, Room: "room", Time: start + 60_000, Windows: map[string]Window{"chat": {minute + 1, 5}}}},
		},
		"late messages count in the newest minute": {
			[]event.Event{message(60_000, earns("p", "chat", 3, 5)), message(0, earns("p", "chat", 3, 5)), message(1, earns("p", "chat", 3, 5))}, []bool{true, true, false},
			map[string]*Standing{"p": {Points: 5, Room: "room", Time: start + 60_000, Windows: map[string]Window{"chat": {minute + 1, 5}}}},
		},
		"each rule has its own limit": {
			[]event.Event{message(0, earns("p", "chat", 9, 5), earns("p", "like", 9, 4)), message(1, earns("p", "like", 1, 4))}, []bool{true, false},
			map[string]*Standing{"p": {Points: 9, Room: "room", Time: start, Windows: map[string]Window{"chat": {minute, 5}, "like": {minute, 4}}}},
		},
		"each policy has its own points and limits": {
			[]event.Event{message(0, earns("p", "chat", 9, 5), earns("q", "chat", 9, 8)), message(1, earns("q", "chat", 9, 9))}, []bool{true, true},
			map[string]*Standing{
				"p": {Points: 5, Room: "room", Time: start, Windows: map[string]Window{"chat": {minute, 5}}},
				"q": {Points: 9, Room: "room", Time: start + 1, Windows: map[string]Window{"chat": {minute, 9}}},
			},
		},
		"a lower limit gives nothing more, and takes nothing": {
			[]event.Event{message(0, earns("p", "chat", 9, 9)), message(1, earns("p", "chat", 9, 5))}, []bool{true, false},
			map[string]*Standing{"p": {Points: 9, Room: "room", Time: start, Windows: map[string]Window{"chat": {minute, 9}}}},
		},
		"windows of rules that have been quiet for long go": {
			[]event.Event{message(0, earns("p", "old", 1, 5)), message(60_000, earns("p", "chat", 1, 5)), message(16*60_000, earns("p", "chat", 1, 5))}, []bool{true, true, true},
			map[string]*Standing{"p": {Points: 3, Room: "room", Time: start + 16*60_000, Windows: map[string]Window{"chat": {minute + 16, 1}}}},
		},
		"nothing": {
			[]event.Event{message(0), message(0, earns("p", "chat", 0, 5), earns("p", "gift", -7, 0), earns("p", "like", -7, 3))}, []bool{false, false},
			map[string]*Standing{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			user, err := LoadUser(nil)
			if err != nil {
				t.Fatal(err)
			}
			if changed := fold(user, c.events...); !reflect.DeepEqual(changed, c.changed) {
				t.Errorf("changed %v, want %v", changed, c.changed)
			}
			if !reflect.DeepEqual(user.Standings, c.want) {
				t.Errorf("got  %s\nwant %s", show(user.Standings), show(c.want))
			}
			if again := reload(t, user); !reflect.DeepEqual(again, user) {
				t.Errorf("loaded %s", show(again.Standings))
			}
		})
	}
}

func show(standings map[string]*Standing) string {
	text := ""
	for _, uid := range slices.Sorted(maps.Keys(standings)) {
		text += fmt.Sprintf("%s: %+v ", uid, *standings[uid])
	}
	return text
}

// The standings of one user are bounded; the one that gave points longest ago goes.
func TestUserBounds(t *testing.T) {
	user, err := LoadUser(nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range maxStandings {
		fold(user, message(int64(i), earns(fmt.Sprintf("p%02d", i), "chat", 1, 0)))
	}
	fold(user, message(100, earns("p00", "chat", 1, 0))) // p01 is the oldest now
	fold(user, message(101, earns("new", "chat", 1, 0)))
	want := []string{"new", "p00"}
	for i := 2; i < maxStandings; i++ {
		want = append(want, fmt.Sprintf("p%02d", i))
	}
	if got := user.Policies(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
	for i := range 100 { // names of rules that change are forgotten in time
		fold(user, message(int64(i)*60_000, earns("new", fmt.Sprintf("rule%d", i), 1, 5)))
	}
	if n := len(user.Standings["new"].Windows); n != keptMinutes+1 {
		t.Errorf("%d windows", n)
	}
}

func TestLoadUserRefuses(t *testing.T) {
	for _, data := range []string{"[]", `{"p":{"a":{"n":"many"}}}`, `{"p"`} {
		if user, err := LoadUser([]byte(data)); err == nil {
			t.Errorf("%q is the user %+v", data, user)
		}
	}
}

// However messages come, nobody gets more from a rule than its limit allows for
// the minutes that were seen, points never fall, and storing changes nothing.
func TestLimitsHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const limit = 10
		straight, stored := &User{Standings: map[string]*Standing{}}, &User{Standings: map[string]*Standing{}}
		minutes := map[int64]bool{}
		var sum, free, last int64
		for range rapid.IntRange(1, 60).Draw(t, "messages") {
			after := rapid.Int64Range(0, 5*60_000).Draw(t, "after")
			points := rapid.Int64Range(-5, 20).Draw(t, "points")
			gift := rapid.Int64Range(0, math.MaxInt32).Draw(t, "gift")
			e := message(after, earns("p", "chat", points, limit), earns("p", "gift", gift, 0))
			minutes[e.Time/60_000], sum, free = true, sum+max(points, 0), free+gift
			if straight.Apply(&e) != stored.Apply(&e) {
				t.Fatal("stored and straight disagree")
			}
			if rapid.Bool().Draw(t, "store") {
				stored = reload(t, stored)
			}
			if standing := straight.Standings["p"]; standing != nil {
				if standing.Points < last {
					t.Fatalf("points fell from %d to %d", last, standing.Points)
				}
				last = standing.Points
			}
		}
		if most := min(sum, limit*int64(len(minutes))) + free; last > most {
			t.Fatalf("%d points, at most %d", last, most)
		}
		if !reflect.DeepEqual(reload(t, straight), reload(t, stored)) {
			t.Fatalf("straight %s\nstored   %s", show(straight.Standings), show(stored.Standings))
		}
	})
}

// In order, the limit is exact: every minute gives as much as was earned in it, up to the limit.
func TestLimitsAreExactInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const limit = 10
		user := &User{Standings: map[string]*Standing{}}
		earned := map[int64]int64{}
		times := rapid.SliceOfN(rapid.Int64Range(0, 20*60_000), 1, 60).Draw(t, "times")
		slices.Sort(times)
		for _, after := range times {
			points := rapid.Int64Range(1, 6).Draw(t, "points")
			e := message(after, earns("p", "chat", points, limit))
			user.Apply(&e)
			earned[e.Time/60_000] += points
		}
		var want int64
		for _, points := range earned {
			want += min(points, limit)
		}
		if got := user.Standings["p"].Points; got != want {
			t.Fatalf("%d points, want %d", got, want)
		}
	})
}
