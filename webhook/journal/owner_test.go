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
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	. "github.com/onsi/gomega"
)

func TestOwnerFoldsInOrderAndOnce(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	dir := t.TempDir()
	j := openEmbedded(t, dir)
	o := runOwner(t, j, "a", newTallying(), OwnerOptions{})
	var want []parcel
	for n := 1; n <= 200; n++ {
		want = append(want, parcel{Room: fmt.Sprintf("room-%d", n%5), User: fmt.Sprintf("user-%d", n%7), Number: n})
	}
	last := appendAll(t, j, want...)[len(want)-1]
	again := appendAll(t, j, want[:20]...)
	flushedTo(t, o, last.Sequence)
	g.Expect(again[0]).To(Equal(Receipt{Sequence: 1, Duplicate: true}))
	g.Expect(last).To(Equal(Receipt{Sequence: 200}))

	rooms, users := map[string]*tally{}, map[string]*tally{}
	for _, p := range want {
		for _, in := range []struct {
			all  map[string]*tally
			name string
		}{{rooms, p.Room}, {users, p.User}} {
			if in.all[in.name] == nil {
				in.all[in.name] = newTally()
			}
			in.all[in.name].add(p)
		}
	}
	g.Expect(storedTallies(t, j, "room")).To(Equal(rooms))
	g.Expect(storedTallies(t, j, "user")).To(Equal(users))
	g.Expect(o.stop()).To(Succeed())
}

// TestSideEffects: Saved sees what is stored, Mutate records that it was done, and
// Resume sees it after a restart.
func TestSideEffects(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	j := openEmbedded(t, t.TempDir())
	machine := newTallying("room")
	o := runOwner(t, j, "a", machine, OwnerOptions{FlushInterval: time.Hour})
	for n := 1; n <= 300; n++ {
		appendAll(t, j, parcel{Room: fmt.Sprint("room-", n), User: "u", Number: n})
	}
	g.Eventually(o.Position).Should(Equal(uint64(300)))
	g.Expect(machine.seen(machine.saved)).To(BeEmpty(), "nothing is stored yet")
	g.Expect(o.Flush(t.Context())).To(Succeed())
	g.Expect(machine.seen(machine.saved)).To(HaveLen(301))
	mark := func(s State) bool { s.(*tally).Marks++; return true }
	g.Expect(o.Mutate(t.Context(), roomKey("room-7"), mark)).To(Succeed())
	g.Expect(o.Mutate(t.Context(), roomKey("room-8"), func(State) bool { return false })).To(Succeed())
	g.Expect(o.Mutate(t.Context(), roomKey("unheard of"), mark)).To(Succeed())
	g.Expect(o.Owns(Partition("room-7"))).To(BeTrue())
	g.Expect(o.stop()).To(Succeed())
	g.Expect(o.Owns(Partition("room-7"))).To(BeFalse())
	g.Expect(o.Mutate(t.Context(), roomKey("room-7"), mark)).To(MatchError(ErrStopped))
	g.Expect(o.Run(t.Context())).NotTo(Succeed(), "once only")

	machine = newTallying("room")
	runOwner(t, j, "b", machine, OwnerOptions{FlushInterval: time.Hour})
	g.Eventually(func() int { return len(machine.seen(machine.resumed)) }).WithTimeout(10 * time.Second).Should(Equal(301))
	want := newTally()
	want.add(parcel{Room: "room-7", User: "u", Number: 7})
	want.Marks = 1
	data, err := want.AppendState(nil)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(machine.seen(machine.resumed)).To(HaveKeyWithValue(roomKey("room-7"), string(data)))
	g.Expect(machine.seen(machine.resumed)).NotTo(HaveKey(userKey("u")), "not a kind to resume")
	g.Expect(machine.seen(machine.saved)).To(BeEmpty())
}

// TestQuiet: without entries nothing is written, apart from the records that
// bring idle partitions up to the end of the stream.
func TestQuiet(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	j := openEmbedded(t, t.TempDir())
	o := runOwner(t, j, "a", newTallying(), OwnerOptions{})
	appendAll(t, j, parcel{Room: "r", Number: 1}, parcel{Room: "r", Number: 2})
	flushedTo(t, o, 2)
	written := func() []uint64 {
		var all []uint64
		for _, s := range []jetstream.Stream{j.state, j.records, j.members} {
			info, err := s.Info(t.Context())
			g.Expect(err).NotTo(HaveOccurred())
			all = append(all, info.State.LastSeq)
		}
		return all
	}
	before := written()
	for range 5 {
		g.Expect(o.Flush(t.Context())).To(Succeed())
		g.Expect(o.do(t.Context(), func(ctx context.Context) error { o.attend(ctx); return nil })).To(Succeed())
	}
	g.Expect(written()).To(Equal(before))
	g.Expect(o.Lag()).To(BeZero())
}

func TestNames(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	l := eventsLayout()
	for _, key := range []StateKey{
		{Kind: "room", Name: "7c9f-12", Partition: 31},
		{Kind: "user", Name: "1400000000/观众.*>", Partition: 0},
		{Kind: "user", Name: "", Partition: 5},
	} {
		g.Expect(l.stateKey(l.stateSubject(key))).To(Equal(key))
	}
	for _, subject := range []string{"", "$KV.STATE.1.room", "$KV.STATE.32.room.eA", "$KV.STATE.-1.room.eA", "$KV.STATE.1.room.*"} {
		_, err := l.stateKey(subject)
		g.Expect(err).To(HaveOccurred(), subject)
	}
	g.Expect(func() { _ = l.stateSubject(StateKey{Kind: "a.b"}) }).To(Panic())
	_, err := NewOwner(&Journal{}, "", newTallying(), OwnerOptions{})
	g.Expect(err).To(HaveOccurred())
	_, err = NewOwner(&Journal{}, "a", newTallying(), OwnerOptions{Kinds: map[string]Kind{"room": {TTL: time.Millisecond}}})
	g.Expect(err).To(HaveOccurred())
}

func FuzzEnvelope(f *testing.F) {
	f.Add(envelope{incarnation: 1, epoch: 2, sequence: 300, data: []byte("x")}.appendTo(nil))
	f.Add([]byte{envelopeVersion, 0x80})
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := decodeEnvelope(b)
		if err != nil {
			return
		}
		again, err := decodeEnvelope(e.appendTo(nil))
		if err != nil || again.incarnation != e.incarnation || again.epoch != e.epoch ||
			again.sequence != e.sequence || !bytes.Equal(again.data, e.data) {
			t.Fatalf("%+v became %+v, %v", e, again, err)
		}
	})
}
