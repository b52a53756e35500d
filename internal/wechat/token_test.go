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
	"net/http"
	"reflect"
	"sync"
	"testing"
	"time"
)

func (p *provider) assertFetches(t *testing.T, normal, forced int) {
	t.Helper()
	if n, f := p.fetches(); n != normal || f != forced {
		t.Errorf("asked for %d tokens and forced %d, want %d and %d", n, f, normal, forced)
	}
}

func send(t *testing.T, c *Client) error {
	t.Helper()
	return c.Send(t.Context(), openID, Text{"a"})
}

func mustSend(t *testing.T, clients ...*Client) {
	t.Helper()
	for _, c := range clients {
		if err := send(t, c); err != nil {
			t.Fatal(err)
		}
	}
}

// replicas are clients of one account with one store and one clock.
func replicas(t *testing.T, p *provider, store TokenStore, clock Clock, n int) []*Client {
	t.Helper()
	clients := make([]*Client, 0, n)
	for range n {
		clients = append(clients, newClient(t, p, func(o *Options) { o.Tokens, o.Clock = store, clock }))
	}
	return clients
}

func TestOneTokenForManyCalls(t *testing.T) {
	p := newProvider(t)
	var sending sync.WaitGroup
	for _, c := range replicas(t, p, &MemoryTokens{}, newClock(), 1) {
		for range 50 {
			sending.Go(func() {
				if err := c.Send(t.Context(), openID, Text{"a"}); err != nil {
					t.Error(err)
				}
			})
		}
	}
	sending.Wait()
	p.assertFetches(t, 1, 0)
}

func TestOneTokenForAllReplicas(t *testing.T) {
	p := newProvider(t)
	mustSend(t, replicas(t, p, &MemoryTokens{}, newClock(), 3)...)
	p.assertFetches(t, 1, 0)
}

// The platform hands out the next token five minutes before the end, and both work in between.
func TestRenewalBeforeTheEnd(t *testing.T) {
	p, clock := newProvider(t), newClock()
	clients := replicas(t, p, &MemoryTokens{}, clock, 2)
	mustSend(t, clients...)
	clock.advance(2*time.Hour - 5*time.Minute - time.Second)
	mustSend(t, clients...)
	p.assertFetches(t, 1, 0)

	// Our clock is ahead: the same token comes once more, and is not asked for at every call.
	clock.advance(time.Second)
	p.set(func(p *provider) { p.expiresIn = 300 })
	mustSend(t, clients[0], clients[0], clients[0])
	p.assertFetches(t, 2, 0)

	clock.advance(renewPause)
	p.set(func(p *provider) { p.expiresIn = 7200 })
	p.rotate()
	mustSend(t, clients[0])
	p.assertFetches(t, 3, 0)
	// The other replica finds it in the store.
	mustSend(t, clients[1])
	p.assertFetches(t, 3, 0)
	if n := len(p.received(customSend)); n != 9 {
		t.Errorf("%d requests for 9 messages", n)
	}
}

// While the old token works, a failure to renew it is nobody's trouble, and nobody waits for the renewal.
func TestRenewalThatFails(t *testing.T) {
	p, clock := newProvider(t), newClock()
	c := replicas(t, p, &MemoryTokens{}, clock, 1)[0]
	mustSend(t, c)
	clock.advance(2*time.Hour - 4*time.Minute)
	asked, goOn := make(chan struct{}), make(chan struct{})
	p.then(stableToken, func(w http.ResponseWriter, r *http.Request) {
		close(asked)
		<-goOn
		refuses(-1, "system error")(w, r)
	})
	renewed := make(chan error)
	go func() { renewed <- c.Send(context.Background(), openID, Text{"a"}) }()
	<-asked
	mustSend(t, c, c)
	close(goOn)
	if err := <-renewed; err != nil {
		t.Error(err)
	}
	p.assertFetches(t, 2, 0)
	clock.advance(renewPause)
	mustSend(t, c)
	p.assertFetches(t, 3, 0)
}

func TestTokenThatHasEnded(t *testing.T) {
	p, clock := newProvider(t), newClock()
	c := replicas(t, p, &MemoryTokens{}, clock, 1)[0]
	mustSend(t, c)
	clock.advance(2*time.Hour - expiryMargin)
	p.rotate()
	mustSend(t, c)
	p.assertFetches(t, 2, 0)
	if n := len(p.received(customSend)); n != 2 {
		t.Errorf("a token was used after its end: %d requests for 2 messages", n)
	}
}

// refusals of the token in use, in the three ways there are.
func TestRefusedToken(t *testing.T) {
	for _, code := range []int{40001, 40014, 42001} {
		p, clock := newProvider(t), newClock()
		clients := replicas(t, p, &MemoryTokens{}, clock, 2)
		mustSend(t, clients...)
		p.then(customSend, refuses(code, "invalid"))
		p.rotate()
		mustSend(t, clients[0])
		p.assertFetches(t, 2, 0)
		// What the first replica found is shared: the second one does not ask.
		mustSend(t, clients[1])
		p.assertFetches(t, 2, 0)
		if n := len(p.received(customSend)); n != 6 {
			t.Errorf("%d: %d requests for 4 messages of which 2 were refused", code, n)
		}
	}
}

// WeChat holds the refused token to be valid: only then one is forced.
func TestForcedRefresh(t *testing.T) {
	p, clock, store := newProvider(t), newClock(), &MemoryTokens{}
	clients := replicas(t, p, store, clock, 2)
	mustSend(t, clients...)
	p.then(customSend, refuses(40001, "invalid"))
	mustSend(t, clients[0])
	p.assertFetches(t, 2, 1)
	mustSend(t, clients[1])
	p.assertFetches(t, 2, 1)

	// Another one within 30 s is not allowed, to no replica and to none that has just started.
	p.then(customSend, refuses(40001, "invalid"), refuses(40001, "invalid"))
	clock.advance(forcePause - time.Second)
	for _, c := range []*Client{clients[1], replicas(t, p, store, clock, 1)[0]} {
		err := send(t, c)
		if e, ok := AsError(err); !ok || e.Kind != Unavailable || e.RetryAfter != time.Second {
			t.Errorf("got %v", err)
		}
	}
	p.assertFetches(t, 4, 1)
	clock.advance(time.Second)
	mustSend(t, clients[1])
	p.assertFetches(t, 5, 2)
}

func TestForcedRefreshesOfADay(t *testing.T) {
	p, clock, store := newProvider(t), newClock(), &MemoryTokens{}
	for n := range forceLimit {
		// A new process each time: the count is in the store.
		c := replicas(t, p, store, clock, 1)[0]
		p.then(customSend, refuses(40001, "invalid"))
		mustSend(t, c)
		p.assertFetches(t, n+2, n+1)
		clock.advance(time.Minute)
	}
	c := replicas(t, p, store, clock, 1)[0]
	p.then(customSend, refuses(40001, "invalid"))
	err := send(t, c)
	if e, ok := AsError(err); !ok || e.Kind != Unavailable || e.RetryAfter != forceDay-forceLimit*time.Minute {
		t.Errorf("got %v", err)
	}
	if _, forced := p.fetches(); forced != forceLimit {
		t.Errorf("forced %d", forced)
	}
	// The token ends long before a day has passed, and the one after it is another one.
	clock.advance(2 * time.Hour)
	p.rotate()
	mustSend(t, c)
	clock.advance(22 * time.Hour)
	p.rotate()
	mustSend(t, c)
	p.then(customSend, refuses(40001, "invalid"))
	mustSend(t, c)
	if _, forced := p.fetches(); forced != forceLimit+1 {
		t.Errorf("forced %d", forced)
	}
}

// WeChat ignores a forced refresh that comes too soon for its own clock.
func TestForcedRefreshIgnored(t *testing.T) {
	p, clock := newProvider(t), newClock()
	c := replicas(t, p, &MemoryTokens{}, clock, 1)[0]
	p.set(func(p *provider) { p.stubborn = true })
	mustSend(t, c)
	p.then(customSend, refuses(40001, "invalid"))
	for range 5 {
		if err := send(t, c); KindOf(err) != Unavailable {
			t.Errorf("got %v", err)
		}
	}
	p.assertFetches(t, 2, 1)
	if n := len(p.received(customSend)); n != 2 {
		t.Errorf("%d requests with a token that is refused", n)
	}
	p.set(func(p *provider) { p.stubborn = false })
	clock.advance(forcePause)
	mustSend(t, c)
	p.assertFetches(t, 3, 2)
}

// A message is repeated once, however often the tokens are refused.
func TestOneRepetition(t *testing.T) {
	p := newProvider(t)
	c := newClient(t, p)
	p.then(customSend, refuses(40001, "invalid"), refuses(42001, "expired"))
	if err := send(t, c); KindOf(err) != Unavailable || CodeOf(err) != 42001 {
		t.Errorf("got %v", err)
	}
	if n := len(p.received(customSend)); n != 2 {
		t.Errorf("%d requests", n)
	}
}

// Many calls of all replicas meet the refusal at once.
func TestRefusalMetByMany(t *testing.T) {
	p := newProvider(t)
	clients := replicas(t, p, &MemoryTokens{}, newClock(), 3)
	mustSend(t, clients...)
	p.rotate()
	var sending sync.WaitGroup
	for _, c := range clients {
		for range 20 {
			sending.Go(func() {
				if err := c.Send(t.Context(), openID, Text{"a"}); err != nil {
					t.Error(err)
				}
			})
		}
	}
	sending.Wait()
	if normal, forced := p.fetches(); forced != 0 || normal > 1+len(clients) {
		t.Errorf("asked for %d tokens and forced %d", normal, forced)
	}
}

func TestWrongSecret(t *testing.T) {
	p, clock := newProvider(t), newClock()
	c := replicas(t, p, &MemoryTokens{}, clock, 1)[0]
	p.set(func(p *provider) { p.secret = "another" })
	for range 20 {
		if err := send(t, c); KindOf(err) != Unauthorized || CodeOf(err) != 40125 {
			t.Errorf("got %v", err)
		}
	}
	// It is not asked for at every message, but again after a while.
	p.assertFetches(t, 1, 0)
	clock.advance(time.Minute)
	_ = send(t, c)
	p.assertFetches(t, 2, 0)
	c.SetSecret("another")
	mustSend(t, c)
	p.assertFetches(t, 3, 0)
}

// A new secret takes effect with the next token; the one in use, and the count of forced ones, stay.
func TestChangedSecret(t *testing.T) {
	p, clock, store := newProvider(t), newClock(), &MemoryTokens{}
	c := replicas(t, p, store, clock, 1)[0]
	p.then(customSend, refuses(40001, "invalid"))
	mustSend(t, c)
	p.assertFetches(t, 2, 1)
	p.set(func(p *provider) { p.secret = "another" })
	c.SetSecret("another")
	mustSend(t, c)
	p.assertFetches(t, 2, 1)
	p.rotate()
	mustSend(t, c)
	p.assertFetches(t, 3, 1)
	if token, _, _ := store.Load(t.Context()); len(token.Forced) != 1 {
		t.Errorf("forced at %v", token.Forced)
	}
}

func TestProbe(t *testing.T) {
	p := newProvider(t)
	c := newClient(t, p)
	p.then(stableToken, refuses(40164, "invalid ip 10.0.0.1, not in whitelist rid: 1-2-3"))
	err := c.Probe(t.Context())
	if want := "wechat stable_token: AddressNotAllowed (code 40164): invalid ip 10.0.0.1, not in whitelist rid: 1-2-3"; err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	// A probe is a request, whatever came of the last one, and what it brings is used.
	if err := c.Probe(t.Context()); err != nil {
		t.Error(err)
	}
	mustSend(t, c)
	p.assertFetches(t, 2, 0)
	for name, answer := range map[string]string{
		"no token": `{"expires_in":7200}`, "no end": `{"access_token":"t"}`, "an absurd end": `{"access_token":"t","expires_in":1e9}`,
		"no JSON": `token`,
	} {
		p.then(stableToken, says(answer))
		if err := c.Probe(t.Context()); KindOf(err) != Unavailable {
			t.Errorf("%s: got %v", name, err)
		}
	}
	mustSend(t, c)
}

// faultyStore fails as it is told.
type faultyStore struct {
	MemoryTokens
	mu          sync.Mutex
	load, store error
	// intrude is run before a token is stored, once.
	intrude func()
}

func (f *faultyStore) Load(ctx context.Context) (Token, uint64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.load != nil {
		return Token{}, 0, f.load
	}
	return f.MemoryTokens.Load(ctx)
}

func (f *faultyStore) Store(ctx context.Context, token Token, revision uint64) (uint64, error) {
	f.mu.Lock()
	err, intrude := f.store, f.intrude
	f.intrude = nil
	f.mu.Unlock()
	if err != nil {
		return 0, err
	}
	if intrude != nil {
		intrude()
	}
	return f.MemoryTokens.Store(ctx, token, revision)
}

// Without the store messages go on, but nothing is forced: nobody would count it.
func TestStoreOutOfOrder(t *testing.T) {
	broken := errors.New("the store is out of order")
	for name, store := range map[string]*faultyStore{"reading": {load: broken}, "writing": {store: broken}} {
		t.Run(name, func(t *testing.T) {
			p, clock := newProvider(t), newClock()
			c := replicas(t, p, store, clock, 1)[0]
			mustSend(t, c)
			clock.advance(2*time.Hour - 4*time.Minute)
			mustSend(t, c)
			p.assertFetches(t, 2, 0)
			if err := c.Probe(t.Context()); err != nil {
				t.Error(err)
			}
			p.then(customSend, refuses(40001, "invalid"))
			if err := send(t, c); KindOf(err) != Unavailable || !errors.Is(err, broken) {
				t.Errorf("got %v", err)
			}
			p.assertFetches(t, 4, 0)
		})
	}
}

// Another replica stores between our reading and our writing.
func TestStoreContended(t *testing.T) {
	p, clock := newProvider(t), newClock()
	store := &faultyStore{}
	c := replicas(t, p, store, clock, 1)[0]
	store.intrude = func() {
		// The other one was handed a token that will live longer.
		p.rotate()
		_, err := store.MemoryTokens.Store(t.Context(), newToken(p.token, clock.Now().Add(3*time.Hour)), 0)
		if err != nil {
			t.Error(err)
		}
	}
	mustSend(t, c)
	p.assertFetches(t, 1, 0)
	if n := len(p.received(customSend)); n != 1 {
		t.Errorf("%d requests: the other token was not taken", n)
	}

	// Another one puts a forced refresh on record first: ours has to wait.
	store.intrude = func() {
		token, revision, _ := store.MemoryTokens.Load(t.Context())
		if _, err := store.MemoryTokens.Store(t.Context(), token.forcedAt(clock.Now()), revision); err != nil {
			t.Error(err)
		}
	}
	p.then(customSend, refuses(40001, "invalid"))
	if err := send(t, c); KindOf(err) != Unavailable {
		t.Errorf("got %v", err)
	}
	p.assertFetches(t, 2, 0)
	// Its token arrives, and is taken without asking.
	p.rotate()
	token, revision, _ := store.MemoryTokens.Load(t.Context())
	next := newToken(p.token, clock.Now().Add(2*time.Hour))
	next.Forced = token.Forced
	if _, err := store.MemoryTokens.Store(t.Context(), next, revision); err != nil {
		t.Fatal(err)
	}
	mustSend(t, c)
	p.assertFetches(t, 2, 0)
}

// A caller that has no time does not spoil the token for the others.
func TestCallerWithoutTime(t *testing.T) {
	p := newProvider(t)
	c := newClient(t, p)
	ctx, cancel := context.WithCancel(t.Context())
	p.then(stableToken, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	if err := c.Send(ctx, openID, Text{"a"}); KindOf(err) != "" || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	mustSend(t, c)
	p.assertFetches(t, 2, 0)
}

// Whoever waits for another caller's request leaves when its own time is up.
func TestWaitingForAToken(t *testing.T) {
	p := newProvider(t)
	c := newClient(t, p)
	asked, goOn := make(chan struct{}), make(chan struct{})
	p.then(stableToken, func(w http.ResponseWriter, _ *http.Request) {
		close(asked)
		<-goOn
		says(`{"access_token":"`+p.token+`","expires_in":7200}`)(w, nil)
	})
	first := make(chan error)
	go func() { first <- c.Send(context.Background(), openID, Text{"a"}) }()
	<-asked
	late := expiring{t.Context(), make(chan struct{})}
	cancelled, cancel := context.WithCancel(t.Context())
	close(late.passed)
	cancel()
	if err := c.Probe(late); KindOf(err) != Unavailable || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if err := c.Probe(cancelled); KindOf(err) != "" || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(goOn)
	if err := <-first; err != nil {
		t.Error(err)
	}
	p.assertFetches(t, 1, 0)
}

func TestTokenEncoding(t *testing.T) {
	now := time.Unix(1763848315, 0)
	full := newToken("t0", now.Add(2*time.Hour))
	full.Forced = []time.Time{now, now.Add(time.Minute)}
	tests := map[string]struct {
		token Token
		want  string
	}{
		"none": {Token{}, `{}`},
		"full": {full, `{"value":"t0","expires":1763855515,"forced":[1763848315,1763848375]}`},
	}
	for name, test := range tests {
		text, err := test.token.Encode()
		if err != nil || string(text) != test.want {
			t.Errorf("%s: got %s, %v", name, text, err)
		}
		if got, err := DecodeToken(text); err != nil || !reflect.DeepEqual(got, test.token) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
	if got, err := DecodeToken([]byte(`{"value":1}`)); err == nil || !reflect.DeepEqual(got, Token{}) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestForceWait(t *testing.T) {
	now := time.Unix(1763848315, 0)
	before := func(ages ...time.Duration) Token {
		var token Token
		for _, age := range ages {
			token.Forced = append(token.Forced, now.Add(-age))
		}
		return token
	}
	many := make([]time.Duration, forceLimit)
	for i := range many {
		many[i] = 23*time.Hour - time.Duration(i)*time.Minute
	}
	tests := map[string]struct {
		token Token
		want  time.Duration
	}{
		"never":             {Token{}, 0},
		"just now":          {before(0), 30 * time.Second},
		"29 s ago":          {before(29 * time.Second), time.Second},
		"30 s ago":          {before(30 * time.Second), 0},
		"in the future":     {before(-time.Second), 31 * time.Second},
		"20 times":          {before(many...), time.Hour},
		"20 times, one old": {before(append([]time.Duration{25 * time.Hour}, many[1:]...)...), 0},
	}
	for name, test := range tests {
		if got := test.token.forceWait(now); got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
	}
	if got := before(many...).forcedAt(now); len(got.Forced) != forceLimit || !got.Forced[forceLimit-1].Equal(now) {
		t.Errorf("on record: %v", got.Forced)
	}
}
