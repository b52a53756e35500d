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

package projection

import (
	"container/heap"
	"time"
)

// queue says which object is written next: each once it is due, the most
// overdue first. It is not safe for concurrent use.
type queue[K comparable] struct {
	spacing time.Duration
	items   map[K]*item[K]
	order   dueOrder[K]
}

// item is one object.
type item[K comparable] struct {
	key   K
	due   time.Time
	index int // in the order; -1 when there is nothing to write
	// written is when the object was last written.
	written time.Time
}

// newQueue spaces the writes of one object.
func newQueue[K comparable](spacing time.Duration) *queue[K] {
	return &queue[K]{spacing: spacing, items: map[K]*item[K]{}}
}

// offer notes that there is news of an object: it is due when its last write is
// far enough in the past.
func (q *queue[K]) offer(key K, now time.Time) {
	it := q.item(key)
	due := it.written.Add(q.spacing)
	if due.Before(now) {
		due = now
	}
	if it.index < 0 {
		it.due = due
		heap.Push(&q.order, it)
	}
}

// hurry makes an object due at a time, whenever it was last written, unless it
// is due earlier.
func (q *queue[K]) hurry(key K, at time.Time) {
	it := q.item(key)
	switch {
	case it.index < 0:
		it.due = at
		heap.Push(&q.order, it)
	case at.Before(it.due):
		it.due = at
		heap.Fix(&q.order, it.index)
	}
}

// next takes out the object that is most overdue.
func (q *queue[K]) next(now time.Time) (K, bool) {
	var none K
	if len(q.order) == 0 || q.order[0].due.After(now) {
		return none, false
	}
	return heap.Pop(&q.order).(*item[K]).key, true
}

// wrote notes a write.
func (q *queue[K]) wrote(key K, at time.Time) { q.item(key).written = at }

// forget drops an object.
func (q *queue[K]) forget(key K) {
	if it := q.items[key]; it != nil {
		if it.index >= 0 {
			heap.Remove(&q.order, it.index)
		}
		delete(q.items, key)
	}
}

// soonest is when the next object is due.
func (q *queue[K]) soonest() (time.Time, bool) {
	if len(q.order) == 0 {
		return time.Time{}, false
	}
	return q.order[0].due, true
}

func (q *queue[K]) item(key K) *item[K] {
	it := q.items[key]
	if it == nil {
		it = &item[K]{key: key, index: -1}
		q.items[key] = it
	}
	return it
}

// dueOrder is a heap by due time.
type dueOrder[K comparable] []*item[K]

func (o dueOrder[K]) Len() int           { return len(o) }
func (o dueOrder[K]) Less(i, j int) bool { return o[i].due.Before(o[j].due) }
func (o dueOrder[K]) Swap(i, j int) {
	o[i], o[j] = o[j], o[i]
	o[i].index, o[j].index = i, j
}

func (o *dueOrder[K]) Push(x any) {
	it := x.(*item[K])
	it.index = len(*o)
	*o = append(*o, it)
}

func (o *dueOrder[K]) Pop() any {
	last := (*o)[len(*o)-1]
	(*o)[len(*o)-1] = nil
	*o = (*o)[:len(*o)-1]
	last.index = -1
	return last
}
