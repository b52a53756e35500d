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

import "time"

// RecordGivenUp tells that a message is given up.
func (c *Customer) RecordGivenUp(step GiveUp, now time.Time) bool {
	if step.Lane == ToAgent {
		d := c.delivery(step.ID)
		if d == nil || d.Doom != nil {
			return false
		}
		c.giveUp(d, step.Cause, Failure{}, now)
		return true
	}
	r := c.reply(step.ID)
	if r == nil || r.Doom != nil || r.Attempted != 0 {
		return false
	}
	c.giveUpReply(r, step.Cause, Refusal{Code: step.code}, now)
	return true
}

// Buries reports whether the letter of a step is still to be written: a customer who
// left leaves none.
func (c *Customer) Buries(step Bury) bool {
	if step.Lane == ToAgent {
		d := c.delivery(step.Letter.ID)
		return d != nil && d.Doom != nil
	}
	r := c.reply(step.Letter.ID)
	return r != nil && r.Doom != nil
}

// RecordBuried tells that the letter is among the dead letters. The agent whose
// reply it was is told.
func (c *Customer) RecordBuried(step Bury) bool {
	if !c.Buries(step) {
		return false
	}
	if step.Lane == ToAgent {
		c.toAgent = pause{}
		c.remove(c.delivery(step.Letter.ID))
		c.Totals.Buried++
		return true
	}
	r := c.reply(step.Letter.ID)
	c.toCustomer = pause{}
	c.removeReply(r)
	c.Totals.Buried++
	kind := noticeOfCause(step.Letter.Cause)
	if kind == NoticeUnfollowed {
		c.noticeOnce(kind, r.Outbound.Agent, step.Letter.Time, step.Letter.Code)
	} else {
		c.notify(kind, r.Outbound.Agent, step.Letter.Time, step.Letter.Code)
	}
	return true
}

// RecordDropped tells that nobody will have the notice of the step.
func (c *Customer) RecordDropped(step Drop) bool {
	d := c.delivery(step.ID)
	if d == nil || d.Notice == nil {
		return false
	}
	c.remove(d)
	return true
}

// RecordFetched takes what was read from the log, by sequences. nil is an entry
// that the log does not have any more; what is not in the map is asked for again.
func (c *Customer) RecordFetched(step Fetch, entries map[uint64]*Entry) bool {
	changed := false
	for _, sequence := range step.Sequences {
		e, read := entries[sequence]
		if !read || !c.fetched(step.Lane, sequence, e) {
			break
		}
		changed = true
	}
	if changed && step.Lane == ToCustomer {
		c.toCustomer = pause{}
	} else if changed {
		c.toAgent = pause{}
	}
	return changed
}

// fetched takes one entry, if it is the next one and there is room.
func (c *Customer) fetched(lane Lane, sequence uint64, e *Entry) bool {
	references, lost := &c.Unread, e == nil || e.Key() != c.key
	if lane == ToCustomer {
		references = &c.Unsent
	}
	var d *delivery
	var r *reply
	if !lost {
		d, r = queued(e)
	}
	if lane == ToAgent && d != nil && !c.hasRoom(d.Size) || lane == ToCustomer && r != nil && !c.hasReplyRoom(r.Size) {
		return false
	}
	if !references.take(sequence) {
		return false
	}
	switch {
	case lane == ToAgent && d != nil:
		c.Deliveries = append(c.Deliveries, d)
	case lane == ToCustomer && r != nil:
		c.insert(r)
	default:
		c.Totals.Lost++ // the log was made anew, and this is another's
	}
	return true
}

// RecordErased tells that what the provider and the dead letters hold of the
// customer is gone. Nothing is known of them any more, unless they came back
// meanwhile.
func (c *Customer) RecordErased(step Erase) bool {
	c.toAgent = pause{}
	if c.Left == step.left && c.Left != 0 {
		c.contents = contents{}
		c.toCustomer = pause{}
		return true
	}
	imported, before := c.Imported, c.Totals
	c.Imported = false // the account may be gone
	c.Totals = before.less(step.Totals)
	return imported || c.Totals != before
}

// less is what was added since totals were taken over elsewhere.
func (t Totals) less(taken Totals) Totals {
	return Totals{
		ToAgent: max(t.ToAgent-taken.ToAgent, 0), ToCustomer: max(t.ToCustomer-taken.ToCustomer, 0), Unknown: max(t.Unknown-taken.Unknown, 0),
		Buried: max(t.Buried-taken.Buried, 0), Lost: max(t.Lost-taken.Lost, 0),
	}
}
