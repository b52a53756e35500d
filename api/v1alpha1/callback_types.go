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
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// CallbackTokenKeyName is the key that callbacks.tokenSecretRef must hold.
const CallbackTokenKeyName = "token"

// CallbackFormerTokenKeyName is the key that it may hold while the token is being
// changed: callbacks with the former one, on its path, are taken as well.
const CallbackFormerTokenKeyName = "formerToken"

// SourceAddresses says from where callbacks are taken.
// +kubebuilder:validation:Enum=Any;Provider
type SourceAddresses string

const (
	// SourceAddressesAny takes callbacks from everywhere; the token decides. This
	// is the meaning of an absent policy.
	SourceAddressesAny SourceAddresses = "Any"
	// SourceAddressesProvider takes callbacks only from the addresses that IM
	// publishes for them. The token is asked for as well.
	SourceAddressesProvider SourceAddresses = "Provider"
)

// DefaultCustomEvents are the names of custom messages that are counted by name
// when an ImApp lists none: the ones that live-commerce clients send.
var DefaultCustomEvents = []string{"SEND_GIFT", "ATTENTION", "CANCELATTENTION", "USE_COUPON", "LIKE", "BUY"}

// MaxCustomEvents is how many names an ImApp can list.
const MaxCustomEvents = 32

// OtherEvents is the name under which custom messages of all other names are counted.
const OtherEvents = "other"

// Callbacks says how IM's callbacks are taken.
type Callbacks struct {
	// tokenSecretRef names the Secret whose key "token" holds the authentication
	// token that is entered in the console beside the callback URL. Without it
	// every callback is refused. While the token is being changed, the key
	// "formerToken" may hold the one before.
	// +required
	TokenSecretRef SecretReference `json:"tokenSecretRef"`

	// sourceAddresses is Any (the meaning of an absent value) or Provider.
	// +optional
	SourceAddresses SourceAddresses `json:"sourceAddresses,omitempty"`

	// customEvents are the names (Data of a custom element) that rooms count one
	// by one; all others count as "other". Absent means SEND_GIFT, ATTENTION,
	// CANCELATTENTION, USE_COUPON, LIKE and BUY.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="!self.exists(n, n == 'other')",message="other is the name for all the rest: leave it out"
	CustomEvents []string `json:"customEvents,omitempty"`

	// silentAfterSeconds without an authentic callback turn the condition
	// CallbacksReceived to Silent. Absent means 86400.
	// +optional
	// +kubebuilder:validation:Minimum=60
	// +kubebuilder:validation:Maximum=2592000
	SilentAfterSeconds *int32 `json:"silentAfterSeconds,omitempty"`
}

// DefaultSilentAfterSeconds is the meaning of an absent silentAfterSeconds.
const DefaultSilentAfterSeconds = 86400

// CountedEvents are the names that are counted one by one.
func (c *Callbacks) CountedEvents() []string {
	if c == nil || len(c.CustomEvents) == 0 {
		return slices.Clone(DefaultCustomEvents)
	}
	return c.CustomEvents
}

// EventCount is the number of custom messages of one name.
type EventCount struct {
	// name of the event, or "other".
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Name string `json:"name"`

	// count since the LiveRoom was made.
	// +required
	Count int64 `json:"count"`
}

// RoomActivity is what callbacks told about a room. Numbers are exact over the
// callbacks received, but for blocked and masked, whose senders do not wait until
// they are counted. IM sends none for messages that it drops above 40 a second
// and group. They are written at most every 10 seconds, less often when more
// than 500 rooms are active, and never without news.
type RoomActivity struct {
	// messages that reached the room.
	// +optional
	Messages int64 `json:"messages,omitempty"`

	// senders is the number of different senders; above some hundreds an
	// estimate, within about two percent.
	// +optional
	Senders int64 `json:"senders,omitempty"`

	// events counts custom messages by name; names that the ImApp does not list count as "other".
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=65
	Events []EventCount `json:"events,omitempty"`

	// blocked is the number of messages that moderation rejected or dropped.
	// +optional
	Blocked int64 `json:"blocked,omitempty"`

	// masked is the number of messages that moderation changed.
	// +optional
	Masked int64 `json:"masked,omitempty"`

	// joined is the number of times that somebody entered.
	// +optional
	Joined int64 `json:"joined,omitempty"`

	// left is the number of times that somebody left.
	// +optional
	Left int64 `json:"left,omitempty"`

	// online is an estimate of how many are in the room now.
	// +optional
	Online *int64 `json:"online,omitempty"`

	// peakOnline is the highest value of online.
	// +optional
	PeakOnline int64 `json:"peakOnline,omitempty"`

	// lastMessageTime is the time of the last message, to the minute.
	// +optional
	LastMessageTime *metav1.Time `json:"lastMessageTime,omitempty"`
}

// ReportedDrift is what a callback reported as different from spec. It wakes
// the controller, which looks for itself.
type ReportedDrift struct {
	// time of the report.
	// +required
	Time metav1.Time `json:"time"`

	// sequence of the report, so that two reports of one second differ.
	// +required
	Sequence int64 `json:"sequence"`

	// fields that differed, as in spec; "existence" when it is gone.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=64
	Fields []string `json:"fields,omitempty"`
}

// PresenceState is where an account is seen, as query_online_status has it.
// +kubebuilder:validation:Enum=Online;PushOnline;Offline
type PresenceState string

const (
	// PresenceOnline: connected.
	PresenceOnline PresenceState = "Online"
	// PresencePushOnline: not connected, but reached by push messages.
	PresencePushOnline PresenceState = "PushOnline"
	// PresenceOffline: not reached.
	PresenceOffline PresenceState = "Offline"
)

// Presence is where an account is seen. A callback marks it as changed, and IM
// is then asked for the state.
type Presence struct {
	// state of the account.
	// +required
	State PresenceState `json:"state"`

	// since when, as far as is known.
	// +required
	Since metav1.Time `json:"since"`
}
