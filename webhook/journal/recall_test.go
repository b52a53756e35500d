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
	"testing"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/gomega"
	"k8s.io/utils/clock"
)

// members are owners of one partition that share a store in memory.
func members(t *testing.T, entries ...parcel) (all []Entry, join func(name string, machine Machine) *folder) {
	t.Helper()
	for i, p := range entries {
		e := p.entry()
		e.Sequence = uint64(i + 1)
		all = append(all, e)
	}
	store := &memoryStore{t: t, fate: func() fate { return succeeds }, states: map[StateKey]stored{}, entries: &all, erased: map[StateKey]int{}}
	return all, func(name string, machine Machine) *folder {
		f := newFolder(name, machine, store, clock.RealClock{}, logr.Discard(), newMetrics("events"), OwnerOptions{MaxStates: 10})
		f.incarnation, f.eraseAfter = 1, time.Hour
		gained, err := f.acquire(t.Context(), []int{roomKey("r").Partition}, func(string) bool { return false })
		NewWithT(t).Expect(err).NotTo(HaveOccurred())
		NewWithT(t).Expect(gained).To(HaveLen(1))
		return f
	}
}

// TestRecallBeforeLettingGo: which entries the states of a partition refer to is
// known when all of them have been shown. Until then none is let go, although every
// state includes all of them.
func TestRecallBeforeLettingGo(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	entries, join := members(t, parcel{Room: "r", Number: 1}, parcel{Room: "r", Number: 2}, parcel{Room: "r", Number: 3})
	partition := roomKey("r").Partition
	former := newHolding()
	a := join("a", former)
	a.partitions[partition].recalled = true
	former.hold(partition, 2)
	g.Expect(a.fold(t.Context(), entries)).To(Succeed())
	g.Expect(a.flush(t.Context(), true, 0).err).NotTo(HaveOccurred())
	g.Expect(a.partitions[partition].checkpoint).To(Equal(uint64(1)))

	next := newHolding()
	b := join("b", next)
	g.Expect(b.fold(t.Context(), entries[1:])).To(Succeed())
	g.Expect(b.flush(t.Context(), true, 0).err).NotTo(HaveOccurred())
	g.Expect(b.partitions[partition].checkpoint).To(Equal(uint64(1)), "nobody has said that 2 is not needed any more")
	next.hold(partition, 2)
	b.partitions[partition].recalled = true
	g.Expect(b.flush(t.Context(), true, 0).err).NotTo(HaveOccurred())
	g.Expect(b.partitions[partition].checkpoint).To(Equal(uint64(1)))
	next.hold(partition, 0)
	g.Expect(b.flush(t.Context(), true, 0).err).NotTo(HaveOccurred())
	g.Expect(b.partitions[partition].checkpoint).To(Equal(uint64(3)))
}

// TestTellsOfAdopted: an owner that takes over a former owner's last value, with
// nothing of its own left to store, tells the machine, which would otherwise wait for
// ever to hear that something is stored.
func TestTellsOfAdopted(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	entries, join := members(t, parcel{Room: "r", Number: 1})
	key := roomKey("r")
	a := join("a", newTallying())
	g.Expect(a.fold(t.Context(), entries)).To(Succeed())
	g.Expect(a.flush(t.Context(), true, 0).err).NotTo(HaveOccurred())
	seen := newTallying()
	b := join("b", seen) // a is taken for dead
	once := true
	g.Expect(b.mutate(t.Context(), key, func(State) bool {
		changed := once // on the former owner's value there is nothing to do
		once = false
		return changed
	})).To(Succeed())
	g.Expect(a.mutate(t.Context(), key, func(State) bool { return true })).To(Succeed())
	g.Expect(a.press(t.Context(), a.dirty).err).NotTo(HaveOccurred(), "a writes once more")
	g.Expect(b.press(t.Context(), b.dirty).err).NotTo(HaveOccurred())
	g.Expect(b.dirty).To(BeEmpty())
	g.Expect(seen.seen(seen.resumed)).To(HaveKey(key))
}

// recalling hears of partitions whose states have been shown.
type recalling struct {
	*tallying

	partitions chan int
}

func (r recalling) Recalled(partition int) { r.partitions <- partition }

// TestRecalled: the machine is told once for each partition, after its states.
func TestRecalled(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, j *Journal) {
		t.Helper()
		g := NewWithT(t)
		o := runOwner(t, j, "a", newTallying(), quick)
		all, _ := parcelsOf("r", 1, 3)
		appendAll(t, j, all...)
		flushedTo(t, o, 3)
		g.Expect(o.stop()).To(Succeed())
		machine := recalling{newTallying("room"), make(chan int, 2*Partitions)}
		o = runOwner(t, j, "a", machine, quick)
		told := map[int]bool{}
		for len(told) < Partitions {
			var partition int
			g.Eventually(machine.partitions).WithTimeout(10 * time.Second).Should(Receive(&partition))
			told[partition] = true
			if partition == roomKey("r").Partition {
				g.Expect(machine.seen(machine.resumed)).To(HaveKey(roomKey("r")))
			}
		}
		g.Expect(o.stop()).To(Succeed())
		g.Expect(machine.partitions).To(BeEmpty())
	})
}
