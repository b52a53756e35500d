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
	"cmp"
	"slices"
)

// Types of events of a TRTC room (live contract, section 7.2).
const (
	RoomCreated   = 101
	RoomDismissed = 102
	UserEntered   = 103
	UserLeft      = 104
	VideoStarted  = 201
	VideoStopped  = 202
	AudioStarted  = 203
	AudioStopped  = 204
	ScreenStarted = 205
	ScreenStopped = 206
)

// enteredNormally is the Reason of an entry that is not the return after a change of
// networks or a time-out, from which picture and sound may go on.
const enteredNormally = 1

// maxMoments of a session are put in order. Those before are settled: what comes
// later about a time before them means nothing any more.
const maxMoments = 32

// TRTC is what happened in a TRTC room as far as its pusher is concerned.
type TRTC struct {
	// User is the pusher that it is about, empty as long as only the room was heard of.
	User string `json:"user,omitempty"`
	// Settled is what came of the moments that are forgotten, Last the last of them.
	Settled Running `json:"settled,omitzero"`
	Last    *Moment `json:"last,omitempty"`
	// Moments are those that are remembered, in order.
	Moments []Moment `json:"moments,omitempty"`
}

// Moment is one event of a TRTC room.
type Moment struct {
	Time   int64 `json:"time"`
	Type   int32 `json:"type"`
	Reason int32 `json:"reason,omitempty"`
}

// Running is what the pusher sends.
type Running struct {
	Video  bool `json:"video,omitempty"`
	Audio  bool `json:"audio,omitempty"`
	Screen bool `json:"screen,omitempty"`
	// Since when anything runs, or nothing, in milliseconds; 0 as long as nothing is known.
	Since int64 `json:"since,omitempty"`
	// Media: an event about picture or sound was heard, so that these are told of.
	Media bool `json:"media,omitempty"`
	// Cause is the type of the event after which nothing ran any more, Reason its
	// number.
	Cause  int32 `json:"cause,omitempty"`
	Reason int32 `json:"reason,omitempty"`
}

// Active reports whether anything runs.
func (r *Running) Active() bool { return r.Video || r.Audio || r.Screen }

// rank orders events of the same millisecond: who enters does so before anything
// runs, and whoever leaves, or the end of the room, comes last.
func rank(kind int32) int32 {
	switch kind {
	case UserLeft:
		return 1000
	case RoomDismissed:
		return 1001
	}
	return kind
}

func compareMoments(a, b Moment) int {
	return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(rank(a.Type), rank(b.Type)), cmp.Compare(a.Reason, b.Reason))
}

// with returns what is known after one more event. Whatever the order in which
// events come, the same ones give the same.
func (t *TRTC) with(e *Event) *TRTC {
	moment := Moment{Time: e.Time, Type: e.Type, Reason: e.Code}
	var next TRTC
	if t != nil {
		next = *t
	}
	if e.User != "" && e.User != next.User {
		if next.User != "" { // another one pushes from now on
			next = TRTC{}
		}
		next.User = e.User
	}
	if next.Last != nil && compareMoments(moment, *next.Last) <= 0 {
		return t
	}
	at, found := slices.BinarySearchFunc(next.Moments, moment, compareMoments)
	if found {
		return t
	}
	next.Moments = slices.Insert(slices.Clone(next.Moments), at, moment)
	for len(next.Moments) > maxMoments {
		first := next.Moments[0]
		next.Settled.play(first)
		next.Last, next.Moments = &first, next.Moments[1:]
	}
	return &next
}

// Running is what the pusher sends after all that is known.
func (t *TRTC) Running() Running {
	running := t.Settled
	for _, moment := range t.Moments {
		running.play(moment)
	}
	return running
}

// play goes on by one event.
func (r *Running) play(m Moment) {
	before := r.Active()
	r.Media = r.Media || m.Type >= VideoStarted && m.Type <= ScreenStopped
	switch m.Type {
	case VideoStarted, VideoStopped:
		r.Video = m.Type == VideoStarted
	case AudioStarted, AudioStopped:
		r.Audio = m.Type == AudioStarted
	case ScreenStarted, ScreenStopped:
		r.Screen = m.Type == ScreenStarted
	case UserLeft, RoomDismissed, RoomCreated:
		// When a user leaves nothing is told of what was running; and what ran before
		// the room was made does not run any more.
		r.Video, r.Audio, r.Screen = false, false, false
	case UserEntered:
		if m.Reason == enteredNormally {
			r.Video, r.Audio, r.Screen = false, false, false
		}
	}
	switch after := r.Active(); {
	case after && !before:
		r.Since, r.Cause, r.Reason = m.Time, 0, 0
	case before && !after:
		r.Since, r.Cause, r.Reason = m.Time, m.Type, m.Reason
	case r.Since == 0:
		r.Since = m.Time
	}
}
