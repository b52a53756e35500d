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
		ok    bool
	}{
		{name: "nothing yet", next: 5, want: []uint64{}, ok: true},
		{name: "all", add: []uint64{5, 6, 7}, next: 5, want: []uint64{5, 6, 7}, ok: true},
		{name: "some were read already", add: []uint64{5, 6, 7}, next: 7, want: []uint64{7}, ok: true},
		{name: "all were read already", add: []uint64{5, 6, 7}, next: 9, want: []uint64{}, ok: true},
		{name: "confirmed twice", add: []uint64{5, 6, 5, 6, 7}, next: 5, want: []uint64{5, 6, 7}, ok: true},
		{name: "a gap before", add: []uint64{6, 7}, next: 5, want: []uint64{}},
		{name: "a gap within", add: []uint64{5, 7}, next: 5, want: []uint64{}},
		{name: "behind the gap", add: []uint64{5, 7}, next: 7, want: []uint64{7}, ok: true},
		{name: "in doubt", add: []uint64{5}, doubt: true, next: 5, want: []uint64{}},
		{name: "too much", add: []uint64{1, 2, 3, 4, 5}, data: large, next: 1, want: []uint64{}},
		{name: "the rest of too much", add: []uint64{1, 2, 3, 4, 5}, data: large, next: 3, want: []uint64{3, 4, 5}, ok: true},
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
			entries, ok := end.take(c.next, nil)
			g.Expect(ok).To(Equal(c.ok))
			g.Expect(sequences(entries)).To(Equal(c.want))
			if c.doubt {
				end.trust()
				entries, ok = end.take(c.next, nil)
				g.Expect(ok).To(BeTrue())
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

// TestConfirmationLost: entries that the stream holds although this process never
// learned it are folded in their place, once, both when others follow and when
// none does.
func TestConfirmationLost(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	j := openEmbedded(t, t.TempDir())
	o := runOwner(t, j, "a", newTallying(), OwnerOptions{})
	want := newTally()
	number := 0
	next := func() parcel {
		number++
		p := parcel{Room: "r", Number: number}
		want.add(p)
		return p
	}
	secretly := func() uint64 {
		entry := next()
		e := entry.entry()
		subject, id, err := address(&e)
		g.Expect(err).NotTo(HaveOccurred())
		ack, err := j.js.PublishMsg(t.Context(), &nats.Msg{Subject: subject, Header: nats.Header{msgIDHeader: {id}}, Data: e.Data})
		g.Expect(err).NotTo(HaveOccurred())
		return ack.Sequence
	}
	for range 5 {
		last := appendAll(t, j, next(), next())[1].Sequence
		g.Eventually(o.Position).WithTimeout(10 * time.Second).Should(Equal(last))
		secretly()
		last = appendAll(t, j, next(), next())[1].Sequence
		g.Eventually(o.Position).WithTimeout(10 * time.Second).Should(Equal(last))
		last = secretly()
		g.Eventually(func() (uint64, error) {
			err := o.do(t.Context(), func(ctx context.Context) error { o.attend(ctx); return nil })
			return o.Position(), err
		}).WithTimeout(10 * time.Second).Should(Equal(last))
	}
	flushedTo(t, o, uint64(number))
	g.Expect(storedTallies(t, j, "room")).To(Equal(map[string]*tally{"r": want}), fmt.Sprint(number, " parcels"))
}
