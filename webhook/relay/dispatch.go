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
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/liveroom-io/liveroom-operator/webhook/journal"
	"github.com/liveroom-io/liveroom-operator/webhook/officialaccount"
	"github.com/liveroom-io/liveroom-operator/webhook/relay/conversation"
)

// record tells a customer how a step went. It runs in the owner's goroutine, and
// perhaps once more.
type record func(*conversation.Customer) bool

// job is a task with everything that its steps need.
type job struct {
	task

	openID   string
	account  *officialaccount.Account
	settings *conversation.Settings
}

// serve works on tasks until the queue ends.
func (r *Relay) serve(ctx context.Context) {
	for {
		next, over := r.queue.Get()
		if over {
			return
		}
		if ctx.Err() == nil {
			r.work(ctx, next)
		}
		r.queue.Done(next)
	}
}

// work takes one step after the other for a customer in one direction, until
// there is none.
func (r *Relay) work(ctx context.Context, t task) {
	uid, openID, _ := strings.Cut(t.key, "/")
	place := uid + "/" + string(t.lane)
	if !r.rooms.enter(place, t) {
		return // it is its turn when another one leaves
	}
	defer func() {
		if following, some := r.rooms.leave(place); some {
			r.queue.Add(following)
		}
	}()
	var how record
	for ctx.Err() == nil || how != nil {
		account := r.Accounts.ByUID(uid)
		settings := r.settingsOf(uid)
		if (account == nil || settings == nil || account.Held != "") && how == nil {
			return // it is looked at again once the account is served
		}
		step, err := r.next(t, how, orNone(settings))
		switch {
		case errors.Is(err, journal.ErrNotOwned), errors.Is(err, journal.ErrStopped):
			r.sends.Delete(t.key)
			return // its owner goes on from what is stored
		case err != nil:
			r.Logger.V(1).Info("A customer cannot be loaded", "account", uid, "error", err.Error())
			r.queue.AddAfter(t, time.Second)
			return
		}
		if account == nil || settings == nil || ctx.Err() != nil {
			return // what was begun is recorded; the next process goes on
		}
		if r.mayMiss(t.key, step) {
			if r.history.look(ctx, t.key) {
				r.queue.AddAfter(t, readAgain)
				return
			}
			how = nil
			continue // what was missed comes first
		}
		switch step := step.(type) {
		case conversation.Idle, conversation.Store: // Saved looks again
			return
		case conversation.Wait:
			r.queue.AddAfter(t, max(step.Until.Sub(r.Clock.Now()), time.Millisecond))
			return
		default:
			if _, sends := step.(conversation.Send); sends {
				r.sends.Store(t.key, true)
			}
			how = r.perform(ctx, &job{task: t, openID: openID, account: account, settings: settings}, step)
		}
		if how == nil {
			r.queue.AddAfter(t, unready)
			return
		}
	}
}

// mayMiss: the step is the first with a reply, or with a part of it, and earlier ones
// may be missing that only the history has. A member of several does not know at once
// that another one has died, and with it what agents had written by then.
func (r *Relay) mayMiss(key string, step conversation.Step) bool {
	var confirmed bool
	switch step := step.(type) {
	case conversation.PrepareReply:
		confirmed = step.Confirmed
	case conversation.Commit:
		confirmed = step.Confirmed
	default:
		return false
	}
	if !confirmed && !r.owner.Alone() {
		r.history.doubt(key)
	}
	return r.history.unread(key)
}

// next records how a step went, and tells the one after it.
func (r *Relay) next(t task, how record, settings *conversation.Settings) (conversation.Step, error) {
	var step conversation.Step
	// It is short, and what is recorded must not be lost to a shutdown.
	err := r.owner.Mutate(context.Background(), customerKey(t.key), func(state journal.State) bool {
		c, ok := state.(*conversation.Customer)
		if !ok {
			return false
		}
		before := c.Totals
		changed := how != nil && how(c)
		if changed && t.lane == conversation.ToCustomer {
			c.Press() // after a crash nobody else knows what WeChat has taken
		}
		if step == nil { // else it is done once more, on what a former owner has stored
			r.Metrics.grown(before, c.Totals)
			step = c.Next(t.lane, r.Clock.Now(), settings)
		}
		return changed
	})
	if err == nil && how != nil && t.lane == conversation.ToCustomer {
		r.sends.Delete(t.key)
	}
	return step, err
}

// withdraw takes back, before the process ends, what it has committed to send and
// has not sent. Otherwise the next one would have to think that it may have arrived.
// All workers have ended.
func (r *Relay) withdraw() {
	r.mu.Lock()
	var keys []string
	for _, pending := range r.pending {
		keys = slices.AppendSeq(keys, maps.Keys(pending))
	}
	r.mu.Unlock()
	for _, key := range keys {
		if _, sent := r.sends.Load(key); sent {
			continue // how that went could not be recorded
		}
		// Customers of other owners by now are theirs to think about.
		_ = r.owner.Mutate(context.Background(), customerKey(key), func(state journal.State) bool {
			c, ok := state.(*conversation.Customer)
			return ok && c.Withdraw()
		})
	}
}

// rooms bound how many workers an account may have in one direction. Who finds no
// room stands in line.
type rooms struct {
	mu    sync.Mutex
	taken map[string]int
	lines map[string]*queue
}

// queue of tasks, each in it once.
type queue struct {
	order []task
	in    map[task]bool
}

// enter takes a place, or puts the task in line.
func (r *rooms) enter(place string, t task) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.taken[place] < perLane {
		r.taken[place]++
		return true
	}
	line := r.lines[place]
	if line == nil {
		line = &queue{in: map[task]bool{}}
		r.lines[place] = line
	}
	if !line.in[t] {
		line.in[t], line.order = true, append(line.order, t)
	}
	return false
}

// leave gives a place back, and returns whose turn it is.
func (r *rooms) leave(place string) (following task, some bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.taken[place]--; r.taken[place] == 0 {
		delete(r.taken, place)
	}
	line := r.lines[place]
	if line == nil {
		return task{}, false
	}
	following, line.order = line.order[0], line.order[1:]
	if delete(line.in, following); len(line.order) == 0 {
		delete(r.lines, place)
	}
	return following, true
}
