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
	"reflect"
	"testing"
	"unicode"
	"unicode/utf8"
)

// An answer never panics. A message counts as sent only when the answer says so in full, and what is told of a refusal is
// fit for a log line and carries no token.
func FuzzAnswer(f *testing.F) {
	for _, answer := range []string{
		answerOK, `{"errcode":45015,"errmsg":"response out of time limit or subscription is canceled hint: [..]"}`,
		`{"errcode":48001,"errmsg":"api unauthorized rid: 68079913-4fa1bf0a-7dceeca9"}`, `{"errcode":-1}`, `{}`, `[]`, ``, `null`,
		`{"errcode":"0"}`, `{"errcode":40001,"errmsg":"token-00000000000000000000000000000001"}`, `{"errcode":1e99}`,
	} {
		f.Add([]byte(answer))
	}
	const token = "token-00000000000000000000000000000001"
	w := &wire{clock: newClock()}
	f.Fuzz(func(t *testing.T, answer []byte) {
		for _, cmd := range []*command{customSend, userInfo, stableToken} {
			err := w.check(cmd, answer, []string{token})
			if err == nil {
				continue
			}
			e, ok := AsError(err)
			if !ok || e.Kind == "" || e.Kind == UnknownOutcome && !cmd.once {
				t.Fatalf("got %v", err)
			}
			if len(e.Info) > maxInfoBytes || !utf8.ValidString(e.Info) || holdsSecret(e.Info, []string{token}) {
				t.Fatalf("told %q", e.Info)
			}
			for _, r := range e.Info {
				if !unicode.IsGraphic(r) {
					t.Fatalf("told %q", e.Info)
				}
			}
		}
	})
}

// What is in the store may come from anywhere; what can be read can be written and reads the same.
func FuzzDecodeToken(f *testing.F) {
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"value":"t0","expires":1763855515,"forced":[1763848315,1763848375]}`))
	f.Add([]byte(`{"expires":-9223372036854775808,"forced":[9223372036854775807]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		token, err := DecodeToken(data)
		if err != nil {
			return
		}
		now := newClock().Now()
		_ = token.String()
		if n := len(token.forcedAt(now).Forced); n < 1 || n > forceLimit || token.forceWait(now) < 0 {
			t.Fatalf("%d forced ones on record", n)
		}
		written, err := token.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if again, err := DecodeToken(written); err != nil || !reflect.DeepEqual(again, token) {
			t.Fatalf("%s: %v", written, err)
		}
	})
}
