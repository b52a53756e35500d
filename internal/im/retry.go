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
	"time"
)

const (
	// maxAttempts bounds one call, whatever its failures are.
	maxAttempts = 3
	// retryBudget bounds the time that a call spends in HTTP exchanges and pauses before another attempt may begin.
	// Waiting for tokens does not count: it is not the provider's trouble.
	retryBudget = 3 * time.Second
	// firstPause is the pause before the second attempt, before jitter; each further pause is three times as long.
	firstPause = 200 * time.Millisecond
)

// retrying repeats attempts where the provider's guide allows it (IM REST contract, section 17) and turns what is left
// into the error that callers see.
type retrying struct {
	next     caller
	attempts int
	// jitter returns a number in [0, 1).
	jitter func() float64
	// sleep waits, or returns the context's error.
	sleep func(context.Context, time.Duration) error
}

func (r *retrying) call(ctx context.Context, req request) ([]byte, error) {
	var spent time.Duration
	var used [backoff + 1]bool
	for attempt := 1; ; attempt++ {
		answer, err := r.next.call(ctx, req)
		if err == nil {
			return answer, nil
		}
		f := asFailure(err)
		spent += f.took
		pause := r.pause(attempt, f)
		if attempt >= r.attempts || !mayRepeat(req.command, f, used[f.again]) ||
			spent+pause > retryBudget || !timeLeft(ctx, pause) {
			return nil, f.final(req.command)
		}
		used[f.again] = true
		spent += pause
		if r.sleep(ctx, pause) != nil {
			return nil, f.final(req.command)
		}
	}
}

// mayRepeat decides by the failure, by what the command tolerates, and by whether this kind of repetition was used
// in this call before.
func mayRepeat(cmd *command, f *failure, used bool) bool {
	if cmd.once && f.maybeDone && f.sent {
		return false
	}
	switch f.again {
	case backoff:
		return true
	case onceMore, renewed:
		return !used
	default:
		return false
	}
}

// pause is how long to wait after the given attempt: between half and one and a half times the nominal pause. A new
// UserSig needs no pause.
func (r *retrying) pause(attempt int, f *failure) time.Duration {
	if f.again == renewed {
		return 0
	}
	nominal := firstPause
	for range attempt - 1 {
		nominal *= 3
	}
	return time.Duration(float64(nominal) * (0.5 + r.jitter()))
}

// timeLeft reports whether the caller will still be there after a pause. If not, the failure at hand tells it more
// than a passed deadline would.
func timeLeft(ctx context.Context, pause time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() == nil && (!ok || time.Until(deadline) > pause)
}

// final is the error that the caller of the client sees.
func (f *failure) final(cmd *command) error {
	if !cmd.once || !f.maybeDone || !f.sent {
		return f.err
	}
	unknown := &Error{Class: UnknownOutcome, Command: cmd.name}
	if e, ok := AsError(f.err); ok {
		unknown.Code, unknown.Info, unknown.Err = e.Code, e.Info, e.Err
	} else {
		unknown.Err = f.err
	}
	return unknown
}

// sleepFor waits for a time or for the end of the context.
func sleepFor(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
