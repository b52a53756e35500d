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

package live_test

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/tencentyun/tls-sig-api-v2-golang/tencentyun"
	"go.uber.org/goleak"

	"github.com/liveroom-io/liveroom-operator/internal/live"
	"github.com/liveroom-io/liveroom-operator/internal/live/control"
	simlive "github.com/liveroom-io/liveroom-operator/internal/sim/live"
)

func TestMain(m *testing.M) {
	SetDefaultEventuallyTimeout(30 * time.Second) // a busy machine is no failure
	goleak.VerifyTestMain(m)
}

const (
	sdkAppID  = 1400000000
	secretKey = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
	masterKey = "Kp3vT9xQ2mLw8ZrA"
	backupKey = "Bk7nD4sYh1Uc6EoJ"
	cssKey    = "cbkey2026"
	trtcKey   = "trtckey2026"
	stream42  = "show-42"
)

// newYear is the time of most vectors of the contract.
var newYear = time.Unix(1767225600, 0)

// received is a callback as its receiver sees it.
type received struct {
	Path, Sign, App, Type, Body string
}

// stage is a simulator with a receiver of its callbacks.
type stage struct {
	*WithT

	t        *testing.T
	sim      *simlive.Simulator
	url      string
	receiver string
	client   *http.Client
	answer   func(n int, w http.ResponseWriter, r *http.Request) // to the n-th callback
	offset   atomic.Int64                                        // of the simulator's clock
	clock    func() time.Time                                    // the simulator's

	mu        sync.Mutex
	callbacks []received
}

func newStage(t *testing.T, change func(*simlive.Options)) *stage {
	t.Helper()
	s := &stage{WithT: NewWithT(t), t: t, answer: func(_ int, w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"code":0}`) }}
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.callbacks = append(s.callbacks, received{r.URL.Path, r.Header.Get("Sign"), r.Header.Get("SdkAppId"), r.Header.Get("Content-Type"), string(body)})
		n := len(s.callbacks)
		s.mu.Unlock()
		s.answer(n, w, r)
	}))
	s.receiver = receiver.URL
	options := simlive.Options{
		PushDomain: "push.example.com", PlaybackDomain: "play.example.com", MasterKey: masterKey, BackupKey: backupKey,
		PlaybackKey: "PlayKey2026", Credentials: map[string]string{"AKIDEXAMPLE0000": "SKEXAMPLE0000"}, SDKAppID: sdkAppID, SecretKey: secretKey,
		CSS:       simlive.CSSCallback{Callback: simlive.Callback{URL: receiver.URL, Key: cssKey}},
		TRTC:      simlive.Callback{URL: receiver.URL, Key: trtcKey},
		TimeScale: 0.0001, Clock: func() time.Time { return time.Now().Add(time.Duration(s.offset.Load())) },
	}
	if change != nil {
		change(&options)
	}
	s.sim, s.clock = simlive.New(options), options.Clock
	server := httptest.NewServer(s.sim)
	t.Cleanup(func() { s.sim.Close(); server.Close(); receiver.Close() })
	s.url, s.client = server.URL, server.Client()
	return s
}

// at makes the simulator's clock stand at a time.
func at(when time.Time) func(*simlive.Options) {
	return func(o *simlive.Options) { o.Clock = func() time.Time { return when } }
}

// pass lets time pass for the simulator.
func (s *stage) pass(d time.Duration) { s.offset.Add(int64(d)) }

// got are the callbacks that have come so far.
func (s *stage) got() []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]received{}, s.callbacks...)
}

// came are the callbacks that have come so far, in short.
func (s *stage) came() []string { return shortened(s.got()) }

func shortened(callbacks []received) []string {
	all := []string{}
	for _, c := range callbacks {
		all = append(all, short(c.Body))
	}
	return all
}

// made are the callbacks that were made so far, in their order.
func (s *stage) made() []string {
	all := []string{}
	for _, d := range s.sim.Deliveries(0) {
		all = append(all, short(d.Body))
	}
	return all
}

// short is "start stream", "end stream 21/102", "104 user reason", "401 status" or
// "event stream".
func short(body string) string {
	var b struct {
		EventType int    `json:"event_type"`
		StreamID  string `json:"stream_id"`
		Camel     string `json:"streamId"`
		Errcode   int    `json:"errcode"`
		Sub       int    `json:"sub_errcode"`
		Group     int    `json:"EventGroupId"`
		Type      int    `json:"EventType"`
		Info      struct {
			UserID  string `json:"UserId"`
			Reason  int
			Payload struct{ Status int }
		} `json:"EventInfo"`
	}
	if err := json.Unmarshal([]byte(body), &b); err != nil {
		return err.Error()
	}
	switch {
	case b.Group == 4:
		return fmt.Sprintf("401 %d", b.Info.Payload.Status)
	case b.Type == 103 || b.Type == 104:
		return fmt.Sprintf("%d %s %d", b.Type, b.Info.UserID, b.Info.Reason)
	case b.Group != 0:
		return strings.TrimSpace(fmt.Sprintf("%d %s", b.Type, b.Info.UserID))
	case b.EventType == 1:
		return "start " + b.StreamID
	case b.EventType == 0:
		return fmt.Sprintf("end %s %d/%d", b.StreamID, b.Errcode, b.Sub)
	}
	return fmt.Sprintf("%d %s", b.EventType, b.StreamID+b.Camel)
}

// door calls the side door, and returns status and body.
func (s *stage) door(method, path, body string) (status int, answer string) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.url+"/sim/"+path, strings.NewReader(body))
	s.Expect(err).NotTo(HaveOccurred())
	response, err := s.client.Do(request)
	s.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = response.Body.Close() }()
	var text bytes.Buffer
	_, err = text.ReadFrom(response.Body)
	s.Expect(err).NotTo(HaveOccurred())
	return response.StatusCode, strings.TrimSpace(text.String())
}

// done calls the side door, which must answer 204.
func (s *stage) done(method, path, body string) {
	s.t.Helper()
	status, answer := s.door(method, path, body)
	s.Expect(status).To(Equal(http.StatusNoContent), answer)
}

func (s *stage) api() *control.Client {
	c, err := control.New(control.Config{
		Endpoint: s.url, Region: "ap-guangzhou", Credentials: control.Credentials{SecretID: "AKIDEXAMPLE0000", SecretKey: "SKEXAMPLE0000"},
	})
	s.Expect(err).NotTo(HaveOccurred())
	return c
}

// pushTo is a URL of stream42.
func pushTo(key string, ends time.Time) live.Push {
	return live.Push{Domain: "push.example.com", AppName: "live", StreamName: stream42, Key: key, Expires: ends}
}

// push as a host does.
func (s *stage) push() {
	s.t.Helper()
	_, err := s.sim.Push(pushTo(masterKey, time.Now().Add(time.Hour)).RTMP())
	s.Expect(err).NotTo(HaveOccurred())
}

func sigOf(t *testing.T, userID string) string {
	t.Helper()
	text, err := tencentyun.GenUserSig(sdkAppID, secretKey, userID, 3600)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// pack a document as a UserSig is packed.
func pack(t *testing.T, document string) string {
	t.Helper()
	var packed bytes.Buffer
	writer := zlib.NewWriter(&packed)
	_, err := io.WriteString(writer, document)
	if err == nil {
		err = writer.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("+", "*", "/", "-", "=", "_").Replace(base64.StdEncoding.EncodeToString(packed.Bytes()))
}

// signedDocument is a UserSig of now with a userbuf, before it is packed.
func signedDocument(userID, buffer string) string {
	now := time.Now().Unix()
	text := fmt.Sprintf("TLS.identifier:%s\nTLS.sdkappid:%d\nTLS.time:%d\nTLS.expire:%d\nTLS.userbuf:%s\n", userID, sdkAppID, now, 3600, buffer)
	return fmt.Sprintf(`{"TLS.ver":"2.0","TLS.identifier":%q,"TLS.sdkappid":%d,"TLS.expire":3600,"TLS.time":%d,"TLS.userbuf":%q,"TLS.sig":%q}`,
		userID, sdkAppID, now, buffer, base64.StdEncoding.EncodeToString([]byte(mac(secretKey, text))))
}
