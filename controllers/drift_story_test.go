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
	"maps"
	"slices"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

// everything is a room with a part of every kind.
func (s *story) everything() *imv1alpha1.LiveRoom {
	state, until := "live", metav1.NewTime(time.Now().Add(time.Hour))
	s.Expect(s.sim.SeedAccounts(simim.AccountSeed{UserID: "helper"}, simim.AccountSeed{UserID: "troll"}, simim.AccountSeed{UserID: "other"})).To(Succeed())
	return s.room("one", func(spec *imv1alpha1.LiveRoomSpec) {
		spec.Administrators = []imv1alpha1.UserReference{{UserID: "helper"}}
		spec.CustomFields = []imv1alpha1.RoomCustomField{
			{Name: "add_goods", Value: &state},
			{Name: "room_status", Value: &state, Policy: imv1alpha1.WritePolicyInitialize},
		}
		spec.Attributes = []imv1alpha1.RoomAttribute{
			{Key: "state", Value: &state},
			{Key: "seed", Value: &state, Policy: imv1alpha1.WritePolicyInitialize},
		}
		spec.BannedAccounts = []imv1alpha1.BannedAccount{{UserID: "troll", Until: &until}}
	})
}

func (s *story) group(id string) simim.GroupState {
	group, _ := s.sim.Group(id)
	return group
}

func TestEveryPartOfARoomIsBroughtBack(t *testing.T) {
	s := begin(t)
	room := s.everything()
	s.create(s.field("add-goods", "add_goods"), s.field("room-status", "room_status"), room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	group := s.group("live_one")
	s.Expect(group.Administrators).To(ConsistOf("helper"))
	s.Expect(group.Attributes).To(Equal(map[string]string{"state": "live", "seed": "live"}))
	s.Expect(group.Banned).To(HaveKey("troll"))

	name, theirs := "changed", []simim.FieldValue{{Name: "add_goods", Value: "x"}, {Name: "room_status", Value: "theirs"}}
	s.Expect(s.sim.MutateGroup("live_one", simim.GroupChange{
		Name: &name, CustomFields: theirs,
		Attributes:     []simim.FieldValue{{Name: "state", Value: "x"}, {Name: "seed", Value: "theirs"}, {Name: "foreign", Value: "kept"}},
		Administrators: []string{"other"},
	})).To(Succeed())
	s.Eventually(func() bool {
		g := s.group("live_one")
		return g.Name == room.Spec.Name && slices.Equal(g.Administrators, []string{"helper"}) &&
			maps.Equal(g.CustomFields, map[string]string{"add_goods": "live", "room_status": "theirs"}) &&
			maps.Equal(g.Attributes, map[string]string{"state": "live", "seed": "theirs", "foreign": "kept"})
	}).Should(BeTrue())
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))

	update(s, room, func(r *imv1alpha1.LiveRoom) { r.Spec.BannedAccounts = nil })
	s.Eventually(func() map[string]int64 { return s.group("live_one").Banned }).Should(BeEmpty())
}

func TestInitializedAgainInANewGroup(t *testing.T) {
	s := begin(t)
	room := s.everything()
	s.create(s.field("add-goods", "add_goods"), s.field("room-status", "room_status"), room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Expect(s.sim.MutateGroup("live_one", simim.GroupChange{CustomFields: []simim.FieldValue{{Name: "room_status", Value: "theirs"}}})).To(Succeed())
	s.Expect(s.sim.DestroyGroup("live_one")).To(BeTrue())
	s.Eventually(func() map[string]string { return s.group("live_one").CustomFields }).Should(HaveKeyWithValue("room_status", "live"))
}

func TestProfileIsBroughtBack(t *testing.T) {
	s := begin(t)
	host := s.account("host")
	s.create(host)
	s.Eventually(s.ready(host)).Should(Equal(asDeclared))
	s.Expect(s.sim.SeedAccounts(simim.AccountSeed{UserID: "host", Profile: map[string]any{"Tag_Profile_IM_Nick": "other"}})).To(Succeed())
	s.Eventually(func() any {
		account, _ := s.sim.Account("host")
		return account.Profile["Tag_Profile_IM_Nick"]
	}).Should(Equal("主播小林"))
}

func TestRoomsOfOtherTypes(t *testing.T) {
	s := begin(t)
	s.Expect(s.sim.SeedAccounts(simim.AccountSeed{UserID: "a"}, simim.AccountSeed{UserID: "b"}, simim.AccountSeed{UserID: "c"})).To(Succeed())
	for _, kind := range []imv1alpha1.RoomType{imv1alpha1.RoomTypeMeeting, imv1alpha1.RoomTypePublic} {
		name := map[imv1alpha1.RoomType]string{imv1alpha1.RoomTypeMeeting: "meeting", imv1alpha1.RoomTypePublic: "public"}[kind]
		room := s.room(name, func(spec *imv1alpha1.LiveRoomSpec) {
			spec.Type, spec.JoinOption = kind, "FreeAccess"
			spec.Owner = &imv1alpha1.UserReference{UserID: "a"}
			spec.Administrators = []imv1alpha1.UserReference{{UserID: "b"}}
		})
		s.create(room)
		s.Eventually(s.ready(room)).Should(Equal(asDeclared))
		s.Expect(s.group("live_" + name).Administrators).To(ConsistOf("b"))

		update(s, room, func(r *imv1alpha1.LiveRoom) {
			r.Spec.Owner = &imv1alpha1.UserReference{UserID: "c"}
			r.Spec.Administrators = []imv1alpha1.UserReference{}
		})
		s.Eventually(func() string { return s.group("live_" + name).Owner }).Should(Equal("c"))
		s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	}
}

func TestObservedThenManaged(t *testing.T) {
	s := begin(t)
	room := s.room("one", func(spec *imv1alpha1.LiveRoomSpec) { spec.ManagementPolicy = imv1alpha1.ManagementPolicyObserve })
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal("False NotExisting"))
	s.Expect(s.writesToIM()).To(BeZero())
	update(s, room, func(r *imv1alpha1.LiveRoom) { r.Spec.ManagementPolicy = imv1alpha1.ManagementPolicyManage })
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
}

func TestReconcileAtTriesAgain(t *testing.T) {
	s := begin(t)
	room := s.room("one")
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Expect(s.sim.SetMangle(simim.Mangle{Field: "Name", Suffix: "~"})).To(Succeed())
	update(s, room, func(r *imv1alpha1.LiveRoom) { r.Spec.Name = "other" })
	s.Eventually(s.ready(room)).Should(Equal("False NotConverging"))
	s.sim.ClearMangles()
	update(s, room, func(r *imv1alpha1.LiveRoom) { r.Annotations[imv1alpha1.AnnotationReconcileAt] = "now" })
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Expect(s.client.Get(s.ctx, client.ObjectKeyFromObject(room), room)).To(Succeed())
	s.Expect(room.Status.Unconverged).To(BeEmpty())
}
