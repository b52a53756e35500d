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
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// relay is the copy of what an anchor sends on the CDN (section 6.3).
type relay struct {
	room             RoomID
	userID, streamID string
	taskID           string
	ended            bool
}

// Types of streams, as they are in the default stream id.
const (
	mainStream = "main"
	auxStream  = "aux"
)

// Statuses of section 7.3.
const (
	relayIdle          = 0
	relayConnecting    = 1
	relayRunning       = 2
	relayRecovering    = 3
	relayFailed        = 4
	relayDisconnecting = 5
)

// defaultStreamID is the default name of the copy: camera and microphone are the main stream,
// the screen the aux stream.
func (s *Simulator) defaultStreamID(id RoomID, userID, streamType string) string {
	text := fmt.Sprintf("%d_%s_%s_%s", s.options.SDKAppID, id, userID, streamType)
	return strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}

func (s *Simulator) relayDomain() string {
	return strconv.FormatInt(s.options.BizID, 10) + ".livepush.myqcloud.com"
}

// follow begins and ends the copies of what a user sends, with the lock held.
func (s *Simulator) follow(id RoomID, userID string, u *user) {
	if s.options.BizID == 0 {
		return
	}
	wanted := map[string]bool{mainStream: u.media[Video] || u.media[Audio], auxStream: u.media[Screen]}
	for _, streamType := range []string{mainStream, auxStream} {
		running := u.relays[streamType]
		switch {
		case wanted[streamType] && running == nil:
			streamID := u.streamID
			if streamID == "" || streamType == auxStream {
				streamID = s.defaultStreamID(id, userID, streamType)
			}
			u.relays[streamType] = s.relay(id, userID, streamID)
		case !wanted[streamType] && running != nil:
			s.endRelay(running)
			delete(u.relays, streamType)
		}
	}
}

// relay begins a copy. One that is forbidden fails, and the room goes on.
func (s *Simulator) relay(id RoomID, userID, streamID string) *relay {
	r := &relay{room: id, userID: userID, streamID: streamID, taskID: "relay-" + s.nextSequence()}
	s.notifyRelay(r, relayConnecting)
	s.connect(r)
	return r
}

// connect pushes the copy, or gives up.
func (s *Simulator) connect(r *relay) {
	if !s.isForbidden(r.streamID) {
		if p, refusal := s.begin(&address{domain: s.relayDomain(), app: "live", name: r.streamID}); refusal == nil {
			p.relay = r
			s.notifyRelay(r, relayRunning)
			return
		}
	}
	s.giveUp(r)
}

func (s *Simulator) giveUp(r *relay) {
	r.ended = true
	s.notifyRelay(r, relayFailed)
	s.notifyRelay(r, relayIdle)
}

// lost is called when the push of a copy was ended by others: after a drop it connects
// again, otherwise it gives up.
func (s *Simulator) lost(r *relay, sub int) {
	if r.ended {
		return
	}
	s.notifyRelay(r, relayRecovering)
	if sub == cutByDrop {
		s.connect(r)
		return
	}
	s.giveUp(r)
}

// endRelay ends a copy, unless it has ended or others push in its place.
func (s *Simulator) endRelay(r *relay) {
	if r.ended {
		return
	}
	r.ended = true
	s.notifyRelay(r, relayDisconnecting)
	s.end(r.streamID, hostStopped, 0)
	s.notifyRelay(r, relayIdle)
}

// unrelay ends all copies of a user.
func (s *Simulator) unrelay(u *user) {
	for _, streamType := range []string{mainStream, auxStream} {
		if r := u.relays[streamType]; r != nil {
			s.endRelay(r)
		}
	}
	clear(u.relays)
}

// notifyRelay sends callback 401, with the lock held. Its time has another name than
// in the other callbacks.
func (s *Simulator) notifyRelay(r *relay, status int) {
	now := s.options.Clock()
	payload := map[string]any{"Url": "rtmp://" + s.relayDomain() + "/live/" + r.streamID, "Status": status}
	if status == relayFailed {
		payload["ErrorCode"], payload["ErrorMsg"] = gateRefused, "the push is refused"
	}
	s.notifyTRTC(groupRelay, relayStatus, now, map[string]any{
		"RoomId": r.room.String(), "RoomType": r.room.kind(), "EventTsMs": now.UnixMilli(), "UserId": r.userID, "TaskId": r.taskID, "Payload": payload,
	})
}
