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

// Package live takes the callbacks of Cloud Streaming Services (CSS): pushes that
// start and end, files, findings of moderation, trouble (live contract, section 3).
package live

import (
	"time"

	"github.com/liveroom-io/liveroom-operator/webhook/directory"
	"github.com/liveroom-io/liveroom-operator/webhook/stream"
)

// Numbers of events (field event_type).
const (
	typeEnded              = 0
	typeStarted            = 1
	typeRecording          = 100
	typeScreenshot         = 200
	typePullTask           = 314
	typeAudioModeration    = 315
	typeImageModeration    = 317
	typePushException      = 321
	typeRecordingStatus    = 332
	typeRecordingException = 341
)

// other is the label of events that are not known.
const other = "other"

// unsigned says what becomes of an event without t and sign. The samples of two
// events have none, so it is said for each.
type unsigned int

const (
	// refused: it is not taken.
	refused unsigned = iota
	// unused: it is answered with success, whoever sent it, and means nothing.
	unused
)

// account says what an event tells of the account that it is about.
type account int

const (
	// names: the field appid is there.
	names account = iota
	// mayName: the field appid may be missing.
	mayName
)

// policy is how the callbacks of one event are taken.
type policy struct {
	label    string
	unsigned unsigned
	account  account
	// read says what a body means; nil for nothing. It fails for one that is not a
	// callback of this event.
	read func(body []byte, sent time.Time) (report, error)
}

// report is what a callback tells.
type report struct {
	source directory.Source
	// identity is what repeated callbacks about the same thing have in common.
	identity string
	// event has no Kind when there is nothing to write down.
	event stream.Event
}

// policies of all events that are known.
var policies = map[int64]policy{
	typeEnded:              {"push_ended", refused, names, readPush},
	typeStarted:            {"push_started", refused, names, readPush},
	typeRecording:          {"recording", refused, names, readRecording},
	typeScreenshot:         {"screenshot", refused, mayName, readScreenshot},
	typePullTask:           {"pull_task", unused, mayName, nil},
	typeAudioModeration:    {"audio_moderation", refused, names, readAudio},
	typeImageModeration:    {"image_moderation", refused, mayName, readImage},
	typePushException:      {"push_exception", refused, names, readPushException},
	typeRecordingStatus:    {"recording_status", refused, names, readRecordingStatus},
	typeRecordingException: {"recording_exception", refused, names, readRecordingException},
}

// policyOf an event. One that is not known must be signed, and means nothing.
func policyOf(kind int64) policy {
	if p, known := policies[kind]; known {
		return p
	}
	return policy{label: other, account: mayName}
}
