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
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// onEachServer runs a test with the server in this process, and with one outside.
func onEachServer(t *testing.T, test func(*testing.T, *Journal)) {
	t.Helper()
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		test(t, openEmbedded(t, t.TempDir()))
	})
	t.Run("external", func(t *testing.T) {
		t.Parallel()
		test(t, openExternal(t, startServer(t)))
	})
}

// join opens the log RELAY beside another one.
func join(t *testing.T, j *Journal, change ...func(*JoinOptions)) *Journal {
	t.Helper()
	o := JoinOptions{Name: "RELAY", Events: EventLimits{MaxBytes: 64 << 20}, StateMaxBytes: 16 << 20}
	for _, c := range change {
		c(&o)
	}
	joined, err := j.Join(t.Context(), o)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { closeJournal(t, joined) })
	return joined
}

// parcelsOf one room, with numbers in order, and the tally that they make.
func parcelsOf(room string, from, to int) (all []parcel, want *tally) {
	want = newTally()
	for n := from; n <= to; n++ {
		p := parcel{Room: room, Number: n}
		all = append(all, p)
		want.add(p)
	}
	return all, want
}

// TestTwoLogs: the same keys and IDs in two logs at once do not meet, with an
// owner for each.
func TestTwoLogs(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, events *Journal) {
		t.Helper()
		g := NewWithT(t)
		relay := join(t, events)
		quick := OwnerOptions{Heartbeat: 50 * time.Millisecond, MemberTTL: 500 * time.Millisecond}
		first := runOwner(t, events, "a", newTallying(), quick)
		second := runOwner(t, relay, "a", newTallying(), quick)
		all, want := parcelsOf("r", 1, 60)
		appendAll(t, events, all...)
		few, wantFew := parcelsOf("r", 1, 20)
		receipts := appendAll(t, relay, few...)
		g.Expect(receipts[19]).To(Equal(Receipt{Sequence: 20}), "no duplicate of what the other log has")
		g.Expect(appendAll(t, relay, few[3])).To(Equal([]Receipt{{Sequence: 4, Duplicate: true}}))
		for _, o := range []*running{first, second} {
			g.Eventually(o.Partitions).WithTimeout(10 * time.Second).Should(HaveLen(Partitions))
		}
		flushedTo(t, first, 60)
		flushedTo(t, second, 20)
		g.Expect(storedTallies(t, events, "room")).To(Equal(map[string]*tally{"r": want}))
		g.Expect(storedTallies(t, relay, "room")).To(Equal(map[string]*tally{"r": wantFew}))

		second.options.PurgeMargin, relay.options.Events.DuplicateWindow = -time.Hour, 0 // all of them are old
		g.Expect(second.purge(t.Context())).To(Equal(uint64(20)))
		info, err := events.events.Info(t.Context())
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(info.State.Msgs).To(Equal(uint64(60)), "each log is purged for itself")

		// The joined log goes, comes back, and has what it had.
		g.Expect(second.stop()).To(Succeed())
		closeJournal(t, relay)
		_, err = relay.Append(t.Context(), parcel{Room: "r", Number: 21}.entry())
		g.Expect(err).To(MatchError(ErrClosed))
		g.Expect(relay.Ready()).To(MatchError(ErrClosed))
		appendAll(t, events, parcel{Room: "r", Number: 61})
		flushedTo(t, first, 61)
		relay = join(t, events)
		g.Expect(relay.Ready()).To(Succeed())
		second = runOwner(t, relay, "a", newTallying(), quick)
		appendAll(t, relay, parcel{Room: "r", Number: 21})
		flushedTo(t, second, 21)
		wantFew.add(parcel{Room: "r", Number: 21})
		g.Expect(storedTallies(t, relay, "room")).To(Equal(map[string]*tally{"r": wantFew}))
		g.Expect(first.stop()).To(Succeed())
		g.Expect(second.stop()).To(Succeed())
	})
}

// TestJoinedMembers: two members share the partitions of a joined log; one goes
// abruptly, with all of its logs.
func TestJoinedMembers(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	url := startServer(t)
	a, b := openExternal(t, url), openExternal(t, url)
	relayA, relayB := join(t, a), join(t, b)
	ownerA := runOwner(t, relayA, "a", newTallying(), quick)
	g.Eventually(ownerA.Partitions).WithTimeout(10 * time.Second).Should(HaveLen(Partitions))
	ownerB := runOwner(t, relayB, "b", newTallying(), quick)
	alone := runOwner(t, b, "b", newTallying(), quick)
	g.Eventually(func() []int {
		return []int{len(ownerA.Partitions()), len(ownerB.Partitions()), len(alone.Partitions())}
	}).
		WithTimeout(10*time.Second).Should(Satisfy(func(n []int) bool {
		return n[0]+n[1] == Partitions && n[1] > 0 && n[2] == Partitions
	}), "a member of one log is none of the other")
	var all []parcel
	want := map[string]*tally{}
	for n := range 10 {
		room := fmt.Sprint("room-", n)
		some, tally := parcelsOf(room, 1, 10)
		all, want[room] = append(all, some...), tally
	}
	appendAll(t, relayB, all...)
	a.conn.Close()
	g.Eventually(ownerB.Partitions).WithTimeout(10 * time.Second).Should(HaveLen(Partitions))
	flushedTo(t, ownerB, 100)
	g.Expect(storedTallies(t, relayB, "room")).To(Equal(want))
	g.Expect(storedTallies(t, b, "room")).To(BeEmpty())
}

func TestJoinRefuses(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	j := openEmbedded(t, t.TempDir())
	for _, name := range []string{"", "relay", "1RELAY", "_RELAY", "RE LAY", "RE.LAY", "RELAY>", strings.Repeat("R", 33)} {
		_, err := j.Join(t.Context(), JoinOptions{Name: name})
		g.Expect(err).To(MatchError(ErrInvalid), name)
	}
	_, err := j.Join(t.Context(), JoinOptions{Name: "EVENTS"})
	g.Expect(err).To(MatchError(ErrOpen))
	relay := join(t, j)
	_, err = j.Join(t.Context(), JoinOptions{Name: "RELAY"})
	g.Expect(err).To(MatchError(ErrOpen))
	_, err = relay.Join(t.Context(), JoinOptions{Name: "OTHER", Events: EventLimits{MaxBytes: 1 << 40}})
	g.Expect(err).To(HaveOccurred(), "more than the server has")
	other, err := relay.Join(t.Context(), JoinOptions{Name: "OTHER", Events: EventLimits{MaxBytes: 1 << 20}, StateMaxBytes: 1 << 20})
	g.Expect(err).NotTo(HaveOccurred(), "the name is free after an attempt that failed")

	closeJournal(t, relay)
	g.Expect(other.Ready()).To(Succeed(), "all logs belong to the first one")
	closeJournal(t, j)
	g.Expect(other.Ready()).To(MatchError(ErrClosed))
	_, err = other.Append(t.Context(), parcel{Room: "r", Number: 1}.entry())
	g.Expect(err).To(MatchError(ErrClosed))
	_, err = j.Join(t.Context(), JoinOptions{Name: "LATE"})
	g.Expect(err).To(HaveOccurred())
}

// TestJoinedLimits: a joined log has its own bounds, and only it is full.
func TestJoinedLimits(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	registry := prometheus.NewPedanticRegistry()
	j := openEmbedded(t, t.TempDir(), func(o *Options) { o.Registerer = registry })
	standard, err := j.Join(t.Context(), JoinOptions{Name: "STANDARD", About: "what a test writes"})
	g.Expect(err).NotTo(HaveOccurred())
	info, err := standard.events.Info(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	got := info.Config
	g.Expect([]any{got.Name, got.Description, got.Subjects, got.Discard, got.MaxBytes, got.MaxAge, got.Duplicates}).To(Equal([]any{
		"STANDARD", "what a test writes", []string{"standard.*.*"}, jetstream.DiscardNew, int64(1 << 30), 7 * 24 * time.Hour, 5 * time.Minute}))
	closeJournal(t, standard)

	relay := join(t, j, func(o *JoinOptions) { o.Events.MaxBytes, o.Registerer = 64<<10, registry })
	stored := 0
	for ; err == nil; stored++ {
		_, err = relay.Append(t.Context(), parcel{Room: "r", Number: stored + 1}.entry())
	}
	stored--
	g.Expect(err).To(MatchError(ErrFull))
	g.Expect(relay.Ready()).To(MatchError(ErrFull))
	g.Expect(j.Ready()).To(Succeed())
	appendAll(t, j, parcel{Room: "r", Number: 1})
	compare := func(want string) {
		t.Helper()
		g.Expect(testutil.GatherAndCompare(registry, strings.NewReader(`
# HELP liveroom_journal_appended_total Entries that the journal took.
# TYPE liveroom_journal_appended_total counter
liveroom_journal_appended_total{log="events"} 1
`+want), "liveroom_journal_appended_total")).To(Succeed())
	}
	compare(fmt.Sprintf("liveroom_journal_appended_total{log=\"relay\"} %d\n", stored))
	problems, err := testutil.GatherAndLint(registry)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(problems).To(BeEmpty())
	closeJournal(t, relay)
	compare("")
}

// TestJoinedLogAdvances: what advance does for one log it does for the other.
func TestJoinedLogAdvances(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	j := openEmbedded(t, t.TempDir())
	relay := join(t, j)
	o := runOwner(t, relay, "a", newTallying(), OwnerOptions{})
	all, want := parcelsOf("r", 1, 5)
	appendAll(t, relay, all...)
	flushedTo(t, o, 5)
	g.Expect(o.stop()).To(Succeed())
	info, err := relay.events.Info(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	// The record is ahead of the stream, as if that had lost its end.
	store := newStore(relay, relay.publisher)
	records, err := store.loadRecords(t.Context(), []int{Partition("r")})
	g.Expect(err).NotTo(HaveOccurred())
	records[0].Checkpoint += 1000
	g.Expect(store.saveRecords(t.Context(), []recordWrite{
		{record: records[0].record, partition: Partition("r"), revision: records[0].revision},
	})[0].err).NotTo(HaveOccurred())
	closeJournal(t, relay)

	relay = join(t, j)
	after, err := relay.events.Info(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(after.Created).To(Equal(info.Created))
	g.Expect(after.State.LastSeq).To(BeNumerically(">=", 1005))
	o = runOwner(t, relay, "a", newTallying(), OwnerOptions{})
	appendAll(t, relay, parcel{Room: "r", Number: 6})
	want.add(parcel{Room: "r", Number: 6})
	g.Eventually(func() map[string]*tally { return storedTallies(t, relay, "room") }).
		WithTimeout(10 * time.Second).Should(Equal(map[string]*tally{"r": want}))
	g.Expect(o.stop()).To(Succeed())
}

// TestJoinedConnectionLost: the waits of every log end at once, not each after its
// time.
func TestJoinedConnectionLost(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	j := openEmbedded(t, t.TempDir())
	relay := join(t, j, func(o *JoinOptions) { o.AckTimeout = time.Hour })
	deaf, err := j.conn.SubscribeSync("deaf") // without anybody, the server would say so at once
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { _ = deaf.Unsubscribe() })
	s, err := relay.publisher.tryAcquire()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(relay.publisher.start(s, packet{subject: "deaf"}, nil)).To(Succeed())
	g.Expect(j.conn.ForceReconnect()).To(Succeed())
	g.Expect(relay.publisher.wait(context.Background(), s).err).To(MatchError(ErrUnavailable))
}
