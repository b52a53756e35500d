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

// Package liveroom keeps IM groups as LiveRooms declare them.
package liveroom

import (
	"cmp"
	"context"
	"fmt"

	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/application"
	"github.com/liveroom-io/liveroom-operator/controllers/lifecycle"
	"github.com/liveroom-io/liveroom-operator/controllers/lookup"
	"github.com/liveroom-io/liveroom-operator/internal/im"
	"github.com/liveroom-io/liveroom-operator/internal/reference"
)

// +kubebuilder:rbac:groups=im.liveroom.io,resources=liverooms,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=im.liveroom.io,resources=liverooms/status,verbs=patch
// +kubebuilder:rbac:groups=im.liveroom.io,resources=liverooms/finalizers,verbs=update
// +kubebuilder:rbac:groups=im.liveroom.io,resources=imaccounts;groupcustomfields;imapps,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=configmaps,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// surveySize is how many groups one get_group_info may name.
const surveySize = 50

// Kind implements the life cycle of LiveRoom.
type Kind struct {
	client     client.Client
	keys       *application.Keys
	controls   *application.Controls
	sessions   *sessions
	references *reference.Reader
	apps       *application.Registry
	clock      clock.PassiveClock
}

// New returns the kind; c reads the cache, and writes the Secrets with URLs of
// streams to the API server.
func New(c client.Client, references *reference.Reader, apps *application.Registry, clk clock.PassiveClock) (*Kind, error) {
	keys, err := application.NewKeys(references)
	if err != nil {
		return nil, err
	}
	controls, err := application.NewControls()
	if err != nil {
		return nil, err
	}
	sessions, err := newSessions()
	if err != nil {
		return nil, err
	}
	return &Kind{client: c, references: references, keys: keys, controls: controls, sessions: sessions, apps: apps, clock: clk}, nil
}

var (
	_ lifecycle.Surveyor[*imv1alpha1.LiveRoom, Desired, Observed] = (*Kind)(nil)
	_ lifecycle.Recorder[*imv1alpha1.LiveRoom, Desired]           = (*Kind)(nil)
	_ lifecycle.Dated[*imv1alpha1.LiveRoom]                       = (*Kind)(nil)

	_ lifecycle.Independent[*imv1alpha1.LiveRoom, Desired, Observed] = (*Kind)(nil)
)

// Traits implements lifecycle.Kind.
func (k *Kind) Traits() lifecycle.Traits[*imv1alpha1.LiveRoom] {
	return lifecycle.Traits[*imv1alpha1.LiveRoom]{
		Name:        "LiveRoom",
		New:         func() *imv1alpha1.LiveRoom { return &imv1alpha1.LiveRoom{} },
		NewList:     func() lifecycle.List[*imv1alpha1.LiveRoom] { return &imv1alpha1.LiveRoomList{} },
		Claim:       lookup.RoomClaim,
		Thing:       func(room *imv1alpha1.LiveRoom) string { return fmt.Sprintf("group %q", room.GroupID()) },
		Conditions:  conditions,
		Unconverged: func(room *imv1alpha1.LiveRoom) *[]imv1alpha1.UnconvergedChange { return &room.Status.Unconverged },
		Status:      status,
	}
}

// Release implements lifecycle.Kind: it destroys the group, and lets a stream that was
// blocked run again. Neither waits for the other.
func (k *Kind) Release(ctx context.Context, conn *application.Connection, room *imv1alpha1.LiveRoom, mark lifecycle.Mark) error {
	return cmp.Or(releaseGroup(ctx, conn, room, mark), k.releaseStream(ctx, conn, room))
}

// releaseGroup destroys the group, unless the group of that name is not the one that
// the mark speaks of.
func releaseGroup(ctx context.Context, conn *application.Connection, room *imv1alpha1.LiveRoom, mark lifecycle.Mark) error {
	group, err := conn.Client.Group(ctx, room.GroupID(), nil)
	if im.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if !mark.Covers(group.CreateTime) {
		return nil
	}
	return conn.Client.DestroyGroup(ctx, room.GroupID())
}
