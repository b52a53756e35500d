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
	"flag"
	"fmt"
	"maps"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	. "github.com/onsi/gomega"
	"go.uber.org/goleak"
)

// TestMain also is the processes that tests start and kill.
func TestMain(m *testing.M) {
	for variable, program := range map[string]func(string) error{childEnv: appendUntilKilled, nodeEnv: serveUntilKilled} {
		argument := os.Getenv(variable)
		if argument == "" {
			continue
		}
		if err := program(argument); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	flag.Parse()
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		// The property is cheap to check, and what it is to find is rare.
		if err := f.Value.Set("1000"); err != nil {
			panic(err)
		}
	}
	goleak.VerifyTestMain(m)
}

// parcel is what the tests put into an entry: which number of which sender.
type parcel struct {
	Room   string `json:"room"`
	User   string `json:"user,omitempty"`
	Number int    `json:"n"`
	// Leave lets tally.erase forget what there was, until something else comes.
	Leave bool `json:"leave,omitempty"`
	// Wipe forgets it at once, with itself.
	Wipe bool `json:"wipe,omitempty"`
}

func (p parcel) entry() Entry {
	data, err := json.Marshal(p)
	if err != nil {
		panic(err)
	}
	return Entry{ID: fmt.Sprintf("%s/%s/%d", p.Room, p.User, p.Number), First: p.Room, Second: p.User, Data: data}
}

// tally is a state that knows which parcels it has seen, how often, and in which
// order.
type tally struct {
	Times map[string]int `json:"times"`
	Last  map[string]int `json:"last"`
	// Disorder counts parcels that came after a later one of the same sender.
	Disorder int `json:"disorder,omitempty"`
	// Marks are set by Mutate.
	Marks int `json:"marks,omitempty"`
	// Left is the sequence of the last parcel, if that is one to leave with.
	Left uint64 `json:"left,omitempty"`
}

// Empty implements Erasable.
func (t *tally) Empty() bool { return len(t.Times) == 0 && t.Marks == 0 }

// Pressing implements Pressing, of half of all tallies.
func (t *tally) Pressing() bool { return (len(t.Times)+t.Marks)%2 == 0 }

// erase forgets everything of who left with a parcel and did not come back.
func (t *tally) erase(left uint64) bool {
	if left == 0 || t.Left != left {
		return false
	}
	*t = *newTally()
	return true
}

func (t *tally) AppendState(b []byte) ([]byte, error) {
	data, err := json.Marshal(t)
	return append(b, data...), err
}

func (t *tally) add(p parcel) {
	sender := p.Room + "/" + p.User
	if p.Number <= t.Last[sender] {
		t.Disorder++
	}
	t.Last[sender] = p.Number
	t.Times[fmt.Sprintf("%s/%d", sender, p.Number)]++
}

func newTally() *tally { return &tally{Times: map[string]int{}, Last: map[string]int{}} }

// tallying folds parcels into the tallies of their room and of their user.
type tallying struct {
	resume []string
	// decode fails when set, as for a value of a later version.
	unreadable func(StateKey) bool

	mu      sync.Mutex
	saved   map[StateKey]string
	resumed map[StateKey]string
}

func newTallying(resume ...string) *tallying {
	return &tallying{resume: resume, saved: map[StateKey]string{}, resumed: map[StateKey]string{}}
}

func roomKey(name string) StateKey {
	return StateKey{Kind: "room", Name: name, Partition: Partition(name)}
}

func userKey(name string) StateKey {
	return StateKey{Kind: "user", Name: name, Partition: Partition(name)}
}

func (*tallying) Touch(e *Entry) []StateKey {
	var p parcel
	if err := json.Unmarshal(e.Data, &p); err != nil {
		return nil
	}
	keys := []StateKey{roomKey(p.Room)}
	if p.User != "" {
		keys = append(keys, userKey(p.User))
	}
	return keys
}

func (m *tallying) Load(key StateKey, data []byte) (State, error) {
	t := newTally()
	if data == nil {
		return t, nil
	}
	if m.unreadable != nil && m.unreadable(key) {
		return nil, fmt.Errorf("state %s is of a later version", key.Name)
	}
	return t, json.Unmarshal(data, t)
}

func (*tallying) Apply(_ StateKey, s State, e *Entry) bool {
	var p parcel
	if err := json.Unmarshal(e.Data, &p); err != nil {
		return false
	}
	t := s.(*tally)
	if p.Wipe {
		*t = *newTally()
		return true
	}
	t.add(p)
	if t.Left = 0; p.Leave {
		t.Left = e.Sequence
	}
	return true
}

func (m *tallying) Saved(key StateKey, s State) { m.note(m.saved, key, s) }

func (m *tallying) Resume(key StateKey, s State) { m.note(m.resumed, key, s) }

func (m *tallying) ResumeKinds() []string { return m.resume }

func (m *tallying) note(in map[StateKey]string, key StateKey, s State) {
	data, err := s.AppendState(nil)
	if err != nil {
		panic(err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	in[key] = string(data)
}

func (m *tallying) seen(in map[StateKey]string) map[StateKey]string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(in)
}

// holding keeps entries that a test names.
type holding struct {
	*tallying

	mu     sync.Mutex
	oldest map[int]uint64 // by partition
}

func newHolding(resume ...string) *holding {
	return &holding{tallying: newTallying(resume...), oldest: map[int]uint64{}}
}

// hold keeps a partition's entries from a sequence on; 0 means none.
func (h *holding) hold(partition int, sequence uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.oldest[partition] = sequence
}

// Oldest implements Keeper.
func (h *holding) Oldest(partition int) (uint64, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	sequence := h.oldest[partition]
	return sequence, sequence > 0
}

// openEmbedded opens a journal in a directory and closes it with the test.
func openEmbedded(t *testing.T, dir string, change ...func(*Options)) *Journal {
	t.Helper()
	o := Options{Embedded: &Embedded{Dir: dir}, Events: EventLimits{MaxBytes: 256 << 20}, StateMaxBytes: 64 << 20}
	for _, c := range change {
		c(&o)
	}
	j, err := Open(t.Context(), o)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { closeJournal(t, j) })
	return j
}

func closeJournal(t *testing.T, j *Journal) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	NewWithT(t).Expect(j.Close(ctx)).To(Succeed())
}

// running is an owner in a goroutine.
type running struct {
	*Owner

	cancel context.CancelFunc
	done   chan error
	once   sync.Once
	err    error
}

func (r *running) stop() error {
	r.cancel()
	r.once.Do(func() { r.err = <-r.done })
	return r.err
}

// runOwner starts an owner that ends with the test.
func runOwner(t *testing.T, j *Journal, member string, m Machine, o OwnerOptions) *running {
	t.Helper()
	setDefault(&o.FlushInterval, 20*time.Millisecond)
	owner, err := NewOwner(j, member, m, o)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{Owner: owner, cancel: cancel, done: make(chan error, 1)}
	go func() { r.done <- owner.Run(ctx) }()
	t.Cleanup(func() { _ = r.stop() })
	return r
}

// appendAll appends parcels, one after the other.
func appendAll(t *testing.T, j *Journal, parcels ...parcel) []Receipt {
	t.Helper()
	receipts := make([]Receipt, len(parcels))
	for i, p := range parcels {
		r, err := j.Append(t.Context(), p.entry())
		NewWithT(t).Expect(err).NotTo(HaveOccurred())
		receipts[i] = r
	}
	return receipts
}

// flushed waits until an owner has folded everything up to a sequence, and
// stores it.
func flushedTo(t *testing.T, o *running, sequence uint64) {
	t.Helper()
	g := NewWithT(t)
	g.Eventually(o.Position).WithTimeout(10 * time.Second).WithPolling(2 * time.Millisecond).Should(BeNumerically(">=", sequence))
	g.Expect(o.Flush(t.Context())).To(Succeed())
}

// storedTallies reads all stored states of a kind by their names.
func storedTallies(t *testing.T, j *Journal, kind string) map[string]*tally {
	t.Helper()
	g := NewWithT(t)
	all := map[string]*tally{}
	collect := func(msg jetstream.Msg) {
		if deleted(msg.Headers()) {
			return
		}
		key, err := j.layout.stateKey(msg.Subject())
		g.Expect(err).NotTo(HaveOccurred())
		e, err := decodeEnvelope(msg.Data())
		g.Expect(err).NotTo(HaveOccurred())
		if e.data == nil {
			return
		}
		s := newTally()
		g.Expect(json.Unmarshal(e.data, s)).To(Succeed())
		all[key.Name] = s
	}
	g.Eventually(func() error {
		clear(all)
		return j.scan(t.Context(), []string{j.layout.statesOf("*", kind)}, collect)
	}).WithTimeout(20 * time.Second).Should(Succeed())
	return all
}
