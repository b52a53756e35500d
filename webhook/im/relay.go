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

package im

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/liveroom-io/liveroom-operator/webhook/directory"
)

// PeerMessage is a message from one account to another that IM has delivered
// (sections 3.20 and 3.21 of the callback contract).
type PeerMessage struct {
	From, To string
	// Key names the message.
	Key         string
	Seq, Random uint64
	// Time is to the second.
	Time            time.Time
	Body            json.RawMessage
	CloudCustomData string
}

// Relay passes messages on to customers.
type Relay interface {
	// Take returns when the message is safe, or after Patience. It reports false
	// for a message that is to no customer, or is the relay's own.
	Take(ctx context.Context, app *directory.App, m *PeerMessage) (taken, duplicate bool, err error)
}

// relay takes a message to a customer. One that IM refused, and one that is only
// for who is online at the moment (a sign that somebody types), is not passed on.
func (h *Handler) relay(w http.ResponseWriter, r *http.Request, c *call) outcome {
	if h.Relay == nil || c.SendMsgResult != 0 || c.OnlineOnlyFlag != 0 || c.From == "" || c.To == "" {
		accept(w)
		return outcomeIgnored
	}
	m := &PeerMessage{
		From: c.From, To: c.To, Key: c.MsgKey, Seq: uint64(c.MsgSeq), Random: uint64(c.MsgRandom),
		Time: c.sent(), Body: bytes.Clone(c.MsgBody), CloudCustomData: c.CloudCustomData,
	}
	if m.Random == 0 {
		m.Random = uint64(c.Random)
	}
	if m.Key == "" { // in the form that IM gives it
		m.Key = fmt.Sprintf("%d_%d_%d", m.Seq, m.Random, m.Time.Unix())
	}
	taken, duplicate, err := h.Relay.Take(r.Context(), c.app, m)
	if err == nil && !taken {
		accept(w)
		return outcomeIgnored
	}
	return h.conclude(w, c, duplicate, err)
}

// sent is the second in which a message was sent: messages are ordered by it.
func (c *call) sent() time.Time {
	if c.MsgTime > 0 {
		return (&Callback{MsgTime: c.MsgTime}).moment(c.now)
	}
	return c.moment(c.now).Truncate(time.Second)
}
