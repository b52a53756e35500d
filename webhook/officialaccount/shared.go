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

package officialaccount

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/go-logr/logr"

	"github.com/liveroom-io/liveroom-operator/internal/wechat"
	"github.com/liveroom-io/liveroom-operator/webhook/journal"
)

// Shared is what the replicas share about accounts: their access tokens, and what
// WeChat has shown of their settings.
type Shared struct {
	values *journal.Values
	log    logr.Logger
	// changed is told of an account whose handshake has changed.
	changed func(uid string)

	mu    sync.Mutex
	known map[string]seen      // as this process has written or read them
	news  map[string]Handshake // to be written
	ready chan struct{}
}

// NewShared returns one that writes nothing until it runs. changed must not block.
func NewShared(values *journal.Values, log logr.Logger, changed func(uid string)) *Shared {
	return &Shared{values: values, log: log, changed: changed, known: map[string]seen{}, news: map[string]Handshake{}, ready: make(chan struct{}, 1)}
}

// seen is a handshake, and when it was compared with what is written.
type seen struct {
	Handshake

	at time.Time
}

const (
	// authenticEvery is how often a call with the right signature is compared with what
	// is written: another replica may have seen a mismatch meanwhile.
	authenticEvery = time.Minute
	// mismatchEvery is how often another mismatch is written down.
	mismatchEvery = time.Minute
	// maxNews bounds the handshakes that wait to be written: one for each account.
	maxNews = 10_000
	// sharedTimeout bounds one read or write, sharedRetry the rest after a failure.
	sharedTimeout = 5 * time.Second
	sharedRetry   = time.Second
)

// Authentic implements the receiver's observer: a call came with the right
// signature.
func (s *Shared) Authentic(account *Account, segment string, _ bool, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, known := s.known[account.UID]
	if known && before.Segment == segment && before.Mismatch.IsZero() && now.Sub(before.at) < authenticEvery {
		return
	}
	s.note(account.UID, seen{Handshake: Handshake{Segment: segment}, at: now})
}

// Mismatch implements the receiver's observer: a call came with another token or
// key, or less protected than declared.
func (s *Shared) Mismatch(account *Account, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.known[account.UID]
	if now.Sub(before.Mismatch) < mismatchEvery {
		return
	}
	s.note(account.UID, seen{Handshake: Handshake{Segment: before.Segment, Mismatch: now}, at: now})
}

// note something to be written, with the lock held.
func (s *Shared) note(uid string, h seen) {
	if len(s.news) >= maxNews {
		return // it is seen again with the next call
	}
	s.known[uid], s.news[uid] = h, h.Handshake
	select {
	case s.ready <- struct{}{}:
	default:
	}
}

// Run writes what was noted until ctx ends.
func (s *Shared) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.ready:
		}
		s.mu.Lock()
		news := s.news
		s.news = map[string]Handshake{}
		s.mu.Unlock()
		for uid, h := range news {
			changed, err := s.write(ctx, uid, h)
			if err != nil && ctx.Err() == nil {
				s.log.V(1).Info("What WeChat has shown is not written down; it is with its next call", "error", err.Error())
				s.mu.Lock()
				delete(s.known, uid)
				s.mu.Unlock()
				continue
			}
			if changed {
				s.changed(uid)
			}
		}
	}
}

func handshakeKey(uid string) string { return "handshake/" + uid }

// write a handshake down, unless it is there already. One without a segment leaves
// the segment as it is: this replica does not know it.
func (s *Shared) write(ctx context.Context, uid string, h Handshake) (changed bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, sharedTimeout)
	defer cancel()
	for {
		before, revision, err := s.read(ctx, uid)
		if err != nil {
			return false, err
		}
		if h.Segment == "" {
			h.Segment = before.Segment
		}
		if h.Segment == before.Segment && h.Mismatch.Equal(before.Mismatch) {
			return false, nil
		}
		data, err := json.Marshal(h)
		if err != nil {
			return false, err
		}
		if _, err = s.values.Put(ctx, handshakeKey(uid), data, revision); !errors.Is(err, journal.ErrConflict) {
			return err == nil, err
		}
	}
}

// read what is written; nothing is a handshake that never was.
func (s *Shared) read(ctx context.Context, uid string) (h Handshake, revision uint64, err error) {
	data, revision, err := s.values.Get(ctx, handshakeKey(uid))
	if err != nil && !errors.Is(err, journal.ErrNotFound) {
		return h, 0, err
	}
	if len(data) > 0 && json.Unmarshal(data, &h) != nil { // of another version: it is replaced
		h = Handshake{}
	}
	return h, revision, nil
}

// Handshake is what WeChat has shown of an account, to any replica.
func (s *Shared) Handshake(ctx context.Context, uid string) (Handshake, error) {
	ctx, cancel := context.WithTimeout(ctx, sharedTimeout)
	defer cancel()
	h, _, err := s.read(ctx, uid)
	return h, err
}

// Tokens is where the replicas share the access token of an account.
func (s *Shared) Tokens(uid string) wechat.TokenStore {
	return &tokens{values: s.values, key: "token/" + uid}
}

type tokens struct {
	values *journal.Values
	key    string
}

// Load implements wechat.TokenStore.
func (t *tokens) Load(ctx context.Context) (wechat.Token, uint64, error) {
	data, revision, err := t.values.Get(ctx, t.key)
	if errors.Is(err, journal.ErrNotFound) {
		return wechat.Token{}, revision, nil
	}
	if err != nil {
		return wechat.Token{}, 0, err
	}
	if token, err := wechat.DecodeToken(data); err == nil {
		return token, revision, nil
	}
	return wechat.Token{}, revision, nil // of another version: it is replaced
}

// Store implements wechat.TokenStore.
func (t *tokens) Store(ctx context.Context, token wechat.Token, revision uint64) (uint64, error) {
	data, err := token.Encode()
	if err != nil {
		return 0, err
	}
	revision, err = t.values.Put(ctx, t.key, data, revision)
	if errors.Is(err, journal.ErrConflict) {
		return 0, wechat.ErrConflict
	}
	return revision, err
}
