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
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	sim "github.com/liveroom-io/liveroom-operator/internal/sim/wechat"
	"github.com/liveroom-io/liveroom-operator/internal/wechat/push"
	"github.com/liveroom-io/liveroom-operator/webhook/officialaccount"
)

// book accepts as a journal does: each push once, and a repeat gets the reply
// that the first one got.
type book struct {
	mu       sync.Mutex
	replies  map[string]push.Reply
	accepted []push.Message
	tries    int
	// fail refuses a try, counted from 1.
	fail func(try int) bool
	// before is called with nothing locked.
	before func()
}

func (b *book) Accept(_ context.Context, _ *officialaccount.Account, m *push.Message, _ time.Time) (push.Reply, error) {
	if b.before != nil {
		b.before()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tries++
	if b.fail != nil && b.fail(b.tries) {
		return nil, errDown
	}
	if reply, known := b.replies[m.ID()]; known {
		return reply, nil
	}
	b.accepted = append(b.accepted, *m)
	var reply push.Reply
	switch {
	case m.Kind == push.Text && m.Content == "human":
		reply = push.TransferReply{}
	case m.Kind == push.Text:
		reply = push.TextReply{Content: fmt.Sprintf("%d: %s ]]> <ok> & 收到", len(b.accepted), m.Content)}
	case m.Event == push.EventSubscribe:
		reply = push.NewsReply{Articles: []push.Article{{Title: "welcome", URL: "https://shop.example/"}}}
	}
	b.replies[m.ID()] = reply
	return reply, nil
}

// provider is the simulator with one account, whose webhook is a stage's.
type provider struct {
	*sim.Simulator
	stage *stage
	book  *book
}

// newProvider serves a stage's account in a mode; the console has verified the
// webhook.
func newProvider(t *testing.T, declared imv1alpha1.MessageMode, changes ...func(*sim.Options)) *provider {
	t.Helper()
	s := newStage(t, mode(declared))
	options := sim.Options{
		Clock: s.clock.Now, RetryGap: -1, Seed: 7,
		Accounts: []sim.Account{{
			AppID: appID, OriginalID: original, Secret: "simulated", Token: token, EncodingAESKey: encodingKey, Mode: sim.Mode(declared),
		}},
	}
	for _, change := range changes {
		change(&options)
	}
	p := &provider{Simulator: sim.New(options), stage: s, book: &book{replies: map[string]push.Reply{}}}
	t.Cleanup(p.Close)
	s.handler.Acceptor = p.book
	if err := p.SetWebhook(t.Context(), appID, s.server.URL+path()); err != nil {
		t.Fatal(err)
	}
	if len(s.watcher.saw) != 1 || !s.watcher.saw[0].Verification {
		t.Fatalf("observed %+v", s.watcher.saw)
	}
	return p
}

func (p *provider) follow(t *testing.T, openID string, quiet bool) {
	t.Helper()
	if _, err := p.Follow(appID, sim.Follow{OpenID: openID, Quiet: quiet}); err != nil {
		t.Fatal(err)
	}
}

func (p *provider) write(t *testing.T, openID, content string) sim.Push {
	t.Helper()
	sent, err := p.Write(appID, openID, sim.FollowerMessage{Type: "text", Content: content})
	if err != nil {
		t.Fatal(err)
	}
	return sent
}

func (p *provider) settle(t *testing.T) sim.PushStatistics {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := p.WaitForPushes(ctx); err != nil {
		t.Fatalf("%v: %+v", err, p.PushStatistics())
	}
	return p.PushStatistics()
}

func (p *provider) phone(t *testing.T, openID string) []sim.PhoneMessage {
	t.Helper()
	messages, err := p.Phone(appID, openID)
	if err != nil {
		t.Fatal(err)
	}
	return messages
}

var modes = []imv1alpha1.MessageMode{imv1alpha1.MessageModePlaintext, imv1alpha1.MessageModeCompatible, imv1alpha1.MessageModeSafe}

// Every kind of message and many an event, in each mode: taken once, and
// answered so that the follower sees the reply.
func TestSimulatedPushes(t *testing.T) {
	for _, declared := range modes {
		t.Run(string(declared), func(t *testing.T) {
			p := newProvider(t, declared)
			p.follow(t, follower, false)
			p.write(t, follower, "童装啥时候上新？")
			for _, kind := range []string{"image", "voice", "video", "shortvideo", "location", "link", "hologram"} {
				if _, err := p.Write(appID, follower, sim.FollowerMessage{Type: kind, Title: "t", URL: "https://a.example/", Latitude: 1, Longitude: 2}); err != nil {
					t.Fatal(err)
				}
			}
			p.write(t, follower, "human")
			for _, event := range []sim.Event{{Name: "CLICK", Key: "V1"}, {Name: "VIEW", Key: "https://a.example/?a=1&b=2"}, {Name: "of_next_year"}} {
				if _, err := p.SendEvent(appID, follower, event); err != nil {
					t.Fatal(err)
				}
			}
			p.settle(t) // nothing arrives at somebody who has left
			if err := p.Unfollow(appID, follower); err != nil {
				t.Fatal(err)
			}
			got := p.settle(t)
			same(t, "outcomes", got.Outcomes, map[sim.Outcome]int{sim.Replied: 2, sim.Transferred: 1, sim.Success: 11})
			same(t, "acknowledged, unavailable", []int{got.Acknowledged, got.Unavailable}, []int{14, 0})
			kinds := map[push.Kind]int{}
			for _, m := range p.book.accepted {
				kinds[m.Kind]++
			}
			same(t, "kinds", kinds, map[push.Kind]int{
				push.Text: 2, push.Image: 1, push.Voice: 1, push.Video: 1, push.ShortVideo: 1, push.Location: 1, push.Link: 1, push.Unknown: 1, push.Event: 5,
			})
			var seen []string
			for _, m := range p.phone(t, follower) {
				if len(m.Marks) > 0 {
					t.Errorf("marked %v: %+v", m.Marks, m)
				}
				seen = append(seen, m.Type+" "+m.Text)
			}
			same(t, "phone", seen, []string{"news ", "text 2: 童装啥时候上新？ ]]> <ok> & 收到"})
		})
	}
}

// A journal that refuses at times and answers that are lost on their way: with
// the same or a fresh signature on each try, each message is accepted once, in
// the order of its follower, and each follower sees one reply.
func TestSimulatedRetries(t *testing.T) {
	const followers, messages = 6, 12
	for _, declared := range modes {
		for name, fresh := range map[string]bool{"same request": false, "fresh request": true} {
			t.Run(string(declared)+" "+name, func(t *testing.T) {
				p := newProvider(t, declared, func(o *sim.Options) {
					o.FreshRetries, o.Delivery = fresh, sim.Delivery{Duplicate: 0.3}
					// Every seventh try fails, which with lost answers needs a fourth try at times.
					o.PushTries = 8
				})
				p.book.fail = func(try int) bool { return try%7 == 0 }
				for i := range followers {
					p.follow(t, openID(i), true)
				}
				for n := range messages {
					for i := range followers {
						p.write(t, openID(i), fmt.Sprint(n))
					}
				}
				got := p.settle(t)
				same(t, "acknowledged, given up, unavailable", []int{got.Acknowledged, got.GivenUp, got.Unavailable}, []int{followers * messages, 0, 0})
				if got.Outcomes[sim.BadStatus] == 0 || got.Outcomes[sim.Lost] == 0 || got.Outcomes[sim.Invalid] != 0 {
					t.Errorf("outcomes %v", got.Outcomes)
				}
				order := map[string][]string{}
				for _, m := range p.book.accepted {
					order[m.From] = append(order[m.From], m.Content)
				}
				for i := range followers {
					var want []string
					for n := range messages {
						want = append(want, fmt.Sprint(n))
					}
					same(t, "order", order[openID(i)], want)
					same(t, "replies", len(p.phone(t, openID(i))), messages)
				}
			})
		}
	}
}

func openID(i int) string { return fmt.Sprintf("o%027d", i) }

// An answer that takes longer than WeChat waits reaches the follower with the
// next try, and the push is accepted once.
func TestSimulatedTimeout(t *testing.T) {
	for _, declared := range modes {
		t.Run(string(declared), func(t *testing.T) {
			p := newProvider(t, declared, func(o *sim.Options) { o.PushTimeout, o.PushTries = 500*time.Millisecond, 50 })
			release := make(chan struct{})
			p.book.before = func() { <-release }
			p.follow(t, follower, true)
			sent := p.write(t, follower, "hello")
			for deadline := time.Now().Add(10 * time.Second); p.PushStatistics().Outcomes[sim.TimedOut] == 0; {
				if time.Now().After(deadline) {
					t.Fatalf("no try timed out: %+v", p.PushStatistics())
				}
				<-time.After(time.Millisecond)
			}
			close(release)
			p.settle(t)
			phone := p.phone(t, follower)
			if len(phone) != 1 || phone[0].Answers != sent.ID || !strings.HasPrefix(phone[0].Text, "1: hello") {
				t.Errorf("got %+v", phone)
			}
			same(t, "accepted", len(p.book.accepted), 1)
		})
	}
}

// The console's settings differ from those that are declared: nothing is
// accepted, and the account's owner gets to know.
func TestSimulatedMismatch(t *testing.T) {
	tests := map[string]struct {
		declared imv1alpha1.MessageMode
		change   func(*sim.Account)
		reason   Rejection
	}{
		"another token":         {imv1alpha1.MessageModePlaintext, func(a *sim.Account) { a.Token = "another" }, RejectedForged},
		"another token, safe":   {imv1alpha1.MessageModeSafe, func(a *sim.Account) { a.Token = "another" }, RejectedForged},
		"another key":           {imv1alpha1.MessageModeSafe, func(a *sim.Account) { a.EncodingAESKey = otherKey }, RejectedSealed},
		"plain where safe":      {imv1alpha1.MessageModeSafe, func(a *sim.Account) { a.Mode = sim.Plaintext }, RejectedMode},
		"compatible where safe": {imv1alpha1.MessageModeSafe, func(a *sim.Account) { a.Mode = sim.Compatible }, RejectedMode},
		"plain where less":      {imv1alpha1.MessageModeCompatible, func(a *sim.Account) { a.Mode = sim.Plaintext }, RejectedMode},
		"safe where plain":      {imv1alpha1.MessageModePlaintext, func(a *sim.Account) { a.Mode = sim.Safe }, RejectedMode},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t, test.declared)
			if err := p.UpdateAccount(appID, test.change); err != nil {
				t.Fatal(err)
			}
			p.follow(t, follower, true)
			p.write(t, follower, "hello")
			got := p.settle(t)
			same(t, "outcomes", got.Outcomes, map[sim.Outcome]int{sim.BadStatus: 3})
			same(t, "unavailable", got.Unavailable, 1)
			same(t, "accepted", p.book.tries, 0)
			same(t, "rejected", p.stage.counts()["pushes_rejected_total "+string(test.reason)], 3.0)
			same(t, "observed", len(p.stage.watcher.saw), 4)
			same(t, "observed", p.stage.watcher.saw[3], observed{Account: accountID, Mismatch: true, Time: p.stage.clock.Now()})
		})
	}
}

// What is stricter than declared is taken.
func TestSimulatedStricter(t *testing.T) {
	tests := map[imv1alpha1.MessageMode]sim.Mode{imv1alpha1.MessageModePlaintext: sim.Compatible, imv1alpha1.MessageModeCompatible: sim.Safe}
	for declared, actual := range tests {
		t.Run(string(declared), func(t *testing.T) {
			p := newProvider(t, declared)
			if err := p.UpdateAccount(appID, func(a *sim.Account) { a.Mode = actual }); err != nil {
				t.Fatal(err)
			}
			p.follow(t, follower, true)
			p.write(t, follower, "hello")
			same(t, "outcomes", p.settle(t).Outcomes, map[sim.Outcome]int{sim.Replied: 1})
			same(t, "replies", len(p.phone(t, follower)), 1)
		})
	}
}

// The console does not take a webhook whose check of signatures is off, and ours
// refuses a signature that is.
func TestSimulatedVerification(t *testing.T) {
	p := newProvider(t, imv1alpha1.MessageModeSafe)
	shake, err := p.Verify(t.Context(), appID, "", true)
	if err != nil || shake.Accepted || shake.Status != 403 {
		t.Errorf("got %+v, %v", shake, err)
	}
	elsewhere := httptest.NewServer(p.stage.routes())
	defer elsewhere.Close()
	if shake, err = p.Verify(t.Context(), appID, elsewhere.URL+"/wechat/shop/support/guess", false); err != nil || shake.Status != 404 {
		t.Errorf("got %+v, %v", shake, err)
	}
}
