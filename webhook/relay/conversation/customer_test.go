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

func (w *world) happens(name string, at time.Time) {
	w.count++
	e := event(name)
	e.CreateTime, e.EventKey = at.Unix(), fmt.Sprint(w.count)
	w.accept(&Entry{Account: account, OpenID: openID, Inbound: &Inbound{Push: e, Received: w.now.UnixMilli()}})
	w.foldAll()
}

// Who unfollows is forgotten: what waits is dropped, the agents are told, what was
// written before is handed over.
func TestUnfollow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationVerified)
	w.happens(push.EventSubscribe, w.now)
	w.writes()
	w.run()
	w.settings.Agents = nil
	w.pass(time.Hour)
	w.writes()
	w.agentReplies("b")
	w.happens(push.EventUnsubscribe, w.now)
	if c := w.live; c.Following || len(c.Replies) != 0 || len(w.notices()) != 2 || c.Contribution(w.now, &w.settings).Agent != "" {
		t.Fatalf("%+v with notices %+v", c.contents, w.notices())
	}
	w.agentReplies("b") // knows it
	w.settings.Agents = []string{"a", "b"}
	erase := until[Erase](w, ToAgent)
	if want := (Totals{ToAgent: 2}); erase.Totals != want || len(w.im.arrived) != 2 || len(w.wechat.arrived) != 0 || w.live.Notices != 2 {
		t.Fatalf("%+v, %v arrived, %d notices", erase, w.im.arrived, w.live.Notices)
	}
	if w.live.Empty() || !w.live.RecordErased(erase) || !w.live.Empty() || w.live.RecordErased(erase) {
		t.Errorf("%+v is left", w.live.contents)
	}
	if next := w.live.Next(ToAgent, w.now, &w.settings); next != Step(Idle{}) {
		t.Errorf("%#v", next)
	}
}

func TestWhoComesBackIsNotErased(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationVerified)
	w.writes()
	w.run()
	w.pass(time.Minute)
	w.happens(push.EventUnsubscribe, w.now)
	w.happens(push.EventSubscribe, w.now.Add(-30*time.Second)) // was under way for long
	erase := until[Erase](w, ToAgent)
	w.pass(time.Minute)
	w.happens(push.EventSubscribe, w.now)
	w.happens(push.EventUnsubscribe, w.now.Add(-30*time.Second)) // was under way for long
	if !w.live.Following || w.live.Left != 0 {
		t.Fatalf("%+v", w.live.contents)
	}
	if !w.live.RecordErased(erase) || w.live.Imported || w.live.Totals != (Totals{}) {
		t.Errorf("the account in IM may be gone, the totals are in the tally, and that is all: %+v", w.live.contents)
	}
	w.writes()
	w.run()
	if len(w.im.arrived) != 2 {
		t.Errorf("%v arrived", w.im.arrived)
	}
}

// Whose letter is about to be written may leave: then it is not.
func TestWhoLeftHasNoLetters(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationVerified)
	w.writes()
	w.run()
	w.wechat.left = 0
	w.agentReplies("a")
	w.settings.WaitingAge = time.Second
	w.pass(time.Minute)
	bury := until[Bury](w, ToCustomer)
	if !w.live.Buries(bury) {
		t.Fatal("it is not to be written")
	}
	w.happens(push.EventUnsubscribe, w.now)
	if w.live.Buries(bury) || w.live.RecordBuried(bury) || w.live.Totals.Buried != 0 {
		t.Errorf("%+v", w.live.contents)
	}
}

// Totals that are in the tally are not the customer's any more, whether IM knew them or not.
func TestTotalsOfWhoComesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationVerified)
	w.happens(push.EventSubscribe, w.now)
	w.live.Totals = Totals{Buried: 2}
	w.pass(time.Minute)
	w.happens(push.EventUnsubscribe, w.now)
	erase := until[Erase](w, ToAgent)
	w.pass(time.Minute)
	w.happens(push.EventSubscribe, w.now)
	w.live.Totals.Buried++
	if !w.live.RecordErased(erase) || w.live.Imported || w.live.Totals != (Totals{Buried: 1}) {
		t.Errorf("%+v", w.live.contents)
	}
}

func TestTheFarewellEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationVerified)
	w.settings.Agents = nil
	w.writes()
	w.happens(push.EventUnsubscribe, w.now)
	if _, waits := w.live.Next(ToAgent, w.now, &w.settings).(Wait); waits {
		t.Fatal("the account has to be imported for what waits")
	}
	w.run()
	w.pass(farewell + time.Millisecond)
	if _, erase := w.live.Next(ToAgent, w.now, &w.settings).(Erase); !erase {
		t.Errorf("%#v", w.live.Next(ToAgent, w.now, &w.settings))
	}
	w.live.RecordFailed(ToAgent, 0, w.now)
	if _, waits := w.live.Next(ToAgent, w.now, &w.settings).(Wait); !waits {
		t.Error("the erasure is repeated without a pause")
	}
}

func TestFollowersAreImportedWhenThatIsWanted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationVerified)
	w.happens(push.EventSubscribe, w.now)
	if next := w.live.Next(ToAgent, w.now, &w.settings); next != Step(Idle{}) {
		t.Fatalf("%#v", next)
	}
	w.settings.ImportOnFollow = true
	until[Import](w, ToAgent)
	w.run()
	if next := w.live.Next(ToAgent, w.now, &w.settings); next != Step(Idle{}) || !w.im.imported || w.live.RecordImported() {
		t.Fatalf("%#v", next)
	}
}

// More than the state holds stays in the log, and comes in order when there is room.
func TestWhatIsTooMuchIsReadBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationVerified)
	const many = 700
	for i := range many {
		w.count++
		m := push.Message{Kind: push.Text, From: openID, CreateTime: w.now.Unix(), MsgID: fmt.Sprint(i), Content: strings.Repeat("x", i%200)}
		w.accept(&Entry{Account: account, OpenID: openID, Inbound: &Inbound{Push: m, Received: w.now.UnixMilli()}})
		w.inbound = append(w.inbound, m.ID())
		w.accept(w.agentWrites("a", i%100))
	}
	w.foldAll()
	missing := slices.IndexFunc(w.log, func(e *Entry) bool { return w.live.delivery(e.id()) == nil && w.live.reply(e.id()) == nil })
	if oldest, some := w.live.Oldest(); !some || oldest != uint64(missing+1) {
		t.Fatalf("the oldest is %d, and %d is missing", oldest, missing+1)
	}
	w.store()
	w.kill()
	w.wechat.opened, w.wechat.left = w.now, 1<<20
	w.pass(hold)
	w.run()
	w.checkEnd()
	if len(w.letters) > 0 || w.live.Totals != (Totals{ToAgent: many, ToCustomer: many}) {
		t.Errorf("%d letters, totals %+v", len(w.letters), w.live.Totals)
	}
	w.checkInbound()
	if !slices.IsSortedFunc(w.wechat.arrived, func(a, b string) int {
		one, _, _ := strings.Cut(a, "#")
		two, _, _ := strings.Cut(b, "#")
		return int(w.outbound[one].MsgSeq) - int(w.outbound[two].MsgSeq)
	}) {
		t.Error("replies arrived out of order")
	}
}

// An entry that the log has no more, or that is another's, is counted as lost.
func TestEntriesThatAreGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationVerified)
	w.settings.Agents = nil
	for range 6 {
		w.customerWrites(30_000)
	}
	w.foldAll()
	if w.live.Unread.Count != 3 {
		t.Fatalf("%d are not held", w.live.Unread.Count)
	}
	w.live.Deliveries = nil
	fetch := until[Fetch](w, ToAgent)
	if !slices.Equal(fetch.Sequences, []uint64{4, 5, 6}) {
		t.Fatalf("%+v", fetch)
	}
	foreign := *w.log[4]
	foreign.OpenID = "other"
	if !w.live.RecordFetched(fetch, map[uint64]*Entry{4: nil, 5: &foreign}) || w.live.RecordFetched(fetch, map[uint64]*Entry{4: nil}) {
		t.Error("it is recorded once")
	}
	if got := w.live.Totals.Lost; got != 2 || w.live.Unread.Count != 1 {
		t.Errorf("%d lost, %d are not read", got, w.live.Unread.Count)
	}
	w.live.RecordFetched(fetch, map[uint64]*Entry{6: w.log[5]})
	if len(w.live.Deliveries) != 0 {
		t.Error("what was asked for before is not what is next")
	}
	fetch = until[Fetch](w, ToAgent)
	w.live.RecordFetched(fetch, map[uint64]*Entry{6: w.log[5]})
	if _, some := w.live.Oldest(); some || len(w.live.Deliveries) != 1 {
		t.Errorf("%+v", w.live.contents)
	}
}

// The largest state that can come about is within the bound, and not far below.
func TestTheLargestState(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationPersonal)
	// Sequences far apart, as of one customer among many.
	apply := func(e *Entry) { w.live.Apply(uint64(len(w.log))*1_000_003, e) }
	for i := range 9_000 {
		m := push.Message{Kind: push.Text, From: openID, CreateTime: w.now.Unix(), MsgID: fmt.Sprintf("%064d", i), Content: strings.Repeat("\\", 100)}
		apply(w.accept(&Entry{Account: account, OpenID: openID, Inbound: &Inbound{Push: m, Received: w.now.UnixMilli()}}))
		apply(w.accept(w.agentWrites("a", 50)))
	}
	if w.live.Totals.Lost == 0 {
		t.Error("the lists of sequences are not full")
	}
	w.settings.WaitingMessages = 1 << 30
	for {
		next := w.live.Next(ToCustomer, w.now, &w.settings)
		prepare, ok := next.(PrepareReply)
		if !ok {
			break
		}
		w.live.RecordReplyText(prepare, strings.Repeat(`\`, maxText/2), w.now)
	}
	w.live.RecordImported()
	for range 100 {
		items := Prepare{}
		for _, d := range w.live.Deliveries {
			items.Items = append(items.Items, Address{ID: d.ID, Agent: "a"})
		}
		w.live.RecordPrepared(items, w.now, func(Content) []Rendered {
			return []Rendered{{Body: []byte(`["` + strings.Repeat("x", maxBodies/8-100) + `"]`)}}
		})
	}
	for i := range maxNotices {
		w.live.notify(NoticeUnknown, fmt.Sprintf("%0128d", i), 1, 0)
	}
	data, err := w.live.AppendState(nil)
	t.Logf("%d bytes", len(data))
	if err != nil || len(data) > MaxStateBytes || len(data) < MaxStateBytes/2 {
		t.Errorf("%d bytes of %d: %v", len(data), MaxStateBytes, err)
	}
	if _, err := Load(w.live.Key(), data); err != nil {
		t.Error(err)
	}
}

func TestWrongStatesAreRefused(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{
		"text":                      `"v"`,
		"null":                      `null`,
		"no version":                `{}`,
		"another version":           `{"v":2}`,
		"too long":                  `{"v":1}` + strings.Repeat(" ", MaxStateBytes),
		"time":                      `{"v":1,"left":-1}`,
		"no delivery":               `{"v":1,"deliveries":[null]}`,
		"empty delivery":            `{"v":1,"deliveries":[{"id":"a"}]}`,
		"delivery done before":      `{"v":1,"deliveries":[{"id":"a","inbound":{"push":{},"received":1},"done":1}]}`,
		"delivery without a body":   `{"v":1,"deliveries":[{"id":"a","inbound":{"push":{},"received":1},"parts":[{"stamp":{}}]}]}`,
		"unknown notice":            `{"v":1,"deliveries":[{"id":"a","notice":{"kind":"x","agent":"a"}}]}`,
		"no reply":                  `{"v":1,"replies":[null]}`,
		"empty reply":               `{"v":1,"replies":[{"id":"a"}]}`,
		"damaged list of ids":       `{"v":1,"keys":"AAAA"}`,
		"damaged list of sequences": `{"v":1,"unread":{"packed":"gA==","count":1}}`,
		"wrong number of sequences": `{"v":1,"unsent":{"packed":"Ag==","last":1,"count":2}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c, err := Load("a/o", []byte(data)); !errors.Is(err, ErrState) {
				t.Errorf("read %+v and %v", c, err)
			}
		})
	}
	for _, data := range []string{"", `{"v":1}`} {
		if c, err := Load("a/o", []byte(data)); err != nil || !c.Empty() || c.Key() != "a/o" || !c.LastActive().IsZero() {
			t.Errorf("%q: %+v and %v", data, c, err)
		}
	}
}

func TestSettingsOfADeclaration(t *testing.T) {
	t.Parallel()
	account := &imv1alpha1.WeChatOfficialAccount{Spec: imv1alpha1.WeChatOfficialAccountSpec{Verification: imv1alpha1.VerificationPersonal}}
	if got, want := SettingsOf(account, []string{"a"}), (Settings{
		Verification: imv1alpha1.VerificationPersonal, Agents: []string{"a"}, SessionIdle: 30 * time.Minute,
		WaitingMessages: 20, WaitingAge: 48 * time.Hour,
	}); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	account.Spec.Replies = &imv1alpha1.AutomaticReplies{Welcome: "hi"}
	account.Spec.Followers = &imv1alpha1.FollowerPolicy{Import: imv1alpha1.FollowerImportOnFollow}
	if got := SettingsOf(account, nil); got.Replies.Welcome != "hi" || !got.ImportOnFollow {
		t.Errorf("%+v", got)
	}
}

// What is given up must not be delivered by a restart that knows nothing of it: a
// letter is written only when the state says so.
func TestWhatIsGivenUpIsStoredFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, imv1alpha1.VerificationVerified)
	w.agentReplies("a")
	w.writes()
	w.run() // the reply has arrived
	message, reply := w.writes(), w.agentReplies("a")
	deliver, send := until[Deliver](w, ToAgent), until[Send](w, ToCustomer)
	w.mutate(func(c *Customer) bool {
		return c.RecordDeliverFailed(deliver, Failure{Class: im.Invalid}, w.now) && c.RecordSendFailed(send, Refusal{Kind: wechat.Invalid}, w.now)
	})
	for lane, id := range map[Lane]string{ToAgent: message, ToCustomer: reply} {
		if next := w.live.Next(lane, w.now, &w.settings); next != Step(Store{}) {
			t.Errorf("%s: %#v", lane, next)
		}
		w.store()
		if bury, ok := w.live.Next(lane, w.now, &w.settings).(Bury); !ok || bury.Letter.ID != id || bury.Letter.Entry.Key() != w.live.Key() {
			t.Errorf("%s: %#v", lane, w.live.Next(lane, w.now, &w.settings))
		}
		w.live.stored = 0
	}
}
