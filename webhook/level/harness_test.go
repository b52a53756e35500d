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

package level

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/im"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
	"github.com/liveroom-io/liveroom-operator/webhook/directory"
	"github.com/liveroom-io/liveroom-operator/webhook/policy"
	"github.com/liveroom-io/liveroom-operator/webhook/scoring"
)

const (
	appID = 1400000001
	key   = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"

	portraitSet = "profile/portrait_set"
	groupSend   = "group_open_http_svc/send_group_msg"
	group       = "room_8801"
	roomUID     = "room-uid"
)

var appKey = types.NamespacedName{Namespace: "shop", Name: "live"}

// stage is a writer against a simulated IM, with users in memory.
type stage struct {
	*WithT
	t       *testing.T
	sim     *simim.Simulator
	gate    *gate
	clock   *clocktesting.FakeClock
	metrics *Metrics
	writer  *Writer
	rescans chan struct{}

	mu      sync.Mutex
	users   map[string]*User
	changes int
	refusal error
}

// gate lets calls of IM through, and holds them while it is shut.
type gate struct {
	http.Transport
	arrived chan string // paths of calls that were held
	mu      sync.Mutex
	hold    chan struct{}
}

func (g *gate) shut() (open func()) {
	hold := make(chan struct{})
	g.mu.Lock()
	g.hold = hold
	g.mu.Unlock()
	return func() {
		g.mu.Lock()
		g.hold = nil
		g.mu.Unlock()
		close(hold)
	}
}

func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	g.mu.Lock()
	hold := g.hold
	g.mu.Unlock()
	if hold != nil {
		g.arrived <- r.URL.Path
		select {
		case <-hold:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	return g.Transport.RoundTrip(r)
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{
		WithT: NewWithT(t), t: t, gate: &gate{arrived: make(chan string, 100)}, clock: clocktesting.NewFakeClock(time.UnixMilli(start)),
		users: map[string]*User{}, rescans: make(chan struct{}, 10),
	}
	s.SetDefaultEventuallyTimeout(5 * time.Second)
	s.SetDefaultEventuallyPollingInterval(time.Millisecond)
	s.sim = simim.New(simim.Options{SDKAppID: appID, SecretKey: key, ProfileFields: []string{"Tier"}, RateLimit: -1})
	server := httptest.NewServer(s.sim)
	t.Cleanup(func() {
		server.Close()
		s.sim.Close()
	})
	s.Expect(s.sim.SeedAccounts(simim.AccountSeed{UserID: "anna"}, simim.AccountSeed{UserID: "bob"})).To(Succeed())
	s.Expect(s.sim.SeedGroup(simim.GroupSeed{GroupID: group, Type: "AVChatRoom"})).To(Succeed())
	client, err := im.New(im.Config{
		Endpoint: server.URL, SDKAppID: appID, Transport: s.gate, Process: im.ProcessWebhook,
		Credentials: im.Credentials{Administrator: "administrator", SecretKey: key},
	})
	s.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() {
		client.Close()
		s.gate.CloseIdleConnections()
	})
	s.metrics, err = NewMetrics(prometheus.NewRegistry())
	s.Expect(err).NotTo(HaveOccurred())
	known := directory.New()
	known.PutApp(&directory.App{Key: appKey, SDKAppID: appID, Client: client})
	known.PutRoom(room())
	s.writer = NewWriter(WriterConfig{
		Directory: known, Policies: policy.NewSet(), Change: s.change, Rescan: func(context.Context) { s.rescans <- struct{}{} },
		Clock: s.clock, Log: logr.Discard(), Metrics: s.metrics,
	})
	s.force()
	return s
}

func room() *imv1alpha1.LiveRoom {
	room := &imv1alpha1.LiveRoom{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "spring", UID: roomUID}}
	room.Spec.AppRef.Name, room.Spec.GroupID, room.Status.GroupID = appKey.Name, group, group
	room.Status.Conditions = []metav1.Condition{{Type: imv1alpha1.ConditionReady, Reason: imv1alpha1.ReasonAsDeclared}}
	return room
}

// force puts the policy of the tests in force, changed.
func (s *stage) force(changes ...func(*imv1alpha1.UserLevelPolicy)) {
	s.t.Helper()
	p := &imv1alpha1.UserLevelPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "levels", UID: "p"}}
	p.Spec.Levels = []imv1alpha1.UserLevel{{Level: 1, Points: 10, Title: "新粉"}, {Level: 2, Points: 100}, {Level: 3, Points: 1000}}
	p.Spec.Announcement = &imv1alpha1.LevelAnnouncement{Event: "LEVEL_UP"}
	for _, change := range changes {
		change(p)
	}
	compiled, err := scoring.Compile(p)
	s.Expect(err).NotTo(HaveOccurred())
	scope, err := policy.NewScope(types.NamespacedName{Namespace: p.Namespace, Name: p.Name}, appKey, nil)
	s.Expect(err).NotTo(HaveOccurred())
	s.writer.Policies.PutScoring(scope, compiled)
}

func (s *stage) withdraw(name string) {
	s.writer.Policies.RemoveScoring(types.NamespacedName{Namespace: "shop", Name: name})
}

// run starts the writer; stop ends it and may be called twice.
func (s *stage) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.writer.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		s.Expect(<-ended).To(Succeed())
	})
	s.t.Cleanup(stop)
	return stop
}

// change stands for the journal: a change that is one is safe, and reviewed.
func (s *stage) change(_ context.Context, name string, change func(*User) bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refusal != nil {
		return s.refusal
	}
	user := s.users[name]
	if user == nil {
		return errors.New("no such user")
	}
	if change(user) {
		s.changes++
		s.writer.Review(name, user)
	}
	return nil
}

func nameOf(userID string) string { return strconv.Itoa(appID) + "/" + userID }

// earn gives a user points in the room, and has that reviewed.
func (s *stage) earn(userID string, points int64, policies ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := nameOf(userID)
	user := s.users[name]
	if user == nil {
		user = &User{Standings: map[string]*Standing{}}
		s.users[name] = user
	}
	if len(policies) == 0 {
		policies = []string{"p"}
	}
	for _, uid := range policies {
		if user.Standings[uid] == nil {
			user.Standings[uid] = &Standing{}
		}
		user.Standings[uid].Points += points
		user.Standings[uid].Room = roomUID
	}
	s.writer.Review(name, user)
}

// settled is the level that the journal believes to be in a profile; -1 for none.
func (s *stage) settled(userID string) func() int64 {
	return func() int64 {
		s.mu.Lock()
		defer s.mu.Unlock()
		user := s.users[nameOf(userID)]
		if user == nil || user.Standings["p"] == nil || !user.Standings["p"].Leveled {
			return -1
		}
		return user.Standings["p"].Written
	}
}

func (s *stage) profile(userID string) map[string]any {
	account, _ := s.sim.Account(userID)
	return account.Profile
}

// announced are the Data and Ext of the messages in the room.
func (s *stage) announced() []string {
	var told []string
	for _, message := range s.sim.GroupMessages(group) {
		for _, element := range message.Body {
			text, err := json.Marshal(element)
			s.Expect(err).NotTo(HaveOccurred())
			var custom struct{ MsgContent struct{ Data, Ext string } }
			s.Expect(json.Unmarshal(text, &custom)).To(Succeed())
			told = append(told, custom.MsgContent.Data+" "+custom.MsgContent.Ext)
		}
	}
	return told
}

func (s *stage) counted(result string) float64 {
	return testutil.ToFloat64(s.metrics.writes.WithLabelValues(result))
}
