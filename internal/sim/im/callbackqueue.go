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
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds of the connections to the receiver.
const (
	callbackConnections = 256
	callbackIdleTimeout = 90 * time.Second
)

var errClosed = errors.New("the simulator is closed")

// origin is where an event comes from, as the URL of a callback tells it. The
// zero origin is in no URL.
type origin struct {
	platform string
	ip       string
}

// callbackEvent is one after-callback.
type callbackEvent struct {
	command string
	origin  origin
	at      time.Time
	fields  answer // shares nothing that changes with the simulator's state
	tally   tallyKey
	tries   int
	retries int // repeats even if the settings have none
	// done is told of the end, perhaps under locks, and whether the receiver
	// has accepted the event. It may be nil.
	done     func(accepted bool)
	accepted bool
}

// callbackSettings are the options in force, ready for use.
type callbackSettings struct {
	CallbackOptions
	ticked map[string]bool // nil means all
}

// callbacks fires callbacks. It has a lock of its own, which is taken after
// the simulator's and held over no wait. Workers and connections exist from
// the first configuration with a URL on.
type callbacks struct {
	app      int64
	clock    func() time.Time
	book     *callbackBook
	settings atomic.Pointer[callbackSettings] // nil without URL

	// background ends with the simulator.
	background context.Context
	end        context.CancelFunc
	running    sync.WaitGroup

	mu      sync.Mutex
	options CallbackOptions
	client  *http.Client // nil until started
	closed  bool
	queue   chan *callbackEvent
	pending int // waiting for a worker, under way, or waiting for a repeat
	drained chan struct{}
	repeats map[*callbackEvent]*time.Timer
}

func newCallbacks(o Options) *callbacks {
	c := &callbacks{
		app: o.SDKAppID, clock: o.Clock, book: newCallbackBook(o.CallLogSize),
		options: o.Callback, drained: make(chan struct{}), repeats: map[*callbackEvent]*time.Timer{},
	}
	close(c.drained)
	c.background, c.end = context.WithCancel(context.Background())
	if o.Callback.URL != "" {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.apply(o.Callback)
	}
	return c
}

// configure replaces the configuration.
func (c *callbacks) configure(options CallbackOptions) error {
	if err := options.Validate(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return errClosed
	}
	options.QueueSize, options.Workers = c.options.QueueSize, c.options.Workers
	c.apply(options.withDefaults())
	return nil
}

// apply puts checked options in force, under the lock.
func (c *callbacks) apply(options CallbackOptions) {
	c.options = options
	if options.URL == "" {
		c.settings.Store(nil)
		return
	}
	settings := &callbackSettings{CallbackOptions: options}
	if len(options.Commands) > 0 {
		settings.ticked = make(map[string]bool, len(options.Commands))
		for _, command := range options.Commands {
			settings.ticked[command] = true
		}
	}
	if c.client == nil {
		c.start(options)
	}
	c.settings.Store(settings)
}

// start makes the client and the workers.
func (c *callbacks) start(options CallbackOptions) {
	c.client = &http.Client{
		Transport: &http.Transport{
			DisableCompression:  true,
			MaxConnsPerHost:     callbackConnections,
			MaxIdleConns:        callbackConnections,
			MaxIdleConnsPerHost: callbackConnections,
			IdleConnTimeout:     callbackIdleTimeout,
		},
		// The status must be 200, so a redirect is a failure.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	c.queue = make(chan *callbackEvent, options.QueueSize)
	for range options.Workers {
		c.running.Go(c.work)
	}
}

func (c *callbacks) configuration() CallbackOptions {
	c.mu.Lock()
	defer c.mu.Unlock()
	options := c.options
	options.Commands, options.RetryDelays = slices.Clone(options.Commands), slices.Clone(options.RetryDelays)
	return options
}

// wants reports whether a callback is configured and ticked.
func (c *callbacks) wants(command string) bool {
	settings := c.settings.Load()
	return settings != nil && settings.wants(command)
}

func (s *callbackSettings) wants(command string) bool { return s.ticked == nil || s.ticked[command] }

// fire queues an after-callback, or drops it when the queue is full. It never
// waits, so that it can be called under the simulator's lock: events enter the
// queue in the order in which they happened. Several workers empty it, so
// nothing keeps them in order on the wire, as the provider promises none.
func (c *callbacks) fire(event *callbackEvent) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.book.fired(event)
	if c.closed || c.queue == nil || c.pending >= cap(c.queue) {
		c.book.dropped(event)
		event.end()
		return
	}
	if c.pending == 0 {
		c.drained = make(chan struct{})
	}
	c.pending++
	c.queue <- event // has room: what is queued is a part of what is pending
}

// work sends queued callbacks until the end.
func (c *callbacks) work() {
	for {
		select {
		case <-c.background.Done():
			return
		case event := <-c.queue:
			c.attempt(event)
		}
	}
}

// attempt sends a callback once and decides what comes next.
func (c *callbacks) attempt(event *callbackEvent) {
	settings := c.settings.Load()
	if settings == nil {
		c.finish(event, false)
		return
	}
	event.tries++
	fields, err := c.send(settings, outgoing{command: event.command, origin: event.origin, at: event.at, fields: event.fields, try: event.tries})
	if err == nil {
		// The code is ignored, but to whoever wants to know it decides whether
		// the receiver claims to have the event.
		code, coded := wholeNumber(fields["ErrorCode"])
		event.accepted = coded && code == 0
		c.finish(event, true)
		return
	}
	allowed := event.retries
	if settings.RetryAfter {
		allowed = max(allowed, len(settings.RetryDelays))
	}
	if event.tries <= allowed && c.repeat(event, settings.RetryDelays[min(event.tries, len(settings.RetryDelays))-1]) {
		return
	}
	c.finish(event, false)
}

// repeat queues the callback again after a pause. It reports false when the
// simulator has been closed.
func (c *callbacks) repeat(event *callbackEvent, pause time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.book.repeated(event)
	c.running.Add(1)
	c.repeats[event] = time.AfterFunc(pause, func() {
		defer c.running.Done()
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.closed {
			c.abandon(event)
			return
		}
		delete(c.repeats, event)
		c.queue <- event // its place among the pending ones was kept
	})
	return true
}

// end tells whoever wants to know what became of the callback.
func (e *callbackEvent) end() {
	if e.done != nil {
		e.done(e.accepted)
	}
}

// finish ends a callback, answered or not.
func (c *callbacks) finish(event *callbackEvent, answered bool) {
	c.book.finished(event, answered)
	event.end()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pending--
	if c.pending == 0 {
		close(c.drained)
	}
}

// backlog returns how many after-callbacks are not finished.
func (c *callbacks) backlog() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pending
}

// WaitForCallbacks waits until no after-callback is waiting or under way.
func (s *Simulator) WaitForCallbacks(ctx context.Context) error {
	c := s.callbacks
	c.mu.Lock()
	drained := c.drained
	c.mu.Unlock()
	select {
	case <-drained:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close aborts what is under way and waits for the workers. What was waiting
// counts as dropped.
func (c *callbacks) close() {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	c.closed = true
	c.settings.Store(nil)
	for event, timer := range c.repeats {
		if timer.Stop() {
			c.running.Done()
			c.abandon(event)
		}
	}
	c.mu.Unlock()
	c.end()
	c.running.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.queue) > 0 {
		c.abandon(<-c.queue)
	}
	if c.client != nil {
		c.client.CloseIdleConnections()
	}
}

// abandon gives up a waiting callback, under the lock.
func (c *callbacks) abandon(event *callbackEvent) {
	delete(c.repeats, event)
	c.book.finished(event, false)
	event.end()
	c.pending--
	if c.pending == 0 {
		close(c.drained)
	}
}
