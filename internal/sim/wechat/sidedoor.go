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

package wechat

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"time"
)

// sideDoorPage is how many items a list of the side door has unless asked
// otherwise.
const sideDoorPage = 1000

// newSideDoor routes what doc.go describes.
func (s *Simulator) newSideDoor() http.Handler {
	mux := http.NewServeMux()
	route := func(pattern string, serve func(*http.Request) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, maxSideDoorBody)
			result, err := serve(r)
			reply(w, result, err)
		})
	}
	const (
		base     = "/sim/wechat/"
		account  = base + "accounts/{app}"
		follower = account + "/followers/{id}"
	)
	route("GET "+base+"state", s.doorState)
	route("POST "+base+"accounts", s.doorAddAccount)
	route("GET "+account, s.doorAccount)
	route("PATCH "+account, s.doorUpdateAccount)
	route("PUT "+account+"/webhook", s.doorSetWebhook)
	route("POST "+account+"/verify", s.doorVerify)
	route("POST "+account+"/token", s.doorTroubleToken)
	route("DELETE "+account+"/quotas", s.doorResetQuotas)
	route("POST "+account+"/voices", s.doorRecordVoice)
	route("GET "+account+"/media/{id}", s.doorMedia)
	route("DELETE "+account+"/media/{id}", s.doorExpireMedia)
	route("GET "+account+"/followers", s.doorFollowers)
	route("POST "+account+"/followers", s.doorFollow)
	route("POST "+account+"/messages", s.doorWriteMany)
	route("GET "+follower, s.doorFollower)
	route("DELETE "+follower, s.doorUnfollow)
	route("POST "+follower+"/messages", s.doorWrite)
	route("POST "+follower+"/taps", s.doorTap)
	route("POST "+follower+"/clicks", s.doorClick)
	route("POST "+follower+"/scans", s.doorScan)
	route("POST "+follower+"/payments", s.doorPay)
	route("POST "+follower+"/events", s.doorEvent)
	route("GET "+follower+"/phone", s.doorPhone)
	route("DELETE "+follower+"/window", s.doorCloseWindow)
	route("GET "+base+"pushes", s.doorPushes)
	route("DELETE "+base+"pushes", s.doorResetPushes)
	route("GET "+base+"delivery", s.doorDelivery)
	route("PUT "+base+"delivery", s.doorSetDelivery)
	route("GET "+base+"calls", s.doorCalls)
	route("DELETE "+base+"calls", s.doorResetCalls)
	route("GET "+base+"faults", s.doorFaults)
	route("POST "+base+"faults", s.doorInject)
	route("DELETE "+base+"faults", s.doorClearFaults)
	return mux
}

// doorError is a side door's refusal with its HTTP status.
type doorError struct {
	status int
	text   string
}

func (e *doorError) Error() string { return e.text }

func notFound(what, id string) error {
	return &doorError{status: http.StatusNotFound, text: fmt.Sprintf("%s %q does not exist", what, id)}
}

// conflict is for what the state does not allow.
func conflict(format string, arguments ...any) error {
	return &doorError{status: http.StatusConflict, text: fmt.Sprintf(format, arguments...)}
}

// reply writes the result of a side door call: 200 with JSON, 204 without a
// result, or an error with its text.
func reply(w http.ResponseWriter, result any, err error) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	if content, ok := result.(doorContent); ok && err == nil {
		header.Set("Content-Type", content.contentType)
		_, _ = w.Write(content.data)
		return
	}
	if err == nil && result == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	status := http.StatusOK
	if err != nil {
		status, result = statusOf(err), map[string]any{"error": err.Error()}
	}
	header.Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(result)
}

// doorContent is an answer that is not JSON.
type doorContent struct {
	contentType string
	data        []byte
}

func statusOf(err error) int {
	var door *doorError
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &door):
		return door.status
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, errQueueFull), errors.Is(err, errClosed):
		return http.StatusServiceUnavailable
	default:
		return http.StatusBadRequest
	}
}

// decode reads a body of the side door; unknown fields are refused, so that a
// misspelt one does not go unnoticed. An empty body leaves the zero value.
func decode(r *http.Request, into any) error {
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("body: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("body: more than one JSON value")
	}
	return nil
}

// number reads an optional parameter.
func number(r *http.Request, name string, fallback uint64) (uint64, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return fallback, nil
	}
	value, err := strconv.ParseUint(text, 10, 64)
	if err != nil || value > math.MaxInt32 {
		return 0, fmt.Errorf("%s %q: must be a number from 0", name, text)
	}
	return value, nil
}

// page cuts a list by ?offset= and ?limit=.
func page[T any](r *http.Request, list []T) ([]T, error) {
	offset, err := number(r, "offset", 0)
	if err != nil {
		return nil, err
	}
	limit, err := number(r, "limit", sideDoorPage)
	if err != nil {
		return nil, err
	}
	list = list[min(offset, uint64(len(list))):]
	return list[:min(limit, uint64(len(list)))], nil
}

// duration reads an optional duration like "250ms".
func duration(name, text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	parsed, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	return parsed, nil
}

// patience reads ?wait=, which is bounded.
func patience(r *http.Request) (time.Duration, error) {
	wanted, err := duration("wait", r.URL.Query().Get("wait"))
	return min(wanted, maxFaultWait), err
}
