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
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

func (s *story) userSig(name string) string {
	var secret corev1.Secret
	if s.client.Get(s.ctx, client.ObjectKey{Namespace: s.namespace, Name: name}, &secret) != nil {
		return ""
	}
	return string(secret.Data["userSig"])
}

func (s *story) setKey(key string) {
	s.t.Helper()
	update(s, &corev1.Secret{ObjectMeta: s.secret("").ObjectMeta}, func(secret *corev1.Secret) {
		secret.Data[imv1alpha1.SecretKeyName] = []byte(key)
	})
}

func TestRotatedKeyTakesEffect(t *testing.T) {
	s := begin(t)
	host := s.account("host")
	host.Spec.UserSig = &imv1alpha1.UserSigSecret{SecretName: "host-usersig"}
	s.create(host)
	s.Eventually(s.ready(host)).Should(Equal(asDeclared))
	before := s.userSig("host-usersig")

	rotated := strings.Repeat("2", 64)
	s.sim.SetSecretKey(rotated)
	s.setKey(rotated)
	s.Eventually(func() string { return s.userSig("host-usersig") }, "5s").ShouldNot(Equal(before))
	room := s.room("one")
	s.create(room)
	s.Eventually(s.ready(room), "5s").Should(Equal(asDeclared))
}

func TestUserSigIsRenewedBeforeItsEnd(t *testing.T) {
	s := begin(t)
	host, validity, renew := s.account("host"), int32(60), int32(58)
	host.Spec.UserSig = &imv1alpha1.UserSigSecret{SecretName: "host-usersig", ValiditySeconds: &validity, RenewBeforeSeconds: &renew}
	s.create(host)
	s.Eventually(s.ready(host)).Should(Equal(asDeclared))
	first := s.userSig("host-usersig")
	s.Eventually(func() string { return s.userSig("host-usersig") }).ShouldNot(Equal(first))
	s.Expect(s.client.Get(s.ctx, client.ObjectKeyFromObject(host), host)).To(Succeed())
	s.Expect(host.Status.UserSigExpiresAt.Time).To(BeTemporally(">", time.Now()))
}

func TestDeletedUserSigSecretComesBack(t *testing.T) {
	s := begin(t)
	host := s.account("host")
	host.Spec.UserSig = &imv1alpha1.UserSigSecret{SecretName: "host-usersig"}
	s.create(host)
	s.Eventually(s.ready(host)).Should(Equal(asDeclared))
	s.Expect(s.client.Delete(s.ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "host-usersig"}})).To(Succeed())
	s.Eventually(func() string { return s.userSig("host-usersig") }).ShouldNot(BeEmpty())
}

func TestForeignSecretIsLeftAlone(t *testing.T) {
	s := begin(t)
	foreign := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "theirs"}, Data: map[string][]byte{"userSig": []byte("theirs")}}
	host := s.account("host")
	host.Spec.UserSig = &imv1alpha1.UserSigSecret{SecretName: "theirs"}
	s.create(foreign, host)
	s.Eventually(s.ready(host)).Should(Equal("False SecretConflict"))
	s.Expect(s.userSig("theirs")).To(Equal("theirs"))
}

func TestLockedCredentialsAreTriedAfterTheLock(t *testing.T) {
	s := prepare(t, func(o *simim.Options) { o.LockAfterFailures, o.LockDuration = 1, 3*time.Second })
	s.start()
	app := s.app()
	s.create(s.secret(strings.Repeat("0", 64)), app)
	s.Eventually(s.ready(app)).Should(Equal("False Unauthorized"))
	s.setKey(secretKey)
	s.Eventually(s.ready(app), "70s").Should(Equal(asDeclared))
}

func TestDeletingEverythingAtOnceFinishes(t *testing.T) {
	s := begin(t)
	host, field := s.account("host"), s.field("goods", "add_goods")
	host.Spec.DeletionPolicy = imv1alpha1.DeletionPolicyDelete
	room := s.room("one", func(spec *imv1alpha1.LiveRoomSpec) {
		spec.Owner = &imv1alpha1.UserReference{AccountRef: &imv1alpha1.AccountReference{Name: "host"}}
	})
	s.create(host, field, room)
	objects := []client.Object{s.app(), host, field, room}
	for _, obj := range objects {
		s.Eventually(s.ready(obj.(imv1alpha1.Object))).Should(Equal(asDeclared))
	}
	s.Expect(s.client.Delete(s.ctx, s.secret(""))).To(Succeed()) // as a namespace does, Secrets first
	s.Eventually(s.ready(s.app())).Should(Equal("False CredentialsNotFound"))
	for _, obj := range objects {
		s.Expect(s.client.Delete(s.ctx, obj)).To(Succeed())
	}
	for _, obj := range objects {
		s.Eventually(s.gone(obj)).Should(BeTrue(), "%T", obj)
	}
	s.Expect(s.sim.Groups()).To(BeEmpty())
	_, found := s.sim.Account("host")
	s.Expect(found).To(BeFalse())
}

func TestDeadEndpointIsNamed(t *testing.T) {
	s := begin(t)
	room := s.room("one")
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.server.Close()
	s.Expect(s.client.Delete(s.ctx, room)).To(Succeed())
	s.Eventually(func() string { return s.message(room) }, "10s").Should(ContainSubstring("cannot be removed from IM"))
	update(s, room, func(r *imv1alpha1.LiveRoom) { r.Spec.DeletionPolicy = imv1alpha1.DeletionPolicyRetain })
	s.Eventually(s.gone(room), "5s").Should(BeTrue())
}
