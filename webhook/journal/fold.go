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
	"fmt"
	"math"
	"time"

	"github.com/go-logr/logr"
	"github.com/hashicorp/golang-lru/v2/simplelru"
	"k8s.io/utils/clock"
)

// folder holds the states of the partitions that this member owns. It knows
// nothing of servers, readers and goroutines: it is given entries in order, and
// told when to store what changed.
type folder struct {
	member      string
	machine     Machine
	store       store
	clock       clock.PassiveClock
	log         logr.Logger
	metrics     *metrics
	kinds       map[string]Kind
	maxStates   int
	incarnation uint64        // of the stream
	eraseAfter  time.Duration // when an empty value goes that nobody removes

	partitions [Partitions]*partition // nil: not owned
	states     map[StateKey]*state
	clean      *simplelru.LRU[StateKey, *state] // those of states that may be forgotten
	dirty      []*state
	leaving    []*state       // those whose stored value is empty and waits to be removed
	keys       map[string]int // stored and yet to be stored, of kinds with a limit
	touches    []touch        // reused
}

// partition is one that this member owns.
type partition struct {
	epoch      uint64
	revision   uint64 // of its record
	checkpoint uint64 // as recorded
	position   uint64 // all entries up to it are folded
	active     bool   // an entry touched it since its checkpoint was recorded
	recalled   bool   // all of its stored states have been shown to the machine
	recorded   time.Time
}

// state is one that is kept in memory.
type state struct {
	key       StateKey
	state     State
	revision  uint64 // of the stored value; 0 when there is none
	sequence  uint64 // of the last entry that it includes
	dirty     bool
	since     uint64             // first entry that the stored value lacks; 0 when it lacks only mutations
	mutations []func(State) bool // that the stored value lacks
	stored    time.Time          // when the stored value was written
	ttl       time.Duration      // after which it expires; 0: never
	leaving   bool               // the stored value is empty and waits to be removed
	unsure    bool               // a write that was not confirmed may have stored a value
	counted   bool               // among the keys of its kind
	dropped   bool               // entries are not counted: too many keys, or not readable
}

// touch is an entry that may change a state.
type touch struct {
	entry int
	key   StateKey
}

func newFolder(member string, machine Machine, s store, clk clock.PassiveClock, log logr.Logger, m *metrics, o OwnerOptions) *folder {
	f := &folder{
		member: member, machine: machine, store: s, clock: clk, log: log, metrics: m, kinds: o.Kinds, maxStates: o.MaxStates,
		states: map[StateKey]*state{}, keys: map[string]int{},
	}
	// The list is bounded by evict, which counts the dirty ones, too.
	f.clean, _ = simplelru.NewLRU[StateKey, *state](math.MaxInt, nil) // fails for sizes below 1 only
	return f
}

// fold folds entries, which are in the order of the stream and follow what was
// folded before. After an error nothing is folded, and it may be tried again.
func (f *folder) fold(ctx context.Context, entries []Entry) error {
	if len(entries) == 0 {
		return nil
	}
	f.touches = f.touches[:0]
	for i := range entries {
		for _, key := range f.machine.Touch(&entries[i]) {
			if p := f.partitions[key.Partition]; p != nil && entries[i].Sequence > p.position {
				f.touches = append(f.touches, touch{entry: i, key: key})
			}
		}
	}
	if err := f.fetch(ctx); err != nil {
		return err
	}
	for _, t := range f.touches {
		f.partitions[t.key.Partition].active = true
		f.apply(f.states[t.key], &entries[t.entry])
	}
	last := entries[len(entries)-1].Sequence
	for _, p := range f.partitions {
		if p != nil {
			p.position = max(p.position, last)
		}
	}
	f.metrics.folded.Add(float64(len(entries)))
	f.evict()
	return nil
}

func (f *folder) apply(s *state, entry *Entry) {
	if entry.Sequence <= s.sequence || s.dropped {
		return
	}
	if f.over(s) {
		s.dropped = true
		f.metrics.dropped.WithLabelValues(s.key.Kind).Inc()
		return
	}
	if f.machine.Apply(s.key, s.state, entry) {
		if s.since == 0 {
			s.since = entry.Sequence
		}
		f.soil(s)
	}
	s.sequence = entry.Sequence
}

// soil marks a state as changed.
func (f *folder) soil(s *state) {
	if !s.dirty {
		s.dirty = true
		f.clean.Remove(s.key)
		f.dirty = append(f.dirty, s)
	}
	if s.revision == 0 && !s.counted {
		s.counted = true
		f.keys[s.key.Kind]++
	}
}

// over tells whether a state would be one key too many of its kind. Each
// partition brings its part of the kind's limit.
func (f *folder) over(s *state) bool {
	limit := f.kinds[s.key.Kind].MaxKeys
	return limit > 0 && s.revision == 0 && !s.counted && f.keys[s.key.Kind] >= limit*f.owned()/Partitions
}

func (f *folder) owned() int {
	n := 0
	for _, p := range f.partitions {
		if p != nil {
			n++
		}
	}
	return n
}

// fetch loads the states of all touches that are not in memory.
func (f *folder) fetch(ctx context.Context) error {
	var missing []StateKey
	var asked map[StateKey]bool
	now := f.clock.Now()
	for _, t := range f.touches {
		if s := f.states[t.key]; s != nil {
			if s.dirty {
				continue
			}
			if !f.stale(s, now) {
				f.clean.Get(t.key) // it was used
				continue
			}
			f.forget(s)
		}
		if !asked[t.key] {
			if asked == nil {
				asked = map[StateKey]bool{}
			}
			asked[t.key] = true
			missing = append(missing, t.key)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	values, err := f.store.load(ctx, missing)
	if err != nil {
		return fmt.Errorf("loading states: %w", err)
	}
	for i, key := range missing {
		f.keep(key, values[i])
	}
	return nil
}

// stale tells whether the stored value of a clean state has expired, so that the
// one in memory has to go as well; and whether a key that was one too many may be
// asked for again.
func (f *folder) stale(s *state, now time.Time) bool {
	if s.dropped {
		return s.revision == 0 && !f.over(s)
	}
	return s.ttl > 0 && s.revision > 0 && now.Sub(s.stored) >= s.ttl
}

// keep puts a loaded value into memory.
func (f *folder) keep(key StateKey, v stored) *state {
	s := &state{key: key}
	f.adopt(s, v)
	f.states[key] = s
	f.rest(s)
	return s
}

// adopt makes a state what is stored.
func (f *folder) adopt(s *state, v stored) {
	var e envelope
	var err error
	if v.present {
		e, err = decodeEnvelope(v.value)
	}
	if err == nil {
		s.state, err = f.machine.Load(s.key, e.data)
	}
	if err != nil {
		f.log.Error(err, "A stored state cannot be read; its entries are not counted",
			"kind", s.key.Kind, "partition", s.key.Partition)
		s.dropped = true
	}
	s.revision, s.stored, s.sequence = v.revision, v.time, e.in(f.incarnation)
	s.ttl = f.kinds[s.key.Kind].TTL
	erased := err == nil && v.present && len(e.data) == 0 && empty(s.state)
	switch {
	case erased && v.mark:
		s.ttl = markerTTL
	case erased:
		s.ttl = f.eraseAfter
	}
	f.leave(s, erased && !v.mark)
}

// forget drops a clean state from memory.
func (f *folder) forget(s *state) {
	f.clean.Remove(s.key)
	delete(f.states, s.key)
}

// evict forgets the states that were not used for the longest time.
func (f *folder) evict() {
	for len(f.states) > f.maxStates {
		key, _, ok := f.clean.RemoveOldest()
		if !ok {
			break
		}
		delete(f.states, key)
	}
	f.metrics.kept.Set(float64(len(f.states)))
	f.metrics.dirty.Set(float64(len(f.dirty)))
	f.metrics.leaving.Set(float64(len(f.leaving)))
}

// mutate changes a state other than by an entry.
func (f *folder) mutate(ctx context.Context, key StateKey, fn func(State) bool) error {
	if f.partitions[key.Partition] == nil {
		return ErrNotOwned
	}
	f.touches = append(f.touches[:0], touch{key: key})
	if err := f.fetch(ctx); err != nil {
		return err
	}
	s := f.states[key]
	if s.dropped || f.over(s) {
		return ErrNotCounted
	}
	if fn(s.state) {
		s.mutations = append(s.mutations, fn)
		f.soil(s)
	}
	f.evict()
	return nil
}

// position is the sequence from which on entries are needed, less one; it
// reports false when no partition is owned.
func (f *folder) position() (uint64, bool) {
	lowest, found := uint64(math.MaxUint64), false
	for _, p := range f.partitions {
		if p != nil {
			lowest, found = min(lowest, p.position), true
		}
	}
	return lowest, found
}

// recount takes over how many keys of a kind are stored in the owned partitions.
func (f *folder) recount(kind string, keys int) {
	for _, s := range f.dirty {
		if s.key.Kind == kind && s.revision == 0 {
			keys++
		}
	}
	f.keys[kind] = keys
}
