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

package relay

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/liveroom-io/liveroom-operator/webhook/journal"
	"github.com/liveroom-io/liveroom-operator/webhook/officialaccount"
)

// tell writes the sums of this member's partitions for those who report them.
func (r *Relay) tell(ctx context.Context) {
	rounds, told := 0, map[string]outcry{}
	ticker := r.Clock.NewTicker(tallyEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C():
		}
		if rounds++; rounds%forgetRounds == 0 {
			r.lively.forget(r.Clock.Now().Add(-longestSession), func(key string) bool { return r.owner.Owns(journal.Partition(key)) })
		}
		for key, l := range r.books.news() {
			err := r.owner.Mutate(ctx, key, func(state journal.State) bool {
				t, ok := state.(*tally)
				return ok && t.report(l.sum, l.originalID, l.minute)
			})
			if err != nil {
				r.books.again(key)
			}
		}
		r.cry(ctx, told)
	}
}

const (
	// cryEvery is how often a distress that lasts is told again, and cryHeard how long
	// others believe it without that.
	cryEvery = 30 * time.Second
	cryHeard = 3 * cryEvery
)

// outcry is where and with what words the distress of an account was told last.
type outcry struct {
	key  journal.StateKey
	said distress
}

// cry tells, in the tally of this member's first partition, what keeps it from
// passing on messages: who reports it may be another member.
func (r *Relay) cry(ctx context.Context, told map[string]outcry) {
	first := -1
	for partition := range journal.Partitions {
		if r.owner.Owns(partition) {
			first = partition
			break
		}
	}
	now := r.Clock.Now()
	present := r.distressed(now)
	for uid, last := range told {
		if _, lasts := present[uid]; lasts && last.key.Partition == first {
			continue
		}
		// It is over, or is told elsewhere from now on.
		if r.report(ctx, last.key, nil) {
			delete(told, uid)
		}
	}
	if first < 0 {
		return
	}
	for uid, d := range present {
		last, known := told[uid]
		if known && last.said.Late == d.Late && last.said.Obstacle == d.Obstacle && d.At-last.said.At < int64(cryEvery/time.Second) {
			continue
		}
		if key := tallyName(uid, first); r.report(ctx, key, &d) {
			told[uid] = outcry{key: key, said: d}
		}
	}
}

// report a distress in a tally, or that it is over. It is tried again if it reports
// false.
func (r *Relay) report(ctx context.Context, key journal.StateKey, d *distress) bool {
	err := r.owner.Mutate(ctx, key, func(state journal.State) bool {
		t, ok := state.(*tally)
		if !ok || t.Trouble == nil && d == nil {
			return false
		}
		t.Trouble = d
		return true
	})
	// A partition that is lost has another member's distress.
	return err == nil || errors.Is(err, journal.ErrNotOwned)
}

const (
	// longestSession is the longest sessionIdleSeconds.
	longestSession = 48 * time.Hour
	// forgetRounds is how often those are forgotten who do not write any more.
	forgetRounds = 30
)

// numbers of all accounts, as all members have told them.
type numbers struct {
	changed func(uid string)

	mu      sync.Mutex
	tallies map[string]map[int]*tally // by account and partition
}

func newNumbers(changed func(uid string)) *numbers {
	return &numbers{changed: changed, tallies: map[string]map[int]*tally{}}
}

// heard takes over a tally.
func (n *numbers) heard(key journal.StateKey, data []byte, deleted bool) {
	uid := accountOf(key.Name)
	t, err := loadTally(data)
	if err != nil || deleted {
		t = &tally{}
	}
	n.mu.Lock()
	if n.tallies[uid] == nil {
		n.tallies[uid] = map[int]*tally{}
	}
	n.tallies[uid][key.Partition] = t
	n.mu.Unlock()
	n.changed(uid)
}

// Traffic of an account, over all members.
func (r *Relay) Traffic(uid string) officialaccount.Traffic {
	var all officialaccount.Traffic
	all.Sessions = map[string]int32{}
	believed := r.Clock.Now().Add(-cryHeard).Unix()
	n := r.numbers
	n.mu.Lock()
	defer n.mu.Unlock()
	var minute int64
	for _, partition := range slices.Sorted(maps.Keys(n.tallies[uid])) {
		t := n.tallies[uid][partition]
		if t.Trouble != nil && t.Trouble.At > believed {
			all.Backlog += t.Trouble.Late
			all.Obstacle = cmp.Or(all.Obstacle, t.Trouble.Obstacle)
		}
		all.Followers += t.Sum.Followers
		all.RelayedToAgents += t.Sum.ToAgent + t.Gone.ToAgent
		all.RelayedToCustomers += t.Sum.ToCustomer + t.Gone.ToCustomer
		all.UnknownOutcomes += t.Sum.Unknown + t.Gone.Unknown
		all.Waiting += int32(min(t.Sum.Waiting, 1<<30))
		for agent, count := range t.Sum.Sessions {
			all.Sessions[agent] += count
		}
		if t.OriginalID != "" && t.LastMinute >= minute {
			all.OriginalID = t.OriginalID
		}
		minute = max(minute, t.LastMinute)
	}
	if minute > 0 {
		all.LastInbound = time.Unix(minute, 0)
	}
	return all
}

// sessions of the agents of an account: the present ones of this member's
// partitions, and what the others told last.
func (r *Relay) sessions(uid string) map[string]int32 {
	all := r.books.sessions(uid)
	n := r.numbers
	n.mu.Lock()
	defer n.mu.Unlock()
	for partition, t := range n.tallies[uid] {
		if r.owner.Owns(partition) {
			continue
		}
		for agent, count := range t.Sum.Sessions {
			all[agent] += count
		}
	}
	return all
}
