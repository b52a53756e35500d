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
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// sequenceMargin is more than the entries that can be taken between two writes
// of a checkpoint: no stored state includes a sequence that is further ahead.
const sequenceMargin = 1_000_000

// advance repairs what a loss of power leaves: the disk may hold checkpoints and
// states that include entries which it does not hold any more. New entries would
// be given sequences that count as folded, and would never be counted. So the
// stream goes on behind everything that any state can include. Entries that were
// still waiting go with those that were lost: less than a second's worth.
func (j *Journal) advance(ctx context.Context) error {
	info, err := j.events.Info(ctx)
	if err != nil {
		return fmt.Errorf("looking at the entries: %w", err)
	}
	all := make([]int, Partitions)
	for p := range all {
		all[p] = p
	}
	records, err := newStore(j, nil).loadRecords(ctx, all)
	if err != nil {
		return fmt.Errorf("reading the checkpoints: %w", err)
	}
	var highest uint64
	for _, r := range records {
		highest = max(highest, r.in(uint64(info.Created.UnixNano())))
	}
	if info.State.LastSeq >= highest {
		return nil
	}
	j.log.Info("Entries that were counted are not in the stream any more, as after a loss of power; it goes on behind them",
		"last", info.State.LastSeq, "counted", highest)
	if err := j.events.Purge(ctx, jetstream.WithPurgeSequence(highest+sequenceMargin)); err != nil {
		return fmt.Errorf("moving the stream on: %w", err)
	}
	return nil
}
