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
	"maps"
	"slices"

	"golang.org/x/time/rate"
)

// Limits of group attributes, in bytes where not a count.
const (
	maxAttributes      = 16
	maxAttributeKey    = 32
	maxAttributeValue  = 4000
	maxAttributesTotal = 16000
)

// readAttributes reads GroupAttr, whose names are in lower case.
func (c *call) readAttributes(withValues bool) []FieldValue {
	items, present := c.objects("GroupAttr")
	if !present {
		c.fail(codeGroupParameter, "GroupAttr is required")
	}
	values := make([]FieldValue, 0, len(items))
	for _, item := range items {
		value := FieldValue{Name: item.requiredText("key")}
		if len(value.Name) > maxAttributeKey {
			c.fail(codeAttributeKey, "an attribute key has at most %d bytes", maxAttributeKey)
		}
		if withValues {
			text, given := item.text("value")
			if !given {
				c.fail(codeGroupParameter, "value of attribute %s is required", value.Name)
			}
			if len(text) > maxAttributeValue {
				c.fail(codeAttributeValue, "an attribute value has at most %d bytes", maxAttributeValue)
			}
			value.Value = text
		}
		values = append(values, value)
	}
	return values
}

// writeAttributes replaces the attributes of a group by the given set, if it
// keeps to the limits and the group's write frequency. The option says which
// call does it, with the keys of its request.
func (s *Simulator) writeAttributes(c *call, g *group, option string, next map[string]string, order []string) error {
	total := 0
	for _, value := range next {
		total += len(value)
	}
	switch {
	case len(next) > maxAttributes:
		return refuse(codeAttributeCount, "a group has at most %d attributes", maxAttributes)
	case total > maxAttributesTotal:
		return refuse(codeAttributeTotal, "attribute values have at most %d bytes in total", maxAttributesTotal)
	}
	if g.attributeWrites == nil {
		g.attributeWrites = rate.NewLimiter(attributeWriteRate, attributeWriteRate)
	}
	if s.options.RateLimit >= 0 && !g.attributeWrites.AllowN(c.now, 1) {
		return refuse(codeAttributeFrequency, "attributes of a group are written at most %d times per second", attributeWriteRate)
	}
	changed := attributeChanges(g.attributes, next, order)
	g.attributes = next
	if len(changed) > 0 {
		s.notify(g.id, c.now, Notice{Type: NoticeAttributesChanged, Operator: c.identifier, Fields: changed})
		s.fireAttributes(c, g, option, order)
	}
	return nil
}

// attributeChanges lists what differs: keys of the request in their order,
// then removed keys by name.
func attributeChanges(before, after map[string]string, order []string) []ChangedField {
	var changed []ChangedField
	for i, key := range order {
		old, existed := before[key]
		value, exists := after[key]
		if slices.Contains(order[:i], key) || (existed == exists && old == value) {
			continue
		}
		changed = append(changed, ChangedField{Name: key, Value: value})
	}
	for _, key := range slices.Sorted(maps.Keys(before)) {
		if _, kept := after[key]; !kept && !slices.Contains(order, key) {
			changed = append(changed, ChangedField{Name: key})
		}
	}
	return changed
}

// mergeAttributes returns base with the given values on top.
func (s *Simulator) mergeAttributes(base map[string]string, values []FieldValue) (next map[string]string, order []string) {
	next = maps.Clone(base)
	if next == nil {
		next = map[string]string{}
	}
	for _, value := range values {
		next[value.Name] = s.mangleOnStore(attributeField+value.Name, value.Value)
		order = append(order, value.Name)
	}
	return next, order
}

func (s *Simulator) modifyGroupAttr(c *call) (answer, error) {
	return s.putAttributes(c, attributesModify, func(g *group) map[string]string { return g.attributes })
}

// setGroupAttr replaces the whole set.
func (s *Simulator) setGroupAttr(c *call) (answer, error) {
	return s.putAttributes(c, attributesSet, func(*group) map[string]string { return nil })
}

func (s *Simulator) putAttributes(c *call, option string, base func(*group) map[string]string) (answer, error) {
	g, err := s.findGroup(c)
	if err != nil {
		return nil, err
	}
	values := c.readAttributes(true)
	if err := c.err(); err != nil {
		return nil, err
	}
	next, order := s.mergeAttributes(base(g), values)
	return nil, s.writeAttributes(c, g, option, next, order)
}

// deleteGroupAttr deletes all given keys or, if one is missing, none.
func (s *Simulator) deleteGroupAttr(c *call) (answer, error) {
	g, err := s.findGroup(c)
	if err != nil {
		return nil, err
	}
	values := c.readAttributes(false)
	if err := c.err(); err != nil {
		return nil, err
	}
	next, order := maps.Clone(g.attributes), []string{}
	for _, value := range values {
		if _, exists := g.attributes[value.Name]; !exists {
			return nil, refuse(codeAttributeMissing, "attribute %s does not exist", value.Name)
		}
		delete(next, value.Name)
		order = append(order, value.Name)
	}
	return nil, s.writeAttributes(c, g, attributesDelete, next, order)
}

func (s *Simulator) clearGroupAttr(c *call) (answer, error) {
	g, err := s.findGroup(c)
	if err != nil {
		return nil, err
	}
	return nil, s.writeAttributes(c, g, attributesClear, nil, nil)
}

func (s *Simulator) getGroupAttr(c *call) (answer, error) {
	g, err := s.findGroup(c)
	if err != nil {
		return nil, err
	}
	listed := []answer{}
	for _, key := range slices.Sorted(maps.Keys(g.attributes)) {
		listed = append(listed, answer{"key": key, "value": s.mangleOnReturn(attributeField+key, g.attributes[key])})
	}
	return answer{"GroupAttrAry": listed}, nil
}
