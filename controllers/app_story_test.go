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
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

func TestWrongKeyThenRightKey(t *testing.T) {
	s := prepare(t)
	s.start()
	app, room := s.app(), s.room("one")
	s.create(s.secret(strings.Repeat("0", 64)), app, room)
	s.Eventually(s.ready(app)).Should(Equal("False Unauthorized"))
	s.Eventually(s.ready(room)).Should(Equal("False AppNotReady"))
	s.Expect(s.sim.Calls("account_check")).To(BeNumerically("<=", 1))
	s.Expect(s.sim.Calls("get_group_info")).To(BeZero())

	update(s, &corev1.Secret{ObjectMeta: s.secret("").ObjectMeta}, func(secret *corev1.Secret) {
		secret.Data[imv1alpha1.SecretKeyName] = []byte(secretKey)
	})
	s.Eventually(s.ready(app), "5s").Should(Equal(asDeclared))
	s.Eventually(s.ready(room), "5s").Should(Equal(asDeclared))
}

func TestAppInUseIsHeldBack(t *testing.T) {
	s := begin(t)
	app, room := s.app(), s.room("one")
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Expect(s.client.Delete(s.ctx, app)).To(Succeed())
	s.Eventually(s.ready(app)).Should(Equal("False InUse"))
	s.Expect(s.client.Delete(s.ctx, room)).To(Succeed())
	s.Eventually(s.gone(room)).Should(BeTrue())
	s.Eventually(s.gone(app)).Should(BeTrue())
}

func TestSecretGoneBeforeItsUsersDoesNotBlockDeletion(t *testing.T) {
	s := begin(t)
	app, room := s.app(), s.room("one")
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Expect(s.client.Delete(s.ctx, s.secret(""))).To(Succeed())
	s.Eventually(s.ready(app)).Should(Equal("False CredentialsNotFound"))
	s.Expect(s.client.Delete(s.ctx, room)).To(Succeed())
	s.Eventually(s.gone(room)).Should(BeTrue())
	_, found := s.sim.Group("live_one")
	s.Expect(found).To(BeFalse())
}

func TestDeadCredentialsNameTheCauseAndRetainFinishes(t *testing.T) {
	s := begin(t)
	room := s.room("one")
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.sim.SetSecretKey(strings.Repeat("1", 64))
	s.Expect(s.client.Delete(s.ctx, room)).To(Succeed())
	s.Eventually(func() string {
		if err := s.client.Get(s.ctx, client.ObjectKeyFromObject(room), room); err != nil {
			return err.Error()
		}
		ready := meta.FindStatusCondition(room.Status.Conditions, imv1alpha1.ConditionReady)
		return ready.Message
	}, "10s").Should(ContainSubstring("cannot be removed from IM"))
	update(s, room, func(r *imv1alpha1.LiveRoom) { r.Spec.DeletionPolicy = imv1alpha1.DeletionPolicyRetain })
	s.Eventually(s.gone(room), "5s").Should(BeTrue())
}
