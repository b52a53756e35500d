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
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

const (
	// parallel is how many requests the bench has under way at once: as many as
	// the controller has workers.
	parallel = 96
	// floorRounds: the better of them is the floor. The first one also warms up
	// an API server that has only just started.
	floorRounds = 2
)

// floor times the writes that a new room costs, made directly: nothing that
// writes the same can be faster on this machine.
func (b *bench) floor(ctx context.Context) error {
	var create time.Duration // not part of the floor, but of what applying costs
	for round := range floorRounds {
		creating, writing, err := b.floorRound(ctx, round)
		if err != nil {
			return err
		}
		if round == 0 || writing < b.apiFloor {
			b.apiFloor, create = writing, creating
		}
	}
	b.results.Note("API server's time to create the rooms", create.Round(time.Millisecond).String())
	b.results.Note("API server's floor for the writes", b.apiFloor.Round(time.Millisecond).String())
	b.results.Note("IM's floor for create_group", b.imFloor().String())
	return nil
}

// imFloor is how long IM's limit makes the calls last.
func (b *bench) imFloor() time.Duration {
	return time.Duration(float64(b.rooms) / callsPerSec * float64(time.Second))
}

func (b *bench) floorRound(ctx context.Context, round int) (creating, writing time.Duration, err error) {
	rooms := make([]*imv1alpha1.LiveRoom, b.rooms)
	for i := range rooms {
		rooms[i] = b.room(fmt.Sprintf("floor%d", round), i)
	}
	began := time.Now()
	create := func(ctx context.Context, room *imv1alpha1.LiveRoom) error { return b.client.Create(ctx, room) }
	if err := b.each(ctx, rooms, create); err != nil {
		return 0, 0, err
	}
	creating = time.Since(began)
	idle := lookAtMachine()
	began = time.Now()
	if err := b.each(ctx, rooms, b.writeRoom); err != nil {
		return 0, 0, err
	}
	writing = time.Since(began)
	b.results.Note(fmt.Sprintf("floor, round %d: busy cores, of the bench and of others", round+1), lookAtMachine().since(idle))
	return creating, writing, b.each(ctx, rooms, func(ctx context.Context, room *imv1alpha1.LiveRoom) error {
		base := room.DeepCopy()
		room.Finalizers = nil
		return errors.Join(b.client.Patch(ctx, room, client.MergeFrom(base)), b.client.Delete(ctx, room))
	})
}

// writeRoom makes the two writes of a new room: its finalizer and mark, then its
// status.
func (b *bench) writeRoom(ctx context.Context, room *imv1alpha1.LiveRoom) error {
	base := room.DeepCopy()
	room.Finalizers = []string{imv1alpha1.Finalizer}
	room.Annotations = map[string]string{
		imv1alpha1.AnnotationMark: `{"uid":"` + string(room.UID) + `","time":"2026-01-01T00:00:00Z","origin":"Created"}`,
	}
	if err := b.client.Patch(ctx, room, client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{})); err != nil {
		return err
	}
	now := metav1.Now().UTC().Format(time.RFC3339)
	condition := func(kind string) string {
		return fmt.Sprintf(`{"type":%q,"status":"True","reason":"AsDeclared","message":"","lastTransitionTime":%q,"observedGeneration":1}`, kind, now)
	}
	status := fmt.Sprintf(`{"apiVersion":"im.liveroom.io/v1alpha1","kind":"LiveRoom","metadata":{"name":%q,"namespace":%q},`+
		`"status":{"conditions":[%s,%s,%s],"observedGeneration":1,"groupID":"g","ownerUserID":"host"}}`,
		room.Name, room.Namespace, condition("Ready"), condition("Synced"), condition("FieldsSynced"))
	return b.client.Status().Patch(ctx, room, client.RawPatch(types.ApplyPatchType, []byte(status)),
		client.FieldOwner("floor"), client.ForceOwnership)
}

// each does something for every room, as many at once as the controller would.
func (b *bench) each(ctx context.Context, rooms []*imv1alpha1.LiveRoom, do func(context.Context, *imv1alpha1.LiveRoom) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, room := range rooms {
		group.Go(func() error { return do(ctx, room) })
	}
	return group.Wait()
}
