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
	"context"
	"maps"
	"slices"
	"strings"
)

const (
	// keywordPage is how many keywords are asked for at a time, the documented limit.
	keywordPage = 100
	// keywordPages bounds one listing of keywords of one filter.
	keywordPages = 300
)

// KeywordKind says how the text of a keyword is read.
type KeywordKind int

// The kinds of keywords.
const (
	KeywordWord  KeywordKind = 1
	KeywordRegex KeywordKind = 2
)

// KeywordFilter says what becomes of a message with the keyword.
type KeywordFilter int

// What becomes of a message.
const (
	// KeywordReplace delivers it with the replacement in the place of the keyword.
	KeywordReplace KeywordFilter = 1
	// KeywordBlock refuses it.
	KeywordBlock KeywordFilter = 2
)

// Keyword is an entry of the application's local keyword filter, which holds for all of its messages.
type Keyword struct {
	Text string
	// Kind 0 means KeywordWord.
	Kind   KeywordKind
	Filter KeywordFilter
	// Replacement is for KeywordReplace; the empty one takes the keyword out.
	Replacement string
}

// LocalKeywords lists the local keyword filter, at most 30,000 entries of each filter, sorted by text. It is read in
// pages of 100, so an entry that is added or removed by others meanwhile may be missed.
func (c *Client) LocalKeywords(ctx context.Context) ([]Keyword, error) {
	found := map[string]Keyword{}
	// Whether the filter may be left out is not documented; a provider that ignores it answers the same twice.
	for _, filter := range []KeywordFilter{KeywordReplace, KeywordBlock} {
		if err := c.listKeywords(ctx, filter, found); err != nil {
			return nil, err
		}
	}
	return slices.SortedFunc(maps.Values(found), func(a, b Keyword) int { return strings.Compare(a.Text, b.Text) }), nil
}

func (c *Client) listKeywords(ctx context.Context, filter KeywordFilter, found map[string]Keyword) error {
	question := wireListKeywords{SDKAppID: c.keys.sdkAppID, FilterType: int(filter), Limit: keywordPage}
	for range keywordPages {
		var answer wireKeywords
		if err := ask(ctx, c.calls, getLocalAuditKeywords, question, &answer); err != nil {
			return err
		}
		for _, word := range answer.LocalAuditWords {
			if word.Keyword != "" {
				found[string(word.Keyword)] = word.keyword(filter)
			}
		}
		next, more := answer.next(question)
		if !more {
			return nil
		}
		question = next
	}
	return &Error{
		Class: Unavailable, Command: getLocalAuditKeywords.name, Info: "the list of keywords does not come to an end",
	}
}

// AddLocalKeywords adds entries to the local keyword filter. Large lists are sent in parts of 10, so after an error some
// may be there. What adding an entry that exists does is not documented: delete it first. A part whose outcome is not
// known is not repeated (UnknownOutcome): read the list then.
func (c *Client) AddLocalKeywords(ctx context.Context, keywords []Keyword) error {
	for i, keyword := range keywords {
		if keyword.Filter != KeywordReplace && keyword.Filter != KeywordBlock {
			return invalidArgument(addLocalAuditKeywords, "keyword %d has no filter", i)
		}
	}
	return c.changeKeywords(ctx, addLocalAuditKeywords, keywords)
}

// DeleteLocalKeywords takes entries out of the local keyword filter; only their texts and kinds count. Large lists are
// sent in parts of 10, so after an error some may be gone. What deleting an entry that is gone does is not documented. A
// part whose outcome is not known is not repeated (UnknownOutcome): read the list then.
func (c *Client) DeleteLocalKeywords(ctx context.Context, keywords []Keyword) error {
	return c.changeKeywords(ctx, deleteLocalAuditKeywords, keywords)
}

func (c *Client) changeKeywords(ctx context.Context, cmd *command, keywords []Keyword) error {
	for i, keyword := range keywords {
		if keyword.Text == "" {
			return invalidArgument(cmd, "keyword %d has no text", i)
		}
	}
	for part := range slices.Chunk(keywords, cmd.maxItems) {
		question := wireChangeKeywords{SDKAppID: c.keys.sdkAppID, LocalAuditWords: make([]wireKeyword, len(part))}
		for i, keyword := range part {
			question.LocalAuditWords[i] = keyword.wire()
		}
		if err := ask(ctx, c.calls, cmd, question, nil); err != nil {
			return err
		}
	}
	return nil
}

type wireListKeywords struct {
	SDKAppID   int64 `json:"SdkAppId"`
	FilterType int   `json:"FilterType"`
	Offset     int   `json:"Offset"`
	Limit      int   `json:"Limit"`
}

type wireChangeKeywords struct {
	SDKAppID        int64         `json:"SdkAppId"`
	LocalAuditWords []wireKeyword `json:"LocalAuditWords"`
}

type wireKeyword struct {
	Keyword         string  `json:"Keyword"`
	WordType        int     `json:"WordType"`
	FilterType      int     `json:"FilterType,omitempty"`
	ReplacedContent *string `json:"ReplacedContent,omitempty"`
}

func (k Keyword) wire() wireKeyword {
	word := wireKeyword{Keyword: k.Text, WordType: int(k.Kind), FilterType: int(k.Filter)}
	if word.WordType == 0 {
		word.WordType = int(KeywordWord)
	}
	if k.Filter == KeywordReplace {
		word.ReplacedContent = &k.Replacement // the empty one takes the keyword out
	}
	return word
}

type wireKeywords struct {
	LocalAuditWords []wireListedKeyword `json:"LocalAuditWords"`
	TotalCount      number              `json:"TotalCount"`
}

type wireListedKeyword struct {
	Keyword         text   `json:"Keyword"`
	WordType        number `json:"WordType"`
	FilterType      number `json:"FilterType"`
	ReplacedContent text   `json:"ReplacedContent"`
}

// keyword is the entry; an entry that does not tell its filter has the one that was asked for.
func (w wireListedKeyword) keyword(asked KeywordFilter) Keyword {
	keyword := Keyword{Text: string(w.Keyword), Kind: KeywordKind(w.WordType), Filter: KeywordFilter(w.FilterType)}
	if keyword.Kind == 0 {
		keyword.Kind = KeywordWord
	}
	if keyword.Filter == 0 {
		keyword.Filter = asked
	}
	if keyword.Filter == KeywordReplace {
		keyword.Replacement = string(w.ReplacedContent)
	}
	return keyword
}

// next is the question for the page after this one, if there can be one. The page may be smaller than what was asked
// for, and the total may count what the filter leaves out, so an empty page ends the list in any case.
func (w *wireKeywords) next(question wireListKeywords) (wireListKeywords, bool) {
	n := len(w.LocalAuditWords)
	if n == 0 || n < question.Limit && question.Offset+n >= int(w.TotalCount) {
		return question, false
	}
	question.Offset += n
	return question, true
}
