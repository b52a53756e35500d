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

// Package hold is the error that stands for an expected wait: something that is
// not wrong with the operator, has a reason a user can act on, and ends up in a
// condition instead of a log.
package hold

import (
	"errors"
	"fmt"
	"time"
)

// Error says why an object waits.
type Error struct {
	// Reason is one of the reason constants of the API package.
	Reason string
	// Message says what is waited for and, where somebody has to act, what to do.
	Message string
	// After asks for another look after this time. Zero leaves it to the
	// outcome table, which as a rule means that a watch wakes the object.
	After time.Duration
	// Silent keeps status as it is: nothing is known yet that is worth a write,
	// for example in the first moments after a start.
	Silent bool
}

// New returns a wait with a formatted message.
func New(reason, format string, args ...any) *Error {
	return &Error{Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// Error implements error.
func (e *Error) Error() string { return e.Reason + ": " + e.Message }

// As finds a wait in an error's chain.
func As(err error) (*Error, bool) {
	var h *Error
	ok := errors.As(err, &h)
	return h, ok
}
