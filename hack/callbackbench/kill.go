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
	"fmt"
	"maps"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook/fold"
	"github.com/liveroom-io/liveroom-operator/webhook/journal"
	"github.com/liveroom-io/liveroom-operator/webhook/level"
)

const (
	// killedPerSecond is the load under which the webhook is killed.
	killedPerSecond = 1500
	// alive is how long it lives, give or take.
	alive = 1500 * time.Millisecond
	// killed is where the numbers of these messages begin.
	killed = int64(1) << 50
)

// kills ends the webhook under load, time and again, and compares what was
// answered with success with what was counted.
func (b *bench) kills(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := b.level(ctx); err != nil {
		return err
	}
	if err := b.forget(ctx); err != nil {
		return err
	}
	seen, err := b.follow(ctx)
	if err != nil {
		return err
	}
	webhook, err := b.webhook(ctx, "kills")
	if err != nil {
		return err
	}
	var current atomic.Pointer[process]
	current.Store(webhook)
	t := b.newTraffic(killedPerSecond, killed)
	length := time.Duration(b.rounds) * (alive + time.Second)
	var sending sync.WaitGroup
	var failure error
	began := time.Now()
	sending.Go(func() { failure = t.run(ctx, func() string { return current.Load().url }, length) })
	for round := range b.rounds {
		if err := pause(ctx, alive+time.Duration(round%7)*37*time.Millisecond); err != nil { // not in step with the flushes
			return err
		}
		if err := webhook.kill(); err != nil {
			return fmt.Errorf("killing the webhook: %w", err)
		}
		if webhook, err = b.webhook(ctx, "kills"); err != nil {
			return fmt.Errorf("starting it again: %w", err)
		}
		current.Store(webhook)
	}
	sending.Wait()
	if failure != nil {
		return failure
	}
	elapsed := time.Since(began)
	b.results.Note("kill -9: rounds", fmt.Sprint(b.rounds))
	b.results.AtLeast("kill -9: callbacks per second, restarts included", float64(t.total())/elapsed.Seconds(), 1000, "")
	b.results.Note("kill -9: callbacks sent again", fmt.Sprint(t.repeats.Load()))
	seen.settle(ctx, t.byRoom())
	b.results.Exactly("kill -9: rooms whose total is wrong", seen.wrong(t.byRoom()), 0)
	if _, err := webhook.stop(); err != nil {
		return err
	}
	points, err := b.points(ctx, filepath.Join(b.folder, "kills"))
	if err != nil {
		return err
	}
	wrong := 0
	for user, count := range t.byUser() {
		if points[user] != count {
			wrong++
		}
	}
	b.results.Exactly(fmt.Sprintf("kill -9: users of %d whose points are wrong", len(t.byUser())), wrong, 0)
	return nil
}

// level declares a policy that gives a point for every message.
func (b *bench) level(ctx context.Context) error {
	one := int32(1)
	policy := &imv1alpha1.UserLevelPolicy{ObjectMeta: meta("fans"), Spec: imv1alpha1.UserLevelPolicySpec{
		AppRef:  imv1alpha1.AppReference{Name: "app"},
		Scoring: []imv1alpha1.ScoringRule{{Name: "chat", Match: imv1alpha1.ScoringMatchText, Points: &one}},
		Levels:  []imv1alpha1.UserLevel{{Level: 1, Points: 1_000_000}},
	}}
	if err := b.client.Create(ctx, policy); err != nil {
		return fmt.Errorf("creating a policy: %w", err)
	}
	b.policy = policy
	return nil
}

// points reads what the journal holds of users.
func (b *bench) points(ctx context.Context, directory string) (map[string]int64, error) {
	j, err := journal.Open(ctx, journal.Options{Embedded: &journal.Embedded{Dir: directory}})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second) // all that is stored arrives at once
	defer cancel()
	points := map[string]int64{}
	j.Watch(ctx, fold.User, func(key journal.StateKey, data []byte, deleted bool) {
		user, err := level.LoadUser(data)
		if err != nil || deleted {
			return
		}
		if standing := user.Standings[string(b.policy.UID)]; standing != nil {
			points[key.Name] = standing.Points
		}
	})
	return maps.Clone(points), j.Close(context.WithoutCancel(ctx))
}

// forget makes new rooms of all rooms, whose numbers start at nothing.
func (b *bench) forget(ctx context.Context) error {
	if err := b.client.DeleteAllOf(ctx, &imv1alpha1.LiveRoom{}, client.InNamespace(namespace)); err != nil {
		return fmt.Errorf("deleting rooms: %w", err)
	}
	return b.makeRooms(ctx)
}
