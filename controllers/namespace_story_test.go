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
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

// neighbour is a room in another namespace that uses the story's application.
func (s *story) neighbour(namespace string) *imv1alpha1.LiveRoom {
	room := s.room("one", func(spec *imv1alpha1.LiveRoomSpec) { spec.AppRef.Namespace = s.namespace })
	room.Namespace = namespace
	return room
}

func (s *story) label(namespace, value string) {
	s.t.Helper()
	update(s, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, func(n *corev1.Namespace) {
		n.Labels["live"] = value
	})
}

func TestNamespacesAreAllowedByLabel(t *testing.T) {
	s := prepare(t)
	other := env.Namespace(t)
	s.others, s.clusterWide = []string{other}, true
	s.start()
	app, room := s.app(), s.neighbour(other)
	app.Spec.AllowedNamespaces = &imv1alpha1.AllowedNamespaces{
		From: imv1alpha1.NamespacesFromSelector, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"live": "yes"}},
	}
	s.create(s.secret(secretKey), app, room)
	s.Eventually(s.ready(room)).Should(Equal("False NamespaceNotAllowed"))
	s.Expect(s.message(room)).To(ContainSubstring("labels of namespace " + other))

	s.label(other, "yes")
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.label(other, "no")
	s.Eventually(s.ready(room)).Should(Equal("False NamespaceNotAllowed"))
}

func TestWithdrawnConsentKeepsHandsOff(t *testing.T) {
	s := prepare(t)
	other := env.Namespace(t)
	s.others = []string{other}
	s.start()
	app, room := s.app(), s.neighbour(other)
	app.Spec.AllowedNamespaces = &imv1alpha1.AllowedNamespaces{From: imv1alpha1.NamespacesFromAll}
	s.create(s.secret(secretKey), app, room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	update(s, app, func(a *imv1alpha1.ImApp) { a.Spec.AllowedNamespaces = nil })
	s.Eventually(s.ready(room)).Should(Equal("False NamespaceNotAllowed"))

	// Neither changes nor the deletion reach the group, and the app is free to go.
	update(s, room, func(r *imv1alpha1.LiveRoom) { r.Spec.Name = "changed" })
	s.Eventually(s.ready(room)).Should(Equal("False NamespaceNotAllowed"))
	s.Expect(s.client.Delete(s.ctx, room)).To(Succeed())
	s.Eventually(func() string { return s.message(room) }).Should(ContainSubstring("cannot be removed from IM"))
	s.Expect(s.group("live_one").Name).To(Equal("童装直播间"))
	update(s, room, func(r *imv1alpha1.LiveRoom) { r.Spec.DeletionPolicy = imv1alpha1.DeletionPolicyRetain })
	s.Eventually(s.gone(room)).Should(BeTrue())
	s.Expect(s.client.Delete(s.ctx, app)).To(Succeed())
	s.Eventually(s.gone(app)).Should(BeTrue())
}

// The test takes the part of the namespace controller, which this control plane
// lacks: in a namespace that is going, nothing can be created any more, and
// Secrets are deleted no later than those who need them.
func TestNamespaceIsDeleted(t *testing.T) {
	s := begin(t)
	host, field, room := s.account("host"), s.field("goods", "add_goods"), s.everything()
	host.Spec.DeletionPolicy = imv1alpha1.DeletionPolicyDelete
	host.Spec.UserSig = &imv1alpha1.UserSigSecret{SecretName: "host-usersig"}
	room.Spec.Owner = &imv1alpha1.UserReference{AccountRef: &imv1alpha1.AccountReference{Name: "host"}}
	s.create(host, field, s.field("status", "room_status"), room)
	objects := []client.Object{s.app(), host, field, room}
	for _, obj := range objects {
		s.Eventually(s.ready(obj.(imv1alpha1.Object))).Should(Equal(asDeclared))
	}

	s.Expect(s.client.Delete(s.ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.namespace}})).To(Succeed())
	s.Eventually(func() error { return s.client.Create(s.ctx, s.room("late")) }).ShouldNot(Succeed())
	for _, kind := range []client.Object{
		&corev1.Secret{}, &imv1alpha1.ImApp{}, &imv1alpha1.ImAccount{}, &imv1alpha1.GroupCustomField{}, &imv1alpha1.LiveRoom{},
	} {
		s.Expect(s.client.DeleteAllOf(s.ctx, kind, client.InNamespace(s.namespace))).To(Succeed())
	}
	for _, obj := range objects {
		s.Eventually(s.gone(obj)).Should(BeTrue(), "%T", obj)
	}
	s.Expect(s.sim.Groups()).To(BeEmpty())
	_, found := s.sim.Account("host")
	s.Expect(found).To(BeFalse())
}

// Somebody made another group under the name, before ours by its date.
func TestDeletionLeavesAForeignGroup(t *testing.T) {
	s := begin(t)
	room := s.room("one")
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.stop()
	s.Expect(s.sim.DestroyGroup("live_one")).To(BeTrue())
	s.Expect(s.sim.SeedGroup(simim.GroupSeed{GroupID: "live_one", Type: "AVChatRoom", Name: "theirs", CreateTime: 1_600_000_000})).To(Succeed())
	s.start()
	s.Eventually(s.ready(room)).Should(Equal("False NotAdopted"))
	s.Expect(s.client.Delete(s.ctx, room)).To(Succeed())
	s.Eventually(s.gone(room)).Should(BeTrue())
	s.Expect(s.group("live_one").Name).To(Equal("theirs"))
}
