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
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	clocktesting "k8s.io/utils/clock/testing"
)

func TestParseAck(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		msg  nats.Msg
		want ack
	}{
		"stored": {nats.Msg{Data: []byte(`{"stream":"EVENTS","seq":17}`)}, ack{sequence: 17}},
		"stored, in a domain": {
			nats.Msg{Data: []byte(`{"stream":"EVENTS","domain":"d","seq":18}`)}, ack{sequence: 18}},
		"duplicate":     {nats.Msg{Data: []byte(`{"stream":"EVENTS","seq":3,"duplicate": true}`)}, ack{sequence: 3, duplicate: true}},
		"no responders": {nats.Msg{Header: nats.Header{"Status": {"503"}}}, ack{err: ErrUnavailable}},
		"other revision": {
			nats.Msg{Data: []byte(`{"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 4"},"stream":"KV_STATE","seq":0}`)},
			ack{err: ErrConflict}},
		"full": {
			nats.Msg{Data: []byte(`{"error":{"code":503,"err_code":10077,"description":"maximum bytes exceeded"},"stream":"EVENTS","seq":0}`)},
			ack{err: ErrFull}},
		"store failed": {
			nats.Msg{Data: []byte(`{"error":{"code":503,"err_code":10077,"description":"write error"},"stream":"EVENTS","seq":0}`)},
			ack{err: ErrUnavailable}},
		"no space": {
			nats.Msg{Data: []byte(`{"error":{"code":500,"err_code":10047,"description":"insufficient storage resources available"}}`)},
			ack{err: ErrFull}},
		"too large": {
			nats.Msg{Data: []byte(`{"error":{"code":400,"err_code":10054,"description":"message size exceeds maximum allowed"}}`)},
			ack{err: ErrTooLarge}},
		"not understood": {nats.Msg{Data: []byte(`{"seq":`)}, ack{err: ErrUnavailable}},
		"empty":          {nats.Msg{}, ack{err: ErrUnavailable}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			got := parseAck(&c.msg)
			if c.want.err != nil {
				g.Expect(got.err).To(MatchError(c.want.err))
				got.err = c.want.err
			}
			g.Expect(got).To(Equal(c.want))
		})
	}
}

func TestAppend(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	registry := prometheus.NewPedanticRegistry()
	j := openEmbedded(t, t.TempDir(), func(o *Options) { o.Registerer = registry })
	ctx := t.Context()

	_, err := j.Append(ctx, Entry{First: "r"})
	g.Expect(err).To(MatchError(ErrInvalid))
	_, err = j.Append(ctx, Entry{ID: "long", Data: make([]byte, 2<<20)})
	g.Expect(err).To(MatchError(ErrTooLarge))

	const callers, each = 32, 20
	var calling sync.WaitGroup
	receipts := make([][each]Receipt, callers)
	for c := range callers {
		calling.Go(func() {
			for n := range each {
				r, err := j.Append(ctx, parcel{Room: fmt.Sprint(c), Number: n}.entry())
				if err != nil {
					t.Error(err)
				}
				receipts[c][n] = r
			}
		})
	}
	calling.Wait()
	taken := map[uint64]bool{}
	for _, of := range receipts {
		for n, r := range of {
			g.Expect(r.Duplicate).To(BeFalse())
			g.Expect(taken).NotTo(HaveKey(r.Sequence))
			taken[r.Sequence] = true
			g.Expect(n == 0 || of[n-1].Sequence < r.Sequence).To(BeTrue(), "order of one caller")
		}
	}
	g.Expect(taken).To(HaveLen(callers * each))
	again, err := j.Append(ctx, parcel{Room: "0", Number: 3}.entry())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(again).To(Equal(Receipt{Sequence: receipts[0][3].Sequence, Duplicate: true}))

	g.Expect(testutil.GatherAndCompare(registry, strings.NewReader(`
# HELP liveroom_journal_appended_total Entries that the journal took.
# TYPE liveroom_journal_appended_total counter
liveroom_journal_appended_total{log="events"} 640
# HELP liveroom_journal_duplicates_total Entries that the journal had already.
# TYPE liveroom_journal_duplicates_total counter
liveroom_journal_duplicates_total{log="events"} 1
# HELP liveroom_journal_refused_total Entries that the journal did not take, by reason.
# TYPE liveroom_journal_refused_total counter
liveroom_journal_refused_total{log="events",reason="invalid"} 1
liveroom_journal_refused_total{log="events",reason="too_large"} 1
`), "liveroom_journal_appended_total", "liveroom_journal_duplicates_total", "liveroom_journal_refused_total")).To(Succeed())
	problems, err := testutil.GatherAndLint(registry)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(problems).To(BeEmpty())
}

// TestCloseWaits: what was accepted before is there afterwards, and nothing is
// accepted any more.
func TestCloseWaits(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	dir := t.TempDir()
	j := openEmbedded(t, dir)
	const offered = 2000
	for n := range offered {
		g.Expect(j.Offer(parcel{Room: "r", Number: n}.entry())).To(BeTrue())
	}
	closeJournal(t, j)
	_, err := j.Append(t.Context(), parcel{Room: "r", Number: offered}.entry())
	g.Expect(err).To(MatchError(ErrClosed))
	g.Expect(j.Offer(parcel{Room: "r", Number: offered}.entry())).To(BeFalse())
	g.Expect(j.Ready()).To(MatchError(ErrClosed))
	g.Expect(testutil.ToFloat64(j.metrics.appended)).To(Equal(float64(offered)))
	closeJournal(t, j) // a second time does nothing

	j = openEmbedded(t, dir)
	info, err := j.events.Info(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(info.State.Msgs).To(Equal(uint64(offered)))
}

func TestTooManyUnderWay(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	j := openEmbedded(t, t.TempDir(), func(o *Options) { o.MaxInFlight = 1 })
	held := j.publisher.slots.take()
	g.Expect(j.Offer(parcel{Room: "r", Number: 1}.entry())).To(BeFalse())
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() {
		_, err := j.Append(ctx, parcel{Room: "r", Number: 1}.entry())
		result <- err
	}()
	cancel()
	g.Eventually(result).Should(Receive(And(MatchError(ErrBusy), MatchError(context.Canceled))))

	short, end := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer end()
	g.Expect(j.publisher.drain(short)).To(MatchError(context.DeadlineExceeded))
	j.publisher.slots.free <- held
}

// TestLateConfirmation: one that comes after its time-out belongs to nobody, and
// least of all to the next message in the same slot.
func TestLateConfirmation(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	j := openEmbedded(t, t.TempDir())
	clk := clocktesting.NewFakeClock(time.Now())
	p, err := newPublisher(j.conn, clk, 1, time.Second, newTail())
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(p.stop)
	requests := make(chan *nats.Msg, 2)
	sub, err := j.conn.ChanSubscribe("slow", requests)
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { _ = sub.Unsubscribe() })

	send := func() chan ack {
		s, err := p.tryAcquire()
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(p.start(s, packet{subject: "slow"}, nil)).To(Succeed())
		result := make(chan ack, 1)
		go func() { result <- p.wait(context.Background(), s) }()
		return result
	}
	first := send()
	var request *nats.Msg
	g.Eventually(requests).Should(Receive(&request))
	g.Eventually(clk.HasWaiters).Should(BeTrue())
	clk.Step(2 * time.Second)
	g.Eventually(first).Should(Receive(Equal(ack{err: ErrTimeout})))

	second := send()
	g.Expect(request.Respond([]byte(`{"stream":"EVENTS","seq":1}`))).To(Succeed())
	g.Eventually(requests).Should(Receive(&request))
	g.Expect(request.Respond([]byte(`{"stream":"EVENTS","seq":2}`))).To(Succeed())
	g.Eventually(second).Should(Receive(Equal(ack{sequence: 2})))
	g.Expect(p.tail.doubted.Load()).To(BeTrue(), "the late one may be of an entry")
}

// TestAppendEndsInTime: whoever waits for the journal has a caller that waits,
// too, and goes away earlier than a confirmation may take.
func TestAppendEndsInTime(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	j := openEmbedded(t, t.TempDir())
	clk := clocktesting.NewFakeClock(time.Now())
	p, err := newPublisher(j.conn, clk, 1, time.Second, nil)
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(p.stop)
	deaf, err := j.conn.SubscribeSync("deaf") // without anybody, the server would say so at once
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { _ = deaf.Unsubscribe() })
	until := clk.Now().Add(500 * time.Millisecond)
	s, err := p.acquire(t.Context(), until)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(p.start(s, packet{subject: "deaf", until: until}, nil)).To(Succeed())
	result := make(chan ack, 1)
	go func() { result <- p.wait(context.Background(), s) }()
	busy := make(chan error, 1)
	go func() {
		_, err := p.acquire(context.Background(), until.Add(-time.Millisecond))
		busy <- err
	}()
	g.Eventually(clk.Waiters).Should(Equal(2)) // the publisher's ticker, and whoever wants the slot
	clk.Step(499 * time.Millisecond)
	g.Eventually(busy).Should(Receive(MatchError(ErrBusy)))
	g.Consistently(result).WithTimeout(50 * time.Millisecond).ShouldNot(Receive())
	clk.Step(251 * time.Millisecond)
	g.Eventually(result).Should(Receive(Equal(ack{err: ErrTimeout})))
}

// TestAppendWithoutAnswer: it ends when its time is over, however long a
// confirmation may take.
func TestAppendWithoutAnswer(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	clk := clocktesting.NewFakeClock(time.Now())
	j := openEmbedded(t, t.TempDir(), func(o *Options) { o.Clock, o.AckTimeout, o.AppendTimeout = clk, time.Second, 1500*time.Millisecond })
	g.Expect(j.js.DeleteStream(t.Context(), j.layout.entries.stream)).To(Succeed())
	deaf, err := j.conn.SubscribeSync("events.>") // without anybody, the server would say so at once
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { _ = deaf.Unsubscribe() })
	began, ended := clk.Now(), make(chan error, 1)
	go func() {
		_, err := j.Append(context.Background(), parcel{Room: "r", Number: 1}.entry())
		ended <- err
	}()
	_, err = deaf.NextMsg(10 * time.Second)
	g.Expect(err).NotTo(HaveOccurred())
	g.Eventually(func() chan error { clk.Step(50 * time.Millisecond); return ended }).WithTimeout(10 * time.Second).
		Should(Receive(MatchError(ErrTimeout)))
	g.Expect(clk.Since(began)).To(And(BeNumerically(">", time.Second), BeNumerically("<", 4*time.Second)))
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	dir := t.TempDir()
	j := openEmbedded(t, dir)
	_, err := Open(t.Context(), Options{Embedded: &Embedded{Dir: dir}})
	g.Expect(err).To(MatchError(ErrInUse))
	_, err = Open(t.Context(), Options{})
	g.Expect(err).To(HaveOccurred())
	_, err = Open(t.Context(), Options{External: &External{URL: "nats://127.0.0.1:1", CAFile: "/does/not/exist"}})
	g.Expect(err).To(HaveOccurred())
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = Open(ended, Options{External: &External{URL: "nats://127.0.0.1:1"}})
	g.Expect(err).To(MatchError(nats.ErrNoServers))

	config := j.eventsConfig()
	config.Metadata = map[string]string{partitionsKey: "16"}
	_, err = j.js.UpdateStream(t.Context(), config)
	g.Expect(err).NotTo(HaveOccurred())
	closeJournal(t, j)
	_, err = Open(t.Context(), Options{Embedded: &Embedded{Dir: dir}})
	g.Expect(err).To(MatchError(ErrPartitions))
}

// TestLimitsChange: a later start with other limits has them.
func TestLimitsChange(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	dir := t.TempDir()
	closeJournal(t, openEmbedded(t, dir))
	j := openEmbedded(t, dir, func(o *Options) { o.Events.MaxAge, o.Events.MaxBytes = time.Hour, 64<<20 })
	info, err := j.events.Info(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(info.Config.MaxAge).To(Equal(time.Hour))
	g.Expect(info.Config.MaxBytes).To(Equal(int64(64 << 20)))
	g.Expect(info.Config.Duplicates).To(Equal(2 * time.Minute))
	g.Expect(info.Config.Discard).To(Equal(jetstream.DiscardNew))
}

func TestReason(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	g.Expect(reason(fmt.Errorf("%w: %w", ErrBusy, context.Canceled))).To(Equal("busy"))
	g.Expect(reason(errors.New("anything else"))).To(Equal("unavailable"))
}
