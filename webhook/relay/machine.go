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

// Package relay passes messages between the customers of WeChat Official Accounts
// and agents in IM. What to do is decided in package conversation; here it is
// done: entries are written, customers are loaded and stored by an owner of the
// log RELAY, IM and WeChat are called.
package relay

import (
	"sync"

	"github.com/go-logr/logr"
	"k8s.io/utils/clock"

	"github.com/liveroom-io/liveroom-operator/webhook/journal"
	"github.com/liveroom-io/liveroom-operator/webhook/relay/conversation"
)

// Kinds of states. They are part of what is stored.
const (
	// Customers are what the relay knows of each customer.
	Customers = "customer"
	// Tallies are the numbers of the customers of one account in one partition.
	Tallies = "tally"
)

// machine folds the log RELAY. It implements journal.Machine, journal.Keeper and journal.Recaller;
// the owner calls it from one goroutine at a time.
type machine struct {
	log   logr.Logger
	clock clock.PassiveClock
	books *books
	// look is told of a customer for whom something may have to be done.
	look func(key string, c *conversation.Customer)
	// heard is told of every push that is folded.
	heard func(partition int, e *conversation.Entry)
	// grown is told of the totals before and after every entry.
	grown func(before, after conversation.Totals)

	decoded [slots]decoded

	mu     sync.Mutex
	oldest [journal.Partitions]map[string]uint64 // sequences that customers refer to
}

// slots of decoded entries: an entry is needed again when it is applied.
const slots = 1024

type decoded struct {
	sequence uint64
	id       string // a log that was made anew has the same sequences
	entry    *conversation.Entry
}

// entry decodes an entry once; nil is one that cannot be read.
func (m *machine) entry(stored *journal.Entry) *conversation.Entry {
	slot := &m.decoded[stored.Sequence%slots]
	if slot.sequence != stored.Sequence || slot.id != stored.ID {
		e, err := conversation.DecodeEntry(stored.Data)
		if err != nil {
			m.log.Error(err, "An entry of the relay is left out", "sequence", stored.Sequence)
			e = nil
		}
		*slot = decoded{sequence: stored.Sequence, id: stored.ID, entry: e}
	}
	return slot.entry
}

func customerKey(key string) journal.StateKey {
	return journal.StateKey{Kind: Customers, Name: key, Partition: journal.Partition(key)}
}

// Touch implements journal.Machine.
func (m *machine) Touch(entry *journal.Entry) []journal.StateKey {
	e := m.entry(entry)
	if e == nil {
		return nil
	}
	return []journal.StateKey{customerKey(e.Key())}
}

// Load implements journal.Machine.
func (m *machine) Load(key journal.StateKey, data []byte) (journal.State, error) {
	if key.Kind == Tallies {
		return loadTally(data)
	}
	return conversation.Load(key.Name, data)
}

// Apply implements journal.Machine.
func (m *machine) Apply(key journal.StateKey, state journal.State, entry *journal.Entry) bool {
	c, ok := state.(*conversation.Customer)
	if !ok {
		return false
	}
	e := m.entry(entry)
	if e == nil {
		return false
	}
	before := c.Totals
	changed := c.Apply(entry.Sequence, e)
	m.grown(before, c.Totals)
	m.keep(key, c)
	if e.Inbound != nil {
		m.heard(key.Partition, e)
	}
	m.look(key.Name, c)
	return changed
}

// Saved implements journal.Machine.
func (m *machine) Saved(key journal.StateKey, state journal.State) {
	c, ok := state.(*conversation.Customer)
	if !ok {
		return
	}
	c.MarkStored()
	m.keep(key, c)
	m.books.enter(key, c)
	m.look(key.Name, c)
}

// ResumeKinds implements journal.Machine.
func (m *machine) ResumeKinds() []string { return []string{Customers} }

// Resume implements journal.Machine.
func (m *machine) Resume(key journal.StateKey, state journal.State) {
	c, ok := state.(*conversation.Customer)
	if !ok {
		return
	}
	m.keep(key, c)
	m.books.resume(key, c)
	m.look(key.Name, c)
}

// Recalled implements journal.Recaller.
func (m *machine) Recalled(partition int) { m.books.recalled(partition) }

// keep notes which entries a customer refers to.
func (m *machine) keep(key journal.StateKey, c *conversation.Customer) {
	sequence, some := c.Oldest()
	m.mu.Lock()
	defer m.mu.Unlock()
	if !some {
		delete(m.oldest[key.Partition], key.Name)
		return
	}
	if m.oldest[key.Partition] == nil {
		m.oldest[key.Partition] = map[string]uint64{}
	}
	m.oldest[key.Partition][key.Name] = sequence
}

// Oldest implements journal.Keeper.
func (m *machine) Oldest(partition int) (sequence uint64, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, one := range m.oldest[partition] {
		if !ok || one < sequence {
			sequence, ok = one, true
		}
	}
	return sequence, ok
}

// leave forgets a partition that another member has.
func (m *machine) leave(partition int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.oldest[partition] = nil
}
