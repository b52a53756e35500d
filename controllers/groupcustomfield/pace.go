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

package groupcustomfield

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/liveroom-io/liveroom-operator/controllers/application"
)

// Waits between two tries of a field that was refused. Every verdict wakes the
// declaration, so without a pace of its own a refusal would lead to the next
// try at once.
const (
	firstPause = 500 * time.Millisecond
	lastPause  = 30 * time.Second
)

// pace spaces the tries of refused fields.
type pace struct {
	mu    sync.Mutex
	tries map[attempt]pause
}

type attempt struct {
	app   types.NamespacedName
	field application.FieldType
}

type pause struct {
	length time.Duration
	until  time.Time
	tries  int
}

func newPace() *pace { return &pace{tries: map[attempt]pause{}} }

// due reports whether a field may be tried now, and if so counts the try, whose
// number it returns.
func (p *pace) due(field application.FieldType, app types.NamespacedName, now time.Time) (try int, due bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := attempt{app: app, field: field}
	last := p.tries[key]
	if now.Before(last.until) {
		return 0, false
	}
	next := min(max(2*last.length, firstPause), lastPause)
	p.tries[key] = pause{length: next, until: now.Add(next), tries: last.tries + 1}
	return last.tries, true
}

// forget drops what is remembered of a field that is proven or gone.
func (p *pace) forget(field application.FieldType, app types.NamespacedName) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.tries, attempt{app: app, field: field})
}
