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
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
)

// slot is one message under way. Its generation is part of the reply subject, so
// that a confirmation that comes too late finds the slot's next message unmoved.
type slot struct {
	index  int
	id     [1]string   // the value of the header of an entry
	header nats.Header // refers to id
	done   chan ack    // of capacity 1
	sent   uint64      // generation of the message; only whoever holds the slot uses it

	mu         sync.Mutex
	generation uint64
	reply      string
	waiting    bool
	until      time.Time
	settled    func(ack) // instead of done, when set
	entry      bool      // the message is an entry, with this data
	data       []byte
}

// slots bounds the messages under way. A slot is made when it is needed for the first
// time: there are thousands for a burst, and few of them are in use at most times.
type slots struct {
	free  chan *slot // not in use
	reply func(*slot) string

	made  []atomic.Pointer[slot] // by index
	mu    sync.Mutex
	count int // of those that are made
	// closed: no more are made.
	closed bool
}

func newSlots(capacity int, reply func(*slot) string) *slots {
	return &slots{free: make(chan *slot, capacity), reply: reply, made: make([]atomic.Pointer[slot], capacity)}
}

// take returns a slot that is not in use. Nil: all are.
func (s *slots) take() *slot {
	select {
	case free := <-s.free:
		return free
	default:
		return s.another()
	}
}

func (s *slots) another() *slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.count == len(s.made) {
		return nil
	}
	one := &slot{index: s.count, done: make(chan ack, 1)}
	one.header = nats.Header{msgIDHeader: one.id[:]}
	one.reply = s.reply(one)
	s.made[s.count].Store(one)
	s.count++
	return one
}

// at is the slot with an index. Nil: there is none.
func (s *slots) at(index int) *slot {
	if index < 0 || index >= len(s.made) {
		return nil
	}
	return s.made[index].Load()
}

// all are the slots that are made.
func (s *slots) all() iter.Seq[*slot] {
	return func(yield func(*slot) bool) {
		for i := range s.made {
			one := s.made[i].Load()
			if one == nil || !yield(one) {
				return
			}
		}
	}
}

// close has no more slots made, and returns how many there are.
func (s *slots) close() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return s.count
}
