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

package im

import (
	"encoding/json"
	"net/http"
)

// Codes of answers (sections 1.5 and 3 of the callback contract).
const (
	codeAccept = 0
	codeDrop   = 2
)

// Answer is the envelope of every answer. In all documented samples ActionStatus
// stays OK when a message is rejected; FAIL with a code 0 is undefined.
type Answer struct {
	ActionStatus    string
	ErrorInfo       string
	ErrorCode       int
	MsgBody         json.RawMessage `json:",omitempty"`
	CloudCustomData *string         `json:",omitempty"`
}

// accepted is the canonical answer, encoded once.
var accepted = []byte(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`)

// accept answers that all is well.
func accept(w http.ResponseWriter) {
	w.Header()["Content-Type"] = jsonType
	_, _ = w.Write(accepted)
}

// write sends an answer.
func (a Answer) write(w http.ResponseWriter) {
	body, err := json.Marshal(a)
	if err != nil { // a replacement that is no JSON: let the original pass
		accept(w)
		return
	}
	w.Header()["Content-Type"] = jsonType
	_, _ = w.Write(body)
}

// refuse answers a call that is not taken. IM reads anything but 200 as a
// failure. The text tells the reason and nothing about what is configured: an
// application without a token looks like none.
func refuse(w http.ResponseWriter, status int, reason Rejection) {
	if reason == RejectedToken {
		reason = RejectedPath
	}
	body, _ := json.Marshal(Answer{ActionStatus: "FAIL", ErrorCode: status, ErrorInfo: string(reason)})
	w.Header()["Content-Type"] = jsonType
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

var jsonType = []string{"application/json; charset=utf-8"}
