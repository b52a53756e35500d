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

package moderation

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFold(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                 "",
		"Grüße, WORLD":                     "grüsse, world",
		"ＦＵｃｋ　１２３":                         "fuck 123",
		"ﾊﾟｰﾃｨ":                            "パーティ",
		"①ⓐ𝓑㍿ﬁ":                            "1ab株式会社fi",
		"⼀口":                               "一口",                               // radical
		"b\u200ba\u200c\u200d\u2060d":      "bad",                              // zero width
		"b\u00ada\ufe0f\ufeffd\u202e":      "bad",                              // soft hyphen, variation, mark, direction
		"cafe\u0301 CAF\u00c9":             "caf\u00e9 caf\u00e9",              // composed
		"e\u200b\u0301":                    "\u00e9",                           // with something in between
		"b\u0336a\u0336d\u20dd":            "bad",                              // accents on anything
		"\u0301bad":                        "bad",                              // and on nothing
		"\u1100\u1161\u11a8 각":             "각 각",                              // Hangul
		"ไม่ดี हिन्दी":                     "ไม่ดี हिन्दी",                     // marks that are letters
		"İSTANBUL Σ":                       "istanbul σ",                       //
		"a\xffb\xe4\xbd":                   "a\ufffdb\ufffd\ufffd",             // no UTF-8
		"\ue000\U0001f600\U000e0041":       "\ue000\U0001f600",                 // private use, emoji, tags
		"傻逼主播加微信號碼":                        "傻逼主播加微信號碼",                        //
		"ДА ΑΒ ՋՐ":                         "да αβ ջր",                         //
		"가각힣":                              "가각힣",                              //
		"x" + strings.Repeat("\u0e38", 40): "x" + strings.Repeat("\u0e38", 40), // more than a segment holds
	} {
		if got, _ := Fold(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestFoldOrigin(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]Origin{
		"ＡE\u200b\u0301\u200bﬁ": {{0, 3}, {3, 9}, {3, 9}, {12, 15}, {12, 15}},     // composed; expanded
		"a\u0336b":              {{0, 3}, {3, 4}},                                 // an accent that is dropped
		"a\u0483\u0336":         {{0, 1}, {1, 5}, {1, 5}},                         // after a mark that is not
		"\u0e01\u0e38":          {{0, 3}, {0, 3}, {0, 3}, {3, 6}, {3, 6}, {3, 6}}, // a vowel of Thai
	} {
		if _, got := Fold(text); !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

// FuzzFold proves that folding takes any bytes, gives UTF-8, folds nothing that
// was folded, and knows where everything came from.
func FuzzFold(f *testing.F) {
	for _, text := range []string{"ＦＵＣＫ\u200b", "e\u0301\u0336", "\xff\xed\xa0\x80", "ﾊﾟ㍿", "\u1100\u1161\u11a8", "Å\u0327", "ไม่ดี"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		folded, origin := Fold(text)
		if !utf8.ValidString(folded) {
			t.Fatalf("%q is folded to %q, which is no UTF-8", text, folded)
		}
		if len(origin) != len(folded) {
			t.Fatalf("%q: %d bytes and %d origins", text, len(folded), len(origin))
		}
		boundaries := map[int]bool{len(text): true}
		for i := range text {
			boundaries[i] = true
		}
		last := Origin{}
		for i, at := range origin {
			if at.Start < last.Start || at != last && at.Start < last.End || at.Start >= at.End || at.End > len(text) || !boundaries[at.Start] || !boundaries[at.End] {
				t.Fatalf("%q: byte %d of %q came from %v, after %v", text, i, folded, at, last)
			}
			if at != last && !utf8.RuneStart(folded[i]) {
				t.Fatalf("%q: %v begins inside of a character of %q", text, at, folded)
			}
			last = at
		}
		for i := 0; i < len(folded); i++ {
			if c := folded[i]; c >= 'A' && c <= 'Z' {
				t.Fatalf("%q is folded to %q", text, folded)
			}
		}
		if plain, _ := fold(nil, text, nil, false); string(plain) != folded {
			t.Fatalf("%q is folded to %q, and without origins to %q", text, folded, plain)
		}
	})
}
