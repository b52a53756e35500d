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
	"sync"
	"testing"

	. "github.com/onsi/gomega"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

// A proof of one scope says nothing about the other.
func TestFieldNameThatChangesItsScopeIsProvenAnew(t *testing.T) {
	s := begin(t)
	public := []imv1alpha1.FieldGroupType{{Type: imv1alpha1.RoomTypePublic}}
	group := s.field("goods", "add_goods")
	group.Spec.GroupTypes = public
	s.create(group)
	s.Eventually(s.ready(group)).Should(Equal(asDeclared))
	s.Expect(s.client.Delete(s.ctx, group)).To(Succeed())
	s.Eventually(s.gone(group)).Should(BeTrue())

	member := s.field("goods-member", "add_goods")
	member.Spec.Scope, member.Spec.GroupTypes = imv1alpha1.FieldScopeMember, public
	s.create(member)
	s.Eventually(s.ready(member)).Should(Equal("False NotRegistered"))
}

// Two callers ask for one account at the same moment, one of them with a tag
// that has no definition: the other gets its answer.
func TestUndefinedTagOfOneCallerIsNotTheOthers(t *testing.T) {
	s := prepare(t)
	s.Expect(s.sim.SeedAccounts(simim.AccountSeed{UserID: "host"})).To(Succeed())
	client := s.stranger()
	var both sync.WaitGroup
	var plain error
	both.Go(func() { _, _ = client.Profile(s.ctx, "host", []string{"Tier"}) })
	both.Go(func() { _, plain = client.Profile(s.ctx, "host", nil) })
	both.Wait()
	s.Expect(plain).NotTo(HaveOccurred())
}
