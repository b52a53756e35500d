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
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

// The room is told of a rise, in the room where the points were made, by a
// message that calls nobody back.
func TestAnnouncement(t *testing.T) {
	s := newStage(t)
	s.run()
	s.earn("anna", 10)
	s.Eventually(s.settled("anna")).Should(Equal(int64(1)))
	s.Expect(s.announced()).To(Equal([]string{`LEVEL_UP {"userID":"anna","level":1,"title":"新粉"}`}))
	bodies := s.bodies(groupSend, "anna")
	s.Expect(bodies).To(HaveLen(1))
	for _, part := range []string{`"ForbidCallbackControl"`, `"ForbidBeforeSendMsgCallback"`, `"ForbidAfterSendMsgCallback"`, `"MsgPriority":"High"`} {
		s.Expect(strings.Count(bodies[0], part)).To(Equal(1), part)
	}
}

// Nobody is told of a level that is lower than before, as when a policy asks for more points.
func TestFallIsNotAnnounced(t *testing.T) {
	s := newStage(t)
	stop := s.run()
	s.earn("anna", 100)
	s.Eventually(s.settled("anna")).Should(Equal(int64(2)))
	s.force(func(p *imv1alpha1.UserLevelPolicy) {
		p.Spec.Levels = []imv1alpha1.UserLevel{{Level: 1, Points: 10}, {Level: 2, Points: 200}}
	})
	s.earn("anna", 1)
	s.Eventually(s.settled("anna")).Should(Equal(int64(1)))
	s.Expect(s.profile("anna")).To(Equal(profiled(1)))
	s.earn("anna", 100)
	s.Eventually(s.settled("anna")).Should(Equal(int64(2)))
	stop()
	s.Expect(s.announced()).To(HaveLen(1), "the second rise is within the time in which IM drops repeats")
	s.Expect(s.bodies(groupSend, "anna")).To(HaveLen(2))
}

func TestNoAnnouncement(t *testing.T) {
	for name, change := range map[string]func(*stage){
		"not asked for": func(s *stage) { s.force(func(p *imv1alpha1.UserLevelPolicy) { p.Spec.Announcement = nil }) },
		"the room is gone": func(s *stage) {
			s.writer.Directory.RemoveRoom(types.NamespacedName{Namespace: "shop", Name: "spring"})
		},
		"the group is gone": func(s *stage) { s.Expect(s.sim.DestroyGroup(group)).To(BeTrue()) },
		"IM forbids it": func(s *stage) {
			_, err := s.sim.InjectFault(simim.Fault{Command: groupSend, Code: 10007})
			s.Expect(err).NotTo(HaveOccurred())
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			change(s)
			s.run()
			s.earn("anna", 10)
			s.Eventually(s.settled("anna")).Should(Equal(int64(1)))
			s.Expect(s.profile("anna")).To(Equal(profiled(1)))
			s.Expect(s.announced()).To(BeEmpty())
			s.Expect(s.counted("written")).To(Equal(1.0))
		})
	}
}

// An announcement that IM does not take now is tried again, and the level is not
// settled before.
func TestAnnouncementIsRetried(t *testing.T) {
	s := newStage(t)
	_, err := s.sim.InjectFault(simim.Fault{Command: groupSend, Code: 10058, Times: 1})
	s.Expect(err).NotTo(HaveOccurred())
	s.run()
	s.earn("anna", 10)
	s.Eventually(func() int { return s.sim.Calls(groupSend) }).Should(Equal(1))
	s.Eventually(func() bool { return s.writer.resting(s.clock.Now()) && s.clock.HasWaiters() }).Should(BeTrue())
	s.Expect(s.settled("anna")()).To(Equal(int64(-1)))
	s.Eventually(func() int64 {
		s.clock.Step(100 * time.Millisecond)
		return s.settled("anna")()
	}).Should(Equal(int64(1)))
	s.Expect(s.announced()).To(HaveLen(1))
	s.Expect(s.profile("anna")).To(Equal(profiled(1)))
}
