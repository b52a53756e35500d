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
	"bytes"
	"fmt"
	"strconv"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/sim/fault"
)

// maxFaultWait is the longest wait that a call can ask for.
const maxFaultWait = fault.MaxWait

// Reset is when an injected fault breaks the connection.
type Reset = fault.Reset

// The moments of a connection reset.
const (
	// ResetBeforeCommit breaks the connection; the command has no effect.
	ResetBeforeCommit = fault.BeforeCommit
	// ResetAfterCommit breaks the connection after the command took effect.
	ResetAfterCommit = fault.AfterCommit
)

// Fault is a disturbance of calls that would otherwise have been served: it
// comes after credentials and rate limit were checked.
type Fault struct {
	// Command is the command to disturb, with or without its service, or "*".
	Command string
	// Match, when not empty, limits the fault to bodies that contain it.
	Match string
	// Times is how many matching calls are disturbed. 0 means all.
	Times int
	// Probability is the chance that a matching call is disturbed. 0 means 1.
	Probability float64

	// Latency delays the command, before it takes effect.
	Latency time.Duration
	// Code and Info are answered instead of running the command.
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

// validate the command; the rest is looked at by the set.
func (f Fault) validate() error {
	switch {
	case f.Command == "":
		return fmt.Errorf("fault: command must not be empty; use * for all")
	case f.Command != "*" && !knownCommand(f.Command):
		return fmt.Errorf("fault: unknown command %q", f.Command)
	}
	return nil
}

// disturbance is what the faults of one call add up to.
type disturbance = fault.Effect[Refusal]

// effect of a fault on a call.
func (f *Fault) effect() disturbance {
	effect := disturbance{Latency: f.Latency, Commit: f.Commit, HTTPStatus: f.HTTPStatus, Reset: f.Reset, SlowAnswer: f.SlowAnswer}
	if f.Code != 0 {
		info := f.Info
		if info == "" {
			info = "injected fault"
		}
		effect.Refusal = refuse(f.Code, "%s", info)
	}
	return effect
}

// faultSet holds the injected faults.
type faultSet = fault.Set[Fault, Refusal]

// InjectFault adds a fault and returns its number.
func (s *Simulator) InjectFault(f Fault) (int, error) {
	if err := f.validate(); err != nil {
		return 0, err
	}
	return s.faults.Add(fault.Rule[Fault, Refusal]{Calls: f, Times: f.Times, Probability: f.Probability, Effect: f.effect()})
}

// ClearFaults removes all faults.
func (s *Simulator) ClearFaults() { s.faults.Clear() }

// concerns reports whether a call is meant.
func (f *Fault) concerns(command *command, body []byte) bool {
	if f.Command != "*" && f.Command != command.name && f.Command != command.path() {
		return false
	}
	return f.Match == "" || bytes.Contains(body, []byte(f.Match))
}

// faultCode is the text of a refusal's code in the log of calls.
func faultCode(refusal *Refusal) string { return strconv.Itoa(refusal.Code) }
