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

package moderation

import (
	"encoding/json"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/liveroom-io/liveroom-operator/webhook/expression"
	"github.com/liveroom-io/liveroom-operator/webhook/message"
)

// Verdict is what becomes of a message, the strictest last.
type Verdict uint8

// The verdicts.
const (
	// Allow: it is delivered as it is.
	Allow Verdict = iota
	// Mask: it is delivered with some of its text replaced.
	Mask
	// Drop: it is not delivered; the sender is told success.
	Drop
	// Reject: it is not delivered; the sender is told.
	Reject
)

// String is the name of the verdict, for logs and metrics.
func (v Verdict) String() string {
	switch v {
	case Mask:
		return "Mask"
	case Drop:
		return "Drop"
	case Reject:
		return "Reject"
	case Allow:
	}
	return "Allow"
}

// Decision about a message.
type Decision struct {
	Verdict Verdict
	// Code and Info are for the sender; set with Reject only.
	Code int32
	Info string
	// Body and CloudCustomData take the place of the message's with Mask. Nil
	// means that it stays.
	Body            json.RawMessage
	CloudCustomData *string
	// Policy and Rule that decided; empty with Allow.
	Policy types.NamespacedName
	Rule   string
	// Failures are expressions that could not be evaluated.
	Failures []Failure
}

// Failure is an expression that could not be evaluated for a message.
type Failure struct {
	Policy types.NamespacedName
	Rule   string
	Err    error
}

// maxMasked is the size up to which masks may make a message grow; IM takes no
// larger ones.
const maxMasked = 12 << 10

// Decide asks every policy about a message. The strictest verdict wins: Reject
// over Drop over Mask over Allow. Of several policies with that verdict, the
// one whose namespace and name come first gives code and text; masks of all
// policies that mask are put in together. The order of policies is of no
// consequence. Every policy with a rateLimit counts the message, whatever
// becomes of it by other rules.
//
// The limiter may be nil when no policy has a rateLimit.
func Decide(m *message.Message, policies []*Compiled, limiter *Limiter, now time.Time) Decision {
	if len(policies) == 0 {
		return Decision{}
	}
	var few [16]bool
	found := few[:0]
	if len(policies) > len(few) {
		found = make([]bool, 0, len(policies))
	}
	found = found[:len(policies)]
	if m.Body != nil {
		search(m.Body, policies, found)
	} else {
		searchRaw(m.Raw, policies, found)
	}
	var (
		d         Decision
		decided   *Compiled
		variables *expression.Variables
		maskers   []masker
	)
	for i, policy := range policies {
		if variables == nil && len(policy.expressions) > 0 && m.Body != nil {
			variables = expression.Of(m)
		}
		o := policy.judge(m, found[i], variables, &d)
		if policy.rate != nil && !limiter.admit(policy.rate, sender{group: m.GroupID, user: m.Sender, app: m.App}, now) {
			o.strengthen(policy.atLeastDrop(), RuleRateLimit)
		}
		if o.verdict == Mask {
			maskers = append(maskers, masker{policy, o.wholly})
		}
		if o.verdict > d.Verdict || o.verdict == d.Verdict && o.verdict != Allow && compareNames(policy.name, decided.name) < 0 {
			d.Verdict, d.Rule, decided = o.verdict, o.rule, policy
		}
	}
	if decided == nil {
		return d
	}
	d.Policy = decided.name
	switch d.Verdict {
	case Reject:
		d.Code, d.Info = decided.code, decided.info
	case Mask:
		d.mask(m.Body, maskers, decided)
	case Allow, Drop:
	}
	return d
}

// searchRaw looks for words in a message that could not be taken apart.
func searchRaw(raw string, policies []*Compiled, found []bool) {
	folded, _ := Fold(raw)
	for i, policy := range policies {
		found[i] = policy.words != nil && policy.words.contains([]byte(folded))
	}
}

// search finds out which policies have a word in a message.
func search(body *message.Body, policies []*Compiled, found []bool) {
	searching := false
	for _, policy := range policies {
		searching = searching || policy.words != nil
	}
	if !searching {
		return
	}
	var space [512]byte
	for text := range body.Texts() {
		folded, _ := fold(space[:0], text, nil, false)
		for i, policy := range policies {
			if policy.words != nil && !found[i] {
				found[i] = policy.words.contains(folded)
			}
		}
	}
}

// outcome of one policy.
type outcome struct {
	verdict Verdict
	rule    string
	wholly  bool // all text is masked, not only words
}

// strengthen takes a verdict if it is stricter.
func (o *outcome) strengthen(v Verdict, rule string) {
	if v > o.verdict {
		o.verdict, o.rule = v, rule
	}
}

// judge asks the words and expressions of a policy. Failures are added to d.
func (c *Compiled) judge(m *message.Message, found bool, variables *expression.Variables, d *Decision) outcome {
	var o outcome
	switch {
	case c.denied:
		o.strengthen(Reject, RuleDenied)
		return o
	case m.Body == nil:
		if found { // nothing can be masked in it
			o.strengthen(c.atLeastDrop(), RuleWords)
		}
		if c.deny && (c.words != nil || len(c.expressions) > 0) {
			o.strengthen(Reject, RuleUnreadable)
		}
		return o
	}
	if found {
		o.strengthen(c.verdict, RuleWords)
	}
	for _, e := range c.expressions {
		if o.verdict == Reject {
			break
		}
		holds, err := e.Holds(variables)
		switch {
		case err != nil:
			d.Failures = append(d.Failures, Failure{c.name, e.rule, err})
			if c.deny {
				o.strengthen(Reject, e.rule)
			}
		case holds:
			o.wholly = true
			o.strengthen(c.verdict, e.rule)
		}
	}
	return o
}

// atLeastDrop is the verdict about a message above the rate: there is nothing
// to mask in it.
func (c *Compiled) atLeastDrop() Verdict {
	if c.verdict == Drop {
		return Drop
	}
	return Reject
}
