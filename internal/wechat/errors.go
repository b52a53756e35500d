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
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind is one of a closed set of outcomes. Callers decide by kind; WeChat's codes are for messages to people.
type Kind string

const (
	// Unavailable: WeChat could not be reached, is busy, or refuses a token that will be replaced. Nothing was done, or
	// doing it again does no harm.
	Unavailable Kind = "Unavailable"
	// UnknownOutcome: the message may or may not have been taken. It is the only kind that leaves this open, and only
	// Send has it: with every other kind of error, nothing was sent.
	UnknownOutcome Kind = "UnknownOutcome"
	// RateLimited: too many calls a minute, by WeChat's answer or by our own limiter.
	RateLimited Kind = "RateLimited"
	// DailyQuota: the day's calls of the account are used up.
	DailyQuota Kind = "DailyQuota"
	// WindowClosed: the follower has not done anything for too long. A message of the follower opens the window.
	WindowClosed Kind = "WindowClosed"
	// CountExhausted: the messages that the follower's last action allows are used up. The next action allows more.
	CountExhausted Kind = "CountExhausted"
	// NotFollowing: the OpenID is of nobody who follows the account.
	NotFollowing Kind = "NotFollowing"
	// NotAuthorized: the account has not the right to this call, or is restricted.
	NotAuthorized Kind = "NotAuthorized"
	// Unauthorized: the AppID or the AppSecret is not accepted.
	Unauthorized Kind = "Unauthorized"
	// AddressNotAllowed: the address that the call came from is not in the account's white list. WeChat's text names it.
	AddressNotAllowed Kind = "AddressNotAllowed"
	// MediaExpired: the media id is older than three days or of another account.
	MediaExpired Kind = "MediaExpired"
	// Invalid: WeChat refuses the request as it is, or it was not even sent because it would; repeating it cannot help.
	Invalid Kind = "Invalid"
)

// Error is a refusal by WeChat or a failure to reach it.
type Error struct {
	Kind Kind
	// Command is the call, such as custom_send or stable_token.
	Command string
	// Code is WeChat's errcode, 0 when there was none.
	Code int
	// Info is WeChat's text, without control characters and at most 256 bytes long, or our own explanation.
	Info string
	// RetryAfter is how long to wait before trying again. 0 = no advice.
	RetryAfter time.Duration
	// Err is the cause on our side, when there is one. It never carries a secret.
	Err error
}

// Error tells the command, the kind, the code and WeChat's text.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("wechat")
	if e.Command != "" {
		b.WriteString(" " + e.Command)
	}
	b.WriteString(": " + string(e.Kind))
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

// KindOf is the kind of an error: "" for nil and for an error that is not of a call, such as context.Canceled before
// anything was sent. A deadline that passed before anything was sent counts as Unavailable.
func KindOf(err error) Kind {
	if e, ok := AsError(err); ok {
		return e.Kind
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return Unavailable
	}
	return ""
}

// CodeOf is WeChat's errcode, 0 for an error without one.
func CodeOf(err error) int {
	if e, ok := AsError(err); ok {
		return e.Code
	}
	return 0
}
