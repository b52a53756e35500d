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
	"math"
	"slices"
	"strconv"
)

const (
	maxCounters   = 20
	maxCounterKey = 128
)

// counterGroup finds the group of a counter call and checks that its type and
// the plan have counters.
func (s *Simulator) counterGroup(c *call) (*group, error) {
	g, err := s.findGroup(c)
	if err != nil {
		return nil, err
	}
	switch {
	case s.options.closed(FeatureCounters):
		return nil, refuse(codeNeedsPlan, "group counters are not in the plan")
	case !g.kind.hasCounters():
		return nil, refuse(codeGroupPermission, "a group of type %s has no counters", g.kind)
	}
	return g, nil
}

// counterChange is one item of update_group_counter.
type counterChange struct {
	key   string
	value int64
}

func (c *call) readCounters() []counterChange {
	items := c.requiredObjects(maxCounters, codeCounterCount, "GroupCounter")
	changes := make([]counterChange, 0, len(items))
	for _, item := range items {
		change := counterChange{key: item.requiredText("Key")}
		value, present := item.integer(math.MinInt64, math.MaxInt64, "Value")
		if !present {
			c.fail(codeGroupParameter, "Value is required")
		}
		if len(change.key) > maxCounterKey {
			c.fail(codeGroupParameter, "a counter key has at most %d bytes", maxCounterKey)
		}
		change.value = value
		changes = append(changes, change)
	}
	return changes
}

// updateGroupCounter sets counters, or adds to them or subtracts; one that
// does not exist starts from 0.
func (s *Simulator) updateGroupCounter(c *call) (answer, error) {
	g, err := s.counterGroup(c)
	if err != nil {
		return nil, err
	}
	changes := c.readCounters()
	mode, given := c.choice("Mode", "Set", "Increase", "Decrease")
	if !given {
		mode = "Set"
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	next := maps.Clone(g.counters)
	if next == nil {
		next = map[string]int64{}
	}
	shown, changed := []answer{}, []ChangedField{}
	for _, change := range changes {
		switch mode {
		case "Set":
			next[change.key] = change.value
		case "Increase":
			next[change.key] += change.value
		case "Decrease":
			next[change.key] -= change.value
		}
		shown = append(shown, answer{"Key": change.key, fieldValue: next[change.key]})
		changed = append(changed, ChangedField{Name: change.key, Value: strconv.FormatInt(next[change.key], 10)})
	}
	if len(next) > maxCounters {
		return nil, refuse(codeCounterCount, "a group has at most %d counters", maxCounters)
	}
	g.counters = next
	s.notify(g.id, c.now, Notice{Type: NoticeCountersChanged, Operator: c.identifier, Fields: changed})
	return answer{"GroupCounter": shown}, nil
}

func (s *Simulator) getGroupCounter(c *call) (answer, error) {
	g, err := s.counterGroup(c)
	if err != nil {
		return nil, err
	}
	keys, given := c.texts("GroupCounterKeys")
	if err := c.err(); err != nil {
		return nil, err
	}
	if !given {
		keys = slices.Sorted(maps.Keys(g.counters))
	}
	shown := []answer{}
	for _, key := range keys {
		if value, exists := g.counters[key]; exists {
			shown = append(shown, answer{"Key": key, fieldValue: value})
		}
	}
	return answer{"GroupCounter": shown}, nil
}

// deleteGroupCounter deletes the given counters, or all if none is given.
func (s *Simulator) deleteGroupCounter(c *call) (answer, error) {
	g, err := s.counterGroup(c)
	if err != nil {
		return nil, err
	}
	keys, given := c.texts("GroupCounterKeys")
	if err := c.err(); err != nil {
		return nil, err
	}
	if !given {
		keys = slices.Sorted(maps.Keys(g.counters))
	}
	var changed []ChangedField
	for _, key := range keys {
		if _, exists := g.counters[key]; exists {
			delete(g.counters, key)
			changed = append(changed, ChangedField{Name: key})
		}
	}
	if len(changed) > 0 {
		s.notify(g.id, c.now, Notice{Type: NoticeCountersChanged, Operator: c.identifier, Fields: changed})
	}
	return nil, nil
}
