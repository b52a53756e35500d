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
	"maps"
	"strconv"
	"sync"
	"time"
)

// loadQueue is how many events of one worker may be waiting.
const loadQueue = 64

var errLoadRuns = errors.New("a load is running already")

// LoadCount is what became of the events of one kind.
type LoadCount struct {
	Produced int `json:"produced"`
	// Accepted are events that took effect; Dropped those of which the client
	// was told that they did, by reason; Refused the others, by code.
	Accepted int            `json:"accepted"`
	Dropped  map[string]int `json:"dropped,omitempty"`
	Refused  map[string]int `json:"refused,omitempty"`
}

// LoadReport is what a load has done so far.
type LoadReport struct {
	Running bool `json:"running"`
	// Planned is the number of events asked for.
	Planned int                  `json:"planned"`
	Kinds   map[string]LoadCount `json:"kinds"`
	// Groups counts accepted events by group and kind.
	Groups  map[string]map[string]int `json:"groups"`
	Seconds float64                   `json:"seconds"`
}

// loads runs one load at a time.
type loads struct {
	mu      sync.Mutex
	current *loadRun // the last one, running or not
	closed  bool
	random  uint32 // of the last message, so that no load repeats another's
}

// loadRun is one load.
type loadRun struct {
	load  Load
	stop  context.CancelFunc
	ended chan struct{}

	mu     sync.Mutex
	kinds  map[string]*LoadCount
	groups map[string]map[string]int
	begin  time.Time
	end    time.Time
}

// StartLoad starts a load. Only one runs at a time; Close ends it.
func (s *Simulator) StartLoad(load Load) error {
	if err := load.validate(); err != nil {
		return err
	}
	load = load.withDefaults(s.Callback().Queue)
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
	}
	if err := s.seedLoad(load); err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(context.Background(), load.Duration)
	run := &loadRun{
		load: load, stop: stop, ended: make(chan struct{}), begin: time.Now(),
		kinds: map[string]*LoadCount{}, groups: map[string]map[string]int{},
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
					run.count(event, s.actLoad(run.load, event))
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
	run.mu.Lock()
	defer run.mu.Unlock()
	run.end = time.Now()
}

// paceLoad waits for the time of an event, and for room in the queue of
// callbacks. It reports false when the load is over before.
func (s *Simulator) paceLoad(ctx context.Context, run *loadRun, number int) bool {
	if run.load.PerSecond > 0 {
		due := run.begin.Add(time.Duration(number) * time.Second / time.Duration(run.load.PerSecond))
		wait(ctx, time.Until(due))
	}
	for ctx.Err() == nil && s.callbacks.backlog() > run.load.MaxPending {
		wait(ctx, time.Millisecond)
	}
	return ctx.Err() == nil
}

// loadOutcome is what a client was told about its event.
type loadOutcome struct {
	dropped string
	err     error
}

// actLoad does what the event says.
func (s *Simulator) actLoad(l Load, event loadEvent) loadOutcome {
	group, user := l.groupID(event.user%l.groupCount()), l.userID(event.user)
	message := ClientMessage{From: user, Random: event.random, Priority: l.Priority, Platform: l.Platform}
	switch event.kind {
	case loadJoin:
		return loadOutcome{err: s.JoinViewerOn(l.Platform, group, user)}
	case loadLeave:
		return loadOutcome{err: s.LeaveViewerOn(l.Platform, group, user)}
	case loadText:
		message.Text = event.text
	default:
		message.CustomData, message.CustomExt = event.kind, l.Exts[event.kind]
	}
	receipt, err := s.SendAsClient(group, message)
	return loadOutcome{dropped: receipt.Dropped, err: err}
}

func (r *loadRun) count(event loadEvent, outcome loadOutcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	entry, ok := r.kinds[event.kind]
	if !ok {
		entry = &LoadCount{}
		r.kinds[event.kind] = entry
	}
	entry.Produced++
	switch {
	case outcome.err != nil:
		reason := outcome.err.Error()
		var refusal *Refusal
		if errors.As(outcome.err, &refusal) {
			reason = strconv.Itoa(refusal.Code)
		}
		entry.Refused = tick(entry.Refused, reason)
	case outcome.dropped != "":
		entry.Dropped = tick(entry.Dropped, outcome.dropped)
	default:
		entry.Accepted++
		group := r.load.groupID(event.user % r.load.groupCount())
		r.groups[group] = tick(r.groups[group], event.kind)
	}
}

// tick counts in a table that may not exist yet and has few names.
func tick(table map[string]int, name string) map[string]int {
	if table == nil {
		table = map[string]int{}
	}
	countName(table, name)
	return table
}

// LoadReport returns what the last load has done. The second result is false
// when there was none.
func (s *Simulator) LoadReport() (LoadReport, bool) {
	s.loads.mu.Lock()
	run := s.loads.current
	s.loads.mu.Unlock()
	if run == nil {
		return LoadReport{}, false
	}
	run.mu.Lock()
	defer run.mu.Unlock()
	report := LoadReport{
		Running: run.end.IsZero(), Planned: run.load.Events,
		Kinds: make(map[string]LoadCount, len(run.kinds)), Groups: make(map[string]map[string]int, len(run.groups)),
	}
	for kind, entry := range run.kinds {
		report.Kinds[kind] = LoadCount{
			Produced: entry.Produced, Accepted: entry.Accepted,
			Dropped: maps.Clone(entry.Dropped), Refused: maps.Clone(entry.Refused),
		}
	}
	for group, kinds := range run.groups {
		report.Groups[group] = maps.Clone(kinds)
	}
	until := run.end
	if report.Running {
		until = time.Now()
	}
	report.Seconds = until.Sub(run.begin).Seconds()
	return report, true
}

// WaitForLoad waits until no load is running. Callbacks may still be under way
// then; see WaitForCallbacks.
func (s *Simulator) WaitForLoad(ctx context.Context) error {
	s.loads.mu.Lock()
	run := s.loads.current
	s.loads.mu.Unlock()
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
// events that have begun.
func (s *Simulator) StopLoad() {
	s.loads.mu.Lock()
	run := s.loads.current
	s.loads.mu.Unlock()
	if run != nil {
		run.stop()
		<-run.ended
	}
}
