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

// FieldScope says what a custom field belongs to.
// +kubebuilder:validation:Enum=Group;Member
type FieldScope string

const (
	// FieldScopeGroup is a field of a group (AppDefinedData).
	FieldScopeGroup FieldScope = "Group"
	// FieldScopeMember is a field of a group member (AppMemberDefinedData).
	FieldScopeMember FieldScope = "Member"
)

// Limits of IM per application, which the console enforces.
const (
	MaxGroupFields  = 10
	MaxMemberFields = 5
)

// FieldPermission is the least privileged role that may read or write a field
// with a client SDK. The operator's own calls pass every level.
// +kubebuilder:validation:Enum=AppAdmin;GroupOwner;GroupAdmin;GroupMember;Anyone
type FieldPermission string

// FieldGroupType binds a field to a type of group.
type FieldGroupType struct {
	// type of group that the field is defined for.
	// +required
	Type RoomType `json:"type"`

	// declaredRead documents the read permission to choose in the console. IM
	// has no call to verify it.
	// +optional
	DeclaredRead FieldPermission `json:"declaredRead,omitempty"`

	// declaredWrite documents the write permission to choose in the console. IM
	// has no call to verify it.
	// +optional
	DeclaredWrite FieldPermission `json:"declaredWrite,omitempty"`
}

// GroupCustomFieldSpec declares a custom field. IM has no call to create or
// list definitions: the console is the only way, and a definition can be
// neither deleted nor renamed. This object declares that the field is wanted
// and proves whether the application has it.
// +kubebuilder:validation:XValidation:rule="self.appRef == oldSelf.appRef",message="appRef is immutable: create another GroupCustomField for another application"
// +kubebuilder:validation:XValidation:rule="self.scope != 'Member' || !self.groupTypes.exists(t, t.type == 'AVChatRoom')",message="an AVChatRoom has no member fields: use scope Group, or another group type"
type GroupCustomFieldSpec struct {
	// appRef names the ImApp. Immutable.
	// +required
	AppRef AppReference `json:"appRef"`

	// name of the field: 1 to 16 letters, digits or "_", not beginning with a
	// digit; case counts. Immutable, as in IM.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z_][A-Za-z0-9_]*$')",message="a field name begins with a letter or _ and goes on with letters, digits or _: rename it, for example gift_2 for 2gift"
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="name is immutable: IM cannot rename a field; declare another one"
	Name string `json:"name"`

	// scope is Group or Member. Immutable. At most 10 Group and 5 Member fields
	// per application, and one name in one scope only.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="scope is immutable: declare another field"
	Scope FieldScope `json:"scope"`

	// groupTypes that the field is defined for. Types may be added later, never
	// removed, as in IM.
	// +required
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=3
	// +kubebuilder:validation:XValidation:rule="oldSelf.all(o, self.exists(n, n.type == o.type))",message="a group type cannot be removed from a field: IM keeps it for ever"
	GroupTypes []FieldGroupType `json:"groupTypes"`

	// description for the reader, at most 256 characters.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Description string `json:"description,omitempty"`
}

// RegistrationState is what is known of a definition.
// +kubebuilder:validation:Enum=Unknown;NotRegistered;Registered
type RegistrationState string

const (
	// RegistrationUnknown: not tried yet.
	RegistrationUnknown RegistrationState = "Unknown"
	// RegistrationNotRegistered: IM refused a write of the field.
	RegistrationNotRegistered RegistrationState = "NotRegistered"
	// RegistrationRegistered: a write of the field was accepted once. A
	// definition cannot go away, so it is never tried again.
	RegistrationRegistered RegistrationState = "Registered"
)

// FieldRegistration is what is known of a definition for one type of group.
type FieldRegistration struct {
	// type of group.
	// +required
	Type RoomType `json:"type"`

	// state of the definition.
	// +required
	State RegistrationState `json:"state"`
}

// GroupCustomFieldStatus reports what is known of the definition.
type GroupCustomFieldStatus struct {
	ObjectStatus `json:",inline"`

	// registrations by group type.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=3
	Registrations []FieldRegistration `json:"registrations,omitempty"`
}

// GroupCustomField declares a custom field of groups or of group members.
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,categories=im,shortName=gcf
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Field",type=string,JSONPath=`.spec.name`
// +kubebuilder:printcolumn:name="Scope",type=string,JSONPath=`.spec.scope`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
type GroupCustomField struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the user declares.
	// +required
	Spec GroupCustomFieldSpec `json:"spec"`

	// status is what the operator reports.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status GroupCustomFieldStatus `json:"status,omitempty"`
}

// GroupCustomFieldList is a list of GroupCustomField.
// +kubebuilder:object:root=true
type GroupCustomFieldList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []GroupCustomField `json:"items"`
}

// Registered reports whether the field is proven for a type of group.
func (f *GroupCustomField) Registered(t RoomType) bool {
	for _, r := range f.Status.Registrations {
		if r.Type == t {
			return r.State == RegistrationRegistered
		}
	}
	return false
}

// Declares reports whether the field is declared for a type of group.
func (f *GroupCustomField) Declares(t RoomType) bool {
	for _, g := range f.Spec.GroupTypes {
		if g.Type == t {
			return true
		}
	}
	return false
}

// GetObjectStatus implements Object.
func (f *GroupCustomField) GetObjectStatus() *ObjectStatus { return &f.Status.ObjectStatus }

// GetAppRef implements Managed.
func (f *GroupCustomField) GetAppRef() AppReference { return f.Spec.AppRef.In(f.Namespace) }

// GetManagementPolicy implements Managed. A declaration is always managed.
func (f *GroupCustomField) GetManagementPolicy() ManagementPolicy { return ManagementPolicyManage }

// GetDeletionPolicy implements Managed. IM keeps definitions for ever; what is
// deleted is the scratch group that a proof may have needed.
func (f *GroupCustomField) GetDeletionPolicy() DeletionPolicy { return DeletionPolicyDelete }

// GetAdoptionPolicy implements Managed. A definition is the console's, and
// taking it for ours changes nothing.
func (f *GroupCustomField) GetAdoptionPolicy() AdoptionPolicy { return AdoptionPolicyAdopt }
