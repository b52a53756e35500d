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

// AutomaticReplies are texts that a customer is told in answer to a push,
// before any agent has seen it. Where a text is absent nothing is said. WeChat
// takes one answer to each push, of at most 2048 bytes.
type AutomaticReplies struct {
	// welcome is told to who follows.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:Pattern=`[^\s]`
	// +kubebuilder:validation:XValidation:rule="bytes(self).size() <= 2048",message="welcome has at most 2048 bytes (a Chinese character counts 3): shorten it"
	Welcome string `json:"welcome,omitempty"`

	// transferring is told when a session begins.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:Pattern=`[^\s]`
	// +kubebuilder:validation:XValidation:rule="bytes(self).size() <= 2048",message="transferring has at most 2048 bytes (a Chinese character counts 3): shorten it"
	Transferring string `json:"transferring,omitempty"`

	// outOfHours is told in place of transferring outside of businessHours.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:Pattern=`[^\s]`
	// +kubebuilder:validation:XValidation:rule="bytes(self).size() <= 2048",message="outOfHours has at most 2048 bytes (a Chinese character counts 3): shorten it"
	OutOfHours string `json:"outOfHours,omitempty"`

	// unsupported is told for a message that no agent can be shown.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:Pattern=`[^\s]`
	// +kubebuilder:validation:XValidation:rule="bytes(self).size() <= 2048",message="unsupported has at most 2048 bytes (a Chinese character counts 3): shorten it"
	Unsupported string `json:"unsupported,omitempty"`
}

// FollowerImport says when a follower becomes an account in IM.
// +kubebuilder:validation:Enum=OnFollow;OnMessage
type FollowerImport string

const (
	// FollowerImportOnFollow imports who follows. It counts into the plan's
	// accounts whoever never writes.
	FollowerImportOnFollow FollowerImport = "OnFollow"
	// FollowerImportOnMessage imports who writes. This is the meaning of an absent
	// policy.
	FollowerImportOnMessage FollowerImport = "OnMessage"
)

// FollowerPolicy says how followers become accounts in IM. Their UserID is
// userIDPrefix and the OpenID.
type FollowerPolicy struct {
	// import is OnFollow, or OnMessage (the meaning of an absent value): with the
	// follower's first message.
	// +optional
	Import FollowerImport `json:"import,omitempty"`

	// userIDPrefix tells the accounts of followers from others: at most 4
	// printable ASCII characters without a space, as an OpenID takes 28 of the 32
	// bytes of a UserID. Letters, digits, _ and - are safe; IM may refuse others. It
	// must not begin with @, as IDs of IM's own do. Absent means none. Immutable.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4
	// +kubebuilder:validation:Pattern=`^[!-~]+$`
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('@')",message="UserIDs that begin with @ are IM's own: choose another userIDPrefix"
	UserIDPrefix string `json:"userIDPrefix,omitempty"`

	// onUnfollow says what becomes of the account in IM of who unfollows: Delete, or
	// Retain (the meaning of an absent value). On paid plans IM blocks the UserID
	// of a deleted account for three months, so that a follower who comes back
	// within that time cannot be served. Whatever else is known of the follower is
	// erased in either case.
	// +optional
	OnUnfollow DeletionPolicy `json:"onUnfollow,omitempty"`
}

// WaitingReplies bounds the replies of agents that wait for the customer's next
// message, because WeChat takes no more before it. A reply beyond a bound becomes
// a dead letter, and the agent is told.
type WaitingReplies struct {
	// maxMessagesPerCustomer that wait. Absent means 20.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	MaxMessagesPerCustomer *int32 `json:"maxMessagesPerCustomer,omitempty"`

	// maxAgeSeconds that one waits. Absent means 172800 (two days).
	// +optional
	// +kubebuilder:validation:Minimum=3600
	// +kubebuilder:validation:Maximum=604800
	MaxAgeSeconds *int32 `json:"maxAgeSeconds,omitempty"`
}

// CustomerMedia bounds the media of customers. An agent's client opens them by a
// signed link to the webhook, which streams them from WeChat and keeps nothing.
// WeChat itself keeps them for three days.
type CustomerMedia struct {
	// maxBytes of one picture, voice or video. Absent means 10485760 (10 MiB).
	// +optional
	// +kubebuilder:validation:Minimum=65536
	// +kubebuilder:validation:Maximum=20971520
	MaxBytes *int64 `json:"maxBytes,omitempty"`

	// linkValiditySeconds of a link, which opens the media for whoever has it.
	// Absent means 86400 (one day).
	// +optional
	// +kubebuilder:validation:Minimum=300
	// +kubebuilder:validation:Maximum=259200
	LinkValiditySeconds *int32 `json:"linkValiditySeconds,omitempty"`
}
