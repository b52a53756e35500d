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

package moderation

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestLimiterWindow compares the limiter with a search through everything that
// was let through.
func TestLimiterWindow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := &rate{messages: rapid.IntRange(1, 4).Draw(t, "messages"), window: time.Duration(rapid.IntRange(1, 5).Draw(t, "window")) * time.Second, key: "p"}
		l := newLimiter(100)
		now := start
		var admitted []time.Time
		for range rapid.IntRange(1, 60).Draw(t, "tries") {
			now = now.Add(time.Duration(rapid.IntRange(0, 1500).Draw(t, "pause")) * time.Millisecond)
			within := 0
			for _, at := range admitted {
				if now.Sub(at) < r.window {
					within++
				}
			}
			want := within < r.messages
			if got := l.admit(r, sender{user: "u"}, now); got != want {
				t.Fatalf("after %d: got %v, want %v with %d within the window", len(admitted), got, want, within)
			}
			if want {
				admitted = append(admitted, now)
			}
		}
	})
}

func TestLimiterKeys(t *testing.T) {
	t.Parallel()
	l, r := newLimiter(1000), &rate{messages: 1, window: time.Hour, key: "p"}
	other := &rate{messages: 1, window: time.Hour, key: "q"}
	for _, key := range []sender{{user: "u"}, {user: "v"}, {user: "u", group: "g"}} {
		for _, rate := range []*rate{r, other} {
			if !l.admit(rate, key, start) || l.admit(rate, key, start) {
				t.Errorf("%+v under %s: want one message let through", key, rate.key)
			}
		}
	}
	if l.admit(r, sender{user: "u"}, start.Add(-2*time.Hour)) {
		t.Error("a clock that went back let a message through")
	}
}

func TestLimiterBounds(t *testing.T) {
	t.Parallel()
	l, r := newLimiter(shards), &rate{messages: 1000, window: time.Hour, key: "p"}
	for i := range 200 {
		for range 40 {
			l.admit(r, sender{user: fmt.Sprint(i)}, start)
		}
	}
	for i := range l.shards {
		s := &l.shards[i]
		held := 0
		for _, history := range s.senders.Values() {
			held += len(history.times)
		}
		if s.senders.Len() > 1 || held != s.times {
			t.Errorf("shard %d holds %d senders with %d times and counts %d", i, s.senders.Len(), held, s.times)
		}
	}

	crowded := newLimiter(shards * 100)
	for i := range 100 * shards {
		for range 40 {
			crowded.admit(r, sender{user: fmt.Sprint(i)}, start)
		}
	}
	for i := range crowded.shards {
		if s := &crowded.shards[i]; s.times > s.most {
			t.Errorf("shard %d remembers %d times, more than %d", i, s.times, s.most)
		}
	}
}

func TestLimiterConcurrently(t *testing.T) {
	t.Parallel()
	l, r := NewLimiter(), &rate{messages: 50, window: time.Hour, key: "p"}
	var admitted atomic.Int64
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for i := range 200 {
				if l.admit(r, sender{user: fmt.Sprint(i % 4)}, start) {
					admitted.Add(1)
				}
			}
		})
	}
	group.Wait()
	if got := admitted.Load(); got != 200 {
		t.Errorf("%d messages let through, want 50 for each of 4 users", got)
	}
}
