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
	"fmt"
	"hash/fnv"
	"slices"
	"sync"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/wechat/push"
	"github.com/liveroom-io/liveroom-operator/webhook/directory"
	webhookim "github.com/liveroom-io/liveroom-operator/webhook/im"
	"github.com/liveroom-io/liveroom-operator/webhook/journal"
	"github.com/liveroom-io/liveroom-operator/webhook/officialaccount"
	"github.com/liveroom-io/liveroom-operator/webhook/relay/conversation"
)

// Accept writes a push down and decides what its answer says: nil is nothing. It
// returns when the log holds the push; repeats are answered like the first. The
// error means that nobody knows whether it does, and WeChat is to come again.
func (r *Relay) Accept(ctx context.Context, account *officialaccount.Account, m *push.Message, received time.Time) (push.Reply, error) {
	if !concerns(m) {
		return nil, nil
	}
	key := conversation.Key(account.UID, m.From)
	unlock := r.accepting.lock(key)
	defer unlock()
	told, err := r.answer(ctx, account, key, m, received)
	if err != nil {
		return nil, err
	}
	e := &conversation.Entry{Account: account.UID, OpenID: m.From, Inbound: &conversation.Inbound{Push: *m, Received: received.UnixMilli(), Told: told}}
	receipt, err := r.append(ctx, e)
	if err != nil {
		return nil, err
	}
	switch {
	case receipt.Duplicate:
		if told, err = r.toldBefore(ctx, receipt.Sequence); err != nil {
			return nil, err
		}
	case told.Text == "", m.Kind == push.Event && len(told.Claims) == 0:
	case account.Sends():
		r.lively.mark(key, received)
	default:
		r.settled(ctx, key, e, receipt.Sequence)
	}
	if told.Text == "" {
		return nil, nil
	}
	return push.TextReply{Content: told.Text}, nil
}

// concerns: the push is something that the relay keeps.
func concerns(m *push.Message) bool {
	if m.Kind != push.Event {
		return true
	}
	switch m.Event {
	case push.EventSubscribe, push.EventUnsubscribe, push.EventScan, push.EventClick, push.EventScanPush, push.EventScanWait,
		push.EventPhoto, push.EventPhotoOrAlbum, push.EventAlbum, push.EventLocationSelect, push.EventEnterSession:
		return true
	default:
		return false
	}
}

// answer decides what the answer to a push says, by what is known of the customer.
func (r *Relay) answer(ctx context.Context, account *officialaccount.Account, key string, m *push.Message, now time.Time) (told conversation.Told, err error) {
	settings := r.settingsOf(account.UID)
	if settings == nil {
		return told, nil // the account has just gone
	}
	open := account.Hours.Open(now)
	switch {
	case account.Sends() && r.lively.within(key, now.Add(-settings.SessionIdle)) && m.Kind != push.Event && m.Kind != push.Unknown:
		return told, nil // in the midst of a session nothing is told
	case account.Sends():
		// What is stored lags a little; all that it can do is to greet somebody twice.
	case r.owner.Owns(journal.Partition(key)):
		err = r.owner.Mutate(ctx, customerKey(key), func(state journal.State) bool {
			if c, ok := state.(*conversation.Customer); ok {
				told = conversation.Answer(c, m, settings, now, open)
			}
			return false
		})
		if err == nil || errors.Is(err, journal.ErrNotCounted) {
			// One customer too many is refused: what they write would not be kept.
			return told, err
		}
	}
	partition := journal.Partition(key)
	owned := r.owner.Owns(partition)
	var data []byte
	known := false
	if !owned || !r.books.unknown(partition, key) { // else the books say what reading would
		if data, known, err = r.Log.State(ctx, customerKey(key)); err != nil {
			return told, fmt.Errorf("reading what is known of the customer: %w", err)
		}
	}
	if !known && owned && r.owner.Full(Customers) {
		// One customer too many is refused: what they write would not be kept.
		return told, journal.ErrNotCounted
	}
	c, err := conversation.Load(key, data)
	if err != nil {
		c = nil
	}
	return conversation.Answer(c, m, settings, now, open), nil
}

func (r *Relay) append(ctx context.Context, e *conversation.Entry) (journal.Receipt, error) {
	data, err := e.AppendTo(nil)
	if err != nil {
		return journal.Receipt{}, err
	}
	return r.Log.Append(ctx, journal.Entry{ID: e.ID(), First: e.Key(), Data: data})
}

// toldBefore is what the answer to an earlier one of the same pushes said.
func (r *Relay) toldBefore(ctx context.Context, sequence uint64) (conversation.Told, error) {
	stored, err := r.Log.Entry(ctx, sequence)
	if err != nil {
		return conversation.Told{}, fmt.Errorf("reading the first of repeated pushes: %w", err)
	}
	first, err := conversation.DecodeEntry(stored.Data)
	if err != nil {
		return conversation.Told{}, fmt.Errorf("reading the first of repeated pushes: %w", err)
	}
	if first.Inbound == nil {
		return conversation.Told{}, errors.New("the first of repeated pushes is no push")
	}
	return first.Inbound.Told, nil
}

// settled waits until what a push was told is known to this member when it answers
// the customer's next one: in its memory, or, when another member owns the customer,
// in what is stored. Else it would tell it again. Another member that gets the next
// push before that tells it again: there is no lock over members.
func (r *Relay) settled(ctx context.Context, key string, e *conversation.Entry, sequence uint64) {
	if r.owner.Owns(journal.Partition(key)) {
		r.folded(ctx, key, sequence)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, settledTimeout)
	defer cancel()
	for ctx.Err() == nil {
		data, _, err := r.Log.State(ctx, customerKey(key))
		if err != nil {
			return
		}
		if c, err := conversation.Load(key, data); err != nil || c.Seen(e) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-r.Clock.After(settledPoll):
		}
	}
}

const (
	// settledTimeout is how long the answer may wait: WeChat gives up after 5 s.
	settledTimeout = 2 * time.Second
	settledPoll    = 20 * time.Millisecond
)

// folded waits until an entry counts, so that the customer's next push is answered
// by what this one was told.
func (r *Relay) folded(ctx context.Context, key string, sequence uint64) {
	for r.owner.Owns(journal.Partition(key)) && r.owner.Position() < sequence {
		select {
		case <-ctx.Done():
			return
		case <-r.Clock.After(foldedPoll):
		}
	}
}

const foldedPoll = 2 * time.Millisecond

// Take implements the receiver's interface for messages of agents. What cannot be
// written down is looked for in the history: IM may not tell of it again.
func (r *Relay) Take(ctx context.Context, app *directory.App, m *webhookim.PeerMessage) (taken, duplicate bool, err error) {
	defer func() {
		if err != nil && !errors.Is(err, conversation.ErrEntry) && !errors.Is(err, conversation.ErrEntrySize) {
			r.owner.Miss()
		}
	}()
	// What the relay sends comes from customers, never from agents: a message that
	// carries its marker was forwarded.
	account, openID, err := r.addressee(ctx, app, m)
	if account == nil || err != nil {
		return err != nil, false, err
	}
	receipt, err := r.takeOutbound(ctx, account, openID, &conversation.Outbound{
		Agent: m.From, MsgKey: m.Key, MsgSeq: uint32(m.Seq), MsgRandom: uint32(m.Random),
		MsgTime: m.Time.Unix(), Body: m.Body, CloudCustomData: m.CloudCustomData,
		Source: conversation.Callback, Received: r.Clock.Now().UnixMilli(),
	})
	return true, receipt.Duplicate, err
}

// addressee is the account and the customer to whom a message of an agent is; nil
// if it is to none. Of several accounts whose customers have such UserIDs, it is
// the one that knows the customer.
func (r *Relay) addressee(ctx context.Context, app *directory.App, m *webhookim.PeerMessage) (*officialaccount.Account, string, error) {
	var found *officialaccount.Account
	var customer string
	several := false
	for _, account := range r.Accounts.Serving(app.Key) {
		openID, ok := account.OpenID(m.To)
		if !ok || !slices.ContainsFunc(account.Agents, func(agent officialaccount.Agent) bool { return agent.UserID == m.From }) {
			continue
		}
		if found != nil {
			several = true
			break
		}
		found, customer = account, openID
	}
	if !several {
		return found, customer, nil
	}
	for _, account := range r.Accounts.Serving(app.Key) {
		openID, ok := account.OpenID(m.To)
		if !ok {
			continue
		}
		_, known, err := r.Log.State(ctx, customerKey(conversation.Key(account.UID, openID)))
		if err != nil {
			return nil, "", err
		}
		if known {
			return account, openID, nil
		}
	}
	return found, customer, nil
}

// takeOutbound writes down what an agent wrote.
func (r *Relay) takeOutbound(ctx context.Context, account *officialaccount.Account, openID string, out *conversation.Outbound) (journal.Receipt, error) {
	return r.append(ctx, &conversation.Entry{Account: account.UID, OpenID: openID, Outbound: out})
}

// locks let one push of a customer be decided at a time in this process: two at
// once would be told the same. Customers share a bounded number of them.
type locks [256]sync.Mutex

func (l *locks) lock(key string) (unlock func()) {
	h := fnv.New32a()
	_, _ = h.Write([]byte(key))
	mu := &l[h.Sum32()%uint32(len(l))]
	mu.Lock()
	return mu.Unlock
}
