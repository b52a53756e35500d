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
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	. "github.com/onsi/gomega"

	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
	simwechat "github.com/liveroom-io/liveroom-operator/internal/sim/wechat"
	"github.com/liveroom-io/liveroom-operator/webhook/relay/conversation"
)

const (
	// retryGap between the tries of a push is long enough to start a pod again.
	retryGap = 4 * time.Second
	// ahead is how many questions customers ask before the first is with an agent.
	ahead = 3
	// stormPatience is how long a storm may take.
	stormPatience = 5 * time.Minute
	// afterMessage is the callback that tells of a message between two accounts.
	afterMessage = "C2C.CallbackAfterSendMsg"
)

// stormy makes both providers slow, and WeChat lose answers. IM tells of what
// agents write once, and does not repeat that. Each storm has its own faults.
func stormy(i *simim.Options, o *simwechat.Options) {
	i.Seed, o.Seed = rand.Uint64(), rand.Uint64()
	i.Latency, o.Latency = 20*time.Millisecond, 20*time.Millisecond
	o.Delivery = simwechat.Delivery{Duplicate: 0.1}
	o.RetryGap, o.CallLogSize = retryGap, 1<<15
}

// talk lets all customers ask and all agents answer, each as soon as the one before
// has come to something, until everything has been written.
func (s *storm) talk(answered *atomic.Int64) *sync.WaitGroup {
	var all sync.WaitGroup
	for _, f := range s.followers {
		all.Go(func() {
			g := NewWithT(s.world.t)
			asked, replied := 0, 0
			g.Eventually(func() int {
				agent, there := f.arrived()
				for ; asked < min(s.messages, there+ahead); asked++ {
					f.writes(fmt.Sprint("q", asked))
				}
				for ; replied < there; replied++ {
					f.isAnswered(agent, fmt.Sprint("a", replied))
					answered.Add(1)
				}
				return replied
			}).WithTimeout(stormPatience).WithPolling(50 * time.Millisecond).Should(Equal(s.messages))
		})
	}
	return &all
}

// arrived is how many messages of the customer are with an agent.
func (f *follower) arrived() (agent string, messages int) {
	for _, agent = range []string{"lin", "zhou"} {
		for _, m := range f.world.im.ChatMessages(prefix+f.openID, agent) {
			if m.From != agent && !strings.Contains(m.CloudData, `"notice"`) {
				messages++
			}
		}
		if messages > 0 {
			break
		}
	}
	return agent, messages
}

// exhausted: a push has failed twice, and WeChat tries it once more.
func (w *world) exhausted() bool {
	tries, over := map[string]int{}, map[string]bool{}
	for _, record := range w.wechat.PushLog() {
		switch record.Outcome {
		case simwechat.TimedOut, simwechat.Broken, simwechat.BadStatus, simwechat.Lost:
			tries[record.ID] = max(tries[record.ID], record.Try)
		default: // a copy of an earlier try may still fail after that
			over[record.ID] = true
		}
	}
	for id, try := range tries {
		if try == 2 && !over[id] {
			return true
		}
	}
	return false
}

// settleWith waits until every question is with an agent, and every answer with its
// customer or a dead letter, as a pod knows them. It checks the order of both,
// that nothing is there twice, and that nothing but unknown outcomes is given up and
// counted. Of an answer that has arrived, a letter may still come.
func (s *storm) settleWith(told func() figures) (known []deadLetter) {
	s.world.t.Helper()
	g := NewWithT(s.world.t)
	s.settle()
	g.Eventually(func() []string {
		now := told()
		if now.Err != "" {
			return []string{now.Err}
		}
		known = now.Letters
		if now.Unknown != int64(len(known)) { // nothing else is a letter here
			return []string{fmt.Sprintf("%d outcomes are unknown, and %d letters are there", now.Unknown, len(known))}
		}
		return s.unexplained(known)
	}).WithTimeout(time.Minute).WithPolling(100 * time.Millisecond).Should(BeEmpty())
	answers, explained := numbered("a", s.messages), map[deadLetter]bool{}
	for _, letter := range known {
		want := deadLetter{Cause: conversation.UnknownOutcome, Lane: conversation.ToCustomer, Customer: letter.Customer, Text: letter.Text}
		g.Expect(letter).To(Equal(want))
		g.Expect(explained).NotTo(HaveKey(letter), "a letter is there twice")
		explained[letter] = true
	}
	for i, f := range s.followers {
		got, last := f.phone(), -1
		seen := map[string]bool{}
		for _, text := range got {
			number := slices.Index(answers, text)
			g.Expect(number).To(BeNumerically(">=", 0), "customer %d has %v", i, got)
			g.Expect(seen).NotTo(HaveKey(text), "customer %d has %v", i, got)
			seen[text] = true
			g.Expect(number).To(BeNumerically(">", last), "customer %d has %v", i, got)
			last = number
		}
	}
	return known
}

// unexplained are answers that neither arrived nor are known to be lost.
func (s *storm) unexplained(letters []deadLetter) []string {
	var missing []string
	for i, f := range s.followers {
		got := f.phone()
		for _, letter := range letters {
			if letter.Customer == f.openID {
				got = append(got, letter.Text)
			}
		}
		for _, answer := range numbered("a", s.messages) {
			if !slices.Contains(got, answer) {
				missing = append(missing, fmt.Sprintf("customer %d: %s", i, answer))
			}
		}
	}
	return missing
}

// figures of what came about. Answers that did not arrive are those that WeChat
// dropped with the connection, or that a kill kept from being sent.
func (s *storm) figures(unknown int) string {
	all, arrived := len(s.followers)*s.messages, 0
	for _, f := range s.followers {
		arrived += len(f.phone())
	}
	pushes, callbacks := s.world.wechat.PushStatistics(), s.world.im.CallbackStatus().Commands[afterMessage]
	return fmt.Sprintf("%d customers ask %d questions, all of which are with their agents; of as many answers %d arrived, and %d outcomes are unknown; "+
		"pushes: %d tries, %v, %d given up, %d pending; callbacks: %+v", len(s.followers), all, arrived, unknown, pushes.Tries, pushes.Outcomes, pushes.GivenUp, pushes.Pending, callbacks)
}

// dial finds out whether somebody listens.
func dial(address string) error {
	connection, err := net.Dial("tcp", address)
	if err == nil {
		err = connection.Close()
	}
	return err
}
