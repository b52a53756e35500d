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

package message

import (
	"errors"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// ErrSyntax is the outcome of a body that is not the JSON it should be.
var ErrSyntax = errors.New("not the JSON of a message")

// ErrLimit is the outcome of a body beyond the limits of this package.
var ErrLimit = errors.New("beyond the limits of a message")

// scanner walks over JSON and knows where everything is. It takes exactly what
// encoding/json takes, down to maxDepth levels.
type scanner struct {
	text  string
	at    int
	depth int
}

// span is a part of the scanned text.
type span struct{ start, end int }

// space skips white space.
func (s *scanner) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return
		}
	}
}

// next skips white space and returns the byte after it; 0 at the end.
func (s *scanner) next() byte {
	s.space()
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

// done reports whether nothing but white space is left.
func (s *scanner) done() bool {
	s.space()
	return s.at == len(s.text)
}

// value skips a value.
func (s *scanner) value() error {
	switch c := s.next(); {
	case c == '{':
		return s.object(func(string) error { return s.value() })
	case c == '[':
		return s.array(func(int) error { return s.value() })
	case c == '"':
		_, _, err := s.literal()
		return err
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	case c == 't':
		return s.word("true")
	case c == 'f':
		return s.word("false")
	case c == 'n':
		return s.word("null")
	}
	return ErrSyntax
}

// object walks over the members of an object. member must consume the value.
func (s *scanner) object(member func(key string) error) error {
	if err := s.enter('{'); err != nil {
		return err
	}
	if s.next() == '}' {
		return s.leave()
	}
	for {
		if s.next() != '"' {
			return ErrSyntax
		}
		at, escaped, err := s.literal()
		if err != nil {
			return err
		}
		if s.next() != ':' {
			return ErrSyntax
		}
		s.at++
		if err := member(decode(s.text[at.start:at.end], escaped)); err != nil {
			return err
		}
		switch s.next() {
		case ',':
			s.at++
		case '}':
			return s.leave()
		default:
			return ErrSyntax
		}
	}
}

// array walks over the items of an array. item must consume the value.
func (s *scanner) array(item func(index int) error) error {
	if err := s.enter('['); err != nil {
		return err
	}
	if s.next() == ']' {
		return s.leave()
	}
	for i := 0; ; i++ {
		if err := item(i); err != nil {
			return err
		}
		switch s.next() {
		case ',':
			s.at++
		case ']':
			return s.leave()
		default:
			return ErrSyntax
		}
	}
}

// enter takes an opening bracket.
func (s *scanner) enter(open byte) error {
	if s.next() != open {
		return ErrSyntax
	}
	if s.depth++; s.depth > maxDepth {
		return ErrLimit
	}
	s.at++
	return nil
}

// leave takes the closing bracket that next has seen.
func (s *scanner) leave() error {
	s.depth--
	s.at++
	return nil
}

// word takes a literal name.
func (s *scanner) word(word string) error {
	if !strings.HasPrefix(s.text[s.at:], word) {
		return ErrSyntax
	}
	s.at += len(word)
	return nil
}

// number takes a number.
func (s *scanner) number() error {
	digits := func() bool {
		from := s.at
		for s.at < len(s.text) && s.text[s.at] >= '0' && s.text[s.at] <= '9' {
			s.at++
		}
		return s.at > from
	}
	take := func(one string) bool {
		if s.at < len(s.text) && strings.IndexByte(one, s.text[s.at]) >= 0 {
			s.at++
			return true
		}
		return false
	}
	take("-")
	if !take("0") && !digits() {
		return ErrSyntax
	}
	if take(".") && !digits() {
		return ErrSyntax
	}
	if take("eE") {
		take("+-")
		if !digits() {
			return ErrSyntax
		}
	}
	return nil
}

// literal takes a string and returns where it is, with its quotes, and whether
// it holds escapes.
func (s *scanner) literal() (at span, escaped bool, err error) {
	at.start = s.at
	for i := s.at + 1; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == '"':
			s.at = i + 1
			at.end = s.at
			return at, escaped, nil
		case c < ' ':
			return at, false, ErrSyntax
		case c == '\\':
			escaped = true
			if i++; i >= len(s.text) {
				return at, false, ErrSyntax
			}
			switch s.text[i] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				if _, ok := hex4(s.text[i+1:]); !ok {
					return at, false, ErrSyntax
				}
				i += 4
			default:
				return at, false, ErrSyntax
			}
		}
	}
	return at, false, ErrSyntax
}

// hex4 reads the four digits of an escape such as \u4e2d.
func hex4(text string) (rune, bool) {
	if len(text) < 4 {
		return 0, false
	}
	var r rune
	for i := range 4 {
		c := text[i]
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// decode returns the text of a valid literal. Bytes that are no UTF-8 stay as
// they are; a lone half of a surrogate pair becomes U+FFFD.
func decode(literal string, escaped bool) string {
	inner := literal[1 : len(literal)-1]
	if !escaped {
		return inner
	}
	text := make([]byte, 0, len(inner))
	for i := 0; i < len(inner); i++ {
		if inner[i] != '\\' {
			text = append(text, inner[i])
			continue
		}
		i++
		switch c := inner[i]; c {
		case 'b':
			text = append(text, '\b')
		case 'f':
			text = append(text, '\f')
		case 'n':
			text = append(text, '\n')
		case 'r':
			text = append(text, '\r')
		case 't':
			text = append(text, '\t')
		case 'u':
			r, _ := hex4(inner[i+1:])
			i += 4
			if utf16.IsSurrogate(r) {
				r = second(r, inner[i+1:], &i)
			}
			text = utf8.AppendRune(text, r)
		default: // " \ /
			text = append(text, c)
		}
	}
	return string(text)
}

// second reads the other half of a surrogate pair, if it follows.
func second(first rune, rest string, at *int) rune {
	if strings.HasPrefix(rest, `\u`) {
		if half, ok := hex4(rest[2:]); ok {
			if r := utf16.DecodeRune(first, half); r != utf8.RuneError {
				*at += 6
				return r
			}
		}
	}
	return utf8.RuneError
}

// quote appends a text as a JSON string.
func quote(out []byte, text string) []byte {
	const digits = "0123456789abcdef"
	out = append(out, '"')
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			switch {
			case c == '"' || c == '\\':
				out = append(out, '\\', c)
			case c == '\n':
				out = append(out, '\\', 'n')
			case c == '\r':
				out = append(out, '\\', 'r')
			case c == '\t':
				out = append(out, '\\', 't')
			case c < ' ':
				out = append(out, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
			default:
				out = append(out, c)
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		out = utf8.AppendRune(out, r) // U+FFFD for bytes that are no UTF-8
		i += n
	}
	return append(out, '"')
}
