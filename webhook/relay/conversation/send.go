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
	"strings"
	"time"
	"unicode/utf8"

	"github.com/liveroom-io/liveroom-operator/internal/wechat"
	"github.com/liveroom-io/liveroom-operator/internal/wechat/push"
)

// Refusal is WeChat's refusal of a message, or the failure to reach it.
type Refusal struct {
	Kind   wechat.Kind
	Code   int
	Detail string
	// RetryAfter is WeChat's advice, 0 without one.
	RetryAfter time.Duration
}

// RefusalOf an error of the WeChat client. Any other error, such as a context that
// ended before anything was sent, counts as not having reached WeChat.
func RefusalOf(err error) Refusal {
	if e, ok := wechat.AsError(err); ok {
		return Refusal{Kind: e.Kind, Code: e.Code, Detail: e.Info, RetryAfter: e.RetryAfter}
	}
	return Refusal{Kind: wechat.Unavailable}
}

// RecordReplyPrepared tells what has to be sent to WeChat for a message of an agent.
func (c *Customer) RecordReplyPrepared(step PrepareReply, requests []json.RawMessage, now time.Time) bool {
	r := c.preparable(step)
	if r == nil {
		return false
	}
	bytes := 0
	for i := range requests {
		requests[i] = compact(requests[i])
		bytes += len(requests[i])
	}
	switch {
	case len(requests) == 0:
		c.giveUpReply(r, Unsupported, Refusal{}, now)
		return true
	case bytes > maxRequests || len(requests) > maxParts:
		c.giveUpReply(r, TooLarge, Refusal{}, now)
		return true
	}
	for _, other := range c.Replies {
		if !other.begun() {
			other.Requests = nil // of one that was first before
		}
	}
	c.toCustomer = pause{}
	if r.Done > 0 { // the requests are of what was left
		r.Skip, r.Done = r.Skip+r.Done, 0
	} else if r.Skip < len(requests) {
		requests = requests[r.Skip:]
	}
	r.Requests, r.Texts = requests, nil
	return true
}

// RecordReplyText tells what a message of an agent says as text, for an account
// that may only answer. It waits for the customer's next message, and the agent is
// told so.
func (c *Customer) RecordReplyText(step PrepareReply, text string, now time.Time) bool {
	r := c.preparable(step)
	if r == nil {
		return false
	}
	c.toCustomer = pause{}
	pieces := split(text)
	switch {
	case len(text) > maxText, size(text) > maxText:
		c.giveUpReply(r, TooLarge, Refusal{}, now)
		return true
	case len(pieces) == 0:
		c.giveUpReply(r, Unsupported, Refusal{}, now)
		return true
	}
	r.Skip, r.Done, r.Requests = r.Skip+r.Done, 0, nil
	if r.Skip < len(pieces) {
		pieces = pieces[r.Skip:]
	}
	r.Texts = pieces
	c.noticeOnce(NoticeNoRight, r.Outbound.Agent, now.UnixMilli(), 0)
	return true
}

// split a text into pieces that fit an answer each.
func split(text string) []string {
	var pieces []string
	for text != "" {
		piece := push.TrimText(text, push.MaxTextBytes)
		text = text[len(piece):]
		if piece = strings.TrimSpace(piece); piece != "" {
			pieces = append(pieces, piece)
		}
	}
	return pieces
}

// preparable is the reply that the step was about, if it still has to be prepared.
func (c *Customer) preparable(step PrepareReply) *reply {
	r := c.reply(step.ID)
	switch {
	case r == nil || r.Doom != nil || r.Attempted != 0:
		return nil
	case step.TextOnly && len(r.Texts) > 0:
		return nil
	case !step.TextOnly && len(r.Requests) > 0:
		return nil
	case len(step.Texts) > 0 && len(step.Texts) != len(r.Texts)-r.Done:
		return nil
	case len(step.Texts) == 0 && !step.TextOnly && r.Done > 0:
		return nil
	}
	return r
}

// RecordUnfit tells that a message cannot be shown in WeChat, and why.
func (c *Customer) RecordUnfit(step PrepareReply, why string, now time.Time) bool {
	r := c.preparable(step)
	if r == nil {
		return false
	}
	c.giveUpReply(r, Unsupported, Refusal{Detail: why}, now)
	return true
}

// RecordCommitted tells that a part is about to be sent. Next gives Send when this
// has been stored. It does not count when another reply has come to be the first
// meanwhile.
func (c *Customer) RecordCommitted(step Commit, now time.Time) bool {
	r := c.reply(step.ID)
	if r == nil || r != c.Replies[0] || r.Doom != nil || r.Attempted != 0 || r.Done != step.Part || step.Part >= len(r.Requests) {
		return false
	}
	r.Attempted, r.mark = max(now.UnixMilli(), 1), c.promise()
	return true
}

// Withdraw takes back every commitment to a part that was not sent, and never will
// be by this process.
func (c *Customer) Withdraw() bool {
	changed := false
	for _, r := range c.Replies {
		if r.Doom == nil && r.Attempted != 0 {
			r.Attempted, changed = 0, true
		}
	}
	return changed
}

// RecordSent tells that WeChat has taken a part.
func (c *Customer) RecordSent(step Send) bool {
	r := c.attempted(step)
	if r == nil {
		return false
	}
	c.toCustomer = pause{}
	if c.Told.Kind != NoticeNoRight {
		c.Told = told{}
	}
	c.advance(r, len(r.Requests))
	return true
}

// RecordSendFailed tells that WeChat has not taken a part, or that nobody knows.
func (c *Customer) RecordSendFailed(step Send, f Refusal, now time.Time) bool {
	r := c.attempted(step)
	if r == nil {
		return false
	}
	r.Attempted = 0
	switch f.Kind {
	case wechat.UnknownOutcome:
		c.unknown(r, now.UnixMilli())
		r.Doom.Code, r.Doom.Detail = f.Code, clip(f.Detail)
	case wechat.WindowClosed, wechat.CountExhausted, wechat.NotFollowing:
		c.blocked(step, f, now)
	case wechat.MediaExpired:
		if r.Renewed {
			c.giveUpReply(r, MediaExpired, f, now)
			break
		}
		r.Renewed, r.Requests = true, nil
		r.Skip, r.Done = r.Skip+r.Done, 0
	case wechat.DailyQuota, wechat.NotAuthorized, wechat.Unauthorized, wechat.AddressNotAllowed:
		c.toCustomer.begin(c.key, now, firstRest, lastRest, f.RetryAfter, Reason(f.Kind))
	case wechat.Invalid:
		c.giveUpReply(r, Refused, f, now)
	default:
		c.toCustomer.begin(c.key, now, firstPause, lastPause, f.RetryAfter, ReasonTrouble)
	}
	return true
}

// blocked: WeChat takes nothing until the customer does something, which may have
// happened while the attempt was under way.
func (c *Customer) blocked(step Send, f Refusal, now time.Time) {
	if c.Openings != step.openings {
		c.toCustomer.begin(c.key, now, firstPause, lastPause, f.RetryAfter, ReasonTrouble)
		return
	}
	c.toCustomer = pause{}
	c.Blocked, c.BlockedCode = f.Kind, f.Code
	for _, r := range c.Replies {
		c.noticeOnce(noticeOf(f.Kind), r.Outbound.Agent, now.UnixMilli(), f.Code)
	}
}

// attempted is the reply that the step was about, if its attempt is still open.
func (c *Customer) attempted(step Send) *reply {
	r := c.reply(step.ID)
	if r == nil || r.Doom != nil || r.Attempted == 0 || r.Done != step.Part {
		return nil
	}
	return r
}

// unknown: whether a part arrived is not known, and it is not sent again.
func (c *Customer) unknown(r *reply, at int64) {
	r.Attempted = 0
	c.giveUpReply(r, UnknownOutcome, Refusal{}, time.UnixMilli(at))
	c.Totals.Unknown++
}

// giveUpReply gives a reply up. What was made of it is not needed any more.
func (c *Customer) giveUpReply(r *reply, cause Cause, f Refusal, now time.Time) {
	r.Doom = &doom{Cause: cause, Code: f.Code, Detail: clip(f.Detail), Time: now.UnixMilli()}
	r.mark = c.promise()
	r.Skip, r.Done, r.Requests, r.Texts = r.Skip+r.Done, 0, nil, nil
}

// advance to the next part of a reply.
func (c *Customer) advance(r *reply, parts int) {
	r.Done++
	r.Attempted = 0
	if r.Done >= parts {
		c.removeReply(r)
		c.Totals.ToCustomer++
	}
}

// clip a text to its bound. What is no text would become longer when it is stored.
func clip(text string) string {
	text = strings.ToValidUTF8(text[:min(len(text), 2*maxDetailBytes)], "?")
	end := min(len(text), maxDetailBytes)
	for end < len(text) && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}
