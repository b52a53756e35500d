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
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// root is the name of the outermost element.
const root = "xml"

// read finds the fields of a body, whose format its first character tells.
func read(body []byte) (fields, error) {
	if len(body) > MaxBytes {
		return nil, ErrSize
	}
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
	if len(body) > 0 && body[0] == '{' {
		return readJSON(body)
	}
	return readXML(body)
}

// walk is the position in a body that is read token by token, and what was found so far.
type walk struct {
	found    fields
	path     []string
	elements int
	text     strings.Builder
}

// enter goes one element down.
func (w *walk) enter(name string) error {
	w.elements++
	w.path = append(w.path, name)
	w.text.Reset()
	if w.elements > maxElements || len(w.path) > maxDepth {
		return fmt.Errorf("%w: too deep or too many elements", ErrShape)
	}
	return nil
}

// leave goes one element up. The text of an element is kept when it stands directly below the root or below a child
// of the root.
func (w *walk) leave() error {
	defer w.text.Reset()
	path := w.path
	w.path = path[:len(path)-1]
	switch len(path) {
	case 2:
		return w.found.put(path[1], w.text.String())
	case 3:
		return w.found.put(path[1]+"/"+path[2], w.text.String())
	default:
		return nil
	}
}

// readXML refuses whatever a push does not need and a parser may be made to stumble over: directives, entities of its
// own, other encodings, instructions. Text beside the root is refused as well.
func readXML(body []byte) (fields, error) {
	decoder := xml.NewDecoder(bytes.NewReader(legible(body)))
	w := walk{found: fields{}}
	for done := false; ; {
		token, err := decoder.Token()
		switch {
		case errors.Is(err, io.EOF) && done:
			return w.found, nil
		case err != nil:
			// The decoder's text may quote the body.
			return nil, ErrSyntax
		}
		switch token := token.(type) {
		case xml.StartElement:
			if len(w.path) == 0 && (done || token.Name.Local != root) {
				return nil, ErrSyntax
			}
			if err := w.enter(qualified(token.Name)); err != nil {
				return nil, err
			}
		case xml.EndElement:
			if err := w.leave(); err != nil {
				return nil, err
			}
			done = len(w.path) == 0
		case xml.CharData:
			if len(w.path) == 0 && len(bytes.TrimSpace(token)) > 0 {
				return nil, ErrSyntax
			}
			_, _ = w.text.Write(token)
		case xml.ProcInst:
			if token.Target != root || len(w.path) > 0 || done {
				return nil, ErrSyntax
			}
		case xml.Directive:
			return nil, ErrSyntax
		}
	}
}

// qualified keeps names of other name spaces apart: no field of a push is in one.
func qualified(name xml.Name) string {
	if name.Space != "" {
		return name.Space + ":" + name.Local
	}
	return name.Local
}

// legible replaces what XML cannot hold with U+FFFD: a follower's text may have control characters, and half an emoji at
// its end. A parser would refuse the message for it.
func legible(body []byte) []byte {
	clean := true
	for i := 0; i < len(body) && clean; {
		r, size := utf8.DecodeRune(body[i:])
		clean = isLegible(r) && (r != utf8.RuneError || size > 1)
		i += size
	}
	if clean {
		return body
	}
	return bytes.Map(func(r rune) rune {
		if isLegible(r) {
			return r
		}
		return utf8.RuneError
	}, body)
}

// isLegible tells the characters of XML 1.0.
func isLegible(r rune) bool {
	switch {
	case r < ' ':
		return r == '\t' || r == '\n' || r == '\r'
	default:
		return r < 0xfffe || r > 0xffff
	}
}

// readJSON reads an object. Numbers keep the text that they were sent with: an id has up to 64 bits.
func readJSON(body []byte) (fields, error) {
	// The decoder alone would take what follows a complete value.
	if !json.Valid(body) {
		return nil, ErrSyntax
	}
	w := walk{found: fields{}}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := w.value(decoder, root); err != nil {
		return nil, err
	}
	return w.found, nil
}

// value reads one value of the given name, whatever it is. The walk bounds the recursion.
func (w *walk) value(decoder *json.Decoder, name string) error {
	if err := w.enter(name); err != nil {
		return err
	}
	token, err := decoder.Token()
	if err != nil {
		return ErrSyntax
	}
	if open, nested := token.(json.Delim); nested {
		for decoder.More() {
			// The entries of a list have no names, so nothing in them is a field.
			name := ""
			if open == '{' {
				key, err := decoder.Token()
				if err != nil {
					return ErrSyntax
				}
				name, _ = key.(string)
			}
			if err := w.value(decoder, name); err != nil {
				return err
			}
		}
		if _, err := decoder.Token(); err != nil {
			return ErrSyntax
		}
	}
	switch token := token.(type) {
	case string:
		_, _ = w.text.WriteString(token)
	case json.Number:
		_, _ = w.text.WriteString(token.String())
	}
	return w.leave()
}
