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

// Package moderation decides what becomes of a message before it reaches a
// room. It is pure: policies are compiled once per change, and a decision takes
// memory and time of the caller, never the network.
package moderation

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/types"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook/expression"
)

// Names of rules in decisions. An expression has RuleExpression and its name.
const (
	RuleWords      = "words"
	RuleRateLimit  = "rateLimit"
	RuleExpression = "expressions/"
	// RuleUnreadable: failurePolicy is Deny, and the message could not be read.
	RuleUnreadable = "unreadable"
	// RuleDenied: the policy could not be compiled, see Deny.
	RuleDenied = "denied"
)

// DefaultInfo is what a rejected sender is shown by a policy without a message.
const DefaultInfo = "message rejected"

// Compiled is a policy that is ready to decide. It does not change, is safe for
// concurrent use, and is shared by all rooms that the policy holds for.
type Compiled struct {
	name        types.NamespacedName
	verdict     Verdict
	words       *automaton // nil for none
	count       int
	expressions []condition
	rate        *rate
	code        int32
	info        string
	mask        string
	deny        bool
	denied      bool // everything is
}

// condition is an expression with the name of its rule.
type condition struct {
	rule string
	*expression.Condition
}

// rate is how many messages a user may send within a window.
type rate struct {
	messages int
	window   time.Duration
	key      string // a policy with other numbers counts anew
}

// Compile makes a policy ready. words are all of its words, see Words. The
// error names the word or expression at fault and says what to do about it.
func Compile(policy *imv1alpha1.ModerationPolicy, words []string) (*Compiled, error) {
	if policy.Spec.Enforcement == imv1alpha1.EnforcementProvider {
		return nil, errors.New("enforcement: Provider is left to IM")
	}
	c, err := frame(policy)
	if err != nil {
		return nil, err
	}
	spec := &policy.Spec
	latinWhole := spec.Words != nil && spec.Words.Latin == imv1alpha1.LatinWholeWord
	if c.words, c.count, err = compileWords(words, latinWhole); err != nil {
		return nil, err
	}
	for _, e := range spec.Expressions {
		compiled, err := expression.CompileCondition(e.Expression)
		if err != nil {
			return nil, fmt.Errorf("expression %q %w", e.Name, err)
		}
		c.expressions = append(c.expressions, condition{RuleExpression + e.Name, compiled})
	}
	if r := spec.RateLimit; r != nil {
		c.rate = &rate{int(r.Messages), time.Duration(r.PerSeconds) * time.Second,
			c.name.String() + "/" + strconv.Itoa(int(r.Messages)) + "/" + strconv.Itoa(int(r.PerSeconds))}
	}
	return c, nil
}

// Deny stands for a policy that could not be compiled and whose failurePolicy is
// Deny: it rejects every message, with the policy's own code and text.
func Deny(policy *imv1alpha1.ModerationPolicy) *Compiled {
	c, _ := frame(policy) // complete but for an action that is not known
	c.denied = true
	return c
}

// frame is everything about a policy but its rules.
func frame(policy *imv1alpha1.ModerationPolicy) (*Compiled, error) {
	spec := &policy.Spec
	c := &Compiled{
		name: types.NamespacedName{Namespace: policy.Namespace, Name: policy.Name},
		code: imv1alpha1.DefaultRejectCode,
		info: cmp.Or(spec.Message, DefaultInfo),
		mask: imv1alpha1.DefaultMaskText,
		deny: spec.FailurePolicy == imv1alpha1.FailurePolicyDeny,
	}
	switch spec.Action {
	case imv1alpha1.ModerationActionReject:
		c.verdict = Reject
	case imv1alpha1.ModerationActionDrop:
		c.verdict = Drop
	case imv1alpha1.ModerationActionMask:
		c.verdict = Mask
	}
	if spec.RejectCode != nil {
		c.code = *spec.RejectCode
	}
	if spec.MaskText != nil {
		c.mask = *spec.MaskText
	}
	if c.verdict == Allow {
		return c, fmt.Errorf("action %q is not known: update the operator", spec.Action)
	}
	return c, nil
}

// Name of the policy.
func (c *Compiled) Name() types.NamespacedName { return c.name }

// Words is the number of words in force: those that fold to the same count once.
func (c *Compiled) Words() int { return c.count }

// Size is the memory that the words take, in bytes.
func (c *Compiled) Size() int {
	if c.words == nil {
		return 0
	}
	return c.words.size()
}

// compareNames orders policies by namespace, then name.
func compareNames(a, b types.NamespacedName) int {
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}
