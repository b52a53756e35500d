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

// Package projection folds what the journal knows into the status of LiveRooms
// and ImAccounts: few writes, none without news, and changes of state at once.
package projection

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/time/rate"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/liveroom-io/liveroom-operator/webhook/activity"
	"github.com/liveroom-io/liveroom-operator/webhook/directory"
	"github.com/liveroom-io/liveroom-operator/webhook/event"
	"github.com/liveroom-io/liveroom-operator/webhook/fold"
	"github.com/liveroom-io/liveroom-operator/webhook/journal"
	"github.com/liveroom-io/liveroom-operator/webhook/status"
	"github.com/liveroom-io/liveroom-operator/webhook/stream"
)

const (
	// Spacing between two writes of the numbers of one object.
	Spacing = 10 * time.Second
	// WritesPerSecond to the API server, over all objects.
	WritesPerSecond = 50
	// settling is how long a reported difference may go away by itself: the
	// report of the operator's own write can be ahead of the caches.
	settling = 300 * time.Millisecond
	// hintBurst and hintEvery bound how often one object's difference wakes the controller.
	hintBurst = 3
	hintEvery = 10 * time.Second
	// silence after which news of an application are worth a look at the ImApp: less
	// than the shortest silentAfterSeconds, more than the pods' reports are apart.
	silence = 45 * time.Second
	// retryAfter a failed write.
	retryAfter = 2 * time.Second
)

// Config of a projector.
type Config struct {
	Client    client.Client
	Directory *directory.Directory
	// Values returns a reader of ConfigMaps, a new one for each object.
	Values func() Values
	// Watch delivers the states of a kind: first all, then those that change.
	Watch func(ctx context.Context, kind string, each func(key journal.StateKey, data []byte, deleted bool))
	// Streams is the log of what callbacks told about streams.
	Streams StreamLog
	// Append writes an event to the journal.
	Append func(context.Context, journal.Entry) (journal.Receipt, error)
	// CountEvery is how often the audience of an active room is counted. 0 means
	// the constant of that name.
	CountEvery time.Duration
	// HeardOf is told when a pod heard of an application after a while.
	HeardOf func(sdkAppID int64)
	Clock   clock.Clock
	Log     logr.Logger
	// Metrics may be nil.
	Metrics *Metrics
}

// Projector writes status. One of all pods does it at a time.
type Projector struct {
	Config
	limiter *rate.Limiter

	mu       sync.Mutex
	due      *queue[objectKey]
	rooms    map[string]*roomView
	accounts map[string]*accountView
	heard    map[int64]time.Time
	news     chan struct{}
	// connections says that some account's connection has changed.
	connections chan struct{}
}

// objectKey is an object by the name of its state.
type objectKey struct{ kind, name string }

// New returns a projector that has not started.
func New(config Config) *Projector {
	if config.CountEvery == 0 {
		config.CountEvery = CountEvery
	}
	return &Projector{Config: config, heard: map[int64]time.Time{}}
}

// Run projects until the context ends. It starts from what the journal holds.
func (p *Projector) Run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	var watches sync.WaitGroup
	defer watches.Wait()
	defer cancel()

	p.limiter = rate.NewLimiter(WritesPerSecond, 1)
	p.mu.Lock()
	p.due = newQueue[objectKey](Spacing)
	p.rooms, p.accounts = map[string]*roomView{}, map[string]*accountView{}
	p.news, p.connections = make(chan struct{}, 1), make(chan struct{}, 1)
	p.lookAtStreams()
	p.mu.Unlock()
	watches.Go(func() {
		p.Streams.Watch(ctx, stream.RoomState, func(key journal.StateKey, data []byte, deleted bool) { p.takeStream(key.Name, data, deleted) })
	})
	for kind, take := range map[string]func(string, []byte, bool){
		fold.Room: p.takeRoom, fold.Account: p.takeAccount, fold.App: p.takeApp,
	} {
		watches.Go(func() {
			p.Watch(ctx, kind, func(key journal.StateKey, data []byte, deleted bool) { take(key.Name, data, deleted) })
		})
	}
	watches.Go(func() { p.askPresence(ctx) })
	watches.Go(func() { p.countAudiences(ctx) })
	watches.Go(func() { p.keep(ctx) })
	for {
		key, wait := p.next()
		if key.kind == "" {
			select {
			case <-ctx.Done():
				return
			case <-p.news:
			case <-p.Clock.After(wait):
			}
			continue
		}
		p.project(ctx, key)
	}
}

// takeApp takes over when an application was last heard of.
func (p *Projector) takeApp(name string, data []byte, deleted bool) {
	sdkAppID, err := strconv.ParseInt(name, 10, 64)
	app, loadErr := activity.LoadApp(data)
	if err != nil || loadErr != nil || deleted {
		return
	}
	p.mu.Lock()
	before, now := p.heard[sdkAppID], time.UnixMilli(app.Heard)
	p.heard[sdkAppID] = now
	p.mu.Unlock()
	if now.Sub(before) >= silence {
		p.HeardOf(sdkAppID)
	}
}

// LastHeard is when any pod heard of an application; the zero time for never.
func (p *Projector) LastHeard(sdkAppID int64) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.heard[sdkAppID]
}

// next takes out what is due, or says how long to wait.
func (p *Projector) next() (objectKey, time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.Clock.Now()
	if key, ok := p.due.next(now); ok {
		return key, 0
	}
	if at, some := p.due.soonest(); some {
		return objectKey{}, at.Sub(now)
	}
	return objectKey{}, time.Minute
}

// Look has an object looked at again: it has appeared, or is another one now.
func (p *Projector) Look(kind, name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.due == nil {
		return // the first run looks at everything
	}
	switch {
	case kind == fold.Room && p.viewed(name), kind == fold.Account && p.accounts[name] != nil:
		p.due.hurry(objectKey{kind, name}, p.Clock.Now().Add(settling))
		p.wake()
	}
}

// wake tells the loop that something became due.
func (p *Projector) wake() {
	select {
	case p.news <- struct{}{}:
	default:
	}
}

// project writes one object if its status is not what it should be.
func (p *Projector) project(ctx context.Context, key objectKey) {
	prepare := p.prepareRoom
	if key.kind == fold.Account {
		prepare = p.prepareAccount
	}
	write := prepare(ctx, key.name)
	if write == nil {
		return
	}
	if !p.limiter.Allow() {
		if p.limiter.Wait(ctx) != nil {
			return
		}
		if write = prepare(ctx, key.name); write == nil { // news may have come meanwhile
			return
		}
	}
	err := p.apply(ctx, write)
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case err == nil:
		p.due.wrote(key, p.Clock.Now())
		write.done()
		p.Metrics.wrote(key.kind)
	case apierrors.IsNotFound(err) || apierrors.IsConflict(err):
		p.due.forget(key) // gone, or another object of the same name
	default:
		p.due.hurry(key, p.Clock.Now().Add(retryAfter))
		p.Metrics.failed()
		p.Log.V(1).Info("Writing status failed; trying again", "kind", key.kind, "object", write.name.String(), "error", err.Error())
	}
}

// write is the status of one object as the webhook owns it.
type write struct {
	blank  client.Object
	name   types.NamespacedName
	uid    types.UID
	status any
	// done remembers the write; the projector's lock is held.
	done func()
}

// apply sends the full set of fields that the webhook owns.
func (p *Projector) apply(ctx context.Context, w *write) error {
	return status.Apply(ctx, p.Client, w.blank, w.name, w.uid, w.status)
}

// note writes an event of the operator's own.
func (p *Projector) note(ctx context.Context, e event.Event) error {
	now := p.Clock.Now()
	e.ID, e.Time = fmt.Sprintf("%s/%s/%s/%d", e.Kind, e.Room, e.User, now.UnixNano()), now.UnixMilli()
	_, err := p.Append(ctx, e.Entry())
	return err
}
