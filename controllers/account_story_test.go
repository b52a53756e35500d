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
	"time"

	. "github.com/onsi/gomega"
	tencentyun "github.com/tencentyun/tls-sig-api-v2-golang/tencentyun"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

func (s *story) nickname(userID string) any {
	account, _ := s.sim.Account(userID)
	return account.Profile["Tag_Profile_IM_Nick"]
}

func TestForeignAccountIsNotTakenOver(t *testing.T) {
	s := begin(t)
	s.Expect(s.sim.SeedAccounts(simim.AccountSeed{UserID: "host", Profile: map[string]any{"Tag_Profile_IM_Nick": "theirs"}})).To(Succeed())
	host := s.account("host")
	host.Spec.DeletionPolicy = imv1alpha1.DeletionPolicyDelete
	s.create(host)
	s.Eventually(s.ready(host)).Should(Equal("False NotAdopted"))
	s.Expect(s.nickname("host")).To(Equal("theirs"))

	// What was never taken over is not deleted either.
	s.Expect(s.client.Delete(s.ctx, host)).To(Succeed())
	s.Eventually(s.gone(host)).Should(BeTrue())
	s.Expect(s.nickname("host")).To(Equal("theirs"))

	host = s.account("host")
	host.Spec.AdoptionPolicy = imv1alpha1.AdoptionPolicyAdopt
	s.create(host)
	s.Eventually(s.ready(host)).Should(Equal(asDeclared))
	s.Expect(s.nickname("host")).To(Equal("主播小林"))
}

func TestTwoObjectsForOneAccount(t *testing.T) {
	s := begin(t)
	first, second := s.account("host"), s.account("second")
	second.Spec.UserID = "host"
	s.create(first)
	s.Eventually(s.ready(first)).Should(Equal(asDeclared))
	s.create(second)
	s.Eventually(s.ready(second)).Should(Equal("False Conflict"))
	s.Expect(s.message(second)).To(ContainSubstring(s.namespace + "/host"))

	// The account is retained by default, so the other has to adopt it.
	s.Expect(s.client.Delete(s.ctx, first)).To(Succeed())
	s.Eventually(s.ready(second)).Should(Equal("False NotAdopted"))
	update(s, second, func(a *imv1alpha1.ImAccount) { a.Spec.AdoptionPolicy = imv1alpha1.AdoptionPolicyAdopt })
	s.Eventually(s.ready(second)).Should(Equal(asDeclared))
}

func TestDeletedAccountIsRetainedUnlessDeclared(t *testing.T) {
	s := begin(t)
	kept, deleted := s.account("kept"), s.account("deleted")
	deleted.Spec.DeletionPolicy = imv1alpha1.DeletionPolicyDelete
	s.create(kept, deleted)
	s.Eventually(s.ready(kept)).Should(Equal(asDeclared))
	s.Eventually(s.ready(deleted)).Should(Equal(asDeclared))
	s.Expect(s.client.Delete(s.ctx, kept)).To(Succeed())
	s.Expect(s.client.Delete(s.ctx, deleted)).To(Succeed())
	s.Eventually(s.gone(kept)).Should(BeTrue())
	s.Eventually(s.gone(deleted)).Should(BeTrue())
	_, found := s.sim.Account("kept")
	s.Expect(found).To(BeTrue())
	_, found = s.sim.Account("deleted")
	s.Expect(found).To(BeFalse())

	// IM blocks the ID of a deleted account for months.
	again := s.account("deleted")
	s.create(again)
	s.Eventually(s.ready(again)).Should(Equal("False Invalid"))
	_, found = s.sim.Account("deleted")
	s.Expect(found).To(BeFalse())
}

func TestProfileFieldDefinedLater(t *testing.T) {
	s := begin(t)
	host := s.account("host")
	host.Spec.CustomProfile = []imv1alpha1.CustomProfileField{{Tag: "Tier", Value: "gold"}}
	s.create(host)
	s.Eventually(s.ready(host)).Should(Equal("False NotRegistered"))
	s.Eventually(func() string { return s.message(host) }).Should(HavePrefix("customProfile[Tier]"))
	s.Eventually(s.condition(host, imv1alpha1.ConditionImported)).Should(Equal(asDeclared))
	s.Expect(s.nickname("host")).To(Equal("主播小林"), "the rest of the profile is not held up")

	s.Expect(s.sim.DefineProfileField("Tier", 0)).To(Succeed())
	s.Eventually(s.ready(host)).Should(Equal(asDeclared))
	account, _ := s.sim.Account("host")
	s.Expect(account.Profile).To(HaveKeyWithValue("Tag_Profile_Custom_Tier", "gold"))
}

// The vendor's own library decides whether a UserSig is good.
func TestUserSigSignsIn(t *testing.T) {
	s := begin(t)
	host, validity := s.account("host"), int32(3600)
	host.Spec.UserID = "anchor-7"
	host.Spec.UserSig = &imv1alpha1.UserSigSecret{SecretName: "host-usersig", ValiditySeconds: &validity}
	s.create(host)
	s.Eventually(s.ready(host)).Should(Equal(asDeclared))
	verify := func(key string, at time.Time) error {
		return tencentyun.VerifyUserSig(uint64(s.sdkAppID), key, "anchor-7", s.userSig("host-usersig"), at)
	}
	s.Expect(verify(secretKey, time.Now())).To(Succeed())
	s.Expect(verify(secretKey, time.Now().Add(59*time.Minute))).To(Succeed())
	s.Expect(verify(secretKey, time.Now().Add(61*time.Minute))).NotTo(Succeed(), "it ends as declared")

	rotated := strings.Repeat("2", 64)
	s.sim.SetSecretKey(rotated)
	s.setKey(rotated)
	s.Eventually(func() error { return verify(rotated, time.Now()) }, "5s").Should(Succeed())
	s.Expect(verify(secretKey, time.Now())).NotTo(Succeed())
}

func TestForeignSecretThatGoesMakesWay(t *testing.T) {
	s := begin(t)
	foreign := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "host-usersig"}}
	host := s.account("host")
	host.Spec.UserSig = &imv1alpha1.UserSigSecret{SecretName: "host-usersig"}
	s.create(foreign, host)
	s.Eventually(s.ready(host)).Should(Equal("False SecretConflict"))
	s.Expect(s.client.Delete(s.ctx, foreign)).To(Succeed())
	s.Eventually(s.ready(host)).Should(Equal(asDeclared))
	s.Expect(s.userSig("host-usersig")).NotTo(BeEmpty())
}
