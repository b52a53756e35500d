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
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Entry reads back one entry, without its keys. It serves a caller whose own one
// was a duplicate and who wants to know what the first one said. It is
// ErrNotFound when the entry has been folded and removed, or has gone by its age.
func (j *Journal) Entry(ctx context.Context, sequence uint64) (Entry, error) {
	if sequence == 0 { // the server would not understand
		return Entry{}, fmt.Errorf("reading entry 0: %w", ErrNotFound)
	}
	msg, err := j.events.GetMsg(ctx, sequence)
	if err != nil {
		return Entry{}, fmt.Errorf("reading entry %d: %w", sequence, readError(err))
	}
	return Entry{ID: msg.Header.Get(msgIDHeader), Data: msg.Data, Sequence: msg.Sequence, Time: msg.Time}, nil
}

// State reads a stored state, whoever owns it: its data as Machine.Load gets it,
// and whether there is one. What its owner has not stored yet is not in it. In a
// cluster the answer comes from the leader, never from a copy that lags.
func (j *Journal) State(ctx context.Context, key StateKey) ([]byte, bool, error) {
	v, err := last(ctx, j.state, j.layout.stateSubject(key))
	if err != nil || !v.present {
		return nil, false, err
	}
	e, err := decodeEnvelope(v.value)
	if err != nil {
		return nil, false, fmt.Errorf("a state of kind %s: %w", key.Kind, err)
	}
	return e.data, len(e.data) > 0, nil
}

// Scan calls fn with each state of some kinds that was stored before the call,
// with its data as Machine.Load gets it, and returns when it has seen all of them.
// Those that change meanwhile may come more than once, the latest value last. fn
// should be quick; what it holds up waits on the server.
func (j *Journal) Scan(ctx context.Context, kinds []string, fn func(StateKey, []byte)) error {
	filters := make([]string, len(kinds))
	for i, kind := range kinds {
		filters[i] = j.layout.statesOf("*", kind)
	}
	if len(filters) == 0 {
		return nil
	}
	err := j.scan(ctx, filters, func(msg jetstream.Msg) {
		key, err := j.layout.stateKey(msg.Subject())
		if err != nil || deleted(msg.Headers()) {
			return
		}
		e, err := decodeEnvelope(msg.Data())
		if err != nil {
			j.log.Error(err, "A stored state cannot be read", "kind", key.Kind, "partition", key.Partition)
			return
		}
		if len(e.data) > 0 {
			fn(key, e.data)
		}
	})
	if err != nil {
		return fmt.Errorf("reading all states: %w", readError(err))
	}
	return nil
}

// publish sends a message that is no entry and returns its confirmation. What may
// pass is tried again as by Append; repeated says that an earlier attempt may have
// been taken, although nobody confirmed it.
func (j *Journal) publish(ctx context.Context, subject string, header nats.Header, data []byte) (a ack, repeated bool) {
	until := j.clock.Now().Add(j.options.AppendTimeout)
	for ; ; repeated = true {
		s, err := j.publisher.acquire(ctx, until)
		if err == nil {
			err = j.publisher.start(s, packet{subject: subject, header: header, data: data, until: until}, nil)
		}
		if err == nil {
			a = j.publisher.wait(ctx, s)
		} else {
			a = ack{err: err}
		}
		retry := errors.Is(a.err, ErrUnavailable) || errors.Is(a.err, ErrTimeout)
		if !retry || ctx.Err() != nil || until.Sub(j.clock.Now()) <= appendRetry || sleep(ctx, j.clock, appendRetry) != nil {
			return a, repeated
		}
	}
}

// readError is one of this package's, for a question that the server did not
// answer.
func readError(err error) error {
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return ErrNotFound
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: %w", ErrTimeout, err)
	}
	return sendError(err)
}
