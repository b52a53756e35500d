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
	"encoding/json"
	"net/http/httptest"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
	simlive "github.com/liveroom-io/liveroom-operator/internal/sim/live"
)

const (
	apiSecretID  = "AKIDEXAMPLE0000"
	apiSecretKey = "SKEXAMPLE0000"
	forbidCall   = "ForbidLiveStream"
	resumeCall   = "ResumeLiveStream"
	removeCall   = "RemoveUser"
	dismissCall  = "DismissRoom"
	week         = 7 * 24 * time.Hour
)

// broadcast is a story with a live simulator, whose API the operator calls.
type broadcast struct {
	*story

	live *simlive.Simulator
	app  *imv1alpha1.ImApp
}

// prepareBroadcast makes everything but the operator and the objects.
func prepareBroadcast(t *testing.T) *broadcast {
	t.Helper()
	b := &broadcast{story: prepare(t)}
	b.app = b.streaming(b.story.app())
	b.live = simlive.New(simlive.Options{
		PushDomain: b.app.Spec.Live.PushDomain, PlaybackDomain: b.app.Spec.Live.PlaybackDomain, MasterKey: pushKey,
		Credentials: map[string]string{apiSecretID: apiSecretKey}, SDKAppID: b.sdkAppID, SecretKey: secretKey, BizID: 8888,
	})
	t.Cleanup(b.live.Close)
	server := httptest.NewServer(b.live)
	t.Cleanup(server.Close)
	credentials, bizID := &imv1alpha1.SecretReference{Name: "api"}, int64(8888)
	b.app.Spec.Live.APIEndpoint, b.app.Spec.Live.APICredentialsSecretRef = server.URL, credentials
	b.app.Spec.TRTC = &imv1alpha1.RealTimeCommunication{APIEndpoint: server.URL, APICredentialsSecretRef: credentials, BizID: &bizID}
	return b
}

func beginBroadcast(t *testing.T) *broadcast {
	t.Helper()
	b := prepareBroadcast(t)
	b.start()
	b.create(b.story.secret(secretKey), b.key("push-key", imv1alpha1.PushKeyName, pushKey), b.credentials(), b.app)
	return b
}

func (b *broadcast) credentials() client.Object {
	secret := b.key("api", imv1alpha1.APISecretIDName, apiSecretID)
	secret.Data[imv1alpha1.APISecretKeyName] = []byte(apiSecretKey)
	return secret
}

// blocking is a room whose stream may run only while it is live.
func blocking(state imv1alpha1.RoomState) func(*imv1alpha1.LiveRoomSpec) {
	return func(spec *imv1alpha1.LiveRoomSpec) {
		spec.StateControl = &imv1alpha1.StateControl{
			Mode: imv1alpha1.StateControlManual, State: state, StreamUnlessLive: imv1alpha1.StreamBlocked,
			Field: &imv1alpha1.StateField{Name: statusField},
		}
	}
}

func trtcRoom(spec *imv1alpha1.LiveRoomSpec) {
	spec.Stream = &imv1alpha1.RoomStream{
		Type: imv1alpha1.StreamTypeTRTC, HostSecretName: hostSecret,
		TRTC: &imv1alpha1.TRTCStream{RoomID: 12345, Pusher: imv1alpha1.UserReference{UserID: "anchor01"}},
	}
}

// turn patches the state of a room.
func (s *story) turn(room *imv1alpha1.LiveRoom, state imv1alpha1.RoomState) {
	s.t.Helper()
	text := `{"spec":{"stateControl":{"state":"` + string(state) + `"}}}`
	s.Expect(s.client.Patch(s.ctx, room, client.RawPatch("application/merge-patch+json", []byte(text)))).To(Succeed())
}

// blocked is what the room says has been done about its stream.
func (s *story) blocked(room *imv1alpha1.LiveRoom) func() *imv1alpha1.StreamBlock {
	return func() *imv1alpha1.StreamBlock {
		s.Expect(s.client.Get(s.ctx, client.ObjectKeyFromObject(room), room)).To(Succeed())
		return room.Status.StreamBlock
	}
}

func TestPausedStreamCannotBePushed(t *testing.T) {
	s := beginBroadcast(t)
	room := s.room("one", css("show42"), blocking(imv1alpha1.RoomLive))
	s.create(s.field("room-status", statusField), room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	_, err := s.live.Push(s.pushURL())
	s.Expect(err).NotTo(HaveOccurred())

	s.turn(room, imv1alpha1.RoomPaused)
	s.Eventually(func() bool { return s.live.Streaming("show42") }).Should(BeFalse())
	s.Eventually(s.told("live_one")).Should(Equal("Paused"))
	_, err = s.live.Push(s.pushURL())
	s.Expect(err).To(Equal(&simlive.Refusal{Code: 18, Sub: 305}))
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Expect(s.condition(room, imv1alpha1.ConditionStreamControlled)()).To(Equal(asDeclared))
	block := s.blocked(room)()
	s.Expect(block.State).To(Equal(imv1alpha1.RoomPaused))
	s.Expect(block.Until.Time).To(BeTemporally("~", time.Now().Add(week-time.Hour), time.Minute))
	s.Expect(s.live.ForbiddenUntil("show42")).To(BeTemporally("==", block.Until.Time))

	before := env.Requests().Snapshot()
	s.again(room, "again")
	s.Expect(env.Requests().Since(before).By(s.agent()).In(s.namespace).Writes().Total()).To(Equal(1), "only the echo")
	s.turn(room, imv1alpha1.RoomEnded)
	s.Eventually(func() imv1alpha1.RoomState { return s.blocked(room)().State }).Should(Equal(imv1alpha1.RoomEnded))
	s.Expect(s.live.Calls(forbidCall)).To(Equal(1), "it stays forbidden as it is")

	s.turn(room, imv1alpha1.RoomLive)
	s.Eventually(s.blocked(room)).Should(BeNil())
	_, err = s.live.Push(s.pushURL())
	s.Expect(err).NotTo(HaveOccurred())
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))

	// A room that is not controlled any more, or has no stream, or is gone, blocks nothing.
	for name, free := range map[string]func(){
		"the control is removed": func() { update(s.story, room, func(r *imv1alpha1.LiveRoom) { r.Spec.StateControl = nil }) },
		"the stream is removed": func() {
			update(s.story, room, func(r *imv1alpha1.LiveRoom) { r.Spec.Stream, r.Spec.StateControl.StreamUnlessLive = nil, "" })
		},
	} {
		update(s.story, room, func(r *imv1alpha1.LiveRoom) { css("show42")(&r.Spec); blocking(imv1alpha1.RoomPaused)(&r.Spec) })
		s.Eventually(func() time.Time { return s.live.ForbiddenUntil("show42") }).Should(BeTemporally(">", time.Now()), name)
		s.Eventually(s.ready(room)).Should(Equal(asDeclared), name)
		free()
		s.Eventually(s.blocked(room)).Should(BeNil(), name)
		s.Expect(s.live.ForbiddenUntil("show42")).NotTo(BeTemporally(">", time.Now()), name)
	}
	update(s.story, room, func(r *imv1alpha1.LiveRoom) { css("show42")(&r.Spec); blocking(imv1alpha1.RoomPaused)(&r.Spec) })
	s.Eventually(s.blocked(room)).ShouldNot(BeNil())
	s.Expect(s.client.Delete(s.ctx, room)).To(Succeed())
	s.Eventually(s.gone(room)).Should(BeTrue())
	s.Expect(s.live.ForbiddenUntil("show42")).NotTo(BeTemporally(">", time.Now()))
}

// The block is renewed when three days of it are left.
func TestBlockIsRenewed(t *testing.T) {
	s := prepareBroadcast(t)
	moves := &movable{}
	s.clock = moves
	s.start()
	room := s.room("one", css("show42"), blocking(imv1alpha1.RoomPaused))
	s.create(s.story.secret(secretKey), s.key("push-key", imv1alpha1.PushKeyName, pushKey), s.credentials(), s.app, s.field("room-status", statusField), room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	first := s.blocked(room)()
	moves.forward(week - 74*time.Hour)
	s.again(room, "73 hours are left")
	s.Expect(s.live.Calls(forbidCall)).To(Equal(1))
	moves.forward(2 * time.Hour)
	s.again(room, "71 hours are left")
	// A pass whose status meets a change of the object, such as the request for
	// another pass, is made once more.
	calls := s.live.Calls(forbidCall)
	s.Expect(calls).To(BeElementOf(2, 3))
	second := s.blocked(room)()
	s.Expect(second.Until.Time).To(BeTemporally("~", moves.Now().Add(week-time.Hour), time.Minute))
	s.Expect(second.Since).To(Equal(first.Since))
	s.again(room, "all of it is left")
	s.Expect(s.live.Calls(forbidCall)).To(Equal(calls))
}

// What was forbidden lasts to its end when the room is only observed from then on, and is
// no difference from what is declared.
func TestBlockOfAnObservedRoomEnds(t *testing.T) {
	s := prepareBroadcast(t)
	moves := &movable{}
	s.clock = moves
	s.start()
	room := s.room("one", css("show42"), blocking(imv1alpha1.RoomPaused))
	room.Spec.Stream.HostSecretName = "" // it would have to be written anew
	s.create(s.story.secret(secretKey), s.key("push-key", imv1alpha1.PushKeyName, pushKey), s.credentials(), s.app, s.field("room-status", statusField), room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	update(s.story, room, func(r *imv1alpha1.LiveRoom) {
		r.Spec.ManagementPolicy, r.Spec.StateControl = imv1alpha1.ManagementPolicyObserve, nil
	})
	s.Eventually(s.condition(room, imv1alpha1.ConditionStreamControlled)).Should(Equal("absent"))
	s.Expect(s.ready(room)()).To(Equal(asDeclared))
	s.Expect(s.blocked(room)()).NotTo(BeNil(), "nobody has let it go")
	moves.forward(week)
	s.again(room, "its time is over")
	s.Eventually(s.blocked(room)).Should(BeNil())
	s.Expect(s.ready(room)()).To(Equal(asDeclared))

	// What is declared is another matter: nobody forbids it anew.
	update(s.story, room, func(r *imv1alpha1.LiveRoom) { blocking(imv1alpha1.RoomPaused)(&r.Spec) })
	s.Eventually(s.ready(room)).Should(Equal("False DriftDetected"))
	s.Expect(s.live.Calls(forbidCall)).To(Equal(1))
	s.Expect(s.live.Calls(resumeCall)).To(BeZero())
}

// Trouble with the stream holds up nothing else, and heals by itself.
func TestStreamThatCannotBeControlled(t *testing.T) {
	s := prepareBroadcast(t)
	s.start()
	room := s.room("one", css("show42"), blocking(imv1alpha1.RoomLive))
	s.create(s.story.secret(secretKey), s.key("push-key", imv1alpha1.PushKeyName, pushKey), s.app, s.field("room-status", statusField), room)
	s.Eventually(s.condition(room, imv1alpha1.ConditionStreamControlled)).Should(Equal("False KeyNotFound"))
	s.turn(room, imv1alpha1.RoomPaused)
	s.Eventually(s.told("live_one")).Should(Equal("Paused"))
	s.Eventually(s.ready(room)).Should(Equal("False KeyNotFound"))
	s.Expect(s.condition(room, imv1alpha1.ConditionStreamURLsIssued)()).To(Equal(asDeclared))

	wrong := s.key("api", imv1alpha1.APISecretIDName, apiSecretID)
	wrong.Data[imv1alpha1.APISecretKeyName] = []byte("wrong")
	s.create(wrong)
	s.Eventually(s.ready(room)).Should(Equal("False Unauthorized"))
	s.Eventually(s.blocked(room)).Should(BeNil(), "what was refused was not done")
	s.Expect(s.live.InjectFault(simlive.Fault{Action: forbidCall, Times: 3, HTTPStatus: 502})).To(Succeed())
	update(s.story, wrong, func(secret *corev1.Secret) { secret.Data[imv1alpha1.APISecretKeyName] = []byte(apiSecretKey) })
	s.Eventually(s.ready(room)).Should(Equal("False Unavailable"))
	s.Expect(s.blocked(room)()).NotTo(BeNil(), "it may have been done")
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Expect(s.live.ForbiddenUntil("show42")).To(BeTemporally(">", time.Now()))

	// A deletion names what is in the way, and the way out.
	s.Expect(s.live.InjectFault(simlive.Fault{Action: resumeCall, HTTPStatus: 502})).To(Succeed())
	s.Expect(s.client.Delete(s.ctx, room)).To(Succeed())
	s.Eventually(func() string { return s.message(room) }).Should(And(ContainSubstring(resumeCall), ContainSubstring(imv1alpha1.AnnotationAbandon)))
	_, found := s.sim.Group("live_one")
	s.Expect(found).To(BeFalse(), "the group does not wait for it")
	s.live.ClearFaults()
	s.Eventually(s.gone(room)).Should(BeTrue())
	s.Expect(s.live.ForbiddenUntil("show42")).NotTo(BeTemporally(">", time.Now()))
}

// While IM does not answer, streams are blocked and URLs issued all the same.
func TestStreamDoesNotWaitForIM(t *testing.T) {
	s := beginBroadcast(t)
	room := s.room("one", css("show42"), blocking(imv1alpha1.RoomLive))
	s.create(s.field("room-status", statusField), room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	_, err := s.sim.InjectFault(simim.Fault{Command: "*", HTTPStatus: 502})
	s.Expect(err).NotTo(HaveOccurred())

	s.turn(room, imv1alpha1.RoomPaused)
	s.Eventually(func() time.Time { return s.live.ForbiddenUntil("show42") }).Should(BeTemporally(">", time.Now()))
	s.Eventually(s.ready(room)).Should(Equal("False Unavailable"))
	s.Expect(s.told("live_one")()).To(Equal("Live"))
	update(s.story, s.key("push-key", "", ""), func(secret *corev1.Secret) { secret.Data[imv1alpha1.PushKeyName] = []byte("another") })
	s.Eventually(func() bool { _, ok := signed(s.pushURL(), "show42", "another"); return ok }).Should(BeTrue())

	s.sim.ClearFaults()
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Expect(s.told("live_one")()).To(Equal("Paused"))
	s.Expect(s.live.Calls(forbidCall)).To(Equal(1))
}

// Nor does it wait for a part of IM that fails alone: reading attributes, or writing.
func TestStreamDoesNotWaitForAPartOfIM(t *testing.T) {
	for name, command := range map[string]string{"reading": "get_group_attr", "writing": "modify_group_base_info"} {
		t.Run(name, func(t *testing.T) {
			s := beginBroadcast(t)
			room := s.room("one", css("show42"), blocking(imv1alpha1.RoomLive), func(spec *imv1alpha1.LiveRoomSpec) {
				spec.Attributes = []imv1alpha1.RoomAttribute{{Key: "seat", Value: new("1")}}
				spec.StateControl.SpeechUnlessLive = imv1alpha1.SpeechMuted
			})
			s.create(s.field("room-status", statusField), room)
			s.Eventually(s.ready(room)).Should(Equal(asDeclared))
			_, err := s.sim.InjectFault(simim.Fault{Command: command, HTTPStatus: 502})
			s.Expect(err).NotTo(HaveOccurred())
			s.turn(room, imv1alpha1.RoomPaused)
			s.Eventually(func() time.Time { return s.live.ForbiddenUntil("show42") }).Should(BeTemporally(">", time.Now()))
			s.sim.ClearFaults()
			s.Eventually(s.ready(room)).Should(Equal(asDeclared))
			s.Expect(s.told("live_one")()).To(Equal("Paused"))
		})
	}
}

// Nobody can be kept out of a TRTC room, so whoever pushes to a paused one is removed
// each time.
func TestPusherIsRemovedFromAPausedRoom(t *testing.T) {
	s := beginBroadcast(t)
	room := s.room("one", trtcRoom, blocking(imv1alpha1.RoomLive))
	s.create(s.field("room-status", statusField), room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	enter := func() {
		s.t.Helper()
		s.Expect(s.live.Enter(simlive.Entrance{URL: s.pushURL()})).To(Succeed())
	}
	inside := func() map[string]bool { return s.live.InRoom(12345) }
	enter()
	s.Expect(s.client.Get(s.ctx, client.ObjectKeyFromObject(room), room)).To(Succeed())
	copied := room.Status.StreamName
	s.Expect(s.live.Streaming(copied)).To(BeTrue())

	s.turn(room, imv1alpha1.RoomPaused)
	s.Eventually(inside).Should(BeEmpty())
	s.Eventually(func() time.Time { return s.live.ForbiddenUntil(copied) }).Should(BeTemporally(">", time.Now()))
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.again(room, "again")
	s.Expect(s.live.Calls(removeCall)).To(Equal(1), "once for a state")

	enter()
	s.tell(room, imv1alpha1.RoomStreamStatus{State: imv1alpha1.StreamActive, Since: *at(time.Second)})
	s.Eventually(inside).Should(BeEmpty())
	s.tell(room, imv1alpha1.RoomStreamStatus{State: imv1alpha1.StreamInactive, Since: *at(2 * time.Second)})

	enter()
	s.turn(room, imv1alpha1.RoomEnded)
	s.Eventually(inside).Should(BeEmpty())
	s.Expect(s.live.Calls(dismissCall)).To(Equal(1))
	s.Expect(s.live.Calls(forbidCall)).To(Equal(1))

	s.turn(room, imv1alpha1.RoomLive)
	s.Eventually(s.blocked(room)).Should(BeNil())
	enter()
	s.Expect(s.live.Streaming(copied)).To(BeTrue())
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
}

// To let everybody enter again, and the copy run, nothing is needed of TRTC's API.
func TestRoomIsOpenedWithoutCredentialsOfTRTC(t *testing.T) {
	s := prepareBroadcast(t)
	s.start()
	credentials := s.credentials()
	credentials.SetName("trtc-api")
	s.app.Spec.TRTC.APICredentialsSecretRef = &imv1alpha1.SecretReference{Name: "trtc-api"}
	room := s.room("one", trtcRoom, blocking(imv1alpha1.RoomPaused))
	s.create(s.story.secret(secretKey), s.key("push-key", imv1alpha1.PushKeyName, pushKey), s.credentials(), credentials, s.app,
		s.field("room-status", statusField), room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Expect(s.client.Get(s.ctx, client.ObjectKeyFromObject(room), room)).To(Succeed())
	copied := room.Status.StreamName
	s.Expect(s.live.ForbiddenUntil(copied)).To(BeTemporally(">", time.Now()))
	s.Expect(s.client.Delete(s.ctx, credentials)).To(Succeed())
	s.Eventually(s.ready(room)).Should(Equal("False KeyNotFound"))
	s.turn(room, imv1alpha1.RoomLive)
	s.Eventually(s.blocked(room)).Should(BeNil())
	s.Expect(s.live.ForbiddenUntil(copied)).To(BeZero())
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
}

// A status that meets other changes of the object is written once more. Nobody is removed
// once more.
func TestPusherIsRemovedOnce(t *testing.T) {
	s := beginBroadcast(t)
	room := s.room("one", trtcRoom, blocking(imv1alpha1.RoomLive))
	s.create(s.field("room-status", statusField), room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	for state, call := range map[imv1alpha1.RoomState]string{imv1alpha1.RoomPaused: removeCall, imv1alpha1.RoomEnded: dismissCall} {
		called := func() int { return s.live.Calls(call) }
		s.Expect(s.live.InjectFault(simlive.Fault{Action: call, Latency: time.Second})).To(Succeed())
		s.turn(room, state)
		s.Eventually(called).Should(Equal(1))
		s.tell(room, imv1alpha1.RoomStreamStatus{State: imv1alpha1.StreamInactive, Since: *at(0)}) // meanwhile
		s.Eventually(func() imv1alpha1.RoomState {
			if block := s.blocked(room)(); block != nil {
				return block.State
			}
			return ""
		}).Should(Equal(state))
		s.again(room, string(state))
		s.Expect(called()).To(Equal(1))

		s.live.ClearFaults()
		s.turn(room, imv1alpha1.RoomLive)
		s.Eventually(s.blocked(room)).Should(BeNil())
		s.turn(room, state)
		s.Eventually(called).Should(Equal(2), "another time is another end")
		s.turn(room, imv1alpha1.RoomLive)
		s.Eventually(s.blocked(room)).Should(BeNil())
	}
}

// tell writes what callbacks tell of a stream, as the webhook does.
func (s *story) tell(room *imv1alpha1.LiveRoom, stream imv1alpha1.RoomStreamStatus) {
	s.t.Helper()
	text, err := json.Marshal(map[string]any{"status": map[string]any{"stream": stream}})
	s.Expect(err).NotTo(HaveOccurred())
	s.Expect(s.client.Status().Patch(s.ctx, room, client.RawPatch("application/merge-patch+json", text))).To(Succeed())
}
