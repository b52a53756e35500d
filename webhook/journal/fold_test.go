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
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/utils/clock"
	"pgregory.net/rapid"
)

// fate is what becomes of a write.
type fate int

const (
	succeeds fate = iota
	fails         // nothing is written
	silent        // written, but nobody confirms
)

// memoryStore is a store without a server. It checks each write: what a value
// includes, its successor includes as well.
type memoryStore struct {
	t        *rapid.T
	fate     func() fate
	revision uint64
	states   map[StateKey]stored
	records  [Partitions]storedRecord
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
			m.check(w.key, have, w.value)
			m.states[w.key] = stored{present: true, revision: revision, value: w.value}
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

func (m *memoryStore) check(key StateKey, have stored, value []byte) {
	after := m.tally(value)
	for id, n := range after.Times {
		if n != 1 {
			m.t.Fatalf("%v counts %s %d times", key, id, n)
		}
	}
	if after.Disorder != 0 {
		m.t.Fatalf("%v folded out of order", key)
	}
	if !have.present {
		return
	}
	before := m.tally(have.value)
	for id := range before.Times {
		if after.Times[id] == 0 {
			m.t.Fatalf("%v loses %s", key, id)
		}
	}
	if after.Marks < before.Marks {
		m.t.Fatalf("%v loses a mutation", key)
	}
}

func (m *memoryStore) tally(value []byte) *tally {
	e, err := decodeEnvelope(value)
	t := newTally()
	if err == nil {
		err = json.Unmarshal(e.data, t)
	}
	if err != nil {
		m.t.Fatalf("a stored value: %v", err)
	}
	return t
}

// member is an owner without its goroutines: a folder and a reader.
type member struct {
	*folder

	next uint64
}

// world is several members on one journal.
type world struct {
	t       *rapid.T
	store   *memoryStore
	entries []Entry
	numbers map[string]int
	members []*member
	names   int
}

var foldRooms, foldUsers = []string{"r0", "r1", "r2"}, []string{"u0", "u1"}

func foldPartitions() []int {
	var all []int
	for _, name := range append(append([]string{}, foldRooms...), foldUsers...) {
		all = append(all, Partition(name))
	}
	return all
}

func (w *world) join() *member {
	w.names++
	f := newFolder(fmt.Sprintf("member-%d", w.names), newTallying(), w.store, clock.RealClock{}, logr.Discard(), newMetrics("events"),
		OwnerOptions{MaxStates: 2})
	f.incarnation = 1
	return &member{folder: f, next: 1}
}

// owners believe that they own something.
func (w *world) owners() []*member {
	var owners []*member
	for _, m := range w.members {
		if m.owned() > 0 {
			owners = append(owners, m)
		}
	}
	return owners
}

func (w *world) append(room, user string) {
	sender := room + "/" + user
	w.numbers[sender]++
	e := parcel{Room: room, User: user, Number: w.numbers[sender]}.entry()
	e.Sequence = uint64(len(w.entries)) + 1
	w.entries = append(w.entries, e)
}

// seek does what the owner's seek does.
func (m *member) seek() {
	if position, found := m.position(); found && m.next > position+1 {
		m.next = position + 1
	}
}

func (m *member) read(entries []Entry, n int) {
	if _, found := m.position(); !found || m.next > uint64(len(entries)) {
		return
	}
	batch := entries[m.next-1 : min(int(m.next)-1+n, len(entries))]
	if m.fold(context.Background(), batch) == nil {
		m.next += uint64(len(batch))
	}
}

func (m *member) storeAll() {
	result := m.flush(context.Background(), true, time.Hour)
	for _, p := range result.lost {
		if m.partitions[p] != nil {
			m.lose(p)
		}
	}
	m.seek()
}

func (m *member) claim(p int) {
	if m.partitions[p] != nil {
		return
	}
	_, _ = m.acquire(context.Background(), []int{p}, func(string) bool { return false })
	m.seek()
}

// TestFoldExactlyOnce lets members come, go, lose partitions without knowing,
// fail to write, and write without being told so. In the end, each entry is in
// each of its states once, in order, and on the way nothing stored is undone.
func TestFoldExactlyOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := &world{t: t, numbers: map[string]int{}}
		trouble := true
		w.store = &memoryStore{t: t, states: map[StateKey]stored{}, fate: func() fate {
			if !trouble {
				return succeeds
			}
			return rapid.SampledFrom([]fate{succeeds, succeeds, succeeds, succeeds, fails, silent}).Draw(t, "fate")
		}}
		for range 3 {
			w.members = append(w.members, w.join())
		}
		for _, p := range foldPartitions() {
			w.members[0].claim(p)
		}
		anyone := func() *member {
			// Mostly one that has something to do.
			if owners := w.owners(); len(owners) > 0 && rapid.IntRange(0, 9).Draw(t, "idle") > 0 {
				return owners[rapid.IntRange(0, len(owners)-1).Draw(t, "owner")]
			}
			return w.members[rapid.IntRange(0, len(w.members)-1).Draw(t, "member")]
		}
		some := func() int { return rapid.SampledFrom(foldPartitions()).Draw(t, "partition") }
		t.Repeat(map[string]func(*rapid.T){
			"append": func(t *rapid.T) {
				for range rapid.IntRange(1, 4).Draw(t, "entries") {
					w.append(rapid.SampledFrom(foldRooms).Draw(t, "room"), rapid.SampledFrom(append(foldUsers, "")).Draw(t, "user"))
				}
			},
			"fold": func(t *rapid.T) { anyone().read(w.entries, rapid.IntRange(1, 5).Draw(t, "batch")) },
			"work": func(t *rapid.T) {
				m := anyone()
				m.read(w.entries, rapid.IntRange(1, 9).Draw(t, "batch"))
				m.storeAll()
			},
			"flush": func(*rapid.T) { anyone().storeAll() },
			"take":  func(*rapid.T) { anyone().claim(some()) },
			"release": func(*rapid.T) {
				m, p := anyone(), some()
				if m.partitions[p] != nil {
					_ = m.release(context.Background(), []int{p})
					m.lose(p)
				}
			},
			"mutate": func(t *rapid.T) {
				_ = anyone().mutate(context.Background(), roomKey(rapid.SampledFrom(foldRooms).Draw(t, "room")), func(s State) bool {
					s.(*tally).Marks++
					return true
				})
			},
			"crash": func(t *rapid.T) {
				if rapid.IntRange(0, 3).Draw(t, "luck") > 0 {
					return
				}
				i := rapid.IntRange(0, len(w.members)-1).Draw(t, "index")
				w.members[i] = w.join()
			},
		})
		trouble = false
		w.settle()
	})
}

// settle lets one member take everything and fold to the end, while those that
// do not know yet write as often as they like.
func (w *world) settle() {
	last := w.members[0]
	for _, p := range foldPartitions() {
		if last.partitions[p] != nil {
			last.lose(p) // taken anew, in case somebody else has it
		}
		last.claim(p)
	}
	want := uint64(len(w.entries))
	for round := 0; ; round++ {
		for _, m := range w.members {
			m.read(w.entries, len(w.entries)+1)
			m.storeAll()
		}
		done := len(last.dirty) == 0
		for _, p := range foldPartitions() {
			if last.partitions[p] == nil {
				w.t.Fatalf("partition %d was lost to a member that had lost it", p)
			}
			done = done && (want == 0 || last.partitions[p].checkpoint == want)
		}
		if done {
			break
		}
		if round == 20 {
			w.t.Fatalf("there is no end: position %d of %d, %d dirty", last.next, want, len(last.dirty))
		}
	}
	expected := map[StateKey]*tally{}
	for i := range w.entries {
		for _, key := range (&tallying{}).Touch(&w.entries[i]) {
			if expected[key] == nil {
				expected[key] = newTally()
			}
			(&tallying{}).Apply(key, expected[key], &w.entries[i])
		}
	}
	for key, want := range expected {
		got := w.store.tally(w.store.states[key].value)
		got.Marks = 0
		a, _ := json.Marshal(got)
		b, _ := json.Marshal(want)
		if string(a) != string(b) {
			w.t.Fatalf("%s %s: got %s, want %s", key.Kind, strconv.Quote(key.Name), a, b)
		}
	}
}
