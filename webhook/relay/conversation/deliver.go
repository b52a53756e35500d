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
	"encoding/json"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/im"
)

// Content is what an agent is to be shown: the customer's push, or a notice.
type Content struct {
	ID    string
	Agent string
	// Exactly one of these is set.
	Inbound *Inbound
	Notice  *Notice
}

// Rendered is one message to IM.
type Rendered struct {
	// Body is the MsgBody, a JSON array.
	Body            json.RawMessage
	CloudCustomData string
}

// Failure is IM's refusal of a call, or the failure to reach it.
type Failure struct {
	Class  im.Class
	Code   int
	Detail string
	// RetryAfter is IM's advice, 0 without one.
	RetryAfter time.Duration
}

// FailureOf an error of the IM client. Any other error counts as not having
// reached IM.
func FailureOf(err error) Failure {
	if e, ok := im.AsError(err); ok {
		return Failure{Class: e.Class, Code: e.Code, Detail: e.Info, RetryAfter: e.RetryAfter}
	}
	return Failure{Class: im.Unavailable}
}

// healing: the refusal is about the application, and goes when somebody mends it.
func (f *Failure) healing() bool { return f.Class == im.Unauthorized || f.Class == im.QuotaExceeded }

// passing: it may go better next time, and nothing was done.
func (f *Failure) passing() bool {
	return f.Class == im.Unavailable || f.Class == im.RateLimited || f.Class == ""
}

// RecordImported tells that IM has the customer's account.
func (c *Customer) RecordImported() bool {
	c.toAgent = pause{}
	changed := !c.Imported || c.Rejected
	c.Imported, c.Rejected = true, false
	return changed
}

// RecordImportFailed tells that IM did not take the customer's account. Refused
// for good, the next message is given up.
func (c *Customer) RecordImportFailed(f Failure, now time.Time) bool {
	switch {
	case c.pauseAfter(f, now):
		return false
	case f.Class == im.UnknownOutcome: // importing once more does no harm
		c.pauseShortly(f, now)
		return false
	}
	c.Rejected = true
	if len(c.Deliveries) > 0 && !c.Imported {
		c.giveUp(c.Deliveries[0], NoAccount, f, now)
	}
	return true
}

// RecordAssigned tells who has the customer from the message of the step on.
func (c *Customer) RecordAssigned(step Assign, agent string) bool {
	d := c.delivery(step.ID)
	if d == nil || d.Inbound == nil || agent == "" {
		return false
	}
	if c.Told.Kind == NoticeNoRight { // once in a session
		c.Told = told{}
	}
	c.Agent, c.Last = agent, max(c.Last, d.Inbound.Received)
	return true
}

// RecordPrepared renders the messages of the step. render must depend on its
// argument alone. What it renders nothing of is not shown to anybody. What has to
// be stored before it is sent is stored by the next step.
func (c *Customer) RecordPrepared(step Prepare, now time.Time, render func(Content) []Rendered) bool {
	changed := false
	for i, item := range step.Items {
		d := c.delivery(item.ID)
		if d == nil || d.Tried || d.Doom != nil || d.ready(item.Agent, now.UnixMilli()) {
			continue
		}
		if len(d.Parts) == 0 || d.Agent != item.Agent {
			if !c.render(d, item, i == 0, now, render) {
				break // no more room
			}
		}
		changed = true
		d.Prepared, d.mark = now.UnixMilli(), c.promise()
		if d.Inbound != nil {
			c.Agent, c.Last = item.Agent, max(c.Last, d.Inbound.Received)
		}
	}
	return changed
}

// render a message for an agent. It reports false when there is no room for it beside others.
func (c *Customer) render(d *delivery, item Address, head bool, now time.Time, render func(Content) []Rendered) bool {
	rendered := render(Content{ID: d.ID, Agent: item.Agent, Inbound: d.Inbound, Notice: d.Notice})
	rendered = rendered[min(d.Skip, len(rendered)):]
	bytes := 0
	parts := make([]part, 0, len(rendered))
	for _, r := range rendered {
		bytes += len(r.Body) + len(r.CloudCustomData)
		parts = append(parts, part{Body: compact(r.Body), CloudCustomData: r.CloudCustomData})
	}
	switch {
	case len(parts) <= d.Done:
		c.remove(d) // nothing of it is left to show
		return true
	case bytes > maxBodies || len(parts) > maxParts:
		c.giveUp(d, TooLarge, Failure{}, now)
		return true
	case !head && bytes+c.bodies(d) > maxBodies:
		return false
	}
	for i := range parts {
		if !isArray(parts[i].Body) {
			c.giveUp(d, Refused, Failure{}, now)
			return true
		}
		c.Seq++
		parts[i].Stamp = Stamp{MsgSeq: c.Seq, MsgRandom: c.random(d.ID, d.Skip+i, item.Agent)}
	}
	d.Parts, d.Agent = parts, item.Agent
	return true
}

// bodies is the size of what is prepared of other messages.
func (c *Customer) bodies(but *delivery) int {
	bytes := 0
	for _, d := range c.Deliveries {
		for _, p := range d.Parts {
			if d != but {
				bytes += len(p.Body) + len(p.CloudCustomData)
			}
		}
	}
	return bytes
}

// RecordDelivered tells that IM has taken a part.
func (c *Customer) RecordDelivered(step Deliver) bool {
	d := c.underWay(step)
	if d == nil {
		return false
	}
	c.toAgent = pause{}
	c.arrived(d)
	return true
}

// RecordDeliverFailed tells that IM has not taken a part, or that nobody knows.
func (c *Customer) RecordDeliverFailed(step Deliver, f Failure, now time.Time) bool {
	d := c.underWay(step)
	switch {
	case d == nil:
		return false
	case c.pauseAfter(f, now):
		return false
	case f.Class == im.UnknownOutcome:
		c.pauseShortly(f, now)
		changed := !d.Tried
		d.Tried = true
		return changed
	case f.Class == im.NotFound:
		c.notFound(d, now)
	default:
		c.giveUp(d, Refused, f, now)
	}
	return true
}

// notFound: IM does not know one of the two accounts. The first time it is the
// customer's that is imported again; then the agent's is given up.
func (c *Customer) notFound(d *delivery, now time.Time) {
	d.Refusals++
	switch {
	case d.Refusals == 1:
		c.Imported = false
	case d.Notice != nil:
		c.remove(d)
	case d.Tried: // another agent gets it only if this one has not
		d.Ask = true
	default:
		d.Avoid = append(d.Avoid, d.Agent)
		if c.Agent == d.Agent {
			c.Agent = ""
		}
		if c.Speaker == d.Agent {
			c.Speaker = ""
		}
		d.unprepare()
		if len(d.Avoid) > maxAvoid {
			c.giveUp(d, NoSuchAgent, Failure{}, now)
		}
	}
}

// maxAvoid agents are found missing before a message is given up.
const maxAvoid = 3

// RecordLookedUp tells which of the parts that the step asked for are in the
// history. The others are sent as if for the first time.
func (c *Customer) RecordLookedUp(step LookUp, found map[Stamp]bool, now time.Time) bool {
	c.toAgent = pause{}
	changed := false
	for _, p := range step.Parts {
		d := c.delivery(p.ID)
		if d == nil || !d.Tried || d.Done != p.Part || d.Prepared != p.prepared || d.Parts[p.Part].Stamp != p.Stamp {
			continue
		}
		changed = true
		if found[p.Stamp] {
			c.arrived(d)
			continue
		}
		d.Tried, d.Ask, d.Prepared, d.mark = false, false, now.UnixMilli(), c.promise()
	}
	return changed
}

// RecordLookUpFailed tells that the history could not be read. Refused for good,
// nobody will ever know the outcome: the message is given up.
func (c *Customer) RecordLookUpFailed(step LookUp, f Failure, now time.Time) bool {
	switch {
	case c.pauseAfter(f, now):
		return false
	case f.Class == im.UnknownOutcome:
		c.pauseShortly(f, now)
		return false
	case f.Class == im.NotFound: // nothing can have arrived at an account that is none
		return c.RecordLookedUp(step, nil, now)
	}
	for _, p := range step.Parts {
		if d := c.delivery(p.ID); d != nil && d.Tried && d.Done == p.Part && d.Prepared == p.prepared {
			c.giveUp(d, UnknownOutcome, f, now)
			return true
		}
	}
	return false
}

// underWay is the message that a step was about, if it still is at that part.
func (c *Customer) underWay(step Deliver) *delivery {
	d := c.delivery(step.ID)
	if d == nil || d.Doom != nil || d.Done != step.Part || step.Part >= len(d.Parts) || d.Parts[step.Part].Stamp != step.Stamp {
		return nil
	}
	return d
}

// arrived: the next part of a message is with the agent.
func (c *Customer) arrived(d *delivery) {
	d.Done++
	d.Refusals = 0
	if d.Done < len(d.Parts) {
		return
	}
	c.remove(d)
	if d.Inbound != nil {
		c.Totals.ToAgent++
	}
}

// giveUp a message to an agent. A notice is forgotten.
func (c *Customer) giveUp(d *delivery, cause Cause, f Failure, now time.Time) {
	if d.Notice != nil {
		c.remove(d)
		return
	}
	if d.Tried {
		cause = UnknownOutcome
	}
	d.Doom = &doom{Cause: cause, Code: f.Code, Detail: clip(f.Detail), Time: now.UnixMilli()}
	d.mark = c.promise()
	d.unprepare()
}

// unprepare forgets what was made of a message. What has arrived of it is left out
// when it is made anew.
func (d *delivery) unprepare() {
	d.Skip, d.Done = d.Skip+d.Done, 0
	d.Parts, d.Agent, d.Prepared, d.Tried, d.Ask = nil, "", 0, false, false
}

// pauseAfter a failure that passes or heals; it reports false for others.
func (c *Customer) pauseAfter(f Failure, now time.Time) bool {
	switch {
	case f.passing():
		c.pauseShortly(f, now)
	case f.healing():
		c.toAgent.begin(c.key, now, firstRest, lastRest, f.RetryAfter, Reason(f.Class))
	default:
		return false
	}
	return true
}

func (c *Customer) pauseShortly(f Failure, now time.Time) {
	c.toAgent.begin(c.key, now, firstPause, lastPause, f.RetryAfter, ReasonTrouble)
}
