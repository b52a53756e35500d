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

package im

import "time"

// GroupType is the kind of a group, in the names of the current documentation. The wire knows older names for
// some of them; they are translated in both directions.
type GroupType string

// The types of groups.
const (
	GroupTypePublic     GroupType = "Public"
	GroupTypeMeeting    GroupType = "Meeting"    // ChatRoom on the wire
	GroupTypeAVChatRoom GroupType = "AVChatRoom" // a live room: no member list, joined by client SDKs only
	GroupTypeWork       GroupType = "Work"       // Private on the wire
	GroupTypeCommunity  GroupType = "Community"
)

// JoinOption says how a user gets into a group that can be applied to.
type JoinOption string

// The ways into a group.
const (
	JoinFreeAccess     JoinOption = "FreeAccess"
	JoinNeedPermission JoinOption = "NeedPermission"
	JoinDisableApply   JoinOption = "DisableApply"
)

// Roles of group members, as MembersByRole takes them.
const (
	RoleOwner  = "Owner"
	RoleAdmin  = "Admin"
	RoleMember = "Member"
)

// Field is one custom field of a group (its key must be defined in the provider's console) or one group
// attribute (which needs no definition). An empty value of a custom field deletes the value.
type Field struct {
	Key   string
	Value string
}

// Group is what the provider holds of a group, without its members.
type Group struct {
	ID           string
	Type         GroupType
	Name         string
	Introduction string
	Announcement string
	AvatarURL    string
	// OwnerUserID is empty for a group without an owner.
	OwnerUserID string
	// CreateTime has whole seconds, by the provider's clock. Zero when the provider did not tell.
	CreateTime time.Time
	JoinOption JoinOption
	// AllMuted is true while only the owner and administrators may speak.
	AllMuted bool
	// Fields holds the custom fields that were asked for and have a value. A field without a value, without a
	// definition, or not bound to the type of this group is absent: the provider does not let us tell them apart.
	Fields map[string]string
}

// NewGroup is a group to create. Empty optional members are not sent.
type NewGroup struct {
	ID           string
	Type         GroupType
	Name         string
	Introduction string
	Announcement string
	AvatarURL    string
	// OwnerUserID must be an imported account. Empty: the group has no owner.
	OwnerUserID string
	// JoinOption is not sent when empty; the provider then chooses.
	JoinOption JoinOption
	Fields     []Field
}

// GroupChange is a partial update: nil members stay as they are.
type GroupChange struct {
	Name         *string
	Introduction *string
	Announcement *string
	AvatarURL    *string
	JoinOption   *JoinOption
	AllMuted     *bool
	// Field is at most one custom field per call, because a known client SDK reads only the first changed field
	// of a group notice, and because the provider's refusal of an undefined key does not name the key.
	Field *Field
}

// GroupResult is the outcome for one group of a call for several.
type GroupResult struct {
	Group Group
	Err   error
}

// NewAccount is an account to import. Empty optional members are not sent.
type NewAccount struct {
	UserID    string
	Nickname  string
	AvatarURL string
}

// Values of Profile.Gender.
const (
	GenderUnknown = "Unknown"
	GenderFemale  = "Female"
	GenderMale    = "Male"
)

// Values of Profile.AllowType: who may add the account as a friend.
const (
	AllowTypeNeedConfirm = "NeedConfirm"
	AllowTypeAllowAny    = "AllowAny"
	AllowTypeDenyAny     = "DenyAny"
)

// Profile is the profile of an account. On reading, nil means that the provider did not tell (never set, as a
// rule); on writing, nil members are left as they are.
type Profile struct {
	Nickname  *string
	AvatarURL *string
	Gender    *string
	AllowType *string
	Level     *uint32
	Role      *uint32
	// Custom holds custom profile fields, by key without the provider's Tag_Profile_Custom_ prefix.
	Custom map[string]string
}

// ProfileResult is the outcome for one account of a call for several.
type ProfileResult struct {
	Profile Profile
	Err     error
}
