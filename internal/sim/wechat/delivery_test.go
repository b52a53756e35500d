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
	"context"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/sim/wechat"
)

// hangs answers nothing until the sender gives up.
func hangs(_ http.ResponseWriter, r *http.Request, _ string) { <-r.Context().Done() }

func breaks(w http.ResponseWriter, _ *http.Request, _ string) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = connection.Close()
	}
}

func fails(w http.ResponseWriter, _ *http.Request, _ string) { w.WriteHeader(http.StatusBadGateway) }

func redirects(w http.ResponseWriter, r *http.Request, _ string) {
	http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
}

// half announces more than it sends, and then hangs.
func half(w http.ResponseWriter, r *http.Request, _ string) {
	w.Header().Set("Content-Length", "7")
	_, _ = io.WriteString(w, "succ")
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
}

// in turn answers with one after the other, the last one from then on.
func inTurn(answers ...func(http.ResponseWriter, *http.Request, string)) func(http.ResponseWriter, *http.Request, string) {
	var mu sync.Mutex
	next := 0
	return func(w http.ResponseWriter, r *http.Request, body string) {
		mu.Lock()
		answer := answers[min(next, len(answers)-1)]
		next++
		mu.Unlock()
		answer(w, r, body)
	}
}

// impatient waits a tenth of a second instead of five.
func impatient(o *wechat.Options) { o.PushTimeout = 100 * time.Millisecond }

// Three tries in total, with the very same request, whatever fails.
func TestThreeTries(t *testing.T) {
	tests := map[string]struct {
		answer  func(http.ResponseWriter, *http.Request, string)
		outcome wechat.Outcome
	}{
		"no answer":          {hangs, wechat.TimedOut},
		"half an answer":     {half, wechat.TimedOut},
		"a connection reset": {breaks, wechat.Broken},
		"a bad status":       {fails, wechat.BadStatus},
		"a redirect":         {redirects, wechat.BadStatus},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, impatient, mode(wechat.Safe))
			h.hook.then(test.answer)
			sent := h.write("a")
			got := h.hook.got()
			if len(got) != 3 || !reflect.DeepEqual(got[0], got[1]) || !reflect.DeepEqual(got[0], got[2]) {
				t.Errorf("%d requests: %v", len(got), got)
			}
			counts := h.sim.PushStatistics()
			counts.Latency = wechat.LatencySummary{}
			want := wechat.PushStatistics{
				Written: 1, Tries: 3, Retries: 2, Outcomes: map[wechat.Outcome]int{test.outcome: 3}, GivenUp: 1, Unavailable: 1,
			}
			if !reflect.DeepEqual(counts, want) {
				t.Errorf("counted %+v, want %+v", counts, want)
			}
			phone := []wechat.PhoneMessage{{
				Sequence: 1, Time: h.clock.Now(), Source: wechat.Unavailable, Answers: sent.ID, Type: "text", Text: wechat.UnavailableText,
			}}
			if got := h.phone(); !reflect.DeepEqual(got, phone) {
				t.Errorf("the phone shows %+v", got)
			}
		})
	}
}

// A good answer ends the tries, and a bad one does, too.
func TestTriesEnd(t *testing.T) {
	h := newHarness(t, impatient)
	h.hook.then(inTurn(fails, breaks, says("success")))
	h.write("a")
	h.hook.then(inTurn(hangs, says(passiveText("late"))))
	h.write("b")
	h.hook.then(inTurn(fails, says("{}"), says("success")))
	h.write("c")
	var outcomes []wechat.Outcome
	for _, record := range h.sim.PushLog() {
		outcomes = append(outcomes, record.Outcome)
	}
	want := []wechat.Outcome{
		wechat.BadStatus, wechat.Broken, wechat.Success, wechat.TimedOut, wechat.Replied, wechat.BadStatus, wechat.Invalid,
	}
	if !slices.Equal(outcomes, want) {
		t.Errorf("got %v", outcomes)
	}
	var texts []string
	for _, message := range h.phone() {
		texts = append(texts, message.Text)
	}
	if !slices.Equal(texts, []string{"late", wechat.UnavailableText}) {
		t.Errorf("the phone shows %q", texts)
	}
}

// Where nobody listens there are three tries as well. They go to where the
// webhook is by then.
func TestRefusedConnection(t *testing.T) {
	h := newHarness(t, func(o *wechat.Options) { o.Accounts[0].WebhookURL = "http://127.0.0.1:1/" })
	h.write("a")
	if got := h.sim.PushStatistics(); got.Tries != 3 || got.Outcomes[wechat.Broken] != 3 {
		t.Errorf("%+v", got)
	}
	if err := h.sim.UpdateAccount(testApp, func(a *wechat.Account) { a.WebhookURL = h.hook.url }); err != nil {
		t.Fatal(err)
	}
	h.hook.then(func(w http.ResponseWriter, _ *http.Request, _ string) {
		if err := h.sim.UpdateAccount(testApp, func(a *wechat.Account) { a.WebhookURL = "" }); err != nil {
			t.Error(err)
		}
		w.WriteHeader(http.StatusBadGateway)
	})
	h.write("b")
	if got := h.sim.PushStatistics(); got.Tries != 5 || got.Outcomes[wechat.NotConfigured] != 1 {
		t.Errorf("%+v", got)
	}
}

func TestGapBetweenTries(t *testing.T) {
	h := newHarness(t, func(o *wechat.Options) { o.RetryGap = 30 * time.Millisecond })
	h.hook.then(inTurn(fails, fails, says("success")))
	start := time.Now()
	h.write("a")
	if took := time.Since(start); took < 60*time.Millisecond {
		t.Errorf("three tries took %s", took)
	}
}

func TestFreshRetries(t *testing.T) {
	h := newHarness(t, func(o *wechat.Options) { o.FreshRetries = true })
	h.hook.then(func(w http.ResponseWriter, r *http.Request, body string) {
		h.clock.Advance(5 * time.Second)
		fails(w, r, body)
	})
	h.write("a")
	stamps := map[string]bool{}
	for _, r := range h.hook.got() {
		stamps[r.query.Get("timestamp")+r.query.Get("signature")] = true
	}
	if len(stamps) != 3 {
		t.Errorf("signed %v", stamps)
	}
}

// numbers are texts to tell apart.
func numbers(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprint(i)
	}
	return list
}

// enter lets testUser write texts without waiting.
func (h *harness) enter(openID string, texts ...string) {
	h.t.Helper()
	for _, text := range texts {
		if _, err := h.sim.Write(testApp, openID, wechat.FollowerMessage{Type: "text", Content: text}); err != nil {
			h.t.Fatal(err)
		}
	}
}

// One follower's pushes wait for each other, through retries; another's do
// not wait for them.
func TestOrderOfOneFollower(t *testing.T) {
	h := newHarness(t)
	h.follow("other")
	stuck, release, other := make(chan struct{}), make(chan struct{}), make(chan struct{})
	h.hook.then(inTurn(func(w http.ResponseWriter, r *http.Request, body string) {
		close(stuck)
		<-release
		fails(w, r, body)
	}, func(w http.ResponseWriter, _ *http.Request, _ string) {
		close(other)
		_, _ = io.WriteString(w, "success")
	}, says("success")))
	h.enter(testUser, numbers(20)...)
	<-stuck
	h.enter("other", "x")
	<-other
	if got := h.hook.contents(t); !slices.Equal(got, []string{"0", "x"}) {
		t.Errorf("pushed %q", got)
	}
	close(release)
	h.settle()
	want := append([]string{"0", "x", "0"}, numbers(20)[1:]...)
	if got := h.hook.contents(t); !slices.Equal(got, want) {
		t.Errorf("pushed %q", got)
	}
}

// gate lets requests through once it is opened.
func gate(h *harness) (open func()) {
	opened := make(chan struct{})
	h.hook.then(func(w http.ResponseWriter, r *http.Request, _ string) {
		select {
		case <-opened:
			_, _ = io.WriteString(w, "success")
		case <-r.Context().Done():
		}
	})
	return func() { close(opened) }
}

func TestReorderedDelivery(t *testing.T) {
	h := newHarness(t)
	open := gate(h)
	if err := h.sim.SetDelivery(wechat.Delivery{Reorder: 0.5}); err != nil {
		t.Fatal(err)
	}
	h.enter(testUser, numbers(30)...)
	open()
	h.settle()
	got := h.hook.contents(t)
	if slices.Equal(got, numbers(30)) {
		t.Error("nothing was overtaken")
	}
	slices.Sort(got)
	want := numbers(30)
	if slices.Sort(want); !slices.Equal(got, want) {
		t.Errorf("pushed %q", got)
	}
}

func TestUnorderedDelivery(t *testing.T) {
	h := newHarness(t, func(o *wechat.Options) { o.Delivery.Unordered = true })
	var arrived sync.WaitGroup
	arrived.Add(3)
	h.hook.then(func(w http.ResponseWriter, _ *http.Request, _ string) {
		arrived.Done()
		arrived.Wait() // all three are under way at once
		_, _ = io.WriteString(w, "success")
	})
	h.enter(testUser, "0", "1", "2")
	h.settle()
	if got := h.sim.PushStatistics(); got.Acknowledged != 3 || got.Tries != 3 {
		t.Errorf("%+v", got)
	}
}

// A lost answer brings the request again, at most twice, and the follower sees
// one reply only.
func TestDuplicatedDelivery(t *testing.T) {
	h := newHarness(t, func(o *wechat.Options) { o.Delivery.Duplicate = 1 })
	h.hook.then(says(passiveText("once")))
	h.write("a")
	got := h.sim.PushStatistics()
	got.Latency = wechat.LatencySummary{}
	want := wechat.PushStatistics{
		Written: 1, Tries: 3, Retries: 2, Acknowledged: 1, Outcomes: map[wechat.Outcome]int{wechat.Lost: 2, wechat.Replied: 1},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	if phone := h.phone(); len(phone) != 1 || phone[0].Text != "once" {
		t.Errorf("the phone shows %+v", phone)
	}
	if err := h.sim.SetDelivery(wechat.Delivery{Duplicate: 2}); err == nil {
		t.Error("a chance of 2 is accepted")
	}
}

// What is not taken did not happen: no window opens, nobody follows.
func TestFullQueue(t *testing.T) {
	h := newHarness(t, func(o *wechat.Options) { o.PushQueue = 2 })
	open := gate(h)
	h.enter(testUser, "a", "b")
	h.follow("other")
	if _, err := h.sim.Write(testApp, "other", wechat.FollowerMessage{Type: "text", Content: "c"}); err == nil {
		t.Error("a third push is taken")
	}
	if _, err := h.sim.Follow(testApp, wechat.Follow{OpenID: "third"}); err == nil {
		t.Error("a fourth push is taken")
	}
	if state, _ := h.sim.Follower(testApp, "other"); state.Permitted != 0 {
		t.Errorf("%+v", state)
	}
	if _, known := h.sim.Follower(testApp, "third"); known {
		t.Error("somebody follows whom nobody was told of")
	}
	if got := h.sim.PushStatistics(); got.Refused != 2 || got.Pending != 2 {
		t.Errorf("%+v", got)
	}
	open()
	h.settle()
}

// Closing ends what is under way, waiting, and waiting for a repeat.
func TestClose(t *testing.T) {
	h := newHarness(t, func(o *wechat.Options) { o.RetryGap = time.Hour })
	h.follow("other")
	started := make(chan struct{})
	failed := make(chan struct{})
	h.hook.then(inTurn(func(w http.ResponseWriter, r *http.Request, body string) {
		fails(w, r, body)
		close(failed)
	}, func(w http.ResponseWriter, r *http.Request, body string) {
		close(started)
		hangs(w, r, body)
	}))
	h.enter(testUser, "a", "b")
	<-failed
	h.enter("other", "c")
	<-started
	h.sim.Close()
	h.sim.Close()
	if err := h.sim.WaitForPushes(context.Background()); err != nil {
		t.Error(err)
	}
	if got := h.sim.PushStatistics(); got.Dropped != 3 || got.Pending != 0 {
		t.Errorf("%+v", got)
	}
	if _, err := h.sim.Write(testApp, testUser, wechat.FollowerMessage{Type: "text", Content: "d"}); err == nil {
		t.Error("a closed simulator takes a push")
	}
}
