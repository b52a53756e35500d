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
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/utils/clock"

	"github.com/liveroom-io/liveroom-operator/internal/wechat/push"
	"github.com/liveroom-io/liveroom-operator/internal/wechat/seal"
	"github.com/liveroom-io/liveroom-operator/webhook/officialaccount"
)

// instant accepts at once: what the journal costs is measured elsewhere.
type instant struct{ reply push.Reply }

func (i instant) Accept(context.Context, *officialaccount.Account, *push.Message, time.Time) (push.Reply, error) {
	return i.reply, nil
}

type blind struct{}

func (blind) Authentic(*officialaccount.Account, string, bool, time.Time) {}
func (blind) Mismatch(*officialaccount.Account, time.Time)                {}

// newBenchHandler is a handler with everything real but its journal.
func newBenchHandler(b *testing.B, answers push.Reply) http.Handler {
	b.Helper()
	metrics, err := NewMetrics(prometheus.NewRegistry())
	if err != nil {
		b.Fatal(err)
	}
	known := officialaccount.NewDirectory()
	known.Put(newAccount(b))
	h, err := New(Options{
		Directory: known, Acceptor: instant{answers}, Observer: blind{}, Clock: clock.RealClock{}, Metrics: metrics, Random: rand.Reader, Log: logr.Discard(),
	})
	if err != nil {
		b.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(Route, h)
	return mux
}

// benchPushes are texts in safe mode, each with an id of its own.
func benchPushes(b *testing.B, n int) (targets, bodies []string) {
	b.Helper()
	sealer, timestamp := newSealer(b, appID, encodingKey), strconv.FormatInt(time.Now().Unix(), 10)
	for i := range n {
		encrypt := sealText(b, sealer, strings.Replace(text, "24920000000000001", fmt.Sprint(24920000000000001+i), 1))
		q := url.Values{
			"signature": {seal.Signature(token, timestamp, nonce)}, "timestamp": {timestamp}, "nonce": {nonce}, "openid": {follower},
			"encrypt_type": {"aes"}, "msg_signature": {seal.Signature(token, timestamp, nonce, encrypt)},
		}
		targets = append(targets, path()+"?"+q.Encode())
		bodies = append(bodies, "<xml><ToUserName><![CDATA[gh_7f083739789a]]></ToUserName><Encrypt><![CDATA["+encrypt+"]]></Encrypt></xml>")
	}
	return targets, bodies
}

const (
	benchTexts   = 4096
	benchCallers = 32
	// benchRound is how many calls are made before the other handler's turn: what
	// else happens on the machine falls on both.
	benchRound = 512
)

// BenchmarkSafeText is a text in safe mode with an encrypted reply, over
// loopback, by turns with a bare handler that reads the same body: ratio is the
// share of the bare handler's throughput.
func BenchmarkSafeText(b *testing.B) {
	targets, bodies := benchPushes(b, benchTexts)
	bare := newBenchServer(b, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, push.Success)
	}), targets, bodies)
	ours := newBenchServer(b, newBenchHandler(b, push.TextReply{Content: "收到，客服马上回复您"}), targets, bodies)
	bare(b, benchRound) // connections
	ours(b, benchRound)
	var floor, took time.Duration
	b.ResetTimer()
	for left := b.N; left > 0; left -= benchRound {
		n := min(left, benchRound)
		b.StopTimer()
		floor += bare(b, n)
		b.StartTimer()
		took += ours(b, n)
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/took.Seconds(), "pushes/s")
	b.ReportMetric(floor.Seconds()/took.Seconds(), "ratio")
}

// newBenchServer serves a handler and returns what makes so many calls of it, by
// several callers, and tells how long they took.
func newBenchServer(b *testing.B, handler http.Handler, targets, bodies []string) func(*testing.B, int) time.Duration {
	b.Helper()
	server := httptest.NewServer(handler)
	transport := &http.Transport{MaxIdleConnsPerHost: benchCallers}
	b.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
	})
	client := &http.Client{Transport: transport}
	var number atomic.Int64
	return func(b *testing.B, calls int) time.Duration {
		b.Helper()
		var left atomic.Int64
		left.Store(int64(calls))
		var callers sync.WaitGroup
		start := time.Now()
		for range benchCallers {
			callers.Go(func() {
				for left.Add(-1) >= 0 {
					i := int(number.Add(1)) % len(targets)
					response, err := client.Post(server.URL+targets[i], "text/xml", strings.NewReader(bodies[i]))
					if err != nil {
						b.Error(err)
						return
					}
					_, _ = io.Copy(io.Discard, response.Body)
					response.Body.Close()
					if response.StatusCode != http.StatusOK {
						b.Errorf("answered %d", response.StatusCode)
						return
					}
				}
			})
		}
		callers.Wait()
		return time.Since(start)
	}
}

// BenchmarkHandler is the handler alone: its time and its memory.
func BenchmarkHandler(b *testing.B) {
	targets, bodies := benchPushes(b, benchTexts)
	for name, answers := range map[string]push.Reply{"success": nil, "reply": push.TextReply{Content: "收到，客服马上回复您"}} {
		b.Run(name, func(b *testing.B) {
			handler := newBenchHandler(b, answers)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				request := httptest.NewRequestWithContext(b.Context(), http.MethodPost, targets[i%benchTexts], strings.NewReader(bodies[i%benchTexts]))
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, request)
				if w.Code != http.StatusOK {
					b.Fatal(w.Code)
				}
			}
		})
	}
}
