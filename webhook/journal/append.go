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
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Entry is one thing that happened.
type Entry struct {
	// ID is what two reports of the same thing have in common. When read back it
	// is a digest of that, of a fixed length.
	ID string
	// First and Second are the keys that the entry belongs to. They decide its
	// partitions and are not kept: what is needed of them is in Data.
	First, Second string
	// Data is the entry itself. The server takes up to 1 MB with its headers. It
	// must not be changed after the entry was handed over.
	Data []byte
	// Sequence is the entry's place in the journal, from 1, when read back.
	Sequence uint64
	// Time at which the journal took it, when read back, to within some milliseconds.
	Time time.Time
}

// Receipt says where the journal holds an entry.
type Receipt struct {
	// Sequence of the entry, or of the earlier one with the same ID.
	Sequence uint64
	// Duplicate is true when the journal had the ID before this call. It is false
	// when the call had to repeat itself, because the earlier one may be its own.
	Duplicate bool
}

// appendRetry is the pause before an entry is sent again.
const appendRetry = 50 * time.Millisecond

// Append returns when the journal holds the entry. Calls run side by side
// without waiting for each other. What may pass (a lost connection, a cluster
// that elects a leader, a confirmation that does not come) is tried again with
// the same ID until ctx ends or AppendTimeout is over, and at most a quarter of
// AckTimeout longer. The error is one of this package's, with the cause.
func (j *Journal) Append(ctx context.Context, e Entry) (Receipt, error) {
	began := j.clock.Now()
	subject, id, err := j.layout.address(&e)
	if err != nil {
		return Receipt{}, j.refused(err)
	}
	until := began.Add(j.options.AppendTimeout)
	for repeated := false; ; repeated = true {
		a := j.send(ctx, subject, id, e.Data, until)
		if a.err == nil {
			j.accepted(began, a.duplicate)
			return Receipt{Sequence: a.sequence, Duplicate: a.duplicate && !repeated}, nil
		}
		retry := errors.Is(a.err, ErrUnavailable) || errors.Is(a.err, ErrTimeout)
		if !retry || ctx.Err() != nil || until.Sub(j.clock.Now()) <= appendRetry || sleep(ctx, j.clock, appendRetry) != nil {
			return Receipt{}, j.refused(a.err)
		}
	}
}

func (j *Journal) send(ctx context.Context, subject, id string, data []byte, until time.Time) ack {
	s, err := j.publisher.acquire(ctx, until)
	if err != nil {
		return ack{err: err}
	}
	s.id[0] = id
	if err := j.publisher.start(s, packet{subject: subject, header: s.header, data: data, entry: true, until: until}, nil); err != nil {
		return ack{err: err}
	}
	return j.publisher.wait(ctx, s)
}

// Offer hands an entry over and does not wait. It reports false when the entry
// was refused at once; that it was lost later is only counted.
func (j *Journal) Offer(e Entry) bool {
	began := j.clock.Now()
	subject, id, err := j.layout.address(&e)
	if err != nil {
		_ = j.refused(err)
		return false
	}
	s, err := j.publisher.tryAcquire()
	if err != nil {
		_ = j.refused(err)
		return false
	}
	s.id[0] = id
	err = j.publisher.start(s, packet{subject: subject, header: s.header, data: e.Data, entry: true}, func(a ack) {
		if a.err != nil {
			_ = j.refused(a.err)
			return
		}
		j.accepted(began, a.duplicate)
	})
	if err != nil {
		_ = j.refused(err)
	}
	return err == nil
}

func (j *Journal) accepted(began time.Time, duplicate bool) {
	j.metrics.latency.Observe(j.clock.Since(began).Seconds())
	if duplicate {
		j.metrics.duplicates.Inc()
	} else {
		j.metrics.appended.Inc()
	}
	j.health.appends.succeeded()
}

func (j *Journal) refused(err error) error {
	j.metrics.refused.WithLabelValues(reason(err)).Inc()
	if errors.Is(err, ErrFull) || errors.Is(err, ErrUnavailable) {
		j.health.appends.failed(j.clock.Now(), err)
	}
	return err
}

// reason is the label of an error.
func reason(err error) string {
	for _, r := range []struct {
		err  error
		name string
	}{
		{ErrClosed, "closed"}, {ErrFull, "full"}, {ErrBusy, "busy"}, {ErrTimeout, "timeout"},
		{ErrTooLarge, "too_large"}, {ErrInvalid, "invalid"},
	} {
		if errors.Is(err, r.err) {
			return r.name
		}
	}
	return "unavailable"
}

// readEntry is the entry in a message of the stream.
func readEntry(msg jetstream.Msg) (Entry, uint64, error) {
	metadata, err := msg.Metadata()
	if err != nil {
		return Entry{}, 0, err
	}
	return Entry{
		ID:       msg.Headers().Get(msgIDHeader),
		Data:     msg.Data(),
		Sequence: metadata.Sequence.Stream,
		Time:     metadata.Timestamp,
	}, metadata.NumPending, nil
}
