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
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	minTokenLength = 32
	maxTokenLength = 512
	// tokenPrefix begins every token, as the number and the line of the
	// provider's do.
	tokenPrefix = "99_"
	tokenLife   = 2 * time.Hour
	// tokenOverlap is how long a replaced token keeps working.
	tokenOverlap = 5 * time.Minute
	// A token may be forced so often a day, and so long after the last time.
	forcedPerDay = 20
	forcedGap    = 30 * time.Second
	// stablePerMinute is how often a stable token may be asked for.
	stablePerMinute = 10_000
	// keptTokens of an account are remembered, so that old ones are told from
	// foreign ones.
	keptTokens = 64
	grantType  = "client_credential"
)

// TokenKind is one of the two lines of access tokens, which are isolated from
// each other.
type TokenKind string

// The lines of tokens.
const (
	// OrdinaryToken is what /cgi-bin/token gives.
	OrdinaryToken TokenKind = "Ordinary"
	// StableToken is what /cgi-bin/stable_token gives.
	StableToken TokenKind = "Stable"
)

// issuedToken is one token.
type issuedToken struct {
	value   string
	account *account
	expires time.Time
	// refusedFrom is when it ceases to be the latest; zero if it is.
	refusedFrom time.Time
}

// line is what is known of the tokens of one account and kind.
type line struct {
	current *issuedToken
	kept    []*issuedToken
	forced  dailyCount
	lastly  time.Time // forced for the last time
	minutes minuteCount
}

// tokenOffice issues and checks tokens.
type tokenOffice struct {
	length int

	mu      sync.RWMutex
	lines   map[lineKey]*line
	byValue map[string]*issuedToken
	drawn   uint64
	seed    uint64
}

type lineKey struct {
	account *account
	kind    TokenKind
}

func newTokenOffice(o Options) *tokenOffice {
	return &tokenOffice{
		length: o.TokenLength, seed: o.Seed, lines: map[lineKey]*line{}, byValue: map[string]*issuedToken{},
	}
}

// check finds the account of a token.
func (t *tokenOffice) check(value string, now time.Time) (*account, *Refusal) {
	if value == "" {
		return nil, refuse(codeTokenMissing)
	}
	if !t.wellFormed(value) {
		return nil, refuse(codeMalformedToken)
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	token, ok := t.byValue[value]
	switch {
	case !ok, !token.refusedFrom.IsZero() && !now.Before(token.refusedFrom):
		return nil, refuse(codeInvalidToken)
	case !now.Before(token.expires):
		return nil, refuse(codeTokenExpired)
	}
	return token.account, nil
}

// wellFormed reports whether a text could be a token.
func (t *tokenOffice) wellFormed(value string) bool {
	rest, ok := strings.CutPrefix(value, tokenPrefix)
	if !ok || len(value) != t.length {
		return false
	}
	return strings.Trim(rest, lettersAndDigits) == ""
}

// line returns the line of an account, under the lock.
func (t *tokenOffice) line(a *account, kind TokenKind) *line {
	key := lineKey{account: a, kind: kind}
	l, ok := t.lines[key]
	if !ok {
		l = &line{}
		t.lines[key] = l
	}
	return l
}

// issue makes the next token of a line, under the lock.
func (t *tokenOffice) issue(l *line, a *account, now time.Time) *issuedToken {
	t.drawn++
	// Every token is another, whatever is drawn: it begins with its number.
	number := fmt.Sprintf("%012dx", t.drawn)
	random := repeatable(t.seed ^ t.drawn<<1)
	text := []byte(tokenPrefix + number)
	for len(text) < t.length {
		text = append(text, lettersAndDigits[random.IntN(len(lettersAndDigits))])
	}
	token := &issuedToken{value: string(text), account: a, expires: now.Add(tokenLife)}
	t.byValue[token.value] = token
	l.current = token
	l.kept = append(l.kept, token)
	if len(l.kept) > keptTokens {
		delete(t.byValue, l.kept[0].value)
		l.kept = l.kept[1:]
	}
	return token
}

// refuseFrom ends a token at a time, if it does not end before.
func (token *issuedToken) refuseFrom(at time.Time) {
	if token != nil && (token.refusedFrom.IsZero() || at.Before(token.refusedFrom)) {
		token.refusedFrom = at
	}
}

// renewOrdinary makes a new token with every call.
func (t *tokenOffice) renewOrdinary(a *account, now time.Time) tokenAnswer {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.line(a, OrdinaryToken)
	l.current.refuseFrom(now.Add(tokenOverlap))
	return t.issue(l, a, now).answer(now)
}

// stable returns the token of the account, renewed in its last five minutes
// or by force.
func (t *tokenOffice) stable(a *account, force bool, now time.Time) (tokenAnswer, *Refusal) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.line(a, StableToken)
	if l.minutes.add(now) > stablePerMinute {
		return tokenAnswer{}, refuse(codeMinuteQuota)
	}
	fresh := l.current != nil && l.current.expires.Sub(now) >= tokenOverlap
	if !force {
		if !fresh {
			return t.issue(l, a, now).answer(now), nil
		}
		return l.current.answer(now), nil
	}
	if fresh && !l.lastly.IsZero() && now.Sub(l.lastly) < forcedGap {
		return l.current.answer(now), nil // too soon: nothing is refreshed
	}
	if l.forced.add(now, 0) >= forcedPerDay {
		return tokenAnswer{}, refuse(codeDailyQuota)
	}
	l.forced.add(now, 1)
	l.lastly = now
	l.current.refuseFrom(now)
	return t.issue(l, a, now).answer(now), nil
}

// TokenTrouble is something that happens to the current token of an account
// without the doing of whoever uses it.
type TokenTrouble string

// The troubles.
const (
	// TokenExpires: its time is up (42001); asking yields another.
	TokenExpires TokenTrouble = "Expires"
	// TokenReplaced: somebody else has forced a new one (40001); asking yields
	// that.
	TokenReplaced TokenTrouble = "Replaced"
	// TokenSpoiled: it is refused (40001) although asking still yields it,
	// until a new one is forced.
	TokenSpoiled TokenTrouble = "Spoiled"
)

// TroubleToken makes trouble with the current token of an account. Without
// one there is nothing to trouble, which is no error.
func (s *Simulator) TroubleToken(appID string, kind TokenKind, trouble TokenTrouble) error {
	a, err := s.account(appID)
	if err != nil {
		return err
	}
	if kind != OrdinaryToken && kind != StableToken {
		return fmt.Errorf("kind must be %s or %s", OrdinaryToken, StableToken)
	}
	now := s.now()
	t := s.tokens
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.line(a, kind)
	if l.current == nil {
		return nil
	}
	switch trouble {
	case TokenExpires:
		if now.Before(l.current.expires) {
			l.current.expires = now
		}
	case TokenReplaced:
		l.current.refuseFrom(now)
		t.issue(l, a, now)
	case TokenSpoiled:
		l.current.refuseFrom(now)
	default:
		return fmt.Errorf("trouble must be %s, %s or %s", TokenExpires, TokenReplaced, TokenSpoiled)
	}
	return nil
}

// tokenRequest is what a call for a token brings.
type tokenRequest struct {
	GrantType string `json:"grant_type"`
	AppID     string `json:"appid"`
	Secret    string `json:"secret"`
	Force     bool   `json:"force_refresh"`
}

// checkSecret authenticates a call for a token.
func (s *Simulator) checkSecret(command *command, c *call) *Refusal {
	request, refusal := c.tokenRequest(command.method == http.MethodPost)
	if refusal != nil {
		return refusal
	}
	switch {
	case request.AppID == "":
		return refuse(codeAppIDMissing)
	case request.Secret == "":
		return refuse(codeSecretMissing)
	case request.GrantType != grantType:
		return refuse(codeGrantType)
	}
	a, err := s.account(request.AppID)
	if err != nil {
		return refuse(codeAppID)
	}
	in := a.settings.Load()
	if request.Secret != in.Secret {
		return refuse(s.options.WrongSecretCode)
	}
	if !in.allows(c.remote) {
		return refuseAs(codeForeignAddress, "invalid ip %s ipv6 ::ffff:%s, not in whitelist", c.remote, c.remote)
	}
	c.account, c.in = a, in
	return nil
}

// tokenRequest reads it from the body or the query.
func (c *call) tokenRequest(body bool) (tokenRequest, *Refusal) {
	if !body {
		return tokenRequest{
			GrantType: c.query.Get("grant_type"), AppID: c.query.Get("appid"), Secret: c.query.Get("secret"),
		}, nil
	}
	var request tokenRequest
	refusal := c.decodeBody(&request)
	return request, refusal
}

// tokenAnswer has no errcode.
type tokenAnswer struct {
	Token     string `json:"access_token"`
	ExpiresIn int64  `json:"expires_in"` // seconds
}

func (token *issuedToken) answer(now time.Time) tokenAnswer {
	return tokenAnswer{Token: token.value, ExpiresIn: int64(token.expires.Sub(now) / time.Second)}
}

func runToken(s *Simulator, c *call) (any, error) {
	return s.tokens.renewOrdinary(c.account, c.now), nil
}

func runStableToken(s *Simulator, c *call) (any, error) {
	request, refusal := c.tokenRequest(true)
	if refusal != nil {
		return nil, refusal
	}
	answer, refusal := s.tokens.stable(c.account, request.Force, c.now)
	if refusal != nil {
		return nil, refusal
	}
	return answer, nil
}
