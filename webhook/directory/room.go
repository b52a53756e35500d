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

package directory

import (
	"maps"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook/policy"
)

// Room is a group that a LiveRoom declares. It does not change.
type Room struct {
	// Key is the LiveRoom's name.
	Key types.NamespacedName
	// UID of the LiveRoom.
	UID string
	// App is the ImApp's name.
	App types.NamespacedName
	// GroupID in IM.
	GroupID string
	// Type of the group.
	Type imv1alpha1.RoomType
	// Labels of the LiveRoom.
	Labels map[string]string
	// Stream of the room, nil for none.
	Stream *Stream
	// ShowsStream: status showed a stream when the LiveRoom last changed.
	ShowsStream bool

	created time.Time
	rules   policy.Memo
}

// newRoom is the room that a LiveRoom declares.
func newRoom(object *imv1alpha1.LiveRoom) *Room {
	app := object.GetAppRef()
	return &Room{
		Key:     types.NamespacedName{Namespace: object.Namespace, Name: object.Name},
		UID:     string(object.UID),
		App:     types.NamespacedName{Namespace: app.Namespace, Name: app.Name},
		GroupID: object.GroupID(), Type: object.Spec.Type, Labels: object.Labels, Stream: newStream(object),
		ShowsStream: object.Status.Stream != nil || meta.FindStatusCondition(object.Status.Conditions, imv1alpha1.ConditionStreaming) != nil,
		created:     object.CreationTimestamp.Time,
	}
}

// Rules are the policies that hold for the room. They are found once for each
// version of the set.
func (r *Room) Rules(set *policy.Set) *policy.Rules {
	return r.rules.Get(set, policy.Subject{App: r.App, Namespace: r.Key.Namespace, Labels: r.Labels})
}

func (r *Room) equal(other *Room) bool {
	return r.Key == other.Key && r.UID == other.UID && r.App == other.App && r.GroupID == other.GroupID &&
		r.Type == other.Type && maps.Equal(r.Labels, other.Labels) && r.Stream.equal(other.Stream)
}

// claims reports whether the group belongs to the LiveRoom as far as the
// controller has found out.
func claims(object *imv1alpha1.LiveRoom) bool {
	if object.Status.GroupID == "" || !object.DeletionTimestamp.IsZero() {
		return false
	}
	ready := meta.FindStatusCondition(object.Status.Conditions, imv1alpha1.ConditionReady)
	if ready == nil {
		return false
	}
	switch ready.Reason {
	case imv1alpha1.ReasonConflict, imv1alpha1.ReasonNotAdopted, imv1alpha1.ReasonNamespaceNotAllowed, imv1alpha1.ReasonAppNotFound:
		return false
	}
	return true
}

// Account is an account that an ImAccount declares. It does not change.
type Account struct {
	// Key is the ImAccount's name.
	Key types.NamespacedName
	// App is the ImApp's name.
	App types.NamespacedName
	// UserID in IM.
	UserID string

	created time.Time
	// tags are the profile fields that the ImAccount declares.
	tags map[string]bool
}

func newAccount(object *imv1alpha1.ImAccount) *Account {
	app := object.GetAppRef()
	account := &Account{
		Key:     types.NamespacedName{Namespace: object.Namespace, Name: object.Name},
		App:     types.NamespacedName{Namespace: app.Namespace, Name: app.Name},
		UserID:  object.UserID(),
		created: object.CreationTimestamp.Time,
		tags:    map[string]bool{},
	}
	if object.Spec.Level != nil {
		account.tags[imv1alpha1.ProfileTagLevel] = true
	}
	for _, field := range object.Spec.CustomProfile {
		account.tags[imv1alpha1.ProfileTagCustomPrefix+field.Tag] = true
	}
	return account
}

// Declares reports whether the ImAccount declares a profile field.
func (a *Account) Declares(tag string) bool { return a.tags[tag] }

func (a *Account) equal(other *Account) bool {
	return a.Key == other.Key && a.App == other.App && a.UserID == other.UserID && maps.Equal(a.tags, other.tags)
}
