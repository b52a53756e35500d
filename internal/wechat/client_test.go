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
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestSend(t *testing.T) {
	p := newProvider(t)
	c := newClient(t, p)
	if err := c.Send(t.Context(), openID, Text{"您好"}); err != nil {
		t.Fatal(err)
	}
	want := []received{{
		"POST", "/cgi-bin/message/custom/send", "access_token=" + p.token, "application/json",
		`{"msgtype":"text","text":{"content":"您好"},"touser":"oia2TjuEGTNoeX76QEjQNrcURxG8"}`,
	}}
	if got := p.received(customSend); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	want = []received{{
		"POST", "/cgi-bin/stable_token", "", "application/json",
		`{"appid":"wx5823bf96d3bd56c7","force_refresh":false,"grant_type":"client_credential","secret":"` + testSecret + `"}`,
	}}
	if got := p.received(stableToken); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

// Every documented code has its kind, and none is tried a second time.
func TestKindsOfCodes(t *testing.T) {
	tests := map[int]Kind{
		-1: Unavailable, 45011: RateLimited, 45009: DailyQuota, 45015: WindowClosed, 45047: CountExhausted,
		43004: NotFollowing, 40003: NotFollowing, 48001: NotAuthorized, 50002: NotAuthorized, 65400: NotAuthorized,
		50004: NotAuthorized, 50007: NotAuthorized,
		40125: Unauthorized, 40243: Unauthorized, 40013: Unauthorized, 40164: AddressNotAllowed, 89503: AddressNotAllowed,
		89506: AddressNotAllowed, 89507: AddressNotAllowed, 40007: MediaExpired,
		40008: Invalid, 44002: Invalid, 44004: Invalid, 45002: Invalid, 45008: Invalid, 65401: Invalid, 65402: Invalid,
		12345: Invalid,
	}
	p := newProvider(t)
	c := newClient(t, p)
	for code, kind := range tests {
		p.then(customSend, refuses(code, "refused hint: [3okk_04054105]"))
		before := len(p.received(customSend))
		err := c.Send(t.Context(), openID, Text{"a"})
		e, ok := AsError(err)
		if !ok || e.Kind != kind || e.Code != code || CodeOf(err) != code || e.Info != "refused hint: [3okk_04054105]" ||
			e.Command != "custom_send" {
			t.Errorf("%d: got %v, want %s", code, err, kind)
		}
		if (e.RetryAfter > 0) != (kind == RateLimited || kind == DailyQuota) {
			t.Errorf("%d advises to wait %s", code, e.RetryAfter)
		}
		if n := len(p.received(customSend)) - before; n != 1 {
			t.Errorf("%d: %d attempts", code, n)
		}
	}
}

// The kinds of a request for a token: 40001 is a wrong secret there.
func TestKindsOfTokenCodes(t *testing.T) {
	for code, kind := range map[int]Kind{
		-1: Unavailable, 40001: Unauthorized, 40002: Invalid, 40013: Unauthorized, 40125: Unauthorized, 40164: AddressNotAllowed,
		40243: Unauthorized, 41002: Unauthorized, 41004: Unauthorized, 43002: Invalid, 45009: DailyQuota, 45011: RateLimited,
		50004: NotAuthorized, 50007: NotAuthorized, 89503: AddressNotAllowed,
	} {
		p := newProvider(t)
		p.then(stableToken, refuses(code, "no"))
		err := newClient(t, p).Send(t.Context(), openID, Text{"a"})
		if e, ok := AsError(err); !ok || e.Kind != kind || e.Code != code || e.Command != "stable_token" {
			t.Errorf("%d: got %v, want %s", code, err, kind)
		}
		if len(p.received(customSend)) > 0 {
			t.Errorf("%d: sent without a token", code)
		}
	}
}

func TestUntilTomorrow(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"2026-11-22T23:00:00+08:00": time.Hour,
		"2026-11-23T00:00:00+08:00": 24 * time.Hour,
		"2026-11-22T23:59:59+08:00": time.Minute,
		"2026-11-22T10:00:00Z":      6 * time.Hour,
	} {
		now, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		if got := untilTomorrow(now); got != want {
			t.Errorf("%s: got %s", text, got)
		}
	}
}

// The one thing that a sender of messages must know: whether the message may have been taken.
func TestLostAnswers(t *testing.T) {
	tests := map[string]struct {
		step step
		// send and typing are the kinds for a call that must not and for one that may be repeated.
		send, typing Kind
	}{
		"reset after the request":  {resets, UnknownOutcome, Unavailable},
		"half an answer":           {cuts, UnknownOutcome, Unavailable},
		"another answer":           {says("<html>"), UnknownOutcome, Unavailable},
		"an endless answer":        {says(strings.Repeat(" ", maxAnswerBytes+1)), UnknownOutcome, Unavailable},
		"bad gateway":              {saysStatus(http.StatusBadGateway), UnknownOutcome, Unavailable},
		"gateway time-out":         {saysStatus(http.StatusGatewayTimeout), UnknownOutcome, Unavailable},
		"internal error":           {saysStatus(http.StatusInternalServerError), UnknownOutcome, Unavailable},
		"request time-out":         {saysStatus(http.StatusRequestTimeout), UnknownOutcome, Unavailable},
		"service unavailable":      {saysStatus(http.StatusServiceUnavailable), Unavailable, Unavailable},
		"too many requests":        {saysStatus(http.StatusTooManyRequests), RateLimited, RateLimited},
		"too large":                {saysStatus(http.StatusRequestEntityTooLarge), Invalid, Invalid},
		"a proxy's refusal":        {saysStatus(http.StatusForbidden), Unavailable, Unavailable},
		"busy":                     {refuses(-1, "system error"), Unavailable, Unavailable},
		"redirected, not followed": {redirects, Unavailable, Unavailable},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			c := newClient(t, p)
			p.then(customSend, test.step)
			p.then(customTyping, test.step)
			if err := c.Send(t.Context(), openID, Text{"a"}); KindOf(err) != test.send {
				t.Errorf("send: got %v, want %s", err, test.send)
			}
			if err := c.Typing(t.Context(), openID, true); KindOf(err) != test.typing {
				t.Errorf("typing: got %v, want %s", err, test.typing)
			}
			if sent, typed := len(p.received(customSend)), len(p.received(customTyping)); sent != 1 || typed != 1 {
				t.Errorf("%d and %d attempts", sent, typed)
			}
		})
	}
}

func redirects(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/elsewhere?"+r.URL.RawQuery, http.StatusTemporaryRedirect)
}

func TestAnswerWithoutErrcodeProvesNothing(t *testing.T) {
	p := newProvider(t)
	p.then(customSend, says(`{"portal":"please log in"}`))
	if err := newClient(t, p).Send(t.Context(), openID, Text{"a"}); KindOf(err) != UnknownOutcome {
		t.Errorf("got %v", err)
	}
}

// expiring is a context whose deadline passes when the test says so.
type expiring struct {
	context.Context
	passed chan struct{}
}

func (e expiring) Done() <-chan struct{} { return e.passed }

func (e expiring) Err() error {
	select {
	case <-e.passed:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// Whoever gives up while the answer is awaited has to know that the message may be on its way.
func TestGivingUp(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	late := expiring{t.Context(), make(chan struct{})}
	tests := map[string]struct {
		ctx  context.Context
		end  func()
		kind Kind // before anything is written
		err  error
	}{
		"cancelled": {cancelled, cancel, "", context.Canceled},
		"too late":  {late, func() { close(late.passed) }, Unavailable, context.DeadlineExceeded},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t)
			c := newClient(t, p)
			if err := c.Probe(t.Context()); err != nil {
				t.Fatal(err)
			}
			p.then(customSend, func(_ http.ResponseWriter, r *http.Request) {
				test.end()
				<-r.Context().Done()
			})
			if err := c.Send(test.ctx, openID, Text{"a"}); KindOf(err) != UnknownOutcome || !errors.Is(err, test.err) {
				t.Errorf("got %v", err)
			}
			// Nothing is written for a caller that has gone.
			if err := c.Send(test.ctx, openID, Text{"a"}); KindOf(err) != test.kind || !errors.Is(err, test.err) {
				t.Errorf("got %v", err)
			}
			if n := len(p.received(customSend)); n != 1 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

// What fails before the request is written was not sent.
func TestNotSent(t *testing.T) {
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = nobody.Close()
	untrusted := httptest.NewUnstartedServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	untrusted.StartTLS()
	defer untrusted.Close()
	for name, endpoint := range map[string]string{
		"refused": "http://" + nobody.Addr().String(),
		"TLS":     untrusted.URL,
		"no name": "http://wechat.invalid",
	} {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t)
			store := &MemoryTokens{}
			if err := newClient(t, p, func(o *Options) { o.Tokens = store }).Probe(t.Context()); err != nil {
				t.Fatal(err)
			}
			c := newClient(t, p, func(o *Options) { o.Tokens, o.Endpoint = store, endpoint })
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			if err := c.Send(ctx, openID, Text{"a"}); KindOf(err) != Unavailable {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestTyping(t *testing.T) {
	p := newProvider(t)
	c := newClient(t, p)
	if err := c.Typing(t.Context(), openID, true); err != nil {
		t.Error(err)
	}
	if err := c.Typing(t.Context(), openID, false); err != nil {
		t.Error(err)
	}
	var bodies []string
	for _, r := range p.received(customTyping) {
		bodies = append(bodies, r.body)
	}
	if want := []string{
		`{"command":"Typing","touser":"oia2TjuEGTNoeX76QEjQNrcURxG8"}`, `{"command":"CancelTyping","touser":"oia2TjuEGTNoeX76QEjQNrcURxG8"}`,
	}; !reflect.DeepEqual(bodies, want) {
		t.Errorf("got %q", bodies)
	}
	p.then(customTyping, refuses(45081, "already typing"), refuses(45080, "need interaction"))
	if err := c.Typing(t.Context(), openID, true); err != nil {
		t.Error(err)
	}
	if err := c.Typing(t.Context(), openID, true); KindOf(err) != WindowClosed {
		t.Errorf("got %v", err)
	}
}

func TestUserInfo(t *testing.T) {
	p := newProvider(t)
	c := newClient(t, p)
	p.then(userInfo,
		says(`{"subscribe":1,"openid":"`+openID+`","subscribe_time":1763848315,"unionid":"u","remark":"r","groupid":2,"tagid_list":[1,2],"subscribe_scene":"ADD_SCENE_QR_CODE","qr_scene":98765,"qr_scene_str":"s"}`),
		says(`{"subscribe":0,"openid":"`+openID+`"}`),
		refuses(48001, "api unauthorized rid: 68079913-4fa1bf0a-7dceeca9"),
		says(`{"subscribe":1,"openid":"other"}`))
	got, err := c.UserInfo(t.Context(), openID)
	want := User{
		OpenID: openID, Following: true, FollowedAt: time.Unix(1763848315, 0), UnionID: "u", Remark: "r", GroupID: 2,
		TagIDs: []int64{1, 2}, Scene: "ADD_SCENE_QR_CODE", QRScene: 98765, QRSceneText: "s",
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := c.UserInfo(t.Context(), openID); err != nil || !reflect.DeepEqual(got, User{OpenID: openID}) {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := c.UserInfo(t.Context(), openID); KindOf(err) != NotAuthorized {
		t.Errorf("got %v", err)
	}
	if _, err := c.UserInfo(t.Context(), openID); KindOf(err) != Unavailable {
		t.Errorf("got %v", err)
	}
	if got := p.received(userInfo)[0].query; got != "access_token="+p.token+"&lang=zh_CN&openid="+openID {
		t.Errorf("asked %s", got)
	}
}

func TestCallbackAddresses(t *testing.T) {
	p := newProvider(t)
	c := newClient(t, p)
	p.then(callbackIP, says(`{"ip_list":["106.55.206.146","101.226.103.7/25","2402:4e00::1"]}`),
		says(`{"ip_list":[]}`), says(`{"ip_list":["106.55.206.146","elsewhere"]}`))
	got, err := c.CallbackAddresses(t.Context())
	want := []netip.Prefix{
		netip.MustParsePrefix("106.55.206.146/32"), netip.MustParsePrefix("101.226.103.0/25"), netip.MustParsePrefix("2402:4e00::1/128"),
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	for range 2 {
		if got, err := c.CallbackAddresses(t.Context()); KindOf(err) != Unavailable || got != nil {
			t.Errorf("got %v, %v", got, err)
		}
	}
}

func TestRate(t *testing.T) {
	p := newProvider(t)
	c := newClient(t, p, func(o *Options) { o.RequestsPerSecond = 1 })
	c.SetShare(leastShare) // 256 s for a call
	if err := c.Send(t.Context(), openID, Text{"a"}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := c.Send(ctx, openID, Text{"b"})
	if e, ok := AsError(err); !ok || e.Kind != RateLimited || e.RetryAfter <= 0 || ctx.Err() != nil {
		t.Errorf("got %v", err)
	}
	if n := len(p.received(customSend)); n != 1 {
		t.Errorf("%d messages were sent", n)
	}
	for share, want := range map[float64]float64{0.5: 0.5, 0: leastShare, -1: leastShare, 2: 1} {
		if c.SetShare(share); float64(c.limiter.Limit()) != want {
			t.Errorf("a share of %g is %g a second", share, c.limiter.Limit())
		}
	}
}

func TestMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	metrics, err := NewMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewMetrics(registry); err == nil {
		t.Error("registered twice")
	}
	p := newProvider(t)
	c := newClient(t, p, func(o *Options) { o.Metrics = metrics })
	p.then(customSend, says(answerOK), refuses(45047, "out of response count limit"), resets)
	for range 3 {
		_ = c.Send(t.Context(), openID, Text{"a"})
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	_ = c.Send(cancelled, openID, Text{"a"})
	p.rotate()
	if err := c.Send(t.Context(), openID, Text{"a"}); err != nil {
		t.Fatal(err)
	}
	want := `
# HELP liveroom_wechat_attempts_total HTTP requests sent to the WeChat API, those for access tokens and repetitions included.
# TYPE liveroom_wechat_attempts_total counter
liveroom_wechat_attempts_total{command="custom_send"} 5
liveroom_wechat_attempts_total{command="stable_token"} 2
# HELP liveroom_wechat_calls_total Calls to the WeChat API by command and outcome; the repetition after a refused token is not counted.
# TYPE liveroom_wechat_calls_total counter
liveroom_wechat_calls_total{command="custom_send",outcome="Canceled"} 1
liveroom_wechat_calls_total{command="custom_send",outcome="CountExhausted"} 1
liveroom_wechat_calls_total{command="custom_send",outcome="OK"} 2
liveroom_wechat_calls_total{command="custom_send",outcome="UnknownOutcome"} 1
# HELP liveroom_wechat_token_fetches_total Requests for an access token by mode (Normal, Forced) and outcome; forced ones are limited to 20 a day.
# TYPE liveroom_wechat_token_fetches_total counter
liveroom_wechat_token_fetches_total{mode="Normal",outcome="OK"} 2
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "liveroom_wechat_attempts_total",
		"liveroom_wechat_calls_total", "liveroom_wechat_token_fetches_total"); err != nil {
		t.Error(err)
	}
}

func TestNewRefusesWrongOptions(t *testing.T) {
	good := Options{AppID: testAppID, Secret: testSecret, Endpoint: "https://h"}
	tests := map[string]func(*Options){
		"other scheme":  func(o *Options) { o.Endpoint = "ftp://h" },
		"no host":       func(o *Options) { o.Endpoint = "https://" },
		"a path":        func(o *Options) { o.Endpoint = "https://h/cgi-bin" },
		"a password":    func(o *Options) { o.Endpoint = "https://u:" + testSecret + "@h" },
		"not a URL":     func(o *Options) { o.Endpoint = "https://h:" + testSecret + "\x7f" },
		"no AppID":      func(o *Options) { o.AppID = "" },
		"no AppSecret":  func(o *Options) { o.Secret = "" },
		"negative rate": func(o *Options) { o.RequestsPerSecond = -1 },
	}
	for name, change := range tests {
		options := good
		change(&options)
		if _, err := New(options); err == nil || strings.Contains(err.Error(), testSecret) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if c, err := New(Options{AppID: testAppID, Secret: testSecret}); err != nil || c.wire.endpoint != DefaultEndpoint {
		t.Errorf("got %v", err)
	} else {
		c.Close()
	}
}

func TestCleanInfo(t *testing.T) {
	long := strings.Repeat("é", 400) + " rid: 68079913-4fa1bf0a-7dceeca9"
	tests := map[string]string{
		"\na\nb\x00c\xff\t": "a b c?",
		long:                strings.Repeat("é", 64) + " ... " + strings.Repeat("é", 45) + " rid: 68079913-4fa1bf0a-7dceeca9",
	}
	for text, want := range tests {
		if got := cleanInfo(text); got != want || len(got) > maxInfoBytes {
			t.Errorf("%d bytes: got %q", len(got), got)
		}
	}
	if got := cleanInfo(strings.Repeat("x", 1<<20)); len(got) != maxInfoBytes {
		t.Errorf("%d bytes are left", len(got))
	}
}
