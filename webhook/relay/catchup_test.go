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
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus/testutil"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
	"github.com/liveroom-io/liveroom-operator/webhook/officialaccount"
	"github.com/liveroom-io/liveroom-operator/webhook/relay/translation"
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
	for n := range 150 { // more than wait at once: the rest waits in the order of the log
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

// TestServedLater: the account of a session is served some time after the start.
func TestServedLater(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	w, dir := newWorld(t, nil), t.TempDir()
	p := w.start(dir, quietly)
	w.connect(p)
	f := w.follow(true)
	f.writes("q")
	g.Eventually(func() []string { return f.chat("lin") }).WithTimeout(patience).Should(HaveLen(1))
	g.Expect(p.stop()).To(Succeed())
	f.isAnswered("lin", "我在")
	p = w.open(podOptions{Dir: dir}, quietly)
	account := p.account()
	g.Expect(p.accounts.Remove(accountKey)).To(BeTrue())
	p.run()
	w.connect(p)
	g.Eventually(p.relay.Unserved).WithTimeout(patience).Should(Equal(1), "the session is known")
	p.accounts.Put(account)
	p.relay.Served(account.UID)
	g.Eventually(f.phone).WithTimeout(patience).Should(Equal([]string{"我在"}))
}

// TestFormerAgent: nobody is told of what an agent writes, and then another one has
// the customer.
func TestFormerAgent(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	w := newWorld(t, nil)
	const idle = 2
	p := w.start(t.TempDir(), func(o *imv1alpha1.WeChatOfficialAccount) {
		quietly(o)
		o.Spec.SessionIdleSeconds = new(int32(idle))
	})
	w.connect(p)
	f := w.follow(true)
	f.writes("q0")
	g.Eventually(func() []string { return f.chat("lin") }).WithTimeout(patience).Should(HaveLen(1))
	g.Eventually(func() bool { return p.relay.Read(accountUID, f.openID) }).WithTimeout(patience).Should(BeTrue(), "the next look is far away")
	told := w.im.Callback()
	g.Expect(w.im.SetCallback(simim.CallbackOptions{})).To(Succeed())
	f.isAnswered("lin", "a0")
	g.Expect(w.im.SetCallback(told)).To(Succeed())
	answered := time.Now()
	g.Eventually(func() time.Duration { return time.Since(answered) }).WithTimeout(patience).Should(BeNumerically(">", (idle+1)*time.Second))
	busy := *p.account()
	busy.Agents = []officialaccount.Agent{{UserID: "lin", Presence: imv1alpha1.PresenceOffline}, {UserID: "zhou", Presence: imv1alpha1.PresenceOnline}}
	p.accounts.Put(&busy)
	p.relay.Served(accountUID)
	f.writes("q1")
	g.Eventually(func() []string { return f.chat("zhou") }).WithTimeout(patience).Should(HaveLen(1))
	g.Eventually(f.phone).WithTimeout(patience).Should(Equal([]string{"a0"}))
}

// TestTooManyPages: more than may be read at once is read a part at a time, the
// oldest first.
func TestTooManyPages(t *testing.T) {
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
	for n := range 3 {
		said := time.Now()
		want = append(want, fmt.Sprint("a", n))
		_, err := w.im.SendChatAsClient(prefix+f.openID, simim.ClientMessage{ // a page has room for one of them
			From: "lin", Text: want[n], Seq: f.seq.Add(1), CloudData: strings.Repeat("x", 10<<10),
		})
		g.Expect(err).NotTo(HaveOccurred())
		g.Eventually(func() time.Duration { return time.Since(said) }).WithTimeout(patience).Should(BeNumerically(">", 2500*time.Millisecond))
	}
	p = w.open(podOptions{Dir: dir}, quietly)
	p.relay.ReadPages(1)
	p.run()
	w.connect(p)
	g.Eventually(f.phone).WithTimeout(patience).Should(Equal(want))
}

// TestUnreadableMessage: one message that the log does not take does not keep the
// others from being read.
func TestUnreadableMessage(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	w, dir := newWorld(t, nil), t.TempDir()
	p := w.start(dir, quietly)
	w.connect(p)
	f := w.follow(true)
	f.writes("q")
	g.Eventually(func() []string { return f.chat("lin") }).WithTimeout(patience).Should(HaveLen(1))
	g.Expect(p.stop()).To(Succeed())
	f.isAnswered("lin", "a0")
	_, err := w.im.SendChatAsClient(prefix+f.openID, simim.ClientMessage{
		From: "lin", Text: "a1", Seq: f.seq.Add(1), CloudData: strings.Repeat("\x01", 11<<10), // six times as long in JSON
	})
	g.Expect(err).NotTo(HaveOccurred())
	f.isAnswered("lin", "a2")
	p = w.start(dir, quietly)
	w.connect(p)
	g.Eventually(f.phone).WithTimeout(patience).Should(Equal([]string{"a0", "a2"}))
	g.Expect(testutil.GatherAndCompare(p.registry, strings.NewReader(`
		# HELP liveroom_relay_unreadable_total Messages in IM's history that cannot be kept, and are left out.
		# TYPE liveroom_relay_unreadable_total counter
		liveroom_relay_unreadable_total 1
	`), "liveroom_relay_unreadable_total")).To(Succeed())
}

// TestForwardedMessage: an agent's client sends on what a customer wrote, with all
// that came with it.
func TestForwardedMessage(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	w := newWorld(t, nil)
	w.connect(w.start(t.TempDir(), quietly))
	from, to := w.follow(true), w.follow(true)
	for _, f := range []*follower{from, to} {
		f.writes("q")
		g.Eventually(f.agent).WithTimeout(patience).ShouldNot(BeEmpty())
	}
	marked := w.im.ChatMessages(prefix+from.openID, from.agent())[0].CloudData
	g.Expect(translation.Ours(marked)).To(BeTrue())
	_, err := w.im.SendChatAsClient(prefix+to.openID, simim.ClientMessage{From: "lin", Text: "q", Seq: 9, CloudData: marked})
	g.Expect(err).NotTo(HaveOccurred())
	g.Eventually(to.phone).WithTimeout(patience).Should(Equal([]string{"q"}))
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
