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
	"encoding/json"
	"fmt"
	"reflect"
)

// Room is what is known of a room's stream.
type Room struct {
	// Stream is the identity of the stream, empty as long as nothing is known of it.
	Stream string `json:"stream,omitempty"`
	// Pushes to CSS, the oldest first.
	Pushes []Push `json:"pushes,omitempty"`
	// TRTC is what happened in the TRTC room.
	TRTC *TRTC `json:"trtc,omitempty"`
	// Relay is the last state of the copy to the CDN.
	Relay *Relay `json:"relay,omitempty"`
	// Recording and Screenshot are the latest files.
	Recording  *File `json:"recording,omitempty"`
	Screenshot *File `json:"screenshot,omitempty"`
	// Moderation and Exception are the latest findings.
	Moderation *Finding `json:"moderation,omitempty"`
	Exception  *Finding `json:"exception,omitempty"`
	// First and Newest are the times of the first and the last thing that is known, in
	// milliseconds.
	First  int64 `json:"first,omitempty"`
	Newest int64 `json:"newest,omitempty"`
	// Day since 1970 of the last change: states without one expire.
	Day int64 `json:"day,omitempty"`
}

// Relay is a state of the copy of a TRTC room to the CDN.
type Relay struct {
	Time int64 `json:"time"`
	// Status is a number of section 7.3 of the live contract.
	Status int32 `json:"status"`
}

// File is one that was made of a stream.
type File struct {
	Time int64  `json:"time"`
	URL  string `json:"url"`
}

// Finding is something that a person should look at.
type Finding struct {
	Time    int64  `json:"time"`
	Message string `json:"message"`
}

// LoadRoom reads a stored room. No data is a new one.
func LoadRoom(data []byte) (*Room, error) {
	var room Room
	if len(data) == 0 {
		return &room, nil
	}
	if err := json.Unmarshal(data, &room); err != nil {
		return nil, fmt.Errorf("decoding the stream of a room: %w", err)
	}
	return &room, nil
}

// AppendState encodes the room. Nothing known is no bytes.
func (r *Room) AppendState(to []byte) ([]byte, error) {
	if r.Empty() {
		return to, nil
	}
	data, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encoding the stream of a room: %w", err)
	}
	return append(to, data...), nil
}

// Empty reports whether nothing is known: the room is gone, or new.
func (r *Room) Empty() bool { return reflect.DeepEqual(*r, Room{}) }

// Of returns what is known of the room's stream with an identity: nil when all that
// is known is of another one.
func (r *Room) Of(identity string) *Room {
	if r == nil || r.Stream != "" && r.Stream != identity {
		return nil
	}
	return r
}

// Apply folds one event. It reports whether anything is different. What is told of
// another stream begins anew, unless that is the one that was before.
func (r *Room) Apply(e *Event) bool {
	before := *r
	switch {
	case e.Stream == "" || e.Stream == r.Stream:
	case r.Stream == "": // it was stored before streams had an identity
		r.Stream = e.Stream
	case e.Time < r.Newest:
		return false
	default:
		*r = Room{Stream: e.Stream}
	}
	switch e.Kind {
	case Kept:
		r.Day = max(r.Day, e.day())
		return r.Day != before.Day
	case Dropped:
		*r = Room{}
		return !reflect.DeepEqual(*r, before)
	case Started, Ended:
		r.Pushes = withPush(r.Pushes, e)
	case Session:
		r.TRTC = r.TRTC.with(e)
	case Relayed:
		r.Relay = laterRelay(r.Relay, &Relay{e.Time, e.Type})
	case Recorded:
		r.Recording = laterFile(r.Recording, &File{e.Time, e.URL})
	case Pictured:
		r.Screenshot = laterFile(r.Screenshot, &File{e.Time, e.URL})
	case Moderated:
		r.Moderation = laterFinding(r.Moderation, &Finding{e.Time, e.Message})
	case Troubled:
		r.Exception = laterFinding(r.Exception, &Finding{e.Time, e.Message})
	default:
		*r = before
		return false
	}
	if r.First == 0 || e.Time < r.First {
		r.First = e.Time
	}
	r.Day = max(r.Day, e.day())
	if reflect.DeepEqual(*r, before) {
		return false
	}
	r.Newest = max(r.Newest, e.Time)
	return true
}

// stages are the states of a copy in the order in which one of the same millisecond
// follows the other.
var stages = map[int32]int{relayConnecting: 1, relayRecovering: 2, relayRunning: 3, relayFailed: 4, relayDisconnecting: 5, relayIdle: 6}

func laterRelay(a, b *Relay) *Relay {
	if a == nil || cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(stages[a.Status], stages[b.Status])) < 0 {
		return b
	}
	return a
}

func laterFile(a, b *File) *File {
	if a == nil || cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.URL, b.URL)) < 0 {
		return b
	}
	return a
}

func laterFinding(a, b *Finding) *Finding {
	if a == nil || cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Message, b.Message)) < 0 {
		return b
	}
	return a
}
