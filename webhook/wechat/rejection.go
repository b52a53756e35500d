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

import "net/http"

// Rejection is the reason for which a call was refused, as metrics have it.
type Rejection string

// The reasons for refusals. Each is a value of a metric's label: the set is closed.
const (
	// RejectedMethod: neither a GET nor a POST.
	RejectedMethod Rejection = "method"
	// RejectedPath: no account has this path.
	RejectedPath Rejection = "path"
	// RejectedToken: the account has no token.
	RejectedToken Rejection = "no_token"
	// RejectedUnsigned: a signature, timestamp or nonce is missing or malformed.
	RejectedUnsigned Rejection = "unsigned"
	// RejectedForged: no token of the account makes this signature.
	RejectedForged Rejection = "forged"
	// RejectedStale: the timestamp is too far from now.
	RejectedStale Rejection = "stale"
	// RejectedMode: less protected than was declared, or encrypted where that was
	// not declared.
	RejectedMode Rejection = "wrong_mode"
	// RejectedSealed: well signed, and encrypted with a key that the account has not.
	RejectedSealed Rejection = "undecryptable"
	// RejectedApp: encrypted for another AppID.
	RejectedApp Rejection = "wrong_app"
	// RejectedEcho: a verification without a text to repeat, or with one that is too long.
	RejectedEcho Rejection = "echo"
	// RejectedSize: the body is too long.
	RejectedSize Rejection = "oversized"
	// RejectedRead: the body did not come in time or ended early.
	RejectedRead Rejection = "truncated"
	// RejectedShape: nested too deeply, too many elements, or a field that comes twice.
	RejectedShape Rejection = "nested"
	// RejectedBody: neither the XML nor the JSON of a push.
	RejectedBody Rejection = "malformed"
	// RejectedBusy: too many pushes at once.
	RejectedBusy Rejection = "busy"
	// RejectedJournal: the push was not accepted; WeChat shall repeat it.
	RejectedJournal Rejection = "journal"
	// RejectedLate: the push was not accepted in time; WeChat shall repeat it.
	RejectedLate Rejection = "late"
)

// statuses are all reasons with their answers, so that each is exposed from the
// start. An account without a token looks like none, and every doubt about the
// sender like any other.
var statuses = map[Rejection]int{
	RejectedMethod:   http.StatusMethodNotAllowed,
	RejectedPath:     http.StatusNotFound,
	RejectedToken:    http.StatusNotFound,
	RejectedUnsigned: http.StatusForbidden,
	RejectedForged:   http.StatusForbidden,
	RejectedStale:    http.StatusForbidden,
	RejectedMode:     http.StatusForbidden,
	RejectedSealed:   http.StatusForbidden,
	RejectedApp:      http.StatusForbidden,
	RejectedEcho:     http.StatusBadRequest,
	RejectedSize:     http.StatusRequestEntityTooLarge,
	RejectedRead:     http.StatusBadRequest,
	RejectedShape:    http.StatusBadRequest,
	RejectedBody:     http.StatusBadRequest,
	RejectedBusy:     http.StatusServiceUnavailable,
	RejectedJournal:  http.StatusServiceUnavailable,
	RejectedLate:     http.StatusServiceUnavailable,
}

// mismatches are the refusals of whoever knows the path and has other settings
// than the account: most likely WeChat itself.
var mismatches = map[Rejection]bool{RejectedForged: true, RejectedMode: true, RejectedSealed: true, RejectedApp: true}
