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
	"sync"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/hack/measure"
)

// existing measures rooms that are there when the controller starts. Each of
// them counts as applied at that moment.
func (b *bench) existing(ctx context.Context) error {
	if err := b.create(ctx, "existing", func(string) {}); err != nil {
		return err
	}
	return b.scenario(ctx, "existing", func(applied func(string)) error {
		for i := range b.rooms {
			applied(b.room("existing", i).Name)
		}
		return b.start(ctx)
	})
}

// applied measures rooms that are applied to the running controller.
func (b *bench) applied(ctx context.Context) error {
	return b.scenario(ctx, "applied", func(applied func(string)) error { return b.create(ctx, "applied", applied) })
}

// create makes the rooms of a scenario; applied is told the name of each, just
// before.
func (b *bench) create(ctx context.Context, scenario string, applied func(string)) error {
	rooms := make([]*imv1alpha1.LiveRoom, b.rooms)
	for i := range rooms {
		rooms[i] = b.room(scenario, i)
	}
	return b.each(ctx, rooms, func(ctx context.Context, room *imv1alpha1.LiveRoom) error {
		applied(room.Name)
		return b.client.Create(ctx, room)
	})
}

// scenario measures from begin until all its rooms are ready, and counts what
// was done until nothing more happens: rooms that were made are read back later.
func (b *bench) scenario(ctx context.Context, name string, begin func(applied func(string)) error) error {
	b.simulator.ResetCounters()
	before, err := b.audit.counts()
	if err != nil {
		return err
	}
	var mu sync.Mutex
	times := map[string]time.Time{}
	applied := func(name string) {
		mu.Lock()
		defer mu.Unlock()
		times[name] = time.Now()
	}

	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	idle := lookAtMachine()
	began := time.Now()
	begun := make(chan error, 1)
	go func() {
		err := begin(applied)
		if err != nil {
			cancel()
		}
		begun <- err
	}()
	ready, err := b.untilReady(ctx, &imv1alpha1.LiveRoomList{}, b.rooms, client.MatchingLabels{"scenario": name})
	if err := errors.Join(err, <-begun); err != nil {
		return err
	}
	busy := lookAtMachine().since(idle)
	if err := b.settle(ctx); err != nil {
		return err
	}
	after, err := b.audit.counts()
	if err != nil {
		return err
	}
	b.results.Note(name+": busy cores, of the bench and of others", busy)
	b.judge(name, began, times, ready, after.minus(before))
	return b.noteEvents(ctx, name)
}

// judge adds a scenario's figures.
func (b *bench) judge(name string, began time.Time, applied, ready map[string]time.Time, writes written) {
	ended := slices.MaxFunc(slices.Collect(maps.Values(ready)), time.Time.Compare)
	elapsed := ended.Sub(began)
	floor := max(b.imFloor(), b.apiFloor)
	n := float64(b.rooms)
	log := b.simulator.CallLog()
	refusals := b.simulator.Refusals()
	r := &b.results
	r.Exactly(name+": rooms that became Ready", len(ready), b.rooms)
	r.AtMost(name+": elapsed", elapsed.Seconds(), elapsedFactor*floor.Seconds(), "s")
	r.Note(name+": ratio to the floor", measure.Format(elapsed.Seconds()/floor.Seconds(), ""))
	r.Note(name+": before, during and after create_group", timeline(log, began, ended))
	r.Exactly(name+": create_group", b.simulator.Calls("create_group"), b.rooms)
	r.Exactly(name+": writes to IM", imWrites(log), b.rooms)
	r.AtMost(name+": get_group_info", float64(b.simulator.Calls("get_group_info")), n/10, "")
	r.Note(name+": get_group_info before and after all were Ready", readsAround(log, ended))
	r.AtMost(name+": API writes per room", float64(writes.sum())/n, 2, "")
	r.Note(name+": API writes", fmt.Sprint(writes.objects))
	r.Exactly(name+": events", writes.events, 0)
	r.Exactly(name+": refusals for frequency", tooFrequent(refusals), 0)
	r.Note(name+": all refusals by code", fmt.Sprint(refusals))
	r.Note(name+": from apply to Ready, p50 and p99", fmt.Sprintf("%s, %s",
		percentile(applied, ready, 0.50).Round(time.Millisecond), percentile(applied, ready, 0.99).Round(time.Millisecond)))
}

func percentile(applied, ready map[string]time.Time, share float64) time.Duration {
	waits := make([]time.Duration, 0, len(applied))
	for name, at := range applied {
		waits = append(waits, ready[name].Sub(at))
	}
	slices.Sort(waits)
	return waits[min(int(share*float64(len(waits))), len(waits)-1)]
}
