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
	"strings"
	"testing"
	"time"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/wechat/push"
)

// Agents are told of each blockage once: what blocks after the customer has done
// something is another one, even when nothing was delivered between the two.
func TestEveryBlockageIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationVerified)
	w.settings.WaitingAge = 24 * time.Hour
	w.writes()
	for range 3 {
		w.pass(49 * time.Hour)
		before := w.live.Notices
		w.agentReplies("a")
		w.agentReplies("a")
		w.run()
		if told := w.live.Notices - before; told != 1 || w.live.Told.Kind != NoticeWindowClosed {
			t.Fatalf("%d notices about one blockage, %+v", told, w.live.Told)
		}
		w.pass(25 * time.Hour) // too long for the replies
		w.run()
		w.writes()
		w.run()
	}
	if len(w.wechat.arrived) != 0 || len(w.letters) != 6 {
		t.Errorf("%v arrived, %d letters", w.wechat.arrived, len(w.letters))
	}
}

// Somebody who unfollows twice is somebody whose agents are told twice.
func TestEveryUnfollowIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationVerified)
	w.writes()
	w.run()
	for range 2 {
		before := w.live.Notices
		w.pass(time.Minute)
		w.happens(push.EventUnsubscribe, w.now)
		w.agentReplies("a")
		if told := w.live.Notices - before; told != 1 {
			t.Fatalf("%d notices", told)
		}
		until[Erase](w, ToAgent) // the notice has gone out
		w.pass(time.Minute)
		w.happens(push.EventSubscribe, w.now) // before anything was erased
	}
}

// Pushes may come late, and late ones do not turn time back.
func TestALateFollowChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationVerified)
	w.happens(push.EventUnsubscribe, w.now)
	w.pass(time.Minute)
	w.happens(push.EventSubscribe, w.now)
	w.happens(push.EventSubscribe, w.now.Add(-2*time.Minute))
	w.happens(push.EventUnsubscribe, w.now.Add(-time.Minute))
	if !w.live.Following || w.live.Left != 0 {
		t.Errorf("%+v", w.live.contents)
	}
}

// What a customer does with a menu may precede the first message by a moment. It
// gets no answer of its own, so the message gets that of a session's beginning.
func TestAnEventWithoutAnAnswerBeginsNoSession(t *testing.T) {
	t.Parallel()
	for _, name := range []string{push.EventPhoto, push.EventLocationSelect} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, imv1alpha1.VerificationVerified)
			w.happens(name, w.now)
			w.pass(time.Second)
			m := push.Message{Kind: push.Image, From: openID, CreateTime: w.now.Unix(), MsgID: "1"}
			if told := Answer(w.live, &m, &w.settings, w.now, true); told.Kind != ToldTransferring {
				t.Errorf("%+v", told)
			}
			w.run()
			if len(w.im.arrived) != 1 || !w.live.LastActive().Equal(start) {
				t.Errorf("%v arrived, last active %v", w.im.arrived, w.live.LastActive())
			}
			m = push.Message{Kind: push.Event, From: openID, CreateTime: w.now.Unix(), Event: push.EventClick}
			w.live.Apply(9, &Entry{Account: account, OpenID: openID, Inbound: &Inbound{Push: m, Received: w.now.UnixMilli()}})
			m.MsgID = "2"
			if told := Answer(w.live, &m, &w.settings, w.now, true); told.Kind != ToldNone && told.Kind != "" {
				t.Errorf("told again: %+v", told)
			}
		})
	}
}

// A reason that is no text must not make a state that cannot be read.
func TestReasonsThatAreNoText(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationVerified)
	w.writes()
	w.agentReplies("a")
	prepare := until[PrepareReply](w, ToCustomer)
	w.mutate(func(c *Customer) bool { return c.RecordUnfit(prepare, strings.Repeat("\xff", maxDetailBytes), w.now) })
	w.store()
	w.kill()
	w.run()
	if letter := w.letters[prepare.ID]; letter == nil || letter.Cause != Unsupported {
		t.Errorf("%+v", letter)
	}
}

// Characters that need many bytes in a stored state count as that many.
func TestTextsAreCountedAsTheyAreStored(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationPersonal)
	w.agentReplies("a")
	prepare := until[PrepareReply](w, ToCustomer)
	w.mutate(func(c *Customer) bool { return c.RecordReplyText(prepare, strings.Repeat("\x01", maxText/3), w.now) })
	w.run()
	if letter := w.letters[prepare.ID]; letter == nil || letter.Cause != TooLarge {
		t.Errorf("%+v", letter)
	}
}
