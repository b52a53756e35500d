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
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// folding says what becomes of a character: zero for no change, otherwise flags
// and a character, or the number of an expansion.
type folding uint32

const (
	joins   folding = 1 << (21 + iota) // can become a part of the character before
	accent                             // joins, and is dropped where it does not
	ignored                            // is left out
	expands                            // the lower bits number an expansion
	value   folding = 1<<21 - 1
)

// foldTable holds the foldings in pages of 256 characters; most pages are
// missing, since most characters stay as they are.
type foldTable struct {
	pages      [(unicode.MaxRune + 1) >> 8]*[256]folding
	expansions []string
}

// of returns the folding of a character.
func (t *foldTable) of(r rune) folding {
	if page := t.pages[r>>8]; page != nil {
		return page[r&255]
	}
	return 0
}

// append appends a folded character.
func (t *foldTable) append(out []byte, r rune, f folding) []byte {
	switch {
	case f == 0:
		return utf8.AppendRune(out, r)
	case f&expands != 0:
		return append(out, t.expansions[f&value]...)
	}
	return utf8.AppendRune(out, rune(f&value))
}

func (t *foldTable) set(r rune, f folding) {
	page := &t.pages[r>>8]
	if *page == nil {
		*page = new([256]folding)
	}
	(*page)[r&255] = f
}

// invisible are the default-ignorable code points of Unicode.
var invisible = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x00ad, 0x00ad, 1}, {0x034f, 0x034f, 1}, {0x061c, 0x061c, 1}, {0x115f, 0x1160, 1}, {0x17b4, 0x17b5, 1},
		{0x180b, 0x180f, 1}, {0x200b, 0x200f, 1}, {0x202a, 0x202e, 1}, {0x2060, 0x206f, 1}, {0x3164, 0x3164, 1},
		{0xfe00, 0xfe0f, 1}, {0xfeff, 0xfeff, 1}, {0xffa0, 0xffa0, 1}, {0xfff0, 0xfff8, 1},
	},
	R32: []unicode.Range32{{0x1bca0, 0x1bca3, 1}, {0x1d173, 0x1d17a, 1}, {0xe0000, 0xe0fff, 1}},
}

// accents are the blocks of combining marks that go with any letter or symbol.
var accents = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x0300, 0x036f, 1}, {0x1ab0, 0x1aff, 1}, {0x1dc0, 0x1dff, 1}, {0x20d0, 0x20ff, 1}, {0xfe20, 0xfe2f, 1},
	},
}

// folded are the ranges in which characters are folded. Between them are Han
// characters, syllables of Hangul and private use, which stay as they are.
var folded = []struct{ from, to rune }{
	{0x80, 0x33ff}, {0xa000, 0xabff}, {0xd7b0, 0xd7ff}, {0xf900, 0xffff}, {0x10000, 0x1ffff}, {0x2f800, 0x2fa1f}, {0xe0000, 0xe0fff},
}

// foldings is the table, made from the tables of Unicode when it is needed
// first, which takes some tens of milliseconds.
var foldings = sync.OnceValue(func() *foldTable {
	t, fold := &foldTable{}, cases.Fold()
	for _, within := range folded {
		for r := within.from; r <= within.to; r++ {
			switch {
			case unicode.Is(invisible, r):
				t.set(r, ignored)
			case unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z):
				if f := t.fold(r, fold); f != 0 {
					t.set(r, f)
				}
			}
		}
	}
	return t
})

// fold works out the folding of one character, as UAX 44 defines NFKC_Casefold.
func (t *foldTable) fold(r rune, fold cases.Caser) folding {
	original := string(r)
	text := norm.NFKC.String(fold.String(norm.NFKC.String(fold.String(norm.NFD.String(original)))))
	visible := make([]rune, 0, 4)
	for i, c := range text {
		if !unicode.Is(invisible, c) && (i == 0 || !unicode.Is(accents, c)) {
			visible = append(visible, c)
		}
	}
	if len(visible) == 0 {
		return ignored
	}
	var flags folding
	if !norm.NFC.PropertiesString(string(visible)).BoundaryBefore() {
		flags = joins
	}
	if unicode.Is(accents, r) {
		flags |= joins | accent
	}
	switch {
	case len(visible) > 1:
		t.expansions = append(t.expansions, string(visible))
		return flags | expands | folding(len(t.expansions)-1)
	case visible[0] == r && flags == 0:
		return 0
	}
	return flags | folding(visible[0])
}
