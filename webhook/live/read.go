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
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/liveroom-io/liveroom-operator/webhook/directory"
	"github.com/liveroom-io/liveroom-operator/webhook/stream"
	"github.com/liveroom-io/liveroom-operator/webhook/stream/intake"
)

const (
	// maxName of a stream, as status holds it, and maxSequence of a push: the vendor's
	// have 19 digits.
	maxName     = 256
	maxSequence = 64
	// longestPush that an end may tell of, in milliseconds: 30 days.
	longestPush = 30 * 24 * 3600 * 1000
)

var errIncomplete = errors.New("a field is missing or too long")

// origin says which stream a callback is about. Events differ in the names of the
// fields.
type origin struct {
	App      string `json:"app"`     // the push domain
	AppName  string `json:"appname"` // the path
	Domain   string `json:"domain"`
	Path     string `json:"path"`
	StreamID string `json:"stream_id"`
	Channel  string `json:"channel_id"`
	// Of event 317.
	CamelStream  string `json:"streamId"`
	CamelChannel string `json:"channelId"`
}

func (o *origin) source() (directory.Source, error) {
	source := directory.Source{
		Domain: cmp.Or(o.App, o.Domain), AppName: cmp.Or(o.AppName, o.Path),
		Name: cmp.Or(o.StreamID, o.CamelStream, o.Channel, o.CamelChannel),
	}
	if source.Name == "" || len(source.Name) > maxName {
		return source, fmt.Errorf("%w: the stream's name", errIncomplete)
	}
	return source, nil
}

// decode reads a body, and the stream that it is about.
func decode(body []byte, into any, o *origin) (report, error) {
	if err := errors.Join(json.Unmarshal(body, o), json.Unmarshal(body, into)); err != nil {
		return report{}, err
	}
	source, err := o.source()
	return report{source: source}, err
}

// readPush reads events 1 and 0 (section 3.3).
func readPush(body []byte, _ time.Time) (report, error) {
	var c struct {
		Type     intake.Number  `json:"event_type"`
		Time     intake.Number  `json:"event_time"`
		Sequence string         `json:"sequence"`
		Duration intake.Number  `json:"push_duration"`
		Code     intake.Number  `json:"errcode"`
		Sub      *intake.Number `json:"sub_errcode"`
	}
	r, err := decode(body, &c, &origin{})
	if err != nil {
		return r, err
	}
	if c.Sequence == "" || len(c.Sequence) > maxSequence {
		return r, fmt.Errorf("%w: the sequence", errIncomplete)
	}
	r.identity = c.Sequence
	r.event = stream.Event{Kind: stream.Started, Push: c.Sequence, Time: millis(c.Time)}
	if c.Type != typeEnded {
		return r, nil
	}
	r.event.Kind, r.event.Code = stream.Ended, c.Code.Int32()
	if c.Sub != nil {
		sub := c.Sub.Int32()
		r.event.Sub = &sub
	}
	if lasted := int64(c.Duration); lasted > 0 && lasted <= longestPush && lasted < r.event.Time {
		r.event.Lasted = lasted
	}
	return r, nil
}

// readRecording reads event 100 (section 3.4).
func readRecording(body []byte, _ time.Time) (report, error) {
	var c struct {
		FileID string        `json:"file_id"`
		End    intake.Number `json:"end_time"`
		URL    string        `json:"video_url"`
	}
	r, err := decode(body, &c, &origin{})
	if err != nil {
		return r, err
	}
	r.identity = cmp.Or(c.FileID, c.URL)
	if file := intake.FileURL(c.URL); file != "" {
		r.event = stream.Event{Kind: stream.Recorded, Time: millis(c.End), URL: file}
	}
	return r, nil
}

// readScreenshot reads event 200 (section 3.5).
func readScreenshot(body []byte, _ time.Time) (report, error) {
	var c struct {
		Time intake.Number `json:"create_time"`
		Path string        `json:"pic_url"`
		URL  string        `json:"pic_full_url"`
	}
	r, err := decode(body, &c, &origin{})
	if err != nil {
		return r, err
	}
	r.identity = fmt.Sprintf("%s/%d", cmp.Or(c.Path, c.URL), c.Time)
	if file := intake.FileURL(c.URL); file != "" {
		r.event = stream.Event{Kind: stream.Pictured, Time: millis(c.Time), URL: file}
	}
	return r, nil
}

// millis of a time in seconds; 0 for one that no time can be.
func millis(seconds intake.Number) int64 {
	if seconds <= 0 || seconds > 1<<40 {
		return 0
	}
	return int64(seconds) * 1000
}
