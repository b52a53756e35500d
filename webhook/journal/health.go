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

package journal

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/utils/clock"
)

// troubleWindow is how long a refused append counts against readiness when
// nothing was appended since: an instance that gets no more traffic has to be
// found ready again some time. For states it is how long they may fail before
// that counts.
const troubleWindow = 10 * time.Second

// health remembers what went wrong last.
type health struct {
	clock   clock.PassiveClock
	appends trouble
	flushes trouble
}

// check is nil while the journal does its work.
func (h *health) check() error {
	now := h.clock.Now()
	if _, last, err := h.appends.state(); err != nil && now.Sub(last) < troubleWindow {
		return fmt.Errorf("entries are not taken: %w", err)
	}
	if first, _, err := h.flushes.state(); err != nil && now.Sub(first) >= troubleWindow {
		return fmt.Errorf("states are not written since %s: %w", first.UTC().Format(time.RFC3339), err)
	}
	return nil
}

// trouble is a run of failures, ended by a success.
type trouble struct {
	mu          sync.Mutex
	first, last time.Time
	err         error
	failing     atomic.Bool // spares the lock on the way of every append
}

func (t *trouble) failed(now time.Time, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err == nil {
		t.first = now
	}
	t.last, t.err = now, err
	t.failing.Store(true)
}

func (t *trouble) succeeded() {
	if !t.failing.Load() {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.err = nil
	t.failing.Store(false)
}

func (t *trouble) state() (first, last time.Time, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.first, t.last, t.err
}
