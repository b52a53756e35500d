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
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/sim/fault"
)

// Simulator is a stateful stand-in for WeChat. It serves the API under
// /cgi-bin/ and /customservice/, files under /files/ and the side door under
// /sim/wechat/. All methods are safe for concurrent use. It must be closed.
type Simulator struct {
	options  Options
	tokens   *tokenOffice
	calls    *callRecorder
	faults   *faultSet
	pushes   *dispatcher
	sideDoor http.Handler

	// learnedURL is the address that the simulator was last called by.
	learnedURL atomic.Pointer[string]
	lastMsgID  atomic.Uint64

	mu       sync.RWMutex
	accounts map[string]*account

	randomMu sync.Mutex
	random   *rand.Rand
}

// firstMsgID is a number as the provider uses: too large to survive as a
// floating-point number.
const firstMsgID = 24920000000000000

// New returns a simulator with the given options. It panics when the options
// are not valid; a caller that has them from a user calls Options.Validate
// first.
func New(o Options) *Simulator {
	if err := o.Validate(); err != nil {
		panic(fmt.Sprintf("wechat simulator: %v", err))
	}
	o = o.withDefaults()
	s := &Simulator{
		options:  o,
		tokens:   newTokenOffice(o),
		calls:    newCallRecorder(o.CallLogSize),
		faults:   fault.NewSet[Fault, Refusal](repeatable(o.Seed)),
		accounts: map[string]*account{},
		random:   repeatable(o.Seed),
	}
	s.lastMsgID.Store(firstMsgID)
	s.pushes = newDispatcher(s)
	s.sideDoor = s.newSideDoor()
	for _, a := range o.Accounts {
		if err := s.AddAccount(a); err != nil {
			panic(fmt.Sprintf("wechat simulator: %v", err))
		}
	}
	return s
}

// Close ends what runs in the background and drops the pushes that have not
// been answered. The simulator goes on answering, without pushes.
func (s *Simulator) Close() { s.pushes.close() }

func (s *Simulator) now() time.Time { return s.options.Clock() }

// ServeHTTP serves the API, files and the side door.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.learn(r)
	switch {
	case strings.HasPrefix(r.URL.Path, "/sim/"):
		s.sideDoor.ServeHTTP(w, r)
	case strings.HasPrefix(r.URL.Path, filesPath):
		s.serveFile(w, r)
	default:
		s.serveAPI(w, r)
	}
}

// learn remembers by which address the simulator is called.
func (s *Simulator) learn(r *http.Request) {
	if s.options.PublicURL != "" || r.Host == "" {
		return
	}
	address := "http://" + r.Host
	if known := s.learnedURL.Load(); known == nil || *known != address {
		s.learnedURL.Store(&address)
	}
}

// publicURL is the address that files are loaded from.
func (s *Simulator) publicURL() string {
	if s.options.PublicURL != "" {
		return s.options.PublicURL
	}
	if known := s.learnedURL.Load(); known != nil {
		return *known
	}
	return "http://mmbiz.qpic.cn"
}

// AddAccount adds an account.
func (s *Simulator) AddAccount(a Account) error {
	ready, err := a.withDefaults().ready()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.accounts) >= maxAccounts {
		return fmt.Errorf("account %q: there are %d already", a.AppID, maxAccounts)
	}
	for _, other := range s.accounts {
		if in := other.settings.Load(); in.AppID == ready.AppID || in.OriginalID == ready.OriginalID {
			return conflict("account %q exists", a.AppID)
		}
	}
	s.accounts[ready.AppID] = newAccount(ready, s.options.MediaBytes)
	return nil
}

// UpdateAccount changes an account as its owner would in the console, without
// the check of a new webhook URL that SetWebhook makes. AppID and original id
// stay as they are. The change acts at once, on tries of pushes that were
// written before as well.
func (s *Simulator) UpdateAccount(appID string, change func(*Account)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.accounts[appID]
	if !ok {
		return notFound("account", appID)
	}
	before := a.settings.Load()
	next := before.Account
	next.AllowedIPs, next.ServiceAgents = slices.Clone(next.AllowedIPs), slices.Clone(next.ServiceAgents)
	next.MiniPrograms, next.DailyQuotas = slices.Clone(next.MiniPrograms), maps.Clone(next.DailyQuotas)
	change(&next)
	next.AppID, next.OriginalID = before.AppID, before.OriginalID
	ready, err := next.withDefaults().ready()
	if err != nil {
		return err
	}
	a.settings.Store(ready)
	return nil
}

// Accounts returns the AppIDs in order.
func (s *Simulator) Accounts() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Sorted(maps.Keys(s.accounts))
}

// account finds an account for the side door.
func (s *Simulator) account(appID string) (*account, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	a, ok := s.accounts[appID]
	if !ok {
		return nil, notFound("account", appID)
	}
	return a, nil
}

// Calls returns how many calls of a command arrived since the counters were
// last reset, refused ones included. The command is named as in a Fault.
func (s *Simulator) Calls(command string) int { return s.calls.statistics(command).Calls }

// CallStatistics returns the counters of a command.
func (s *Simulator) CallStatistics(command string) CallStatistics { return s.calls.statistics(command) }

// CallLog returns the most recent calls, oldest first.
func (s *Simulator) CallLog() []Call { return s.calls.recent() }

// Refusals returns how many calls were refused, by code.
func (s *Simulator) Refusals() map[string]int {
	byCode := map[string]int{}
	for code, count := range s.calls.refusals() {
		byCode[strconv.Itoa(code)] = count
	}
	return byCode
}

// ResetCounters forgets all counted and logged calls.
func (s *Simulator) ResetCounters() { s.calls.reset() }

const lettersAndDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// randomText draws a text of the alphabet.
func (s *Simulator) randomText(alphabet string, length int) string {
	s.randomMu.Lock()
	defer s.randomMu.Unlock()
	text := make([]byte, length)
	for i := range text {
		text[i] = alphabet[s.random.IntN(len(alphabet))]
	}
	return string(text)
}

// randomNumber draws a decimal number of so many digits that does not begin
// with 0.
func (s *Simulator) randomNumber(digits int) string {
	return s.randomText("123456789", 1) + s.randomText("0123456789", digits-1)
}
