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
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/liveroom-io/liveroom-operator/internal/im"
)

const (
	// maxCalls at once, so that an API that does not answer holds up that many callers.
	maxCalls = 8
	// maxWaiting callers wait for one of them to end, so that an API that is slow holds up
	// that many more; others come again.
	maxWaiting = 4
	// slotPatience is how long none of the calls may end until nobody waits for them any
	// more, and when those who could not wait come again.
	slotPatience = time.Second
	// breakerTrip is how many attempts in a row without an answer open the breaker, and
	// breakerOpen how long it lets nothing through then.
	breakerTrip = 4
	breakerOpen = 15 * time.Second
)

// patience with an API that may be dead: few callers wait for it at a time, and after
// some attempts that were not answered none does for a while.
type patience struct {
	slots   chan struct{}
	waiting chan struct{}
	breaker *gobreaker.CircuitBreaker[struct{}]

	mu    sync.Mutex
	taken time.Time // when the last slot was
}

func newPatience() *patience {
	return &patience{
		slots: make(chan struct{}, maxCalls), waiting: make(chan struct{}, maxWaiting),
		breaker: gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
			MaxRequests: 1, Timeout: breakerOpen,
			ReadyToTrip: func(counts gobreaker.Counts) bool { return counts.ConsecutiveFailures >= breakerTrip },
			// A refusal proves that the API is alive, and a caller who gives up proves nothing.
			IsSuccessful: func(err error) bool { failed, ok := AsError(err); return !ok || !failed.unanswered },
			IsExcluded:   func(err error) bool { return errors.Is(err, context.Canceled) },
		}),
	}
}

// enter takes a slot. While calls come and go a few callers wait for one, and when the
// calls are stuck nobody does: then it is not known whether any of them will end.
func (c *Client) enter(ctx context.Context, a action) *Error {
	select {
	case c.patience.slots <- struct{}{}:
		c.patience.took(c.Clock.Now())
		return nil
	default:
	}
	select {
	case c.patience.waiting <- struct{}{}:
		defer func() { <-c.patience.waiting }()
	default:
		return &Error{Class: im.RateLimited, Action: a.name, Info: "not called: others wait for their turn", RetryAfter: slotPatience, uncalled: true}
	}
	for {
		wait := c.patience.left(c.Clock.Now())
		if wait <= 0 {
			return &Error{Class: im.Unavailable, Action: a.name, Info: "not called: earlier calls are still waiting for an answer", RetryAfter: slotPatience, uncalled: true}
		}
		select {
		case c.patience.slots <- struct{}{}:
			c.patience.took(c.Clock.Now())
			return nil
		case <-ctx.Done():
			return &Error{Class: im.RateLimited, Action: a.name, Info: "no turn came", Err: ctx.Err(), uncalled: true}
		case <-c.Clock.After(wait):
		}
	}
}

func (p *patience) took(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken = now
}

// left is how long to wait still for one of the calls to end.
func (p *patience) left(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.taken.Add(slotPatience).Sub(now)
}

// attempt makes one attempt, when there is room for it.
func (c *Client) attempt(ctx context.Context, a action, body []byte, into any) *Error {
	if failed := c.enter(ctx, a); failed != nil {
		return failed
	}
	defer func() { <-c.patience.slots }()
	_, err := c.patience.breaker.Execute(func() (struct{}, error) {
		if failed := c.exchange(ctx, a, body, into); failed != nil {
			return struct{}{}, failed
		}
		return struct{}{}, nil
	})
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return &Error{Class: im.Unavailable, Action: a.name, Info: "not called: the last calls were not answered", RetryAfter: breakerOpen / 2, uncalled: true}
	}
	failed, _ := AsError(err)
	return failed
}
