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

package groupcustomfield

import (
	"context"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/application"
	"github.com/liveroom-io/liveroom-operator/controllers/lifecycle"
	"github.com/liveroom-io/liveroom-operator/controllers/lookup"
	"github.com/liveroom-io/liveroom-operator/internal/hold"
)

// Desired is a declaration with what is known of it.
type Desired struct {
	Name  string
	Scope imv1alpha1.FieldScope
	Types []Binding
	// Administrator owns scratch groups for member fields.
	Administrator string
}

// Binding is the field for one type of group.
type Binding struct {
	imv1alpha1.FieldGroupType
	// State is the best of what status and the ledger know.
	State imv1alpha1.RegistrationState
	// InUse says that rooms use the field, so that one of them proves it.
	InUse bool
	// Provers are those of the rooms that have their group and write to it,
	// oldest first.
	Provers []types.NamespacedName
	// ScratchNeeded says that another field still needs the scratch group.
	ScratchNeeded bool
}

// Next implements lifecycle.Desired.
func (d Desired) Next() time.Time { return time.Time{} }

func (d Desired) binding(roomType imv1alpha1.RoomType) Binding {
	for _, bound := range d.Types {
		if bound.Type == roomType {
			return bound
		}
	}
	return Binding{}
}

// Resolve implements lifecycle.Kind.
func (k *Kind) Resolve(ctx context.Context, conn *application.Connection, field *imv1alpha1.GroupCustomField) (Desired, error) {
	var app imv1alpha1.ImApp
	if err := k.reader.Get(ctx, conn.App, &app); err != nil {
		return Desired{}, fmt.Errorf("reading ImApp %s: %w", conn.App, err)
	}
	siblings, err := k.siblings(ctx, field)
	if err != nil {
		return Desired{}, err
	}
	if err := withinLimit(field, siblings); err != nil {
		return Desired{}, err
	}
	rooms, err := k.usingRooms(ctx, conn.App, field)
	if err != nil {
		return Desired{}, err
	}
	d := Desired{Name: field.Spec.Name, Scope: field.Spec.Scope, Administrator: app.Spec.Administrator}
	for _, bound := range field.Spec.GroupTypes {
		key := application.FieldType{Scope: field.Spec.Scope, Name: field.Spec.Name, Type: bound.Type}
		binding := Binding{FieldGroupType: bound, State: stateIn(field, bound.Type)}
		if binding.State == imv1alpha1.RegistrationRegistered {
			if conn.Fields.State(key) != imv1alpha1.RegistrationRegistered {
				conn.Fields.Learn(key)
			}
			k.pace.forget(key, conn.App)
		} else if learned := conn.Fields.State(key); learned != imv1alpha1.RegistrationUnknown {
			binding.State = learned
		}
		binding.InUse, binding.Provers = provers(rooms, field.Spec.Name, bound.Type, conn.Client.ProviderTime())
		binding.ScratchNeeded = needed(conn, field, siblings, bound.Type)
		d.Types = append(d.Types, binding)
	}
	return d, nil
}

// siblings are the other declarations for the same application.
func (k *Kind) siblings(ctx context.Context, field *imv1alpha1.GroupCustomField) ([]*imv1alpha1.GroupCustomField, error) {
	var list imv1alpha1.GroupCustomFieldList
	if err := k.reader.List(ctx, &list, client.MatchingFields{lookup.ByApp: lookup.AppKey(field).String()}); err != nil {
		return nil, fmt.Errorf("listing the fields of the application: %w", err)
	}
	others := make([]*imv1alpha1.GroupCustomField, 0, len(list.Items))
	for _, other := range list.Objects() {
		if other.UID != field.UID && k.apps.Admitted(ctx, other) {
			others = append(others, other)
		}
	}
	return others, nil
}

// withinLimit holds a declaration beyond what IM allows; older ones come first,
// and names that are declared twice count once.
func withinLimit(field *imv1alpha1.GroupCustomField, others []*imv1alpha1.GroupCustomField) error {
	limit := imv1alpha1.MaxGroupFields
	if field.Spec.Scope == imv1alpha1.FieldScopeMember {
		limit = imv1alpha1.MaxMemberFields
	}
	older := map[string]bool{}
	for _, other := range others {
		if other.Spec.Scope == field.Spec.Scope && other.DeletionTimestamp.IsZero() && lifecycle.Precedes(other, field) {
			older[other.Spec.Name] = true
		}
	}
	if len(older) < limit {
		return nil
	}
	return hold.New(imv1alpha1.ReasonTooManyFields,
		"IM allows %d %s fields per application, and %d older ones are declared: delete a declaration, or use one of those fields",
		limit, field.Spec.Scope, len(older))
}

// usingRooms lists the rooms that write the field. Rooms never write member fields.
func (k *Kind) usingRooms(ctx context.Context, app types.NamespacedName, field *imv1alpha1.GroupCustomField) ([]*imv1alpha1.LiveRoom, error) {
	if field.Spec.Scope != imv1alpha1.FieldScopeGroup {
		return nil, nil
	}
	var list imv1alpha1.LiveRoomList
	key := lookup.FieldKey(app, field.Spec.Name)
	if err := k.reader.List(ctx, &list, client.MatchingFields{lookup.ByField: key}, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing the rooms that use the field: %w", err)
	}
	return slices.DeleteFunc(list.Objects(), func(room *imv1alpha1.LiveRoom) bool { return !k.apps.Admitted(ctx, room) }), nil
}

// newcomer is how long a room that has not written yet may take to become a
// prover, before a scratch group is made in its place.
const newcomer = time.Minute

// provers finds among the rooms of a type those that can write the field now,
// oldest first, and whether there are any, or may be soon. A room that is stuck
// before its first write is no prover for ever.
func provers(rooms []*imv1alpha1.LiveRoom, name string, roomType imv1alpha1.RoomType, now time.Time) (inUse bool, keys []types.NamespacedName) {
	var able []*imv1alpha1.LiveRoom
	for _, room := range rooms {
		if room.Spec.Type != roomType || !room.DeletionTimestamp.IsZero() ||
			room.GetManagementPolicy() != imv1alpha1.ManagementPolicyManage ||
			room.Annotations[imv1alpha1.AnnotationPaused] == "true" ||
			slices.Contains(room.Status.InitializedFields, name) {
			continue
		}
		switch {
		case writes(room):
			able = append(able, room)
		case now.Sub(room.CreationTimestamp.Time) < newcomer:
			inUse = true
		}
	}
	slices.SortFunc(able, func(a, b *imv1alpha1.LiveRoom) int {
		if lifecycle.Precedes(a, b) {
			return -1
		}
		return 1
	})
	for _, room := range able {
		keys = append(keys, client.ObjectKeyFromObject(room))
	}
	return inUse || len(able) > 0, keys
}

// writes reports whether a room got as far as writing its custom fields.
func writes(room *imv1alpha1.LiveRoom) bool {
	ready := meta.FindStatusCondition(room.Status.Conditions, imv1alpha1.ConditionReady)
	if ready == nil {
		return false
	}
	switch ready.Reason {
	case imv1alpha1.ReasonAsDeclared, imv1alpha1.ReasonFieldNotRegistered, imv1alpha1.ReasonAwaitingProof:
		return true
	}
	return false
}

// needed reports whether another field may still prove itself on the scratch
// group of a type. Only one that has its finalizer counts: it will remove the
// group when it goes.
func needed(conn *application.Connection, field *imv1alpha1.GroupCustomField, others []*imv1alpha1.GroupCustomField, roomType imv1alpha1.RoomType) bool {
	for _, other := range others {
		key := application.FieldType{Scope: other.Spec.Scope, Name: other.Spec.Name, Type: roomType}
		if other.Spec.Name != field.Spec.Name && other.DeletionTimestamp.IsZero() &&
			controllerutil.ContainsFinalizer(other, imv1alpha1.Finalizer) &&
			other.Declares(roomType) && !other.Registered(roomType) &&
			conn.Fields.State(key) != imv1alpha1.RegistrationRegistered {
			return true
		}
	}
	return false
}
