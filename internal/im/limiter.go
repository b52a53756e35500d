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
	"math"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

const (
	// limitMargin is the part of the provider's limit that is used: the rest is for bursts and for requests that are
	// delayed on the way and arrive closer together than they left.
	limitMargin = 0.96
	// burstPart is the largest burst as a part of the limit. Rate and burst together stay below the limit in every
	// window of one second, wherever the provider begins to count.
	burstPart = 0.02
	// penaltyPeriod: refusals within it are one refusal. The answers to calls that left before the first cut must not
	// cut again.
	penaltyPeriod = time.Second
	// recoveryParts is the number of steps, one per second, from standstill to the full rate.
	recoveryParts = 20
)

// bucket is the token bucket of one command. The time is passed in; it is not safe for concurrent use, and it gives out
// one reservation at a time: with several outstanding ones, a change of the rate would let old and new ones overlap.
type bucket struct {
	tokens  *rate.Limiter
	ceiling float64
	floor   float64
	current float64
	cutAt   time.Time
	raised  time.Time
}

// newBucket makes a bucket for a limit in calls per second.
func newBucket(limit float64) *bucket {
	ceiling, burst := ceilingOf(limit)
	return &bucket{
		tokens:  rate.NewLimiter(rate.Limit(ceiling), burst),
		ceiling: ceiling,
		floor:   floorOf(ceiling),
		current: ceiling,
	}
}

// ceilingOf is the rate and the burst that keep within a limit.
func ceilingOf(limit float64) (ceiling float64, burst int) {
	if whole := math.Floor(limit); whole >= 1 {
		limit = whole
	}
	return limitMargin * limit, max(1, int(burstPart*limit))
}

// floorOf is the rate that no refusal lowers further.
func floorOf(ceiling float64) float64 { return min(1, ceiling/8) }

// resize gives the bucket another limit. A rate that was cut keeps its proportion.
func (b *bucket) resize(now time.Time, limit float64) {
	ceiling, burst := ceilingOf(limit)
	if ceiling == b.ceiling {
		return
	}
	current := b.current / b.ceiling * ceiling
	b.ceiling, b.floor = ceiling, floorOf(ceiling)
	b.tokens.SetBurstAt(now, burst)
	b.set(now, min(ceiling, max(b.floor, current)))
}

// reserve takes a token and returns how long to wait for it; the returned function gives the token back.
func (b *bucket) reserve(now time.Time) (wait time.Duration, giveBack func(now time.Time)) {
	b.recover(now)
	reservation := b.tokens.ReserveN(now, 1)
	return reservation.DelayFrom(now), reservation.CancelAt
}

// cut halves the rate after a refusal for frequency, at most once per penaltyPeriod.
func (b *bucket) cut(now time.Time) {
	if !b.cutAt.IsZero() && now.Sub(b.cutAt) < penaltyPeriod {
		return
	}
	b.cutAt, b.raised = now, now
	b.set(now, max(b.floor, b.current/2))
}

// recover gives back a step of the rate for each second without a refusal.
func (b *bucket) recover(now time.Time) {
	steps := int(now.Sub(b.raised) / time.Second)
	if b.current >= b.ceiling || steps < 1 {
		return
	}
	b.raised = b.raised.Add(time.Duration(steps) * time.Second)
	b.set(now, min(b.ceiling, b.current+float64(steps)*b.ceiling/recoveryParts))
}

func (b *bucket) set(now time.Time, to float64) {
	b.current = to
	b.tokens.SetLimitAt(now, rate.Limit(to))
}

// limiter makes callers wait for the tokens of one command, first come, first served.
type limiter struct {
	// gate admits one waiter at a time to the bucket.
	gate    chan struct{}
	waiting atomic.Int64

	mu     sync.Mutex
	bucket *bucket
}

func newLimiter(limit float64) *limiter {
	return &limiter{gate: make(chan struct{}, 1), bucket: newBucket(limit)}
}

// wait blocks until the caller may make one attempt. When the caller's deadline would pass first it returns
// without waiting: a positive duration is then how long the wait would have been.
func (l *limiter) wait(ctx context.Context) (time.Duration, error) {
	ahead := l.waiting.Add(1) - 1
	defer l.waiting.Add(-1)
	deadline, bounded := ctx.Deadline()
	if expected := l.expect(ahead); bounded && time.Until(deadline) < expected {
		return expected, context.DeadlineExceeded
	}

	select {
	case l.gate <- struct{}{}:
		defer func() { <-l.gate }()
	case <-ctx.Done():
		return 0, ctx.Err()
	}

	if err := ctx.Err(); err != nil {
		return 0, err
	}
	wait, giveBack := l.reserve()
	if bounded && time.Until(deadline) < wait {
		giveBack()
		return wait, context.DeadlineExceeded
	}
	if err := sleepFor(ctx, wait); err != nil {
		giveBack()
		return 0, err
	}
	return 0, nil
}

// reserve takes the next token and returns how long to wait for it, and how to give it back.
func (l *limiter) reserve() (wait time.Duration, giveBack func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	wait, cancel := l.bucket.reserve(time.Now())
	return wait, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		cancel(time.Now())
	}
}

// expect is how long a caller with so many others ahead of it will wait at least.
func (l *limiter) expect(ahead int64) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	behind := float64(ahead) - float64(l.bucket.tokens.Burst())
	return time.Duration(max(0, behind) / l.bucket.current * float64(time.Second))
}

func (l *limiter) slowDown() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bucket.cut(time.Now())
}

func (l *limiter) resize(limit float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bucket.resize(time.Now(), limit)
}

// limiting is the layer with a limiter for each command.
type limiting struct {
	next       caller
	limiters   map[*command]*limiter
	quota      func(*command) float64
	metrics    *Metrics
	onThrottle func(command string)
}

// newLimiting makes the limiters. quota is what the process kind may use of a command; share is this client's part of it,
// in (0, 1].
func newLimiting(
	next caller, quota func(*command) float64, share float64, metrics *Metrics, onThrottle func(string),
) *limiting {
	l := &limiting{
		next: next, limiters: make(map[*command]*limiter, len(commands)), quota: quota, metrics: metrics, onThrottle: onThrottle,
	}
	for _, cmd := range commands {
		l.limiters[cmd] = newLimiter(quota(cmd) * share)
	}
	return l
}

// setShare gives all limiters another part of the quota.
func (l *limiting) setShare(share float64) {
	if !(share >= leastShare) { // also what is no number
		share = leastShare
	}
	share = min(share, 1)
	for cmd, limiter := range l.limiters {
		limiter.resize(l.quota(cmd) * share)
	}
}

func (l *limiting) call(ctx context.Context, req request) ([]byte, error) {
	limiter := l.limiters[req.command]
	start := time.Now()
	tooLong, err := limiter.wait(ctx)
	l.metrics.waited(req.command, time.Since(start))
	if err != nil {
		return nil, &failure{err: waitError(req.command, tooLong, err), silent: true}
	}
	answer, err := l.next.call(ctx, req)
	if err != nil && asFailure(err).frequent {
		limiter.slowDown()
		if l.onThrottle != nil {
			l.onThrottle(req.command.name)
		}
	}
	return answer, err
}

// waitError tells a caller who cannot be served in time when to come back, and one who left that it left.
func waitError(cmd *command, tooLong time.Duration, err error) error {
	if tooLong > 0 {
		return &Error{
			Class: RateLimited, Command: cmd.name, RetryAfter: tooLong,
			Info: "the calls that wait already would take longer than this one may",
		}
	}
	return gaveUp(cmd, err)
}
