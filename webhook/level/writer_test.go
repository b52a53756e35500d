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

package level

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
	"github.com/liveroom-io/liveroom-operator/webhook/directory"
	"github.com/liveroom-io/liveroom-operator/webhook/journal"
)

// profiled is a profile with a level and nothing else.
func profiled(level int64) map[string]any { return map[string]any{imv1alpha1.ProfileTagLevel: level} }

func TestWritesALevel(t *testing.T) {
	s := newStage(t)
	s.run()
	s.earn("anna", 9)
	s.earn("bob", 150)
	s.Eventually(s.settled("bob")).Should(Equal(int64(2)))
	s.earn("anna", 1)
	s.Eventually(s.settled("anna")).Should(Equal(int64(1)))
	s.Expect(s.profile("anna")).To(Equal(profiled(1)))
	s.Expect(s.profile("bob")).To(Equal(profiled(2)))
	s.Expect(s.announced()).To(Equal([]string{`LEVEL_UP {"userID":"bob","level":2}`, `LEVEL_UP {"userID":"anna","level":1,"title":"新粉"}`}))
	s.Expect(s.sim.Calls(portraitSet)).To(Equal(2))
	s.Expect(s.counted("written")).To(Equal(2.0))
	s.Expect(s.counted("failed")).To(BeZero())
}

// What is up to date is not written: users below the first level, users who
// have their level, and those of policies that are not in force.
func TestNothingToWrite(t *testing.T) {
	s := newStage(t)
	stop := s.run()
	s.earn("anna", 10)
	s.Eventually(s.settled("anna")).Should(Equal(int64(1)))
	s.earn("bob", 9)
	for range 50 {
		s.earn("anna", 1)
	}
	s.earn("anna", 5000, "another policy")
	s.writer.Review("a name without a number", &User{Standings: map[string]*Standing{}})
	s.Expect(s.waiting()).To(BeZero())
	stop()
	s.Expect(s.sim.Calls(portraitSet)).To(Equal(1))
	s.Expect(s.changes).To(Equal(1))
	s.Expect(s.writer.lines).To(BeEmpty())
}

// waiting is how many users wait.
func (s *stage) waiting() int {
	s.writer.mu.Lock()
	defer s.writer.mu.Unlock()
	return len(s.writer.waiting)
}

// However much happens while a level is written, the profile is written once
// more, with the newest level, and never twice at the same time.
func TestCoalesces(t *testing.T) {
	s := newStage(t)
	open := s.gate.shut()
	stop := s.run()
	s.earn("anna", 10)
	s.Eventually(s.gate.arrived).Should(Receive(ContainSubstring(portraitSet)))
	for range 99 {
		s.earn("anna", 10)
	}
	s.earn("bob", 10)
	s.Eventually(s.gate.arrived).Should(Receive(), "another user is not held up")
	open()
	s.Eventually(s.settled("anna")).Should(Equal(int64(3)))
	s.Eventually(s.settled("bob")).Should(Equal(int64(1)))
	stop()
	s.Expect(s.profile("anna")).To(Equal(profiled(3)))
	s.Expect(s.bodies(portraitSet, "anna")).To(HaveLen(2))
	s.Expect(s.writer.lines).To(BeEmpty())
	s.Expect(s.writer.busy).To(BeEmpty())
}

// bodies are the calls of a command that name a user.
func (s *stage) bodies(command, userID string) []string {
	var found []string
	for _, call := range s.sim.CallLog() {
		if call.Command == command && strings.Contains(call.Body, userID) {
			found = append(found, call.Body)
		}
	}
	return found
}

// News that brings no other level while one is written brings no other write.
func TestSameLevelIsWrittenOnce(t *testing.T) {
	s := newStage(t)
	open := s.gate.shut()
	stop := s.run()
	s.earn("anna", 10)
	s.Eventually(s.gate.arrived).Should(Receive())
	for range 20 {
		s.earn("anna", 1)
	}
	open()
	s.Eventually(s.settled("anna")).Should(Equal(int64(1)))
	stop()
	s.Expect(s.sim.Calls(portraitSet)).To(Equal(1))
	s.Expect(s.announced()).To(HaveLen(1))
	s.Expect(s.waiting()).To(BeZero())
}

// A write that fails is tried again, after longer and longer rests.
func TestRetries(t *testing.T) {
	s := newStage(t)
	_, err := s.sim.InjectFault(simim.Fault{Command: portraitSet, Code: 40007, Times: 8})
	s.Expect(err).NotTo(HaveOccurred())
	s.run()
	s.earn("anna", 10)
	var tried []time.Duration
	began := s.clock.Now()
	s.Eventually(func() int {
		for calls := s.sim.Calls(portraitSet); len(tried) < calls; {
			tried = append(tried, s.clock.Since(began))
		}
		if s.writer.resting(s.clock.Now()) && s.clock.HasWaiters() {
			s.clock.Step(200 * time.Millisecond)
		}
		return len(tried)
	}).WithPolling(50 * time.Microsecond).Should(Equal(9))
	s.Eventually(s.settled("anna")).Should(Equal(int64(1)))
	rest, rested := firstRetry, time.Duration(0)
	for i := 1; i < len(tried); i++ {
		rested += rest
		s.Expect(tried[i]).To(BeNumerically(">=", rested), "try %d of %v", i, tried)
		rest = min(2*rest, lastRetry)
	}
	s.Expect(rest).To(Equal(lastRetry))
	s.Expect(s.counted("failed")).To(Equal(8.0))
	s.Expect(s.announced()).To(HaveLen(1))
}

// resting reports whether every line rests, and nobody is written.
func (w *Writer) resting(now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.lines {
		if len(l.order) > 0 && !l.rests.After(now) {
			return false
		}
	}
	return len(w.busy) == 0
}

// Trouble with one application, or with the field of one policy, holds up nobody else.
func TestTroubleIsNotShared(t *testing.T) {
	s := newStage(t)
	other := types.NamespacedName{Namespace: "shop", Name: "other"}
	s.writer.Directory.PutApp(&directory.App{Key: other, SDKAppID: 1400000002}) // no client: its credentials are bad
	s.force(func(p *imv1alpha1.UserLevelPolicy) {
		p.Name, p.UID, p.Spec.ProfileTag = "unregistered", "q", "Tag_Profile_Custom_Nope"
	})
	users := make([]*User, 100)
	for i := range users {
		users[i] = &User{Standings: map[string]*Standing{"p": {Points: 10}}}
		s.writer.Review("1400000002/viewer"+strconv.Itoa(i), users[i])
		userID := "viewer" + strconv.Itoa(i)
		s.Expect(s.sim.SeedAccounts(simim.AccountSeed{UserID: userID})).To(Succeed())
		s.earn(userID, 10, "q")
	}
	s.run()
	s.earn("anna", 10)
	s.earn("bob", 10)
	s.Eventually(s.settled("anna")).Should(Equal(int64(1)))
	s.Eventually(s.settled("bob")).Should(Equal(int64(1)))
	// The clock stands still: each of the workers has tried once at most.
	s.Expect(s.counted("failed")).To(BeNumerically("<=", workers))
}

// An ImAccount that declares the field keeps it, also when it is declared while
// the user waits.
func TestExcludedAccounts(t *testing.T) {
	account := func(userID string, change func(*imv1alpha1.ImAccountSpec)) *imv1alpha1.ImAccount {
		account := &imv1alpha1.ImAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: userID}}
		account.Spec.AppRef.Name = appKey.Name
		account.Status.Conditions = []metav1.Condition{{Type: imv1alpha1.ConditionImported, Status: metav1.ConditionTrue}}
		change(&account.Spec)
		return account
	}
	s := newStage(t)
	s.writer.Directory.PutAccount(account("anna", func(spec *imv1alpha1.ImAccountSpec) { spec.Level = new(int64(7)) }))
	s.writer.Directory.PutAccount(account("bob", func(spec *imv1alpha1.ImAccountSpec) { spec.Nickname = new("Bob") }))
	s.Expect(s.sim.SeedAccounts(simim.AccountSeed{UserID: "carl"})).To(Succeed())
	s.earn("anna", 10)
	s.earn("carl", 10)
	s.writer.Directory.PutAccount(account("carl", func(spec *imv1alpha1.ImAccountSpec) { spec.Level = new(int64(7)) }))
	stop := s.run()
	s.earn("bob", 10)
	s.Eventually(s.settled("bob")).Should(Equal(int64(1)))
	s.Eventually(s.waiting).Should(BeZero())
	stop()
	s.Expect(s.settled("anna")()).To(Equal(int64(-1)))
	s.Expect(s.settled("carl")()).To(Equal(int64(-1)))
	s.Expect(s.sim.Calls(portraitSet)).To(Equal(1))
}

// A policy that is withdrawn while users wait writes nothing, and nothing is
// noted as written: it may come back.
func TestWithdrawnPolicy(t *testing.T) {
	s := newStage(t)
	s.earn("anna", 10)
	s.withdraw("levels")
	stop := s.run()
	s.Eventually(s.waiting).Should(BeZero())
	stop()
	s.Expect(s.settled("anna")()).To(Equal(int64(-1)))
	s.Expect(s.sim.Calls(portraitSet)).To(BeZero())
	s.force()
	s.run()
	s.earn("anna", 1)
	s.Eventually(s.settled("anna")).Should(Equal(int64(1)))
}

// Users of an application that nobody declares any more are let go.
func TestApplicationIsGone(t *testing.T) {
	s := newStage(t)
	s.earn("anna", 10)
	s.writer.Directory.RemoveApp(appKey)
	s.run()
	s.Eventually(s.waiting).Should(BeZero())
	s.Expect(s.sim.Calls(portraitSet)).To(BeZero())
	s.Expect(s.settled("anna")()).To(Equal(int64(-1)))
}

func TestCustomField(t *testing.T) {
	s := newStage(t)
	s.force(func(p *imv1alpha1.UserLevelPolicy) {
		p.Name, p.UID, p.Spec.ProfileTag = "tiers", "q", "Tag_Profile_Custom_Tier"
	})
	s.run()
	s.earn("anna", 100, "p", "q")
	s.Eventually(s.settled("anna")).Should(Equal(int64(2)))
	s.Expect(s.profile("anna")).To(Equal(map[string]any{imv1alpha1.ProfileTagLevel: int64(2), "Tag_Profile_Custom_Tier": "2"}))
	s.Expect(s.sim.Calls(portraitSet)).To(Equal(1))
}

// What IM will never take is settled: it is not tried again before the next level.
func TestTerminalErrors(t *testing.T) {
	for name, code := range map[string]int{"the user is gone": 40003, "the value is refused": 40005} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			_, err := s.sim.InjectFault(simim.Fault{Command: portraitSet, Code: code, Times: 1})
			s.Expect(err).NotTo(HaveOccurred())
			stop := s.run()
			s.earn("anna", 10)
			s.Eventually(s.settled("anna")).Should(Equal(int64(1)))
			s.earn("anna", 10)
			s.Expect(s.waiting()).To(BeZero())
			s.Expect(s.profile("anna")).NotTo(HaveKey(imv1alpha1.ProfileTagLevel))
			s.Expect(s.announced()).To(BeEmpty())
			s.Expect(s.counted("failed")).To(Equal(1.0))
			s.earn("anna", 100)
			s.Eventually(s.settled("anna")).Should(Equal(int64(2)))
			stop()
			s.Expect(s.profile("anna")).To(Equal(profiled(2)))
		})
	}
}

// Without the journal nobody knows whether the level is still the right one, and
// whose it is to write: nothing is written before it answers.
func TestJournalRefuses(t *testing.T) {
	s := newStage(t)
	s.refusal = context.DeadlineExceeded
	s.run()
	s.earn("anna", 10)
	s.Eventually(s.clock.HasWaiters).Should(BeTrue())
	s.Expect(s.sim.Calls(portraitSet)).To(BeZero())
	s.mu.Lock()
	s.refusal = nil
	s.mu.Unlock()
	s.Eventually(func() int64 {
		s.clock.Step(100 * time.Millisecond)
		return s.settled("anna")()
	}).Should(Equal(int64(1)))
	s.Expect(s.profile("anna")).To(Equal(profiled(1)))
	s.Expect(s.sim.Calls(portraitSet)).To(Equal(1))
}

// What has become another pod's business is left to it.
func TestUserOfAnotherPod(t *testing.T) {
	s := newStage(t)
	s.refusal = journal.ErrNotOwned
	s.earn("anna", 10)
	s.run()
	s.Eventually(s.waiting).Should(BeZero())
	s.Expect(s.sim.Calls(portraitSet)).To(BeZero())
}

// A bound holds for those who wait. Who had no room is looked for once there is some.
func TestBoundOfTheWaiting(t *testing.T) {
	s := newStage(t)
	user := &User{Standings: map[string]*Standing{"p": {Points: 10}}}
	for i := range maxWaiting + 10 {
		s.writer.Review(nameOf(strconv.Itoa(i)), user)
	}
	s.Expect(s.waiting()).To(Equal(maxWaiting))
	s.writer.Review(nameOf("0"), user) // has its place
	s.Expect(s.waiting()).To(Equal(maxWaiting))
	s.withdraw("levels") // so that they go fast
	s.run()
	s.Eventually(s.rescans).Should(Receive())
	s.Eventually(s.waiting).Should(BeZero())
}
