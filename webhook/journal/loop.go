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
)

// maxBatch is how many entries are folded at once.
const maxBatch = 512

// retryPause is between attempts to read entries or states that failed.
const retryPause = 250 * time.Millisecond

func (o *Owner) loop(ctx context.Context) {
	flush := o.clock.NewTicker(o.options.FlushInterval)
	defer flush.Stop()
	var press <-chan time.Time
	if o.options.PressInterval > 0 {
		pressing := o.clock.NewTicker(o.options.PressInterval)
		defer pressing.Stop()
		press = pressing.C()
	}
	beat := o.clock.NewTicker(o.options.Heartbeat)
	defer beat.Stop()
	counting := o.clock.NewTicker(o.options.CountInterval)
	defer counting.Stop()
	o.attend(ctx)
	for ctx.Err() == nil {
		var entries chan readerEntry
		var failed chan error
		if o.reader != nil && o.retry == nil {
			failed = o.reader.failed
			if !o.held {
				entries = o.reader.entries
			}
		}
		select {
		case <-ctx.Done():
		case e := <-entries:
			o.take(ctx, e)
		case err := <-failed:
			o.interrupted(err)
		case <-o.retry:
			o.again(ctx)
		case <-flush.C():
			_ = o.flush(ctx, false)
		case <-press:
			if batch := o.folder.pressing(); len(batch) > 0 {
				_ = o.conclude(ctx, o.folder.press(ctx, batch))
			}
		case <-beat.C():
			o.attend(ctx)
		case <-o.wake:
			o.assign(ctx)
		case <-counting.C():
			o.count()
		case command := <-o.commands:
			command(ctx)
		}
	}
}

// take folds an entry and those that are there with it.
func (o *Owner) take(ctx context.Context, e readerEntry) {
	o.batch = append(o.batch[:0], e.Entry)
	pending := e.pending
collect:
	for len(o.batch) < maxBatch {
		select {
		case e = <-o.reader.entries:
			o.batch = append(o.batch, e.Entry)
			pending = e.pending
		default:
			break collect
		}
	}
	if o.journal.conn.Stats().Reconnects != o.reader.reconnects {
		o.batch = o.batch[:0]
		o.interrupted(errReconnected)
		return
	}
	o.observeLag(pending + uint64(len(o.reader.entries)))
	o.fold(ctx)
}

var errReconnected = errors.New("the connection was lost and found again")

func (o *Owner) fold(ctx context.Context) {
	if err := o.folder.fold(ctx, o.batch); err != nil {
		if ctx.Err() == nil {
			o.log.V(1).Info("Entries wait to be folded", "error", err.Error())
		}
		o.retry = o.clock.After(retryPause)
		return
	}
	o.next = o.batch[len(o.batch)-1].Sequence + 1
	o.position.Store(o.next - 1)
	o.fill()
	clear(o.batch)
	o.batch = o.batch[:0]
	if o.folder.unsettled() >= o.options.MaxDirty {
		_ = o.flush(ctx, false)
	}
}

// interrupted ends a reader that failed; the next one is started after a pause.
func (o *Owner) interrupted(err error) {
	o.log.V(1).Info("Reading starts again", "error", err.Error())
	o.stopReader()
	o.retry = o.clock.After(retryPause)
}

// again goes on with what failed before.
func (o *Owner) again(ctx context.Context) {
	o.retry = nil
	if o.reader == nil {
		o.attend(ctx)
		return
	}
	if len(o.batch) > 0 {
		o.fold(ctx)
	}
}

func (o *Owner) stopReader() {
	if o.reader != nil {
		o.reader.stop()
		o.reader = nil
	}
	o.batch = o.batch[:0]
	o.retry = nil
}

// seek makes the reader read what the folder needs next.
func (o *Owner) seek(ctx context.Context) {
	position, found := o.folder.position()
	if !found {
		o.stopReader()
		return
	}
	if o.reader != nil && o.next <= position+1 {
		return
	}
	o.stopReader()
	o.next = position + 1
	o.position.Store(position)
	o.fill()
	o.reader = o.journal.startReader(ctx, o.next)
}

// flush stores what changed.
func (o *Owner) flush(ctx context.Context, all bool) error {
	began := o.clock.Now()
	work := o.folder.unsettled() > 0
	result := o.folder.flush(ctx, all, o.options.CheckpointInterval)
	if work {
		o.journal.metrics.flushes.Observe(o.clock.Since(began).Seconds())
	}
	return o.conclude(ctx, result)
}

// conclude draws the conclusions from an attempt to store states.
func (o *Owner) conclude(ctx context.Context, result flushed) error {
	health := &o.journal.health.flushes
	switch {
	case result.err == nil:
		health.succeeded()
	case ctx.Err() == nil:
		o.log.V(1).Info("Not every state is stored", "error", result.err.Error())
		health.failed(o.clock.Now(), result.err)
	}
	o.held = o.folder.unsettled() >= o.options.MaxDirty
	o.lose(result.lost)
	if result.rewound {
		o.log.V(1).Info("Entries are read once more, because a former owner stored states after this one had read them")
	}
	if result.rewound || len(result.lost) > 0 {
		o.seek(ctx)
	}
	if result.err != nil {
		return result.err
	}
	if len(o.folder.dirty) > 0 {
		return ErrNotStored
	}
	return nil
}

// attend looks after everything that happens now and then: heartbeat, the
// stream's identity, who owns what.
func (o *Owner) attend(ctx context.Context) {
	o.confess()
	if o.members != nil {
		o.members.beat(o.writer)
	}
	info, err := o.journal.events.Info(ctx)
	if err != nil {
		o.log.V(1).Info("The stream of entries does not answer", "error", err.Error())
		if o.reader == nil && o.retry == nil {
			o.retry = o.clock.After(retryPause)
		}
		return
	}
	if incarnation := uint64(info.Created.UnixNano()); incarnation != o.folder.incarnation {
		o.renew(ctx, incarnation)
	}
	o.assign(ctx)
	if o.reader != nil {
		o.inspect(info.State.LastSeq)
	}
}

// inspect compares how far the owner has read with the end of the stream. When
// nothing moved although there is more, an entry was stored whose confirmation
// never came: the tail does not know of it.
func (o *Owner) inspect(last uint64) {
	position := o.position.Load()
	o.observeLag(last - min(last, position))
	if tail := o.reader.tail; tail != nil && last > position && position == o.inspected {
		tail.doubt()
	}
	o.inspected = position
}

// renew begins with another incarnation of the stream: what is stored is kept,
// and sequences count from nothing.
func (o *Owner) renew(ctx context.Context, incarnation uint64) {
	if o.folder.incarnation != 0 {
		o.log.Info("The stream of entries was made anew")
		_ = o.flush(ctx, true)
		o.stopReader()
		o.lose(o.Partitions())
	}
	o.folder.incarnation = incarnation
}

func (o *Owner) observeLag(entries uint64) {
	o.lag.Store(entries)
	o.journal.metrics.lag.Set(float64(entries))
}
