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

// Package groupcustomfield proves whether an application knows the custom fields
// that GroupCustomFields declare. IM has no call to create or list definitions,
// so the first accepted write is the proof: that of a room which uses the field,
// or one on a scratch group when no room does.
package groupcustomfield

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/application"
	"github.com/liveroom-io/liveroom-operator/controllers/lifecycle"
	"github.com/liveroom-io/liveroom-operator/controllers/lookup"
	"github.com/liveroom-io/liveroom-operator/controllers/trigger"
)

// +kubebuilder:rbac:groups=im.liveroom.io,resources=groupcustomfields,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=im.liveroom.io,resources=groupcustomfields/status,verbs=patch
// +kubebuilder:rbac:groups=im.liveroom.io,resources=liverooms;imapps,verbs=get;list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Kind implements the life cycle of GroupCustomField.
type Kind struct {
	reader client.Reader
	rooms  *trigger.Trigger
	apps   *application.Registry
	pace   *pace
}

// New returns the kind; reader is the cache, rooms wakes LiveRooms.
func New(reader client.Reader, rooms *trigger.Trigger, apps *application.Registry) *Kind {
	return &Kind{reader: reader, rooms: rooms, apps: apps, pace: newPace()}
}

var _ lifecycle.Kind[*imv1alpha1.GroupCustomField, Desired, Observed] = (*Kind)(nil)

// Traits implements lifecycle.Kind.
func (k *Kind) Traits() lifecycle.Traits[*imv1alpha1.GroupCustomField] {
	return lifecycle.Traits[*imv1alpha1.GroupCustomField]{
		Name:    "GroupCustomField",
		New:     func() *imv1alpha1.GroupCustomField { return &imv1alpha1.GroupCustomField{} },
		NewList: func() lifecycle.List[*imv1alpha1.GroupCustomField] { return &imv1alpha1.GroupCustomFieldList{} },
		Claim:   lookup.FieldClaim,
		Thing: func(field *imv1alpha1.GroupCustomField) string {
			return fmt.Sprintf("custom field %q", field.Spec.Name)
		},
		Conditions: []string{imv1alpha1.ConditionRegistered},
		Owns:       unproven,
		Status: func(field *imv1alpha1.GroupCustomField) any {
			applied := field.Status
			applied.Conditions = lifecycle.Own(applied.Conditions, imv1alpha1.ConditionRegistered)
			return applied
		},
	}
}

// Release implements lifecycle.Kind. IM keeps definitions for ever; what goes
// are the scratch groups, as far as no other field needs them.
func (k *Kind) Release(ctx context.Context, conn *application.Connection, field *imv1alpha1.GroupCustomField, _ lifecycle.Mark) error {
	others, err := k.siblings(ctx, field)
	if err != nil {
		return err
	}
	for _, bound := range field.Spec.GroupTypes {
		k.pace.forget(application.FieldType{Scope: field.Spec.Scope, Name: field.Spec.Name, Type: bound.Type}, conn.App)
		if needed(conn, field, others, bound.Type) {
			continue
		}
		if err := destroyScratch(ctx, conn, bound.Type); err != nil {
			return err
		}
	}
	return nil
}

// unproven reports whether a scratch group may still be there for the field.
func unproven(field *imv1alpha1.GroupCustomField) bool {
	for _, bound := range field.Spec.GroupTypes {
		if !field.Registered(bound.Type) {
			return true
		}
	}
	return false
}

// Report implements lifecycle.Kind. What was registered once stays so.
func (k *Kind) Report(field *imv1alpha1.GroupCustomField, pass *lifecycle.Pass[Desired, Observed]) {
	registrations := make([]imv1alpha1.FieldRegistration, len(field.Spec.GroupTypes))
	for i, bound := range field.Spec.GroupTypes {
		registrations[i] = imv1alpha1.FieldRegistration{Type: bound.Type, State: reported(field, bound.Type, pass)}
	}
	field.Status.Registrations = registrations
}

func reported(field *imv1alpha1.GroupCustomField, roomType imv1alpha1.RoomType, pass *lifecycle.Pass[Desired, Observed]) imv1alpha1.RegistrationState {
	before := stateIn(field, roomType)
	if before == imv1alpha1.RegistrationRegistered || pass.Desired == nil {
		return before
	}
	for _, change := range pass.Applied {
		if proof, ok := change.Value.(Proof); ok && proof.Type == roomType {
			return imv1alpha1.RegistrationRegistered
		}
	}
	for _, failure := range pass.Failures {
		if proof, ok := failure.Change.Value.(Proof); ok && proof.Type == roomType && refused(failure.Err) {
			return imv1alpha1.RegistrationNotRegistered
		}
	}
	for _, bound := range pass.Desired.Types {
		if bound.Type == roomType && bound.State != imv1alpha1.RegistrationUnknown {
			return bound.State
		}
	}
	return before
}

func stateIn(field *imv1alpha1.GroupCustomField, roomType imv1alpha1.RoomType) imv1alpha1.RegistrationState {
	for _, registration := range field.Status.Registrations {
		if registration.Type == roomType {
			return registration.State
		}
	}
	return imv1alpha1.RegistrationUnknown
}
