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
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/utils/clock"
)

var (
	// ErrNotOwned means that another member folds the partition.
	ErrNotOwned = errors.New("the partition is not owned by this member")
	// ErrNotCounted means that the state is one key too many of its kind, or is not readable.
	ErrNotCounted = errors.New("the state is not kept")
	// ErrStopped means that the owner does not run.
	ErrStopped = errors.New("the owner does not run")
	// ErrNotStored means that not everything that was folded is stored.
	ErrNotStored = errors.New("not every state is stored")
)

// Kind bounds the states of a kind.
type Kind struct {
	// TTL after which a state that did not change expires; at least one second. 0:
	// never.
	TTL time.Duration
	// MaxKeys bounds the stored states of the kind, over all members. Entries of
	// keys beyond it are not counted. Each member has the part of the bound that
	// its partitions are of all. A key that expires makes room when its mark is
	// gone, ten minutes later. 0: no bound but the size of the bucket.
	MaxKeys int
}

// OwnerOptions of an owner. All may be left out.
type OwnerOptions struct {
	// Kinds of states that expire or are bounded.
	Kinds map[string]Kind
	// FlushInterval is how long a changed state may be unstored. 0 means 500 ms.
	FlushInterval time.Duration
	// PressInterval is how long a changed state that presses may be unstored. 0 means
	// FlushInterval.
	PressInterval time.Duration
	// MaxStates kept in memory; beyond it, those not used for the longest time are
	// forgotten and read again when needed. 0 means 100,000.
	MaxStates int
	// MaxDirty is how many states may be unstored, or empty and not yet removed,
	// before they are stored at once, and before reading stops when that fails. 0
	// means 10,000.
	MaxDirty int
	// CheckpointInterval is how long the record of a partition without news may lag.
	// 0 means 10 s.
	CheckpointInterval time.Duration
	// CountInterval is how often stored keys are counted. 0 means 1 minute.
	CountInterval time.Duration
	// PurgeInterval is how often folded entries are removed. 0 means 15 s.
	PurgeInterval time.Duration
	// PurgeMargin is how long folded entries are kept beyond the duplicate window,
	// for the clocks of members that differ. 0 means 30 s.
	PurgeMargin time.Duration
	// Heartbeat is how often a member of several says that it lives. 0 means 3 s.
	Heartbeat time.Duration
	// MemberTTL is how long it counts as living after that. 0 means 10 s.
	MemberTTL time.Duration
	// StopTimeout bounds the last flush. 0 means 10 s.
	StopTimeout time.Duration
	// OnOwnership is called when partitions were gained or lost. It must not block.
	OnOwnership func(gained, lost []int)
	// OnMissed is called when a member may have been told something that it did not
	// append: another one is gone or has started again, or this or another one says
	// so by Miss. It comes before the partitions of a member that is gone. It must
	// not block.
	OnMissed func()
}

func (o OwnerOptions) withDefaults() OwnerOptions {
	setDefault(&o.FlushInterval, 500*time.Millisecond)
	setDefault(&o.MaxStates, 100_000)
	setDefault(&o.MaxDirty, 10_000)
	setDefault(&o.CheckpointInterval, 10*time.Second)
	setDefault(&o.CountInterval, time.Minute)
	setDefault(&o.PurgeInterval, 15*time.Second)
	setDefault(&o.PurgeMargin, 30*time.Second)
	setDefault(&o.Heartbeat, 3*time.Second)
	setDefault(&o.MemberTTL, 10*time.Second)
	setDefault(&o.StopTimeout, 10*time.Second)
	return o
}

// Owner folds the entries of the partitions that it owns into states. With an
// embedded server it owns all of them, otherwise its share among the members.
type Owner struct {
	journal *Journal
	member  string
	options OwnerOptions
	clock   clock.WithTicker
	log     logr.Logger
	machine Machine
	store   store
	writer  *publisher
	members *membership // nil with an embedded server

	started  atomic.Bool
	missed   atomic.Bool   // OnMissed is to be called
	mine     atomic.Bool   // Miss has been called
	alone    atomic.Bool   // no other member lives, as far as is known
	owned    atomic.Uint32 // a bit for each partition
	position atomic.Uint64
	lag      atomic.Uint64
	full     map[string]*atomic.Bool // by bounded kind
	wake     chan struct{}
	commands chan func(context.Context)
	stopped  chan struct{}
	running  sync.WaitGroup

	// What follows belongs to the loop.
	folder    *folder
	reader    *reader
	confessed time.Time // the last time that this member said that it missed something
	next      uint64    // sequence that the reader comes to next
	batch     []Entry
	inspected uint64           // the position at the last inspection
	retry     <-chan time.Time // set while the batch waits to be folded again, or a reader to be started
	held      bool             // too many states could not be stored
	resumes   context.Context  // ends with the loop
}

// NewOwner makes an owner. The member's name is unique among the processes that
// share the journal, such as the name of the pod.
func NewOwner(j *Journal, member string, machine Machine, options OwnerOptions) (*Owner, error) {
	o := options.withDefaults()
	if member == "" {
		return nil, errors.New("the owner of partitions needs a name")
	}
	for kind, bounds := range o.Kinds {
		kindToken(kind)
		if bounds.TTL != 0 && bounds.TTL < time.Second {
			return nil, fmt.Errorf("states of kind %q expire after %s, which is less than a second", kind, bounds.TTL)
		}
	}
	for _, kind := range machine.ResumeKinds() {
		kindToken(kind)
	}
	log := j.log.WithName("owner").WithValues("member", member)
	owner := &Owner{
		journal: j, member: member, options: o, clock: j.clock, log: log, machine: machine,
		wake: make(chan struct{}, 1), commands: make(chan func(context.Context)), stopped: make(chan struct{}), full: map[string]*atomic.Bool{},
	}
	for kind, bounds := range o.Kinds {
		if bounds.MaxKeys > 0 {
			owner.full[kind] = &atomic.Bool{}
		}
	}
	if j.server == nil {
		owner.members = newMembership(j, member, o.MemberTTL, owner.nudge, func() { owner.missed.Store(true) })
	}
	return owner, nil
}

// Miss tells all members, this one among them, that this one was told something
// that it could not append. It does not wait: they hear of it with the next
// heartbeat, and of all that follows within missPause together.
func (o *Owner) Miss() { o.mine.Store(true) }

// missPause is the least time between two times that a member says that it missed
// something: in an outage of the log it does so all the time.
const missPause = 30 * time.Second

// confess tells what Miss has noted. It runs in the loop.
func (o *Owner) confess() {
	if now := o.clock.Now(); now.Sub(o.confessed) >= missPause && o.mine.Swap(false) {
		o.confessed = now
		o.missed.Store(true)
		if o.members != nil {
			o.members.misses.Add(1)
		}
	}
}

// Alone reports whether no other member appends to the log, as far as is known.
// One that is gone counts until OnMissed has been called.
func (o *Owner) Alone() bool { return o.alone.Load() }

// Full reports whether one more state of a bounded kind would not be kept in the
// partitions that this member owns, as of the last entries. It costs nothing.
func (o *Owner) Full(kind string) bool {
	full := o.full[kind]
	return full != nil && full.Load()
}

// fill publishes which kinds are full. It runs in the loop.
func (o *Owner) fill() {
	for kind, full := range o.full {
		full.Store(o.folder.keys[kind] >= o.folder.kinds[kind].MaxKeys*o.folder.owned()/Partitions)
	}
}

// Run folds until ctx ends, then stores everything and releases the partitions,
// within StopTimeout. It may be called once. The error is not nil when not
// everything could be stored: nothing is lost then, it is folded again.
func (o *Owner) Run(ctx context.Context) error {
	if !o.started.CompareAndSwap(false, true) {
		return errors.New("the owner has been started before")
	}
	defer close(o.stopped)
	writer, err := newPublisher(o.journal.conn, o.clock, writerSlots, o.journal.options.AckTimeout, nil)
	if err != nil {
		return fmt.Errorf("starting the owner: %w", err)
	}
	o.writer = writer
	o.store = newStore(o.journal, writer)
	o.folder = newFolder(o.member, o.machine, o.store, o.clock, o.log, o.journal.metrics, o.options)
	o.folder.eraseAfter = o.journal.options.Events.MaxAge

	background, cancel := context.WithCancel(ctx)
	defer cancel()
	o.resumes = background
	if o.members != nil {
		o.running.Go(func() { o.members.watch(background) })
	}
	o.running.Go(func() { o.retain(background) })
	o.loop(ctx)

	cancel()
	o.stopReader()
	err = o.finish()
	o.running.Wait()
	writer.stop()
	return err
}

// writerSlots is how many states are stored at once; appends have their own.
const writerSlots = 1024

func (o *Owner) nudge() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// do runs a function in the loop.
func (o *Owner) do(ctx context.Context, fn func(context.Context) error) error {
	done := make(chan error, 1)
	command := func(running context.Context) { done <- fn(running) }
	select {
	case o.commands <- command:
	case <-ctx.Done():
		return ctx.Err()
	case <-o.stopped:
		return ErrStopped
	}
	// The loop runs what it took.
	return <-done
}

// Mutate changes a state other than by an entry: for example, that what it asked
// for has been done. fn runs between entries and reports whether it changed the
// state. It may run once more on a newer value, when another member has stored
// one meanwhile. The change is stored with the next flush; before that, a crash
// undoes it.
func (o *Owner) Mutate(ctx context.Context, key StateKey, fn func(State) bool) error {
	return o.do(ctx, func(running context.Context) error { return o.folder.mutate(running, key, fn) })
}

// Flush stores all that is folded so far.
func (o *Owner) Flush(ctx context.Context) error {
	return o.do(ctx, func(running context.Context) error { return o.flush(running, true) })
}

// Owns tells whether this member folds a partition.
func (o *Owner) Owns(partition int) bool { return o.owned.Load()&(1<<partition) != 0 }

// Partitions that this member folds.
func (o *Owner) Partitions() []int {
	var all []int
	for p := range Partitions {
		if o.Owns(p) {
			all = append(all, p)
		}
	}
	return all
}

// Position is the sequence up to which everything that this member owns is
// folded. It goes back when a partition comes whose former owner was behind.
func (o *Owner) Position() uint64 { return o.position.Load() }

// Lag is the number of entries that wait to be folded, as far as is known.
func (o *Owner) Lag() uint64 { return o.lag.Load() }
