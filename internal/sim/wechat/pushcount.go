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
	"math"
	"sync"
	"time"
)

// PushRecord is one logged try of a push.
type PushRecord struct {
	Sequence uint64        `json:"sequence"`
	Time     time.Time     `json:"time"` // when it ended
	AppID    string        `json:"appID"`
	OpenID   string        `json:"openID"`
	ID       string        `json:"id"`
	Type     string        `json:"type"`
	Event    string        `json:"event,omitempty"`
	Try      int           `json:"try"`
	Took     time.Duration `json:"took"` // nanoseconds
	Outcome  Outcome       `json:"outcome"`
	// Detail says what was wrong with the answer.
	Detail string `json:"detail,omitempty"`
}

// PushStatistics counts pushes since the counters were last reset.
type PushStatistics struct {
	// Written pushes were taken for delivery. Unsent ones came about without a
	// webhook URL, Refused ones while too many were unfinished.
	Written int `json:"written"`
	Unsent  int `json:"unsent"`
	Refused int `json:"refused"`
	// Tries are requests; Retries are those that were not a push's first.
	Tries    int             `json:"tries"`
	Retries  int             `json:"retries"`
	Outcomes map[Outcome]int `json:"outcomes,omitempty"` // of tries
	// Acknowledged pushes ended with Success, Empty, Replied or Transferred;
	// GivenUp ones after the last try; Dropped ones with the simulator.
	Acknowledged int `json:"acknowledged"`
	GivenUp      int `json:"givenUp"`
	Dropped      int `json:"dropped"`
	// Unavailable is how often a follower was told that the service is
	// unavailable.
	Unavailable int `json:"unavailable"`
	// Pending pushes are not finished.
	Pending int `json:"pending"`
	// Latency is that of the tries that were answered.
	Latency LatencySummary `json:"latency"`
}

// LatencySummary are percentiles, exact to five per cent, in nanoseconds.
type LatencySummary struct {
	Median time.Duration `json:"median"`
	P99    time.Duration `json:"p99"`
	Max    time.Duration `json:"max"`
}

// pushBook counts pushes and keeps the last tries. Its lock is the innermost.
type pushBook struct {
	mu        sync.Mutex
	counts    PushStatistics
	latencies latencies
	log       *ring[PushRecord]
	size      int
}

func newPushBook(size int) *pushBook {
	return &pushBook{log: newRing[PushRecord](size), size: size, counts: PushStatistics{Outcomes: map[Outcome]int{}}}
}

// count changes the counters under the lock.
func (b *pushBook) count(change func(*PushStatistics)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(&b.counts)
}

func (b *pushBook) written()      { b.count(func(c *PushStatistics) { c.Written++ }) }
func (b *pushBook) unsent()       { b.count(func(c *PushStatistics) { c.Unsent++ }) }
func (b *pushBook) refused()      { b.count(func(c *PushStatistics) { c.Refused++ }) }
func (b *pushBook) dropped(n int) { b.count(func(c *PushStatistics) { c.Dropped += n }) }

// tried notes a try.
func (b *pushBook) tried(record PushRecord) {
	record.Detail = cut(record.Detail)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.counts.Tries++
	if record.Try > 1 {
		b.counts.Retries++
	}
	b.counts.Outcomes[record.Outcome]++
	switch record.Outcome {
	case TimedOut, Broken, NotConfigured:
	default:
		b.latencies.add(record.Took)
	}
	record.Sequence = b.log.total + 1
	b.log.push(record)
}

// finished notes the end of a push, by the outcome of its last try.
func (b *pushBook) finished(outcome Outcome, unavailable bool) {
	b.count(func(c *PushStatistics) {
		switch {
		case outcome.again():
			c.GivenUp++
		case outcome != Invalid && outcome != NotConfigured:
			c.Acknowledged++
		}
		if unavailable {
			c.Unavailable++
		}
	})
}

// PushStatistics returns the counters of pushes.
func (s *Simulator) PushStatistics() PushStatistics {
	d := s.pushes
	d.mu.Lock()
	pending := d.pending
	d.mu.Unlock()
	b := d.book
	b.mu.Lock()
	defer b.mu.Unlock()
	counts := b.counts
	counts.Outcomes = maps.Clone(b.counts.Outcomes)
	counts.Pending = pending
	counts.Latency = b.latencies.summary()
	return counts
}

// PushLog returns the last tries of pushes, oldest first.
func (s *Simulator) PushLog() []PushRecord {
	b := s.pushes.book
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.log.all()
}

// ResetPushes forgets what was counted and logged of pushes.
func (s *Simulator) ResetPushes() {
	b := s.pushes.book
	b.mu.Lock()
	defer b.mu.Unlock()
	b.counts = PushStatistics{Outcomes: map[Outcome]int{}}
	b.latencies = latencies{}
	b.log = newRing[PushRecord](b.size)
}

// latencies counts durations in classes that grow by five per cent each.
type latencies struct {
	classes [400]int
	total   int
	longest time.Duration
}

const latencyGrowth = 1.05

func (l *latencies) add(took time.Duration) {
	class := 0
	if micros := float64(took) / float64(time.Microsecond); micros > 1 {
		class = min(int(math.Log(micros)/math.Log(latencyGrowth)), len(l.classes)-1)
	}
	l.classes[class]++
	l.total++
	l.longest = max(l.longest, took)
}

// at returns the upper end of the class that holds the share of all.
func (l *latencies) at(share float64) time.Duration {
	rank, seen := int(math.Ceil(share*float64(l.total))), 0
	for class, count := range l.classes {
		if seen += count; seen >= rank && count > 0 {
			end := time.Duration(math.Pow(latencyGrowth, float64(class+1)) * float64(time.Microsecond))
			return min(end, l.longest)
		}
	}
	return l.longest
}

func (l *latencies) summary() LatencySummary {
	if l.total == 0 {
		return LatencySummary{}
	}
	return LatencySummary{Median: l.at(0.5), P99: l.at(0.99), Max: l.longest}
}
