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
	"errors"
	"fmt"
	"net"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func refusalAnswer(code int) string {
	return fmt.Sprintf(`{"ActionStatus":"FAIL","ErrorCode":%d,"ErrorInfo":"info %d"}`, code, code)
}

var testGroup = NewGroup{ID: "live_42", Type: GroupTypeAVChatRoom, Name: "Live 42"}

func TestRequestIsSignedAndComplete(t *testing.T) {
	p := newProvider(t)
	c := newClient(t, p.URL+"/")
	if err := c.CreateGroup(t.Context(), testGroup); err != nil {
		t.Fatal(err)
	}
	got := p.received()[0]
	if got.command != "group_open_http_svc/create_group" {
		t.Errorf("path %s", got.command)
	}
	if err := verify(got.query.Get("usersig")); err != nil {
		t.Errorf("the UserSig is refused: %v", err)
	}
	got.query.Del("usersig")
	if got.query.Get("random") == "" {
		t.Error("no random")
	}
	got.query.Del("random")
	want := map[string][]string{"sdkappid": {"1400000001"}, "identifier": {testAdmin}, "contenttype": {"json"}}
	if !reflect.DeepEqual(map[string][]string(got.query), want) {
		t.Errorf("query %v, want %v", got.query, want)
	}
}

func TestRetryByTheGuide(t *testing.T) {
	tests := map[string]struct {
		answers  []string
		call     func(*Client, context.Context) error
		attempts int
		class    Class
		code     int
	}{
		"success":                     {[]string{answerOK}, create, 1, "", 0},
		"frequency, then success":     {[]string{refusalAnswer(60007), answerOK}, create, 2, "", 0},
		"frequency for good":          {[]string{refusalAnswer(60011)}, create, 3, RateLimited, 60011},
		"trouble, nothing done":       {[]string{refusalAnswer(60014), refusalAnswer(60014), answerOK}, create, 3, "", 0},
		"perhaps done, create":        {[]string{refusalAnswer(10002), answerOK}, create, 1, UnknownOutcome, 10002},
		"perhaps done, destroy":       {[]string{refusalAnswer(10002), answerOK}, destroy, 2, "", 0},
		"perhaps done for good":       {[]string{refusalAnswer(60008)}, destroy, 3, Unavailable, 60008},
		"perhaps done, live admin":    {[]string{refusalAnswer(10002), answerOK}, setLive, 1, UnknownOutcome, 10002},
		"probably the signature":      {[]string{refusalAnswer(10008)}, destroy, 2, Unavailable, 10008},
		"not permitted":               {[]string{refusalAnswer(10007)}, create, 1, NotPermitted, 10007},
		"taken":                       {[]string{refusalAnswer(10021)}, create, 1, AlreadyExists, 10021},
		"taken by us":                 {[]string{refusalAnswer(10025)}, create, 1, AlreadyExists, 10025},
		"wrong key":                   {[]string{refusalAnswer(70009)}, create, 1, Unauthorized, 70009},
		"stale UserSig":               {[]string{refusalAnswer(70001), answerOK}, create, 2, "", 0},
		"stale UserSig for good":      {[]string{refusalAnswer(70001)}, create, 2, Unauthorized, 70001},
		"stale, then frequent":        {[]string{refusalAnswer(20002), refusalAnswer(60007), answerOK}, create, 3, "", 0},
		"frequent, then stale":        {[]string{refusalAnswer(60007), refusalAnswer(70001), answerOK}, create, 3, "", 0},
		"attributes of one group":     {[]string{refusalAnswer(10049), answerOK}, setAttributes, 2, "", 0},
		"answer that is no JSON":      {[]string{"<html>"}, create, 1, UnknownOutcome, 0},
		"answer that is no JSON, put": {[]string{"<html>", answerOK}, destroy, 2, "", 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			for _, command := range []string{"create_group", "destroy_group", "modify_admin", "modify_group_attr"} {
				p.answers(command, test.answers...)
			}
			c := newClient(t, p.URL)
			err := test.call(c, t.Context())
			if ClassOf(err) != test.class {
				t.Errorf("got %v, want class %q", err, test.class)
			}
			if e, ok := AsError(err); ok && e.Code != test.code {
				t.Errorf("got code %d, want %d", e.Code, test.code)
			}
			if p.count() != test.attempts {
				t.Errorf("%d attempts, want %d", p.count(), test.attempts)
			}
		})
	}
}

func create(c *Client, ctx context.Context) error  { return c.CreateGroup(ctx, testGroup) }
func destroy(c *Client, ctx context.Context) error { return c.DestroyGroup(ctx, "live_42") }
func setLive(c *Client, ctx context.Context) error {
	return c.SetLiveAdministrators(ctx, "live_42", []string{"bob"}, true)
}
func setAttributes(c *Client, ctx context.Context) error {
	return c.SetAttributes(ctx, "live_42", []Field{{"a", "b"}})
}

func TestBrokenConnections(t *testing.T) {
	tests := map[string]struct {
		step     step
		call     func(*Client, context.Context) error
		attempts int
		class    Class
	}{
		"reset, create":           {resets, create, 1, UnknownOutcome},
		"reset, live admin":       {resets, setLive, 1, UnknownOutcome},
		"reset, repeatable":       {resets, destroy, 3, Unavailable},
		"gateway error, create":   {saysStatus(http.StatusBadGateway), create, 1, UnknownOutcome},
		"gateway error, put":      {saysStatus(http.StatusBadGateway), destroy, 3, Unavailable},
		"redirect is no answer":   {redirects, create, 1, UnknownOutcome},
		"too many requests":       {saysStatus(http.StatusTooManyRequests), create, 3, RateLimited},
		"answer without an end":   {endless, destroy, 3, Unavailable},
		"answer that breaks off":  {breaksOff, create, 1, UnknownOutcome},
		"answer that is no group": {says(`{"ErrorCode":0,"GroupInfo":7}`), read, 1, Unavailable},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			for _, command := range []string{"create_group", "destroy_group", "modify_admin", "get_group_info"} {
				p.steps(command, test.step)
			}
			c := newClient(t, p.URL)
			err := test.call(c, t.Context())
			if ClassOf(err) != test.class {
				t.Errorf("got %v, want class %q", err, test.class)
			}
			if p.count() != test.attempts {
				t.Errorf("%d attempts, want %d", p.count(), test.attempts)
			}
			assertNoSecret(t, err)
		})
	}
}

func read(c *Client, ctx context.Context) error {
	_, err := c.Group(ctx, "live_42", nil)
	return err
}

func redirects(w http.ResponseWriter, _ string) {
	w.Header().Set("Location", "/v4/group_open_http_svc/create_group")
	w.WriteHeader(http.StatusTemporaryRedirect)
}

func endless(w http.ResponseWriter, _ string) {
	junk := strings.Repeat(" ", 64<<10)
	for range maxAnswerBytes/len(junk) + 2 {
		if _, err := w.Write([]byte(junk)); err != nil {
			return
		}
	}
}

func breaksOff(w http.ResponseWriter, _ string) {
	w.Header().Set("Content-Length", "1000")
	_, _ = w.Write([]byte(answerOK))
	panic(http.ErrAbortHandler)
}

// A connection that cannot be made is certain to have done nothing, so even a create is tried again.
func TestRefusedConnection(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	endpoint := "http://" + listener.Addr().String()
	listener.Close()
	metrics, _ := NewMetrics(nil)
	c := newClient(t, endpoint, func(config *Config) { config.Metrics = metrics })
	err = c.CreateGroup(t.Context(), testGroup)
	if !IsUnavailable(err) || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got %v", err)
	}
	if got := testutil.ToFloat64(metrics.attempts.WithLabelValues("create_group")); got != 3 {
		t.Errorf("%g attempts, want 3", got)
	}
	assertNoSecret(t, err)
}

func TestCallerGivesUp(t *testing.T) {
	tests := map[string]struct {
		call      func(*Client, context.Context) error
		cancel    bool
		wantClass Class
		wantIs    error
	}{
		"create, canceled":   {create, true, UnknownOutcome, context.Canceled},
		"create, deadline":   {create, false, UnknownOutcome, context.DeadlineExceeded},
		"destroy, canceled":  {destroy, true, "", context.Canceled},
		"destroy, deadline":  {destroy, false, Unavailable, context.DeadlineExceeded},
		"batched, canceled":  {read, true, "", context.Canceled},
		"batched, deadline":  {read, false, Unavailable, context.DeadlineExceeded},
		"directly, canceled": {readDirectly, true, "", context.Canceled},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			arrived, end := make(chan struct{}, 3), make(chan struct{})
			for _, command := range []string{"create_group", "destroy_group", "get_group_info"} {
				p.steps(command, func(http.ResponseWriter, string) { arrived <- struct{}{}; <-end })
			}
			c := newClient(t, p.URL)
			// Before the client is closed: the batched call goes on without its caller.
			t.Cleanup(func() { close(end) })
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if test.cancel {
				ctx, cancel = context.WithCancel(t.Context())
				defer cancel()
				go func() { <-arrived; cancel() }()
			}
			err := test.call(c, ctx)
			if ClassOf(err) != test.wantClass || !errors.Is(err, test.wantIs) {
				t.Errorf("got %v (class %q), want %q and %v", err, ClassOf(err), test.wantClass, test.wantIs)
			}
			assertNoSecret(t, err)
		})
	}
}

func readDirectly(c *Client, ctx context.Context) error {
	_, err := c.Groups(ctx, []string{"live_42"}, nil)
	return err
}

func TestProbeIsOneAttempt(t *testing.T) {
	tests := map[string]struct {
		step  step
		class Class
	}{
		"well":             {says(answerOK), ""},
		"stale UserSig":    {says(refusalAnswer(70001)), Unauthorized},
		"wrong key":        {says(refusalAnswer(70009)), Unauthorized},
		"frequency":        {says(refusalAnswer(60007)), RateLimited},
		"trouble":          {says(refusalAnswer(70500)), Unavailable},
		"reset":            {resets, Unavailable},
		"gateway error":    {saysStatus(http.StatusBadGateway), Unavailable},
		"locked for a bit": {says(refusalAnswer(70050)), Unauthorized},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			p.steps("account_check", test.step)
			c := newClient(t, p.URL, func(config *Config) { config.DryRun = true })
			err := c.Probe(t.Context())
			if ClassOf(err) != test.class {
				t.Errorf("got %v, want class %q", err, test.class)
			}
			if p.count() != 1 {
				t.Errorf("%d attempts, want 1", p.count())
			}
			if e, ok := AsError(err); ok && e.Code == 70050 && e.RetryAfter != time.Minute {
				t.Errorf("a lock advises to wait %s", e.RetryAfter)
			}
			if got := p.received()[0].body; got != `{"CheckItem":[{"UserID":"administrator"}]}` {
				t.Errorf("asked %s", got)
			}
		})
	}
}

func TestProbePassesAnOpenBreaker(t *testing.T) {
	p := newProvider(t)
	p.steps("account_check", resets)
	c := newClient(t, p.URL)
	for range 2 {
		if _, err := c.AccountExists(t.Context(), "alice"); !IsUnavailable(err) {
			t.Fatalf("got %v", err)
		}
	}
	before := p.count()
	if before != breakerTrip {
		t.Fatalf("%d attempts, want %d", before, breakerTrip)
	}
	_, err := c.AccountExists(t.Context(), "alice")
	if e, ok := AsError(err); !ok || e.Class != Unavailable || e.RetryAfter <= 0 || e.RetryAfter > breakerOpen {
		t.Errorf("got %+v", e)
	}
	if p.count() != before {
		t.Error("the breaker let a call through")
	}
	p.answers("account_check", answerOK)
	if err := c.Probe(t.Context()); err != nil {
		t.Errorf("got %v", err)
	}
	// Other commands are not held up.
	if err := create(c, t.Context()); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestBreakerOpensAndCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		metrics, _ := NewMetrics(nil)
		var answer error
		calls := 0
		b := newBreaking(callerFunc(func(context.Context, request) ([]byte, error) {
			calls++
			return nil, answer
		}), metrics)
		call := func() error {
			_, err := b.call(t.Context(), request{command: createGroup})
			return err
		}
		open := func() float64 { return testutil.ToFloat64(metrics.breakers.WithLabelValues("create_group")) }

		// Neither the provider's refusals nor what says nothing about it opens the breaker.
		for _, answer = range []error{
			refusal(createGroup, 10007, ""), refusal(createGroup, 60007, ""), refusal(createGroup, 70009, ""),
			&failure{err: context.Canceled, silent: true}, nil,
		} {
			for range 2 * breakerTrip {
				call()
			}
		}
		if calls != 10*breakerTrip || open() != 0 {
			t.Fatalf("%d calls, %g open", calls, open())
		}
		answer = refusal(createGroup, 60008, "")
		calls = 0
		for range 2 * breakerTrip {
			call()
		}
		if calls != breakerTrip || open() != 1 {
			t.Fatalf("%d calls, %g open", calls, open())
		}
		if e, _ := AsError(call()); e == nil || e.Class != Unavailable || e.RetryAfter != breakerOpen {
			t.Errorf("got %+v", e)
		}
		// After a while one call may try, and its success closes the breaker.
		time.Sleep(breakerOpen + time.Millisecond)
		answer = nil
		if err := call(); err != nil || open() != 0 {
			t.Errorf("got %v, %g open", err, open())
		}
		// A client that goes takes its open breaker out of the figures.
		answer = refusal(createGroup, 60008, "")
		for range breakerTrip {
			call()
		}
		b.close()
		if open() != 0 {
			t.Errorf("%g open after the end", open())
		}
	})
}

type callerFunc func(context.Context, request) ([]byte, error)

func (f callerFunc) call(ctx context.Context, req request) ([]byte, error) { return f(ctx, req) }

func TestRetryPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var took time.Duration
		calls := 0
		r := &retrying{
			next: callerFunc(func(context.Context, request) ([]byte, error) {
				calls++
				f := refusal(destroyGroup, 70500, "")
				f.took = took
				return nil, f
			}),
			attempts: maxAttempts, jitter: func() float64 { return 0.5 }, sleep: sleepFor,
		}
		tests := []struct {
			took    time.Duration
			timeout time.Duration
			calls   int
			waited  time.Duration
		}{
			{0, time.Hour, 3, 800 * time.Millisecond},
			{time.Second, time.Hour, 3, 800 * time.Millisecond},
			{1400 * time.Millisecond, time.Hour, 2, 200 * time.Millisecond}, // the budget is used up
			{5 * time.Second, time.Hour, 1, 0},
			{0, 500 * time.Millisecond, 2, 200 * time.Millisecond}, // no time for another pause
		}
		for _, test := range tests {
			took, calls = test.took, 0
			ctx, cancel := context.WithTimeout(t.Context(), test.timeout)
			start := time.Now()
			_, err := r.call(ctx, request{command: destroyGroup})
			if waited := time.Since(start); calls != test.calls || waited != test.waited {
				t.Errorf("%+v: %d calls, waited %s", test, calls, waited)
			}
			if e, _ := AsError(err); e == nil || e.Code != 70500 {
				t.Errorf("got %v", err)
			}
			cancel()
		}
	})
}

func TestFrequencyRefusalSlowsTheCommandDown(t *testing.T) {
	p := newProvider(t)
	p.answers("destroy_group", refusalAnswer(60007), answerOK)
	p.answers("modify_group_attr", refusalAnswer(10049), answerOK)
	throttled := make(chan string, 3)
	c := newClient(t, p.URL, func(config *Config) { config.OnThrottle = func(command string) { throttled <- command } })
	limits := c.breaking.next.(*limiting).limiters
	if err := destroy(c, t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := limits[destroyGroup].bucket.current; got != 95 {
		t.Errorf("destroy_group goes on at %g a second", got)
	}
	// The limit of one group is no reason to slow down all groups.
	if err := setAttributes(c, t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := limits[modifyGroupAttr].bucket.current; got != 190 {
		t.Errorf("modify_group_attr goes on at %g a second", got)
	}
	close(throttled)
	var got []string
	for command := range throttled {
		got = append(got, command)
	}
	if !reflect.DeepEqual(got, []string{"destroy_group"}) {
		t.Errorf("told of %v", got)
	}
}

func TestUserSigIsCachedAndRenewed(t *testing.T) {
	p := newProvider(t)
	clock := &fixedClock{now: time.Now()}
	c := newClient(t, p.URL, func(config *Config) { config.Clock = clock })
	last := func() string {
		t.Helper()
		if err := create(c, t.Context()); err != nil {
			t.Fatal(err)
		}
		requests := p.received()
		return requests[len(requests)-1].query.Get("usersig")
	}
	first := last()
	clock.advance(userSigRenewal - time.Second)
	if last() != first {
		t.Error("the UserSig is not cached")
	}
	signed := c.keys.renewAt
	clock.advance(2 * time.Second)
	last()
	if !c.keys.renewAt.After(signed) {
		t.Error("the UserSig is not renewed in time")
	}
	// Of many that are refused with one UserSig, only the first makes a new one.
	old := identity{administrator: testAdmin, userSig: c.keys.userSig}
	c.keys.discard(identity{userSig: "another"})
	if c.keys.userSig == "" {
		t.Error("the refusal of another UserSig discarded this one")
	}
	c.keys.discard(old)
	if c.keys.userSig != "" {
		t.Error("a refused UserSig is kept")
	}
}

func TestSetCredentials(t *testing.T) {
	p := newProvider(t)
	c := newClient(t, p.URL, func(config *Config) {
		config.Credentials = Credentials{Administrator: "old", SecretKey: strings.Repeat("0", 64)}
	})
	limits := c.breaking.next.(*limiting).limiters[createGroup]
	if err := create(c, t.Context()); err != nil {
		t.Fatal(err)
	}
	c.SetCredentials(Credentials{Administrator: testAdmin, SecretKey: testKey})
	if err := create(c, t.Context()); err != nil {
		t.Fatal(err)
	}
	requests := p.received()
	if verify(requests[0].query.Get("usersig")) == nil {
		t.Error("the first call is signed with the second key")
	}
	if err := verify(requests[1].query.Get("usersig")); err != nil || requests[1].query.Get("identifier") != testAdmin {
		t.Errorf("the second call is from %s: %v", requests[1].query.Get("identifier"), err)
	}
	if c.breaking.next.(*limiting).limiters[createGroup] != limits {
		t.Error("the limiters were replaced too")
	}
	// A key that cannot sign is a matter of credentials, and nothing is sent.
	c.SetCredentials(Credentials{Administrator: testAdmin})
	if err := create(c, t.Context()); !IsUnauthorized(err) {
		t.Errorf("got %v", err)
	}
	if p.count() != 2 {
		t.Errorf("%d requests, want 2", p.count())
	}
}

func TestDryRun(t *testing.T) {
	p := newProvider(t)
	c := newClient(t, p.URL, func(config *Config) { config.DryRun = true })
	writes := map[string]error{
		"create_group":           create(c, t.Context()),
		"destroy_group":          destroy(c, t.Context()),
		"account_import":         c.ImportAccount(t.Context(), NewAccount{UserID: "alice"}),
		"account_delete":         c.DeleteAccount(t.Context(), "alice"),
		"modify_group_base_info": c.ChangeGroup(t.Context(), "live_42", GroupChange{Name: new("x")}),
		"ban_group_member":       c.Ban(t.Context(), "live_42", []string{"bob"}, time.Hour),
	}
	for command, err := range writes {
		var held *DryRunError
		if !errors.As(err, &held) || held.Command != command || !IsDryRun(err) || ClassOf(err) != "" {
			t.Errorf("%s: got %v", command, err)
		}
	}
	if p.count() != 0 {
		t.Errorf("%d requests in a dry run", p.count())
	}
	if _, err := c.LiveAdministrators(t.Context(), "live_42"); err != nil || p.count() != 1 {
		t.Errorf("reading is held back: %v", err)
	}
}

func TestUnauthorizedIsTold(t *testing.T) {
	p := newProvider(t)
	p.answers("create_group", refusalAnswer(70009))
	p.answers("get_group_info", refusalAnswer(70009))
	p.answers("destroy_group", refusalAnswer(10007))
	var mu sync.Mutex
	var told []error
	c := newClient(t, p.URL, func(config *Config) {
		config.OnUnauthorized = func(err error) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, err)
		}
	})
	_ = create(c, t.Context())
	_ = destroy(c, t.Context())
	_ = read(c, t.Context())
	if len(told) != 2 || !IsUnauthorized(told[0]) || !IsUnauthorized(told[1]) {
		t.Errorf("told %v", told)
	}
}

func TestMetrics(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	metrics, err := NewMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewMetrics(registry); err == nil {
		t.Error("a second registration went unnoticed")
	}
	p := newProvider(t)
	p.answers("create_group", refusalAnswer(60007), answerOK, refusalAnswer(10025), answerOK)
	c := newClient(t, p.URL, func(config *Config) { config.Metrics = metrics })
	for range 3 {
		_ = create(c, t.Context())
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_ = create(c, gone)
	_ = read(c, t.Context())
	const want = `
# HELP liveroom_im_attempts_total HTTP requests sent to the IM REST API, retries included.
# TYPE liveroom_im_attempts_total counter
liveroom_im_attempts_total{command="create_group"} 4
liveroom_im_attempts_total{command="get_group_info"} 1
# HELP liveroom_im_calls_total Calls to the IM REST API by command and outcome; a batch is one call, its retries are not counted.
# TYPE liveroom_im_calls_total counter
liveroom_im_calls_total{command="create_group",outcome="AlreadyExists"} 1
liveroom_im_calls_total{command="create_group",outcome="Canceled"} 1
liveroom_im_calls_total{command="create_group",outcome="OK"} 2
liveroom_im_calls_total{command="get_group_info",outcome="OK"} 1
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want),
		"liveroom_im_attempts_total", "liveroom_im_calls_total"); err != nil {
		t.Error(err)
	}
	for collector, n := range map[prometheus.Collector]int{metrics.latency: 2, metrics.batches: 1, metrics.waits: 2} {
		if got := testutil.CollectAndCount(collector); got != n {
			t.Errorf("%d series, want %d", got, n)
		}
	}
}

func TestClose(t *testing.T) {
	p := newProvider(t)
	c := newClient(t, p.URL)
	c.Close()
	c.Close()
	for name, err := range map[string]error{
		"plain": create(c, t.Context()), "batched": read(c, t.Context()), "probe": c.Probe(t.Context()),
	} {
		if !errors.Is(err, ErrClosed) || !IsUnavailable(err) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if p.count() != 0 {
		t.Errorf("%d requests after the end", p.count())
	}
}

func TestProviderTime(t *testing.T) {
	local := &fixedClock{now: time.Date(2026, 3, 1, 12, 0, 0, 700e6, time.UTC)}
	p := &providerClock{local: local}
	check := func(want time.Time) {
		t.Helper()
		if got := p.now(); !got.Equal(want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	check(local.now.Truncate(time.Second))
	for _, junk := range []string{"", "yesterday", "2026-03-01T12:00:00Z"} {
		p.observe(junk)
		check(local.now.Truncate(time.Second))
	}
	// The provider is an hour behind us.
	p.observe("Sun, 01 Mar 2026 11:00:05 GMT")
	date := time.Date(2026, 3, 1, 11, 0, 5, 0, time.UTC)
	check(date)
	local.advance(900 * time.Millisecond)
	check(date)
	local.advance(100 * time.Millisecond)
	check(date.Add(time.Second))
	// The latest answer decides, even if it takes the clock back.
	p.observe("Sun, 01 Mar 2026 11:00:04 GMT")
	check(date.Add(-time.Second))
}

func TestProviderTimeComesFromAnswers(t *testing.T) {
	p := newProvider(t)
	p.steps("destroy_group", func(w http.ResponseWriter, _ string) {
		w.Header().Set("Date", "Sun, 01 Mar 2026 11:00:05 GMT")
		_, _ = w.Write([]byte(refusalAnswer(10010)))
	})
	clock := &fixedClock{now: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)}
	c := newClient(t, p.URL, func(config *Config) { config.Clock = clock })
	if err := destroy(c, t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := c.ProviderTime(); !got.Equal(time.Date(2026, 3, 1, 11, 0, 5, 0, time.UTC)) {
		t.Errorf("got %s", got)
	}
}

type fixedClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *fixedClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fixedClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
