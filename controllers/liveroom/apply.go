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

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/application"
	"github.com/liveroom-io/liveroom-operator/controllers/lifecycle"
	"github.com/liveroom-io/liveroom-operator/internal/hold"
	"github.com/liveroom-io/liveroom-operator/internal/im"
)

// codeUnknownUser is IM's answer when a call names a user it does not know.
const codeUnknownUser = 10019

// Apply implements lifecycle.Kind.
func (k *Kind) Apply(ctx context.Context, conn *application.Connection, d Desired, change lifecycle.Change) error {
	return explain(change, d, k.apply(ctx, conn, d, change))
}

func (k *Kind) apply(ctx context.Context, conn *application.Connection, d Desired, change lifecycle.Change) error {
	switch value := change.Value.(type) {
	case Unread:
		return value.Err // what cannot be read cannot be kept as declared
	case im.NewGroup:
		return conn.Client.CreateGroup(ctx, value)
	case im.GroupChange:
		return conn.Client.ChangeGroup(ctx, d.GroupID, value)
	case im.Field:
		if change.Condition == imv1alpha1.ConditionFieldsSynced {
			return applyField(ctx, conn, d, value)
		}
		return conn.Client.SetAttributes(ctx, d.GroupID, []im.Field{value})
	case URLIssue:
		return k.issue(ctx, conn, d, value)
	case SecretDrop:
		return k.drop(ctx, d, value)
	case StreamForbid:
		return k.forbid(ctx, d, value)
	case StreamResume:
		return k.resume(ctx, d.Block, value.Name)
	case SessionEnd:
		return k.endSession(ctx, d, value)
	case Ban:
		length := banWithoutEnd
		if !value.Until.IsZero() {
			length = value.Until.Sub(k.clock.Now())
		}
		return conn.Client.Ban(ctx, d.GroupID, []string{value.UserID}, length)
	case string:
		return applyUser(ctx, conn, d, change, value)
	}
	return fmt.Errorf("no way to apply %s %s", change.Verb, change.Path)
}

func applyUser(ctx context.Context, conn *application.Connection, d Desired, change lifecycle.Change, user string) error {
	set := change.Verb == lifecycle.Set
	switch {
	case change.Path == "owner":
		if err := conn.Client.AddMember(ctx, d.GroupID, user); err != nil {
			return err
		}
		return conn.Client.ChangeOwner(ctx, d.GroupID, user)
	case change.Path == banPath(user):
		return conn.Client.Unban(ctx, d.GroupID, []string{user})
	case d.Type == imv1alpha1.RoomTypeAVChatRoom:
		return conn.Client.SetLiveAdministrators(ctx, d.GroupID, []string{user}, set)
	case set:
		if err := conn.Client.AddMember(ctx, d.GroupID, user); err != nil {
			return err
		}
	}
	return conn.Client.SetAdministrator(ctx, d.GroupID, user, set)
}

// applyField writes one custom field. Whether IM knows the field is settled by
// the first write of all rooms.
func applyField(ctx context.Context, conn *application.Connection, d Desired, field im.Field) error {
	for _, value := range d.Fields {
		if value.Key == field.Key && !value.Declared {
			return hold.New(imv1alpha1.ReasonFieldNotDeclared,
				"no GroupCustomField declares %s for %s: create one, or take the field off the room", field.Key, d.Type)
		}
	}
	write := func() error { return conn.Client.ChangeGroup(ctx, d.GroupID, im.GroupChange{Field: &field}) }
	state, err := conn.Fields.Prove(ctx, application.FieldType{Scope: imv1alpha1.FieldScopeGroup, Name: field.Key, Type: d.Type}, write, application.FieldVerdict)
	switch {
	case err != nil || state == imv1alpha1.RegistrationRegistered:
		return err
	case state == imv1alpha1.RegistrationNotRegistered:
		return notRegistered(field.Key, d.Type)
	}
	return hold.New(imv1alpha1.ReasonAwaitingProof, "another room is proving custom field %s for %s", field.Key, d.Type)
}

func notRegistered(name string, room imv1alpha1.RoomType) error {
	return hold.New(imv1alpha1.ReasonFieldNotRegistered, "custom field %s is not registered for %s: see its GroupCustomField for what to do", name, room)
}

// explain turns refusals that have a meaning for this kind into words.
func explain(change lifecycle.Change, d Desired, err error) error {
	failure, ok := im.AsError(err)
	if !ok {
		return err
	}
	switch {
	case failure.Code == codeUnknownUser && change.Verb == lifecycle.Create:
		return hold.New(imv1alpha1.ReasonUserNotFound, "owner: IM does not know the UserID %q: create an ImAccount for it, or correct it", d.Owner)
	case failure.Code == codeUnknownUser:
		return hold.New(imv1alpha1.ReasonUserNotFound, "%s: IM does not know the UserID: create an ImAccount for it, or correct it", change.Path)
	case failure.Class == im.FieldNotRegistered:
		if field, isField := change.Value.(im.Field); isField {
			return notRegistered(field.Key, d.Type)
		}
	case failure.Class == im.Invalid && change.Verb == lifecycle.Create:
		if long := beyondOlderLimits(d); long != "" {
			return hold.New(imv1alpha1.ReasonInvalid, "IM refuses to create the group: %s. It may still have the older limits: shorten %s", failure.Info, long)
		}
	}
	return err
}
