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
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

const (
	// MaxWords of one policy.
	MaxWords = 200_000
	// MaxWordLength of a word, in characters.
	MaxWordLength = 64
	// maxFolded is the length of a folded word in bytes; some characters fold to many.
	maxFolded = 1024
)

// Words are all words of a policy: inline ones, and those in the data of its
// ConfigMaps, by name. The error names the ConfigMap, the key and the line at
// fault, or the ConfigMap that is missing.
func Words(spec *imv1alpha1.ModerationWords, configMaps map[string]map[string]string) ([]string, error) {
	if spec == nil {
		return nil, nil
	}
	words := slices.Clone(spec.Inline)
	for _, ref := range spec.ConfigMapRefs {
		data, ok := configMaps[ref.Name]
		if !ok {
			return nil, fmt.Errorf("ConfigMap %q does not exist: create it or take it out of words", ref.Name)
		}
		for _, key := range slices.Sorted(maps.Keys(data)) {
			list, err := ParseList(data[key])
			if err != nil {
				return nil, fmt.Errorf("ConfigMap %q, key %q: %w", ref.Name, key, err)
			}
			if words = append(words, list...); len(words) > MaxWords {
				return nil, errTooMany
			}
		}
	}
	return words, nil
}

var errTooMany = fmt.Errorf("more than %d words: remove some, or move some to another policy", MaxWords)

// ParseList reads a list: one word a line, with white space around it left out.
// Empty lines and lines that begin with # are no words. A list may begin with a
// byte order mark.
func ParseList(text string) ([]string, error) {
	text = strings.TrimPrefix(text, "\ufeff")
	var words []string
	number := 0
	for line := range strings.Lines(text) {
		number++
		word := strings.TrimSpace(line)
		if word == "" || word[0] == '#' {
			continue
		}
		if err := checkWord(word); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		if words = append(words, word); len(words) > MaxWords {
			return nil, errTooMany
		}
	}
	return words, nil
}

func checkWord(word string) error {
	if !utf8.ValidString(word) {
		return fmt.Errorf("word %.32q is not UTF-8: save the list as UTF-8", word)
	}
	if n := utf8.RuneCountInString(word); n > MaxWordLength {
		return fmt.Errorf("word %.32q... has %d characters: shorten it to %d", word, n, MaxWordLength)
	}
	return nil
}

// foldWord is a word as it is looked for.
func foldWord(word string) (string, error) {
	if err := checkWord(word); err != nil {
		return "", err
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
		return nil, 0, errTooMany
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
