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
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/sim/fault"
)

const (
	maxRequestBytes = 64 << 10

	serviceLive = "live"
	serviceTRTC = "trtc"
)

// apiError is a refusal in the envelope.
type apiError struct{ code, message string }

// parameters of all actions.
type parameters struct {
	AppName, DomainName, StreamName string
	ResumeTime, Reason              string
	PageNum, PageSize               int

	SdkAppId *int64          //nolint:revive,staticcheck // the API's name
	RoomId   json.RawMessage //nolint:revive,staticcheck // the API's name
	UserIds  []string        //nolint:revive,staticcheck // the API's name
}

// action of the API. It runs with the lock held.
type action struct {
	service string
	do      func(*Simulator, *parameters) (map[string]any, *apiError)
}

// actions of sections 5 and 8.
var actions = map[string]action{
	"DescribeLiveStreamState":      {serviceLive, (*Simulator).describe},
	"DropLiveStream":               {serviceLive, (*Simulator).drop},
	"ForbidLiveStream":             {serviceLive, (*Simulator).forbid},
	"ResumeLiveStream":             {serviceLive, (*Simulator).resume},
	"DescribeLiveStreamOnlineList": {serviceLive, (*Simulator).online},
	"DismissRoom":                  {serviceTRTC, (*Simulator).dismissNumber},
	"DismissRoomByStrRoomId":       {serviceTRTC, (*Simulator).dismissName},
	"RemoveUser":                   {serviceTRTC, (*Simulator).removeFromNumber},
	"RemoveUserByStrRoomId":        {serviceTRTC, (*Simulator).removeFromName},
}

var versions = map[string]string{serviceLive: "2018-08-01", serviceTRTC: "2019-07-22"}

// serveAPI answers in the envelope, with 200 for refusals, too.
func (s *Simulator) serveAPI(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequestBytes+1))
	if err != nil || len(body) > maxRequestBytes {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	name := r.Header.Get("X-TC-Action")
	if _, known := actions[name]; !known {
		name = "unknown"
	}
	s.mu.Lock()
	s.stats.Calls[name]++
	s.mu.Unlock()
	var result map[string]any
	var effect fault.Effect[apiError]
	service, refused := s.authenticate(r, body)
	if refused == nil {
		effect = s.faults.Take(func(c *calls) bool { return c.concern(name, body) })
		fault.Wait(r.Context(), effect.Latency)
		if effect.Runs() {
			result, refused = s.run(r.Header, service, name, body)
		}
	}
	if effect.Refusal != nil {
		refused = effect.Refusal
	}
	if refused != nil {
		s.refuse(name + " " + refused.code)
		result = map[string]any{"Error": map[string]any{"Code": refused.code, "Message": refused.message}}
	}
	switch {
	case effect.Reset != "":
		fault.ResetConnection(w)
	case effect.HTTPStatus != 0:
		w.WriteHeader(effect.HTTPStatus)
	default:
		answer(w, r, result, effect.SlowAnswer)
	}
}

func answer(w http.ResponseWriter, r *http.Request, result map[string]any, over time.Duration) {
	if result == nil {
		result = map[string]any{}
	}
	result["RequestId"] = requestID()
	w.Header().Set("Content-Type", "application/json")
	text, _ := json.Marshal(map[string]any{"Response": result}) // texts and numbers only
	if over > 0 {
		fault.Dribble(r.Context(), w, text, over)
		return
	}
	_, _ = w.Write(text) // the caller is gone
}

// requestID is a new UUID.
func requestID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // it never fails
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// run an action.
func (s *Simulator) run(header http.Header, service, name string, body []byte) (map[string]any, *apiError) {
	act, known := actions[name]
	switch {
	case !known || act.service != service:
		return nil, &apiError{"InvalidAction", "no such action"}
	case header.Get("X-TC-Version") != versions[service]:
		return nil, &apiError{"NoSuchVersion", "no such version"}
	case service == serviceTRTC && header.Get("X-TC-Region") == "":
		return nil, &apiError{"MissingParameter", "X-TC-Region is missing"}
	}
	var p parameters
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&p); err != nil {
		return nil, &apiError{"InvalidParameter", "the body cannot be read"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return act.do(s, &p)
}

// calls are those that a fault concerns.
type calls struct{ action, match string }

func (c *calls) concern(name string, body []byte) bool {
	return (c.action == "*" || c.action == name) && bytes.Contains(body, []byte(c.match))
}

// Fault is a disturbance of calls of the API that would otherwise have been served: it
// comes after the signature was checked.
type Fault struct {
	// Action to disturb, such as ForbidLiveStream, or * for all.
	Action string
	// Match, when not empty, limits the fault to bodies that contain it.
	Match string
	// Times is how many calls are disturbed. 0 means all.
	Times int
	// Probability is the chance that one of them is disturbed. 0 means 1.
	Probability float64

	// Latency delays the call, before it takes effect.
	Latency time.Duration
	// Code and Message are answered instead of running the call.
	Code, Message string
	// Commit runs the call although Code or HTTPStatus is answered.
	Commit bool
	// HTTPStatus answers as a failing gateway would, for example 502.
	HTTPStatus int
	// Reset breaks the connection.
	Reset fault.Reset
	// SlowAnswer stretches the sending of the answer over this time.
	SlowAnswer time.Duration
}

var errorCodes = regexp.MustCompile(`^[A-Za-z.]{1,100}$`)

// InjectFault adds a fault.
func (s *Simulator) InjectFault(f Fault) error {
	_, err := s.inject(f)
	return err
}

// inject adds a fault and returns its number.
func (s *Simulator) inject(f Fault) (int, error) {
	if _, known := actions[f.Action]; !known && f.Action != "*" {
		return 0, fmt.Errorf("fault: unknown action %q", f.Action)
	}
	effect := fault.Effect[apiError]{Latency: f.Latency, Commit: f.Commit, HTTPStatus: f.HTTPStatus, Reset: f.Reset, SlowAnswer: f.SlowAnswer}
	if f.Code != "" {
		if !errorCodes.MatchString(f.Code) {
			return 0, fmt.Errorf("fault: %q is no error code", f.Code)
		}
		if f.Message == "" {
			f.Message = "injected fault"
		}
		effect.Refusal = &apiError{f.Code, f.Message}
	}
	return s.faults.Add(fault.Rule[calls, apiError]{Calls: calls{f.Action, f.Match}, Times: f.Times, Probability: f.Probability, Effect: effect})
}

// ClearFaults removes all faults.
func (s *Simulator) ClearFaults() { s.faults.Clear() }
