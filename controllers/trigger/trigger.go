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

// Package trigger wakes objects from inside the process: the application that
// was waited for is reachable, a field was proven, a sweep saw a difference.
package trigger

import (
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

// Urgency orders a wake-up among what users changed.
type Urgency int

const (
	// Background lets changes by users overtake: sweeps, verification.
	Background Urgency = handler.LowPriority
	// Prompt stands in line with changes by users.
	Prompt Urgency = 0
)

// Trigger adds keys to the queue of one controller. Before the controller has a
// queue it drops them: the start itself looks at every object.
type Trigger struct {
	mu    sync.RWMutex
	queue workqueue.TypedRateLimitingInterface[reconcile.Request]
}

// New returns a trigger that is not connected to a queue yet.
func New() *Trigger { return &Trigger{} }

// Source connects the trigger with a controller's queue when it starts.
func (t *Trigger) Source() source.Source {
	return source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.queue = queue
		return nil
	})
}

// Wake asks for a pass over the given objects.
func (t *Trigger) Wake(urgency Urgency, keys ...types.NamespacedName) {
	t.WakeAfter(urgency, 0, keys...)
}

// WakeAfter asks for a pass over the given objects after a while.
func (t *Trigger) WakeAfter(urgency Urgency, after time.Duration, keys ...types.NamespacedName) {
	t.mu.RLock()
	queue := t.queue
	t.mu.RUnlock()
	if queue == nil || len(keys) == 0 {
		return
	}
	requests := make([]reconcile.Request, len(keys))
	for i, key := range keys {
		requests[i] = reconcile.Request{NamespacedName: key}
	}
	if pq, ok := queue.(priorityqueue.PriorityQueue[reconcile.Request]); ok {
		priority := int(urgency)
		pq.AddWithOpts(priorityqueue.AddOpts{Priority: &priority, After: after}, requests...)
		return
	}
	for _, request := range requests {
		queue.AddAfter(request, after)
	}
}
