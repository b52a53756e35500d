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
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// traffic is messages at a rate. A message that is not answered with success is
// sent again, the same one, until it is: every message is accepted once.
type traffic struct {
	b         *bench
	perSecond int
	first     int64 // number of the first message
	generator *generator

	mu       sync.Mutex
	rooms    map[string]int64
	users    map[string]int64
	accepted atomic.Int64
	repeats  atomic.Int64
}

// retryPause is how long a sender waits after a message was not taken.
const retryPause = 20 * time.Millisecond

func (b *bench) newTraffic(perSecond int, first int64) *traffic {
	return &traffic{b: b, perSecond: perSecond, first: first, generator: newGenerator(), rooms: map[string]int64{}, users: map[string]int64{}}
}

// run sends for a while to where target says, and returns when the last message
// is accepted.
func (t *traffic) run(ctx context.Context, target func() string, length time.Duration) error {
	numbers := make(chan int64)
	var senders sync.WaitGroup
	for range connections {
		senders.Go(func() {
			for n := range numbers {
				t.deliver(ctx, target, n)
			}
		})
	}
	began := time.Now()
	var sent int64
	for ctx.Err() == nil {
		elapsed := time.Since(began)
		if elapsed >= length {
			break
		}
		for due := int64(elapsed.Seconds() * float64(t.perSecond)); sent < due; sent++ {
			numbers <- t.first + sent
		}
		if pause(ctx, time.Millisecond) != nil {
			break
		}
	}
	close(numbers)
	senders.Wait()
	return ctx.Err()
}

// deliver sends one message until it is accepted.
func (t *traffic) deliver(ctx context.Context, target func() string, n int64) {
	body := t.b.message(afterSend, n)
	for ctx.Err() == nil {
		if t.generator.send(ctx, target(), afterSend, body) == nil {
			break
		}
		t.repeats.Add(1)
		if pause(ctx, retryPause) != nil {
			return
		}
	}
	t.accepted.Add(1)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rooms[t.b.rooms[n%int64(len(t.b.rooms))].Name]++
	t.users[fmt.Sprintf("%d/viewer%d", sdkAppID, n*7919%userCount)]++
}

// pause waits for a while.
func pause(ctx context.Context, length time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(length):
		return nil
	}
}

func (t *traffic) total() int64 { return t.accepted.Load() }

// byRoom is how many messages of each room were accepted.
func (t *traffic) byRoom() map[string]int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.rooms)
}

// byUser is how many messages of each user were accepted.
func (t *traffic) byUser() map[string]int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.users)
}
