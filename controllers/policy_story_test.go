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

package controllers_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/im"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

const addCall, deleteCall = "add_local_audit_keywords", "delete_local_audit_keywords"

// policy keeps words in IM.
func (s *story) policy(name string, words ...string) *imv1alpha1.ModerationPolicy {
	return &imv1alpha1.ModerationPolicy{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: name},
		Spec: imv1alpha1.ModerationPolicySpec{
			AppRef: imv1alpha1.AppReference{Name: "app"}, Enforcement: imv1alpha1.EnforcementProvider,
			Action: imv1alpha1.ModerationActionReject, Words: &imv1alpha1.ModerationWords{Inline: words},
		},
	}
}

// listed adds lists to a policy.
func listed(policy *imv1alpha1.ModerationPolicy, names ...string) *imv1alpha1.ModerationPolicy {
	for _, name := range names {
		policy.Spec.Words.ConfigMapRefs = append(policy.Spec.Words.ConfigMapRefs, imv1alpha1.WordList{Name: name})
	}
	return policy
}

func (s *story) list(name string, data map[string]string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: name}, Data: data}
}

// keywords are IM's, by what becomes of them: "blocked" or what they are replaced with.
func (s *story) keywords() map[string]string {
	words := map[string]string{}
	for _, word := range s.sim.Keywords() {
		words[word.Keyword] = word.Replaced
		if word.Blocks {
			words[word.Keyword] = "blocked"
		}
	}
	return words
}

// theirs adds words as another back end does.
func (s *story) theirs(words ...string) {
	s.t.Helper()
	var keywords []im.Keyword
	for _, word := range words {
		keywords = append(keywords, im.Keyword{Text: word, Filter: im.KeywordReplace, Replacement: "theirs"})
	}
	s.Expect(s.stranger().AddLocalKeywords(s.ctx, keywords)).To(Succeed())
}

// read fetches a policy.
func (s *story) read(policy *imv1alpha1.ModerationPolicy) *imv1alpha1.ModerationPolicy {
	s.t.Helper()
	s.Expect(s.client.Get(s.ctx, client.ObjectKeyFromObject(policy), policy)).To(Succeed())
	return policy
}

func TestPolicyKeepsItsWordsInIM(t *testing.T) {
	s := begin(t)
	s.theirs("foreign", "both")
	policy := s.policy("words", "坏话", "both", " spam ")
	s.create(policy)
	s.Eventually(s.ready(policy)).Should(Equal(asDeclared))
	s.Expect(s.condition(policy, imv1alpha1.ConditionSynced)()).To(Equal(asDeclared))
	s.Expect(s.keywords()).To(Equal(map[string]string{"foreign": "theirs", "both": "theirs", "坏话": "blocked", "spam": "blocked"}))
	s.Expect(s.read(policy).Status.Words).To(BeEquivalentTo(3))

	update(s, policy, func(p *imv1alpha1.ModerationPolicy) { p.Spec.Words.Inline = []string{"坏话", "new"} })
	s.Eventually(s.keywords).Should(Equal(map[string]string{"foreign": "theirs", "both": "theirs", "坏话": "blocked", "new": "blocked"}))
	s.Eventually(s.ready(policy)).Should(Equal(asDeclared))
	s.Expect(s.read(policy).Status.Words).To(BeEquivalentTo(2))

	update(s, policy, func(p *imv1alpha1.ModerationPolicy) { p.Spec.Action = imv1alpha1.ModerationActionMask })
	s.Eventually(s.keywords).Should(Equal(map[string]string{"foreign": "theirs", "both": "theirs", "坏话": "***", "new": "***"}))
	text := ""
	update(s, policy, func(p *imv1alpha1.ModerationPolicy) { p.Spec.MaskText = &text })
	s.Eventually(s.keywords).Should(Equal(map[string]string{"foreign": "theirs", "both": "theirs", "坏话": "", "new": ""}))
	s.Eventually(s.ready(policy)).Should(Equal(asDeclared))

	s.Expect(s.client.Delete(s.ctx, policy)).To(Succeed())
	s.Eventually(s.gone(policy)).Should(BeTrue())
	s.Expect(s.keywords()).To(Equal(map[string]string{"foreign": "theirs", "both": "theirs"}))
}

func TestPolicyFollowsItsLists(t *testing.T) {
	s := begin(t)
	policy := listed(s.policy("words", "inline"), "bad")
	s.create(policy)
	s.Eventually(s.ready(policy)).Should(Equal("False ReferenceNotFound"))
	s.Expect(s.message(policy)).To(Equal("words: ConfigMap " + s.namespace + "/bad does not exist: create it"))

	// More than a page, and more than one change holds.
	var many strings.Builder
	for i := range 600 {
		fmt.Fprintf(&many, "词%03d\n", i)
	}
	bad := s.list("bad", map[string]string{"a": "# a comment\n\n one \r\ntwo", "b": "two\ninline\n" + many.String()})
	s.create(bad)
	s.Eventually(s.ready(policy)).Should(Equal(asDeclared))
	s.Expect(s.keywords()).To(And(HaveLen(603), HaveKey("one"), HaveKey("two"), HaveKey("inline"), HaveKey("词599")))
	s.Expect(s.read(policy).Status.Words).To(BeEquivalentTo(603))
	s.Expect(s.sim.Calls(addCall)).To(BeNumerically("<=", 63), "ten words a call")

	update(s, bad, func(c *corev1.ConfigMap) { c.Data["a"] = "one\n" + strings.Repeat("长", 65) })
	s.Eventually(s.ready(policy)).Should(Equal("False Invalid"))
	s.Expect(s.message(policy)).To(Equal(`words: ConfigMap ` + s.namespace + `/bad, key "a", line 2: 65 of at most 64 characters: shorten the word`))
	s.Expect(s.keywords()).To(HaveLen(603), "what is in force stays in force")
	update(s, bad, func(c *corev1.ConfigMap) { c.Data = map[string]string{"a": "one\nthree"} })
	s.Eventually(s.keywords).Should(Equal(map[string]string{"inline": "blocked", "one": "blocked", "three": "blocked"}))
	s.Eventually(s.ready(policy)).Should(Equal(asDeclared))

	var tooMany strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&tooMany, "w%d\n", i)
	}
	update(s, bad, func(c *corev1.ConfigMap) { c.Data = map[string]string{"a": tooMany.String()} })
	s.Eventually(s.ready(policy)).Should(Equal("False Invalid"))
	s.Expect(s.message(policy)).To(HavePrefix("10001 words, of at most 10000 with enforcement: Provider"))
	s.Expect(s.keywords()).To(HaveLen(3))
}

func TestOnePolicyForAnApplication(t *testing.T) {
	s := begin(t)
	older := s.policy("older", "one")
	s.create(older)
	s.Eventually(s.ready(older)).Should(Equal(asDeclared))
	younger := s.policy("a-younger", "two")
	s.create(younger)
	s.Eventually(s.ready(younger)).Should(Equal("False Conflict"))
	s.Expect(s.message(younger)).To(ContainSubstring("ModerationPolicy " + s.namespace + "/older"))
	s.Expect(s.keywords()).To(Equal(map[string]string{"one": "blocked"}))
	s.Expect(s.read(younger).Finalizers).To(BeEmpty())

	s.Expect(s.client.Delete(s.ctx, older)).To(Succeed())
	s.Eventually(s.ready(younger)).Should(Equal(asDeclared))
	s.Expect(s.keywords()).To(Equal(map[string]string{"two": "blocked"}))
}

func TestRetainedWordsBelongToNobody(t *testing.T) {
	s := begin(t)
	policy := s.policy("words", "one", "two")
	policy.Spec.DeletionPolicy = imv1alpha1.DeletionPolicyRetain
	s.create(policy)
	s.Eventually(s.ready(policy)).Should(Equal(asDeclared))
	s.Expect(s.client.Delete(s.ctx, policy)).To(Succeed())
	s.Eventually(s.gone(policy)).Should(BeTrue())
	s.Expect(s.keywords()).To(HaveLen(2))

	next := s.policy("next", "two", "three")
	s.create(next)
	s.Eventually(s.ready(next)).Should(Equal(asDeclared))
	s.Expect(s.client.Delete(s.ctx, next)).To(Succeed())
	s.Eventually(s.gone(next)).Should(BeTrue())
	s.Expect(s.keywords()).To(Equal(map[string]string{"one": "blocked", "two": "blocked"}))
}

func TestLostRepliesAboutWords(t *testing.T) {
	s := begin(t)
	s.Eventually(s.ready(s.app())).Should(Equal(asDeclared))
	s.fault(simim.Fault{Command: addCall, Times: 2, Reset: simim.ResetAfterCommit})
	policy := s.policy("words", "one", "two")
	s.create(policy)
	s.Eventually(s.ready(policy)).Should(Equal(asDeclared))
	s.Expect(s.sim.Keywords()).To(HaveLen(2))
	s.Expect(s.sim.Calls(addCall)).To(Equal(1), "what may have been done is read, not repeated")

	s.sim.ClearFaults()
	s.fault(simim.Fault{Command: deleteCall, Times: 1, Reset: simim.ResetAfterCommit})
	update(s, policy, func(p *imv1alpha1.ModerationPolicy) { p.Spec.Words.Inline = []string{"two"} })
	s.Eventually(s.keywords).Should(Equal(map[string]string{"two": "blocked"}))
	s.Eventually(s.ready(policy)).Should(Equal(asDeclared))

	s.fault(simim.Fault{Command: deleteCall, Times: 1, Reset: simim.ResetBeforeCommit})
	s.Expect(s.client.Delete(s.ctx, policy)).To(Succeed())
	s.Eventually(s.gone(policy)).Should(BeTrue())
	s.Expect(s.keywords()).To(BeEmpty())
}

func TestUnchangedPolicyWritesNothing(t *testing.T) {
	s := begin(t)
	s.Eventually(s.ready(s.app())).Should(Equal(asDeclared))
	before := env.Requests().Snapshot()
	policy := listed(s.policy("words", "one"), "bad")
	s.create(s.list("bad", map[string]string{"a": "two"}), policy)
	s.Eventually(s.ready(policy)).Should(Equal(asDeclared))
	writes := env.Requests().Since(before).By(s.agent()).In(s.namespace).Writes()
	s.Expect(writes.Total()).To(BeNumerically("<=", 4), "a wait for the list, finalizer and mark, the record, status: %s", writes)
	s.quiet(time.Second)

	before, calls, lists := env.Requests().Snapshot(), s.writesToIM(), s.sim.Calls("get_local_audit_keywords")
	s.Eventually(func() int { return s.sim.Calls("get_local_audit_keywords") - lists }).Should(BeNumerically(">=", 6), "sweeps")
	update(s, policy, func(p *imv1alpha1.ModerationPolicy) { p.Annotations = reconcileAt(p.Annotations, "again") })
	s.Eventually(func() string { return s.read(policy).Status.LastHandledReconcileAt }).Should(Equal("again"))
	s.Expect(env.Requests().Since(before).By(s.agent()).In(s.namespace).Writes().Total()).To(Equal(1), "only the echo of the request")

	s.stop()
	before, lists = env.Requests().Snapshot(), s.sim.Calls("get_local_audit_keywords")
	s.start()
	s.Eventually(func() int { return s.sim.Calls("get_local_audit_keywords") - lists }).Should(BeNumerically(">=", 2))
	s.Consistently(func() string {
		return env.Requests().Since(before).By(s.agent()).In(s.namespace).Writes().String()
	}, "1s").Should(BeEmpty())
	s.Expect(s.writesToIM()).To(Equal(calls))
}

func TestWordsAreBroughtBack(t *testing.T) {
	s := begin(t)
	policy := s.policy("words", "one", "two", "three")
	s.create(policy)
	s.Eventually(s.ready(policy)).Should(Equal(asDeclared))
	declared, lists := s.keywords(), s.sim.Calls("get_local_audit_keywords")
	s.Eventually(func() int { return s.sim.Calls("get_local_audit_keywords") - lists }).Should(BeNumerically(">=", 6), "read back, and swept")
	other := s.stranger()
	s.Expect(other.DeleteLocalKeywords(s.ctx, []im.Keyword{{Text: "one"}, {Text: "two"}})).To(Succeed())
	s.theirs("two", "foreign") // one of ours gets another meaning
	declared["foreign"] = "theirs"
	s.Eventually(s.keywords).Should(Equal(declared))
	s.Eventually(s.ready(policy)).Should(Equal(asDeclared))
	s.Eventually(s.reasonsOfEvents(policy)).Should(ContainElement("Repaired"))
}

// The operator ends after it has noted its words, before IM has them.
func TestPolicyAfterACrashLeavesNoOrphans(t *testing.T) {
	s := begin(t)
	s.Eventually(s.ready(s.app())).Should(Equal(asDeclared))
	s.fault(simim.Fault{Command: addCall, Reset: simim.ResetBeforeCommit})
	policy := s.policy("words", "one", "two")
	s.create(policy)
	s.Eventually(func() string { return s.read(policy).Status.ProviderWords }).ShouldNot(BeEmpty())
	s.Expect(s.keywords()).To(BeEmpty())
	s.stop()
	s.sim.ClearFaults()
	s.start()
	s.Eventually(s.ready(policy), "40s").Should(Equal(asDeclared))
	s.Expect(s.keywords()).To(HaveLen(2))

	// Now IM has them, and nobody was told: the word that is not wanted any more
	// by the next operator goes all the same.
	s.fault(simim.Fault{Command: addCall, Reset: simim.ResetAfterCommit})
	update(s, policy, func(p *imv1alpha1.ModerationPolicy) { p.Spec.Words.Inline = []string{"one", "two", "three"} })
	s.Eventually(s.keywords).Should(HaveKey("three"))
	s.stop()
	s.sim.ClearFaults()
	update(s, policy, func(p *imv1alpha1.ModerationPolicy) { p.Spec.Words.Inline = []string{"two"} })
	s.start()
	s.Eventually(s.keywords, "40s").Should(Equal(map[string]string{"two": "blocked"}))
	s.Eventually(s.ready(policy)).Should(Equal(asDeclared))
	s.Expect(s.client.Delete(s.ctx, policy)).To(Succeed())
	s.Eventually(s.gone(policy)).Should(BeTrue())
	s.Expect(s.keywords()).To(BeEmpty())
}

func TestWordThatIMRefusesIsNamed(t *testing.T) {
	s := begin(t)
	s.Eventually(s.ready(s.app())).Should(Equal(asDeclared))
	s.fault(simim.Fault{Command: addCall, Match: "odd", Code: 10004})
	policy := s.policy("words", "one", "odd", "two")
	s.create(policy)
	s.Eventually(s.ready(policy)).Should(Equal("False Invalid"))
	s.Expect(s.message(policy)).To(ContainSubstring(`IM refuses "odd"`))
	s.Expect(s.keywords()).To(Equal(map[string]string{"one": "blocked", "two": "blocked"}))
	update(s, policy, func(p *imv1alpha1.ModerationPolicy) { p.Spec.Words.Inline = []string{"one", "two"} })
	s.Eventually(s.ready(policy)).Should(Equal(asDeclared))
}

// Policies with enforcement: Callback belong to the webhook.
func TestPoliciesOfTheWebhookAreLeftAlone(t *testing.T) {
	s := begin(t)
	theirs := s.policy("callback", "one")
	theirs.Spec.Enforcement = imv1alpha1.EnforcementCallback
	theirs.Spec.Words.ConfigMapRefs = []imv1alpha1.WordList{{Name: "bad"}}
	s.create(theirs)
	version := s.read(theirs).ResourceVersion
	ours := listed(s.policy("provider"), "bad")
	s.create(ours, s.list("bad", map[string]string{"a": "two"}))
	s.Eventually(s.ready(ours)).Should(Equal(asDeclared))
	s.quiet(time.Second)
	s.Expect(s.keywords()).To(Equal(map[string]string{"two": "blocked"}))
	s.Expect(s.read(theirs).ResourceVersion).To(Equal(version))
	s.Expect(theirs.Finalizers).To(BeEmpty())

	// Only the one that is kept in IM holds the application back.
	app := s.app()
	s.Expect(s.client.Delete(s.ctx, app)).To(Succeed())
	s.Eventually(s.ready(app)).Should(Equal("False InUse"))
	s.Expect(s.message(app)).To(Equal("deletion waits for ModerationPolicy " + s.namespace + "/provider: delete them first"))
	s.Expect(s.client.Delete(s.ctx, ours)).To(Succeed())
	s.Eventually(s.gone(ours)).Should(BeTrue())
	s.Eventually(s.gone(app)).Should(BeTrue())
	s.Expect(s.keywords()).To(BeEmpty())
	s.Expect(s.read(theirs).ResourceVersion).To(Equal(version))
}

func TestPolicyGoesWithItsNamespace(t *testing.T) {
	s := begin(t)
	s.theirs("foreign")
	app, policy := s.app(), listed(s.policy("words", "one"), "bad")
	s.create(s.list("bad", map[string]string{"a": "two"}), policy)
	s.Eventually(s.ready(policy)).Should(Equal(asDeclared))
	s.Expect(s.client.Delete(s.ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.namespace}})).To(Succeed())
	for _, kind := range []client.Object{&corev1.Secret{}, &corev1.ConfigMap{}} {
		s.Expect(s.client.DeleteAllOf(s.ctx, kind, client.InNamespace(s.namespace))).To(Succeed())
	}
	s.Eventually(s.ready(app)).Should(Equal("False CredentialsNotFound"))
	for _, kind := range []client.Object{&imv1alpha1.ImApp{}, &imv1alpha1.ModerationPolicy{}} {
		s.Expect(s.client.DeleteAllOf(s.ctx, kind, client.InNamespace(s.namespace))).To(Succeed())
	}
	s.Eventually(s.gone(policy)).Should(BeTrue())
	s.Eventually(s.gone(app)).Should(BeTrue())
	s.Expect(s.keywords()).To(Equal(map[string]string{"foreign": "theirs"}))
}
