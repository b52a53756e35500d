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

// Package scoring gives points for messages and turns points into levels. It is
// pure: what a user has is a value that the caller keeps.
package scoring

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook/expression"
	"github.com/liveroom-io/liveroom-operator/webhook/message"
	"github.com/liveroom-io/liveroom-operator/webhook/scope"
)

// Compiled is a policy that is ready to score. It does not change, and is safe
// for concurrent use.
type Compiled struct {
	name   types.NamespacedName
	scope  scope.Scope
	rules  []rule
	limits Limits
	levels Levels
}

// rule is a compiled scoring rule.
type rule struct {
	name     string
	match    imv1alpha1.ScoringMatch
	event    string
	points   int64
	computed *expression.Points // nil for points
}

// Score is what a message earned by one rule, before any limit. It is stored.
type Score struct {
	Rule   string `json:"r"`
	Points int64  `json:"p"`
}

// Failure is a rule whose expression could not be evaluated for a message.
type Failure struct {
	Rule string
	Err  error
}

// Compile makes a policy ready. The error names the rule at fault and says what
// to do about it.
func Compile(policy *imv1alpha1.UserLevelPolicy) (*Compiled, error) {
	c := &Compiled{
		name:   types.NamespacedName{Namespace: policy.Namespace, Name: policy.Name},
		limits: Limits{},
		levels: NewLevels(policy.Spec.Levels),
	}
	var err error
	if c.scope, err = scope.New(c.name, policy.Spec.AppRef, policy.Spec.RoomSelector); err != nil {
		return nil, err
	}
	for i := range policy.Spec.Scoring {
		compiled, err := compileRule(&policy.Spec.Scoring[i])
		if err != nil {
			return nil, fmt.Errorf("scoring rule %q: %w", policy.Spec.Scoring[i].Name, err)
		}
		c.rules = append(c.rules, compiled)
		if limit := policy.Spec.Scoring[i].PerUserPerMinute; limit != nil {
			c.limits[compiled.name] = int64(*limit)
		}
	}
	return c, nil
}

func compileRule(spec *imv1alpha1.ScoringRule) (rule, error) {
	r := rule{name: spec.Name, match: spec.Match, event: spec.Event}
	switch spec.Match {
	case imv1alpha1.ScoringMatchText, imv1alpha1.ScoringMatchCustom:
	default:
		return rule{}, fmt.Errorf("match %q is not known: update the operator", spec.Match)
	}
	switch {
	case spec.PointsExpression != "":
		computed, err := expression.CompilePoints(spec.PointsExpression)
		if err != nil {
			return rule{}, fmt.Errorf("pointsExpression %w", err)
		}
		r.computed = computed
	case spec.Points != nil:
		r.points = int64(*spec.Points)
	default:
		return rule{}, errors.New("set points or pointsExpression")
	}
	return r, nil
}

// Name of the policy.
func (c *Compiled) Name() types.NamespacedName { return c.name }

// PolicyScope implements scope.Scoped.
func (c *Compiled) PolicyScope() scope.Scope { return c.scope }

// Limits of the policy's rules.
func (c *Compiled) Limits() Limits { return c.limits }

// Levels of the policy.
func (c *Compiled) Levels() Levels { return c.levels }

// Score returns what a message earns by each rule that it matches; rules that
// give nothing are left out. Rules that fail give nothing and are returned as
// failures.
func (c *Compiled) Score(m *message.Message) (scores []Score, failures []Failure) {
	if m.Body == nil {
		return nil, nil
	}
	var variables *expression.Variables
	for i := range c.rules {
		r := &c.rules[i]
		if !r.matches(m.Body) {
			continue
		}
		points := r.points
		if r.computed != nil {
			if variables == nil {
				variables = expression.Of(m)
			}
			var err error
			if points, err = r.computed.Of(variables); err != nil {
				failures = append(failures, Failure{r.name, err})
				continue
			}
		}
		if points > 0 {
			scores = append(scores, Score{r.name, points})
		}
	}
	return scores, failures
}

func (r *rule) matches(body *message.Body) bool {
	if r.match == imv1alpha1.ScoringMatchText {
		return body.HasText()
	}
	name, _, ok := body.CustomEvent()
	return ok && name == r.event
}

// Levels in rising order of points.
type Levels []imv1alpha1.UserLevel

// NewLevels returns levels in rising order.
func NewLevels(levels []imv1alpha1.UserLevel) Levels {
	sorted := slices.Clone(levels)
	slices.SortFunc(sorted, func(a, b imv1alpha1.UserLevel) int { return cmp.Compare(a.Points, b.Points) })
	return sorted
}

// At returns the level that so many points reach; false below the first.
func (l Levels) At(points int64) (imv1alpha1.UserLevel, bool) {
	after, _ := slices.BinarySearchFunc(l, points, func(level imv1alpha1.UserLevel, points int64) int {
		if level.Points <= points {
			return -1
		}
		return 1
	})
	if after == 0 {
		return imv1alpha1.UserLevel{}, false
	}
	return l[after-1], true
}

// Index finds the policies for a room.
type Index = scope.Index[*Compiled]

// NewIndex returns an index of policies.
func NewIndex(policies []*Compiled) *Index { return scope.NewIndex(policies) }
