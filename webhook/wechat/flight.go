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

package wechat

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/liveroom-io/liveroom-operator/internal/wechat/push"
)

// identity names a push over all accounts.
type identity struct{ uid, id string }

// flight is the acceptance of one push, which every repeat that comes meanwhile
// waits for.
type flight struct {
	joined int // requests, those that have given up included; with the lock of the flights
	// done is closed when reply and err are there.
	done  chan struct{}
	reply push.Reply
	err   error
}

// flights are the pushes that are being accepted. A flight outlives its requests
// where accepting takes longer than they can wait: the next repeat finds it.
type flights struct {
	limit int

	mu       sync.Mutex
	underway map[identity]*flight
}

func newFlights(limit int) *flights {
	return &flights{limit: limit, underway: map[identity]*flight{}}
}

// errPanic stands for what accept panicked with, which might quote the push.
var errPanic = errors.New("accepting panicked")

// join returns the flight of a push and whether it is new, in which case accept
// has been started. It returns nil when too many are under way.
func (f *flights) join(id identity, accept func() (push.Reply, error)) (joined *flight, first bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if known := f.underway[id]; known != nil {
		known.joined++
		return known, false
	}
	if len(f.underway) >= f.limit {
		return nil, false
	}
	started := &flight{done: make(chan struct{}), joined: 1}
	f.underway[id] = started
	go func() {
		defer f.land(id, started)
		started.reply, started.err = accept()
	}()
	return started, true
}

// land ends a flight. A panic must not take the process along: the push would
// come again and do the same.
func (f *flights) land(id identity, ended *flight) {
	if recover() != nil {
		ended.reply, ended.err = nil, fmt.Errorf("%w: %s", errPanic, debug.Stack())
	}
	f.mu.Lock()
	delete(f.underway, id)
	f.mu.Unlock()
	close(ended.done)
}

// wait returns when the flight has landed, or with the error of a context that
// ends before.
func (f *flight) wait(ctx context.Context) (push.Reply, error) {
	select {
	case <-f.done:
		return f.reply, f.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
