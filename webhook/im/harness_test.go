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
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook/directory"
	"github.com/liveroom-io/liveroom-operator/webhook/event"
	"github.com/liveroom-io/liveroom-operator/webhook/journal"
	"github.com/liveroom-io/liveroom-operator/webhook/moderation"
	"github.com/liveroom-io/liveroom-operator/webhook/policy"
)

// The application, room and account of the tests: those of the contract's samples.
const (
	appID     = 1400000001
	token     = "shield-im-cb-7Qe2"
	group     = "room_8801"
	roomUID   = "7b1d3a0e-room"
	requested = "1763848315" // of vector 2
)

var (
	appKey = types.NamespacedName{Namespace: "shop", Name: "live"}
	// now is the second of vector 2.
	now = time.UnixMilli(1763848315000)
)

// book stands for the journal: it keeps entries, and each identity once.
type book struct {
	mu       sync.Mutex
	entries  map[string]journal.Entry
	appended []journal.Entry // in order, repeats left out
	offered  []journal.Entry
	refusal  error
	full     bool
	// stall makes Append wait for its context.
	stall bool
	// before is called by Append, with nothing locked.
	before func()
}

func (b *book) Append(ctx context.Context, e journal.Entry) (journal.Receipt, error) {
	if b.before != nil {
		b.before()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stall {
		<-ctx.Done()
		return journal.Receipt{}, ctx.Err()
	}
	if b.refusal != nil {
		return journal.Receipt{}, b.refusal
	}
	if e.ID == "" {
		return journal.Receipt{}, journal.ErrInvalid
	}
	if known, ok := b.entries[e.ID]; ok {
		return journal.Receipt{Sequence: known.Sequence, Duplicate: true}, nil
	}
	if b.entries == nil {
		b.entries = map[string]journal.Entry{}
	}
	e.Sequence = uint64(len(b.entries) + 1)
	b.entries[e.ID] = e
	b.appended = append(b.appended, e)
	return journal.Receipt{Sequence: e.Sequence}, nil
}

func (b *book) Offer(e journal.Entry) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.full {
		return false
	}
	b.offered = append(b.offered, e)
	return true
}

// written are the events in the book, without their identities.
func (b *book) written(tb testing.TB) []event.Event {
	tb.Helper()
	return b.decode(tb, &b.appended)
}

// noted are the events that were only offered, without identities.
func (b *book) noted(tb testing.TB) []event.Event {
	tb.Helper()
	return b.decode(tb, &b.offered)
}

func (b *book) decode(tb testing.TB, entries *[]journal.Entry) []event.Event {
	tb.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	var events []event.Event
	for i := range *entries {
		e, err := event.Decode(&(*entries)[i])
		if err != nil {
			tb.Fatal(err)
		}
		if e.ID == "" {
			tb.Errorf("an event without an identity: %+v", e)
		}
		e.ID = ""
		events = append(events, e)
	}
	return events
}

// stage is a handler behind a server, with everything it works with.
type stage struct {
	t        testing.TB
	handler  *Handler
	book     *book
	clock    *clocktesting.FakePassiveClock
	registry *prometheus.Registry
	server   *httptest.Server
	client   *http.Client
	logs     *strings.Builder
}

func newStage(tb testing.TB) *stage {
	tb.Helper()
	s := &stage{
		t: tb, book: &book{}, clock: clocktesting.NewFakePassiveClock(now), registry: prometheus.NewRegistry(), logs: &strings.Builder{},
	}
	metrics, err := NewMetrics(s.registry)
	if err != nil {
		tb.Fatal(err)
	}
	known := directory.New()
	known.PutApp(application())
	known.PutRoom(liveRoom())
	known.PutAccount(imAccount())
	s.handler = New(Handler{
		Directory: known, Policies: policy.NewSet(), Limiter: moderation.NewLimiter(), Journal: s.book,
		Clock: s.clock, Metrics: metrics, Log: recorder(s.logs),
	})
	mux := http.NewServeMux()
	mux.Handle(Route, s.handler)
	mux.HandleFunc("/", s.handler.Unknown)
	s.server = httptest.NewServer(mux)
	transport := &http.Transport{}
	s.client = &http.Client{Transport: transport, Timeout: 10 * time.Second}
	tb.Cleanup(func() {
		transport.CloseIdleConnections()
		s.server.Close()
	})
	return s
}

// recorder logs everything into a builder.
func recorder(to *strings.Builder) logr.Logger {
	var mu sync.Mutex
	return funcr.New(func(prefix, args string) {
		mu.Lock()
		defer mu.Unlock()
		to.WriteString(prefix + " " + args + "\n")
	}, funcr.Options{Verbosity: 10})
}

// application is the one of the tests.
func application(changes ...func(*directory.App)) *directory.App {
	app := &directory.App{
		Key: appKey, SDKAppID: appID, Token: []byte(token), Segment: Segment([]byte(token), appKey.Namespace, appKey.Name),
		Counted: map[string]bool{"LIKE": true, "SEND_GIFT": true}, Heard: directory.NewHeard(func() {}),
	}
	for _, change := range changes {
		change(app)
	}
	return app
}

func liveRoom() *imv1alpha1.LiveRoom {
	room := &imv1alpha1.LiveRoom{ObjectMeta: metav1.ObjectMeta{
		Namespace: "shop", Name: "spring", UID: roomUID, Labels: map[string]string{"tier": "gold"},
	}}
	room.Spec.AppRef.Name, room.Spec.GroupID, room.Spec.Type = appKey.Name, group, imv1alpha1.RoomTypeAVChatRoom
	room.Status.GroupID = group
	room.Status.Conditions = []metav1.Condition{{Type: imv1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: imv1alpha1.ReasonAsDeclared}}
	return room
}

func imAccount() *imv1alpha1.ImAccount {
	account := &imv1alpha1.ImAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "viewer17"}}
	account.Spec.AppRef.Name = appKey.Name
	account.Status.Conditions = []metav1.Condition{{Type: imv1alpha1.ConditionImported, Status: metav1.ConditionTrue}}
	return account
}

// request is a callback that can be spoiled before it is sent.
type request struct {
	method, path, body string
	query              url.Values
	header             http.Header
	reader             io.Reader // in place of the body
	length             int64     // that is claimed, if not 0
}

// callback is a genuine call with a body.
func callback(body string, changes ...func(*request)) request {
	command := commandOf(body)
	r := request{
		method: http.MethodPost, path: Path([]byte(token), appKey.Namespace, appKey.Name), body: body, header: http.Header{},
		query: url.Values{
			"SdkAppid": {strconv.Itoa(appID)}, "CallbackCommand": {command}, "contenttype": {"json"},
			"ClientIP": {"203.0.113.7"}, "OptPlatform": {"Web"}, "RequestTime": {requested}, "Sign": {Sign([]byte(token), requested)},
		},
	}
	for _, change := range changes {
		change(&r)
	}
	return r
}

// commandOf a well-formed body.
func commandOf(body string) string {
	_, rest, _ := strings.Cut(body, `"CallbackCommand":"`)
	command, _, _ := strings.Cut(rest, `"`)
	return command
}

func at(seconds int64) func(*request) {
	return func(r *request) {
		text := strconv.FormatInt(seconds, 10)
		r.query.Set("RequestTime", text)
		r.query.Set("Sign", Sign([]byte(token), text))
	}
}

// with sets a parameter; "" takes it out.
func with(name, value string) func(*request) {
	return func(r *request) {
		if r.query.Set(name, value); value == "" {
			r.query.Del(name)
		}
	}
}

// answer is what came back.
type answer struct {
	status int
	body   string
	header http.Header
}

func (s *stage) send(r request) answer {
	s.t.Helper()
	a, err := s.try(r)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

func (s *stage) try(r request) (answer, error) {
	var body io.Reader = strings.NewReader(r.body)
	if r.reader != nil {
		body = r.reader
	}
	req, err := http.NewRequestWithContext(s.t.Context(), r.method, s.server.URL+r.path+"?"+r.query.Encode(), body)
	if err != nil {
		return answer{}, err
	}
	if r.length != 0 {
		req.ContentLength = r.length
	}
	maps.Copy(req.Header, r.header)
	resp, err := s.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, string(text), resp.Header}, err
}

// canonicalAccept is the documented answer, byte for byte.
const canonicalAccept = `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`

// accepts sends a callback that must be answered with the canonical answer.
func (s *stage) accepts(r request) {
	s.t.Helper()
	if a := s.send(r); a.status != http.StatusOK || a.body != canonicalAccept {
		s.t.Errorf("answered %d %s", a.status, a.body)
	}
}

// counts are all counters that are not 0, by name and labels.
func (s *stage) counts() map[string]float64 {
	s.t.Helper()
	families, err := s.registry.Gather()
	if err != nil {
		s.t.Fatal(err)
	}
	found := map[string]float64{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			if metric.GetCounter().GetValue() == 0 {
				continue
			}
			name := strings.TrimSuffix(strings.TrimPrefix(family.GetName(), "liveroom_webhook_"), "_total")
			for _, label := range metric.GetLabel() {
				name += "/" + label.GetValue()
			}
			found[name] = metric.GetCounter().GetValue()
		}
	}
	return found
}

func (s *stage) counted(want map[string]float64) {
	s.t.Helper()
	if got := s.counts(); !maps.Equal(got, want) {
		s.t.Errorf("counted %v, want %v", got, want)
	}
}

// heard is the event that tells the other pods of the first callback.
func heard() event.Event {
	return event.Event{Kind: event.Heard, SDKAppID: appID, Time: now.UnixMilli()}
}

func same(tb testing.TB, what string, got, want any) {
	tb.Helper()
	if !reflect.DeepEqual(got, want) {
		tb.Errorf("%s:\ngot  %+v\nwant %+v", what, got, want)
	}
}

// admitting are the prefixes of single addresses and blocks.
func admitting(blocks ...string) []netip.Prefix {
	prefixes := make([]netip.Prefix, 0, len(blocks))
	for _, block := range blocks {
		prefixes = append(prefixes, netip.MustParsePrefix(block))
	}
	return slices.Clip(prefixes)
}

var errDown = errors.New("down")

// parse reads a body into a callback of its own.
func parse(body []byte) (*Callback, error) {
	c := &Callback{}
	if err := c.parse(body); err != nil {
		return nil, err
	}
	return c, nil
}
