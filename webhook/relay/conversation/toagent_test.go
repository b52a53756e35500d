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
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/im"
	"github.com/liveroom-io/liveroom-operator/internal/wechat"
	"github.com/liveroom-io/liveroom-operator/internal/wechat/push"
)

// agents who got the messages, in order, by the stamps that their histories have.
func (w *world) agentOf(stamp Stamp) string {
	for agent, history := range w.im.history {
		if history[stamp] {
			return agent
		}
	}
	return ""
}

// The steps of a first message, one by one.
func TestStepsToAnAgent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationVerified)
	id := w.writes()
	body := json.RawMessage(fmt.Sprintf(`["%s#0<"]`, id))
	stamp := Stamp{MsgSeq: 1, MsgRandom: New(Key(account, openID)).random(id, 0, "a")}
	deliver := Deliver{ID: id, Agent: "a", Body: body, CloudCustomData: "<ours>", Stamp: stamp}
	for i, want := range []Step{
		Import{}, Assign{ID: id}, Prepare{Items: []Address{{ID: id, Agent: "a"}}}, Store{}, deliver, Idle{},
	} {
		if got := w.live.Next(ToAgent, w.now, &w.settings); !reflect.DeepEqual(got, want) {
			t.Fatalf("step %d is %#v, want %#v", i, got, want)
		}
		w.step(ToAgent)
	}
	if got, want := w.live.Contribution(w.now, &w.settings), (Contribution{Totals: Totals{ToAgent: 1}, Following: true, Agent: "a"}); got != want {
		t.Errorf("contribution %+v", got)
	}
	if w.live.RecordDelivered(deliver) || w.live.RecordDeliverFailed(deliver, Failure{Class: im.Invalid}, w.now) {
		t.Error("it is recorded once")
	}
}

func TestAnUnknownOutcomeIsRepeatedAndThenLookedUp(t *testing.T) {
	t.Parallel()
	for _, arrived := range []bool{true, false} {
		for _, restart := range []bool{true, false} {
			t.Run(fmt.Sprintf("arrived %v, restart %v", arrived, restart), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, imv1alpha1.VerificationVerified)
				id := w.writes()
				first := until[Deliver](w, ToAgent)
				prepared := w.now
				unknown := func() {
					w.mutate(func(c *Customer) bool { return c.RecordDeliverFailed(first, Failure{Class: im.UnknownOutcome}, w.now) })
				}
				if arrived {
					w.im.take(first, w.now)
				}
				if restart {
					w.kill()
				} else {
					unknown()
				}
				for w.now.Before(prepared.Add(repeatable)) {
					switch next := w.live.Next(ToAgent, w.now, &w.settings).(type) {
					case Wait:
						w.now = next.Until
					case Deliver:
						if !reflect.DeepEqual(next, first) {
							t.Fatalf("%+v is no repeat of %+v", next, first)
						}
						unknown()
					default:
						t.Fatalf("%#v", next)
					}
				}
				if wait, ok := w.live.Next(ToAgent, w.now, &w.settings).(Wait); ok {
					w.now = wait.Until // the pause
				}
				if got, want := w.live.Next(ToAgent, w.now, &w.settings), (Wait{Until: prepared.Add(settled), Reason: ReasonOutcome}); w.now.Before(want.Until) && got != Step(want) {
					t.Fatalf("%#v", got)
				}
				w.now = prepared.Add(settled)
				look := until[LookUp](w, ToAgent)
				want := LookUp{Agent: "a", Since: prepared.Add(-lookBack), Parts: []Sought{{ID: id, Stamp: first.Stamp, prepared: prepared.UnixMilli()}}}
				if !reflect.DeepEqual(look, want) {
					t.Fatalf("%+v, want %+v", look, want)
				}
				w.step(ToAgent)
				next := w.live.Next(ToAgent, w.now, &w.settings)
				if _, idle := next.(Idle); idle != arrived {
					t.Errorf("%#v", next)
				}
				if _, store := next.(Store); store == arrived {
					t.Errorf("%#v", next)
				}
				w.run()
				if !slices.Equal(w.im.arrived, []string{id + "#0"}) {
					t.Errorf("%v arrived", w.im.arrived)
				}
			})
		}
	}
}

func TestRefusalsOfIM(t *testing.T) {
	t.Parallel()
	for class, tc := range map[im.Class]struct {
		cause  Cause
		reason Reason
	}{
		im.Unavailable:        {reason: ReasonTrouble},
		im.RateLimited:        {reason: ReasonTrouble},
		"":                    {reason: ReasonTrouble},
		im.Unauthorized:       {reason: Reason(im.Unauthorized)},
		im.QuotaExceeded:      {reason: Reason(im.QuotaExceeded)},
		im.Invalid:            {cause: Refused},
		im.NotPermitted:       {cause: Refused},
		im.AlreadyExists:      {cause: Refused},
		im.FieldNotRegistered: {cause: Refused},
	} {
		t.Run(string(class), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, imv1alpha1.VerificationVerified)
			first, second := w.writes(), w.writes()
			deliver := until[Deliver](w, ToAgent)
			w.mutate(func(c *Customer) bool {
				return c.RecordDeliverFailed(deliver, Failure{Class: class, Code: 20006, Detail: "no"}, w.now)
			})
			if tc.cause != "" {
				w.run()
				letter := w.letters[first]
				if letter == nil || letter.Cause != tc.cause || letter.Code != 20006 || letter.Detail != "no" || letter.Lane() != ToAgent {
					t.Errorf("letter %+v", letter)
				}
				if !slices.Equal(w.im.arrived, []string{second + "#0"}) || w.live.Totals != (Totals{ToAgent: 1, Buried: 1}) {
					t.Errorf("%v arrived, totals %+v", w.im.arrived, w.live.Totals)
				}
				return
			}
			wait, ok := w.live.Next(ToAgent, w.now, &w.settings).(Wait)
			if !ok || wait.Reason != tc.reason {
				t.Fatalf("%#v", wait)
			}
			w.now = wait.Until
			w.run()
			if !slices.Equal(w.im.arrived, []string{first + "#0", second + "#0"}) {
				t.Errorf("%v arrived", w.im.arrived)
			}
		})
	}
}

// An agent whom IM does not know is passed over, and with all of them unknown the
// message is given up.
func TestAgentsWhomIMDoesNotKnow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationVerified)
	w.settings.Agents = []string{"gone", "a"}
	first := w.writes()
	assign := until[Assign](w, ToAgent)
	w.mutate(func(c *Customer) bool { return c.RecordAssigned(assign, "gone") })
	before := until[Deliver](w, ToAgent)
	w.step(ToAgent) // refused: perhaps it is the customer who is missing
	until[Import](w, ToAgent)
	w.run()
	after := Stamp{}
	for stamp := range w.im.history["a"] {
		after = stamp
	}
	if !slices.Equal(w.im.arrived, []string{first + "#0"}) || after.MsgRandom == before.Stamp.MsgRandom {
		t.Errorf("%v arrived with %+v after %+v", w.im.arrived, after, before.Stamp)
	}
	w.im.agents = nil
	second := w.writes()
	w.run()
	if letter := w.letters[second]; letter == nil || letter.Cause != NoSuchAgent {
		t.Errorf("letter %+v", letter)
	}
}

func TestAnAccountThatIMDoesNotTake(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationVerified)
	w.settings.ImportOnFollow = true
	follow := event(push.EventSubscribe)
	w.accept(&Entry{Account: account, OpenID: openID, Inbound: &Inbound{Push: follow, Received: w.now.UnixMilli()}})
	w.foldAll()
	until[Import](w, ToAgent)
	refused := Failure{Class: im.Invalid, Code: 70402}
	w.live.RecordImportFailed(refused, w.now)
	if next := w.live.Next(ToAgent, w.now, &w.settings); next != Step(Idle{}) {
		t.Fatalf("%#v: nobody needs the account yet", next)
	}
	first := w.writes()
	until[Import](w, ToAgent)
	w.mutate(func(c *Customer) bool { return c.RecordImportFailed(refused, w.now) })
	for len(w.letters) == 0 {
		w.step(ToAgent)
	}
	if letter := w.letters[first]; letter == nil || letter.Cause != NoAccount || letter.Code != 70402 {
		t.Errorf("letter %+v", letter)
	}
	w.writes()
	w.run()
	if len(w.im.arrived) != 1 {
		t.Errorf("%v arrived", w.im.arrived)
	}
}

func TestWhoHasTheCustomer(t *testing.T) {
	t.Parallel()
	type act func(*world)
	writes := func(w *world) { w.writes(); w.run() }
	wait := func(d time.Duration) act { return func(w *world) { w.pass(d) } }
	agents := func(all ...string) act { return func(w *world) { w.settings.Agents = all } }
	replies := func(agent string) act { return func(w *world) { w.agentReplies(agent); w.run() } }
	for name, tc := range map[string]struct {
		acts []act
		want string // the agent of the last message; the simulated dispatcher assigns the first of all
	}{
		"the first":                          {[]act{writes}, "a"},
		"the same, within the session":       {[]act{writes, agents("b", "a"), wait(30 * time.Minute), writes}, "a"},
		"another after the session":          {[]act{writes, agents("b", "a"), wait(30*time.Minute + 1e6), writes}, "b"},
		"the same, whom a reply kept":        {[]act{writes, agents("b", "a"), wait(20 * time.Minute), replies("a"), wait(20 * time.Minute), writes}, "a"},
		"another who is no agent any more":   {[]act{writes, agents("b"), writes}, "b"},
		"who wrote first":                    {[]act{replies("b"), writes}, "b"},
		"who wrote after the session":        {[]act{writes, wait(time.Hour), replies("b"), writes}, "b"},
		"a colleague who only helped":        {[]act{writes, replies("b"), writes}, "a"},
		"nobody, who wrote and is no agent":  {[]act{replies("x"), writes}, "a"},
		"nobody until there is one":          {[]act{agents(), writes, wait(time.Hour), agents("b"), func(w *world) { w.run() }}, "b"},
		"one, prepared for another":          {[]act{func(w *world) { w.writes(); until[Store](w, ToAgent) }, agents("b"), func(w *world) { w.run() }}, "b"},
		"one, prepared for long":             {[]act{func(w *world) { w.writes(); until[Store](w, ToAgent) }, wait(time.Minute), func(w *world) { w.run() }}, "a"},
		"two, after some time for the first": {[]act{agents(), writes, wait(time.Hour), writes, agents("a"), func(w *world) { w.run() }}, "a"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, imv1alpha1.VerificationVerified)
			for _, act := range tc.acts {
				act(w)
			}
			if len(w.im.arrived) != len(w.inbound) {
				t.Fatalf("%v arrived of %v", w.im.arrived, w.inbound)
			}
			var newest Stamp
			for _, history := range w.im.history {
				for stamp := range history {
					if stamp.MsgSeq > newest.MsgSeq {
						newest = stamp
					}
				}
			}
			if got := w.agentOf(newest); got != tc.want {
				t.Errorf("%s has the customer", got)
			}
		})
	}
	w := newWorld(t, imv1alpha1.VerificationVerified)
	w.settings.Agents = nil
	w.writes()
	if agent, _ := w.run(); agent != Step(Wait{Until: w.now.Add(agentsPause), Reason: ReasonNoAgents}) {
		t.Errorf("without agents: %#v", agent)
	}
}

// What the customer wrote in one go is prepared at once, and what is not to be
// shown to anybody goes.
func TestMessagesArePreparedTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationVerified)
	for range maxBatch + 4 {
		w.writes()
	}
	prepare := until[Prepare](w, ToAgent)
	if len(prepare.Items) != maxBatch || prepare.Items[1] != (Address{ID: w.inbound[1], Agent: "a"}) {
		t.Fatalf("%+v", prepare)
	}
	var seen []string
	w.mutate(func(c *Customer) bool {
		return c.RecordPrepared(prepare, w.now, func(content Content) []Rendered {
			seen = append(seen, content.Inbound.Push.ID())
			if content.ID == w.inbound[0] {
				return nil
			}
			return render(content)
		})
	})
	if !slices.Equal(seen, w.inbound[:maxBatch]) || w.live.RecordPrepared(prepare, w.now, render) {
		t.Errorf("rendered %v, and again", seen)
	}
	w.run()
	var want []string
	for _, id := range w.inbound[1:] {
		want = append(want, id+"#0")
	}
	want = slices.Insert(want, slices.Index(want, "msg-1010#0")+1, "msg-1010#1")
	want = slices.Insert(want, slices.Index(want, "msg-1020#0")+1, "msg-1020#1")
	if !slices.Equal(w.im.arrived, want) {
		t.Errorf("%v arrived, want %v", w.im.arrived, want)
	}
}

func TestWhatCannotBeRenderedIsGivenUp(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		rendered []Rendered
		want     Cause
	}{
		"too large":  {[]Rendered{{Body: json.RawMessage(`["` + strings.Repeat("x", maxBodies) + `"]`)}}, TooLarge},
		"too many":   {slices.Repeat([]Rendered{{Body: json.RawMessage("[]")}}, maxParts+1), TooLarge},
		"no message": {[]Rendered{{Body: json.RawMessage("{")}}, Refused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, imv1alpha1.VerificationVerified)
			id := w.writes()
			prepare := until[Prepare](w, ToAgent)
			w.mutate(func(c *Customer) bool {
				return c.RecordPrepared(prepare, w.now, func(Content) []Rendered { return tc.rendered })
			})
			w.run()
			if letter := w.letters[id]; letter == nil || letter.Cause != tc.want {
				t.Errorf("letter %+v", letter)
			}
		})
	}
}

func TestLateNoticesAreDropped(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationVerified)
	w.agentReplies("a")
	for !isRest(w.step(ToCustomer)) {
	}
	if len(w.notices()) != 1 {
		t.Fatalf("notices %+v", w.notices())
	}
	w.pass(noticeLife + time.Millisecond)
	drop := until[Drop](w, ToAgent)
	w.run()
	if len(w.notices()) != 0 || w.live.RecordDropped(drop) {
		t.Errorf("notices %+v", w.notices())
	}
	// Of too many the oldest goes, and equal ones are one.
	c := New(Key(account, openID))
	for i := range maxNotices + 5 {
		c.notify(NoticeUnknown, fmt.Sprintf("agent-%d", i), 1, 0)
		c.notify(NoticeUnknown, fmt.Sprintf("agent-%d", i), 2, 0)
	}
	if first := c.Deliveries[0].Notice; len(c.Deliveries) != maxNotices || *first != (Notice{Kind: NoticeUnknown, Agent: "agent-5", Count: 2, Time: 2}) {
		t.Errorf("%d notices, the first is %+v", len(c.Deliveries), first)
	}
}

func TestFailuresOfCalls(t *testing.T) {
	t.Parallel()
	imError := &im.Error{Class: im.RateLimited, Code: 60007, Info: "slow", RetryAfter: time.Second, Err: errors.New("secret cause")}
	if got, want := FailureOf(fmt.Errorf("sending: %w", imError)), (Failure{im.RateLimited, 60007, "slow", time.Second}); got != want {
		t.Errorf("%+v", got)
	}
	if got, want := FailureOf(errors.New("other")), (Failure{Class: im.Unavailable}); got != want {
		t.Errorf("%+v", got)
	}
	wechatError := &wechat.Error{Kind: wechat.Invalid, Code: 40003, Info: "invalid openid", RetryAfter: time.Second}
	if got, want := RefusalOf(fmt.Errorf("sending: %w", wechatError)), (Refusal{wechat.Invalid, 40003, "invalid openid", time.Second}); got != want {
		t.Errorf("%+v", got)
	}
	if got, want := RefusalOf(errors.New("other")), (Refusal{Kind: wechat.Unavailable}); got != want {
		t.Errorf("%+v", got)
	}
}

// What is prepared is stored byte for byte.
func TestBodiesStayAsTheyAre(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationVerified)
	w.writes()
	prepare := until[Prepare](w, ToAgent)
	w.mutate(func(c *Customer) bool {
		return c.RecordPrepared(prepare, w.now, func(Content) []Rendered {
			return []Rendered{{Body: json.RawMessage("[ {\"Text\": \"<>&\u2028\\u003c 好\"} ]"), CloudCustomData: "<\u2028>"}}
		})
	})
	w.store()
	before := w.live.Next(ToAgent, w.now, &w.settings).(Deliver)
	for range 2 {
		w.kill()
		w.store()
	}
	after := w.live.Next(ToAgent, w.now, &w.settings).(Deliver)
	if !bytes.Equal(before.Body, after.Body) || before.CloudCustomData != after.CloudCustomData || !json.Valid(after.Body) {
		t.Errorf("%s has become %s", before.Body, after.Body)
	}
}

func TestALookUpThatFails(t *testing.T) {
	t.Parallel()
	for class, tc := range map[im.Class]struct {
		cause   Cause
		arrives bool
	}{
		im.Unavailable:    {arrives: true},
		im.UnknownOutcome: {arrives: true},
		im.Unauthorized:   {arrives: true},
		im.NotFound:       {arrives: true}, // as nothing was there, it is sent
		im.NotPermitted:   {cause: UnknownOutcome},
	} {
		t.Run(string(class), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, imv1alpha1.VerificationVerified)
			id := w.writes()
			until[Deliver](w, ToAgent)
			w.kill()
			w.pass(settled)
			look := until[LookUp](w, ToAgent)
			w.mutate(func(c *Customer) bool { return c.RecordLookUpFailed(look, Failure{Class: class, Code: 1}, w.now) })
			if wait, waits := w.live.Next(ToAgent, w.now, &w.settings).(Wait); waits {
				w.now = wait.Until
			}
			w.run()
			if got := slices.Equal(w.im.arrived, []string{id + "#0"}); got != tc.arrives {
				t.Errorf("%v arrived", w.im.arrived)
			}
			if letter := w.letters[id]; (letter != nil) != (tc.cause != "") || letter != nil && (letter.Cause != tc.cause || letter.Code != 1) {
				t.Errorf("letter %+v", letter)
			}
		})
	}
}

// IM says that it does not know an agent to whom a message may have been
// delivered: nobody else gets it before the history was read.
func TestAnotherAgentGetsOnlyWhatThisOneHasNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationVerified)
	id := w.writes()
	deliver := until[Deliver](w, ToAgent)
	w.im.take(deliver, w.now)
	w.kill()
	for range 2 {
		until[Deliver](w, ToAgent)
		w.mutate(func(c *Customer) bool { return c.RecordDeliverFailed(deliver, Failure{Class: im.NotFound}, w.now) })
	}
	wait, waits := w.live.Next(ToAgent, w.now, &w.settings).(Wait)
	if !waits || wait.Reason != ReasonOutcome {
		t.Fatalf("%#v", wait)
	}
	w.now = wait.Until
	w.run()
	if !slices.Equal(w.im.arrived, []string{id + "#0"}) || len(w.letters) > 0 || w.live.Totals.ToAgent != 1 {
		t.Errorf("%v arrived, totals %+v", w.im.arrived, w.live.Totals)
	}
}
