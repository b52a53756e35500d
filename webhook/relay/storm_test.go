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
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
	simwechat "github.com/liveroom-io/liveroom-operator/internal/sim/wechat"
)

// storm is many customers and agents who write at once.
type storm struct {
	world     *world
	followers []*follower
	messages  int
}

func newStorm(w *world, customers, messages int) *storm {
	s := &storm{world: w, messages: messages}
	for range customers {
		f := w.follow(true)
		// Who has paid can be written to without a count.
		NewWithT(w.t).Expect(w.wechat.Pay(appID, f.openID)).To(Succeed())
		s.followers = append(s.followers, f)
	}
	return s
}

// quietly is an account that says nothing by itself.
func quietly(o *imv1alpha1.WeChatOfficialAccount) { o.Spec.Replies = nil }

// disturb makes one call of ten fail, in all the ways that there are.
func (s *storm) disturb() {
	s.world.t.Helper()
	g := NewWithT(s.world.t)
	for _, fault := range []simim.Fault{
		{Command: "sendmsg", Probability: 0.02, Code: 91000},
		{Command: "sendmsg", Probability: 0.02, Code: 90994, Commit: true},
		{Command: "sendmsg", Probability: 0.02, Reset: simim.ResetBeforeCommit},
		{Command: "sendmsg", Probability: 0.02, Reset: simim.ResetAfterCommit},
		{Command: "sendmsg", Probability: 0.02, HTTPStatus: 502},
	} {
		_, err := s.world.im.InjectFault(fault)
		g.Expect(err).NotTo(HaveOccurred())
	}
	for _, fault := range []simwechat.Fault{
		{Command: "custom/send", Probability: 0.03, Code: -1},
		{Command: "custom/send", Probability: 0.02, Reset: simwechat.ResetBeforeCommit},
		{Command: "custom/send", Probability: 0.02, Reset: simwechat.ResetAfterCommit},
		{Command: "custom/send", Probability: 0.03, Code: 45011},
	} {
		_, err := s.world.wechat.InjectFault(fault)
		g.Expect(err).NotTo(HaveOccurred())
	}
}

// write makes every customer write every message.
func (s *storm) write() {
	for n := range s.messages {
		for _, f := range s.followers {
			f.writes(fmt.Sprint("q", n))
		}
	}
}

// answer makes the agent of each customer answer every message, once it is there.
func (s *storm) answer() {
	var all sync.WaitGroup
	for _, f := range s.followers {
		all.Go(func() {
			g := NewWithT(s.world.t)
			agent := ""
			g.Eventually(func() string { agent = f.agent(); return agent }).WithTimeout(time.Minute).ShouldNot(BeEmpty())
			for n := range s.messages {
				g.Eventually(func() int { return len(f.chat(agent)) }).WithTimeout(2 * time.Minute).WithPolling(50 * time.Millisecond).
					Should(BeNumerically(">", n))
				f.isAnswered(agent, fmt.Sprint("a", n))
			}
		})
	}
	all.Wait()
}

// agent who has the customer, "" for nobody.
func (f *follower) agent() string {
	for _, agent := range []string{"lin", "zhou"} {
		if len(f.chat(agent)) > 0 {
			return agent
		}
	}
	return ""
}

// questions are those that the agents have, in their order.
func (f *follower) questions() []string {
	var lines []string
	for _, agent := range []string{"lin", "zhou"} {
		for _, line := range f.chat(agent) {
			if question, ok := strings.CutPrefix(line, "customer: "); ok {
				lines = append(lines, question)
			}
		}
	}
	return lines
}

func numbered(prefix string, n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprint(prefix, i))
	}
	return all
}

// settle waits until every question is with an agent, once and in order.
func (s *storm) settle() {
	s.world.t.Helper()
	want := numbered("q", s.messages)
	for i, f := range s.followers {
		NewWithT(s.world.t).Eventually(f.questions).WithTimeout(2*time.Minute).WithPolling(100*time.Millisecond).Should(Equal(want), "customer %d", i)
	}
}

// TestStorm: fifty customers, one call of ten fails, and WeChat repeats itself.
func TestStorm(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(i *simim.Options, o *simwechat.Options) {
		i.Latency, o.Latency = 20*time.Millisecond, 20*time.Millisecond
		o.Delivery = simwechat.Delivery{Duplicate: 0.1}
	})
	p := w.start(t.TempDir(), quietly)
	w.connect(p)
	s := newStorm(w, 50, 8)
	s.disturb()
	var writing sync.WaitGroup
	writing.Go(s.write)
	s.answer()
	writing.Wait()
	s.settleWith(p.told)
	g := NewWithT(t)
	g.Expect(w.im.Refusals()).NotTo(HaveKey("60011"), "no refusal for frequency")
}

// TestOutage: neither IM nor WeChat answers for a while; what was accepted is passed
// on afterwards, in order.
func TestOutage(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	w := newWorld(t, nil)
	p := w.start(t.TempDir(), quietly)
	w.connect(p)
	s := newStorm(w, 10, 6)
	_, err := w.im.InjectFault(simim.Fault{Command: "*", HTTPStatus: 503})
	g.Expect(err).NotTo(HaveOccurred())
	_, err = w.wechat.InjectFault(simwechat.Fault{Command: "*", HTTPStatus: 503})
	g.Expect(err).NotTo(HaveOccurred())
	s.write()
	g.Expect(w.wechat.WaitForPushes(t.Context())).To(Succeed())
	g.Expect(w.wechat.PushStatistics().GivenUp).To(BeZero(), "everything is accepted")
	for _, f := range s.followers {
		g.Expect(f.questions()).To(BeEmpty())
	}
	w.im.ClearFaults()
	w.wechat.ClearFaults()
	s.settle()
	g.Expect(p.letters.count()).To(BeZero())
}
