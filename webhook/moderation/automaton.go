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
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// automaton finds all words of a list in one pass over a text (Aho and
// Corasick). States are the nodes of the trie of the words, numbered level by
// level, so that the children of a state follow each other: 13 bytes a state
// are enough, where tables of all transitions take a hundred times as much.
// It does not change, and is safe for concurrent use.
type automaton struct {
	root   [256]uint32 // children of the root, 0 for none
	first  []uint32    // first child of each state; its last is before the first of the next state
	label  []byte      // the byte that leads to each state
	fail   []uint32    // the state of the longest other ending that begins a word
	output []uint32    // the longest word that ends here, as its number in words plus one
	words  []ending
}

// ending is a word as a state knows it.
type ending struct {
	length uint32 // in bytes
	whole  bool   // no letter or digit may be next to it
}

// newAutomaton builds one from folded words, sorted, none of them empty or there
// twice. whole says which are found as whole words only; it must be true for the
// parts of a word that it is true for.
func newAutomaton(words []string, whole func(string) bool) *automaton {
	type group struct{ from, to, depth int } // the words that begin with a state
	a := &automaton{label: []byte{0}, fail: []uint32{0}, output: []uint32{0}}
	groups := []group{{0, len(words), 0}}
	for state := 0; state < len(groups); state++ {
		g := groups[state]
		a.first = append(a.first, uint32(len(groups)))
		if g.from < g.to && len(words[g.from]) == g.depth { // sorted: the shortest is the first
			word := words[g.from]
			a.words = append(a.words, ending{length: uint32(len(word)), whole: whole(word)})
			a.output[state] = uint32(len(a.words))
			g.from++
		}
		for from := g.from; from < g.to; {
			c, to := words[from][g.depth], from+1
			for to < g.to && words[to][g.depth] == c {
				to++
			}
			if state == 0 {
				a.root[c] = uint32(len(groups))
			}
			groups = append(groups, group{from, to, g.depth + 1})
			a.label, a.fail, a.output = append(a.label, c), append(a.fail, 0), append(a.output, 0)
			from = to
		}
	}
	a.first = append(a.first, uint32(len(groups)))
	a.link()
	a.first, a.label, a.fail = slices.Clip(a.first), slices.Clip(a.label), slices.Clip(a.fail)
	a.output, a.words = slices.Clip(a.output), slices.Clip(a.words)
	return a
}

// link finds the fail state of each state, and the word that ends where the
// state does, if the state is none itself. Level by level: what it needs is known
// before. Shorter words that end where a word does need not be known: they are
// inside of it, and where it is not alone they are not either.
func (a *automaton) link() {
	for state := range len(a.label) {
		for child := a.first[state]; child < a.first[state+1]; child++ {
			if state != 0 {
				a.fail[child] = a.step(a.fail[state], a.label[child])
			}
			if a.output[child] == 0 {
				a.output[child] = a.output[a.fail[child]]
			}
		}
	}
}

// step is the state after one more byte.
func (a *automaton) step(state uint32, c byte) uint32 {
	for state != 0 {
		from, to := a.first[state], a.first[state+1]
		if to-from == 1 {
			if a.label[from] == c {
				return from
			}
		} else if i := bytes.IndexByte(a.label[from:to], c); i >= 0 {
			return from + uint32(i)
		}
		state = a.fail[state]
	}
	return a.root[c]
}

// each calls found with every occurrence of a word, in the order in which they
// end, until found returns false. Of words that end at one place only the
// longest is told.
func (a *automaton) each(text []byte, found func(start, end int) bool) {
	state := uint32(0)
	for i, c := range text {
		if state == 0 {
			state = a.root[c]
		} else {
			state = a.step(state, c)
		}
		number := a.output[state]
		if number == 0 {
			continue
		}
		word := a.words[number-1]
		start, end := i+1-int(word.length), i+1
		if (!word.whole || alone(text, start, end)) && !found(start, end) {
			return
		}
	}
}

// contains reports whether a text has any of the words.
func (a *automaton) contains(text []byte) bool {
	has := false
	a.each(text, func(int, int) bool {
		has = true
		return false
	})
	return has
}

// size is the memory that the automaton takes, in bytes.
func (a *automaton) size() int {
	return 4*(len(a.root)+len(a.first)+len(a.fail)+len(a.output)) + len(a.label) + 8*len(a.words)
}

// alone reports whether no letter or digit of an alphabet is next to a part of
// a text. Han characters, kana and Hangul are written without spaces and do not
// make a word part of another one.
func alone(text []byte, start, end int) bool {
	before, _ := utf8.DecodeLastRune(text[:start])
	after, _ := utf8.DecodeRune(text[end:])
	return !alphabetic(before) && !alphabetic(after)
}

func alphabetic(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= 'a' && r <= 'z' || r >= '0' && r <= '9'
	}
	return unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Nd)
}

// latin reports whether a folded word has Latin letters and digits only.
func latin(word string) bool {
	return strings.IndexFunc(word, func(r rune) bool { return !unicode.In(r, unicode.Latin, unicode.Nd) }) < 0
}
