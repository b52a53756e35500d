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
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/sim/fault"
)

// Simulator is a stateful stand-in for the IM server API. It serves the API
// under /v4/ and the side door under /sim/. All methods are safe for
// concurrent use. One that has ever been configured to fire callbacks must be
// closed.
type Simulator struct {
	options   Options
	auth      *authenticator
	limits    *rateLimits
	calls     *callRecorder
	faults    *faultSet
	callbacks *callbacks
	loads     loads
	sideDoor  http.Handler

	// mu guards everything below. Commands run under it one after the other,
	// which is what makes them atomic; none of them waits for anything. A
	// callback before a command is asked outside of it.
	mu             sync.Mutex
	fields         *fieldRegistry
	mangles        []Mangle
	accounts       map[string]*account
	accountOrder   []string // by first import; deleted accounts are taken out
	blockedIDs     *boundedSet[string]
	groups         map[string]*group
	groupOrder     []*group // by sequence
	groupSequence  uint64
	liveRooms      int
	growth         dailyCount
	sends          dailyCount
	notices        map[string]*noticeLog
	buried         *boundedSet[string] // IDs of destroyed groups, notices still readable
	chats          *chatStore
	chatRepeats    *dedupWindow[chatKey, sentMessage]
	groupRepeats   *dedupWindow[groupKey, sentMessage]
	broadcasts     uint64
	audit          *keywordStore
	requestCounter uint64
	random         *rand.Rand
}

// New returns a simulator with the given options. It panics when the options
// are not valid; a caller that has them from a user calls Options.Validate
// first.
func New(o Options) *Simulator {
	if err := o.Validate(); err != nil {
		panic(fmt.Sprintf("im simulator: %v", err))
	}
	o = o.withDefaults()
	s := &Simulator{
		options:      o,
		auth:         newAuthenticator(o),
		limits:       newRateLimits(o),
		calls:        newCallRecorder(o.CallLogSize),
		faults:       fault.NewSet[Fault, Refusal](repeatable(o.Seed)),
		fields:       newFieldRegistry(),
		accounts:     map[string]*account{},
		blockedIDs:   newBoundedSet[string](maxBlockedIDs),
		groups:       map[string]*group{},
		notices:      map[string]*noticeLog{},
		buried:       newBoundedSet[string](maxBuriedGroups),
		chats:        newChatStore(),
		chatRepeats:  newDedupWindow[chatKey, sentMessage](chatRepeatWindow),
		groupRepeats: newDedupWindow[groupKey, sentMessage](groupRepeatWindow),
		audit:        newKeywordStore(),
		random:       repeatable(o.Seed),
	}
	s.buried.evicted = func(id string) { delete(s.notices, id) }
	start := s.now()
	for _, definition := range o.GroupFields {
		s.mustDefine(scopeGroup, definition, start)
	}
	for _, definition := range o.MemberFields {
		s.mustDefine(scopeMember, definition, start)
	}
	for _, name := range o.ProfileFields {
		s.mustDefine(scopeProfile, FieldDefinition{Name: name, After: o.FieldDelay}, start)
	}
	for _, id := range o.Administrators {
		if _, exists := s.accounts[id]; !exists {
			s.addAccount(id, start)
		}
	}
	s.callbacks = newCallbacks(o)
	s.sideDoor = s.newSideDoor()
	return s
}

// Close ends what runs in the background and drops the callbacks that have not
// been sent. The simulator goes on answering, without callbacks.
func (s *Simulator) Close() {
	s.loads.mu.Lock()
	s.loads.closed = true
	if run := s.loads.current; run != nil {
		run.stop()
	}
	s.loads.mu.Unlock()
	s.callbacks.close() // which also ends the callbacks that a load waits for
	s.StopLoad()
}

// mustDefine adds a definition that Options.Validate has accepted.
func (s *Simulator) mustDefine(scope fieldScope, definition FieldDefinition, at time.Time) {
	if err := s.fields.define(scope, definition, at); err != nil {
		panic(fmt.Sprintf("im simulator: %v", err))
	}
}

func (s *Simulator) now() time.Time { return s.options.Clock() }

// SetSecretKey rotates the key at once. UserSigs made with the old one are
// refused (70009).
func (s *Simulator) SetSecretKey(key string) { s.auth.setKey(key) }

// DefineGroupField defines a custom group field, or binds an existing one to
// more group types, as the console would.
func (s *Simulator) DefineGroupField(definition FieldDefinition) error {
	return s.define(scopeGroup, definition)
}

// DefineMemberField defines a custom field of group members.
func (s *Simulator) DefineMemberField(definition FieldDefinition) error {
	return s.define(scopeMember, definition)
}

// DefineProfileField defines a custom profile field, named without its
// Tag_Profile_Custom_ prefix, that takes effect after the given time.
func (s *Simulator) DefineProfileField(name string, after time.Duration) error {
	return s.define(scopeProfile, FieldDefinition{Name: name, After: after})
}

func (s *Simulator) define(scope fieldScope, definition FieldDefinition) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fields.define(scope, definition, s.now())
}

// Calls returns how many calls of a command arrived since the counters were
// last reset, refused ones included. The command is named with or without its
// service: "create_group" or "group_open_http_svc/create_group".
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

// nextRequestID makes the RequestId of an answer.
func (s *Simulator) nextRequestID() string {
	s.requestCounter++
	return fmt.Sprintf("%016x", s.requestCounter)
}

// dailyCount counts events of one UTC day.
type dailyCount struct {
	day   int64
	count int
}

// add changes the count of the day of now and returns it.
func (c *dailyCount) add(now time.Time, change int) int {
	if day := now.Unix() / 86400; day != c.day {
		c.day, c.count = day, 0
	}
	c.count += change
	return c.count
}
