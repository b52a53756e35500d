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

const benchTexts = 4096

// BenchmarkSafeText is a text in safe mode with an encrypted reply, over
// loopback, beside a bare handler that reads the same body in the same run:
// ratio is the share of the bare handler's throughput.
func BenchmarkSafeText(b *testing.B) {
	targets, bodies := benchPushes(b, benchTexts)
	bare := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, push.Success)
	})
	floor := throughput(b, bare, targets, bodies)
	b.ResetTimer()
	ours := throughput(b, newBenchHandler(b, push.TextReply{Content: "收到，客服马上回复您"}), targets, bodies)
	b.StopTimer()
	b.ReportMetric(ours, "pushes/s")
	b.ReportMetric(ours/floor, "ratio")
}

// throughput makes b.N calls of a served handler and returns how many there were
// in a second.
func throughput(b *testing.B, handler http.Handler, targets, bodies []string) float64 {
	b.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	var number atomic.Int64
	b.SetParallelism(16)
	start := time.Now()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
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
	return float64(number.Load()) / time.Since(start).Seconds()
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
