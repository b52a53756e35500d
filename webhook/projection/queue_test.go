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
	"testing"
	"time"

	"pgregory.net/rapid"
)

var epoch = time.Unix(1763848315, 0)

func after(seconds int) time.Time { return epoch.Add(time.Duration(seconds) * time.Second) }

func TestQueue(t *testing.T) {
	q := newQueue[string](10 * time.Second)
	expect := func(at time.Time, want ...string) {
		t.Helper()
		for _, key := range want {
			if got, ok := q.next(at); !ok || got != key {
				t.Errorf("next is %q, %v; want %q", got, ok, key)
			}
		}
		if got, ok := q.next(at); ok {
			t.Errorf("%q is due", got)
		}
	}
	expect(after(0))
	if _, found := q.soonest(); found {
		t.Error("something is due some time")
	}
	q.offer("a", after(0)) // never written: at once
	q.offer("a", after(1)) // more news is one write
	expect(after(1), "a")
	q.wrote("a", after(1))
	q.offer("a", after(2))
	q.offer("b", after(3))
	expect(after(3), "b")
	expect(after(10))
	if at, found := q.soonest(); !found || !at.Equal(after(11)) {
		t.Errorf("due at %s, %v", at, found)
	}
	q.hurry("a", after(5)) // earlier than its turn
	q.hurry("a", after(7)) // no later than that
	expect(after(5), "a")
	q.wrote("a", after(5))
	q.hurry("c", after(20))
	q.offer("c", after(6)) // has its time
	expect(after(19))
	expect(after(20), "c")
	q.offer("a", after(21))
	q.forget("a")
	q.forget("nobody")
	expect(after(100))
	q.offer("a", after(21)) // its last write is forgotten with it
	expect(after(21), "a")
}

// The most overdue comes first.
func TestQueueOrder(t *testing.T) {
	q := newQueue[int](10 * time.Second)
	for _, i := range []int{3, 1, 4, 0, 2} {
		q.wrote(i, after(i))
	}
	for i := range 5 {
		q.offer(i, after(5))
	}
	for want := range 5 {
		if got, ok := q.next(after(60)); !ok || got != want {
			t.Errorf("next is %d, %v; want %d", got, ok, want)
		}
	}
}

// naive does what a queue does, one by one.
type naive struct {
	due, written map[int]time.Time
}

func (n *naive) soonest() (time.Time, bool) {
	var first time.Time
	for _, at := range n.due {
		if first.IsZero() || at.Before(first) {
			first = at
		}
	}
	return first, !first.IsZero()
}

func TestQueueIsAsTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const spacing = 10 * time.Second
		q, n, now := newQueue[int](spacing), &naive{map[int]time.Time{}, map[int]time.Time{}}, 0
		key := rapid.IntRange(0, 4)
		t.Repeat(map[string]func(*rapid.T){
			"offer": func(t *rapid.T) {
				k := key.Draw(t, "key")
				q.offer(k, after(now))
				if _, waits := n.due[k]; !waits {
					n.due[k] = after(now)
					if last, ok := n.written[k]; ok && last.Add(spacing).After(after(now)) {
						n.due[k] = last.Add(spacing)
					}
				}
			},
			"hurry": func(t *rapid.T) {
				k, at := key.Draw(t, "key"), after(now+rapid.IntRange(-5, 15).Draw(t, "in"))
				q.hurry(k, at)
				if due, waits := n.due[k]; !waits || at.Before(due) {
					n.due[k] = at
				}
			},
			"next": func(t *rapid.T) {
				now += rapid.IntRange(0, 5).Draw(t, "pass")
				soonest, found := n.soonest()
				k, ok := q.next(after(now))
				if want := found && !soonest.After(after(now)); ok != want {
					t.Fatalf("next: %d, %v, want %v", k, ok, want)
				}
				if !ok {
					return
				}
				if !n.due[k].Equal(soonest) {
					t.Fatalf("%d is due at %s, another one at %s", k, n.due[k], soonest)
				}
				delete(n.due, k)
			},
			"wrote": func(t *rapid.T) {
				k := key.Draw(t, "key")
				q.wrote(k, after(now))
				n.written[k] = after(now)
			},
			"forget": func(t *rapid.T) {
				k := key.Draw(t, "key")
				q.forget(k)
				delete(n.due, k)
				delete(n.written, k)
			},
			"": func(t *rapid.T) {
				if len(q.order) != len(n.due) {
					t.Fatalf("%d wait, want %d", len(q.order), len(n.due))
				}
				got, found := q.soonest()
				want, wanted := n.soonest()
				if found != wanted || found && !got.Equal(want) {
					t.Fatalf("soonest %s, %v; want %s, %v", got, found, want, wanted)
				}
			},
		})
	})
}

// No object is written more often than the spacing allows by offers, however much news there is.
func TestQueueSpacesWrites(t *testing.T) {
	q := newQueue[int](10 * time.Second)
	var writes []int
	for second := range 100 {
		q.offer(1, after(second))
		if _, ok := q.next(after(second)); ok {
			q.wrote(1, after(second))
			writes = append(writes, second)
		}
	}
	if len(writes) != 10 {
		t.Errorf("written at %v", writes)
	}
	for i := 1; i < len(writes); i++ {
		if writes[i]-writes[i-1] != 10 {
			t.Errorf("written at %v", writes)
		}
	}
}
