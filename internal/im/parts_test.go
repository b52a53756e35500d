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
	"reflect"
	"slices"
	"testing"
)

func TestInParts(t *testing.T) {
	cmd := &command{name: "test", maxItems: 100, blameOne: []int{70402}}
	bad := &Error{Class: Invalid, Command: "test", Code: 70402}
	down := &Error{Class: Unavailable, Command: "test", Code: 91000}
	undefinedField := &Error{Class: FieldNotRegistered, Command: "test", Code: 40009}
	ok := outcome[string]{value: "ok"}
	tests := map[string]struct {
		items []string
		mixed func([]string) bool
		want  []outcome[string]
		calls int
	}{
		"all well":        {[]string{"a", "b", "c"}, nil, []outcome[string]{ok, ok, ok}, 1},
		"one is to blame": {[]string{"a", "bad", "c", "d"}, nil, []outcome[string]{ok, {err: bad}, ok, ok}, 5},
		"alone to blame":  {[]string{"bad"}, nil, []outcome[string]{{err: bad}}, 1},
		"nobody to blame": {[]string{"a", "down"}, nil, []outcome[string]{{err: down, whole: true}, {err: down, whole: true}}, 1},
		"field, same question": {[]string{"a", "field"}, func([]string) bool { return false },
			[]outcome[string]{{err: undefinedField, whole: true}, {err: undefinedField, whole: true}}, 1},
		"field, other question": {[]string{"a", "field"}, func(items []string) bool { return len(items) > 1 },
			[]outcome[string]{ok, {err: undefinedField, whole: true}}, 3},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			calls := 0
			got := inParts(cmd, test.items, func(items []string) ([]outcome[string], error) {
				calls++
				for text, err := range map[string]error{"bad": bad, "down": down, "field": undefinedField} {
					if slices.Contains(items, text) {
						return nil, err
					}
				}
				out := make([]outcome[string], len(items))
				for i := range out {
					out[i] = ok
				}
				return out, nil
			}, test.mixed)
			if !reflect.DeepEqual(got, test.want) || calls != test.calls {
				t.Errorf("got %+v in %d calls, want %+v in %d", got, calls, test.want, test.calls)
			}
		})
	}
}
