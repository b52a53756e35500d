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

package stream

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/live"
)

// States of the copy of a TRTC room to the CDN (live contract, section 7.3).
const (
	relayIdle = iota
	relayConnecting
	relayRunning
	relayRecovering
	relayFailed
	relayDisconnecting
)

// relayStates are those states as status has them.
var relayStates = map[int32]string{
	relayIdle: "Idle", relayConnecting: "Connecting", relayRunning: "Running", relayRecovering: "Recovering",
	relayFailed: "Failed", relayDisconnecting: "Disconnecting",
}

// KnownRelay reports whether a number is that of a state of the copy.
func KnownRelay(status int64) bool {
	return status >= relayIdle && status <= relayDisconnecting
}

// standing is what decides about a stream: whether somebody pushes, since when, and
// if not, why no more.
type standing struct {
	known  bool
	active bool
	since  int64
	cause  string
	code   *int32
}

// standing of the stream. In a TRTC room what happens there counts, as soon as
// picture or sound of its present pusher was told of; its copy in CSS comes and goes
// later. Until then, and for a stream of CSS, the newest push counts; without one,
// whatever is known of the room does.
func (r *Room) standing(kind imv1alpha1.StreamType, pusher string) standing {
	if running, told := r.session(kind, pusher); told && (running.Media || len(r.Pushes) == 0) {
		s := standing{known: true, active: running.Active(), since: running.Since}
		if running.Cause != 0 {
			s.cause = sessionCause(running.Cause, running.Reason)
			if running.Cause == UserLeft {
				s.code = &running.Reason
			}
		}
		return s
	}
	if len(r.Pushes) == 0 {
		return standing{since: r.First}
	}
	newest := r.decisive()
	if newest.End == 0 {
		return standing{known: true, active: true, since: newest.Start}
	}
	var sub *int
	if newest.Sub != nil {
		number := int(*newest.Sub)
		sub = &number
	}
	return standing{known: true, since: newest.End, code: &newest.Code, cause: live.DisconnectCause(int(newest.Code), sub)}
}

// session is what the pusher of a TRTC room sends, if anything was told of that. While
// nobody knows who pushes by spec, it is who did so before.
func (r *Room) session(kind imv1alpha1.StreamType, pusher string) (running Running, told bool) {
	if kind != imv1alpha1.StreamTypeTRTC || r.TRTC == nil || r.TRTC.User != "" && pusher != "" && r.TRTC.User != pusher {
		return running, false
	}
	return r.TRTC.Running(), true
}

// decisive is the push that says whether anybody pushes: the newest that was let in,
// if one is known. An attempt that was refused is none: anybody may make one.
func (r *Room) decisive() *Push {
	newest := len(r.Pushes) - 1
	for i := newest; i >= 0; i-- {
		if p := &r.Pushes[i]; !p.refused() {
			return p
		}
	}
	return &r.Pushes[newest]
}

// sessionCause says in words why nothing runs any more in a TRTC room.
func sessionCause(kind, reason int32) string {
	switch kind {
	case RoomDismissed:
		return "the TRTC room was dismissed"
	case RoomCreated:
		return "the TRTC room was made anew"
	case UserEntered:
		return "the host entered the TRTC room anew"
	case UserLeft:
		if words, known := leavingCauses[reason]; known {
			return words
		}
		return fmt.Sprintf("the host left the TRTC room for the unknown reason %d", reason)
	}
	return "the host switched picture and sound off"
}

// leavingCauses are the Reasons of event 104 (live contract, section 7.2).
var leavingCauses = map[int32]string{
	1: "the host left the TRTC room",
	2: "the connection of the host was lost",
	3: "the host was removed from the TRTC room",
	4: "the host's link to another TRTC room was cancelled",
	5: "the application of the host was ended",
}

// Status is what a LiveRoom shows of the stream, nil when nothing is known. pusher
// is the UserID who pushes to a TRTC room by spec, empty when that is not known.
func (r *Room) Status(kind imv1alpha1.StreamType, pusher string) *imv1alpha1.RoomStreamStatus {
	if r == nil || r.First == 0 {
		return nil
	}
	s := r.standing(kind, pusher)
	status := &imv1alpha1.RoomStreamStatus{
		State: imv1alpha1.StreamInactive, Since: moment(s.since), DisconnectCause: s.cause, DisconnectCode: s.code,
		LastRecording: r.Recording.status(), LastScreenshot: r.Screenshot.status(),
		LastModeration: r.Moderation.status(), LastException: r.Exception.status(),
	}
	if s.active {
		status.State = imv1alpha1.StreamActive
	}
	if r.Relay != nil && kind == imv1alpha1.StreamTypeTRTC {
		status.Relay = relayStates[r.Relay.Status]
	}
	return status
}

// Condition is Streaming, without its times and generation.
func (r *Room) Condition(kind imv1alpha1.StreamType, pusher string) metav1.Condition {
	var s standing
	if r != nil {
		s = r.standing(kind, pusher)
	}
	c := metav1.Condition{Type: imv1alpha1.ConditionStreaming}
	switch {
	case !s.known:
		c.Status, c.Reason, c.Message = metav1.ConditionUnknown, imv1alpha1.ReasonAwaitingCallback, "no callback told of this stream yet"
	case s.active:
		c.Status, c.Reason, c.Message = metav1.ConditionTrue, imv1alpha1.ReasonStreaming, "somebody pushes the stream"
	default:
		c.Status, c.Reason, c.Message = metav1.ConditionFalse, imv1alpha1.ReasonNotStreaming, "nobody pushes the stream"
		if s.cause != "" {
			c.Message += ": " + s.cause
		}
	}
	return c
}

func moment(millis int64) metav1.Time {
	return metav1.NewTime(time.UnixMilli(millis).Truncate(time.Second))
}

func (f *File) status() *imv1alpha1.StreamFile {
	if f == nil {
		return nil
	}
	return &imv1alpha1.StreamFile{URL: f.URL, Time: moment(f.Time)}
}

func (f *Finding) status() *imv1alpha1.StreamFinding {
	if f == nil {
		return nil
	}
	return &imv1alpha1.StreamFinding{Message: f.Message, Time: moment(f.Time)}
}
