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

package wechat

import (
	"math/rand/v2"
	"slices"
)

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
	return slices.Concat(r.items[r.next:], r.items[:r.next])
}

// last returns the latest n items, oldest first, or fewer.
func (r *ring[T]) last(n uint64) []T {
	list := r.all()
	if n < uint64(len(list)) {
		list = list[uint64(len(list))-n:]
	}
	return list
}

// repeatable makes a source of numbers that a seed repeats.
func repeatable(seed uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, seed)) //nolint:gosec // the numbers protect nothing, and tests repeat them
}
