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

package live

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	// maxDeliveries are remembered, maxPending under way or held at a time; more are
	// dropped, and counted.
	maxDeliveries = 4096
	maxPending    = 2048
	// maxConnections to a receiver at a time.
	maxConnections = 64
	// maxAnswer is how long TRTC takes an answer to be, with its head.
	maxAnswer = 2000
)

// plan is how a callback is repeated until it is taken.
type plan struct {
	timeout time.Duration
	gaps    []time.Duration // before each repeat
	within  time.Duration   // no repeat begins later than that after the first try; 0 is no end
	limit   int             // of the answer in bytes; 0 is no limit
}

// Plans of sections 3.1 and 7.1.
var (
	usualPlan      = plan{timeout: 20 * time.Second, gaps: slices.Repeat([]time.Duration{time.Minute}, 12)}
	screenshotPlan = plan{timeout: 20 * time.Second, gaps: slices.Repeat([]time.Duration{2 * time.Minute}, 5)}
	roomPlan       = plan{
		timeout: 5 * time.Second, within: time.Minute, limit: maxAnswer,
		gaps: append([]time.Duration{0}, slices.Repeat([]time.Duration{10 * time.Second}, 6)...),
	}
)

// Delivery is a callback and what became of it.
type Delivery struct {
	// Number counts from 1. Repeats is the number of the one that it repeats, or 0.
	Number  int `json:"number"`
	Repeats int `json:"repeats,omitempty"`
	// Kind is the event type; those of TRTC are 101 to 106, 201 to 206 and 401, and have
	// a header Sign.
	Kind int       `json:"kind"`
	URL  string    `json:"url"`
	Sign string    `json:"sign,omitempty"`
	Body string    `json:"body"`
	Time time.Time `json:"time"`
	// Statuses of the answers to the tries so far; 0 is none, or one that is too long.
	Statuses []int `json:"statuses"`
	// State is Pending, Taken or GivenUp.
	State string `json:"state"`
}

// States of a delivery.
const (
	Pending = "Pending"
	Taken   = "Taken"
	GivenUp = "GivenUp"
)

// delivery is a callback that is to be sent.
type delivery struct {
	Delivery

	plan *plan
	app  string // header of TRTC
}

// outbox remembers the last callbacks.
type outbox struct {
	number int // of the last
	kept   []*delivery
}

// send a callback in the background, with the lock held.
func (s *Simulator) send(d *delivery) {
	s.dispatch(d)
	if s.disorder.Duplicate {
		s.dispatch(d.again(d.plan))
	}
}

// again is the same callback once more, byte by byte.
func (d *delivery) again(p *plan) *delivery {
	return &delivery{Delivery: Delivery{Repeats: d.Number, Kind: d.Kind, URL: d.URL, Sign: d.Sign, Body: d.Body}, plan: p, app: d.app}
}

func (s *Simulator) dispatch(d *delivery) {
	if s.closed || s.stats.Callbacks.Pending >= maxPending {
		s.stats.Callbacks.Dropped++
		return
	}
	s.outbox.number++
	d.Number, d.Time, d.State, d.Statuses = s.outbox.number, s.options.Clock(), Pending, []int{}
	s.outbox.kept = append(s.outbox.kept, d)
	if extra := len(s.outbox.kept) - maxDeliveries; extra > 0 {
		s.outbox.kept = slices.Delete(s.outbox.kept, 0, extra)
	}
	s.stats.Callbacks.Made++
	s.stats.Callbacks.Pending++
	s.running.Go(func() { s.deliver(d) })
}

// deliver tries until the callback is taken, or the plan ends.
func (s *Simulator) deliver(d *delivery) {
	state := GivenUp
	spent := time.Duration(0) // by the plan's clock, so that a scale changes nothing
	for try := 0; ; try++ {
		status, late := s.try(d)
		s.mu.Lock()
		d.Statuses = append(d.Statuses, status)
		s.mu.Unlock()
		if status == http.StatusOK {
			state = Taken
			break
		}
		if late {
			spent += d.plan.timeout
		}
		if try >= len(d.plan.gaps) {
			break
		}
		spent += d.plan.gaps[try]
		if d.plan.within > 0 && spent > d.plan.within || !s.pause(d.plan.gaps[try]) {
			break
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d.State = state
	s.stats.Callbacks.Pending--
	if state == Taken {
		s.stats.Callbacks.Taken++
	} else {
		s.stats.Callbacks.GivenUp++
	}
}

// pause reports whether the simulator goes on.
func (s *Simulator) pause(gap time.Duration) bool {
	timer := time.NewTimer(time.Duration(float64(gap) * s.options.TimeScale))
	defer timer.Stop()
	select {
	case <-s.ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// try once; late tells that the time for an answer ran out.
func (s *Simulator) try(d *delivery) (status int, late bool) {
	ctx, cancel := context.WithTimeout(s.ctx, time.Duration(float64(d.plan.timeout)*s.options.TimeoutScale))
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL, strings.NewReader(d.Body))
	if err != nil {
		return 0, false
	}
	r.Header.Set("Content-Type", "application/json")
	if d.Sign != "" {
		r.Header.Set("Sign", d.Sign)
	}
	if d.app != "" {
		r.Header.Set("SdkAppId", d.app)
	}
	response, err := s.http.Do(r)
	if err != nil {
		return 0, ctx.Err() != nil
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return 0, ctx.Err() != nil
	}
	var head bytes.Buffer
	_ = response.Header.Write(&head) // into memory
	if d.plan.limit > 0 && len(body)+head.Len() > d.plan.limit {
		return 0, false
	}
	return response.StatusCode, false
}

// Deliveries are the callbacks after a number, in the order in which they were made;
// the last 4096 are kept.
func (s *Simulator) Deliveries(after int) []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []Delivery{}
	for _, d := range s.outbox.kept {
		if d.Number > after {
			one := d.Delivery
			one.Statuses = slices.Clone(d.Statuses)
			all = append(all, one)
		}
	}
	return all
}

// Replay sends a callback once more, byte by byte and without repeats, as somebody
// would who has seen it.
func (s *Simulator) Replay(number int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, found := slices.BinarySearchFunc(s.outbox.kept, number, func(d *delivery, number int) int { return d.Number - number })
	if !found {
		return fmt.Errorf("there is no delivery %d", number)
	}
	d := s.outbox.kept[i]
	once := plan{timeout: d.plan.timeout, limit: d.plan.limit}
	s.dispatch(d.again(&once))
	return nil
}
