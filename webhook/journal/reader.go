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
)

// reader reads the stream in order from a sequence on. It ends at the first sign
// of trouble, before it would go on by itself: whoever starts the next one checks
// first that the stream is still the same.
type reader struct {
	entries chan readerEntry
	failed  chan error // one error, and no entry after it
	quit    chan struct{}
	running sync.WaitGroup
	// reconnects of the connection when the reader was started. Entries that came
	// after another one do not count: the stream may have been made anew.
	reconnects uint64

	failOnce sync.Once
	dead     chan struct{}
}

type readerEntry struct {
	Entry

	pending uint64 // entries behind it
}

func (j *Journal) startReader(ctx context.Context, from uint64) *reader {
	r := &reader{
		entries: make(chan readerEntry, readAhead), failed: make(chan error, 1),
		quit: make(chan struct{}), dead: make(chan struct{}), reconnects: j.conn.Stats().Reconnects,
	}
	r.running.Go(func() {
		if err := r.run(ctx, j.js, from); err != nil {
			r.fail(err)
		}
	})
	return r
}

func (r *reader) run(ctx context.Context, js jetstream.JetStream, from uint64) error {
	consumer, err := js.OrderedConsumer(ctx, eventsStream, jetstream.OrderedConsumerConfig{
		DeliverPolicy:     jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:       from,
		InactiveThreshold: readerInactive,
		MaxResetAttempts:  1,
	})
	if err != nil {
		return err
	}
	consuming, err := consumer.Consume(r.receive,
		jetstream.PullMaxMessagesWithBytesLimit(pullMessages, pullBytes),
		jetstream.PullHeartbeat(readerHeartbeat), jetstream.PullExpiry(readerExpiry),
		jetstream.ConsumeErrHandler(func(_ jetstream.ConsumeContext, err error) { r.fail(err) }))
	if err != nil {
		return err
	}
	<-r.quit
	consuming.Stop()
	<-consuming.Closed()
	return nil
}

func (r *reader) receive(msg jetstream.Msg) {
	select {
	case <-r.dead:
		return
	default:
	}
	entry, pending, err := readEntry(msg)
	if err != nil {
		r.fail(err)
		return
	}
	select {
	case r.entries <- readerEntry{Entry: entry, pending: pending}:
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
}
