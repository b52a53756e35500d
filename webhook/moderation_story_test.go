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

package webhook_test

import (
	"net/http"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

func (s *story) policy(name string, change func(*imv1alpha1.ModerationPolicySpec)) *imv1alpha1.ModerationPolicy {
	policy := &imv1alpha1.ModerationPolicy{ObjectMeta: s.meta(name), Spec: imv1alpha1.ModerationPolicySpec{
		AppRef: imv1alpha1.AppReference{Name: "app"}, Enforcement: imv1alpha1.EnforcementCallback, Action: imv1alpha1.ModerationActionReject,
		Words: &imv1alpha1.ModerationWords{Inline: []string{"坏人"}},
	}}
	change(&policy.Spec)
	return policy
}

// enforce applies a policy and waits until it is in force.
func (s *story) enforce(policy *imv1alpha1.ModerationPolicy) *imv1alpha1.ModerationPolicy {
	s.t.Helper()
	s.create(policy)
	s.Eventually(s.condition(policy, imv1alpha1.ConditionReady)).Should(Equal("True InForce"))
	return policy
}

func TestMessagesAreRejectedMaskedAndDropped(t *testing.T) {
	s := begin(t)
	kids := s.open(s.room("kids", func(r *imv1alpha1.LiveRoom) { r.Labels = map[string]string{"audience": "kids"} }))
	shoes := s.open(s.room("shoes"))
	code := int32(10105)
	s.enforce(s.policy("strict", func(p *imv1alpha1.ModerationPolicySpec) {
		p.RoomSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"audience": "kids"}}
		p.Message, p.RejectCode = "请文明发言", &code
	}))
	s.enforce(s.policy("polite", func(p *imv1alpha1.ModerationPolicySpec) {
		p.Action, p.Words.Inline = imv1alpha1.ModerationActionMask, []string{"damn"}
	}))
	s.enforce(s.policy("quiet", func(p *imv1alpha1.ModerationPolicySpec) {
		p.Action, p.Words = imv1alpha1.ModerationActionDrop, nil
		p.Expressions = []imv1alpha1.ModerationExpression{{Name: "shouting", Expression: "text.size() > 6 && text.upperAscii() == text && text.lowerAscii() != text"}}
	}))

	s.Expect(s.call(beforeSend, text(kids, "ann", "坏\u200b人"))).To(Equal(answer{Status: http.StatusOK, ActionStatus: "OK", ErrorCode: 10105, ErrorInfo: "请文明发言"}))
	s.Expect(s.call(beforeSend, text(shoes, "ann", "坏人"))).To(Equal(accepted))
	s.Expect(s.call(beforeSend, text(kids, "ann", "hello"))).To(Equal(accepted))
	s.Expect(s.call(beforeSend, text(shoes, "ann", "BUY NOW!"))).To(Equal(answer{Status: http.StatusOK, ActionStatus: "OK", ErrorCode: 2}))
	masked := s.call(beforeSend, text(shoes, "ann", "ＤＡＭＮ it"))
	s.Expect(masked.ErrorCode).To(Equal(0))
	s.Expect(masked.MsgBody).To(MatchJSON(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"*** it"}}]`))

	s.Eventually(s.activity(kids)).Should(Equal(imv1alpha1.RoomActivity{Blocked: 1}))
	s.Eventually(s.activity(shoes)).Should(Equal(imv1alpha1.RoomActivity{Blocked: 1, Masked: 1}))
}

func TestWordsOfConfigMapsFollowTheirChanges(t *testing.T) {
	s := begin(t)
	room := s.open(s.room("kids"))
	list := &corev1.ConfigMap{ObjectMeta: s.meta("words"), Data: map[string]string{"zh": "# 词\n骗子\n"}}
	policy := s.policy("listed", func(p *imv1alpha1.ModerationPolicySpec) {
		p.Words = &imv1alpha1.ModerationWords{ConfigMapRefs: []imv1alpha1.WordList{{Name: "words"}}}
	})
	s.create(policy)
	ready := s.condition(policy, imv1alpha1.ConditionReady)
	s.Eventually(ready).Should(Equal("False ReferenceNotFound"))
	s.create(list)
	s.Eventually(ready).Should(Equal("True InForce"))
	rejected := func(said string) func() bool {
		return func() bool {
			return s.call(beforeSend, text(room, "ann", said)).ErrorCode == imv1alpha1.DefaultRejectCode
		}
	}
	s.Expect(rejected("骗子")()).To(BeTrue())
	s.Expect(rejected("黄牛")()).To(BeFalse())
	update(s, list, func(c *corev1.ConfigMap) { c.Data["zh"] += "黄牛\n" })
	s.Eventually(rejected("黄牛")).Should(BeTrue())
	s.Expect(s.client.Delete(s.ctx, policy)).To(Succeed())
	s.Eventually(rejected("骗子")).Should(BeFalse())
}

func TestBrokenPolicyKeepsItsLastGoodVersion(t *testing.T) {
	s := begin(t)
	room := s.open(s.room("kids"))
	policy := s.enforce(s.policy("words", func(p *imv1alpha1.ModerationPolicySpec) {}))
	update(s, policy, func(p *imv1alpha1.ModerationPolicy) {
		p.Spec.Expressions = []imv1alpha1.ModerationExpression{{Name: "broken", Expression: "text +"}}
	})
	s.Eventually(s.condition(policy, imv1alpha1.ConditionReady)).Should(Equal("False Invalid"))
	s.Eventually(s.condition(policy, imv1alpha1.ConditionStalled)).Should(Equal("True Invalid"))
	s.Expect(s.call(beforeSend, text(room, "ann", "坏人")).ErrorCode).To(Equal(imv1alpha1.DefaultRejectCode))

	closed := s.policy("closed", func(p *imv1alpha1.ModerationPolicySpec) {
		p.Words, p.FailurePolicy = nil, imv1alpha1.FailurePolicyDeny
		p.Expressions = []imv1alpha1.ModerationExpression{{Name: "broken", Expression: "nothing.known"}}
	})
	s.create(closed)
	s.Eventually(s.condition(closed, imv1alpha1.ConditionReady)).Should(Equal("False Invalid"))
	hello := func() int { return s.call(beforeSend, text(room, "ann", "hello")).ErrorCode }
	s.Expect(hello()).To(Equal(imv1alpha1.DefaultRejectCode))
	// Who is on call opens the room again, without mending the expression first.
	update(s, closed, func(p *imv1alpha1.ModerationPolicy) { p.Spec.FailurePolicy = imv1alpha1.FailurePolicyAllow })
	s.Eventually(hello).Should(Equal(0))
}

func TestPausedPolicyIsOutOfForce(t *testing.T) {
	s := begin(t)
	room := s.open(s.room("kids"))
	policy := s.enforce(s.policy("words", func(*imv1alpha1.ModerationPolicySpec) {}))
	said := func() int { return s.call(beforeSend, text(room, "ann", "坏人")).ErrorCode }
	s.Expect(said()).To(Equal(imv1alpha1.DefaultRejectCode))
	update(s, policy, func(p *imv1alpha1.ModerationPolicy) {
		p.Annotations = map[string]string{imv1alpha1.AnnotationPaused: "true"}
	})
	s.Eventually(s.condition(policy, imv1alpha1.ConditionReady)).Should(Equal("False Paused"))
	s.Expect(said()).To(Equal(0))
	update(s, policy, func(p *imv1alpha1.ModerationPolicy) { p.Annotations = nil })
	s.Eventually(s.condition(policy, imv1alpha1.ConditionReady)).Should(Equal("True InForce"))
	s.Expect(said()).To(Equal(imv1alpha1.DefaultRejectCode))
}

func TestUserWhoWritesTooOftenIsHeldBack(t *testing.T) {
	s := begin(t)
	room := s.open(s.room("kids"))
	s.enforce(s.policy("calm", func(p *imv1alpha1.ModerationPolicySpec) {
		p.Words, p.RateLimit = nil, &imv1alpha1.MessageRate{Messages: 3, PerSeconds: 3600}
	}))
	var codes []int
	for range 5 {
		codes = append(codes, s.call(beforeSend, text(room, "ann", "hello")).ErrorCode)
	}
	s.Expect(codes).To(Equal([]int{0, 0, 0, 10100, 10100}))
	s.Expect(s.call(beforeSend, text(room, "bob", "hello"))).To(Equal(accepted))
}

// TestNoTextReachesTheJournal reads everything that the journal has on disk.
func TestNoTextReachesTheJournal(t *testing.T) {
	s := begin(t)
	room := s.open(s.room("kids"))
	secret := "a very private sentence"
	s.Expect(s.call(afterSend, text(room, "ann", secret))).To(Equal(accepted))
	s.Expect(s.call(afterSend, custom(room, "ann", "SEND_GIFT", `{"note":"`+secret+`"}`))).To(Equal(accepted))
	s.Eventually(s.activity(room)).Should(HaveField("Messages", int64(2)))
	s.stop()
	s.Expect(filesWith(s.t, s.directory, secret)).To(BeEmpty())
	s.Expect(filesWith(s.t, s.directory, string(room.UID))).NotTo(BeEmpty(), "the journal holds the events")
}
