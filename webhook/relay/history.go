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
	// longestIdle is the longest that a session may last without a message.
	longestIdle = 48 * time.Hour
	// maxFormer agents of a session are read once more.
	maxFormer = 8
	// shortestRead is the shortest time that is read by itself when there are too many
	// messages.
	shortestRead = 2 * time.Second
)

// history catches up with what agents wrote while no callback told of it: for each
// session that is alive or ended unread, after a start and after a partition was
// taken over, and now and then. Until that was done once, replies of the session
// wait: what was missed comes before what is told.
type history struct {
	relay *Relay
	queue workqueue.TypedDelayingInterface[string] // of customers
	pages int                                      // that are read at once

	mu       sync.Mutex
	sessions map[string]*followed       // by customer
	unserved map[string]map[string]bool // customers whose account is not served, by account
	turns    uint64
}

// again has a session read once more; the history is locked. Replies that have begun to
// wait, or have waited enough for one that cannot be read, do not wait anew.
func (h *history) again(s *followed, now time.Time) {
	h.turns++
	if s.turn = h.turns; s.read {
		s.read, s.since = false, now
	}
}

// followed is a session whose history is read.
type followed struct {
	agents []string
	// former agents of the session, whose last messages are still to be read.
	former []string
	since  time.Time // replies may have to wait
	turn   uint64    // which time it is to be read: a reading that began before does not count
	read   bool
}

func newHistory(r *Relay) *history {
	return &history{
		relay: r, pages: maxPages, sessions: map[string]*followed{}, unserved: map[string]map[string]bool{},
		queue: workqueue.NewTypedDelayingQueueWithConfig(workqueue.TypedDelayingQueueConfig[string]{Name: "liveroom_relay_history", Clock: r.Clock}),
	}
}

// follow notes who has a customer; nobody ends the session. A session that is new
// here is read at once: callbacks may have been missed since it began elsewhere.
// Who has it no more is read once more.
func (h *history) follow(key string, agents []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.sessions[key]
	switch {
	case len(agents) == 0:
		delete(h.sessions, key)
	case s == nil:
		h.turns++
		h.sessions[key] = &followed{agents: agents, since: h.relay.Clock.Now(), turn: h.turns}
		h.queue.Add(key)
	default:
		for _, agent := range s.agents {
			if !slices.Contains(agents, agent) && !slices.Contains(s.former, agent) && len(s.former) < maxFormer {
				s.former = append(s.former, agent)
				h.queue.Add(key)
			}
		}
		s.agents = agents
	}
}

// await notes a session that can be read once its account is served.
func (h *history) await(uid, key string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.unserved[uid] == nil {
		h.unserved[uid] = map[string]bool{}
	}
	h.unserved[uid][key] = true
}

// served reads the sessions of an account that could not be read before. Replies
// wait for that from now on.
func (h *history) served(uid string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for key := range h.unserved[uid] {
		if s := h.sessions[key]; s != nil {
			if !s.read {
				s.since = h.relay.Clock.Now()
			}
			h.queue.Add(key)
		}
	}
	delete(h.unserved, uid)
}

// leave forgets the sessions of a partition. If it comes back, callbacks may have
// been missed meanwhile.
func (h *history) leave(partition int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for key := range h.sessions {
		if journal.Partition(key) == partition {
			delete(h.sessions, key)
			delete(h.unserved[accountOf(key)], key)
		}
	}
}

// gap: callbacks may have been missed in all partitions, since they come to any
// member. All sessions are read again, and replies wait.
func (h *history) gap() {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.relay.Clock.Now()
	for key, s := range h.sessions {
		h.again(s, now)
		h.queue.Add(key)
	}
}

// doubt: replies of one session wait until its history has been read, unless they have
// waited for that in vain.
func (h *history) doubt(key string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s := h.sessions[key]; s != nil && s.read {
		h.again(s, h.relay.Clock.Now())
	}
}

// look reads a history now, or again soon when that cannot be done. It reports whether
// replies go on waiting.
func (h *history) look(ctx context.Context, key string) bool {
	if h.visit(ctx, key) == readRetry {
		h.queue.AddAfter(key, readRetry)
	}
	return h.unread(key)
}

// following tells which time a session is to be read, and its former agents; false for
// one that is not followed.
func (h *history) following(key string) (turn uint64, former []string, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.sessions[key]
	if s == nil {
		return 0, nil, false
	}
	return s.turn, slices.Clone(s.former), true
}

// done notes that the messages of some agents have been read, by a reading that was for
// a time of reading.
func (h *history) done(key string, turn uint64, agents []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s := h.sessions[key]; s != nil {
		s.read = s.read || s.turn == turn
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
	turn, former, ok := h.following(key)
	uid, openID, _ := strings.Cut(key, "/")
	if !ok || ctx.Err() != nil || !r.owner.Owns(journal.Partition(key)) {
		h.follow(key, nil)
		return 0
	}
	account := r.Accounts.ByUID(uid)
	if account == nil {
		h.await(uid, key)
		if account = r.Accounts.ByUID(uid); account == nil {
			return 0
		}
	}
	client := r.Application(account)
	if client == nil {
		return readRetry
	}
	var since time.Time
	var replies []string
	what, idle := &reading{client: client, account: account, openID: openID}, account.Object.SessionIdle()
	err := r.owner.Mutate(ctx, customerKey(key), func(state journal.State) bool {
		if c, ok := state.(*conversation.Customer); ok {
			since, what.agents, replies = c.CatchUpSince(), c.Readers(idle), c.Unconfirmed()
		}
		return false
	})
	if err != nil {
		return readRetry
	}
	if since.IsZero() { // the customer was erased
		h.follow(key, nil)
		return 0
	}
	for _, agent := range former {
		if !slices.Contains(what.agents, agent) {
			what.agents = append(what.agents, agent)
		}
	}
	read := slices.Clone(what.agents)
	what.agents = slices.DeleteFunc(what.agents, func(userID string) bool { // whom nobody would listen to
		return !slices.ContainsFunc(account.Agents, func(agent officialaccount.Agent) bool { return agent.UserID == userID })
	})
	until := client.ProviderTime()
	newest, err := h.read(ctx, what, since.Add(-readOverlap), until)
	if err != nil {
		r.Logger.V(1).Info("The history of a conversation cannot be read", "account", account.Key.String(), "error", err.Error())
		return readRetry
	}
	r.folded(ctx, key, newest)
	h.done(key, turn, read)
	again, told := readRetry, false
	_ = r.owner.Mutate(ctx, customerKey(key), func(state journal.State) bool {
		c, ok := state.(*conversation.Customer)
		if !ok {
			return false
		}
		changed := c.RecordCaughtUp(until, replies)
		ended := len(c.Readers(idle)) == 0
		if ended { // that was the last look
			h.follow(key, nil)
		}
		if !told { // else it is done once more, on what a former owner has stored
			told, again = true, readEvery
			if ended {
				again = 0
			}
		}
		return changed
	})
	return again
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
			if page == h.pages {
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
