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
// pure: what a user has is kept by the caller.
package scoring

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook/expression"
	"github.com/liveroom-io/liveroom-operator/webhook/message"
)

// Compiled is a policy that is ready to score. It does not change, and is safe
// for concurrent use.
type Compiled struct {
	// Policy that was compiled; read only.
	Policy *imv1alpha1.UserLevelPolicy
	// Levels of the policy.
	Levels Levels

	rules []rule
}

// rule is a compiled scoring rule.
type rule struct {
	name      string
	match     imv1alpha1.ScoringMatch
	event     string
	points    int64
	computed  *expression.Points // nil for points
	perMinute int64
}

// Score is what a message earns by one rule.
type Score struct {
	// Rule is the rule's name.
	Rule string
	// Points before the limit.
	Points int64
	// PerMinute is how many points the rule gives one user within one minute of
	// the clock; 0 means no limit.
	PerMinute int64
}

// Failure is a rule whose expression could not be evaluated for a message.
type Failure struct {
	Rule string
	Err  error
}

// Compile makes a policy ready. The error names the rule at fault and says what
// to do about it.
func Compile(policy *imv1alpha1.UserLevelPolicy) (*Compiled, error) {
	policy = policy.DeepCopy()
	c := &Compiled{Policy: policy, Levels: NewLevels(policy.Spec.Levels)}
	for i := range policy.Spec.Scoring {
		compiled, err := compileRule(&policy.Spec.Scoring[i])
		if err != nil {
			return nil, fmt.Errorf("scoring rule %q: %w", policy.Spec.Scoring[i].Name, err)
		}
		c.rules = append(c.rules, compiled)
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
	if spec.PerUserPerMinute != nil {
		r.perMinute = int64(*spec.PerUserPerMinute)
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
			scores = append(scores, Score{r.name, points, r.perMinute})
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
