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

package journal

import (
	"context"
	"crypto/rand"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// membership knows which members live, by their heartbeats. Each is judged by
// the time at which its latest heartbeat arrived here, so clocks need not agree.
type membership struct {
	journal *Journal
	self    string
	subject string
	ttl     time.Duration
	changed func()
	// missed is told that another member may have missed something. It is called
	// before changed.
	missed func()
	start  string // names this start of the member
	misses atomic.Uint64

	mu       sync.Mutex
	complete bool // this member's own heartbeat has been heard, and so all before it
	seen     map[string]heartbeat
}

// heartbeat is the latest one of a member.
type heartbeat struct {
	at time.Time
	// epoch is another one when the member has started again, or has missed
	// something.
	epoch string
}

func newMembership(j *Journal, self string, ttl time.Duration, changed, missed func()) *membership {
	return &membership{
		journal: j, self: self, subject: j.layout.members.prefix + nameToken(self), ttl: ttl, changed: changed, missed: missed,
		start: rand.Text(), seen: map[string]heartbeat{},
	}
}

// beat says that this member lives, and does not wait for the answer. When it
// fails for long, others take the partitions, and the records tell.
func (m *membership) beat(p *publisher) {
	failed := func(err error) {
		m.journal.log.V(1).Info("The heartbeat was not taken", "error", err.Error())
	}
	s, err := p.tryAcquire()
	if err == nil {
		err = p.start(s, packet{subject: m.subject, data: []byte(epochOf(m.start, m.misses.Load()))}, func(a ack) {
			if a.err != nil {
				failed(a.err)
			}
		})
	}
	if err != nil {
		failed(err)
	}
}

// leave says that this member goes, so that others need not wait.
func (m *membership) leave(ctx context.Context) {
	msg := &nats.Msg{Subject: m.subject, Header: nats.Header{kvOperationHeader: []string{"DEL"}}}
	if _, err := m.journal.js.PublishMsg(ctx, msg); err != nil {
		m.journal.log.V(1).Info("The members were not told of the end", "error", err.Error())
	}
}

// watch follows the heartbeats, and the partitions that are released, until ctx
// ends.
func (m *membership) watch(ctx context.Context) {
	members, records := m.journal.layout.members, m.journal.layout.records
	var following sync.WaitGroup
	following.Go(func() {
		m.journal.follow(ctx, members.stream, []string{members.prefix + ">"}, m.heard)
	})
	following.Go(func() {
		var owners [Partitions]string
		m.journal.follow(ctx, records.stream, []string{records.prefix + ">"}, func(msg jetstream.Msg) {
			key, err := parsePartition(strings.TrimPrefix(msg.Subject(), records.prefix))
			if err != nil {
				return
			}
			r, err := decodeRecord(msg.Data())
			if err == nil && owners[key] != r.Owner {
				owners[key] = r.Owner
				m.changed()
			}
		})
	})
	following.Wait()
}

func (m *membership) heard(msg jetstream.Msg) {
	member, err := parseName(strings.TrimPrefix(msg.Subject(), m.journal.layout.members.prefix))
	if err != nil {
		return
	}
	now, gone, epoch := m.journal.clock.Now(), deleted(msg.Headers()), string(msg.Data())
	m.mu.Lock()
	last, known := m.seen[member]
	// One that is new may be one that was taken for gone, and what it missed meanwhile it
	// may not know any more: it may have started again, also under another name.
	missed := member != m.self && (known && (gone || last.epoch != epoch) || !known && !gone && m.complete)
	if missed { // before anybody can see that it is gone
		m.missed()
	}
	if gone {
		delete(m.seen, member)
	} else {
		m.seen[member] = heartbeat{at: now, epoch: epoch}
		m.complete = m.complete || member == m.self
	}
	m.mu.Unlock()
	if missed || known == gone || !gone && now.Sub(last.at) >= m.ttl {
		m.changed()
	}
}

// epochOf is what a heartbeat holds: it names the start of the member, and how often it
// has missed something since.
func epochOf(start string, misses uint64) string { return start + "." + strconv.FormatUint(misses, 10) }

// live are the members that live, this one among them, in order; nil while that
// is not known.
func (m *membership) live(now time.Time) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.complete {
		return nil
	}
	members := []string{m.self}
	for member, last := range m.seen {
		switch {
		case now.Sub(last.at) >= m.ttl:
			delete(m.seen, member)
			if member != m.self {
				m.missed()
			}
		case member != m.self:
			members = append(members, member)
		}
	}
	slices.Sort(members)
	return members
}
