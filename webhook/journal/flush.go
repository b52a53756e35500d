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
	"time"
)

// flushed is what became of an attempt to store everything.
type flushed struct {
	lost    []int // partitions that another member has taken
	rewound bool  // some partitions have to be read again from their checkpoint
	err     error // why something is not stored
}

// flush stores the states that changed, then the checkpoints that this allows, and
// removes the empty values that these allow to remove. With all set it also records
// the progress of partitions in which nothing happened. What could not be stored
// stays as it is, for the next time.
func (f *folder) flush(ctx context.Context, all bool, idle time.Duration) flushed {
	var result flushed
	f.flushStates(ctx, &result)
	f.flushRecords(ctx, all, idle, &result)
	f.flushRemovals(ctx, &result)
	f.evict()
	if result.err != nil {
		f.metrics.failures.Inc()
	}
	slices.Sort(result.lost)
	result.lost = slices.Compact(result.lost)
	return result
}

func (f *folder) flushStates(ctx context.Context, result *flushed) {
	f.storeStates(ctx, f.dirty, result)
}

// pressing are those of the states that changed for which somebody may be waiting.
func (f *folder) pressing() []*state {
	var batch []*state
	for _, s := range f.dirty {
		if pressing, ok := s.state.(Pressing); ok && pressing.Pressing() {
			batch = append(batch, s)
		}
	}
	return batch
}

// press stores some of the states that changed. Checkpoints and removals are left to
// the next flush.
func (f *folder) press(ctx context.Context, batch []*state) flushed {
	var result flushed
	f.storeStates(ctx, batch, &result)
	f.leaving = retained(f.leaving, f.waits)
	return result
}

func (f *folder) storeStates(ctx context.Context, batch []*state, result *flushed) {
	if len(batch) == 0 {
		return
	}
	writes := make([]write, 0, len(batch))
	states := make([]*state, 0, len(batch))
	var saved []*state
	for _, s := range batch {
		w, err := f.encode(s)
		switch {
		case err != nil:
			result.err = errors.Join(result.err, err)
		case w.empty && needless(s):
			f.uncount(s)
			f.rest(s)
			saved = append(saved, s)
		default:
			writes, states = append(writes, w), append(states, s)
		}
	}
	now := f.clock.Now()
	var conflicts []*state
	for i, w := range f.store.save(ctx, writes) {
		s := states[i]
		switch {
		case w.err == nil:
			s.revision, s.stored, s.ttl = w.revision, now, writes[i].ttl
			f.leave(s, writes[i].empty)
			f.rest(s)
			saved = append(saved, s)
		case errors.Is(w.err, ErrConflict):
			conflicts = append(conflicts, s)
		default:
			s.unsure = true
			if result.err == nil {
				result.err = w.err
			}
		}
	}
	// The states that are still dirty; before Saved, which is the caller's.
	f.dirty = keepDirty(f.dirty)
	for _, s := range saved {
		f.machine.Saved(s.key, s.state)
	}
	f.settle(ctx, conflicts, result)
}

func keepDirty(states []*state) []*state {
	var kept []*state
	for _, s := range states {
		if s.dirty {
			kept = append(kept, s)
		}
	}
	return kept
}

func (f *folder) encode(s *state) (write, error) {
	w := write{key: s.key, revision: s.revision}
	if w.empty = empty(s.state); w.empty {
		w.value, w.ttl = f.envelope(s, nil), f.eraseAfter
		return w, nil
	}
	data, err := s.state.AppendState(nil)
	w.value, w.ttl = f.envelope(s, data), f.kinds[s.key.Kind].TTL
	return w, err
}

// envelope is what is stored of a state with this data.
func (f *folder) envelope(s *state, data []byte) []byte {
	e := envelope{incarnation: f.incarnation, epoch: f.partitions[s.key.Partition].epoch, sequence: s.sequence, data: data}
	return e.appendTo(make([]byte, 0, len(data)+32))
}

// rest notes that what is stored is the state in memory.
func (f *folder) rest(s *state) {
	s.dirty, s.since, s.mutations = false, 0, nil
	if !s.leaving {
		f.clean.Add(s.key, s)
	}
}

// settle deals with values that someone else wrote since this member read them.
// By the epoch that is in the value:
//
//   - a later one: the partition has a new owner, and this member is not it;
//   - the same: it was this member's own write, whose confirmation was lost, and
//     the state in memory goes on from it;
//   - an earlier one: a former owner wrote once more after this member had read.
//     Its value is a true one, too, because all owners fold the same entries in
//     the same order. This member folds on from it, and reads entries that it does
//     not include once more. Nothing stored is ever overwritten by a value that
//     was not made from it.
//
// The mark of a removed value is a value in this, an empty one.
func (f *folder) settle(ctx context.Context, conflicts []*state, result *flushed) {
	if len(conflicts) == 0 {
		return
	}
	f.metrics.conflicts.Add(float64(len(conflicts)))
	keys := make([]StateKey, len(conflicts))
	for i, s := range conflicts {
		keys[i] = s.key
	}
	values, err := f.store.load(ctx, keys)
	if err != nil {
		result.err = errors.Join(result.err, err)
		return
	}
	for i, s := range conflicts {
		f.resolve(s, values[i], result)
	}
	f.dirty = keepDirty(f.dirty)
}

func (f *folder) resolve(s *state, v stored, result *flushed) {
	p := f.partitions[s.key.Partition]
	if !v.present {
		// It expired, or somebody deleted it, while this member had it.
		f.rebase(s, v.revision)
		return
	}
	e, err := decodeEnvelope(v.value)
	switch {
	case err != nil:
		// Not ours to overwrite.
		f.adopt(s, v)
		f.rest(s)
	case e.epoch > p.epoch:
		result.lost = append(result.lost, s.key.Partition)
	case e.epoch == p.epoch:
		f.rebase(s, v.revision)
	default:
		f.follow(s, v, p, result)
	}
}

// rebase makes a value the one that the state in memory goes on from. A state
// without changes has nothing to go on with: it was to be removed, and is.
func (f *folder) rebase(s *state, revision uint64) {
	s.revision = revision
	if !s.dirty {
		f.forget(s)
	}
}

// follow takes a former owner's value and repeats on it what was done to the
// state in memory.
func (f *folder) follow(s *state, v stored, p *partition, result *flushed) {
	included, mutations := s.sequence, s.mutations
	f.adopt(s, v)
	f.rest(s)
	if s.dropped {
		return
	}
	for _, fn := range mutations {
		if fn(s.state) {
			s.mutations = append(s.mutations, fn)
		}
	}
	if len(s.mutations) > 0 {
		f.soil(s)
	} else if !empty(s.state) {
		// Nothing is left to store, so nobody would be told of it.
		f.machine.Resume(s.key, s.state)
	}
	if s.sequence < included {
		p.position, p.active = p.checkpoint, true
		result.rewound = true
	}
}
