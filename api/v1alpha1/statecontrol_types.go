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

package v1alpha1

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// RoomState is what a room is doing.
// +kubebuilder:validation:Enum=Live;Paused;Ended
type RoomState string

const (
	// RoomLive: the show is on.
	RoomLive RoomState = "Live"
	// RoomPaused: it goes on later, or has not begun.
	RoomPaused RoomState = "Paused"
	// RoomEnded: it is over.
	RoomEnded RoomState = "Ended"
)

// StateControlMode says who decides about the state.
// +kubebuilder:validation:Enum=Manual;Scheduled
type StateControlMode string

const (
	// StateControlManual takes the state from spec.
	StateControlManual StateControlMode = "Manual"
	// StateControlScheduled takes it from the clock.
	StateControlScheduled StateControlMode = "Scheduled"
)

// StreamPermission says whether a stream may run.
// +kubebuilder:validation:Enum=Allowed;Blocked
type StreamPermission string

const (
	// StreamAllowed leaves the stream alone. This is the meaning of an absent value.
	StreamAllowed StreamPermission = "Allowed"
	// StreamBlocked ends it and keeps it from coming back.
	StreamBlocked StreamPermission = "Blocked"
)

// StateControl decides about the state of a room, and tells it to clients.
// +kubebuilder:validation:XValidation:rule="self.mode == 'Manual' ? has(self.state) && !has(self.openTime) && !has(self.closeTime) : !has(self.state) && has(self.openTime)",message="set state with mode: Manual; openTime, and closeTime if it is known, with mode: Scheduled"
// +kubebuilder:validation:XValidation:rule="!has(self.openTime) || !has(self.closeTime) || self.openTime < self.closeTime",message="closeTime must be after openTime"
type StateControl struct {
	// mode is Manual or Scheduled.
	// +required
	Mode StateControlMode `json:"mode"`

	// state of the room. Only with mode: Manual.
	// +optional
	State RoomState `json:"state,omitempty"`

	// openTime is when the room turns from Paused to Live. Only with mode: Scheduled.
	// +optional
	OpenTime *metav1.Time `json:"openTime,omitempty"`

	// closeTime is when it turns to Ended. Only with mode: Scheduled. Absent means
	// that it stays Live.
	// +optional
	CloseTime *metav1.Time `json:"closeTime,omitempty"`

	// field tells clients the state by a custom field of the group. Absent means
	// that they are not told.
	// +optional
	Field *StateField `json:"field,omitempty"`

	// speechUnlessLive says who may speak while the room is Paused or Ended. While
	// it is Live, spec.speech says it, or everyone may. Absent means that the state
	// does not matter.
	// +optional
	SpeechUnlessLive Speech `json:"speechUnlessLive,omitempty"`

	// announcements replace spec.announcement by state.
	// +optional
	Announcements *StateAnnouncements `json:"announcements,omitempty"`

	// streamUnlessLive is Blocked to end the room's stream while it is Paused or
	// Ended, and to let it come back when it is Live. A CSS stream is forbidden; of
	// a TRTC room the pusher is removed (Paused), or it is dismissed (Ended), again
	// whenever callbacks tell that somebody pushes. Needs apiCredentialsSecretRef in
	// the ImApp. Absent means Allowed.
	// +optional
	StreamUnlessLive StreamPermission `json:"streamUnlessLive,omitempty"`
}

// StateField is the custom field that tells clients the state of a room.
type StateField struct {
	// name of the field. A GroupCustomField must declare it for the room's type,
	// and spec.customFields must not list it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z_][A-Za-z0-9_]*$')",message="a field name begins with a letter or _ and goes on with letters, digits or _: rename it"
	Name string `json:"name"`

	// values that clients read. Absent ones are Live, Paused and Ended.
	// +optional
	Values *StateValues `json:"values,omitempty"`
}

// StateValues are the values of the state field.
type StateValues struct {
	// live is the value while the room is Live.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="bytes(self).size() <= 512",message="a custom field value has at most 512 bytes (a Chinese character counts 3): shorten it"
	Live *string `json:"live,omitempty"`

	// paused is the value while it is Paused.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="bytes(self).size() <= 512",message="a custom field value has at most 512 bytes (a Chinese character counts 3): shorten it"
	Paused *string `json:"paused,omitempty"`

	// ended is the value while it is Ended.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="bytes(self).size() <= 512",message="a custom field value has at most 512 bytes (a Chinese character counts 3): shorten it"
	Ended *string `json:"ended,omitempty"`
}

// StateAnnouncements are announcements by state. A state without one has
// spec.announcement.
type StateAnnouncements struct {
	// live is the announcement while the room is Live.
	// +optional
	// +kubebuilder:validation:MaxLength=400
	// +kubebuilder:validation:XValidation:rule="bytes(self).size() <= 400",message="announcement has at most 400 bytes (a Chinese character counts 3): shorten it"
	Live *string `json:"live,omitempty"`

	// paused is the announcement while it is Paused.
	// +optional
	// +kubebuilder:validation:MaxLength=400
	// +kubebuilder:validation:XValidation:rule="bytes(self).size() <= 400",message="announcement has at most 400 bytes (a Chinese character counts 3): shorten it"
	Paused *string `json:"paused,omitempty"`

	// ended is the announcement while it is Ended.
	// +optional
	// +kubebuilder:validation:MaxLength=400
	// +kubebuilder:validation:XValidation:rule="bytes(self).size() <= 400",message="announcement has at most 400 bytes (a Chinese character counts 3): shorten it"
	Ended *string `json:"ended,omitempty"`
}

// RoomStateStatus is the state that a room was last brought to.
type RoomStateStatus struct {
	// value of the state.
	// +required
	Value RoomState `json:"value"`

	// since when: the time of the schedule, or of the pass that found a new state
	// in spec. A schedule never falls back behind it, whatever the clock of the next
	// leader says.
	// +required
	Since metav1.Time `json:"since"`

	// effects are what the state has done to the room besides: Muted by
	// speechUnlessLive, Announced by announcements. They are taken back when nothing
	// in spec says them any more.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=2
	Effects []StateEffect `json:"effects,omitempty"`
}

// StateEffect is what a state does to a room.
// +kubebuilder:validation:Enum=Muted;Announced
type StateEffect string

// What a state may do to a room.
const (
	EffectMuted     StateEffect = "Muted"
	EffectAnnounced StateEffect = "Announced"
)

// StreamBlock records that the operator has blocked a stream.
type StreamBlock struct {
	// state of the room that it was blocked for. Live as long as only the copy of a
	// TRTC room is blocked, or about to be.
	// +required
	State RoomState `json:"state"`

	// since when.
	// +required
	Since metav1.Time `json:"since"`

	// until is when the block would end by itself (CSS); it is renewed long before.
	// +optional
	Until *metav1.Time `json:"until,omitempty"`
}

// At returns the state at a time, and when it changes next; zero means never.
func (c *StateControl) At(now time.Time) (state RoomState, since, next time.Time) {
	if c.Mode == StateControlManual {
		return c.State, time.Time{}, time.Time{}
	}
	if c.CloseTime != nil && !now.Before(c.CloseTime.Time) {
		return RoomEnded, c.CloseTime.Time, time.Time{}
	}
	if c.OpenTime != nil && !now.Before(c.OpenTime.Time) {
		if c.CloseTime != nil {
			next = c.CloseTime.Time
		}
		return RoomLive, c.OpenTime.Time, next
	}
	if c.OpenTime != nil {
		next = c.OpenTime.Time
	}
	return RoomPaused, time.Time{}, next
}

// Value returns what clients read in a state.
func (f *StateField) Value(state RoomState) string {
	var own *string
	if f.Values != nil {
		switch state {
		case RoomLive:
			own = f.Values.Live
		case RoomPaused:
			own = f.Values.Paused
		case RoomEnded:
			own = f.Values.Ended
		}
	}
	if own != nil {
		return *own
	}
	return string(state)
}

// Of returns the announcement of a state, nil if it has none of its own.
func (a *StateAnnouncements) Of(state RoomState) *string {
	if a == nil {
		return nil
	}
	switch state {
	case RoomLive:
		return a.Live
	case RoomPaused:
		return a.Paused
	case RoomEnded:
		return a.Ended
	}
	return nil
}
