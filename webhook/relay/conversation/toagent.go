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
	"hash/fnv"
	"slices"
	"strconv"
	"time"
)

const (
	// repeatable is how long an attempt with an unknown outcome is repeated: IM drops
	// equal repeats within 120 s.
	repeatable = 100 * time.Second
	// settled is when the outcome of the last repeat can be seen in the history.
	settled = 110 * time.Second
	// freshness is how old what is prepared may be at the first attempt, so that there
	// is time to repeat it.
	freshness = 30 * time.Second
	// lookBack is how far before the preparation a message is looked for: clocks differ.
	lookBack = 2 * time.Minute
	// skew is how far in the future a preparation by another clock may be.
	skew = 10 * time.Second
	// noticeLife is how long a notice is worth telling.
	noticeLife = 10 * time.Minute
	// farewell is how long messages of a customer who left are still handed over.
	farewell = 24 * time.Hour
	// hold is how long a reply waits for earlier ones.
	hold = 300 * time.Millisecond
	// maxHold bounds the hold when clocks differ.
	maxHold = 2 * time.Second
	// agentsPause is when to ask again for agents, at the latest.
	agentsPause = time.Minute

	// maxBatch messages are prepared at once.
	maxBatch = 16
	// maxSought parts are looked for at once.
	maxSought = 64
	// maxFetch entries are read back at once.
	maxFetch = 32

	firstPause, lastPause = 250 * time.Millisecond, 30 * time.Second
	firstRest, lastRest   = time.Minute, 10 * time.Minute
)

// Next is what a lane has to do now. It changes nothing.
func (c *Customer) Next(lane Lane, now time.Time, s *Settings) Step {
	if lane == ToCustomer {
		return c.nextToCustomer(now.UnixMilli(), s)
	}
	return c.nextToAgent(now.UnixMilli(), s)
}

// pause of a lane after failures.
type pause struct {
	failures int
	until    int64
	reason   Reason
}

// begin or prolong a pause: from the first length, doubled with each failure, to
// the last, or what the provider asked for. Customers do not come back all at once.
func (p *pause) begin(key string, now time.Time, first, last, advice time.Duration, reason Reason) {
	length := first << min(p.failures, 16)
	length = min(length, last)
	p.failures++
	h := fnv.New32a()
	_, _ = h.Write([]byte(key + strconv.Itoa(p.failures)))
	length += length * time.Duration(h.Sum32()%256) / 1024
	p.until, p.reason = now.Add(max(length, min(advice, lastRest))).UnixMilli(), reason
}

func (p *pause) wait(now int64) (Wait, bool) {
	return Wait{Until: moment(p.until), Reason: p.reason}, p.until > now
}

// RecordFailed tells that a step could not be carried out and may be repeated
// after a pause: of Bury, PrepareReply, Fetch, Erase and of others for which there
// is no other answer. after is a provider's advice, 0 without one.
func (c *Customer) RecordFailed(lane Lane, after time.Duration, now time.Time) bool {
	p := &c.toAgent
	if lane == ToCustomer {
		p = &c.toCustomer
	}
	p.begin(c.key, now, firstPause, lastPause, after, ReasonTrouble)
	return false
}

func (c *Customer) nextToAgent(now int64, s *Settings) Step {
	if c.Left != 0 && now-c.Left > farewell.Milliseconds() {
		return c.nextErase(now)
	}
	if wait, pausing := c.toAgent.wait(now); pausing {
		return wait
	}
	if sequences := c.fetchable(); len(sequences) > 0 {
		return Fetch{Lane: ToAgent, Sequences: sequences}
	}
	if len(c.Deliveries) == 0 {
		switch {
		case c.Left != 0:
			return c.nextErase(now)
		case s.ImportOnFollow && c.Following && !c.Imported && !c.Rejected:
			return Import{}
		default:
			return Idle{}
		}
	}
	d := c.Deliveries[0]
	switch {
	case d.Notice != nil && now-d.Notice.Time > noticeLife.Milliseconds():
		return Drop{ID: d.ID}
	case d.Doom != nil && !c.kept(d.mark):
		return Store{}
	case d.Doom != nil:
		return Bury{Lane: ToAgent, Letter: d.Doom.letter(d.ID, d.Skip+d.Done, &Entry{Inbound: d.Inbound}, c.key)}
	case !c.Imported:
		return Import{}
	case d.Tried:
		return c.nextRepeat(d, now)
	default:
		return c.nextDelivery(d, now, s)
	}
}

func (c *Customer) nextErase(now int64) Step {
	if wait, pausing := c.toAgent.wait(now); pausing {
		return wait
	}
	return Erase{Totals: c.Totals, left: c.Left}
}

// nextRepeat is about a part that may have arrived.
func (c *Customer) nextRepeat(d *delivery, now int64) Step {
	switch age := now - d.Prepared; {
	case !c.kept(d.mark):
		return Store{}
	case !d.Ask && age >= -skew.Milliseconds() && age < repeatable.Milliseconds():
		return d.next()
	case age >= 0 && age < settled.Milliseconds():
		return Wait{Until: moment(d.Prepared).Add(settled), Reason: ReasonOutcome}
	}
	look := LookUp{Agent: d.Agent, Since: moment(d.Prepared).Add(-lookBack)}
	for _, d := range c.Deliveries {
		if !d.Tried || d.Agent != look.Agent || now-d.Prepared >= 0 && now-d.Prepared < settled.Milliseconds() {
			break
		}
		if since := moment(d.Prepared).Add(-lookBack); since.Before(look.Since) {
			look.Since = since
		}
		for i := d.Done; i < len(d.Parts) && len(look.Parts) < maxSought; i++ {
			look.Parts = append(look.Parts, Sought{ID: d.ID, Part: i, Stamp: d.Parts[i].Stamp, prepared: d.Prepared})
		}
	}
	return look
}

// nextDelivery is about a message that has not been tried.
func (c *Customer) nextDelivery(d *delivery, now int64, s *Settings) Step {
	agent := c.agentOf(d, s)
	if agent == "" {
		avoidable := func(agent string) bool { return slices.Contains(d.Avoid, agent) }
		switch {
		case len(s.Agents) == 0:
			return Wait{Until: moment(now).Add(agentsPause), Reason: ReasonNoAgents}
		case !slices.ContainsFunc(s.Agents, func(agent string) bool { return !avoidable(agent) }):
			return GiveUp{Lane: ToAgent, ID: d.ID, Cause: NoSuchAgent}
		default:
			return Assign{ID: d.ID, Former: c.Agent, Avoid: slices.Clone(d.Avoid)}
		}
	}
	switch {
	case !d.ready(agent, now):
		return c.nextBatch(now, s)
	case !c.kept(d.mark):
		return Store{}
	default:
		return d.next()
	}
}

// agentOf is whom a message is for, "" when an agent must be assigned.
func (c *Customer) agentOf(d *delivery, s *Settings) string {
	if d.Notice != nil {
		return d.Notice.Agent
	}
	agent := c.sessionAgent(d.Inbound.Received, s)
	if slices.Contains(d.Avoid, agent) {
		return ""
	}
	return agent
}

// ready: the message is prepared for this agent, and not long ago.
func (d *delivery) ready(agent string, now int64) bool {
	age := now - d.Prepared
	return len(d.Parts) > 0 && d.Agent == agent && age < freshness.Milliseconds() && age >= -skew.Milliseconds()
}

// nextBatch prepares what follows of the session as well.
func (c *Customer) nextBatch(now int64, s *Settings) Step {
	var batch Prepare
	for _, d := range c.Deliveries[:min(maxBatch, len(c.Deliveries))] {
		agent := c.agentOf(d, s)
		if agent == "" || d.Tried || d.Doom != nil || len(batch.Items) > 0 && d.ready(agent, now) {
			break
		}
		batch.Items = append(batch.Items, Address{ID: d.ID, Agent: agent})
	}
	return batch
}

// next part of a message that is prepared.
func (d *delivery) next() Deliver {
	p := d.Parts[d.Done]
	return Deliver{
		ID: d.ID, Part: d.Done, Agent: d.Agent, Body: p.Body, CloudCustomData: p.CloudCustomData, Stamp: p.Stamp,
		Notice: d.Notice != nil,
	}
}

// fetchable are sequences of messages for which there is room again.
func (c *Customer) fetchable() []uint64 {
	messages, bytes := 0, 0
	for _, d := range c.Deliveries {
		if d.Inbound != nil {
			messages, bytes = messages+1, bytes+d.Size
		}
	}
	if messages > maxQueued/2 || bytes > maxContent/2 {
		return nil
	}
	return c.Unread.first(maxFetch)
}
