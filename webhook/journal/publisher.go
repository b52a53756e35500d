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
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"k8s.io/utils/clock"
)

// publisher sends messages to streams and hands each its confirmation. It costs
// less than the client's own asynchronous publish, which makes a future, a reply
// subject, a timer and a JSON decoder's work for each message: here a message
// borrows one of a fixed number of slots, which have all that already.
type publisher struct {
	conn    *nats.Conn
	clock   clock.WithTicker
	timeout time.Duration
	inbox   string // with its final dot
	replies *nats.Subscription
	tail    *tail // of confirmed entries; may be nil
	slots   *slots
	closing chan struct{} // closed when no new message is taken

	drainOnce sync.Once
	draining  chan struct{} // holds a token while nobody drains
	stopOnce  sync.Once
	quit      chan struct{}
	running   sync.WaitGroup
}

// ack is the confirmation of a message.
type ack struct {
	sequence  uint64
	duplicate bool
	err       error
}

func newPublisher(conn *nats.Conn, clk clock.WithTicker, capacity int, timeout time.Duration, end *tail) (*publisher, error) {
	p := &publisher{
		tail: end, conn: conn, clock: clk, timeout: timeout, inbox: nats.NewInbox() + ".",
		closing: make(chan struct{}), draining: make(chan struct{}, 1), quit: make(chan struct{}),
	}
	p.slots = newSlots(capacity, p.replySubject)
	var err error
	if p.replies, err = conn.Subscribe(p.inbox+"*.*", p.receive); err != nil {
		return nil, fmt.Errorf("subscribing to confirmations: %w", err)
	}
	p.draining <- struct{}{}
	p.running.Go(p.expire)
	return p, nil
}

func (p *publisher) replySubject(s *slot) string {
	return p.inbox + strconv.Itoa(s.index) + "." + strconv.FormatUint(s.generation, 10)
}

// packet is what a slot sends.
type packet struct {
	subject string
	header  nats.Header
	data    []byte
	// entry: the message is an entry of the stream, with its ID in the slot.
	entry bool
	// until is when the wait for the confirmation ends at the latest; the zero
	// value leaves it at the publisher's timeout.
	until time.Time
}

// acquire takes a slot, and waits for one until ctx ends or the time comes; the
// zero value is no time.
func (p *publisher) acquire(ctx context.Context, until time.Time) (*slot, error) {
	s, err := p.tryAcquire()
	if !errors.Is(err, ErrBusy) {
		return s, err
	}
	var late <-chan time.Time
	if !until.IsZero() {
		timer := p.clock.NewTimer(until.Sub(p.clock.Now()))
		defer timer.Stop()
		late = timer.C()
	}
	select {
	case s := <-p.slots.free:
		return s, nil
	case <-p.closing:
		return nil, ErrClosed
	case <-late:
		return nil, ErrBusy
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", ErrBusy, ctx.Err())
	}
}

// tryAcquire takes a slot if there is one.
func (p *publisher) tryAcquire() (*slot, error) {
	select {
	case <-p.closing:
		return nil, ErrClosed
	default:
	}
	if s := p.slots.take(); s != nil {
		return s, nil
	}
	return nil, ErrBusy
}

// start sends a message in a slot. Its confirmation comes to settled, which must
// not block and after which the slot is free again, or to wait when settled is
// nil. After an error the slot is free.
func (p *publisher) start(s *slot, m packet, settled func(ack)) error {
	until := p.clock.Now().Add(p.timeout)
	if !m.until.IsZero() && m.until.Before(until) {
		until = m.until
	}
	s.mu.Lock()
	s.waiting, s.settled, s.until = true, settled, until
	s.entry = m.entry && p.tail != nil
	if s.entry {
		s.data = m.data
	}
	reply, generation := s.reply, s.generation
	s.sent = generation
	s.mu.Unlock()
	err := p.conn.PublishMsg(&nats.Msg{Subject: m.subject, Reply: reply, Header: m.header, Data: m.data})
	if err == nil {
		return nil
	}
	if !p.abandon(s, generation) {
		// It was settled at the same time, when the connection broke.
		if settled != nil {
			return nil
		}
		<-s.done
	}
	p.slots.free <- s
	return sendError(err)
}

// wait returns the confirmation of what start sent without settled, and frees
// the slot.
func (p *publisher) wait(ctx context.Context, s *slot) ack {
	var a ack
	select {
	case a = <-s.done:
	case <-ctx.Done():
		if p.abandon(s, s.sent) {
			a = ack{err: fmt.Errorf("%w: %w", ErrTimeout, ctx.Err())}
		} else {
			a = <-s.done
		}
	}
	p.slots.free <- s
	return a
}

// abandon ends the wait of a slot without a confirmation; it reports false when
// the confirmation was faster.
func (p *publisher) abandon(s *slot, generation uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.waiting || s.generation != generation {
		return false
	}
	p.renew(s)
	return true
}

// renew makes the slot deaf to confirmations of its last message.
func (p *publisher) renew(s *slot) {
	s.waiting, s.data = false, nil
	s.generation++
	s.reply = p.replySubject(s)
}

// receive hands a confirmation to the slot that it belongs to.
func (p *publisher) receive(msg *nats.Msg) {
	index, generation, ok := strings.Cut(msg.Subject[len(p.inbox):], ".")
	if !ok {
		return
	}
	i, err := strconv.Atoi(index)
	if err != nil {
		return
	}
	s := p.slots.at(i)
	if s == nil {
		return
	}
	g, err := strconv.ParseUint(generation, 10, 64)
	if err != nil {
		return
	}
	s.mu.Lock()
	if !s.waiting || s.generation != g {
		s.mu.Unlock()
		if p.tail != nil {
			p.tail.doubt() // it may have confirmed an entry
		}
		return
	}
	s.waiting = false
	settled, entry, data := s.settled, s.entry, s.data
	s.data = nil
	s.mu.Unlock()
	a := parseAck(msg)
	switch {
	case !entry || a.err != nil:
	case a.duplicate:
		p.tail.repeated(a.sequence)
	default:
		p.tail.add(Entry{ID: s.id[0], Data: data, Sequence: a.sequence, Time: p.clock.Now()})
	}
	p.settle(s, settled, a)
}

func (p *publisher) settle(s *slot, settled func(ack), a ack) {
	if settled == nil {
		s.done <- a
		return
	}
	settled(a)
	p.slots.free <- s
}

// failAll ends all waits, because their confirmations will not come.
func (p *publisher) failAll(err error) { p.fail(err, func(*slot) bool { return true }) }

// fail ends the waits of some slots.
func (p *publisher) fail(err error, ends func(*slot) bool) {
	for s := range p.slots.all() {
		s.mu.Lock()
		if !s.waiting || !ends(s) {
			s.mu.Unlock()
			continue
		}
		p.renew(s)
		settled := s.settled
		s.mu.Unlock()
		p.settle(s, settled, ack{err: err})
	}
}

// expire ends the waits that take too long: one ticker instead of a timer for
// each message.
func (p *publisher) expire() {
	ticker := p.clock.NewTicker(max(p.timeout/4, time.Millisecond))
	defer ticker.Stop()
	for {
		select {
		case <-p.quit:
			return
		case now := <-ticker.C():
			p.fail(ErrTimeout, func(s *slot) bool { return !s.until.After(now) })
		}
	}
}

func (p *publisher) close() { p.drainOnce.Do(func() { close(p.closing) }) }

// drain takes no new messages and waits for the confirmations of all others.
func (p *publisher) drain(ctx context.Context) error {
	p.close()
	select {
	case <-p.draining:
	case <-ctx.Done():
		return ctx.Err()
	}
	// To hold all slots is to know that no message is under way.
	all := p.slots.close()
	held := make([]*slot, 0, all)
	defer func() {
		for _, s := range held {
			p.slots.free <- s
		}
		p.draining <- struct{}{}
	}()
	for len(held) < all {
		select {
		case s := <-p.slots.free:
			held = append(held, s)
		case <-ctx.Done():
			return fmt.Errorf("%d entries are not confirmed: %w", all-len(held), ctx.Err())
		}
	}
	return nil
}

func (p *publisher) stop() {
	p.close()
	p.stopOnce.Do(func() {
		close(p.quit)
		p.running.Wait()
		// What is still waiting gets its answer.
		p.failAll(ErrClosed)
		_ = p.replies.Unsubscribe()
	})
}

const (
	msgIDHeader        = "Nats-Msg-Id"
	expectedHeader     = "Nats-Expected-Last-Subject-Sequence"
	ttlHeader          = "Nats-TTL"
	statusHeader       = "Status"
	noRespondersStatus = "503"
)

// Codes of the server's errors.
const (
	errCodeNoPeers           = 10005
	errCodeAccountResources  = 10002
	errCodeResources         = 10023
	errCodeStorageResources  = 10047
	errCodeTooLarge          = 10054
	errCodeStoreFailed       = 10077
	errCodeWrongLastSequence = 10071
	errCodeWrongLastConstant = 10164
)

// parseAck reads a confirmation. The usual one is {"stream":"EVENTS","seq":7};
// everything else goes through the JSON decoder.
func parseAck(msg *nats.Msg) ack {
	const member = `,"seq":`
	data := msg.Data
	if len(data) == 0 && msg.Header.Get(statusHeader) == noRespondersStatus {
		return ack{err: fmt.Errorf("%w: nobody has the stream", ErrUnavailable)}
	}
	if i := bytes.Index(data, []byte(member)); i > 0 && bytes.HasPrefix(data, []byte(`{"stream":`)) && data[len(data)-1] == '}' {
		if n, err := strconv.ParseUint(string(data[i+len(member):len(data)-1]), 10, 64); err == nil {
			return ack{sequence: n}
		}
	}
	var answer struct {
		Sequence  uint64 `json:"seq"`
		Duplicate bool   `json:"duplicate"`
		Error     *struct {
			Code        int    `json:"err_code"`
			Description string `json:"description"`
		} `json:"error"`
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return ack{err: fmt.Errorf("%w: a confirmation that is not understood", ErrUnavailable)}
	}
	if answer.Error == nil {
		return ack{sequence: answer.Sequence, duplicate: answer.Duplicate}
	}
	return ack{err: serverError(answer.Error.Code, answer.Error.Description)}
}

func serverError(code int, description string) error {
	switch code {
	case errCodeWrongLastSequence, errCodeWrongLastConstant:
		return ErrConflict
	case errCodeTooLarge:
		return ErrTooLarge
	case errCodeAccountResources, errCodeResources, errCodeStorageResources:
		return fmt.Errorf("%w: %s", ErrFull, description)
	case errCodeStoreFailed:
		if strings.HasPrefix(description, "maximum ") {
			return fmt.Errorf("%w: %s", ErrFull, description)
		}
	}
	return fmt.Errorf("%w: %s", ErrUnavailable, description)
}

func sendError(err error) error {
	switch {
	case errors.Is(err, nats.ErrMaxPayload):
		return ErrTooLarge
	case errors.Is(err, nats.ErrConnectionClosed), errors.Is(err, nats.ErrConnectionDraining):
		return ErrClosed
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}
