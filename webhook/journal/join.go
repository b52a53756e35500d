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
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// JoinOptions describe another log. What is left out is as in Options.
type JoinOptions struct {
	// Name of the log, of upper-case letters: its streams are called after it.
	Name string
	// Events, StateMaxBytes, MaxInFlight and AppendTimeout bound the log.
	Events        EventLimits
	StateMaxBytes int64
	MaxInFlight   int
	AppendTimeout time.Duration
}

// ErrNotFound means that the journal has no such entry, or not any more.
var ErrNotFound = errors.New("the journal does not have it")

// Join opens another log on the same servers and connection: entries, states and
// owners of its own. It must be closed before the journal that it was joined to.
func (j *Journal) Join(ctx context.Context, options JoinOptions) (*Journal, error) {
	if options.Name == "" || strings.Trim(options.Name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return nil, fmt.Errorf("joining the log %q: its name has to be of upper-case letters", options.Name)
	}
	all := j.root.options
	all.Events, all.StateMaxBytes, all.MaxInFlight = options.Events, options.StateMaxBytes, options.MaxInFlight
	all.AppendTimeout = options.AppendTimeout
	all, err := all.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("joining the log %s: %w", options.Name, err)
	}
	log := &Journal{
		options: all, root: j.root, names: newNames(options.Name), clock: j.clock, log: j.log.WithName(strings.ToLower(options.Name)),
		conn: j.conn, js: j.js, metrics: newMetrics(), closed: make(chan struct{}),
	}
	log.health.clock = j.clock
	if err := log.begin(ctx); err != nil {
		log.shutDown()
		return nil, fmt.Errorf("joining the log %s: %w", options.Name, err)
	}
	if err := log.metrics.register(log.registerer()); err != nil {
		log.shutDown()
		return nil, fmt.Errorf("joining the log %s: %w", options.Name, err)
	}
	return log, nil
}

// Entry reads one entry back by its sequence. The error is ErrNotFound or
// ErrUnavailable.
func (j *Journal) Entry(ctx context.Context, sequence uint64) (Entry, error) {
	msg, err := j.events.GetMsg(ctx, sequence)
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return Entry{}, fmt.Errorf("entry %d: %w", sequence, ErrNotFound)
	case err != nil:
		return Entry{}, fmt.Errorf("%w: reading entry %d: %w", ErrUnavailable, sequence, err)
	}
	return Entry{ID: msg.Header.Get(msgIDHeader), Data: msg.Data, Sequence: msg.Sequence, Time: msg.Time}, nil
}

// State reads what is stored of a state, as Machine.Load would get it: nil when
// there is nothing. What its owner has not stored yet is not in it.
func (j *Journal) State(ctx context.Context, key StateKey) ([]byte, error) {
	v, err := last(ctx, j.state, j.names.stateOf(key))
	if err != nil || !v.present {
		return nil, err
	}
	e, err := decodeEnvelope(v.value)
	if err != nil {
		return nil, fmt.Errorf("state %s: %w", key.Kind, err)
	}
	return e.data, nil
}
