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

package im

import (
	"regexp"
	"slices"
	"strings"
)

// Bounds of the local keyword filter.
const (
	maxKeywords        = 10_000
	maxKeywordsPerCall = 10
	maxKeywordBytes    = 512
	maxListedKeywords  = 100
)

// Kinds of keywords and what is done with a match.
const (
	keywordWord    = 1
	keywordRegex   = 2
	filterReplace  = 1
	filterBlock    = 2
	defaultReplace = "***"
)

// keyword is one entry of the local keyword filter.
type keyword struct {
	id       int64
	text     string
	kind     int64
	filter   int64
	replaced string
	updated  int64
	pattern  *regexp.Regexp // of kind keywordRegex
}

// keywordStore holds the application's local keywords in order of arrival.
type keywordStore struct {
	lastID int64
	words  []*keyword
}

func newKeywordStore() *keywordStore { return &keywordStore{} }

func (k *keywordStore) find(text string) int {
	return slices.IndexFunc(k.words, func(word *keyword) bool { return word.text == text })
}

// put adds a keyword or replaces the one of the same text.
func (k *keywordStore) put(word *keyword) {
	if i := k.find(word.text); i >= 0 {
		word.id = k.words[i].id
		k.words[i] = word
		return
	}
	k.lastID++
	word.id = k.lastID
	k.words = append(k.words, word)
}

func (word *keyword) matches(text string) bool {
	if word.pattern != nil {
		return word.pattern.MatchString(text)
	}
	return strings.Contains(text, word.text)
}

// apply filters the texts of a message. It reports whether the message may
// pass.
func (k *keywordStore) apply(message *messageBody) bool {
	if len(k.words) == 0 {
		return true
	}
	passes := true
	message.texts(func(text string) string {
		for _, word := range k.words {
			switch {
			case !word.matches(text):
			case word.filter == filterBlock:
				passes = false
			case word.pattern != nil:
				text = word.pattern.ReplaceAllLiteralString(text, word.replaced)
			default:
				text = strings.ReplaceAll(text, word.text, word.replaced)
			}
		}
		return text
	})
	return passes
}

// checkAuditApp checks SdkAppId of a keyword call.
func (s *Simulator) checkAuditApp(c *call) {
	if app, present := c.integer(1, forever, "SdkAppId"); !present || app != s.options.SDKAppID {
		c.fail(codeGroupParameter, "SdkAppId must be %d", s.options.SDKAppID)
	}
}

func (s *Simulator) addLocalAuditKeywords(c *call) (answer, error) {
	s.checkAuditApp(c)
	items := c.requiredObjects(maxKeywordsPerCall, codeGroupParameter, "LocalAuditWords")
	words := make([]*keyword, 0, len(items))
	for _, item := range items {
		word := &keyword{text: item.requiredText("Keyword"), kind: keywordWord, filter: filterReplace, replaced: defaultReplace, updated: c.unix()}
		if kind, present := item.integer(keywordWord, keywordRegex, "WordType"); present {
			word.kind = kind
		}
		if filter, present := item.integer(filterReplace, filterBlock, "FilterType"); present {
			word.filter = filter
		}
		if replaced, present := item.text("ReplacedContent"); present {
			word.replaced = replaced
		}
		if len(word.text) > maxKeywordBytes || len(word.replaced) > maxKeywordBytes {
			c.fail(codeGroupParameter, "Keyword and ReplacedContent have at most %d bytes", maxKeywordBytes)
		}
		if word.kind == keywordRegex {
			pattern, err := regexp.Compile(word.text)
			if err != nil {
				c.fail(codeGroupParameter, "Keyword is not a regular expression")
			}
			word.pattern = pattern
		}
		words = append(words, word)
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	if len(s.audit.words)+len(words) > maxKeywords {
		return nil, refuse(codeGroupParameter, "an app has at most %d keywords", maxKeywords)
	}
	for _, word := range words {
		s.audit.put(word)
	}
	return nil, nil
}

// deleteLocalAuditKeywords succeeds for keywords that do not exist.
func (s *Simulator) deleteLocalAuditKeywords(c *call) (answer, error) {
	s.checkAuditApp(c)
	var texts []string
	for _, item := range c.requiredObjects(maxKeywordsPerCall, codeGroupParameter, "LocalAuditWords") {
		texts = append(texts, item.requiredText("Keyword"))
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	s.audit.words = slices.DeleteFunc(s.audit.words, func(word *keyword) bool { return slices.Contains(texts, word.text) })
	return nil, nil
}

func (s *Simulator) getLocalAuditKeywords(c *call) (answer, error) {
	s.checkAuditApp(c)
	filter, filtered := c.integer(0, filterBlock, "FilterType")
	limit, limited := c.integer(1, maxListedKeywords, "Limit")
	if !limited {
		limit = maxListedKeywords
	}
	offset, _ := c.integer(0, forever, "Offset")
	part, _ := c.text("Keyword")
	if err := c.err(); err != nil {
		return nil, err
	}
	listed := []answer{}
	total, totalPatterns, listedPatterns := 0, 0, 0
	for _, word := range s.audit.words {
		if (filtered && filter != 0 && word.filter != filter) || !strings.Contains(word.text, part) {
			continue
		}
		total++
		if word.kind == keywordRegex {
			totalPatterns++
		}
		if int64(total) <= offset || int64(len(listed)) >= limit {
			continue
		}
		if word.kind == keywordRegex {
			listedPatterns++
		}
		listed = append(listed, answer{
			"Id": word.id, "Keyword": word.text, "WordType": word.kind, "FilterType": word.filter,
			"ReplacedContent": word.replaced, "UpdateTime": word.updated,
		})
	}
	return answer{
		"LocalAuditWords": listed, "TotalCount": total, "TotalRegCount": totalPatterns,
		"CurCount": len(listed), "CurRegCount": listedPatterns,
	}, nil
}
