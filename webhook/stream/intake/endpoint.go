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

// Package intake takes callbacks about streams over HTTP: what the receivers of CSS
// and of TRTC have in common. It bounds a request, finds the application and its key,
// has a Judge say what the callback means, writes that to the journal, and answers.
package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/liveroom-io/liveroom-operator/webhook/directory"
	"github.com/liveroom-io/liveroom-operator/webhook/journal"
	"github.com/liveroom-io/liveroom-operator/webhook/stream"
)

const (
	// Patience with the journal: TRTC gives up after 5 s, CSS after 20.
	Patience = 3 * time.Second
	// MaxBodyBytes of a callback. The longest are findings of moderation, with some
	// kilobytes.
	MaxBodyBytes = 64 << 10
	// maxUnderway bounds the callbacks that are worked on at once.
	maxUnderway = 512
	// maxTold bounds how many paths are remembered of which the journal was told.
	maxTold = 10_000
)

// Journal is where events are written.
type Journal interface {
	// Append returns when the entry is safe, or after Patience.
	Append(context.Context, journal.Entry) (journal.Receipt, error)
}

// Call is a callback that came on the path of an application, with the key that
// belongs to the path. That it is authentic is for the Judge to prove.
type Call struct {
	App    *directory.App
	Key    string
	Header http.Header
	Body   []byte
	Now    time.Time
}

// Verdict is what a callback means.
type Verdict struct {
	// Rejection is why it is refused; empty when it is authentic, fresh and of the
	// application.
	Rejection Rejection
	// Label of the event in metrics, from a closed set.
	Label string
	// Outcome of an authentic callback without an Event: Ignored or Unassigned.
	Outcome Outcome
	// Event to write down; nil for none.
	Event *stream.Event
	// Unproven: anybody may have sent it. It is answered, and means nothing.
	Unproven bool
}

// Refuse is the verdict on a callback that is not taken.
func Refuse(reason Rejection) Verdict { return Verdict{Rejection: reason} }

// Judge says what a callback means, after it has proved that it is authentic.
type Judge func(*Call) Verdict

// Config of an endpoint.
type Config struct {
	Directory *directory.Directory
	Journal   Journal
	Clock     clock.PassiveClock
	Metrics   *Metrics
	Log       logr.Logger
}

// Endpoint takes the callbacks of one service, of all applications.
type Endpoint struct {
	Config
	service Service
	judge   Judge

	underway chan struct{}
	mu       sync.Mutex
	told     map[string]int64 // the day on which the journal was told of a path, by its segment
}

// New returns the endpoint of a service.
func New(config Config, service Service, judge Judge) *Endpoint {
	return &Endpoint{Config: config, service: service, judge: judge, underway: make(chan struct{}, maxUnderway), told: map[string]int64{}}
}

// ServeHTTP bounds, looks up, judges, writes down, answers.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case e.underway <- struct{}{}:
		defer func() { <-e.underway }()
	default:
		e.refuse(w, Busy)
		return
	}
	app, key, reason := e.admit(r)
	if reason != "" {
		e.refuse(w, reason)
		return
	}
	body, reason := read(w, r)
	if reason != "" {
		e.refuse(w, reason)
		return
	}
	now := e.Clock.Now()
	verdict := e.judge(&Call{App: app, Key: key.Key, Header: r.Header, Body: body, Now: now})
	if verdict.Rejection != "" {
		e.refuse(w, verdict.Rejection)
		return
	}
	outcome := verdict.Outcome
	if verdict.Event != nil {
		outcome = e.write(r.Context(), app, verdict.Event)
	}
	if outcome == Failed {
		e.refuse(w, Unwritten)
	} else {
		if !verdict.Unproven {
			e.hear(r.Context(), app, key.Segment, now)
		}
		accept(w)
	}
	e.Metrics.answered(e.service, verdict.Label, outcome)
}

// admit finds the application of a request, and the key of its path.
func (e *Endpoint) admit(r *http.Request) (*directory.App, directory.ReceiverKey, Rejection) {
	none := directory.ReceiverKey{}
	if r.Method != http.MethodPost {
		return nil, none, Method
	}
	app := e.Directory.App(types.NamespacedName{Namespace: r.PathValue("namespace"), Name: r.PathValue("imapp")})
	if app == nil {
		return nil, none, Path
	}
	receiver := e.service.receiver(app)
	if receiver == nil || len(receiver.Keys) == 0 {
		return nil, none, NoKey
	}
	key, found := receiver.KeyFor(r.PathValue("segment"))
	if !found {
		return nil, none, Path
	}
	return app, key, ""
}

// read returns the whole body, which may not be longer than MaxBodyBytes.
func read(w http.ResponseWriter, r *http.Request) ([]byte, Rejection) {
	if r.ContentLength > MaxBodyBytes {
		return nil, Oversized
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBodyBytes))
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return nil, Oversized
	case err != nil:
		return nil, Truncated
	}
	return body, ""
}

// hear lets all pods know that callbacks come on a path, once a day. If the journal
// does not take that, the next callback tells again.
func (e *Endpoint) hear(ctx context.Context, app *directory.App, segment string, now time.Time) {
	today := now.Unix() / int64((24 * time.Hour).Seconds())
	e.mu.Lock()
	day, told := e.told[segment]
	e.mu.Unlock()
	if told && day == today {
		return
	}
	heard := stream.Event{
		ID: fmt.Sprintf("heard/%s/%s/%d", app.Key, segment, today), Kind: stream.Heard,
		App: app.Key.String(), Segment: segment, Time: now.UnixMilli(),
	}
	entry, err := heard.Entry()
	if err == nil {
		_, err = e.Journal.Append(ctx, entry)
	}
	if err != nil {
		e.Log.V(1).Info("The journal did not take that callbacks about streams come", "app", app.Key.String(), "error", err.Error())
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.told) >= maxTold {
		clear(e.told)
	}
	e.told[segment] = today
}

// write puts an event into the journal before success is answered.
func (e *Endpoint) write(ctx context.Context, app *directory.App, event *stream.Event) Outcome {
	entry, err := event.Entry()
	var receipt journal.Receipt
	if err == nil {
		receipt, err = e.Journal.Append(ctx, entry)
	}
	switch {
	case err != nil:
		e.Log.V(1).Info("The journal did not take an event of a stream", "app", app.Key.String(), "error", err.Error())
		return Failed
	case receipt.Duplicate:
		return Duplicate
	default:
		return Written
	}
}

func (e *Endpoint) refuse(w http.ResponseWriter, reason Rejection) {
	e.Metrics.refused(e.service, reason)
	answer(w, reason)
}
