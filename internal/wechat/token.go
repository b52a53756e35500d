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
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

const redacted = "[redacted]"

// Secret is an AppSecret. It never prints, logs or encodes itself.
type Secret string

// String hides the secret.
func (Secret) String() string { return redacted }

// GoString hides the secret.
func (Secret) GoString() string { return redacted }

// Format hides the secret from every verb.
func (Secret) Format(state fmt.State, _ rune) { _, _ = fmt.Fprint(state, redacted) }

// MarshalText hides the secret from encoders.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalLog hides the secret from logr.
func (Secret) MarshalLog() any { return redacted }

// LogValue hides the secret from slog.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

const (
	// forcePause is the least time between two forced refreshes of an account, and forceLimit how many it may have in
	// forceDay: WeChat's own numbers. Its day is ours at any hour of the day, so that its midnight does not matter.
	forcePause = 30 * time.Second
	forceLimit = 20
	forceDay   = 24 * time.Hour
	// maxTokenBytes bounds a token. WeChat asks to store at least 512 characters.
	maxTokenBytes = 4096
)

// Token is the access token of an account with what its replicas have to share about it. The zero Token is none. It never
// prints, logs or encodes itself other than by Encode.
type Token struct {
	// value is behind a pointer for the same reason: fmt does not call the methods of values in unexported fields.
	value *string
	// Expires is when WeChat will refuse it, at the latest.
	Expires time.Time
	// Forced are the times of the forced refreshes of the last day, oldest first.
	Forced []time.Time
}

// storedToken is a Token in the store. Times are Unix seconds.
type storedToken struct {
	Value   string  `json:"value,omitempty"`
	Expires int64   `json:"expires,omitempty"`
	Forced  []int64 `json:"forced,omitempty"`
}

// Encode is the Token for a store, in clear: whoever can read the store can act as the account.
func (t Token) Encode() ([]byte, error) {
	stored := storedToken{Value: t.text()}
	if !t.Expires.IsZero() {
		stored.Expires = t.Expires.Unix()
	}
	for _, at := range t.Forced {
		stored.Forced = append(stored.Forced, at.Unix())
	}
	return json.Marshal(stored)
}

// DecodeToken reads what Encode wrote. The error quotes nothing.
func DecodeToken(data []byte) (Token, error) {
	var stored storedToken
	if err := json.Unmarshal(data, &stored); err != nil {
		return Token{}, errors.New("the stored access token is not understood")
	}
	t := newToken(stored.Value, time.Time{})
	if stored.Expires != 0 {
		t.Expires = time.Unix(stored.Expires, 0)
	}
	for _, second := range stored.Forced {
		t.Forced = append(t.Forced, time.Unix(second, 0))
	}
	return t, nil
}

func newToken(value string, expires time.Time) Token {
	if value == "" {
		return Token{Expires: expires}
	}
	return Token{value: &value, Expires: expires}
}

// text is the access token itself, "" for none.
func (t Token) text() string {
	if t.value == nil {
		return ""
	}
	return *t.value
}

// forceWait is how long a forced refresh has to wait at a time, 0 if it may be made.
func (t Token) forceWait(now time.Time) time.Duration {
	recent := t.recent(now)
	if len(recent) == 0 {
		return 0
	}
	wait := recent[len(recent)-1].Add(forcePause).Sub(now)
	if len(recent) >= forceLimit {
		wait = max(wait, recent[len(recent)-forceLimit].Add(forceDay).Sub(now))
	}
	return max(0, wait)
}

// recent are the forced refreshes that still count. One that another replica's clock puts into the future counts.
func (t Token) recent(now time.Time) []time.Time {
	first := slices.IndexFunc(t.Forced, func(at time.Time) bool { return now.Sub(at) < forceDay })
	if first < 0 {
		return nil
	}
	return slices.Clone(t.Forced[first:])
}

// forcedAt is the token with one more forced refresh on record.
func (t Token) forcedAt(now time.Time) Token {
	t.Forced = append(t.recent(now), now)
	if extra := len(t.Forced) - forceLimit; extra > 0 {
		t.Forced = t.Forced[extra:]
	}
	return t
}

// String tells when the token expires and hides it.
func (t Token) String() string {
	if t.value == nil {
		return "no access token"
	}
	return "access token until " + t.Expires.UTC().Format(time.RFC3339)
}

// GoString hides the token.
func (t Token) GoString() string { return t.String() }

// Format hides the token from every verb.
func (t Token) Format(state fmt.State, _ rune) { _, _ = fmt.Fprint(state, t.String()) }

// MarshalText hides the token from encoders.
func (t Token) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// MarshalLog hides the token from logr.
func (t Token) MarshalLog() any { return t.String() }

// LogValue hides the token from slog.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// ErrConflict is what TokenStore.Store returns when another replica has stored since the revision.
var ErrConflict = errors.New("another access token was stored in the meantime")

// TokenStore keeps the access token of one account where all replicas find it. Its errors must not quote the token.
type TokenStore interface {
	// Load returns the stored token and its revision. Without one it returns the zero Token and revision 0.
	Load(ctx context.Context) (token Token, revision uint64, err error)
	// Store replaces the token if its revision is still the given one, 0 meaning that there is none, and returns the
	// new revision. Otherwise it changes nothing and returns ErrConflict.
	Store(ctx context.Context, token Token, revision uint64) (uint64, error)
}

// MemoryTokens is a TokenStore for one process. The zero value is ready to use.
type MemoryTokens struct {
	mu       sync.Mutex
	token    Token
	revision uint64
}

// Load implements TokenStore.
func (m *MemoryTokens) Load(context.Context) (Token, uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.token, m.revision, nil
}

// Store implements TokenStore.
func (m *MemoryTokens) Store(_ context.Context, token Token, revision uint64) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if revision != m.revision {
		return 0, ErrConflict
	}
	m.token, m.revision = token, m.revision+1
	return m.revision, nil
}
