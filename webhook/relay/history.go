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
	"strings"
	"sync"
	"time"

	"k8s.io/client-go/util/workqueue"

	"github.com/liveroom-io/liveroom-operator/internal/im"
	"github.com/liveroom-io/liveroom-operator/webhook/journal"
	"github.com/liveroom-io/liveroom-operator/webhook/officialaccount"
	"github.com/liveroom-io/liveroom-operator/webhook/relay/conversation"
	"github.com/liveroom-io/liveroom-operator/webhook/relay/translation"
)

const (
	// readEvery is how often the history of a conversation is read while its session
	// is alive: IM does not repeat callbacks unless a switch in its console is on.
	readEvery = 10 * time.Minute
	// readers read histories at once.
	readers = 4
	// readOverlap is read once more: clocks differ, and messages of one second come
	// one after the other.
	readOverlap = time.Minute
	// readRetry is the pause after a history could not be read.
	readRetry = 30 * time.Second
)

// history catches up with what agents wrote while no callback told of it: for
// each live session after a start and after a partition was taken over, and now
// and then.
type history struct {
	relay *Relay
	queue workqueue.TypedDelayingInterface[string] // of customers

	mu     sync.Mutex
	agents map[string]string // of live sessions
}

func newHistory(r *Relay) *history {
	return &history{
		relay: r, agents: map[string]string{},
		queue: workqueue.NewTypedDelayingQueueWithConfig(workqueue.TypedDelayingQueueConfig[string]{Name: "liveroom_relay_history", Clock: r.Clock}),
	}
}

// follow notes who has a customer; nobody ends the session. A session that is new
// here is read at once: callbacks may have been missed since it began elsewhere.
func (h *history) follow(key, agent string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	before := h.agents[key]
	if agent == "" {
		delete(h.agents, key)
		return
	}
	if h.agents[key] = agent; before == "" {
		h.queue.Add(key)
	}
}

func (h *history) run(ctx context.Context) {
	var running sync.WaitGroup
	for range readers {
		running.Go(func() { h.serve(ctx) })
	}
	<-ctx.Done()
	h.queue.ShutDown()
	running.Wait()
}

func (h *history) serve(ctx context.Context) {
	for {
		key, over := h.queue.Get()
		if over {
			return
		}
		if again := h.visit(ctx, key); again > 0 {
			h.queue.AddAfter(key, again)
		}
		h.queue.Done(key)
	}
}

// visit reads the history of a conversation once, and tells when to do so again.
func (h *history) visit(ctx context.Context, key string) time.Duration {
	r := h.relay
	h.mu.Lock()
	agent := h.agents[key]
	h.mu.Unlock()
	uid, openID, _ := strings.Cut(key, "/")
	account := r.Accounts.ByUID(uid)
	if agent == "" || account == nil || ctx.Err() != nil || !r.owner.Owns(journal.Partition(key)) {
		h.follow(key, "")
		return 0
	}
	client := r.Application(account)
	if client == nil {
		return readRetry
	}
	var since time.Time
	live, now, settings := "", r.Clock.Now(), orNone(r.settingsOf(uid))
	err := r.owner.Mutate(ctx, customerKey(key), func(state journal.State) bool {
		c, ok := state.(*conversation.Customer)
		if !ok {
			return false
		}
		if since = c.CatchUpSince(); since.IsZero() {
			since = c.LastActive().Add(-account.Object.SessionIdle())
		}
		live = c.Contribution(now, settings).Agent
		return false
	})
	if err != nil {
		return readRetry
	}
	until := client.ProviderTime()
	if err := h.read(ctx, client, account, openID, agent, since.Add(-readOverlap), until); err != nil {
		r.Logger.V(1).Info("The history of a conversation cannot be read", "account", account.Key.String(), "error", err.Error())
		return readRetry
	}
	_ = r.owner.Mutate(ctx, customerKey(key), func(state journal.State) bool {
		c, ok := state.(*conversation.Customer)
		return ok && c.RecordCaughtUp(until)
	})
	if live == "" { // the session has ended; that was the last look
		h.follow(key, "")
		return 0
	}
	return readEvery
}

// read writes down what an agent wrote in a time. What was written down before is
// recognised.
func (h *history) read(ctx context.Context, client *im.Client, account *officialaccount.Account, openID, agent string, since, until time.Time) error {
	r := h.relay
	query := &im.RoamingQuery{UserID: account.UserID(openID), PeerID: agent, From: since, Until: until}
	for page := 0; query != nil && page < maxPages; page++ {
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		answer, err := client.RoamingMessages(ctx, *query)
		if err == nil {
			for i := range answer.Messages {
				m := &answer.Messages[i]
				if m.From != agent || m.Recalled || translation.Ours(m.CloudCustomData) {
					continue
				}
				if _, err = r.takeOutbound(ctx, account, openID, &conversation.Outbound{
					Agent: agent, MsgKey: m.Key, MsgSeq: m.Seq, MsgRandom: m.Random, MsgTime: m.Time.Unix(), Body: m.Body,
					CloudCustomData: m.CloudCustomData, Source: conversation.Roaming, Received: r.Clock.Now().UnixMilli(),
				}); err != nil {
					break
				}
			}
		}
		cancel()
		if im.IsNotFound(err) {
			return nil // nobody has written to an account that is none
		}
		if err != nil {
			return err
		}
		query = answer.Next
	}
	return nil
}
