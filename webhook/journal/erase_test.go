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
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// left is what the stream of states holds of one: its envelope, the operation that
// marks it, and after how long it goes.
type left struct {
	envelope

	operation string
	ttl       string
}

func leftOf(t *testing.T, j *Journal, key StateKey) left {
	t.Helper()
	g := NewWithT(t)
	msg, err := j.state.GetLastMsgForSubject(t.Context(), j.layout.stateSubject(key))
	g.Expect(err).NotTo(HaveOccurred())
	e, err := decodeEnvelope(msg.Data)
	g.Expect(err).NotTo(HaveOccurred())
	return left{envelope: e, operation: msg.Header.Get(kvOperationHeader), ttl: msg.Header.Get(ttlHeader)}
}

// erase lets an owner erase a state of which the last entry is one to leave with.
func erase(t *testing.T, o *running, key StateKey) {
	t.Helper()
	erased := false
	NewWithT(t).Expect(o.Mutate(t.Context(), key, func(s State) bool {
		erased = s.(*tally).erase(s.(*tally).Left)
		return erased
	})).To(Succeed())
	NewWithT(t).Expect(erased).To(BeTrue())
}

// TestErase: of a state that came to hold nothing, an empty value is left while its
// entries may be read again, then a mark, then nothing. Nothing brings it back.
func TestErase(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, j *Journal) {
		t.Helper()
		g := NewWithT(t)
		key := roomKey("r")
		machine := newHolding()
		machine.hold(key.Partition, 2)
		o := runOwner(t, j, "a", machine, quick)
		deleted := make(chan StateKey, 8)
		watching := make(chan struct{})
		go func() {
			defer close(watching)
			j.Watch(t.Context(), "room", func(key StateKey, data []byte, gone bool) {
				if gone != (data == nil) {
					t.Errorf("%v: %q, deleted: %v", key, data, gone)
				}
				if gone {
					deleted <- key
				}
			})
		}()
		t.Cleanup(func() { <-watching })
		appendAll(t, j, parcel{Room: "s", Number: 1}, parcel{Room: "r", Number: 1}, parcel{Room: "r", Number: 2, Leave: true})
		flushedTo(t, o, 3)
		erase(t, o, key)
		g.Expect(o.Flush(t.Context())).To(Succeed())

		// Entry 3 may be read again, because 2 is kept.
		waits := leftOf(t, j, key)
		epoch := waits.epoch
		g.Expect(waits).To(Equal(left{
			envelope: envelope{incarnation: waits.incarnation, epoch: epoch, sequence: 3},
			ttl:      strconv.Itoa(7 * 24 * 3600),
		}))
		g.Expect(testutil.ToFloat64(j.metrics.leaving)).To(Equal(1.))
		g.Eventually(deleted).WithTimeout(10 * time.Second).Should(Receive(Equal(key)))
		gone := func() {
			t.Helper()
			data, there, err := j.State(t.Context(), key)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(there).To(BeFalse())
			g.Expect(data).To(BeNil())
			var names []string
			g.Expect(j.Scan(t.Context(), []string{"room"}, func(key StateKey, _ []byte) { names = append(names, key.Name) })).To(Succeed())
			g.Expect(names).To(Equal([]string{"s"}))
		}
		gone()

		machine.hold(key.Partition, 0)
		g.Expect(o.Flush(t.Context())).To(Succeed())
		g.Expect(leftOf(t, j, key)).To(Equal(left{envelope: waits.envelope, operation: "PURGE", ttl: "600"}))
		g.Expect(testutil.ToFloat64(j.metrics.leaving)).To(BeZero())
		g.Eventually(deleted).WithTimeout(10 * time.Second).Should(Receive(Equal(key)))
		gone()
		g.Expect(o.stop()).To(Succeed())

		// Who comes back begins anew.
		again := newTallying("room")
		o = runOwner(t, j, "a", again, quick)
		appendAll(t, j, parcel{Room: "r", Number: 3})
		flushedTo(t, o, 4)
		want := newTally()
		want.add(parcel{Room: "r", Number: 3})
		g.Expect(storedTallies(t, j, "room")).To(HaveKeyWithValue("r", want))
		g.Expect(leftOf(t, j, key).operation).To(BeEmpty())
		g.Expect(leftOf(t, j, key).epoch).To(BeNumerically(">", epoch))
		g.Eventually(func() map[StateKey]string { return again.seen(again.resumed) }).WithTimeout(10 * time.Second).Should(HaveKey(roomKey("s")))
		g.Expect(o.stop()).To(Succeed())
	})
}

// TestEraseNothing: an empty state that nobody stored before costs no write, unless
// entries made it empty, which must not be folded again.
func TestEraseNothing(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	j := openEmbedded(t, t.TempDir())
	machine := newTallying()
	o := runOwner(t, j, "a", machine, OwnerOptions{Kinds: map[string]Kind{"room": {MaxKeys: 100}}})
	nothing, wiped := roomKey("nothing"), roomKey("wiped")
	changed := func(State) bool { return true }
	g.Expect(o.Mutate(t.Context(), nothing, changed)).To(Succeed())
	g.Expect(o.Flush(t.Context())).To(Succeed())
	_, err := j.state.GetLastMsgForSubject(t.Context(), j.layout.stateSubject(nothing))
	g.Expect(err).To(MatchError(jetstream.ErrMsgNotFound))
	g.Expect(machine.seen(machine.saved)).To(HaveKey(nothing), "it is as good as stored")
	g.Expect(o.do(t.Context(), func(context.Context) error {
		g.Expect(o.folder.keys["room"]).To(BeZero())
		return nil
	})).To(Succeed())

	appendAll(t, j, parcel{Room: "wiped", Number: 1, Wipe: true})
	flushedTo(t, o, 1)
	g.Expect(leftOf(t, j, wiped).operation).To(Equal("PURGE"))
	g.Expect(leftOf(t, j, wiped).sequence).To(Equal(uint64(1)))

	// Nor does one that was stored without anybody saying so go unnoticed.
	g.Expect(o.do(t.Context(), func(ctx context.Context) error {
		f := o.folder
		defer func(before store) { f.store = before }(f.store)
		f.store = silentStore{f.store}
		key := roomKey("unconfirmed")
		g.Expect(f.mutate(ctx, key, func(s State) bool { s.(*tally).Marks++; return true })).To(Succeed())
		g.Expect(f.flush(ctx, false, time.Hour).err).To(MatchError(ErrTimeout))
		return f.mutate(ctx, key, func(s State) bool { *s.(*tally) = *newTally(); return true })
	})).To(Succeed())
	g.Eventually(func() error { return o.Flush(t.Context()) }).WithTimeout(10 * time.Second).Should(Succeed())
	g.Expect(leftOf(t, j, roomKey("unconfirmed")).operation).To(Equal("PURGE"))
	g.Expect(o.stop()).To(Succeed())
}

// silentStore stores states, and tells nobody.
type silentStore struct{ store }

func (s silentStore) save(ctx context.Context, writes []write) []written {
	results := s.store.save(ctx, writes)
	for i := range results {
		results[i] = written{err: errors.Join(ErrTimeout, results[i].err)}
	}
	return results
}

// TestErasedByFormerOwner: what one owner erased and did not come to remove the
// next one removes.
func TestErasedByFormerOwner(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, j *Journal) {
		t.Helper()
		g := NewWithT(t)
		key := roomKey("r")
		machine := newHolding()
		machine.hold(key.Partition, 1)
		o := runOwner(t, j, "a", machine, quick)
		appendAll(t, j, parcel{Room: "r", Number: 1, Leave: true}, parcel{Room: "s", Number: 1})
		flushedTo(t, o, 2)
		erase(t, o, key)
		g.Expect(o.stop()).To(Succeed())
		g.Expect(leftOf(t, j, key).operation).To(BeEmpty())

		next := newTallying("room")
		o = runOwner(t, j, "a", next, quick)
		g.Eventually(func() string { return leftOf(t, j, key).operation }).WithTimeout(10 * time.Second).Should(Equal("PURGE"))
		g.Eventually(func() map[StateKey]string { return next.seen(next.resumed) }).WithTimeout(10 * time.Second).Should(HaveKey(roomKey("s")))
		g.Expect(next.seen(next.resumed)).NotTo(HaveKey(key))
		g.Expect(o.stop()).To(Succeed())
	})
}

// TestErasedIsNotBroughtBack: a former owner, with changes in memory, finds the mark
// of its successor and stops; and a mark that it set itself is no obstacle.
func TestErasedIsNotBroughtBack(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	j := openEmbedded(t, t.TempDir())
	ctx, key := t.Context(), roomKey("r")
	entries := make([]Entry, 4)
	for i := range entries {
		entries[i] = parcel{Room: "r", Number: i + 1, Leave: i == 2}.entry()
		entries[i].Sequence = uint64(i + 1)
	}
	mark := func(s State) bool { s.(*tally).Marks++; return true }

	former := folderOf(t, j, "former", key.Partition)
	g.Expect(former.fold(ctx, entries[:2])).To(Succeed())
	g.Expect(former.flush(ctx, true, 0)).To(Equal(flushed{}))
	g.Expect(former.mutate(ctx, key, mark)).To(Succeed())
	current := folderOf(t, j, "current", key.Partition)
	g.Expect(current.fold(ctx, entries[:3])).To(Succeed())
	g.Expect(current.mutate(ctx, key, func(s State) bool { return s.(*tally).erase(3) })).To(Succeed())
	g.Expect(current.flush(ctx, true, 0)).To(Equal(flushed{}))
	g.Expect(leftOf(t, j, key).operation).To(Equal("PURGE"))

	for range 2 {
		g.Expect(former.flush(ctx, false, time.Hour)).To(Equal(flushed{lost: []int{key.Partition}}))
	}
	g.Expect(leftOf(t, j, key).operation).To(Equal("PURGE"))

	// The mark of the one before is no value of the next one's, which goes on from it.
	g.Expect(current.fold(ctx, entries[3:])).To(Succeed())
	current.states[key].revision-- // as if the mark had been set after it was read
	next := current.partitions[key.Partition]
	next.epoch++
	g.Expect(current.flush(ctx, false, time.Hour)).To(Equal(flushed{rewound: true}))
	g.Expect(next.position).To(Equal(uint64(3)))
	g.Expect(current.fold(ctx, entries[3:])).To(Succeed())
	g.Expect(current.flush(ctx, true, 0)).To(Equal(flushed{}))
	want := newTally()
	want.add(parcel{Room: "r", Number: 4})
	g.Expect(storedTallies(t, j, "room")).To(Equal(map[string]*tally{"r": want}))
}

// TestRemovalOfRemoved: a mark whose confirmation was lost, and a value that has
// expired meanwhile, are done with.
func TestRemovalOfRemoved(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	j := openEmbedded(t, t.TempDir())
	ctx := t.Context()
	for name, meanwhile := range map[string]func(*folder, StateKey){
		"marked": func(f *folder, key StateKey) {
			before := f.store
			f.store = silentStore{before}
			g.Expect(f.flush(ctx, false, time.Hour).err).To(MatchError(ErrTimeout))
			f.store = before
			g.Expect(leftOf(t, j, key).operation).To(Equal("PURGE"))
		},
		"gone": func(_ *folder, key StateKey) {
			g.Expect(j.state.Purge(ctx, jetstream.WithPurgeSubject(j.layout.stateSubject(key)))).To(Succeed())
		},
	} {
		key := roomKey(name)
		f := folderOf(t, j, "a", key.Partition)
		machine := newHolding()
		f.machine = machine
		e := parcel{Room: name, Number: 1, Wipe: true}.entry()
		e.Sequence = 1
		g.Expect(f.fold(ctx, []Entry{e})).To(Succeed())
		machine.hold(key.Partition, 1)
		g.Expect(f.flush(ctx, true, 0)).To(Equal(flushed{}))
		g.Expect(f.unsettled()).To(Equal(1))
		machine.hold(key.Partition, 0)
		f.partitions[key.Partition].checkpoint = 1
		meanwhile(f, key)
		g.Expect(f.flush(ctx, false, time.Hour)).To(Equal(flushed{}))
		g.Expect(f.unsettled()).To(BeZero())
		g.Expect(f.mutate(ctx, key, func(s State) bool { s.(*tally).Marks++; return true })).To(Succeed())
		g.Expect(f.flush(ctx, false, time.Hour)).To(Equal(flushed{}))
		data, _, err := j.State(ctx, key)
		g.Expect(err).NotTo(HaveOccurred())
		got := newTally()
		g.Expect(json.Unmarshal(data, got)).To(Succeed())
		g.Expect(got.Marks).To(Equal(1))
	}
}

// TestMarkGoesWithoutAnother: the server sets no mark of its own behind one of a
// removed value, so that the key is gone with it.
func TestMarkGoesWithoutAnother(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	j := openEmbedded(t, t.TempDir())
	f := folderOf(t, j, "a", 0)
	key := StateKey{Kind: "room", Name: "r"}
	w := f.store.save(t.Context(), []write{{key: key, value: envelope{}.appendTo(nil), mark: true, ttl: time.Second}})[0]
	g.Expect(w.err).NotTo(HaveOccurred())
	g.Eventually(func() (uint64, error) {
		info, err := j.state.Info(t.Context())
		return info.State.Msgs, err
	}).WithTimeout(10 * time.Second).Should(BeZero())
	info, err := j.state.Info(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(info.State.LastSeq).To(Equal(w.revision))
}

// TestRemovalsAreBounded: while too many empty states cannot be removed, reading
// stops.
func TestRemovalsAreBounded(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	j := openEmbedded(t, t.TempDir())
	machine := newHolding()
	o := runOwner(t, j, "a", machine, OwnerOptions{MaxDirty: 4})
	for p := range Partitions {
		machine.hold(p, 1)
	}
	for n := range 4 {
		appendAll(t, j, parcel{Room: "room-" + strconv.Itoa(n), Number: 1, Wipe: true})
	}
	held := func() (held bool) {
		_ = o.do(t.Context(), func(context.Context) error { held = o.held; return nil })
		return held
	}
	g.Eventually(held).WithTimeout(10 * time.Second).Should(BeTrue())
	appendAll(t, j, parcel{Room: "r", Number: 1})
	g.Expect(o.Flush(t.Context())).To(Succeed(), "all is stored")
	g.Expect(o.Position()).To(Equal(uint64(4)))
	g.Expect(testutil.ToFloat64(j.metrics.leaving)).To(Equal(4.))
	for p := range Partitions {
		machine.hold(p, 0)
	}
	flushedTo(t, o, 5)
	g.Expect(testutil.ToFloat64(j.metrics.leaving)).To(BeZero())
	g.Expect(o.stop()).To(Succeed())
}
