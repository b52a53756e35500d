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

package relay_test

import (
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
	simwechat "github.com/liveroom-io/liveroom-operator/internal/sim/wechat"
)

// TestStopInTheMidst: a pod that is asked to end while it sends finishes the calls
// under way, begins no others, and leaves no doubt about what was sent.
func TestStopInTheMidst(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	w, dir := newWorld(t, nil), t.TempDir()
	p := w.start(dir, quietly)
	w.connect(p)
	const customers, replies = 90, 2 // more than may be sent to at once
	followers := make([]*follower, customers)
	for i := range followers {
		followers[i] = w.follow(true)
		followers[i].writes("q0")
	}
	agents := make([]string, customers)
	for i, f := range followers {
		g.Eventually(func() (there int) {
			agents[i], there = f.arrived()
			return there
		}).WithTimeout(patience).Should(Equal(1))
	}
	_, err := w.wechat.InjectFault(simwechat.Fault{Command: "message/custom/send", Latency: 500 * time.Millisecond})
	g.Expect(err).NotTo(HaveOccurred())
	var want []string
	for n := range replies {
		want = append(want, fmt.Sprint("a", n))
		for i, f := range followers {
			f.isAnswered(agents[i], want[n])
		}
	}
	sends := func() int { return w.wechat.Calls("message/custom/send") }
	g.Eventually(sends).WithTimeout(patience).WithPolling(time.Millisecond).Should(BeNumerically(">=", 60))
	g.Expect(p.stop()).To(Succeed())
	sent := sends()
	g.Expect(sent).To(BeNumerically("<", customers*replies), "it stopped in the midst")
	p = w.start(dir, quietly)
	w.connect(p)
	for _, f := range followers {
		g.Eventually(f.phone).WithTimeout(patience).Should(Equal(want))
	}
	g.Expect(p.letters.count()).To(BeZero())
	g.Expect(sends()).To(Equal(customers*replies), "nothing was sent twice")
}

// TestStopsSoon: what is prepared for a slow IM is not all sent before the end.
func TestStopsSoon(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	w, dir := newWorld(t, nil), t.TempDir()
	p := w.start(dir, quietly)
	w.connect(p)
	f := w.follow(true)
	f.writes("q0")
	g.Eventually(func() []string { return f.chat("lin") }).WithTimeout(patience).Should(HaveLen(1))
	_, err := w.im.InjectFault(simim.Fault{Command: "sendmsg", HTTPStatus: 503})
	g.Expect(err).NotTo(HaveOccurred())
	want := []string{"customer: q0"}
	for n := range 8 {
		want = append(want, fmt.Sprint("customer: q", n+1))
		f.writes(fmt.Sprint("q", n+1))
	}
	g.Expect(w.wechat.WaitForPushes(t.Context())).To(Succeed())
	w.im.ClearFaults()
	_, err = w.im.InjectFault(simim.Fault{Command: "sendmsg", Latency: 700 * time.Millisecond})
	g.Expect(err).NotTo(HaveOccurred())
	g.Eventually(func() []string { return f.chat("lin") }).WithTimeout(patience).WithPolling(time.Millisecond).Should(HaveLen(3))
	g.Expect(p.stop()).To(Succeed())
	g.Expect(len(f.chat("lin"))).To(BeNumerically("<=", 4), "the call under way, and no other")
	w.im.ClearFaults()
	w.connect(w.start(dir, quietly))
	g.Eventually(func() []string { return f.chat("lin") }).WithTimeout(patience).Should(Equal(want))
}
