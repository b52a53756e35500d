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

package webhook

import (
	"context"
	"sync"
	"time"

	"github.com/liveroom-io/liveroom-operator/webhook/fold"
	"github.com/liveroom-io/liveroom-operator/webhook/journal"
	"github.com/liveroom-io/liveroom-operator/webhook/level"
	"github.com/liveroom-io/liveroom-operator/webhook/projection"
)

// project projects whenever this pod is elected.
func (s *system) project(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.turn:
		}
		if !s.elected() {
			continue
		}
		term, end := context.WithCancel(ctx)
		var running sync.WaitGroup
		s.Log.Info("This pod writes status from now on")
		running.Go(func() { s.projector.Run(term) })
		s.wake.all()
		for s.elected() && term.Err() == nil {
			select {
			case <-ctx.Done():
				end()
			case <-s.turn:
			}
		}
		end()
		running.Wait()
	}
}

// electing is the partition whose owner writes status.
const electing = 0

// elected reports whether this pod writes status.
func (s *system) elected() bool { return s.owner.Owns(electing) }

// ownership gives the clients of IM their part of the limits, and lets project
// see whether this pod is elected.
func (s *system) ownership(gained, lost []int) {
	s.Log.Info("Partitions of the journal changed hands", "gained", len(gained), "lost", len(lost), "owned", len(s.owner.Partitions()))
	s.clients.SetShare(float64(max(len(s.owner.Partitions()), 1)) / journal.Partitions)
	select {
	case s.turn <- struct{}{}:
	default:
	}
}

const (
	// userTTL is how long the points of a user are kept after the last ones.
	userTTL = 180 * 24 * time.Hour
	// declaredTTL is how long the state of a room or of an account is kept once
	// nobody declares it any more.
	declaredTTL = projection.KeepFor
	// maxUsers, maxRooms and maxAccounts bound the states in the journal.
	maxUsers    = 1_000_000
	maxRooms    = 100_000
	maxAccounts = 100_000
)

func ownerOptions(changed func(gained, lost []int)) journal.OwnerOptions {
	return journal.OwnerOptions{OnOwnership: changed, Kinds: map[string]journal.Kind{
		fold.User:    {TTL: userTTL, MaxKeys: maxUsers},
		fold.Room:    {TTL: declaredTTL, MaxKeys: maxRooms},
		fold.Account: {TTL: declaredTTL, MaxKeys: maxAccounts},
	}}
}

// rescan shows the writer of levels all users again for a while.
func (s *system) rescan(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, rescanTime)
	defer cancel()
	s.journal.Watch(ctx, fold.User, func(key journal.StateKey, data []byte, deleted bool) {
		if user, err := level.LoadUser(data); err == nil && !deleted && s.owner.Owns(key.Partition) {
			s.writer.Review(key.Name, user)
		}
	})
}

// rescanTime is enough to read a million users.
const rescanTime = time.Minute

// changeUser changes a user's state in the fold of its partition.
func (s *system) changeUser(ctx context.Context, name string, change func(*level.User) bool) error {
	return s.owner.Mutate(ctx, fold.UserKey(name), func(state journal.State) bool {
		user, ok := state.(*level.User)
		return ok && change(user)
	})
}
