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
	"slices"
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

// pass lets the time of a synctest bubble go on.
func pass(d time.Duration) { <-time.After(d) }

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

func submit(ctx context.Context, b *batcher[string, string], key, item string) chan answer {
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
			got = append(got, submit(t.Context(), b, key, key))
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
		got := submit(t.Context(), b, "a", "a")
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
			callers.Go(func() {
				if _, err := b.submit(t.Context(), key, key); err != nil {
					t.Error(err)
				}
			})
			pass(9 * time.Millisecond)
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
			submit(t.Context(), b, fmt.Sprint("slot", i), "x")
			under = append(under, <-trips)
		}
		submit(t.Context(), b, "a", "a")
		pass(time.Second) // far beyond the linger time
		submit(t.Context(), b, "b", "b")
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
		first := submit(t.Context(), b, "a", "1")
		second := submit(t.Context(), b, "a", "2")
		third := submit(t.Context(), b, "a", "3")
		other := submit(t.Context(), b, "b", "b")
		one := <-trips
		if !slices.Equal(one.items, []string{"1", "b"}) {
			t.Errorf("got %v", one.items)
		}
		pass(time.Second)
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
		first := submit(t.Context(), b, "a", "1")
		second := submit(t.Context(), b, "a", "2")
		one := <-trips
		if !slices.Equal(one.items, []string{"12"}) {
			t.Errorf("got %v", one.items)
		}
		// The question under way may have been asked before what the next caller wants to see, so it asks anew.
		third := submit(t.Context(), b, "a", "3")
		fourth := submit(t.Context(), b, "a", "4")
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
		alone := submit(leaver, b, "a", "a")      // leaves before its batch does
		shared := submit(leaver, b, "b", "b")     // shares its entry with one that stays
		stays := submit(t.Context(), b, "b", "B") //
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
		underway := submit(late, b, "c", "c")
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
		first := submit(t.Context(), b, "a", "1")
		leaver, leave := context.WithCancel(t.Context())
		second := submit(leaver, b, "a", "2")
		third := submit(t.Context(), b, "a", "3")
		fourthLeaver, leaveFourth := context.WithCancel(t.Context())
		fourth := submit(fourthLeaver, b, "a", "4")
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
