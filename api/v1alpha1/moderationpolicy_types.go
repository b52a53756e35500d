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

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Enforcement says who examines messages.
// +kubebuilder:validation:Enum=Provider;Callback
type Enforcement string

const (
	// EnforcementProvider keeps IM's own local audit keywords equal to the words.
	EnforcementProvider Enforcement = "Provider"
	// EnforcementCallback examines messages in the before-send callback.
	EnforcementCallback Enforcement = "Callback"
)

// ModerationAction is what becomes of a message.
// +kubebuilder:validation:Enum=Reject;Mask;Drop
type ModerationAction string

const (
	// ModerationActionReject refuses the message; the sender is told.
	ModerationActionReject ModerationAction = "Reject"
	// ModerationActionMask replaces the words; the rest is delivered.
	ModerationActionMask ModerationAction = "Mask"
	// ModerationActionDrop takes the message out; the sender is told success.
	ModerationActionDrop ModerationAction = "Drop"
)

// FailurePolicy is for messages that cannot be examined.
// +kubebuilder:validation:Enum=Allow;Deny
type FailurePolicy string

const (
	// FailurePolicyAllow lets them pass. This is the meaning of an absent policy.
	FailurePolicyAllow FailurePolicy = "Allow"
	// FailurePolicyDeny rejects them.
	FailurePolicyDeny FailurePolicy = "Deny"
)

// Defaults of a ModerationPolicy.
const (
	DefaultRejectCode = 10100
	DefaultMaskText   = "***"
)

// WordList names a ConfigMap with words, one a line, in each of its keys.
type WordList struct {
	// name of the ConfigMap.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`
	Name string `json:"name"`
}

// ModerationWords are the words to find.
// +kubebuilder:validation:XValidation:rule="has(self.inline) || has(self.configMapRefs)",message="words without inline or configMapRefs find nothing: set one of them"
type ModerationWords struct {
	// inline words. Letter case, full width and half width, and zero-width
	// characters make no difference.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=1000
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:Pattern=`^[^\r\n]*[^\s][^\r\n]*$`
	// +kubebuilder:validation:items:MaxLength=64
	Inline []string `json:"inline,omitempty"`

	// configMapRefs name ConfigMaps in this namespace. Every key is a list: one
	// word a line of at most 64 characters, empty lines and lines that begin
	// with # left out.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	ConfigMapRefs []WordList `json:"configMapRefs,omitempty"`

	// latin says how words made of Latin letters and digits only are found.
	// Absent means Anywhere.
	// +optional
	Latin LatinMatch `json:"latin,omitempty"`
}

// LatinMatch says how words made of Latin letters and digits only are found.
// +kubebuilder:validation:Enum=Anywhere;WholeWord
type LatinMatch string

const (
	// LatinAnywhere finds them inside of other words as well.
	LatinAnywhere LatinMatch = "Anywhere"
	// LatinWholeWord finds them only between other characters than letters and digits.
	LatinWholeWord LatinMatch = "WholeWord"
)

// ModerationExpression is a CEL expression; a message for which it is true is
// treated as action says.
type ModerationExpression struct {
	// name of the expression, for messages and metrics.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Name string `json:"name"`

	// expression in CEL, of type bool. See the documentation for its variables.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	Expression string `json:"expression"`
}

// MessageRate bounds what one user may send.
type MessageRate struct {
	// messages that one user may send into one room within perSeconds.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	Messages int32 `json:"messages"`

	// perSeconds is the length of the sliding window.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3600
	PerSeconds int32 `json:"perSeconds"`
}

// ModerationPolicySpec says which messages do not reach a room.
// +kubebuilder:validation:XValidation:rule="self.appRef == oldSelf.appRef",message="appRef is immutable: create another ModerationPolicy for another application"
// +kubebuilder:validation:XValidation:rule="self.enforcement != 'Provider' || !has(self.roomSelector)",message="IM's keywords hold for the whole application: roomSelector needs enforcement: Callback"
// +kubebuilder:validation:XValidation:rule="self.enforcement != 'Provider' || !has(self.expressions)",message="IM's keywords know no expressions: they need enforcement: Callback"
// +kubebuilder:validation:XValidation:rule="self.enforcement != 'Provider' || !has(self.rateLimit)",message="IM's keywords know no rateLimit: it needs enforcement: Callback"
// +kubebuilder:validation:XValidation:rule="self.enforcement != 'Provider' || self.action != 'Drop'",message="IM's keywords cannot drop silently: use Reject or Mask, or enforcement: Callback"
// +kubebuilder:validation:XValidation:rule="self.enforcement != 'Provider' || (!has(self.message) && !has(self.rejectCode))",message="IM's keywords know no message or rejectCode of one's own: they need enforcement: Callback"
// +kubebuilder:validation:XValidation:rule="self.enforcement != 'Provider' || !has(self.failurePolicy)",message="failurePolicy needs enforcement: Callback"
// +kubebuilder:validation:XValidation:rule="self.enforcement != 'Provider' || (has(self.words) && !has(self.words.latin))",message="enforcement: Provider needs words, and IM decides how it finds them: set words, without latin"
// +kubebuilder:validation:XValidation:rule="self.enforcement != 'Callback' || !has(self.deletionPolicy)",message="deletionPolicy is for the words kept in IM: it needs enforcement: Provider"
// +kubebuilder:validation:XValidation:rule="self.action == 'Reject' || (!has(self.message) && !has(self.rejectCode))",message="message and rejectCode belong to action: Reject"
// +kubebuilder:validation:XValidation:rule="self.action == 'Mask' || !has(self.maskText)",message="maskText belongs to action: Mask"
// +kubebuilder:validation:XValidation:rule="has(self.words) || has(self.expressions) || has(self.rateLimit)",message="set words, expressions or rateLimit: a policy without any does nothing"
type ModerationPolicySpec struct {
	// appRef names the ImApp. Immutable.
	// +required
	AppRef AppReference `json:"appRef"`

	// roomSelector selects LiveRooms by label. Absent means all. A policy in the
	// namespace of the ImApp holds for rooms of the application in all
	// namespaces, another one for rooms in its own.
	// +optional
	RoomSelector *metav1.LabelSelector `json:"roomSelector,omitempty"`

	// words to find in every element of a message that carries text.
	// +optional
	Words *ModerationWords `json:"words,omitempty"`

	// enforcement says who examines. Immutable.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="enforcement is immutable: create another ModerationPolicy"
	Enforcement Enforcement `json:"enforcement"`

	// action for messages with a word or for which an expression is true. Above
	// the rateLimit, Mask rejects. Where an expression is true, Mask replaces all text.
	// +required
	Action ModerationAction `json:"action"`

	// message that a rejected sender is shown (ErrorInfo), at most 256 bytes.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="bytes(self).size() <= 256",message="message has at most 256 bytes (a Chinese character counts 3): shorten it"
	Message string `json:"message,omitempty"`

	// rejectCode that a rejected sender is given. Absent means 10100.
	// +optional
	// +kubebuilder:validation:Minimum=10100
	// +kubebuilder:validation:Maximum=10200
	RejectCode *int32 `json:"rejectCode,omitempty"`

	// maskText takes the place of a word. Absent means ***.
	// +optional
	// +kubebuilder:validation:MaxLength=16
	MaskText *string `json:"maskText,omitempty"`

	// expressions in CEL over the message.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Expressions []ModerationExpression `json:"expressions,omitempty"`

	// rateLimit bounds how often one user may write into one room.
	// +optional
	RateLimit *MessageRate `json:"rateLimit,omitempty"`

	// failurePolicy is for messages that cannot be examined: an expression
	// fails, or the policy could not be compiled. Absent means Allow.
	// +optional
	FailurePolicy FailurePolicy `json:"failurePolicy,omitempty"`

	// deletionPolicy says what becomes of the words in IM with the object.
	// Absent means Delete. Only words that the operator added are ever removed.
	// +optional
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`
}

// ModerationPolicyStatus reports whether the policy is in force.
type ModerationPolicyStatus struct {
	ObjectStatus `json:",inline"`

	// words in force, each counted once.
	// +optional
	Words int64 `json:"words,omitempty"`

	// providerWords are digests of the words that the operator added to IM's
	// keywords, so that it removes no others.
	// +optional
	// +kubebuilder:validation:MaxLength=262144
	ProviderWords string `json:"providerWords,omitempty"`

	// unconverged lists changes that IM does not take as written.
	// +optional
	// +listType=map
	// +listMapKey=path
	// +kubebuilder:validation:MaxItems=32
	Unconverged []UnconvergedChange `json:"unconverged,omitempty"`
}

// ModerationPolicy keeps messages out of rooms or masks words in them.
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,categories=im,shortName=modpol,path=moderationpolicies
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Enforcement",type=string,JSONPath=`.spec.enforcement`
// +kubebuilder:printcolumn:name="Action",type=string,JSONPath=`.spec.action`
// +kubebuilder:printcolumn:name="Words",type=integer,JSONPath=`.status.words`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
type ModerationPolicy struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the user declares.
	// +required
	Spec ModerationPolicySpec `json:"spec"`

	// status is what the operator reports.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status ModerationPolicyStatus `json:"status,omitempty"`
}

// ModerationPolicyList is a list of ModerationPolicy.
// +kubebuilder:object:root=true
type ModerationPolicyList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ModerationPolicy `json:"items"`
}

// GetObjectStatus implements Object.
func (p *ModerationPolicy) GetObjectStatus() *ObjectStatus { return &p.Status.ObjectStatus }

// GetAppRef implements Managed.
func (p *ModerationPolicy) GetAppRef() AppReference { return p.Spec.AppRef.In(p.Namespace) }

// GetManagementPolicy implements Managed. A policy is always managed.
func (p *ModerationPolicy) GetManagementPolicy() ManagementPolicy { return ManagementPolicyManage }

// GetDeletionPolicy implements Managed.
func (p *ModerationPolicy) GetDeletionPolicy() DeletionPolicy {
	return orDefault(p.Spec.DeletionPolicy, DeletionPolicyDelete)
}

// GetAdoptionPolicy implements Managed. Keywords of others are left alone.
func (p *ModerationPolicy) GetAdoptionPolicy() AdoptionPolicy { return AdoptionPolicyForbid }
