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
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Gender as IM knows it.
// +kubebuilder:validation:Enum=Unknown;Female;Male
type Gender string

// AllowType says who may add the account as a friend.
// +kubebuilder:validation:Enum=NeedConfirm;AllowAny;DenyAny
type AllowType string

// CustomProfileField is one custom field of a profile. The tag must have been
// defined in the console; a new definition takes about five minutes.
type CustomProfileField struct {
	// tag as defined in the console, without the prefix Tag_Profile_Custom_.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=8
	// +kubebuilder:validation:Pattern=`^[A-Za-z]+$`
	Tag string `json:"tag"`

	// value of the field, at most 500 bytes.
	// +required
	// +kubebuilder:validation:MaxLength=500
	// +kubebuilder:validation:XValidation:rule="bytes(self).size() <= 500",message="a custom profile value has at most 500 bytes (a Chinese character counts 3): shorten it"
	Value string `json:"value"`
}

// UserSigSecret asks for a Secret with a UserSig of the account.
// +kubebuilder:validation:XValidation:rule="!has(self.renewBeforeSeconds) || self.renewBeforeSeconds < (has(self.validitySeconds) ? self.validitySeconds : 604800)",message="renewBeforeSeconds must be smaller than validitySeconds (604800 when absent)"
type UserSigSecret struct {
	// secretName of the Secret that the operator writes, with the keys userSig,
	// sdkAppID, userID and expiresAt (RFC 3339). It must not exist, or be owned
	// by this ImAccount.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`
	SecretName string `json:"secretName"`

	// validitySeconds of each UserSig. Absent means 604800 (seven days).
	// +optional
	// +kubebuilder:validation:Minimum=60
	// +kubebuilder:validation:Maximum=1576800000
	ValiditySeconds *int32 `json:"validitySeconds,omitempty"`

	// renewBeforeSeconds is how long before its end a UserSig is replaced; the
	// old one stays valid until then. Absent means a third of the validity.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1576800000
	RenewBeforeSeconds *int32 `json:"renewBeforeSeconds,omitempty"`
}

// DefaultUserSigValiditySeconds is the meaning of an absent validitySeconds.
const DefaultUserSigValiditySeconds = 7 * 24 * 3600

// ImAccountSpec declares one IM account and its profile.
// +kubebuilder:validation:XValidation:rule="self.appRef == oldSelf.appRef",message="appRef is immutable: create another ImAccount for another application"
// +kubebuilder:validation:XValidation:rule="has(self.userID) == has(oldSelf.userID) && (!has(self.userID) || self.userID == oldSelf.userID)",message="userID is immutable: create another ImAccount for another UserID"
type ImAccountSpec struct {
	// appRef names the ImApp. Immutable.
	// +required
	AppRef AppReference `json:"appRef"`

	// managementPolicy is Manage (the meaning of an absent policy) or Observe.
	// +optional
	ManagementPolicy ManagementPolicy `json:"managementPolicy,omitempty"`

	// deletionPolicy says what becomes of it in IM with the object. Absent means Retain, unlike other kinds: IM blocks the
	// UserID of a deleted account for three months on paid plans.
	// +optional
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`

	// adoptionPolicy is for an account that exists already. Absent means Forbid.
	// +optional
	AdoptionPolicy AdoptionPolicy `json:"adoptionPolicy,omitempty"`

	// userID of the account: 1 to 32 letters, digits, "_" or "-". Absent means
	// the object's name. Immutable.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9_-]+$`
	UserID string `json:"userID,omitempty"`

	// nickname has at most 500 bytes. Absent means not managed.
	// +optional
	// +kubebuilder:validation:MaxLength=500
	// +kubebuilder:validation:XValidation:rule="bytes(self).size() <= 500",message="nickname has at most 500 bytes (a Chinese character counts 3): shorten it"
	Nickname *string `json:"nickname,omitempty"`

	// avatarURL has at most 500 bytes. Absent means not managed.
	// +optional
	// +kubebuilder:validation:MaxLength=500
	// +kubebuilder:validation:XValidation:rule="bytes(self).size() <= 500",message="avatarURL has at most 500 bytes: shorten it"
	AvatarURL *string `json:"avatarURL,omitempty"`

	// gender of the user. Absent means not managed.
	// +optional
	Gender Gender `json:"gender,omitempty"`

	// level of the user, a number of the application's own. Absent means not managed.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=4294967295
	Level *int64 `json:"level,omitempty"`

	// role of the user, a number of the application's own. Absent means not managed.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=4294967295
	Role *int64 `json:"role,omitempty"`

	// allowType says who may add the account as a friend. Absent means not managed.
	// +optional
	AllowType AllowType `json:"allowType,omitempty"`

	// customProfile lists custom profile fields. A tag that is not listed is not managed.
	// +optional
	// +listType=map
	// +listMapKey=tag
	// +kubebuilder:validation:MaxItems=20
	CustomProfile []CustomProfileField `json:"customProfile,omitempty"`

	// userSig asks for a Secret with a UserSig that is renewed before it ends.
	// +optional
	UserSig *UserSigSecret `json:"userSig,omitempty"`
}

// ImAccountStatus reports what is known of the account.
type ImAccountStatus struct {
	ObjectStatus `json:",inline"`

	// userID of the account in IM.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	UserID string `json:"userID,omitempty"`

	// userSigExpiresAt is the end of the UserSig in the Secret.
	// +optional
	UserSigExpiresAt *metav1.Time `json:"userSigExpiresAt,omitempty"`

	// unconverged lists changes that IM does not take as written.
	// +optional
	// +listType=map
	// +listMapKey=path
	// +kubebuilder:validation:MaxItems=32
	Unconverged []UnconvergedChange `json:"unconverged,omitempty"`

	// presence is where the account is seen. Present once a callback told of it.
	// +optional
	Presence *Presence `json:"presence,omitempty"`

	// reportedDrift is what a callback last reported as different from spec.
	// +optional
	ReportedDrift *ReportedDrift `json:"reportedDrift,omitempty"`
}

// ImAccount is one IM account: a host, a helper, a customer-service agent.
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,categories=im,shortName=imacc
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="UserID",type=string,JSONPath=`.status.userID`
// +kubebuilder:printcolumn:name="Presence",type=string,JSONPath=`.status.presence.state`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="has(self.spec.userID) || self.metadata.name.matches('^[A-Za-z0-9_-]{1,32}$')",message="the object's name cannot serve as UserID (1 to 32 letters, digits, _ or -): set spec.userID"
type ImAccount struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the user declares.
	// +required
	Spec ImAccountSpec `json:"spec"`

	// status is what the operator reports.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status ImAccountStatus `json:"status,omitempty"`
}

// ImAccountList is a list of ImAccount.
// +kubebuilder:object:root=true
type ImAccountList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ImAccount `json:"items"`
}

// UserID returns the UserID that the object claims.
func (a *ImAccount) UserID() string {
	if a.Spec.UserID != "" {
		return a.Spec.UserID
	}
	return a.Name
}

// Known reports whether the account was imported, as far as is known. Trouble
// that came later (IM does not answer, the object is paused) does not unmake it.
func (a *ImAccount) Known() bool {
	imported := meta.FindStatusCondition(a.Status.Conditions, ConditionImported)
	if imported == nil {
		return false
	}
	return imported.Status == metav1.ConditionTrue || imported.Status == metav1.ConditionUnknown && a.Status.UserID != ""
}

// GetObjectStatus implements Object.
func (a *ImAccount) GetObjectStatus() *ObjectStatus { return &a.Status.ObjectStatus }

// GetAppRef implements Managed.
func (a *ImAccount) GetAppRef() AppReference { return a.Spec.AppRef.In(a.Namespace) }

// GetManagementPolicy implements Managed.
func (a *ImAccount) GetManagementPolicy() ManagementPolicy {
	return orDefault(a.Spec.ManagementPolicy, ManagementPolicyManage)
}

// GetDeletionPolicy implements Managed. Absent means Retain for accounts.
func (a *ImAccount) GetDeletionPolicy() DeletionPolicy {
	return orDefault(a.Spec.DeletionPolicy, DeletionPolicyRetain)
}

// GetAdoptionPolicy implements Managed.
func (a *ImAccount) GetAdoptionPolicy() AdoptionPolicy {
	return orDefault(a.Spec.AdoptionPolicy, AdoptionPolicyForbid)
}
