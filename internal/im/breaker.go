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
	"errors"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"
)

const (
	// breakerTrip is how many failures in a row open a breaker.
	breakerTrip = 5
	// breakerOpen is how long an open breaker lets nothing through.
	breakerOpen = 5 * time.Second
)

// breaking stops calling a command that fails to be answered, so that a dead provider costs one attempt every few
// seconds rather than a time-out for each caller. Refusals by the provider prove that it is alive and count as
// successes.
type breaking struct {
	next     caller
	breakers map[*command]*breaker
	metrics  *Metrics
}

type breaker struct {
	*gobreaker.CircuitBreaker[[]byte]
	opened atomic.Int64 // unix nanoseconds
}

func newBreaking(next caller, metrics *Metrics) *breaking {
	b := &breaking{next: next, breakers: make(map[*command]*breaker, len(commands)), metrics: metrics}
	for _, cmd := range commands {
		one := &breaker{}
		one.CircuitBreaker = gobreaker.NewCircuitBreaker[[]byte](gobreaker.Settings{
			Name:         cmd.name,
			MaxRequests:  1,
			Timeout:      breakerOpen,
			ReadyToTrip:  func(counts gobreaker.Counts) bool { return counts.ConsecutiveFailures >= breakerTrip },
			IsSuccessful: func(err error) bool { return err == nil || asFailure(err).class != Unavailable },
			IsExcluded:   func(err error) bool { return err != nil && asFailure(err).silent },
			OnStateChange: func(_ string, from, to gobreaker.State) {
				if to == gobreaker.StateOpen {
					one.opened.Store(time.Now().UnixNano())
					metrics.breakerOpened(cmd)
				}
				if from == gobreaker.StateOpen {
					metrics.breakerEnded(cmd)
				}
			},
		})
		b.breakers[cmd] = one
	}
	return b
}

func (b *breaking) call(ctx context.Context, req request) ([]byte, error) {
	one := b.breakers[req.command]
	answer, err := one.Execute(func() ([]byte, error) { return b.next.call(ctx, req) })
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		left := breakerOpen - time.Since(time.Unix(0, one.opened.Load()))
		return nil, &failure{
			err: &Error{
				Class: Unavailable, Command: req.command.name, RetryAfter: max(left, time.Second),
				Info: "not called: the last calls were not answered",
			},
			verdict: verdict{class: Unavailable},
		}
	}
	return answer, err
}

// close takes the client's open breakers out of the gauge.
func (b *breaking) close() {
	for cmd, one := range b.breakers {
		if one.State() == gobreaker.StateOpen {
			b.metrics.breakerEnded(cmd)
		}
	}
}
