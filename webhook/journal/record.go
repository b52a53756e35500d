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

// acquire makes partitions this member's own, except those that busy says are in
// hands that must not be disturbed. The epoch in the record fences former owners:
// they find it later than their own and stop.
func (f *folder) acquire(ctx context.Context, wanted []int, busy func(owner string) bool) ([]int, error) {
	records, err := f.store.loadRecords(ctx, wanted)
	if err != nil {
		return nil, err
	}
	var writes []recordWrite
	for i, p := range wanted {
		r := records[i]
		if r.Owner != "" && r.Owner != f.member && busy(r.Owner) {
			continue
		}
		writes = append(writes, recordWrite{partition: p, revision: r.revision, record: record{
			Owner: f.member, Epoch: r.Epoch + 1, Checkpoint: r.in(f.incarnation), Incarnation: f.incarnation,
		}})
	}
	var gained []int
	for i, w := range f.store.saveRecords(ctx, writes) {
		switch {
		case w.err == nil:
			f.take(writes[i].partition, storedRecord{record: writes[i].record, revision: w.revision})
			gained = append(gained, writes[i].partition)
		case errors.Is(w.err, ErrConflict):
			// Somebody else was faster.
		case err == nil:
			err = w.err
		}
	}
	return gained, err
}

// take makes a partition this member's own.
func (f *folder) take(number int, r storedRecord) {
	f.partitions[number] = &partition{
		epoch: r.Epoch, revision: r.revision,
		checkpoint: r.in(f.incarnation), position: r.in(f.incarnation), recorded: f.clock.Now(),
	}
}

// verify finds those of the owned partitions that someone else has taken.
func (f *folder) verify(ctx context.Context, owned []int) ([]int, error) {
	records, err := f.store.loadRecords(ctx, owned)
	if err != nil {
		return nil, err
	}
	var lost []int
	for i, p := range owned {
		if records[i].Epoch > f.partitions[p].epoch {
			lost = append(lost, p)
		}
	}
	return lost, nil
}

// release says in the records of partitions that nobody owns them.
func (f *folder) release(ctx context.Context, partitions []int) error {
	var writes []recordWrite
	for _, number := range partitions {
		if p := f.partitions[number]; p != nil {
			writes = append(writes, recordWrite{partition: number, revision: p.revision, record: record{
				Epoch: p.epoch, Checkpoint: p.checkpoint, Incarnation: f.incarnation,
			}})
		}
	}
	var result flushed
	f.writeRecords(ctx, writes, &result)
	return result.err
}

// lose forgets a partition with all of its states, stored or not.
func (f *folder) lose(number int) {
	f.partitions[number] = nil
	for key, s := range f.states {
		if key.Partition == number {
			f.forget(s)
		}
	}
	elsewhere := func(s *state) bool { return s.key.Partition != number }
	f.dirty, f.leaving = retained(f.dirty, elsewhere), retained(f.leaving, elsewhere)
}

// flushRecords stores the checkpoints. That of a partition without news is
// stored when idle has passed, so that the stream can be purged.
func (f *folder) flushRecords(ctx context.Context, all bool, idle time.Duration, result *flushed) {
	checkpoints := f.checkpoints()
	now := f.clock.Now()
	var writes []recordWrite
	for number, p := range f.partitions {
		if p == nil || checkpoints[number] <= p.checkpoint || !p.active && !all && now.Sub(p.recorded) < idle {
			continue
		}
		writes = append(writes, recordWrite{partition: number, revision: p.revision, record: record{
			Owner: f.member, Epoch: p.epoch, Checkpoint: checkpoints[number], Incarnation: f.incarnation,
		}})
	}
	f.writeRecords(ctx, writes, result)
	for _, w := range writes {
		if p := f.partitions[w.partition]; p.checkpoint == w.Checkpoint {
			p.active, p.recorded = p.position > p.checkpoint, now
		}
	}
}

// checkpoints are the sequences up to which every state of a partition has been
// stored with all of its entries.
func (f *folder) checkpoints() [Partitions]uint64 {
	var lowest [Partitions]uint64
	for number, p := range f.partitions {
		if p != nil {
			lowest[number] = p.position
			if keeper, ok := f.machine.(Keeper); ok {
				if !p.recalled { // what its states refer to is not known yet
					lowest[number] = p.checkpoint
				}
				if oldest, some := keeper.Oldest(number); some {
					lowest[number] = min(lowest[number], max(oldest, 1)-1)
				}
			}
		}
	}
	for _, s := range f.dirty {
		if s.since > 0 {
			lowest[s.key.Partition] = min(lowest[s.key.Partition], s.since-1)
		}
	}
	return lowest
}

// writeRecords stores records of owned partitions and finds out which of them
// are owned no more.
func (f *folder) writeRecords(ctx context.Context, writes []recordWrite, result *flushed) {
	if len(writes) == 0 {
		return
	}
	var conflicts []int
	for i, w := range f.store.saveRecords(ctx, writes) {
		p := f.partitions[writes[i].partition]
		switch {
		case w.err == nil:
			p.revision, p.checkpoint = w.revision, writes[i].Checkpoint
		case errors.Is(w.err, ErrConflict):
			conflicts = append(conflicts, writes[i].partition)
		case result.err == nil:
			result.err = w.err
		}
	}
	if len(conflicts) == 0 {
		return
	}
	f.metrics.conflicts.Add(float64(len(conflicts)))
	records, err := f.store.loadRecords(ctx, conflicts)
	if err != nil {
		result.err = errors.Join(result.err, err)
		return
	}
	for i, number := range conflicts {
		p := f.partitions[number]
		if records[i].Epoch > p.epoch {
			result.lost = append(result.lost, number)
			continue
		}
		// This member's own write, whose confirmation was lost, or nothing at all.
		p.revision, p.checkpoint = records[i].revision, max(p.checkpoint, records[i].in(f.incarnation))
	}
}
