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
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestBatcherFailures(t *testing.T) {
	refusal := &Error{Class: NotPermitted, Code: 10007}
	tests := map[string]struct {
		execute func(context.Context, []string) []outcome[string]
		want    string
	}{
		"an error for all": {func(_ context.Context, items []string) []outcome[string] {
			out := make([]outcome[string], len(items))
			fail(out, refusal)
			return out
		}, refusal.Error()},
		"too few outcomes": {func(context.Context, []string) []outcome[string] { return nil },
			"im test: the batch ended without an outcome"},
		"a panic": {func(context.Context, []string) []outcome[string] { panic("boom") },
			"im test: panic in a batch: boom"},
		"the goroutine ends": {func(context.Context, []string) []outcome[string] { runtime.Goexit(); return nil },
			"im test: the batch ended without an outcome"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBatcher(testBatching(test.execute))
				// The batcher survives it: twice the same.
				for range 2 {
					for _, got := range []chan answer{submit(t.Context(), b, "a", "a"), submit(t.Context(), b, "b", "b")} {
						if a := <-got; a.err == nil || a.err.Error() != test.want {
							t.Errorf("got %v, want %s", a.err, test.want)
						}
					}
				}
				b.close(time.Second)
			})
		})
	}
}

func TestBatcherIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, trips := byHand(nil)
		go func() {
			for one := range trips {
				go func() { one.end <- double }()
			}
		}()
		b.mu.Lock() // nothing leaves
		b.running = batchSlots
		b.mu.Unlock()
		for i := range batchQueue {
			if _, err := b.add(fmt.Sprint(i), "x"); err != nil {
				t.Fatal(err)
			}
		}
		_, err := b.submit(t.Context(), "one more", "x")
		e, ok := AsError(err)
		if !ok || e.Class != RateLimited || e.RetryAfter == 0 {
			t.Errorf("got %v", err)
		}
		b.mu.Lock()
		b.running = 0
		b.mu.Unlock()
		b.close(time.Minute)
		close(trips)
	})
}

func TestBatcherCloseDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBatcher(testBatching(func(_ context.Context, items []string) []outcome[string] {
			pass(100 * time.Millisecond)
			return double(items)
		}))
		var got []chan answer
		for i := range 40 {
			got = append(got, submit(t.Context(), b, fmt.Sprint(i), "x"))
		}
		start := time.Now()
		b.close(time.Minute)
		if took := time.Since(start); took > 500*time.Millisecond {
			t.Errorf("took %s", took)
		}
		for _, one := range got {
			if a := <-one; a != (answer{value: "xx"}) {
				t.Errorf("got %+v", a)
			}
		}
		if _, err := b.submit(t.Context(), "late", "x"); !errors.Is(err, ErrClosed) || !IsUnavailable(err) {
			t.Errorf("got %v", err)
		}
		b.close(time.Minute) // again
	})
}

func TestBatcherCloseCutsShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBatcher(testBatching(func(ctx context.Context, items []string) []outcome[string] {
			<-ctx.Done()
			out := make([]outcome[string], len(items))
			fail(out, ctx.Err())
			return out
		}))
		got := submit(t.Context(), b, "a", "a")
		start := time.Now()
		b.close(3 * time.Second)
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("took %s", took)
		}
		if a := <-got; !errors.Is(a.err, context.Canceled) {
			t.Errorf("got %+v", a)
		}
	})
}

func TestBatcherBoundsABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBatcher(testBatching(func(ctx context.Context, items []string) []outcome[string] {
			<-ctx.Done()
			out := make([]outcome[string], len(items))
			fail(out, ctx.Err())
			return out
		}))
		start := time.Now()
		if _, err := b.submit(t.Context(), "a", "a"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took != batchTimeout+20*time.Millisecond {
			t.Errorf("took %s", took)
		}
		b.close(time.Second)
	})
}

// Many callers at once, some of which leave: everybody gets its own answer, no batch is too large, no key is twice under
// way, and nothing is left over.
func TestBatcherUnderLoad(t *testing.T) {
	var mu sync.Mutex
	under := map[string]bool{}
	settings := testBatching(func(_ context.Context, items []string) []outcome[string] {
		mu.Lock()
		if len(items) > testCommand.maxItems {
			t.Errorf("a batch of %d", len(items))
		}
		for _, item := range items {
			if under[item] {
				t.Errorf("%s is under way twice", item)
			}
			under[item] = true
		}
		mu.Unlock()
		runtime.Gosched()
		mu.Lock()
		for _, item := range items {
			delete(under, item)
		}
		mu.Unlock()
		return double(items)
	})
	settings.linger, settings.gather = 100*time.Microsecond, time.Millisecond
	b := newBatcher(settings)
	var callers sync.WaitGroup
	for range 32 {
		callers.Go(func() {
			for range 100 {
				ctx, cancel := context.WithCancel(t.Context())
				if rand.IntN(4) == 0 {
					cancel()
				} else if rand.IntN(4) == 0 {
					time.AfterFunc(50*time.Microsecond, cancel)
				}
				key := fmt.Sprint(rand.IntN(20))
				got, err := b.submit(ctx, key, key)
				if err == nil && got != strings.Repeat(key, 2) || err != nil && !errors.Is(err, context.Canceled) {
					t.Errorf("%s: got %q, %v", key, got, err)
				}
				cancel()
			}
		})
	}
	callers.Wait()
	b.close(time.Minute)
	if b.waiting != 0 || len(b.queue) != 0 || len(b.busy) != 0 || len(b.later) != 0 || b.running != 0 {
		t.Errorf("left over: %d waiting, %d queued, %v busy, %v later, %d running",
			b.waiting, len(b.queue), b.busy, b.later, b.running)
	}
}
