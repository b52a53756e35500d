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

package trtc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/liveroom-io/liveroom-operator/webhook/stream"
	"github.com/liveroom-io/liveroom-operator/webhook/stream/intake"
)

// Callback is the body of a callback (section 7.2). Absent fields are zero.
type Callback struct {
	Group *intake.Number `json:"EventGroupId"`
	Type  *intake.Number `json:"EventType"`
	// Sent in milliseconds.
	Sent intake.Number `json:"CallbackTs"`

	// Info is read once the event is known to be one that means something here.
	Info json.RawMessage `json:"EventInfo"`
}

// Info is what happened.
type Info struct {
	Room     scalar        `json:"RoomId"`
	RoomType intake.Number `json:"RoomType"` // of 401: 1 is a room that has a text as its ID
	Seconds  intake.Number `json:"EventTs"`
	Millis   intake.Number `json:"EventMsTs"`
	// MillisToo is how the sample of 401 spells it.
	MillisToo intake.Number `json:"EventTsMs"`
	User      string        `json:"UserId"`
	Reason    intake.Number `json:"Reason"`
	Task      scalar        `json:"TaskId"`
	// Payload of 401. Its Url is that of a push and holds a signature: it is not read.
	Payload struct {
		Status intake.Number
	}
}

// scalar is a text, or the digits of a number.
type scalar struct{ text string }

// maxScalar is longer than any ID of a room or of a task.
const maxScalar = 256

// UnmarshalJSON implements json.Unmarshaler.
func (s *scalar) UnmarshalJSON(data []byte) error {
	switch {
	case bytes.Equal(data, []byte("null")):
		return nil
	case data[0] == '"':
		if err := json.Unmarshal(data, &s.text); err != nil {
			return err
		}
	case data[0] == '-' || data[0] >= '0' && data[0] <= '9':
		s.text = string(data)
	default:
		return fmt.Errorf("%.32q is neither a text nor a number", data)
	}
	if len(s.text) > maxScalar {
		return fmt.Errorf("an ID has %d bytes", len(s.text))
	}
	return nil
}

// moment at which it happened, in milliseconds.
func (i *Info) moment() int64 {
	switch {
	case i.Millis > 0:
		return int64(i.Millis)
	case i.MillisToo > 0:
		return int64(i.MillisToo)
	case i.Seconds > 0 && i.Seconds < 1<<40:
		return int64(i.Seconds) * 1000
	}
	return 0
}

// roomID is the number of a room. It may come as a text: 102 does in the vendor's
// sample where all others have a number.
func (i *Info) roomID() (int64, bool) {
	number, err := strconv.ParseUint(i.Room.text, 10, 32)
	return int64(number), err == nil && number > 0 && i.RoomType == 0
}

// about says what an event concerns.
type about int

const (
	aboutRoom about = iota
	aboutUser
	aboutCopy
)

// kind is an event that is acted upon.
type kind struct {
	label string
	about about
}

// other is the label of events that are not.
const other = "other"

// Groups of events.
const (
	groupRoom  = 1
	groupMedia = 2
	groupRelay = 4
	relayed    = 401
)

// kinds of events by group and type.
var kinds = map[[2]int64]kind{
	{groupRoom, stream.RoomCreated}:    {"room_created", aboutRoom},
	{groupRoom, stream.RoomDismissed}:  {"room_dismissed", aboutRoom},
	{groupRoom, stream.UserEntered}:    {"user_entered", aboutUser},
	{groupRoom, stream.UserLeft}:       {"user_left", aboutUser},
	{groupMedia, stream.VideoStarted}:  {"video_started", aboutUser},
	{groupMedia, stream.VideoStopped}:  {"video_stopped", aboutUser},
	{groupMedia, stream.AudioStarted}:  {"audio_started", aboutUser},
	{groupMedia, stream.AudioStopped}:  {"audio_stopped", aboutUser},
	{groupMedia, stream.ScreenStarted}: {"screen_started", aboutUser},
	{groupMedia, stream.ScreenStopped}: {"screen_stopped", aboutUser},
	{groupRelay, relayed}:              {"relay", aboutCopy},
}
