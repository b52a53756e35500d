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
	"strconv"
	"strings"
)

// Replacement is what takes the place of a message. What is nil stays.
type Replacement struct {
	// Body is a complete MsgBody.
	Body json.RawMessage
	// CloudCustomData beside it.
	CloudCustomData *string
}

// Changed reports whether anything is replaced.
func (r Replacement) Changed() bool { return r.Body != nil || r.CloudCustomData != nil }

// Rewrite calls change for every text of Texts, and puts in what it returns
// with true. Everything else stays byte for byte: unknown fields, the order of
// fields, forms of numbers. Where the text is a string in JSON in a string, the
// JSON around it stays JSON. path tells where the text is, like
// MsgBody[0].MsgContent.Ext; texts of one JSON in a string have one path.
func (b *Body) Rewrite(change func(path, text string) (string, bool)) Replacement {
	var out Replacement
	if body, changed := rewrite(b.text, b.leaves, change); changed {
		out.Body = body
	}
	if b.cloud != "" {
		if cloud, changed := b.inCloud.rewrite(change); changed {
			out.CloudCustomData = &cloud
		}
	}
	return out
}

// rewrite puts changed strings into the text that holds the leaves.
func rewrite(text string, leaves []leaf, change func(path, text string) (string, bool)) (out []byte, changed bool) {
	from := 0
	for i := range leaves {
		l := &leaves[i]
		value, ok := l.rewrite(change)
		if !ok {
			continue
		}
		out = append(out, text[from:l.at.start]...)
		out = quote(out, value)
		from, changed = l.at.end, true
	}
	if !changed {
		return nil, false
	}
	return append(out, text[from:]...), true
}

// rewrite returns the changed value of a leaf.
func (l *leaf) rewrite(change func(path, text string) (string, bool)) (string, bool) {
	if l.json {
		out, changed := rewrite(l.value, l.inner, change)
		return string(out), changed
	}
	if l.value == "" {
		return "", false
	}
	value, changed := change(l.path(), l.value)
	return value, changed && value != l.value
}

// path of a leaf.
func (l *leaf) path() string {
	switch {
	case l.index >= 0:
		return "MsgBody" + l.relays + "[" + strconv.Itoa(l.index) + "].MsgContent." + l.field
	case l.relays == "":
		return l.field
	}
	return "MsgBody" + strings.TrimSuffix(l.relays, "MsgBody") + l.field
}
