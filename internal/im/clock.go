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
	"net/http"
	"sync"
	"time"
)

// Clock tells the wall time: for signatures' ages and for comparing with the provider's clock. Pauses and time-outs
// run on the machine's monotonic clock and do not ask it.
type Clock interface{ Now() time.Time }

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

// providerClock estimates the provider's clock from the Date header of its answers.
//
// An answer dated D was written when the provider's clock stood between D and D plus one second, and before it arrived
// here. So D plus the time since the arrival is never ahead of the provider, and at most a second and the way back
// behind it. The latest answer decides: the provider is many machines, and a maximum over all of them would be
// ahead of some.
type providerClock struct {
	local Clock

	mu      sync.Mutex
	date    time.Time
	arrival time.Time
}

// observe takes in the Date header of an answer that has just arrived; one that cannot be read is ignored.
func (p *providerClock) observe(header string) {
	date, err := http.ParseTime(header)
	if err != nil {
		return
	}
	arrival := p.local.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.date, p.arrival = date, arrival
}

// now is the provider's time in whole seconds; the local time before the first answer.
func (p *providerClock) now() time.Time {
	local := p.local.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.date.IsZero() {
		return local.Truncate(time.Second)
	}
	return p.date.Add(local.Sub(p.arrival)).Truncate(time.Second)
}
