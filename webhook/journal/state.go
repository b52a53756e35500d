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
	"encoding/binary"
	"errors"
)

// StateKey names a state.
type StateKey struct {
	// Kind of the state, of letters, digits, '-' and '_'.
	Kind string
	// Name within the kind; any text.
	Name string
	// Partition that the state belongs to: that of the entry's First or Second key.
	Partition int
}

// State is what entries are folded into. Only the owner's loop touches it.
type State interface {
	// AppendState appends the state's encoding, which Machine.Load reads back. One
	// without bytes is taken for no state by those who watch and scan.
	AppendState([]byte) ([]byte, error)
}

// Erasable is a State that may come to hold nothing, as that of a person who is to
// be forgotten. At first its stored value holds no data any more, only up to which
// entry it was folded, so that none before is folded again. When the partition's
// checkpoint has come that far the value is removed, and ten minutes later the key
// is gone as well. Watches take it for deleted at once, and Machine.Load gets nil.
// What a Keeper keeps holds that up. An empty value that nobody removes, because its
// owner was killed in between, goes after the MaxAge of entries.
type Erasable interface {
	State

	// Empty reports whether nothing is known: the state is as one that Machine.Load
	// makes from nil. Nothing is written for one that was not stored before and that
	// no entry changed.
	Empty() bool
}

// Pressing is a State for which somebody may be waiting until it is stored. Others
// can wait for the next flush: what entries did to them is in the log.
type Pressing interface {
	State

	Pressing() bool
}

// Keeper is a Machine with states that refer to entries, by their sequence,
// which they will ask for with Journal.Entry.
type Keeper interface {
	Machine

	// Oldest is the lowest such sequence in a partition; it reports false when there
	// is none. That entry and all after it are kept. Before Resume has shown all
	// states of a partition nothing of it is let go.
	Oldest(partition int) (sequence uint64, ok bool)
}

// Recaller is a Machine that wants to know when Resume has shown all stored states of
// a partition that was taken over.
type Recaller interface {
	Machine

	// Recalled is told of such a partition. It must not block.
	Recalled(partition int)
}

// Machine is the pure part of folding: what an entry does to states. The owner
// calls its methods one at a time. What it does must depend on the state and the
// entry alone, because entries are folded again after a crash.
type Machine interface {
	// Touch names the states that the entry may change.
	Touch(*Entry) []StateKey
	// Load decodes a state; nil data means a new one. A state that it cannot read
	// is left as it is stored, and its entries are not counted.
	Load(StateKey, []byte) (State, error)
	// Apply folds the entry into the state and reports whether it changed. It is
	// called in the order of the journal, once for each state and entry as far as
	// the stored values know.
	Apply(StateKey, State, *Entry) (changed bool)
	// Saved is called with a state whose present value has just been stored. Side
	// effects start here; it must not block or change the state.
	Saved(StateKey, State)
	// ResumeKinds are the kinds whose stored states Resume wants to see.
	ResumeKinds() []string
	// Resume is called in the background with each stored state of those kinds when
	// their partition is taken over, so that side effects that a former owner
	// started are finished. It is called at least once for each, between calls of
	// the other methods, and must not block or change the state. When other states
	// are stored meanwhile it may come with an older value than Saved just did.
	Resume(StateKey, State)
}

// envelope is a state as it is stored.
type envelope struct {
	incarnation uint64 // of the stream that sequence counts in
	epoch       uint64 // of the owner that wrote it
	sequence    uint64 // of the last entry that the value includes
	data        []byte
}

// envelopeVersion is the first byte, so that the layout can change.
const envelopeVersion = 1

var errEnvelope = errors.New("a stored state is not understood")

func (e envelope) appendTo(b []byte) []byte {
	b = append(b, envelopeVersion)
	b = binary.AppendUvarint(b, e.incarnation)
	b = binary.AppendUvarint(b, e.epoch)
	b = binary.AppendUvarint(b, e.sequence)
	return append(b, e.data...)
}

func decodeEnvelope(b []byte) (envelope, error) {
	if len(b) == 0 || b[0] != envelopeVersion {
		return envelope{}, errEnvelope
	}
	b = b[1:]
	var e envelope
	for _, field := range []*uint64{&e.incarnation, &e.epoch, &e.sequence} {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			return envelope{}, errEnvelope
		}
		*field, b = v, b[n:]
	}
	if len(b) > 0 { // nothing is left of a state that was erased
		e.data = b
	}
	return e, nil
}

// in is the sequence in a given incarnation of the stream: a value from before
// the stream was made anew includes nothing of it.
func (e envelope) in(incarnation uint64) uint64 {
	if e.incarnation != incarnation {
		return 0
	}
	return e.sequence
}
