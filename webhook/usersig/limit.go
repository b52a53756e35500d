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

package usersig

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"
)

// pace is how often something may be done: on average, and at once.
type pace struct {
	limit rate.Limit
	burst int
}

func (p pace) limiter() *rate.Limiter { return rate.NewLimiter(p.limit, p.burst) }

// perMinute allows n in a minute, a tenth of them at once.
func perMinute(n int32) pace {
	return pace{limit: rate.Limit(float64(n) / time.Minute.Seconds()), burst: max(1, int(n/10))}
}

// buckets are token buckets by key. The one that was not used for longest is
// forgotten first: that lets more through, never less. They are safe for
// concurrent use.
type buckets[K comparable] struct {
	mu   sync.Mutex
	kept *simplelru.LRU[K, *rate.Limiter]
}

func newBuckets[K comparable](size int) *buckets[K] {
	kept, _ := simplelru.NewLRU[K, *rate.Limiter](size, nil) // the only error is a size below one
	return &buckets[K]{kept: kept}
}

// take takes one from the bucket of a key. When that is empty it takes nothing,
// and returns the wait until there is one.
func (b *buckets[K]) take(key K, p pace, now time.Time) (wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	bucket, found := b.kept.Get(key)
	switch {
	case !found:
		bucket = rate.NewLimiter(p.limit, p.burst)
		b.kept.Add(key, bucket)
	case bucket.Limit() != p.limit:
		bucket.SetLimitAt(now, p.limit)
		bucket.SetBurstAt(now, p.burst)
	}
	reservation := bucket.ReserveN(now, 1)
	if wait = reservation.DelayFrom(now); wait > 0 {
		reservation.CancelAt(now)
	}
	return wait
}
