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
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/utils/clock"
	"pgregory.net/rapid"
)

// member is an owner without its goroutines: a folder and a reader.
type member struct {
	*folder

	next uint64
}

// world is several members on one journal.
type world struct {
	t       *rapid.T
	store   *memoryStore
	holding *holding // what the members keep
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

func foldKeys() []StateKey {
	var all []StateKey
	for _, name := range foldRooms {
		all = append(all, roomKey(name))
	}
	for _, name := range foldUsers {
		all = append(all, userKey(name))
	}
	return all
}

func (w *world) join() *member {
	w.names++
	f := newFolder(fmt.Sprintf("member-%d", w.names), w.holding, w.store, clock.RealClock{}, logr.Discard(), newMetrics("events"),
		OwnerOptions{MaxStates: 2})
	f.incarnation, f.eraseAfter = 1, time.Hour
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

func (w *world) append(p parcel) {
	sender := p.Room + "/" + p.User
	w.numbers[sender]++
	p.Number = w.numbers[sender]
	e := p.entry()
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

func (m *member) storeAll() { m.conclude(m.flush(context.Background(), true, time.Hour)) }

func (m *member) storePressing() { m.conclude(m.press(context.Background(), m.pressing())) }

func (m *member) conclude(result flushed) {
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

// recall: all states of what the member owns have been shown.
func (m *member) recall() {
	for _, p := range m.partitions {
		if p != nil {
			p.recalled = true
		}
	}
}

// TestFoldExactlyOnce lets members come, go, lose partitions without knowing,
// erase states, fail to write, and write without being told so. In the end, each
// entry is in each of its states once, in order, from the last erasure on, and on
// the way nothing stored is undone.
func TestFoldExactlyOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, foldExactlyOnce)
}

func foldExactlyOnce(t *rapid.T) {
	w := &world{t: t, holding: newHolding(), numbers: map[string]int{}}
	trouble := true
	w.store = &memoryStore{
		t: t, states: map[StateKey]stored{}, entries: &w.entries, erased: map[StateKey]int{},
		fate: func() fate {
			if !trouble {
				return succeeds
			}
			return rapid.SampledFrom([]fate{succeeds, succeeds, succeeds, succeeds, fails, silent}).Draw(t, "fate")
		},
	}
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
				kind := rapid.IntRange(0, 9).Draw(t, "kind")
				w.append(parcel{
					Room: rapid.SampledFrom(foldRooms).Draw(t, "room"), User: rapid.SampledFrom(append(foldUsers, "")).Draw(t, "user"),
					Leave: kind > 5 && kind < 9, Wipe: kind == 9,
				})
			}
		},
		"fold": func(t *rapid.T) { anyone().read(w.entries, rapid.IntRange(1, 5).Draw(t, "batch")) },
		"work": func(t *rapid.T) {
			m := anyone()
			m.read(w.entries, rapid.IntRange(1, 9).Draw(t, "batch"))
			m.storeAll()
		},
		"flush":  func(*rapid.T) { anyone().storeAll() },
		"recall": func(*rapid.T) { anyone().recall() },
		"press":  func(*rapid.T) { anyone().storePressing() },
		"take":   func(*rapid.T) { anyone().claim(some()) },
		"overtake": func(t *rapid.T) {
			former, next := anyone(), w.members[rapid.IntRange(0, len(w.members)-1).Draw(t, "next")]
			former.read(w.entries, rapid.IntRange(1, 9).Draw(t, "batch"))
			next.claim(some())
			next.read(w.entries, len(w.entries))
			next.storeAll()
			for range rapid.IntRange(0, 2).Draw(t, "stores") {
				former.storeAll()
			}
		},
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
		"erase": func(t *rapid.T) {
			m := anyone()
			var some []StateKey
			for _, key := range foldKeys() {
				if s := m.states[key]; s != nil && s.state.(*tally).Left > 0 {
					some = append(some, key)
				}
			}
			if len(some) == 0 {
				some = foldKeys()
			}
			var left uint64 // decided once, though it may be done twice
			_ = m.mutate(context.Background(), rapid.SampledFrom(some).Draw(t, "key"), func(s State) bool {
				if left == 0 {
					left = s.(*tally).Left
				}
				return s.(*tally).erase(left)
			})
		},
		"hold": func(t *rapid.T) {
			w.holding.hold(some(), uint64(rapid.IntRange(0, len(w.entries)).Draw(t, "oldest")))
		},
		"expire": func(*rapid.T) {
			// A member that was away for so long knows that it has lost.
			p, believers, current := some(), 0, false
			for _, m := range w.members {
				if own := m.partitions[p]; own != nil {
					believers++
					current = current || own.epoch == w.store.records[p].Epoch
				}
			}
			if believers == 0 || believers == 1 && current {
				w.store.expire(p)
			}
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
}

// settle lets one member take everything and fold to the end, while those that
// do not know yet write as often as they like.
func (w *world) settle() {
	last := w.members[0]
	for _, p := range foldPartitions() {
		w.holding.hold(p, 0)
		if last.partitions[p] != nil {
			last.lose(p) // taken anew, in case somebody else has it
		}
		last.claim(p)
	}
	last.recall()
	want := uint64(len(w.entries))
	for round := 0; ; round++ {
		for _, m := range w.members {
			m.read(w.entries, len(w.entries)+1)
			m.storeAll()
		}
		done := len(last.dirty) == 0 && len(last.leaving) == 0
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
			w.t.Fatalf("there is no end: position %d of %d, %d dirty, %d leaving", last.next, want, len(last.dirty), len(last.leaving))
		}
	}
	for _, key := range foldKeys() {
		t := newTally()
		if v := w.store.states[key]; v.present {
			t, _ = w.store.tally(v.value)
		}
		w.store.includes(key, t, want)
	}
}
