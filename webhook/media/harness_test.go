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

package media

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/wechat"
	"github.com/liveroom-io/liveroom-operator/webhook/officialaccount"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	appID     = "wx5823bf96d3bd56c7"
	appSecret = "0123456789abcdef0123456789abcdef"
	mediaID   = "AbC-1_z"
)

var (
	accountKey = types.NamespacedName{Namespace: "shop", Name: "support"}
	start      = time.Unix(1763848315, 0)
)

// stage is a handler behind real HTTP, with an account whose files come from
// somewhere.
type stage struct {
	t        *testing.T
	account  *officialaccount.Account
	accounts *officialaccount.Directory
	clock    *clocktesting.FakePassiveClock
	handler  *Handler
	registry *prometheus.Registry
	url      string
	client   *http.Client

	mu  sync.Mutex
	log strings.Builder
}

// newStage serves files from an address of WeChat's API. change may change the
// server that clients talk to.
func newStage(t *testing.T, endpoint string, change ...func(*http.Server)) *stage {
	t.Helper()
	s := &stage{t: t, accounts: officialaccount.NewDirectory(), clock: clocktesting.NewFakePassiveClock(start), registry: prometheus.NewRegistry()}
	client, err := wechat.New(wechat.Options{AppID: appID, Secret: appSecret, Endpoint: endpoint})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	s.account = &officialaccount.Account{
		Key: accountKey, UID: "uid-1", Object: &imv1alpha1.WeChatOfficialAccount{}, WeChat: client,
		Keys: []officialaccount.Key{{Token: "presentToken"}, {Token: "formerToken"}},
	}
	s.accounts.Put(s.account)
	lines := funcr.New(func(prefix, args string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.log.WriteString(prefix + " " + args + "\n")
	}, funcr.Options{Verbosity: 9})
	if s.handler, err = NewHandler(s.accounts, s.clock, lines, s.registry); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(Route, s.handler)
	server := httptest.NewUnstartedServer(mux)
	for _, apply := range change {
		apply(server.Config)
	}
	server.Start()
	t.Cleanup(server.Close)
	s.url = server.URL
	transport := &http.Transport{DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	s.client = &http.Client{Transport: transport}
	return s
}

// link to a file, good for an hour.
func (s *stage) link(id string) string {
	s.t.Helper()
	path := Link(s.account, id, start.Add(time.Hour))
	if path == "" {
		s.t.Fatal("no link")
	}
	return path
}

// answer is what a client got.
type answer struct {
	Status int
	Header http.Header
	Body   string
	// Cut tells that the body ended early.
	Cut bool
}

// get asks for a path, with headers in turn with their values.
func (s *stage) get(method, path string, headers ...string) answer {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := s.client.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, string(body), err != nil}
}

// count waits until an outcome was counted so often: a client may have its answer
// before that.
func (s *stage) count(result outcome, want float64) {
	s.t.Helper()
	late, look := time.After(5*time.Second), time.NewTicker(time.Millisecond)
	defer look.Stop()
	for {
		got := testutil.ToFloat64(s.handler.metrics.outcomes.WithLabelValues(string(result)))
		if got == want {
			return
		}
		select {
		case <-late:
			s.t.Fatalf("%s: counted %v, want %v", result, got, want)
		case <-look.C:
		}
	}
}

// provider stands for WeChat's API, and gives files as it is told.
func provider(t *testing.T, give http.HandlerFunc) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/cgi-bin/stable_token", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"access_token": "an-access-token", "expires_in": 7200})
	})
	mux.HandleFunc("/cgi-bin/media/get", give)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// refusal is an answer of WeChat without a file.
func refusal(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, text)
	}
}
