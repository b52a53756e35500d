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
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

const (
	asDeclared = "True AsDeclared"
	createCall = "create_group"
)

func TestRoomIsMadeOnceAndLeftAlone(t *testing.T) {
	s := begin(t)
	app := s.app()
	s.Eventually(s.ready(app)).Should(Equal(asDeclared))
	before := env.Requests().Snapshot()

	room := s.room("one")
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))

	group, found := s.sim.Group("live_one")
	s.Expect(found).To(BeTrue())
	s.Expect(group.Name).To(Equal("童装直播间"))
	s.Expect(group.Notification).To(Equal("今晚八点，童装上新"))
	s.Expect(s.sim.Calls(createCall)).To(Equal(1))
	writes := env.Requests().Since(before).By(s.agent()).In(s.namespace)
	s.Expect(writes.Writes().Total()).To(Equal(2), writes.String())
	s.Expect(writes.Events().Total()).To(BeZero(), writes.String())

	// A second pass and a restart write nothing, neither to IM nor here.
	before = env.Requests().Snapshot()
	calls := s.writesToIM()
	update(s, room, func(r *imv1alpha1.LiveRoom) {
		r.Annotations[imv1alpha1.AnnotationReconcileAt] = "again"
	})
	s.Eventually(func() string {
		_ = s.client.Get(s.ctx, client.ObjectKeyFromObject(room), room)
		return room.Status.LastHandledReconcileAt
	}).Should(Equal("again"))
	echo := env.Requests().Since(before).By(s.agent()).In(s.namespace).Writes().Total()
	s.Expect(echo).To(Equal(1), "only the echo of the request")

	s.stop()
	before = env.Requests().Snapshot()
	reads := s.sim.Calls("get_group_info")
	s.start()
	s.Eventually(func() int { return s.sim.Calls("get_group_info") }).Should(BeNumerically(">", reads))
	s.Consistently(func() int {
		return env.Requests().Since(before).By(s.agent()).In(s.namespace).Writes().Total()
	}, "1s").Should(BeZero())
	s.Expect(s.writesToIM()).To(Equal(calls))
}

// writesToIM counts calls that change something.
func (s *story) writesToIM() int {
	total := 0
	for _, command := range []string{
		createCall, "modify_group_base_info", "destroy_group", "modify_admin", "modify_group_attr",
		"ban_group_member", "multiaccount_import", "account_import", "portrait_set",
		"add_local_audit_keywords", "delete_local_audit_keywords",
	} {
		total += s.sim.Calls(command)
	}
	return total
}

func TestRoomFollowsItsSpec(t *testing.T) {
	s := begin(t)
	room := s.room("one")
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))

	update(s, room, func(r *imv1alpha1.LiveRoom) {
		r.Spec.Name = "改名了"
		r.Spec.Speech = imv1alpha1.SpeechMuted
	})
	s.Eventually(func() string { g, _ := s.sim.Group("live_one"); return g.Name + g.MuteAllMember }).Should(Equal("改名了On"))
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
}

func TestRoomDestroyedElsewhereComesBack(t *testing.T) {
	s := begin(t)
	room := s.room("one")
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Expect(s.sim.DestroyGroup("live_one")).To(BeTrue())
	s.Eventually(func() bool { _, found := s.sim.Group("live_one"); return found }).Should(BeTrue())
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
}

func TestLostReplyMakesNoSecondGroup(t *testing.T) {
	s := begin(t)
	s.Eventually(s.ready(s.app())).Should(Equal(asDeclared))
	_, err := s.sim.InjectFault(simim.Fault{Command: createCall, Times: 1, Reset: simim.ResetAfterCommit})
	s.Expect(err).NotTo(HaveOccurred())
	room := s.room("one")
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Expect(s.sim.Groups()).To(HaveLen(1))
}

func TestForeignGroupIsNotTakenOver(t *testing.T) {
	s := begin(t)
	s.Expect(s.sim.SeedGroup(simim.GroupSeed{GroupID: "live_one", Type: "AVChatRoom", Name: "theirs"})).To(Succeed())
	room := s.room("one")
	// A mark copied from elsewhere proves nothing: it names another object.
	room.Annotations = map[string]string{imv1alpha1.AnnotationMark: `{"uid":"copied","time":"2020-01-01T00:00:00Z","origin":"Created"}`}
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal("False NotAdopted"))
	group, _ := s.sim.Group("live_one")
	s.Expect(group.Name).To(Equal("theirs"))

	update(s, room, func(r *imv1alpha1.LiveRoom) { r.Spec.AdoptionPolicy = imv1alpha1.AdoptionPolicyAdopt })
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	group, _ = s.sim.Group("live_one")
	s.Expect(group.Name).To(Equal("童装直播间"))
}

func TestTwoRoomsForOneGroup(t *testing.T) {
	s := begin(t)
	first := s.room("one")
	s.create(first)
	s.Eventually(s.ready(first)).Should(Equal(asDeclared))
	second := s.room("two", func(spec *imv1alpha1.LiveRoomSpec) { spec.GroupID = "live_one"; spec.Name = "second" })
	s.create(second)
	s.Eventually(s.ready(second)).Should(Equal("False Conflict"))
	s.Expect(s.client.Delete(s.ctx, second)).To(Succeed())
	s.Eventually(s.gone(second)).Should(BeTrue())
	_, found := s.sim.Group("live_one")
	s.Expect(found).To(BeTrue(), "the loser's deletion leaves the winner's group alone")
}

func TestDeletionDestroysOrRetains(t *testing.T) {
	s := begin(t)
	destroyed := s.room("one")
	retained := s.room("two", func(spec *imv1alpha1.LiveRoomSpec) { spec.DeletionPolicy = imv1alpha1.DeletionPolicyRetain })
	s.create(destroyed, retained)
	s.Eventually(s.ready(destroyed)).Should(Equal(asDeclared))
	s.Eventually(s.ready(retained)).Should(Equal(asDeclared))
	s.Expect(s.client.Delete(s.ctx, destroyed)).To(Succeed())
	s.Expect(s.client.Delete(s.ctx, retained)).To(Succeed())
	s.Eventually(s.gone(destroyed)).Should(BeTrue())
	s.Eventually(s.gone(retained)).Should(BeTrue())
	_, found := s.sim.Group("live_one")
	s.Expect(found).To(BeFalse())
	_, found = s.sim.Group("live_two")
	s.Expect(found).To(BeTrue())
}

func TestWriteThatDoesNotConvergeEndsInACondition(t *testing.T) {
	s := begin(t)
	room := s.room("one")
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Expect(s.sim.SetMangle(simim.Mangle{Field: "Name", Suffix: "~"})).To(Succeed())
	update(s, room, func(r *imv1alpha1.LiveRoom) { r.Spec.Name = "other" })
	s.Eventually(s.ready(room)).Should(Equal("False NotConverging"))
	s.Expect(s.client.Get(s.ctx, client.ObjectKeyFromObject(room), room)).To(Succeed())
	s.Expect(room.Status.Unconverged).To(HaveLen(1))
	s.Expect(room.Status.Unconverged[0].Path).To(Equal("name"))
	writes := s.sim.Calls("modify_group_base_info")
	s.Consistently(func() int { return s.sim.Calls("modify_group_base_info") }, "3s").Should(Equal(writes))
}

func TestObserveReportsAndDoesNothing(t *testing.T) {
	s := begin(t)
	s.Expect(s.sim.SeedGroup(simim.GroupSeed{GroupID: "live_one", Type: "AVChatRoom", Name: "theirs"})).To(Succeed())
	room := s.room("one", func(spec *imv1alpha1.LiveRoomSpec) { spec.ManagementPolicy = imv1alpha1.ManagementPolicyObserve })
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal("False DriftDetected"))
	s.Expect(s.writesToIM()).To(BeZero())
}

func TestUnknownOwnerIsNamed(t *testing.T) {
	s := begin(t)
	room := s.room("one", func(spec *imv1alpha1.LiveRoomSpec) { spec.Owner = &imv1alpha1.UserReference{UserID: "nobody"} })
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal("False UserNotFound"))
}

func TestGroupIDMadeOfLongNames(t *testing.T) {
	s := begin(t)
	room := s.room(strings.Repeat("n", 60), func(spec *imv1alpha1.LiveRoomSpec) { spec.GroupID = "" })
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal("False Invalid"))
}
