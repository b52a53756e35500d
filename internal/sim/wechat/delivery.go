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
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Bounds of the connections to webhooks.
const (
	pushConnections = 256
	pushIdleTimeout = 90 * time.Second
)

var (
	errClosed    = errors.New("the simulator is closed")
	errQueueFull = errors.New("too many pushes are unfinished")
)

// lane holds the pushes that go out one after the other: those of one
// follower. It is guarded by the dispatcher's lock.
type lane struct {
	waiting []*push // the first one is under way, or about to be
	active  bool    // known to the workers, or waiting for a repeat
}

// dispatcher delivers pushes. Its lock is taken after an account's and held
// over no wait. Workers exist from the first push on.
type dispatcher struct {
	sim    *Simulator
	client *http.Client
	book   *pushBook

	// background ends with the simulator.
	background context.Context
	end        context.CancelFunc
	running    sync.WaitGroup

	mu       sync.Mutex
	started  bool
	closed   bool
	delivery Delivery
	random   *rand.Rand
	ready    chan *lane // has room for every unfinished push
	pending  int
	drained  chan struct{}
	repeats  map[*lane]*time.Timer
}

func newDispatcher(s *Simulator) *dispatcher {
	d := &dispatcher{
		sim: s, book: newPushBook(s.options.CallLogSize), delivery: s.options.Delivery, random: repeatable(s.options.Seed + 1),
		ready: make(chan *lane, s.options.PushQueue), drained: make(chan struct{}), repeats: map[*lane]*time.Timer{},
		client: &http.Client{
			Transport: &http.Transport{
				DialContext:         (&net.Dialer{}).DialContext,
				DisableCompression:  true,
				MaxConnsPerHost:     pushConnections,
				MaxIdleConns:        pushConnections,
				MaxIdleConnsPerHost: pushConnections,
				IdleConnTimeout:     pushIdleTimeout,
			},
			// The status must be 200, so a redirect is a failure.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	close(d.drained)
	d.background, d.end = context.WithCancel(context.Background())
	return d
}

// enqueue takes a push, or refuses it when too many are unfinished. It never
// waits, so that it can be called under an account's lock: pushes enter in the
// order in which things happened.
func (d *dispatcher) enqueue(p *push) error {
	configured := p.account.settings.Load().WebhookURL != ""
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.closed:
		return errClosed
	case !configured:
		d.book.unsent()
		return nil
	case d.pending >= cap(d.ready):
		d.book.refused()
		return errQueueFull
	}
	if !d.started {
		d.started = true
		for range d.sim.options.PushWorkers {
			d.running.Go(d.work)
		}
	}
	d.book.written()
	if d.pending == 0 {
		d.drained = make(chan struct{})
	}
	d.pending++
	own := &p.follower.lane
	if d.delivery.Unordered {
		own = &lane{}
	}
	own.waiting = append(own.waiting, p)
	if !own.active {
		own.active = true
		d.ready <- own // has room: an active lane holds an unfinished push
	}
	return nil
}

// work delivers what is ready until the end.
func (d *dispatcher) work() {
	for {
		select {
		case <-d.background.Done():
			return
		case l := <-d.ready:
			d.advance(l, d.next(l))
		}
	}
}

// next returns the push of a lane that is to be tried, which may have been
// overtaken by the one behind it.
func (d *dispatcher) next(l *lane) *push {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(l.waiting) > 1 && l.waiting[0].tries == 0 && d.random.Float64() < d.delivery.Reorder {
		l.waiting[0], l.waiting[1] = l.waiting[1], l.waiting[0]
	}
	return l.waiting[0]
}

// advance tries the first push of a lane and decides what comes next.
func (d *dispatcher) advance(l *lane, p *push) {
	p.tries++
	p.began = time.Now()
	last := p.tries >= d.sim.options.PushTries
	result := d.try(p)
	took := time.Since(p.began)
	if !last && !result.outcome.again() && d.loses() {
		result = verdict{outcome: Lost, detail: string(result.outcome)}
	}
	record := p.record()
	record.Time, record.Took, record.Outcome, record.Detail = d.sim.now(), took, result.outcome, result.detail
	d.book.tried(record)
	if d.background.Err() != nil {
		return // what is unfinished counts as dropped
	}
	if result.outcome.again() && !last {
		d.repeat(l, d.sim.options.RetryGap-took)
		return
	}
	d.book.finished(result.outcome, d.show(p, result))
	d.finish(l)
}

// loses decides whether an answer is lost.
func (d *dispatcher) loses() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.delivery.Duplicate > 0 && d.random.Float64() < d.delivery.Duplicate
}

// try sends a push once.
func (d *dispatcher) try(p *push) verdict {
	out := p.request
	if out == nil {
		var err error
		if out, err = d.sim.prepare(p); err != nil {
			return verdict{outcome: NotConfigured, detail: err.Error()}
		}
		if !d.sim.options.FreshRetries {
			p.request = out
		}
	}
	// A repeated request goes to where the webhook is now.
	address := p.account.settings.Load().WebhookURL
	if address == "" {
		return verdict{outcome: NotConfigured}
	}
	ctx, cancel := context.WithTimeout(d.background, d.sim.options.PushTimeout)
	defer cancel()
	status, body, err := exchange(ctx, d.client, http.MethodPost, withQuery(address, out.query), out.body)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return verdict{outcome: TimedOut}
	case err != nil:
		return verdict{outcome: Broken, detail: harmless(err)}
	case status != http.StatusOK:
		return verdict{outcome: BadStatus, detail: http.StatusText(status)}
	}
	return p.judge(out, body, d.sim.now())
}

// exchange makes one request and reads all of its answer.
func exchange(ctx context.Context, client *http.Client, method, address, body string) (status int, answer []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("User-Agent", "Mozilla/4.0")
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "text/xml")
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(response.Body, maxPushAnswer+1))
	return response.StatusCode, answer, err
}

// harmless is the text of an error without the URL, whose path may be a
// secret.
func harmless(err error) string {
	var network *net.OpError
	if errors.As(err, &network) {
		return network.Op + ": " + network.Err.Error()
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "the connection ended"
	}
	return "the exchange failed"
}

// show lets the follower see what came of a push, and reports whether that is
// the notice that the service is unavailable.
func (d *dispatcher) show(p *push, result verdict) (unavailable bool) {
	bad := result.outcome == Invalid || result.outcome.again()
	if result.message == nil && !bad || !p.visible() {
		return false
	}
	now := d.sim.now()
	p.account.mu.Lock()
	defer p.account.mu.Unlock()
	if !p.follower.follows {
		return false
	}
	if bad {
		p.follower.arrive(PhoneMessage{Source: Unavailable, Answers: p.sent.ID, Type: "text", Text: UnavailableText}, now)
		return true
	}
	p.follower.arrive(*result.message, now)
	return false
}

// repeat makes a lane ready again after a pause.
func (d *dispatcher) repeat(l *lane, pause time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return
	}
	if pause <= 0 {
		d.ready <- l
		return
	}
	d.running.Add(1)
	d.repeats[l] = time.AfterFunc(pause, func() {
		defer d.running.Done()
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.repeats, l)
		if !d.closed {
			d.ready <- l
		}
	})
}

// finish ends the first push of a lane.
func (d *dispatcher) finish(l *lane) {
	d.mu.Lock()
	defer d.mu.Unlock()
	l.waiting[0] = nil
	l.waiting = l.waiting[1:]
	switch {
	case d.closed:
	case len(l.waiting) > 0:
		d.ready <- l
	default:
		l.waiting, l.active = nil, false
	}
	d.pending--
	if d.pending == 0 {
		close(d.drained)
	}
}

// close aborts what is under way and waits for the workers. What was not
// finished counts as dropped.
func (d *dispatcher) close() {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return
	}
	d.closed = true
	for _, timer := range d.repeats {
		if timer.Stop() {
			d.running.Done()
		}
	}
	d.mu.Unlock()
	d.end()
	d.running.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.pending > 0 {
		d.book.dropped(d.pending)
		d.pending = 0
		close(d.drained)
	}
	d.client.CloseIdleConnections()
}

// SetDelivery changes how pushes are delivered from now on.
func (s *Simulator) SetDelivery(delivery Delivery) error {
	if err := delivery.validate(); err != nil {
		return err
	}
	s.pushes.mu.Lock()
	defer s.pushes.mu.Unlock()
	s.pushes.delivery = delivery
	return nil
}

// Delivery returns how pushes are delivered.
func (s *Simulator) Delivery() Delivery {
	s.pushes.mu.Lock()
	defer s.pushes.mu.Unlock()
	return s.pushes.delivery
}

// WaitForPushes waits until no push is waiting or under way.
func (s *Simulator) WaitForPushes(ctx context.Context) error {
	s.pushes.mu.Lock()
	drained := s.pushes.drained
	s.pushes.mu.Unlock()
	select {
	case <-drained:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
