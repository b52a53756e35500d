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

package intake

import (
	"encoding/json"
	"net/http"
)

// Rejection is the reason for which a callback was refused, as metrics have it.
type Rejection string

// The reasons for refusals. Each is a value of a metric's label: the set is closed.
const (
	// Method: not a POST.
	Method Rejection = "method"
	// Path: no application has this path.
	Path Rejection = "path"
	// NoKey: the application has no callback key.
	NoKey Rejection = "no_key"
	// Oversized: the body is too long.
	Oversized Rejection = "oversized"
	// Truncated: the body did not come in time or ended early.
	Truncated Rejection = "truncated"
	// Nested: the body is nested too deeply.
	Nested Rejection = "nested"
	// Malformed: the body is not a callback.
	Malformed Rejection = "malformed"
	// Unsigned: the signature, or what it is made of, is missing.
	Unsigned Rejection = "unsigned"
	// Forged: the signature is not the key's.
	Forged Rejection = "forged"
	// Stale: the callback has ended, or is from too far ahead.
	Stale Rejection = "stale"
	// WrongApp: the account or the SDKAppID is another one.
	WrongApp Rejection = "wrong_app"
	// Implausible: it tells of something that has not happened yet.
	Implausible Rejection = "implausible"
	// Busy: too many callbacks at once.
	Busy Rejection = "busy"
	// Unwritten: the journal did not take the event.
	Unwritten Rejection = "journal"
)

// statuses are what is answered by HTTP. Both services repeat what is not answered
// with 200.
var statuses = map[Rejection]int{
	Method: http.StatusMethodNotAllowed, Path: http.StatusNotFound, NoKey: http.StatusNotFound,
	Oversized: http.StatusRequestEntityTooLarge, Truncated: http.StatusBadRequest, Nested: http.StatusBadRequest, Malformed: http.StatusBadRequest,
	Unsigned: http.StatusForbidden, Forged: http.StatusForbidden, Stale: http.StatusForbidden, WrongApp: http.StatusForbidden,
	Implausible: http.StatusBadRequest, Busy: http.StatusServiceUnavailable, Unwritten: http.StatusServiceUnavailable,
}

// accepted is the answer to what is taken.
var accepted = []byte(`{"code":0}`)

var jsonType = []string{"application/json; charset=utf-8"}

func accept(w http.ResponseWriter) {
	w.Header()["Content-Type"] = jsonType
	_, _ = w.Write(accepted)
}

// answer refuses. The text tells the reason and nothing about what is configured: an
// application without a key looks like none.
func answer(w http.ResponseWriter, reason Rejection) {
	status := statuses[reason]
	if reason == NoKey {
		reason = Path
	}
	body, _ := json.Marshal(struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}{status, string(reason)})
	w.Header()["Content-Type"] = jsonType
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
