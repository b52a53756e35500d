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
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
	simlive "github.com/liveroom-io/liveroom-operator/internal/sim/live"
)

// seldomSwept is an application whose rooms are woken by what happens to them.
func (b *broadcast) seldomSwept() *imv1alpha1.ImApp {
	b.app.Spec.DriftIntervalSeconds = new(int32(12000))
	return b.app
}

// A stream is neither left running nor left without URLs because something is missing
// that only IM needs, or because the application cannot be used.
func TestStreamDoesNotWaitForWhatIMNeeds(t *testing.T) {
	for name, test := range map[string]struct {
		happens func(s *broadcast, config client.Object)
		ready   string
	}{
		"a ConfigMap is gone": {func(s *broadcast, config client.Object) {
			s.Expect(s.client.Delete(s.ctx, config)).To(Succeed())
		}, "False ReferenceNotFound"},
		"the application has no key": {func(s *broadcast, _ client.Object) {
			s.Expect(s.client.Delete(s.ctx, s.story.secret(secretKey))).To(Succeed())
		}, "False AppNotReady"},
	} {
		t.Run(name, func(t *testing.T) {
			s := prepareBroadcast(t)
			moves := &movable{}
			s.clock = moves
			s.start()
			config := s.shelf(map[string]string{"k": "v"})
			room := s.room("one", css("show42"), blocking(imv1alpha1.RoomLive), func(spec *imv1alpha1.LiveRoomSpec) {
				spec.CustomFields = []imv1alpha1.RoomCustomField{{Name: "add_goods", ValueFrom: &imv1alpha1.ValueSource{
					ConfigMapKeyRef: imv1alpha1.ConfigMapKeyReference{Name: config.Name, Key: "k"},
				}}}
			})
			s.create(s.story.secret(secretKey), s.key("push-key", imv1alpha1.PushKeyName, pushKey), s.credentials(), s.seldomSwept(),
				s.field("room-status", statusField), s.field("add-goods", "add_goods"), config, room)
			s.Eventually(s.ready(room)).Should(Equal(asDeclared))
			test.happens(s, config)
			s.Eventually(s.ready(room)).Should(Equal(test.ready))

			s.turn(room, imv1alpha1.RoomPaused)
			s.Eventually(func() time.Time { return s.live.ForbiddenUntil("show42") }).Should(BeTemporally(">", time.Now()))
			s.Eventually(s.condition(room, imv1alpha1.ConditionStreamControlled)).Should(Equal(asDeclared))
			former := s.pushURL()
			moves.forward(20 * time.Hour)
			s.again(room, "later")
			s.Eventually(s.pushURL).ShouldNot(Equal(former))
			ends, ok := signed(s.pushURL(), "show42", pushKey)
			s.Expect(ok).To(BeTrue())
			s.Expect(ends).To(BeTemporally(">", moves.Now()))
			s.Expect(s.condition(room, imv1alpha1.ConditionStreamURLsIssued)()).To(Equal(asDeclared))
			s.Expect(s.ready(room)()).To(Equal(test.ready), "what is in the way still is")
			s.Expect(s.live.Calls(forbidCall)).To(Equal(1))
		})
	}
}

// The clock opens a stream though a ConfigMap of the room is missing, and nobody wakes
// the room.
func TestScheduleOfAStreamDoesNotWaitForWhatIMNeeds(t *testing.T) {
	s := prepareBroadcast(t)
	s.start()
	config := s.shelf(map[string]string{"k": "v"})
	room := s.room("one", css("show42"), func(spec *imv1alpha1.LiveRoomSpec) {
		spec.StateControl = &imv1alpha1.StateControl{
			Mode: imv1alpha1.StateControlScheduled, OpenTime: at(time.Hour), StreamUnlessLive: imv1alpha1.StreamBlocked,
		}
		spec.CustomFields = []imv1alpha1.RoomCustomField{{Name: "add_goods", ValueFrom: &imv1alpha1.ValueSource{
			ConfigMapKeyRef: imv1alpha1.ConfigMapKeyReference{Name: config.Name, Key: "k"},
		}}}
	})
	s.create(s.story.secret(secretKey), s.key("push-key", imv1alpha1.PushKeyName, pushKey), s.credentials(), s.seldomSwept(),
		s.field("add-goods", "add_goods"), config, room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Expect(s.live.ForbiddenUntil("show42")).To(BeTemporally(">", time.Now()))
	s.Expect(s.client.Delete(s.ctx, config)).To(Succeed())
	s.Eventually(s.ready(room)).Should(Equal("False ReferenceNotFound"))
	update(s.story, room, func(r *imv1alpha1.LiveRoom) { r.Spec.StateControl.OpenTime = at(3 * time.Second) })
	s.Eventually(func() time.Time { return s.live.ForbiddenUntil("show42") }).Should(BeZero())
	s.Eventually(s.effective(room)).Should(Equal(imv1alpha1.RoomLive))
	s.Expect(s.ready(room)()).To(Equal("False ReferenceNotFound"))
}

// URLs that nobody renews are not called issued when they have ended.
func TestEndedURLsAreNotCalledIssued(t *testing.T) {
	s := prepareBroadcast(t)
	moves := &movable{}
	s.clock = moves
	s.start()
	room := s.room("one", css("show42"))
	s.create(s.story.secret(secretKey), s.key("push-key", imv1alpha1.PushKeyName, pushKey), s.seldomSwept(), room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	update(s.story, room, func(r *imv1alpha1.LiveRoom) {
		metav1.SetMetaDataAnnotation(&r.ObjectMeta, imv1alpha1.AnnotationPaused, "true")
	})
	s.Eventually(s.ready(room)).Should(Equal("Unknown Paused"))
	issued := s.condition(room, imv1alpha1.ConditionStreamURLsIssued)
	s.Expect(issued()).To(Equal(asDeclared))
	ends, _ := signed(s.pushURL(), "show42", pushKey)
	moves.forward(ends.Sub(moves.Now()) - 10*time.Second)
	s.again(room, "just before") // from here on it wakes by itself
	s.Expect(issued()).To(Equal(asDeclared))
	moves.forward(8 * time.Second)
	s.Eventually(issued).Should(Equal("False Expired"))
	update(s.story, room, func(r *imv1alpha1.LiveRoom) { delete(r.Annotations, imv1alpha1.AnnotationPaused) })
	s.Eventually(issued).Should(Equal(asDeclared))
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
}

// IM does not let a room be made again whose stream is blocked. Its deletion still
// lets the stream run.
func TestBlockOutlivesTheGroup(t *testing.T) {
	s := beginBroadcast(t)
	room := s.room("one", css("show42"), blocking(imv1alpha1.RoomPaused))
	s.create(s.field("room-status", statusField), room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.fault(simim.Fault{Command: "create_group", Code: 10058})
	s.sim.DestroyGroup("live_one")
	s.again(room, "look")
	s.Eventually(s.ready(room)).Should(Equal("False QuotaExceeded"))
	s.Expect(s.blocked(room)()).NotTo(BeNil())
	s.Expect(room.Finalizers).To(ContainElement(imv1alpha1.Finalizer))
	s.Expect(s.client.Delete(s.ctx, room)).To(Succeed())
	s.Eventually(s.gone(room)).Should(BeTrue())
	s.Expect(s.live.ForbiddenUntil("show42")).To(BeZero())
}

// neighbours are rooms whose streams are not controlled, in the same application and in
// another one, followed by some whose streams are. The simulator is the other one's.
func (b *broadcast) neighbours(controlled int) (elsewhere *simim.Simulator, rooms []*imv1alpha1.LiveRoom) {
	id := 1400000000 + appIDs.Add(1)
	elsewhere = simim.New(simim.Options{
		SDKAppID: id, SecretKey: secretKey, Administrators: []string{"administrator"}, GroupFields: []simim.FieldDefinition{{Name: statusField}},
	})
	server := httptest.NewServer(elsewhere)
	b.t.Cleanup(server.Close)
	app := b.story.app()
	app.Name, app.Spec.SDKAppID, app.Spec.Endpoint = "other", id, server.URL
	field := b.field("room-status-there", statusField)
	field.Spec.AppRef.Name = app.Name
	b.create(b.field("room-status", statusField), app, field)

	own, foreign := b.room("own", blocking(imv1alpha1.RoomLive)), b.room("foreign", blocking(imv1alpha1.RoomLive))
	foreign.Spec.AppRef.Name = app.Name
	rooms = []*imv1alpha1.LiveRoom{own, foreign}
	for _, r := range rooms {
		r.Spec.StateControl.StreamUnlessLive = ""
	}
	for i := range controlled {
		r := b.room(fmt.Sprintf("r%d", i), css(fmt.Sprintf("show%d", i)), blocking(imv1alpha1.RoomLive))
		r.Spec.Stream.HostSecretName = ""
		rooms = append(rooms, r)
	}
	for _, r := range rooms {
		b.create(r)
	}
	for _, r := range rooms {
		b.Eventually(b.ready(r)).Should(Equal(asDeclared))
	}
	return elsewhere, rooms
}

// An API that takes calls and does not answer them costs other rooms nothing: neither
// those of another application, nor those of its own.
func TestHungControlDoesNotHoldUpOthers(t *testing.T) {
	s := beginBroadcast(t)
	elsewhere, rooms := s.neighbours(48)
	s.Expect(s.live.InjectFault(simlive.Fault{Action: forbidCall, Latency: time.Minute})).To(Succeed())
	for _, r := range rooms[2:] {
		s.turn(r, imv1alpha1.RoomPaused)
	}
	for _, r := range rooms[:2] {
		s.turn(r, imv1alpha1.RoomPaused)
	}
	soon := 3 * time.Second // less than a call waits for its answer
	s.Eventually(toldIn(elsewhere, "live_foreign")).WithTimeout(soon).Should(Equal("Paused"))
	s.Eventually(s.told("live_own")).WithTimeout(soon).Should(Equal("Paused"))
	for _, r := range rooms[2:] { // viewers do not wait for another provider
		s.Eventually(s.told(r.Spec.GroupID)).Should(Equal("Paused"))
	}
	s.Eventually(s.condition(rooms[2], imv1alpha1.ConditionStreamControlled)).Should(Equal("False Unavailable"))
}

// Nor does an API that answers slowly, however many rooms want something of it at once.
func TestSlowControlDoesNotHoldUpOthers(t *testing.T) {
	s := beginBroadcast(t)
	elsewhere, rooms := s.neighbours(48)
	s.Expect(s.live.InjectFault(simlive.Fault{Action: forbidCall, Latency: 900 * time.Millisecond})).To(Succeed())
	for _, r := range rooms[2:] {
		s.turn(r, imv1alpha1.RoomPaused)
	}
	s.turn(rooms[1], imv1alpha1.RoomPaused)
	s.Eventually(toldIn(elsewhere, "live_foreign")).Should(Equal("Paused"))
	s.Expect(s.live.Calls(forbidCall)).To(BeNumerically("<", 30), "it does not come after all of them")
	s.live.ClearFaults()
	for _, r := range rooms[2:] {
		s.Eventually(s.ready(r)).Should(Equal(asDeclared))
	}
}

// A stream that has another name now is forbidden as soon as the former one is let go,
// also while something that only IM needs is missing and nothing else wakes the room.
func TestStreamWithAnotherNameDoesNotWaitForWhatIMNeeds(t *testing.T) {
	s := prepareBroadcast(t)
	s.start()
	room := s.room("one", trtcRoom, blocking(imv1alpha1.RoomPaused))
	s.create(s.story.secret(secretKey), s.key("push-key", imv1alpha1.PushKeyName, pushKey), s.credentials(), s.seldomSwept(), s.field("room-status", statusField), room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Expect(s.client.Get(s.ctx, client.ObjectKeyFromObject(room), room)).To(Succeed())
	former := room.Status.StreamName
	s.Expect(s.live.ForbiddenUntil(former)).To(BeTemporally(">", time.Now()))
	passes := func() int { return s.sim.Calls("get_group_info") }
	s.Eventually(func(g Gomega) { g.Consistently(passes).WithTimeout(2 * time.Second).Should(Equal(passes())) }).Should(Succeed(), "no pass is due")

	update(s.story, room, func(r *imv1alpha1.LiveRoom) {
		r.Spec.Administrators = []imv1alpha1.UserReference{{AccountRef: &imv1alpha1.AccountReference{Name: "nobody"}}}
		r.Spec.Stream.TRTC.Pusher = imv1alpha1.UserReference{UserID: "anchor02"}
	})
	s.Eventually(s.ready(room)).Should(Equal("False ReferenceNotFound"))
	s.Eventually(func(g Gomega) {
		g.Expect(s.client.Get(s.ctx, client.ObjectKeyFromObject(room), room)).To(Succeed())
		g.Expect(room.Status.StreamName).NotTo(Equal(former))
		g.Expect(s.live.ForbiddenUntil(room.Status.StreamName)).To(BeTemporally(">", time.Now()))
	}).Should(Succeed())
	s.Expect(s.live.ForbiddenUntil(former)).NotTo(BeTemporally(">", time.Now()))
	s.Expect(s.ready(room)()).To(Equal("False ReferenceNotFound"))
}

// Credentials that the API refuses keep a room from going until they are right.
func TestDeletionGoesOnWithRightCredentials(t *testing.T) {
	s := prepareBroadcast(t)
	s.start()
	room := s.room("one", css("show42"), blocking(imv1alpha1.RoomPaused))
	s.create(s.story.secret(secretKey), s.key("push-key", imv1alpha1.PushKeyName, pushKey), s.credentials(), s.seldomSwept(), s.field("room-status", statusField), room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	credentials := s.key("api", "", "")
	update(s.story, credentials, func(secret *corev1.Secret) { secret.Data[imv1alpha1.APISecretKeyName] = []byte("wrong") })
	s.again(room, "it has been seen")
	s.Expect(s.client.Delete(s.ctx, room)).To(Succeed())
	s.Eventually(s.ready(room)).Should(Equal("False Unauthorized"))
	update(s.story, credentials, func(secret *corev1.Secret) { secret.Data[imv1alpha1.APISecretKeyName] = []byte(apiSecretKey) })
	s.Eventually(s.gone(room)).Should(BeTrue())
	s.Expect(s.live.ForbiddenUntil("show42")).To(BeZero())
}
