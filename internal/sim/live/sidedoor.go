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
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"
)

const (
	doorPath     = "/sim/"
	maxDoorBytes = 128 << 10
)

// newSideDoor routes what doc.go describes.
func (s *Simulator) newSideDoor() http.Handler {
	mux := http.NewServeMux()
	route := func(pattern string, serve func(*http.Request) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, maxDoorBytes)
			result, err := serve(r)
			reply(w, result, err)
		})
	}
	route("POST /sim/push", s.doorPush)
	route("POST /sim/stop", s.doorStop)
	route("GET /sim/play", s.doorPlay)
	route("POST /sim/trtc/enter", s.doorEnter)
	route("POST /sim/trtc/role", s.doorRole)
	route("POST /sim/trtc/media", s.doorMedia)
	route("POST /sim/trtc/leave", s.doorLeave)
	route("POST /sim/event", s.doorEvent)
	route("GET /sim/streams", s.doorStreams)
	route("GET /sim/trtc/rooms", s.doorRooms)
	route("GET /sim/deliveries", s.doorDeliveries)
	route("GET /sim/stats", s.doorStats)
	route("POST /sim/deliveries/{number}", s.doorReplay)
	route("PUT /sim/callbacks", s.doorCallbacks)
	route("PUT /sim/disorder", s.doorDisorder)
	route("GET /sim/faults", s.doorFaults)
	route("POST /sim/faults", s.doorInject)
	route("DELETE /sim/faults", s.doorClearFaults)
	return mux
}

// statusError is an HTTP status without words.
type statusError struct{ status int }

func (e *statusError) Error() string { return http.StatusText(e.status) }

var errNobody = errors.New("nobody pushes the stream")

// reply writes the result of a call: 200 with JSON, 204 without a result, or an error
// with its text.
func reply(w http.ResponseWriter, result any, err error) {
	w.Header().Set("Cache-Control", "no-store")
	if err == nil && result == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	status := http.StatusOK
	if err != nil {
		status, result = refusalOf(err)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(result) // the caller is gone
}

// refusalOf is the status and the body of an error.
func refusalOf(err error) (status int, body any) {
	text := map[string]any{"error": err.Error()}
	var own *statusError
	var refusal *Refusal
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &own):
		return own.status, text
	case errors.As(err, &refusal):
		text["errcode"], text["sub"] = refusal.Code, refusal.Sub
		return http.StatusConflict, text
	case errors.Is(err, errNobody), errors.Is(err, errNotInRoom):
		return http.StatusConflict, text
	case errors.As(err, &long):
		return http.StatusRequestEntityTooLarge, text
	}
	return http.StatusBadRequest, text
}

// read the JSON body of a call.
func read[T any](r *http.Request) (body T, err error) {
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err = decoder.Decode(&body); err != nil {
		return body, fmt.Errorf("the body cannot be read: %w", err)
	}
	return body, nil
}

func (s *Simulator) doorPush(r *http.Request) (any, error) {
	body, err := read[struct{ URL string }](r)
	if err != nil {
		return nil, err
	}
	sequence, err := s.Push(body.URL)
	if err != nil {
		return nil, err
	}
	a, err := parse(body.URL)
	return map[string]any{"streamName": a.name, "sequence": sequence}, err
}

func (s *Simulator) doorStop(r *http.Request) (any, error) {
	body, err := read[struct {
		StreamName string
		Errcode    *int
		Sub        int
	}](r)
	if err != nil {
		return nil, err
	}
	errcode := hostStopped
	if body.Errcode != nil {
		errcode = *body.Errcode
	}
	return s.stopped(body.StreamName, errcode, body.Sub)
}

func (s *Simulator) stopped(name string, errcode, sub int) (any, error) {
	if !s.Stop(name, errcode, sub) {
		return nil, errNobody
	}
	return nil, nil
}

func (s *Simulator) doorPlay(r *http.Request) (any, error) {
	if status := s.Play(r.URL.Query().Get("url")); status != http.StatusOK {
		return nil, &statusError{status}
	}
	return struct{}{}, nil
}

func (s *Simulator) doorEvent(r *http.Request) (any, error) {
	body, err := read[struct {
		Type       int
		StreamName string
		Fields     map[string]any
	}](r)
	if err != nil {
		return nil, err
	}
	return nil, s.Emit(body.Type, body.StreamName, body.Fields)
}

// Stream is what is known of a name.
type Stream struct {
	Name string `json:"name"`
	// Sequence, Domain, AppName and Since of the push, if somebody pushes.
	Sequence string     `json:"sequence,omitempty"`
	Domain   string     `json:"domain,omitempty"`
	AppName  string     `json:"appName,omitempty"`
	Since    *time.Time `json:"since,omitempty"`
	// ForbiddenUntil is absent for streams that are not.
	ForbiddenUntil *time.Time `json:"forbiddenUntil,omitempty"`
}

// Streams are those that are pushed or forbidden, by name.
func (s *Simulator) Streams() []Stream {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []Stream{}
	for _, name := range slices.Sorted(maps.Keys(s.streams)) {
		one, known := Stream{Name: name}, *s.streams[name]
		if p := known.push; p != nil {
			one.Sequence, one.Domain, one.AppName, one.Since = p.sequence, p.domain, p.app, &p.began
		}
		if s.isForbidden(name) {
			one.ForbiddenUntil = &known.forbidden
		}
		if one.Sequence != "" || one.ForbiddenUntil != nil {
			all = append(all, one)
		}
	}
	return all
}

func (s *Simulator) doorStreams(*http.Request) (any, error) { return s.Streams(), nil }
