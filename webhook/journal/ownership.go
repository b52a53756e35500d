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
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// assign brings what this member owns to what it should own: it releases what
// belongs to others, and takes what belongs to it as soon as nobody living has
// it.
func (o *Owner) assign(ctx context.Context) {
	members := []string{o.member}
	if o.members != nil {
		members = o.members.live(o.clock.Now())
	}
	if o.missed.Swap(false) && o.options.OnMissed != nil {
		o.options.OnMissed()
	}
	o.alone.Store(len(members) == 1)
	if o.folder.incarnation == 0 || members == nil {
		return
	}
	var surplus, wanted []int
	for p := range Partitions {
		mine := assigned(p, members) == o.member
		switch {
		case mine && !o.Owns(p):
			wanted = append(wanted, p)
		case !mine && o.Owns(p):
			surplus = append(surplus, p)
		}
	}
	if len(surplus) > 0 {
		o.release(ctx, surplus)
	}
	if o.members != nil {
		o.verify(ctx)
	}
	if len(wanted) > 0 {
		o.acquire(ctx, wanted, members)
	}
	o.seek(ctx)
}

// acquire takes those of the wanted partitions that no other living member has.
func (o *Owner) acquire(ctx context.Context, wanted []int, members []string) {
	gained, err := o.folder.acquire(ctx, wanted, func(owner string) bool { return slices.Contains(members, owner) })
	if err != nil && ctx.Err() == nil {
		o.log.V(1).Info("Not all partitions can be taken", "error", err.Error())
	}
	if len(gained) == 0 {
		return
	}
	o.log.V(1).Info("Partitions are taken", "partitions", gained)
	o.report(gained, nil)
	o.count()
	o.resume(gained)
}

// verify finds out which partitions were taken while this member was away.
// Writing would tell, but of some there is nothing to write.
func (o *Owner) verify(ctx context.Context) {
	lost, err := o.folder.verify(ctx, o.Partitions())
	if err == nil {
		o.lose(lost)
	}
}

// release stores everything of partitions and gives them up.
func (o *Owner) release(ctx context.Context, partitions []int) {
	if err := o.flush(ctx, true); err != nil && ctx.Err() == nil {
		o.log.V(1).Info("Partitions are given up before everything is stored; the next owner folds the rest again",
			"error", err.Error())
	}
	if err := o.folder.release(ctx, partitions); err != nil && ctx.Err() == nil {
		o.log.V(1).Info("Partitions are given up without a word; the next owner waits until this member is gone",
			"error", err.Error())
	}
	o.lose(partitions)
}

// lose forgets partitions.
func (o *Owner) lose(partitions []int) {
	var lost []int
	for _, p := range partitions {
		if o.Owns(p) && !slices.Contains(lost, p) {
			o.folder.lose(p)
			lost = append(lost, p)
		}
	}
	if len(lost) == 0 {
		return
	}
	o.log.V(1).Info("Partitions are lost", "partitions", lost)
	o.report(nil, lost)
	o.held = o.folder.unsettled() >= o.options.MaxDirty
	o.count()
}

// report publishes what is owned now.
func (o *Owner) report(gained, lost []int) {
	if len(gained)+len(lost) == 0 {
		return
	}
	var bits uint32
	for number, p := range o.folder.partitions {
		if p != nil {
			bits |= 1 << number
		}
	}
	// Whoever sees that a partition is owned does not take the position before it
	// for its own.
	if position, found := o.folder.position(); found {
		o.position.Store(min(o.position.Load(), position))
	}
	o.owned.Store(bits)
	o.journal.metrics.owned.Set(float64(o.folder.owned()))
	if o.options.OnOwnership != nil {
		o.options.OnOwnership(gained, lost)
	}
}

// finish stores everything a last time and gives up all partitions.
func (o *Owner) finish() error {
	ctx, cancel := context.WithTimeout(context.Background(), o.options.StopTimeout)
	defer cancel()
	var err error
	// A conflict is settled by one flush and stored by the next.
	for range 3 {
		if err = o.flush(ctx, true); err == nil || ctx.Err() != nil {
			break
		}
	}
	o.stopReader()
	o.release(ctx, o.Partitions())
	if o.members != nil {
		o.members.leave(ctx)
	}
	return err
}

// resume shows stored states of partitions that were taken over to the machine,
// in the background. The loop runs what it finds, in small portions.
func (o *Owner) resume(gained []int) {
	kinds := o.machine.ResumeKinds()
	epochs := map[int]uint64{}
	for _, p := range gained {
		epochs[p] = o.folder.partitions[p].epoch
	}
	if len(kinds) == 0 {
		o.recall(epochs)
		return
	}
	var filters []string
	for _, p := range gained {
		for _, kind := range kinds {
			filters = append(filters, o.journal.layout.statesOf(strconv.Itoa(p), kind))
		}
	}
	ctx := o.resumes
	o.running.Go(func() {
		for ctx.Err() == nil {
			err := o.resumeOnce(ctx, filters, epochs)
			if err == nil {
				err = o.do(ctx, func(context.Context) error { o.recall(epochs); return nil })
			}
			if err == nil {
				return
			}
			if ctx.Err() == nil {
				o.log.V(1).Info("Stored states are shown once more", "error", err.Error())
			}
			_ = sleep(ctx, o.clock, retryPause)
		}
	})
}

// recall notes that all stored states of partitions have been shown. It runs in the
// loop.
func (o *Owner) recall(epochs map[int]uint64) {
	for number, epoch := range epochs {
		p := o.folder.partitions[number]
		if p == nil || p.epoch != epoch {
			continue
		}
		p.recalled, p.active = true, true
		if machine, ok := o.machine.(Recaller); ok {
			machine.Recalled(number)
		}
	}
}

// resumePortion is how many states are shown between two entries.
const resumePortion = 128

type resumed struct {
	key  StateKey
	data []byte // nil: it is empty
}

func (o *Owner) resumeOnce(ctx context.Context, filters []string, epochs map[int]uint64) error {
	portion := make([]resumed, 0, resumePortion)
	var err error
	show := func() {
		if len(portion) == 0 || err != nil {
			return
		}
		err = o.do(ctx, func(running context.Context) error { return o.show(running, portion, epochs) })
		portion = portion[:0]
	}
	scanErr := o.journal.scan(ctx, filters, func(msg jetstream.Msg) {
		key, keyErr := o.journal.layout.stateKey(msg.Subject())
		if keyErr != nil || deleted(msg.Headers()) {
			return
		}
		e, dataErr := decodeEnvelope(msg.Data())
		if dataErr != nil {
			return
		}
		portion = append(portion, resumed{key: key, data: e.data})
		if len(portion) == resumePortion {
			show()
		}
	})
	show()
	return errors.Join(scanErr, err)
}

// show runs in the loop.
func (o *Owner) show(ctx context.Context, portion []resumed, epochs map[int]uint64) error {
	var erased []StateKey
	for _, r := range portion {
		p := o.folder.partitions[r.key.Partition]
		if p == nil || p.epoch != epochs[r.key.Partition] {
			continue
		}
		if s := o.folder.states[r.key]; s != nil {
			if !s.dropped && !empty(s.state) {
				o.machine.Resume(r.key, s.state)
			}
			continue
		}
		if r.data == nil {
			erased = append(erased, r.key)
			continue
		}
		// One that cannot be read is reported when an entry touches it.
		if s, err := o.machine.Load(r.key, r.data); err == nil {
			o.machine.Resume(r.key, s)
		}
	}
	// What a former owner erased and did not come to remove is removed by this one:
	// whatever of it has its place in memory.
	room := max(o.options.MaxDirty-o.folder.unsettled(), 0)
	return o.folder.read(ctx, erased[:min(room, len(erased))])
}

// count finds out in the background how many keys of each bounded kind are
// stored in the partitions that this member owns.
func (o *Owner) count() {
	owned := o.Partitions()
	if len(owned) == 0 {
		return
	}
	for kind, bounds := range o.options.Kinds {
		if bounds.MaxKeys <= 0 {
			continue
		}
		var filters []string
		for _, p := range owned {
			filters = append(filters, o.journal.layout.statesOf(strconv.Itoa(p), kind))
		}
		ctx := o.resumes
		o.running.Go(func() {
			counting, cancel := context.WithTimeout(ctx, countTimeout)
			defer cancel()
			n, err := count(counting, o.journal.state, filters)
			if err != nil {
				if ctx.Err() == nil {
					o.log.V(1).Info("Stored keys cannot be counted", "kind", kind, "error", err.Error())
				}
				return
			}
			_ = o.do(ctx, func(context.Context) error {
				o.folder.recount(kind, n)
				o.fill()
				return nil
			})
		})
	}
}

const countTimeout = 30 * time.Second
