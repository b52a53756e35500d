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
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/liveroom-io/liveroom-operator/internal/wordlist"
)

const (
	// MaxWords of one policy.
	MaxWords = 200_000
	// maxFolded is the length of a folded word in bytes; some characters fold to many.
	maxFolded = 1024
)

// foldWord is a word as it is looked for.
func foldWord(word string) (string, error) {
	if !utf8.ValidString(word) {
		return "", fmt.Errorf("word %.32q is not UTF-8: save it as UTF-8", word)
	}
	if n := utf8.RuneCountInString(word); n > wordlist.MaxCharacters {
		return "", fmt.Errorf("word %.32q... has %d characters: shorten it to %d", word, n, wordlist.MaxCharacters)
	}
	out, _ := fold(nil, strings.TrimSpace(word), nil, false)
	folded := strings.TrimSpace(string(out))
	switch {
	case folded == "":
		return "", fmt.Errorf("word %q has no visible character: remove it", word)
	case len(folded) > maxFolded:
		return "", fmt.Errorf("word %.32q... has characters that stand for many others: shorten it", word)
	}
	return folded, nil
}

// compileWords folds words and builds their automaton. It also returns how many
// different ones there are.
func compileWords(words []string, latinWhole bool) (*automaton, int, error) {
	if len(words) == 0 {
		return nil, 0, nil
	}
	if len(words) > MaxWords {
		return nil, 0, fmt.Errorf("%d words, more than %d: remove some, or move some to another policy", len(words), MaxWords)
	}
	list := make([]string, 0, len(words))
	for _, word := range words {
		folded, err := foldWord(word)
		if err != nil {
			return nil, 0, err
		}
		list = append(list, folded)
	}
	slices.Sort(list)
	list = slices.Compact(list)
	return newAutomaton(list, func(word string) bool { return latinWhole && latin(word) }), len(list), nil
}
