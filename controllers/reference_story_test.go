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
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

func fromShelf(key string) *imv1alpha1.ValueSource {
	return &imv1alpha1.ValueSource{ConfigMapKeyRef: imv1alpha1.ConfigMapKeyReference{Name: "shelf", Key: key}}
}

func (s *story) shelf(data map[string]string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "shelf"}, Data: data}
}

func TestConfigMapThatComesLater(t *testing.T) {
	s := begin(t)
	room := s.room("one", func(spec *imv1alpha1.LiveRoomSpec) {
		spec.CustomFields = []imv1alpha1.RoomCustomField{{Name: "add_goods", ValueFrom: fromShelf("goods")}}
		spec.Attributes = []imv1alpha1.RoomAttribute{{Key: "state", ValueFrom: fromShelf("state")}}
	})
	s.create(s.field("goods", "add_goods"), room)
	s.Eventually(s.ready(room)).Should(Equal("False ReferenceNotFound"))
	s.Expect(s.message(room)).To(ContainSubstring("customFields[add_goods]: ConfigMap " + s.namespace + "/shelf does not exist"))

	shelf := s.shelf(map[string]string{"goods": "A"})
	s.create(shelf)
	s.Eventually(func() string { return s.message(room) }).Should(ContainSubstring(`attributes[state]: ConfigMap ` + s.namespace + `/shelf has no key "state"`))
	update(s, shelf, func(c *corev1.ConfigMap) { c.Data["state"] = "open" })
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Expect(s.group("live_one").Attributes).To(HaveKeyWithValue("state", "open"))

	// 171 Chinese characters have 513 bytes.
	update(s, shelf, func(c *corev1.ConfigMap) { c.Data["goods"] = strings.Repeat("茶", 171) })
	s.Eventually(s.ready(room)).Should(Equal("False Invalid"))
	s.Expect(s.message(room)).To(ContainSubstring("has 513 of at most 512 bytes"))
	s.Expect(s.group("live_one").CustomFields).To(HaveKeyWithValue("add_goods", "A"))
	update(s, shelf, func(c *corev1.ConfigMap) { c.Data["goods"] = strings.Repeat("茶", 170) })
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Expect(s.group("live_one").CustomFields).To(HaveKeyWithValue("add_goods", strings.Repeat("茶", 170)))
}

func TestOwnerThatComesLater(t *testing.T) {
	s := begin(t)
	room := s.room("one", func(spec *imv1alpha1.LiveRoomSpec) {
		spec.Owner = &imv1alpha1.UserReference{AccountRef: &imv1alpha1.AccountReference{Name: "host"}}
	})
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal("False ReferenceNotFound"))
	s.Expect(s.message(room)).To(HavePrefix("owner: ImAccount " + s.namespace + "/host does not exist"))

	_, err := s.sim.InjectFault(simim.Fault{Command: "multiaccount_import", Code: 70398})
	s.Expect(err).NotTo(HaveOccurred())
	_, err = s.sim.InjectFault(simim.Fault{Command: "account_import", Code: 70398})
	s.Expect(err).NotTo(HaveOccurred())
	host := s.account("host")
	s.create(host)
	s.Eventually(s.ready(host)).Should(Equal("False QuotaExceeded"))
	s.Eventually(s.ready(room)).Should(Equal("False ReferenceNotReady"))

	s.sim.ClearFaults()
	update(s, host, func(a *imv1alpha1.ImAccount) { a.Annotations = reconcileAt(a.Annotations, "1") })
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Expect(s.group("live_one").Owner).To(Equal("host"))
}

func reconcileAt(annotations map[string]string, token string) map[string]string {
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[imv1alpha1.AnnotationReconcileAt] = token
	return annotations
}

// Clients read only the first changed field of a notice.
func TestFieldsChangeOneAtATimeInDeclaredOrder(t *testing.T) {
	s := begin(t, func(o *simim.Options) { o.GroupFields = append(o.GroupFields, simim.FieldDefinition{Name: "add_gift"}) })
	shelf := s.shelf(map[string]string{"goods": "A", "gift": "A", "status": "A"})
	room := s.room("one", func(spec *imv1alpha1.LiveRoomSpec) {
		spec.CustomFields = []imv1alpha1.RoomCustomField{
			{Name: "room_status", ValueFrom: fromShelf("status")},
			{Name: "add_goods", ValueFrom: fromShelf("goods")},
			{Name: "add_gift", ValueFrom: fromShelf("gift")},
		}
	})
	s.create(shelf, s.field("goods", "add_goods"), s.field("gift", "add_gift"), s.field("status", "room_status"), room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	before := len(s.sim.Notices("live_one"))

	update(s, shelf, func(c *corev1.ConfigMap) { c.Data = map[string]string{"goods": "B", "gift": "B", "status": "B"} })
	changed := func() [][]simim.ChangedField {
		var all [][]simim.ChangedField
		for _, notice := range s.sim.Notices("live_one")[before:] {
			all = append(all, notice.Fields)
		}
		return all
	}
	one := func(name string) []simim.ChangedField {
		return []simim.ChangedField{{Name: name, Custom: true, Value: "B"}}
	}
	s.Eventually(changed).Should(Equal([][]simim.ChangedField{one("room_status"), one("add_goods"), one("add_gift")}))
}

// A live group has at most five administrators, so all five can be exchanged
// only by removing some first.
func TestExchangeOfAllAdministrators(t *testing.T) {
	s := begin(t)
	users := func(names string) (list []imv1alpha1.UserReference) {
		for _, name := range strings.Split(names, "") {
			list = append(list, imv1alpha1.UserReference{UserID: name})
		}
		return list
	}
	for _, name := range strings.Split("abcdefghij", "") {
		s.Expect(s.sim.SeedAccounts(simim.AccountSeed{UserID: name})).To(Succeed())
	}
	room := s.room("one", func(spec *imv1alpha1.LiveRoomSpec) { spec.Administrators = users("abcde") })
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Expect(s.group("live_one").Administrators).To(ConsistOf("a", "b", "c", "d", "e"))
	update(s, room, func(r *imv1alpha1.LiveRoom) { r.Spec.Administrators = users("fghij") })
	s.Eventually(func() []string { return s.group("live_one").Administrators }).Should(ConsistOf("f", "g", "h", "i", "j"))
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
}

func TestMemberFieldIsProven(t *testing.T) {
	s := begin(t, func(o *simim.Options) { o.MemberFields = []simim.FieldDefinition{{Name: "tier"}} })
	known, unknown := s.field("tier", "tier"), s.field("rank", "rank")
	for _, field := range []*imv1alpha1.GroupCustomField{known, unknown} {
		field.Spec.Scope = imv1alpha1.FieldScopeMember
		field.Spec.GroupTypes = []imv1alpha1.FieldGroupType{{Type: imv1alpha1.RoomTypePublic, DeclaredWrite: "GroupAdmin"}}
	}
	s.create(known)
	s.Eventually(s.ready(known)).Should(Equal(asDeclared))
	s.Eventually(s.sim.Groups).Should(BeEmpty(), "the scratch group goes once the field is proven")
	s.create(unknown)
	s.Eventually(s.ready(unknown)).Should(Equal("False NotRegistered"))
	s.Expect(s.message(unknown)).To(And(
		ContainSubstring("Custom group member field"), ContainSubstring("add rank for group type Public with the permissions write GroupAdmin")))
	s.Expect(s.sim.DefineMemberField(simim.FieldDefinition{Name: "rank"})).To(Succeed())
	s.Eventually(s.ready(unknown), "40s").Should(Equal(asDeclared))
	s.Eventually(s.sim.Groups).Should(BeEmpty())
}

func TestEveryKindEchoesReconcileAt(t *testing.T) {
	s := begin(t)
	app, host, field, room := s.app(), s.account("host"), s.field("goods", "add_goods"), s.room("one")
	s.create(host, field, room)
	for _, obj := range []imv1alpha1.Object{app, host, field, room} {
		s.Eventually(s.ready(obj)).Should(Equal(asDeclared))
		update(s, obj.(client.Object), func(o client.Object) { o.SetAnnotations(reconcileAt(o.GetAnnotations(), "again")) })
		s.Eventually(func() string {
			s.Expect(s.client.Get(s.ctx, client.ObjectKeyFromObject(obj), obj)).To(Succeed())
			return obj.GetObjectStatus().LastHandledReconcileAt
		}).Should(Equal("again"), "%T", obj)
	}
}
