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

package message

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzBody proves that a body that is read is JSON, that its texts are those
// that encoding/json finds, and that a change of texts changes nothing else.
func FuzzBody(f *testing.F) {
	for _, body := range []string{textBody, customBody, relayBody, mixedBody} {
		f.Add([]byte(body), "")
	}
	f.Fuzz(func(t *testing.T, raw []byte, cloud string) {
		b, err := Parse(raw, cloud)
		if err != nil {
			return
		}
		if len(raw) > 0 && !json.Valid(raw) && strings.TrimSpace(string(raw)) != "" {
			t.Fatalf("read %q, which is no JSON", raw)
		}
		texts := slices.Collect(b.Texts())
		if r := b.Rewrite(func(_, text string) (string, bool) { return text, true }); r.Changed() {
			t.Fatalf("an equal text changed %q to %q", raw, r.Body)
		}
		const mark = "\u2603\"\\\x01"
		r := b.Rewrite(func(_, text string) (string, bool) { return text + mark, true })
		if len(texts) == 0 {
			if r.Changed() {
				t.Fatalf("changed without a text: %q", r.Body)
			}
			return
		}
		body, after := raw, cloud
		if r.Body != nil {
			body = r.Body
		}
		if r.CloudCustomData != nil {
			after = *r.CloudCustomData
		}
		if utf8.Valid(raw) && !sameShape(raw, body) {
			t.Fatalf("%q became %q", raw, body)
		}
		again, err := Parse(body, after)
		if err != nil {
			if len(body)+len(after) > MaxBytes {
				return
			}
			t.Fatalf("cannot read the changed %q: %v", body, err)
		}
		marked := slices.Collect(again.Texts())
		want := make([]string, len(texts))
		for i := range texts {
			want[i] = strings.ToValidUTF8(texts[i], "\ufffd") + mark
		}
		for i := range marked {
			marked[i] = strings.ToValidUTF8(marked[i], "\ufffd")
		}
		if utf8.Valid(raw) && utf8.ValidString(cloud) && !slices.Equal(marked, want) {
			t.Fatalf("texts %q, want %q", marked, want)
		}
	})
}

// sameShape reports whether two JSON texts differ in strings only.
func sameShape(a, b []byte) bool {
	if strings.TrimSpace(string(a)) == "" {
		return len(a) == len(b)
	}
	var left, right any
	if json.Unmarshal(a, &left) != nil || json.Unmarshal(b, &right) != nil {
		return false
	}
	return reflect.DeepEqual(shape(left), shape(right))
}

func shape(v any) any {
	switch v := v.(type) {
	case string:
		return ""
	case []any:
		for i := range v {
			v[i] = shape(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = shape(v[k])
		}
	}
	return v
}

// FuzzScanner proves that the scanner takes what encoding/json takes, down to
// its depth, and decodes strings alike.
func FuzzScanner(f *testing.F) {
	for _, text := range []string{`{"a":[1,-0.5e+3,true,false,null,"\u00e9\ud83d\ude00\n"]}`, `"\ud800x"`, `01`, `1.`, `{"a":1,}`, "\"\x1f\"", `[ ]`, `"\u12"`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := scanner{text: text}
		err := s.value()
		taken := err == nil && s.done()
		if valid := json.Valid([]byte(text)); taken != valid && err != ErrLimit {
			t.Fatalf("%q: taken %v, valid %v", text, taken, valid)
		}
		var want string
		if taken && text != "" && strings.TrimSpace(text)[0] == '"' && json.Unmarshal([]byte(text), &want) == nil {
			s := scanner{text: text}
			s.space()
			at, escaped, err := s.literal()
			if err != nil {
				t.Fatal(err)
			}
			got := decode(text[at.start:at.end], escaped)
			if strings.ToValidUTF8(got, "\ufffd") != strings.ToValidUTF8(want, "\ufffd") && utf8.ValidString(text) {
				t.Fatalf("%q: got %q, want %q", text, got, want)
			}
			if out := quote(nil, got); !json.Valid(out) {
				t.Fatalf("%q is quoted as %q", got, out)
			}
		}
	})
}
