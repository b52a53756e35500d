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
	"unicode"
	"unicode/utf8"
)

// maxInfoBytes bounds the provider's text in an Error.
const maxInfoBytes = 256

// failure is how the inner layers report an attempt: the error that a caller would see, and what only the retry layer
// needs to know. It never leaves the package.
type failure struct {
	// err is an *Error, or the context's error when the caller gave up.
	err error
	verdict
	// sent is false when it is certain that no byte of the request left this process.
	sent bool
	// silent failures say nothing about the provider's health: the caller gave up, or we did not even try.
	silent bool
	// took is the time of the HTTP exchange, without waiting for a token.
	took time.Duration
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// asFailure makes a failure of any error, final unless the layer below said otherwise.
func asFailure(err error) *failure {
	var f *failure
	if errors.As(err, &f) {
		return f
	}
	return &failure{err: err, verdict: verdict{class: ClassOf(err)}, silent: true}
}

// refusal is the failure for a code in an answer.
func refusal(cmd *command, code int, info string) *failure {
	v := classify(cmd, code, info)
	return &failure{
		err: &Error{
			Class: v.class, Command: cmd.name, Code: code, Info: cleanInfo(info), RetryAfter: v.after,
		},
		verdict: v,
		sent:    true,
	}
}

// itemError is the error for the code of one item of a batch, nil for 0.
func itemError(cmd *command, code int, info string) error {
	if code == 0 {
		return nil
	}
	return refusal(cmd, code, info).err
}

// gaveUp is the error of a caller whose context ended: a passed deadline is the provider's slowness as far as the
// caller can tell, a cancellation is the caller's own will.
func gaveUp(cmd *command, cause error) error {
	if errors.Is(cause, context.DeadlineExceeded) {
		return &Error{Class: Unavailable, Command: cmd.name, Err: cause}
	}
	return fmt.Errorf("im %s: %w", cmd.name, cause)
}

// invalidArgument is the error for a request that is not even sent.
func invalidArgument(cmd *command, format string, args ...any) error {
	return &Error{Class: Invalid, Command: cmd.name, Info: cleanInfo(fmt.Sprintf(format, args...))}
}

// cleanInfo makes foreign text fit for a log line and a condition: valid UTF-8, no control characters, at most
// maxInfoBytes.
func cleanInfo(info string) string {
	// Cut first, so that the work is bounded too. Each character that is replaced shrinks or keeps its length.
	if len(info) > 4*maxInfoBytes {
		info = info[:4*maxInfoBytes]
	}
	info = strings.ToValidUTF8(info, "?")
	info = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || !unicode.IsGraphic(r) {
			return ' '
		}
		return r
	}, info)
	info = strings.TrimSpace(info)
	if len(info) <= maxInfoBytes {
		return info
	}
	cut := maxInfoBytes
	for cut > 0 && !utf8.RuneStart(info[cut]) {
		cut--
	}
	return info[:cut]
}
