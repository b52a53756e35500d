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
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/im"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

const (
	changeCall  = "modify_group_base_info"
	statusField = "room_status"
)

// skewed is a clock that is ahead of the system's, or behind.
type skewed struct {
	clock.RealClock
	by time.Duration
}

func (c skewed) Now() time.Time                  { return time.Now().Add(c.by) }
func (c skewed) Since(t time.Time) time.Duration { return c.Now().Sub(t) }

// told is what clients of a room read in its state field.
func (s *story) told(group string) func() string { return toldIn(s.sim, group) }

func toldIn(sim *simim.Simulator, group string) func() string {
	return func() string { g, _ := sim.Group(group); return g.CustomFields[statusField] }
}

// effective is the state that a room says it was brought to.
func (s *story) effective(room *imv1alpha1.LiveRoom) func() imv1alpha1.RoomState {
	return func() imv1alpha1.RoomState {
		var now imv1alpha1.LiveRoom
		if s.client.Get(s.ctx, client.ObjectKeyFromObject(room), &now) != nil || now.Status.EffectiveState == nil {
			return ""
		}
		return now.Status.EffectiveState.Value
	}
}

// again asks for another pass and waits until it is over.
func (s *story) again(room *imv1alpha1.LiveRoom, token string) {
	s.t.Helper()
	update(s, room, func(r *imv1alpha1.LiveRoom) {
		metav1.SetMetaDataAnnotation(&r.ObjectMeta, imv1alpha1.AnnotationReconcileAt, token)
	})
	s.Eventually(func() string {
		_ = s.client.Get(s.ctx, client.ObjectKeyFromObject(room), room)
		return room.Status.LastHandledReconcileAt
	}).Should(Equal(token))
}

// A patch of the state reaches clients in one call, with what the state decides
// besides.
func TestPatchOfTheStateReachesClients(t *testing.T) {
	s := begin(t)
	soon := "稍后回来"
	room := s.room("one", func(spec *imv1alpha1.LiveRoomSpec) {
		spec.StateControl = &imv1alpha1.StateControl{
			Mode: imv1alpha1.StateControlManual, State: imv1alpha1.RoomLive, SpeechUnlessLive: imv1alpha1.SpeechMuted,
			Field:         &imv1alpha1.StateField{Name: statusField, Values: &imv1alpha1.StateValues{Paused: &soon}},
			Announcements: &imv1alpha1.StateAnnouncements{Paused: &soon},
		}
	})
	s.create(s.field("room-status", statusField), room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Expect(s.told("live_one")()).To(Equal("Live"))
	s.Expect(s.effective(room)()).To(Equal(imv1alpha1.RoomLive))

	shown := func() string {
		g, _ := s.sim.Group("live_one")
		return g.CustomFields[statusField] + "|" + g.Notification + "|" + g.MuteAllMember
	}
	s.turn(room, imv1alpha1.RoomPaused)
	s.Eventually(shown).Should(Equal(soon + "|" + soon + "|On"))
	s.Eventually(s.effective(room)).Should(Equal(imv1alpha1.RoomPaused))
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))

	s.turn(room, imv1alpha1.RoomLive)
	s.Eventually(shown).Should(Equal("Live|今晚八点，童装上新|Off"))
	s.turn(room, imv1alpha1.RoomEnded)
	s.Eventually(shown).Should(Equal("Ended|今晚八点，童装上新|On"))
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))

	// Another pass changes nothing, here or in IM.
	changes := s.sim.Calls(changeCall)
	before := env.Requests().Snapshot()
	s.again(room, "again")
	s.Expect(env.Requests().Since(before).By(s.agent()).In(s.namespace).Writes().Total()).To(Equal(1), "only the echo of the request")
	s.Expect(s.sim.Calls(changeCall)).To(Equal(changes))
}

// A schedule wakes the room by itself.
func TestScheduleFires(t *testing.T) {
	s := begin(t)
	room := s.room("one", func(spec *imv1alpha1.LiveRoomSpec) {
		spec.StateControl = &imv1alpha1.StateControl{
			Mode: imv1alpha1.StateControlScheduled, OpenTime: at(time.Hour), Field: &imv1alpha1.StateField{Name: statusField},
		}
	})
	s.create(s.field("room-status", statusField), room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Expect(s.told("live_one")()).To(Equal("Paused"))
	update(s, room, func(r *imv1alpha1.LiveRoom) { r.Spec.StateControl.OpenTime = at(2 * time.Second) })
	s.Eventually(s.told("live_one")).Should(Equal("Live"))
	s.Eventually(s.effective(room)).Should(Equal(imv1alpha1.RoomLive))
	s.Expect(s.client.Get(s.ctx, client.ObjectKeyFromObject(room), room)).To(Succeed())
	s.Expect(room.Status.EffectiveState.Since.Equal(room.Spec.StateControl.OpenTime)).To(BeTrue())
	s.Expect(s.sim.Calls(changeCall)).To(Equal(2), "one for each state")
}

// Replicas whose clocks are hours apart take over from one another: clients are
// told of each state once, and never of an earlier one again.
func TestScheduleFiresOnceWhateverTheClockOfTheLeader(t *testing.T) {
	s := prepare(t)
	s.electing = true
	s.grantLease()
	s.start()
	room := s.room("one", func(spec *imv1alpha1.LiveRoomSpec) {
		spec.StateControl = &imv1alpha1.StateControl{
			Mode: imv1alpha1.StateControlScheduled, OpenTime: at(time.Hour), CloseTime: at(3 * time.Hour),
			Field: &imv1alpha1.StateField{Name: statusField},
		}
	})
	field := s.field("room-status", statusField)
	s.create(s.secret(secretKey), s.app(), field, room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Eventually(s.ready(field)).Should(Equal(asDeclared), "or the next leader has to prove the field, by a write")
	s.Expect(s.told("live_one")()).To(Equal("Paused"))
	changes := s.sim.Calls(changeCall)

	for _, leader := range []struct {
		name    string
		ahead   time.Duration
		state   imv1alpha1.RoomState
		changed int
	}{
		{"ahead", 2 * time.Hour, imv1alpha1.RoomLive, 1},
		{"right, and behind the one before", 0, imv1alpha1.RoomLive, 0},
		{"restarted", 0, imv1alpha1.RoomLive, 0},
		{"far behind", -2 * time.Hour, imv1alpha1.RoomLive, 0},
		{"far ahead", 4 * time.Hour, imv1alpha1.RoomEnded, 1},
		{"right again", 0, imv1alpha1.RoomEnded, 0},
	} {
		retire := s.stop
		s.clock = skewed{by: leader.ahead}
		s.start() // stands by
		retire()
		s.again(room, leader.name)
		s.Expect(s.effective(room)()).To(Equal(leader.state), leader.name)
		s.Expect(s.told("live_one")()).To(Equal(string(leader.state)), leader.name)
		changes += leader.changed
		s.Expect(s.sim.Calls(changeCall)).To(Equal(changes), leader.name)
	}
}

// at is a time of a schedule, in whole seconds as the API server keeps it.
func at(after time.Duration) *metav1.Time {
	return &metav1.Time{Time: time.Now().Add(after).Truncate(time.Second)}
}

// What a state has done to a room is taken back when stateControl is removed. What is
// written by somebody else after that stays.
func TestStateIsTakenBack(t *testing.T) {
	s := begin(t)
	soon := "稍后回来"
	room := s.room("one", func(spec *imv1alpha1.LiveRoomSpec) {
		spec.Announcement = nil
		spec.StateControl = &imv1alpha1.StateControl{
			Mode: imv1alpha1.StateControlManual, State: imv1alpha1.RoomPaused, SpeechUnlessLive: imv1alpha1.SpeechMuted,
			Announcements: &imv1alpha1.StateAnnouncements{Live: new("开播了"), Paused: &soon, Ended: new("明天见")},
		}
	})
	s.create(room)
	shown := func() string { g, _ := s.sim.Group("live_one"); return g.Notification + "|" + g.MuteAllMember }
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Expect(shown()).To(Equal(soon + "|On"))
	s.turn(room, imv1alpha1.RoomLive)
	s.Eventually(shown).Should(Equal("开播了|Off"))
	s.turn(room, imv1alpha1.RoomPaused)
	s.Eventually(shown).Should(Equal(soon + "|On"))
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))

	s.fault(simim.Fault{Command: changeCall, Code: 10007, Times: 2})
	update(s, room, func(r *imv1alpha1.LiveRoom) { r.Spec.StateControl = nil })
	s.Eventually(shown).Should(Equal("|Off"))
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Eventually(s.effective(room)).Should(BeEmpty())
	s.Expect(s.stranger().ChangeGroup(s.ctx, "live_one", im.GroupChange{Announcement: new("someone else's")})).To(Succeed())
	s.again(room, "again")
	s.Expect(shown()).To(Equal("someone else's|Off"))
}

// What a state has done is known also when the pass of the change got no further, and is
// nothing to an operator that only observes.
func TestStateThatWasReachedInPartIsTakenBack(t *testing.T) {
	s := begin(t)
	room := s.room("one", func(spec *imv1alpha1.LiveRoomSpec) {
		spec.Attributes = []imv1alpha1.RoomAttribute{{Key: "k", Value: new("a")}}
		spec.StateControl = &imv1alpha1.StateControl{Mode: imv1alpha1.StateControlManual, State: imv1alpha1.RoomLive, SpeechUnlessLive: imv1alpha1.SpeechMuted}
	})
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.fault(simim.Fault{Command: "set_group_attr", HTTPStatus: http.StatusBadGateway})
	s.fault(simim.Fault{Command: "modify_group_attr", HTTPStatus: http.StatusBadGateway})
	update(s, room, func(r *imv1alpha1.LiveRoom) {
		r.Spec.StateControl.State, r.Spec.Attributes[0].Value = imv1alpha1.RoomPaused, new("b")
	})
	shown := func() string { g, _ := s.sim.Group("live_one"); return g.MuteAllMember }
	s.Eventually(shown).Should(Equal("On"))
	s.Eventually(s.ready(room)).Should(Equal("False Unavailable"))
	update(s, room, func(r *imv1alpha1.LiveRoom) { r.Spec.StateControl = nil })
	s.again(room, "nothing says it any more")
	s.sim.ClearFaults()
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Eventually(shown).Should(Equal("Off"))
	s.Eventually(s.effective(room)).Should(BeEmpty())
}

func TestStateIsNothingToAnObserver(t *testing.T) {
	s := begin(t)
	room := s.room("one", func(spec *imv1alpha1.LiveRoomSpec) {
		spec.StateControl = &imv1alpha1.StateControl{Mode: imv1alpha1.StateControlManual, State: imv1alpha1.RoomPaused, SpeechUnlessLive: imv1alpha1.SpeechMuted}
	})
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Expect(s.effective(room)()).To(Equal(imv1alpha1.RoomPaused))
	update(s, room, func(r *imv1alpha1.LiveRoom) {
		r.Spec.ManagementPolicy, r.Spec.StateControl = imv1alpha1.ManagementPolicyObserve, nil
	})
	s.Eventually(s.effective(room)).Should(BeEmpty())
	s.again(room, "another look")
	s.Expect(s.ready(room)()).To(Equal(asDeclared))
}

// A group that is somebody else's was not muted by a state, though it is muted: it stays
// so when the room takes it over and has no states any more.
func TestWhatAnotherHasMutedIsNotTakenBack(t *testing.T) {
	s := begin(t)
	s.Expect(s.sim.SeedGroup(simim.GroupSeed{GroupID: "live_one", Type: "AVChatRoom", Name: "theirs"})).To(Succeed())
	s.Expect(s.sim.MutateGroup("live_one", simim.GroupChange{MuteAllMember: new("On")})).To(Succeed())
	room := s.room("one", func(spec *imv1alpha1.LiveRoomSpec) {
		spec.StateControl = &imv1alpha1.StateControl{Mode: imv1alpha1.StateControlManual, State: imv1alpha1.RoomPaused, SpeechUnlessLive: imv1alpha1.SpeechMuted}
	})
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal("False NotAdopted"))
	s.Expect(s.effective(room)()).To(BeEmpty(), "the room was brought to nothing")
	update(s, room, func(r *imv1alpha1.LiveRoom) {
		r.Spec.AdoptionPolicy, r.Spec.StateControl = imv1alpha1.AdoptionPolicyAdopt, nil
	})
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	group, _ := s.sim.Group("live_one")
	s.Expect(group.MuteAllMember).To(Equal("On"))
}
