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
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/wechat/seal"
)

// AccountType is the kind of an Official Account.
type AccountType string

// The kinds of accounts.
const (
	Subscription AccountType = "Subscription"
	Service      AccountType = "Service"
)

// Verification decides which commands an account may call.
type Verification string

// The grades of verification. Unverified and Personal accounts may fetch
// tokens and addresses only; Personal ones are subscription accounts.
const (
	Verified   Verification = "Verified"
	Unverified Verification = "Unverified"
	Personal   Verification = "Personal"
)

// Mode is how pushes are protected.
type Mode string

// The modes.
const (
	Plaintext  Mode = "Plaintext"
	Compatible Mode = "Compatible"
	Safe       Mode = "Safe"
)

// Account is what the console knows about an Official Account.
type Account struct {
	// AppID is wx and 16 lower-case letters or digits. Required.
	AppID string `json:"appID"`
	// OriginalID is the name of the account in messages. Empty means gh_ and
	// 12 digits made of the AppID.
	OriginalID string `json:"originalID,omitempty"`
	// Secret is the AppSecret. Required.
	Secret string `json:"secret,omitempty"`
	// Token signs pushes: 3 to 32 letters or digits. Required.
	Token string `json:"token,omitempty"`
	// EncodingAESKey encrypts pushes, 43 letters or digits. Required unless
	// the mode is Plaintext.
	EncodingAESKey string `json:"encodingAESKey,omitempty"`
	// Type is Service unless set.
	Type AccountType `json:"type,omitempty"`
	// Verification is Verified unless set.
	Verification Verification `json:"verification,omitempty"`
	// Mode is Plaintext unless set.
	Mode Mode `json:"mode,omitempty"`
	// WebhookURL is where pushes go. Empty means that none are sent.
	WebhookURL string `json:"webhookURL,omitempty"`
	// AllowedIPs are the addresses and blocks that may fetch tokens. nil means
	// every address, an empty list none.
	AllowedIPs []string `json:"allowedIPs,omitempty"`
	// DailyQuotas are the calls per day of commands that shall differ from the
	// documented ones. Negative means no limit.
	DailyQuotas map[string]int `json:"dailyQuotas,omitempty"`
	// ServiceAgents are the accounts of WeChat's own customer service
	// (prefix@account). Without any, that service is not enabled.
	ServiceAgents []string `json:"serviceAgents,omitempty"`
	// MiniPrograms are the AppIDs of the linked mini-programs. nil means that
	// every one is linked.
	MiniPrograms []string `json:"miniPrograms,omitempty"`
	// AllowLinks lets messages of type link pass, which only mini-programs
	// may send.
	AllowLinks bool `json:"allowLinks,omitempty"`
}

var (
	appIDPattern = regexp.MustCompile(`^wx[0-9a-z]{16}$`)
	tokenPattern = regexp.MustCompile(`^[0-9A-Za-z]{3,32}$`)
)

func (a Account) withDefaults() Account {
	setDefault(&a.Type, Service)
	setDefault(&a.Verification, Verified)
	setDefault(&a.Mode, Plaintext)
	if a.OriginalID == "" {
		sum := sha256.Sum256([]byte(a.AppID))
		a.OriginalID = "gh_" + hex.EncodeToString(sum[:6])
	}
	return a
}

func (a Account) validate() error {
	_, err := a.ready()
	return err
}

// ready checks an account that has its defaults and prepares it for use. No
// error quotes a secret.
func (a Account) ready() (*settings, error) {
	problem := func(format string, arguments ...any) (*settings, error) {
		return nil, fmt.Errorf("account %q: %s", a.AppID, fmt.Sprintf(format, arguments...))
	}
	switch {
	case !appIDPattern.MatchString(a.AppID):
		return problem("appID must be wx and 16 lower-case letters or digits")
	case a.Secret == "":
		return problem("the secret is missing")
	case !tokenPattern.MatchString(a.Token):
		return problem("the token must be 3 to 32 letters or digits")
	case a.Type != Subscription && a.Type != Service:
		return problem("type must be %s or %s", Subscription, Service)
	case a.Verification != Verified && a.Verification != Unverified && a.Verification != Personal:
		return problem("verification must be %s, %s or %s", Verified, Unverified, Personal)
	case a.Type == Service && a.Verification == Personal:
		return problem("there are no personal service accounts")
	case a.Mode != Plaintext && a.Mode != Compatible && a.Mode != Safe:
		return problem("mode must be %s, %s or %s", Plaintext, Compatible, Safe)
	case a.Mode != Plaintext && a.EncodingAESKey == "":
		return problem("mode %s needs an encodingAESKey", a.Mode)
	}
	if err := checkURL("webhookURL", a.WebhookURL); err != nil {
		return problem("%v", err)
	}
	for name := range a.DailyQuotas {
		if !knownCommand(name) {
			return problem("there is no command %q to have a quota", name)
		}
	}
	s := &settings{Account: a}
	s.DailyQuotas = maps.Clone(a.DailyQuotas)
	s.AllowedIPs, s.ServiceAgents, s.MiniPrograms = slices.Clone(a.AllowedIPs), slices.Clone(a.ServiceAgents), slices.Clone(a.MiniPrograms)
	for _, text := range a.AllowedIPs {
		prefix, err := parsePrefix(text)
		if err != nil {
			return problem("allowedIPs: %v", err)
		}
		s.allowed = append(s.allowed, prefix)
	}
	if a.EncodingAESKey != "" {
		key, err := seal.ParseKey(a.EncodingAESKey)
		if err != nil {
			return problem("%v", err)
		}
		s.sealer = seal.New(a.AppID, key)
	}
	return s, nil
}

// settings are an account's options in force, ready for use. They are never
// changed, only replaced.
type settings struct {
	Account
	sealer  seal.Sealer
	allowed []netip.Prefix
}

// verified reports whether the account has the rights of a verified one.
func (s *settings) verified() bool { return s.Verification == Verified }

// allows reports whether an address may fetch tokens.
func (s *settings) allows(address netip.Addr) bool {
	if s.AllowedIPs == nil {
		return true
	}
	return slices.ContainsFunc(s.allowed, func(p netip.Prefix) bool { return p.Contains(address.Unmap()) })
}

// account is the state of one Official Account.
type account struct {
	settings atomic.Pointer[settings]
	media    *mediaStore

	// mu guards everything below. It is held over no wait and no exchange.
	mu        sync.Mutex
	followers map[string]*follower // former ones included
	following int
	order     uint64 // of the latest follow
	quotas    map[string]*dailyCount
}

func newAccount(s *settings, mediaBytes int64) *account {
	a := &account{
		media: newMediaStore(mediaBytes), followers: map[string]*follower{}, quotas: map[string]*dailyCount{},
	}
	a.settings.Store(s)
	return a
}

// AccountState is what the side door shows of an account: no secrets.
type AccountState struct {
	AppID        string       `json:"appID"`
	OriginalID   string       `json:"originalID"`
	Type         AccountType  `json:"type"`
	Verification Verification `json:"verification"`
	Mode         Mode         `json:"mode"`
	WebhookURL   string       `json:"webhookURL,omitempty"`
	AllowedIPs   []string     `json:"allowedIPs,omitempty"`
	// Following is the number of followers, Known also counts those who left.
	Following int `json:"following"`
	Known     int `json:"known"`
	// CallsToday are the calls that count against the daily quotas.
	CallsToday map[string]int `json:"callsToday,omitempty"`
	Media      int            `json:"media"`
}

// Account returns the state of an account.
func (s *Simulator) Account(appID string) (AccountState, bool) {
	a, err := s.account(appID)
	if err != nil {
		return AccountState{}, false
	}
	return a.state(s.now()), true
}

func (a *account) state(now time.Time) AccountState {
	in := a.settings.Load()
	state := AccountState{
		AppID: in.AppID, OriginalID: in.OriginalID, Type: in.Type, Verification: in.Verification, Mode: in.Mode,
		WebhookURL: in.WebhookURL, AllowedIPs: slices.Clone(in.AllowedIPs), Media: a.media.count(),
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	state.Following, state.Known = a.following, len(a.followers)
	for name, count := range a.quotas {
		if calls := count.add(now, 0); calls > 0 {
			if state.CallsToday == nil {
				state.CallsToday = map[string]int{}
			}
			state.CallsToday[name] = calls
		}
	}
	return state
}
