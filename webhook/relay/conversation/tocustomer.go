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
	"slices"
	"strings"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/wechat"
)

func (c *Customer) nextToCustomer(now int64, s *Settings) Step {
	if wait, pausing := c.toCustomer.wait(now); pausing {
		return wait
	}
	if sequences := c.fetchableReplies(); len(sequences) > 0 {
		return Fetch{Lane: ToCustomer, Sequences: sequences}
	}
	if len(c.Replies) == 0 {
		return Idle{}
	}
	for _, r := range c.Replies {
		switch {
		case r.Doom == nil:
		case !c.kept(r.mark):
			return Store{}
		default:
			return Bury{Lane: ToCustomer, Letter: r.Doom.letter(r.ID, r.Skip+r.Done, &Entry{Outbound: r.Outbound}, c.key)}
		}
	}
	if r, cause := c.hopeless(now, s); r != nil {
		return GiveUp{Lane: ToCustomer, ID: r.ID, Cause: cause, code: c.BlockedCode}
	}
	r := c.Replies[0]
	switch {
	case r.Attempted != 0:
		if !c.kept(r.mark) {
			return Store{}
		}
		return Send{ID: r.ID, Part: r.Done, Request: r.Requests[r.Done], openings: c.Openings}
	case s.textOnly():
		return c.nextText(s)
	case c.Blocked != "":
		return Wait{Until: c.expiry(s), Reason: Reason(c.Blocked)}
	case !r.begun():
		if held := r.Outbound.Received + hold.Milliseconds() - now; held > 0 && held <= maxHold.Milliseconds() {
			return Wait{Until: moment(now + held), Reason: ReasonOrder}
		}
	}
	if len(r.Requests) == 0 {
		prepare := PrepareReply{ID: r.ID, Outbound: r.Outbound, Confirmed: r.confirmed || r.begun()}
		if r.Done > 0 {
			prepare.Texts = slices.Clone(r.Texts[r.Done:])
		}
		return prepare
	}
	return Commit{ID: r.ID, Part: r.Done, Confirmed: r.confirmed || r.begun()}
}

// nextText finds out what replies say as text, for the answer to the customer's
// next message.
func (c *Customer) nextText(s *Settings) Step {
	bytes := 0
	for _, r := range c.Replies {
		if len(r.Texts) == 0 {
			if bytes > maxTexts {
				break
			}
			return PrepareReply{ID: r.ID, Outbound: r.Outbound, TextOnly: true, Confirmed: true}
		}
		for _, text := range r.Texts {
			bytes += size(text)
		}
	}
	return Wait{Until: c.expiry(s), Reason: ReasonNoRight}
}

// hopeless is a reply to be given up, and why.
func (c *Customer) hopeless(now int64, s *Settings) (*reply, Cause) {
	if c.Replies[0].Attempted != 0 {
		return nil, ""
	}
	for _, r := range c.Replies {
		if now-r.Outbound.Received >= s.WaitingAge.Milliseconds() {
			return r, WaitedTooLong
		}
	}
	switch {
	case c.Blocked == wechat.NotFollowing:
		return c.Replies[0], NotFollowing
	case (c.Blocked != "" || s.textOnly()) && len(c.Replies)+c.Unsent.Count > s.WaitingMessages:
		return c.Replies[0], TooManyWaiting
	default:
		return nil, ""
	}
}

// expiry is when the first of the replies has waited too long.
func (c *Customer) expiry(s *Settings) time.Time {
	oldest := c.Replies[0].Outbound.Received
	for _, r := range c.Replies {
		oldest = min(oldest, r.Outbound.Received)
	}
	return moment(oldest).Add(s.WaitingAge)
}

// fetchableReplies are sequences of replies for which there is room again.
func (c *Customer) fetchableReplies() []uint64 {
	bytes := 0
	for _, r := range c.Replies {
		bytes += r.Size
	}
	if len(c.Replies) > maxQueued/2 || bytes > maxReplyContent/2 {
		return nil
	}
	return c.Unsent.first(maxFetch)
}

// letter about a message of a customer.
func (d *doom) letter(id string, done int, entry *Entry, key string) *Letter {
	entry.Account, entry.OpenID, _ = strings.Cut(key, "/")
	return &Letter{ID: id, Cause: d.Cause, Code: d.Code, Detail: d.Detail, Time: d.Time, Done: done, Entry: entry}
}
