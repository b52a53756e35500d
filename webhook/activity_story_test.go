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

package webhook_test

import (
	"net/http"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
	webhookim "github.com/liveroom-io/liveroom-operator/webhook/im"
)

func pointer[T any](value T) *T { return &value }

func TestRoomShowsWhatHappensInIt(t *testing.T) {
	s := begin(t)
	room := s.open(s.room("kids"))
	for _, user := range []string{"ann", "bob", "ann"} {
		s.Expect(s.call(afterSend, text(room, user, "童装啥时候上新？"))).To(Equal(accepted))
	}
	repeated := custom(room, "bob", "SEND_GIFT", `{"price":10}`)
	for range 3 {
		s.Expect(s.call(afterSend, repeated)).To(Equal(accepted))
	}
	s.call(afterSend, custom(room, "bob", "WAVE", ""))
	members := func(ids ...string) (list []any) {
		for _, id := range ids {
			list = append(list, map[string]any{"Member_Account": id})
		}
		return list
	}
	s.call("Group.CallbackAfterNewMemberJoin", body{"GroupId": room.GroupID(), "Type": "AVChatRoom", "JoinType": "Apply",
		"Operator_Account": "ann", "NewMemberList": members("ann", "bob", "cid"), "EventTime": time.Now().UnixMilli()})
	s.call("Group.CallbackAfterMemberExit", body{"GroupId": room.GroupID(), "Type": "AVChatRoom", "ExitType": "Quit",
		"Operator_Account": "cid", "ExitMemberList": members("cid"), "EventTime": time.Now().UnixMilli()})
	s.Eventually(s.activity(room)).Should(Equal(imv1alpha1.RoomActivity{
		Messages: 5, Senders: 2, Joined: 3, Left: 1, Online: pointer(int64(2)), PeakOnline: 3,
		Events: []imv1alpha1.EventCount{{Name: "SEND_GIFT", Count: 1}, {Name: "other", Count: 1}},
	}))
}

func TestNumbersGoOnAfterARestart(t *testing.T) {
	s := begin(t)
	room := s.open(s.room("kids"))
	for range 10 {
		s.Expect(s.call(afterSend, text(room, "ann", "hello"))).To(Equal(accepted))
	}
	s.stop()
	s.start()
	for range 5 {
		s.Expect(s.call(afterSend, text(room, "bob", "hello"))).To(Equal(accepted))
	}
	s.Eventually(s.activity(room)).Should(Equal(imv1alpha1.RoomActivity{Messages: 15, Senders: 2}))
}

func TestApplicationShowsWhetherCallbacksArrive(t *testing.T) {
	s := begin(t)
	app := s.app()
	received := s.condition(app, imv1alpha1.ConditionCallbacksReceived)
	s.Eventually(received).Should(Equal("False Silent"))
	room := s.open(s.room("kids"))
	s.call(afterSend, text(room, "ann", "hello"))
	s.Eventually(received).Should(Equal("True Receiving"))

	s.Expect(s.client.Delete(s.ctx, s.secret("callback", "", ""))).To(Succeed())
	s.Eventually(received).Should(Equal("False TokenNotFound"))
	s.Expect(s.call(afterSend, text(room, "ann", "hello")).Status).To(Equal(http.StatusNotFound))

	update(s, app, func(a *imv1alpha1.ImApp) { a.Spec.Callbacks = nil })
	s.Eventually(received).Should(Equal("False NotConfigured"))
	s.Expect(s.callbackPath()).To(BeEmpty())
}

// TestAudienceIsCountedAnew lets IM know of viewers whom callbacks did not tell of.
func TestAudienceIsCountedAnew(t *testing.T) {
	s := begin(t)
	room := s.open(s.room("kids"))
	viewers := []string{"ann", "bob", "cid", "dan", "eve"}
	for _, user := range viewers {
		s.Expect(s.sim.SeedAccounts(simim.AccountSeed{UserID: user})).To(Succeed())
		s.Expect(s.sim.JoinViewer(room.GroupID(), user)).To(Succeed())
	}
	s.call("Group.CallbackAfterNewMemberJoin", body{"GroupId": room.GroupID(), "Type": "AVChatRoom", "JoinType": "Apply",
		"Operator_Account": "ann", "NewMemberList": []any{map[string]any{"Member_Account": "ann"}}, "EventTime": time.Now().UnixMilli()})
	s.Eventually(s.activity(room)).Should(Equal(imv1alpha1.RoomActivity{Joined: 1, Online: pointer(int64(5)), PeakOnline: 5}))
}

// TestTokenIsChangedWithoutAGap takes callbacks by the former token until the
// console has the new one.
func TestTokenIsChangedWithoutAGap(t *testing.T) {
	s := begin(t)
	room, path := s.open(s.room("kids")), s.callbackPath()
	update(s, s.secret("callback", "", ""), func(secret *corev1.Secret) {
		secret.Data = map[string][]byte{
			imv1alpha1.CallbackTokenKeyName: []byte("another token"), imv1alpha1.CallbackFormerTokenKeyName: []byte(token),
		}
	})
	s.Eventually(s.callbackPath).ShouldNot(Equal(path))
	s.Expect(s.call(afterSend, text(room, "ann", "by the former token"))).To(Equal(accepted))
	update(s, s.secret("callback", "", ""), func(secret *corev1.Secret) { delete(secret.Data, imv1alpha1.CallbackFormerTokenKeyName) })
	s.Eventually(func() int { return s.call(afterSend, text(room, "ann", "too late")).Status }).Should(Equal(http.StatusNotFound))
}

// TestSecondImAppOfAnApplicationTakesNothing has another ImApp claim the same
// application, with a token of its own.
func TestSecondImAppOfAnApplicationTakesNothing(t *testing.T) {
	s := begin(t)
	room := s.open(s.room("kids"))
	rival := s.app()
	rival.Name = "rival"
	s.create(rival)
	s.Eventually(s.condition(rival, imv1alpha1.ConditionReady)).Should(Equal("False Conflict"))
	s.Expect(s.call(afterSend, text(room, "ann", "hello"))).To(Equal(accepted))
	s.Eventually(s.activity(room)).Should(HaveField("Messages", int64(1)))
	s.Eventually(func() int {
		got, err := s.sendTo(s.address, webhookim.Path([]byte(token), s.namespace, "rival"), afterSend, text(room, "ann", "hello"))
		s.Expect(err).NotTo(HaveOccurred())
		return got.Status
	}).Should(Equal(http.StatusNotFound))
}

func TestOnlyLiveGroupsHaveAnAudience(t *testing.T) {
	s := begin(t)
	room := s.open(s.room("talk", func(r *imv1alpha1.LiveRoom) { r.Spec.Type = imv1alpha1.RoomTypeMeeting }))
	s.call("Group.CallbackAfterNewMemberJoin", body{"GroupId": room.GroupID(), "Type": "ChatRoom", "JoinType": "Apply",
		"Operator_Account": "ann", "NewMemberList": []any{map[string]any{"Member_Account": "ann"}}, "EventTime": time.Now().UnixMilli()})
	s.Eventually(s.activity(room)).Should(Equal(imv1alpha1.RoomActivity{Joined: 1}))
}
