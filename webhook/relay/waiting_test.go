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

package relay

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	clocktesting "k8s.io/utils/clock/testing"
)

// TestWaitForHistory: replies wait for a reading that began after the last reason for one,
// and for one that does not come no longer than is said, however many reasons there are.
func TestWaitForHistory(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	clk := clocktesting.NewFakeClock(time.Unix(1000, 0))
	h := newHistory(&Relay{Config: Config{Clock: clk}})
	t.Cleanup(h.queue.ShutDown)
	const key = "uid/customer"
	reading := func() uint64 { turn, _, _ := h.following(key); return turn }
	h.follow(key, []string{"lin"})
	g.Expect(h.unread(key)).To(BeTrue(), "it is new")
	first := reading()
	h.gap()
	h.done(key, first, nil)
	g.Expect(h.unread(key)).To(BeTrue(), "that reading may have been too early")
	h.done(key, reading(), nil)
	g.Expect(h.unread(key)).To(BeFalse())

	for range 4 { // reasons keep coming, and the history cannot be read
		h.gap()
		h.doubt(key)
		g.Expect(h.unread(key)).To(BeTrue())
		clk.Step(readPatience / 4)
	}
	g.Expect(h.unread(key)).To(BeFalse(), "they have waited enough")
	h.doubt(key)
	g.Expect(h.unread(key)).To(BeFalse())
	h.done(key, reading(), nil)
	h.doubt(key)
	g.Expect(h.unread(key)).To(BeTrue(), "it can be read again")

	h.follow(key, nil)
	before := reading()
	h.follow(key, []string{"lin"})
	h.done(key, before, nil)
	h.done(key, first, nil)
	g.Expect(h.unread(key)).To(BeTrue(), "another session")
}
