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

package v1alpha1

import (
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var validModeration = ModerationPolicy{Spec: ModerationPolicySpec{
	AppRef: app, Enforcement: EnforcementCallback, Action: ModerationActionReject,
	Words: &ModerationWords{Inline: []string{"spam"}},
}}

func copyModeration(p ModerationPolicy) *ModerationPolicy { return p.DeepCopy() }

func TestModerationPolicyCreation(t *testing.T) {
	t.Parallel()
	type spec = ModerationPolicySpec
	change := func(changes ...func(*spec)) func(*ModerationPolicy) {
		return func(p *ModerationPolicy) {
			for _, change := range changes {
				change(&p.Spec)
			}
		}
	}
	provider := func(s *spec) { s.Enforcement = EnforcementProvider }
	action := func(a ModerationAction) func(*spec) { return func(s *spec) { s.Action = a } }
	selector := func(s *spec) { s.RoomSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"tier": "gold"}} }
	expressions := func(n int) func(*spec) {
		return func(s *spec) {
			s.Expressions = []ModerationExpression{}
			for i := range n {
				s.Expressions = append(s.Expressions, ModerationExpression{Name: fmt.Sprintf("e%d", i), Expression: "true"})
			}
		}
	}
	expression := func(name, source string) func(*spec) {
		return func(s *spec) { s.Expressions = []ModerationExpression{{Name: name, Expression: source}} }
	}
	rate := func(messages, seconds int32) func(*spec) {
		return func(s *spec) { s.RateLimit = &MessageRate{Messages: messages, PerSeconds: seconds} }
	}
	message := func(m string) func(*spec) { return func(s *spec) { s.Message = m } }
	code := func(c int32) func(*spec) { return func(s *spec) { s.RejectCode = &c } }
	mask := func(m string) func(*spec) { return func(s *spec) { s.MaskText = &m } }
	fails := func(f FailurePolicy) func(*spec) { return func(s *spec) { s.FailurePolicy = f } }
	deletion := func(d DeletionPolicy) func(*spec) { return func(s *spec) { s.DeletionPolicy = d } }
	noWords := func(s *spec) { s.Words = nil }
	inline := func(words ...string) func(*spec) { return func(s *spec) { s.Words.Inline = words } }
	latin := func(l LatinMatch) func(*spec) { return func(s *spec) { s.Words.Latin = l } }
	lists := func(names ...string) func(*spec) {
		return func(s *spec) {
			for _, name := range names {
				s.Words.ConfigMapRefs = append(s.Words.ConfigMapRefs, WordList{Name: name})
			}
		}
	}
	numbered := func(prefix string, n int) []string {
		names := make([]string, n)
		for i := range names {
			names[i] = fmt.Sprintf("%s%d", prefix, i)
		}
		return names
	}
	const (
		own        = "message and rejectCode belong to action: Reject"
		needsWords = "enforcement: Provider needs words, and IM decides how it finds them: set words, without latin"
	)
	proveCreations(t, validModeration, copyModeration, []creation[ModerationPolicy]{
		{"words", change(), ""},
		{"no words, expressions or rateLimit", change(noWords), "set words, expressions or rateLimit: a policy without any does nothing"},
		{"expressions only", change(noWords, expressions(1)), ""},
		{"rateLimit only", change(noWords, rate(5, 10)), ""},
		{"everything of a callback", change(selector, expressions(16), rate(1000, 3600), message("请文明发言"), code(10200), fails(FailurePolicyDeny), latin(LatinWholeWord), lists("words")), ""},

		{"unknown enforcement", change(func(s *spec) { s.Enforcement = "Nobody" }), unsupported},
		{"unknown action", change(action("Sing")), unsupported},
		{"unknown failurePolicy", change(fails("Ask")), unsupported},
		{"unknown latin", change(latin("Sometimes")), unsupported},
		{"unknown deletionPolicy", change(provider, deletion("Keep")), unsupported},

		{"Provider", change(provider), ""},
		{"Provider that masks and retains", change(provider, action(ModerationActionMask), mask("#"), deletion(DeletionPolicyRetain)), ""},
		{"Provider with a selector", change(provider, selector), "IM's keywords hold for the whole application: roomSelector needs enforcement: Callback"},
		{"Provider with expressions", change(provider, expressions(1)), "IM's keywords know no expressions: they need enforcement: Callback"},
		{"Provider with a rateLimit", change(provider, rate(1, 1)), "IM's keywords know no rateLimit: it needs enforcement: Callback"},
		{"Provider that drops", change(provider, action(ModerationActionDrop)), "IM's keywords cannot drop silently: use Reject or Mask, or enforcement: Callback"},
		{"Provider with a message", change(provider, message("no")), "IM's keywords know no message or rejectCode of one's own"},
		{"Provider with a code", change(provider, code(10150)), "IM's keywords know no message or rejectCode of one's own"},
		{"Provider with a failurePolicy", change(provider, fails(FailurePolicyAllow)), "failurePolicy needs enforcement: Callback"},
		{"Provider without words", change(provider, noWords), needsWords},
		{"Provider with latin", change(provider, latin(LatinAnywhere)), needsWords},
		{"Callback with a deletionPolicy", change(deletion(DeletionPolicyRetain)), "deletionPolicy is for the words kept in IM: it needs enforcement: Provider"},

		{"message of a drop", change(action(ModerationActionDrop), message("no")), own},
		{"code of a mask", change(action(ModerationActionMask), code(10150)), own},
		{"mask", change(action(ModerationActionMask), mask(chinese(16))), ""},
		{"empty mask", change(action(ModerationActionMask), mask("")), ""},
		{"long mask", change(action(ModerationActionMask), mask(letters(17))), "spec.maskText"},
		{"mask of a rejection", change(mask("#")), "maskText belongs to action: Mask"},
		{"mask of a drop", change(action(ModerationActionDrop), mask("#")), "maskText belongs to action: Mask"},
		{"message of 255 bytes", change(message(chinese(85))), ""},
		{"message of 258 bytes", change(message(chinese(86))), "message has at most 256 bytes (a Chinese character counts 3): shorten it"},
		{"message of 257 letters", change(message(letters(257))), "spec.message"},
		{"code 10100", change(code(10100)), ""},
		{"code 10099", change(code(10099)), "greater than or equal to 10100"},
		{"code 10201", change(code(10201)), "less than or equal to 10200"},

		{"1000 words", change(inline(numbered("w", 1000)...)), ""},
		{"1001 words", change(inline(numbered("w", 1001)...)), tooMany + " 1000 items"},
		{"word of 64 characters", change(inline(chinese(64))), ""},
		{"word of 65 characters", change(inline(chinese(65))), "spec.words.inline[0]"},
		{"empty word", change(inline("")), "spec.words.inline[0]"},
		{"word given twice", change(inline("a", "a")), "Duplicate value"},
		{"16 lists", change(lists(numbered("list-", 16)...)), ""},
		{"17 lists", change(lists(numbered("list-", 17)...)), tooMany + " 16 items"},
		{"list given twice", change(lists("words", "words")), "Duplicate value"},
		{"list with a name that no ConfigMap has", change(lists("Words_")), "spec.words.configMapRefs[0].name"},

		{"no expression in the list", change(expressions(0)), ""}, // omitted when it is empty
		{"17 expressions", change(expressions(17)), tooMany + " 16 items"},
		{"expression of 4096 characters", change(expression("long", letters(4096))), ""},
		{"expression of 4097 characters", change(expression("long", letters(4097))), "spec.expressions[0].expression"},
		{"empty expression", change(expression("empty", "")), "spec.expressions[0].expression"},
		{"expression with an odd name", change(expression("Too Long", "true")), "spec.expressions[0].name"},
		{"expression given twice", change(func(s *spec) {
			s.Expressions = []ModerationExpression{{Name: "e", Expression: "true"}, {Name: "e", Expression: "false"}}
		}), "Duplicate value"},

		{"no messages", change(rate(0, 1)), "spec.rateLimit.messages"},
		{"1001 messages", change(rate(1001, 1)), "spec.rateLimit.messages"},
		{"no seconds", change(rate(1, 0)), "spec.rateLimit.perSeconds"},
		{"3601 seconds", change(rate(1, 3601)), "spec.rateLimit.perSeconds"},
	})
}

func TestModerationPolicyUpdate(t *testing.T) {
	t.Parallel()
	proveUpdates(t, validModeration, copyModeration, []update[ModerationPolicy]{
		{"appRef", nil, func(p *ModerationPolicy) { p.Spec.AppRef = otherApp }, "appRef is " + unchanged},
		{"appRef namespace added", nil, func(p *ModerationPolicy) { p.Spec.AppRef.Namespace = "platform" }, "appRef is " + unchanged},
		{"enforcement", nil, func(p *ModerationPolicy) { p.Spec.Enforcement = EnforcementProvider }, "enforcement is " + unchanged},
		{"action and words", nil, func(p *ModerationPolicy) {
			p.Spec.Action, p.Spec.Words.Inline = ModerationActionMask, []string{"other"}
		}, ""},
	})
}
