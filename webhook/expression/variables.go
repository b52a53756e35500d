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

package expression

import (
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/interpreter"

	"github.com/liveroom-io/liveroom-operator/webhook/message"
)

// Variables are the values of a message. A value that takes work is made when
// the first expression asks for it, and kept for the next one. Not safe for
// concurrent use.
type Variables struct {
	message  *message.Message
	custom   bool // event and extText are known
	event    string
	extText  string
	ext      any
	text     *string
	elements []map[string]any
}

var _ interpreter.Activation = (*Variables)(nil)

// Of returns the variables of a message whose Body is not nil.
func Of(m *message.Message) *Variables { return &Variables{message: m} }

// Parent implements interpreter.Activation.
func (*Variables) Parent() interpreter.Activation { return nil }

// ResolveName implements interpreter.Activation.
func (v *Variables) ResolveName(name string) (any, bool) {
	m := v.message
	switch name {
	case varText:
		return v.joined(), true
	case varElements:
		return v.parsed(), true
	case varEvent:
		v.look()
		return v.event, true
	case varExt:
		return v.parsedExt(), true
	case varCloudData:
		return m.Body.CloudCustomData(), true
	case varSender:
		return m.Sender, true
	case varOperator:
		return m.Operator, true
	case varPlatform:
		return m.Platform, true
	case varGroupID:
		return m.GroupID, true
	case varGroupType:
		return m.GroupType, true
	case varRoomName:
		return m.Room.Name, true
	case varRoomNamespace:
		return m.Room.Namespace, true
	case varRoomLabels:
		return m.Room.Labels, true
	}
	return nil, false
}

// joined is all text, a line for each.
func (v *Variables) joined() string {
	if v.text != nil {
		return *v.text
	}
	var text strings.Builder
	for t := range v.message.Body.Texts() {
		if text.Len() > 0 {
			text.WriteByte('\n')
		}
		text.WriteString(t)
	}
	joined := text.String()
	v.text = &joined
	return joined
}

// look reads the custom element.
func (v *Variables) look() {
	if !v.custom {
		v.event, v.extText, _ = v.message.Body.CustomEvent()
		v.custom = true
	}
}

// parsedExt is Ext as JSON; null when it is not JSON.
func (v *Variables) parsedExt() any {
	if v.ext == nil {
		v.look()
		if v.ext = message.Value(v.extText); v.ext == nil {
			v.ext = types.NullValue
		}
	}
	return v.ext
}

// parsed are the elements as JSON.
func (v *Variables) parsed() any {
	if v.elements == nil {
		v.elements = []map[string]any{}
		for _, e := range v.message.Body.Elements() {
			v.elements = append(v.elements, map[string]any{"type": e.Type, "content": message.Value(string(e.Content))})
		}
	}
	return v.elements
}
