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

package moderation

import (
	"hash/maphash"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"k8s.io/apimachinery/pkg/types"
)

// Limits of a Limiter.
const (
	// MaxSenders is how many users, counted once for each room and policy, a
	// limiter remembers. Above it the one that was silent for longest is
	// forgotten first.
	MaxSenders = 100_000
	// maxTimes bounds the times that are remembered, per sender on average.
	maxTimes = 16

	shards = 32
)

// Limiter bounds how many messages each user sends into each room. The window
// slides and is exact: of the messages that were let through, no window of the
// policy's length holds more than it allows. Memory is bounded, and what is
// forgotten lets more through, never less. It is safe for concurrent use.
type Limiter struct {
	seed   maphash.Seed
	shards [shards]shard
}

type shard struct {
	mu      sync.Mutex
	senders *simplelru.LRU[sender, *sent]
	times   int // of all senders together
	most    int
}

// sender is a user in a room, under a policy.
type sender struct {
	policy, group, user string
	app                 types.NamespacedName
}

// sent are the times of the last messages, in a ring once it is full.
type sent struct {
	times  []int64
	oldest int
}

// NewLimiter returns a limiter that remembers MaxSenders.
func NewLimiter() *Limiter { return newLimiter(MaxSenders) }

func newLimiter(users int) *Limiter {
	l := &Limiter{seed: maphash.MakeSeed()}
	each := max(1, (users+shards-1)/shards)
	for i := range l.shards {
		s := &l.shards[i]
		s.most = each * maxTimes
		// The only error is a size below one.
		s.senders, _ = simplelru.NewLRU(each, func(_ sender, gone *sent) { s.times -= len(gone.times) })
	}
	return l
}

// admit counts a message and reports whether it keeps within the rate. One that
// does not is not counted. A clock that goes back makes users at the limit wait
// for as much longer.
func (l *Limiter) admit(r *rate, key sender, now time.Time) bool {
	key.policy = r.key
	s := &l.shards[maphash.Comparable(l.seed, key)%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	history, ok := s.senders.Get(key)
	if !ok {
		history = &sent{}
		s.senders.Add(key, history)
	}
	at := now.UnixNano()
	if len(history.times) < r.messages {
		history.times = append(history.times, at)
		s.times++
		for s.times > s.most && s.senders.Len() > 1 {
			s.senders.RemoveOldest()
		}
		return true
	}
	if at-history.times[history.oldest] < int64(r.window) {
		return false
	}
	history.times[history.oldest] = at
	history.oldest = (history.oldest + 1) % r.messages
	return true
}
