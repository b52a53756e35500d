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
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/liveroom-io/liveroom-operator/webhook/stream"
	"github.com/liveroom-io/liveroom-operator/webhook/stream/intake"
)

const (
	// pass is the suggestion that there is nothing to look at.
	pass = "Pass"
	// maxWord and maxDescription are how much of a text of the service is shown, in
	// characters.
	maxWord        = 32
	maxDescription = 160
	// maxTroubles of a push are listed.
	maxTroubles = 6
)

// score is written as a number or as a list with one.
type score intake.Number

// UnmarshalJSON implements json.Unmarshaler. A form that nobody has seen yet is no
// reason to refuse a finding.
func (s *score) UnmarshalJSON(data []byte) error {
	var numbers []json.Number
	if json.Unmarshal(data, &numbers) == nil && len(numbers) > 0 {
		data = []byte(numbers[0])
	}
	var n intake.Number
	if !bytes.HasPrefix(data, []byte("[")) && json.Unmarshal(data, &n) == nil {
		*s = score(n)
	}
	return nil
}

// verdictOn says in words what moderation found.
func verdictOn(what, label, refined string, points score, suggestion string) string {
	words := what + ": " + cmp.Or(intake.Text(label, maxWord), "something")
	if refined = intake.Text(refined, maxWord); refined != "" {
		words += " (" + refined + ")"
	}
	if points > 0 {
		words += fmt.Sprintf(", score %d", points)
	}
	return words + ", suggestion " + cmp.Or(intake.Text(suggestion, maxWord), "unknown")
}

// readImage reads event 317 (section 3.6).
func readImage(body []byte, sent time.Time) (report, error) {
	var c struct {
		Image      string        `json:"img"`
		Score      score         `json:"score"`
		Socre      score         `json:"socre"` // as the vendor spells it
		Suggestion string        `json:"suggestion"`
		Label      string        `json:"label"`
		SubLabel   string        `json:"subLabel"`
		Taken      intake.Number `json:"screenshotTime"`
		Sent       intake.Number `json:"sendTime"`
	}
	r, err := decode(body, &c, &origin{})
	if err != nil {
		return r, err
	}
	r.identity = fmt.Sprintf("%s/%d", c.Image, c.Taken)
	if c.Suggestion == pass {
		return r, nil
	}
	message := verdictOn("picture", c.Label, c.SubLabel, cmp.Or(c.Score, c.Socre), c.Suggestion)
	if file := intake.FileURL(c.Image); file != "" {
		message += ": " + file
	}
	at := cmp.Or(millis(c.Taken), millis(c.Sent), sent.UnixMilli())
	r.event = stream.Event{Kind: stream.Moderated, Time: at, Message: intake.Message("%s", message)}
	return r, nil
}

// readAudio reads event 315 (section 3.7). What was said is not kept.
func readAudio(body []byte, sent time.Time) (report, error) {
	var c struct {
		RequestID  string        `json:"request_id"`
		TaskID     intake.Number `json:"task_id"`
		Seq        intake.Number `json:"seq"`
		Score      score         `json:"Score"`
		Label      string        `json:"label"`
		SubLabel   string        `json:"sub_label"`
		SubTag     string        `json:"SubTag"`
		Suggestion string        `json:"suggestion"`
	}
	r, err := decode(body, &c, &origin{})
	if err != nil {
		return r, err
	}
	r.identity = cmp.Or(c.RequestID, fmt.Sprintf("%d/%d/%d", c.TaskID, c.Seq, sent.Unix()))
	if c.Suggestion == pass {
		return r, nil
	}
	message := verdictOn("sound", c.Label, cmp.Or(c.SubLabel, c.SubTag), c.Score, c.Suggestion)
	r.event = stream.Event{Kind: stream.Moderated, Time: sent.UnixMilli(), Message: intake.Message("%s", message)}
	return r, nil
}

// troubles of a push by their number (section 3.8).
var troubles = map[intake.Number]string{
	1: "video timestamps went back", 2: "audio timestamps went back",
	3: "video timestamps jumped ahead", 4: "audio timestamps jumped ahead",
	5: "chunks are too large", 6: "video frames arrive too far apart", 7: "audio frames arrive too far apart",
	8: "the video codec changed", 9: "the audio codec changed", 10: "the video codec header is missing", 11: "the audio codec header is missing",
	12: "audio timestamps have gaps", 13: "the codec is uncommon", 14: "the codec header cannot be read",
	15: "the frame rate is low", 16: "key frames are more than 10 s apart",
}

// readPushException reads event 321 (section 3.8).
func readPushException(body []byte, sent time.Time) (report, error) {
	var c struct {
		Sequence string        `json:"sequence"`
		Time     intake.Number `json:"data_time"`
		Abnormal []struct {
			Type        intake.Number `json:"type"`
			Count       intake.Number `json:"count"`
			Description string        `json:"type_desc_en"`
		} `json:"abnormal_event"`
	}
	r, err := decode(body, &c, &origin{})
	if err != nil {
		return r, err
	}
	r.identity = fmt.Sprintf("%s/%d", c.Sequence, c.Time)
	if len(c.Abnormal) == 0 {
		return r, nil
	}
	var words []string
	for _, trouble := range c.Abnormal[:min(len(c.Abnormal), maxTroubles)] {
		word := cmp.Or(troubles[trouble.Type], intake.Text(trouble.Description, maxDescription), fmt.Sprintf("trouble %d", trouble.Type))
		if trouble.Count > 1 {
			word += fmt.Sprintf(" (%d times)", trouble.Count)
		}
		words = append(words, word)
	}
	at := int64(c.Time)
	if at == 0 {
		at = sent.UnixMilli()
	}
	r.event = stream.Event{Kind: stream.Troubled, Time: at, Message: intake.Message("push: %s", strings.Join(words, ", "))}
	return r, nil
}

// recordingTroubles are the values of record_event that a person should look at.
var recordingTroubles = map[string]string{
	"record_start_failed": "recording: it could not be started",
	"record_error":        "recording: it failed",
}

// readRecordingStatus reads event 332 (section 3.8).
func readRecordingStatus(body []byte, sent time.Time) (report, error) {
	var c struct {
		Time    intake.Number `json:"event_time"`
		Session string        `json:"session_id"`
		Seq     string        `json:"seq"`
		Event   string        `json:"record_event"`
	}
	r, err := decode(body, &c, &origin{})
	if err != nil {
		return r, err
	}
	r.identity = fmt.Sprintf("%s/%s/%s/%d", c.Session, c.Seq, c.Event, c.Time)
	if words := recordingTroubles[c.Event]; words != "" {
		r.event = stream.Event{Kind: stream.Troubled, Time: cmp.Or(millis(c.Time), sent.UnixMilli()), Message: words}
	}
	return r, nil
}

// readRecordingException reads event 341 (section 3.8).
func readRecordingException(body []byte, sent time.Time) (report, error) {
	var c struct {
		Session   string        `json:"session_id"`
		Time      intake.Number `json:"timestamp"`
		Level     string        `json:"exception_level"`
		Exception struct {
			Type        intake.Number `json:"type"`
			Description string        `json:"desc"`
			Occurs      intake.Number `json:"occurs"`
		} `json:"exception"`
	}
	r, err := decode(body, &c, &origin{})
	if err != nil {
		return r, err
	}
	r.identity = fmt.Sprintf("%s/%d/%d", c.Session, c.Exception.Type, c.Time)
	if c.Level == "info" {
		return r, nil
	}
	words := cmp.Or(intake.Text(c.Exception.Description, maxDescription), fmt.Sprintf("trouble %d", c.Exception.Type))
	if c.Exception.Occurs > 1 {
		words += fmt.Sprintf(" (%d times)", c.Exception.Occurs)
	}
	message := intake.Message("recording: %s: %s", cmp.Or(intake.Text(c.Level, maxWord), "exception"), words)
	r.event = stream.Event{Kind: stream.Troubled, Time: cmp.Or(millis(c.Time), sent.UnixMilli()), Message: message}
	return r, nil
}
