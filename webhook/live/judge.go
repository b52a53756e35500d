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

package live

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/live"
	"github.com/liveroom-io/liveroom-operator/webhook/directory"
	"github.com/liveroom-io/liveroom-operator/webhook/stream/intake"
)

// maxValidity is how far ahead the end of a callback may be. CSS gives 600 s.
const maxValidity = 900 * time.Second

// validity that CSS gives a callback when it sends it.
const validity = 600 * time.Second

// New returns the endpoint of CSS.
func New(config intake.Config) *intake.Endpoint {
	return intake.New(config, intake.Live, judge(config.Directory))
}

// envelope is what all callbacks have in common.
type envelope struct {
	Type  *intake.Number `json:"event_type"`
	T     intake.Number  `json:"t"`
	Sign  string         `json:"sign"`
	AppID intake.Number  `json:"appid"`
	// PullTask is the field by which event 314 is known without its number.
	PullTask string `json:"callback_event"`
}

// judge says what a callback means.
func judge(rooms *directory.Directory) intake.Judge {
	return func(c *intake.Call) intake.Verdict {
		if intake.TooDeep(c.Body) {
			return intake.Refuse(intake.Nested)
		}
		var e envelope
		if err := json.Unmarshal(c.Body, &e); err != nil {
			return intake.Refuse(intake.Malformed)
		}
		kind := int64(typePullTask)
		switch {
		case e.Type != nil:
			kind = int64(*e.Type)
		case e.PullTask == "":
			return intake.Refuse(intake.Malformed)
		}
		p := policyOf(kind)
		if e.Sign == "" || e.T == 0 {
			if p.unsigned == unused {
				return intake.Verdict{Label: p.label, Outcome: intake.Ignored, Unproven: true}
			}
			return intake.Refuse(intake.Unsigned)
		}
		if reason := verify(c.Key, &e, c.Now); reason != "" {
			return intake.Refuse(reason)
		}
		if declared := c.App.Origin.AppID; declared != 0 && int64(e.AppID) != declared && (e.AppID != 0 || p.account == names) {
			return intake.Refuse(intake.WrongApp)
		}
		return p.judge(rooms, c, time.Unix(int64(e.T), 0).Add(-validity))
	}
}

// verify checks the signature and the end of a callback. The signature covers the
// end and nothing else: what was seen before is found by the identity of its event.
func verify(key string, e *envelope, now time.Time) intake.Rejection {
	expected := live.CallbackSign(key, int64(e.T))
	if subtle.ConstantTimeCompare([]byte(expected), []byte(e.Sign)) != 1 {
		return intake.Forged
	}
	if left := int64(e.T) - now.Unix(); left < 0 || left > int64(maxValidity/time.Second) {
		return intake.Stale
	}
	return ""
}

// judge an authentic callback that was sent at a time.
func (p *policy) judge(rooms *directory.Directory, c *intake.Call, sent time.Time) intake.Verdict {
	ignored := intake.Verdict{Label: p.label, Outcome: intake.Ignored}
	if p.read == nil {
		return ignored
	}
	if sent.After(c.Now) {
		sent = c.Now
	}
	told, err := p.read(c.Body, sent)
	switch {
	case err != nil:
		return intake.Refuse(intake.Malformed)
	case told.event.Kind == "":
		return ignored
	case !intake.Plausible(told.event.Time, c.Now):
		return intake.Refuse(intake.Implausible)
	}
	room := rooms.StreamRoom(c.App, c.Key, told.source)
	if room == nil {
		return intake.Verdict{Label: p.label, Outcome: intake.Unassigned}
	}
	event := told.event
	event.Stream = room.Stream.Identity()
	event.Room, event.ID = room.UID, fmt.Sprintf("%s/%s/%s/%s", intake.Live, room.UID, p.label, told.identity)
	return intake.Verdict{Label: p.label, Event: &event}
}
