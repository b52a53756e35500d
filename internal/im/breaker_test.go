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
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestProbePassesAnOpenBreaker(t *testing.T) {
	p := newProvider(t)
	p.steps("account_check", resets)
	c := newClient(t, p.URL)
	for range 2 {
		if _, err := c.AccountExists(t.Context(), "alice"); !IsUnavailable(err) {
			t.Fatalf("got %v", err)
		}
	}
	before := p.count()
	if before != breakerTrip {
		t.Fatalf("%d attempts, want %d", before, breakerTrip)
	}
	_, err := c.AccountExists(t.Context(), "alice")
	if e, ok := AsError(err); !ok || e.Class != Unavailable || e.RetryAfter <= 0 || e.RetryAfter > breakerOpen {
		t.Errorf("got %+v", e)
	}
	if p.count() != before {
		t.Error("the breaker let a call through")
	}
	p.answers("account_check", answerOK)
	if err := c.Probe(t.Context()); err != nil {
		t.Errorf("got %v", err)
	}
	// Other commands are not held up.
	if err := create(t.Context(), c); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestBreakerOpensAndCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		metrics, _ := NewMetrics(nil)
		var answer error
		calls := 0
		b := newBreaking(callerFunc(func(context.Context, request) ([]byte, error) {
			calls++
			return nil, answer
		}), metrics)
		call := func() error {
			_, err := b.call(t.Context(), request{command: createGroup})
			return err
		}
		open := func() float64 { return testutil.ToFloat64(metrics.breakers.WithLabelValues("create_group")) }

		// Neither the provider's refusals nor what says nothing about it opens the breaker.
		for _, answer = range []error{
			refusal(createGroup, 10007, ""), refusal(createGroup, 60007, ""), refusal(createGroup, 70009, ""),
			&failure{err: context.Canceled, silent: true}, nil,
		} {
			for range 2 * breakerTrip {
				_ = call()
			}
		}
		if calls != 10*breakerTrip || open() != 0 {
			t.Fatalf("%d calls, %g open", calls, open())
		}
		answer = refusal(createGroup, 60008, "")
		calls = 0
		for range 2 * breakerTrip {
			_ = call()
		}
		if calls != breakerTrip || open() != 1 {
			t.Fatalf("%d calls, %g open", calls, open())
		}
		if e, _ := AsError(call()); e == nil || e.Class != Unavailable || e.RetryAfter != breakerOpen {
			t.Errorf("got %+v", e)
		}
		// After a while one call may try, and its success closes the breaker.
		pass(breakerOpen + time.Millisecond)
		answer = nil
		if err := call(); err != nil || open() != 0 {
			t.Errorf("got %v, %g open", err, open())
		}
		// A client that goes takes its open breaker out of the figures.
		answer = refusal(createGroup, 60008, "")
		for range breakerTrip {
			_ = call()
		}
		b.close()
		if open() != 0 {
			t.Errorf("%g open after the end", open())
		}
	})
}

type callerFunc func(context.Context, request) ([]byte, error)

func (f callerFunc) call(ctx context.Context, req request) ([]byte, error) { return f(ctx, req) }
