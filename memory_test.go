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

package main

import (
	"context"
	"math"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"
)

func TestSoftLimit(t *testing.T) {
	for live, want := range map[uint64]int64{
		0: 84 << 20, 48 << 20: 84 << 20, 80 << 20: 120 << 20, 400 << 20: 600 << 20,
		math.MaxUint64: math.MaxInt64 / 2 / 2 * 3,
	} {
		if got := softLimit(live); got != want {
			t.Errorf("of %d bytes: %d, not %d", live, got, want)
		}
	}
}

// The limit follows the heap, stays below what was set before, and is as it was in
// the end.
func TestBoundMemory(t *testing.T) {
	before := debug.SetMemoryLimit(1 << 30)
	defer debug.SetMemoryLimit(before)
	clk := clocktesting.NewFakeClock(time.Now())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { boundMemory(ctx, clk); close(done) }()
	reaches := func(low, high int64) {
		t.Helper()
		late := time.Now().Add(20 * time.Second)
		for limit := int64(0); limit < low || limit > high; limit = debug.SetMemoryLimit(-1) {
			if time.Now().After(late) {
				t.Fatalf("the limit is %d", limit)
			}
			clk.Step(memoryInterval)
			runtime.Gosched()
		}
	}
	reaches(leastMemory, leastMemory)
	large := make([]byte, 200<<20)
	runtime.GC()
	reaches(300<<20, 400<<20)
	runtime.KeepAlive(large)
	larger := make([]byte, 800<<20)
	runtime.GC()
	reaches(1<<30, 1<<30)
	runtime.KeepAlive(larger)
	cancel()
	<-done
	if limit := debug.SetMemoryLimit(-1); limit != 1<<30 {
		t.Errorf("the limit is %d", limit)
	}
}
