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

// ScoringMatch says which messages a rule scores.
// +kubebuilder:validation:Enum=Text;Custom
type ScoringMatch string

const (
	// ScoringMatchText scores messages that carry text.
	ScoringMatchText ScoringMatch = "Text"
	// ScoringMatchCustom scores custom messages of one name.
	ScoringMatchCustom ScoringMatch = "Custom"
)

// ProfileTagCustomPrefix begins the tag of a custom profile field.
const ProfileTagCustomPrefix = "Tag_Profile_Custom_"

// ProfileTagLevel is the standard profile field for levels.
const ProfileTagLevel = "Tag_Profile_IM_Level"

// ScoringRule gives points for messages.
// +kubebuilder:validation:XValidation:rule="has(self.points) != has(self.pointsExpression)",message="set exactly one of points and pointsExpression"
// +kubebuilder:validation:XValidation:rule="has(self.event) == (self.match == 'Custom')",message="event belongs to match: Custom, and is required with it"
type ScoringRule struct {
	// name of the rule. A renamed rule is another rule for perUserPerMinute.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Name string `json:"name"`

	// match says which messages are scored.
	// +required
	Match ScoringMatch `json:"match"`

	// event is the name of a custom message (Data of its custom element).
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Event string `json:"event,omitempty"`

	// points for each message.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000000
	Points *int32 `json:"points,omitempty"`

	// pointsExpression in CEL gives the points of a message as an int, from 0 to
	// 1000000. ext is the JSON of a custom message's Ext. See the documentation
	// for its variables. A message for which it fails scores nothing.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	PointsExpression string `json:"pointsExpression,omitempty"`

	// perUserPerMinute is the most that one user can score by this rule within a
	// minute of the clock. Absent means no limit.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	PerUserPerMinute *int32 `json:"perUserPerMinute,omitempty"`
}

// UserLevel is a level and what it takes to reach it.
type UserLevel struct {
	// level as written to the profile.
	// +required
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=4294967295
	Level int64 `json:"level"`

	// points that it takes.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000000000
	Points int64 `json:"points"`

	// title of the level, told in the announcement.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Title string `json:"title,omitempty"`
}

// LevelAnnouncement tells a room that a user has reached a level.
type LevelAnnouncement struct {
	// event is the Data of the custom message; its Ext is JSON with userID,
	// level and title.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Event string `json:"event"`
}

// UserLevelPolicySpec says how users of an application reach levels.
// +kubebuilder:validation:XValidation:rule="self.appRef == oldSelf.appRef",message="appRef is immutable: create another UserLevelPolicy for another application"
type UserLevelPolicySpec struct {
	// appRef names the ImApp. Immutable.
	// +required
	AppRef AppReference `json:"appRef"`

	// roomSelector selects LiveRooms by label. Absent means all. A policy in the
	// namespace of the ImApp holds for rooms of the application in all
	// namespaces, another one for rooms in its own.
	// +optional
	RoomSelector *metav1.LabelSelector `json:"roomSelector,omitempty"`

	// scoring rules; a message gets the points of every rule that it matches.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Scoring []ScoringRule `json:"scoring"`

	// levels in rising order of points and of level. Below the first, nothing is written.
	// +required
	// +listType=map
	// +listMapKey=level
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:XValidation:rule="self.all(a, self.all(b, (a.level < b.level) == (a.points < b.points)))",message="a higher level must take more points: order levels and points alike"
	Levels []UserLevel `json:"levels"`

	// profileTag is the profile field that levels are written to:
	// Tag_Profile_IM_Level (the meaning of an absent value), or a custom field as
	// Tag_Profile_Custom_ and its name, which must be defined in the console.
	// Immutable.
	// +optional
	// +kubebuilder:validation:MaxLength=27
	// +kubebuilder:validation:Pattern=`^Tag_Profile_(IM_Level|Custom_[A-Za-z]{1,8})$`
	ProfileTag string `json:"profileTag,omitempty"`

	// announcement asks for a custom message in the room where a level was
	// reached. Absent means none.
	// +optional
	Announcement *LevelAnnouncement `json:"announcement,omitempty"`
}

// UserLevelPolicyStatus reports whether the policy is in force.
type UserLevelPolicyStatus struct {
	ObjectStatus `json:",inline"`
}

// UserLevelPolicy counts points of users and writes their levels to profiles.
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,categories=im,shortName=ulp,path=userlevelpolicies
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="App",type=string,priority=1,JSONPath=`.spec.appRef.name`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
type UserLevelPolicy struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the user declares.
	// +required
	// +kubebuilder:validation:XValidation:rule="has(self.profileTag) == has(oldSelf.profileTag) && (!has(self.profileTag) || self.profileTag == oldSelf.profileTag)",message="profileTag is immutable: create another UserLevelPolicy"
	Spec UserLevelPolicySpec `json:"spec"`

	// status is what the operator reports.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status UserLevelPolicyStatus `json:"status,omitempty"`
}

// UserLevelPolicyList is a list of UserLevelPolicy.
// +kubebuilder:object:root=true
type UserLevelPolicyList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []UserLevelPolicy `json:"items"`
}

// Tag is the profile field that levels are written to.
func (p *UserLevelPolicy) Tag() string { return orDefault(p.Spec.ProfileTag, ProfileTagLevel) }

// GetObjectStatus implements Object.
func (p *UserLevelPolicy) GetObjectStatus() *ObjectStatus { return &p.Status.ObjectStatus }

// GetAppRef returns the reference to the ImApp.
func (p *UserLevelPolicy) GetAppRef() AppReference { return p.Spec.AppRef.In(p.Namespace) }
