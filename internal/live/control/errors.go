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

package control

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/im"
)

// Error is a refusal by the API or a failure to reach it.
type Error struct {
	// Class is one of im's: Invalid, NotPermitted, NotFound, Unauthorized, RateLimited
	// or Unavailable. All calls may be repeated, so that an outcome that is not known
	// is Unavailable.
	Class im.Class
	// Action is the API's name of the call, such as ForbidLiveStream.
	Action string
	// Code is the API's, such as AuthFailure.SignatureFailure; "" when it did not answer.
	Code string
	// Info is the API's text, at most 256 bytes of it, or our own explanation.
	Info string
	// RetryAfter is how long to wait before trying again. 0 = no advice.
	RetryAfter time.Duration
	// Err is the cause on our side, when there is one. It never carries a secret.
	Err error

	// unanswered: the API was called and did not answer.
	unanswered bool
	// uncalled: the API was not called.
	uncalled bool
}

// Error tells the action, the class, the code and the API's text.
func (e *Error) Error() string {
	text := fmt.Sprintf("live %s: %s", e.Action, e.Class)
	if e.Code != "" {
		text += " (" + e.Code + ")"
	}
	if e.Info != "" {
		text += ": " + e.Info
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause on our side, if any.
func (e *Error) Unwrap() error { return e.Err }

// AsError finds the Error in a chain.
func AsError(err error) (*Error, bool) {
	var e *Error
	ok := errors.As(err, &e)
	return e, ok
}

// passes reports whether the same call is worth making again at once: the API says
// so, or it was called and gave no answer that makes sense. One that has kept the
// caller waiting is given time. All other refusals stay.
func (e *Error) passes() bool {
	family, _, _ := strings.Cut(e.Code, ".")
	switch family {
	case "":
		return e.Class == im.Unavailable && !e.uncalled && !errors.Is(e.Err, context.DeadlineExceeded)
	case "RequestLimitExceeded", "InternalError":
		return true
	}
	return false
}

// classes of codes (live contract, sections 4.2, 5 and 8). A code that is not here is
// of the class of what stands before its last dot.
var classes = map[string]im.Class{
	"AuthFailure": im.Unauthorized,
	// The key is right; its account has no policy for the call.
	"AuthFailure.UnauthorizedOperation": im.NotPermitted,
	"UnauthorizedOperation":             im.NotPermitted,
	"UnsupportedOperation":              im.NotPermitted,
	// Of the account and its service: unknown, stopped, overdue.
	"ResourceNotFound":             im.NotPermitted,
	"FailedOperation.RoomNotExist": im.NotFound,
	"RequestLimitExceeded":         im.RateLimited,
	"LimitExceeded":                im.RateLimited,
	"InternalError":                im.Unavailable,
	"FailedOperation":              im.Unavailable,
	"ResourceUnavailable":          im.Unavailable,
	"ResourceInUse":                im.Unavailable,
	"InvalidAction":                im.Invalid,
	"InvalidParameter":             im.Invalid,
	"InvalidParameterValue":        im.Invalid,
	"MissingParameter":             im.Invalid,
	"UnknownParameter":             im.Invalid,
	"UnsupportedRegion":            im.Invalid,
	"NoSuchVersion":                im.Invalid,
}

// classOf is the class of a code; one that no documentation names may pass.
func classOf(code string) im.Class {
	for {
		if class, known := classes[code]; known {
			return class
		}
		at := strings.LastIndexByte(code, '.')
		if at < 0 {
			return im.Unavailable
		}
		code = code[:at]
	}
}

// unauthorizedRetry: a key that is enabled again and a clock that is set right tell
// nobody, so that it takes another call to find out.
const unauthorizedRetry = 5 * time.Minute

// refusal is the error of an answer. Its code and text are foreign and bounded first.
func refusal(action, code, message string) *Error {
	code = clip(code)
	e := &Error{Class: classOf(code), Action: action, Code: code, Info: clip(message)}
	if why, known := advice[code]; known {
		e.Info = why
	}
	if e.Class == im.Unauthorized {
		e.RetryAfter = unauthorizedRetry
	}
	return e
}

// advice explains codes that do not explain themselves.
var advice = map[string]string{ //nolint:gosec // codes, not credentials
	"AuthFailure.SignatureExpire":  "the clock of this machine is more than 5 minutes off",
	"AuthFailure.SignatureFailure": "secretKey does not belong to secretId",
	"AuthFailure.SecretIdNotFound": "secretId does not exist or was deleted",
	"AuthFailure.InvalidSecretId":  "secretId is no key for the API",
}

// maxInfoBytes of the API's text.
const maxInfoBytes = 256

// clip makes foreign text fit for messages.
func clip(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "�"))
	if len(text) > maxInfoBytes {
		text = strings.ToValidUTF8(text[:maxInfoBytes], "")
	}
	return text
}
