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

package fault

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
)

// MaxActive is how many faults a set holds.
const MaxActive = 1000

// Rule says which calls are disturbed, and how. F tells of the calls, in the words of
// the simulator.
type Rule[F, R any] struct {
	Calls F
	// Times is how many of the calls are disturbed. 0 means all.
	Times int
	// Probability is the chance that one of them is disturbed. 0 means 1.
	Probability float64
	// Effect is what happens to it.
	Effect Effect[R]
}

func (r *Rule[F, R]) validate() error {
	switch {
	case r.Times < 0:
		return errors.New("fault: times must not be negative")
	case r.Probability < 0 || r.Probability > 1:
		return errors.New("fault: probability must be from 0 to 1")
	}
	return r.Effect.Validate()
}

// Active is a rule in force.
type Active[F, R any] struct {
	Rule[F, R]
	// Number is given by Add.
	Number int
	// Left is how many calls are still to be disturbed; negative means no end.
	Left int
	// Hits is how many have been disturbed.
	Hits int
}

// Set holds rules. It is safe for concurrent use.
type Set[F, R any] struct {
	mu     sync.Mutex
	random *rand.Rand
	active []*Active[F, R]
	number int
}

// NewSet returns a set without rules, with a source for their probabilities.
func NewSet[F, R any](random *rand.Rand) *Set[F, R] { return &Set[F, R]{random: random} }

// Add puts a rule in force and returns its number. It refuses rules that are out of
// bounds or too many.
func (s *Set[F, R]) Add(rule Rule[F, R]) (number int, err error) {
	if err := rule.validate(); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.active) >= MaxActive {
		return 0, fmt.Errorf("fault: %d are active already", MaxActive)
	}
	s.number++
	left := -1
	if rule.Times > 0 {
		left = rule.Times
	}
	s.active = append(s.active, &Active[F, R]{Rule: rule, Number: s.number, Left: left})
	return s.number, nil
}

// Clear removes all rules.
func (s *Set[F, R]) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active = nil
}

// List returns the rules in force, oldest first.
func (s *Set[F, R]) List() []Active[F, R] {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Active[F, R], 0, len(s.active))
	for _, rule := range s.active {
		list = append(list, *rule)
	}
	return list
}

// Take returns what happens to a call, and uses up rules that have a number of times.
// The callback tells which calls are meant; it must not use the set.
func (s *Set[F, R]) Take(concerns func(calls *F) bool) Effect[R] {
	s.mu.Lock()
	defer s.mu.Unlock()
	var sum Effect[R]
	kept := s.active[:0]
	for _, rule := range s.active {
		if concerns(&rule.Calls) && (rule.Probability == 0 || s.random.Float64() < rule.Probability) {
			rule.Hits++
			sum.add(&rule.Effect)
			if rule.Left > 0 {
				rule.Left--
			}
		}
		if rule.Left != 0 {
			kept = append(kept, rule)
		}
	}
	clear(s.active[len(kept):])
	s.active = kept
	return sum
}
