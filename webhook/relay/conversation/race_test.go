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

package conversation

import (
	"slices"
	"strings"
	"testing"
	"time"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/im"
	"github.com/liveroom-io/liveroom-operator/internal/wechat"
	"github.com/liveroom-io/liveroom-operator/internal/wechat/push"
)

// claim folds an answer that said these pieces of a reply.
func (w *world) claim(claim Claim) {
	w.count++
	m := push.Message{Kind: push.Text, From: openID, CreateTime: w.now.Unix(), MsgID: strings.Repeat("9", 1+w.count)}
	w.accept(&Entry{Account: account, OpenID: openID, Inbound: &Inbound{
		Push: m, Received: w.now.UnixMilli(), Told: Told{Kind: ToldReplies, Text: "text", Claims: []Claim{claim}},
	}})
	w.foldAll()
}

// Answers that were given at the same time claim the same pieces. They count once,
// also when the owner who knew the texts was killed.
func TestPiecesAreClaimedOnce(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("好", push.MaxTextBytes) // three pieces and a rest
	for name, killed := range map[string]bool{"with the texts": false, "without the texts": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, imv1alpha1.VerificationPersonal)
			id := w.agentReplies("a")
			w.store()
			learn := func() {
				prepare := until[PrepareReply](w, ToCustomer)
				w.mutate(func(c *Customer) bool { return c.RecordReplyText(prepare, long, w.now) })
			}
			learn()
			if killed {
				w.kill()
			}
			w.claim(Claim{ID: id, From: 0, To: 1, Of: 4})
			w.claim(Claim{ID: id, From: 0, To: 1, Of: 4})
			w.claim(Claim{ID: id, From: 2, To: 3, Of: 4})
			if killed {
				learn()
			}
			text := &push.Message{Kind: push.Text}
			if got, want := Answer(w.live, text, &w.settings, w.now, true).Claims, []Claim{{ID: id, From: 1, To: 2, Of: 4}}; !slices.Equal(got, want) {
				t.Fatalf("%+v, want %+v", got, want)
			}
			w.claim(Claim{ID: id, From: 1, To: 2, Of: 4})
			w.claim(Claim{ID: id, From: 0, To: 1, Of: 4})
			told := Answer(w.live, text, &w.settings, w.now, true)
			if want := []Claim{{ID: id, From: 2, To: 3, Of: 4}}; !slices.Equal(told.Claims, want) {
				t.Errorf("%+v, want %+v", told.Claims, want)
			}
			w.claim(Claim{ID: id, From: 2, To: 4, Of: 4})
			if len(w.live.Replies) != 0 || w.live.Totals.ToCustomer != 1 {
				t.Errorf("%+v", w.live.contents)
			}
		})
	}
}

// An earlier reply that comes late does not go between the parts of another.
func TestALateReplyDoesNotPartAnother(t *testing.T) {
	t.Parallel()
	for name, attempted := range map[string]bool{"after the first part": false, "during the attempt at the second": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, imv1alpha1.VerificationVerified)
			w.writes()
			w.run()
			early, late := w.agentWrites("a", 1), w.agentWrites("a", 1)
			early.Outbound.MsgSeq, late.Outbound.MsgSeq = 6, 7 // of two parts
			w.accept(late)
			w.foldAll()
			w.pass(hold)
			for len(w.wechat.arrived) == 0 {
				w.step(ToCustomer)
			}
			if attempted {
				until[Send](w, ToCustomer)
			}
			w.accept(early)
			w.foldAll()
			w.pass(hold)
			w.run()
			if want := []string{late.id() + "#0", late.id() + "#1", early.id() + "#0"}; !slices.Equal(w.wechat.arrived, want) {
				t.Errorf("%v arrived, want %v", w.wechat.arrived, want)
			}
		})
	}
}

// What was prepared together with others and had to wait is prepared anew, so that
// there is time to repeat its first attempt.
func TestWhatIsPreparedDoesNotGetOld(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationVerified)
	w.writes()
	second := w.writes()
	first := until[Deliver](w, ToAgent)
	w.mutate(func(c *Customer) bool { return c.RecordDelivered(first) })
	before := until[Deliver](w, ToAgent)
	w.pass(freshness)
	if prepare, ok := w.live.Next(ToAgent, w.now, &w.settings).(Prepare); !ok || !slices.Equal(prepare.Items, []Address{{ID: second, Agent: "a"}}) {
		t.Fatalf("%#v", w.live.Next(ToAgent, w.now, &w.settings))
	}
	after := until[Deliver](w, ToAgent)
	if after.Stamp != before.Stamp || string(after.Body) != string(before.Body) || w.live.Deliveries[0].Prepared != w.now.UnixMilli() {
		t.Errorf("%+v has become %+v", before, after)
	}
	stored, err := Load(w.live.Key(), w.stored)
	if err != nil || stored.Deliveries[0].Prepared != w.now.UnixMilli() {
		t.Errorf("it is sent before it is stored: %v", err)
	}
}

// The answer to a question about an earlier attempt says nothing of a later one.
func TestALookUpIsAboutOnePreparation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationVerified)
	id := w.writes()
	until[Deliver](w, ToAgent)
	w.kill()
	w.pass(settled)
	look := until[LookUp](w, ToAgent)
	w.mutate(func(c *Customer) bool { return c.RecordLookedUp(look, nil, w.now) })
	deliver := until[Deliver](w, ToAgent)
	w.im.take(deliver, w.now)
	w.mutate(func(c *Customer) bool {
		return c.RecordDeliverFailed(deliver, Failure{Class: im.UnknownOutcome}, w.now)
	})
	w.pass(time.Second)
	if w.live.RecordLookedUp(look, nil, w.now) || w.live.RecordLookUpFailed(look, Failure{Class: im.NotPermitted}, w.now) {
		t.Error("the old answer changes something")
	}
	w.pass(settled)
	w.run()
	if !slices.Equal(w.im.arrived, []string{id + "#0"}) || len(w.letters) != 0 {
		t.Errorf("%v arrived, %d letters", w.im.arrived, len(w.letters))
	}
}

// What is recorded twice counts once.
func TestRecordsAreRepeatable(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationVerified)
	w.writes()
	w.agentReplies("a")
	deliver := until[Deliver](w, ToAgent)
	w.mutate(func(c *Customer) bool { return c.RecordDelivered(deliver) })
	prepare := until[PrepareReply](w, ToCustomer)
	w.prepareReply(prepare)
	commit := until[Commit](w, ToCustomer)
	w.mutate(func(c *Customer) bool { return c.RecordCommitted(commit, w.now) })
	if w.live.RecordUnfit(prepare, "no", w.now) || w.live.RecordCommitted(commit, w.now) {
		t.Error("an attempt is under way")
	}
	send := until[Send](w, ToCustomer)
	w.mutate(func(c *Customer) bool { return c.RecordSent(send) })
	for name, again := range map[string]bool{
		"delivered":       w.live.RecordDelivered(deliver),
		"delivery failed": w.live.RecordDeliverFailed(deliver, Failure{Class: im.Invalid}, w.now),
		"unfit":           w.live.RecordUnfit(prepare, "no", w.now),
		"committed":       w.live.RecordCommitted(commit, w.now),
		"sent":            w.live.RecordSent(send),
		"sending failed":  w.live.RecordSendFailed(send, Refusal{Kind: wechat.UnknownOutcome}, w.now),
		"given up":        w.live.RecordGivenUp(GiveUp{Lane: ToCustomer, ID: send.ID, Cause: WaitedTooLong}, w.now),
		"given up, agent": w.live.RecordGivenUp(GiveUp{Lane: ToAgent, ID: deliver.ID, Cause: NoSuchAgent}, w.now),
	} {
		if again {
			t.Errorf("%s twice", name)
		}
	}
	if want := (Totals{ToAgent: 1, ToCustomer: 1}); w.live.Totals != want || len(w.live.Deliveries)+len(w.live.Replies) != 0 {
		t.Errorf("%+v", w.live.contents)
	}
}
