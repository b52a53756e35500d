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

// Package journal keeps what providers reported until it is counted, and
// counts each of it once, whatever is killed in between.
//
// A log is a stream of NATS JetStream with entries. Open opens the log EVENTS, and
// Join further ones on the same server, each with its own limits. Append returns
// only when the stream holds the entry; an entry whose ID the stream has seen
// within the duplicate window is not stored again. Every entry has one or two keys
// (a room, a user), and each key belongs to one of Partitions partitions.
//
// An Owner folds entries into states, strictly in the order of the stream. Each
// partition has one owner at a time. States are written behind, into the
// log's bucket of states; each value says which sequence it includes, and each
// partition's record says from which sequence to read on. So an entry that is
// read again after a crash changes no state that includes it already.
//
// Where the server is inside this process, entries come to the owner from the
// tail: as soon as they are confirmed, and without the server sending them back.
//
// Beside the logs there are Values, which several processes share, and Letters,
// which wait for a person.
//
// The streams live in a server inside this process, with its files in one
// directory, or in a cluster of NATS servers. The code is the same. An external
// account belongs to one installation alone, because the names of streams are
// fixed.
package journal

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/utils/clock"
)

// Errors that a caller may want to tell apart. All of them mean that it is not
// known that the journal holds the entry; repeating with the same ID is safe
// within the duplicate window.
var (
	// ErrClosed means that the journal is closing.
	ErrClosed = errors.New("the journal is closed")
	// ErrFull means that the stream is at its maximum size, and drops nothing to make room.
	ErrFull = errors.New("the journal is full")
	// ErrBusy means that as many entries are under way as are allowed.
	ErrBusy = errors.New("too many entries are under way")
	// ErrUnavailable means that no server answers for the stream.
	ErrUnavailable = errors.New("the journal is not available")
	// ErrTimeout means that the server did not confirm in time.
	ErrTimeout = errors.New("the journal did not confirm in time")
	// ErrTooLarge means that the entry is longer than the server takes.
	ErrTooLarge = errors.New("the entry is too large")
	// ErrInvalid means that the entry has no ID, or that a name is none.
	ErrInvalid = errors.New("the entry is invalid")
)

// Errors of reading, and of writing under a condition.
var (
	// ErrNotFound means that there is no such entry, value or letter: there never
	// was, or it is gone.
	ErrNotFound = errors.New("not in the journal")
	// ErrConflict means that the key was written by someone else meanwhile.
	ErrConflict = errors.New("the key has another revision")
)

// Options of a journal. Exactly one of Embedded and External is set; everything
// else may be left out.
type Options struct {
	// Embedded runs the server in this process.
	Embedded *Embedded
	// External uses servers that run elsewhere.
	External *External
	// Events bounds the stream of entries.
	Events EventLimits
	// StateMaxBytes bounds the bucket of states; values beyond it are refused and
	// retried. 0 means 2 GiB.
	StateMaxBytes int64
	// MaxInFlight bounds the entries that wait for their confirmation. 0 means 4096.
	MaxInFlight int
	// AckTimeout is how long one attempt waits for its confirmation. 0 means 1 s.
	AckTimeout time.Duration
	// AppendTimeout is how long Append tries in all, if its context does not end
	// earlier. 0 means 5 s.
	AppendTimeout time.Duration
	// Clock replaces the machine's clock.
	Clock clock.WithTicker
	// Log gets what an operator should know; the server's own messages have
	// verbosity 1 and more.
	Log logr.Logger
	// Registerer of the metrics; nil means none.
	Registerer prometheus.Registerer
}

// EventLimits bound the stream of entries.
type EventLimits struct {
	// MaxBytes on disk; entries beyond it are refused. 0 means 4 GiB.
	MaxBytes int64
	// MaxAge after which an entry goes even if nobody folded it: the last resort
	// against a stream without an owner. 0 means 7 days.
	MaxAge time.Duration
	// DuplicateWindow within which an ID is stored once. 0 means 2 minutes.
	DuplicateWindow time.Duration
}

func (o Options) withDefaults() (Options, error) {
	if (o.Embedded == nil) == (o.External == nil) {
		return o, errors.New("exactly one of an embedded and an external server is needed")
	}
	setDefault(&o.Events.MaxBytes, 4<<30)
	setDefault(&o.Events.MaxAge, 7*24*time.Hour)
	setDefault(&o.Events.DuplicateWindow, 2*time.Minute)
	setDefault(&o.StateMaxBytes, 2<<30)
	setDefault(&o.MaxInFlight, 4096)
	setDefault(&o.AckTimeout, time.Second)
	setDefault(&o.AppendTimeout, 5*time.Second)
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	if o.Log.GetSink() == nil {
		o.Log = logr.Discard()
	}
	return o, nil
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Journal is one open log. Its methods may be called concurrently.
type Journal struct {
	options   Options
	layout    *layout
	root      *Journal // whose server and connection it uses; nil when they are its own
	family    *family
	clock     clock.WithTicker
	log       logr.Logger
	server    *embeddedServer // nil when external
	conn      *nats.Conn
	js        jetstream.JetStream
	events    jetstream.Stream
	state     jetstream.Stream
	records   jetstream.Stream
	members   jetstream.Stream
	publisher *publisher
	tail      *tail // nil when external: others append as well
	metrics   *metrics
	health    health

	closing   atomic.Bool
	closeOnce sync.Once
	closed    chan struct{} // closed when everything is down
}

// Open starts the embedded server or connects to an external one, makes the
// streams that are missing, and returns when entries can be appended. It keeps
// trying an external server until ctx ends.
func Open(ctx context.Context, options Options) (*Journal, error) {
	o, err := options.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("opening the journal: %w", err)
	}
	j := newJournal(o, eventsLayout())
	j.family = newFamily(j)
	if err := j.open(ctx); err != nil {
		j.shutDown()
		return nil, fmt.Errorf("opening the journal: %w", err)
	}
	return j, nil
}

func newJournal(o Options, l *layout) *Journal {
	j := &Journal{options: o, layout: l, clock: o.Clock, log: o.Log, metrics: newMetrics(l.log), closed: make(chan struct{})}
	j.health.clock = o.Clock
	return j
}

func (j *Journal) open(ctx context.Context) error {
	if err := j.connect(ctx); err != nil {
		return err
	}
	j.conn.SetDisconnectErrHandler(func(_ *nats.Conn, _ error) {
		j.family.failAll(fmt.Errorf("%w: the connection was lost", ErrUnavailable))
	})
	return j.start(ctx)
}

func (j *Journal) connect(ctx context.Context) error {
	var err error
	if j.options.Embedded != nil {
		if j.server, err = startEmbedded(ctx, j.options.Embedded, j.log); err != nil {
			return err
		}
		j.conn, err = j.server.connect(j.connectionOptions())
	} else {
		j.conn, err = connectExternal(ctx, j.options.External, j.clock, j.connectionOptions())
	}
	if err != nil {
		return err
	}
	j.js, err = jetstream.New(j.conn, jetstream.WithDefaultTimeout(requestTimeout))
	return err
}

// start brings the log up, on a connection that is there.
func (j *Journal) start(ctx context.Context) error {
	if err := j.ensureStreams(ctx); err != nil {
		return err
	}
	if j.server != nil { // copies of a cluster do not lose their ends all at once
		if err := j.advance(ctx); err != nil {
			return err
		}
	}
	if j.server != nil {
		j.tail = newTail()
	}
	p, err := newPublisher(j.conn, j.clock, j.options.MaxInFlight, j.options.AckTimeout, j.tail)
	if err != nil {
		return err
	}
	j.publisher = p
	if err := j.metrics.register(j.options.Registerer); err != nil {
		return err
	}
	return j.family.enter(j)
}

// requestTimeout bounds one question to the server.
const requestTimeout = 2 * time.Second

func (j *Journal) connectionOptions() []nats.Option {
	return []nats.Option{
		nats.Name("liveroom-operator journal"),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(250 * time.Millisecond),
		// Nothing is kept for later: whoever appends learns at once, and repeats.
		nats.ReconnectBufSize(-1),
		nats.PingInterval(5 * time.Second),
		nats.MaxPingsOutstanding(2),
		// Subjects are made here from numbers and from base64.
		nats.SkipSubjectValidation(),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			j.log.V(1).Info("The connection to the journal's server reports an error", "error", err.Error())
		}),
	}
}

// Ready is nil while entries are taken and their states are written.
func (j *Journal) Ready() error {
	switch {
	case j.closing.Load():
		return ErrClosed
	case !j.conn.IsConnected():
		return fmt.Errorf("%w: not connected", ErrUnavailable)
	}
	return j.health.check()
}

// Close refuses new entries, waits until those under way are confirmed, and
// takes the log down; the one that Open returned takes the joined ones and the
// server with it. Owners and watches should have ended before. When ctx ends
// earlier, the error says so, and what was not confirmed may be lost: its callers
// got an error.
func (j *Journal) Close(ctx context.Context) error {
	j.closing.Store(true)
	var err error
	if j.root == nil {
		err = j.family.closeJoined(ctx)
	}
	err = errors.Join(err, j.publisher.drain(ctx))
	j.closeOnce.Do(func() {
		j.shutDown()
		close(j.closed)
	})
	<-j.closed
	if err != nil {
		return fmt.Errorf("closing the journal: %w", err)
	}
	return nil
}

func (j *Journal) shutDown() {
	if j.publisher != nil {
		j.publisher.stop()
	}
	j.metrics.unregister(j.options.Registerer)
	j.family.leave(j)
	if j.root != nil {
		return
	}
	if j.conn != nil {
		j.conn.Close()
	}
	if j.server != nil {
		j.server.stop()
	}
}
