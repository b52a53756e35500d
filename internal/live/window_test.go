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

package live

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Over a year there is no instant without a valid URL, a URL changes only when the
// next one is due, and then a third of its validity is left: whoever was given it has
// that long to notice. It does not matter how often one looks, or who does.
func TestWindow(t *testing.T) {
	t.Parallel()
	const year = 366 * 24 * time.Hour
	rapid.Check(t, func(t *rapid.T) {
		validity := time.Duration(rapid.IntRange(600, 30*86400).Draw(t, "validity")) * time.Second
		offset := time.Duration(rapid.Int64().Draw(t, "offset"))
		begin := time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "begin"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds"))
		end := begin.Add(year)
		expires, next := Window(begin, validity, offset)
		changes := 0
		for now := begin; now.Before(end); {
			e, n := Window(now, validity, offset)
			switch {
			case !n.After(now) || !e.After(n):
				t.Fatalf("at %s: until %s, next at %s", now, e, n)
			case 3*e.Sub(n) < validity || e.Sub(n) > validity/3+time.Second:
				t.Fatalf("%s are left at the change of %s", e.Sub(n), validity)
			case !e.Equal(expires) && now.Before(next):
				t.Fatalf("it changes at %s, before %s", now, next)
			case !e.Equal(expires) && !expires.After(now):
				t.Fatalf("the former one ended at %s, before %s", expires, now)
			}
			if !e.Equal(expires) {
				changes++
			}
			expires, next = e, n
			// Look in the middle of a step and at its very end, in turns.
			again := n.Add(-1)
			if changes%2 == 0 {
				again = now.Add(n.Sub(now) / 2)
			}
			if same, _ := Window(again, validity, offset); !same.Equal(e) {
				t.Fatalf("it changes at %s, before %s", again, n)
			}
			now = n
		}
		if want := int(year / (validity*2/3 - time.Second)); changes > want+1 {
			t.Fatalf("%d changes of a validity of %s", changes, validity)
		}
	})
}

// Rooms with different offsets do not change at once.
func TestWindowSpreads(t *testing.T) {
	t.Parallel()
	now, moments := time.Unix(1_800_000_000, 0), map[time.Time]int{}
	for i := range 1000 {
		_, next := Window(now, 24*time.Hour, time.Duration(i)*57*time.Second)
		moments[next]++
	}
	if len(moments) < 900 {
		t.Errorf("1000 rooms change at %d moments", len(moments))
	}
}
