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
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/go-logr/logr"
)

const (
	// renewLead before its end a token is renewed: from then on WeChat hands out the next one, and takes both.
	renewLead = 5 * time.Minute
	// renewPause is between two attempts to renew a token that still works: WeChat's clock and ours differ, so the first
	// one may bring the same token again.
	renewPause = 15 * time.Second
	// expiryMargin before its end a token is not used any more: a call takes time to arrive.
	expiryMargin = 10 * time.Second
	// storeTries to write to the shared store against other replicas.
	storeTries = 4
)

// fetchMode is how a token is asked for.
type fetchMode string

const (
	// fetchNormal gets the token that is valid, or a new one when there is none.
	fetchNormal fetchMode = "Normal"
	// fetchForced gets a new one and ends the old one at once.
	fetchForced fetchMode = "Forced"
)

// keeper holds the access token of the account: in memory, shared through a store, renewed before it ends.
type keeper struct {
	appID   string
	wire    *wire
	store   TokenStore
	clock   Clock
	metrics *Metrics
	log     logr.Logger

	// gate admits one goroutine at a time to the store and to WeChat.
	gate chan struct{}

	mu     sync.Mutex
	secret Secret
	token  Token
	// renewAt is when the token in memory is renewed.
	renewAt time.Time
	// refused is a token that WeChat refused although it should be valid. It is not used again.
	refused string
	// failure answers those who need a token until the time after it, so that wrong credentials do not cost a request
	// for every call.
	failure      error
	failureUntil time.Time
}

func newKeeper(appID string, secret Secret, w *wire, store TokenStore, log logr.Logger) *keeper {
	return &keeper{
		appID: appID, secret: secret, wire: w, store: store, clock: w.clock, metrics: w.metrics, log: log,
		gate: make(chan struct{}, 1),
	}
}

// setSecret changes the AppSecret for the requests from now on. The token that is held stays.
func (k *keeper) setSecret(secret Secret) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.secret, k.failure = secret, nil
}

// current is a token to make a call with. When it is due to be renewed, the first caller does that and the others go on
// with the old one.
func (k *keeper) current(ctx context.Context) (string, error) {
	value, due := k.held()
	if value == "" {
		return k.replace(ctx, "")
	}
	if !due {
		return value, nil
	}
	select {
	case k.gate <- struct{}{}:
		defer k.leave()
	default:
		return value, nil
	}
	k.renew(ctx)
	if renewed, _ := k.held(); renewed != "" {
		return renewed, nil
	}
	return value, nil
}

// replace is a token other than the refused one, "" if none was refused.
func (k *keeper) replace(ctx context.Context, refused string) (string, error) {
	if err := k.enter(ctx); err != nil {
		return "", err
	}
	defer k.leave()
	refused = k.refuse(refused)
	// Others have been here while this caller waited.
	if value, _ := k.held(); value != "" {
		return value, nil
	}
	shared, revision, storeErr := k.store.Load(ctx)
	if storeErr == nil && k.adopt(shared) {
		return shared.text(), nil
	}
	if err := k.failed(); err != nil {
		return "", err
	}
	if storeErr != nil {
		// Asking in normal mode does no harm: every replica is given the same token.
		k.log.Error(storeErr, "cannot read the shared access token")
	}

	token, err := k.fetch(ctx, fetchNormal)
	if err != nil {
		return "", err
	}
	if token.text() != refused {
		if storeErr == nil {
			token = k.share(ctx, token, shared, revision)
		}
		k.adopt(token)
		return token.text(), nil
	}
	return k.force(ctx, refused)
}

// force gets a new token although WeChat holds the refused one to be valid. That is put on record before it is done, for
// all replicas and for the time after a restart.
func (k *keeper) force(ctx context.Context, refused string) (string, error) {
	var shared Token
	var revision uint64
	for try := 1; ; try++ {
		var err error
		if shared, revision, err = k.store.Load(ctx); err == nil {
			if k.adopt(shared) {
				return shared.text(), nil
			}
			if wait := shared.forceWait(k.clock.Now()); wait > 0 {
				return "", k.remember(k.exhausted(wait), min(wait, forcePause))
			}
			shared = shared.forcedAt(k.clock.Now())
			revision, err = k.store.Store(ctx, shared, revision)
		}
		if err == nil {
			break
		}
		if !errors.Is(err, ErrConflict) || try == storeTries {
			return "", &Error{
				Kind: Unavailable, Command: stableToken.name,
				Info: "a new access token cannot be put on record, so none is forced", Err: err,
			}
		}
	}

	token, err := k.fetch(ctx, fetchForced)
	if err != nil {
		return "", err
	}
	if token.text() == refused {
		return "", k.remember(k.exhausted(forcePause), forcePause)
	}
	k.log.Info("forced a new access token because the old one was refused before its time")
	token = k.share(ctx, token, shared, revision)
	k.adopt(token)
	return token.text(), nil
}

// exhausted is the error while no new token may be forced.
func (k *keeper) exhausted(wait time.Duration) error {
	return &Error{
		Kind: Unavailable, Command: stableToken.name, Code: codeInvalidToken, RetryAfter: wait,
		Info: "WeChat refuses the access token that it hands out, and a new one may not be forced yet",
	}
}

// renew exchanges the token in memory before it ends. A failure is no trouble yet.
func (k *keeper) renew(ctx context.Context) {
	if _, due := k.held(); !due {
		return
	}
	k.postpone()
	shared, revision, storeErr := k.store.Load(ctx)
	if storeErr == nil && k.clock.Now().Before(shared.Expires.Add(-renewLead)) && k.adopt(shared) {
		return
	}
	token, err := k.fetch(ctx, fetchNormal)
	if err != nil {
		k.log.Error(err, "cannot renew the access token yet")
		return
	}
	if storeErr != nil {
		k.log.Error(storeErr, "cannot share the access token")
	} else {
		token = k.share(ctx, token, shared, revision)
	}
	k.adopt(token)
}

// probe proves the credentials with one request and shares what it brings.
func (k *keeper) probe(ctx context.Context) error {
	if err := k.enter(ctx); err != nil {
		return err
	}
	defer k.leave()
	shared, revision, storeErr := k.store.Load(ctx)
	token, err := k.fetch(ctx, fetchNormal)
	if err != nil {
		return err
	}
	if storeErr == nil {
		token = k.share(ctx, token, shared, revision)
	}
	k.adopt(token)
	return nil
}

// share stores a fetched token over the shared one of a revision and returns the token to go on with: another replica's,
// if that one was quicker and its token works as far as we know. Without the store we go on alone.
func (k *keeper) share(ctx context.Context, fetched, shared Token, revision uint64) Token {
	for range storeTries {
		now := k.clock.Now()
		next := fetched
		next.Forced = shared.recent(now)
		_, err := k.store.Store(ctx, next, revision)
		if err == nil {
			return next
		}
		if errors.Is(err, ErrConflict) {
			shared, revision, err = k.store.Load(ctx)
			if err == nil && k.usable(shared, now) && shared.Expires.After(fetched.Expires) {
				return shared
			}
		}
		if err != nil {
			k.log.Error(err, "cannot share the access token")
			return next
		}
	}
	return fetched
}

// fetch asks WeChat for a token. A failure is remembered for a while that depends on what can end it.
func (k *keeper) fetch(ctx context.Context, mode fetchMode) (Token, error) {
	k.mu.Lock()
	secret := k.secret
	k.mu.Unlock()
	token, err := k.request(ctx, secret, mode)
	k.metrics.fetched(mode, err)
	if err != nil && ctx.Err() == nil {
		now := k.clock.Now()
		k.mu.Lock()
		defer k.mu.Unlock()
		// What another secret than the present one led to says nothing.
		if k.secret == secret {
			k.failure, k.failureUntil = err, now.Add(failurePause(err))
		}
	}
	return token, err
}

// failurePause is how long a failure answers everybody who needs a token.
func failurePause(err error) time.Duration {
	switch KindOf(err) {
	case Unavailable:
		return time.Second
	case DailyQuota:
		return time.Minute
	default:
		return 10 * time.Second
	}
}

func (k *keeper) request(ctx context.Context, secret Secret, mode fetchMode) (Token, error) {
	var body bytes.Buffer
	err := encode(&body, map[string]any{
		"grant_type": "client_credential", "appid": k.appID, "secret": string(secret), "force_refresh": mode == fetchForced,
	})
	if err != nil {
		return Token{}, &Error{Kind: Invalid, Command: stableToken.name, Info: "the request cannot be encoded"}
	}
	req := jsonRequest(body.Bytes())
	req.secrets = []string{string(secret)}
	asked := k.clock.Now()
	answer, err := k.wire.ask(ctx, stableToken, req)
	if err != nil {
		return Token{}, err
	}
	var got struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int64  `json:"expires_in"`
	}
	if err := json.Unmarshal(answer, &got); err != nil || got.AccessToken == "" || len(got.AccessToken) > maxTokenBytes ||
		got.ExpiresIn <= 0 || got.ExpiresIn > int64(forceDay/time.Second) {
		return Token{}, unclear(stableToken, "the answer holds no access token")
	}
	return newToken(got.AccessToken, asked.Add(time.Duration(got.ExpiresIn)*time.Second)), nil
}

// held is the token in memory, "" if there is none that can be used, and whether it is due to be renewed.
func (k *keeper) held() (value string, due bool) {
	now := k.clock.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.usableLocked(k.token, now) {
		return "", false
	}
	return k.token.text(), !now.Before(k.renewAt)
}

// adopt takes a token into memory if it can be used.
func (k *keeper) adopt(token Token) bool {
	now := k.clock.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.usableLocked(token, now) {
		return false
	}
	k.token, k.failure, k.refused = token, nil, ""
	k.renewAt = token.Expires.Add(-renewLead)
	if pause := now.Add(renewPause); k.renewAt.Before(pause) {
		k.renewAt = pause
	}
	return true
}

func (k *keeper) usable(token Token, now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.usableLocked(token, now)
}

func (k *keeper) usableLocked(token Token, now time.Time) bool {
	value := token.text()
	return value != "" && value != k.refused && now.Before(token.Expires.Add(-expiryMargin))
}

// refuse forgets a token, unless another one has taken its place already, and returns the one that is refused at
// present. "" changes nothing.
func (k *keeper) refuse(value string) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if held := k.token.text(); value != "" && (held == value || held == "") {
		k.refused, k.token = value, Token{}
	}
	return k.refused
}

// postpone keeps others from renewing as well.
func (k *keeper) postpone() {
	now := k.clock.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.renewAt = now.Add(renewPause)
}

// remember keeps a failure for a while and returns it.
func (k *keeper) remember(failure error, pause time.Duration) error {
	now := k.clock.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.failure, k.failureUntil = failure, now.Add(pause)
	return failure
}

// failed is the failure that is remembered, nil if there is none any more.
func (k *keeper) failed() error {
	now := k.clock.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.failure == nil || !now.Before(k.failureUntil) {
		return nil
	}
	return k.failure
}

func (k *keeper) enter(ctx context.Context) error {
	select {
	case k.gate <- struct{}{}:
		return nil
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return &Error{Kind: Unavailable, Command: stableToken.name, Err: ctx.Err()}
		}
		return ctx.Err()
	}
}

func (k *keeper) leave() { <-k.gate }
