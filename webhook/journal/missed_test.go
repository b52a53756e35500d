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
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	. "github.com/onsi/gomega"
	clocktesting "k8s.io/utils/clock/testing"
)

// told counts how often a member is told that something may have been missed, with
// the partitions that it had then.
type told struct {
	times atomic.Int64
	owned atomic.Int64
	owner atomic.Pointer[Owner]
}

func (m *told) options(o OwnerOptions) OwnerOptions {
	o.OnMissed = func() {
		m.times.Add(1)
		if owner := m.owner.Load(); owner != nil {
			m.owned.Store(int64(len(owner.Partitions())))
		}
	}
	return o
}

func (m *told) run(t *testing.T, j *Journal, member string, o OwnerOptions) *running {
	t.Helper()
	r := runOwner(t, j, member, newTallying(), m.options(o))
	m.owner.Store(r.Owner)
	return r
}

// TestMissed: every way in which a member may leave something behind that only it was
// told of.
func TestMissed(t *testing.T) {
	t.Parallel()
	lasting := OwnerOptions{Heartbeat: 50 * time.Millisecond, MemberTTL: time.Hour}
	for name, test := range map[string]struct {
		options OwnerOptions // of the member that stays
		happens func(t *testing.T, url string, j *Journal, o *running)
		alone   bool
	}{
		"killed": {quick, func(_ *testing.T, _ string, j *Journal, _ *running) { j.conn.Close() }, true},
		"stopped": {lasting, func(t *testing.T, _ string, _ *Journal, o *running) {
			t.Helper()
			NewWithT(t).Expect(o.stop()).To(Succeed())
		}, true},
		"started again under its name": {lasting, func(t *testing.T, url string, j *Journal, _ *running) {
			t.Helper()
			j.conn.Close()
			runOwner(t, openExternal(t, url), "a", newTallying(), lasting)
		}, false},
		"says so": {lasting, func(_ *testing.T, _ string, _ *Journal, o *running) { o.Miss() }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			url := startServer(t)
			a, b := openExternal(t, url), openExternal(t, url)
			var tellsA, tellsB told
			ownerA := tellsA.run(t, a, "a", lasting)
			ownerB := tellsB.run(t, b, "b", test.options)
			parts := func() []int { return []int{len(ownerA.Partitions()), len(ownerB.Partitions())} }
			g.Eventually(parts).WithTimeout(10 * time.Second).Should(Satisfy(func(n []int) bool {
				return n[0] > 0 && n[1] > 0 && n[0]+n[1] == Partitions
			}))
			before := parts()[1]
			coming := tellsB.times.Load()
			g.Expect(ownerA.Alone()).To(BeFalse())
			g.Expect(ownerB.Alone()).To(BeFalse())

			test.happens(t, url, a, ownerA)
			g.Eventually(tellsB.times.Load).WithTimeout(10 * time.Second).Should(BeNumerically(">", coming))
			g.Expect(tellsB.owned.Load()).To(BeEquivalentTo(before), "it is told before it gains anything")
			g.Eventually(ownerB.Alone).WithTimeout(10 * time.Second).Should(Equal(test.alone))
			if test.alone {
				g.Eventually(ownerB.Partitions).WithTimeout(10 * time.Second).Should(HaveLen(Partitions))
			}
			g.Expect(tellsB.times.Load()).To(Equal(coming + 1))
		})
	}
}

// TestMissedAlone: the only member tells itself.
func TestMissedAlone(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	var tells told
	o := tells.run(t, openEmbedded(t, t.TempDir()), "a", OwnerOptions{Heartbeat: 50 * time.Millisecond})
	g.Eventually(o.Alone).WithTimeout(10 * time.Second).Should(BeTrue())
	o.Miss()
	g.Eventually(tells.times.Load).WithTimeout(10 * time.Second).Should(BeEquivalentTo(1))
	for range 100 { // it goes on
		o.Miss()
	}
	g.Consistently(tells.times.Load, "300ms").Should(BeEquivalentTo(1), "all that follows is told together")
}

// said is a heartbeat as it is heard.
type said struct {
	jetstream.Msg
	subject, epoch string
}

func (s said) Subject() string      { return s.subject }
func (s said) Data() []byte         { return []byte(s.epoch) }
func (s said) Headers() nats.Header { return nil }

// TestMissedWhileAway: a member that was taken for gone comes back, and may have missed
// something meanwhile whether or not it still knows.
func TestMissedWhileAway(t *testing.T) {
	t.Parallel()
	for name, back := range map[string]struct{ member, epoch string }{
		"as it was":          {"b", epochOf("y", 0)},
		"with misses":        {"b", epochOf("y", 1)},
		"started again":      {"b", epochOf("z", 0)},
		"under another name": {"c", epochOf("z", 0)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			clk := clocktesting.NewFakeClock(time.Unix(1000, 0))
			j := &Journal{clock: clk, layout: eventsLayout()}
			told := 0
			m := newMembership(j, "a", 10*time.Second, func() {}, func() { told++ })
			say := func(member, epoch string) {
				m.heard(said{subject: j.layout.members.prefix + nameToken(member), epoch: epoch})
			}
			say("b", epochOf("y", 0))
			say("a", epochOf("x", 0))
			say("b", epochOf("y", 0))
			g.Expect(told).To(BeZero(), "it was there before this one came")
			clk.Step(11 * time.Second)
			say("a", epochOf("x", 0))
			g.Expect(m.live(clk.Now())).To(Equal([]string{"a"}))
			g.Expect(told).To(Equal(1))
			for range 2 {
				say(back.member, back.epoch)
				g.Expect(m.live(clk.Now())).To(Equal([]string{"a", back.member}))
				g.Expect(told).To(Equal(2))
			}
		})
	}
}
