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

package controllers_test

import (
	"testing"

	. "github.com/onsi/gomega"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

// observed begins with a foreign group and a room that only observes it.
func (s *story) observed(name string) *imv1alpha1.LiveRoom {
	s.t.Helper()
	s.Expect(s.sim.SeedGroup(simim.GroupSeed{
		GroupID: "live_one", Type: "AVChatRoom", Name: name, Notification: "今晚八点，童装上新",
	})).To(Succeed())
	room := s.room("one", func(spec *imv1alpha1.LiveRoomSpec) { spec.ManagementPolicy = imv1alpha1.ManagementPolicyObserve })
	s.create(room)
	return room
}

func TestObservedGroupIsTakenOverOnlyWithConsent(t *testing.T) {
	s := begin(t)
	room := s.observed("theirs")
	s.Eventually(s.ready(room)).Should(Equal("False DriftDetected"))
	s.Expect(s.message(room)).To(Equal("different in IM: name"))

	update(s, room, func(r *imv1alpha1.LiveRoom) { r.Spec.ManagementPolicy = imv1alpha1.ManagementPolicyManage })
	s.Eventually(s.ready(room)).Should(Equal("False NotAdopted"))
	s.Expect(s.writesToIM()).To(BeZero())

	update(s, room, func(r *imv1alpha1.LiveRoom) { r.Spec.AdoptionPolicy = imv1alpha1.AdoptionPolicyAdopt })
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Expect(s.group("live_one").Name).To(Equal(room.Spec.Name))
}

func TestObservedDriftIsReported(t *testing.T) {
	s := begin(t)
	room := s.observed("童装直播间")
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	theirs := "theirs"
	s.Expect(s.sim.MutateGroup("live_one", simim.GroupChange{Notification: &theirs})).To(Succeed())
	s.Eventually(s.ready(room)).Should(Equal("False DriftDetected"))
	s.Expect(s.message(room)).To(Equal("different in IM: announcement"))
	s.Expect(s.group("live_one").Notification).To(Equal("theirs"))
	s.Expect(s.writesToIM()).To(BeZero())
}

func TestDeletingAnObservedRoomLeavesItsGroup(t *testing.T) {
	s := begin(t)
	room := s.observed("theirs")
	s.Eventually(s.ready(room)).Should(Equal("False DriftDetected"))
	s.Expect(s.client.Delete(s.ctx, room)).To(Succeed())
	s.Eventually(s.gone(room)).Should(BeTrue())
	s.Expect(s.group("live_one").Name).To(Equal("theirs"))
}

func TestObservedDriftThatHasGone(t *testing.T) {
	s := begin(t)
	room := s.observed("theirs")
	s.Eventually(s.ready(room)).Should(Equal("False DriftDetected"))
	s.Expect(s.sim.MutateGroup("live_one", simim.GroupChange{Name: &room.Spec.Name})).To(Succeed())
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
}

func TestObservedGroupThatComesLater(t *testing.T) {
	s := begin(t)
	room := s.room("one", func(spec *imv1alpha1.LiveRoomSpec) { spec.ManagementPolicy = imv1alpha1.ManagementPolicyObserve })
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal("False NotExisting"))
	s.Expect(s.sim.SeedGroup(simim.GroupSeed{
		GroupID: "live_one", Type: "AVChatRoom", Name: room.Spec.Name, Notification: *room.Spec.Announcement,
	})).To(Succeed())
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
}
