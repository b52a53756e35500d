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
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/client-go/util/workqueue"

	"github.com/liveroom-io/liveroom-operator/internal/im"
	"github.com/liveroom-io/liveroom-operator/webhook/journal"
	"github.com/liveroom-io/liveroom-operator/webhook/officialaccount"
	"github.com/liveroom-io/liveroom-operator/webhook/relay/conversation"
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
	// readPatience is how long replies wait for a history that cannot be read, and
	// readAgain how often they try it meanwhile. Then they are sent: what is found
	// later comes late.
	readPatience = 15 * time.Second
	readAgain    = time.Second
	// maxFormer agents of a session are read once more.
	maxFormer = 8
	// shortestRead is the shortest time that is read by itself when there are too many
	// messages.
	shortestRead = 2 * time.Second
)

// history catches up with what agents wrote while no callback told of it: for
// each live session after a start and after a partition was taken over, and now
// and then. Until that was done once, replies of the session wait: what was missed
// comes before what is told.
type history struct {
	relay *Relay
	queue workqueue.TypedDelayingInterface[string] // of customers

	mu       sync.Mutex
	sessions map[string]*followed // that are alive, by customer
}

// followed is a session whose history is read.
type followed struct {
	agent string
	// former agents of the session, whose last messages are still to be read.
	former []string
	since  time.Time // it is followed here
	read   bool      // since then
}

func newHistory(r *Relay) *history {
	return &history{
		relay: r, sessions: map[string]*followed{},
		queue: workqueue.NewTypedDelayingQueueWithConfig(workqueue.TypedDelayingQueueConfig[string]{Name: "liveroom_relay_history", Clock: r.Clock}),
	}
}

// follow notes who has a customer; nobody ends the session. A session that is new
// here is read at once: callbacks may have been missed since it began elsewhere.
func (h *history) follow(key, agent string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if agent == "" {
		delete(h.sessions, key)
		return
	}
	if s := h.sessions[key]; s != nil {
		if s.agent != agent && !slices.Contains(s.former, s.agent) && len(s.former) < maxFormer {
			s.former = append(s.former, s.agent)
			h.queue.Add(key)
		}
		s.agent = agent
		return
	}
	h.sessions[key] = &followed{agent: agent, since: h.relay.Clock.Now()}
	h.queue.Add(key)
}

// leave forgets the sessions of a partition. If it comes back, callbacks may have
// been missed meanwhile.
func (h *history) leave(partition int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for key := range h.sessions {
		if journal.Partition(key) == partition {
			delete(h.sessions, key)
		}
	}
}

// gap: callbacks may have been missed in all partitions, since members share them
// out however partitions are. All sessions are read again, and replies wait.
func (h *history) gap() {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.relay.Clock.Now()
	for key, s := range h.sessions {
		s.read, s.since = false, now
		h.queue.Add(key)
	}
}

// agents whose messages are to be read, none of a session that is not followed.
func (h *history) agents(key string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s := h.sessions[key]; s != nil {
		return append(slices.Clone(s.former), s.agent)
	}
	return nil
}

// done notes that the messages of some agents have been read.
func (h *history) done(key string, agents []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s := h.sessions[key]; s != nil {
		s.read = true
		s.former = slices.DeleteFunc(s.former, func(former string) bool { return slices.Contains(agents, former) })
	}
}

// unread reports whether replies have to wait for the history.
func (h *history) unread(key string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.sessions[key]
	return s != nil && !s.read && h.relay.Clock.Since(s.since) < readPatience
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
	agents := h.agents(key)
	uid, openID, _ := strings.Cut(key, "/")
	if len(agents) == 0 || ctx.Err() != nil || !r.owner.Owns(journal.Partition(key)) {
		h.follow(key, "")
		return 0
	}
	account := r.Accounts.ByUID(uid)
	if account == nil {
		return readRetry // it may be served again
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
	newest, err := h.read(ctx, &reading{client: client, account: account, openID: openID, agents: agents}, since.Add(-readOverlap), until)
	if err != nil {
		r.Logger.V(1).Info("The history of a conversation cannot be read", "account", account.Key.String(), "error", err.Error())
		return readRetry
	}
	r.folded(ctx, key, newest)
	_ = r.owner.Mutate(ctx, customerKey(key), func(state journal.State) bool {
		c, ok := state.(*conversation.Customer)
		return ok && c.RecordCaughtUp(until)
	})
	h.done(key, agents)
	if live == "" { // the session has ended; that was the last look
		h.follow(key, "")
		return 0
	}
	return readEvery
}

// reading is whose history is read.
type reading struct {
	client  *im.Client
	account *officialaccount.Account
	openID  string
	agents  []string
}

// read writes down what agents wrote in a time, in the order in which they wrote it.
// What was written down before is recognised. The newest sequence of all of it is
// returned. After an error nothing, or everything up to some time, is written down.
func (h *history) read(ctx context.Context, what *reading, since, until time.Time) (newest uint64, err error) {
	r := h.relay
	for end := until; since.Before(until); {
		found, all, err := h.collect(ctx, what, since, end)
		switch {
		case err != nil:
			return newest, err
		case !all && end.Sub(since) <= shortestRead:
			return newest, &im.Error{Class: im.Unavailable, Command: "admin_getroammsg", Info: "the history has too many pages"}
		case !all: // the earlier half comes first
			end = since.Add(end.Sub(since) / 2).Truncate(time.Second)
			continue
		}
		for _, out := range found {
			receipt, err := r.takeOutbound(ctx, what.account, what.openID, out)
			newest = max(newest, receipt.Sequence)
			if errors.Is(err, conversation.ErrEntry) || errors.Is(err, conversation.ErrEntrySize) {
				r.Metrics.unreadable.Inc()
				r.Logger.Error(err, "A message of an agent cannot be kept, and is left out", "account", what.account.Key.String())
				continue
			}
			if err != nil {
				return newest, err
			}
		}
		since, end = end, until
	}
	return newest, nil
}

// collect what agents wrote in a time, the oldest first. It reports false when there
// are more pages than may be read at once, which come the newest first.
func (h *history) collect(ctx context.Context, what *reading, since, until time.Time) (found []*conversation.Outbound, all bool, err error) {
	for _, agent := range what.agents {
		query := &im.RoamingQuery{UserID: what.account.UserID(what.openID), PeerID: agent, From: since, Until: until}
		for page := 0; query != nil; page++ {
			if page == maxPages {
				return nil, false, nil
			}
			call, cancel := context.WithTimeout(ctx, callTimeout)
			answer, err := what.client.RoamingMessages(call, *query)
			cancel()
			if im.IsNotFound(err) {
				break // nobody has written to an account that is none
			}
			if err != nil {
				return nil, false, err
			}
			for i := range answer.Messages {
				if m := &answer.Messages[i]; m.From == agent && !m.Recalled {
					found = append(found, &conversation.Outbound{
						Agent: agent, MsgKey: m.Key, MsgSeq: m.Seq, MsgRandom: m.Random, MsgTime: m.Time.Unix(), Body: m.Body,
						CloudCustomData: m.CloudCustomData, Source: conversation.Roaming, Received: h.relay.Clock.Now().UnixMilli(),
					})
				}
			}
			if query = answer.Next; query == nil && !answer.Complete {
				return nil, false, &im.Error{Class: im.Unavailable, Command: "admin_getroammsg", Info: "the history goes on, and nobody says where"}
			}
		}
	}
	slices.SortStableFunc(found, func(a, b *conversation.Outbound) int {
		return cmp.Or(cmp.Compare(a.MsgTime, b.MsgTime), cmp.Compare(a.MsgSeq, b.MsgSeq))
	})
	return found, true, nil
}
