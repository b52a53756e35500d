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

package officialaccount

import (
	"errors"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/hold"
	"github.com/liveroom-io/liveroom-operator/internal/wechat"
)

var monday = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// healthy is what a pass over an account finds with which all is well.
func healthy() (*imv1alpha1.WeChatOfficialAccount, *findings) {
	object := &imv1alpha1.WeChatOfficialAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "shop", Generation: 3}}
	object.Spec.Verification = imv1alpha1.VerificationVerified
	object.Spec.MessageMode = imv1alpha1.MessageModeSafe
	object.Spec.CredentialsSecretRef.Name = "wechat"
	agents := agents{known: []Agent{{UserID: "lin", Presence: imv1alpha1.PresenceOnline}, {UserID: "zhou"}}}
	return object, &findings{
		account: &Account{Object: object, Keys: []Key{{Token: "t", Segment: "now"}, {Token: "f", Segment: "former"}}, Agents: agents.known},
		agents:  agents, handshake: Handshake{Segment: "now"}, token: probe{needed: true},
	}
}

func TestConditions(t *testing.T) {
	t.Parallel()
	closed := Hours{zone: time.UTC}
	refused := func(code int, kind wechat.Kind) *wechat.Error {
		return &wechat.Error{Kind: kind, Command: "stable_token", Code: code, Info: "told so"}
	}
	for _, c := range []struct {
		name   string
		change func(*imv1alpha1.WeChatOfficialAccount, *findings)
		// want are the reasons of the conditions; those that are False have a !.
		want map[string]string
		says string // part of the message of Ready
	}{
		{name: "all is well", want: map[string]string{"Ready": "Relaying", "Verified": "Handshaken", "TokenValid": "Valid", "AgentsAvailable": "Available", "Relaying": "Relaying"}},
		{
			name:   "proven with the former token",
			change: func(_ *imv1alpha1.WeChatOfficialAccount, f *findings) { f.handshake.Segment = "former" },
			want:   map[string]string{"Ready": "Relaying", "Verified": "Handshaken", "TokenValid": "Valid", "AgentsAvailable": "Available", "Relaying": "Relaying"},
		},
		{
			name: "never reached", says: "Secret wechat",
			change: func(_ *imv1alpha1.WeChatOfficialAccount, f *findings) { f.handshake = Handshake{} },
			want: map[string]string{
				"Ready": "!AwaitingHandshake", "Verified": "!AwaitingHandshake", "TokenValid": "Valid", "AgentsAvailable": "Available", "Relaying": "!NotReady",
				"Reconciling": "AwaitingHandshake",
			},
		},
		{
			name: "another token in the console", says: "messageMode Safe",
			change: func(_ *imv1alpha1.WeChatOfficialAccount, f *findings) { f.handshake.Mismatch = monday },
			want: map[string]string{
				"Ready": "!SignatureMismatch", "Verified": "!SignatureMismatch", "TokenValid": "Valid", "AgentsAvailable": "Available", "Relaying": "!NotReady",
				"Reconciling": "SignatureMismatch",
			},
		},
		{
			name: "no token", says: "add it",
			change: func(_ *imv1alpha1.WeChatOfficialAccount, f *findings) {
				f.account.Keys, f.pushes = nil, hold.New(imv1alpha1.ReasonTokenNotFound, "add it")
			},
			want: map[string]string{
				"Ready": "!TokenNotFound", "Verified": "!TokenNotFound", "TokenValid": "Valid", "AgentsAvailable": "Available", "Relaying": "!NotReady",
				"Reconciling": "TokenNotFound",
			},
		},
		{
			name: "the address is not allowed", says: "IP list",
			change: func(_ *imv1alpha1.WeChatOfficialAccount, f *findings) {
				f.token.err = refused(40164, wechat.AddressNotAllowed)
			},
			want: map[string]string{
				"Ready": "!AddressNotAllowed", "Verified": "Handshaken", "TokenValid": "!AddressNotAllowed", "AgentsAvailable": "Available", "Relaying": "!NotReady",
				"Reconciling": "AddressNotAllowed",
			},
		},
		{
			name: "the AppSecret is wrong", says: "(WeChat: 40125 told so)",
			change: func(_ *imv1alpha1.WeChatOfficialAccount, f *findings) {
				f.token.err = refused(40125, wechat.Unauthorized)
			},
			want: map[string]string{
				"Ready": "!InvalidSecret", "Verified": "Handshaken", "TokenValid": "!InvalidSecret", "AgentsAvailable": "Available", "Relaying": "!NotReady",
				"Reconciling": "InvalidSecret",
			},
		},
		{
			name: "the log does not answer, and what depends on it is as it was", says: "log of the webhook",
			change: func(o *imv1alpha1.WeChatOfficialAccount, f *findings) {
				o.Status.Conditions = conditions(o, f, monday)[1:3]
				f.log, f.handshake, f.token = errors.New("not connected"), Handshake{}, probe{}
			},
			want: map[string]string{
				"Ready": "!LogUnavailable", "Verified": "Handshaken", "TokenValid": "Valid", "AgentsAvailable": "Available", "Relaying": "!LogUnavailable",
				"Reconciling": "LogUnavailable",
			},
		},
		{
			name: "WeChat does not answer", says: "by itself",
			change: func(_ *imv1alpha1.WeChatOfficialAccount, f *findings) { f.token.err = refused(0, wechat.Unavailable) },
			want: map[string]string{
				"Ready": "!Unavailable", "Verified": "Handshaken", "TokenValid": "!Unavailable", "AgentsAvailable": "Available", "Relaying": "!NotReady",
				"Reconciling": "Unavailable",
			},
		},
		{
			name: "a personal account",
			change: func(o *imv1alpha1.WeChatOfficialAccount, f *findings) {
				o.Spec.Verification, f.token.needed = imv1alpha1.VerificationPersonal, false
			},
			want: map[string]string{"Ready": "Relaying", "Verified": "Handshaken", "TokenValid": "NotNeeded", "AgentsAvailable": "Available", "Relaying": "ReducedRights"},
		},
		{
			name: "nobody answers", says: "shop/agent-x (does not exist)",
			change: func(_ *imv1alpha1.WeChatOfficialAccount, f *findings) {
				f.agents = agents{unknown: []string{"shop/agent-x (does not exist)"}}
			},
			want: map[string]string{
				"Ready": "!NoAgents", "Verified": "Handshaken", "TokenValid": "Valid", "AgentsAvailable": "!NoAgents", "Relaying": "!NotReady", "Reconciling": "NoAgents",
			},
		},
		{
			name: "nobody is there",
			change: func(_ *imv1alpha1.WeChatOfficialAccount, f *findings) {
				f.agents.known = []Agent{{UserID: "lin", Presence: imv1alpha1.PresenceOffline}}
			},
			want: map[string]string{"Ready": "Relaying", "Verified": "Handshaken", "TokenValid": "Valid", "AgentsAvailable": "!NoAgentOnline", "Relaying": "Relaying"},
		},
		{
			name:   "at night",
			change: func(_ *imv1alpha1.WeChatOfficialAccount, f *findings) { f.account.Hours = closed },
			want:   map[string]string{"Ready": "Relaying", "Verified": "Handshaken", "TokenValid": "Valid", "AgentsAvailable": "!OutOfHours", "Relaying": "Relaying"},
		},
		{
			name:   "messages were given up",
			change: func(_ *imv1alpha1.WeChatOfficialAccount, f *findings) { f.traffic.DeadLetters = 2 },
			want:   map[string]string{"Ready": "Relaying", "Verified": "Handshaken", "TokenValid": "Valid", "AgentsAvailable": "Available", "Relaying": "!DeadLetters"},
		},
		{
			name: "IM does not answer", says: "IM does not answer; messages are kept",
			change: func(_ *imv1alpha1.WeChatOfficialAccount, f *findings) {
				f.traffic.Obstacle, f.traffic.Backlog = "IM does not answer", 7
			},
			want: map[string]string{
				"Ready": "!ProviderUnavailable", "Verified": "Handshaken", "TokenValid": "Valid", "AgentsAvailable": "Available", "Relaying": "!ProviderUnavailable",
				"Reconciling": "ProviderUnavailable",
			},
		},
		{
			name: "paused", says: "taken",
			change: func(_ *imv1alpha1.WeChatOfficialAccount, f *findings) { f.account.Held = "messages are taken" },
			want: map[string]string{
				"Ready": "!Paused", "Verified": "Handshaken", "TokenValid": "Valid", "AgentsAvailable": "Available", "Relaying": "!Paused", "Reconciling": "Paused",
			},
		},
		{
			name: "another object serves it",
			change: func(_ *imv1alpha1.WeChatOfficialAccount, f *findings) {
				*f = findings{wait: hold.New(imv1alpha1.ReasonConflict, "older")}
			},
			want: map[string]string{"Ready": "!Conflict", "Reconciling": "Conflict"},
		},
		{
			name: "a spec that cannot work",
			change: func(_ *imv1alpha1.WeChatOfficialAccount, f *findings) {
				*f = findings{wait: hold.New(imv1alpha1.ReasonInvalid, "zone")}
			},
			want: map[string]string{"Ready": "!Invalid", "Stalled": "Invalid"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			object, found := healthy()
			if c.change != nil {
				c.change(object, found)
			}
			got, ready := map[string]string{}, ""
			for _, one := range conditions(object, found, monday) {
				reason := one.Reason
				if one.Status != metav1.ConditionTrue {
					reason = "!" + reason
				}
				got[one.Type] = reason
				g.Expect(one.ObservedGeneration).To(Equal(int64(3)))
				g.Expect(one.LastTransitionTime.Time).To(BeTemporally("==", monday))
				if one.Type == imv1alpha1.ConditionReady {
					ready = one.Message
				}
			}
			g.Expect(got).To(Equal(c.want))
			g.Expect(ready).To(ContainSubstring(c.says))
		})
	}
}

// TestConditionsKeepTheirTime: a condition that stays as it was keeps the time of
// its last transition.
func TestConditionsKeepTheirTime(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	object, found := healthy()
	object.Status.Conditions = conditions(object, found, monday)
	found.traffic.DeadLetters = 1
	for _, one := range conditions(object, found, monday.Add(time.Hour)) {
		if one.Type == imv1alpha1.ConditionRelaying {
			continue // its time is the clock's
		}
		g.Expect(one.LastTransitionTime.Time).To(BeTemporally("==", monday), one.Type)
	}
}

// TestLasting: texts of WeChat that differ with each request are no news.
func TestLasting(t *testing.T) {
	t.Parallel()
	for info, want := range map[string]string{
		"invalid credential, access_token is invalid or not latest rid: 61a7-1b-2c": "invalid credential, access_token is invalid or not latest",
		"invalid appsecret hint: [x1Y2] rid: 6a":                                    "invalid appsecret",
		"invalid ip 203.0.113.5 ipv6 ::ffff:203.0.113.5, not in whitelist rid: 6a":  "invalid ip 203.0.113.5 ipv6 ::ffff:203.0.113.5, not in whitelist",
		"system error": "system error", "": "",
	} {
		if got := lasting(info); got != want {
			t.Errorf("%q: %q", info, got)
		}
	}
}

// TestDoubt: refused calls make the access token be asked for again, at most once a
// minute.
func TestDoubt(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	r := New(Config{})
	r.probes["a"] = probe{asked: monday, next: monday.Add(probeEvery)}
	r.probes["refused"] = probe{asked: monday, next: monday.Add(lastProbe), err: errors.New("40125")}
	for _, uid := range []string{"a", "a", "refused", "unknown"} {
		r.Doubt(uid)
	}
	g.Expect(r.probes["a"].next).To(Equal(monday.Add(time.Minute)))
	g.Expect(r.probes["refused"].next).To(Equal(monday.Add(lastProbe)), "that is known")
	g.Expect(r.probes).To(HaveLen(2))
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	var status imv1alpha1.WeChatOfficialAccountStatus
	numbers(&status, &Traffic{
		Followers: 7, RelayedToAgents: 5, RelayedToCustomers: 4, UnknownOutcomes: 1, Waiting: 2, DeadLetters: 3, OriginalID: "gh_1",
		Sessions: map[string]int32{"zhou": 2, "lin": 2, "wang": 5, "gone": 0}, LastInbound: monday.Add(42 * time.Second),
	})
	minute := metav1.NewTime(monday)
	g.Expect(status).To(Equal(imv1alpha1.WeChatOfficialAccountStatus{
		Followers: 7, ActiveSessions: 9, RelayedToAgents: 5, RelayedToCustomers: 4, UnknownOutcomes: 1, Waiting: 2, DeadLetters: 3, OriginalID: "gh_1",
		LastInboundTime: &minute,
		Sessions:        []imv1alpha1.AgentSessions{{AgentUserID: "wang", Count: 5}, {AgentUserID: "lin", Count: 2}, {AgentUserID: "zhou", Count: 2}},
	}))
}

func TestOpenID(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	object := &imv1alpha1.WeChatOfficialAccount{}
	object.Spec.Followers = &imv1alpha1.FollowerPolicy{UserIDPrefix: "wx-"}
	account := &Account{Object: object}
	const openID = "oia2TjuEGTNoeX76QEjQNrcURxG8"
	got, ok := account.OpenID(account.UserID(openID))
	g.Expect([]any{got, ok}).To(Equal([]any{openID, true}))
	for _, other := range []string{openID, "wx-" + openID[1:], "wx-" + openID[1:] + "!", "wx-", "agent-lin", "wx-oia2TjuEGTNo.X76QEjQNrcURxG8"} {
		_, ok := account.OpenID(other)
		g.Expect(ok).To(BeFalse(), other)
	}
}
