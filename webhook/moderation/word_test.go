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
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

func TestWordsInsideOfWords(t *testing.T) {
	t.Parallel()
	a := newAutomaton([]string{"abcd", "b", "bc", "cde"}, func(string) bool { return false })
	for text, want := range map[string][]string{
		"abc": {"b", "bc"}, "abcx": {"b", "bc"}, "abcde": {"b", "bc", "abcd", "cde"}, "bb": {"b", "b"}, "acd": nil, "": nil,
	} {
		var got []string
		a.each([]byte(text), func(start, end int) bool {
			got = append(got, text[start:end])
			return true
		})
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// TestAutomaton compares it with a search for one word after the other.
func TestAutomaton(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		letters := rapid.StringOfN(rapid.RuneFrom([]rune("ab主")), 1, 4, -1)
		words := rapid.SliceOfNDistinct(letters, 1, 20, rapid.ID[string]).Draw(t, "words")
		slices.Sort(words)
		whole := rapid.Bool().Draw(t, "whole")
		text := rapid.StringOfN(rapid.RuneFrom([]rune("ab主 ")), 0, 40, -1).Draw(t, "text")
		a := newAutomaton(words, func(word string) bool { return whole && latin(word) })

		covered, want := make([]bool, len(text)), make([]bool, len(text))
		a.each([]byte(text), func(start, end int) bool {
			if !slices.Contains(words, text[start:end]) {
				t.Fatalf("found %q in %q, which is no word of %q", text[start:end], text, words)
			}
			fill(covered, start, end)
			return true
		})
		has := false
		for _, word := range words {
			for i := range text {
				if strings.HasPrefix(text[i:], word) && (!whole || !latin(word) || alone([]byte(text), i, i+len(word))) {
					fill(want, i, i+len(word))
					has = true
				}
			}
		}
		if !slices.Equal(covered, want) {
			t.Fatalf("words %q in %q: found %v, want %v", words, text, covered, want)
		}
		if a.contains([]byte(text)) != has {
			t.Fatalf("words %q in %q: found %v, want %v", words, text, !has, has)
		}
	})
}

func fill(marks []bool, start, end int) {
	for i := start; i < end; i++ {
		marks[i] = true
	}
}

// noise is what may be put between the characters of a word.
var noise = []string{"", "", "\u200b", "\u200d", "\u200c", "\ufeff", "\u2060", "\ufe0f", "\u00ad", "\u200b\u2060", "\u0336"}

// disguise writes a word in another way.
func disguise(t *rapid.T, word string) string {
	var out strings.Builder
	for i, r := range word {
		if i > 0 {
			out.WriteString(rapid.SampledFrom(noise).Draw(t, "noise"))
		}
		switch rapid.IntRange(0, 2).Draw(t, "form") {
		case 1:
			r = unicode.ToUpper(r)
		case 2:
			if r > ' ' && r < 0x7f {
				r += 0xfee0 // full width
			}
		}
		out.WriteRune(r)
	}
	return out.String()
}

// TestDisguisedWords proves that a word is found and masked however it is
// written, and that the text around it stays as it is.
func TestDisguisedWords(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringOfN(rapid.RuneFrom([]rune("abcdxyz019主播加微信")), 1, 10, -1).Draw(t, "word")
		// Of other characters than words have, so that they hold no word. Marks
		// would become a part of the word.
		around := rapid.StringOfN(rapid.RuneFrom([]rune("QRS ＱéÄ!？ｷﾊ좋은😀\u200b\xa0\n"), unicode.Cyrillic, unicode.Thai), 0, 10, -1).
			Filter(func(s string) bool {
				return !strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.M, r) })
			})
		before, after := around.Draw(t, "before"), around.Draw(t, "after")
		c, err := Compile(policy("p", imv1alpha1.ModerationActionMask), []string{word})
		if err != nil {
			t.Fatal(err)
		}
		text := before + disguise(t, word) + after
		folded, _ := Fold(text)
		if !c.words.contains([]byte(folded)) {
			t.Fatalf("%q is not found in %q", word, text)
		}
		got, changed := maskWords(text, []masker{{policy: c}})
		if want := before + "***" + after; !changed || got != want {
			t.Fatalf("%q in %q: got %q, want %q", word, text, got, want)
		}
	})
}

// TestForeignText proves that nothing but words is ever changed.
func TestForeignText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.StringOfN(rapid.RuneFrom([]rune("abc主播")), 1, 4, -1), 1, 5).Draw(t, "words")
		p := policy("p", imv1alpha1.ModerationActionMask, maskedBy(""))
		c, err := Compile(p, words)
		if err != nil {
			t.Fatal(err)
		}
		text := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.RuneFrom([]rune("aＢc主播e\u0301\u200b \u0336")))).Draw(t, "text")
		got, changed := maskWords(text, []masker{{policy: c}})
		if !changed {
			got = text
		}
		// What is left is the text without some of its characters.
		rest := text
		for _, r := range got {
			i := strings.IndexRune(rest, r)
			if i < 0 {
				t.Fatalf("%q became %q, which is not a part of it", text, got)
			}
			rest = rest[i+utf8.RuneLen(r):]
		}
		folded, _ := Fold(text)
		if c.words.contains([]byte(folded)) != changed {
			t.Fatalf("%q became %q: found and changed differ", text, got)
		}
		// Every character that is gone belonged to a word: those of words, and
		// what folding does not see.
		kept := map[rune]int{}
		for _, r := range got {
			kept[r]++
		}
		for _, r := range text {
			if kept[r]--; kept[r] >= 0 {
				continue
			}
			if one, _ := Fold(string(r)); one != "" && !slices.Contains([]string{"a", "b", "c", "主", "播"}, one) && r != utf8.RuneError {
				t.Fatalf("%q became %q: %q is in no word", text, got, r)
			}
		}
	})
}
