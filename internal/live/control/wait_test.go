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

package control

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"k8s.io/utils/clock"

	"github.com/liveroom-io/liveroom-operator/internal/im"
)

// quick is a clock on which waiting takes no time, and is written down.
type quick struct {
	clock.RealClock

	mu     sync.Mutex
	now    time.Time
	pauses []time.Duration
}

func (q *quick) Now() time.Time {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.now
}

func (q *quick) After(d time.Duration) <-chan time.Time {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.now = q.now.Add(d)
	q.pauses = append(q.pauses, d)
	over := make(chan time.Time, 1)
	over <- q.now
	return over
}

// What passes is tried again, after pauses that grow and are not all alike.
func TestAgain(t *testing.T) {
	t.Parallel()
	different := map[time.Duration]bool{}
	for range 5 {
		c, a := client(t, refuse("RequestLimitExceeded", "x"), refuse("InternalError", "x"))
		if err := c.Resume(t.Context(), Stream{Name: "s"}); err != nil || len(a.calls) != 3 {
			t.Error(err, a.calls)
		}
		pauses := c.Clock.(*quick).pauses
		if len(pauses) != 2 || pauses[0] < firstPause || pauses[0] >= firstPause*3/2 || pauses[1] < 2*firstPause || pauses[1] >= 3*firstPause {
			t.Errorf("pauses %v", pauses)
		}
		different[pauses[0]] = true
	}
	if len(different) < 2 {
		t.Error("all pauses are the same")
	}
}

// A call ends with its context, whatever it waits for.
func TestContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	c, _ := client(t, func(w http.ResponseWriter) { cancel(); say(`{"Response":{}}`)(w) })
	// The answer may have arrived by then. The next call finds the context ended.
	_ = c.Resume(ctx, Stream{Name: "s"})
	if err := c.Resume(ctx, Stream{Name: "s"}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}

	arrived, release := make(chan struct{}), make(chan struct{})
	ctx, cancel = context.WithCancel(t.Context())
	c, a := client(t, func(http.ResponseWriter) { close(arrived); <-release })
	done := make(chan error)
	go func() { done <- c.Resume(ctx, Stream{Name: "s"}) }()
	<-arrived
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) || len(a.calls) != 1 {
		t.Error(err, a.calls)
	}
	close(release)

	c, a = client(t)
	c.limits[dismissRoom.name].SetLimit(0.0001)
	if err := c.DismissRoom(t.Context(), 1, 2); err != nil {
		t.Fatal(err)
	}
	soon, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	err := c.DismissRoom(soon, 1, 2)
	if e, ok := AsError(err); !ok || e.Class != im.RateLimited || e.RetryAfter < time.Minute || len(a.calls) != 1 {
		t.Error(err, a.calls)
	}
	c.Clock = clock.RealClock{}
	if err := c.DismissRoom(ctx, 1, 2); !errors.Is(err, context.Canceled) || len(a.calls) != 1 {
		t.Error(err, a.calls)
	}
}

// Calls keep to the limit of their action, wherever a second begins.
func TestLimits(t *testing.T) {
	t.Parallel()
	c, a := client(t)
	for _, a := range actions {
		limit := c.limits[a.name]
		if float64(limit.Limit())+float64(limit.Burst()) > a.perSecond || limit.Burst() < 1 {
			t.Errorf("%s: %v a second with %d at once, of %v", a.name, limit.Limit(), limit.Burst(), a.perSecond)
		}
	}
	begin := c.Clock.Now()
	for range 61 {
		if err := c.DismissRoom(t.Context(), 1400000000, 12345); err != nil {
			t.Fatal(err)
		}
	}
	if took := c.Clock.Now().Sub(begin); took < 3*time.Second || took > 4*time.Second || len(a.calls) != 61 {
		t.Errorf("%d calls in %s", len(a.calls), took)
	}
}
