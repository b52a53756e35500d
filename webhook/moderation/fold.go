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
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Fold returns a text as words are looked for in it, and for each of its bytes
// the part of the text that it came from.
//
// Folding is NFKC_Casefold of Unicode: letter case, full and half width, and
// compatibility forms such as circled or mathematical letters make no
// difference, and characters without any appearance (zero-width space and
// joiners, byte order mark, soft hyphen, variation selectors, marks of
// direction) are left out. Accents that are put on top of characters and belong
// to no letter are left out as well. Bytes that are no UTF-8 become U+FFFD.
func Fold(text string) (folded string, origin []Origin) {
	out, origin := fold(make([]byte, 0, len(text)), text, make([]Origin, 0, len(text)), true)
	return string(out), origin
}

// Origin is where in the original a byte of a folded text came from: whole
// characters, with the accents that were joined with them.
type Origin struct{ Start, End int }

// maxSegment bounds the characters that are composed into one, in bytes. Longer
// runs of accents are not of any language.
const maxSegment = 64

// fold appends the folded text to out, which must be empty, and when it is
// traced the origin of each byte to origin.
func fold(out []byte, text string, origin []Origin, traced bool) ([]byte, []Origin) {
	table := foldings()
	segment, from := 0, 0 // the last character, in out and in the text
	for i := 0; i < len(text); {
		start := i
		if c := text[i]; c < utf8.RuneSelf {
			if c >= 'A' && c <= 'Z' {
				c += 'a' - 'A'
			}
			i++
			segment, from = len(out), start
			out = append(out, c)
		} else {
			r, n := utf8.DecodeRuneInString(text[i:])
			i += n
			f := table.of(r)
			switch {
			case f&ignored != 0:
				continue
			case f&joins != 0 && segment < len(out) && len(out)-segment < maxSegment:
				whole := len(out)
				var composed bool
				out, composed = compose(out, segment, table.append(nil, r, f))
				switch {
				case !traced:
				case composed: // anew
					start, origin = from, origin[:segment]
				case len(out) == whole: // dropped, and covered with what it is on
					for j := len(origin) - 1; j >= segment && origin[j].Start == origin[len(origin)-1].Start; j-- {
						origin[j].End = i
					}
				}
			case f&accent != 0: // on nothing
				continue
			default:
				segment, from = len(out), start
				out = table.append(out, r, f)
			}
		}
		if traced {
			for len(origin) < len(out) {
				origin = append(origin, Origin{start, i})
			}
		}
	}
	return out, origin
}

// compose adds a character to the last one, which begins at segment, and
// reports whether that became another one. Accents that do not become a part of
// it are dropped.
func compose(out []byte, segment int, added []byte) ([]byte, bool) {
	last := out[segment:]
	sum := norm.NFC.Bytes(append(last[:len(last):len(last)], added...))
	var kept []byte
	for i := 0; i < len(sum); {
		r, n := utf8.DecodeRune(sum[i:])
		if i == 0 || !unicode.Is(accents, r) {
			kept = append(kept, sum[i:i+n]...)
		}
		i += n
	}
	composed := !bytes.HasPrefix(kept, last)
	return append(out[:segment], kept...), composed
}
