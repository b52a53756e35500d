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
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

// register makes bob log in again, which fires one callback.
func register(h *harness) {
	h.t.Helper()
	if err := h.sim.ChangePresence("bob", im.PresenceChange{State: "Online", Reason: "Register"}); err != nil {
		h.t.Fatal(err)
	}
}

// states returns the counters of the callback that register fires.
func states(h *harness) im.CallbackCount { return h.sim.CallbackStatus().Commands["State.StateChange"] }

func TestFailedCallbacks(t *testing.T) {
	tests := map[string]struct {
		hang   bool
		status int
		body   string
		want   string // error in the log
	}{
		"status":           {false, 500, accept, "the status is 500"},
		"other success":    {false, 204, "", "the status is 204"},
		"redirect":         {false, 302, "", "the status is 302"},
		"no JSON":          {false, 200, "ok", "the body is not one JSON object"},
		"no object":        {false, 200, "[]", "the body is not one JSON object"},
		"empty":            {false, 200, "", "the body is not one JSON object"},
		"too long":         {false, 200, `{"x":"` + strings.Repeat("x", 256<<10) + `"}`, "the answer has more than 262144 bytes"},
		"no answer":        {true, 0, "", "no answer in time"},
		"ignored verdict":  {false, 200, verdict(1, "x", ""), ""},
		"ignored contents": {false, 200, "{}", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			h, r := newCallbackHarness(t, func(o *im.Options) {
				if test.hang {
					o.Callback.Timeout = 20 * time.Millisecond
				}
			})
			r.set(test.hang, func(received) (int, string) { return test.status, test.body })
			register(h)
			h.settle()
			want := im.CallbackCount{Fired: 1, Sent: 1, Answered: 1}
			if test.want != "" {
				want = im.CallbackCount{Fired: 1, Sent: 1, Failed: 1, Unanswered: 1}
			}
			same(t, states(h), want)
			log := h.sim.CallbackLog()[0]
			same(t, []any{log.Error, log.Status}, []any{test.want, test.status})
			same(t, len(r.take()), 1) // and no retry
		})
	}
}

func TestCallbacksToNobody(t *testing.T) {
	h, r := newCallbackHarness(t)
	r.server.Close()
	register(h)
	h.settle()
	same(t, states(h), im.CallbackCount{Fired: 1, Sent: 1, Failed: 1, Unanswered: 1})
	if log := h.sim.CallbackLog()[0]; !strings.Contains(log.Error, "connection refused") || strings.Contains(log.Error, "Sign") {
		t.Errorf("the error is %s", log.Error)
	}
}

func TestCallbackRetries(t *testing.T) {
	h, r := newCallbackHarness(t, func(o *im.Options) {
		o.Callback.RetryAfter = true
		o.Callback.RetryDelays = []time.Duration{time.Millisecond, 2 * time.Millisecond}
	})
	failures := 2
	r.set(false, func(received) (int, string) {
		if failures--; failures >= 0 {
			return http.StatusBadGateway, ""
		}
		return http.StatusOK, accept
	})
	register(h)
	h.settle()
	same(t, states(h), im.CallbackCount{Fired: 1, Sent: 3, Failed: 2, Retried: 2, Answered: 1})
	tries := []string{}
	for _, record := range h.sim.CallbackLog() {
		tries = append(tries, fmt.Sprint(record.Try, " ", record.Status))
	}
	same(t, tries, []string{"1 502", "2 502", "3 200"})
	calls := r.take()
	same(t, calls[2].body, calls[0].body)

	r.set(false, func(received) (int, string) { return http.StatusBadGateway, "" })
	h.sim.ResetCallbackCounters()
	register(h)
	h.settle()
	same(t, states(h), im.CallbackCount{Fired: 1, Sent: 3, Failed: 3, Retried: 2, Unanswered: 1})
	h.makeGroup("AVChatRoom", "g") // callbacks before are never repeated
	h.settle()
	same(t, h.sim.CallbackStatus().Commands["Group.CallbackBeforeCreateGroup"], im.CallbackCount{Fired: 1, Sent: 1, Failed: 1, Unanswered: 1})
}

func TestFullCallbackQueueDrops(t *testing.T) {
	h, r := newCallbackHarness(t, func(o *im.Options) { o.Callback.QueueSize = 3 })
	if err := h.sim.SeedGroup(im.GroupSeed{GroupID: "g", Type: "AVChatRoom", Members: []string{"bob"}}); err != nil {
		t.Fatal(err)
	}
	arrived, release := make(chan struct{}), make(chan struct{})
	r.set(false, func(received) (int, string) {
		arrived <- struct{}{}
		<-release
		return http.StatusOK, accept
	})
	register(h)
	<-arrived // one is under way, two have room
	for range 4 {
		register(h)
	}
	if err := h.sim.LeaveViewer("g", "bob"); err != nil {
		t.Fatal(err)
	}
	status := h.sim.CallbackStatus()
	same(t, []int{status.Pending, status.InFlight}, []int{3, 1})
	if err := h.sim.WaitForCallbacks(ended(t)); err == nil {
		t.Error("the queue is drained while it is full")
	}
	_, text := h.door("GET", "/sim/callback?wait=1ms", "")
	same(t, parse(t, []byte(text))["pending"], 3)
	r.set(false, nil)
	release <- struct{}{}
	h.settle()
	same(t, states(h), im.CallbackCount{Fired: 5, Sent: 3, Answered: 3, Dropped: 2})
	same(t, h.sim.CallbackTally().Groups["g"], im.GroupTally{Unsent: 1})
	register(h) // there is room again
	h.settle()
	same(t, states(h).Answered, 4)
}

// ended is a context that is over.
func ended(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

func TestClosingASimulatorDropsCallbacks(t *testing.T) {
	h, r := newCallbackHarness(t, func(o *im.Options) {
		o.Callback.RetryAfter, o.Callback.RetryDelays = true, []time.Duration{time.Minute}
		o.Callback.Timeout = time.Minute
		o.Callback.Commands = []string{"State.StateChange", "Group.CallbackBeforeCreateGroup"}
	})
	retrying := make(chan struct{})
	r.set(false, func(received) (int, string) {
		close(retrying)
		return http.StatusBadGateway, ""
	})
	register(h) // fails and waits a minute for its repeat
	<-retrying
	asked := make(chan string)
	arrived := make(chan struct{}, 2)
	r.set(true, nil)
	r.onArrival(func() { arrived <- struct{}{} })
	register(h) // is under way
	<-arrived
	register(h) // has no worker
	go func() { asked <- create(h) }()
	<-arrived
	h.sim.Close()
	h.sim.Close() // once more does no harm
	if got := <-asked; got != "0" {
		t.Errorf("the action whose callback was cut off ended with %s", got)
	}
	same(t, h.sim.CallbackStatus().Pending, 0)
	count := states(h)
	same(t, []int{count.Fired, count.Answered, count.Unanswered, count.Dropped}, []int{3, 0, 3, 0})
	register(h) // is told to nobody
	same(t, states(h), count)
	if err := h.sim.SetCallback(im.CallbackOptions{}); err == nil {
		t.Error("a closed simulator can be configured")
	}
	h.ok(login+"account_import", `{"UserID":"new"}`) // and goes on answering
}

// TestSimulatorWithoutCallbacks is watched by the package's check for leaks:
// nothing closes this simulator.
func TestSimulatorWithoutCallbacks(t *testing.T) {
	s := im.New(im.Options{SDKAppID: testApp, SecretKey: testKey})
	if err := s.SetCallback(im.CallbackOptions{Token: "t", QueueSize: 5, Workers: 5}); err != nil {
		t.Fatal(err)
	}
	got := s.Callback()
	same(t, []any{got.URL, got.Token, got.QueueSize, got.Workers, got.Timeout}, []any{"", "t", 65536, 64, 2 * time.Second})
	if err := s.WaitForCallbacks(ended(t)); err != nil && err != context.Canceled {
		t.Error(err)
	}
}

func TestSwitchingCallbacksOffDropsWhatWaits(t *testing.T) {
	h, r := newCallbackHarness(t)
	arrived, release := make(chan struct{}), make(chan struct{})
	r.set(false, func(received) (int, string) {
		arrived <- struct{}{}
		<-release
		return http.StatusOK, accept
	})
	register(h)
	<-arrived
	register(h)
	if err := h.sim.SetCallback(im.CallbackOptions{}); err != nil {
		t.Fatal(err)
	}
	release <- struct{}{}
	h.settle()
	same(t, states(h), im.CallbackCount{Fired: 2, Sent: 1, Answered: 1, Unanswered: 1})
}
