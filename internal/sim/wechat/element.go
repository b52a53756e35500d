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

package wechat

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// xmlText writes messages in the form in which the provider pushes them: on
// one line, texts in CDATA, numbers bare.
type xmlText struct{ out strings.Builder }

func (x *xmlText) open(name string) {
	x.out.WriteByte('<')
	x.out.WriteString(name)
	x.out.WriteByte('>')
}

func (x *xmlText) end(name string) {
	x.out.WriteString("</")
	x.out.WriteString(name)
	x.out.WriteByte('>')
}

// text writes an element with a text.
func (x *xmlText) text(name, value string) {
	x.open(name)
	x.out.WriteString("<![CDATA[")
	x.out.WriteString(strings.ReplaceAll(legal(value), "]]>", "]]]]><![CDATA[>"))
	x.out.WriteString("]]>")
	x.end(name)
}

// number writes an element with a number.
func (x *xmlText) number(name, value string) {
	x.open(name)
	x.out.WriteString(value)
	x.end(name)
}

// value writes an element with a number if it is one, and a text otherwise.
func (x *xmlText) value(name, value string) {
	if value != "" && strings.Trim(value, "0123456789") == "" {
		x.number(name, value)
		return
	}
	x.text(name, value)
}

// optional writes an element with a text unless that is empty.
func (x *xmlText) optional(name, value string) {
	if value != "" {
		x.text(name, value)
	}
}

// legal replaces characters that XML cannot hold.
func legal(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r != 0xfffe && r != 0xffff:
			return r
		default:
			return utf8.RuneError
		}
	}, text)
}

// element is a part of a document that was received.
type element struct {
	name     string
	text     string
	children []*element
}

// child returns the first child of a name, or an empty element.
func (e *element) child(name string) *element {
	for _, c := range e.children {
		if c.name == name {
			return c
		}
	}
	return &element{}
}

// value is the text of a child.
func (e *element) value(name string) string { return e.child(name).text }

// has reports whether there is a child of a name.
func (e *element) has(name string) bool { return e.child(name).name != "" }

// maxDepth of elements in each other; messages need five.
const maxDepth = 16

var errDocument = errors.New("not a document with the root xml")

// parseXML reads a document whose root is named xml, with nothing behind it.
// The decoder expands no entities but the five of XML.
func parseXML(body []byte) (*element, error) {
	decoder := xml.NewDecoder(strings.NewReader(string(body)))
	var stack []*element
	var root *element
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			e := &element{name: token.Name.Local}
			switch {
			case len(stack) > 0 && len(stack) < maxDepth:
				parent := stack[len(stack)-1]
				parent.children = append(parent.children, e)
			case len(stack) == 0 && root == nil && e.name == "xml":
				root = e
			default:
				return nil, errDocument
			}
			stack = append(stack, e)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			if len(stack) > 0 {
				stack[len(stack)-1].text += string(token)
			} else if strings.TrimSpace(string(token)) != "" {
				return nil, errDocument
			}
		case xml.Directive:
			return nil, errDocument
		}
	}
	if root == nil {
		return nil, errDocument
	}
	return root, nil
}
