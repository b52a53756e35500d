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

	. "github.com/onsi/gomega"

	"github.com/liveroom-io/liveroom-operator/internal/wechat/push"
	"github.com/liveroom-io/liveroom-operator/webhook/relay"
	"github.com/liveroom-io/liveroom-operator/webhook/relay/conversation"
)

// TestOneCustomerTooMany: WeChat is not told that a message was taken which would
// not be kept, and those who are known go on.
func TestOneCustomerTooMany(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	w := newWorld(t, nil)
	const most = 3
	p := w.open(podOptions{Dir: t.TempDir(), Customers: most}, quietly)
	p.run()
	w.connect(p)
	var known []*follower
	for range most {
		f := w.follow(true)
		f.writes("q0")
		g.Eventually(f.agent).WithTimeout(patience).ShouldNot(BeEmpty())
		known = append(known, f)
	}
	other := w.follow(true)
	other.writes("q0")
	g.Expect(w.wechat.WaitForPushes(t.Context())).To(Succeed())
	now := w.wechat.PushStatistics()
	g.Expect([]int{now.Acknowledged, now.GivenUp, now.Unavailable}).To(Equal([]int{most, 1, 1}))
	for _, f := range known {
		f.writes("q1")
		g.Eventually(func() []string { return f.chat(f.agent()) }).WithTimeout(patience).Should(Equal([]string{"customer: q0", "customer: q1"}))
	}
	g.Expect(other.agent()).To(BeEmpty())
}

// TestStatesFit: there is room for the states of all customers, though each has had
// more messages than a state remembers.
func TestStatesFit(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	const messages = 1000
	uid, openID := "0d7a2c61-1f2e-4b3a-9c4d-5e6f70819203", "oia2TjuEGTNoeX76QEjQNrcURxG8"
	c := conversation.New(conversation.Key(uid, openID))
	sequence := uint64(0)
	apply := func(e *conversation.Entry) {
		sequence++
		e.Account, e.OpenID = uid, openID
		g.Expect(c.Apply(sequence, e)).To(BeTrue())
	}
	happens := func(event string, n int) {
		apply(&conversation.Entry{Inbound: &conversation.Inbound{
			Push:     push.Message{Kind: push.Event, Event: event, EventKey: fmt.Sprint(n), From: openID, CreateTime: 1763848315 + int64(n)},
			Received: 1763848315_000 + int64(n)*1000,
		}})
	}
	for n := range messages { // which neither of them waits for any more
		happens(push.EventScan, n)
	}
	happens(push.EventUnsubscribe, messages)
	for n := range messages {
		apply(&conversation.Entry{Outbound: &conversation.Outbound{
			Agent: "lin", MsgKey: fmt.Sprint(n, "_1_", n), MsgTime: 1763848315 + int64(n), Body: []byte("[]"), Source: conversation.Callback,
		}})
	}
	data, err := c.AppendState(nil)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(len(data)).To(BeNumerically(">", 7500), "all that it remembers is in it")
	const envelope = 384 // its key, headers, and what the store adds
	g.Expect((len(data) + envelope) * relay.MaxCustomers).To(BeNumerically("<=", relay.StateBytes))
}
