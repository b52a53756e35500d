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
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Codes that more than the table of kinds has to know.
const (
	codeBusy             = -1
	codeInvalidToken     = 40001
	codeMalformedToken   = 40014
	codeExpiredToken     = 42001
	codeDailyQuota       = 45009
	codeMinuteQuota      = 45011
	codeAlreadyTyping    = 45081
	minutePause          = 10 * time.Second
	maxInfoBytes         = 256
	chinaOffset          = 8 * 60 * 60
	leastDailyQuotaPause = time.Minute
)

// kindOfCode is the one place where codes are understood (WeChat contract, sections 7, 8.3, 9 and 11). A code that is not
// here is Invalid: repeating a request that was refused for an unknown reason helps nobody.
var kindOfCode = map[int]Kind{
	codeBusy: Unavailable,
	// The token is replaced and the call made once more; when that does not help either, a later call may succeed.
	codeInvalidToken: Unavailable, codeMalformedToken: Unavailable, codeExpiredToken: Unavailable,

	40013: Unauthorized, 40125: Unauthorized, 40243: Unauthorized, 41002: Unauthorized, 41004: Unauthorized,
	40164: AddressNotAllowed, 89503: AddressNotAllowed, 89506: AddressNotAllowed, 89507: AddressNotAllowed,
	48001: NotAuthorized, 50002: NotAuthorized, 50004: NotAuthorized, 50007: NotAuthorized, 65400: NotAuthorized,

	40003: NotFollowing, 43004: NotFollowing,
	45015: WindowClosed, 45080: WindowClosed,
	45047:          CountExhausted,
	codeDailyQuota: DailyQuota, codeMinuteQuota: RateLimited,
	40007: MediaExpired,

	40002: Invalid, 40004: Invalid, 40005: Invalid, 40006: Invalid, 40008: Invalid, 40009: Invalid, 40010: Invalid,
	40011: Invalid, 40012: Invalid, 41005: Invalid, 43002: Invalid, 44002: Invalid, 44004: Invalid,
	45002: Invalid, 45008: Invalid, 45072: Invalid, codeAlreadyTyping: Invalid,
	65401: Invalid, 65402: Invalid, 65403: Invalid, 65404: Invalid, 65405: Invalid, 65406: Invalid, 65407: Invalid,
	65408: Invalid, 65409: Invalid, 65413: Invalid, 65414: Invalid,
}

// classify turns a code into a kind.
func classify(cmd *command, code int) Kind {
	if cmd == stableToken && code == codeInvalidToken {
		// Whoever asks for a token has none that could be invalid: the AppSecret is.
		return Unauthorized
	}
	if kind, ok := kindOfCode[code]; ok {
		return kind
	}
	return Invalid
}

// isStale reports whether a call was refused because of its access token, and so was not carried out.
func isStale(err error) bool {
	e, ok := AsError(err)
	return ok && e.Command != stableToken.name &&
		(e.Code == codeInvalidToken || e.Code == codeMalformedToken || e.Code == codeExpiredToken)
}

// refusal is the error for a code in an answer.
func refusal(cmd *command, code int, info string, now time.Time) *Error {
	e := &Error{Kind: classify(cmd, code), Command: cmd.name, Code: code, Info: cleanInfo(info)}
	switch e.Kind {
	case RateLimited:
		e.RetryAfter = minutePause
	case DailyQuota:
		e.RetryAfter = untilTomorrow(now)
	default:
	}
	return e
}

// untilTomorrow is how long the day lasts where WeChat counts it, and at least a minute, for clocks differ.
func untilTomorrow(now time.Time) time.Duration {
	const day = 24 * 60 * 60
	passed := (now.Unix() + chinaOffset) % day
	return max(leastDailyQuotaPause, time.Duration(day-passed)*time.Second)
}

// cleanInfo makes foreign text fit for a log line and a condition: valid UTF-8, no control characters, at most
// maxInfoBytes. What WeChat's support asks for, the rid, stands at the end, so a long text loses its middle.
func cleanInfo(info string) string {
	if len(info) > 4*maxInfoBytes {
		info = info[:2*maxInfoBytes] + info[len(info)-2*maxInfoBytes:]
	}
	info = strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(info, "?"))
	info = strings.TrimSpace(info)
	if len(info) <= maxInfoBytes {
		return info
	}
	const gap = " ... "
	head, tail := maxInfoBytes/2, len(info)-(maxInfoBytes/2-len(gap))
	for !utf8.RuneStart(info[head]) {
		head--
	}
	for !utf8.RuneStart(info[tail]) {
		tail++
	}
	return info[:head] + gap + info[tail:]
}
