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
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestRequestIsSignedAndComplete(t *testing.T) {
	p := newProvider(t)
	c := newClient(t, p.URL+"/")
	if err := c.CreateGroup(t.Context(), testGroup); err != nil {
		t.Fatal(err)
	}
	got := p.received()[0]
	if got.command != "group_open_http_svc/create_group" {
		t.Errorf("path %s", got.command)
	}
	if err := verify(got.query.Get("usersig")); err != nil {
		t.Errorf("the UserSig is refused: %v", err)
	}
	got.query.Del("usersig")
	if got.query.Get("random") == "" {
		t.Error("no random")
	}
	got.query.Del("random")
	want := map[string][]string{"sdkappid": {"1400000001"}, "identifier": {testAdmin}, "contenttype": {"json"}}
	if !reflect.DeepEqual(map[string][]string(got.query), want) {
		t.Errorf("query %v, want %v", got.query, want)
	}
}

func TestUserSigIsCachedAndRenewed(t *testing.T) {
	p := newProvider(t)
	clock := &fixedClock{now: time.Now()}
	c := newClient(t, p.URL, func(config *Config) { config.Clock = clock })
	last := func() string {
		t.Helper()
		if err := create(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		requests := p.received()
		return requests[len(requests)-1].query.Get("usersig")
	}
	first := last()
	clock.advance(userSigRenewal - time.Second)
	if last() != first {
		t.Error("the UserSig is not cached")
	}
	signed := c.keys.renewAt
	clock.advance(2 * time.Second)
	last()
	if !c.keys.renewAt.After(signed) {
		t.Error("the UserSig is not renewed in time")
	}
	// Of many that are refused with one UserSig, only the first makes a new one.
	old := identity{administrator: testAdmin, userSig: c.keys.userSig}
	c.keys.discard(identity{userSig: "another"})
	if c.keys.userSig == "" {
		t.Error("the refusal of another UserSig discarded this one")
	}
	c.keys.discard(old)
	if c.keys.userSig != "" {
		t.Error("a refused UserSig is kept")
	}
}

func TestSetCredentials(t *testing.T) {
	p := newProvider(t)
	c := newClient(t, p.URL, func(config *Config) {
		config.Credentials = Credentials{Administrator: "old", SecretKey: strings.Repeat("0", 64)}
	})
	limits := c.breaking.next.(*limiting).limiters[createGroup]
	if err := create(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	c.SetCredentials(Credentials{Administrator: testAdmin, SecretKey: testKey})
	if err := create(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	requests := p.received()
	if verify(requests[0].query.Get("usersig")) == nil {
		t.Error("the first call is signed with the second key")
	}
	if err := verify(requests[1].query.Get("usersig")); err != nil || requests[1].query.Get("identifier") != testAdmin {
		t.Errorf("the second call is from %s: %v", requests[1].query.Get("identifier"), err)
	}
	if c.breaking.next.(*limiting).limiters[createGroup] != limits {
		t.Error("the limiters were replaced too")
	}
	// A key that cannot sign is a matter of credentials, and nothing is sent.
	c.SetCredentials(Credentials{Administrator: testAdmin})
	if err := create(t.Context(), c); !IsUnauthorized(err) {
		t.Errorf("got %v", err)
	}
	if p.count() != 2 {
		t.Errorf("%d requests, want 2", p.count())
	}
}

type fixedClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *fixedClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fixedClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
