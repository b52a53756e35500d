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
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Class is one of a closed set of outcomes. Callers decide by class and by nothing else: the provider's codes
// are for messages.
type Class string

const (
	// NotFound: the group, account, attribute or other thing named in the call does not exist.
	NotFound Class = "NotFound"
	// AlreadyExists: the identity is taken. Whose it is must be read.
	AlreadyExists Class = "AlreadyExists"
	// Invalid: the provider refuses the request as it is; repeating it cannot help. Codes that no documentation
	// explains are here too: the provider's own advice is to treat them as final.
	Invalid Class = "Invalid"
	// FieldNotRegistered: a custom field or custom profile tag has no definition in the provider's console, or
	// none for this type of group.
	FieldNotRegistered Class = "FieldNotRegistered"
	// QuotaExceeded: a limit of the plan, of a user or of a group is reached.
	QuotaExceeded Class = "QuotaExceeded"
	// NotPermitted: a feature is off or not in the plan, the type of the group does not have it, or the
	// application's own callback refused.
	NotPermitted Class = "NotPermitted"
	// Unauthorized: the credentials, the SDKAppID or the caller's address are not accepted, for any call.
	Unauthorized Class = "Unauthorized"
	// RateLimited: too many calls, by the provider's answer or by our own limiter. Nothing was done.
	RateLimited Class = "RateLimited"
	// Unavailable: the provider could not be reached or had an internal trouble. Repeating is safe.
	Unavailable Class = "Unavailable"
	// UnknownOutcome: the call may or may not have taken effect and must not simply be repeated. Read first.
	UnknownOutcome Class = "UnknownOutcome"
)

// Error is a refusal by the provider or a failure to reach it.
type Error struct {
	Class Class
	// Command is the provider's name of the call, such as create_group.
	Command string
	// Code is the provider's code, 0 when the provider did not answer.
	Code int
	// Info is the provider's text, without control characters and at most 256 bytes long, or our own explanation.
	Info string
	// RetryAfter is how long to wait before trying again. 0 = no advice.
	RetryAfter time.Duration
	// Err is the cause on our side, when there is one. It never carries a secret.
	Err error
}

// Error tells the command, the class, the code and the provider's text.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("im")
	if e.Command != "" {
		b.WriteString(" " + e.Command)
	}
	b.WriteString(": " + string(e.Class))
	if e.Code != 0 {
		fmt.Fprintf(&b, " (code %d)", e.Code)
	}
	if e.Info != "" {
		b.WriteString(": " + e.Info)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap returns the cause on our side, if any.
func (e *Error) Unwrap() error { return e.Err }

// AsError finds the Error in a chain.
func AsError(err error) (*Error, bool) {
	var e *Error
	ok := errors.As(err, &e)
	return e, ok
}

// ClassOf is the class of an error: "" for nil and for an error that is not of the provider, such as
// context.Canceled or a DryRunError. A passed deadline counts as Unavailable.
func ClassOf(err error) Class {
	if e, ok := AsError(err); ok {
		return e.Class
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return Unavailable
	}
	return ""
}

// IsNotFound reports whether the thing named in the call does not exist.
func IsNotFound(err error) bool { return ClassOf(err) == NotFound }

// IsAlreadyExists reports whether the identity is taken.
func IsAlreadyExists(err error) bool { return ClassOf(err) == AlreadyExists }

// IsInvalid reports whether the provider refuses the request as it is.
func IsInvalid(err error) bool { return ClassOf(err) == Invalid }

// IsFieldNotRegistered reports whether a custom field has no definition.
func IsFieldNotRegistered(err error) bool { return ClassOf(err) == FieldNotRegistered }

// IsQuotaExceeded reports whether a limit of the plan is reached.
func IsQuotaExceeded(err error) bool { return ClassOf(err) == QuotaExceeded }

// IsNotPermitted reports whether a feature, a plan or a group type forbids the call.
func IsNotPermitted(err error) bool { return ClassOf(err) == NotPermitted }

// IsUnauthorized reports whether the credentials are not accepted.
func IsUnauthorized(err error) bool { return ClassOf(err) == Unauthorized }

// IsRateLimited reports whether there were too many calls.
func IsRateLimited(err error) bool { return ClassOf(err) == RateLimited }

// IsUnavailable reports whether the provider could not be reached or had an internal trouble.
func IsUnavailable(err error) bool { return ClassOf(err) == Unavailable }

// IsUnknownOutcome reports whether the call may have taken effect.
func IsUnknownOutcome(err error) bool { return ClassOf(err) == UnknownOutcome }

// DryRunError says that a writing call was not made because the client is in dry-run mode.
type DryRunError struct {
	// Command is the provider's name of the call that would have been made.
	Command string
}

// Error names the call that was held back.
func (e *DryRunError) Error() string { return "dry run: would call " + e.Command }

// IsDryRun reports whether a call was held back by dry-run mode.
func IsDryRun(err error) bool {
	var e *DryRunError
	return errors.As(err, &e)
}
