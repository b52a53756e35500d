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

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

// TestPagesInOrder: what only the history has goes out in the order in which it was
// written, though IM gives the newest page first, slowly, and fails in between.
func TestPagesInOrder(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	w, dir := newWorld(t, nil), t.TempDir()
	p := w.start(dir, quietly)
	w.connect(p)
	f := newStorm(w, 1, 1).followers[0]
	f.writes("q")
	g.Eventually(func() []string { return f.chat("lin") }).WithTimeout(patience).Should(HaveLen(1))
	g.Expect(p.stop()).To(Succeed())
	var want []string
	for n := range 90 {
		want = append(want, fmt.Sprint("a", n))
		f.isAnswered("lin", want[n])
	}
	_, err := w.im.InjectFault(simim.Fault{Command: "admin_getroammsg", Latency: 500 * time.Millisecond})
	g.Expect(err).NotTo(HaveOccurred())
	_, err = w.im.InjectFault(simim.Fault{Command: "admin_getroammsg", Match: "LastMsgKey", Code: 91000, Times: 1})
	g.Expect(err).NotTo(HaveOccurred())
	w.connect(w.start(dir, quietly))
	g.Eventually(f.phone).WithTimeout(4 * patience).Should(HaveLen(len(want)))
	g.Expect(f.phone()).To(Equal(want))
	g.Expect(w.im.Calls("admin_getroammsg")).To(BeNumerically(">", 2), "there were several pages")
}

// TestSessionThatEnded: an agent answers while no pod is there, and the session ends
// before there is one.
func TestSessionThatEnded(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	w, dir := newWorld(t, nil), t.TempDir()
	const idle = 2
	short := func(o *imv1alpha1.WeChatOfficialAccount) {
		quietly(o)
		o.Spec.SessionIdleSeconds = new(int32(idle))
	}
	p := w.start(dir, short)
	w.connect(p)
	f := w.follow(true)
	f.writes("q")
	g.Eventually(func() []string { return f.chat("lin") }).WithTimeout(patience).Should(HaveLen(1))
	g.Expect(p.stop()).To(Succeed())
	f.isAnswered("lin", "我在")
	answered := time.Now()
	g.Eventually(func() time.Duration { return time.Since(answered) }).WithTimeout(patience).Should(BeNumerically(">", (idle+1)*time.Second))
	w.connect(w.start(dir, short))
	g.Eventually(f.phone).WithTimeout(patience).Should(Equal([]string{"我在"}))
}

// TestOneKeyForSeveral: a tool of the agents sends to several customers with the same
// numbers in one second. IM's key of these messages is the same.
func TestOneKeyForSeveral(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	w := newWorld(t, nil)
	w.connect(w.start(t.TempDir(), quietly))
	var followers []*follower
	for range 3 {
		f := w.follow(true)
		f.writes("q")
		followers = append(followers, f)
	}
	agents := make([]string, len(followers))
	for i, f := range followers {
		g.Eventually(func() (there int) {
			agents[i], there = f.arrived()
			return there
		}).WithTimeout(patience).Should(Equal(1))
	}
	for i, f := range followers {
		_, err := w.im.SendChatAsClient(prefix+f.openID, simim.ClientMessage{From: "lin", Text: fmt.Sprint("今天打折 ", i), Seq: 7, Random: 7})
		g.Expect(err).NotTo(HaveOccurred())
	}
	for i, f := range followers {
		g.Eventually(f.phone).WithTimeout(patience).Should(Equal([]string{fmt.Sprint("今天打折 ", i)}))
	}
}
