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

// Package activity counts what happened in rooms and keeps what callbacks told
// about rooms and accounts. Everything here is pure: the same events in the same
// order give the same numbers.
package activity

import (
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/axiomhq/hyperloglog"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook/event"
)

const (
	// sketchPrecision gives an error of about two percent in two kilobytes; small
	// numbers are nearly exact.
	sketchPrecision = 11
	// maxNames of events are counted one by one, however often the list of an
	// ImApp was changed.
	maxNames = 64
	// maxSeen bounds the fields whose last value is known.
	maxSeen = 32
)

// Room is what is known of a room.
type Room struct {
	Numbers
	// Seen are digests of the values that callbacks reported last, by field.
	Seen map[string]string `json:"seen,omitempty"`
	// SeenAt is the sequence of the last such report.
	SeenAt uint64 `json:"seenAt,omitempty"`
	// SeenTime is its time in milliseconds.
	SeenTime int64 `json:"seenTime,omitempty"`
	// Gone: the group was destroyed.
	Gone bool `json:"gone,omitempty"`
	// Day since 1970 of the last change: states without one expire.
	Day int64 `json:"day,omitempty"`

	senders *hyperloglog.Sketch
}

// Numbers are the counters of a room.
type Numbers struct {
	Messages int64            `json:"messages,omitempty"`
	Senders  int64            `json:"senders,omitempty"`
	Events   map[string]int64 `json:"events,omitempty"`
	Blocked  int64            `json:"blocked,omitempty"`
	Masked   int64            `json:"masked,omitempty"`
	Joined   int64            `json:"joined,omitempty"`
	Left     int64            `json:"left,omitempty"`
	// Online is an estimate; Audience says whether there is one.
	Online   int64 `json:"online,omitempty"`
	Peak     int64 `json:"peak,omitempty"`
	Audience bool  `json:"audience,omitempty"`
	// LastMinute is the minute since 1970 of the last message.
	LastMinute int64 `json:"lastMinute,omitempty"`
	// Heard is the sequence of the last event that came from users.
	Heard uint64 `json:"heard,omitempty"`
}

// storedRoom is a room as it is stored.
type storedRoom struct {
	*Room
	Sketch []byte `json:"sketch,omitempty"`
}

// NewRoom is a room of which nothing is known.
func NewRoom() *Room {
	sketch, err := hyperloglog.NewSketch(sketchPrecision, true)
	if err != nil { // only for another precision
		panic(err)
	}
	return &Room{senders: sketch}
}

// LoadRoom reads a stored room. No data is a new room.
func LoadRoom(data []byte) (*Room, error) {
	room := NewRoom()
	if len(data) == 0 {
		return room, nil
	}
	stored := storedRoom{Room: room}
	if err := json.Unmarshal(data, &stored); err != nil {
		return nil, fmt.Errorf("decoding a room: %w", err)
	}
	if len(stored.Sketch) > 0 {
		if err := room.senders.UnmarshalBinary(stored.Sketch); err != nil {
			return nil, fmt.Errorf("decoding the senders of a room: %w", err)
		}
	}
	return room, nil
}

// AppendState encodes the room.
func (r *Room) AppendState(to []byte) ([]byte, error) {
	sketch, err := r.senders.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("encoding the senders of a room: %w", err)
	}
	r.Senders = int64(r.senders.Estimate())
	data, err := json.Marshal(storedRoom{Room: r, Sketch: sketch})
	if err != nil {
		return nil, fmt.Errorf("encoding a room: %w", err)
	}
	return append(to, data...), nil
}

// Apply folds one event. It reports whether anything is different.
func (r *Room) Apply(e *event.Event, sequence uint64) bool {
	changed := r.apply(e, sequence)
	if changed {
		r.Day = max(r.Day, day(e))
	}
	return changed
}

// day since 1970 of an event.
func day(e *event.Event) int64 { return e.Time / (24 * time.Hour).Milliseconds() }

func (r *Room) apply(e *event.Event, sequence uint64) bool {
	switch e.Kind {
	case event.Kept:
		return day(e) > r.Day
	case event.Message:
		r.message(e)
	case event.Blocked:
		r.Blocked++
	case event.Masked:
		r.Masked++
	case event.Joined:
		r.Joined += e.Count
		r.audience(r.Online + e.Count)
	case event.Left:
		r.Left += e.Count
		r.audience(r.Online - e.Count)
	case event.Reached:
		r.audience(r.Online + e.Count)
	case event.Lost:
		r.audience(r.Online - e.Count)
	case event.Counted:
		if r.Audience && r.Online == e.Count {
			return false
		}
		r.audience(e.Count)
		return true // nobody did anything
	case event.Created, event.Destroyed, event.Changed:
		return r.report(e, sequence)
	default:
		return false
	}
	r.Heard = sequence
	return true
}

func (r *Room) message(e *event.Event) {
	r.Messages++
	if e.User != "" {
		r.senders.Insert([]byte(e.User))
	}
	if e.Name != "" {
		if r.Events == nil {
			r.Events = map[string]int64{}
		}
		name := e.Name
		if _, known := r.Events[name]; !known && len(r.Events) >= maxNames {
			name = imv1alpha1.OtherEvents
		}
		r.Events[name]++
	}
	r.LastMinute = max(r.LastMinute, e.Moment().Unix()/60)
}

func (r *Room) audience(online int64) {
	r.Audience = true
	r.Online = max(online, 0)
	r.Peak = max(r.Peak, r.Online)
}

// report keeps what a callback told about the group itself.
func (r *Room) report(e *event.Event, sequence uint64) bool {
	switch e.Kind {
	case event.Created:
		if !r.Gone && len(r.Seen) == 0 {
			return false
		}
		r.Gone, r.Seen = false, nil
	case event.Destroyed:
		r.Gone, r.Seen, r.Online = true, nil, 0 // nobody is in it
	default:
		// Also when nothing differs from the last report: somebody may have changed it
		// again, and the report of the repair in between been lost.
		r.Gone, r.Seen = false, remember(r.Seen, e.Seen)
	}
	r.SeenAt, r.SeenTime = sequence, e.Time
	return true
}

// remember adds values to those seen before. A value for AllAttributes takes the
// place of those for attributes that are not named beside it.
func remember(seen, added map[string]string) map[string]string {
	merged := maps.Clone(seen)
	if merged == nil {
		merged = map[string]string{}
	}
	if _, all := added[anyAttribute]; all {
		maps.DeleteFunc(merged, func(field, _ string) bool { return hasPrefix(field, attributePrefix) })
	}
	maps.Copy(merged, added)
	switch {
	case len(merged) <= maxSeen:
		return merged
	case len(added) <= maxSeen:
		return maps.Clone(added) // more than a room can declare: start afresh
	}
	return map[string]string{} // nothing that could be declared
}

// LastMessage is the time of the last message, to the minute.
func (n *Numbers) LastMessage() time.Time { return time.Unix(n.LastMinute*60, 0) }
