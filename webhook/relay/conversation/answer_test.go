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
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/wechat"
	"github.com/liveroom-io/liveroom-operator/internal/wechat/push"
)

func event(name string) push.Message {
	return push.Message{Kind: push.Event, Event: name, From: openID, CreateTime: start.Unix(), EventKey: "key"}
}

func TestAnswer(t *testing.T) {
	t.Parallel()
	settings := Settings{
		Verification: imv1alpha1.VerificationVerified, SessionIdle: 30 * time.Minute, Agents: []string{"a"},
		Replies: imv1alpha1.AutomaticReplies{Welcome: "hi", Transferring: "wait", OutOfHours: "closed", Unsupported: "what?"},
	}
	silent := settings
	silent.Replies = imv1alpha1.AutomaticReplies{}
	noHours := settings
	noHours.Replies.OutOfHours = ""
	personal := settings
	personal.Verification = imv1alpha1.VerificationPersonal
	active := func(ago time.Duration) *Customer {
		c := New(Key(account, openID))
		c.Active = start.Add(-ago).UnixMilli()
		return c
	}
	waiting := func(texts ...string) *Customer {
		c := active(time.Hour)
		for i, text := range texts {
			r := &reply{ID: string(rune('a' + i)), Outbound: outboundEntry().Outbound}
			if text != "" {
				r.Texts = split(text)
			}
			c.Replies = append(c.Replies, r)
		}
		return c
	}
	text := push.Message{Kind: push.Text, Content: "hello"}
	half := strings.Repeat("半", 341) // 1023 bytes
	begun := waiting(half + "\n" + half + "\n" + half)
	begun.Replies[0].Done = 1
	given := waiting("first", "second")
	given.Replies[0].Doom = &doom{Cause: Refused}
	left := waiting("first")
	left.Left = 1
	for name, tc := range map[string]struct {
		customer *Customer
		push     push.Message
		settings Settings
		closed   bool
		want     Told
	}{
		"follow":                        {nil, event(push.EventSubscribe), settings, false, Told{Kind: ToldWelcome, Text: "hi"}},
		"follow out of hours":           {nil, event(push.EventSubscribe), settings, true, Told{Kind: ToldWelcome, Text: "hi"}},
		"follow, nothing to say":        {nil, event(push.EventSubscribe), silent, false, Told{}},
		"scan":                          {nil, event(push.EventScan), settings, false, Told{}},
		"unfollow":                      {waiting("first"), event(push.EventUnsubscribe), personal, false, Told{}},
		"first message":                 {nil, text, settings, false, Told{Kind: ToldTransferring, Text: "wait"}},
		"first message, nothing to say": {nil, text, silent, false, Told{}},
		"first message, out of hours":   {nil, text, settings, true, Told{Kind: ToldOutOfHours, Text: "closed"}},
		"out of hours, nothing to say":  {nil, text, noHours, true, Told{}},
		"within a session":              {active(30 * time.Minute), text, settings, false, Told{}},
		"within a session, closed":      {active(time.Minute), text, settings, true, Told{}},
		"after a session":               {active(30*time.Minute + time.Millisecond), text, settings, false, Told{Kind: ToldTransferring, Text: "wait"}},
		"tap on a menu":                 {nil, event(push.EventClick), settings, false, Told{Kind: ToldTransferring, Text: "wait"}},
		"look at a page":                {nil, event(push.EventView), settings, false, Told{}},
		"report of a sending":           {waiting("first"), event(push.EventTemplateSent), personal, false, Told{}},
		"unknown message":               {nil, push.Message{Kind: push.Unknown, Type: "new"}, settings, false, Told{Kind: ToldUnsupported, Text: "what?"}},
		"unknown message, out of hours": {nil, push.Message{Kind: push.Unknown, Type: "new"}, settings, true, Told{Kind: ToldUnsupported, Text: "what?"}},
		"unknown, nothing to say":       {nil, push.Message{Kind: push.Unknown, Type: "new"}, silent, false, Told{}},
		"verified account sends itself": {waiting("first"), text, settings, false, Told{Kind: ToldTransferring, Text: "wait"}},
		"replies": {waiting("first", "second"), text, personal, true, Told{
			Kind: ToldReplies, Text: "first\nsecond", Claims: []Claim{{ID: "a", To: 1, Of: 1}, {ID: "b", To: 1, Of: 1}},
		}},
		"replies to a scan":             {waiting("first"), event(push.EventScan), personal, false, Told{Kind: ToldReplies, Text: "first", Claims: []Claim{{ID: "a", To: 1, Of: 1}}}},
		"replies to an unknown message": {waiting("first"), push.Message{Kind: push.Unknown}, personal, false, Told{Kind: ToldReplies, Text: "first", Claims: []Claim{{ID: "a", To: 1, Of: 1}}}},
		"as many as fit": {waiting(half, half, "third"), text, personal, false, Told{
			Kind: ToldReplies, Text: half + "\n" + half, Claims: []Claim{{ID: "a", To: 1, Of: 1}, {ID: "b", To: 1, Of: 1}},
		}},
		"whole ones only": {waiting("first", half+half, "third"), text, personal, false, Told{
			Kind: ToldReplies, Text: "first", Claims: []Claim{{ID: "a", To: 1, Of: 1}},
		}},
		"the rest of a long one": {begun, text, personal, false, Told{
			Kind: ToldReplies, Text: begun.Replies[0].Texts[1], Claims: []Claim{{ID: "a", From: 1, To: 2, Of: 2}},
		}},
		"one that is not understood yet": {waiting("", "second"), text, personal, false, Told{Kind: ToldTransferring, Text: "wait"}},
		"one that was given up":          {given, text, personal, false, Told{Kind: ToldReplies, Text: "second", Claims: []Claim{{ID: "b", To: 1, Of: 1}}}},
		"who left and writes again":      {left, text, personal, false, Told{Kind: ToldTransferring, Text: "wait"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := Answer(tc.customer, &tc.push, &tc.settings, start, !tc.closed)
			if !reflect.DeepEqual(got, tc.want) {
				t.Errorf("got  %+v\nwant %+v", got, tc.want)
			}
			if len(got.Text) > push.MaxTextBytes {
				t.Errorf("%d bytes", len(got.Text))
			}
		})
	}
}

func TestNoticesNameCauseAndRemedy(t *testing.T) {
	t.Parallel()
	for kind := range noticeTexts {
		n := Notice{Kind: kind, Agent: "a", Count: 3, Code: 45047}
		text := n.Text()
		chinese, english, both := strings.Cut(text, "\n")
		if !both || !strings.HasPrefix(chinese, "【系统提示】") || !strings.HasPrefix(english, "[System] ") ||
			!strings.HasSuffix(chinese, "（45047）") || !strings.HasSuffix(english, " (45047)") {
			t.Errorf("%s: %s", kind, text)
		}
		if strings.Contains(text, "%") || len(text) > 600 || !utf8.ValidString(text) {
			t.Errorf("%s has %d bytes: %s", kind, len(text), text)
		}
		if !n.sound() {
			t.Errorf("%s cannot be stored", kind)
		}
	}
	got := (&Notice{Kind: NoticeUnknown}).Text()
	want := "【系统提示】1 条回复的发送结果未知：客户可能已经收到，也可能没有。系统不会自动重发，请向客户确认后再决定是否重发。\n" +
		"[System] 1 of the replies may or may not have arrived. Nothing is sent again by itself: ask the customer before you repeat it."
	if got != want {
		t.Errorf("got %s", got)
	}
	for cause, want := range map[Cause]NoticeKind{
		UnknownOutcome: NoticeUnknown, WaitedTooLong: NoticeGivenUp, TooManyWaiting: NoticeGivenUp, NotFollowing: NoticeUnfollowed,
		Unsupported: NoticeUnsupported, TooLarge: NoticeUnsupported, Refused: NoticeRefused, MediaExpired: NoticeRefused,
	} {
		if got := noticeOfCause(cause); got != want {
			t.Errorf("%s: %s", cause, got)
		}
	}
	for kind, want := range map[wechat.Kind]NoticeKind{
		wechat.WindowClosed: NoticeWindowClosed, wechat.CountExhausted: NoticeQuotaUsed, wechat.NotFollowing: NoticeUnfollowed,
	} {
		if got := noticeOf(kind); got != want {
			t.Errorf("%s: %s", kind, got)
		}
	}
}
