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
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/wechat"
	"github.com/liveroom-io/liveroom-operator/internal/wechat/push"
)

// run both lanes until they have nothing to do now.
func (w *world) run() (agent, customer Step) {
	for range 10_000 {
		agent, customer = w.step(ToAgent), w.step(ToCustomer)
		if isRest(agent) && isRest(customer) {
			return agent, customer
		}
	}
	w.t.Fatalf("it goes on: %+v, %+v", agent, customer)
	return nil, nil
}

// until a lane comes to a step of this kind, which is not carried out.
func until[S Step](w *world, lane Lane) S {
	for range 100 {
		next := w.live.Next(lane, w.now, &w.settings)
		if step, ok := next.(S); ok {
			return step
		}
		if isRest(next) {
			w.t.Fatalf("the lane rests: %#v", next)
		}
		w.step(lane)
	}
	w.t.Fatal("the step does not come")
	panic("unreachable")
}

func isRest(step Step) bool {
	switch step.(type) {
	case Idle, Wait:
		return true
	default:
		return false
	}
}

// reply of an agent that is taken up at once and not held.
func (w *world) agentReplies(agent string) string {
	e := w.accept(w.agentWrites(agent, 1))
	w.foldAll()
	w.pass(hold)
	return e.id()
}

func (w *world) writes() string {
	w.store()
	w.customerWrites(1)
	w.foldAll()
	return w.inbound[len(w.inbound)-1]
}

// notices that wait for agents, or have been shown.
func (w *world) notices() []Notice {
	var all []Notice
	for _, d := range w.live.Deliveries {
		if d.Notice != nil {
			all = append(all, *d.Notice)
		}
	}
	return all
}

func TestTheSixthReplyWaitsForTheCustomer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationVerified)
	w.writes()
	for range 5 {
		w.agentReplies("a")
		w.run()
	}
	sixth := w.agentReplies("a")
	for !isRest(w.step(ToCustomer)) {
	}
	if got := len(w.wechat.arrived); got != 5 {
		t.Fatalf("%v arrived", w.wechat.arrived)
	}
	want := Wait{Until: time.UnixMilli(w.outbound[sixth].Received).Add(w.settings.WaitingAge), Reason: "CountExhausted"}
	if got := w.live.Next(ToCustomer, w.now, &w.settings); got != Step(want) {
		t.Errorf("the lane has %+v", got)
	}
	if got, want := w.notices(), []Notice{{Kind: NoticeQuotaUsed, Agent: "a", Count: 1, Code: 45047, Time: w.now.UnixMilli()}}; !slices.Equal(got, want) {
		t.Errorf("notices: %+v", got)
	}
	if got, want := w.live.Contribution(w.now, &w.settings), (Contribution{
		Totals: Totals{ToAgent: 1, ToCustomer: 5}, Following: true, Agent: "a", Waiting: 1,
	}); got != want {
		t.Errorf("contribution %+v", got)
	}
	seventh := w.agentReplies("a") // the same agent is not told again, and another is
	eighth := w.agentReplies("b")
	w.run()
	if got := w.live.Told; !reflect.DeepEqual(got, told{Kind: NoticeQuotaUsed, Agents: []string{"a", "b"}}) || w.live.Notices != 2 {
		t.Errorf("told %+v in %d notices", got, w.live.Notices)
	}
	w.writes()
	w.run()
	if got, want := w.wechat.arrived[5:], []string{sixth + "#0", sixth + "#1", seventh + "#0", eighth + "#0"}; !slices.Equal(got, want) {
		t.Errorf("%v arrived, want %v", got, want)
	}
	w.agentReplies("a")
	w.agentReplies("a")
	w.run()
	if got := w.live.Notices; got != 3 {
		t.Errorf("%d notices: another blockage is another notice", got)
	}
}

func TestAWindowThatOpensDuringAnAttempt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationVerified)
	w.agentReplies("a")
	send := until[Send](w, ToCustomer)
	w.writes()
	w.mutate(func(c *Customer) bool { return c.RecordSendFailed(send, Refusal{Kind: wechat.WindowClosed}, w.now) })
	if wait, ok := w.live.Next(ToCustomer, w.now, &w.settings).(Wait); !ok || wait.Reason != ReasonTrouble || w.live.Blocked != "" {
		t.Fatalf("%+v, blocked by %q", wait, w.live.Blocked)
	}
	w.pass(time.Second)
	w.run()
	if len(w.wechat.arrived) != 1 {
		t.Errorf("%v arrived", w.wechat.arrived)
	}
}

func TestRefusalsOfWeChat(t *testing.T) {
	t.Parallel()
	for kind, tc := range map[wechat.Kind]struct {
		cause  Cause  // of the letter
		reason Reason // of the wait
		pause  time.Duration
		notice NoticeKind
	}{
		wechat.Unavailable:       {reason: ReasonTrouble, pause: firstPause},
		wechat.RateLimited:       {reason: ReasonTrouble, pause: firstPause},
		"":                       {reason: ReasonTrouble, pause: firstPause},
		wechat.DailyQuota:        {reason: Reason(wechat.DailyQuota), pause: firstRest},
		wechat.NotAuthorized:     {reason: Reason(wechat.NotAuthorized), pause: firstRest},
		wechat.Unauthorized:      {reason: Reason(wechat.Unauthorized), pause: firstRest},
		wechat.AddressNotAllowed: {reason: Reason(wechat.AddressNotAllowed), pause: firstRest},
		wechat.UnknownOutcome:    {cause: UnknownOutcome, notice: NoticeUnknown},
		wechat.Invalid:           {cause: Refused, notice: NoticeRefused},
		wechat.NotFollowing:      {cause: NotFollowing, notice: NoticeUnfollowed},
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, imv1alpha1.VerificationVerified)
			id := w.agentReplies("a")
			send := until[Send](w, ToCustomer)
			refusal := Refusal{Kind: kind, Code: 7, Detail: strings.Repeat("好", 200)}
			if !w.live.RecordSendFailed(send, refusal, w.now) || w.live.RecordSendFailed(send, refusal, w.now) {
				t.Fatal("it is recorded once")
			}
			if tc.cause == "" {
				wait, ok := w.live.Next(ToCustomer, w.now, &w.settings).(Wait)
				if length := wait.Until.Sub(w.now); !ok || wait.Reason != tc.reason || length < tc.pause || length > tc.pause*5/4 {
					t.Fatalf("%+v for %s", wait, length)
				}
				w.wechat.opened, w.wechat.left, w.now = w.now, 5, wait.Until
				w.run()
				if !slices.Equal(w.wechat.arrived, []string{id + "#0"}) || len(w.notices()) > 0 {
					t.Errorf("%v arrived, notices %+v", w.wechat.arrived, w.notices())
				}
				return
			}
			for len(w.letters) == 0 {
				if wait, rests := w.step(ToCustomer).(Wait); rests {
					t.Fatalf("it waits: %+v", wait)
				}
			}
			letter := w.letters[id]
			if letter.Cause != tc.cause || letter.Code != 7 && tc.cause != NotFollowing || len(letter.Detail) > maxDetailBytes || letter.Lane() != ToCustomer {
				t.Errorf("letter %+v", letter)
			}
			if got := w.notices(); len(got) != 1 || got[0].Kind != tc.notice || got[0].Agent != "a" {
				t.Errorf("notices %+v", got)
			}
			if w.live.Totals.Buried != 1 {
				t.Errorf("totals %+v", w.live.Totals)
			}
		})
	}
}

func TestPausesGrowToALimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationVerified)
	w.agentReplies("a")
	var lengths []time.Duration
	for range 12 {
		send := until[Send](w, ToCustomer)
		w.live.RecordSendFailed(send, Refusal{Kind: wechat.Unavailable}, w.now)
		wait := w.live.Next(ToCustomer, w.now, &w.settings).(Wait)
		lengths = append(lengths, wait.Until.Sub(w.now))
		w.now = wait.Until
	}
	for i, length := range lengths {
		if want := min(firstPause<<i, lastPause); length < want || length > want*5/4 {
			t.Errorf("pause %d is %s", i, length)
		}
	}
	send := until[Send](w, ToCustomer)
	w.live.RecordSendFailed(send, Refusal{Kind: wechat.RateLimited, RetryAfter: 3 * time.Minute}, w.now)
	if got := w.live.Next(ToCustomer, w.now, &w.settings).(Wait).Until.Sub(w.now); got != 3*time.Minute {
		t.Errorf("WeChat's advice comes to %s", got)
	}
}

// Nobody follows any more: what waits is given up without trying, until the
// customer does something.
func TestNotFollowing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationVerified)
	w.agentReplies("a")
	w.agentReplies("a")
	send := until[Send](w, ToCustomer)
	w.mutate(func(c *Customer) bool {
		return c.RecordSendFailed(send, Refusal{Kind: wechat.NotFollowing, Code: 43004}, w.now)
	})
	w.agentReplies("a")
	w.run()
	if len(w.wechat.arrived) > 0 || len(w.letters) != 3 || w.live.Notices != 1 {
		t.Errorf("%v arrived, %d letters, %d notices", w.wechat.arrived, len(w.letters), w.live.Notices)
	}
	w.writes()
	w.agentReplies("a")
	w.run()
	if len(w.wechat.arrived) != 1 || len(w.letters) != 3 {
		t.Errorf("%v arrived", w.wechat.arrived)
	}
}

func TestMediaAreUploadedOnceMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationVerified)
	w.writes()
	id := w.agentReplies("a")
	for range 2 {
		send := until[Send](w, ToCustomer)
		w.mutate(func(c *Customer) bool {
			return c.RecordSendFailed(send, Refusal{Kind: wechat.MediaExpired, Code: 40007}, w.now)
		})
	}
	w.run()
	if letter := w.letters[id]; letter == nil || letter.Cause != MediaExpired || letter.Code != 40007 || len(w.wechat.arrived) > 0 {
		t.Errorf("letter %+v, %v arrived", letter, w.wechat.arrived)
	}
}

// What was being sent when the owner was killed may have arrived, and is not sent
// again.
func TestARestartFindsAnAttempt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationVerified)
	w.writes()
	first := w.agentReplies("a")
	until[Send](w, ToCustomer)
	attempted := w.now.UnixMilli()
	second := w.agentReplies("a")
	w.kill()
	w.run()
	if !slices.Equal(w.wechat.arrived, []string{second + "#0"}) {
		t.Errorf("%v arrived", w.wechat.arrived)
	}
	if letter := w.letters[first]; letter == nil || letter.Cause != UnknownOutcome || letter.Time != attempted || w.live.Totals.Unknown != 1 {
		t.Errorf("letter %+v, totals %+v", letter, w.live.Totals)
	}
	// By hand it is sent again, under another name and once.
	for range 2 {
		e := commandEntry(w.letters[first].Entry)
		e.Command.Received = w.now.UnixMilli()
		w.accept(e)
	}
	w.foldAll()
	w.pass(hold)
	w.run()
	if got := w.wechat.arrived; !slices.Equal(got, []string{second + "#0", "replay-0a1b#0"}) {
		// The command's letter says that one part had arrived, but the reply has only one.
		t.Errorf("%v arrived", got)
	}
}

func TestRepliesAreOrderedWhileTheyAreHeld(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationVerified)
	w.writes()
	first, second, third := w.agentWrites("a", 1), w.agentWrites("b", 1), w.agentWrites("a", 1)
	w.accept(third)
	w.foldAll()
	w.pass(200 * time.Millisecond)
	w.accept(second)
	w.foldAll()
	if got, want := w.live.Next(ToCustomer, w.now, &w.settings), (Wait{Until: time.UnixMilli(second.Outbound.Received).Add(hold), Reason: ReasonOrder}); got != Step(want) {
		t.Fatalf("%+v", got)
	}
	w.pass(100 * time.Millisecond)
	w.run()
	w.accept(first) // too late: it goes out at once
	w.foldAll()
	w.run()
	if want := []string{second.id() + "#0", third.id() + "#0", first.id() + "#0"}; !slices.Equal(w.wechat.arrived, want) {
		t.Errorf("%v arrived", w.wechat.arrived)
	}
	// A clock that is ahead holds nothing up.
	ahead := w.agentWrites("a", 1)
	ahead.Outbound.Received += time.Hour.Milliseconds()
	w.accept(ahead)
	w.foldAll()
	if _, ok := w.live.Next(ToCustomer, w.now, &w.settings).(PrepareReply); !ok {
		t.Error("it is held by another's clock")
	}
}

func TestWaitingIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationVerified)
	w.settings.WaitingMessages, w.settings.WaitingAge = 3, time.Hour
	var ids []string
	for range 5 {
		ids = append(ids, w.agentReplies("a"))
		w.run()
		w.pass(time.Minute)
	}
	if len(w.letters) != 2 || w.letters[ids[0]].Cause != TooManyWaiting || w.letters[ids[1]].Cause != TooManyWaiting || w.letters[ids[0]].Code != 45015 {
		t.Fatalf("letters %+v", w.letters)
	}
	_, customer := w.run()
	wait := customer.(Wait)
	if want := time.UnixMilli(w.outbound[ids[2]].Received).Add(time.Hour); !wait.Until.Equal(want) || wait.Reason != "WindowClosed" {
		t.Fatalf("%+v", wait)
	}
	w.now = wait.Until
	w.run()
	if len(w.letters) != 3 || w.letters[ids[2]].Cause != WaitedTooLong {
		t.Errorf("letters %+v", w.letters)
	}
}

func TestAPersonalAccountAnswersWhatTheCustomerWrites(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationPersonal)
	w.writes()
	w.run()
	w.agentReplies("a")
	w.agentReplies("a")
	_, customer := w.run()
	if customer.(Wait).Reason != ReasonNoRight || len(w.wechat.arrived) > 0 || w.live.Notices != 1 {
		t.Fatalf("%+v, %v arrived, %d notices", customer, w.wechat.arrived, w.live.Notices)
	}
	if got := w.live.Contribution(w.now, &w.settings); got.Waiting != 2 || got.ToCustomer != 0 {
		t.Errorf("contribution %+v", got)
	}
	w.writes()
	if want := []string{w.replies[0] + "#0", w.replies[1] + "#0"}; !slices.Equal(w.wechat.arrived, want) || w.live.Totals.ToCustomer != 2 {
		t.Errorf("%v arrived, totals %+v", w.wechat.arrived, w.live.Totals)
	}
	// What two answers claim is told by the first.
	repeat := *w.log[len(w.log)-1]
	in := *repeat.Inbound
	in.Push.MsgID = "9"
	repeat.Inbound = &in
	w.accept(&repeat)
	w.foldAll()
	if w.live.Totals.ToCustomer != 2 {
		t.Errorf("totals %+v", w.live.Totals)
	}
	// The agent knows until the next session.
	w.agentReplies("a")
	w.run()
	if w.live.Notices != 1 {
		t.Errorf("%d notices", w.live.Notices)
	}
	w.pass(time.Hour)
	w.writes()
	w.run()
	w.agentReplies("a")
	w.run()
	if w.live.Notices != 2 {
		t.Errorf("%d notices", w.live.Notices)
	}
}

// A long reply is told in several answers, and by sending what is left when the
// account is verified meanwhile.
func TestALongReplyAsText(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationUnverified)
	id := w.agentReplies("a")
	prepare := until[PrepareReply](w, ToCustomer)
	if !prepare.TextOnly {
		t.Fatalf("%+v", prepare)
	}
	long := strings.Repeat("好", push.MaxTextBytes)
	w.mutate(func(c *Customer) bool { return c.RecordReplyText(prepare, long, w.now) })
	if w.live.RecordReplyText(prepare, long, w.now) {
		t.Error("it is recorded once")
	}
	w.writes()
	told := w.log[len(w.log)-1].Inbound.Told
	if want := []Claim{{ID: id, To: 1, Of: 4}}; !slices.Equal(told.Claims, want) || told.Text != strings.Repeat("好", push.MaxTextBytes/3) {
		t.Fatalf("claims %+v", told.Claims)
	}
	w.settings.Verification = imv1alpha1.VerificationVerified
	prepare = until[PrepareReply](w, ToCustomer)
	if prepare.TextOnly || strings.Join(prepare.Texts, "") != long[len(told.Text):] {
		t.Fatalf("%d texts are left", len(prepare.Texts))
	}
	requests := make([]json.RawMessage, len(prepare.Texts))
	for i := range requests {
		requests[i] = json.RawMessage(fmt.Sprintf(`{"id":"rest#%d"}`, i))
	}
	w.mutate(func(c *Customer) bool { return c.RecordReplyPrepared(prepare, requests, w.now) })
	w.run()
	if want := []string{id + "#0", "rest#0", "rest#1", "rest#2"}; !slices.Equal(w.wechat.arrived, want) || w.live.Totals.ToCustomer != 1 {
		t.Errorf("%v arrived, totals %+v", w.wechat.arrived, w.live.Totals)
	}
}

func TestRepliesThatCannotBeShown(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		verification imv1alpha1.Verification
		record       func(*Customer, PrepareReply, time.Time) bool
		want         Cause
	}{
		"unfit": {imv1alpha1.VerificationVerified, func(c *Customer, p PrepareReply, now time.Time) bool {
			return c.RecordUnfit(p, "TIMRelayElem", now)
		}, Unsupported},
		"nothing": {imv1alpha1.VerificationVerified, func(c *Customer, p PrepareReply, now time.Time) bool {
			return c.RecordReplyPrepared(p, nil, now)
		}, Unsupported},
		"too much": {imv1alpha1.VerificationVerified, func(c *Customer, p PrepareReply, now time.Time) bool {
			return c.RecordReplyPrepared(p, []json.RawMessage{json.RawMessage(`"` + strings.Repeat("x", maxRequests) + `"`)}, now)
		}, TooLarge},
		"too many": {imv1alpha1.VerificationVerified, func(c *Customer, p PrepareReply, now time.Time) bool {
			return c.RecordReplyPrepared(p, slices.Repeat([]json.RawMessage{json.RawMessage("{}")}, maxParts+1), now)
		}, TooLarge},
		"blank text": {imv1alpha1.VerificationPersonal, func(c *Customer, p PrepareReply, now time.Time) bool {
			return c.RecordReplyText(p, " \n", now)
		}, Unsupported},
		"long text": {imv1alpha1.VerificationPersonal, func(c *Customer, p PrepareReply, now time.Time) bool {
			return c.RecordReplyText(p, strings.Repeat("x", maxText+1), now)
		}, TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, tc.verification)
			w.writes()
			id := w.agentReplies("a")
			prepare := until[PrepareReply](w, ToCustomer)
			w.mutate(func(c *Customer) bool { return tc.record(c, prepare, w.now) })
			if tc.record(w.live, prepare, w.now) {
				t.Error("it is recorded once")
			}
			w.run()
			if letter := w.letters[id]; letter == nil || letter.Cause != tc.want || w.live.Notices != 1 || len(w.wechat.arrived) > 0 {
				t.Errorf("letter %+v, %d notices, %v arrived", letter, w.live.Notices, w.wechat.arrived)
			}
		})
	}
}

// Messages that were handled are known by their keys, and older ones by their time.
func TestRepeatsOfOldReplies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationVerified)
	for range maxRecent + 50 {
		w.writes()
		w.agentReplies("a")
		w.run()
		w.pass(time.Second)
	}
	arrived := len(w.wechat.arrived)
	for _, e := range slices.Clone(w.log) {
		if e.Outbound != nil {
			again := *e.Outbound
			again.Source = Roaming
			w.accept(&Entry{Account: account, OpenID: openID, Outbound: &again})
		}
	}
	w.foldAll()
	w.run()
	if len(w.wechat.arrived) != arrived {
		t.Errorf("%d arrived again", len(w.wechat.arrived)-arrived)
	}
	if w.live.CatchUpSince().Unix() != w.log[0].Inbound.Received/1000 || !w.live.RecordCaughtUp(w.now, nil) || w.live.RecordCaughtUp(w.now, nil) ||
		w.live.CatchUpSince().Unix() != w.now.Unix() {
		t.Error("what has been read is not known")
	}
}

// Of somebody who comes back after everything was erased, the history from before is
// not read again: IM keeps it.
func TestHistoryFromBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationVerified)
	w.writes()
	w.agentReplies("a")
	w.run()
	w.pass(5 * time.Second)
	arrived := len(w.wechat.arrived)
	if arrived != 1 {
		t.Fatalf("%d arrived", arrived)
	}
	old := *w.log[len(w.log)-1].Outbound
	old.Source = Roaming
	w.happens(push.EventUnsubscribe, w.now)
	erase := until[Erase](w, ToAgent)
	if !w.live.RecordErased(erase) || !w.live.Empty() {
		t.Fatalf("%+v", w.live.contents)
	}
	w.pass(5 * time.Second)
	w.happens(push.EventSubscribe, w.now)
	w.writes()
	w.accept(&Entry{Account: account, OpenID: openID, Outbound: &old})
	w.run()
	if got := len(w.wechat.arrived); got != arrived {
		t.Errorf("%d arrived again", got-arrived)
	}
	if w.live.CatchUpSince().Before(w.now.Add(-time.Minute)) {
		t.Errorf("the history is read from %s on", w.live.CatchUpSince())
	}
	w.agentReplies("a")
	w.run()
	if got := len(w.wechat.arrived); got != arrived+1 {
		t.Errorf("%d of what is new arrived", got-arrived)
	}
}

// A session that has ended is read once more, as one that goes on is; and so is an
// agent who wrote without having it.
func TestReaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationVerified)
	idle := w.settings.SessionIdle
	expect := func(when string, want ...string) {
		t.Helper()
		if got := w.live.Readers(idle); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", when, got, want)
		}
	}
	expect("of nobody")
	w.writes()
	w.run()
	expect("in the session", "a")
	w.agentReplies("b")
	w.run()
	expect("two agents", "a", "b")
	w.pass(idle + time.Minute)
	expect("after the end", "a", "b")
	w.live.RecordCaughtUp(w.now, nil)
	expect("after the last look")
	w.writes()
	w.run()
	w.happens(push.EventUnsubscribe, w.now)
	expect("of one who left")
}

// What was being read while a customer was erased does not bring them back.
func TestHistoryDuringErasure(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationVerified)
	w.writes()
	w.run()
	late := w.agentWrites("a", 1)
	late.Outbound.Source = Roaming
	w.happens(push.EventUnsubscribe, w.now)
	if !w.live.RecordErased(until[Erase](w, ToAgent)) {
		t.Fatal("not erased")
	}
	w.accept(late)
	w.foldAll()
	if !w.live.Empty() {
		t.Errorf("%+v", w.live.contents)
	}
}

// A reading of the history confirms the replies that were there when it began, and
// those that it found itself; what comes during it is not confirmed.
func TestConfirmed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationVerified)
	w.writes()
	w.run()
	first := w.agentReplies("a")
	next := func() (id string, confirmed bool) {
		step := until[PrepareReply](w, ToCustomer)
		return step.ID, step.Confirmed
	}
	if id, confirmed := next(); id != first || confirmed {
		t.Errorf("%s is confirmed: %t", id, confirmed)
	}
	known := w.live.Unconfirmed()
	if !slices.Equal(known, []string{first}) {
		t.Errorf("not confirmed are %v", known)
	}
	missed := w.agentWrites("a", 1)
	missed.Outbound.Source, missed.Outbound.MsgTime = Roaming, missed.Outbound.MsgTime-1
	w.accept(missed)
	w.foldAll()
	w.pass(hold)
	during := w.agentReplies("a")
	w.live.RecordCaughtUp(w.now, known)
	if got := w.live.Unconfirmed(); !slices.Equal(got, []string{during}) {
		t.Errorf("not confirmed are %v", got)
	}
	if id, confirmed := next(); id != missed.id() || !confirmed {
		t.Errorf("%s is confirmed: %t", id, confirmed)
	}
}

// An earlier reply that comes just before the commitment to a later one goes first.
func TestCommitmentTooLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationVerified)
	w.writes()
	w.run()
	later := w.agentReplies("a")
	step := until[Commit](w, ToCustomer)
	earlier := w.agentWrites("a", 1)
	earlier.Outbound.MsgTime -= 5
	w.accept(earlier)
	w.foldAll()
	if step.ID != later || w.live.RecordCommitted(step, w.now) {
		t.Errorf("%s was committed to", step.ID)
	}
	w.pass(hold)
	if commit := until[Commit](w, ToCustomer); commit.ID != earlier.id() {
		t.Errorf("%s goes first", commit.ID)
	}
}
