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

// retain removes entries, as long as this member owns the first partition, that
// every partition has folded and stored, and that are older than the duplicate
// window: after a restart the server learns from the stored entries which IDs it
// has seen.
func (o *Owner) retain(ctx context.Context) {
	ticker := o.clock.NewTicker(o.options.PurgeInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C():
		}
		if !o.Owns(0) {
			continue
		}
		if _, err := o.purge(ctx); err != nil && ctx.Err() == nil {
			o.log.V(1).Info("Folded entries cannot be removed", "error", err.Error())
		}
	}
}

// purge is one round of retain. It returns how many entries it removed.
func (o *Owner) purge(ctx context.Context) (uint64, error) {
	j := o.journal
	info, err := j.events.Info(ctx)
	if err != nil {
		return 0, err
	}
	all := make([]int, Partitions)
	for p := range all {
		all[p] = p
	}
	records, err := o.store.loadRecords(ctx, all)
	if err != nil {
		return 0, err
	}
	folded := info.State.LastSeq
	for _, r := range records {
		folded = min(folded, r.in(uint64(info.Created.UnixNano())))
	}
	before := o.clock.Now().Add(-j.options.Events.DuplicateWindow - o.options.PurgeMargin)
	first, err := newerThan(ctx, j.events, before, info.State.FirstSeq, folded)
	if err != nil || first <= info.State.FirstSeq {
		return 0, err
	}
	purging, cancel := context.WithTimeout(ctx, purgeTimeout)
	defer cancel()
	if err := j.events.Purge(purging, jetstream.WithPurgeSequence(first)); err != nil {
		return 0, err
	}
	removed := first - info.State.FirstSeq
	j.metrics.purged.Add(float64(removed))
	return removed, nil
}

// purgeTimeout bounds the removal itself, of some hundred thousand entries.
const purgeTimeout = 30 * time.Second

// newerThan finds the first sequence from low to high whose entry is not older
// than a time, or high+1, by halving.
func newerThan(ctx context.Context, events jetstream.Stream, before time.Time, low, high uint64) (uint64, error) {
	for low <= high {
		middle := low + (high-low)/2
		msg, err := events.GetMsg(ctx, middle)
		switch {
		case errors.Is(err, jetstream.ErrMsgNotFound):
			low = middle + 1 // it has gone by its age meanwhile
		case err != nil:
			return 0, err
		case msg.Time.Before(before):
			low = middle + 1
		case middle == 0:
			return 0, nil
		default:
			high = middle - 1
		}
	}
	return low, nil
}
