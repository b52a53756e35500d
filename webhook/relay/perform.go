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
	"strconv"
	"time"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/im"
	"github.com/liveroom-io/liveroom-operator/internal/wechat"
	"github.com/liveroom-io/liveroom-operator/internal/wechat/push"
	"github.com/liveroom-io/liveroom-operator/webhook/journal"
	"github.com/liveroom-io/liveroom-operator/webhook/relay/conversation"
)

// perform carries out a step and returns how it went. Nil means that it could not
// be begun. A call that has begun is finished even when the process is to end: what
// came of it is worth knowing.
func (r *Relay) perform(ctx context.Context, j *job, step conversation.Step) record {
	ctx, cancel := r.call(ctx)
	defer cancel()
	switch step := step.(type) {
	case conversation.Assign:
		return r.assign(j, step)
	case conversation.Prepare:
		return func(c *conversation.Customer) bool {
			return c.RecordPrepared(step, r.Clock.Now(), func(content conversation.Content) []conversation.Rendered { return r.render(j.account, content) })
		}
	case conversation.GiveUp:
		return func(c *conversation.Customer) bool { return c.RecordGivenUp(step, r.Clock.Now()) }
	case conversation.Drop:
		return func(c *conversation.Customer) bool { return c.RecordDropped(step) }
	case conversation.Bury:
		return r.bury(ctx, j, step)
	case conversation.Fetch:
		return r.fetch(ctx, j, step)
	case conversation.Erase:
		return r.erase(ctx, j, step)
	case conversation.PrepareReply:
		return r.prepareReply(ctx, j, step)
	case conversation.Commit:
		return func(c *conversation.Customer) bool { return c.RecordCommitted(step, r.Clock.Now()) }
	case conversation.Send:
		return r.send(ctx, j, step)
	default:
		return r.tellIM(ctx, j, step)
	}
}

// call is the context of a step: it outlives the relay's, but not for long.
func (r *Relay) call(ctx context.Context) (context.Context, context.CancelFunc) {
	call, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-r.Clock.After(lastCalls):
			cancel()
		case <-call.Done():
		}
	})
	return call, func() {
		stop()
		cancel()
	}
}

// tellIM carries out the steps that are calls of IM.
func (r *Relay) tellIM(ctx context.Context, j *job, step conversation.Step) record {
	client := r.Application(j.account)
	if client == nil {
		r.trouble(j, providerIM, errNoClient)
		return nil
	}
	switch step := step.(type) {
	case conversation.Import:
		err := client.ImportAccount(ctx, im.NewAccount{UserID: j.account.UserID(j.openID), Nickname: r.nickname(ctx, j)})
		r.called(j, providerIM, err)
		return func(c *conversation.Customer) bool {
			if err != nil {
				return c.RecordImportFailed(conversation.FailureOf(err), r.Clock.Now())
			}
			return c.RecordImported()
		}
	case conversation.Deliver:
		return r.deliver(ctx, j, client, step)
	case conversation.LookUp:
		return r.lookUp(ctx, j, client, step)
	default:
		r.Logger.Error(fmt.Errorf("step %T", step), "A step is not known")
		return nil
	}
}

// maxNicknameBytes that IM takes.
const maxNicknameBytes = 500

// nickname of a customer, if one is known: WeChat tells no names any more, only
// what the account's own people have noted. It is worth one question.
func (r *Relay) nickname(ctx context.Context, j *job) string {
	if j.account.WeChat == nil {
		return ""
	}
	user, err := j.account.WeChat.UserInfo(ctx, j.openID)
	if err != nil {
		return ""
	}
	return push.TrimText(user.Remark, maxNicknameBytes)
}

// assign chooses an agent. Presence and sessions are as far as they are known.
func (r *Relay) assign(j *job, step conversation.Assign) record {
	sessions := r.sessions(j.account.UID)
	var candidates []conversation.Candidate
	for _, agent := range j.account.Agents {
		avoided := false
		for _, userID := range step.Avoid {
			avoided = avoided || userID == agent.UserID
		}
		if avoided {
			continue
		}
		candidate := conversation.Candidate{UserID: agent.UserID, Sessions: int(sessions[agent.UserID])}
		switch agent.Presence {
		case imv1alpha1.PresenceOnline, imv1alpha1.PresencePushOnline:
			candidate.Presence = conversation.PresenceOnline
		case imv1alpha1.PresenceOffline:
			candidate.Presence = conversation.PresenceOffline
		default:
			candidate.Presence = conversation.PresenceUnknown
		}
		candidates = append(candidates, candidate)
	}
	agent, ok := conversation.Choose(j.account.Object.Routing(), candidates, step.Former, r.turn.Add(1))
	if !ok {
		return nil
	}
	return func(c *conversation.Customer) bool { return c.RecordAssigned(step, agent) }
}

// deliver sends a part to an agent. Callbacks about it would come back to us.
func (r *Relay) deliver(ctx context.Context, j *job, client *im.Client, step conversation.Deliver) record {
	_, err := client.SendPeerMessage(ctx, im.PeerMessage{
		From: j.account.UserID(j.openID), To: step.Agent, Seq: step.Stamp.MsgSeq, Random: step.Stamp.MsgRandom,
		Body: step.Body, CloudCustomData: step.CloudCustomData, ForbidBeforeCallback: true, ForbidAfterCallback: true,
	})
	r.called(j, providerIM, err)
	return func(c *conversation.Customer) bool {
		if err != nil {
			return c.RecordDeliverFailed(step, conversation.FailureOf(err), r.Clock.Now())
		}
		return c.RecordDelivered(step)
	}
}

// maxPages of a history are read to find parts that may have arrived.
const maxPages = 50

// lookUp searches the history of the conversation for parts.
func (r *Relay) lookUp(ctx context.Context, j *job, client *im.Client, step conversation.LookUp) record {
	found, customer := map[conversation.Stamp]bool{}, j.account.UserID(j.openID)
	query := &im.RoamingQuery{UserID: step.Agent, PeerID: customer, From: step.Since, Until: client.ProviderTime().Add(time.Minute)}
	var err error
	for page := 0; query != nil && len(found) < len(step.Parts) && err == nil; page++ {
		if page == maxPages {
			err = &im.Error{Class: im.Unavailable, Command: "admin_getroammsg", Info: "the history has too many pages"}
			break
		}
		var messages im.RoamingPage
		if messages, err = client.RoamingMessages(ctx, *query); err != nil {
			break
		}
		for i := range messages.Messages {
			m := &messages.Messages[i]
			for _, part := range step.Parts {
				if m.From == customer && part.Stamp == (conversation.Stamp{MsgSeq: m.Seq, MsgRandom: m.Random}) {
					found[part.Stamp] = true
				}
			}
		}
		if query = messages.Next; query == nil && !messages.Complete {
			err = &im.Error{Class: im.Unavailable, Command: "admin_getroammsg", Info: "the history goes on, and nobody says where"}
		}
	}
	r.called(j, providerIM, err)
	return func(c *conversation.Customer) bool {
		if err != nil {
			return c.RecordLookUpFailed(step, conversation.FailureOf(err), r.Clock.Now())
		}
		return c.RecordLookedUp(step, found, r.Clock.Now())
	}
}

// send sends a part to the customer.
func (r *Relay) send(ctx context.Context, j *job, step conversation.Send) record {
	if j.account.WeChat == nil {
		err := &wechat.Error{Kind: wechat.Unauthorized, Command: "custom_send", Info: "there is no AppSecret"}
		return func(c *conversation.Customer) bool {
			return c.RecordSendFailed(step, conversation.RefusalOf(err), r.Clock.Now())
		}
	}
	err := j.account.WeChat.SendRendered(ctx, step.Request)
	r.called(j, providerWeChat, err)
	return func(c *conversation.Customer) bool {
		if err != nil {
			return c.RecordSendFailed(step, conversation.RefusalOf(err), r.Clock.Now())
		}
		return c.RecordSent(step)
	}
}

// bury writes a dead letter, unless the customer has left: no letter may come after
// the erasure has removed the others.
func (r *Relay) bury(ctx context.Context, j *job, step conversation.Bury) record {
	unlock := r.burying.lock(j.key)
	defer unlock()
	due := false
	err := r.owner.Mutate(ctx, customerKey(j.key), func(state journal.State) bool {
		c, ok := state.(*conversation.Customer)
		due = ok && c.Buries(step)
		return false
	})
	if err != nil {
		return nil
	}
	if !due {
		return func(*conversation.Customer) bool { return false }
	}
	data, err := step.Letter.AppendTo(nil)
	if err == nil {
		_, err = r.Letters.Append(ctx, j.key+"/"+step.Letter.ID, j.account.UID, j.openID, data)
	}
	if r.called(j, storeOfLetters, err); err != nil {
		r.Logger.V(1).Info("A message that is given up cannot be kept; it is tried again", "account", j.account.Key.String(), "error", err.Error())
		return r.failed(j)
	}
	r.Metrics.buried(j.lane, step.Letter.Cause)
	r.Changed(j.account.UID)
	return func(c *conversation.Customer) bool { return c.RecordBuried(step) }
}

func (r *Relay) failed(j *job) record {
	return func(c *conversation.Customer) bool { return c.RecordFailed(j.lane, 0, r.Clock.Now()) }
}

// fetch reads entries back for which there is room again.
func (r *Relay) fetch(ctx context.Context, j *job, step conversation.Fetch) record {
	entries := map[uint64]*conversation.Entry{}
	for _, sequence := range step.Sequences {
		stored, err := r.Log.Entry(ctx, sequence)
		switch {
		case errors.Is(err, journal.ErrNotFound):
			entries[sequence] = nil
		case err != nil:
			return r.failed(j)
		default:
			e, err := conversation.DecodeEntry(stored.Data)
			if err != nil {
				e = nil
			}
			entries[sequence] = e
		}
	}
	return func(c *conversation.Customer) bool { return c.RecordFetched(step, entries) }
}

// erase removes what others hold of a customer who left.
func (r *Relay) erase(ctx context.Context, j *job, step conversation.Erase) record {
	if err := r.deleteLetters(ctx, j); err != nil {
		return r.failed(j)
	}
	if j.account.Object.OnUnfollow() == imv1alpha1.DeletionPolicyDelete {
		client := r.Application(j.account)
		if client == nil {
			return nil
		}
		err := client.DeleteAccount(ctx, j.account.UserID(j.openID))
		if r.called(j, providerIM, err); err != nil && !im.IsNotFound(err) {
			if e, ok := im.AsError(err); !ok || e.Class != im.Invalid && e.Class != im.NotPermitted {
				return r.failed(j)
			}
			r.Logger.Error(err, "The account in IM of a customer who left cannot be deleted; it is kept", "account", j.account.Key.String())
		}
	}
	// The totals are kept, once: a crash between this and the end of the customer
	// does not count them twice.
	key := tallyName(j.account.UID, journal.Partition(j.key))
	id := strconv.FormatUint(hashOf(j.key, step), 36)
	err := r.owner.Mutate(ctx, key, func(state journal.State) bool {
		t, ok := state.(*tally)
		return ok && t.bury(id, step.Totals)
	})
	if err != nil {
		return r.failed(j)
	}
	return func(c *conversation.Customer) bool { return c.RecordErased(step) }
}

// deleteLetters of a customer who left, after the one that is being written.
func (r *Relay) deleteLetters(ctx context.Context, j *job) error {
	unlock := r.burying.lock(j.key)
	defer unlock()
	return r.Letters.DeleteCustomer(ctx, j.account.UID, j.openID)
}
