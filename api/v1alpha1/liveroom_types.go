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

// RoomType is the type of group behind a room.
// +kubebuilder:validation:Enum=AVChatRoom;Meeting;Public
type RoomType string

const (
	// RoomTypeAVChatRoom is a live group: any number of viewers, no member list.
	RoomTypeAVChatRoom RoomType = "AVChatRoom"
	// RoomTypeMeeting is a group that members join and leave freely (ChatRoom).
	RoomTypeMeeting RoomType = "Meeting"
	// RoomTypePublic is a group with an approval step.
	RoomTypePublic RoomType = "Public"
)

// JoinOption says how users get into a group.
// +kubebuilder:validation:Enum=FreeAccess;NeedPermission;DisableApply
type JoinOption string

// Speech says who may speak.
// +kubebuilder:validation:Enum=Everyone;Muted
type Speech string

const (
	// SpeechEveryone lets everybody speak.
	SpeechEveryone Speech = "Everyone"
	// SpeechMuted leaves speaking to the owner, administrators and the app administrator.
	SpeechMuted Speech = "Muted"
)

// RoomCustomField is a value of a group custom field.
// +kubebuilder:validation:XValidation:rule="has(self.value) != has(self.valueFrom)",message="set exactly one of value and valueFrom"
type RoomCustomField struct {
	// name of the field. A GroupCustomField must declare it for the room's type.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z_][A-Za-z0-9_]*$')",message="a field name begins with a letter or _ and goes on with letters, digits or _: rename it"
	Name string `json:"name"`

	// value has at most 512 bytes. An empty text removes the value in IM.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="bytes(self).size() <= 512",message="a custom field value has at most 512 bytes (a Chinese character counts 3): shorten it or split it over two fields"
	Value *string `json:"value,omitempty"`

	// valueFrom takes the value from elsewhere; the same limit holds.
	// +optional
	ValueFrom *ValueSource `json:"valueFrom,omitempty"`

	// policy is Enforce (the meaning of an absent policy) or Initialize.
	// +optional
	Policy WritePolicy `json:"policy,omitempty"`
}

// RoomAttribute is a group attribute, a key-value that needs no definition.
// +kubebuilder:validation:XValidation:rule="has(self.value) != has(self.valueFrom)",message="set exactly one of value and valueFrom"
type RoomAttribute struct {
	// key has at most 32 bytes.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="bytes(self).size() <= 32",message="an attribute key has at most 32 bytes: shorten it"
	Key string `json:"key"`

	// value has at most 4000 bytes.
	// +optional
	// +kubebuilder:validation:MaxLength=4000
	// +kubebuilder:validation:XValidation:rule="bytes(self).size() <= 4000",message="an attribute value has at most 4000 bytes (a Chinese character counts 3): shorten it"
	Value *string `json:"value,omitempty"`

	// valueFrom takes the value from elsewhere; the same limit holds.
	// +optional
	ValueFrom *ValueSource `json:"valueFrom,omitempty"`

	// policy is Enforce (the meaning of an absent policy) or Initialize.
	// +optional
	Policy WritePolicy `json:"policy,omitempty"`
}

// BannedAccount keeps a user out of the room.
type BannedAccount struct {
	// userID of the account.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	UserID string `json:"userID"`

	// until is the end of the ban. Absent means for as long as it is declared.
	// +optional
	Until *metav1.Time `json:"until,omitempty"`
}

// LiveRoomSpec declares a room.
// +kubebuilder:validation:XValidation:rule="self.appRef == oldSelf.appRef",message="appRef is immutable: create another LiveRoom for another application"
// +kubebuilder:validation:XValidation:rule="has(self.groupID) == has(oldSelf.groupID) && (!has(self.groupID) || self.groupID == oldSelf.groupID)",message="groupID is immutable: create another LiveRoom for another group"
// +kubebuilder:validation:XValidation:rule="self.type != 'AVChatRoom' || (has(self.owner) == has(oldSelf.owner) && (!has(self.owner) || self.owner == oldSelf.owner))",message="the owner of an AVChatRoom cannot change: create another LiveRoom with another owner"
// +kubebuilder:validation:XValidation:rule="self.type != 'AVChatRoom' || !has(self.administrators) || self.administrators.size() <= 5",message="an AVChatRoom has at most 5 administrators: remove some"
// +kubebuilder:validation:XValidation:rule="!has(self.attributes) || self.attributes.map(a, has(a.value) ? bytes(a.value).size() : 0).sum() <= 16000",message="attribute values have at most 16000 bytes together: shorten some"
// +kubebuilder:validation:XValidation:rule="!has(self.stateControl) || !has(self.stateControl.field) || !has(self.customFields) || !self.customFields.exists(f, f.name == self.stateControl.field.name)",message="stateControl.field writes this custom field: remove it from customFields"
// +kubebuilder:validation:XValidation:rule="!has(self.stateControl) || !has(self.stateControl.streamUnlessLive) || self.stateControl.streamUnlessLive == 'Allowed' || has(self.stream)",message="streamUnlessLive: Blocked needs spec.stream"
// +kubebuilder:validation:XValidation:rule="!has(self.stateControl) || !has(self.stateControl.announcements) || has(self.announcement) || (has(self.stateControl.announcements.live) && has(self.stateControl.announcements.paused) && has(self.stateControl.announcements.ended))",message="a state without an announcement of its own needs spec.announcement, or that of the state before would stay: set it, or announcements for all three states"
type LiveRoomSpec struct {
	// appRef names the ImApp. Immutable.
	// +required
	AppRef AppReference `json:"appRef"`

	// managementPolicy is Manage (the meaning of an absent policy) or Observe.
	// +optional
	ManagementPolicy ManagementPolicy `json:"managementPolicy,omitempty"`

	// deletionPolicy says what becomes of it in IM with the object. Absent means Delete: the group is destroyed with the object.
	// +optional
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`

	// adoptionPolicy is for a group that exists already. Absent means Forbid.
	// +optional
	AdoptionPolicy AdoptionPolicy `json:"adoptionPolicy,omitempty"`

	// groupID in IM: 1 to 48 printable ASCII characters, not beginning with
	// "@TGS#". Absent means "<namespace>.<name>". Immutable.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=48
	// +kubebuilder:validation:Pattern=`^[ -~]+$`
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('@TGS#')",message="a groupID of one's own must not begin with @TGS#: choose another one"
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('liveroom-probe-')",message="groupIDs beginning with liveroom-probe- serve to prove custom fields: choose another one"
	GroupID string `json:"groupID,omitempty"`

	// type of the group. Immutable.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="type is immutable: IM cannot change it; create another LiveRoom"
	Type RoomType `json:"type"`

	// name of the room as users see it, 1 to 100 bytes (older limit: 30).
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=100
	// +kubebuilder:validation:XValidation:rule="bytes(self).size() <= 100",message="name has at most 100 bytes (a Chinese character counts 3): shorten it"
	Name string `json:"name"`

	// introduction has at most 400 bytes (older limit: 240). Absent means not managed.
	// +optional
	// +kubebuilder:validation:MaxLength=400
	// +kubebuilder:validation:XValidation:rule="bytes(self).size() <= 400",message="introduction has at most 400 bytes (a Chinese character counts 3): shorten it"
	Introduction *string `json:"introduction,omitempty"`

	// announcement (Notification) has at most 400 bytes (older limit: 300). Absent means not managed.
	// +optional
	// +kubebuilder:validation:MaxLength=400
	// +kubebuilder:validation:XValidation:rule="bytes(self).size() <= 400",message="announcement has at most 400 bytes (a Chinese character counts 3): shorten it"
	Announcement *string `json:"announcement,omitempty"`

	// avatarURL (FaceUrl) has at most 500 bytes (older limit: 100). Absent means not managed.
	// +optional
	// +kubebuilder:validation:MaxLength=500
	// +kubebuilder:validation:XValidation:rule="bytes(self).size() <= 500",message="avatarURL has at most 500 bytes: shorten it"
	AvatarURL *string `json:"avatarURL,omitempty"`

	// owner of the group. Immutable for an AVChatRoom. Absent means not
	// managed: the group is created without an owner.
	// +optional
	Owner *UserReference `json:"owner,omitempty"`

	// administrators of the group, the whole set: an administrator who is not
	// listed is removed. At most 5 for an AVChatRoom. Absent means not managed.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=50
	Administrators []UserReference `json:"administrators,omitempty"`

	// joinOption says how users get in. Absent means not managed.
	// +optional
	JoinOption JoinOption `json:"joinOption,omitempty"`

	// speech says who may speak. Absent means not managed.
	// +optional
	Speech Speech `json:"speech,omitempty"`

	// customFields of the group, written one per call in this order. A field
	// that is not listed is not managed; one that leaves the list keeps its value.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=10
	CustomFields []RoomCustomField `json:"customFields,omitempty"`

	// attributes of the group. A key that is not listed is not managed; one
	// that leaves the list keeps its value.
	// +optional
	// +listType=map
	// +listMapKey=key
	// +kubebuilder:validation:MaxItems=16
	Attributes []RoomAttribute `json:"attributes,omitempty"`

	// bannedAccounts are kept out of the room. Bans by others are left alone; a
	// user who leaves the list is let in again if the operator set the ban.
	// +optional
	// +listType=map
	// +listMapKey=userID
	// +kubebuilder:validation:MaxItems=100
	BannedAccounts []BannedAccount `json:"bannedAccounts,omitempty"`

	// stream of the room. Absent means none.
	// +optional
	Stream *RoomStream `json:"stream,omitempty"`

	// stateControl decides about the state of the room and tells it to clients.
	// Absent means that the room has none.
	// +optional
	StateControl *StateControl `json:"stateControl,omitempty"`
}

// LiveRoomStatus reports what is known of the room.
type LiveRoomStatus struct {
	ObjectStatus `json:",inline"`

	// groupID in IM.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	GroupID string `json:"groupID,omitempty"`

	// ownerUserID is the owner of the group in IM.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	OwnerUserID string `json:"ownerUserID,omitempty"`

	// initializedFields are the custom fields with policy Initialize that were
	// written to the present group.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=10
	// +kubebuilder:validation:items:MaxLength=16
	InitializedFields []string `json:"initializedFields,omitempty"`

	// initializedAttributes are the attributes with policy Initialize that were
	// written to the present group.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=32
	InitializedAttributes []string `json:"initializedAttributes,omitempty"`

	// bannedUserIDs are the users whom the operator banned, so that it can let
	// them in again.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=200
	// +kubebuilder:validation:items:MaxLength=32
	BannedUserIDs []string `json:"bannedUserIDs,omitempty"`

	// unconverged lists changes that IM does not take as written.
	// +optional
	// +listType=map
	// +listMapKey=path
	// +kubebuilder:validation:MaxItems=64
	Unconverged []UnconvergedChange `json:"unconverged,omitempty"`

	// effectiveState is the state that the room was last brought to. Only with
	// spec.stateControl.
	// +optional
	EffectiveState *RoomStateStatus `json:"effectiveState,omitempty"`

	// streamName of the room in CSS: that of spec, or of the copy of a TRTC room.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	StreamName string `json:"streamName,omitempty"`

	// playback tells viewers where to watch.
	// +optional
	Playback *RoomPlayback `json:"playback,omitempty"`

	// hostURLExpiresAt is when the URLs in the host's Secret end.
	// +optional
	HostURLExpiresAt *metav1.Time `json:"hostURLExpiresAt,omitempty"`

	// streamBlock records that the operator has blocked the stream.
	// +optional
	StreamBlock *StreamBlock `json:"streamBlock,omitempty"`

	// stream is what stream callbacks told about the room's stream.
	// +optional
	Stream *RoomStreamStatus `json:"stream,omitempty"`

	// activity is what callbacks told about the room.
	// +optional
	Activity *RoomActivity `json:"activity,omitempty"`

	// reportedDrift is what a callback last reported as different from spec.
	// +optional
	ReportedDrift *ReportedDrift `json:"reportedDrift,omitempty"`
}

// LiveRoom is a live room: one IM group and what clients read from it.
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,categories=im,shortName=lr
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="GroupID",type=string,JSONPath=`.status.groupID`
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.effectiveState.value`
// +kubebuilder:printcolumn:name="Streaming",type=string,JSONPath=`.status.conditions[?(@.type=="Streaming")].status`
// +kubebuilder:printcolumn:name="Online",type=integer,JSONPath=`.status.activity.online`
// +kubebuilder:printcolumn:name="Messages",type=integer,JSONPath=`.status.activity.messages`
// +kubebuilder:printcolumn:name="Type",type=string,priority=1,JSONPath=`.spec.type`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
type LiveRoom struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the user declares.
	// +required
	Spec LiveRoomSpec `json:"spec"`

	// status is what the operator reports.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status LiveRoomStatus `json:"status,omitempty"`
}

// LiveRoomList is a list of LiveRoom.
// +kubebuilder:object:root=true
type LiveRoomList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []LiveRoom `json:"items"`
}

// GroupID returns the group that the object claims. It may be longer than IM
// allows when it is derived from the object's name.
func (r *LiveRoom) GroupID() string {
	if r.Spec.GroupID != "" {
		return r.Spec.GroupID
	}
	return r.Namespace + "." + r.Name
}

// CSSStreamName returns the name of the room's CSS stream: that of spec, or made of the
// names of the object, when it may be longer than CSS allows.
func (r *LiveRoom) CSSStreamName() string {
	if stream := r.Spec.Stream; stream != nil && stream.CSS != nil && stream.CSS.StreamName != "" {
		return stream.CSS.StreamName
	}
	return r.Namespace + "-" + r.Name
}

// GetObjectStatus implements Object.
func (r *LiveRoom) GetObjectStatus() *ObjectStatus { return &r.Status.ObjectStatus }

// GetAppRef implements Managed.
func (r *LiveRoom) GetAppRef() AppReference { return r.Spec.AppRef.In(r.Namespace) }

// GetManagementPolicy implements Managed.
func (r *LiveRoom) GetManagementPolicy() ManagementPolicy {
	return orDefault(r.Spec.ManagementPolicy, ManagementPolicyManage)
}

// GetDeletionPolicy implements Managed.
func (r *LiveRoom) GetDeletionPolicy() DeletionPolicy {
	return orDefault(r.Spec.DeletionPolicy, DeletionPolicyDelete)
}

// GetAdoptionPolicy implements Managed.
func (r *LiveRoom) GetAdoptionPolicy() AdoptionPolicy {
	return orDefault(r.Spec.AdoptionPolicy, AdoptionPolicyForbid)
}
