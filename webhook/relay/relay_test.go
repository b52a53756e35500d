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

package relay_test

import (
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
	simwechat "github.com/liveroom-io/liveroom-operator/internal/sim/wechat"
	"github.com/liveroom-io/liveroom-operator/webhook/journal"
	"github.com/liveroom-io/liveroom-operator/webhook/relay"
)

// TestConversation: a follower asks, an agent answers.
func TestConversation(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	w := newWorld(t, nil)
	w.connect(w.start(t.TempDir(), nil))
	f := w.follow(false)
	g.Eventually(f.phone).WithTimeout(patience).Should(Equal([]string{"欢迎关注"}))
	f.writes("童装啥时候上新？")
	g.Eventually(func() []string { return f.chat("lin") }).WithTimeout(patience).Should(Equal([]string{"customer: 童装啥时候上新？"}))
	g.Expect(f.phone()).To(Equal([]string{"欢迎关注", "正在转接"}))
	f.isAnswered("lin", "5月份会上新，敬请关注！")
	g.Eventually(f.phone).WithTimeout(patience).Should(Equal([]string{"欢迎关注", "正在转接", "5月份会上新，敬请关注！"}))
	f.writes("好的")
	g.Eventually(func() []string { return f.chat("lin") }).WithTimeout(patience).Should(Equal([]string{
		"customer: 童装啥时候上新？", "customer: 好的",
	}))
	g.Expect(f.phone()).To(HaveLen(3), "the session goes on")
}

// TestQuota: the sixth reply waits for the customer's next message, and the agent
// knows.
func TestQuota(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	w := newWorld(t, nil)
	p := w.start(t.TempDir(), func(o *imv1alpha1.WeChatOfficialAccount) { o.Spec.Replies = nil })
	w.connect(p)
	f := w.follow(true)
	f.writes("在吗")
	g.Eventually(func() []string { return f.chat("lin") }).WithTimeout(patience).Should(HaveLen(1))
	want := []string{}
	for _, text := range []string{"1", "2", "3", "4", "5", "6", "7"} {
		f.isAnswered("lin", text)
		if len(want) < 5 {
			want = append(want, text)
		}
		g.Eventually(f.phone).WithTimeout(patience).Should(Equal(want))
	}
	g.Eventually(func() []string { return f.chat("lin") }).WithTimeout(patience).Should(ContainElement(HavePrefix("notice: 【系统提示】回复未送达")))
	g.Eventually(func() int32 { return p.relay.Traffic(p.account().UID).Waiting }).WithTimeout(patience).Should(Equal(int32(2)))
	f.writes("还有吗")
	g.Eventually(f.phone).WithTimeout(patience).Should(Equal([]string{"1", "2", "3", "4", "5", "6", "7"}))
	notices := 0
	for _, line := range f.chat("lin") {
		if strings.HasPrefix(line, "notice") {
			notices++
		}
	}
	g.Expect(notices).To(Equal(1), "one notice for one blockage")
	g.Expect(p.letters.count()).To(BeZero())
}

// TestPersonalAccount: replies wait for the customer's next message, and are its
// answer.
func TestPersonalAccount(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	w := newWorld(t, func(_ *simim.Options, o *simwechat.Options) {
		o.Accounts[0].Type, o.Accounts[0].Verification = simwechat.Subscription, simwechat.Personal
	})
	w.connect(w.start(t.TempDir(), func(o *imv1alpha1.WeChatOfficialAccount) {
		o.Spec.AccountType, o.Spec.Verification = imv1alpha1.OfficialAccountSubscription, imv1alpha1.VerificationPersonal
		o.Spec.Replies = nil
	}))
	f := w.follow(true)
	f.writes("在吗")
	g.Eventually(func() []string { return f.chat("lin") }).WithTimeout(patience).Should(HaveLen(1))
	f.isAnswered("lin", "在的")
	f.isAnswered("lin", "请讲")
	g.Eventually(func() []string { return f.chat("lin") }).WithTimeout(patience).Should(ContainElement(HavePrefix("notice: 【系统提示】本公众号未认证")))
	g.Consistently(f.phone).WithTimeout(100 * time.Millisecond).Should(BeEmpty())
	g.Expect(w.wechat.Calls("custom/send")).To(BeZero())
	g.Eventually(func() []string { f.writes("?"); return f.phone() }).WithTimeout(patience).WithPolling(time.Second).Should(Equal([]string{"在的\n请讲"}))
}

// TestRestart: what was accepted before a stop is passed on after the next start.
func TestRestart(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	w, dir := newWorld(t, nil), t.TempDir()
	p := w.start(dir, nil)
	w.connect(p)
	f := w.follow(true)
	f.writes("一")
	g.Eventually(func() []string { return f.chat("lin") }).WithTimeout(patience).Should(HaveLen(1))
	_, err := w.im.InjectFault(simim.Fault{Command: "sendmsg", HTTPStatus: 503})
	g.Expect(err).NotTo(HaveOccurred())
	f.writes("二")
	f.writes("三")
	g.Expect(w.wechat.WaitForPushes(t.Context())).To(Succeed())
	g.Expect(p.stop()).To(Succeed())
	f.isAnswered("lin", "我在") // nobody is told, and IM does not repeat itself
	w.im.ClearFaults()
	w.connect(w.start(dir, nil))
	g.Eventually(f.phone).WithTimeout(patience).Should(ContainElement("我在"))
	g.Eventually(func() []string { return f.chat("lin") }).WithTimeout(patience).Should(Equal([]string{"customer: 一", "customer: 二", "customer: 三"}))
}

// TestUnfollow: what is held of somebody who leaves is erased.
func TestUnfollow(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	w := newWorld(t, nil)
	p := w.start(t.TempDir(), func(o *imv1alpha1.WeChatOfficialAccount) {
		o.Spec.Followers.OnUnfollow = imv1alpha1.DeletionPolicyDelete
	})
	w.connect(p)
	f := w.follow(false)
	f.writes("在吗")
	g.Eventually(func() []string { return f.chat("lin") }).WithTimeout(patience).Should(HaveLen(1))
	f.isAnswered("lin", "在的")
	g.Eventually(f.phone).WithTimeout(patience).Should(ContainElement("在的"))
	uid := p.account().UID
	g.Eventually(func() int64 { return p.relay.Traffic(uid).Followers }).WithTimeout(patience).Should(Equal(int64(1)))
	g.Expect(w.wechat.Unfollow(appID, f.openID)).To(Succeed())
	g.Eventually(func() bool { _, there := w.im.Account(prefix + f.openID); return there }).WithTimeout(patience).Should(BeFalse())
	g.Eventually(func() int64 { return p.relay.Traffic(uid).Followers }).WithTimeout(patience).Should(BeZero())
	name := uid + "/" + f.openID
	g.Eventually(func() (bool, error) {
		_, there, err := p.log.State(t.Context(), journal.StateKey{Kind: relay.Customers, Name: name, Partition: journal.Partition(name)})
		return there, err
	}).WithTimeout(patience).Should(BeFalse(), "nothing is stored of who left")
	g.Eventually(func() []int64 {
		traffic := p.relay.Traffic(uid)
		return []int64{traffic.RelayedToAgents, traffic.RelayedToCustomers, int64(traffic.ActiveSessions())}
	}).WithTimeout(patience).Should(Equal([]int64{1, 1, 0}), "totals stay")
}
