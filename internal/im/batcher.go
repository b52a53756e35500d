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
	"fmt"
	"slices"
	"sync"
	"time"
)

const (
	// maxLinger is the default and the largest time that an item waits for company when nothing else arrives.
	maxLinger = 20 * time.Millisecond
	// gatherFactor bounds the wait while other items keep arriving, as a multiple of the linger time.
	gatherFactor = 10
	// batchSlots is how many batches of one command are under way at once.
	batchSlots = 4
	// batchQueue bounds the items that wait for a batch.
	batchQueue = 8192
	// batchTimeout bounds one batch with all its attempts, parts and waits for tokens.
	batchTimeout = 30 * time.Second
)

// batching describes a batcher.
type batching[In, Out any] struct {
	command *command
	// linger is the quiet time after which a batch that is not full leaves.
	linger time.Duration
	// gather is the longest time that an item waits while others keep arriving. With gather equal to linger nothing
	// waits longer than that for a free slot's batch, at the price of many small batches under a steady load.
	gather time.Duration
	// merge joins a repeated question with one that has not left yet, which then answers both. Nil for writes: a
	// repeated key waits until the earlier one is through.
	merge func(waiting, repeated In) In
	// execute has an outcome for each item, in their order. Its context is the batch's own.
	execute func(ctx context.Context, items []In) []outcome[Out]
	// sized is told the size of each batch; may be nil.
	sized func(items int)
}

// batcher gathers calls about single things into calls about many.
//
// A batch leaves when it is full; or when a slot is free and nothing has arrived for the linger time, and no batch has
// left for half the gather time, or something has waited for the gather time. So a lone item waits for the linger time,
// items under load travel in full batches, and while all slots are taken items gather for free.
//
// Each caller waits under its own context and may leave at any time: an item that nobody waits for any more is taken
// out if it has not left, and a batch under way goes on. A key is never in two batches at once.
type batcher[In, Out any] struct {
	batching[In, Out]
	base   context.Context
	cancel context.CancelFunc

	mu sync.Mutex
	// queue holds the entries that may leave, oldest first: their keys are distinct and not under way.
	queue []*entry[In, Out]
	// later holds entries whose key is in the queue or under way, by key.
	later map[string][]*entry[In, Out]
	// busy holds the keys that are in the queue or under way.
	busy map[string]struct{}
	// waiting counts the entries in queue and later.
	waiting int
	running int
	arrival time.Time
	// lastLeft is when the last batch left.
	lastLeft time.Time
	timer    *time.Timer
	armed    bool
	closed   bool
	drained  chan struct{}
}

// entry is one item and those who wait for it.
type entry[In, Out any] struct {
	key     string
	item    In
	since   time.Time
	waiters int
	left    bool // taken into a batch
	done    chan struct{}
	outcome outcome[Out]
}

func newBatcher[In, Out any](b batching[In, Out]) *batcher[In, Out] {
	base, cancel := context.WithCancel(context.Background())
	return &batcher[In, Out]{
		batching: b, base: base, cancel: cancel,
		later: map[string][]*entry[In, Out]{}, busy: map[string]struct{}{}, drained: make(chan struct{}),
	}
}

// submit adds an item and waits for its outcome.
func (b *batcher[In, Out]) submit(ctx context.Context, key string, item In) (Out, error) {
	var none Out
	if err := ctx.Err(); err != nil {
		return none, gaveUp(b.command, err)
	}
	e, err := b.add(key, item)
	if err != nil {
		return none, err
	}
	select {
	case <-e.done:
		return e.outcome.value, e.outcome.err
	case <-ctx.Done():
	}
	select {
	case <-e.done:
		return e.outcome.value, e.outcome.err
	default:
		b.leave(e)
		return none, gaveUp(b.command, ctx.Err())
	}
}

// add queues an item, or joins it to an equal question that waits.
func (b *batcher[In, Out]) add(key string, item In) (*entry[In, Out], error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, errClosed(b.command)
	}
	if e := b.joinable(key); e != nil {
		e.item = b.merge(e.item, item)
		e.waiters++
		return e, nil
	}
	if b.waiting >= batchQueue {
		return nil, &Error{
			Class: RateLimited, Command: b.command.name, RetryAfter: time.Second, Info: "too many calls are waiting",
		}
	}
	b.arrival = time.Now()
	e := &entry[In, Out]{key: key, item: item, since: b.arrival, waiters: 1, done: make(chan struct{})}
	b.waiting++
	if _, taken := b.busy[key]; taken {
		b.later[key] = append(b.later[key], e)
	} else {
		b.busy[key] = struct{}{}
		b.queue = append(b.queue, e)
	}
	b.dispatch()
	return e, nil
}

// joinable is the entry that may take in another question about the same key, if there is one.
func (b *batcher[In, Out]) joinable(key string) *entry[In, Out] {
	if b.merge == nil {
		return nil
	}
	if later := b.later[key]; len(later) > 0 {
		return later[0]
	}
	if _, taken := b.busy[key]; !taken {
		return nil
	}
	// In the queue or under way. The queue is short whenever keys repeat; searching it only then keeps add cheap.
	for _, e := range b.queue {
		if e.key == key {
			return e
		}
	}
	return nil
}

// leave takes one waiter off an entry, and the entry out when it has none left and has not been sent.
func (b *batcher[In, Out]) leave(e *entry[In, Out]) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e.waiters--
	if e.left || e.waiters > 0 {
		return
	}
	b.waiting--
	if i := slices.Index(b.queue, e); i >= 0 {
		b.queue = slices.Delete(b.queue, i, i+1)
		b.release(e.key)
	} else if later := b.later[e.key]; len(later) > 1 {
		i := slices.Index(later, e)
		b.later[e.key] = slices.Delete(later, i, i+1)
	} else {
		delete(b.later, e.key)
	}
	b.dispatch()
}

// release frees a key, or hands it to the next entry that waits for it.
func (b *batcher[In, Out]) release(key string) {
	later := b.later[key]
	if len(later) == 0 {
		delete(b.busy, key)
		return
	}
	b.queue = append(b.queue, later[0])
	if len(later) == 1 {
		delete(b.later, key)
	} else {
		b.later[key] = slices.Delete(later, 0, 1)
	}
}

// dispatch sends what may leave and sets the timer for what may leave later. The lock is held.
func (b *batcher[In, Out]) dispatch() {
	for b.running < batchSlots && len(b.queue) > 0 &&
		(len(b.queue) >= b.command.maxItems || b.closed || b.untilDue() <= 0) {
		batch := slices.Clone(b.queue[:min(len(b.queue), b.command.maxItems)])
		b.queue = slices.Delete(b.queue, 0, len(batch))
		b.waiting -= len(batch)
		b.running++
		b.lastLeft = time.Now()
		for _, e := range batch {
			e.left = true
		}
		go b.run(batch)
	}
	if b.closed && b.waiting == 0 && b.running == 0 {
		close(b.drained)
		return
	}
	if len(b.queue) == 0 || b.running == batchSlots || b.armed {
		// With all slots taken, the end of a batch dispatches again.
		return
	}
	b.armed = true
	if b.timer == nil {
		b.timer = time.AfterFunc(b.untilDue(), b.onTimer)
	} else {
		b.timer.Reset(b.untilDue())
	}
}

// untilDue is the time until the oldest entry may leave in a batch that is not full.
func (b *batcher[In, Out]) untilDue() time.Duration {
	quiet := b.arrival.Add(b.linger)
	// Under load callers come back in clumps: what follows closely on a batch
	// waits for the rest of its clump.
	if next := b.lastLeft.Add(b.gather / 2); quiet.Before(next) {
		quiet = next
	}
	patience := b.queue[0].since.Add(b.gather)
	if patience.Before(quiet) {
		quiet = patience
	}
	return time.Until(quiet)
}

func (b *batcher[In, Out]) onTimer() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.armed = false
	if !b.closed {
		b.dispatch()
	}
}

// run executes a batch and hands out what came of it, whatever happens in between.
func (b *batcher[In, Out]) run(batch []*entry[In, Out]) {
	ctx, cancel := context.WithTimeout(b.base, batchTimeout)
	defer cancel()
	outcomes := make([]outcome[Out], len(batch))
	fail(outcomes, fmt.Errorf("im %s: the batch ended without an outcome", b.command.name))

	defer func() {
		if p := recover(); p != nil {
			fail(outcomes, fmt.Errorf("im %s: panic in a batch: %v", b.command.name, p))
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		for i, e := range batch {
			e.outcome = outcomes[i]
			close(e.done)
			b.release(e.key)
		}
		b.running--
		b.dispatch()
	}()

	items := make([]In, len(batch))
	for i, e := range batch {
		items[i] = e.item
	}
	if b.sized != nil {
		b.sized(len(items))
	}
	if got := b.execute(ctx, items); len(got) == len(batch) {
		outcomes = got
	}
}

// close refuses new items, sends what waits at once and returns when all have their outcome. Batches that take longer
// than patience are cut short.
func (b *batcher[In, Out]) close(patience time.Duration) {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		<-b.drained
		return
	}
	b.closed = true
	if b.timer != nil {
		b.timer.Stop()
	}
	b.dispatch()
	b.mu.Unlock()

	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-b.drained:
	case <-timer.C:
	}
	b.cancel()
	<-b.drained
}

// ErrClosed is the cause of every failure after Close.
var ErrClosed = errors.New("the client is closed")

func errClosed(cmd *command) error {
	return &Error{Class: Unavailable, Command: cmd.name, Err: ErrClosed}
}
