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

package wechat

import (
	"maps"
	"strings"
	"sync"
	"time"
)

// maxLoggedBody bounds what the logs keep of a body.
const maxLoggedBody = 2048

// Call is one logged call.
type Call struct {
	Sequence uint64    `json:"sequence"`
	Time     time.Time `json:"time"`
	Command  string    `json:"command"`
	AppID    string    `json:"appID"` // empty for a call without good credentials
	Code     int       `json:"code"`
	Fault    string    `json:"fault,omitempty"` // what an injected fault did
	Body     string    `json:"body,omitempty"`  // JSON without secrets only, cut after 2048 bytes
}

// CallStatistics counts the calls of one command.
type CallStatistics struct {
	Calls         int         `json:"calls"`
	Refusals      map[int]int `json:"refusals,omitempty"` // by code
	MaxConcurrent int         `json:"maxConcurrent"`

	inFlight int
}

// callRecorder counts calls per command and keeps the last ones.
type callRecorder struct {
	mu    sync.Mutex
	stats map[string]*CallStatistics
	log   *ring[Call]
	size  int
}

func newCallRecorder(size int) *callRecorder {
	return &callRecorder{stats: map[string]*CallStatistics{}, log: newRing[Call](size), size: size}
}

// enter counts an arriving call. The names come from the command table, so
// there is a bounded number of them.
func (r *callRecorder) enter(command string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	entry := r.entry(command)
	entry.Calls++
	entry.inFlight++
	entry.MaxConcurrent = max(entry.MaxConcurrent, entry.inFlight)
}

func (r *callRecorder) entry(command string) *CallStatistics {
	entry, ok := r.stats[command]
	if !ok {
		entry = &CallStatistics{}
		r.stats[command] = entry
	}
	return entry
}

// record notes the outcome of a call, before it is answered.
func (r *callRecorder) record(call Call) {
	call.Body = cut(call.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	if call.Code != 0 {
		entry := r.entry(call.Command)
		if entry.Refusals == nil {
			entry.Refusals = map[int]int{}
		}
		entry.Refusals[call.Code]++
	}
	call.Sequence = r.log.total + 1
	r.log.push(call)
}

// cut bounds a text for a log.
func cut(text string) string {
	if len(text) > maxLoggedBody {
		text = text[:maxLoggedBody]
	}
	return strings.ToValidUTF8(text, "")
}

// leave ends a call: its answer is out.
func (r *callRecorder) leave(command string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if entry := r.entry(command); entry.inFlight > 0 {
		entry.inFlight--
	}
}

// statistics adds up the commands of that name.
func (r *callRecorder) statistics(command string) CallStatistics {
	r.mu.Lock()
	defer r.mu.Unlock()
	var sum CallStatistics
	for name, entry := range r.stats {
		if !named(name, command) {
			continue
		}
		sum.Calls += entry.Calls
		sum.MaxConcurrent = max(sum.MaxConcurrent, entry.MaxConcurrent)
		for code, count := range entry.Refusals {
			if sum.Refusals == nil {
				sum.Refusals = map[int]int{}
			}
			sum.Refusals[code] += count
		}
	}
	return sum
}

func (r *callRecorder) all() map[string]CallStatistics {
	r.mu.Lock()
	defer r.mu.Unlock()
	copied := make(map[string]CallStatistics, len(r.stats))
	for name, entry := range r.stats {
		if entry.Calls == 0 {
			continue
		}
		statistics := *entry
		statistics.Refusals = maps.Clone(entry.Refusals)
		copied[name] = statistics
	}
	return copied
}

func (r *callRecorder) refusals() map[int]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	byCode := map[int]int{}
	for _, entry := range r.stats {
		for code, count := range entry.Refusals {
			byCode[code] += count
		}
	}
	return byCode
}

func (r *callRecorder) recent() []Call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.all()
}

// reset forgets everything but the calls in flight.
func (r *callRecorder) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, entry := range r.stats {
		*entry = CallStatistics{inFlight: entry.inFlight, MaxConcurrent: entry.inFlight}
	}
	r.log = newRing[Call](r.size)
}
