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
	"fmt"
	"regexp"
	"slices"
	"time"
)

// fieldScope is what a custom field belongs to.
type fieldScope string

const (
	scopeGroup   fieldScope = "Group"
	scopeMember  fieldScope = "Member"
	scopeProfile fieldScope = "Profile"
)

// customTagPrefix begins the wire name of every custom profile field.
const customTagPrefix = "Tag_Profile_Custom_"

var (
	fieldNamePattern   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,15}$`)
	profileNamePattern = regexp.MustCompile(`^[A-Za-z]{1,8}$`)
)

// fieldRegistry is what the provider's console knows about custom fields. A
// definition can be added and bound to more group types, never removed.
type fieldRegistry struct {
	scopes map[fieldScope]map[string]*fieldBinding
}

// fieldBinding says from when a field works, per group type. Profile fields
// use the empty type.
type fieldBinding struct {
	effective map[groupType]time.Time
}

func newFieldRegistry() *fieldRegistry {
	return &fieldRegistry{scopes: map[fieldScope]map[string]*fieldBinding{
		scopeGroup: {}, scopeMember: {}, scopeProfile: {},
	}}
}

// mostFields is how many definitions an application may have.
func (scope fieldScope) mostFields() int {
	switch scope {
	case scopeGroup:
		return 10
	case scopeMember:
		return 5
	default:
		return 20
	}
}

// define adds a definition, or binds an existing one to more types.
func (r *fieldRegistry) define(scope fieldScope, definition FieldDefinition, now time.Time) error {
	types, err := r.check(scope, definition)
	if err != nil {
		return fmt.Errorf("%s field %q: %w", scope, definition.Name, err)
	}
	binding, exists := r.scopes[scope][definition.Name]
	if !exists {
		if most := scope.mostFields(); len(r.scopes[scope]) >= most {
			return fmt.Errorf("%s field %q: an application has at most %d", scope, definition.Name, most)
		}
		binding = &fieldBinding{effective: map[groupType]time.Time{}}
		r.scopes[scope][definition.Name] = binding
	}
	for _, kind := range types {
		if _, bound := binding.effective[kind]; !bound {
			binding.effective[kind] = now.Add(definition.After)
		}
	}
	return nil
}

// check validates a definition and returns the types that it names.
func (r *fieldRegistry) check(scope fieldScope, definition FieldDefinition) ([]groupType, error) {
	if definition.After < 0 {
		return nil, fmt.Errorf("the delay must not be negative")
	}
	if scope == scopeProfile {
		if !profileNamePattern.MatchString(definition.Name) {
			return nil, fmt.Errorf("the name must be 1 to 8 letters")
		}
		return []groupType{""}, nil
	}
	if !fieldNamePattern.MatchString(definition.Name) {
		return nil, fmt.Errorf("the name must be 1 to 16 letters, digits or underscores and not begin with a digit")
	}
	other := scopeGroup
	if scope == scopeGroup {
		other = scopeMember
	}
	if _, taken := r.scopes[other][definition.Name]; taken {
		return nil, fmt.Errorf("the name is used by a %s field", other)
	}
	if len(definition.GroupTypes) == 0 {
		return fieldTypes(scope), nil
	}
	types := make([]groupType, 0, len(definition.GroupTypes))
	for _, name := range definition.GroupTypes {
		kind, ok := parseGroupType(name)
		if !ok {
			return nil, fmt.Errorf("unknown group type %q", name)
		}
		if !slices.Contains(fieldTypes(scope), kind) {
			return nil, fmt.Errorf("group type %s cannot carry it", name)
		}
		types = append(types, kind)
	}
	return types, nil
}

// fieldTypes lists the group types that can carry fields of the scope.
func fieldTypes(scope fieldScope) []groupType {
	if scope == scopeMember {
		return slices.DeleteFunc(slices.Clone(allGroupTypes), func(kind groupType) bool { return kind == typeLive })
	}
	return allGroupTypes
}

// works reports whether the field may be used now with the group type.
func (r *fieldRegistry) works(scope fieldScope, name string, kind groupType, now time.Time) bool {
	binding, defined := r.scopes[scope][name]
	if !defined {
		return false
	}
	from, bound := binding.effective[kind]
	return bound && !now.Before(from)
}

// names lists the fields that work now with the group type, sorted.
func (r *fieldRegistry) names(scope fieldScope, kind groupType, now time.Time) []string {
	var names []string
	for name := range r.scopes[scope] {
		if r.works(scope, name, kind, now) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
