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
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
	simwechat "github.com/liveroom-io/liveroom-operator/internal/sim/wechat"
)

const (
	wechatAppID  = "wx5823bf96d3bd56c7"
	wechatSecret = "simulator-only"
	wechatToken  = "shieldwx2026Token"
	wechatKey    = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
)

// service is a story with an Official Account.
type service struct {
	*story

	wechat *simwechat.Simulator
	url    string // of WeChat
}

// serve begins a story with two agents, and a simulated WeChat.
func serve(t *testing.T, change ...func(*simwechat.Account)) *service {
	t.Helper()
	s := begin(t)
	account := simwechat.Account{AppID: wechatAppID, Secret: wechatSecret, Token: wechatToken, EncodingAESKey: wechatKey, Mode: simwechat.Safe}
	for _, c := range change {
		c(&account)
	}
	sim := simwechat.New(simwechat.Options{Accounts: []simwechat.Account{account}})
	server := httptest.NewServer(sim)
	t.Cleanup(func() { sim.Close(); server.Close() })
	for _, name := range []string{"lin", "zhou"} {
		s.create(s.agent(name))
		s.Eventually(s.condition(s.agent(name), imv1alpha1.ConditionReady)).Should(Equal("True AsDeclared"))
	}
	return &service{story: s, wechat: sim, url: server.URL}
}

func (s *story) agent(name string) *imv1alpha1.ImAccount {
	agent := &imv1alpha1.ImAccount{ObjectMeta: s.meta(name), Spec: imv1alpha1.ImAccountSpec{AppRef: imv1alpha1.AppReference{Name: "app"}}}
	agent.Labels = map[string]string{"desk": "support"}
	return agent
}

func (s *service) credentials() *corev1.Secret {
	return &corev1.Secret{ObjectMeta: s.meta("wechat"), Data: map[string][]byte{
		imv1alpha1.WeChatAppSecretKeyName: []byte(wechatSecret), imv1alpha1.WeChatTokenKeyName: []byte(wechatToken),
		imv1alpha1.WeChatEncodingAESKeyKeyName: []byte(wechatKey),
	}}
}

func (s *service) account(change ...func(*imv1alpha1.WeChatOfficialAccount)) *imv1alpha1.WeChatOfficialAccount {
	account := &imv1alpha1.WeChatOfficialAccount{ObjectMeta: s.meta("support"), Spec: imv1alpha1.WeChatOfficialAccountSpec{
		AppRef: imv1alpha1.AppReference{Name: "app"}, AppID: wechatAppID, Endpoint: s.url,
		AccountType: imv1alpha1.OfficialAccountService, Verification: imv1alpha1.VerificationVerified, MessageMode: imv1alpha1.MessageModeSafe,
		CredentialsSecretRef: imv1alpha1.SecretReference{Name: "wechat"},
		Followers:            &imv1alpha1.FollowerPolicy{UserIDPrefix: "wx-"},
		Agents:               imv1alpha1.AgentSelection{AccountRefs: []imv1alpha1.AccountReference{{Name: "lin"}}},
		Replies:              &imv1alpha1.AutomaticReplies{Welcome: "欢迎关注"},
	}}
	for _, c := range change {
		c(account)
	}
	return account
}

// status reads the account's.
func (s *service) status() imv1alpha1.WeChatOfficialAccountStatus {
	account := s.account()
	if err := s.client.Get(s.ctx, client.ObjectKeyFromObject(account), account); err != nil {
		return imv1alpha1.WeChatOfficialAccountStatus{}
	}
	return account.Status
}

// connect enters the webhook's addresses in both consoles.
func (s *service) connect() {
	s.t.Helper()
	s.Eventually(func() string { return s.status().CallbackPath }).ShouldNot(BeEmpty())
	s.Eventually(func() error {
		return s.wechat.SetWebhook(s.ctx, wechatAppID, "http://"+s.address+s.status().CallbackPath)
	}).Should(Succeed())
	s.Expect(s.sim.SetCallback(simim.CallbackOptions{URL: "http://" + s.address + s.callbackPath(), Token: token})).To(Succeed())
}

// phone is what arrived at a follower.
func (s *service) phone(openID string) func() []string {
	return func() []string {
		messages, err := s.wechat.Phone(wechatAppID, openID)
		s.Expect(err).NotTo(HaveOccurred())
		texts := []string{}
		for i := range messages {
			texts = append(texts, messages[i].Text)
		}
		return texts
	}
}

// TestCustomerService: from the manifests to an answer on the follower's phone, and
// what status says on the way.
func TestCustomerService(t *testing.T) {
	s := serve(t)
	s.create(s.credentials(), s.account())
	ready := func(name string) func() string { return s.condition(s.account(), name) }
	s.Eventually(ready(imv1alpha1.ConditionVerified)).Should(Equal("False AwaitingHandshake"))
	s.Eventually(ready(imv1alpha1.ConditionTokenValid)).Should(Equal("True Valid"))
	s.Eventually(ready(imv1alpha1.ConditionAgentsAvailable)).Should(Equal("True Available"))
	s.Expect(ready(imv1alpha1.ConditionReady)()).To(Equal("False AwaitingHandshake"))
	s.connect()
	s.Eventually(ready(imv1alpha1.ConditionReady)).Should(Equal("True Relaying"))

	openID, err := s.wechat.Follow(wechatAppID, simwechat.Follow{})
	s.Expect(err).NotTo(HaveOccurred())
	s.Eventually(s.phone(openID)).Should(Equal([]string{"欢迎关注"}))
	_, err = s.wechat.Write(wechatAppID, openID, simwechat.FollowerMessage{Type: "text", Content: "童装啥时候上新？"})
	s.Expect(err).NotTo(HaveOccurred())
	s.Eventually(func() int { return len(s.sim.ChatMessages("wx-"+openID, "lin")) }).Should(Equal(1))
	_, err = s.sim.SendChatAsClient("wx-"+openID, simim.ClientMessage{From: "lin", Text: "5月份会上新，敬请关注！"})
	s.Expect(err).NotTo(HaveOccurred())
	s.Eventually(s.phone(openID)).Should(Equal([]string{"欢迎关注", "5月份会上新，敬请关注！"}))

	s.Eventually(func() string {
		status := s.status()
		return fmt.Sprint(status.Followers, status.ActiveSessions, status.RelayedToAgents, status.RelayedToCustomers, status.Agents, len(status.Sessions))
	}).Should(Equal("1 1 1 1 1 1"))
	s.Expect(s.status().OriginalID).To(HavePrefix("gh_"))
	s.Expect(s.status().LastInboundTime).NotTo(BeNil())
	for _, secret := range []string{wechatSecret, wechatToken, wechatKey, openID} {
		s.Expect(fmt.Sprintf("%+v", s.status())).NotTo(ContainSubstring(secret))
	}

	// Nothing is written without news.
	version := func() string {
		account := s.account()
		s.Expect(s.client.Get(s.ctx, client.ObjectKeyFromObject(account), account)).To(Succeed())
		return account.ResourceVersion
	}
	before := version()
	s.Consistently(version).WithTimeout(3 * time.Second).Should(Equal(before))
}

// TestOfficialAccountTroubles: what is wrong is said where one looks, and heals.
func TestOfficialAccountTroubles(t *testing.T) {
	s := serve(t)
	wrong := s.credentials()
	wrong.Data[imv1alpha1.WeChatAppSecretKeyName] = []byte("another")
	delete(wrong.Data, imv1alpha1.WeChatTokenKeyName)
	account := s.account(func(a *imv1alpha1.WeChatOfficialAccount) {
		a.Spec.Agents = imv1alpha1.AgentSelection{AccountRefs: []imv1alpha1.AccountReference{{Name: "nobody"}}}
	})
	s.create(wrong, account)
	condition := func(name string) func() string { return s.condition(s.account(), name) }
	s.Eventually(condition(imv1alpha1.ConditionVerified)).Should(Equal("False TokenNotFound"))
	s.Eventually(condition(imv1alpha1.ConditionTokenValid)).Should(Equal("False InvalidSecret"))
	s.Eventually(condition(imv1alpha1.ConditionAgentsAvailable)).Should(Equal("False NoAgents"))
	s.Expect(condition(imv1alpha1.ConditionReady)()).To(HavePrefix("False"))

	update(s.story, wrong, func(secret *corev1.Secret) { secret.Data = s.credentials().Data })
	s.Eventually(condition(imv1alpha1.ConditionVerified)).Should(Equal("False AwaitingHandshake"))
	s.Eventually(condition(imv1alpha1.ConditionTokenValid)).Should(Equal("True Valid"))
	update(s.story, account, func(a *imv1alpha1.WeChatOfficialAccount) {
		a.Spec.Agents = imv1alpha1.AgentSelection{AccountRefs: []imv1alpha1.AccountReference{{Name: "lin"}, {Name: "zhou"}}}
	})
	s.Eventually(condition(imv1alpha1.ConditionAgentsAvailable)).Should(Equal("True Available"))
	s.Expect(s.status().Agents).To(Equal(int32(2)))
	s.connect()
	s.Eventually(condition(imv1alpha1.ConditionReady)).Should(Equal("True Relaying"))

	// Another object for the same account waits for this one.
	second := s.account(func(a *imv1alpha1.WeChatOfficialAccount) { a.Name = "younger" })
	s.create(second)
	s.Eventually(s.condition(second, imv1alpha1.ConditionReady)).Should(Equal("False Conflict"))
	s.Expect(s.client.Delete(s.ctx, account)).To(Succeed())
	s.Eventually(s.condition(second, imv1alpha1.ConditionVerified)).Should(Equal("False AwaitingHandshake"))
}
