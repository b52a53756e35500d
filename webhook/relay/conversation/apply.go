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

package conversation

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/liveroom-io/liveroom-operator/internal/wechat/push"
)

// Apply folds an entry, which has this sequence in the log. What was seen before
// changes nothing. It reports whether there is something to store.
func (c *Customer) Apply(sequence uint64, e *Entry) bool {
	if c.Empty() {
		if e.Outbound != nil && e.Outbound.Source == Roaming {
			return false // it was being read when they were erased
		}
		c.begin(e)
	}
	switch {
	case e.Inbound != nil:
		return c.applyInbound(sequence, e)
	case e.Outbound != nil:
		return c.applyOutbound(sequence, e)
	case e.Command != nil:
		return c.applyCommand(sequence, e)
	default:
		return false
	}
}

// Seen reports whether a push is included in what is known of the customer, if it
// is one of the latest.
func (c *Customer) Seen(e *Entry) bool { return c.Pushes.has(e.id()) }

// beginTolerance is how much IM's clock may be behind.
const beginTolerance = 2

// begin with somebody of whom nothing is known. What is in IM's history from before
// was dealt with before they were erased, or was never the relay's.
func (c *Customer) begin(e *Entry) {
	var at int64
	switch {
	case e.Inbound != nil:
		at = e.Inbound.Received / 1000
	case e.Outbound != nil:
		at = e.Outbound.MsgTime
	case e.Command != nil:
		at = e.Command.Received / 1000
	}
	c.CaughtUp, c.Floor = max(at, 1), max(at-beginTolerance, 1)
}

func (c *Customer) applyInbound(sequence uint64, e *Entry) bool {
	in, id := e.Inbound, e.id()
	if c.Pushes.has(id) {
		return false
	}
	c.Pushes.add(id, in.Push.CreateTime)
	for _, claim := range in.Told.Claims {
		c.claimed(claim)
		c.Press() // other members answer by what is stored
	}
	if in.Push.Kind == push.Event && in.Push.Event == push.EventUnsubscribe {
		c.leave(in)
		return true
	}
	if c.Left == 0 || in.Push.CreateTime > c.Changed {
		c.Following, c.Left = true, 0
		if in.Push.Event == push.EventSubscribe {
			c.Changed = max(c.Changed, in.Push.CreateTime)
		}
	}
	if opens(&in.Push) {
		c.Openings++
		c.Blocked, c.BlockedCode = "", 0
		if c.Left == 0 && c.Told.Kind != NoticeNoRight {
			c.Told = told{} // what blocks from now on is another blockage
		}
	}
	if shown(&in.Push) {
		if in.Push.Kind != push.Event || answerable(&in.Push) { // else what follows at once begins the session
			c.Active = max(c.Active, in.Received)
		}
		c.enqueue(sequence, newDelivery(id, in))
	}
	return true
}

// claimed takes away what a passive reply has told the customer. What is gone
// already was told by another.
func (c *Customer) claimed(claim Claim) {
	r := c.reply(claim.ID)
	switch {
	case r == nil || r.Skip+r.Done != claim.From || claim.To <= claim.From:
	case claim.To >= claim.Of:
		c.removeReply(r)
		c.Totals.ToCustomer++
	case len(r.Texts) > 0:
		r.Done = min(claim.To-r.Skip, len(r.Texts)-1)
	case r.Done == 0 && r.Attempted == 0: // what it says was not stored when the owner was killed
		r.Skip, r.Requests = claim.To, nil
	}
}

// opens: WeChat takes replies again after this.
func opens(m *push.Message) bool {
	if m.Kind != push.Event {
		return true
	}
	switch m.Event {
	case push.EventSubscribe, push.EventScan, push.EventClick, push.EventScanPush, push.EventScanWait,
		push.EventEnterSession:
		return true
	default:
		return false
	}
}

// shown: an agent has something of it. Whether there is anything to show is
// decided when it is rendered.
func shown(m *push.Message) bool {
	switch m.Kind {
	case push.Unknown:
		return false
	case push.Event:
		switch m.Event {
		case push.EventClick, push.EventScanPush, push.EventScanWait, push.EventLocationSelect,
			push.EventPhoto, push.EventPhotoOrAlbum, push.EventAlbum, push.EventEnterSession:
			return true
		default:
			return false
		}
	default:
		return true
	}
}

// leave: the customer unfollowed. What agents wrote cannot be delivered any more,
// and what the customer wrote before is still handed over.
func (c *Customer) leave(in *Inbound) {
	if in.Push.CreateTime < c.Changed {
		return // it came late; the customer has followed again since
	}
	agents := []string{c.Agent}
	for _, r := range c.Replies {
		agents = append(agents, r.Outbound.Agent)
	}
	c.Following, c.Left, c.Changed = false, max(in.Received, 1), in.Push.CreateTime
	c.Replies, c.Unsent, c.Blocked, c.BlockedCode = nil, references{}, "", 0
	for _, agent := range agents {
		c.noticeOnce(NoticeUnfollowed, agent, in.Received, 0)
	}
}

func (c *Customer) applyOutbound(sequence uint64, e *Entry) bool {
	out, id := e.Outbound, e.id()
	if c.Keys.has(id) || out.Source == Roaming && c.Floor > 0 && out.MsgTime <= c.Floor {
		return false
	}
	if forgotten, full := c.Keys.add(id, out.MsgTime); full {
		c.Floor = max(c.Floor, forgotten)
	}
	if c.Left != 0 {
		c.noticeOnce(NoticeUnfollowed, out.Agent, out.Received, 0)
		return true
	}
	c.Active, c.Speaker, c.Spoke = max(c.Active, out.Received), out.Agent, max(c.Spoke, out.Received)
	if out.Agent == c.Agent {
		c.Last = max(c.Last, out.Received)
	}
	c.enqueueReply(sequence, newReply(id, out))
	if c.Blocked != "" {
		c.noticeOnce(noticeOf(c.Blocked), out.Agent, out.Received, c.BlockedCode)
	}
	return true
}

// applyCommand puts a dead letter into its lane again, as something new. Of a
// customer who left everything is being erased.
func (c *Customer) applyCommand(sequence uint64, e *Entry) bool {
	id := e.id()
	if c.Pushes.has(id) {
		return false
	}
	c.Pushes.add(id, e.Command.Received/1000)
	switch d, r := queued(e); {
	case c.Left != 0:
	case d != nil:
		c.enqueue(sequence, d)
	case r != nil:
		c.enqueueReply(sequence, r)
	}
	return true
}

// queued is what an entry brings into one of the lanes.
func queued(e *Entry) (*delivery, *reply) {
	switch {
	case e.Inbound != nil:
		return newDelivery(e.id(), e.Inbound), nil
	case e.Outbound != nil:
		return nil, newReply(e.id(), e.Outbound)
	}
	letter := e.Command.Replay
	if letter.Lane() == ToAgent {
		d := newDelivery(e.id(), letter.Entry.Inbound)
		d.Skip = letter.Done
		return d, nil
	}
	// It is the newest of the replies now.
	r := newReply(e.id(), letter.Entry.Outbound)
	r.Skip, r.Outbound.MsgTime, r.Outbound.Received = letter.Done, e.Command.Received/1000, e.Command.Received
	return nil, r
}

func newDelivery(id string, in *Inbound) *delivery {
	return &delivery{ID: id, Inbound: in, Size: size(in) + overhead}
}

// newReply keeps its own copy of the message, with a body that stays as it is when
// it is stored.
func newReply(id string, out *Outbound) *reply {
	own := *out
	own.Body = compact(out.Body)
	return &reply{ID: id, Outbound: &own, Size: size(&own) + overhead, confirmed: own.Source == Roaming}
}

// overhead of a message in the state: its id, and what becomes of it.
const overhead = 256

func size(value any) int {
	data, err := encode(value)
	if err != nil {
		return MaxEntryBytes // what was decoded can be encoded
	}
	return len(data)
}

// enqueue a message for the agent, or its sequence if there is no room or others
// wait before it.
func (c *Customer) enqueue(sequence uint64, d *delivery) {
	if c.Unread.Count == 0 && c.hasRoom(d.Size) {
		c.Deliveries = append(c.Deliveries, d)
		return
	}
	if !c.Unread.add(sequence) {
		c.Totals.Lost++
	}
}

func (c *Customer) hasRoom(size int) bool {
	messages, bytes := 0, 0
	for _, d := range c.Deliveries {
		if d.Inbound != nil {
			messages, bytes = messages+1, bytes+d.Size
		}
	}
	return messages == 0 || messages < maxQueued && bytes+size <= maxContent
}

func (c *Customer) enqueueReply(sequence uint64, r *reply) {
	if c.Unsent.Count == 0 && c.hasReplyRoom(r.Size) {
		c.insert(r)
		return
	}
	if !c.Unsent.add(sequence) {
		c.Totals.Lost++
	}
}

func (c *Customer) hasReplyRoom(size int) bool {
	bytes := 0
	for _, r := range c.Replies {
		bytes += r.Size
	}
	return len(c.Replies) == 0 || len(c.Replies) < maxQueued && bytes+size <= maxReplyContent
}

// insert a reply where it belongs by MsgTime and MsgSeq, behind those that have
// been begun.
func (c *Customer) insert(r *reply) {
	at := len(c.Replies)
	for at > 0 {
		before := c.Replies[at-1]
		if before.begun() || before.Doom != nil || cmp.Or(
			cmp.Compare(before.Outbound.MsgTime, r.Outbound.MsgTime),
			cmp.Compare(before.Outbound.MsgSeq, r.Outbound.MsgSeq),
		) <= 0 {
			break
		}
		at--
	}
	c.Replies = slices.Insert(c.Replies, at, r)
}

func (r *reply) begun() bool { return r.Attempted != 0 || r.Done > 0 }

func (c *Customer) delivery(id string) *delivery {
	for _, d := range c.Deliveries {
		if d.ID == id {
			return d
		}
	}
	return nil
}

func (c *Customer) reply(id string) *reply {
	for _, r := range c.Replies {
		if r.ID == id {
			return r
		}
	}
	return nil
}

func (c *Customer) remove(d *delivery) {
	c.Deliveries = slices.DeleteFunc(c.Deliveries, func(other *delivery) bool { return other == d })
}

func (c *Customer) removeReply(r *reply) {
	c.Replies = slices.DeleteFunc(c.Replies, func(other *reply) bool { return other == r })
}

// compact JSON stays byte for byte what it is when it is stored. What is not JSON
// is returned as it is.
func compact(raw json.RawMessage) json.RawMessage {
	data, err := encode(raw)
	if err != nil {
		return raw
	}
	return data
}
