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

// Package trtc takes the callbacks of Tencent Real-Time Communication about rooms,
// their pushers, and the copies that it relays to the CDN (live contract, section 7).
package trtc

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/live"
	"github.com/liveroom-io/liveroom-operator/webhook/directory"
	"github.com/liveroom-io/liveroom-operator/webhook/stream"
	"github.com/liveroom-io/liveroom-operator/webhook/stream/intake"
)

const (
	// past is how old a callback may be: as long as the journal knows what it had.
	past = 20 * time.Minute
	// ahead is how far the clocks may be apart.
	ahead = time.Minute
)

// New returns the endpoint of TRTC.
func New(config intake.Config) *intake.Endpoint {
	return intake.New(config, intake.TRTC, judge(config.Directory))
}

// judge says what a callback means.
func judge(rooms *directory.Directory) intake.Judge {
	return func(c *intake.Call) intake.Verdict {
		if reason := verify(c.Key, c.Header, c.Body); reason != "" {
			return intake.Refuse(reason)
		}
		if intake.TooDeep(c.Body) {
			return intake.Refuse(intake.Nested)
		}
		var callback Callback
		if err := json.Unmarshal(c.Body, &callback); err != nil || callback.Group == nil || callback.Type == nil {
			return intake.Refuse(intake.Malformed)
		}
		switch age := c.Now.UnixMilli() - int64(callback.Sent); {
		case age > past.Milliseconds() || age < -ahead.Milliseconds():
			return intake.Refuse(intake.Stale)
		case strings.TrimSpace(c.Header.Get("SdkAppId")) != strconv.FormatInt(c.App.SDKAppID, 10):
			return intake.Refuse(intake.WrongApp)
		}
		return callback.judge(rooms, c)
	}
}

// verify checks the signature, which covers the bytes as they came.
func verify(key string, header http.Header, body []byte) intake.Rejection {
	sign := strings.TrimSpace(header.Get("Sign"))
	if sign == "" {
		return intake.Unsigned
	}
	if subtle.ConstantTimeCompare([]byte(live.RoomCallbackSign(key, body)), []byte(sign)) != 1 {
		return intake.Forged
	}
	return ""
}

// judge an authentic callback.
func (c *Callback) judge(rooms *directory.Directory, call *intake.Call) intake.Verdict {
	kind, known := kinds[[2]int64{int64(*c.Group), int64(*c.Type)}]
	if !known {
		return intake.Verdict{Label: other, Outcome: intake.Ignored}
	}
	verdict := intake.Verdict{Label: kind.label, Outcome: intake.Ignored}
	var info Info
	if err := json.Unmarshal(c.Info, &info); err != nil {
		return intake.Refuse(intake.Malformed)
	}
	at := info.moment()
	switch {
	case info.Room.text == "":
		return intake.Refuse(intake.Malformed)
	case !intake.Plausible(at, call.Now):
		return intake.Refuse(intake.Implausible)
	}
	number, numeric := info.roomID()
	var room *directory.Room
	if numeric {
		room = rooms.SessionRoom(call.App.Key, number)
	}
	if room == nil {
		verdict.Outcome = intake.Unassigned
		return verdict
	}
	event := stream.Event{
		Kind: stream.Session, Type: int32(*c.Type), Room: room.UID, Stream: room.Stream.Identity(), Time: at, Code: info.Reason.Int32(),
		ID: fmt.Sprintf("%s/%s/%d/%d/%d/%s/%d", intake.TRTC, room.UID, *c.Group, *c.Type, number, info.User, at),
	}
	switch kind.about {
	case aboutUser:
		if pusher := rooms.Pusher(room); pusher == "" || info.User != pusher {
			return verdict
		}
		event.User = info.User
	case aboutCopy:
		if !stream.KnownRelay(int64(info.Payload.Status)) {
			return verdict
		}
		event.Kind, event.Type, event.Code = stream.Relayed, info.Payload.Status.Int32(), 0
		event.ID += fmt.Sprintf("/%s/%d", info.Task.text, info.Payload.Status)
	case aboutRoom:
	}
	verdict.Event = &event
	return verdict
}
