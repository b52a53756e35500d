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
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/tencentyun/tls-sig-api-v2-golang/tencentyun"
	"go.uber.org/goleak"

	"github.com/liveroom-io/liveroom-operator/internal/live"
	"github.com/liveroom-io/liveroom-operator/internal/live/control"
	simlive "github.com/liveroom-io/liveroom-operator/internal/sim/live"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	sdkAppID  = 1400000001
	secretKey = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
	cssKey    = "cbkey2026"
	trtcKey   = "trtckey2026"
)

// received is a callback as its receiver sees it.
type received struct {
	Sign string
	Body string
}

// stage is a simulator with a receiver of its callbacks.
type stage struct {
	*WithT

	t      *testing.T
	sim    *simlive.Simulator
	url    string
	client *http.Client
	status func(n int) int // of the n-th answer

	mu        sync.Mutex
	callbacks []received
}

func newStage(t *testing.T, change func(*simlive.Options)) *stage {
	t.Helper()
	s := &stage{WithT: NewWithT(t), t: t, status: func(int) int { return http.StatusOK }}
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.callbacks = append(s.callbacks, received{r.Header.Get("Sign"), string(body)})
		status := s.status(len(s.callbacks))
		s.mu.Unlock()
		w.WriteHeader(status)
		_, _ = io.WriteString(w, `{"code":0}`)
	}))
	options := simlive.Options{
		PushDomain: "push.example.com", PlaybackDomain: "play.example.com", MasterKey: "Kp3vT9xQ2mLw8ZrA", BackupKey: "Bk7nD4sYh1Uc6EoJ",
		PlaybackKey: "PlayKey2026", Credentials: map[string]string{"AKID": "SK"}, SDKAppID: sdkAppID, SecretKey: secretKey,
		CSS: simlive.Callback{URL: receiver.URL, Key: cssKey}, TRTC: simlive.Callback{URL: receiver.URL, Key: trtcKey}, TimeScale: 0.0001,
	}
	if change != nil {
		change(&options)
	}
	s.sim = simlive.New(options)
	server := httptest.NewServer(s.sim)
	t.Cleanup(func() { s.sim.Close(); server.Close(); receiver.Close() })
	s.url, s.client = server.URL, server.Client()
	return s
}

// came are the callbacks that have come so far, as "type stream" or "type user".
func (s *stage) came() (all []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.callbacks {
		var b struct {
			EventType int    `json:"event_type"`
			Stream    string `json:"stream_id"`
			Group     int    `json:"EventGroupId"`
			Type      int    `json:"EventType"`
			Info      struct {
				UserID  string `json:"UserId"`
				Reason  int
				Payload struct{ Status int }
			} `json:"EventInfo"`
		}
		s.Expect(json.Unmarshal([]byte(c.Body), &b)).To(Succeed())
		switch {
		case b.Group == 4:
			all = append(all, fmt.Sprintf("401 %d", b.Info.Payload.Status))
		case b.Group != 0:
			all = append(all, strings.TrimSpace(fmt.Sprintf("%d %s", b.Type, b.Info.UserID)))
		default:
			all = append(all, fmt.Sprintf("%d %s", b.EventType, b.Stream))
		}
	}
	return all
}

// door calls the side door.
func (s *stage) door(method, path string, body, into any) int {
	s.t.Helper()
	data, err := json.Marshal(body)
	s.Expect(err).NotTo(HaveOccurred())
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.url+"/sim/live/"+path, bytes.NewReader(data))
	s.Expect(err).NotTo(HaveOccurred())
	response, err := s.client.Do(request)
	s.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = response.Body.Close() }()
	if into != nil {
		s.Expect(json.NewDecoder(response.Body).Decode(into)).To(Succeed())
	}
	return response.StatusCode
}

func (s *stage) api() *control.Client {
	c, err := control.New(control.Config{Endpoint: s.url, Region: "ap-guangzhou", Credentials: control.Credentials{SecretID: "AKID", SecretKey: "SK"}})
	s.Expect(err).NotTo(HaveOccurred())
	return c
}

func pushTo(key string, ends time.Time) live.Push {
	return live.Push{Domain: "push.example.com", AppName: "live", StreamName: "show-42", Key: key, Expires: ends}
}

// The gate takes what is signed with either key, in all forms, and nothing else.
func TestGate(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	later := time.Now().Add(time.Hour)
	good := pushTo("Kp3vT9xQ2mLw8ZrA", later)
	at := live.Time(later)
	lower := "rtmp://push.example.com/live/show-42?txSecret=" + live.Secret(good.Key, "show-42", strings.ToLower(at)) + "&txTime=" + strings.ToLower(at)
	for _, link := range []string{good.RTMP(), good.WebRTC(), good.SRT(), pushTo("Bk7nD4sYh1Uc6EoJ", later).RTMP(), lower} {
		s.Expect(s.sim.Push(link)).NotTo(BeEmpty(), link)
	}
	other := good
	other.StreamName = "a*b"
	for link, want := range map[string]*simlive.Refusal{
		"rtmp://elsewhere.example.com/live/show-42":                     {Code: 18, Sub: 302},
		"rtmp://push.example.com/vod/show-42":                           {Code: 18, Sub: 304},
		other.RTMP():                                                    {Code: 18, Sub: 308},
		"rtmp://push.example.com/live/show-42":                          {Code: 18, Sub: 500},
		"rtmp://push.example.com/live/show-42?txTime=" + at:             {Code: 18, Sub: 502},
		pushTo("wrong", later).RTMP():                                   {Code: 18, Sub: 503},
		pushTo("Kp3vT9xQ2mLw8ZrA", time.Now().Add(-time.Minute)).RTMP(): {Code: 18, Sub: 501},
	} {
		_, err := s.sim.Push(link)
		var got *simlive.Refusal
		s.Expect(errors.As(err, &got)).To(BeTrue(), link)
		s.Expect(got).To(Equal(want), link)
	}
	// Each push took the place of the one before.
	s.Eventually(func() int { return len(s.came()) }).Should(Equal(9))
	s.Expect(s.door(http.MethodPost, "pushes", map[string]any{"url": pushTo("wrong", later).RTMP()}, nil)).To(Equal(http.StatusConflict))
}

// Callbacks carry one sequence for a push, and signatures that the receiver accepts.
func TestPushCallbacks(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.status = func(n int) int { // the first two answers are bad
		if n <= 2 {
			return http.StatusInternalServerError
		}
		return http.StatusOK
	}
	sequence, err := s.sim.Push(pushTo("Kp3vT9xQ2mLw8ZrA", time.Now().Add(time.Hour)).RTMP())
	s.Expect(err).NotTo(HaveOccurred())
	s.Eventually(s.came).Should(Equal([]string{"1 show-42", "1 show-42", "1 show-42"}), "it is tried again")
	s.Expect(s.door(http.MethodDelete, "streams/show-42?errcode=8", nil, nil)).To(Equal(http.StatusNoContent))
	s.Expect(s.door(http.MethodDelete, "streams/show-42", nil, nil)).To(Equal(http.StatusConflict))
	s.Eventually(s.came).Should(HaveLen(4))
	for i, c := range s.callbacks {
		var b struct {
			Sequence string `json:"sequence"`
			T        int64  `json:"t"`
			Sign     string `json:"sign"`
			Errcode  int    `json:"errcode"`
			Duration string `json:"push_duration"`
		}
		s.Expect(json.Unmarshal([]byte(c.Body), &b)).To(Succeed())
		s.Expect(b.Sequence).To(Equal(sequence))
		s.Expect(b.Sign).To(Equal(live.CallbackSign(cssKey, b.T)))
		s.Expect(time.Until(time.Unix(b.T, 0))).To(BeNumerically("~", 10*time.Minute, time.Minute))
		if i == 3 {
			s.Expect(b.Errcode).To(Equal(8))
			s.Expect(b.Duration).NotTo(BeEmpty())
		}
	}
}

func TestDisorder(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	link := pushTo("Kp3vT9xQ2mLw8ZrA", time.Now().Add(time.Hour)).RTMP()
	s.Expect(s.door(http.MethodPut, "disorder", simlive.Disorder{HoldStarts: true, Duplicate: true}, nil)).To(Equal(http.StatusNoContent))
	s.Expect(s.door(http.MethodPost, "pushes", map[string]any{"url": link}, nil)).To(Equal(http.StatusOK))
	s.Expect(s.came()).To(BeEmpty(), "the start is held")
	s.Expect(s.sim.Stop("show-42", 1)).To(BeTrue())
	s.Eventually(s.came).Should(ConsistOf("0 show-42", "0 show-42", "1 show-42", "1 show-42"))
	s.Expect(s.door(http.MethodPut, "disorder", simlive.Disorder{WrongSign: true}, nil)).To(Equal(http.StatusNoContent))
	s.Expect(s.sim.Emit(317, "show-42", map[string]any{"img": "https://cos.example.com/1.jpg"})).To(Succeed())
	s.Eventually(s.came).Should(HaveLen(5))
	var b struct {
		T        int64
		Sign     string
		StreamID string `json:"streamId"`
	}
	s.Expect(json.Unmarshal([]byte(s.callbacks[4].Body), &b)).To(Succeed())
	s.Expect(b.Sign).NotTo(Equal(live.CallbackSign(cssKey, b.T)))
	s.Expect(b.StreamID).To(Equal("show-42"))
	s.Expect(s.sim.Repeat(0)).To(Succeed())
	s.Eventually(s.came).Should(HaveLen(6))
	s.Expect(s.callbacks[5].Body).To(BeElementOf(s.callbacks[0].Body, s.callbacks[1].Body, s.callbacks[2].Body, s.callbacks[3].Body))
	s.Expect(s.sim.Repeat(99)).NotTo(Succeed())
	s.Expect(s.sim.Emit(1, "show-42", nil)).NotTo(Succeed())
}

func TestPlayback(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *simlive.Options) { o.AuthDelta = time.Hour })
	play := func(change func(*live.Playback)) int {
		p := live.Playback{Secure: true, Domain: "play.example.com", AppName: "live", StreamName: "show-42", Key: "PlayKey2026", Expires: time.Now().Add(time.Minute), AuthDelta: time.Hour}
		if change != nil {
			change(&p)
		}
		for _, link := range []string{p.HLS(), p.RTMP(), p.WebRTC()} {
			s.Expect(s.sim.Play(link)).To(Equal(s.sim.Play(p.FLV())))
		}
		return s.door(http.MethodGet, "plays?url="+url.QueryEscape(p.FLV()), nil, nil)
	}
	s.Expect(play(nil)).To(Equal(http.StatusNotFound), "nobody pushes")
	_, err := s.sim.Push(pushTo("Kp3vT9xQ2mLw8ZrA", time.Now().Add(time.Hour)).RTMP())
	s.Expect(err).NotTo(HaveOccurred())
	s.Expect(play(nil)).To(Equal(http.StatusNoContent))
	s.Expect(play(func(p *live.Playback) { p.Key = "other" })).To(Equal(http.StatusForbidden))
	s.Expect(play(func(p *live.Playback) { p.Key = "" })).To(Equal(http.StatusForbidden))
	s.Expect(play(func(p *live.Playback) { p.Expires = time.Now().Add(-time.Minute) })).To(Equal(http.StatusForbidden))
	s.Expect(play(func(p *live.Playback) { p.StreamName = "other" })).To(Equal(http.StatusNotFound))
}

// A forbidden stream is cut and stays out, whatever the domain; a dropped one comes back.
func TestStreamControl(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	api, ctx := s.api(), t.Context()
	stream := control.Stream{Domain: "push.example.com", AppName: "live", Name: "show-42"}
	link := pushTo("Kp3vT9xQ2mLw8ZrA", time.Now().Add(time.Hour)).RTMP()
	state := func() control.StreamState {
		found, err := api.StreamState(ctx, stream)
		s.Expect(err).NotTo(HaveOccurred())
		return found
	}
	s.Expect(state()).To(Equal(control.StreamInactive))
	s.Expect(api.Drop(ctx, stream)).To(Succeed(), "nobody pushes, and that is fine")
	_, err := s.sim.Push(link)
	s.Expect(err).NotTo(HaveOccurred())
	s.Expect(state()).To(Equal(control.StreamActive))
	s.Expect(api.Drop(ctx, stream)).To(Succeed())
	_, err = s.sim.Push(link)
	s.Expect(err).NotTo(HaveOccurred())
	until := time.Now().Add(48 * time.Hour).Truncate(time.Second)
	elsewhere := stream
	elsewhere.Domain = "other.example.com"
	s.Expect(api.Forbid(ctx, elsewhere, until, "paused")).To(Succeed())
	s.Expect(s.sim.Streaming("show-42")).To(BeFalse())
	s.Expect(s.sim.ForbiddenUntil("show-42")).To(BeTemporally("==", until))
	s.Expect(state()).To(Equal(control.StreamForbidden))
	_, err = s.sim.Push(link)
	s.Expect(err).To(MatchError(&simlive.Refusal{Code: 18, Sub: 305}))
	s.Expect(api.Resume(ctx, stream)).To(Succeed())
	_, err = s.sim.Push(link)
	s.Expect(err).NotTo(HaveOccurred())
	s.Expect(s.sim.Calls("ForbidLiveStream")).To(Equal(1))
	s.Eventually(s.came).Should(ConsistOf("1 show-42", "0 show-42", "1 show-42", "0 show-42", "1 show-42"))
}

// Calls with a wrong key or clock are refused in the envelope, and faults do what
// they say.
func TestAPIRefuses(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	stream := control.Stream{Domain: "push.example.com", AppName: "live", Name: "show-42"}
	code := func(c control.Credentials) string {
		client, err := control.New(control.Config{Endpoint: s.url, Credentials: c})
		s.Expect(err).NotTo(HaveOccurred())
		e, _ := control.AsError(client.Drop(t.Context(), stream))
		s.Expect(e).NotTo(BeNil())
		return e.Code
	}
	s.Expect(code(control.Credentials{SecretID: "AKID", SecretKey: "other"})).To(Equal("AuthFailure.SignatureFailure"))
	s.Expect(code(control.Credentials{SecretID: "none", SecretKey: "SK"})).To(Equal("AuthFailure.SecretIdNotFound"))
	api := s.api()
	s.Expect(s.door(http.MethodPost, "faults", simlive.Fault{Action: "ForbidLiveStream", Times: 1, Reset: "AfterCommit"}, nil)).To(Equal(http.StatusNoContent))
	s.Expect(api.Forbid(t.Context(), stream, time.Now().Add(time.Hour), "x")).To(Succeed(), "it is tried again")
	s.Expect(s.sim.Calls("ForbidLiveStream")).To(Equal(2))
	s.Expect(s.sim.InjectFault(simlive.Fault{Action: "*", Code: "InvalidParameter"})).To(Succeed())
	e, _ := control.AsError(api.Drop(t.Context(), stream))
	s.Expect(e.Code).To(Equal("InvalidParameter"))
	s.sim.ClearFaults()
	s.Expect(api.Drop(t.Context(), stream)).To(Succeed())
	s.Expect(s.sim.InjectFault(simlive.Fault{Action: "Nothing"})).NotTo(Succeed())
}

func sig(t *testing.T, userID string) string {
	t.Helper()
	text, err := tencentyun.GenUserSig(sdkAppID, secretKey, userID, 3600)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// A host who enters and publishes is relayed to the CDN; who is removed leaves with
// one callback, and the copy ends.
func TestRooms(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *simlive.Options) { o.BizID = 8888 })
	host := live.Room{SDKAppID: sdkAppID, RoomID: 12345, UserID: "anchor", UserSig: sig(t, "anchor"), LiveDomain: "play.example.com", StreamID: "talk-1"}
	s.Expect(s.door(http.MethodPost, "rooms/enter", map[string]any{"url": host.PushURL()}, nil)).To(Equal(http.StatusNoContent))
	viewer := live.Room{SDKAppID: sdkAppID, RoomID: 12345, UserID: "viewer-1", UserSig: sig(t, "viewer-1")}
	s.Expect(s.sim.Enter(simlive.Entrance{URL: viewer.PlayURL()})).To(Succeed())
	s.Expect(s.sim.InRoom(12345)).To(Equal(map[string]bool{"anchor": true, "viewer-1": false}))
	s.Expect(s.sim.Streaming("talk-1")).To(BeTrue())
	viewer.UserSig = sig(t, "somebody")
	s.Expect(s.sim.Enter(simlive.Entrance{URL: viewer.PlayURL()})).NotTo(Succeed())
	s.Expect(s.api().RemoveUsers(t.Context(), sdkAppID, 12345, []string{"anchor"})).To(Succeed())
	s.Expect(s.sim.InRoom(12345)).To(Equal(map[string]bool{"viewer-1": false}))
	s.Expect(s.sim.Streaming("talk-1")).To(BeFalse())
	s.Expect(s.api().DismissRoom(t.Context(), sdkAppID, 12345)).To(Succeed())
	s.Expect(s.api().DismissRoom(t.Context(), sdkAppID, 12345)).To(Succeed(), "it is gone")
	s.Expect(s.sim.InRoom(12345)).To(BeEmpty())
	s.Expect(s.sim.Leave(12345, "viewer-1", 1)).NotTo(Succeed())
	s.Eventually(s.came).Should(ConsistOf("101 anchor", "103 anchor", "201 anchor", "203 anchor", "401 1", "1 talk-1", "401 2",
		"103 viewer-1", "104 anchor", "0 talk-1", "401 5", "401 0", "102"))
	for _, c := range s.callbacks {
		if c.Sign != "" {
			s.Expect(c.Sign).To(Equal(live.RoomCallbackSign(trtcKey, []byte(c.Body))))
		}
	}
}

// With permission control nobody enters without a ticket for the room.
func TestTickets(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *simlive.Options) { o.PermissionControl = true })
	enter := func(publish bool, roomID uint32, privileges uint32) error {
		key, err := tencentyun.GenPrivateMapKey(sdkAppID, secretKey, "anchor", 3600, roomID, privileges)
		s.Expect(err).NotTo(HaveOccurred())
		return s.sim.Enter(simlive.Entrance{RoomID: 12345, UserID: "anchor", UserSig: sig(t, "anchor"), PrivateMapKey: key, Publish: publish})
	}
	s.Expect(s.sim.Enter(simlive.Entrance{RoomID: 12345, UserID: "anchor", UserSig: sig(t, "anchor")})).NotTo(Succeed())
	s.Expect(enter(false, 1, 255)).NotTo(Succeed(), "another room")
	s.Expect(enter(true, 12345, 42)).NotTo(Succeed(), "only to watch")
	s.Expect(enter(false, 12345, 42)).To(Succeed())
	s.Expect(enter(true, 12345, 255)).To(Succeed())
}

// Bodies of TRTC may be printed with tabs, and room ids may be texts when a room is
// dismissed. An answer that is too long is none.
func TestForms(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.sim.SetDisorder(simlive.Disorder{Tabs: true, RoomsAsText: true})
	s.Expect(s.sim.Enter(simlive.Entrance{RoomID: 7, UserID: "anchor", UserSig: sig(t, "anchor")})).To(Succeed())
	s.Expect(s.sim.Leave(7, "anchor", 2)).To(Succeed())
	s.Eventually(s.came).Should(ConsistOf("101 anchor", "103 anchor", "104 anchor", "102"))
	for _, c := range s.callbacks {
		s.Expect(c.Body).To(ContainSubstring("\n\t\"EventInfo\""))
		s.Expect(c.Sign).To(Equal(live.RoomCallbackSign(trtcKey, []byte(c.Body))))
		if strings.Contains(c.Body, `"EventType": 102`) {
			s.Expect(c.Body).To(ContainSubstring(`"RoomId": "7"`))
		}
	}
	long := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 2001)) }))
	defer long.Close()
	s.sim.SetCallbacks(simlive.Callback{}, simlive.Callback{URL: long.URL, Key: trtcKey})
	s.Expect(s.sim.Enter(simlive.Entrance{RoomID: 8, UserID: "anchor", UserSig: sig(t, "anchor")})).To(Succeed())
	s.Eventually(func() int {
		all := s.sim.Deliveries()
		return all[len(all)-1].Tries
	}).Should(Equal(8), "a minute of tries, and no more")
	all := s.sim.Deliveries()
	s.Expect(all[len(all)-1].Done).To(BeFalse())
}

// A simulator that is closed ends its tries.
func TestClose(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	deaf := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer deaf.Close()
	s := simlive.New(simlive.Options{PushDomain: "p", PlaybackDomain: "q", CSS: simlive.Callback{URL: deaf.URL}})
	_, err := s.Push("rtmp://p/live/a")
	g.Expect(err).NotTo(HaveOccurred())
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	closed := make(chan struct{})
	go func() { s.Close(); close(closed) }()
	select {
	case <-closed:
	case <-ctx.Done():
		t.Error("it does not end")
	}
}
