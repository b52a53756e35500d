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
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

func paths(changes []imv1alpha1.UnconvergedChange) []string {
	var all []string
	for _, change := range changes {
		all = append(all, change.Path)
	}
	return all
}

// IM keeps something else than what is written, or answers something else:
// every part of a room ends in a condition, and holds up no other part.
func TestStuckPartsOfARoomAreNamed(t *testing.T) {
	s := begin(t)
	for _, rule := range []simim.Mangle{
		{Field: "Notification", Suffix: "~"},
		{Field: "custom:add_goods", Suffix: "~", Stage: simim.MangleOnReturn},
		{Field: "attribute:state", Suffix: "~"},
	} {
		s.Expect(s.sim.SetMangle(rule)).To(Succeed())
	}
	room := s.everything()
	s.create(s.field("add-goods", "add_goods"), s.field("room-status", "room_status"), room)
	s.Eventually(s.ready(room)).Should(Equal("False NotConverging"))
	s.Eventually(func() []string {
		s.Expect(s.client.Get(s.ctx, client.ObjectKeyFromObject(room), room)).To(Succeed())
		return paths(room.Status.Unconverged)
	}).Should(ConsistOf("announcement", "customFields[add_goods]", "attributes[state]"))
	s.Expect(s.message(room)).To(ContainSubstring("announcement, attributes[state]"))
	s.Expect(s.condition(room, imv1alpha1.ConditionFieldsSynced)()).To(Equal("False NotConverging"))
	s.Expect(s.condition(room, imv1alpha1.ConditionStalled)()).To(Equal("True NotConverging"))
	group := s.group("live_one")
	s.Expect(group.Administrators).To(ConsistOf("helper"))
	s.Expect(group.Banned).To(HaveKey("troll"))

	// Sweeps go on, and write nothing.
	written, reads := s.writesToIM(), s.sim.Calls("get_group_info")
	s.Eventually(func() int { return s.sim.Calls("get_group_info") - reads }).Should(BeNumerically(">=", 4))
	s.Expect(s.writesToIM()).To(Equal(written))

	// Another part can still be changed.
	s.sim.ClearMangles()
	update(s, room, func(r *imv1alpha1.LiveRoom) { r.Spec.Name = "改名了" })
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Expect(s.group("live_one").Attributes).To(HaveKeyWithValue("state", "live"))
}

func TestStuckProfileIsNamed(t *testing.T) {
	s := begin(t, func(o *simim.Options) { o.ProfileFields = []string{"Tier"} })
	s.Expect(s.sim.SetMangle(simim.Mangle{Field: "Tag_Profile_Custom_Tier", Suffix: "~"})).To(Succeed())
	host := s.account("host")
	host.Spec.CustomProfile = []imv1alpha1.CustomProfileField{{Tag: "Tier", Value: "gold"}}
	host.Spec.UserSig = &imv1alpha1.UserSigSecret{SecretName: "host-usersig"}
	s.create(host)
	s.Eventually(s.ready(host)).Should(Equal("False NotConverging"))
	s.Expect(s.message(host)).To(HavePrefix("customProfile[Tier]: "))
	s.Expect(s.condition(host, imv1alpha1.ConditionUserSigIssued)()).To(Equal(asDeclared))
	writes, reads := s.sim.Calls("portrait_set"), s.sim.Calls("portrait_get")
	s.Eventually(func() int { return s.sim.Calls("portrait_get") - reads }).Should(BeNumerically(">=", 4))
	s.Expect(s.sim.Calls("portrait_set")).To(Equal(writes))
}

// A difference that others have settled is no difference any more.
func TestStuckChangeThatOthersHaveMade(t *testing.T) {
	s := begin(t)
	room := s.room("one")
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Expect(s.sim.SetMangle(simim.Mangle{Field: "Name", Suffix: "~"})).To(Succeed())
	update(s, room, func(r *imv1alpha1.LiveRoom) { r.Spec.Name = "other" })
	s.Eventually(s.ready(room)).Should(Equal("False NotConverging"))
	s.sim.ClearMangles()
	s.Expect(s.sim.MutateGroup("live_one", simim.GroupChange{Name: &room.Spec.Name})).To(Succeed())
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
}
