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

// Annotations that a user may put on any object of this group.
const (
	// AnnotationPaused stops all reading and writing for the object while its
	// value is "true". A deletion that would touch IM waits as well.
	AnnotationPaused = "im.liveroom.io/paused"

	// AnnotationReconcileAt asks for one pass now. Any new value works; it is
	// echoed in status.lastHandledReconcileAt once that pass is over. It also
	// gives a change that was given up as not converging another try.
	AnnotationReconcileAt = "im.liveroom.io/reconcile-at"

	// AnnotationAbandon, with the value "true", lets a deletion finish without
	// touching IM at all, for example when the application is gone for good.
	AnnotationAbandon = "im.liveroom.io/abandon"
)

const (
	// AnnotationMark is written by the operator together with the finalizer,
	// before the first create: JSON with the object's UID, the provider's time
	// and whether the external thing was created or adopted. After a lost reply
	// it tells the operator's own creation from somebody else's. A mark whose
	// UID is not the object's (a restored backup, a copy from another cluster)
	// proves nothing.
	AnnotationMark = "im.liveroom.io/mark"

	// Finalizer keeps an object until what it owns in IM is released.
	Finalizer = "im.liveroom.io/finalizer"
)

// AppReference names the ImApp that an object belongs to.
type AppReference struct {
	// name of the ImApp.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`
	Name string `json:"name"`

	// namespace of the ImApp. Absent means the object's own namespace. Another
	// namespace needs the consent of that ImApp (spec.allowedNamespaces).
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Namespace string `json:"namespace,omitempty"`
}

// AccountReference names an ImAccount in the same namespace.
type AccountReference struct {
	// name of the ImAccount.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`
	Name string `json:"name"`
}

// UserReference names an IM user, either by an ImAccount in the same namespace
// or by the UserID of an account that something else imports.
// +kubebuilder:validation:XValidation:rule="has(self.accountRef) != has(self.userID)",message="set exactly one of accountRef and userID"
type UserReference struct {
	// accountRef names an ImAccount of the same ImApp in this namespace. The
	// user is waited for until that account is imported.
	// +optional
	AccountRef *AccountReference `json:"accountRef,omitempty"`

	// userID of an account that already exists in IM.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9_@#-]{1,32}$`
	UserID string `json:"userID,omitempty"`
}

// ConfigMapKeyReference names one key of a ConfigMap in the same namespace.
type ConfigMapKeyReference struct {
	// name of the ConfigMap.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`
	Name string `json:"name"`

	// key in the ConfigMap's data.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[-._a-zA-Z0-9]+$`
	Key string `json:"key"`
}

// ValueSource says where a value comes from when it is not written inline.
type ValueSource struct {
	// configMapKeyRef takes the value from a ConfigMap. The value is applied
	// again whenever the ConfigMap changes.
	// +required
	ConfigMapKeyRef ConfigMapKeyReference `json:"configMapKeyRef"`
}

// SecretReference names a Secret in the same namespace.
type SecretReference struct {
	// name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`
	Name string `json:"name"`
}

// ManagementPolicy says whether the operator may write to IM.
// +kubebuilder:validation:Enum=Manage;Observe
type ManagementPolicy string

const (
	// ManagementPolicyManage creates, changes and deletes. This is the meaning
	// of an absent policy.
	ManagementPolicyManage ManagementPolicy = "Manage"
	// ManagementPolicyObserve reads and reports differences, and never writes.
	ManagementPolicyObserve ManagementPolicy = "Observe"
)

// DeletionPolicy says what becomes of the external thing when the object goes.
// +kubebuilder:validation:Enum=Delete;Retain
type DeletionPolicy string

const (
	// DeletionPolicyDelete removes the external thing.
	DeletionPolicyDelete DeletionPolicy = "Delete"
	// DeletionPolicyRetain leaves the external thing as it is.
	DeletionPolicyRetain DeletionPolicy = "Retain"
)

// AdoptionPolicy says what to do with an external thing that was there first.
// +kubebuilder:validation:Enum=Forbid;Adopt
type AdoptionPolicy string

const (
	// AdoptionPolicyForbid never takes over what somebody else made. This is
	// the meaning of an absent policy.
	AdoptionPolicyForbid AdoptionPolicy = "Forbid"
	// AdoptionPolicyAdopt takes it over and makes it as declared.
	AdoptionPolicyAdopt AdoptionPolicy = "Adopt"
)

// WritePolicy says how long a value is the operator's business.
// +kubebuilder:validation:Enum=Enforce;Initialize
type WritePolicy string

const (
	// WritePolicyEnforce keeps the value as declared. This is the meaning of an
	// absent policy.
	WritePolicyEnforce WritePolicy = "Enforce"
	// WritePolicyInitialize writes the value once per group; later changes by
	// the application's own back end or clients are respected.
	WritePolicyInitialize WritePolicy = "Initialize"
)

// ObjectStatus is the part of status that all kinds share.
type ObjectStatus struct {
	// conditions of the object. Ready summarises the others.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=32
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// observedGeneration is the generation that the conditions speak of; -1
	// until the operator has looked at the object for the first time.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// lastHandledReconcileAt echoes the annotation im.liveroom.io/reconcile-at
	// of the last finished pass.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	LastHandledReconcileAt string `json:"lastHandledReconcileAt,omitempty"`
}

// UnconvergedChange records a change that was written twice and still read
// back different. It is left alone until what is declared changes.
type UnconvergedChange struct {
	// path of the field, as in spec.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Path string `json:"path"`

	// digest of the value that was written, so that another value is tried.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Digest string `json:"digest"`
}

// In returns the reference with its namespace filled in.
func (r AppReference) In(namespace string) AppReference {
	if r.Namespace == "" {
		r.Namespace = namespace
	}
	return r
}

func orDefault[T ~string](value, absent T) T {
	if value == "" {
		return absent
	}
	return value
}
