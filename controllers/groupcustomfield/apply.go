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
	"strings"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/application"
	"github.com/liveroom-io/liveroom-operator/controllers/lifecycle"
	"github.com/liveroom-io/liveroom-operator/controllers/trigger"
	"github.com/liveroom-io/liveroom-operator/internal/hold"
	"github.com/liveroom-io/liveroom-operator/internal/im"
)

const (
	// scratchName is the name of scratch groups, for people who look into the console.
	scratchName = "probe"
	// scratchNote is their introduction. A group of the same ID without it is
	// somebody else's, and is neither written to nor destroyed.
	scratchNote = "made by the LiveRoom Operator to prove custom fields"
)

func isScratch(group im.Group) bool { return group.Introduction == scratchNote }

// Apply implements lifecycle.Kind.
func (k *Kind) Apply(ctx context.Context, conn *application.Connection, d Desired, change lifecycle.Change) error {
	switch value := change.Value.(type) {
	case Scratch:
		return destroyScratch(ctx, conn, value.Type)
	case Proof:
		bound := d.binding(value.Type)
		key := application.FieldType{Scope: d.Scope, Name: d.Name, Type: value.Type}
		if bound.InUse {
			return k.awaitRoom(conn, d, bound, key)
		}
		return k.prove(ctx, conn, d, bound, key)
	}
	return fmt.Errorf("no way to apply %s %s", change.Verb, change.Path)
}

// awaitRoom leaves the proof to a room, which writes the field anyway, and asks
// the oldest one to try again now and then after a refusal.
func (k *Kind) awaitRoom(conn *application.Connection, d Desired, bound Binding, key application.FieldType) error {
	state := conn.Fields.State(key)
	if state == imv1alpha1.RegistrationRegistered {
		return nil
	}
	if count := len(bound.Provers); count > 0 {
		if try, due := k.pace.due(key, conn.App, conn.Client.ProviderTime()); due {
			conn.Fields.Reopen(key)
			k.rooms.Wake(trigger.Prompt, bound.Provers[try%count])
		}
	}
	if state == imv1alpha1.RegistrationNotRegistered || bound.State == imv1alpha1.RegistrationNotRegistered {
		return notRegistered(d, bound)
	}
	return hold.New(imv1alpha1.ReasonAwaitingProof,
		"no %s has been written with %s yet: the first write of a room that uses it is the proof", bound.Type, d.Name)
}

// prove writes an empty value, which changes nothing, to a scratch group.
func (k *Kind) prove(ctx context.Context, conn *application.Connection, d Desired, bound Binding, key application.FieldType) error {
	if conn.Fields.State(key) == imv1alpha1.RegistrationNotRegistered {
		if _, due := k.pace.due(key, conn.App, conn.Client.ProviderTime()); !due {
			return notRegistered(d, bound)
		}
		conn.Fields.Reopen(key)
	}
	state, err := conn.Fields.Prove(ctx, key, func() error { return writeScratch(ctx, conn, d, bound.Type) }, application.FieldVerdict)
	switch {
	case state == imv1alpha1.RegistrationRegistered:
		return err
	case state == imv1alpha1.RegistrationNotRegistered:
		return notRegistered(d, bound)
	case err != nil:
		return err
	default:
		return hold.New(imv1alpha1.ReasonAwaitingProof, "another proof of %s for %s is under way", d.Name, bound.Type)
	}
}

// writeScratch makes the scratch group of the type, unless it is there, and
// writes the field.
func writeScratch(ctx context.Context, conn *application.Connection, d Desired, roomType imv1alpha1.RoomType) error {
	id := scratchID(roomType)
	group := im.NewGroup{ID: id, Type: im.GroupType(roomType), Name: scratchName, Introduction: scratchNote}
	if roomType != imv1alpha1.RoomTypeAVChatRoom {
		// a member field needs a member, and fields of both scopes share the group
		group.OwnerUserID = d.Administrator
	}
	if err := conn.Client.CreateGroup(ctx, group); im.IsAlreadyExists(err) {
		there, err := conn.Client.Group(ctx, id, nil)
		if err != nil {
			return err
		}
		if !isScratch(there) {
			return hold.New(imv1alpha1.ReasonNotPermitted,
				"the group %q, which would serve to prove custom fields, is somebody else's: rename or remove it, or let a room use the field", id)
		}
	} else if err != nil {
		return err
	}
	field := im.Field{Key: d.Name}
	if d.Scope == imv1alpha1.FieldScopeMember {
		return conn.Client.SetMemberField(ctx, id, d.Administrator, field)
	}
	return conn.Client.ChangeGroup(ctx, id, im.GroupChange{Field: &field})
}

// destroyScratch removes the scratch group of a type, if it is one.
func destroyScratch(ctx context.Context, conn *application.Connection, roomType imv1alpha1.RoomType) error {
	group, err := conn.Client.Group(ctx, scratchID(roomType), nil)
	if im.IsNotFound(err) {
		return nil
	}
	if err != nil || !isScratch(group) {
		return err
	}
	return conn.Client.DestroyGroup(ctx, scratchID(roomType))
}

// notRegistered says exactly what to do in the console.
func notRegistered(d Desired, bound Binding) error {
	page := "Custom group field"
	if d.Scope == imv1alpha1.FieldScopeMember {
		page = "Custom group member field"
	}
	var permissions []string
	if bound.DeclaredRead != "" {
		permissions = append(permissions, "read "+string(bound.DeclaredRead))
	}
	if bound.DeclaredWrite != "" {
		permissions = append(permissions, "write "+string(bound.DeclaredWrite))
	}
	with := ""
	if len(permissions) > 0 {
		with = " with the permissions " + strings.Join(permissions, ", ")
	}
	return hold.New(imv1alpha1.ReasonNotRegistered,
		"IM does not know the field. In the console, open Feature configuration > %s and add %s for group type %s%s; a new definition takes minutes to work and is then found by itself",
		page, d.Name, bound.Type, with)
}

// refused reports whether a failure means that IM does not know the field.
func refused(err error) bool {
	wait, ok := hold.As(err)
	return ok && wait.Reason == imv1alpha1.ReasonNotRegistered
}
