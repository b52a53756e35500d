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

package intake

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestNumber(t *testing.T) {
	for text, want := range map[string]int64{
		`5`: 5, `"5"`: 5, `-5`: -5, `null`: 0, `""`: 0, `3600000`: 3600000, `"3600000"`: 3600000, `1e3`: 1000, `5.0`: 5,
		`9223372036854775807`: math.MaxInt64, `"6674468118806626493"`: 6674468118806626493,
	} {
		var n Number
		if err := json.Unmarshal([]byte(text), &n); err != nil || int64(n) != want {
			t.Errorf("%s is %d, %v", text, n, err)
		}
	}
	for _, text := range []string{`5.5`, `"x"`, `{}`, `[]`, `true`, `1e30`, `99999999999999999999`} {
		var n Number
		if err := json.Unmarshal([]byte(text), &n); err == nil {
			t.Errorf("%s is %d", text, n)
		}
	}
	for n, want := range map[Number]int32{5: 5, 1 << 40: math.MaxInt32, -1 << 40: math.MinInt32} {
		if got := n.Int32(); got != want {
			t.Errorf("%d is %d", n, got)
		}
	}
}

func TestFileURL(t *testing.T) {
	for text, want := range map[string]bool{
		"https://files.example.com/a.flv":        true,
		"http://[2001:db8::1]:8080/a.flv?sign=x": true,
		"HTTPS://files.example.com/%E4%B8%AD":    true,
		"":                                       false,
		"/a.flv":                                 false,
		"//files.example.com/a.flv":              false,
		"javascript:alert(1)":                    false,
		"ftp://files.example.com/a":              false,
		"https://":                               false,
		"https://:443/a":                         false,
		"https://user:password@files.example.com/a":             false,
		"https://files.example.com/a b":                         false,
		"https://files.example.com/a\nb":                        false,
		"https://files.example.com/\xff":                        false,
		"https://files.example.com/" + strings.Repeat("a", 999): false,
		"https://files.example.com/" + strings.Repeat("a", 998): true,
	} {
		if got := FileURL(text); got != "" != want || want && got != text {
			t.Errorf("%.80q is %q", text, got)
		}
	}
}

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"low frame rate": "low frame rate", "  a\r\n\tb  ": "a   b", "a\x00\x1b[31mb": "a[31mb", "低帧率低帧率低帧率": "低帧率低帧率低帧",
		"\xff\xfea": "a", "a\u202eb": "ab", "": "", "123456789012345": "12345678",
	} {
		limit := 8
		if want == "low frame rate" {
			limit = 80
		}
		if got := Text(text, limit); got != want {
			t.Errorf("%q is %q", text, got)
		}
	}
}

func TestPlausible(t *testing.T) {
	now := time.UnixMilli(1767225600123)
	for millis, want := range map[int64]bool{
		0: false, -1: false, 1: true, 1767225600123: true, 1767225600123 + 900_000: true, 1767225600124 + 900_000: false, math.MaxInt64: false,
	} {
		if got := Plausible(millis, now); got != want {
			t.Errorf("%d: %t", millis, got)
		}
	}
}

func TestTooDeep(t *testing.T) {
	for body, want := range map[string]bool{
		strings.Repeat("[", maxDepth):                       false,
		strings.Repeat("[", maxDepth+1):                     true,
		strings.Repeat(`{"a":`, maxDepth+1):                 true,
		`"` + strings.Repeat("[", 100) + `"`:                false,
		`"\"` + strings.Repeat("[", 100) + `"`:              false,
		strings.Repeat("[]", 100):                           false,
		`"` + strings.Repeat("[", 100) + `"` + "[[[[[[[[[[": false,
	} {
		if got := TooDeep([]byte(body)); got != want {
			t.Errorf("%.40q: %t", body, got)
		}
	}
}

// FuzzText makes anything fit to be shown.
func FuzzText(f *testing.F) {
	f.Add("a\nb", uint8(3))
	f.Fuzz(func(t *testing.T, text string, limit uint8) {
		got := Text(text, int(limit))
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > int(limit) || strings.ContainsAny(got, "\r\n\x00\x1b") {
			t.Fatalf("%q is %q", text, got)
		}
		if file := FileURL(text); file != "" && (file != text || !strings.Contains(file, "://")) {
			t.Fatalf("%q is the URL %q", text, file)
		}
	})
}
