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
	"bytes"
	"html"
	"strconv"
	"strings"
)

// literalEscapes returns JSON in which the escapes by number (\u4f60, \u003c)
// stand for themselves, as some clients show them, and whether there are any.
// Those of control characters count, too: a sender has to leave them out.
func literalEscapes(body []byte) ([]byte, bool) {
	if !bytes.Contains(body, []byte(`\u`)) {
		return nil, false
	}
	literal, found := make([]byte, 0, len(body)+16), false
	for i := 0; i < len(body); i++ {
		if body[i] != '\\' || i+1 == len(body) {
			literal = append(literal, body[i])
			continue
		}
		if body[i+1] == 'u' {
			literal, found = append(literal, '\\'), true
		}
		// The escaped character is copied with its backslash, so that a second
		// backslash begins no escape.
		literal = append(literal, body[i], body[i+1])
		i++
	}
	return literal, found
}

// hasEntities reports whether a text holds what an HTML encoder makes of <, >,
// & and quotes.
func hasEntities(text string) bool {
	for rest := text; ; {
		_, after, found := strings.Cut(rest, "&")
		if !found {
			return false
		}
		name, _, ended := strings.Cut(after, ";")
		if ended && isEntity(name) {
			return true
		}
		rest = after
	}
}

func isEntity(name string) bool {
	if number, ok := strings.CutPrefix(name, "#"); ok {
		base := 10
		if hex, ok := strings.CutPrefix(strings.ToLower(number), "x"); ok {
			number, base = hex, 16
		}
		_, err := strconv.ParseUint(number, base, 21)
		return err == nil
	}
	if name == "" || len(name) > 8 {
		return false
	}
	text := "&" + name + ";"
	return html.UnescapeString(text) != text
}
