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

package lifecycle

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// freshness keeps a pass from working on a copy that is older than what this
// process itself has written: a stale copy would make it write again.
type freshness struct {
	mu       sync.Mutex
	versions map[types.NamespacedName]string
}

func newFreshness() *freshness {
	return &freshness{versions: map[types.NamespacedName]string{}}
}

// behind reports whether the cache has not caught up with our own last write.
func (f *freshness) behind(obj client.Object) bool {
	key := client.ObjectKeyFromObject(obj)
	f.mu.Lock()
	defer f.mu.Unlock()
	written, ok := f.versions[key]
	if !ok {
		return false
	}
	order, err := resourceversion.CompareResourceVersion(obj.GetResourceVersion(), written)
	if err == nil && order < 0 {
		return true
	}
	delete(f.versions, key) // caught up; nothing to guard until the next write
	return false
}

func (f *freshness) wrote(obj client.Object) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.versions[client.ObjectKeyFromObject(obj)] = obj.GetResourceVersion()
}

func (f *freshness) forget(key types.NamespacedName) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.versions, key)
}

// Drift remembers which objects a sweep found different from what is declared,
// or a callback reported so, so that bringing them back is told as a repair, and
// other changes are not.
type Drift struct {
	mu   sync.Mutex
	keys map[types.NamespacedName]struct{}
}

// NewDrift returns an empty memory, to be shared by a sweeper and a reconciler.
func NewDrift() *Drift { return &Drift{keys: map[types.NamespacedName]struct{}{}} }

// Note remembers that an object is said to be different.
func (d *Drift) Note(key types.NamespacedName) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.keys[key] = struct{}{}
}

// noted reports whether an object was found different.
func (d *Drift) noted(key types.NamespacedName) bool {
	if d == nil {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	_, found := d.keys[key]
	return found
}

// take reports whether an object was found different, and forgets it.
func (d *Drift) take(key types.NamespacedName) bool {
	if d == nil {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	_, found := d.keys[key]
	delete(d.keys, key)
	return found
}

// patience counts how often in a row an object has been held by one reason, so
// that the waits grow.
type patience struct {
	mu   sync.Mutex
	held map[types.NamespacedName]held
}

type held struct {
	reason string
	times  int
}

func newPatience() *patience {
	return &patience{held: map[types.NamespacedName]held{}}
}

// next returns the wait for another look: first, doubled each time, at most limit.
func (p *patience) next(key types.NamespacedName, reason string, first, limit time.Duration) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := p.held[key]
	if before.reason != reason {
		before = held{reason: reason}
	}
	after := first << min(before.times, 16)
	before.times++
	p.held[key] = before
	return min(after, limit)
}

func (p *patience) forget(key types.NamespacedName) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.held, key)
}
