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
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tencentyun/tls-sig-api-v2-golang/tencentyun"
)

const (
	testAppID = 1400000001
	testKey   = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
	testAdmin = "administrator"

	answerOK = `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`
)

// provider is a scripted server: it answers each command by a list of steps, whose last one stays, and records what it was
// asked. Unlike the simulator it has no state and can answer anything.
type provider struct {
	*httptest.Server
	t *testing.T

	mu       sync.Mutex
	scripts  map[string][]step
	requests []received
}

// step answers one request.
type step func(w http.ResponseWriter, body string)

// received is a request as it came in.
type received struct {
	command string
	query   url.Values
	body    string
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{t: t, scripts: map[string][]step{}}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

// answers sets what a command is answered with, one after the other; the last answer stays.
func (p *provider) answers(command string, answers ...string) {
	steps := make([]step, len(answers))
	for i, answer := range answers {
		steps[i] = says(answer)
	}
	p.steps(command, steps...)
}

func (p *provider) steps(command string, steps ...step) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.scripts[command] = steps
}

func says(answer string) step {
	return func(w http.ResponseWriter, _ string) { _, _ = io.WriteString(w, answer) }
}

func saysStatus(status int) step {
	return func(w http.ResponseWriter, _ string) { w.WriteHeader(status) }
}

// resets closes the connection without an answer, after the request has been read.
func resets(w http.ResponseWriter, _ string) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	_ = conn.(*net.TCPConn).SetLinger(0)
	_ = conn.Close()
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		p.t.Errorf("%s: %v", r.URL.Path, err)
	}
	if !json.Valid(body) || r.Method != http.MethodPost {
		p.t.Errorf("%s: %s %s", r.URL.Path, r.Method, body)
	}
	command := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	p.mu.Lock()
	p.requests = append(p.requests, received{command: strings.TrimPrefix(r.URL.Path, "/v4/"), query: r.URL.Query(), body: string(body)})
	steps := p.scripts[command]
	if len(steps) == 0 {
		p.mu.Unlock()
		_, _ = io.WriteString(w, answerOK)
		return
	}
	if len(steps) > 1 {
		p.scripts[command] = steps[1:]
	}
	p.mu.Unlock()
	steps[0](w, string(body))
}

// received is what came in so far.
func (p *provider) received() []received {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]received(nil), p.requests...)
}

// count is how many requests came in so far.
func (p *provider) count() int { return len(p.received()) }

// newClient makes a client of a test server, which ends with the test. Its items hardly linger, and it does not pause
// before it tries again.
func newClient(t *testing.T, endpoint string, change ...func(*Config)) *Client {
	t.Helper()
	config := Config{
		Endpoint: endpoint, SDKAppID: testAppID, Linger: time.Millisecond,
		Credentials: Credentials{Administrator: testAdmin, SecretKey: testKey},
		sleep:       func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
	for _, f := range change {
		f(&config)
	}
	c, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func verify(userSig string) error {
	return tencentyun.VerifyUserSig(testAppID, testKey, testAdmin, userSig, time.Now())
}

func refusalAnswer(code int) string {
	return fmt.Sprintf(`{"ActionStatus":"FAIL","ErrorCode":%d,"ErrorInfo":"info %d"}`, code, code)
}

var testGroup = NewGroup{ID: "live_42", Type: GroupTypeAVChatRoom, Name: "Live 42"}
