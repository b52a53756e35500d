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
	"sync"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/sim/fault"
)

// loadQueue is how many events of one worker may be waiting.
const loadQueue = 64

var errLoadRuns = errors.New("a load is running already")

// loads runs one load at a time.
type loads struct {
	mu      sync.Mutex
	current *loadRun // the last one, running or not
	closed  bool
	// random is that of the last message, so that no load repeats another's. It
	// starts anywhere, so that no simulator repeats another's either.
	random uint32
}

// loadRun is one load.
type loadRun struct {
	load  Load
	stop  context.CancelFunc
	ended chan struct{}
	// moved is when each user last came or went. Only the user's worker
	// touches it.
	moved []int64
	begin time.Time
	book  loadBook
}

// loadCall is what a load's action has beyond that of a client. Its messages
// are past the frequency control and are not kept.
type loadCall struct {
	run     *loadRun
	event   loadEvent
	before  bool // whether callbacks before the action are asked
	retries int
	fired   bool
}

// told counts a callback that is fired and returns what is to be told of its
// end.
func (l *loadCall) told() func(accepted bool) {
	l.fired = true
	l.run.book.fired()
	return func(accepted bool) { l.run.book.told(&l.run.load, l.event, accepted) }
}

// moment is when the user comes or goes: never twice in one millisecond, which
// nobody who hears of it could tell apart.
func (l *loadCall) moment(now time.Time) time.Time {
	if l.event.kind != loadJoin && l.event.kind != loadLeave {
		return now
	}
	last := &l.run.moved[l.event.user]
	if now.UnixMilli() <= *last {
		now = time.UnixMilli(*last + 1)
	}
	*last = now.UnixMilli()
	return now
}

// StartLoad starts a load. Only one runs at a time; Close ends it.
func (s *Simulator) StartLoad(load Load) error {
	if err := load.validate(); err != nil {
		return err
	}
	load = load.withDefaults(s.Callback().QueueSize)
	s.loads.mu.Lock()
	defer s.loads.mu.Unlock()
	if s.loads.closed {
		return errClosed
	}
	if run := s.loads.current; run != nil {
		select {
		case <-run.ended:
		default:
			return errLoadRuns
		}
	} else {
		// Numbers of messages begin elsewhere in each process, so that a receiver that
		// outlives one does not take them for repeats.
		s.loads.random = uint32(time.Now().UnixMilli())
	}
	if err := s.seedLoad(load); err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(context.Background(), load.Duration)
	run := &loadRun{
		load: load, stop: stop, ended: make(chan struct{}), begin: time.Now(),
		moved: make([]int64, load.Users), book: newLoadBook(),
	}
	plan := newLoadPlan(load, s.loads.random)
	s.loads.random += uint32(load.Events)
	s.loads.current = run
	go s.runLoad(ctx, run, plan)
	return nil
}

// runLoad draws the events at their pace and hands each to the worker of its
// user.
func (s *Simulator) runLoad(ctx context.Context, run *loadRun, plan *loadPlan) {
	defer close(run.ended)
	defer run.stop()
	var workers sync.WaitGroup
	queues := make([]chan loadEvent, run.load.Workers)
	for i := range queues {
		queues[i] = make(chan loadEvent, loadQueue)
		workers.Go(func() {
			for event := range queues[i] {
				if ctx.Err() == nil {
					s.actLoad(run, event)
				}
			}
		})
	}
	for i := range run.load.Events {
		if !s.paceLoad(ctx, run, i) {
			break
		}
		event := plan.draw()
		select {
		case queues[event.user%len(queues)] <- event:
		case <-ctx.Done():
		}
	}
	for _, queue := range queues {
		close(queue)
	}
	workers.Wait()
	run.book.end(time.Now())
}

// paceLoad waits for the time of an event, and for room in the queue of
// callbacks. It reports false when the load is over before.
func (s *Simulator) paceLoad(ctx context.Context, run *loadRun, number int) bool {
	if run.load.PerSecond > 0 {
		due := run.begin.Add(time.Duration(number) * time.Second / time.Duration(run.load.PerSecond))
		fault.Wait(ctx, time.Until(due))
	}
	for ctx.Err() == nil && s.callbacks.backlog() > run.load.MaxPending {
		fault.Wait(ctx, time.Millisecond)
	}
	return ctx.Err() == nil
}

// actLoad does what the event says and counts what its client was told.
func (s *Simulator) actLoad(run *loadRun, event loadEvent) {
	l := &run.load
	group, user := l.groupID(event.user%l.groupCount()), l.userID(event.user)
	load := &loadCall{run: run, event: event, before: l.Before, retries: l.Retries}
	dropped := ""
	c, err := s.clientCall(user, l.Platform)
	if err == nil {
		c.load = load
		switch event.kind {
		case loadJoin:
			err = s.enter(c, group)
		case loadLeave:
			err = s.leave(c, group)
		default:
			message := ClientMessage{From: user, Text: event.text, CustomData: event.name, CustomExt: event.ext,
				Random: event.random, Priority: l.Priority, Platform: l.Platform}
			var receipt MessageReceipt
			receipt, err = s.sendToGroup(group, message, load)
			dropped = receipt.Dropped
		}
	}
	run.book.acted(event, dropped, err, load.fired)
}

// LoadReport returns what the last load has done. The second result is false
// when there was none.
func (s *Simulator) LoadReport() (LoadReport, bool) {
	run := s.lastLoad()
	if run == nil {
		return LoadReport{}, false
	}
	return run.book.report(run), true
}

func (s *Simulator) lastLoad() *loadRun {
	s.loads.mu.Lock()
	defer s.loads.mu.Unlock()
	return s.loads.current
}

// WaitForLoad waits until no load is running. Callbacks may still be under way
// then; see WaitForCallbacks.
func (s *Simulator) WaitForLoad(ctx context.Context) error {
	run := s.lastLoad()
	if run == nil {
		return nil
	}
	select {
	case <-run.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// StopLoad ends the load that is running, if there is one, and waits for the
// events that have begun. Callbacks that they have fired are still sent.
func (s *Simulator) StopLoad() {
	if run := s.lastLoad(); run != nil {
		run.stop()
		<-run.ended
	}
}
