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

package control

import (
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"

	"github.com/liveroom-io/liveroom-operator/internal/im"
)

// wire stands in for the connection to the API.
type wire func(*http.Request) (*http.Response, error)

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) { return w(r) }

func wired(t *testing.T, w wire) *Client {
	t.Helper()
	c, err := New(Config{Endpoint: "https://live.example", HTTP: &http.Client{Transport: w}, Clock: &quick{}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func answered(body string) *http.Response {
	return &http.Response{StatusCode: http.StatusOK, Status: "200 OK", Body: io.NopCloser(strings.NewReader(body))}
}

// An API that is dead is not called any more after a few attempts, for whichever
// stream.
func TestDeadAPIIsLeftAlone(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	dead := errors.New("connection refused")
	c := wired(t, func(*http.Request) (*http.Response, error) { calls.Add(1); return nil, dead })
	for range 10 {
		if failed, ok := AsError(c.Drop(t.Context(), Stream{Name: "s"})); !ok || failed.Class != im.Unavailable {
			t.Error(failed)
		}
	}
	if calls.Load() != breakerTrip {
		t.Errorf("%d calls, want %d", calls.Load(), breakerTrip)
	}
	failed, _ := AsError(c.Resume(t.Context(), Stream{Name: "s"}))
	if want := (Error{
		Class: im.Unavailable, Action: "ResumeLiveStream", Info: "not called: the last calls were not answered", RetryAfter: breakerOpen / 2, uncalled: true,
	}); failed == nil || *failed != want {
		t.Errorf("%+v, want %+v", failed, want)
	}
}

// One that refuses is alive.
func TestRefusalsAreAnswers(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	c := wired(t, func(*http.Request) (*http.Response, error) {
		calls.Add(1)
		return answered(`{"Response":{"Error":{"Code":"InvalidParameter","Message":"x"}}}`), nil
	})
	for range 3 * breakerTrip {
		_ = c.Drop(t.Context(), Stream{Name: "s"})
	}
	if calls.Load() != 3*breakerTrip {
		t.Errorf("%d calls", calls.Load())
	}
}

// Calls that are not answered yet keep others from being made, but not from returning.
func TestCallsAtOnceAreBounded(t *testing.T) {
	t.Parallel()
	var under atomic.Int64
	release := make(chan struct{})
	c := wired(t, func(*http.Request) (*http.Response, error) {
		under.Add(1)
		<-release
		return answered(`{"Response":{}}`), nil
	})
	var calling sync.WaitGroup
	for range maxCalls {
		calling.Go(func() {
			if err := c.Drop(t.Context(), Stream{Name: "s"}); err != nil {
				t.Error(err)
			}
		})
	}
	for under.Load() < maxCalls {
		runtime.Gosched()
	}
	failed, _ := AsError(c.Drop(t.Context(), Stream{Name: "s"}))
	if failed == nil || !failed.uncalled || failed.Class != im.Unavailable || failed.RetryAfter != slotPatience {
		t.Errorf("%+v", failed)
	}
	close(release)
	calling.Wait()
	if err := c.Drop(t.Context(), Stream{Name: "s"}); err != nil || under.Load() != maxCalls+1 {
		t.Error(err, under.Load())
	}
}

// Calls that are answered slowly, but are answered, are waited for, by as many as do not
// hold up everybody else.
func TestBusyIsNotStuck(t *testing.T) {
	t.Parallel()
	const callers = maxCalls + maxWaiting
	var under atomic.Int64
	next := make(chan struct{})
	c := wired(t, func(*http.Request) (*http.Response, error) {
		under.Add(1)
		<-next
		return answered(`{"Response":{"StreamState":"active"}}`), nil
	})
	still := clocktesting.NewFakeClock(time.Unix(1, 0))
	c.Clock = still
	var calling sync.WaitGroup
	for range callers {
		calling.Go(func() {
			if _, err := c.StreamState(t.Context(), Stream{Name: "s"}); err != nil {
				t.Error(err)
			}
		})
	}
	for len(c.patience.waiting) < maxWaiting {
		runtime.Gosched()
	}
	_, err := c.StreamState(t.Context(), Stream{Name: "s"})
	if failed, _ := AsError(err); failed == nil || !failed.uncalled || failed.Class != im.RateLimited || failed.RetryAfter != slotPatience {
		t.Errorf("%+v", err)
	}
	for i := range int64(callers) {
		for under.Load() < min(maxCalls+i, callers) {
			runtime.Gosched()
		}
		still.Step(slotPatience * 3 / 4)
		next <- struct{}{}
	}
	calling.Wait()
	if len(c.patience.waiting)+len(c.patience.slots) != 0 {
		t.Error("places are still taken")
	}
}
