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

package push

import (
	"unicode"
	"unicode/utf8"
)

// maxClusterBytes is how far a cut moves back to keep together what is read as one character. More than the longest
// emoji has, and a bound for texts that pile up marks without end.
const maxClusterBytes = 128

// TrimText cuts a text to at most limit bytes, without cutting through a character as it is read: an emoji made of several
// ones, a flag, a letter with its accents, a syllable of Hangul, a line break of two characters. A text that fits is
// returned as it is.
func TrimText(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	if limit <= 0 {
		return ""
	}
	// The last beginning of a rune that fits, which is what is cut at when the cluster is too long.
	rough := limit
	for rough > 0 && !utf8.RuneStart(text[rough]) && limit-rough < utf8.UTFMax {
		rough--
	}
	for at := rough; at > 0 && rough-at <= maxClusterBytes; {
		if mayCut(text, at) {
			return text[:at]
		}
		_, size := utf8.DecodeLastRuneInString(text[:at])
		at -= size
	}
	return text[:rough]
}

// mayCut reports whether the runes beside a position are parts of different characters: the rules of Unicode's text
// segmentation (UAX 29) for what occurs in chats.
func mayCut(text string, at int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:at])
	after, _ := utf8.DecodeRuneInString(text[at:])
	switch {
	case before == '\r' && after == '\n':
		return false
	case before == '\r' || before == '\n' || after == '\r' || after == '\n':
		return true
	case extends(after):
		return false
	case before == joiner:
		// Only what is joined to an emoji matters, but a joiner at the end of a text would show as nothing anyway.
		return false
	case isHangul(before) && isHangul(after):
		return !conjoins(before, after)
	case isRegional(before) && isRegional(after):
		// A flag is two of them: in a row, only every second place is between flags.
		return regionalBefore(text[:at])%2 == 0
	default:
		return true
	}
}

const joiner = '\u200d'

// extends tells the runes that change the one before: marks, joiners, variation selectors, the tones of skin and the
// tags of regional flags.
func extends(r rune) bool {
	return r == joiner || unicode.In(r, unicode.Mn, unicode.Me, unicode.Mc) ||
		r >= 0x1f3fb && r <= 0x1f3ff || r >= 0xe0020 && r <= 0xe007f
}

func isRegional(r rune) bool { return r >= 0x1f1e6 && r <= 0x1f1ff }

// regionalBefore counts the regional indicators at the end of a text.
func regionalBefore(text string) int {
	for n := 0; ; n++ {
		r, size := utf8.DecodeLastRuneInString(text)
		if !isRegional(r) {
			return n
		}
		text = text[:len(text)-size]
	}
}

// The blocks of Hangul: leading consonants, vowels and trailing consonants on their own, and whole syllables.
const (
	leadingFirst, leadingLast   = 0x1100, 0x115f
	vowelFirst, vowelLast       = 0x1160, 0x11a7
	trailingFirst, trailingLast = 0x11a8, 0x11ff
	syllableFirst, syllableLast = 0xac00, 0xd7a3
	trailingForms               = 28
)

func isHangul(r rune) bool {
	return r >= leadingFirst && r <= trailingLast || r >= syllableFirst && r <= syllableLast
}

// conjoins reports whether two runes of Hangul are parts of one syllable.
func conjoins(before, after rune) bool {
	syllable := before >= syllableFirst
	open := syllable && (before-syllableFirst)%trailingForms == 0
	switch {
	case before <= leadingLast:
		return after <= vowelLast || after >= syllableFirst
	case open, !syllable && before <= vowelLast:
		return after >= vowelFirst && after <= trailingLast
	default:
		return after >= trailingFirst && after <= trailingLast
	}
}
