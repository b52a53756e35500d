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
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"k8s.io/utils/clock"
)

const (
	// leastMemory is enough for a thousand active rooms at 2,000 messages a second.
	leastMemory = 84 << 20
	// memoryInterval is how often the limit follows what is in use.
	memoryInterval = time.Second
)

// softLimit is what the runtime may use in all while some bytes of the heap are
// in use, before it collects garbage more eagerly than each time the heap has
// doubled, and returns free memory at once. Callbacks come in bursts and leave
// much garbage, whose peaks a pod's memory limit should not see. Half of the heap
// is left for it and for stacks, so that a large installation does not spend its
// time on collecting.
func softLimit(live uint64) int64 {
	return max(leastMemory, int64(min(live, math.MaxInt64/2))/2*3)
}

// boundMemory keeps the runtime's limit at softLimit, and never above what
// GOMEMLIMIT says, until ctx ends. With GOGC set it leaves everything as it is.
func boundMemory(ctx context.Context, clk clock.WithTicker) {
	if os.Getenv("GOGC") != "" {
		return
	}
	most := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(most)
	samples := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	ticker := clk.NewTicker(memoryInterval)
	defer ticker.Stop()
	for {
		metrics.Read(samples)
		debug.SetMemoryLimit(min(most, softLimit(samples[0].Value.Uint64())))
		select {
		case <-ctx.Done():
			return
		case <-ticker.C():
		}
	}
}
