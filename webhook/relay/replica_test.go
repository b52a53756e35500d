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

package relay_test

import (
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/liveroom-io/liveroom-operator/webhook/journal"
)

// balancer passes requests on to pods in turn. One that has failed so many times as
// are tolerated gets no more of them; 0 is without end.
type balancer struct {
	client    *http.Client
	tolerated int

	mu       sync.Mutex
	backends []string
	turn     int
	failures map[string]int
	untold   int // messages of agents of which no pod was told
}

func newBalancer(t *testing.T, tolerated int, backends ...string) (*balancer, string) {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	b := &balancer{client: &http.Client{Transport: transport}, tolerated: tolerated, backends: slices.Clone(backends), failures: map[string]int{}}
	s := httptest.NewServer(b)
	t.Cleanup(func() {
		s.Close()
		transport.CloseIdleConnections()
	})
	return b, s.URL
}

// ServeHTTP implements http.Handler.
func (b *balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	backend := b.next()
	request := r.Clone(r.Context())
	request.RequestURI, request.URL.Scheme, request.URL.Host = "", "http", backend
	request.Body = io.NopCloser(bytes.NewReader(body))
	response, err := b.client.Do(request)
	if err != nil {
		b.fail(backend, body)
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer response.Body.Close()
	w.Header().Set("Content-Type", response.Header.Get("Content-Type"))
	w.WriteHeader(response.StatusCode)
	_, _ = io.Copy(w, response.Body)
}

func (b *balancer) next() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.turn++
	return b.backends[b.turn%len(b.backends)]
}

func (b *balancer) fail(backend string, body []byte) {
	var callback struct{ CallbackCommand string }
	told := json.Unmarshal(body, &callback) != nil || callback.CallbackCommand != afterMessage
	b.mu.Lock()
	defer b.mu.Unlock()
	if !told {
		b.untold++
	}
	if b.failures[backend]++; b.failures[backend] == b.tolerated && len(b.backends) > 1 {
		b.backends = slices.DeleteFunc(b.backends, func(one string) bool { return one == backend })
	}
}

func (b *balancer) missed() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.untold
}

// TestReplicaKilled kills one of two pods that share a journal, while customers and
// agents write. The other one does not know at once that callbacks went with it.
func TestReplicaKilled(t *testing.T) {
	t.Parallel()
	killReplica(t, false, 5)
}

// TestReplicaRestarted is the same with a container that starts again in its pod, so
// that nobody takes its partitions over.
func TestReplicaRestarted(t *testing.T) {
	t.Parallel()
	killReplica(t, true, 0)
}

func killReplica(t *testing.T, restarts bool, tolerated int) {
	t.Helper()
	g := NewWithT(t)
	url := startCluster(t)
	w := newWorld(t, stormy)
	var pods []*process
	var options []podOptions
	owned := func() (all []int) {
		for _, one := range options {
			all = append(all, askFigures(one.Address).Owned)
		}
		return all
	}
	shared := func(n []int) bool { return n[0] > 0 && n[1] > 0 && n[0]+n[1] == journal.Partitions }
	for i, port := range freePorts(t, 2) {
		options = append(options, podOptions{
			URL: url, Member: []string{"pod-0", "pod-1"}[i], IM: w.imURL, WeChat: w.wechatURL, Address: "127.0.0.1:" + port,
		})
		pods = append(pods, startPod(t, options[i]))
	}
	g.Eventually(owned).WithTimeout(time.Minute).Should(Satisfy(shared))
	b, front := newBalancer(t, tolerated, options[0].Address, options[1].Address)
	w.connectTo(front)
	s := newStorm(w, fromEnv(t, customersEnv, 20), fromEnv(t, messagesEnv, 6))
	s.disturb()
	var answered atomic.Int64
	talking := s.talk(&answered)
	moment := int64((0.1 + 0.5*rand.Float64()) * float64(len(s.followers)*s.messages))
	g.Eventually(answered.Load).WithTimeout(stormPatience).WithPolling(time.Millisecond).Should(BeNumerically(">=", moment))
	lost := rand.IntN(2)
	g.Expect(pods[lost].kill()).To(Equal("signal: killed"))
	want := figures{Owned: journal.Partitions}
	if restarts {
		pods[lost] = startPod(t, options[lost])
	}
	left := options[1-lost].Address
	talking.Wait()
	letters := s.settleWith(func() figures { return askFigures(left) })
	if restarts {
		g.Eventually(owned).WithTimeout(time.Minute).Should(Satisfy(shared))
		want.Owned = owned()[1-lost]
	}
	g.Eventually(func() figures {
		now := askFigures(left)
		known := int64(len(now.Letters))
		now.Unknown, now.Letters = now.Unknown-known, nil
		return now
	}).WithTimeout(time.Minute).Should(Equal(want), "every unknown outcome has a letter")
	g.Expect(pods[1-lost].kill()).To(Equal("signal: killed"))
	if restarts {
		g.Expect(pods[lost].kill()).To(Equal("signal: killed"))
	}
	t.Logf("pod-%d killed after %d answers, %d callbacks were lost; %s", lost, moment, b.missed(), s.figures(len(letters)))
}
