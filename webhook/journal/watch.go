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
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// watchRetry is the pause before an interrupted watch starts anew.
	watchRetry = 250 * time.Millisecond
	watchPull  = 512
)

// Watch calls fn with every stored state of a kind, and then with every change
// of one, until ctx ends. It survives lost connections; values are repeated
// then. deleted says that a state expired or was erased; data is nil in that case. The calls
// come one at a time, for one state in the order of its changes. A state that
// expires while the watch is interrupted for more than ten minutes is missed.
// fn should be quick; what it holds up waits on the server.
func (j *Journal) Watch(ctx context.Context, kind string, fn func(key StateKey, data []byte, deleted bool)) {
	filter := j.layout.statesOf("*", kind)
	j.follow(ctx, j.layout.state.stream, []string{filter}, func(msg jetstream.Msg) {
		key, err := j.layout.stateKey(msg.Subject())
		if err != nil {
			return
		}
		if deleted(msg.Headers()) {
			fn(key, nil, true)
			return
		}
		e, err := decodeEnvelope(msg.Data())
		if err != nil {
			j.log.Error(err, "A stored state cannot be read", "kind", kind, "partition", key.Partition)
			return
		}
		if len(e.data) == 0 {
			fn(key, nil, true)
			return
		}
		fn(key, e.data, false)
	})
}

// follow reads the last value of each subject and then every new one, until ctx
// ends.
func (j *Journal) follow(ctx context.Context, stream string, filters []string, fn func(jetstream.Msg)) {
	for ctx.Err() == nil {
		err := j.read(ctx, stream, filters, func(msg jetstream.Msg, _ uint64, _ bool) bool {
			if msg != nil {
				fn(msg)
			}
			return true
		})
		if ctx.Err() == nil {
			j.log.V(1).Info("A watch of the journal is started anew", "stream", stream, "error", err.Error())
		}
		_ = sleep(ctx, j.clock, watchRetry)
	}
}

// scan reads the last value of each state that the filters name, once. Of several
// replicas it may read one that lags; so it first writes a message, and reads
// until that comes.
func (j *Journal) scan(ctx context.Context, filters []string, fn func(jetstream.Msg)) error {
	until := uint64(0)
	if j.replicas() > 1 {
		ack, err := j.js.Publish(ctx, j.layout.barrier, nil)
		if err != nil {
			return err
		}
		until, filters = ack.Sequence, append(slices.Clip(filters), j.layout.barrier)
	}
	return j.read(ctx, j.layout.state.stream, filters, func(msg jetstream.Msg, sequence uint64, current bool) bool {
		if msg != nil && msg.Subject() != j.layout.barrier {
			fn(msg)
		}
		if until > 0 {
			return sequence < until
		}
		return !current
	})
}

// read hands the last value of each subject, and then every new one, to fn, with
// its sequence, until fn reports false. current is true once, with the last of
// the values that were there at the start, or, when there are none, without a
// message.
func (j *Journal) read(ctx context.Context, stream string, filters []string, fn func(msg jetstream.Msg, sequence uint64, current bool) bool) error {
	consumer, err := j.js.OrderedConsumer(ctx, stream, jetstream.OrderedConsumerConfig{
		FilterSubjects:    filters,
		DeliverPolicy:     jetstream.DeliverLastPerSubjectPolicy,
		InactiveThreshold: readerInactive,
		MaxResetAttempts:  1,
	})
	if err != nil {
		return err
	}
	messages, err := consumer.Messages(jetstream.PullMaxMessages(watchPull),
		jetstream.PullHeartbeat(readerHeartbeat), jetstream.PullExpiry(readerExpiry))
	if err != nil {
		return err
	}
	defer messages.Stop()
	behind := consumer.CachedInfo().NumPending > 0
	if !behind && !fn(nil, 0, true) {
		return nil
	}
	for {
		msg, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return err
		}
		metadata, err := msg.Metadata()
		if err != nil {
			return err
		}
		current := behind && metadata.NumPending == 0
		behind = behind && !current
		if !fn(msg, metadata.Sequence.Stream, current) {
			return nil
		}
	}
}

// count is the number of subjects that have a value, or the mark of one that
// expired a short time ago. The server counts them when a reader is made.
func count(ctx context.Context, stream jetstream.Stream, filters []string) (int, error) {
	consumer, err := stream.CreateConsumer(ctx, jetstream.ConsumerConfig{
		DeliverPolicy:     jetstream.DeliverLastPerSubjectPolicy,
		AckPolicy:         jetstream.AckNonePolicy,
		FilterSubjects:    filters,
		HeadersOnly:       true,
		MemoryStorage:     true,
		InactiveThreshold: readerInactive,
	})
	if err != nil {
		return 0, err
	}
	info := consumer.CachedInfo()
	err = stream.DeleteConsumer(ctx, info.Name)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		err = nil
	}
	return int(info.NumPending), err
}
