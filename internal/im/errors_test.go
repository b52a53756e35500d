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
	"testing"
	"unicode/utf8"
)

func TestClassOf(t *testing.T) {
	tests := map[string]struct {
		err  error
		want Class
	}{
		"nil":              {nil, ""},
		"foreign":          {errors.New("x"), ""},
		"canceled":         {context.Canceled, ""},
		"wrapped canceled": {gaveUp(createGroup, context.Canceled), ""},
		"deadline":         {context.DeadlineExceeded, Unavailable},
		"wrapped deadline": {fmt.Errorf("x: %w", context.DeadlineExceeded), Unavailable},
		"ours":             {&Error{Class: QuotaExceeded}, QuotaExceeded},
		"wrapped":          {fmt.Errorf("x: %w", &Error{Class: NotFound}), NotFound},
		"ours with cause":  {&Error{Class: UnknownOutcome, Err: context.Canceled}, UnknownOutcome},
		"dry run":          {&DryRunError{Command: "create_group"}, ""},
		"closed":           {errClosed(createGroup), Unavailable},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := ClassOf(test.err); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestIs(t *testing.T) {
	checks := map[Class]func(error) bool{
		NotFound: IsNotFound, AlreadyExists: IsAlreadyExists, Invalid: IsInvalid,
		FieldNotRegistered: IsFieldNotRegistered, QuotaExceeded: IsQuotaExceeded, NotPermitted: IsNotPermitted,
		Unauthorized: IsUnauthorized, RateLimited: IsRateLimited, Unavailable: IsUnavailable,
		UnknownOutcome: IsUnknownOutcome,
	}
	for class, is := range checks {
		for other := range checks {
			if got := is(&Error{Class: other}); got != (class == other) {
				t.Errorf("check for %s says %v to %s", class, got, other)
			}
		}
		if is(nil) {
			t.Errorf("check for %s says true to nil", class)
		}
	}
	if !IsDryRun(fmt.Errorf("x: %w", &DryRunError{})) || IsDryRun(&Error{}) || IsDryRun(nil) {
		t.Error("IsDryRun is wrong")
	}
}

func TestErrorText(t *testing.T) {
	tests := map[string]struct {
		err  *Error
		want string
	}{
		"all": {
			&Error{Class: Invalid, Command: "create_group", Code: 10004, Info: "bad", Err: errors.New("why")},
			"im create_group: Invalid (code 10004): bad: why",
		},
		"no answer": {
			&Error{Class: Unavailable, Command: "create_group", Err: errors.New("refused")},
			"im create_group: Unavailable: refused",
		},
		"class only": {&Error{Class: NotFound}, "im: NotFound"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := test.err.Error(); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	cause := errors.New("why")
	if !errors.Is(&Error{Err: cause}, cause) {
		t.Error("the cause is lost")
	}
}

func TestCleanInfo(t *testing.T) {
	tests := map[string]struct{ in, want string }{
		"plain":           {"group not exist", "group not exist"},
		"chinese":         {"群组不存在", "群组不存在"},
		"control":         {"a\x00b\r\nc\x1b[31md\u2028e", "a b  c [31md e"},
		"trimmed":         {"\n a \t", "a"},
		"invalid bytes":   {"a\xff\xfeb", "a?b"},
		"direction marks": {"a\u202eb", "a b"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := cleanInfo(test.in); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	for _, long := range []string{strings.Repeat("a", 10000), strings.Repeat("群", 10000), strings.Repeat("a群", 10000)} {
		got := cleanInfo(long)
		if len(got) > maxInfoBytes || len(got) < maxInfoBytes-utf8.UTFMax || !strings.HasPrefix(long, got) {
			t.Errorf("%d bytes are cut to %d: %q", len(long), len(got), got)
		}
	}
}
