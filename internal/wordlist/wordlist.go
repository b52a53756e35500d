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

// Package wordlist reads lists of words: one a line, in every key of a ConfigMap.
package wordlist

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxCharacters of one word.
const MaxCharacters = 64

// comment begins a line that is no word.
const comment = "#"

// Parse reads the lists of a ConfigMap, key by key. Blanks around a word, empty
// lines and lines that begin with # are left out. The error names the key and
// the line, and not the word.
func Parse(lists map[string]string) ([]string, error) {
	var words []string
	for _, key := range slices.Sorted(maps.Keys(lists)) {
		number := 0
		for line := range strings.Lines(lists[key]) {
			number++
			word := strings.TrimSpace(strings.TrimPrefix(line, "\ufeff"))
			switch {
			case word == "" || strings.HasPrefix(word, comment):
			case !utf8.ValidString(word):
				return nil, fmt.Errorf("key %q, line %d: not UTF-8: save the list as UTF-8", key, number)
			case utf8.RuneCountInString(word) > MaxCharacters:
				return nil, fmt.Errorf("key %q, line %d: %d of at most %d characters: shorten the word", key, number, utf8.RuneCountInString(word), MaxCharacters)
			default:
				words = append(words, word)
			}
		}
	}
	return words, nil
}

// Distinct sorts words and leaves out repeats.
func Distinct(words []string) []string {
	sorted := slices.Sorted(slices.Values(words))
	return slices.Compact(sorted)
}
