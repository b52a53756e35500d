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

package im

import (
	"math/rand/v2"
	"time"
)

// boundedSet remembers keys with a time, at most a fixed number of them: the
// oldest gives way.
type boundedSet[K comparable] struct {
	most    int
	entries map[K]time.Time
	order   []K
	evicted func(K)
}

func newBoundedSet[K comparable](most int) *boundedSet[K] {
	return &boundedSet[K]{most: most, entries: map[K]time.Time{}}
}

// put adds a key or renews its time and place.
func (b *boundedSet[K]) put(key K, at time.Time) {
	b.remove(key)
	b.entries[key] = at
	b.order = append(b.order, key)
	for len(b.order) > b.most {
		oldest := b.order[0]
		b.order = b.order[1:]
		delete(b.entries, oldest)
		if b.evicted != nil {
			b.evicted(oldest)
		}
	}
}

func (b *boundedSet[K]) get(key K) (time.Time, bool) {
	at, ok := b.entries[key]
	return at, ok
}

func (b *boundedSet[K]) remove(key K) {
	if _, ok := b.entries[key]; !ok {
		return
	}
	delete(b.entries, key)
	for i, other := range b.order {
		if other == key {
			b.order = append(b.order[:i], b.order[i+1:]...)
			return
		}
	}
}

// ring keeps the last items, at most a fixed number of them.
type ring[T any] struct {
	most  int
	items []T
	next  int
	total uint64
}

func newRing[T any](most int) *ring[T] { return &ring[T]{most: most} }

func (r *ring[T]) push(item T) {
	r.total++
	if len(r.items) < r.most {
		r.items = append(r.items, item)
		return
	}
	r.items[r.next] = item
	r.next = (r.next + 1) % r.most
}

// all returns the items, oldest first.
func (r *ring[T]) all() []T {
	list := make([]T, 0, len(r.items))
	list = append(list, r.items[r.next:]...)
	return append(list, r.items[:r.next]...)
}

// each visits the items in place, newest first, until visit returns false.
func (r *ring[T]) each(visit func(*T) bool) {
	for i := range r.items {
		index := (r.next - 1 - i + 2*len(r.items)) % len(r.items)
		if !visit(&r.items[index]) {
			return
		}
	}
}

// dedupWindow remembers what happened under a key for a fixed time, for a
// bounded number of keys.
type dedupWindow[K comparable, V any] struct {
	window  time.Duration
	entries map[K]V
	order   []dedupEntry[K]
}

type dedupEntry[K comparable] struct {
	key K
	at  time.Time
}

// maxDedupEntries bounds one window.
const maxDedupEntries = 100_000

func newDedupWindow[K comparable, V any](window time.Duration) *dedupWindow[K, V] {
	return &dedupWindow[K, V]{window: window, entries: map[K]V{}}
}

// seen returns what was remembered under the key within the window.
func (d *dedupWindow[K, V]) seen(key K, now time.Time) (V, bool) {
	d.expire(now)
	value, ok := d.entries[key]
	return value, ok
}

// remember stores what happened; the caller has asked seen before.
func (d *dedupWindow[K, V]) remember(key K, value V, now time.Time) {
	d.entries[key] = value
	d.order = append(d.order, dedupEntry[K]{key: key, at: now})
	if len(d.order) > maxDedupEntries {
		d.drop(1)
	}
}

func (d *dedupWindow[K, V]) expire(now time.Time) {
	expired := 0
	for expired < len(d.order) && now.Sub(d.order[expired].at) >= d.window {
		expired++
	}
	d.drop(expired)
}

func (d *dedupWindow[K, V]) drop(count int) {
	for _, entry := range d.order[:count] {
		delete(d.entries, entry.key)
	}
	d.order = d.order[count:]
}

// repeatable makes a source of numbers that a seed repeats.
func repeatable(seed uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, seed)) //nolint:gosec // the numbers protect nothing, and tests repeat them
}
