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
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook/message"
)

var start = time.Unix(1763848315, 0)

// policy returns a policy with an action, changed.
func policy(name string, action imv1alpha1.ModerationAction, changes ...func(*imv1alpha1.ModerationPolicySpec)) *imv1alpha1.ModerationPolicy {
	p := &imv1alpha1.ModerationPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name}}
	p.Spec = imv1alpha1.ModerationPolicySpec{Enforcement: imv1alpha1.EnforcementCallback, Action: action}
	for _, change := range changes {
		change(&p.Spec)
	}
	return p
}

func compiled(tb testing.TB, p *imv1alpha1.ModerationPolicy, words ...string) *Compiled {
	tb.Helper()
	c, err := Compile(p, words)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func when(name, source string) func(*imv1alpha1.ModerationPolicySpec) {
	return func(s *imv1alpha1.ModerationPolicySpec) {
		s.Expressions = append(s.Expressions, imv1alpha1.ModerationExpression{Name: name, Expression: source})
	}
}

func limited(messages, seconds int32) func(*imv1alpha1.ModerationPolicySpec) {
	return func(s *imv1alpha1.ModerationPolicySpec) {
		s.RateLimit = &imv1alpha1.MessageRate{Messages: messages, PerSeconds: seconds}
	}
}

func denying(s *imv1alpha1.ModerationPolicySpec) { s.FailurePolicy = imv1alpha1.FailurePolicyDeny }
func wholeWords(s *imv1alpha1.ModerationPolicySpec) {
	s.Words = &imv1alpha1.ModerationWords{Latin: imv1alpha1.LatinWholeWord}
}
func maskedBy(mask string) func(*imv1alpha1.ModerationPolicySpec) {
	return func(s *imv1alpha1.ModerationPolicySpec) { s.MaskText = &mask }
}

func read(tb testing.TB, body, cloud string) *message.Message {
	tb.Helper()
	b, err := message.Parse(json.RawMessage(body), cloud)
	if err != nil {
		tb.Fatal(err)
	}
	return &message.Message{
		App: types.NamespacedName{Namespace: "shop", Name: "app"}, Sender: "viewer17", Operator: "viewer17", Platform: "Web",
		GroupID: "room_8801", GroupType: "AVChatRoom", Body: b,
		Room: message.Room{Namespace: "shop", Name: "spring", Labels: map[string]string{"tier": "gold"}},
	}
}

func textOf(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return `[{"MsgType":"TIMTextElem","MsgContent":{"Text":` + string(quoted) + `}}]`
}

func named(name string) types.NamespacedName {
	return types.NamespacedName{Namespace: "shop", Name: name}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	const gift = `[{"MsgType":"TIMCustomElem","MsgContent":{"Data":"SEND_GIFT","Ext":"{\"name\":\"坏rose\",\"price\":99,\"坏\":1}"}}]`
	reject := compiled(t, policy("reject", imv1alpha1.ModerationActionReject, func(s *imv1alpha1.ModerationPolicySpec) {
		s.Message, s.RejectCode = "blocked by shield", new(int32(10101))
	}), "Bad", "坏")
	other := compiled(t, policy("another", imv1alpha1.ModerationActionReject), "bad")
	drop := compiled(t, policy("drop", imv1alpha1.ModerationActionDrop), "bad", "spam")
	mask := compiled(t, policy("mask", imv1alpha1.ModerationActionMask), "bad", "坏", "badly done")
	stars := compiled(t, policy("a-mask", imv1alpha1.ModerationActionMask, maskedBy("#")), "ly do", "rose")
	whole := compiled(t, policy("whole", imv1alpha1.ModerationActionReject, wholeWords), "ass", "驴")
	rich := compiled(t, policy("rich", imv1alpha1.ModerationActionMask, when("price", `event == "SEND_GIFT" && ext.price > 50`)))
	gold := compiled(t, policy("gold", imv1alpha1.ModerationActionReject, when("no", `false`), when("gold", `room.labels["tier"] == "gold" && room.name == "spring" && text.contains("hi")`)))
	fails := compiled(t, policy("fails", imv1alpha1.ModerationActionMask, when("nothing", `ext.nothing == 1`)))
	failsDenying := compiled(t, policy("fails", imv1alpha1.ModerationActionDrop, denying, when("nothing", `ext.nothing == 1`)))
	longMask := compiled(t, policy("long", imv1alpha1.ModerationActionMask, maskedBy(strings.Repeat("#", 16))), "a")
	both := compiled(t, policy("both", imv1alpha1.ModerationActionMask, when("more", `text.contains("more")`)), "bad")
	short := compiled(t, policy("short", imv1alpha1.ModerationActionMask, maskedBy("")), "bad")
	same := compiled(t, policy("same", imv1alpha1.ModerationActionMask), "***")

	rejected := Decision{Verdict: Reject, Code: 10101, Info: "blocked by shield", Policy: named("reject"), Rule: RuleWords}
	masked := func(name, rule, body string) Decision {
		return Decision{Verdict: Mask, Policy: named(name), Rule: rule, Body: json.RawMessage(body)}
	}
	for _, tc := range []struct {
		name, body, cloud string
		policies          []*Compiled
		want              Decision
	}{
		{"no policy", textOf("bad"), "", nil, Decision{}},
		{"nothing found", textOf("good"), "", []*Compiled{reject, drop, mask, stars, whole, rich, gold}, Decision{}},
		{"rejected", textOf("so ＢＡ\u200bＤ"), "", []*Compiled{reject}, rejected},
		{"default code and text", textOf("bad"), "", []*Compiled{other}, Decision{Verdict: Reject, Code: 10100, Info: DefaultInfo, Policy: named("another"), Rule: RuleWords}},
		{"dropped", textOf("bad"), "", []*Compiled{drop}, Decision{Verdict: Drop, Policy: named("drop"), Rule: RuleWords}},
		{"drop over mask", textOf("bad"), "", []*Compiled{mask, drop}, Decision{Verdict: Drop, Policy: named("drop"), Rule: RuleWords}},
		{"reject over drop, first name", textOf("bad"), "", []*Compiled{reject, mask, drop, other}, Decision{Verdict: Reject, Code: 10100, Info: DefaultInfo, Policy: named("another"), Rule: RuleWords}},
		{"masked", textOf("so BAD, so 坏!"), "", []*Compiled{mask}, masked("mask", RuleWords, textOf("so ***, so ***!"))},
		{"masks of several policies, overlapping ones once", textOf("bad, badly done, rose"), "", []*Compiled{mask, stars}, masked("a-mask", RuleWords, textOf("***, #, #"))},
		{"JSON stays JSON", gift, "", []*Compiled{mask}, masked("mask", RuleWords, strings.Replace(gift, "坏rose", "***rose", 1))},
		{"an expression masks all", gift, "x", []*Compiled{rich}, func() Decision {
			d := masked("rich", "expressions/price", `[{"MsgType":"TIMCustomElem","MsgContent":{"Data":"***","Ext":"{\"name\":\"***\",\"price\":99,\"坏\":1}"}}]`)
			d.CloudCustomData = new("***")
			return d
		}()},
		{"cloud data", textOf("fine"), "bad", []*Compiled{mask}, Decision{Verdict: Mask, Policy: named("mask"), Rule: RuleWords, CloudCustomData: new("***")}},
		{"an expression of several", textOf("hi"), "", []*Compiled{gold}, Decision{Verdict: Reject, Code: 10100, Info: DefaultInfo, Policy: named("gold"), Rule: "expressions/gold"}},
		{"whole words", textOf("class pass assé ass1"), "", []*Compiled{whole}, Decision{}},
		{"whole words between other characters", textOf("你Ass!"), "", []*Compiled{whole}, Decision{Verdict: Reject, Code: 10100, Info: DefaultInfo, Policy: named("whole"), Rule: RuleWords}},
		{"whole words are of letters", textOf("a驴b"), "", []*Compiled{whole}, Decision{Verdict: Reject, Code: 10100, Info: DefaultInfo, Policy: named("whole"), Rule: RuleWords}},
		{"denied", textOf("good"), "", []*Compiled{mask, Deny(policy("broken", imv1alpha1.ModerationActionMask))}, Decision{Verdict: Reject, Code: 10100, Info: DefaultInfo, Policy: named("broken"), Rule: RuleDenied}},
		{"an expression masks more than words", textOf("bad and more"), "", []*Compiled{both}, masked("both", RuleWords, textOf("***"))},
		{"a large message that masks make smaller", textOf(strings.Repeat("x", 12<<10) + "bad"), "", []*Compiled{short}, masked("short", RuleWords, textOf(strings.Repeat("x", 12<<10)))},
		{"cloud data that makes it too large", textOf(strings.Repeat("x", 12_000)), strings.Repeat("a", 20), []*Compiled{longMask}, Decision{Verdict: Reject, Code: 10100, Info: DefaultInfo, Policy: named("long"), Rule: RuleWords}},
		{"masks that change nothing", textOf("***"), "", []*Compiled{same}, Decision{}},
		{"masks that make it too large", textOf(strings.Repeat("a", 1000)), "", []*Compiled{longMask}, Decision{Verdict: Reject, Code: 10100, Info: DefaultInfo, Policy: named("long"), Rule: RuleWords}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := Decide(read(t, tc.body, tc.cloud), tc.policies, nil, start); !reflect.DeepEqual(got, tc.want) {
				t.Errorf("got %+v\nwant %+v\nbody %s", got, tc.want, got.Body)
			}
		})
	}

	t.Run("failing expressions", func(t *testing.T) {
		t.Parallel()
		m := read(t, textOf("hi"), "")
		dropped := compiled(t, policy("fails", imv1alpha1.ModerationActionDrop, denying, when("nothing", `ext.nothing == 1`)), "hi")
		if d := Decide(m, []*Compiled{dropped}, nil, start); d.Verdict != Reject {
			t.Errorf("got %+v, want a failure to be stricter than a word", d)
		}
		allowed, denied := Decide(m, []*Compiled{fails}, nil, start), Decide(m, []*Compiled{failsDenying}, nil, start)
		for _, d := range []*Decision{&allowed, &denied} {
			if len(d.Failures) != 1 || d.Failures[0].Policy != named("fails") || d.Failures[0].Rule != "expressions/nothing" || d.Failures[0].Err == nil {
				t.Errorf("failures %+v", d.Failures)
			}
			d.Failures = nil
		}
		want := Decision{Verdict: Reject, Code: 10100, Info: DefaultInfo, Policy: named("fails"), Rule: "expressions/nothing"}
		if !reflect.DeepEqual(allowed, Decision{}) || !reflect.DeepEqual(denied, want) {
			t.Errorf("got %+v and %+v, want an allowed one and %+v", allowed, denied, want)
		}
	})
	t.Run("unreadable message", func(t *testing.T) {
		t.Parallel()
		m := read(t, textOf("bad"), "")
		m.Body = nil
		if got := Decide(m, []*Compiled{reject, mask, fails}, nil, start); !reflect.DeepEqual(got, Decision{}) {
			t.Errorf("got %+v, want an allowed one", got)
		}
		want := Decision{Verdict: Reject, Code: 10100, Info: DefaultInfo, Policy: named("fails"), Rule: RuleUnreadable}
		if got := Decide(m, []*Compiled{reject, failsDenying}, nil, start); !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

// TestDecideInAnyOrder proves that the order of policies is of no consequence.
func TestDecideInAnyOrder(t *testing.T) {
	t.Parallel()
	actions := []imv1alpha1.ModerationAction{imv1alpha1.ModerationActionMask, imv1alpha1.ModerationActionDrop, imv1alpha1.ModerationActionReject}
	words := []string{"ab", "bc", "abcd", "d", "c"}
	r := rand.New(rand.NewPCG(1, 2))
	verdicts := map[Verdict]int{}
	for range 2000 {
		var policies []*Compiled
		for i := range 1 + r.IntN(20) {
			action := actions[min(r.IntN(12)/4, 2)*min(1, r.IntN(5))]
			policies = append(policies, compiled(t, policy(string(rune('a'+i)), action, maskedBy(string(rune('A'+i)))), words[r.IntN(len(words))]))
		}
		m := read(t, textOf([]string{"xabcdx", "x", "dab bc", "c"}[r.IntN(4)]), "abc")
		want := Decide(m, policies, nil, start)
		verdicts[want.Verdict]++
		for range 3 {
			r.Shuffle(len(policies), func(i, j int) { policies[i], policies[j] = policies[j], policies[i] })
			if got := Decide(m, policies, nil, start); !reflect.DeepEqual(got, want) {
				t.Fatalf("got %+v, want %+v", got, want)
			}
		}
	}
	if len(verdicts) != 4 {
		t.Errorf("only these verdicts were tried: %v", verdicts)
	}
}

func TestDecideRate(t *testing.T) {
	t.Parallel()
	mask := compiled(t, policy("mask", imv1alpha1.ModerationActionMask, limited(2, 10)), "bad")
	drop := compiled(t, policy("drop", imv1alpha1.ModerationActionDrop, limited(3, 10)))
	limiter := NewLimiter()
	var got []string
	for _, at := range []int{0, 1, 2, 3, 10, 10, 11} {
		d := Decide(read(t, textOf("bad"), ""), []*Compiled{mask, drop}, limiter, start.Add(time.Duration(at)*time.Second))
		got = append(got, d.Verdict.String()+" "+d.Rule)
	}
	want := []string{"Mask words", "Mask words", "Reject rateLimit", "Reject rateLimit", "Mask words", "Reject rateLimit", "Mask words"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	m := read(t, textOf("x"), "")
	for i := range 4 {
		want := Decision{}
		if i == 3 {
			want = Decision{Verdict: Drop, Policy: named("drop"), Rule: RuleRateLimit}
		}
		m.GroupID = "elsewhere"
		if got := Decide(m, []*Compiled{drop}, limiter, start); !reflect.DeepEqual(got, want) {
			t.Errorf("message %d in another room: got %+v, want %+v", i, got, want)
		}
	}
}

func TestCompileRefuses(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		policy *imv1alpha1.ModerationPolicy
		words  []string
		want   string
	}{
		{"word without anything to see", policy("p", imv1alpha1.ModerationActionDrop), []string{"ok", "\u200b"}, `word "\u200b" has no visible character: remove it`},
		{"long word", policy("p", imv1alpha1.ModerationActionDrop), []string{strings.Repeat("词", 65)}, "has 65 characters: shorten it to 64"},
		{"word of characters that are many", policy("p", imv1alpha1.ModerationActionDrop), []string{strings.Repeat("ﷺ", 40)}, "stand for many others"},
		{"word that is no UTF-8", policy("p", imv1alpha1.ModerationActionDrop), []string{"\xff"}, "is not UTF-8"},
		{"too many words", policy("p", imv1alpha1.ModerationActionDrop), make([]string, MaxWords+1), "more than 200000: remove some"},
		{"expression", policy("p", imv1alpha1.ModerationActionDrop, when("typo", "txt == ''")), nil, `expression "typo" is not valid CEL: line 1, column 1: undeclared reference to 'txt'`},
		{"expression of another type", policy("p", imv1alpha1.ModerationActionDrop, when("number", "1")), nil, `expression "number" gives int: make it give a bool`},
		{"enforcement by IM", policy("p", imv1alpha1.ModerationActionDrop, func(s *imv1alpha1.ModerationPolicySpec) { s.Enforcement = imv1alpha1.EnforcementProvider }), nil, "left to IM"},
		{"unknown action", policy("p", "Sing"), nil, `action "Sing" is not known`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if _, err := Compile(tc.policy, tc.words); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
	if c := compiled(t, policy("p", imv1alpha1.ModerationActionDrop), "Bad", "ＢＡＤ", "b\u200dad", "worse"); c.Words() != 2 || c.Name() != named("p") {
		t.Errorf("%d words of %s, want 2 of shop/p", c.Words(), c.Name())
	}
}

// TestDecideIsCheap bounds what a message without any word costs, parsing included.
func TestDecideIsCheap(t *testing.T) {
	c := compiled(t, policy("p", imv1alpha1.ModerationActionMask), dictionary(10_000)...)
	raw, m := json.RawMessage(textOf(typical)), message.Message{Sender: "viewer17"}
	allocations := testing.AllocsPerRun(100, func() {
		body, err := message.Parse(raw, "")
		if err != nil {
			t.Fatal(err)
		}
		m.Body = body
		if d := Decide(&m, []*Compiled{c}, nil, start); d.Verdict != Allow {
			t.Fatalf("got %+v", d)
		}
	})
	if allocations > 4 {
		t.Errorf("%v allocations for a message", allocations)
	}
	if size := c.Size(); size > 120*c.Words() {
		t.Errorf("%d words take %d bytes", c.Words(), size)
	}
}

// TestWordsAreFoundInWhatCannotBeRead has a viewer hide a word behind more than
// is read of a message.
func TestWordsAreFoundInWhatCannotBeRead(t *testing.T) {
	mask := compiled(t, policy("mask", imv1alpha1.ModerationActionMask), "bad")
	raw := `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"ＢＡＤ"}}` + strings.Repeat(",{}", message.MaxElements) + "]"
	if d := Decide(&message.Message{Raw: raw}, []*Compiled{mask}, nil, start); d.Verdict != Reject || d.Rule != RuleWords {
		t.Errorf("got %+v", d)
	}
	deep := read(t, textOf("bad"), strings.Repeat("[", 40))
	if d := Decide(deep, []*Compiled{mask}, nil, start); d.Verdict != Mask {
		t.Errorf("got %+v", d)
	}
}
