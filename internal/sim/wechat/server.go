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
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/sim/fault"
)

// call is one request on its way through a command.
type call struct {
	account     *account
	in          *settings // of the account, as they are when the call arrives
	query       url.Values
	rawQuery    string
	contentType string
	body        []byte
	remote      netip.Addr
	host        string
	now         time.Time
}

// serveAPI is the access layer. Whatever happens, the HTTP status is 200 and
// the outcome is in the body, unless a fault asks for something else.
func (s *Simulator) serveAPI(w http.ResponseWriter, r *http.Request) {
	command := commandOf(r.URL.Path)
	s.calls.enter(command.name)
	defer s.calls.leave(command.name)

	c := &call{
		query: r.URL.Query(), rawQuery: r.URL.RawQuery, contentType: r.Header.Get("Content-Type"),
		remote: remoteAddress(r), host: r.Host,
	}
	limit := int64(maxAPIBody)
	if command.upload {
		limit += maxUpload
	}
	var readErr error
	c.body, readErr = io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	fault.Wait(r.Context(), s.options.Latency)

	c.now = s.now()
	disturbed, refusal := s.admit(command, c, r.Method, readErr)
	fault.Wait(r.Context(), disturbed.Latency)

	var result any
	if refusal == nil && disturbed.Runs() {
		c.now = s.now()
		result, refusal = s.run(command, c)
	}
	if disturbed.Refusal != nil {
		result, refusal = nil, disturbed.Refusal
	}
	s.record(command, c, refusal, disturbed)
	if disturbed.Reset != "" {
		fault.ResetConnection(w)
		return
	}
	s.deliver(w, r, disturbed, result, refusal)
}

// admit checks everything that comes before the command itself: path, method,
// credentials, rights and quota; and then asks for faults.
func (s *Simulator) admit(command *command, c *call, method string, readErr error) (disturbance, *Refusal) {
	switch {
	case command == unknownCommand:
		return disturbance{}, refuse(codeURL)
	case command.method == http.MethodPost && method != http.MethodPost:
		return disturbance{}, refuse(codePostRequired)
	case command.method == http.MethodGet && method != http.MethodGet:
		return disturbance{}, refuse(codeGetRequired)
	case readErr != nil && command.upload:
		return disturbance{}, refuse(codeVideoSize)
	case readErr != nil:
		return disturbance{}, refuse(codeContentSize)
	}
	if refusal := s.authenticate(command, c); refusal != nil {
		return disturbance{}, refusal
	}
	if command.verified && !c.in.verified() {
		return disturbance{}, refuse(codeUnauthorized)
	}
	if refusal := c.account.charge(command, c.in, c.now); refusal != nil {
		return disturbance{}, refusal
	}
	return s.faults.Take(func(f *Fault) bool { return f.concerns(command, c) }), nil
}

// authenticate finds the account of a call by its token or its secret.
func (s *Simulator) authenticate(command *command, c *call) *Refusal {
	if command.bySecret {
		return s.checkSecret(command, c)
	}
	a, refusal := s.tokens.check(c.query.Get("access_token"), c.now)
	if refusal != nil {
		return refusal
	}
	c.account, c.in = a, a.settings.Load()
	return nil
}

// run executes a command. Commands return no other errors than refusals; one
// that does is answered as an internal error.
func (s *Simulator) run(command *command, c *call) (any, *Refusal) {
	result, err := command.run(s, c)
	if err == nil {
		return result, nil
	}
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return nil, refusal
	}
	return nil, refuse(codeSystem)
}

func (s *Simulator) record(command *command, c *call, refusal *Refusal, disturbed disturbance) {
	logged := Call{Time: c.now, Command: command.name, Fault: disturbed.Label(faultCode)}
	if refusal != nil {
		logged.Code = refusal.Code
	}
	if c.in != nil {
		logged.AppID = c.in.AppID
	}
	if !command.bySecret && !command.upload {
		logged.Body = string(c.body)
	}
	s.calls.record(logged)
}

// deliver writes the answer, with the headers that the provider sends.
func (s *Simulator) deliver(w http.ResponseWriter, r *http.Request, disturbed disturbance, result any, refusal *Refusal) {
	header := w.Header()
	header.Set("Date", s.now().UTC().Format(http.TimeFormat))
	if disturbed.HTTPStatus != 0 {
		header.Set("Content-Type", "text/html")
		w.WriteHeader(disturbed.HTTPStatus)
		_, _ = io.WriteString(w, http.StatusText(disturbed.HTTPStatus))
		return
	}
	var payload []byte
	if file, ok := result.(*mediaFile); ok && refusal == nil {
		file.describe(header)
		payload = file.data
	} else {
		header.Set("Content-Type", "application/json; encoding=utf-8")
		payload = s.encode(result, refusal)
	}
	header.Set("Content-Length", strconv.Itoa(len(payload)))
	if disturbed.SlowAnswer > 0 {
		fault.Dribble(r.Context(), w, payload, disturbed.SlowAnswer)
		return
	}
	_, _ = w.Write(payload)
}

// outcome is the answer of commands that return nothing else.
type outcome struct {
	Code int    `json:"errcode"`
	Text string `json:"errmsg"`
}

// encode encodes an answer, without escapes that the provider does not make.
func (s *Simulator) encode(result any, refusal *Refusal) []byte {
	switch {
	case refusal != nil:
		result = outcome{Code: refusal.Code, Text: refusal.Text + " " + s.trailer(refusal.Code)}
	case result == nil:
		result = outcome{Text: "ok"}
	}
	var encoded bytes.Buffer
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(result); err != nil {
		return s.encode(nil, refuse(codeSystem))
	}
	return bytes.TrimSuffix(encoded.Bytes(), []byte("\n"))
}

// trailer is the end of an errmsg: a hint in some refusals, a request id in
// the others.
func (s *Simulator) trailer(code int) string {
	const hex = "0123456789abcdef"
	if code == codeWindow || code == codeCount {
		return fmt.Sprintf("hint: [%s_%s]", s.randomText(hex, 4), s.randomText("0123456789", 8))
	}
	return fmt.Sprintf("rid: %08x-%s-%s", s.now().Unix(), s.randomText(hex, 8), s.randomText(hex, 8))
}

// remoteAddress is where a call comes from; the zero address if that is not
// known, which no list contains.
func remoteAddress(r *http.Request) netip.Addr {
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return remote.Addr().Unmap()
}

// decodeBody reads the JSON body of a call.
func (c *call) decodeBody(into any) *Refusal {
	if len(c.body) == 0 {
		return refuse(codeEmptyBody)
	}
	if err := json.Unmarshal(c.body, into); err != nil {
		return refuse(codeFormat)
	}
	return nil
}

// runService answers for WeChat's own customer service.
func runService(*Simulator, *call) (any, error) { return nil, refuse(codeNoServiceAgents) }

// runCallbackIP answers where pushes come from.
func runCallbackIP(s *Simulator, _ *call) (any, error) {
	return map[string]any{"ip_list": s.options.CallbackAddresses}, nil
}

// runAPIAddresses answers where the API is.
func runAPIAddresses(s *Simulator, _ *call) (any, error) {
	return map[string]any{"ip_list": s.options.APIAddresses}, nil
}
