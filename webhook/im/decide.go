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
	"encoding/json"
	"net/http"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook/directory"
	"github.com/liveroom-io/liveroom-operator/webhook/event"
	"github.com/liveroom-io/liveroom-operator/webhook/message"
	"github.com/liveroom-io/liveroom-operator/webhook/moderation"
)

// beforeSend decides on a message from memory. The decision is counted, but the
// journal is not waited for: the sender waits for the message.
func (h *Handler) beforeSend(w http.ResponseWriter, c *call) outcome {
	room := h.Directory.Room(c.app.Key, c.GroupID)
	if room == nil {
		accept(w)
		return outcomeUndeclared
	}
	rules := room.Rules(h.Policies)
	if len(rules.Moderation) == 0 {
		accept(w)
		return outcomeAllowed
	}
	decision := moderation.Decide(h.message(c, room), rules.Moderation, h.Limiter, c.now)
	h.Metrics.expressionFailed(len(decision.Failures))
	switch decision.Verdict {
	case moderation.Reject:
		h.offer(c, room, event.Blocked)
		Answer{ActionStatus: "OK", ErrorCode: int(decision.Code), ErrorInfo: decision.Info}.write(w)
		return outcomeRejected
	case moderation.Drop:
		h.offer(c, room, event.Blocked)
		Answer{ActionStatus: "OK", ErrorCode: codeDrop}.write(w)
		return outcomeDropped
	case moderation.Mask:
		h.offer(c, room, event.Masked)
		Answer{ActionStatus: "OK", ErrorCode: codeAccept, MsgBody: decision.Body, CloudCustomData: decision.CloudCustomData}.write(w)
		return outcomeMasked
	case moderation.Allow:
	}
	accept(w)
	return outcomeAllowed
}

// offer counts a decision without waiting.
func (h *Handler) offer(c *call, room *directory.Room, kind event.Kind) {
	e := event.Event{
		ID: c.identity(c.app.SDKAppID, c.body, c.requestTime), Kind: kind, SDKAppID: c.app.SDKAppID,
		Room: room.UID, Time: c.moment(c.now).UnixMilli(),
	}
	if !h.Journal.Offer(e.Entry()) {
		h.Metrics.uncounted()
	}
}

// message is what policies see. A body that cannot be read is nil: each policy
// says what becomes of it.
func (h *Handler) message(c *call, room *directory.Room) *message.Message {
	m := &message.Message{
		App: c.app.Key, Sender: c.From, Operator: c.Operator, Platform: c.platform, GroupID: c.GroupID, GroupType: c.Type,
		Room: message.Room{Namespace: room.Key.Namespace, Name: room.Key.Name, Labels: room.Labels},
	}
	body, err := message.Parse(c.MsgBody, c.CloudCustomData)
	if err != nil {
		h.Metrics.unreadable()
		m.Raw = string(c.MsgBody) + "\n" + c.CloudCustomData
		return m
	}
	m.Body = body
	return m
}

// examine says under which name a message is counted and what it scores. Both
// are settled now, by the policies of now: the journal holds no text.
func (h *Handler) examine(c *call, room *directory.Room, e *event.Event) {
	scoring := room.Rules(h.Policies).Scoring
	if len(scoring) == 0 && !mayBeCustom(c.MsgBody) {
		return
	}
	m := h.message(c, room)
	if m.Body == nil {
		return
	}
	if name, _, ok := m.Body.CustomEvent(); ok {
		if e.Name = name; !c.app.Counted[name] {
			e.Name = imv1alpha1.OtherEvents
		}
	}
	for _, policy := range scoring {
		scores, failures := policy.Score(m)
		h.Metrics.expressionFailed(len(failures))
		for _, score := range scores {
			e.Scores = append(e.Scores, event.Score{
				Policy: string(policy.Policy.UID), Rule: score.Rule, Points: score.Points, PerMinute: score.PerMinute,
			})
		}
	}
}

// customElement is the type of the elements that carry events.
var customElement = []byte("TIMCustomElem")

// mayBeCustom is a quick look that spares plain text the parsing.
func mayBeCustom(body json.RawMessage) bool { return bytes.Contains(body, customElement) }
