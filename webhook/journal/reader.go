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
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"k8s.io/utils/clock"
)

const (
	// readAhead is how many entries are held for the fold.
	readAhead = 1024
	// pullMessages and pullBytes are what the server sends ahead.
	pullMessages = 2048
	pullBytes    = 8 << 20
	// readerHeartbeat is how often an idle server says that it is there; two missed
	// ones end the reader.
	readerHeartbeat = 5 * time.Second
	readerExpiry    = 30 * time.Second
	// readerInactive is when the server forgets a reader that is gone.
	readerInactive = time.Minute
	// lookForTail is how often a reader looks whether it has reached the tail.
	lookForTail = 100 * time.Millisecond
	// stayWithServer is how long the server stays the source after a gap.
	stayWithServer = time.Second
	// deleteTimeout bounds the wish that the server forget a consumer.
	deleteTimeout = 500 * time.Millisecond
)

// reader reads the stream in order from a sequence on. It ends at the first sign
// of trouble, before it would go on by itself: whoever starts the next one checks
// first that the stream is still the same.
//
// It reads from the server until it has caught up with the tail, if the journal
// has one, then from the tail, and from the server again when that has a gap.
type reader struct {
	entries chan readerEntry
	failed  chan error // one error, and no entry after it
	quit    chan struct{}
	running sync.WaitGroup
	// reconnects of the connection when the reader was started. Entries that came
	// after another one do not count: the stream may have been made anew.
	reconnects uint64

	events jetstream.Stream
	clock  clock.WithTicker
	tail   *tail // nil: only the server knows the stream

	failOnce sync.Once
	dead     chan struct{}

	next uint64 // the sequence that is read next; of the goroutine that runs
}

// consumption is what the server sends until the tail is reached. The client may
// still call it after it was stopped.
type consumption struct {
	reader *reader

	mu      sync.Mutex
	next    uint64    // the sequence that is read next
	pending uint64    // entries behind the last one that came
	until   time.Time // before it, the server stays the source
	ended   bool
}

type readerEntry struct {
	Entry

	pending uint64 // entries behind it
}

func (j *Journal) startReader(ctx context.Context, from uint64) *reader {
	r := &reader{
		entries: make(chan readerEntry, readAhead), failed: make(chan error, 1),
		quit: make(chan struct{}), dead: make(chan struct{}), reconnects: j.conn.Stats().Reconnects,
		events: j.events, clock: j.clock, next: from,
	}
	if j.tail.claim() {
		r.tail = j.tail
	}
	r.running.Go(func() {
		if err := r.run(ctx); err != nil {
			r.fail(err)
		}
	})
	return r
}

func (r *reader) run(ctx context.Context) error {
	stay := time.Duration(0)
	for {
		if r.tail != nil {
			r.tail.trust()
		}
		if err := r.consume(ctx, stay); err != nil {
			return err
		}
		if r.over() {
			return nil
		}
		if err := r.follow(); !errors.Is(err, errGap) {
			return err
		}
		// Gaps come in numbers when the disk is slow: the server is the better source
		// for a while.
		stay = stayWithServer
	}
}

// over reports whether nothing is read any more.
func (r *reader) over() bool {
	select {
	case <-r.quit:
		return true
	case <-r.dead:
		return true
	default:
		return false
	}
}

// consume reads from the server until the tail is reached, or the reader stops.
func (r *reader) consume(ctx context.Context, stay time.Duration) error {
	pending := uint64(1) // at least, for all that is known
	if r.tail != nil {
		info, err := r.events.Info(ctx)
		if err != nil {
			return err
		}
		r.tail.read(info.State.LastSeq)
		if info.State.LastSeq < r.next { // what is stored from now on comes to the tail
			if pending = 0; stay == 0 {
				return nil
			}
		}
	}
	consumer, err := r.events.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{
		DeliverPolicy:     jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:       r.next,
		InactiveThreshold: readerInactive,
		MaxResetAttempts:  1,
	})
	if err != nil {
		return err
	}
	c := &consumption{reader: r, next: r.next, pending: pending, until: r.clock.Now().Add(stay)}
	consuming, err := consumer.Consume(c.receive,
		jetstream.PullMaxMessagesWithBytesLimit(pullMessages, pullBytes),
		jetstream.PullHeartbeat(readerHeartbeat), jetstream.PullExpiry(readerExpiry),
		jetstream.ConsumeErrHandler(func(_ jetstream.ConsumeContext, err error) { c.failed(err) }))
	if err != nil {
		return err
	}
	c.awaitTail()
	r.next = c.end()
	consuming.Stop()
	<-consuming.Closed()
	if info := consumer.CachedInfo(); info != nil {
		// Left to itself it would be told of every entry until the server forgets it.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deleteTimeout)
		defer cancel()
		_ = r.events.DeleteConsumer(ctx, info.Name)
	}
	return nil
}

// awaitTail waits until what is read next is in the tail, or nothing is read any
// more. It looks now and then: at worst the server brings some more entries.
func (c *consumption) awaitTail() {
	r := c.reader
	if r.tail == nil {
		<-r.quit
		return
	}
	look := r.clock.NewTicker(lookForTail)
	defer look.Stop()
	for {
		select {
		case <-r.quit:
			return
		case <-r.dead:
			return
		case <-look.C():
			if c.reached() {
				return
			}
		}
	}
}

func (c *consumption) reached() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reader.clock.Now().Before(c.until) {
		return false
	}
	return c.pending == 0 || c.reader.tail.holds(c.next)
}

// failed ends the reader, unless the trouble is about what nobody needs any more.
func (c *consumption) failed(err error) {
	c.mu.Lock()
	ended := c.ended
	c.mu.Unlock()
	if !ended {
		c.reader.fail(err)
	}
}

// end takes nothing more, and returns what is read next.
func (c *consumption) end() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	return c.next
}

// follow reads from the tail until it has a gap, or the stream is another one;
// nil means that nothing is read any more.
func (r *reader) follow() error {
	var batch []Entry
	for {
		var err error
		if batch, err = r.tail.take(r.next, batch[:0]); err != nil {
			return err
		}
		for i := range batch {
			select {
			case r.entries <- readerEntry{Entry: batch[i]}: // what is behind it is in the channel soon
				r.next = batch[i].Sequence + 1
			case <-r.quit:
				return nil
			}
		}
		clear(batch)
		select {
		case <-r.tail.more:
		case <-r.quit:
			return nil
		}
	}
}

func (c *consumption) receive(msg jetstream.Msg) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.reader
	if c.ended || r.over() {
		return
	}
	entry, pending, err := readEntry(msg)
	if err != nil {
		r.fail(err)
		return
	}
	select {
	case r.entries <- readerEntry{Entry: entry, pending: pending}:
		c.next, c.pending = entry.Sequence+1, pending
		if r.tail != nil {
			r.tail.read(entry.Sequence)
		}
	case <-r.quit:
	}
}

func (r *reader) fail(err error) {
	r.failOnce.Do(func() {
		close(r.dead)
		r.failed <- errors.Join(errReader, err)
	})
}

var errReader = errors.New("reading the journal was interrupted")

// stop ends the reader and waits for it.
func (r *reader) stop() {
	close(r.quit)
	r.running.Wait()
	if r.tail != nil {
		r.tail.release()
	}
}
