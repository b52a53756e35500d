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
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/sim/fault"
)

// maxAnswerBytes is the largest answer that the provider gives (10018).
const maxAnswerBytes = 1 << 20

// ServeHTTP serves the API under /v4/ and the side door under /sim/.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/sim/") {
		s.sideDoor.ServeHTTP(w, r)
		return
	}
	s.serveAPI(w, r)
}

// call is one request on its way through a command.
type call struct {
	params
	identifier string // the administrator, or the client, who calls
	origin     origin
	now        time.Time
	began      time.Time // before any callback was asked
	ruling     *ruling   // of the callback before the command, if any was asked
	drawnSeq   *uint32   // the MsgSeq of a message that was given none
	load       *loadCall // set when a load does it
}

// newCall makes a call that begins now.
func (s *Simulator) newCall(fields map[string]any, service *service, identifier string, from origin) *call {
	now := s.now()
	return &call{params: newParams(fields, service), identifier: identifier, origin: from, now: now, began: now}
}

// unix returns the time of the call as the API counts it.
func (c *call) unix() int64 { return c.now.Unix() }

// serveAPI is the access layer. Whatever happens, the HTTP status is 200 and
// the outcome is in the body, unless a fault asks for something else.
func (s *Simulator) serveAPI(w http.ResponseWriter, r *http.Request) {
	command := commandOf(r.URL.Path)
	s.calls.enter(command.path())
	defer s.calls.leave(command.path())

	body, readErr := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBodyBytes))
	fault.Wait(r.Context(), s.options.Latency)

	fields, disturbed, refusal := s.admit(r, command, body, readErr)
	fault.Wait(r.Context(), disturbed.Latency)

	var result answer
	var requestID string
	if refusal == nil && disturbed.Runs() {
		c := s.newCall(fields, command.service, r.URL.Query().Get("identifier"), remoteOrigin(r))
		result, requestID, refusal = s.run(command, c)
	}
	if disturbed.Refusal != nil {
		result, refusal = nil, disturbed.Refusal
	}
	payload, refusal := encodeAnswer(command, result, refusal, requestID)
	s.calls.record(Call{
		Time:       s.now(),
		Command:    command.path(),
		Identifier: r.URL.Query().Get("identifier"),
		Code:       codeOf(refusal),
		Fault:      disturbed.Label(faultCode),
		Body:       string(body),
	})
	if disturbed.Reset != "" {
		fault.ResetConnection(w)
		return
	}
	s.deliver(w, r, disturbed, payload)
}

// admit checks everything that comes before the command itself: URL,
// credentials, rate limit, body; and then asks for faults.
func (s *Simulator) admit(r *http.Request, command *command, body []byte, readErr error) (map[string]any, disturbance, *Refusal) {
	if refusal := s.checkURL(r, command); refusal != nil {
		return nil, disturbance{}, refusal
	}
	query := r.URL.Query()
	identifier := query.Get("identifier")
	issued, refusal := s.auth.authenticate(identifier, query.Get("usersig"), s.now())
	if refusal != nil {
		return nil, disturbance{}, refusal
	}
	if refusal := s.checkAdministrator(command, identifier, issued); refusal != nil {
		return nil, disturbance{}, refusal
	}
	if refusal := s.limits.take(command, s.now()); refusal != nil {
		return nil, disturbance{}, refusal
	}
	if readErr != nil {
		return nil, disturbance{}, refuse(codeHTTPFormat, "body cannot be read or is larger than %d bytes", MaxBodyBytes)
	}
	fields, err := parseObject(body)
	if err != nil {
		code := codeBodyFormat
		if s.options.ServiceCodes {
			code = command.service.jsonCode
		}
		return nil, disturbance{}, refuse(code, "%v", err)
	}
	return fields, s.faults.Take(func(f *Fault) bool { return f.concerns(command, body) }), nil
}

// checkURL checks method, path and query parameters.
func (s *Simulator) checkURL(r *http.Request, command *command) *Refusal {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || r.Method != http.MethodPost {
		return refuse(codeHTTPFormat, "the request must be a POST with a well-formed query")
	}
	if command == unknownCommand {
		return refuse(codeNoCommand, "no such service or command, check the URL")
	}
	if query.Get("sdkappid") == "" {
		return refuse(codeAppMissing, "sdkappid is missing in the URL")
	}
	app, err := strconv.ParseInt(query.Get("sdkappid"), 10, 64)
	if err != nil || app <= 0 {
		return refuse(codeAppInvalid, "sdkappid is invalid")
	}
	if app != s.options.SDKAppID {
		return refuse(codeAppUnknown, "sdkappid is not known here")
	}
	if identifier := query.Get("identifier"); !validUserID(identifier) {
		return refuse(codeURLAccount, "identifier is missing or invalid")
	}
	if random, err := strconv.ParseUint(query.Get("random"), 10, 64); err != nil || random > math.MaxUint32 {
		return refuse(codeHTTPFormat, "random must be from 0 to 4294967295")
	}
	if query.Get("contenttype") != "json" {
		return refuse(codeHTTPFormat, "contenttype must be json")
	}
	return nil
}

// checkAdministrator checks that the proven identifier may call the API.
func (s *Simulator) checkAdministrator(command *command, identifier string, issued int64) *Refusal {
	if !slices.Contains(s.options.Administrators, identifier) {
		code := codeNotAdmin
		if s.options.ServiceCodes {
			code = command.service.adminCode
		}
		return refuse(code, "identifier is not an administrator of the app")
	}
	if s.options.KickRevokesAdministrators && s.kickedAfter(identifier, issued) {
		return refuse(codeSigExpired, "UserSig was invalidated by kick")
	}
	return nil
}

// remoteOrigin is where a call of the API comes from.
func remoteOrigin(r *http.Request) origin {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	return origin{platform: platformREST, ip: host}
}

// run executes a command as one atomic step, after its before-callback.
func (s *Simulator) run(command *command, c *call) (answer, string, *Refusal) {
	var ask func() (*question, error)
	if command.ask != nil {
		ask = func() (*question, error) { return command.ask(s, c) }
	}
	requestID := ""
	result, err := s.act(c, command.asks, ask, func() (answer, error) {
		if command.style() == envelopeRequest {
			requestID = s.nextRequestID()
		}
		return command.run(s, c)
	})
	if err != nil {
		return nil, requestID, asRefusal(err)
	}
	return result, requestID, nil
}

// asRefusal returns the refusal that a command gave. Commands return no other
// errors; one that does is answered as an internal error.
func asRefusal(err error) *Refusal {
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return refusal
	}
	return refuse(codeGroupInternal, "%v", err)
}

func codeOf(refusal *Refusal) int {
	if refusal == nil {
		return 0
	}
	return refusal.Code
}

// deliver writes the answer, with the headers that the provider sends.
func (s *Simulator) deliver(w http.ResponseWriter, r *http.Request, disturbed disturbance, payload []byte) {
	header := w.Header()
	header.Set("Date", s.now().UTC().Format(http.TimeFormat))
	if disturbed.HTTPStatus != 0 {
		header.Set("Content-Type", "text/html")
		w.WriteHeader(disturbed.HTTPStatus)
		_, _ = io.WriteString(w, http.StatusText(disturbed.HTTPStatus))
		return
	}
	header.Set("Content-Type", "application/json; charset=utf-8")
	header.Set("Access-Control-Allow-Origin", "*")
	header.Set("Access-Control-Allow-Headers", "X-Requested-With")
	header.Set("Access-Control-Allow-Methods", "POST")
	if disturbed.SlowAnswer > 0 {
		fault.Dribble(r.Context(), w, payload, disturbed.SlowAnswer)
		return
	}
	_, _ = w.Write(payload)
}

// encodeAnswer seals and encodes an answer. One that is too large for the
// provider becomes a refusal.
func encodeAnswer(command *command, result answer, refusal *Refusal, requestID string) ([]byte, *Refusal) {
	var encoded bytes.Buffer
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(command.style().seal(result, refusal, requestID))
	switch {
	case err != nil:
		return encodeAnswer(command, nil, refuse(codeGroupInternal, "the answer cannot be encoded"), requestID)
	case encoded.Len() > maxAnswerBytes:
		return encodeAnswer(command, nil, refuse(codeGroupTooLarge, "the answer would be larger than %d bytes", maxAnswerBytes), requestID)
	}
	return encoded.Bytes(), refusal
}
