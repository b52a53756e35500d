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
	"fmt"
	"strconv"
)

// carrier says how a field of MsgContent carries text.
type carrier uint8

const (
	nothing  carrier = iota
	plain            // a text
	embedded         // a text that can be JSON
	list             // a list of texts
	messages         // a list of messages
)

// carries says how a field carries text. Elements of a type that is not known
// can carry text in any field that is one of text elsewhere.
func carries(kind, field string) carrier {
	switch kind {
	case TypeText:
		if field == "Text" {
			return plain
		}
		return nothing
	case TypeCustom, TypeFace:
		switch field {
		case "Data", "Desc", "Ext", "Sound":
			return embedded
		}
		return nothing
	case TypeLocation:
		if field == "Desc" {
			return plain
		}
		return nothing
	case TypeFile:
		if field == "FileName" {
			return plain
		}
		return nothing
	}
	switch field {
	case "Title", "CompatibleText":
		return plain
	case "AbstractList":
		return list
	case "MsgList":
		return messages
	case "Text", "FileName":
		if kind != TypeRelay {
			return plain
		}
	case "Data", "Desc", "Ext", "Sound":
		if kind != TypeRelay {
			return embedded
		}
	}
	return nothing
}

// silent reports whether elements of a type carry no text at all.
func silent(kind string) bool { return kind == TypeSound || kind == TypeImage || kind == TypeVideo }

// known returns a type as a constant, so that it does not keep the body alive.
func known(kind string) string {
	for _, constant := range [...]string{TypeText, TypeCustom, TypeImage, TypeFace, TypeRelay, TypeFile, TypeLocation, TypeSound, TypeVideo} {
		if kind == constant {
			return constant
		}
	}
	return kind
}

// reader collects the leaves of a body.
type reader struct {
	scanner
	body   *Body
	count  int // elements so far
	texts  int // texts so far
	relays int // relayed messages around the current one
}

// elements reads an array of elements. relayed is the path to it.
func (r *reader) elements(relayed string, outermost bool) error {
	return r.array(func(index int) error {
		if r.count++; r.count > MaxElements {
			return fmt.Errorf("%w: more than %d elements", ErrLimit, MaxElements)
		}
		return r.element(index, relayed, outermost)
	})
}

// element reads one element. MsgContent can come before MsgType, so it is read
// when both are known. Of an element with two types, which nobody should write,
// everything that could be text is text.
func (r *reader) element(index int, relayed string, outermost bool) error {
	var (
		kind     string
		kinds    int
		first    span
		contents []span
	)
	err := r.object(func(key string) error {
		start := r.begin()
		switch key {
		case "MsgType":
			if r.next() != '"' {
				return ErrSyntax
			}
			at, escaped, err := r.literal()
			if err != nil {
				return err
			}
			kind = known(decode(r.text[at.start:at.end], escaped))
			kinds++
			return nil
		case "MsgContent":
			if err := r.value(); err != nil {
				return err
			}
			if first.end == 0 {
				first = span{start, r.at}
			} else {
				contents = append(contents, span{start, r.at})
			}
			return nil
		}
		return r.value()
	})
	if err != nil {
		return err
	}
	if outermost {
		content := first
		if len(contents) > 0 {
			content = contents[len(contents)-1]
		}
		r.body.elements = append(r.body.elements, Element{Type: kind, Content: r.body.raw[content.start:content.end:content.end]})
	}
	if kinds != 1 {
		kind = ""
	}
	after := r.at
	if first.end != 0 {
		if err := r.content(first, kind, index, relayed); err != nil {
			return err
		}
	}
	for _, content := range contents {
		if err := r.content(content, kind, index, relayed); err != nil {
			return err
		}
	}
	r.at = after
	return nil
}

// begin is where the next value begins.
func (r *reader) begin() int {
	r.space()
	return r.at
}

// content reads a MsgContent that is known to be valid JSON.
func (r *reader) content(at span, kind string, index int, relayed string) error {
	if silent(kind) {
		return nil
	}
	r.at = at.start
	if r.next() != '{' {
		return nil
	}
	return r.object(func(field string) error {
		l := leaf{index: index, field: field, relays: relayed}
		switch carries(kind, field) {
		case plain:
			return r.leafOf(l, false)
		case embedded:
			return r.leafOf(l, true)
		case list:
			if r.next() == '[' {
				return r.array(func(int) error { return r.leafOf(l, false) })
			}
		case messages:
			if r.next() == '[' {
				return r.messages(l)
			}
		case nothing:
		}
		return r.value()
	})
}

// leafOf reads a string that carries text. Anything else carries none.
func (r *reader) leafOf(l leaf, canEmbed bool) error {
	if r.next() != '"' {
		return r.value()
	}
	at, escaped, err := r.literal()
	if err != nil {
		return err
	}
	l.at, l.value = at, decode(r.text[at.start:at.end], escaped)
	if canEmbed {
		if err := r.embed(&l, 0); err != nil {
			return err
		}
	} else if err := r.counted(); err != nil {
		return err
	}
	r.body.leaves = append(r.body.leaves, l)
	return nil
}

func (r *reader) counted() error {
	if r.texts++; r.texts > MaxTexts {
		return fmt.Errorf("%w: more than %d texts", ErrLimit, MaxTexts)
	}
	return nil
}

// messages reads the messages of a relay: each has a MsgBody and may have
// CloudCustomData.
func (r *reader) messages(relay leaf) error {
	if r.relays++; r.relays > MaxRelays {
		return fmt.Errorf("%w: relayed more than %d times", ErrLimit, MaxRelays)
	}
	defer func() { r.relays-- }()
	return r.array(func(i int) error {
		if r.next() != '{' {
			return r.value()
		}
		path := relay.relays + "[" + strconv.Itoa(relay.index) + "].MsgContent.MsgList[" + strconv.Itoa(i) + "].MsgBody"
		return r.object(func(key string) error {
			switch {
			case key == "MsgBody" && r.next() == '[':
				return r.elements(path, false)
			case key == "CloudCustomData":
				return r.leafOf(leaf{index: -1, field: key, relays: path}, true)
			}
			return r.value()
		})
	})
}

// embed looks for JSON in the value of a leaf. Text that only looks like JSON is
// text, and so is JSON beyond the limits: anybody can write it, and must not keep
// the rest of the message from being examined with it.
func (r *reader) embed(l *leaf, level int) error {
	if level < MaxEmbedded && couldBeJSON(l.value) {
		texts := r.texts
		in := scanner{text: l.value}
		inner, err := r.strings(&in, nil, l, level+1)
		switch {
		case err == nil && in.done():
			l.inner, l.json = inner, true
			return nil
		case err != nil && !errors.Is(err, ErrSyntax) && !errors.Is(err, ErrLimit):
			return err
		}
		r.texts = texts
	}
	return r.counted()
}

// couldBeJSON tells most other texts apart without a parser.
func couldBeJSON(text string) bool {
	s := scanner{text: text}
	c := s.next()
	return c == '{' || c == '[' || c == '"'
}

// strings collects the strings of a value, keys of objects not included.
func (r *reader) strings(in *scanner, leaves []leaf, outer *leaf, level int) ([]leaf, error) {
	var err error
	switch in.next() {
	case '{':
		err = in.object(func(string) (err error) {
			leaves, err = r.strings(in, leaves, outer, level)
			return err
		})
	case '[':
		err = in.array(func(int) (err error) {
			leaves, err = r.strings(in, leaves, outer, level)
			return err
		})
	case '"':
		at, escaped, literalErr := in.literal()
		if literalErr != nil {
			return nil, literalErr
		}
		l := leaf{at: at, value: decode(in.text[at.start:at.end], escaped), index: outer.index, field: outer.field, relays: outer.relays}
		if err := r.embed(&l, level); err != nil {
			return nil, err
		}
		leaves = append(leaves, l)
	default:
		err = in.value()
	}
	return leaves, err
}
