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
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

// floor times the writes that a new room costs, made directly and with some
// parallelism: nothing that writes the same can be faster on this machine.
func (b *bench) floor(ctx context.Context) error {
	rooms := make([]*imv1alpha1.LiveRoom, b.rooms)
	for i := range rooms {
		rooms[i] = b.room("floor", i)
	}
	if err := b.each(ctx, rooms, func(ctx context.Context, room *imv1alpha1.LiveRoom) error { return b.client.Create(ctx, room) }); err != nil {
		return err
	}
	began := time.Now()
	err := b.each(ctx, rooms, func(ctx context.Context, room *imv1alpha1.LiveRoom) error {
		base := room.DeepCopy()
		room.Finalizers = []string{imv1alpha1.Finalizer}
		room.Annotations = map[string]string{imv1alpha1.AnnotationMark: `{"uid":"` + string(room.UID) + `","time":"2026-01-01T00:00:00Z","origin":"Created"}`}
		if err := b.client.Patch(ctx, room, client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{})); err != nil {
			return err
		}
		now := metav1.Now().UTC().Format(time.RFC3339)
		condition := func(kind string) string {
			return fmt.Sprintf(`{"type":%q,"status":"True","reason":"AsDeclared","message":"","lastTransitionTime":%q,"observedGeneration":1}`, kind, now)
		}
		body := fmt.Sprintf(`{"apiVersion":"im.liveroom.io/v1alpha1","kind":"LiveRoom","metadata":{"name":%q,"namespace":%q},"status":{"conditions":[%s,%s,%s],"observedGeneration":1,"groupID":"g","ownerUserID":"host"}}`,
			room.Name, room.Namespace, condition("Ready"), condition("Synced"), condition("FieldsSynced"))
		return b.client.Status().Patch(ctx, room, client.RawPatch(types.ApplyPatchType, []byte(body)), client.FieldOwner("floor"), client.ForceOwnership)
	})
	if err != nil {
		return err
	}
	b.apiFloor = time.Since(began)
	b.results.note("API server's floor for the writes", b.apiFloor.Round(time.Millisecond).String())
	return b.each(ctx, rooms, func(ctx context.Context, room *imv1alpha1.LiveRoom) error {
		base := room.DeepCopy()
		room.Finalizers = nil
		return errors.Join(b.client.Patch(ctx, room, client.MergeFrom(base)), b.client.Delete(ctx, room))
	})
}

func (b *bench) each(ctx context.Context, rooms []*imv1alpha1.LiveRoom, do func(context.Context, *imv1alpha1.LiveRoom) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, room := range rooms {
		group.Go(func() error { return do(ctx, room) })
	}
	return group.Wait()
}

// existing measures rooms that are there when the controller starts.
func (b *bench) existing(ctx context.Context) error {
	if err := b.create(ctx, "existing", nil); err != nil {
		return err
	}
	return b.scenario(ctx, "existing", func() error { return b.start(ctx) })
}

// applied measures rooms that are applied to the running controller.
func (b *bench) applied(ctx context.Context) error {
	times := &stamps{at: map[string]time.Time{}}
	return b.scenario(ctx, "applied", func() error { return b.create(ctx, "applied", times) }, times)
}

// stamps are when rooms were applied.
type stamps struct {
	mu sync.Mutex
	at map[string]time.Time
}

func (s *stamps) set(name string) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at[name] = time.Now()
}

func (b *bench) create(ctx context.Context, scenario string, times *stamps) error {
	rooms := make([]*imv1alpha1.LiveRoom, b.rooms)
	for i := range rooms {
		rooms[i] = b.room(scenario, i)
	}
	return b.each(ctx, rooms, func(ctx context.Context, room *imv1alpha1.LiveRoom) error {
		times.set(room.Name)
		return b.client.Create(ctx, room)
	})
}

func (b *bench) scenario(ctx context.Context, name string, begin func() error, times ...*stamps) error {
	b.simulator.ResetCounters()
	before, err := b.writes(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	begun := make(chan error, 1)
	if len(times) > 0 {
		go func() { begun <- begin() }()
	} else {
		begun <- begin()
	}
	ready, err := b.untilReady(ctx, &imv1alpha1.LiveRoomList{}, name)
	elapsed := time.Since(began)
	if err := errors.Join(err, <-begun); err != nil {
		return err
	}
	after, err := b.writes(ctx)
	if err != nil {
		return err
	}
	n := float64(b.rooms)
	floor := max(time.Duration(n/callsPerSec*float64(time.Second)), b.apiFloor)
	b.results.atMost(name+": elapsed", elapsed.Seconds(), elapsedFactor*floor.Seconds(), "s")
	b.results.note(name+": ratio to the floor", format(elapsed.Seconds()/floor.Seconds(), ""))
	b.results.exactly(name+": create_group", b.simulator.Calls("create_group"), b.rooms)
	b.results.atMost(name+": get_group_info", float64(b.simulator.Calls("get_group_info")), n/10, "")
	b.results.atMost(name+": API writes per room", float64(after.rooms-before.rooms)/n, 2, "")
	b.results.exactly(name+": events", after.events-before.events, 0)
	if err := b.noteEvents(ctx, name); err != nil {
		return err
	}
	refusals := b.simulator.Refusals()
	b.results.exactly(name+": refusals for frequency", refusals["60007"]+refusals["60011"]+refusals["10006"]+refusals["10023"], 0)
	b.results.note(name+": all refusals by code", fmt.Sprint(refusals))
	if len(times) > 0 {
		b.results.note(name+": p99 from apply to Ready", percentile(times[0], ready, 0.99).Round(time.Millisecond).String())
	}
	return nil
}

func percentile(times *stamps, ready map[string]time.Time, share float64) time.Duration {
	var waits []time.Duration
	for name, applied := range times.at {
		waits = append(waits, ready[name].Sub(applied))
	}
	slices.Sort(waits)
	return waits[min(int(share*float64(len(waits))), len(waits)-1)]
}

// untilReady watches until all objects, or those of a scenario, are ready, and
// returns when each became so.
func (b *bench) untilReady(ctx context.Context, list client.ObjectList, scenario string) (map[string]time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	options := []client.ListOption{client.InNamespace(namespace)}
	wanted := b.rooms
	if scenario != "" {
		options = append(options, client.MatchingLabels{"scenario": scenario})
	} else if err := b.client.List(ctx, list, options...); err != nil {
		return nil, fmt.Errorf("listing: %w", err)
	} else {
		wanted = meta.LenList(list)
	}
	watch, err := b.client.Watch(ctx, list, options...)
	if err != nil {
		return nil, fmt.Errorf("watching: %w", err)
	}
	defer func() { watch.Stop() }()
	ready := map[string]time.Time{}
	for len(ready) < wanted {
		select {
		case event, open := <-watch.ResultChan():
			if !open { // the API server ends a watch that it finds too slow
				if watch, err = b.client.Watch(ctx, list, options...); err != nil {
					return nil, fmt.Errorf("watching: %w", err)
				}
				continue
			}
			obj, ok := event.Object.(imv1alpha1.Object)
			if ok && meta.IsStatusConditionTrue(obj.GetObjectStatus().Conditions, imv1alpha1.ConditionReady) && ready[obj.GetName()].IsZero() {
				ready[obj.GetName()] = time.Now()
			}
		case <-b.ended():
			return nil, errors.New("the controller has ended")
		case <-ctx.Done():
			return nil, fmt.Errorf("%d of %d objects are ready: %w", len(ready), wanted, ctx.Err())
		}
	}
	return ready, nil
}

// ended is closed when the controller that is supposed to run has ended.
func (b *bench) ended() <-chan struct{} {
	if b.controller == nil || b.controller.stopped {
		return nil
	}
	return b.controller.ended
}
