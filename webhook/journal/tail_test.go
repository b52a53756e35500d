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

	"github.com/nats-io/nats.go"
	. "github.com/onsi/gomega"
)

func TestTail(t *testing.T) {
	t.Parallel()
	sequences := func(entries []Entry) []uint64 {
		all := []uint64{}
		for _, e := range entries {
			all = append(all, e.Sequence)
		}
		return all
	}
	large := make([]byte, tailBytes/4)
	for _, c := range []struct {
		name  string
		add   []uint64
		data  []byte
		doubt bool
		next  uint64
		want  []uint64
		err   error
	}{
		{name: "nothing yet", next: 5, want: []uint64{}},
		{name: "all", add: []uint64{5, 6, 7}, next: 5, want: []uint64{5, 6, 7}},
		{name: "some were read already", add: []uint64{5, 6, 7}, next: 7, want: []uint64{7}},
		{name: "all were read already", add: []uint64{5, 6, 7}, next: 9, want: []uint64{}},
		{name: "confirmed twice", add: []uint64{5, 6, 5, 6, 7}, next: 5, want: []uint64{}, err: errMadeAnew},
		{name: "a stream that begins anew", add: []uint64{5, 6, 1, 2}, next: 7, want: []uint64{}, err: errMadeAnew},
		{name: "a gap before", add: []uint64{6, 7}, next: 5, want: []uint64{}, err: errGap},
		{name: "a gap within", add: []uint64{5, 7}, next: 5, want: []uint64{}, err: errGap},
		{name: "behind the gap", add: []uint64{5, 7}, next: 7, want: []uint64{7}},
		{name: "in doubt", add: []uint64{5}, doubt: true, next: 5, want: []uint64{}, err: errGap},
		{name: "too much", add: []uint64{1, 2, 3, 4, 5}, data: large, next: 1, want: []uint64{}, err: errGap},
		{name: "the rest of too much", add: []uint64{1, 2, 3, 4, 5}, data: large, next: 3, want: []uint64{3, 4, 5}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			end := newTail()
			for _, sequence := range c.add {
				end.add(Entry{Sequence: sequence, Data: c.data})
			}
			if c.doubt {
				end.doubt()
			}
			entries, err := end.take(c.next, nil)
			if c.err == nil {
				g.Expect(err).NotTo(HaveOccurred())
			} else {
				g.Expect(err).To(MatchError(c.err))
			}
			g.Expect(sequences(entries)).To(Equal(c.want))
			if c.doubt {
				end.trust()
				entries, err = end.take(c.next, nil)
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(sequences(entries)).To(Equal(c.add))
			}
		})
	}
}

func TestTailIsBounded(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	end := newTail()
	for sequence := uint64(1); sequence <= 3*tailEntries; sequence++ {
		end.add(Entry{Sequence: sequence})
		g.Expect(len(end.entries)).To(BeNumerically("<=", tailEntries))
	}
	g.Expect(end.holds(3 * tailEntries)).To(BeTrue())
	g.Expect(end.holds(1)).To(BeFalse())
}

// TestTailOfRepeats: what the stream holds already is no news, unless nobody here
// knows of it.
func TestTailOfRepeats(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	end := newTail()
	end.read(6)
	end.add(Entry{Sequence: 7})
	end.repeated(3)
	end.repeated(7)
	g.Expect(end.take(7, nil)).To(Equal([]Entry{{Sequence: 7}}))
	end.repeated(8)
	_, err := end.take(8, nil)
	g.Expect(err).To(MatchError(errGap))
}

// followed is an owner that takes entries from the tail.
type followed struct {
	*running

	t       *testing.T
	journal *Journal
	want    *tally
	number  int
}

func follow(t *testing.T, o OwnerOptions) *followed {
	t.Helper()
	j := openEmbedded(t, t.TempDir())
	return &followed{running: runOwner(t, j, "a", newTallying(), o), t: t, journal: j, want: newTally()}
}

// parcel is the next one, which is to be counted once.
func (f *followed) parcel() parcel {
	f.number++
	p := parcel{Room: "r", Number: f.number}
	f.want.add(p)
	return p
}

// settle waits until the server sends nothing: entries come from the tail alone.
func (f *followed) settle() {
	f.t.Helper()
	NewWithT(f.t).Eventually(func() []string {
		var names []string
		for name := range f.journal.events.ConsumerNames(f.t.Context()).Name() {
			names = append(names, name)
		}
		return names
	}).WithTimeout(10 * time.Second).Should(BeEmpty())
}

func (f *followed) reaches(sequence uint64) {
	f.t.Helper()
	NewWithT(f.t).Eventually(f.Position).WithTimeout(10 * time.Second).Should(Equal(sequence))
}

// attended makes the owner look after the stream, as it does now and then.
func (f *followed) attended() (uint64, error) {
	err := f.do(f.t.Context(), func(ctx context.Context) error { f.attend(ctx); return nil })
	return f.Position(), err
}

// secretly stores an entry whose confirmation never comes.
func (f *followed) secretly(p parcel) uint64 {
	f.t.Helper()
	g := NewWithT(f.t)
	e := p.entry()
	subject, id, err := f.journal.layout.address(&e)
	g.Expect(err).NotTo(HaveOccurred())
	ack, err := f.journal.js.PublishMsg(f.t.Context(), &nats.Msg{Subject: subject, Header: nats.Header{msgIDHeader: {id}}, Data: e.Data})
	g.Expect(err).NotTo(HaveOccurred())
	return ack.Sequence
}

// counted checks that every parcel is, once and in order.
func (f *followed) counted() {
	f.t.Helper()
	g := NewWithT(f.t)
	g.Expect(f.Flush(f.t.Context())).To(Succeed())
	g.Expect(storedTallies(f.t, f.journal, "room")).To(Equal(map[string]*tally{"r": f.want}), fmt.Sprint(f.number, " parcels"))
}

// TestConfirmationLost: entries that the stream holds although this process never
// learned it are folded in their place, both when others follow and when none
// does.
func TestConfirmationLost(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	f := follow(t, OwnerOptions{Heartbeat: time.Hour})
	for range 2 {
		f.reaches(appendAll(t, f.journal, f.parcel(), f.parcel())[1].Sequence)
		f.settle()
		f.secretly(f.parcel())
		f.reaches(appendAll(t, f.journal, f.parcel(), f.parcel())[1].Sequence)
		f.settle()
		position := f.Position()
		last := f.secretly(f.parcel())
		g.Consistently(f.Position).WithTimeout(50 * time.Millisecond).Should(Equal(position))
		g.Eventually(f.attended).WithTimeout(10 * time.Second).Should(Equal(last))
	}
	f.counted()
}

// TestRepeatAfterConfirmationLost: what counts is the entry that the stream holds,
// not the one that was handed over with the same ID.
func TestRepeatAfterConfirmationLost(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	f := follow(t, OwnerOptions{Heartbeat: time.Hour})
	f.reaches(appendAll(t, f.journal, f.parcel())[0].Sequence)
	f.settle()
	held := f.parcel()
	last := f.secretly(held)
	other := held.entry()
	other.Data = parcel{Room: "r", Number: 99}.entry().Data
	g.Expect(f.journal.Append(t.Context(), other)).To(Equal(Receipt{Sequence: last, Duplicate: true}))
	f.reaches(last)
	f.counted()
}

// TestRepeatsAfterARestart: callbacks that are repeated do not hold up the reader
// on its way through the stream.
func TestRepeatsAfterARestart(t *testing.T) {
	t.Parallel()
	dir, many := t.TempDir(), make([]parcel, 0, 3000)
	for n := 1; n <= cap(many); n++ {
		many = append(many, parcel{Room: "r", Number: n})
	}
	j := openEmbedded(t, dir)
	appendAll(t, j, many...)
	closeJournal(t, j)
	j = openEmbedded(t, dir)
	appendAll(t, j, many[1500:2900]...)
	o := runOwner(t, j, "a", newTallying(), OwnerOptions{Heartbeat: time.Hour})
	NewWithT(t).Eventually(o.Position).WithTimeout(10 * time.Second).Should(Equal(uint64(len(many))))
}

// TestFollowedStreamMadeAnew: the tail does not take the new stream for the old one.
func TestFollowedStreamMadeAnew(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	f := follow(t, OwnerOptions{Heartbeat: time.Hour})
	for range 20 {
		appendAll(t, f.journal, f.parcel())
	}
	f.reaches(20)
	g.Expect(f.Flush(t.Context())).To(Succeed())
	f.settle()
	g.Expect(f.journal.js.DeleteStream(t.Context(), f.journal.layout.entries.stream)).To(Succeed())
	_, err := f.journal.js.CreateStream(t.Context(), f.journal.eventsConfig())
	g.Expect(err).NotTo(HaveOccurred())
	for range 30 {
		appendAll(t, f.journal, f.parcel())
	}
	f.reaches(30)
	f.counted()
}
