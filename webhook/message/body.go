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
	"encoding/json"
	"fmt"
	"iter"
	"strings"
)

// Limits of what is read. A message of IM has at most 12 KB, without escapes.
const (
	// MaxBytes of a message body and its CloudCustomData together.
	MaxBytes = 64 << 10
	// MaxElements of a message, those of relayed messages included.
	MaxElements = 256
	// MaxTexts of a message.
	MaxTexts = 2048
	// MaxRelays is how many relayed messages can be inside of each other.
	MaxRelays = 4
	// MaxEmbedded is how often JSON can be the text of a string in JSON.
	MaxEmbedded = 3

	maxDepth = 32
)

// Types of elements that the package treats in their own ways.
const (
	TypeText     = "TIMTextElem"
	TypeCustom   = "TIMCustomElem"
	TypeLocation = "TIMLocationElem"
	TypeFace     = "TIMFaceElem"
	TypeFile     = "TIMFileElem"
	TypeRelay    = "TIMRelayElem"
	TypeSound    = "TIMSoundElem"
	TypeImage    = "TIMImageElem"
	TypeVideo    = "TIMVideoFileElem"
)

// Element of a message.
type Element struct {
	// Type is IM's MsgType.
	Type string
	// Content is IM's MsgContent, as it came.
	Content json.RawMessage
}

// Body is a message body that was read. It is not safe for concurrent use
// while it is rewritten, and shares memory with what it was parsed from.
type Body struct {
	raw      json.RawMessage
	text     string // of raw
	cloud    string
	elements []Element
	leaves   []leaf // in the order of the body
	inCloud  leaf

	// Most messages are one line of text: nothing more to allocate for them.
	oneElement [1]Element
	oneLeaf    [1]leaf
}

// leaf is a string that carries text.
type leaf struct {
	at     span   // of the literal, with its quotes, in the text that holds it
	value  string // decoded
	inner  []leaf // where the value is JSON: its strings
	json   bool   // the value is JSON
	index  int    // of the element in the body; -1 beside it
	field  string // of MsgContent
	relays string // path through relayed messages
}

// Parse reads a MsgBody and the CloudCustomData beside it. An absent MsgBody is
// one without elements. raw must not change while the Body is used. The error
// is ErrSyntax or ErrLimit.
func Parse(raw json.RawMessage, cloudCustomData string) (*Body, error) {
	if len(raw)+len(cloudCustomData) > MaxBytes {
		return nil, fmt.Errorf("%w: %d bytes, more than %d", ErrLimit, len(raw)+len(cloudCustomData), MaxBytes)
	}
	b := &Body{raw: raw, text: string(raw), cloud: cloudCustomData}
	b.elements, b.leaves = b.oneElement[:0], b.oneLeaf[:0]
	r := reader{body: b, scanner: scanner{text: b.text}}
	if c := r.next(); c != 0 && c != 'n' {
		if err := r.elements("", true); err != nil {
			return nil, err
		}
	} else if c == 'n' {
		if err := r.word("null"); err != nil {
			return nil, err
		}
	}
	if !r.done() {
		return nil, ErrSyntax
	}
	if cloudCustomData != "" {
		b.inCloud = leaf{value: cloudCustomData, index: -1, field: "CloudCustomData"}
		if err := r.embed(&b.inCloud, 0); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// Elements of the message, in order.
func (b *Body) Elements() []Element { return b.elements }

// CloudCustomData of the message.
func (b *Body) CloudCustomData() string { return b.cloud }

// Size of the message in bytes, CloudCustomData included.
func (b *Body) Size() int { return len(b.raw) + len(b.cloud) }

// Texts are all texts in the message: of text and custom elements (Data, Desc,
// Ext, Sound), descriptions of locations, names of files, data of faces, titles,
// abstracts and messages of relays, and CloudCustomData. Where a string of a
// custom element, of a face or CloudCustomData is JSON, the strings in it are
// the texts, decoded; its keys, numbers and brackets are not text.
func (b *Body) Texts() iter.Seq[string] {
	return func(yield func(string) bool) {
		if each(b.leaves, yield) && b.cloud != "" {
			b.inCloud.each(yield)
		}
	}
}

func each(leaves []leaf, yield func(string) bool) bool {
	for i := range leaves {
		if !leaves[i].each(yield) {
			return false
		}
	}
	return true
}

func (l *leaf) each(yield func(string) bool) bool {
	if l.json {
		return each(l.inner, yield)
	}
	return l.value == "" || yield(l.value)
}

// CustomEvent returns Data and Ext of the custom element, of which a message
// has at most one. Data is the name of the event by convention of live commerce.
func (b *Body) CustomEvent() (name, ext string, ok bool) {
	for i := range b.elements {
		if b.elements[i].Type != TypeCustom {
			continue
		}
		for j := range b.leaves {
			if l := &b.leaves[j]; l.index == i && l.relays == "" {
				switch l.field {
				case "Data":
					name = l.value
				case "Ext":
					ext = l.value
				}
			}
		}
		return name, ext, true
	}
	return "", "", false
}

// HasText reports whether somebody wrote something: a text element that is not
// blank. Strings of other elements are not counted as text of a person.
func (b *Body) HasText() bool {
	for i := range b.leaves {
		if l := &b.leaves[i]; l.relays == "" && b.elements[l.index].Type == TypeText && strings.TrimSpace(l.value) != "" {
			return true
		}
	}
	return false
}
