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
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"slices"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/wechat"
)

// Bounds of what a customer's state holds, in bytes as encoded. Together they are
// less than MaxStateBytes. Beyond them messages stay in the log, and the state
// keeps their sequences.
const (
	// MaxStateBytes bounds an encoded state.
	MaxStateBytes = 384 << 10

	// maxQueued messages wait in a lane.
	maxQueued = 100
	// maxContent of the messages in the lane to the agent, or one message.
	maxContent = 96 << 10
	// maxBodies rendered for IM of one message, and of all others together.
	maxBodies = 48 << 10
	// maxReplyContent of the messages in the lane to the customer, or one message.
	maxReplyContent = 64 << 10
	// maxRequests rendered for WeChat of one reply.
	maxRequests = 64 << 10
	// maxText of one reply, and maxTexts of all others together.
	maxText, maxTexts = 16 << 10, 48 << 10
	// maxReferences to messages in the log, packed, for each lane.
	maxReferences = 32 << 10
	// maxParts of one message.
	maxParts = 64
	// maxNotices that wait for agents.
	maxNotices = 32
	// maxTold agents in one blockage.
	maxTold = 8
)

// Customer is what is known of a customer of an account, and what waits for them
// and for their agent. It is used by one goroutine at a time.
type Customer struct {
	key string
	contents

	// What follows is not stored.

	// written counts what has to be stored before a provider is called, stored is
	// how much of it is.
	written, stored uint64
	// pauses of the lanes after failures.
	toAgent, toCustomer pause
}

// contents are what is stored.
type contents struct {
	// Following: the customer follows the account or wrote to it, and has not left.
	Following bool `json:"following,omitempty"`
	// Changed is WeChat's time of the last follow or unfollow, in seconds.
	Changed int64 `json:"changed,omitempty"`
	// Left is when the customer left, in milliseconds, 0 for one who has not.
	Left int64 `json:"left,omitempty"`
	// Imported: IM has the customer's account.
	Imported bool `json:"imported,omitempty"`
	// Rejected: IM refused the account for good; it is tried again with the next message.
	Rejected bool `json:"rejected,omitempty"`

	// Agent of the session, and the last message of it, in milliseconds.
	Agent string `json:"agent,omitempty"`
	Last  int64  `json:"last,omitempty"`
	// Speaker is who wrote to the customer last, and when.
	Speaker string `json:"speaker,omitempty"`
	Spoke   int64  `json:"spoke,omitempty"`
	// Active is the time of the last message of either side, or of the last event
	// that has an answer.
	Active int64 `json:"active,omitempty"`

	// Seq is the last MsgSeq that was given to a message.
	Seq uint32 `json:"seq,omitempty"`
	// Notices counts the notices, for their ids.
	Notices uint64 `json:"notices,omitempty"`

	Deliveries []*delivery `json:"deliveries,omitempty"`
	// Unread are messages to the agent for which there was no room.
	Unread  references `json:"unread,omitzero"`
	Replies []*reply   `json:"replies,omitempty"`
	// Unsent are replies for which there was no room.
	Unsent references `json:"unsent,omitzero"`

	// Blocked is why WeChat takes no replies until the customer does something.
	Blocked     wechat.Kind `json:"blocked,omitempty"`
	BlockedCode int         `json:"blockedCode,omitempty"`
	// Openings counts what the customer did that lets WeChat take replies again.
	Openings uint64 `json:"openings,omitempty"`
	// Told is which agents know of the present blockage.
	Told told `json:"told,omitzero"`

	// CaughtUp is the time up to which the history has been read, in seconds.
	CaughtUp int64 `json:"caughtUp,omitempty"`
	// Pushes and Keys are those seen last.
	Pushes recent `json:"pushes,omitempty"`
	Keys   recent `json:"keys,omitempty"`
	// Floor is the MsgTime of the newest message whose key was forgotten: what the
	// history has from before counts as seen.
	Floor int64 `json:"floor,omitempty"`

	Totals Totals `json:"totals,omitzero"`
}

// Totals of a customer, since the state began.
type Totals struct {
	// ToAgent and ToCustomer are messages that arrived.
	ToAgent    int64 `json:"toAgent,omitempty"`
	ToCustomer int64 `json:"toCustomer,omitempty"`
	// Unknown is how many replies have an outcome that nobody knows.
	Unknown int64 `json:"unknown,omitempty"`
	// Buried is how many messages became dead letters.
	Buried int64 `json:"buried,omitempty"`
	// Lost is how many messages the log did not have any more when there was room for them.
	Lost int64 `json:"lost,omitempty"`
}

// delivery is a message on its way to an agent.
type delivery struct {
	ID      string   `json:"id"`
	Inbound *Inbound `json:"inbound,omitempty"`
	Notice  *Notice  `json:"notice,omitempty"`
	// Size of the message, encoded.
	Size int `json:"size"`
	// Skip parts had arrived before it was given up and replayed.
	Skip int `json:"skip,omitempty"`
	// Parts are prepared for Agent, at Prepared; Done of them have arrived.
	Parts    []part `json:"parts,omitempty"`
	Agent    string `json:"agent,omitempty"`
	Prepared int64  `json:"prepared,omitempty"`
	Done     int    `json:"done,omitempty"`
	// Tried: the next part may have arrived.
	Tried bool `json:"tried,omitempty"`
	// Ask whether it has arrived before it is tried again.
	Ask bool `json:"ask,omitempty"`
	// Refusals is how often IM knew one of the two accounts not. Avoid are agents.
	Refusals int      `json:"refusals,omitempty"`
	Avoid    []string `json:"avoid,omitempty"`
	Doom     *doom    `json:"doom,omitempty"`

	mark uint64
}

// part is one message to IM.
type part struct {
	Body            json.RawMessage `json:"body"`
	CloudCustomData string          `json:"custom,omitempty"`
	Stamp           Stamp           `json:"stamp"`
}

// reply is a message on its way to the customer.
type reply struct {
	ID       string    `json:"id"`
	Outbound *Outbound `json:"outbound"`
	Size     int       `json:"size"`
	Skip     int       `json:"skip,omitempty"`
	// Requests to WeChat, or Texts for an account that only answers; Done of them are sent.
	Requests []json.RawMessage `json:"requests,omitempty"`
	Texts    []string          `json:"texts,omitempty"`
	Done     int               `json:"done,omitempty"`
	// Attempted is when the next request was about to be sent, in milliseconds.
	Attempted int64 `json:"attempted,omitempty"`
	// Renewed: the media were uploaded once more.
	Renewed bool  `json:"renewed,omitempty"`
	Doom    *doom `json:"doom,omitempty"`

	mark uint64
	// confirmed: see PrepareReply. It is found out anew when the state is loaded.
	confirmed bool
}

// doom is why something will be buried.
type doom struct {
	Cause  Cause  `json:"cause"`
	Code   int    `json:"code,omitempty"`
	Detail string `json:"detail,omitempty"`
	Time   int64  `json:"time"`
}

// told are the agents who know why replies do not arrive.
type told struct {
	Kind   NoticeKind `json:"kind,omitempty"`
	Agents []string   `json:"agents,omitempty"`
}

// IsZero is for omitzero, which takes an empty list for something.
func (t told) IsZero() bool { return t.Kind == "" && len(t.Agents) == 0 }

// New is a customer of whom nothing is known. The key is Entry.Key.
func New(key string) *Customer { return &Customer{key: key} }

// Key names the customer.
func (c *Customer) Key() string { return c.key }

// MarkStored tells that the customer as it is now has been stored.
func (c *Customer) MarkStored() { c.stored = c.written }

// Pressing reports whether something of the customer has to be stored before a
// provider is called, or is not known to anybody else.
func (c *Customer) Pressing() bool { return c.written > c.stored }

// Press makes the customer be stored soon.
func (c *Customer) Press() { c.written++ }

// promise marks what must be stored before a provider is called.
func (c *Customer) promise() uint64 {
	c.written++
	return c.written
}

func (c *Customer) kept(mark uint64) bool { return mark <= c.stored }

// Empty reports whether nothing is known, as of an erased customer: the state need
// not be kept.
func (c *Customer) Empty() bool {
	// Hardly anybody is: what everybody has is looked at first.
	if c.Active != 0 || c.Changed != 0 || c.Following || c.Imported || len(c.Deliveries) > 0 || len(c.Replies) > 0 {
		return false
	}
	data, err := encode(&c.contents)
	return err == nil && string(data) == "{}"
}

// LastActive is the time of the last message of either side, the zero time without one.
func (c *Customer) LastActive() time.Time { return moment(max(c.Active, c.Last)) }

// Oldest is the lowest sequence of an entry that the state does not hold and will
// ask for by Fetch. The log must keep it. It reports false when there is none.
func (c *Customer) Oldest() (sequence uint64, ok bool) {
	oldest := append(c.Unread.first(1), c.Unsent.first(1)...)
	if len(oldest) == 0 {
		return 0, false
	}
	return slices.Min(oldest), true
}

// Contribution is what a customer adds to the numbers of the account.
type Contribution struct {
	Totals
	Following bool
	// Agent of the session that is alive, "" without one.
	Agent string
	// Waiting is how many replies wait for the customer to write.
	Waiting int
}

// Contribution of the customer.
func (c *Customer) Contribution(now time.Time, settings *Settings) Contribution {
	sum := Contribution{Totals: c.Totals, Following: c.Following}
	if c.Left == 0 {
		sum.Agent = c.sessionAgent(now.UnixMilli(), settings)
	}
	if c.Blocked != "" || settings.textOnly() {
		sum.Waiting = len(c.Replies) + c.Unsent.Count
	}
	return sum
}

// sessionAgent is who has the customer at a time, "" when an agent must be assigned.
func (c *Customer) sessionAgent(at int64, settings *Settings) string {
	idle := settings.SessionIdle.Milliseconds()
	switch {
	case at-c.Last <= idle && slices.Contains(settings.Agents, c.Agent):
		return c.Agent
	case at-c.Spoke <= idle && slices.Contains(settings.Agents, c.Speaker):
		return c.Speaker
	default:
		return ""
	}
}

// Readers are the agents whose messages may have been missed: who has the session
// or spoke last, until the history was read after the session of this length ended.
// There are none for a customer who left.
func (c *Customer) Readers(idle time.Duration) []string {
	if c.Left != 0 {
		return nil
	}
	unread := func(agent string, last int64) bool {
		return agent != "" && (last+idle.Milliseconds())/1000 >= c.CaughtUp
	}
	var agents []string
	if unread(c.Agent, c.Last) {
		agents = append(agents, c.Agent)
	}
	if c.Speaker != c.Agent && unread(c.Speaker, c.Spoke) {
		agents = append(agents, c.Speaker)
	}
	return agents
}

// CatchUpSince is the time from which the history has to be read for messages of
// agents that no callback told of: where the last reading ended. It is the zero
// time when there was none; reading begins with the session then.
func (c *Customer) CatchUpSince() time.Time {
	if c.CaughtUp == 0 {
		return time.Time{}
	}
	return time.Unix(c.CaughtUp, 0)
}

// Unconfirmed are the IDs of replies before which others may be missing.
func (c *Customer) Unconfirmed() []string {
	var ids []string
	for _, r := range c.Replies {
		if !r.confirmed {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

// RecordCaughtUp tells that the history up to a time has been read, and that what
// was in it is in the log. Replies that were there when the reading began are
// confirmed by it.
func (c *Customer) RecordCaughtUp(until time.Time, confirmed []string) bool {
	for _, r := range c.Replies {
		r.confirmed = r.confirmed || slices.Contains(confirmed, r.ID)
	}
	if until.Unix() <= c.CaughtUp {
		return false
	}
	c.CaughtUp = until.Unix()
	return true
}

// moment of milliseconds since 1970.
func moment(milliseconds int64) time.Time {
	if milliseconds == 0 {
		return time.Time{}
	}
	return time.UnixMilli(milliseconds)
}

// random is the MsgRandom of a part: another one for another agent, never 0.
func (c *Customer) random(id string, part int, agent string) uint32 {
	h := sha256.New()
	for _, text := range []string{c.key, id, agent} {
		_, _ = h.Write(binary.AppendUvarint(nil, uint64(len(text))))
		_, _ = h.Write([]byte(text))
	}
	_, _ = h.Write(binary.AppendUvarint(nil, uint64(part)))
	return max(binary.BigEndian.Uint32(h.Sum(nil)), 1)
}
