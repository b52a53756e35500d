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
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// trip is a batch under way, which the test ends.
type trip struct {
	ctx   context.Context
	items []string
	end   chan func([]string) []outcome[string]
}

// double answers each item with itself twice.
func double(items []string) []outcome[string] {
	out := make([]outcome[string], len(items))
	for i, item := range items {
		out[i].value = item + item
	}
	return out
}

var testCommand = &command{name: "test", maxItems: 3}

func testBatching(execute func(context.Context, []string) []outcome[string]) batching[string, string] {
	return batching[string, string]{
		command: testCommand, linger: 20 * time.Millisecond, gather: 200 * time.Millisecond, execute: execute,
	}
}

// byHand makes a batcher whose batches arrive at a channel and wait for the test.
func byHand(merge func(string, string) string) (*batcher[string, string], chan trip) {
	trips := make(chan trip)
	settings := testBatching(func(ctx context.Context, items []string) []outcome[string] {
		one := trip{ctx: ctx, items: items, end: make(chan func([]string) []outcome[string])}
		trips <- one
		return (<-one.end)(items)
	})
	settings.merge = merge
	return newBatcher(settings), trips
}

// answer is what a caller got.
type answer struct {
	value string
	err   error
}

func submit(b *batcher[string, string], ctx context.Context, key, item string) chan answer {
	got := make(chan answer, 1)
	go func() {
		value, err := b.submit(ctx, key, item)
		got <- answer{value, err}
	}()
	synctest.Wait()
	return got
}

func TestBatcherSendsAFullBatchAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, trips := byHand(nil)
		start := time.Now()
		var got []chan answer
		for _, key := range []string{"a", "b", "c"} {
			got = append(got, submit(b, t.Context(), key, key))
		}
		one := <-trips
		if waited := time.Since(start); waited != 0 || !slices.Equal(one.items, []string{"a", "b", "c"}) {
			t.Errorf("after %s: %v", waited, one.items)
		}
		one.end <- double
		for i, want := range []string{"aa", "bb", "cc"} {
			if a := <-got[i]; a != (answer{value: want}) {
				t.Errorf("got %+v, want %s", a, want)
			}
		}
		b.close(time.Second)
	})
}

func TestBatcherLingers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, trips := byHand(nil)
		start := time.Now()
		got := submit(b, t.Context(), "a", "a")
		one := <-trips
		if waited := time.Since(start); waited != 20*time.Millisecond {
			t.Errorf("waited %s", waited)
		}
		one.end <- double
		<-got
		b.close(time.Second)
	})
}

func TestBatcherGathersWhileItemsArrive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sizes []int
		var at []time.Duration
		start := time.Now()
		settings := testBatching(func(_ context.Context, items []string) []outcome[string] {
			sizes = append(sizes, len(items))
			at = append(at, time.Since(start))
			return double(items)
		})
		settings.command = &command{name: "test", maxItems: 1000}
		b := newBatcher(settings)
		var callers sync.WaitGroup
		for i := range 50 { // one every 9 ms, each before the linger time of the one before is over
			key := fmt.Sprint(i)
			callers.Go(func() { b.submit(t.Context(), key, key) })
			time.Sleep(9 * time.Millisecond)
		}
		callers.Wait()
		b.close(time.Second)
		if want := []int{23, 23, 4}; !slices.Equal(sizes, want) {
			t.Errorf("batches of %v, want %v", sizes, want)
		}
		if at[0] != 200*time.Millisecond {
			t.Errorf("the first waited %s, the longest is 200ms", at[0])
		}
	})
}

func TestBatcherFillsUpWhileAllSlotsAreTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, trips := byHand(nil)
		var under []trip
		for i := range batchSlots {
			submit(b, t.Context(), fmt.Sprint("slot", i), "x")
			under = append(under, <-trips)
		}
		submit(b, t.Context(), "a", "a")
		time.Sleep(time.Second) // far beyond the linger time
		submit(b, t.Context(), "b", "b")
		synctest.Wait()
		select {
		case one := <-trips:
			t.Fatalf("%v left without a slot", one.items)
		default:
		}
		under[0].end <- double
		one := <-trips
		if !slices.Equal(one.items, []string{"a", "b"}) {
			t.Errorf("got %v", one.items)
		}
		one.end <- double
		for _, other := range under[1:] {
			other.end <- double
		}
		b.close(time.Second)
	})
}

func TestBatcherKeyIsNeverInTwoBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, trips := byHand(nil)
		first := submit(b, t.Context(), "a", "1")
		second := submit(b, t.Context(), "a", "2")
		third := submit(b, t.Context(), "a", "3")
		other := submit(b, t.Context(), "b", "b")
		one := <-trips
		if !slices.Equal(one.items, []string{"1", "b"}) {
			t.Errorf("got %v", one.items)
		}
		time.Sleep(time.Second)
		one.end <- double
		two := <-trips
		if !slices.Equal(two.items, []string{"2"}) {
			t.Errorf("got %v", two.items)
		}
		two.end <- double
		three := <-trips
		three.end <- double
		for _, want := range []struct {
			got   chan answer
			value string
		}{{first, "11"}, {second, "22"}, {third, "33"}, {other, "bb"}} {
			if a := <-want.got; a != (answer{value: want.value}) {
				t.Errorf("got %+v, want %s", a, want.value)
			}
		}
		b.close(time.Second)
	})
}

func TestBatcherMergesQuestionsThatHaveNotLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, trips := byHand(func(waiting, repeated string) string { return waiting + repeated })
		first := submit(b, t.Context(), "a", "1")
		second := submit(b, t.Context(), "a", "2")
		one := <-trips
		if !slices.Equal(one.items, []string{"12"}) {
			t.Errorf("got %v", one.items)
		}
		// The question under way may have been asked before what the next caller wants to see, so it asks anew.
		third := submit(b, t.Context(), "a", "3")
		fourth := submit(b, t.Context(), "a", "4")
		one.end <- double
		two := <-trips
		if !slices.Equal(two.items, []string{"34"}) {
			t.Errorf("got %v", two.items)
		}
		two.end <- double
		for got, want := range map[chan answer]string{first: "1212", second: "1212", third: "3434", fourth: "3434"} {
			if a := <-got; a != (answer{value: want}) {
				t.Errorf("got %+v, want %s", a, want)
			}
		}
		b.close(time.Second)
	})
}

func TestBatcherCallersLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, trips := byHand(func(waiting, repeated string) string { return waiting + repeated })
		leaver, leave := context.WithCancel(t.Context())
		alone := submit(b, leaver, "a", "a")      // leaves before its batch does
		shared := submit(b, leaver, "b", "b")     // shares its entry with one that stays
		stays := submit(b, t.Context(), "b", "B") //
		leave()
		for _, gone := range []chan answer{alone, shared} {
			if a := <-gone; !errors.Is(a.err, context.Canceled) || ClassOf(a.err) != "" {
				t.Errorf("got %+v", a)
			}
		}
		one := <-trips
		if !slices.Equal(one.items, []string{"bB"}) {
			t.Errorf("got %v", one.items)
		}
		// A caller that leaves a batch under way does not stop it.
		late, leaveLate := context.WithTimeout(t.Context(), time.Second)
		defer leaveLate()
		underway := submit(b, late, "c", "c")
		two := <-trips
		if a := <-underway; ClassOf(a.err) != Unavailable || !errors.Is(a.err, context.DeadlineExceeded) {
			t.Errorf("got %+v", a)
		}
		if two.ctx.Err() != nil || one.ctx.Err() != nil {
			t.Error("a batch was stopped by a caller")
		}
		one.end <- double
		two.end <- double
		if a := <-stays; a != (answer{value: "bBbB"}) {
			t.Errorf("got %+v", a)
		}
		// One whose context has ended does not even join.
		if _, err := b.submit(leaver, "d", "d"); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		b.close(time.Second)
	})
}

func TestBatcherLeavesWaitingForAKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, trips := byHand(nil)
		first := submit(b, t.Context(), "a", "1")
		leaver, leave := context.WithCancel(t.Context())
		second := submit(b, leaver, "a", "2")
		third := submit(b, t.Context(), "a", "3")
		fourthLeaver, leaveFourth := context.WithCancel(t.Context())
		fourth := submit(b, fourthLeaver, "a", "4")
		leave()
		<-second
		one := <-trips
		one.end <- double
		<-first
		two := <-trips
		leaveFourth()
		<-fourth
		if !slices.Equal(two.items, []string{"3"}) {
			t.Errorf("got %v", two.items)
		}
		two.end <- double
		<-third
		b.close(time.Second)
		if b.waiting != 0 || len(b.busy) != 0 || len(b.later) != 0 {
			t.Errorf("left over: %d waiting, %v busy, %v later", b.waiting, b.busy, b.later)
		}
	})
}

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
					for _, got := range []chan answer{submit(b, t.Context(), "a", "a"), submit(b, t.Context(), "b", "b")} {
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
			time.Sleep(100 * time.Millisecond)
			return double(items)
		}))
		var got []chan answer
		for i := range 40 {
			got = append(got, submit(b, t.Context(), fmt.Sprint(i), "x"))
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
		got := submit(b, t.Context(), "a", "a")
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

func TestInParts(t *testing.T) {
	cmd := &command{name: "test", maxItems: 100, blameOne: []int{70402}}
	bad := &Error{Class: Invalid, Command: "test", Code: 70402}
	down := &Error{Class: Unavailable, Command: "test", Code: 91000}
	undefinedField := &Error{Class: FieldNotRegistered, Command: "test", Code: 40009}
	ok := outcome[string]{value: "ok"}
	tests := map[string]struct {
		items []string
		mixed func([]string) bool
		want  []outcome[string]
		calls int
	}{
		"all well":        {[]string{"a", "b", "c"}, nil, []outcome[string]{ok, ok, ok}, 1},
		"one is to blame": {[]string{"a", "bad", "c", "d"}, nil, []outcome[string]{ok, {err: bad}, ok, ok}, 5},
		"alone to blame":  {[]string{"bad"}, nil, []outcome[string]{{err: bad}}, 1},
		"nobody to blame": {[]string{"a", "down"}, nil, []outcome[string]{{err: down, whole: true}, {err: down, whole: true}}, 1},
		"field, same question": {[]string{"a", "field"}, func([]string) bool { return false },
			[]outcome[string]{{err: undefinedField, whole: true}, {err: undefinedField, whole: true}}, 1},
		"field, other question": {[]string{"a", "field"}, func(items []string) bool { return len(items) > 1 },
			[]outcome[string]{ok, {err: undefinedField, whole: true}}, 3},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			calls := 0
			got := inParts(cmd, test.items, func(items []string) ([]outcome[string], error) {
				calls++
				for text, err := range map[string]error{"bad": bad, "down": down, "field": undefinedField} {
					if slices.Contains(items, text) {
						return nil, err
					}
				}
				out := make([]outcome[string], len(items))
				for i := range out {
					out[i] = ok
				}
				return out, nil
			}, test.mixed)
			if !reflect.DeepEqual(got, test.want) || calls != test.calls {
				t.Errorf("got %+v in %d calls, want %+v in %d", got, calls, test.want, test.calls)
			}
		})
	}
}
