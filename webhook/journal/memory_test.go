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
	"encoding/json"
	"maps"
	"slices"

	"pgregory.net/rapid"
)

// fate is what becomes of a write.
type fate int

const (
	succeeds fate = iota
	fails         // nothing is written
	silent        // written, but nobody confirms
)

// memoryStore is a store without a server. It checks each write: a value includes
// its entries up to the last one from the first one after an erasure, each once, and
// what was erased does not come back.
type memoryStore struct {
	t        rapid.TB
	fate     func() fate
	revision uint64
	states   map[StateKey]stored
	records  [Partitions]storedRecord

	entries *[]Entry         // all that there are
	erased  map[StateKey]int // how many of a state's entries were erased
}

func (m *memoryStore) load(_ context.Context, keys []StateKey) ([]stored, error) {
	if m.fate() != succeeds {
		return nil, ErrUnavailable
	}
	values := make([]stored, len(keys))
	for i, key := range keys {
		values[i] = m.states[key]
	}
	return values, nil
}

func (m *memoryStore) save(_ context.Context, writes []write) []written {
	results := make([]written, len(writes))
	for i, w := range writes {
		have := m.states[w.key]
		results[i] = m.write(have.revision == w.revision, func(revision uint64) {
			m.check(have, w)
			m.states[w.key] = stored{present: true, revision: revision, value: w.value, mark: w.mark}
		})
	}
	return results
}

func (m *memoryStore) loadRecords(_ context.Context, partitions []int) ([]storedRecord, error) {
	if m.fate() != succeeds {
		return nil, ErrUnavailable
	}
	records := make([]storedRecord, len(partitions))
	for i, p := range partitions {
		records[i] = m.records[p]
	}
	return records, nil
}

func (m *memoryStore) saveRecords(_ context.Context, writes []recordWrite) []written {
	results := make([]written, len(writes))
	for i, w := range writes {
		have := m.records[w.partition]
		results[i] = m.write(have.revision == w.revision, func(revision uint64) {
			if w.Checkpoint < have.Checkpoint {
				m.t.Fatalf("the checkpoint of %d goes back from %d to %d", w.partition, have.Checkpoint, w.Checkpoint)
			}
			m.records[w.partition] = storedRecord{record: w.record, revision: revision}
		})
	}
	return results
}

func (m *memoryStore) write(expected bool, apply func(uint64)) written {
	outcome := m.fate()
	if outcome == fails {
		return written{err: ErrTimeout}
	}
	if !expected {
		return written{err: ErrConflict}
	}
	m.revision++
	apply(m.revision)
	if outcome == silent {
		return written{err: ErrTimeout}
	}
	return written{revision: m.revision}
}

func (m *memoryStore) check(have stored, w write) {
	t, e := m.tally(w.value)
	if w.empty != (e.data == nil) && !w.mark {
		m.t.Fatalf("%v is stored with %q", w.key, e.data)
	}
	checkpoint := m.records[w.key.Partition].Checkpoint
	if w.mark && (e.data != nil || checkpoint < e.sequence) {
		m.t.Fatalf("%v is removed with %q, entry %d at checkpoint %d", w.key, e.data, e.sequence, checkpoint)
	}
	erased := m.includes(w.key, t, max(e.sequence, checkpoint))
	if have.present {
		before, _ := m.tally(have.value)
		if erased == m.erased[w.key] && t.Marks < before.Marks {
			m.t.Fatalf("%v loses a mutation", w.key)
		}
	}
	m.erased[w.key] = erased
}

// includes checks that a tally is that of the state's entries up to a sequence,
// behind a point at which they could be erased. It returns how many were.
func (m *memoryStore) includes(key StateKey, t *tally, sequence uint64) int {
	var all []parcel
	least := 0
	for i := range *m.entries {
		e := &(*m.entries)[i]
		if e.Sequence > sequence || !slices.Contains((&tallying{}).Touch(e), key) {
			continue
		}
		var p parcel
		if err := json.Unmarshal(e.Data, &p); err != nil {
			m.t.Fatal(err)
		}
		all = append(all, p)
		if p.Wipe {
			least = len(all)
		}
	}
	erased := len(all) - len(t.Times)
	if erased < max(least, m.erased[key]) || erased > least && !all[erased-1].Leave {
		m.t.Fatalf("%v holds %d of %d entries up to %d, of which %d were erased", key, len(t.Times), len(all), sequence, m.erased[key])
	}
	want := newTally()
	for _, p := range all[erased:] {
		want.add(p)
	}
	if !maps.Equal(t.Times, want.Times) || t.Disorder > 0 {
		m.t.Fatalf("%v holds %v, want %v", key, t, want)
	}
	return erased
}

// expire drops the marks of a partition, as the server does in the end.
func (m *memoryStore) expire(partition int) {
	for key, v := range m.states {
		if key.Partition == partition && v.mark {
			delete(m.states, key)
		}
	}
}

func (m *memoryStore) tally(value []byte) (*tally, envelope) {
	t := newTally()
	e, err := decodeEnvelope(value)
	if err == nil && e.data != nil {
		err = json.Unmarshal(e.data, t)
	}
	if err != nil {
		m.t.Fatalf("a stored value: %v", err)
	}
	return t, e
}
