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

// Scratch groups count against the application's quota: there is one for all
// declarations of a type, and it goes with the last one that needs it.
func TestOneScratchGroupServesAllDeclarations(t *testing.T) {
	s := begin(t, func(o *simim.Options) { o.GroupFields = nil })
	first, second := s.field("first", "first"), s.field("second", "second")
	s.create(first, second)
	s.Eventually(s.ready(first)).Should(Equal("False NotRegistered"))
	s.Eventually(s.ready(second)).Should(Equal("False NotRegistered"))
	s.Expect(s.sim.Groups()).To(HaveLen(1))

	s.Expect(s.client.Delete(s.ctx, first)).To(Succeed())
	s.Eventually(s.gone(first)).Should(BeTrue())
	s.Expect(s.sim.Groups()).To(HaveLen(1), "the other one still needs it")
	s.Expect(s.client.Delete(s.ctx, second)).To(Succeed())
	s.Eventually(s.gone(second)).Should(BeTrue())
	s.Eventually(s.sim.Groups).Should(BeEmpty())
}

// With a plan that allows no further group, the first room is the proof.
func TestRoomProvesTheFieldWhereNoScratchGroupFits(t *testing.T) {
	s := begin(t, func(o *simim.Options) { o.MaxAVChatRooms = 1 })
	plain := s.room("plain")
	s.create(plain)
	s.Eventually(s.ready(plain)).Should(Equal(asDeclared))
	field := s.field("goods", "add_goods")
	s.create(field)
	s.Eventually(s.ready(field)).Should(Equal("False QuotaExceeded"))

	value := "A"
	update(s, plain, func(r *imv1alpha1.LiveRoom) {
		r.Spec.CustomFields = []imv1alpha1.RoomCustomField{{Name: "add_goods", Value: &value}}
	})
	s.Eventually(s.ready(plain)).Should(Equal(asDeclared))
	s.Eventually(s.ready(field)).Should(Equal(asDeclared))
	s.Expect(s.group("live_plain").CustomFields).To(HaveKeyWithValue("add_goods", "A"))
	s.Expect(s.sim.Groups()).To(HaveLen(1))
}

// What is proven once is never tried again, also not by an operator that starts anew.
func TestProvenFieldIsNeverTriedAgain(t *testing.T) {
	s := begin(t)
	field := s.field("goods", "add_goods")
	s.create(field)
	s.Eventually(s.ready(field)).Should(Equal(asDeclared))
	s.Eventually(s.sim.Groups).Should(BeEmpty())
	s.stop()
	writes := s.writesToIM()
	s.start()
	update(s, field, func(f *imv1alpha1.GroupCustomField) { f.Spec.Description = "goods on the shelf" })
	s.Eventually(s.ready(field)).Should(Equal(asDeclared))
	s.Expect(s.writesToIM()).To(Equal(writes))
}
