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
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/wechat/push"
	"github.com/liveroom-io/liveroom-operator/webhook/officialaccount"
)

var errDown = errors.New("the journal is down, says " + follower)

// gate holds accepting up until it is opened.
type gate struct {
	entered chan struct{}
	opened  chan struct{}
}

func newGate(s *stage) *gate {
	g := &gate{entered: make(chan struct{}, 64), opened: make(chan struct{})}
	s.desk.before = func(context.Context) {
		g.entered <- struct{}{}
		<-g.opened
	}
	return g
}

// sendAll sends requests at once, and returns where the answers come.
func (s *stage) sendAll(requests ...request) <-chan reply {
	answers := make(chan reply, len(requests))
	for _, r := range requests {
		go func() {
			a, err := s.try(r)
			if err != nil {
				a = reply{body: err.Error()}
			}
			answers <- a
		}()
	}
	return answers
}

// joined waits until so many requests have come to the pushes that are being accepted.
func (s *stage) joined(n int) {
	s.t.Helper()
	count := func() (all int) {
		s.handler.flights.mu.Lock()
		defer s.handler.flights.mu.Unlock()
		for _, one := range s.handler.flights.underway {
			all += one.joined
		}
		return all
	}
	deadline := time.After(10 * time.Second)
	for count() != n {
		select {
		case <-deadline:
			s.t.Fatalf("%d requests have come", count())
		case <-time.After(time.Millisecond):
		}
	}
}

// Repeats that come while a push is being accepted are answered with it, each
// with its own nonce; it is accepted once.
func TestRepeatsShareAnAnswer(t *testing.T) {
	s := newStage(t)
	s.desk.reply = push.TextReply{Content: "收到 ok"}
	g := newGate(s)
	first := s.sendAll(sealedPush(t, text))
	<-g.entered
	repeats := make([]request, 0, 5)
	for i := range 5 {
		repeats = append(repeats, sealedPush(t, text, query("nonce", fmt.Sprint(i)), signs(token, stamped)))
	}
	rest := s.sendAll(repeats...)
	s.joined(6)
	close(g.opened)
	sealer, nonces := newSealer(t, appID, encodingKey), map[string]bool{}
	for _, answers := range []<-chan reply{first, rest} {
		for range cap(answers) {
			a := <-answers
			if a.status != http.StatusOK {
				t.Fatalf("got %+v", a)
			}
			if content := unsealed(t, a, token, sealer); !strings.Contains(content, "收到 ok") {
				t.Errorf("got %s", content)
			}
			_, after, _ := strings.Cut(a.body, "<Nonce>")
			nonces[after] = true
		}
	}
	same(t, "nonces", len(nonces), 6)
	same(t, "accepted", s.desk.got, []taken{{accountID, hello, s.clock.Now()}})
	same(t, "counts", s.counts(), map[string]float64{"pushes_total Text accepted": 1, "pushes_total Text joined": 5, "replies_total text": 6})
	// One that comes later is for the journal to recognise.
	s.send(sealedPush(t, text))
	same(t, "calls", s.desk.calls, 2)
}

// Other pushes, and the same one of another account, are not held up.
func TestOthersAreNotHeldUp(t *testing.T) {
	s := newStage(t)
	s.known.Put(newAccount(t, func(a *officialaccount.Account) {
		a.Key.Name, a.UID = "second", "second"
		a.Keys[0].Segment = officialaccount.Segment(token, "shop", "second")
	}))
	g := newGate(s)
	answers := s.sendAll(sealedPush(t, text),
		sealedPush(t, strings.Replace(text, "24920000000000001", "24920000000000002", 1)),
		sealedPush(t, text, through(officialaccount.Path(token, "shop", "second"))))
	for range 3 {
		<-g.entered
	}
	close(g.opened)
	for range 3 {
		if a := <-answers; a.status != http.StatusOK {
			t.Errorf("got %+v", a)
		}
	}
	same(t, "calls", s.desk.calls, 3)
}

// What is not accepted is answered so that WeChat repeats it, and the repeat is
// tried anew.
func TestFailureIsRepeated(t *testing.T) {
	s := newStage(t)
	s.desk.err = errDown
	for range 2 {
		got := s.send(sealedPush(t, text))
		if got.status != http.StatusServiceUnavailable || got.body != "" {
			t.Errorf("got %+v", got)
		}
	}
	s.desk.err = nil
	said(t, s.send(sealedPush(t, text)), "success", "text/plain; charset=utf-8")
	same(t, "calls", s.desk.calls, 3)
	same(t, "counts", s.counts(), map[string]float64{
		"pushes_total Text failed": 2, "pushes_rejected_total journal": 2, "pushes_total Text accepted": 1, "replies_total none": 1,
	})
}

// An acceptor that takes too long, and one that does not heed its context, does
// not hold the answer up; a later repeat finds what was begun.
func TestLateAcceptor(t *testing.T) {
	for name, heeds := range map[string]bool{"heeds the context": true, "does not": false} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.handler.Patience = 300 * time.Millisecond
			release, ended := make(chan struct{}), make(chan error, 1)
			s.desk.err = context.DeadlineExceeded
			s.desk.before = func(ctx context.Context) {
				if heeds {
					<-ctx.Done()
				} else {
					<-release
				}
				ended <- ctx.Err()
			}
			got := s.send(sealedPush(t, text))
			if got.status != http.StatusServiceUnavailable || got.body != "" {
				t.Errorf("got %+v", got)
			}
			same(t, "counts", s.counts(), map[string]float64{"pushes_total Text late": 1, "pushes_rejected_total late": 1})
			if heeds {
				same(t, "context", <-ended, context.DeadlineExceeded)
				return
			}
			s.desk.mu.Lock()
			s.desk.err, s.desk.reply = nil, push.TextReply{Content: "收到 ok"}
			s.desk.mu.Unlock()
			// What is under way belongs to the first try: the second one waits for it.
			s.handler.Patience = time.Minute
			second := s.sendAll(sealedPush(t, text, at(second)))
			s.joined(2)
			close(release)
			if a := <-second; a.status != http.StatusOK || !strings.Contains(unsealed(t, a, token, newSealer(t, appID, encodingKey)), "收到 ok") {
				t.Errorf("got %+v", a)
			}
			same(t, "calls", s.desk.calls, 1)
		})
	}
}

// Time that the body took is not there for accepting.
func TestNoTimeLeft(t *testing.T) {
	s := newStage(t)
	r := sealedPush(t, text)
	r.reader = readerFunc(func(into []byte) (int, error) {
		s.clock.SetTime(s.clock.Now().Add(Patience))
		return strings.NewReader(r.body).Read(into)
	})
	w := s.record(t.Context(), r)
	same(t, "status", w.Code, http.StatusServiceUnavailable)
	same(t, "calls", s.desk.calls, 0)
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(into []byte) (int, error) {
	n, err := f(into)
	if err == nil && n < len(into) {
		err = io.EOF
	}
	return n, err
}

// record answers a request without a server.
func (s *stage) record(ctx context.Context, r request) *httptest.ResponseRecorder {
	body := r.reader
	if body == nil {
		body = strings.NewReader(r.body)
	}
	request := httptest.NewRequestWithContext(ctx, r.method, r.path+"?"+r.query.Encode(), body)
	w := httptest.NewRecorder()
	s.routes().ServeHTTP(w, request)
	return w
}

// An answer that nobody seems to wait for is not success by default: the push is
// not safe. What was begun goes on.
func TestAbandoned(t *testing.T) {
	s := newStage(t)
	g := newGate(s)
	ctx, leave := context.WithCancel(t.Context())
	answers := make(chan *httptest.ResponseRecorder)
	go func() { answers <- s.record(ctx, sealedPush(t, text)) }()
	<-g.entered
	leave()
	w := <-answers
	same(t, "status", w.Code, http.StatusServiceUnavailable)
	same(t, "counts", s.counts(), map[string]float64{"pushes_total Text abandoned": 1, "pushes_rejected_total late": 1})
	again := s.sendAll(sealedPush(t, text))
	s.joined(2)
	close(g.opened)
	said(t, <-again, "success", "text/plain; charset=utf-8")
	same(t, "calls", s.desk.calls, 1)
}

// A panic while a push is accepted is that push's failure, not the end of the
// process.
func TestPanic(t *testing.T) {
	s := newStage(t)
	s.desk.before = func(context.Context) { panic("with " + follower) }
	got := s.send(sealedPush(t, text))
	if got.status != http.StatusServiceUnavailable || got.body != "" {
		t.Errorf("got %+v", got)
	}
	same(t, "counts", s.counts(), map[string]float64{"pushes_total Text failed": 1, "pushes_rejected_total journal": 1})
	if logs := s.logs.String(); !strings.Contains(logs, "accepting panicked") || strings.Contains(logs, follower) {
		t.Errorf("logged %s", logs)
	}
}

// Nothing is unbounded: neither the requests nor what is being accepted.
func TestBusy(t *testing.T) {
	t.Run("requests", func(t *testing.T) {
		s := newStage(t)
		s.handler.places = make(chan struct{}, 1)
		g := newGate(s)
		first := s.sendAll(sealedPush(t, text))
		<-g.entered
		same(t, "status", s.send(sealedPush(t, text)).status, http.StatusServiceUnavailable)
		same(t, "status", s.send(verificationOf("7")).status, http.StatusServiceUnavailable)
		close(g.opened)
		same(t, "status", (<-first).status, http.StatusOK)
		same(t, "counts", s.counts(), map[string]float64{"pushes_total Text accepted": 1, "replies_total none": 1, "pushes_rejected_total busy": 2})
	})
	t.Run("accepting", func(t *testing.T) {
		s := newStage(t)
		s.handler.flights = newFlights(1)
		g := newGate(s)
		first := s.sendAll(sealedPush(t, text))
		<-g.entered
		other := sealedPush(t, strings.Replace(text, "24920000000000001", "2", 1))
		same(t, "status", s.send(other).status, http.StatusServiceUnavailable)
		close(g.opened)
		same(t, "status", (<-first).status, http.StatusOK)
		same(t, "status", s.send(other).status, http.StatusOK)
		same(t, "counts", s.counts(), map[string]float64{
			"pushes_total Text accepted": 2, "replies_total none": 2, "pushes_rejected_total busy": 1, "pushes_total Text busy": 1,
		})
	})
}

// The same under load: each push is accepted once while it is under way, and all
// who ask get its result.
func TestFlights(t *testing.T) {
	f := newFlights(8)
	var mu sync.Mutex
	running := map[identity]int{}
	var group sync.WaitGroup
	for i := range 400 {
		group.Go(func() {
			id := identity{"a", fmt.Sprint(i % 8)}
			joined, _ := f.join(id, func() (push.Reply, error) {
				mu.Lock()
				running[id]++
				alone := running[id] == 1
				mu.Unlock()
				defer func() {
					mu.Lock()
					defer mu.Unlock()
					running[id]--
				}()
				if !alone {
					return nil, errDown
				}
				return push.TextReply{Content: id.id}, nil
			})
			if joined == nil {
				t.Error("refused, although no more than the limit are under way")
				return
			}
			if reply, err := joined.wait(t.Context()); err != nil || reply != (push.TextReply{Content: id.id}) {
				t.Errorf("got %v, %v", reply, err)
			}
		})
	}
	group.Wait()
	same(t, "left", len(f.underway), 0)
}
