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
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestBrokenConnections(t *testing.T) {
	tests := map[string]struct {
		step     step
		call     func(context.Context, *Client) error
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
			err := test.call(t.Context(), c)
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
		call      func(context.Context, *Client) error
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
			err := test.call(ctx, c)
			if ClassOf(err) != test.wantClass || !errors.Is(err, test.wantIs) {
				t.Errorf("got %v (class %q), want %q and %v", err, ClassOf(err), test.wantClass, test.wantIs)
			}
			assertNoSecret(t, err)
		})
	}
}
