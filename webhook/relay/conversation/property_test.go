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
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/wechat/push"
)

// Whatever fails and whenever the owner is killed: every message of the customer
// arrives at an agent once and in order, or is a dead letter. Every reply arrives
// at most once, in order, and once unless it is a dead letter. When everything
// works again, nothing is left over.
func TestNothingIsLostOrDoubled(t *testing.T) {
	t.Parallel()
	for _, verification := range []imv1alpha1.Verification{imv1alpha1.VerificationVerified, imv1alpha1.VerificationPersonal} {
		t.Run(string(verification), func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				w := newWorld(t, verification)
				w.faulty, w.chance = true, t
				for range rapid.IntRange(1, 100).Draw(t, "acts") {
					w.act()
				}
				w.drain()
				w.checkInbound()
				w.checkReplies()
			})
		})
	}
}

// Whatever else happens, with followers who leave and come back, dead letters that
// are replayed and an account that is verified and is not any more: the lanes come
// to an end, and no reply arrives twice unless it was replayed.
func TestLanesComeToAnEnd(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t, imv1alpha1.VerificationVerified)
		w.faulty, w.chance = true, t
		for range rapid.IntRange(1, 80).Draw(t, "acts") {
			switch rapid.IntRange(0, 12).Draw(t, "kind") {
			case 0:
				w.happens(rapid.SampledFrom([]string{push.EventSubscribe, push.EventUnsubscribe, push.EventView, push.EventClick}).Draw(t, "event"), w.now)
			case 1:
				w.settings.Verification = rapid.SampledFrom([]imv1alpha1.Verification{
					imv1alpha1.VerificationVerified, imv1alpha1.VerificationUnverified,
				}).Draw(t, "verification")
			case 2:
				for _, id := range slices.Sorted(maps.Keys(w.letters)) {
					e := commandEntry(w.letters[id].Entry)
					e.Command.Name, e.Command.Received, e.Command.Replay.Done = fmt.Sprint(len(w.log)), w.now.UnixMilli(), w.letters[id].Done
					w.accept(e)
					break
				}
			default:
				w.act()
			}
		}
		w.settings.Verification = imv1alpha1.VerificationVerified
		w.drain()
		for _, id := range w.replies {
			if n := count(w.wechat.arrived, id+"#0"); n > 1 {
				t.Fatalf("%s arrived %d times", id, n)
			}
		}
	})
}

// act is one thing that happens.
func (w *world) act() {
	t := w.chance
	switch act := rapid.SampledFrom([]string{
		"push", "push", "large push", "repeat", "reply", "reply", "replies", "large reply", "fold", "fold",
		"agent", "agent", "agent", "agent", "customer", "customer", "customer", "customer",
		"store", "kill", "conflict", "wait", "wait", "wait long", "agents",
	}).Draw(t, "act"); act {
	case "push":
		w.customerWrites(rapid.IntRange(1, 100).Draw(t, "bytes"))
	case "large push":
		w.customerWrites(30_000)
	case "repeat":
		if len(w.log) > 0 {
			e := *w.log[rapid.IntRange(0, len(w.log)-1).Draw(t, "entry")]
			if e.Outbound != nil {
				out := *e.Outbound
				out.Source, out.Received = Roaming, w.now.UnixMilli()
				e.Outbound = &out
			}
			w.accept(&e)
		}
	case "reply":
		w.accept(w.agentWrites(rapid.SampledFrom([]string{"a", "b"}).Draw(t, "agent"), 10))
	case "replies": // the second is known first
		first, second := w.agentWrites("a", 10), w.agentWrites("a", 10)
		w.accept(second)
		if rapid.Bool().Draw(t, "gap") {
			w.foldAll()
			w.pass(200 * time.Millisecond)
		}
		w.accept(first)
	case "large reply":
		w.accept(w.agentWrites("b", 25_000))
	case "fold":
		w.fold()
	case "agent":
		w.step(ToAgent)
	case "customer":
		w.step(ToCustomer)
	case "store":
		w.store()
	case "kill":
		w.kill()
	case "conflict":
		w.conflict()
	case "wait":
		w.pass(time.Duration(rapid.IntRange(1, 2000).Draw(t, "milliseconds")) * time.Millisecond)
	case "wait long":
		w.pass(time.Duration(rapid.SampledFrom([]int{20, 90, 130, 900, 3600, 50 * 3600}).Draw(t, "seconds")) * time.Second)
	case "agents":
		w.settings.Agents = rapid.SampledFrom([][]string{{"a"}, {"b"}, {"a", "b"}, {"a", "b", "gone"}, nil}).Draw(t, "agents")
	}
}

func (w *world) pass(d time.Duration) { w.now = w.now.Add(d) }

// drain works until nothing is left, with everything in order.
func (w *world) drain() {
	w.faulty = false
	w.settings.Agents = []string{"a", "b"}
	w.foldAll()
	for range 20_000 {
		one, two := w.step(ToAgent), w.step(ToCustomer)
		_, idle := one.(Idle)
		_, idle2 := two.(Idle)
		if idle && idle2 && w.folded == len(w.log) {
			w.checkEnd()
			return
		}
		wait, waiting := one.(Wait)
		wait2, waiting2 := two.(Wait)
		if (waiting || idle) && (waiting2 || idle2) {
			switch {
			case waiting2 && (wait2.Reason == ReasonNoRight || wait2.Reason == "WindowClosed" || wait2.Reason == "CountExhausted"):
				w.store()
				w.customerWrites(1)
				w.foldAll()
			case waiting && (!waiting2 || wait.Until.Before(wait2.Until)):
				w.now = wait.Until
			default:
				w.now = wait2.Until
			}
		}
	}
	w.t.Fatalf("it does not come to an end: %+v, %+v", w.live.Next(ToAgent, w.now, &w.settings), w.live.Next(ToCustomer, w.now, &w.settings))
}

func (w *world) checkEnd() {
	if _, unread := w.live.Oldest(); unread || len(w.live.Deliveries) > 0 || len(w.live.Replies) > 0 || w.live.Totals.Lost > 0 {
		w.t.Fatalf("something is left over: %+v", w.live.contents)
	}
}

// parts that a message has, and how many of them a letter holds.
func (w *world) expect(id string, parts int, arrived []string, texts bool) {
	letter, buried := w.letters[id]
	for i := range parts {
		n := count(arrived, fmt.Sprintf("%s#%d", id, i))
		switch {
		case n > 1:
			w.t.Fatalf("part %d of %s arrived %d times", i, id, n)
		case n == 0 && !buried:
			w.t.Fatalf("part %d of %s is lost", i, id)
		case n == 0 && i < letter.Done && !texts:
			w.t.Fatalf("part %d of %s has not arrived, which the letter says", i, id)
		case n == 1 && buried && i >= letter.Done && letter.Cause != UnknownOutcome:
			w.t.Fatalf("part %d of %s arrived, and is in a letter because of %s", i, id, letter.Cause)
		}
	}
}

func (w *world) checkInbound() {
	for _, id := range w.inbound {
		w.expect(id, len(render(Content{ID: id, Inbound: &Inbound{}})), w.im.arrived, false)
	}
	last := -1
	for _, arrived := range w.im.arrived {
		id, _, _ := strings.Cut(arrived, "#")
		at := index(w.inbound, id)
		if at < last {
			w.t.Fatalf("%s arrived behind a later one: %v", id, w.im.arrived)
		}
		last = at
	}
}

func (w *world) checkReplies() {
	textOnly := w.settings.textOnly()
	for _, id := range w.replies {
		if w.outbound[id] == nil || w.applied[id].IsZero() {
			continue
		}
		parts := 1
		if w.outbound[id].MsgSeq%7 == 0 && !textOnly {
			parts = 2
		}
		w.expect(id, parts, w.wechat.arrived, textOnly)
	}
	for i, before := range w.wechat.arrived {
		first, _, _ := strings.Cut(before, "#")
		for _, after := range w.wechat.arrived[i+1:] {
			second, _, _ := strings.Cut(after, "#")
			a, b := w.outbound[first], w.outbound[second]
			if b.MsgTime < a.MsgTime || b.MsgTime == a.MsgTime && b.MsgSeq < a.MsgSeq {
				// The later one went first: only when the earlier one was not known in time.
				if w.applied[second].Before(time.UnixMilli(a.Received).Add(hold)) && !w.overflowed(second) {
					w.t.Fatalf("%s arrived before %s: %v", first, second, w.wechat.arrived)
				}
			}
		}
	}
	if unknown := w.live.Totals.Unknown; unknown != w.unknownLetters() {
		w.t.Fatalf("%d unknown outcomes, %d letters about them", unknown, w.unknownLetters())
	}
}

// overflowed: the reply was large enough for the lane to be full, and full lanes
// are in the order of the log.
func (w *world) overflowed(string) bool {
	bytes := 0
	for _, out := range w.outbound {
		bytes += len(out.Body)
	}
	return bytes > maxReplyContent/2
}

func (w *world) unknownLetters() (n int64) {
	for _, letter := range w.letters {
		if letter.Cause == UnknownOutcome && letter.Lane() == ToCustomer {
			n++
		}
	}
	return n
}

func count(all []string, one string) (n int) {
	for _, s := range all {
		if s == one {
			n++
		}
	}
	return n
}

func index(all []string, one string) int {
	for i, s := range all {
		if s == one {
			return i
		}
	}
	return -1
}
