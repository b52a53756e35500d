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
	"context"
	"errors"
	"slices"
)

// How an empty state goes. Its entries may be read again until the recorded
// checkpoint is behind the last of them, so until then a value without data stays,
// which says that they are included. Then a mark takes the value's place, which the
// server drops by itself. It holds the same, for former owners that do not know
// yet that they are: they find its epoch and stop, instead of taking the key for
// one that is free.

// empty: nothing is known of the state any more.
func empty(s State) bool {
	erasable, ok := s.(Erasable)
	return ok && erasable.Empty()
}

// needless tells whether an empty state need not be stored, because there is no
// value of it. If entries made it what it is they must be known to be included: they
// might be read again from between them, or by a former owner that stores what the
// first of them make of it.
func needless(s *state) bool { return s.revision == 0 && !s.unsure && s.since == 0 }

// uncount takes a state that is not stored from the keys of its kind.
func (f *folder) uncount(s *state) {
	if s.counted {
		s.counted = false
		f.keys[s.key.Kind]--
	}
}

// leave notes whether the stored value of a state is empty and waits to be
// removed. As long as it does, it has its place in memory.
func (f *folder) leave(s *state, leaving bool) {
	if leaving && !s.leaving {
		f.leaving = append(f.leaving, s)
	}
	s.leaving = leaving
}

// unsettled is how many states wait to be stored or to be removed.
func (f *folder) unsettled() int { return len(f.dirty) + len(f.leaving) }

// read brings states into memory.
func (f *folder) read(ctx context.Context, keys []StateKey) error {
	f.touches = f.touches[:0]
	for _, key := range keys {
		f.touches = append(f.touches, touch{key: key})
	}
	return f.fetch(ctx)
}

// flushRemovals removes the empty values that no entry can bring back.
func (f *folder) flushRemovals(ctx context.Context, result *flushed) {
	f.leaving = retained(f.leaving, f.waits)
	var states []*state
	var writes []write
	for _, s := range f.leaving {
		p := f.partitions[s.key.Partition]
		if s.dirty || s.sequence > p.checkpoint || slices.Contains(result.lost, s.key.Partition) {
			continue
		}
		writes = append(writes, write{key: s.key, revision: s.revision, value: f.envelope(s, nil), mark: true, ttl: markerTTL})
		states = append(states, s)
	}
	if len(writes) == 0 {
		return
	}
	now := f.clock.Now()
	var conflicts []*state
	for i, w := range f.store.save(ctx, writes) {
		s := states[i]
		switch {
		case w.err == nil:
			s.revision, s.stored, s.ttl = w.revision, now, writes[i].ttl
			f.leave(s, false)
			f.rest(s)
		case errors.Is(w.err, ErrConflict):
			conflicts = append(conflicts, s)
			f.leave(s, false)
			f.rest(s)
		case result.err == nil:
			result.err = w.err
		}
	}
	f.leaving = retained(f.leaving, f.waits)
	f.settle(ctx, conflicts, result)
}

// waits tells whether a state that was leaving still is.
func (f *folder) waits(s *state) bool { return s.leaving && f.states[s.key] == s }

// retained are those of some states that a condition holds for, in their order. It
// uses the same memory.
func retained(states []*state, holds func(*state) bool) []*state {
	return slices.DeleteFunc(states, func(s *state) bool { return !holds(s) })
}
