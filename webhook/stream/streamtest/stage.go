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

// Package streamtest lets tests of receivers send callbacks by HTTP, and look at what
// the journal made of them.
package streamtest

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/liveroom-io/liveroom-operator/webhook/directory"
	"github.com/liveroom-io/liveroom-operator/webhook/journal"
	"github.com/liveroom-io/liveroom-operator/webhook/stream"
	"github.com/liveroom-io/liveroom-operator/webhook/stream/intake"
)

// T is what a stage needs of a test: *testing.T has it.
type T interface {
	Helper()
	Cleanup(fn func())
	TempDir() string
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Fatal(args ...any)
}

// Stage is an endpoint behind a server, with an embedded journal that folds.
type Stage struct {
	T         T
	Directory *directory.Directory
	// Clock of the endpoint. The journal has the machine's.
	Clock    *clocktesting.FakePassiveClock
	Registry *prometheus.Registry

	service  intake.Service
	endpoint func(intake.Config) *intake.Endpoint
	metrics  *intake.Metrics
	dir      string
	client   *http.Client
	server   *httptest.Server
	root     *journal.Journal
	owner    *journal.Owner
	stop     func()

	mu   sync.Mutex
	log  *journal.Journal
	last uint64 // sequence of what was appended
	down error  // what Append answers instead of appending
	logs strings.Builder
}

// New starts a stage at a time.
func New(tb T, service intake.Service, endpoint func(intake.Config) *intake.Endpoint, now time.Time) *Stage {
	tb.Helper()
	s := &Stage{
		T: tb, Directory: directory.New(), Clock: clocktesting.NewFakePassiveClock(now), Registry: prometheus.NewRegistry(),
		service: service, endpoint: endpoint, dir: tb.TempDir(),
	}
	var err error
	if s.metrics, err = intake.NewMetrics(s.Registry); err != nil {
		tb.Fatal(err)
	}
	transport := &http.Transport{}
	s.client = &http.Client{Transport: transport, Timeout: 20 * time.Second}
	s.start()
	tb.Cleanup(func() {
		transport.CloseIdleConnections()
		s.stop()
	})
	return s
}

// Restart ends the process that the stage stands for, and starts another one.
func (s *Stage) Restart() {
	s.T.Helper()
	s.stop()
	s.start()
}

func (s *Stage) start() {
	s.T.Helper()
	ctx := context.Background()
	root, err := journal.Open(ctx, journal.Options{Embedded: &journal.Embedded{Dir: s.dir}})
	if err != nil {
		s.T.Fatal(err)
	}
	log, err := root.Join(ctx, journal.JoinOptions{Name: "LIVE", Events: journal.EventLimits{MaxBytes: 16 << 20, DuplicateWindow: 20 * time.Minute}, StateMaxBytes: 16 << 20})
	if err != nil {
		s.T.Fatal(err)
	}
	s.root, s.log = root, log
	if s.owner, err = journal.NewOwner(log, "stage", stream.NewMachine(logr.Discard()), journal.OwnerOptions{FlushInterval: 20 * time.Millisecond}); err != nil {
		s.T.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(s.service.Route(), s.endpoint(intake.Config{Directory: s.Directory, Journal: s, Clock: s.Clock, Metrics: s.metrics, Log: s.recorder()}))
	s.server = httptest.NewServer(mux)
	running, end := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- s.owner.Run(running) }()
	s.stop = func() {
		s.server.Close()
		end()
		if err := <-done; err != nil {
			s.T.Errorf("the owner: %v", err)
		}
		if err := root.Close(ctx); err != nil {
			s.T.Errorf("the journal: %v", err)
		}
	}
}

func (s *Stage) recorder() logr.Logger {
	return funcr.New(func(prefix, args string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.logs.WriteString(prefix + " " + args + "\n")
	}, funcr.Options{Verbosity: 10})
}

// Logs are what the endpoint logged.
func (s *Stage) Logs() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logs.String()
}

// Fail makes the journal refuse entries until it is called with nil.
func (s *Stage) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = err
}

// Append implements intake.Journal.
func (s *Stage) Append(ctx context.Context, e journal.Entry) (journal.Receipt, error) {
	s.mu.Lock()
	down := s.down
	s.mu.Unlock()
	if down != nil {
		return journal.Receipt{}, down
	}
	receipt, err := s.log.Append(ctx, e)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = max(s.last, receipt.Sequence)
	return receipt, err
}

// Send sends a callback and returns the status and the body of the answer.
func (s *Stage) Send(path string, header http.Header, body string) (int, string) {
	s.T.Helper()
	return s.Do(http.MethodPost, path, header, strings.NewReader(body))
}

// Do sends any request.
func (s *Stage) Do(method, path string, header http.Header, body io.Reader) (int, string) {
	s.T.Helper()
	request, err := http.NewRequestWithContext(context.Background(), method, s.server.URL+path, body)
	if err != nil {
		s.T.Fatal(err)
	}
	for name, values := range header {
		request.Header[name] = values
	}
	response, err := s.client.Do(request)
	if err != nil {
		s.T.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.T.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// Room is what is known of a room once everything that was written is folded.
func (s *Stage) Room(uid string) *stream.Room {
	s.T.Helper()
	room := &stream.Room{}
	s.read(journal.StateKey{Kind: stream.RoomState, Name: uid, Partition: journal.Partition(uid)}, room)
	return room
}

// App is what is known of an application.
func (s *Stage) App(name string) *stream.App {
	s.T.Helper()
	app := &stream.App{}
	s.read(journal.StateKey{Kind: stream.AppState, Name: name, Partition: journal.Partition(name)}, app)
	return app
}

func (s *Stage) read(key journal.StateKey, into any) {
	s.T.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	s.mu.Lock()
	last := s.last
	s.mu.Unlock()
	for s.owner.Position() < last || !s.owner.Owns(key.Partition) {
		select {
		case <-ctx.Done():
			s.T.Fatalf("the journal is at %d, not at %d", s.owner.Position(), last)
		case <-time.After(time.Millisecond):
		}
	}
	err := s.owner.Mutate(ctx, key, func(state journal.State) bool {
		data, err := state.AppendState(nil)
		if err == nil && len(data) > 0 {
			err = json.Unmarshal(data, into)
		}
		if err != nil {
			s.T.Errorf("reading a state: %v", err)
		}
		return false
	})
	if err != nil {
		s.T.Fatal(err)
	}
}

// Entries is how many entries the journal took.
func (s *Stage) Entries() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// Counts are all counters that are not 0, by their labels, such as
// "live/push_started/written" and "live/forged".
func (s *Stage) Counts() map[string]float64 {
	s.T.Helper()
	families, err := s.Registry.Gather()
	if err != nil {
		s.T.Fatal(err)
	}
	found := map[string]float64{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			value := metric.GetCounter().GetValue()
			if value == 0 {
				continue
			}
			labels := map[string]string{}
			for _, label := range metric.GetLabel() {
				labels[label.GetName()] = label.GetValue()
			}
			name := labels["service"]
			for _, label := range []string{"event", "outcome", "reason"} {
				if labels[label] != "" {
					name += "/" + labels[label]
				}
			}
			found[name] = value
		}
	}
	return found
}
