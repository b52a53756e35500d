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
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"
)

const (
	maxFaults    = 1000
	maxFaultWait = 10 * time.Minute
)

// Reset is when an injected fault breaks the connection.
type Reset string

// The moments of a connection reset.
const (
	// ResetBeforeCommit breaks the connection; the command has no effect.
	ResetBeforeCommit Reset = "BeforeCommit"
	// ResetAfterCommit breaks the connection after the command took effect.
	ResetAfterCommit Reset = "AfterCommit"
)

// Fault is a disturbance of calls that would otherwise have been served: it
// comes after credentials, rights and quota were checked.
type Fault struct {
	// Command is the command to disturb: its path behind /cgi-bin/, such as
	// message/custom/send, or the end of it, such as custom/send, or "*".
	Command string
	// AppID, when not empty, limits the fault to one account.
	AppID string
	// Match, when not empty, limits the fault to calls with a body or a query
	// that contains it.
	Match string
	// Times is how many matching calls are disturbed. 0 means all.
	Times int
	// Probability is the chance that a matching call is disturbed. 0 means 1.
	Probability float64

	// Latency delays the command, before it takes effect.
	Latency time.Duration
	// Code and Info (absent: the usual text) are answered instead of running
	// the command.
	Code int
	Info string
	// Commit runs the command although Code or HTTPStatus is answered.
	Commit bool
	// HTTPStatus answers as a failing gateway would, for example 502.
	HTTPStatus int
	// Reset breaks the connection.
	Reset Reset
	// SlowAnswer stretches the sending of the answer's body over this time.
	SlowAnswer time.Duration
}

func (f Fault) validate() error {
	switch {
	case f.Command == "":
		return fmt.Errorf("fault: command must not be empty; use * for all")
	case f.Command != "*" && !knownCommand(f.Command):
		return fmt.Errorf("fault: unknown command %q", f.Command)
	case f.Times < 0:
		return fmt.Errorf("fault: times must not be negative")
	case f.Probability < 0 || f.Probability > 1:
		return fmt.Errorf("fault: probability must be from 0 to 1")
	case f.Latency < 0 || f.Latency > maxFaultWait || f.SlowAnswer < 0 || f.SlowAnswer > maxFaultWait:
		return fmt.Errorf("fault: waits must be from 0 to %s", maxFaultWait)
	case f.Reset != "" && f.Reset != ResetBeforeCommit && f.Reset != ResetAfterCommit:
		return fmt.Errorf("fault: reset must be %s or %s", ResetBeforeCommit, ResetAfterCommit)
	case f.HTTPStatus != 0 && (f.HTTPStatus < 400 || f.HTTPStatus > 599):
		return fmt.Errorf("fault: HTTP status must be from 400 to 599")
	case f.Code == 0 && f.Latency == 0 && f.SlowAnswer == 0 && f.Reset == "" && f.HTTPStatus == 0:
		return fmt.Errorf("fault: it does nothing; set a code, a status, a reset, a latency or a slow answer")
	}
	return nil
}

// disturbance is what the faults of one call add up to.
type disturbance struct {
	latency    time.Duration
	refusal    *Refusal
	status     int
	commit     bool
	reset      Reset
	slowAnswer time.Duration
}

// label names the disturbance in the call log.
func (d disturbance) label() string {
	var parts []string
	if d.reset != "" {
		parts = append(parts, "Reset"+string(d.reset))
	}
	if d.status != 0 {
		parts = append(parts, fmt.Sprintf("HTTP%d", d.status))
	}
	if d.refusal != nil {
		parts = append(parts, fmt.Sprintf("Code%d", d.refusal.Code))
	}
	if d.latency > 0 {
		parts = append(parts, "Latency")
	}
	if d.slowAnswer > 0 {
		parts = append(parts, "SlowAnswer")
	}
	return strings.Join(parts, " ")
}

// runs reports whether the command takes effect.
func (d disturbance) runs() bool {
	if d.reset == ResetBeforeCommit {
		return false
	}
	return d.commit || d.reset == ResetAfterCommit || (d.refusal == nil && d.status == 0)
}

type activeFault struct {
	Fault
	number int
	left   int // calls still to disturb; negative means no end
	hits   int
}

// faultSet holds the injected faults.
type faultSet struct {
	mu     sync.Mutex
	random *rand.Rand
	active []*activeFault
	number int
}

func newFaultSet(seed uint64) *faultSet {
	return &faultSet{random: repeatable(seed)}
}

func (f *faultSet) add(fault Fault) (int, error) {
	if err := fault.validate(); err != nil {
		return 0, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.active) >= maxFaults {
		return 0, fmt.Errorf("fault: %d are active already", maxFaults)
	}
	f.number++
	left := -1
	if fault.Times > 0 {
		left = fault.Times
	}
	f.active = append(f.active, &activeFault{Fault: fault, number: f.number, left: left})
	return f.number, nil
}

func (f *faultSet) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.active = nil
}

func (f *faultSet) list() []activeFault {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := make([]activeFault, 0, len(f.active))
	for _, fault := range f.active {
		list = append(list, *fault)
	}
	return list
}

// take returns what happens to a call, and uses up the faults that have a
// number of times. Waits add up; of the rest the first fault wins.
func (f *faultSet) take(command *command, c *call) disturbance {
	f.mu.Lock()
	defer f.mu.Unlock()
	var sum disturbance
	kept := f.active[:0]
	for _, fault := range f.active {
		if !fault.concerns(command, c, f.random) {
			kept = append(kept, fault)
			continue
		}
		fault.hits++
		sum.add(fault.Fault)
		if fault.left > 0 {
			fault.left--
		}
		if fault.left != 0 {
			kept = append(kept, fault)
		}
	}
	f.active = kept
	return sum
}

func (f *activeFault) concerns(command *command, c *call, random *rand.Rand) bool {
	if f.Command != "*" && !named(command.name, f.Command) {
		return false
	}
	if f.AppID != "" && f.AppID != c.in.AppID {
		return false
	}
	if f.Match != "" && !bytes.Contains(c.body, []byte(f.Match)) && !strings.Contains(c.rawQuery, f.Match) {
		return false
	}
	return f.Probability == 0 || random.Float64() < f.Probability
}

func (d *disturbance) add(fault Fault) {
	d.latency += fault.Latency
	d.slowAnswer += fault.SlowAnswer
	d.commit = d.commit || fault.Commit
	if d.reset == "" {
		d.reset = fault.Reset
	}
	if d.status == 0 {
		d.status = fault.HTTPStatus
	}
	if d.refusal == nil && fault.Code != 0 {
		info := fault.Info
		if info == "" {
			info = refusalTexts[fault.Code]
		}
		setDefault(&info, "injected fault")
		d.refusal = &Refusal{Code: fault.Code, Text: info}
	}
}
