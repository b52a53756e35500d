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
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// store is where states and the records of partitions are kept.
type store interface {
	// load reads values, in the order of the keys: all of them, or an error.
	load(context.Context, []StateKey) ([]stored, error)
	// save writes values, each if its key still has the expected revision.
	save(context.Context, []write) []written
	// loadRecords reads the records of partitions in their order.
	loadRecords(context.Context, []int) ([]storedRecord, error)
	// saveRecords writes records under the same condition.
	saveRecords(context.Context, []recordWrite) []written
}

// stored is a value, or that there is none.
type stored struct {
	present  bool
	revision uint64 // also of the mark that an expired value leaves; 0 without either
	value    []byte
	mark     bool // the value is empty, and removed: it is still there for a while
	time     time.Time
}

// write is a value to be stored.
type write struct {
	key      StateKey
	revision uint64 // expected
	value    []byte
	empty    bool          // the value holds no data
	mark     bool          // the key is to be removed
	ttl      time.Duration // 0: for good
}

type storedRecord struct {
	record

	revision uint64
}

type recordWrite struct {
	record

	partition int
	revision  uint64 // expected
}

// written is what became of a write: its revision, or ErrConflict, or another
// error after which it is not known.
type written struct {
	revision uint64
	err      error
}

// loadConcurrency is how many values are read at once.
const loadConcurrency = 32

// natsStore keeps them in the buckets.
type natsStore struct {
	layout         *layout
	state, records jetstream.Stream
	publisher      *publisher
}

// newStore is that of a log. Without a publisher it only reads.
func newStore(j *Journal, p *publisher) *natsStore {
	return &natsStore{layout: j.layout, state: j.state, records: j.records, publisher: p}
}

func (s *natsStore) load(ctx context.Context, keys []StateKey) ([]stored, error) {
	return each(ctx, keys, func(ctx context.Context, key StateKey) (stored, error) {
		return last(ctx, s.state, s.layout.stateSubject(key))
	})
}

func (s *natsStore) loadRecords(ctx context.Context, partitions []int) ([]storedRecord, error) {
	return each(ctx, partitions, func(ctx context.Context, partition int) (storedRecord, error) {
		v, err := last(ctx, s.records, s.layout.recordSubject(partition))
		if err != nil || !v.present {
			return storedRecord{revision: v.revision}, err
		}
		r, err := decodeRecord(v.value)
		return storedRecord{record: r, revision: v.revision}, err
	})
}

// each asks for several things at once and returns the answers in their order.
func each[K, V any](ctx context.Context, keys []K, get func(context.Context, K) (V, error)) ([]V, error) {
	values := make([]V, len(keys))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	work := func() {
		for i := int(next.Add(1)) - 1; i < len(keys); i = int(next.Add(1)) - 1 {
			v, err := get(ctx, keys[i])
			if err != nil {
				cancel(err) // the first one counts
				return
			}
			values[i] = v
		}
	}
	var workers sync.WaitGroup
	for range min(loadConcurrency, len(keys)) - 1 {
		workers.Go(work)
	}
	work()
	workers.Wait()
	return values, context.Cause(ctx)
}

// last is the latest value of a subject.
func last(ctx context.Context, stream jetstream.Stream, subject string) (stored, error) {
	msg, err := stream.GetLastMsgForSubject(ctx, subject)
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return stored{}, nil
	case err != nil:
		return stored{}, fmt.Errorf("%w: reading %s: %w", ErrUnavailable, subject, err)
	case deleted(msg.Header) && len(msg.Data) == 0:
		return stored{revision: msg.Sequence}, nil
	}
	return stored{present: true, revision: msg.Sequence, value: msg.Data, mark: deleted(msg.Header), time: msg.Time}, nil
}

// deleted tells the marks of expired, of deleted and of removed values from values.
// That of a removed one holds what the value held.
func deleted(header nats.Header) bool {
	return header.Get(jetstream.MarkerReasonHeader) != "" || header.Get(kvOperationHeader) != ""
}

// kvOperationHeader marks a value that was deleted, here or by the vendor's tools.
const kvOperationHeader = "KV-Operation"

// purgeOperation is the mark behind which the server sets none of its own when its
// time is over.
const purgeOperation = "PURGE"

func (s *natsStore) save(ctx context.Context, writes []write) []written {
	return s.publish(ctx, len(writes), func(i int) (string, nats.Header, []byte) {
		w := &writes[i]
		header := expecting(w.revision)
		if w.mark {
			header[kvOperationHeader] = []string{purgeOperation}
		}
		if w.ttl > 0 {
			header[ttlHeader] = []string{ttlSeconds(w.ttl)}
		}
		return s.layout.stateSubject(w.key), header, w.value
	})
}

func (s *natsStore) saveRecords(ctx context.Context, writes []recordWrite) []written {
	return s.publish(ctx, len(writes), func(i int) (string, nats.Header, []byte) {
		w := &writes[i]
		return s.layout.recordSubject(w.partition), expecting(w.revision), w.encode()
	})
}

func expecting(revision uint64) nats.Header {
	return nats.Header{expectedHeader: []string{strconv.FormatUint(revision, 10)}}
}

// purging is the header of a message that removes the value of its subject. It is
// a mark for watches that were away, which the server forgets after a while.
func purging() nats.Header {
	return nats.Header{kvOperationHeader: []string{purgeOperation}, ttlHeader: []string{ttlSeconds(markerTTL)}}
}

// ttlSeconds is the value of ttlHeader, which counts whole seconds.
func ttlSeconds(ttl time.Duration) string {
	return strconv.FormatInt(int64(max(ttl, time.Second)/time.Second), 10)
}

// publish sends messages without waiting for one before the next. After a
// failure that concerns the server and not the one message, it sends no more: the
// rest fails the same way, so that a server that does not answer costs one
// time-out and not one for each message.
func (s *natsStore) publish(ctx context.Context, n int, message func(int) (string, nats.Header, []byte)) []written {
	results := make([]written, n)
	var underway []*slot
	var broken error
	collected := 0
	collect := func() {
		a := s.publisher.wait(ctx, underway[0])
		underway = underway[1:]
		results[collected] = written{revision: a.sequence, err: a.err}
		collected++
		if errors.Is(a.err, ErrUnavailable) || errors.Is(a.err, ErrTimeout) || errors.Is(a.err, ErrClosed) {
			broken = a.err
		}
	}
	sent := 0
	for ; sent < n && broken == nil; sent++ {
		slot, err := s.publisher.tryAcquire()
		for errors.Is(err, ErrBusy) && len(underway) > 0 {
			collect()
			slot, err = s.publisher.tryAcquire()
		}
		if errors.Is(err, ErrBusy) {
			slot, err = s.publisher.acquire(ctx, time.Time{})
		}
		if err != nil {
			broken = err
			break
		}
		subject, header, data := message(sent)
		if err := s.publisher.start(slot, packet{subject: subject, header: header, data: data}, nil); err != nil {
			broken = err
			break
		}
		underway = append(underway, slot)
	}
	for len(underway) > 0 {
		collect()
	}
	for i := collected; i < n; i++ {
		results[i].err = broken
	}
	return results
}
