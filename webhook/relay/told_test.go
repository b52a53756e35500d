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
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	. "github.com/onsi/gomega"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
	simwechat "github.com/liveroom-io/liveroom-operator/internal/sim/wechat"
	"github.com/liveroom-io/liveroom-operator/webhook/journal"
	"github.com/liveroom-io/liveroom-operator/webhook/relay/conversation"
)

// startServer runs a journal's server until the test ends.
func startServer(t *testing.T) (url string) {
	t.Helper()
	g := NewWithT(t)
	ns, err := server.NewServer(&server.Options{
		ServerName: "single", Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true,
		JetStream: true, StoreDir: t.TempDir(), JetStreamMaxStore: 4 << 30, JetStreamMaxMemory: 64 << 20,
	})
	g.Expect(err).NotTo(HaveOccurred())
	ns.Start()
	t.Cleanup(func() {
		ns.Shutdown()
		ns.WaitForShutdown()
	})
	g.Expect(ns.ReadyForConnections(patience)).To(BeTrue())
	return ns.ClientURL()
}

// TestToldOnce: of two pods, the one that does not own the customer gets what the
// customer writes. The replies that waited are told once, however soon the customer
// writes again, or taps the menu.
func TestToldOnce(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	w := newWorld(t, func(_ *simim.Options, o *simwechat.Options) {
		o.Accounts[0].Type, o.Accounts[0].Verification = simwechat.Subscription, simwechat.Personal
	})
	personal := func(o *imv1alpha1.WeChatOfficialAccount) {
		quietly(o)
		o.Spec.AccountType, o.Spec.Verification = imv1alpha1.OfficialAccountSubscription, imv1alpha1.VerificationPersonal
	}
	url := startServer(t)
	var pods []*pod
	for _, member := range []string{"pod-0", "pod-1"} {
		p := w.open(podOptions{URL: url, Replicas: 1, Member: member}, personal)
		p.run()
		pods = append(pods, p)
	}
	owned := func(p *pod) (n int) {
		for partition := range journal.Partitions {
			if p.relay.Owns(partition) {
				n++
			}
		}
		return n
	}
	g.Eventually(func() bool {
		return owned(pods[0]) > 0 && owned(pods[1]) > 0 && owned(pods[0])+owned(pods[1]) == journal.Partitions
	}).WithTimeout(time.Minute).Should(BeTrue())
	f := w.follow(true)
	partition := journal.Partition(conversation.Key(accountUID, f.openID))
	for _, p := range pods {
		if !p.relay.Owns(partition) {
			w.connect(p)
		}
	}
	f.writes("在吗")
	g.Eventually(f.agent).WithTimeout(patience).ShouldNot(BeEmpty())
	waiting := func() int32 {
		return max(pods[0].relay.Traffic(accountUID).Waiting, pods[1].relay.Traffic(accountUID).Waiting)
	}
	for round, again := range []func(n int){
		func(int) { f.writes("?") },
		func(n int) { // different items: two taps at one in one second are one push
			_, err := w.wechat.Click(appID, f.openID, fmt.Sprint("menu-", n))
			g.Expect(err).NotTo(HaveOccurred())
		},
	} {
		g.Eventually(waiting).WithTimeout(patience).Should(BeZero())
		said := len(f.phone())
		f.isAnswered(f.agent(), "在的")
		g.Eventually(waiting).WithTimeout(patience).Should(Equal(int32(1)))
		for n := range 3 {
			again(n)
		}
		g.Expect(w.wechat.WaitForPushes(t.Context())).To(Succeed())
		g.Expect(f.phone()[said:]).To(Equal([]string{"在的"}), "round %d", round)
	}
}
