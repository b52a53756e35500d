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
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// JoinOptions of a further log. All but the name may be left out.
type JoinOptions struct {
	// Name of the log and of its stream: capital letters, digits and '_', from a
	// letter on. Its buckets are <Name>_STATE, <Name>_PARTITIONS and <Name>_MEMBERS;
	// in lower case it is the label "log" of the metrics.
	Name string
	// About says on the server what the log holds.
	About string
	// Events bounds the stream of entries. 0 means 1 GiB, 7 days, and 5 minutes.
	Events EventLimits
	// StateMaxBytes bounds the bucket of states. 0 means 512 MiB.
	StateMaxBytes int64
	// MaxInFlight, AckTimeout and AppendTimeout are as in Options.
	MaxInFlight               int
	AckTimeout, AppendTimeout time.Duration
	// Registerer of the metrics; nil means none. It may be that of the other logs.
	Registerer prometheus.Registerer
}

// ErrOpen means that the log is open already, or that the name belongs to
// something else.
var ErrOpen = errors.New("the name is in use")

// Join opens a further log on the server and the connection of this one, with its
// own stream, states, partitions and members. It belongs to the journal that Open
// returned and is closed with it, if not before. A log can be open once.
func (j *Journal) Join(ctx context.Context, options JoinOptions) (*Journal, error) {
	if err := checkName(options.Name); err != nil {
		return nil, fmt.Errorf("opening a log: %w", err)
	}
	root := j.family.root
	joined := newJournal(options.in(root), joinedLayout(options.Name, options.About))
	joined.root, joined.family = root, root.family
	joined.server, joined.conn, joined.js = root.server, root.conn, root.js
	if err := root.family.reserve(joined, joined.layout.streams()...); err != nil {
		return nil, fmt.Errorf("opening the log %s: %w", options.Name, err)
	}
	if err := joined.start(ctx); err != nil {
		joined.shutDown()
		return nil, fmt.Errorf("opening the log %s: %w", options.Name, err)
	}
	return joined, nil
}

// in are the options of the log on the server of another one.
func (o JoinOptions) in(root *Journal) Options {
	setDefault(&o.Events.MaxBytes, 1<<30)
	setDefault(&o.Events.MaxAge, 7*24*time.Hour)
	setDefault(&o.Events.DuplicateWindow, 5*time.Minute)
	setDefault(&o.StateMaxBytes, 512<<20)
	all := Options{
		Embedded: root.options.Embedded, External: root.options.External,
		Events: o.Events, StateMaxBytes: o.StateMaxBytes,
		MaxInFlight: o.MaxInFlight, AckTimeout: o.AckTimeout, AppendTimeout: o.AppendTimeout,
		Clock: root.clock, Log: root.log.WithName(strings.ToLower(o.Name)), Registerer: o.Registerer,
	}
	setDefault(&all.MaxInFlight, root.options.MaxInFlight)
	setDefault(&all.AckTimeout, root.options.AckTimeout)
	setDefault(&all.AppendTimeout, root.options.AppendTimeout)
	return all
}

// family is what the logs on one connection know of each other.
type family struct {
	root *Journal

	mu      sync.Mutex
	logs    map[*Journal]struct{} // that are up
	streams map[string]any        // names of streams that are in use, and by whom
}

func newFamily(root *Journal) *family {
	f := &family{root: root, logs: map[*Journal]struct{}{}, streams: map[string]any{}}
	for _, name := range root.layout.streams() {
		f.streams[name] = root
	}
	return f
}

// reserve gives names of streams to one user, all or none of them.
func (f *family) reserve(user any, names ...string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, name := range names {
		if by, used := f.streams[name]; used && by != user {
			return fmt.Errorf("%w: %s", ErrOpen, name)
		}
	}
	for _, name := range names {
		f.streams[name] = user
	}
	return nil
}

// enter notes that a log is up.
func (f *family) enter(j *Journal) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.root.closing.Load() {
		return ErrClosed
	}
	f.logs[j] = struct{}{}
	return nil
}

// leave notes that a log is down, and frees its names.
func (f *family) leave(j *Journal) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.logs, j)
	for name, by := range f.streams {
		if by == j {
			delete(f.streams, name)
		}
	}
}

// open are the logs that are up.
func (f *family) open() []*Journal {
	f.mu.Lock()
	defer f.mu.Unlock()
	logs := make([]*Journal, 0, len(f.logs))
	for j := range f.logs {
		logs = append(logs, j)
	}
	return logs
}

// failAll ends the waits of all logs, because no confirmation will come.
func (f *family) failAll(err error) {
	for _, j := range f.open() {
		j.publisher.failAll(err)
	}
}

// closeJoined closes the logs that were joined. The root is closing already, so
// that no other one enters.
func (f *family) closeJoined(ctx context.Context) error {
	var errs []error
	for _, j := range f.open() {
		if j != f.root {
			errs = append(errs, j.Close(ctx))
		}
	}
	return errors.Join(errs...)
}
