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
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	. "github.com/onsi/gomega"
)

// startServer runs a single server that listens on the loopback.
func startServer(t *testing.T) string {
	t.Helper()
	g := NewWithT(t)
	ns, err := server.NewServer(&server.Options{
		ServerName: "single", Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true,
		JetStream: true, StoreDir: t.TempDir(), JetStreamMaxStore: 4 << 30, JetStreamMaxMemory: 64 << 20,
	})
	g.Expect(err).NotTo(HaveOccurred())
	ns.Start()
	t.Cleanup(func() {
		ns.Shutdown()
		ns.WaitForShutdown()
	})
	g.Expect(ns.ReadyForConnections(20 * time.Second)).To(BeTrue())
	return ns.ClientURL()
}

func openExternal(t *testing.T, url string) *Journal {
	t.Helper()
	j, err := Open(t.Context(), Options{
		External: &External{URL: url, Replicas: 1},
		Events:   EventLimits{MaxBytes: 128 << 20}, StateMaxBytes: 64 << 20,
	})
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { closeJournal(t, j) })
	return j
}

// quick are the times of members in tests.
var quick = OwnerOptions{Heartbeat: 50 * time.Millisecond, MemberTTL: 500 * time.Millisecond}

func TestAssigned(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	three := []string{"a", "b", "c"}
	share := map[string]int{}
	for p := range Partitions {
		owner := assigned(p, three)
		share[owner]++
		g.Expect(assigned(p, []string{"c", "a", "b"})).To(Equal(owner), "the order of members does not matter")
		left := slices.DeleteFunc(slices.Clone(three), func(m string) bool { return m == "c" })
		if owner != "c" {
			g.Expect(assigned(p, left)).To(Equal(owner), "only what the lost member had moves")
		}
	}
	for _, m := range three {
		g.Expect(share[m]).To(BeNumerically(">=", 4), "share of %s", m)
	}
	g.Expect(assigned(0, nil)).To(BeEmpty())
}

// TestMemberStopsAbruptly cuts one of two members off, under load. The other one
// takes its partitions and reads from their checkpoints.
func TestMemberStopsAbruptly(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	url := startServer(t)
	a, b := openExternal(t, url), openExternal(t, url)
	ownerA := runOwner(t, a, "a", newTallying(), quick)
	g.Eventually(ownerA.Partitions).WithTimeout(10 * time.Second).Should(HaveLen(Partitions))
	ownerB := runOwner(t, b, "b", newTallying(), quick)
	g.Eventually(func() []int { return []int{len(ownerA.Partitions()), len(ownerB.Partitions())} }).
		WithTimeout(10 * time.Second).Should(Satisfy(func(n []int) bool { return n[0]+n[1] == Partitions && n[1] > 0 }))

	const writers, each = 8, 200
	cut := make(chan struct{})
	var writing sync.WaitGroup
	for writer := range writers {
		writing.Go(func() {
			for n := 1; n <= each; n++ {
				if writer == 0 && n == each/2 {
					close(cut)
				}
				if _, err := b.Append(t.Context(), killParcel(writer, n).entry()); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	<-cut
	a.conn.Close()
	writing.Wait()
	g.Eventually(ownerB.Partitions).WithTimeout(10 * time.Second).Should(HaveLen(Partitions))
	flushedTo(t, ownerB, writers*each)
	g.Expect(storedTallies(t, b, "room")).To(Equal(expectedTallies(writers, each, func(p parcel) string { return p.Room })))
	g.Expect(storedTallies(t, b, "user")).To(Equal(expectedTallies(writers, each, func(p parcel) string { return p.User })))
}

// TestMemberLeaves hands partitions over without waiting for anything.
func TestMemberLeaves(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	url := startServer(t)
	a, b := openExternal(t, url), openExternal(t, url)
	slow := OwnerOptions{Heartbeat: 50 * time.Millisecond, MemberTTL: time.Hour}
	type change struct{ gained, lost int }
	changes := make(chan change, 8)
	watched := slow
	watched.OnOwnership = func(gained, lost []int) { changes <- change{len(gained), len(lost)} }
	ownerA := runOwner(t, a, "a", newTallying(), watched)
	g.Eventually(changes).WithTimeout(10 * time.Second).Should(Receive(Equal(change{gained: Partitions})))
	machineB := newTallying("room")
	ownerB := runOwner(t, b, "b", machineB, slow)
	g.Eventually(func() int { return len(ownerA.Partitions()) + 100*len(ownerB.Partitions()) }).
		WithTimeout(10 * time.Second).Should(Satisfy(func(n int) bool { return n%100+n/100 == Partitions && n > 100 }))
	last := appendAll(t, a, parcel{Room: "r", Number: 1}, parcel{Room: "s", Number: 1}, parcel{Room: "t", Number: 1})[2]
	g.Eventually(ownerA.Position).WithTimeout(10 * time.Second).Should(Equal(last.Sequence))
	g.Expect(ownerA.stop()).To(Succeed())
	g.Eventually(ownerB.Partitions).WithTimeout(10 * time.Second).Should(HaveLen(Partitions))
	for _, p := range ownerA.Partitions() {
		t.Errorf("partition %d was not given up", p)
	}
	appendAll(t, b, parcel{Room: "r", Number: 2})
	flushedTo(t, ownerB, last.Sequence+1)
	g.Expect(storedTallies(t, b, "room")["r"].Times).To(Equal(map[string]int{"r//1": 1, "r//2": 1}))
}

// folderOf takes a partition, whoever has it.
func folderOf(t *testing.T, j *Journal, name string, partition int) *folder {
	t.Helper()
	g := NewWithT(t)
	info, err := j.events.Info(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	writer, err := newPublisher(j.conn, j.clock, 16, time.Second, nil)
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(writer.stop)
	f := newFolder(name, newTallying(), newStore(j, writer), j.clock, j.log, j.metrics, OwnerOptions{MaxStates: 100})
	f.incarnation, f.eraseAfter = uint64(info.Created.UnixNano()), j.options.Events.MaxAge
	gained, err := f.acquire(t.Context(), []int{partition}, func(string) bool { return false })
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(gained).To(Equal([]int{partition}))
	return f
}

// TestFormerOwnerWritesOnceMore: what it stores is a true value, and the new
// owner folds on from it, with its own mutations.
func TestFormerOwnerWritesOnceMore(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	j := openEmbedded(t, t.TempDir())
	ctx := t.Context()
	key := roomKey("r")
	entries := make([]Entry, 4)
	for i := range entries {
		entries[i] = parcel{Room: "r", Number: i + 1}.entry()
		entries[i].Sequence = uint64(i + 1)
	}
	former := folderOf(t, j, "former", key.Partition)
	g.Expect(former.fold(ctx, entries[:3])).To(Succeed())
	g.Expect(former.mutate(ctx, key, func(s State) bool { s.(*tally).Marks++; return true })).To(Succeed())

	current := folderOf(t, j, "current", key.Partition)
	g.Expect(current.fold(ctx, entries[:4])).To(Succeed())
	g.Expect(current.mutate(ctx, key, func(s State) bool { s.(*tally).Marks += 10; return true })).To(Succeed())

	// The former owner does not know, and stores its state. Its record is refused.
	g.Expect(former.flush(ctx, true, 0)).To(Equal(flushed{lost: []int{key.Partition}}))

	// The current one finds that value, and reads again what it does not include.
	g.Expect(current.flush(ctx, true, 0)).To(Equal(flushed{rewound: true}))
	position, _ := current.position()
	g.Expect(position).To(BeZero())
	g.Expect(current.fold(ctx, entries[:4])).To(Succeed())
	g.Expect(current.flush(ctx, true, 0)).To(Equal(flushed{}))
	g.Expect(current.partitions[key.Partition].checkpoint).To(Equal(uint64(4)))

	want := newTally()
	for n := 1; n <= 4; n++ {
		want.add(parcel{Room: "r", Number: n})
	}
	want.Marks = 11
	g.Expect(storedTallies(t, j, "room")).To(Equal(map[string]*tally{"r": want}))

	// From now on the former one learns from the value that it is out.
	g.Expect(former.mutate(ctx, key, func(s State) bool { s.(*tally).Marks += 100; return true })).To(Succeed())
	result := former.flush(ctx, false, time.Hour)
	g.Expect(result.lost).To(Equal([]int{key.Partition}))
	g.Expect(storedTallies(t, j, "room")).To(Equal(map[string]*tally{"r": want}))
}

// TestTakeoverReadsFurtherBack: the reader of a member is ahead of the checkpoint
// of a partition that it gets.
func TestTakeoverReadsFurtherBack(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	url := startServer(t)
	a, b := openExternal(t, url), openExternal(t, url)
	rare := OwnerOptions{Heartbeat: 50 * time.Millisecond, MemberTTL: 500 * time.Millisecond, FlushInterval: time.Hour}
	ownerA := runOwner(t, a, "a", newTallying(), rare)
	g.Eventually(ownerA.Partitions).WithTimeout(10 * time.Second).Should(HaveLen(Partitions))
	ownerB := runOwner(t, b, "b", newTallying(), rare)
	g.Eventually(func() int { return len(ownerA.Partitions()) + 100*len(ownerB.Partitions()) }).
		WithTimeout(10 * time.Second).Should(Satisfy(func(n int) bool { return n%100+n/100 == Partitions && n > 100 }))

	var parcels []parcel
	for n := 1; n <= 50; n++ {
		parcels = append(parcels, parcel{Room: fmt.Sprintf("room-%d", n%10), Number: n})
	}
	last := appendAll(t, b, parcels...)[49].Sequence
	for _, o := range []*running{ownerA, ownerB} {
		g.Eventually(o.Position).WithTimeout(10 * time.Second).Should(Equal(last))
	}
	g.Expect(ownerB.Flush(t.Context())).To(Succeed())
	a.conn.Close() // nothing of what a has folded is stored
	g.Eventually(ownerB.Partitions).WithTimeout(10 * time.Second).Should(HaveLen(Partitions))
	flushedTo(t, ownerB, last)
	got := 0
	for _, tally := range storedTallies(t, b, "room") {
		g.Expect(tally.Disorder).To(BeZero())
		for id, times := range tally.Times {
			g.Expect(times).To(Equal(1), id)
			got++
		}
	}
	g.Expect(got).To(Equal(50))
}

// TestStreamMadeAnew: sequences of the old stream mean nothing in the new one, and
// what was counted is kept.
func TestStreamMadeAnew(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	j := openEmbedded(t, t.TempDir())
	o := runOwner(t, j, "a", newTallying(), OwnerOptions{Heartbeat: 50 * time.Millisecond})
	var parcels []parcel
	for n := 1; n <= 10; n++ {
		parcels = append(parcels, parcel{Room: "r", Number: n})
	}
	appendAll(t, j, parcels...)
	flushedTo(t, o, 10)

	g.Expect(j.js.DeleteStream(t.Context(), j.layout.entries.stream)).To(Succeed())
	_, err := j.js.CreateStream(t.Context(), j.eventsConfig())
	g.Expect(err).NotTo(HaveOccurred())
	receipts := appendAll(t, j, parcel{Room: "r", Number: 11}, parcel{Room: "r", Number: 12})
	g.Expect(receipts[1].Sequence).To(Equal(uint64(2)))

	want := newTally()
	for n := 1; n <= 12; n++ {
		want.add(parcel{Room: "r", Number: n})
	}
	g.Eventually(func() map[string]*tally { return storedTallies(t, j, "room") }).
		WithTimeout(10 * time.Second).Should(Equal(map[string]*tally{"r": want}))
	g.Expect(o.stop()).To(Succeed())
}

// TestConnectionLost: the connection is lost and found; members keep what they
// have folded.
func TestConnectionLost(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	dir := t.TempDir()
	start := func(port int) *server.Server {
		ns, err := server.NewServer(&server.Options{
			ServerName: "single", Host: "127.0.0.1", Port: port, NoSigs: true,
			JetStream: true, StoreDir: dir, JetStreamMaxStore: 4 << 30, JetStreamMaxMemory: 64 << 20,
		})
		g.Expect(err).NotTo(HaveOccurred())
		ns.Start()
		g.Expect(ns.ReadyForConnections(20 * time.Second)).To(BeTrue())
		return ns
	}
	stop := func(ns *server.Server) {
		ns.Shutdown()
		ns.WaitForShutdown()
	}
	ns := start(server.RANDOM_PORT)
	port := ns.Addr().(*net.TCPAddr).Port
	j := openExternal(t, ns.ClientURL())
	o := runOwner(t, j, "a", newTallying(), quick)
	appendAll(t, j, parcel{Room: "r", Number: 1})
	flushedTo(t, o, 1)
	stop(ns)
	g.Eventually(j.Ready).WithTimeout(10 * time.Second).Should(MatchError(ErrUnavailable))
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := j.Append(ctx, parcel{Room: "r", Number: 2}.entry())
	g.Expect(err).To(MatchError(ErrUnavailable))
	g.Expect(j.Offer(parcel{Room: "r", Number: 2}.entry())).To(BeFalse())

	ns = start(port)
	t.Cleanup(func() { stop(ns) })
	g.Eventually(func() error {
		_, err := j.Append(t.Context(), parcel{Room: "r", Number: 2}.entry())
		return err
	}).WithTimeout(10 * time.Second).Should(Succeed())
	g.Expect(j.Ready()).To(Succeed())
	g.Eventually(o.Position).WithTimeout(10 * time.Second).Should(Equal(uint64(2)))
	g.Eventually(func() error { return o.Flush(t.Context()) }).WithTimeout(10 * time.Second).Should(Succeed())
	g.Expect(storedTallies(t, j, "room")["r"].Times).To(Equal(map[string]int{"r//1": 1, "r//2": 1}))
	g.Expect(o.stop()).To(Succeed())
}
