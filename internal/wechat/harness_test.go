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
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	testAppID  = "wx5823bf96d3bd56c7"
	testSecret = "0123456789abcdef0123456789abcdef-app-secret"
	openID     = "oia2TjuEGTNoeX76QEjQNrcURxG8"
	answerOK   = `{"errcode":0,"errmsg":"ok"}`
)

// step answers one request.
type step func(http.ResponseWriter, *http.Request)

func says(body string) step {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
}

func refuses(code int, text string) step {
	return says(fmt.Sprintf(`{"errcode":%d,"errmsg":%q}`, code, text))
}

func saysStatus(status int) step {
	return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "gateway", status) }
}

// resets takes the whole request and closes the connection without an answer.
func resets(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	panic(http.ErrAbortHandler)
}

// cuts answers with half a body.
func cuts(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "100")
	_, _ = io.WriteString(w, `{"errcode":0`)
	panic(http.ErrAbortHandler)
}

// received is a request as it arrived.
type received struct{ method, path, query, contentType, body string }

// provider stands for WeChat: it gives out tokens, refuses calls with others, and answers as it is told.
type provider struct {
	*httptest.Server

	mu        sync.Mutex
	secret    string
	token     string
	issued    int
	expiresIn int
	// stubborn ignores force_refresh, as WeChat does when it comes too soon.
	stubborn bool
	steps    map[string][]step
	got      []received
	normal   int
	forced   int
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{secret: testSecret, expiresIn: 7200, steps: make(map[string][]step)}
	p.rotate()
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

// rotate makes another token valid, and only that.
func (p *provider) rotate() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rotateLocked()
}

func (p *provider) rotateLocked() {
	p.issued++
	p.token = fmt.Sprintf("token-%032d", p.issued)
}

// then answers the next requests of a command in turn; those after them get the usual answer.
func (p *provider) then(cmd *command, steps ...step) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.steps[cmd.path] = append(p.steps[cmd.path], steps...)
}

// set changes what is known under the lock.
func (p *provider) set(change func(*provider)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

func (p *provider) fetches() (normal, forced int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.normal, p.forced
}

// received are the requests of a command, those with refused tokens included.
func (p *provider) received(cmd *command) []received {
	p.mu.Lock()
	defer p.mu.Unlock()
	var got []received
	for _, r := range p.got {
		if r.path == cmd.path {
			got = append(got, r)
		}
	}
	return got
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		// The sender ended in the middle: nothing arrived.
		return
	}
	next := p.take(r, string(body))
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	next(w, r)
}

// take records a request and chooses the answer.
func (p *provider) take(r *http.Request, body string) step {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.got = append(p.got, received{r.Method, r.URL.Path, r.URL.RawQuery, r.Header.Get("Content-Type"), body})
	isToken := r.URL.Path == stableToken.path
	if isToken {
		p.count(body)
	}
	if steps := p.steps[r.URL.Path]; len(steps) > 0 {
		p.steps[r.URL.Path] = steps[1:]
		return steps[0]
	}
	if isToken {
		return p.give(body)
	}
	if r.URL.Query().Get("access_token") != p.token {
		return refuses(codeInvalidToken, "invalid credential, access_token is invalid or not latest rid: 1-2-3")
	}
	return says(answerOK)
}

type tokenQuestion struct {
	GrantType string `json:"grant_type"`
	AppID     string `json:"appid"`
	Secret    string `json:"secret"`
	Force     *bool  `json:"force_refresh"`
}

func (p *provider) count(body string) {
	var question tokenQuestion
	_ = json.Unmarshal([]byte(body), &question)
	if question.Force != nil && *question.Force {
		p.forced++
	} else {
		p.normal++
	}
}

func (p *provider) give(body string) step {
	var question tokenQuestion
	err := json.Unmarshal([]byte(body), &question)
	switch {
	case err != nil || question.GrantType != "client_credential" || question.Force == nil:
		return refuses(40002, "invalid grant_type")
	case question.AppID != testAppID:
		return refuses(40013, "invalid appid rid: 1-2-3")
	case question.Secret != p.secret:
		return refuses(40125, "invalid appsecret rid: 1-2-3")
	}
	if *question.Force && !p.stubborn {
		p.rotateLocked()
	}
	return says(fmt.Sprintf(`{"access_token":%q,"expires_in":%d}`, p.token, p.expiresIn))
}

// manualClock stands still until it is moved.
type manualClock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *manualClock { return &manualClock{now: time.Unix(1763848315, 0)} }

func (c *manualClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *manualClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newClient(t *testing.T, p *provider, changes ...func(*Options)) *Client {
	t.Helper()
	options := Options{AppID: testAppID, Secret: testSecret, Endpoint: p.URL, RequestsPerSecond: 10_000}
	for _, change := range changes {
		change(&options)
	}
	c, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}
