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
	"errors"
	"sync"
	"sync/atomic"
)

const (
	// tailEntries and tailBytes bound what is held of the end of the stream.
	tailEntries = 4096
	tailBytes   = 4 << 20
)

// tail holds the last entries that this process appended, in the order of the
// stream and without a gap. Where this process has the only server, nobody else
// appends, and its owner takes entries from here as soon as they are confirmed
// instead of having the server send each of them back.
//
// The stream alone decides: an entry is here only after the server confirmed its
// sequence, and whoever finds a gap, or has reason to doubt, reads the stream.
type tail struct {
	mu        sync.Mutex
	entries   []Entry // with consecutive sequences
	bytes     int
	confirmed uint64        // the highest sequence that was confirmed to be new
	known     uint64        // the highest sequence that was confirmed or read
	anew      bool          // the stream has been made anew
	more      chan struct{} // holds a token after something changed
	doubted   atomic.Bool
	claimed   atomic.Bool
}

func newTail() *tail { return &tail{more: make(chan struct{}, 1)} }

// claim makes the caller the only one who takes from the tail, unless somebody
// else is; a nil tail has nothing to claim.
func (t *tail) claim() bool { return t != nil && t.claimed.CompareAndSwap(false, true) }

func (t *tail) release() { t.claimed.Store(false) }

// add notes a new entry that was confirmed.
func (t *tail) add(e Entry) {
	t.mu.Lock()
	if n := len(t.entries); n > 0 && e.Sequence != t.entries[n-1].Sequence+1 {
		t.drop(n)
	}
	if e.Sequence <= t.confirmed {
		t.anew = true
	}
	t.confirmed, t.known = e.Sequence, max(t.known, e.Sequence)
	t.entries = append(t.entries, e)
	t.bytes += len(e.Data)
	if len(t.entries) > tailEntries || t.bytes > tailBytes {
		// A quarter at once, so that not every entry moves all others.
		t.drop(len(t.entries)/4 + 1)
	}
	t.mu.Unlock()
	t.tell()
}

// repeated notes that the stream holds an entry already. What it holds is not
// known: two reports of one thing may differ.
func (t *tail) repeated(sequence uint64) {
	t.mu.Lock()
	news := sequence > t.known
	t.mu.Unlock()
	if news {
		t.doubt()
	}
}

// read notes how far the stream was read.
func (t *tail) read(sequence uint64) {
	t.mu.Lock()
	t.known = max(t.known, sequence)
	t.mu.Unlock()
}

// drop forgets the first entries.
func (t *tail) drop(n int) {
	for i := range t.entries[:n] {
		t.bytes -= len(t.entries[i].Data)
	}
	rest := copy(t.entries, t.entries[n:])
	clear(t.entries[rest:])
	t.entries = t.entries[:rest]
}

// doubt says that the stream may hold an entry that was not confirmed here.
func (t *tail) doubt() {
	t.doubted.Store(true)
	t.tell()
}

// trust ends all doubts so far: the stream is about to be read, by somebody who
// knows which one it is.
func (t *tail) trust() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.doubted.Store(false)
	if t.anew {
		t.anew, t.known = false, t.confirmed
	}
}

func (t *tail) tell() {
	select {
	case t.more <- struct{}{}:
	default:
	}
}

// take appends to into the entries from a sequence on, which are then no longer
// held. The error says why the stream has to be read for them instead.
func (t *tail) take(next uint64, into []Entry) ([]Entry, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.anew:
		return into, errMadeAnew
	case t.doubted.Load():
		return into, errGap
	case len(t.entries) == 0:
		return into, nil
	}
	first := t.entries[0].Sequence
	if first > next {
		return into, errGap
	}
	skip := min(int(next-first), len(t.entries))
	into = append(into, t.entries[skip:]...)
	clear(t.entries)
	t.entries, t.bytes = t.entries[:0], 0
	return into, nil
}

var (
	// errGap: the stream may hold an entry that the tail does not.
	errGap = errors.New("an entry is missing")
	// errMadeAnew: a sequence was given a second time.
	errMadeAnew = errors.New("the stream was made anew")
)

// holds reports whether the entry with a sequence is here.
func (t *tail) holds(sequence uint64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := len(t.entries)
	return n > 0 && t.entries[0].Sequence <= sequence && sequence <= t.entries[n-1].Sequence
}
