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

package relay

import (
	"sync"
	"time"

	"github.com/liveroom-io/liveroom-operator/webhook/relay/conversation"
)

// lively are the customers who are in the midst of a session, in the partitions of
// this member: most of those who write. Accept asks here before it asks the owner,
// who may be busy.
type lively struct {
	mu   sync.RWMutex
	last map[string]time.Time
}

func newLively() *lively { return &lively{last: map[string]time.Time{}} }

// note when a customer or their agent wrote last.
func (l *lively) note(key string, c *conversation.Customer) {
	at := c.LastActive()
	l.mu.Lock()
	defer l.mu.Unlock()
	if at.IsZero() || c.Left != 0 {
		delete(l.last, key)
		return
	}
	l.last[key] = at
}

// mark that a session begins, before the owner has seen it.
func (l *lively) mark(key string, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at.After(l.last[key]) {
		l.last[key] = at
	}
}

// within reports whether one of both wrote since a time.
func (l *lively) within(key string, since time.Time) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	at, known := l.last[key]
	return known && at.After(since)
}

// forget those who have not written for longer than any session lasts, and those
// of whom somebody else knows better.
func (l *lively) forget(before time.Time, owns func(key string) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, at := range l.last {
		if at.Before(before) || !owns(key) {
			delete(l.last, key)
		}
	}
}
