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

package wordlist

import (
	"slices"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		lists map[string]string
		words []string
		err   string
	}{
		{name: "none"},
		{
			name:  "keys in order, blanks, comments and line ends left out",
			lists: map[string]string{"b": "坏 人\r\n# a comment\n\n  spam  ", "a": "\ufefffirst\nsecond"},
			words: []string{"first", "second", "坏 人", "spam"},
		},
		{name: "longest word", lists: map[string]string{"a": strings.Repeat("词", 64)}, words: []string{strings.Repeat("词", 64)}},
		{name: "too long", lists: map[string]string{"a": "ok\n" + strings.Repeat("词", 65)}, err: `key "a", line 2: 65 of at most 64 characters: shorten the word`},
		{name: "not UTF-8", lists: map[string]string{"a": "\xff"}, err: `key "a", line 1: not UTF-8: save the list as UTF-8`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			words, err := Parse(test.lists)
			if text := errorText(err); text != test.err || !slices.Equal(words, test.words) {
				t.Errorf("got %q, %q; want %q, %q", words, text, test.words, test.err)
			}
		})
	}
}

func TestDistinct(t *testing.T) {
	t.Parallel()
	if got, want := Distinct([]string{"b", "a", "b"}), []string{"a", "b"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
