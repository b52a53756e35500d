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
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

func (s *story) field(object, name string) *imv1alpha1.GroupCustomField {
	return &imv1alpha1.GroupCustomField{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: object},
		Spec: imv1alpha1.GroupCustomFieldSpec{
			AppRef: imv1alpha1.AppReference{Name: "app"}, Name: name, Scope: imv1alpha1.FieldScopeGroup,
			GroupTypes: []imv1alpha1.FieldGroupType{{Type: imv1alpha1.RoomTypeAVChatRoom}},
		},
	}
}

func (s *story) account(name string) *imv1alpha1.ImAccount {
	nickname, level := "主播小林", int64(3)
	return &imv1alpha1.ImAccount{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: name},
		Spec: imv1alpha1.ImAccountSpec{
			AppRef: imv1alpha1.AppReference{Name: "app"}, Nickname: &nickname, Level: &level,
		},
	}
}

func TestLiveCommerceRoom(t *testing.T) {
	s := begin(t)
	shelf := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "shelf"}, Data: map[string]string{"goods": "童装 A"},
	}
	host, helper := s.account("host"), s.account("helper")
	host.Spec.UserSig = &imv1alpha1.UserSigSecret{SecretName: "host-usersig"}
	goods := s.field("add-goods", "add_goods")
	s.create(shelf, host, helper, goods)
	for _, obj := range []imv1alpha1.Object{host, helper, goods} {
		s.Eventually(s.ready(obj)).Should(Equal(asDeclared))
	}
	s.Eventually(s.sim.Groups).Should(BeEmpty(), "the scratch group goes once the field is proven")
	var sig corev1.Secret
	s.Expect(s.client.Get(s.ctx, client.ObjectKey{Namespace: s.namespace, Name: "host-usersig"}, &sig)).To(Succeed())
	s.Expect(sig.Data).To(HaveKey("userSig"))

	room := s.room("one", func(spec *imv1alpha1.LiveRoomSpec) {
		spec.Owner = &imv1alpha1.UserReference{AccountRef: &imv1alpha1.AccountReference{Name: "host"}}
		spec.Administrators = []imv1alpha1.UserReference{{AccountRef: &imv1alpha1.AccountReference{Name: "helper"}}}
		spec.CustomFields = []imv1alpha1.RoomCustomField{{
			Name:      "add_goods",
			ValueFrom: &imv1alpha1.ValueSource{ConfigMapKeyRef: imv1alpha1.ConfigMapKeyReference{Name: "shelf", Key: "goods"}},
		}}
	})
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	group, _ := s.sim.Group("live_one")
	s.Expect(group.Owner).To(Equal("host"))
	s.Expect(group.CustomFields).To(HaveKeyWithValue("add_goods", "童装 A"))
	s.Expect(group.Administrators).To(ConsistOf("helper"))

	update(s, shelf, func(c *corev1.ConfigMap) { c.Data["goods"] = "童装 B" })
	s.Eventually(func() string { g, _ := s.sim.Group("live_one"); return g.CustomFields["add_goods"] }).Should(Equal("童装 B"))
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
}

func TestRestartWritesNothingForAnyKind(t *testing.T) {
	s := begin(t)
	value := "open"
	host, field := s.account("host"), s.field("room-status", "room_status")
	host.Spec.UserSig = &imv1alpha1.UserSigSecret{SecretName: "host-usersig"}
	room := s.room("one", func(spec *imv1alpha1.LiveRoomSpec) {
		spec.Owner = &imv1alpha1.UserReference{AccountRef: &imv1alpha1.AccountReference{Name: "host"}}
		spec.CustomFields = []imv1alpha1.RoomCustomField{{Name: "room_status", Value: &value, Policy: imv1alpha1.WritePolicyInitialize}}
	})
	s.create(host, field, room)
	objects := []imv1alpha1.Object{s.app(), host, field, room}
	for _, obj := range objects {
		s.Eventually(s.ready(obj)).Should(Equal(asDeclared))
	}
	s.stop()
	before, written, reads := env.Requests().Snapshot(), s.writesToIM(), s.sim.Calls("get_group_info")
	s.start()
	s.Eventually(func() int { return s.sim.Calls("get_group_info") }).Should(BeNumerically(">", reads))
	s.Consistently(func() string {
		writes := env.Requests().Since(before).By(s.agent()).In(s.namespace).Writes()
		if writes.Total() == 0 {
			return ""
		}
		return writes.String()
	}, "2s").Should(BeEmpty())
	s.Expect(s.writesToIM()).To(Equal(written))
}

func TestPausedObjectIsLeftAloneAndAbandonedOneGoes(t *testing.T) {
	s := begin(t)
	room := s.room("one")
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	update(s, room, func(r *imv1alpha1.LiveRoom) {
		r.Annotations[imv1alpha1.AnnotationPaused] = "true"
		r.Spec.Name = "changed while paused"
	})
	s.Eventually(s.ready(room)).Should(Equal("Unknown Paused"))
	group, _ := s.sim.Group("live_one")
	s.Expect(group.Name).To(Equal("童装直播间"))
	s.Expect(s.client.Delete(s.ctx, room)).To(Succeed())
	s.Eventually(s.ready(room)).Should(Equal("Unknown Paused"))
	update(s, room, func(r *imv1alpha1.LiveRoom) { r.Annotations[imv1alpha1.AnnotationAbandon] = "true" })
	s.Eventually(s.gone(room)).Should(BeTrue())
	_, found := s.sim.Group("live_one")
	s.Expect(found).To(BeTrue(), "an abandoned group stays")
}

func TestFieldNotRegisteredThenRegistered(t *testing.T) {
	s := begin(t, func(o *simim.Options) { o.GroupFields = nil })
	value := "open"
	field := s.field("room-status", "room_status")
	room := s.room("one", func(spec *imv1alpha1.LiveRoomSpec) {
		spec.CustomFields = []imv1alpha1.RoomCustomField{{Name: "room_status", Value: &value}}
	})
	s.create(field, room)
	s.Eventually(s.condition(room, imv1alpha1.ConditionSynced)).Should(Equal(asDeclared))
	s.Eventually(s.ready(room)).Should(Equal("False FieldNotRegistered"))
	s.Eventually(s.ready(field)).Should(Equal("False NotRegistered"))

	s.Expect(s.sim.DefineGroupField(simim.FieldDefinition{Name: "room_status"})).To(Succeed())
	s.Eventually(s.ready(field), 40*time.Second).Should(Equal(asDeclared))
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	group, _ := s.sim.Group("live_one")
	s.Expect(group.CustomFields).To(HaveKeyWithValue("room_status", "open"))
}

func TestUndeclaredFieldIsNamed(t *testing.T) {
	s := begin(t)
	value := "x"
	room := s.room("one", func(spec *imv1alpha1.LiveRoomSpec) {
		spec.CustomFields = []imv1alpha1.RoomCustomField{{Name: "nowhere", Value: &value}}
	})
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal("False FieldNotDeclared"))
	field := s.field("nowhere", "nowhere")
	s.Expect(s.sim.DefineGroupField(simim.FieldDefinition{Name: "nowhere"})).To(Succeed())
	s.create(field)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
}
