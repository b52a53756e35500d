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
	"net/http"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

func (s *story) fault(fault simim.Fault) {
	s.t.Helper()
	_, err := s.sim.InjectFault(fault)
	s.Expect(err).NotTo(HaveOccurred())
}

func TestOutageIsNamedAndHeals(t *testing.T) {
	s := begin(t)
	kept, fresh := s.room("kept"), s.room("fresh")
	s.create(kept)
	s.Eventually(s.ready(kept)).Should(Equal(asDeclared))
	s.fault(simim.Fault{Command: "*", HTTPStatus: http.StatusBadGateway})
	s.create(fresh)
	s.Eventually(s.ready(fresh)).Should(Equal("False Unavailable"))
	s.Expect(s.message(fresh)).To(ContainSubstring("502"))
	s.Expect(s.ready(kept)()).To(Equal(asDeclared), "nothing is known against it")
	s.sim.ClearFaults()
	s.Eventually(s.ready(fresh), "40s").Should(Equal(asDeclared))
	s.Expect(s.sim.Groups()).To(HaveLen(2))
}

func TestProviderThatIsDeadAtFirst(t *testing.T) {
	s := prepare(t)
	s.fault(simim.Fault{Command: "*", Reset: simim.ResetBeforeCommit})
	s.start()
	app, room := s.app(), s.room("one")
	s.create(s.secret(secretKey), app, room)
	s.Eventually(s.ready(app)).Should(Equal("False Unavailable"))
	s.Eventually(s.ready(room)).Should(Equal("False AppNotReady"))
	s.Expect(s.message(room)).To(ContainSubstring("Unavailable"))
	s.sim.ClearFaults()
	s.Eventually(s.ready(room), "40s").Should(Equal(asDeclared))
	s.Expect(s.ready(app)()).To(Equal(asDeclared))
}

// Every call that changes something takes effect once without an answer.
func TestLostRepliesOfEveryKind(t *testing.T) {
	s := begin(t)
	room, host := s.everything(), s.account("host")
	room.Spec.Speech = imv1alpha1.SpeechMuted
	s.Eventually(s.ready(s.app())).Should(Equal(asDeclared))
	for _, command := range []string{
		createCall, "modify_group_base_info", "set_group_attr", "modify_group_attr", "modify_admin", "ban_group_member",
		"multiaccount_import", "account_import", "portrait_set", "destroy_group",
	} {
		s.fault(simim.Fault{Command: command, Times: 1, Reset: simim.ResetAfterCommit})
	}
	s.create(s.field("add-goods", "add_goods"), s.field("room-status", "room_status"), room, host)
	s.Eventually(s.ready(room), "40s").Should(Equal(asDeclared))
	s.Eventually(s.ready(host), "40s").Should(Equal(asDeclared))

	group := s.group("live_one")
	s.Expect(group.CustomFields).To(Equal(map[string]string{"add_goods": "live", "room_status": "live"}))
	s.Expect(group.Attributes).To(Equal(map[string]string{"state": "live", "seed": "live"}))
	s.Expect(group.Administrators).To(ConsistOf("helper"))
	s.Expect(group.Banned).To(HaveKey("troll"))
	s.Expect(group.MuteAllMember).To(Equal("On"))
	s.Expect(s.nickname("host")).To(Equal("主播小林"))
	s.Expect(s.client.Delete(s.ctx, room)).To(Succeed())
	s.Eventually(s.gone(room)).Should(BeTrue())
	s.Eventually(s.sim.Groups).Should(BeEmpty())
}

// The operator ends between the creation of a group and the record of it.
func TestOperatorEndsWhileItCreates(t *testing.T) {
	s := begin(t)
	s.Eventually(s.ready(s.app())).Should(Equal(asDeclared))
	s.fault(simim.Fault{Command: createCall, SlowAnswer: time.Minute})
	room := s.room("one")
	s.create(room)
	s.Eventually(s.sim.Groups).Should(HaveLen(1))
	s.stop()
	s.Expect(s.ready(room)()).To(Equal("not looked at"))
	s.sim.ClearFaults()
	s.start()
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Expect(s.sim.Calls(createCall)).To(Equal(1))
}

func TestRoomBeyondTheQuotaIsMadeWhenThereIsRoom(t *testing.T) {
	s := begin(t, func(o *simim.Options) { o.MaxAVChatRooms = 1 })
	first, second := s.room("one"), s.room("two")
	s.create(first)
	s.Eventually(s.ready(first)).Should(Equal(asDeclared))
	s.create(second)
	s.Eventually(s.ready(second)).Should(Equal("False QuotaExceeded"))
	s.Expect(s.client.Delete(s.ctx, first)).To(Succeed())
	s.Eventually(s.gone(first)).Should(BeTrue())
	update(s, second, func(r *imv1alpha1.LiveRoom) { r.Annotations = reconcileAt(r.Annotations, "now") })
	s.Eventually(s.ready(second)).Should(Equal(asDeclared))
}

func TestSecretThatComesBack(t *testing.T) {
	s := begin(t)
	app, room := s.app(), s.room("one")
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Expect(s.client.Delete(s.ctx, s.secret(""))).To(Succeed())
	s.Eventually(s.ready(app)).Should(Equal("False CredentialsNotFound"))
	s.Eventually(s.ready(room)).Should(Equal("False AppNotReady"))

	incomplete := s.secret(secretKey)
	incomplete.Data = map[string][]byte{"key": []byte(secretKey)}
	s.create(incomplete)
	s.Eventually(func() string { return s.message(app) }).Should(ContainSubstring(imv1alpha1.SecretKeyName))
	s.Expect(s.ready(app)()).To(Equal("False CredentialsNotFound"))
	s.Expect(s.message(app)).NotTo(ContainSubstring(secretKey))
	update(s, &corev1.Secret{ObjectMeta: incomplete.ObjectMeta}, func(secret *corev1.Secret) {
		secret.Data = s.secret(secretKey).Data
	})
	s.Eventually(s.ready(app), "5s").Should(Equal(asDeclared))
	s.Eventually(s.ready(room), "5s").Should(Equal(asDeclared))
}

func TestPausedAppIsNamedByItsUsers(t *testing.T) {
	s := prepare(t)
	s.start()
	app, room := s.app(), s.room("one")
	app.Annotations = map[string]string{imv1alpha1.AnnotationPaused: "true"}
	s.create(s.secret(secretKey), app, room)
	s.Eventually(s.ready(app)).Should(Equal("Unknown Paused"))
	s.Eventually(s.ready(room)).Should(Equal("False AppNotReady"))
	update(s, app, func(a *imv1alpha1.ImApp) { delete(a.Annotations, imv1alpha1.AnnotationPaused) })
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
}
