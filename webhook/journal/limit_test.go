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
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus/testutil"
	clocktesting "k8s.io/utils/clock/testing"
)

// TestFull: a full stream refuses what is new and drops nothing; it takes entries
// again when folded ones have been removed.
func TestFull(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	clk := clocktesting.NewFakeClock(time.Now())
	j := openEmbedded(t, t.TempDir(), func(o *Options) { o.Events.MaxBytes, o.Clock = 64<<10, clk })
	stored := 0
	var err error
	for ; err == nil; stored++ {
		_, err = j.Append(t.Context(), parcel{Room: fmt.Sprint(stored % 50), Number: stored + 1}.entry())
	}
	stored--
	g.Expect(err).To(MatchError(ErrFull))
	g.Expect(j.Ready()).To(MatchError(ErrFull))
	clk.Step(troubleWindow)
	g.Expect(j.Ready()).To(Succeed(), "no traffic, no trouble")

	o := runOwner(t, j, "a", newTallying(), OwnerOptions{})
	flushedTo(t, o, uint64(stored))
	removed, err := o.purge(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(removed).To(BeZero(), "within the duplicate window")
	clk.Step(3 * time.Minute) // the ticker of the purge runs as well
	g.Eventually(func() error {
		_, err := j.Append(t.Context(), parcel{Room: "0", Number: stored + 1}.entry())
		return err
	}).WithTimeout(10 * time.Second).Should(Succeed())
	g.Expect(j.Ready()).To(Succeed())
	flushedTo(t, o, uint64(stored)+1)
	total := 0
	for _, tally := range storedTallies(t, j, "room") {
		total += len(tally.Times)
	}
	g.Expect(total).To(Equal(stored + 1))
	g.Expect(testutil.ToFloat64(j.metrics.purged)).To(BeNumerically(">=", stored))
}

// TestPurgeKeepsDuplicateWindow: after a restart the server knows the IDs of the
// entries that it still has.
func TestPurgeKeepsDuplicateWindow(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	dir := t.TempDir()
	clk := clocktesting.NewFakeClock(time.Now())
	open := func() (*Journal, *running) {
		j := openEmbedded(t, dir, func(o *Options) { o.Clock = clk })
		return j, runOwner(t, j, "a", newTallying(), OwnerOptions{})
	}
	j, o := open()
	var parcels []parcel
	for n := 1; n <= 20; n++ {
		parcels = append(parcels, parcel{Room: "r", Number: n})
	}
	appendAll(t, j, parcels...)
	flushedTo(t, o, 20)
	g.Expect(o.purge(t.Context())).To(BeZero())
	g.Expect(o.stop()).To(Succeed())
	closeJournal(t, j)

	j, o = open()
	for i, r := range appendAll(t, j, parcels...) {
		g.Expect(r).To(Equal(Receipt{Sequence: uint64(i + 1), Duplicate: true}))
	}
	g.Eventually(o.Partitions).Should(HaveLen(Partitions))
	j.options.Events.DuplicateWindow = 0
	o.options.PurgeMargin = -time.Hour // all of them are old
	g.Expect(o.purge(t.Context())).To(Equal(uint64(20)))
	info, err := j.events.Info(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(info.State.Msgs).To(BeZero())

	// What is not folded stays, however old it is.
	g.Expect(o.stop()).To(Succeed())
	appendAll(t, j, parcel{Room: "r", Number: 21})
	g.Expect(o.purge(t.Context())).To(BeZero())
}

// TestNewerThan compares the search with a plain one.
func TestNewerThan(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	j := openEmbedded(t, t.TempDir())
	var times []time.Time
	for n := 1; n <= 9; n++ {
		appendAll(t, j, parcel{Room: "r", Number: n})
		msg, err := j.events.GetMsg(t.Context(), uint64(n))
		g.Expect(err).NotTo(HaveOccurred())
		times = append(times, msg.Time)
	}
	for high := uint64(0); high <= 9; high++ {
		for i, at := range times {
			got, err := newerThan(t.Context(), j.events, at, 1, high)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(got).To(Equal(min(uint64(i)+1, high+1)))
		}
	}
}

// TestExpiry: an idle state goes, the watch learns of it, and a later entry
// begins anew, although the owner had the state in memory.
func TestExpiry(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	j := openEmbedded(t, t.TempDir())
	o := runOwner(t, j, "a", newTallying(), OwnerOptions{Kinds: map[string]Kind{"room": {TTL: time.Second}}})
	type change struct {
		name    string
		parcels int
		deleted bool
	}
	changes := make(chan change, 100)
	watching := make(chan struct{})
	go func() {
		defer close(watching)
		j.Watch(t.Context(), "room", func(key StateKey, data []byte, deleted bool) {
			c := change{name: key.Name, deleted: deleted}
			if !deleted {
				var s tally
				if err := json.Unmarshal(data, &s); err != nil {
					t.Error(err)
				}
				c.parcels = len(s.Times)
			}
			changes <- c
		})
	}()
	t.Cleanup(func() { <-watching })
	appendAll(t, j, parcel{Room: "r", Number: 1}, parcel{Room: "r", Number: 2})
	flushedTo(t, o, 2)
	g.Eventually(changes).WithTimeout(5 * time.Second).Should(Receive(Equal(change{name: "r", parcels: 2})))
	g.Eventually(changes).WithTimeout(5 * time.Second).Should(Receive(Equal(change{name: "r", deleted: true})))
	appendAll(t, j, parcel{Room: "r", Number: 3})
	g.Eventually(changes).WithTimeout(5 * time.Second).Should(Receive(Equal(change{name: "r", parcels: 1})))
	flushedTo(t, o, 3)
	want := newTally()
	want.add(parcel{Room: "r", Number: 3})
	g.Expect(storedTallies(t, j, "room")).To(Equal(map[string]*tally{"r": want}))
}

// TestMaxKeys: keys beyond the limit are not counted, also after a restart.
func TestMaxKeys(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	j := openEmbedded(t, t.TempDir())
	limited := OwnerOptions{Kinds: map[string]Kind{"room": {MaxKeys: 5}}}
	o := runOwner(t, j, "a", newTallying(), limited)
	var parcels []parcel
	for n := 1; n <= 20; n++ {
		parcels = append(parcels, parcel{Room: fmt.Sprint("room-", n%10), User: "u", Number: n})
	}
	appendAll(t, j, parcels...)
	flushedTo(t, o, 20)
	kept := slices.Sorted(maps.Keys(storedTallies(t, j, "room")))
	g.Expect(kept).To(Equal([]string{"room-1", "room-2", "room-3", "room-4", "room-5"}))
	g.Expect(storedTallies(t, j, "room")["room-1"].Times).To(HaveLen(2))
	g.Expect(storedTallies(t, j, "user")["u"].Times).To(HaveLen(20), "another kind has no limit")
	g.Expect(testutil.ToFloat64(j.metrics.dropped.WithLabelValues("room"))).To(Equal(5.))
	g.Expect(o.Mutate(t.Context(), roomKey("room-9"), func(State) bool { return true })).To(MatchError(ErrNotCounted))
	g.Expect(o.stop()).To(Succeed())

	o = runOwner(t, j, "a", newTallying(), limited)
	g.Eventually(func() (n int) {
		_ = o.do(t.Context(), func(context.Context) error { n = o.folder.keys["room"]; return nil })
		return n
	}).Should(Equal(5))
	appendAll(t, j, parcel{Room: "room-1", Number: 21}, parcel{Room: "room-x", Number: 21})
	flushedTo(t, o, 22)
	g.Expect(slices.Sorted(maps.Keys(storedTallies(t, j, "room")))).To(Equal(kept))
}

// TestStateFull: when states cannot be stored, reading stops at the limit of
// unstored ones, and goes on later. Nothing is lost.
func TestStateFull(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	clk := clocktesting.NewFakeClock(time.Now())
	j := openEmbedded(t, t.TempDir(), func(o *Options) { o.StateMaxBytes, o.Clock = 8<<10, clk })
	o := runOwner(t, j, "a", newTallying(), OwnerOptions{MaxDirty: 600, Heartbeat: time.Hour, CountInterval: time.Hour})
	const rooms = 3000
	var last uint64
	for n := 1; n <= rooms; n++ {
		r, err := j.Append(t.Context(), parcel{Room: fmt.Sprint("room-", n), Number: n}.entry())
		g.Expect(err).NotTo(HaveOccurred())
		last = r.Sequence
	}
	held := func() (held bool) {
		_ = o.do(t.Context(), func(context.Context) error { held = o.held; return nil })
		return held
	}
	g.Eventually(held).WithTimeout(10 * time.Second).Should(BeTrue())
	g.Expect(o.Flush(t.Context())).To(MatchError(ErrFull))
	position := o.Position()
	g.Expect(position).To(BeNumerically("<", last))
	g.Expect(testutil.ToFloat64(j.metrics.dirty)).To(BeNumerically("<", 600+maxBatch))
	g.Expect(j.Ready()).To(Succeed(), "for a while")
	clk.Step(troubleWindow)
	g.Expect(j.Ready()).To(MatchError(ErrFull))
	g.Expect(o.Position()).To(Equal(position))

	config := j.bucketConfig(j.layout.state, 16<<20)
	config.Duplicates = 2 * time.Minute
	_, err := j.js.UpdateStream(t.Context(), config)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(o.Flush(t.Context())).To(Succeed())
	flushedTo(t, o, last)
	g.Expect(j.Ready()).To(Succeed())
	g.Expect(storedTallies(t, j, "room")).To(HaveLen(rooms))
}

// TestUnreadableState: it is left alone, and other states are not held up.
func TestUnreadableState(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	j := openEmbedded(t, t.TempDir())
	o := runOwner(t, j, "a", newTallying(), OwnerOptions{})
	appendAll(t, j, parcel{Room: "old", Number: 1}, parcel{Room: "new", Number: 1})
	flushedTo(t, o, 2)
	g.Expect(o.stop()).To(Succeed())
	machine := newTallying()
	machine.unreadable = func(key StateKey) bool { return key.Name == "new" }
	o = runOwner(t, j, "a", machine, OwnerOptions{})
	appendAll(t, j, parcel{Room: "old", Number: 2}, parcel{Room: "new", Number: 2})
	flushedTo(t, o, 4)
	g.Expect(o.Mutate(t.Context(), roomKey("new"), func(State) bool { return true })).To(MatchError(ErrNotCounted))
	all := storedTallies(t, j, "room")
	g.Expect(all["old"].Times).To(HaveLen(2))
	g.Expect(all["new"].Times).To(HaveLen(1))
}
