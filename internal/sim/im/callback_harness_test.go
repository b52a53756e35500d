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

package im_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

const accept = `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`

// received is one callback as it arrived.
type received struct {
	query  string // as it was sent, in its order
	header http.Header
	body   object
}

func (r received) command() string {
	name, _ := r.body["CallbackCommand"].(string)
	return name
}

// receiver is an application's server for callbacks.
type receiver struct {
	tb     testing.TB
	server *httptest.Server

	mu     sync.Mutex
	calls  []received
	answer func(received) (status int, body string)
	hang   bool // until the caller gives up
	arrive func()
}

func newReceiver(tb testing.TB) *receiver {
	tb.Helper()
	r := &receiver{tb: tb}
	r.server = httptest.NewServer(r)
	tb.Cleanup(r.server.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	raw, err := io.ReadAll(request.Body)
	if err != nil || request.Method != http.MethodPost {
		r.tb.Errorf("%s, %v", request.Method, err)
	}
	call := received{query: request.URL.RawQuery, header: request.Header, body: parse(r.tb, raw)}
	r.mu.Lock()
	r.calls = append(r.calls, call)
	answer, hang, arrive := r.answer, r.hang, r.arrive
	r.mu.Unlock()
	if arrive != nil {
		arrive()
	}
	if hang {
		<-request.Context().Done()
		return
	}
	status, body := http.StatusOK, accept
	if answer != nil {
		status, body = answer(call)
	}
	if status == http.StatusFound {
		w.Header().Set("Location", "/elsewhere")
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// answers sets what is answered to one command; others are accepted.
func (r *receiver) answers(command, body string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = func(call received) (int, string) {
		if call.command() == command {
			return http.StatusOK, body
		}
		return http.StatusOK, accept
	}
}

func (r *receiver) set(hang bool, answer func(received) (int, string)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hang, r.answer = hang, answer
}

// onArrival sets what is done when a callback has arrived.
func (r *receiver) onArrival(arrive func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.arrive = arrive
}

// take returns what has arrived and forgets it.
func (r *receiver) take() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	calls := r.calls
	r.calls = nil
	return calls
}

// newCallbackHarness starts a simulator with a receiver for its callbacks,
// which one worker sends, so that they arrive in order.
func newCallbackHarness(tb testing.TB, change ...func(*im.Options)) (*harness, *receiver) {
	tb.Helper()
	r := newReceiver(tb)
	all := append([]func(*im.Options){func(o *im.Options) {
		o.Callback = im.CallbackOptions{URL: r.server.URL + "/im/ns/app", Token: "shield-im-cb-7Qe2", Workers: 1}
	}}, change...)
	return newHarness(tb, all...), r
}

// settle waits until nothing more is to come.
func (h *harness) settle() {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), 30*time.Second)
	defer cancel()
	if err := h.sim.WaitForCallbacks(ctx); err != nil {
		h.t.Fatal(err)
	}
}

// fired waits for the callbacks of what was done and returns their bodies.
func (h *harness) fired(r *receiver) []string {
	h.t.Helper()
	h.settle()
	bodies := []string{}
	for _, call := range r.take() {
		bodies = append(bodies, canonical(h.t, call.body))
	}
	return bodies
}

// expect compares what was fired with JSON bodies in which @NOW is the time in
// seconds; EventTime is added to those that have it.
func (h *harness) expect(r *receiver, bodies ...string) {
	h.t.Helper()
	h.compare(h.fired(r), h.wanted(bodies))
}

// expectSet is expect without regard to the order: a callback before one
// message may overtake that after another.
func (h *harness) expectSet(r *receiver, bodies ...string) {
	h.t.Helper()
	got, want := h.fired(r), h.wanted(bodies)
	slices.Sort(got)
	slices.Sort(want)
	h.compare(got, want)
}

func (h *harness) wanted(bodies []string) []string {
	h.t.Helper()
	want := []string{}
	for _, body := range bodies {
		fields := parse(h.t, []byte(h.dated(body)))
		command, _ := fields["CallbackCommand"].(string)
		if !strings.HasPrefix(command, "C2C.") {
			fields["EventTime"] = h.clock.Now().UnixMilli()
		}
		want = append(want, canonical(h.t, fields))
	}
	return want
}

func (h *harness) compare(got, want []string) {
	h.t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		h.t.Errorf("\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

// queryOf takes Sign out of a query and returns it beside the rest.
func queryOf(tb testing.TB, raw string) (rest, sign string) {
	tb.Helper()
	values, err := url.ParseQuery(raw)
	if err != nil {
		tb.Fatal(err)
	}
	sign = values.Get("Sign")
	return strings.Replace(raw, "&Sign="+sign, "", 1), sign
}
