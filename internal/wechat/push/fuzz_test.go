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

package push

import (
	"encoding/json"
	"errors"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// A body never panics. It is refused with an error of the closed set, or taken with everything that a push must have, an
// identity that can be a key anywhere, and nothing that a journal could not hold.
func FuzzParse(f *testing.F) {
	for _, sample := range samples {
		f.Add([]byte(sample.body))
	}
	identity := regexp.MustCompile(`^[0-9A-Za-z_-]{1,72}$`)
	f.Fuzz(func(t *testing.T, body []byte) {
		envelope, envelopeErr := ParseEnvelope(body)
		if (envelopeErr == nil) != (envelope.Encrypt != "") {
			t.Fatalf("envelope %+v, %v", envelope, envelopeErr)
		}
		m, err := Parse(body)
		if err != nil {
			for _, known := range []error{ErrSize, ErrSyntax, ErrShape, ErrField} {
				if errors.Is(err, known) && m == nil {
					return
				}
			}
			t.Fatalf("refused with %v, %+v", err, m)
		}
		if m.To == "" || m.From == "" || m.Type == "" || m.Kind == "" || m.CreateTime < 0 || (m.Kind == Event) != (m.Event != "") {
			t.Fatalf("taken: %+v", m)
		}
		if !identity.MatchString(m.ID()) {
			t.Fatalf("the identity is %q", m.ID())
		}
		written, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		again := &Message{}
		if err := json.Unmarshal(written, again); err != nil || !reflect.DeepEqual(again, m) || again.ID() != m.ID() {
			t.Fatalf("%v: written %s, read %+v, was %+v", err, written, again, m)
		}
	})
}

// What is left of a text fits, is its beginning, and is no shorter than it has to be.
func FuzzTrimText(f *testing.F) {
	f.Add("a👨‍👩‍👧b", 12)
	f.Add("🇨🇳🇫🇷", 12)
	f.Add("e\u0301\u0301", 2)
	f.Add("\x80\x80\x80\x80\x80", 4)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		got := TrimText(text, limit)
		switch {
		case !strings.HasPrefix(text, got):
			t.Fatalf("%q is no beginning of %q", got, text)
		case len(text) <= limit && got != text:
			t.Fatalf("%q was cut to %q", text, got)
		case len(got) > max(limit, 0):
			t.Fatalf("%q is longer than %d bytes", got, limit)
		case len(text) > limit && limit-len(got) > maxClusterBytes+2*utf8.UTFMax:
			t.Fatalf("only %d of %d bytes are left", len(got), limit)
		case utf8.ValidString(text) && !utf8.ValidString(got):
			t.Fatalf("%q was cut within a rune", text)
		}
	})
}
