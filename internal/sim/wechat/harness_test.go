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

package wechat_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/liveroom-io/liveroom-operator/internal/sim/wechat"
)

// The constants of the contract's test vectors.
const (
	testApp    = "wx5823bf96d3bd56c7"
	testGH     = "gh_7f083739789a"
	testSecret = "simulated-app-secret"
	testToken  = "shieldwx2026Token"
	testKey    = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	testUser   = "oia2TjuEGTNoeX76QEjQNrcURxG8"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// object is a JSON object.
type object = map[string]any

// testClock stands still until it is moved.
type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *testClock) Advance(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(by)
}

// harness is a simulator behind real HTTP with one account, whose token it
// uses, and a webhook.
type harness struct {
	t     testing.TB
	sim   *wechat.Simulator
	clock *testClock
	url   string
	token string
	http  *http.Client
	hook  *webhook
}

// newHarness starts a simulator whose account has the webhook and the follower
// testUser, who has not written yet. Tries of pushes follow each other at
// once.
func newHarness(tb testing.TB, change ...func(*wechat.Options)) *harness {
	tb.Helper()
	hook := newWebhook(tb)
	clock := &testClock{now: time.Unix(1763848315, 0)}
	options := wechat.Options{
		Clock: clock.Now, RetryGap: -1,
		Accounts: []wechat.Account{{
			AppID: testApp, OriginalID: testGH, Secret: testSecret, Token: testToken, EncodingAESKey: testKey,
			WebhookURL: hook.url,
		}},
	}
	for _, apply := range change {
		apply(&options)
	}
	sim := wechat.New(options)
	tb.Cleanup(sim.Close)
	server := httptest.NewServer(sim)
	tb.Cleanup(server.Close)
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	tb.Cleanup(transport.CloseIdleConnections)
	h := &harness{t: tb, sim: sim, clock: clock, url: server.URL, http: &http.Client{Transport: transport}, hook: hook}
	h.follow(testUser)
	h.token = h.newToken()
	return h
}

// mode sets the mode of the account.
func mode(m wechat.Mode) func(*wechat.Options) {
	return func(o *wechat.Options) { o.Accounts[0].Mode = m }
}

// follow lets somebody follow without a push.
func (h *harness) follow(openID string) {
	h.t.Helper()
	if _, err := h.sim.Follow(testApp, wechat.Follow{OpenID: openID, Quiet: true}); err != nil {
		h.t.Fatal(err)
	}
}

// answered is the head of an answer.
type answered struct {
	StatusCode int
	Status     string
	Header     http.Header
}

// do makes a request and returns its answer.
func (h *harness) do(method, path, contentType string, body io.Reader) (answered, []byte, error) {
	request, err := http.NewRequestWithContext(h.t.Context(), method, h.url+path, body)
	if err != nil {
		return answered{}, nil, err
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := h.http.Do(request)
	if err != nil {
		return answered{}, nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	return answered{response.StatusCode, response.Status, response.Header}, answer, err
}

// get and post call the API with the token. An answer that is not JSON is an
// error of the test.
func (h *harness) get(command string, pairs ...string) object {
	h.t.Helper()
	query := url.Values{"access_token": {h.token}}
	for i := 0; i < len(pairs); i += 2 {
		query.Set(pairs[i], pairs[i+1])
	}
	return h.json(http.MethodGet, "/cgi-bin/"+command+"?"+query.Encode(), "")
}

func (h *harness) post(command, body string) object {
	h.t.Helper()
	return h.json(http.MethodPost, "/cgi-bin/"+command+"?access_token="+h.token, body)
}

func (h *harness) json(method, path, body string) object {
	h.t.Helper()
	response, answer, err := h.do(method, path, "application/json", strings.NewReader(body))
	if err != nil {
		h.t.Fatalf("%s %s: %v", method, path, err)
	}
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "application/json; encoding=utf-8" {
		h.t.Fatalf("%s %s: %s, %s: %s", method, path, response.Status, response.Header.Get("Content-Type"), answer)
	}
	return parse(h.t, answer)
}

func parse(tb testing.TB, raw []byte) object {
	tb.Helper()
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var fields object
	if err := decoder.Decode(&fields); err != nil {
		tb.Fatalf("answer %q: %v", raw, err)
	}
	return fields
}

// code is the errcode of an answer, "" for an answer without one.
func code(answer object) string {
	if answer["errcode"] == nil {
		return ""
	}
	return fmt.Sprint(answer["errcode"])
}

// newToken asks for the stable token.
func (h *harness) newToken() string {
	h.t.Helper()
	answer := h.stable(false)
	if code(answer) != "" {
		h.t.Fatalf("no token: %v", answer)
	}
	return answer["access_token"].(string)
}

func (h *harness) stable(force bool) object {
	h.t.Helper()
	return h.json(http.MethodPost, "/cgi-bin/stable_token", fmt.Sprintf(
		`{"grant_type":"client_credential","appid":%q,"secret":%q,"force_refresh":%t}`, testApp, testSecret, force))
}

func (h *harness) ordinary() object {
	h.t.Helper()
	return h.json(http.MethodGet, "/cgi-bin/token?grant_type=client_credential&appid="+testApp+"&secret="+testSecret, "")
}

// send sends a text to a follower and returns the errcode.
func (h *harness) send(openID, text string) string {
	h.t.Helper()
	body, err := json.Marshal(object{"touser": openID, "msgtype": "text", "text": object{"content": text}})
	if err != nil {
		h.t.Fatal(err)
	}
	return code(h.post("message/custom/send", string(body)))
}

// write lets testUser write and waits until that is pushed.
func (h *harness) write(text string) wechat.Push {
	h.t.Helper()
	sent, err := h.sim.Write(testApp, testUser, wechat.FollowerMessage{Type: "text", Content: text})
	if err != nil {
		h.t.Fatal(err)
	}
	h.settle()
	return sent
}

// settle waits until no push is unfinished.
func (h *harness) settle() {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), 20*time.Second)
	defer cancel()
	if err := h.sim.WaitForPushes(ctx); err != nil {
		h.t.Fatalf("pushes: %v, %+v", err, h.sim.PushStatistics())
	}
}

// phone returns what arrived at testUser's.
func (h *harness) phone() []wechat.PhoneMessage {
	h.t.Helper()
	messages, err := h.sim.Phone(testApp, testUser)
	if err != nil {
		h.t.Fatal(err)
	}
	return messages
}

// upload uploads a file.
func (h *harness) upload(kind, name string, data []byte) object {
	h.t.Helper()
	var form bytes.Buffer
	writer := multipart.NewWriter(&form)
	part, err := writer.CreateFormFile("media", name)
	if err != nil {
		h.t.Fatal(err)
	}
	_, _ = part.Write(data)
	_ = writer.Close()
	_, answer, err := h.do(http.MethodPost, "/cgi-bin/media/upload?access_token="+h.token+"&type="+kind,
		writer.FormDataContentType(), &form)
	if err != nil {
		h.t.Fatal(err)
	}
	return parse(h.t, answer)
}

// Files that begin as their formats do.
var (
	jpegBytes = []byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00")
	pngBytes  = []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
	mp4Bytes  = []byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom")
)

// amrBytes is a voice of so many frames of 20 ms.
func amrBytes(frames int) []byte {
	frame := append([]byte{0x3c}, make([]byte, 31)...)
	return append([]byte("#!AMR\n"), bytes.Repeat(frame, frames)...)
}

// mp3Bytes are so many bytes at 128 kbit/s.
func mp3Bytes(length int) []byte {
	return append([]byte{0xff, 0xfb, 0x90, 0x00}, make([]byte, length-4)...)
}
