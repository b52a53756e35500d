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
	"maps"
	"sync"
	"time"
)

// Bounds of the tables of answered callbacks.
const (
	maxTalliedGroups  = 20_000
	maxTalliedSenders = 200_000
	maxTalliedNames   = 64
	maxTalliedName    = 64
	talliedOthers     = "others"
)

// CallbackCount is what became of the callbacks of one command.
type CallbackCount struct {
	// Fired counts events, also those that were dropped at once.
	Fired int `json:"fired"`
	// Sent counts attempts; Failed those without a good answer.
	Sent   int `json:"sent"`
	Failed int `json:"failed"`
	// Retried counts the repeats that were scheduled.
	Retried int `json:"retried"`
	// Answered counts events that were answered with success in the end,
	// Unanswered those given up after their last attempt, or when callbacks
	// were switched off, and Dropped those for which there was no room.
	Answered   int `json:"answered"`
	Unanswered int `json:"unanswered"`
	Dropped    int `json:"dropped"`
}

// CallbackStatus is what became of the callbacks so far.
type CallbackStatus struct {
	Commands map[string]CallbackCount `json:"commands"`
	// InFlight is how many requests are under way now, before-callbacks
	// included; Pending how many after-callbacks are not finished.
	InFlight int `json:"inFlight"`
	Pending  int `json:"pending"`
}

// CallbackRecord is one logged attempt.
type CallbackRecord struct {
	Sequence uint64    `json:"sequence"`
	Time     time.Time `json:"time"`
	Command  string    `json:"command"`
	// URL is what was called, without Sign.
	URL string `json:"url"`
	// Try counts the attempts of one callback from 1.
	Try int `json:"try"`
	// Status is that of HTTP, 0 without an answer; ErrorCode that of the body.
	Status    int           `json:"status"`
	ErrorCode int64         `json:"errorCode"`
	Latency   time.Duration `json:"latencyNanoseconds"`
	Error     string        `json:"error,omitempty"`
}

// GroupTally is what the receiver has accepted about one group.
type GroupTally struct {
	// Messages counts Group.CallbackAfterSendMsg by name: the Data of a custom
	// element, or the MsgType of the first element.
	Messages map[string]int `json:"messages,omitempty"`
	// Joined and Left count members in Group.CallbackAfterNewMemberJoin and
	// Group.CallbackAfterMemberExit.
	Joined int `json:"joined,omitempty"`
	Left   int `json:"left,omitempty"`
	// Unanswered counts callbacks of these three commands that were sent and
	// given up: whether the receiver has them is not known. Unsent counts those
	// that it cannot have.
	Unanswered int `json:"unanswered,omitempty"`
	Unsent     int `json:"unsent,omitempty"`
}

// CallbackTally is what the receiver has accepted, for comparison with what it
// counted. Tables are bounded: what has no place is counted under "others".
type CallbackTally struct {
	Groups map[string]GroupTally `json:"groups"`
	// Senders counts Group.CallbackAfterSendMsg by sender and name.
	Senders map[string]map[string]int `json:"senders"`
}

// tallyKey is what the tables need to know of an after-callback.
type tallyKey struct {
	group, sender, name string
	joined, left        int
}

// callbackBook counts and logs callbacks.
type callbackBook struct {
	mu       sync.Mutex
	counts   map[string]*CallbackCount // by command, of which there are few
	inFlight int
	log      *ring[CallbackRecord]
	size     int
	groups   map[string]*GroupTally
	senders  map[string]map[string]int
}

func newCallbackBook(size int) *callbackBook {
	return &callbackBook{
		size: size, log: newRing[CallbackRecord](size),
		counts: map[string]*CallbackCount{}, groups: map[string]*GroupTally{}, senders: map[string]map[string]int{},
	}
}

func (b *callbackBook) entry(command string) *CallbackCount {
	entry, ok := b.counts[command]
	if !ok {
		entry = &CallbackCount{}
		b.counts[command] = entry
	}
	return entry
}

// asked counts a before-callback.
func (b *callbackBook) asked(command string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.entry(command).Fired++
}

// ruled ends a before-callback.
func (b *callbackBook) ruled(command string, answered bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.entry(command).end(answered)
}

func (c *CallbackCount) end(answered bool) {
	if answered {
		c.Answered++
	} else {
		c.Unanswered++
	}
}

// fired counts an after-callback.
func (b *callbackBook) fired(event *callbackEvent) { b.asked(event.command) }

// dropped ends an after-callback for which there is no room.
func (b *callbackBook) dropped(event *callbackEvent) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.entry(event.command).Dropped++
	if event.tally != (tallyKey{}) {
		b.groupTally(event.tally.group).Unsent++
	}
}

// repeated counts a repeat of an after-callback.
func (b *callbackBook) repeated(event *callbackEvent) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.entry(event.command).Retried++
}

// sending counts an attempt that begins.
func (b *callbackBook) sending(command string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.entry(command).Sent++
	b.inFlight++
}

// sent ends an attempt.
func (b *callbackBook) sent(record CallbackRecord, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.inFlight--
	if !ok {
		b.entry(record.Command).Failed++
	}
	record.Sequence = b.log.total + 1
	b.log.push(record)
}

// finished ends an after-callback and enters it into the tables.
func (b *callbackBook) finished(event *callbackEvent, answered bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.entry(event.command).end(answered)
	if event.tally == (tallyKey{}) {
		return
	}
	group := b.groupTally(event.tally.group)
	switch {
	case !answered && event.tries > 0:
		group.Unanswered++
		return
	case !answered:
		group.Unsent++
		return
	}
	group.Joined += event.tally.joined
	group.Left += event.tally.left
	if event.tally.name == "" {
		return
	}
	if group.Messages == nil {
		group.Messages = map[string]int{}
	}
	countName(group.Messages, event.tally.name)
	sender := event.tally.sender
	names, known := b.senders[sender]
	if !known {
		if len(b.senders) >= maxTalliedSenders {
			sender = talliedOthers
		}
		if names = b.senders[sender]; names == nil {
			names = map[string]int{}
			b.senders[sender] = names
		}
	}
	countName(names, event.tally.name)
}

func (b *callbackBook) groupTally(id string) *GroupTally {
	group, known := b.groups[id]
	if known {
		return group
	}
	if len(b.groups) >= maxTalliedGroups {
		id = talliedOthers
	}
	if group = b.groups[id]; group == nil {
		group = &GroupTally{}
		b.groups[id] = group
	}
	return group
}

// countName counts in a table of few and short names.
func countName(names map[string]int, name string) {
	if _, known := names[name]; !known && (len(names) >= maxTalliedNames || len(name) > maxTalliedName) {
		name = talliedOthers
	}
	names[name]++
}

func (c *callbacks) status() CallbackStatus {
	pending := c.backlog()
	c.book.mu.Lock()
	defer c.book.mu.Unlock()
	status := CallbackStatus{Commands: map[string]CallbackCount{}, InFlight: c.book.inFlight, Pending: pending}
	for command, entry := range c.book.counts {
		if *entry != (CallbackCount{}) {
			status.Commands[command] = *entry
		}
	}
	return status
}

func (b *callbackBook) recent() []CallbackRecord {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.log.all()
}

// tally copies the tables.
func (b *callbackBook) tally() CallbackTally {
	b.mu.Lock()
	defer b.mu.Unlock()
	copied := CallbackTally{Groups: make(map[string]GroupTally, len(b.groups)), Senders: make(map[string]map[string]int, len(b.senders))}
	for id, group := range b.groups {
		entry := *group
		entry.Messages = maps.Clone(group.Messages)
		copied.Groups[id] = entry
	}
	for id, names := range b.senders {
		copied.Senders[id] = maps.Clone(names)
	}
	return copied
}

// reset forgets everything but the requests under way.
func (b *callbackBook) reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.counts)
	b.log = newRing[CallbackRecord](b.size)
	clear(b.groups)
	clear(b.senders)
}

// CallbackTally returns what the receiver has accepted since the counters were
// last reset.
func (s *Simulator) CallbackTally() CallbackTally { return s.callbacks.book.tally() }
