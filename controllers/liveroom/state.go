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

package liveroom

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/lifecycle"
)

// pathStateField is the path of the change that tells clients the state.
const pathStateField = "stateControl.field"

// Paths of what a state may do to a room.
const (
	pathSpeech       = "speech"
	pathAnnouncement = "announcement"
)

// State is what a room is doing at the time of a pass.
type State struct {
	// Value of the state, and since when, in whole seconds.
	Value imv1alpha1.RoomState
	Since time.Time
	// Next is when the schedule changes it. Zero means never.
	Next time.Time
	// Scheduled says that the clock decided, and not spec.
	Scheduled bool
	// Effects are what the state does to the room besides, in order.
	Effects []imv1alpha1.StateEffect
}

// stateAt decides about the state of a room. It is pure.
//
// was is the state that the room was last brought to. A schedule does not fall
// back behind it: a leader whose clock is behind that of the one before takes the
// time of the last transition for its own, and leaves the room alone.
func stateAt(control *imv1alpha1.StateControl, was *imv1alpha1.RoomStateStatus, now time.Time) State {
	now = now.Truncate(time.Second)
	if was != nil && now.Before(was.Since.Time) && control.Mode == imv1alpha1.StateControlScheduled {
		now = was.Since.Time
	}
	value, since, next := control.At(now)
	state := State{Value: value, Since: since, Next: next, Scheduled: control.Mode == imv1alpha1.StateControlScheduled}
	switch {
	case was != nil && was.Value == value && (since.IsZero() || was.Since.After(since)):
		state.Since = was.Since.Time // since then, whatever became of spec meanwhile
	case since.IsZero():
		state.Since = now
	}
	return state
}

// status is the state as status keeps it.
func (s State) status() *imv1alpha1.RoomStateStatus {
	return &imv1alpha1.RoomStateStatus{Value: s.Value, Since: metav1.NewTime(s.Since), Effects: s.Effects}
}

// direct puts into desired what the state decides: the announcement, and who may
// speak.
func (s State) direct(control *imv1alpha1.StateControl, d *Desired) {
	d.State = &s
	if own := control.Announcements.Of(s.Value); own != nil {
		d.Announcement, s.Effects = own, append(s.Effects, imv1alpha1.EffectAnnounced)
	}
	switch {
	case control.SpeechUnlessLive == "":
	case s.Value != imv1alpha1.RoomLive:
		d.Speech = control.SpeechUnlessLive
		if d.Speech == imv1alpha1.SpeechMuted {
			s.Effects = append(s.Effects, imv1alpha1.EffectMuted)
		}
	case d.Speech == "":
		d.Speech = imv1alpha1.SpeechEveryone // only the control manages it, so it has to take back what it did
	}
	d.wake(s.Next)
}

// takeBack undoes what a state has done to the room that nothing says any more.
func takeBack(was *imv1alpha1.RoomStateStatus, d *Desired) {
	if was == nil {
		return
	}
	if d.Speech == "" && slices.Contains(was.Effects, imv1alpha1.EffectMuted) {
		d.Speech = imv1alpha1.SpeechEveryone
	}
	if d.Announcement == nil && slices.Contains(was.Effects, imv1alpha1.EffectAnnounced) {
		d.Announcement = new("")
	}
}

// stateField is the custom field that tells clients the state, if they are told.
func (d *Desired) stateField(control *imv1alpha1.StateControl) (Value, bool) {
	if control == nil || control.Field == nil || d.State == nil {
		return Value{}, false
	}
	return Value{Key: control.Field.Name, Value: control.Field.Value(d.State.Value), Path: pathStateField}, true
}

// Record implements lifecycle.Recorder: that the clock has brought a room to
// another state is on the API server before clients are told. So whoever goes on
// after this process, by whatever clock, does not take it back.
//
// So is that a stream is about to be forbidden, and, where all of it may have to be
// written once more because status has changed meanwhile, who is banned.
func (k *Kind) Record(room *imv1alpha1.LiveRoom, d Desired, due []lifecycle.Change) bool {
	noted := false
	if was := room.Status.EffectiveState; d.State != nil && d.State.Scheduled && was != nil && was.Value != d.State.Value && slices.ContainsFunc(due, shows) {
		next := d.State.status()
		next.Effects = union(next.Effects, was.Effects) // until it is taken back
		room.Status.EffectiveState, noted = next, true
	}
	if intent := d.Block.intended(due); intent != nil {
		room.Status.StreamBlock, room.Status.StreamName, noted = intent, d.Block.concerned(), true
	}
	if !k.Keeps(room) {
		return noted
	}
	for _, change := range due {
		if ban, ok := change.Value.(Ban); ok && !slices.Contains(room.Status.BannedUserIDs, ban.UserID) && len(room.Status.BannedUserIDs) < maxBannedUserIDs {
			room.Status.BannedUserIDs, noted = sorted(append(room.Status.BannedUserIDs, ban.UserID)), true
		}
	}
	return noted
}

// shows: the change lets others see the state of the room. The URLs of a stream do not.
func shows(change lifecycle.Change) bool {
	return !change.Apart || change.Condition == imv1alpha1.ConditionStreamControlled
}

// Keeps implements lifecycle.Recorder.
func (k *Kind) Keeps(room *imv1alpha1.LiveRoom) bool {
	control := room.Spec.StateControl
	return control != nil && control.Mode == imv1alpha1.StateControlScheduled || controlled(room)
}

// reportState is the state that a pass has brought the room to. What a state has done to
// the room is not forgotten until it is taken back, also when the pass got no further.
func reportState(room *imv1alpha1.LiveRoom, pass *lifecycle.Pass[Desired, Observed]) {
	status, was := &room.Status, room.Status.EffectiveState
	if pass.Desired == nil || pass.Observed == nil {
		return
	}
	if pass.ReadOnly || !pass.Observed.Exists() && !pass.Created() { // nothing of it is ours to take back
		if room.Spec.StateControl == nil {
			status.EffectiveState = nil
		}
		return
	}
	var before []imv1alpha1.StateEffect
	if was != nil {
		before = was.Effects
	}
	left := slices.DeleteFunc(slices.Clone(before), func(effect imv1alpha1.StateEffect) bool { return reached(pass, pathOf[effect]) })
	switch state := pass.Desired.State; {
	case pass.Err == nil && state != nil:
		status.EffectiveState = state.status()
		status.EffectiveState.Effects = union(state.Effects, left)
	case pass.Err == nil && len(left) == 0:
		status.EffectiveState = nil
	case pass.Err != nil && state != nil:
		// What needed no change may be another's doing: here it is not known whose group that is.
		done := slices.DeleteFunc(slices.Clone(state.Effects), func(effect imv1alpha1.StateEffect) bool { return !applied(pass, pathOf[effect]) })
		if was == nil && len(done) > 0 {
			status.EffectiveState = state.status()
		}
		if status.EffectiveState != nil {
			status.EffectiveState.Effects = union(before, done)
		}
	}
}

// pathOf effects, in spec.
var pathOf = map[imv1alpha1.StateEffect]string{imv1alpha1.EffectMuted: pathSpeech, imv1alpha1.EffectAnnounced: pathAnnouncement}

// union of effects, in order. Nil when there are none.
func union(a, b []imv1alpha1.StateEffect) []imv1alpha1.StateEffect {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// reached reports whether a part is as desired at the end of a pass.
func reached(pass *lifecycle.Pass[Desired, Observed], path string) bool {
	return !slices.ContainsFunc(pass.Planned, at(path)) || applied(pass, path)
}

// applied reports whether a pass has changed a part.
func applied(pass *lifecycle.Pass[Desired, Observed], path string) bool {
	return slices.ContainsFunc(pass.Applied, at(path))
}

func at(path string) func(lifecycle.Change) bool {
	return func(change lifecycle.Change) bool { return change.Path == path }
}
