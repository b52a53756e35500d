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

package im

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// The provider must never see more than its limit in any second, whatever the callers, its own refusals and our
// recoveries do.
func TestBucketNeverExceedsTheLimitInAnyWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.SampledFrom([]float64{1, 2, 3, 5, 7.5, 10, 19, 20, 21, 50, 99, 100, 200, 500}).Draw(t, "limit")
		allowed := int(math.Floor(limit))
		b := newBucket(limit)
		now := time.Unix(1700000000, 0)
		var granted []time.Time
		// Disturbances per thousand steps, and how late a timer may fire. Without the calm cases a fast bucket would hardly
		// ever be emptied.
		disturbances := rapid.SampledFrom([]int{0, 5, 150}).Draw(t, "disturbances")
		late := rapid.SampledFrom([]time.Duration{0, time.Millisecond, 30 * time.Millisecond}).Draw(t, "late")
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		upTo := func(d time.Duration) time.Duration { return time.Duration(random.Int64N(int64(d) + 1)) }
		for range 1500 {
			if random.IntN(1000) < disturbances {
				switch random.IntN(3) {
				case 0: // a pause, in which tokens gather and the rate recovers
					now = now.Add(upTo(5 * time.Second))
				case 1: // a refusal for frequency
					b.cut(now)
				case 2: // a caller that leaves while it waits
					wait, giveBack := b.reserve(now)
					now = now.Add(upTo(wait))
					giveBack(now)
				}
			}
			wait, _ := b.reserve(now)
			now = now.Add(wait + upTo(late))
			granted = append(granted, now)
		}
		for first, last := 0, 0; last < len(granted); last++ {
			for granted[last].Sub(granted[first]) >= time.Second {
				first++
			}
			if n := last - first + 1; n > allowed {
				t.Fatalf("%d attempts within a second up to %s, the limit is %g", n, granted[last], limit)
			}
		}
	})
}

func TestBucketUsesTheLimit(t *testing.T) {
	for _, limit := range []float64{1, 5, 20, 100, 200} {
		b := newBucket(limit)
		now := time.Unix(1700000000, 0)
		end := now.Add(100 * time.Second)
		n := 0
		for ; now.Before(end); n++ {
			wait, _ := b.reserve(now)
			now = now.Add(wait)
		}
		if got := float64(n) / 100; got < 0.95*limit || got > limit {
			t.Errorf("limit %g: %g attempts a second", limit, got)
		}
	}
}

func TestBucketAdapts(t *testing.T) {
	b := newBucket(200)
	now := time.Unix(1700000000, 0)
	rate := func(want float64) {
		t.Helper()
		if math.Abs(b.current-want) > 1e-6 {
			t.Fatalf("got %g a second, want %g", b.current, want)
		}
	}
	rate(192)
	b.cut(now)
	rate(96)
	b.cut(now.Add(999 * time.Millisecond)) // the same storm of refusals
	rate(96)
	now = now.Add(time.Second)
	b.cut(now)
	rate(48)
	for range 20 {
		now = now.Add(time.Second)
		b.cut(now)
	}
	rate(1) // never stops
	b.reserve(now.Add(999 * time.Millisecond))
	rate(1)
	now = now.Add(time.Second)
	b.reserve(now)
	rate(1 + 9.6)
	now = now.Add(2500 * time.Millisecond)
	b.reserve(now)
	rate(1 + 3*9.6)
	now = now.Add(time.Hour)
	b.reserve(now)
	rate(192)

	slow := newBucket(1)
	slow.cut(now)
	slow.cut(now.Add(2 * time.Second))
	slow.cut(now.Add(4 * time.Second))
	slow.cut(now.Add(6 * time.Second))
	if slow.current != slow.floor || slow.floor <= 0 || slow.floor >= 1 {
		t.Errorf("a slow command goes down to %g with a floor of %g", slow.current, slow.floor)
	}
}

func TestLimiterServesInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(20) // 19.2 a second, one at a time
		start := time.Now()
		order := make(chan int, 40)
		for i := range 40 {
			go func() {
				if _, err := l.wait(context.Background()); err != nil {
					t.Error(err)
				}
				order <- i
			}()
			synctest.Wait()
		}
		for i := range 40 {
			if got := <-order; got != i {
				t.Fatalf("caller %d came at place %d", got, i)
			}
		}
		if got, want := time.Since(start), 39*time.Second*10/192; got < want-time.Millisecond || got > want+time.Millisecond {
			t.Errorf("took %s, want %s", got, want)
		}
	})
}

func TestLimiterFailsFast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(20)
		for range 20 {
			go func() { _, _ = l.wait(context.Background()) }()
			synctest.Wait()
		}
		// 19 wait, 19 a second.
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		start := time.Now()
		tooLong, err := l.wait(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || tooLong < 900*time.Millisecond || tooLong > 1100*time.Millisecond {
			t.Errorf("got %s, %v", tooLong, err)
		}
		if time.Since(start) != 0 {
			t.Errorf("it took %s to find out", time.Since(start))
		}
		got, ok := AsError(waitError(createGroup, tooLong, err))
		if !ok || got.Class != RateLimited || got.RetryAfter != tooLong {
			t.Errorf("got %+v", got)
		}
		pass(2 * time.Second)
	})
}

func TestLimiterCallerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(1)
		if _, err := l.wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		// The first waits for its token, the second for the first.
		first, leaveFirst := context.WithCancel(t.Context())
		second, leaveSecond := context.WithCancel(t.Context())
		ended := make(chan error, 2)
		for _, ctx := range []context.Context{first, second} {
			go func() {
				_, err := l.wait(ctx)
				ended <- err
			}()
			synctest.Wait()
		}
		leaveSecond()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		leaveFirst()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		// One that has left before it came waits for nothing, and is told its own reason.
		if tooLong, err := l.wait(first); tooLong != 0 || !errors.Is(err, context.Canceled) {
			t.Errorf("got %s, %v", tooLong, err)
		}
		// Their tokens are not lost.
		start := time.Now()
		if _, err := l.wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := time.Since(start); got > 1100*time.Millisecond {
			t.Errorf("waited %s for a token that nobody took", got)
		}
	})
}

func TestLimitsAreLoweredNeverRaised(t *testing.T) {
	metrics, _ := NewMetrics(nil)
	tests := map[string]struct {
		perSecond int
		share     float64
		create    float64
		check     float64
	}{
		"documented":      {0, 1, 200, 100},
		"lowered":         {150, 1, 150, 100},
		"never raised":    {1000, 1, 200, 100},
		"half":            {0, 0.5, 100, 50},
		"half of lowered": {20, 0.5, 10, 10},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			l := newLimiting(nil, Config{RequestsPerSecond: test.perSecond}.quota(), test.share, metrics, nil)
			if got := l.limiters[createGroup].bucket.ceiling; got != limitMargin*test.create {
				t.Errorf("create_group: got %g, want %g", got, limitMargin*test.create)
			}
			if got := l.limiters[accountCheck].bucket.ceiling; got != limitMargin*test.check {
				t.Errorf("account_check: got %g, want %g", got, limitMargin*test.check)
			}
		})
	}
}
