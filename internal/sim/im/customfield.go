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

package im

import (
	"slices"
	"time"
)

// Byte limits of custom field values.
const (
	maxGroupFieldValue  = 512
	maxMemberFieldValue = 64
)

// undefinedFieldInfo is the text that public reports show with code 10004.
const undefinedFieldInfo = "all defined key is invalid"

// FieldValue is one custom field with its value, where order matters.
type FieldValue struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// readFieldValues reads an array of {Key, Value}.
func (p params) readFieldValues(name string) []FieldValue {
	items, _ := p.objects(name)
	values := make([]FieldValue, 0, len(items))
	for _, item := range items {
		key := item.requiredText("Key")
		value, present := item.text("Value")
		if !present {
			item.fail(item.service.parameterCode, "%s: Value is required", name)
		}
		values = append(values, FieldValue{Name: key, Value: value})
	}
	return values
}

// admitFields checks a write of custom fields. All names undefined is refused
// with the documented text; of a mix the undefined ones are dropped, or all is
// refused if the options say so.
func (s *Simulator) admitFields(scope fieldScope, kind groupType, values []FieldValue, now time.Time) ([]FieldValue, error) {
	if len(values) == 0 {
		return nil, nil
	}
	most := maxGroupFieldValue
	if scope == scopeMember {
		most = maxMemberFieldValue
	}
	admitted := make([]FieldValue, 0, len(values))
	for _, value := range values {
		if !s.fields.works(scope, value.Name, kind, now) {
			continue
		}
		if len(value.Value) > most {
			return nil, refuse(codeGroupParameter, "value of custom field %s has %d bytes, at most %d are allowed", value.Name, len(value.Value), most)
		}
		admitted = append(admitted, value)
	}
	if len(admitted) == 0 || (s.options.RefuseMixedFields && len(admitted) < len(values)) {
		return nil, refuse(codeGroupParameter, undefinedFieldInfo)
	}
	return admitted, nil
}

// mergeFields writes values into a set of custom fields: other keys stay, an
// empty value deletes. It returns what changed, in order.
func mergeFields(stored *map[string]string, values []FieldValue) []FieldValue {
	var changed []FieldValue
	for _, value := range values {
		old, exists := (*stored)[value.Name]
		if old == value.Value && (exists || value.Value == "") {
			continue
		}
		if value.Value == "" {
			delete(*stored, value.Name)
		} else {
			if *stored == nil {
				*stored = map[string]string{}
			}
			(*stored)[value.Name] = value.Value
		}
		changed = append(changed, value)
	}
	return changed
}

// showFields answers custom fields. A nil filter means all that work for the
// type. The second result says whether the array belongs into the answer.
func (s *Simulator) showFields(scope fieldScope, kind groupType, stored map[string]string, filter []string, now time.Time) ([]answer, bool) {
	names := filter
	if names == nil {
		if len(stored) == 0 && !s.options.EmptyUnsetFields {
			return nil, false
		}
		names = s.fields.names(scope, kind, now)
	}
	shown := []answer{}
	for i, name := range names {
		if !s.fields.works(scope, name, kind, now) || slices.Contains(names[:i], name) {
			continue
		}
		value, set := stored[name]
		if !set && !s.options.EmptyUnsetFields {
			continue
		}
		shown = append(shown, answer{"Key": name, fieldValue: s.mangleOnReturn(customField+name, value)})
	}
	return shown, len(shown) > 0 || s.options.EmptyUnsetFields
}
