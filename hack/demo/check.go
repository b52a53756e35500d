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

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

// check compares what IM holds with what is declared, and makes sure that
// applying the samples once more changes nothing.
func (d *demo) check(ctx context.Context) error {
	heading("Check")
	if err := errors.Join(d.checkRooms(ctx), d.checkUserSig(ctx), d.checkSecondApply(ctx)); err != nil {
		return err
	}
	fmt.Println("as declared")
	return nil
}

func (d *demo) checkRooms(ctx context.Context) error {
	var rooms imv1alpha1.LiveRoomList
	var shelf corev1.ConfigMap
	if err := d.plane.client.List(ctx, &rooms, client.InNamespace(namespace)); err != nil {
		return fmt.Errorf("listing rooms: %w", err)
	}
	if err := d.plane.client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "shelf"}, &shelf); err != nil {
		return fmt.Errorf("reading the shelf: %w", err)
	}
	groups, err := d.im.groups(ctx)
	if err != nil {
		return err
	}
	held := map[string]simim.GroupState{}
	for _, g := range groups {
		held[g.GroupID] = g
	}
	if len(held) != len(rooms.Items) {
		err = fmt.Errorf("%d groups in IM for %d rooms", len(held), len(rooms.Items))
	}
	for _, room := range rooms.Objects() {
		if difference := compare(room, shelf.Data, held[room.GroupID()]); difference != "" {
			err = errors.Join(err, fmt.Errorf("room %s: %s", room.Name, difference))
		}
	}
	return err
}

// compare says what is different about a group; empty when nothing is.
func compare(room *imv1alpha1.LiveRoom, shelf map[string]string, g simim.GroupState) string {
	wanted := map[string]string{}
	for _, field := range room.Spec.CustomFields {
		if field.Value != nil {
			wanted[field.Name] = *field.Value
		} else {
			wanted[field.Name] = shelf[field.ValueFrom.ConfigMapKeyRef.Key]
		}
	}
	announcement := room.Spec.Announcement
	if control := room.Spec.StateControl; control != nil {
		state, _, _ := control.At(time.Now())
		wanted[control.Field.Name] = control.Field.Value(state)
		if own := control.Announcements.Of(state); own != nil {
			announcement = own
		}
	}
	var administrators []string
	for _, user := range room.Spec.Administrators {
		administrators = append(administrators, user.AccountRef.Name)
	}
	switch {
	case g.GroupID == "":
		return "has no group in IM"
	case g.Type != string(room.Spec.Type):
		return fmt.Sprintf("is of type %q", g.Type)
	case g.Name != room.Spec.Name:
		return fmt.Sprintf("is named %q", g.Name)
	case announcement != nil && g.Notification != *announcement:
		return fmt.Sprintf("has the announcement %q", g.Notification)
	case g.Owner != room.Spec.Owner.AccountRef.Name:
		return fmt.Sprintf("belongs to %q", g.Owner)
	case !slices.Equal(g.Administrators, administrators):
		return fmt.Sprintf("has the administrators %q", g.Administrators)
	case !maps.Equal(g.CustomFields, wanted):
		return fmt.Sprintf("has the custom fields %q", g.CustomFields)
	}
	return ""
}

func (d *demo) checkUserSig(ctx context.Context) error {
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "helper-usersig"}}
	found, err := d.present(ctx, secret)
	if err == nil && (!found || len(secret.Data["userSig"]) == 0) {
		err = errors.New("the helper has no UserSig")
	}
	return err
}

// checkSecondApply applies once more and compares versions.
func (d *demo) checkSecondApply(ctx context.Context) error {
	before, err := d.versions(ctx)
	if err != nil {
		return err
	}
	if _, err := d.apply(ctx); err != nil {
		return err
	}
	after, err := d.versions(ctx)
	if err != nil {
		return err
	}
	for name, version := range after {
		if before[name] != version {
			err = errors.Join(err, fmt.Errorf("%s was changed by a second apply", name))
		}
	}
	return err
}

func (d *demo) versions(ctx context.Context) (map[string]string, error) {
	objects, err := d.objects(ctx)
	versions := map[string]string{}
	for _, obj := range objects {
		versions[fmt.Sprintf("%T %s", obj, obj.GetName())] = obj.GetResourceVersion()
	}
	return versions, err
}
