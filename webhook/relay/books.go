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

package relay

import (
	"hash/maphash"
	"maps"
	"sync"
	"time"

	"k8s.io/utils/clock"

	"github.com/liveroom-io/liveroom-operator/webhook/journal"
	"github.com/liveroom-io/liveroom-operator/webhook/relay/conversation"
)

// books are the sums over the customers in the partitions that this member owns.
// They are built from what is stored when a partition is taken over, and follow
// every customer that is stored from then on.
type books struct {
	clock    clock.PassiveClock
	settings func(uid string) *conversation.Settings
	seed     maphash.Seed

	mu    sync.Mutex
	pages [journal.Partitions]page
}

// page is one partition.
type page struct {
	lines    map[uint64]line // by the hash of the customer's key
	accounts map[string]*ledger
	recalled bool // all stored customers are in it
}

// line is what one customer adds.
type line struct {
	toAgent, toCustomer, unknown int64
	waiting                      int32
	following                    bool
	entered                      bool // since this member has the partition
	agent                        string
}

// ledger is what all customers of one account in one partition add.
type ledger struct {
	sum        sum
	sessions   map[uint64]session
	originalID string
	minute     int64
	dirty      bool
}

// session of a customer, with the time at which it ends by itself.
type session struct {
	agent string
	ends  time.Time
}

func newBooks(clk clock.PassiveClock, settings func(uid string) *conversation.Settings) *books {
	return &books{clock: clk, settings: settings, seed: maphash.MakeSeed()}
}

// enter takes over what a customer adds who was just stored.
func (b *books) enter(key journal.StateKey, c *conversation.Customer) { b.note(key, c, true) }

// resume takes over what a customer adds who was stored before this member took
// the partition, unless something newer is known.
func (b *books) resume(key journal.StateKey, c *conversation.Customer) { b.note(key, c, false) }

func (b *books) note(key journal.StateKey, c *conversation.Customer, stored bool) {
	uid := accountOf(key.Name)
	settings, now := b.settings(uid), b.clock.Now()
	if settings == nil {
		settings = &conversation.Settings{}
	}
	adds := c.Contribution(now, settings)
	id := maphash.String(b.seed, key.Name)
	b.mu.Lock()
	defer b.mu.Unlock()
	p := &b.pages[key.Partition]
	before := p.lines[id]
	if before.entered && !stored {
		return
	}
	after := line{
		toAgent: adds.ToAgent, toCustomer: adds.ToCustomer, unknown: adds.Unknown, waiting: int32(min(adds.Waiting, 1<<30)),
		following: adds.Following, entered: before.entered || stored, agent: adds.Agent,
	}
	l := p.ledger(uid)
	l.add(before, -1)
	l.add(after, 1)
	l.dirty = l.dirty || before != after
	if after.agent != "" {
		l.sessions[id] = session{agent: after.agent, ends: c.LastActive().Add(settings.SessionIdle)}
	} else {
		delete(l.sessions, id)
	}
	if p.lines == nil {
		p.lines = map[uint64]line{}
	}
	if p.lines[id] = after; c.Empty() {
		delete(p.lines, id)
	}
}

func (p *page) ledger(uid string) *ledger {
	if p.accounts == nil {
		p.accounts = map[string]*ledger{}
	}
	l := p.accounts[uid]
	if l == nil {
		l = &ledger{sum: sum{Sessions: map[string]int32{}}, sessions: map[uint64]session{}}
		p.accounts[uid] = l
	}
	return l
}

// add a customer's line to the sum, or take it away.
func (l *ledger) add(one line, sign int64) {
	s := &l.sum
	s.ToAgent += sign * one.toAgent
	s.ToCustomer += sign * one.toCustomer
	s.Unknown += sign * one.unknown
	s.Waiting += sign * int64(one.waiting)
	if one.following {
		s.Followers += sign
	}
	l.take(one.agent, int32(sign))
}

func (l *ledger) take(agent string, n int32) {
	if agent == "" {
		return
	}
	if l.sum.Sessions[agent] += n; l.sum.Sessions[agent] <= 0 {
		delete(l.sum.Sessions, agent)
	}
}

// hear notes a push.
func (b *books) hear(partition int, e *conversation.Entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.pages[partition].ledger(e.Account)
	minute := e.Inbound.Received / time.Minute.Milliseconds() * 60
	if minute > l.minute || e.Inbound.Push.To != l.originalID {
		l.minute, l.originalID, l.dirty = max(l.minute, minute), e.Inbound.Push.To, true
	}
}

// recalled: all stored customers of a partition are in the books.
func (b *books) recalled(partition int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pages[partition].recalled = true
}

// unknown reports whether nothing is stored of a customer. It reports false also while
// that is not sure: not all stored customers of the partition are in the books.
func (b *books) unknown(partition int, key string) bool {
	id := maphash.String(b.seed, key)
	b.mu.Lock()
	defer b.mu.Unlock()
	p := &b.pages[partition]
	_, stored := p.lines[id]
	return p.recalled && !stored
}

// leave forgets a partition.
func (b *books) leave(partition int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pages[partition] = page{}
}

// news are the sums that changed since they were asked for last, by the keys of
// their tallies. Sessions that have ended by themselves are gone from them.
func (b *books) news() map[journal.StateKey]ledger {
	now := b.clock.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	found := map[journal.StateKey]ledger{}
	for number := range b.pages {
		p := &b.pages[number]
		if !p.recalled {
			continue
		}
		for uid, l := range p.accounts {
			for id, s := range l.sessions {
				if now.Before(s.ends) {
					continue
				}
				delete(l.sessions, id)
				ended := p.lines[id]
				l.take(ended.agent, -1)
				ended.agent = ""
				p.lines[id] = ended
				l.dirty = true
			}
			if l.dirty {
				l.dirty = false
				found[tallyName(uid, number)] = ledger{sum: l.sum.clone(), originalID: l.originalID, minute: l.minute}
			}
		}
	}
	return found
}

func (s *sum) clone() sum {
	c := *s
	c.Sessions = maps.Clone(s.Sessions)
	return c
}

// again makes a sum news once more: it could not be written.
func (b *books) again(key journal.StateKey) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l := b.pages[key.Partition].accounts[accountOf(key.Name)]; l != nil {
		l.dirty = true
	}
}

// sessions of the agents of an account in the partitions of this member.
func (b *books) sessions(uid string) map[string]int32 {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := map[string]int32{}
	for number := range b.pages {
		if l := b.pages[number].accounts[uid]; l != nil {
			for agent, n := range l.sum.Sessions {
				all[agent] += n
			}
		}
	}
	return all
}
