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
	"strings"
)

// Prefixes of Mangle.Field that name something other than a base field.
const (
	customField    = "custom:"
	attributeField = "attribute:"
)

const maxMangles = 100

// MangleStage is when a value is changed.
type MangleStage string

// The stages.
const (
	// MangleOnStore changes what is stored, so that reads agree with one
	// another but not with what was written.
	MangleOnStore MangleStage = "Store"
	// MangleOnReturn stores the value as written and answers another.
	MangleOnReturn MangleStage = "Return"
)

// Mangle makes the simulator hold or return something other than was written,
// as a provider does that cuts, filters or normalises a value.
type Mangle struct {
	// Field is a base field of groups (Name, Introduction, Notification,
	// FaceUrl), a custom group field ("custom:add_goods"), a group attribute
	// ("attribute:state") or a profile tag (Tag_Profile_IM_Nick).
	Field string `json:"field"`
	// Value, when set, replaces the value.
	Value *string `json:"value,omitempty"`
	// Suffix is added to the value.
	Suffix string `json:"suffix,omitempty"`
	// Stage is when it happens; empty means MangleOnStore.
	Stage MangleStage `json:"stage,omitempty"`
}

func (m Mangle) validate() error {
	known := false
	for _, base := range []string{"Name", "Introduction", "Notification", "FaceUrl"} {
		known = known || m.Field == base
	}
	for _, prefix := range []string{customField, attributeField, "Tag_Profile_"} {
		known = known || (strings.HasPrefix(m.Field, prefix) && len(m.Field) > len(prefix))
	}
	switch {
	case !known:
		return fmt.Errorf("mangle: unknown field %q", m.Field)
	case m.Value == nil && m.Suffix == "":
		return fmt.Errorf("mangle: set a value or a suffix")
	case m.Stage != "" && m.Stage != MangleOnStore && m.Stage != MangleOnReturn:
		return fmt.Errorf("mangle: stage must be %s or %s", MangleOnStore, MangleOnReturn)
	}
	return nil
}

// SetMangle adds a rule, or replaces the one of the same field and stage.
func (s *Simulator) SetMangle(rule Mangle) error {
	if err := rule.validate(); err != nil {
		return err
	}
	rule.Stage = orDefault(rule.Stage, MangleOnStore)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, existing := range s.mangles {
		if existing.Field == rule.Field && existing.Stage == rule.Stage {
			s.mangles[i] = rule
			return nil
		}
	}
	if len(s.mangles) >= maxMangles {
		return fmt.Errorf("mangle: %d rules exist already", maxMangles)
	}
	s.mangles = append(s.mangles, rule)
	return nil
}

// ClearMangles removes all rules. Values stored meanwhile stay as they are.
func (s *Simulator) ClearMangles() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mangles = nil
}

func (s *Simulator) mangleOnStore(field, value string) string {
	return s.mangle(MangleOnStore, field, value)
}

func (s *Simulator) mangleOnReturn(field, value string) string {
	return s.mangle(MangleOnReturn, field, value)
}

func (s *Simulator) mangle(stage MangleStage, field, value string) string {
	for _, rule := range s.mangles {
		if rule.Stage != stage || rule.Field != field {
			continue
		}
		if rule.Value != nil {
			value = *rule.Value
		}
		return value + rule.Suffix
	}
	return value
}
