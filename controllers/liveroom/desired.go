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

package liveroom

import (
	"context"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/application"
	"github.com/liveroom-io/liveroom-operator/controllers/lookup"
	"github.com/liveroom-io/liveroom-operator/internal/hold"
	"github.com/liveroom-io/liveroom-operator/internal/im"
	"github.com/liveroom-io/liveroom-operator/internal/reference"
)

// Limits of the IM REST contract, sections 7, 8.2 and 11.1, for values that
// come from a ConfigMap and so were not seen by the schema.
const (
	maxGroupIDBytes         = 48
	maxFieldBytes           = 512
	maxAttributeBytes       = reference.MaxValueBytes
	maxAttributesBytesTotal = 16000
)

// Value is a declared custom field or attribute, with its value found.
type Value struct {
	Key    string
	Value  string
	Policy imv1alpha1.WritePolicy
	// Path in spec. Empty for an entry of the list that it is in.
	Path string
	// Written says that a value with policy Initialize was written before.
	Written bool
	// Registration of a custom field; attributes need none.
	Registration imv1alpha1.RegistrationState
	// Declared says that a GroupCustomField declares the field for this type.
	Declared bool
}

// Desired is a LiveRoom with every reference followed and every date decided.
type Desired struct {
	// Room and UID identify the object.
	Room         types.NamespacedName
	UID          types.UID
	GroupID      string
	Type         imv1alpha1.RoomType
	Name         string
	Introduction *string
	Announcement *string
	AvatarURL    *string
	JoinOption   imv1alpha1.JoinOption
	Speech       imv1alpha1.Speech
	// Owner is empty when it is not managed.
	Owner string
	// Administrators is nil when they are not managed.
	Administrators []string
	Fields         []Value
	Attributes     []Value
	// Bans are the bans in force, by user, with their ends; zero means no end.
	Bans map[string]time.Time
	// Banned are the users whom the operator has banned before.
	Banned []string
	// State of the room. Nil without stateControl.
	State *State
	// Stream of the room. Nil for none.
	Stream *Stream
	// Block says whether the stream may run. Nil when the operator does not control it.
	Block *Block
	// Now is the time at which the dates were decided.
	Now time.Time

	next time.Time
}

// Next implements lifecycle.Desired: the end of the next ban, the next change of state
// or the renewal of a URL.
func (d Desired) Next() time.Time { return d.next }

// wake asks for another look at a time. Zero asks for none.
func (d *Desired) wake(at time.Time) {
	if !at.IsZero() && (d.next.IsZero() || at.Before(d.next)) {
		d.next = at
	}
}

// Resolve implements lifecycle.Kind.
func (k *Kind) Resolve(ctx context.Context, conn *application.Connection, room *imv1alpha1.LiveRoom) (Desired, error) {
	d, err := k.ResolveApart(ctx, conn, room)
	if err != nil {
		return d, err
	}
	if err := k.resolveUsers(ctx, room, &d); err != nil {
		return d, err
	}
	if err := k.resolveValues(ctx, conn, room, &d); err != nil {
		return d, err
	}
	d.Bans = map[string]time.Time{}
	for _, ban := range room.Spec.BannedAccounts {
		if ban.Until == nil {
			d.Bans[ban.UserID] = time.Time{}
		} else if end := ban.Until.Time; end.After(d.Now) {
			d.Bans[ban.UserID] = end
			d.wake(end)
		}
	}
	return d, nil
}

// ResolveApart implements lifecycle.Independent: what spec says itself, the state, and
// the stream with its URLs and whether it may run.
func (k *Kind) ResolveApart(ctx context.Context, conn *application.Connection, room *imv1alpha1.LiveRoom) (Desired, error) {
	d := Desired{
		Room: types.NamespacedName{Namespace: room.Namespace, Name: room.Name}, UID: room.UID,
		GroupID: room.GroupID(), Type: room.Spec.Type, Name: room.Spec.Name,
		Introduction: room.Spec.Introduction, Announcement: room.Spec.Announcement, AvatarURL: room.Spec.AvatarURL,
		JoinOption: room.Spec.JoinOption, Speech: room.Spec.Speech,
		Banned: room.Status.BannedUserIDs, Now: k.clock.Now(),
	}
	if len(d.GroupID) > maxGroupIDBytes {
		return d, hold.New(imv1alpha1.ReasonInvalid, "the group ID %q made of namespace and name has %d of at most %d bytes: create the room anew with spec.groupID",
			d.GroupID, len(d.GroupID), maxGroupIDBytes)
	}
	if control := room.Spec.StateControl; control != nil {
		state := stateAt(control, room.Status.EffectiveState, d.Now)
		state.direct(control, &d)
	}
	if room.GetManagementPolicy() != imv1alpha1.ManagementPolicyObserve {
		takeBack(room.Status.EffectiveState, &d)
	}
	return d, k.resolveStream(ctx, conn, room, &d)
}

func (k *Kind) resolveUsers(ctx context.Context, room *imv1alpha1.LiveRoom, d *Desired) (err error) {
	if room.Spec.Owner != nil {
		if d.Owner, err = k.user(ctx, room, "owner", *room.Spec.Owner); err != nil {
			return err
		}
	}
	if room.Spec.Administrators == nil {
		return nil
	}
	d.Administrators = make([]string, 0, len(room.Spec.Administrators))
	for i, named := range room.Spec.Administrators {
		user, err := k.user(ctx, room, fmt.Sprintf("administrators[%d]", i), named)
		if err != nil {
			return err
		}
		if !slices.Contains(d.Administrators, user) { // one user may be named in two ways
			d.Administrators = append(d.Administrators, user)
		}
	}
	return nil
}

// user follows a reference to an account, and waits until it is imported.
func (k *Kind) user(ctx context.Context, room *imv1alpha1.LiveRoom, path string, named imv1alpha1.UserReference) (string, error) {
	if named.AccountRef == nil {
		return named.UserID, nil
	}
	key := types.NamespacedName{Namespace: room.Namespace, Name: named.AccountRef.Name}
	var account imv1alpha1.ImAccount
	if err := k.client.Get(ctx, key, &account); err != nil {
		if apierrors.IsNotFound(err) {
			return "", hold.New(imv1alpha1.ReasonReferenceNotFound, "%s: ImAccount %s does not exist: create it", path, key)
		}
		return "", fmt.Errorf("reading ImAccount %s: %w", key, err)
	}
	if lookup.AppKey(&account) != lookup.AppKey(room) {
		return "", hold.New(imv1alpha1.ReasonInvalid, "%s: ImAccount %s belongs to another ImApp: name an account of %s", path, key, lookup.AppKey(room))
	}
	if !account.Known() {
		return "", hold.New(imv1alpha1.ReasonReferenceNotReady, "%s: waiting for ImAccount %s to be imported", path, key)
	}
	return account.UserID(), nil
}

// viewTries bounds how often values are read anew because a ConfigMap changes
// meanwhile. The change itself brings another pass.
const viewTries = 3

// resolveValues finds the values of fields and attributes. Those from one
// ConfigMap are of one version of it, so that what is changed there together is
// written together, in the declared order.
func (k *Kind) resolveValues(ctx context.Context, conn *application.Connection, room *imv1alpha1.LiveRoom, d *Desired) error {
	for range viewTries {
		view := k.references.View()
		d.Fields, d.Attributes = nil, nil
		err := k.resolveFields(ctx, conn, room, view, d)
		if err == nil {
			err = k.resolveAttributes(ctx, room, view, d)
		}
		if !view.Mixed() {
			return err
		}
	}
	wait := hold.New(imv1alpha1.ReasonPending, "a ConfigMap of the room changes while it is read")
	wait.Silent, wait.After = true, time.Second
	return wait
}

func (k *Kind) resolveFields(ctx context.Context, conn *application.Connection, room *imv1alpha1.LiveRoom, view *reference.View, d *Desired) error {
	if field, told := d.stateField(room.Spec.StateControl); told {
		var err error
		if field.Declared, field.Registration, err = k.registration(ctx, conn, room, field.Key); err != nil {
			return err
		}
		d.Fields = append(d.Fields, field) // before all others: clients wait for it
	}
	for _, field := range room.Spec.CustomFields {
		path := fmt.Sprintf("customFields[%s]", field.Name)
		text, err := value(ctx, view, room, path, field.Value, field.ValueFrom, maxFieldBytes)
		if err != nil {
			return err
		}
		v := Value{Key: field.Name, Value: text, Policy: field.Policy, Written: contains(room.Status.InitializedFields, field.Name)}
		if v.Declared, v.Registration, err = k.registration(ctx, conn, room, field.Name); err != nil {
			return err
		}
		d.Fields = append(d.Fields, v)
	}
	return nil
}

// registration finds what is known of a custom field for the room's type.
func (k *Kind) registration(ctx context.Context, conn *application.Connection, room *imv1alpha1.LiveRoom, name string,
) (declared bool, state imv1alpha1.RegistrationState, err error) {
	app := lookup.AppKey(room)
	var fields imv1alpha1.GroupCustomFieldList
	selector := client.MatchingFields{lookup.ByClaim: lookup.FieldKey(app, name)}
	if err := k.client.List(ctx, &fields, selector, client.UnsafeDisableDeepCopy); err != nil {
		return false, "", fmt.Errorf("listing the declarations of field %s: %w", name, err)
	}
	what := application.FieldType{Scope: imv1alpha1.FieldScopeGroup, Name: name, Type: room.Spec.Type}
	for _, field := range fields.Objects() {
		if field.Spec.Scope != imv1alpha1.FieldScopeGroup || !field.Declares(room.Spec.Type) || !k.apps.Admitted(ctx, field) {
			continue
		}
		if field.Registered(room.Spec.Type) {
			conn.Fields.Learn(what)
		}
		return true, conn.Fields.State(what), nil
	}
	return false, imv1alpha1.RegistrationUnknown, nil
}

func (k *Kind) resolveAttributes(ctx context.Context, room *imv1alpha1.LiveRoom, view *reference.View, d *Desired) error {
	total := 0
	for _, attribute := range room.Spec.Attributes {
		path := fmt.Sprintf("attributes[%s]", attribute.Key)
		text, err := value(ctx, view, room, path, attribute.Value, attribute.ValueFrom, maxAttributeBytes)
		if err != nil {
			return err
		}
		if total += len(text); total > maxAttributesBytesTotal {
			return hold.New(imv1alpha1.ReasonInvalid, "attributes have more than %d bytes together: shorten %s or another one", maxAttributesBytesTotal, path)
		}
		d.Attributes = append(d.Attributes, Value{
			Key: attribute.Key, Value: text, Policy: attribute.Policy,
			Written: contains(room.Status.InitializedAttributes, attribute.Key), Declared: true,
			Registration: imv1alpha1.RegistrationRegistered,
		})
	}
	return nil
}

// value finds a value, inline or in a ConfigMap, and checks its size.
func value(ctx context.Context, view *reference.View, room *imv1alpha1.LiveRoom, path string, inline *string, from *imv1alpha1.ValueSource, limit int) (string, error) {
	if from == nil {
		if inline == nil {
			return "", hold.New(imv1alpha1.ReasonInvalid, "%s: set exactly one of value and valueFrom", path)
		}
		return *inline, nil
	}
	text, err := view.Value(ctx, room.Namespace, from.ConfigMapKeyRef, limit)
	if wait, ok := hold.As(err); ok {
		return "", hold.New(wait.Reason, "%s: %s", path, wait.Message)
	}
	return text, err
}

// keys are the custom fields that IM knows and may be asked for.
func (d Desired) keys() []string {
	var keys []string
	for _, field := range d.Fields {
		if field.Declared && field.Registration == imv1alpha1.RegistrationRegistered {
			keys = append(keys, field.Key)
		}
	}
	return keys
}

func contains(all []string, one string) bool {
	for _, s := range all {
		if s == one {
			return true
		}
	}
	return false
}

// wireType is the door's name of a type of group.
func wireType(t imv1alpha1.RoomType) im.GroupType { return im.GroupType(t) }
