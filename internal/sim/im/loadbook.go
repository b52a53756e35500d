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
	"errors"
	"maps"
	"strconv"
	"sync"
	"time"
)

// LoadCount is what became of the events of one kind.
type LoadCount struct {
	Produced int `json:"produced"`
	// Accepted are events that took effect; Dropped those of which the client
	// was told that they did, by reason; Refused the others, by code.
	Accepted int            `json:"accepted"`
	Dropped  map[string]int `json:"dropped,omitempty"`
	Refused  map[string]int `json:"refused,omitempty"`
	// Answered are accepted events whose callback was answered with status 200
	// and ErrorCode 0. Failed are those of which such an answer has not been
	// read, up to the last attempt: whether the receiver has them is not known.
	// Unsent are those of which no callback is wanted.
	Answered int `json:"answered"`
	Failed   int `json:"failed"`
	Unsent   int `json:"unsent"`
}

// LoadTally counts answered events of one group or user.
type LoadTally struct {
	Answered int            `json:"answered"`
	Kinds    map[string]int `json:"kinds"`
	// Events counts custom messages by name.
	Events map[string]int `json:"events,omitempty"`
}

// LoadReport is what a load has done so far.
type LoadReport struct {
	// Running says whether events are still being produced, Finished that
	// their callbacks have come to an end as well.
	Running  bool `json:"running"`
	Finished bool `json:"finished"`
	// Planned is the number of events asked for. The others are sums of Kinds.
	Planned  int `json:"planned"`
	Produced int `json:"produced"`
	Answered int `json:"answered"`
	Failed   int `json:"failed"`
	// Pending are events whose callback has not come to an end.
	Pending int                  `json:"pending"`
	Seconds float64              `json:"seconds"` // of production
	Kinds   map[string]LoadCount `json:"kinds"`
	Groups  map[string]LoadTally `json:"groups"`
	Users   map[string]LoadTally `json:"users"`
}

// loadBook counts what a load does. Its tables are bounded by those of Load.
// Its lock is taken after all others.
type loadBook struct {
	mu      sync.Mutex
	kinds   map[string]*LoadCount
	groups  map[int]*LoadTally
	users   map[int]*LoadTally
	pending int
	ended   time.Time
}

func newLoadBook() loadBook {
	return loadBook{kinds: map[string]*LoadCount{}, groups: map[int]*LoadTally{}, users: map[int]*LoadTally{}}
}

func (b *loadBook) kind(name string) *LoadCount {
	entry, ok := b.kinds[name]
	if !ok {
		entry = &LoadCount{}
		b.kinds[name] = entry
	}
	return entry
}

// acted counts what a client was told about its event.
func (b *loadBook) acted(event loadEvent, dropped string, err error, fired bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	entry := b.kind(event.kind)
	entry.Produced++
	switch {
	case err != nil:
		reason := err.Error()
		var refusal *Refusal
		if errors.As(err, &refusal) {
			reason = strconv.Itoa(refusal.Code)
		}
		entry.Refused = tick(entry.Refused, reason)
	case dropped != "":
		entry.Dropped = tick(entry.Dropped, dropped)
	default:
		entry.Accepted++
		if !fired {
			entry.Unsent++
		}
	}
}

// fired counts a callback that is on its way.
func (b *loadBook) fired() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pending++
}

// told counts what became of a callback.
func (b *loadBook) told(l *Load, event loadEvent, accepted bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pending--
	if !accepted {
		b.kind(event.kind).Failed++
		return
	}
	b.kind(event.kind).Answered++
	tally(b.groups, event.user%l.groupCount(), event)
	tally(b.users, event.user, event)
}

func tally(table map[int]*LoadTally, key int, event loadEvent) {
	entry, ok := table[key]
	if !ok {
		entry = &LoadTally{}
		table[key] = entry
	}
	entry.Answered++
	entry.Kinds = tick(entry.Kinds, event.kind)
	if event.name != "" {
		entry.Events = tick(entry.Events, event.name)
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

// end notes that no more events are produced.
func (b *loadBook) end(at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = at
}

// report copies the tables.
func (b *loadBook) report(run *loadRun) LoadReport {
	b.mu.Lock()
	defer b.mu.Unlock()
	report := LoadReport{
		Running: b.ended.IsZero(), Planned: run.load.Events, Pending: b.pending,
		Kinds:  make(map[string]LoadCount, len(b.kinds)),
		Groups: shownTallies(b.groups, run.load.groupID),
		Users:  shownTallies(b.users, run.load.userID),
	}
	report.Finished = !report.Running && report.Pending == 0
	for kind, entry := range b.kinds {
		shown := *entry
		shown.Dropped, shown.Refused = maps.Clone(entry.Dropped), maps.Clone(entry.Refused)
		report.Kinds[kind] = shown
		report.Produced += entry.Produced
		report.Answered += entry.Answered
		report.Failed += entry.Failed
	}
	until := b.ended
	if report.Running {
		until = time.Now()
	}
	report.Seconds = until.Sub(run.begin).Seconds()
	return report
}

func shownTallies(table map[int]*LoadTally, name func(int) string) map[string]LoadTally {
	shown := make(map[string]LoadTally, len(table))
	for key, entry := range table {
		shown[name(key)] = LoadTally{Answered: entry.Answered, Kinds: maps.Clone(entry.Kinds), Events: maps.Clone(entry.Events)}
	}
	return shown
}
