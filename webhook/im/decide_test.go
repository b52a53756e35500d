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

package im

import (
	"net/http"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook/event"
	"github.com/liveroom-io/liveroom-operator/webhook/moderation"
	"github.com/liveroom-io/liveroom-operator/webhook/policy"
	"github.com/liveroom-io/liveroom-operator/webhook/scoring"
)

// rule is a ModerationPolicy of the tests with its words.
type rule struct {
	action imv1alpha1.ModerationAction
	words  string
	change func(*imv1alpha1.ModerationPolicySpec)
}

// enforce puts policies in force for the rooms with tier gold.
func (s *stage) enforce(rules ...rule) {
	s.t.Helper()
	for i, r := range rules {
		p := &imv1alpha1.ModerationPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "rule-" + string(rune('a'+i))}}
		p.Spec.Enforcement, p.Spec.Action = imv1alpha1.EnforcementCallback, r.action
		if r.change != nil {
			r.change(&p.Spec)
		}
		compiled, err := moderation.Compile(p, strings.Fields(r.words))
		if err != nil {
			s.t.Fatal(err)
		}
		s.handler.Policies.PutModeration(s.scope(p.Name), compiled)
	}
}

func (s *stage) scope(name string) policy.Scope {
	s.t.Helper()
	scope, err := policy.NewScope(types.NamespacedName{Namespace: "shop", Name: name}, appKey,
		&metav1.LabelSelector{MatchLabels: map[string]string{"tier": "gold"}})
	if err != nil {
		s.t.Fatal(err)
	}
	return scope
}

// writes is a message before it is delivered.
func writes(text string) string {
	return `{"CallbackCommand":"Group.CallbackBeforeSendMsg","GroupId":"room_8801","Type":"AVChatRoom","From_Account":"viewer17","Operator_Account":"viewer17",` +
		`"Random":3120455301,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"` + text + `"}}],"CloudCustomData":"","EventTime":1763848315000}`
}

const (
	reject = imv1alpha1.ModerationActionReject
	drop   = imv1alpha1.ModerationActionDrop
	mask   = imv1alpha1.ModerationActionMask
)

func coded(code int32, message string) func(*imv1alpha1.ModerationPolicySpec) {
	return func(s *imv1alpha1.ModerationPolicySpec) { s.RejectCode, s.Message = &code, message }
}

func denying(s *imv1alpha1.ModerationPolicySpec) { s.FailurePolicy = imv1alpha1.FailurePolicyDeny }

func failing(then func(*imv1alpha1.ModerationPolicySpec)) func(*imv1alpha1.ModerationPolicySpec) {
	return func(s *imv1alpha1.ModerationPolicySpec) {
		s.Expressions = []imv1alpha1.ModerationExpression{{Name: "division", Expression: `1 / (size(text) - size(text)) == 1`}}
		if then != nil {
			then(s)
		}
	}
}

func TestDecisions(t *testing.T) {
	const (
		command    = "callbacks/Group.CallbackBeforeSendMsg/"
		unreadable = `{"CallbackCommand":"Group.CallbackBeforeSendMsg","GroupId":"room_8801","From_Account":"viewer17","Random":1,"MsgBody":"a text","EventTime":1763848315000}`
	)
	for name, c := range map[string]struct {
		rules  []rule
		body   string
		answer string
		noted  event.Kind
		counts map[string]float64
	}{
		"no policy": {nil, writes("a swear"), canonicalAccept, "", map[string]float64{command + "allowed": 1}},
		"nothing found": {[]rule{{reject, "curse", nil}}, writes("a swear"), canonicalAccept, "",
			map[string]float64{command + "allowed": 1}},
		"rejected, with the policy's code and text": {[]rule{{reject, "swear", coded(10101, "blocked by shield")}}, writes("a SWEAR!"),
			`{"ActionStatus":"OK","ErrorInfo":"blocked by shield","ErrorCode":10101}`, event.Blocked, map[string]float64{command + "rejected": 1}},
		"rejected, code and text left out": {[]rule{{reject, "swear", nil}}, writes("a swear"),
			`{"ActionStatus":"OK","ErrorInfo":"message rejected","ErrorCode":10100}`, event.Blocked, map[string]float64{command + "rejected": 1}},
		"rejected with the highest code": {[]rule{{reject, "swear", coded(10200, "不可以")}}, writes("a swear"),
			`{"ActionStatus":"OK","ErrorInfo":"不可以","ErrorCode":10200}`, event.Blocked, map[string]float64{command + "rejected": 1}},
		"dropped in silence": {[]rule{{drop, "swear", coded(10101, "not told")}}, writes("a swear"),
			`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":2}`, event.Blocked, map[string]float64{command + "dropped": 1}},
		"masked": {[]rule{{mask, "swear", nil}}, writes("a swear, no answer"),
			`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"a ***, no answer"}}]}`,
			event.Masked, map[string]float64{command + "masked": 1}},
		"masked in CloudCustomData alone": {[]rule{{mask, "swear", nil}},
			strings.Replace(writes("fine"), `"CloudCustomData":""`, `"CloudCustomData":"{\"note\":\"swear\"}"`, 1),
			`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"CloudCustomData":"{\"note\":\"***\"}"}`, event.Masked, map[string]float64{command + "masked": 1}},
		"masked in one of three elements, the others untouched": {[]rule{{mask, "swear", nil}},
			`{"CallbackCommand":"Group.CallbackBeforeSendMsg","GroupId":"room_8801","From_Account":"viewer17","Random":1,"EventTime":1763848315000,"MsgBody":[` +
				`{"MsgType":"TIMFaceElem","MsgContent":{"Index":1.50,"Data":"x"}},{"MsgContent":{"Text":"swear"},"MsgType":"TIMTextElem"},` +
				`{"MsgType":"TIMCustomElem","MsgContent":{"Data":"LIKE","Future":{"a":1e3}}}]}`,
			`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"MsgBody":[{"MsgType":"TIMFaceElem","MsgContent":{"Index":1.50,"Data":"x"}},` +
				`{"MsgContent":{"Text":"***"},"MsgType":"TIMTextElem"},{"MsgType":"TIMCustomElem","MsgContent":{"Data":"LIKE","Future":{"a":1e3}}}]}`,
			event.Masked, map[string]float64{command + "masked": 1}},
		"rejected by one, masked by the other": {[]rule{{mask, "swear", nil}, {reject, "swear", coded(10102, "no")}}, writes("a swear"),
			`{"ActionStatus":"OK","ErrorInfo":"no","ErrorCode":10102}`, event.Blocked, map[string]float64{command + "rejected": 1}},
		"unreadable, denied": {[]rule{{mask, "swear", denying}}, unreadable,
			`{"ActionStatus":"OK","ErrorInfo":"message rejected","ErrorCode":10100}`, event.Blocked,
			map[string]float64{command + "rejected": 1, "unreadable_messages": 1}},
		"unreadable, allowed": {[]rule{{reject, "swear", nil}}, unreadable, canonicalAccept, "",
			map[string]float64{command + "allowed": 1, "unreadable_messages": 1}},
		"expression fails, denied": {[]rule{{mask, "", failing(denying)}}, writes("hello"),
			`{"ActionStatus":"OK","ErrorInfo":"message rejected","ErrorCode":10100}`, event.Blocked,
			map[string]float64{command + "rejected": 1, "expression_failures": 1}},
		"expression fails, allowed": {[]rule{{reject, "", failing(nil)}}, writes("hello"), canonicalAccept, "",
			map[string]float64{command + "allowed": 1, "expression_failures": 1}},
		"a room that nobody declared": {[]rule{{reject, "swear", nil}}, strings.Replace(writes("a swear"), "room_8801", "room_8802", 1),
			canonicalAccept, "", map[string]float64{command + "undeclared": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.enforce(c.rules...)
			a := s.send(callback(c.body))
			if a.status != http.StatusOK || a.body != c.answer {
				t.Errorf("answered %d %s\nwant %s", a.status, a.body, c.answer)
			}
			want := []event.Event{heard()}
			if c.noted != "" {
				want = append(want, *about(c.noted))
			}
			same(t, "offered", s.book.noted(t), want)
			same(t, "written", s.book.written(t), []event.Event(nil))
			s.counted(c.counts)
		})
	}
}

// A room without the label is none of the policy's.
func TestDecisionsAreForTheRoom(t *testing.T) {
	s := newStage(t)
	s.enforce(rule{reject, "swear", nil})
	if a := s.send(callback(writes("a swear"))); !strings.Contains(a.body, "10100") {
		t.Errorf("answered %s", a.body)
	}
	room := liveRoom()
	room.Labels = map[string]string{"tier": "iron"}
	s.handler.Directory.PutRoom(room)
	s.accepts(callback(writes("a swear")))
	s.handler.Directory.PutRoom(liveRoom())
	s.handler.Policies.RemoveModeration(types.NamespacedName{Namespace: "shop", Name: "rule-a"})
	s.accepts(callback(writes("a swear")))
}

// The rate limit counts by the handler's clock, and each user alone.
func TestRateLimit(t *testing.T) {
	s := newStage(t)
	s.enforce(rule{drop, "", func(spec *imv1alpha1.ModerationPolicySpec) {
		spec.RateLimit = &imv1alpha1.MessageRate{Messages: 2, PerSeconds: 10}
	}})
	const dropped = `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":2}`
	ask := func(user, want string) {
		t.Helper()
		body := strings.ReplaceAll(writes("hi"), "viewer17", user)
		if a := s.send(callback(body)); a.body != want {
			t.Errorf("%s: answered %s, want %s", user, a.body, want)
		}
	}
	ask("viewer17", canonicalAccept)
	ask("viewer17", canonicalAccept)
	ask("viewer17", dropped)
	ask("viewer18", canonicalAccept)
	s.clock.SetTime(now.Add(10 * time.Second))
	ask("viewer17", canonicalAccept)
}

// A decision stands when the journal has no room to count it; that is counted
// elsewhere. The sender does not wait for the journal.
func TestDecisionWithoutJournal(t *testing.T) {
	s := newStage(t)
	s.enforce(rule{reject, "swear", nil})
	s.book.full, s.book.stall = true, true
	if a := s.send(callback(writes("a swear"))); !strings.Contains(a.body, "10100") {
		t.Errorf("answered %d %s", a.status, a.body)
	}
	s.accepts(callback(writes("a word")))
	s.counted(map[string]float64{
		"callbacks/Group.CallbackBeforeSendMsg/rejected": 1, "callbacks/Group.CallbackBeforeSendMsg/allowed": 1, "moderation_uncounted": 1,
	})
}

// Scores are settled by the policies in force when the message came, and are the
// only thing about its text that is written down.
func TestScores(t *testing.T) {
	s := newStage(t)
	p := &imv1alpha1.UserLevelPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "levels", UID: "policy-uid"}}
	p.Spec.Scoring = []imv1alpha1.ScoringRule{
		{Name: "chat", Match: imv1alpha1.ScoringMatchText, Points: new(int32(2)), PerUserPerMinute: new(int32(10))},
		{Name: "gift", Match: imv1alpha1.ScoringMatchCustom, Event: "SEND_GIFT", PointsExpression: `int(ext.price)`},
	}
	compiled, err := scoring.Compile(p)
	if err != nil {
		t.Fatal(err)
	}
	s.handler.Policies.PutScoring(s.scope(p.Name), compiled)
	after := func(seq, elements string) string {
		return `{"CallbackCommand":"Group.CallbackAfterSendMsg","GroupId":"room_8801","From_Account":"viewer17","Random":1,"MsgSeq":` + seq + `,"MsgTime":1763848315,"MsgBody":` + elements + `}`
	}
	s.accepts(callback(after("1", `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"my secret address"}}]`)))
	s.accepts(callback(after("2", `[{"MsgType":"TIMCustomElem","MsgContent":{"Data":"SEND_GIFT","Ext":"{\"price\":7,\"to\":\"my secret address\"}"}}]`)))
	s.accepts(callback(after("3", `[{"MsgType":"TIMCustomElem","MsgContent":{"Data":"SEND_GIFT","Ext":"{}"}}]`)))
	s.accepts(callback(after("4", `"a body that cannot be read"`)))
	s.handler.Policies.RemoveScoring(types.NamespacedName{Namespace: "shop", Name: "levels"})
	s.accepts(callback(after("5", `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"late"}}]`)))

	scored := func(scores ...event.Score) func(*event.Event) { return func(e *event.Event) { e.Scores = scores } }
	same(t, "written", s.book.written(t), []event.Event{
		*about(event.Message, by("viewer17"), scored(event.Score{Policy: "policy-uid", Rule: "chat", Points: 2, PerMinute: 10})),
		*about(event.Message, by("viewer17"), called("SEND_GIFT"), scored(event.Score{Policy: "policy-uid", Rule: "gift", Points: 7})),
		*about(event.Message, by("viewer17"), called("SEND_GIFT")),
		*about(event.Message, by("viewer17")),
		*about(event.Message, by("viewer17")),
	})
	s.counted(map[string]float64{
		"callbacks/Group.CallbackAfterSendMsg/written": 5, "expression_failures": 1, "unreadable_messages": 1,
	})
	for _, entry := range s.book.appended {
		if strings.Contains(string(entry.Data), "secret") {
			t.Errorf("the journal holds a text: %s", entry.Data)
		}
	}
}
