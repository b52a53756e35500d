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

package relay

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"

	"github.com/liveroom-io/liveroom-operator/internal/im"
	"github.com/liveroom-io/liveroom-operator/webhook/journal"
	"github.com/liveroom-io/liveroom-operator/webhook/media"
	"github.com/liveroom-io/liveroom-operator/webhook/officialaccount"
	"github.com/liveroom-io/liveroom-operator/webhook/relay/conversation"
)

const (
	// PressInterval is how often those customers are stored for whom something is to be
	// sent. It is part of the time that a message takes: nothing is sent before it is
	// stored. FlushInterval is for all others.
	PressInterval = 20 * time.Millisecond
	FlushInterval = time.Second
	// MaxCustomers bounds the customers in the log's states.
	MaxCustomers = 250_000
	// StateBytes are enough for them: one who writes all the time has some 8 KB.
	StateBytes = 2 << 30
	// forgottenAfter is when a customer is forgotten of whom nothing was heard.
	forgottenAfter = 180 * 24 * time.Hour
	// maxKept customers are kept in memory.
	maxKept = 20_000

	// workers carry out steps at once, for all accounts together, and at most half as
	// many for one account in one direction: an account whose provider is slow leaves
	// room for others.
	workers = 128
	perLane = workers / 2
	// callTimeout bounds one call of a provider, the wait for its rate limit included.
	callTimeout = 15 * time.Second
	// lastCalls is how long calls under way may still take when the process is to end.
	lastCalls = 4 * time.Second
	// unready is how long a lane waits whose client is not there.
	unready = 15 * time.Second
	// tallyEvery is how often sums are written for those who report them.
	tallyEvery = 2 * time.Second
)

// Files fetches what agents send. media.Fetcher does.
type Files interface {
	Fetch(ctx context.Context, link string, limit int64) (*media.File, error)
}

// Letters are the dead letters.
type Letters interface {
	Append(ctx context.Context, id, account, customer string, data []byte) (uint64, error)
	DeleteCustomer(ctx context.Context, account, customer string) error
}

// Config of a relay.
type Config struct {
	// Log is the log RELAY. Member names this process among those who share it.
	Log    *journal.Journal
	Member string
	// Customers bounds how many there may be; 0 means MaxCustomers.
	Customers int
	Letters   Letters
	Accounts  *officialaccount.Directory
	// Application is the client of the ImApp of an account, nil while there is none.
	Application func(account *officialaccount.Account) *im.Client
	// Link is where an agent opens a file of a customer until a time; "" when that is
	// not possible. It must depend on its arguments alone.
	Link  func(account *officialaccount.Account, mediaID string, until time.Time) string
	Files Files
	// OnOwnership is told when partitions came or went.
	OnOwnership func(gained, lost []int)
	// Changed is told of an account whose numbers have changed. It must not block.
	Changed func(uid string)
	// Doubt is told of an account whose calls WeChat refuses. It must not block.
	Doubt   func(uid string)
	Clock   clock.WithTicker
	Logger  logr.Logger
	Metrics *Metrics
}

// task is a direction of a customer.
type task struct {
	key  string
	lane conversation.Lane
}

// Relay passes messages on.
type Relay struct {
	Config

	owner     *journal.Owner
	machine   *machine
	books     *books
	queue     workqueue.TypedDelayingInterface[task]
	rooms     rooms
	accepting locks
	burying   locks
	history   *history
	lively    *lively
	turn      atomic.Uint64
	sends     sync.Map // customers to whom something is being sent, until how it went is recorded
	numbers   *numbers

	mu       sync.Mutex
	settings map[string]prepared
	pending  map[string]map[string]time.Time // by account: customers with something to do, and since when
	troubles map[string]*trouble             // by account
}

// prepared are the settings of one version of an account.
type prepared struct {
	account  *officialaccount.Account
	settings *conversation.Settings
}

// New returns a relay that has not started.
func New(config Config) (*Relay, error) {
	r := &Relay{
		Config: config, rooms: rooms{taken: map[string]int{}, lines: map[string]*queue{}},
		settings: map[string]prepared{}, pending: map[string]map[string]time.Time{}, troubles: map[string]*trouble{},
	}
	r.queue = workqueue.NewTypedDelayingQueueWithConfig(workqueue.TypedDelayingQueueConfig[task]{Name: "liveroom_relay", Clock: config.Clock})
	r.books = newBooks(config.Clock, r.settingsOf)
	r.history = newHistory(r)
	r.numbers = newNumbers(config.Changed)
	r.lively = newLively()
	r.machine = &machine{log: config.Logger, clock: config.Clock, books: r.books, look: r.look, heard: r.books.hear, grown: config.Metrics.grown}
	var err error
	r.owner, err = journal.NewOwner(config.Log, config.Member, r.machine, journal.OwnerOptions{
		FlushInterval: FlushInterval, PressInterval: PressInterval, MaxStates: maxKept,
		OnOwnership: r.ownership, OnMissed: r.history.gap,
		Kinds: map[string]journal.Kind{Customers: {MaxKeys: cmp.Or(config.Customers, MaxCustomers), TTL: forgottenAfter}},
	})
	return r, err
}

// Run passes messages on until ctx ends; what is under way then is finished and
// recorded.
func (r *Relay) Run(ctx context.Context) error {
	folding, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	owned := make(chan error, 1)
	go func() { owned <- r.owner.Run(folding) }()
	var running sync.WaitGroup
	for range workers {
		running.Go(func() { r.serve(ctx) })
	}
	running.Go(func() { r.history.run(ctx) })
	running.Go(func() { r.tell(ctx) })
	running.Go(func() { r.Log.Watch(ctx, Tallies, r.numbers.heard) })
	var err error
	select {
	case <-ctx.Done():
	case err = <-owned: // it failed
		owned <- err
	}
	r.queue.ShutDown()
	running.Wait()
	r.withdraw()
	stop()
	if err := <-owned; err != nil {
		return fmt.Errorf("the relay's log: %w", err)
	}
	return err
}

// ownership forgets what belongs to partitions that others have.
func (r *Relay) ownership(gained, lost []int) {
	for _, partition := range lost {
		r.machine.leave(partition)
		r.books.leave(partition)
		r.history.leave(partition)
		r.mu.Lock()
		for _, keys := range r.pending {
			for key := range keys {
				if journal.Partition(key) == partition {
					delete(keys, key)
				}
			}
		}
		r.mu.Unlock()
	}
	if r.OnOwnership != nil {
		r.OnOwnership(gained, lost)
	}
}

// settingsOf an account, nil for one that is not served.
func (r *Relay) settingsOf(uid string) *conversation.Settings {
	account := r.Accounts.ByUID(uid)
	if account == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if known := r.settings[uid]; known.account == account {
		return known.settings
	}
	agents := make([]string, len(account.Agents))
	for i, agent := range account.Agents {
		agents[i] = agent.UserID
	}
	settings := conversation.SettingsOf(account.Object, agents)
	r.settings[uid] = prepared{account: account, settings: &settings}
	return &settings
}

// Served looks at all customers of an account again who have something to do: the
// account has changed, came or went.
func (r *Relay) Served(uid string) {
	if r.Accounts.ByUID(uid) != nil {
		r.history.served(uid)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.Accounts.ByUID(uid) == nil {
		delete(r.settings, uid)
		delete(r.troubles, uid)
	}
	for key := range r.pending[uid] {
		r.queue.Add(task{key, conversation.ToAgent})
		r.queue.Add(task{key, conversation.ToCustomer})
	}
}

// look finds out what has to be done for a customer, in the owner's goroutine.
func (r *Relay) look(key string, c *conversation.Customer) {
	uid, now := accountOf(key), r.Clock.Now()
	settings := r.settingsOf(uid)
	r.lively.note(key, c)
	idle := longestIdle // which of them are of a session turns out when the account is served
	if settings != nil {
		idle = settings.SessionIdle
	}
	r.history.follow(key, c.Readers(idle)) // before anybody is told that there is something to do
	busy, late := false, false
	for _, lane := range []conversation.Lane{conversation.ToAgent, conversation.ToCustomer} {
		step := c.Next(lane, now, orNone(settings))
		switch step := step.(type) {
		case conversation.Idle:
			continue
		case conversation.Store:
		case conversation.Wait:
			r.queue.AddAfter(task{key, lane}, step.Until.Sub(now))
			// What waits for the customer is not late.
			late = late || lane == conversation.ToAgent || step.Reason == conversation.ReasonTrouble
		default:
			r.queue.Add(task{key, lane})
			late = true
		}
		busy = true
	}
	r.note(uid, key, busy, late)
}

// orNone are settings for customers of an account that is not served: something
// to do is something to do.
func orNone(settings *conversation.Settings) *conversation.Settings {
	if settings == nil {
		return &conversation.Settings{}
	}
	return settings
}

// note whether a customer has something to do, and whether that should not take long.
func (r *Relay) note(uid, key string, busy, late bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	keys := r.pending[uid]
	if !busy {
		if delete(keys, key); len(keys) == 0 {
			delete(r.pending, uid)
		}
		return
	}
	if keys == nil {
		keys = map[string]time.Time{}
		r.pending[uid] = keys
	}
	switch since := keys[key]; {
	case !late:
		keys[key] = time.Time{}
	case since.IsZero():
		keys[key] = r.Clock.Now()
	}
}

// Owns tells whether this member has a partition of the customers.
func (r *Relay) Owns(partition int) bool { return r.owner.Owns(partition) }
