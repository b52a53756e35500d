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

// Package stream says what callbacks about streams mean for a room: what is written
// to the journal, how it is folded, and what status shows of it. Everything here is
// pure: the same events, in whatever order they came, give the same state, as far
// back as is remembered.
package stream

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/liveroom-io/liveroom-operator/webhook/journal"
)

// Kind says what happened. The values are stored: a new meaning is a new value.
type Kind string

// The kinds of events.
const (
	// Started: a push to CSS began.
	Started Kind = "started"
	// Ended: a push to CSS ended.
	Ended Kind = "ended"
	// Session: something happened in a TRTC room; Type says what.
	Session Kind = "session"
	// Relayed: the copy of a TRTC room to the CDN has the state Type.
	Relayed Kind = "relayed"
	// Recorded: the file of a recording is at URL.
	Recorded Kind = "recorded"
	// Pictured: a picture of the stream is at URL.
	Pictured Kind = "pictured"
	// Moderated: moderation found something suspicious.
	Moderated Kind = "moderated"
	// Troubled: a push or a recording has trouble.
	Troubled Kind = "troubled"
	// Heard: an authentic callback came on the path that ends with Segment.
	Heard Kind = "heard"
	// Kept: the room is still declared; its state must not expire.
	Kept Kind = "kept"
	// Dropped: the room, or the stream in its spec, is gone.
	Dropped Kind = "dropped"
)

// Event is one fact. It holds nothing that a status may not show: no address of a
// person, no text of a moderated sound or picture, no signature of a URL to push to.
type Event struct {
	// ID makes a repeated callback the same event.
	ID string `json:"-"`
	// Kind says what happened.
	Kind Kind `json:"kind"`
	// Room is the UID of the LiveRoom.
	Room string `json:"room,omitempty"`
	// Stream tells the stream from others that the room has had, or will have.
	Stream string `json:"stream,omitempty"`
	// Time at which it happened by the provider's clock, in milliseconds since 1970.
	Time int64 `json:"time,omitempty"`
	// Push is what the start and the end of one push have in common.
	Push string `json:"push,omitempty"`
	// Lasted is how long a push took, in milliseconds; 0 when that is not known.
	Lasted int64 `json:"lasted,omitempty"`
	// Code is the provider's number for the cause of an end.
	Code int32 `json:"code,omitempty"`
	// Sub refines Code; nil when none came.
	Sub *int32 `json:"sub,omitempty"`
	// Type is that of a TRTC event, or the state of a copy to the CDN.
	Type int32 `json:"type,omitempty"`
	// User who pushes to a TRTC room.
	User string `json:"user,omitempty"`
	// URL of a file.
	URL string `json:"url,omitempty"`
	// Message for a person.
	Message string `json:"message,omitempty"`
	// App is the ImApp that was heard of, as <namespace>/<name>.
	App string `json:"app,omitempty"`
	// Segment is the secret part of the path on which it was heard of.
	Segment string `json:"segment,omitempty"`
}

// Entry is the event as the journal takes it: partitioned by room, or by ImApp.
func (e *Event) Entry() (journal.Entry, error) {
	data, err := json.Marshal(e)
	if err != nil {
		return journal.Entry{}, fmt.Errorf("encoding an event of a stream: %w", err)
	}
	return journal.Entry{ID: e.ID, First: e.key(), Data: data}, nil
}

func (e *Event) key() string {
	if e.Kind == Heard {
		return e.App
	}
	return e.Room
}

// Decode reads an event back.
func Decode(entry *journal.Entry) (Event, error) {
	e := Event{}
	if err := json.Unmarshal(entry.Data, &e); err != nil {
		return Event{}, fmt.Errorf("decoding an event of a stream: %w", err)
	}
	e.ID = entry.ID
	return e, nil
}

// day since 1970 of the event.
func (e *Event) day() int64 { return e.Time / (24 * time.Hour).Milliseconds() }
