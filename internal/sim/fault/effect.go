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

// Package fault disturbs the calls of a simulator on demand: it delays them, refuses
// them, breaks their connections before or after they took effect, and sends answers
// slowly.
package fault

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// MaxWait is the longest latency, and the slowest answer.
const MaxWait = 10 * time.Minute

// Reset is when a fault breaks the connection.
type Reset string

// The moments of a connection reset.
const (
	// BeforeCommit breaks the connection; the call has no effect.
	BeforeCommit Reset = "BeforeCommit"
	// AfterCommit breaks the connection after the call took effect.
	AfterCommit Reset = "AfterCommit"
)

// Effect is what happens to a call. R is how the simulator's provider says no.
type Effect[R any] struct {
	// Latency delays the call, before it takes effect.
	Latency time.Duration
	// Refusal is answered instead of running the call.
	Refusal *R
	// Commit runs the call although Refusal or HTTPStatus is answered.
	Commit bool
	// HTTPStatus answers as a failing gateway would, for example 502.
	HTTPStatus int
	// Reset breaks the connection.
	Reset Reset
	// SlowAnswer stretches the sending of the answer's body over this time.
	SlowAnswer time.Duration
}

// Validate returns an error for an effect that is out of bounds, or none.
func (e *Effect[R]) Validate() error {
	switch {
	case e.Latency < 0 || e.Latency > MaxWait || e.SlowAnswer < 0 || e.SlowAnswer > MaxWait:
		return fmt.Errorf("fault: waits must be from 0 to %s", MaxWait)
	case e.Reset != "" && e.Reset != BeforeCommit && e.Reset != AfterCommit:
		return fmt.Errorf("fault: reset must be %s or %s", BeforeCommit, AfterCommit)
	case e.HTTPStatus != 0 && (e.HTTPStatus < 400 || e.HTTPStatus > 599):
		return errors.New("fault: HTTP status must be from 400 to 599")
	case e.Refusal == nil && e.Latency == 0 && e.SlowAnswer == 0 && e.Reset == "" && e.HTTPStatus == 0:
		return errors.New("fault: it does nothing; set a code, a status, a reset, a latency or a slow answer")
	}
	return nil
}

// Runs reports whether the call takes effect.
func (e *Effect[R]) Runs() bool {
	if e.Reset == BeforeCommit {
		return false
	}
	return e.Commit || e.Reset == AfterCommit || (e.Refusal == nil && e.HTTPStatus == 0)
}

// Label names the effect in a log of calls; code is the text of a refusal's code.
func (e *Effect[R]) Label(code func(*R) string) string {
	var parts []string
	if e.Reset != "" {
		parts = append(parts, "Reset"+string(e.Reset))
	}
	if e.HTTPStatus != 0 {
		parts = append(parts, fmt.Sprintf("HTTP%d", e.HTTPStatus))
	}
	if e.Refusal != nil {
		parts = append(parts, "Code"+code(e.Refusal))
	}
	if e.Latency > 0 {
		parts = append(parts, "Latency")
	}
	if e.SlowAnswer > 0 {
		parts = append(parts, "SlowAnswer")
	}
	return strings.Join(parts, " ")
}

// add another fault of the same call. Waits add up; of the rest the first wins.
func (e *Effect[R]) add(other *Effect[R]) {
	e.Latency += other.Latency
	e.SlowAnswer += other.SlowAnswer
	e.Commit = e.Commit || other.Commit
	if e.Reset == "" {
		e.Reset = other.Reset
	}
	if e.HTTPStatus == 0 {
		e.HTTPStatus = other.HTTPStatus
	}
	if e.Refusal == nil {
		e.Refusal = other.Refusal
	}
}
