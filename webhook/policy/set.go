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

// Package policy keeps the compiled ModerationPolicies and UserLevelPolicies
// in force, and finds those that hold for a room.
package policy

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"k8s.io/apimachinery/pkg/types"

	"github.com/liveroom-io/liveroom-operator/webhook/moderation"
	"github.com/liveroom-io/liveroom-operator/webhook/scoring"
)

// Rules are what holds for one room, in the order of the policies' names.
type Rules struct {
	Moderation []*moderation.Compiled
	Scoring    []*scoring.Compiled
}

// Set of all policies in force, safe for concurrent use.
type Set struct {
	now atomic.Pointer[generation]

	mu         sync.Mutex // for changes
	moderation map[types.NamespacedName]scoped[*moderation.Compiled]
	scoring    map[types.NamespacedName]scoped[*scoring.Compiled]
}

// scoped is a compiled policy and its scope.
type scoped[T any] struct {
	scope    Scope
	compiled T
	// standIn: not the policy itself, which cannot be compiled.
	standIn bool
}

// generation is the set between two changes.
type generation struct {
	moderation []scoped[*moderation.Compiled]
	scoring    []scoped[*scoring.Compiled]
	byUID      map[string]*scoring.Compiled
}

// NewSet returns an empty set.
func NewSet() *Set {
	s := &Set{
		moderation: map[types.NamespacedName]scoped[*moderation.Compiled]{},
		scoring:    map[types.NamespacedName]scoped[*scoring.Compiled]{},
	}
	s.publish()
	return s
}

// publish makes the changes known. The lock is held, or nobody knows the set yet.
func (s *Set) publish() {
	next := &generation{moderation: ordered(s.moderation), scoring: ordered(s.scoring), byUID: map[string]*scoring.Compiled{}}
	for _, policy := range next.scoring {
		next.byUID[string(policy.compiled.Policy.UID)] = policy.compiled
	}
	s.now.Store(next)
}

func ordered[T any](policies map[types.NamespacedName]scoped[T]) []scoped[T] {
	var all []scoped[T]
	for _, name := range slices.SortedFunc(maps.Keys(policies), compareNames) {
		all = append(all, policies[name])
	}
	return all
}

// PutModeration puts a policy in force.
func (s *Set) PutModeration(scope Scope, compiled *moderation.Compiled) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moderation[scope.Policy] = scoped[*moderation.Compiled]{scope: scope, compiled: compiled}
	s.publish()
}

// StandIn puts something in force in place of a policy that cannot be compiled.
func (s *Set) StandIn(scope Scope, compiled *moderation.Compiled) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moderation[scope.Policy] = scoped[*moderation.Compiled]{scope: scope, compiled: compiled, standIn: true}
	s.publish()
}

// HasModeration reports whether some version of the policy itself is in force.
func (s *Set) HasModeration(policy types.NamespacedName) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	known, ok := s.moderation[policy]
	return ok && !known.standIn
}

// RemoveModeration takes a policy out of force.
func (s *Set) RemoveModeration(policy types.NamespacedName) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.moderation[policy]; ok {
		delete(s.moderation, policy)
		s.publish()
	}
}

// PutScoring puts a policy in force.
func (s *Set) PutScoring(scope Scope, compiled *scoring.Compiled) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scoring[scope.Policy] = scoped[*scoring.Compiled]{scope: scope, compiled: compiled}
	s.publish()
}

// RemoveScoring takes a policy out of force.
func (s *Set) RemoveScoring(policy types.NamespacedName) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.scoring[policy]; ok {
		delete(s.scoring, policy)
		s.publish()
	}
}

// Scoring returns the policy in force with this UID, or nil.
func (s *Set) Scoring(uid string) *scoring.Compiled { return s.now.Load().byUID[uid] }

// Memo keeps the rules of one room for as long as the set does not change.
type Memo struct{ kept atomic.Pointer[remembered] }

type remembered struct {
	of    *generation
	rules *Rules
}

// Get returns the rules that hold for a room now.
func (m *Memo) Get(set *Set, room Subject) *Rules {
	now := set.now.Load()
	if kept := m.kept.Load(); kept != nil && kept.of == now {
		return kept.rules
	}
	rules := &Rules{Moderation: covering(now.moderation, room), Scoring: covering(now.scoring, room)}
	m.kept.Store(&remembered{of: now, rules: rules})
	return rules
}

func covering[T any](policies []scoped[T], room Subject) []T {
	var found []T
	for i := range policies {
		if policies[i].scope.Covers(room) {
			found = append(found, policies[i].compiled)
		}
	}
	return found
}
