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

package wechat_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/sim/wechat"
)

// works reports what a call with a token answers: "" or an errcode.
func (h *harness) works(token any) string {
	h.t.Helper()
	return code(h.json(http.MethodGet, "/cgi-bin/getcallbackip?access_token="+fmt.Sprint(token), ""))
}

// expect compares what a table of things answers.
func expect(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// Every call makes a new token; the one before works for five minutes more.
func TestOrdinaryToken(t *testing.T) {
	h := newHarness(t)
	first := h.ordinary()
	expect(t, "the first answer", len(first), 2)
	expect(t, "its validity", first["expires_in"], 7200)
	second := h.ordinary()
	if first["access_token"] == second["access_token"] {
		t.Error("the same token twice")
	}
	h.clock.Advance(5*time.Minute - time.Second)
	expect(t, "the first after 4:59", h.works(first["access_token"]), "")
	h.clock.Advance(time.Second)
	expect(t, "the first after 5:00", h.works(first["access_token"]), 40001)
	expect(t, "the second", h.works(second["access_token"]), "")
	expect(t, "the stable one", h.works(h.token), "")
	h.clock.Advance(115 * time.Minute)
	expect(t, "the second after two hours", h.works(second["access_token"]), 42001)
	expect(t, "the first after two hours", h.works(first["access_token"]), 40001)
}

// The same token until five minutes before its end, then both for that time.
func TestStableToken(t *testing.T) {
	h := newHarness(t)
	h.clock.Advance(115 * time.Minute)
	again := h.stable(false)
	expect(t, "the token after 115 minutes", again["access_token"], h.token)
	expect(t, "its validity", again["expires_in"], 300)
	h.clock.Advance(time.Second)
	next := h.stable(false)
	if next["access_token"] == h.token {
		t.Error("not renewed")
	}
	expect(t, "the new validity", next["expires_in"], 7200)
	expect(t, "the old one", h.works(h.token), "")
	expect(t, "the new one", h.works(next["access_token"]), "")
	h.clock.Advance(5 * time.Minute)
	expect(t, "the old one at its end", h.works(h.token), 42001)
	expect(t, "the new one then", h.works(next["access_token"]), "")
}

func TestForcedToken(t *testing.T) {
	h := newHarness(t)
	forced := h.stable(true)["access_token"]
	expect(t, "the token before", h.works(h.token), 40001)
	expect(t, "the forced one", h.works(forced), "")
	h.clock.Advance(29 * time.Second)
	expect(t, "forced too soon", h.stable(true)["access_token"], forced)
	ordinary := h.ordinary()["access_token"]
	for i := 2; i <= 20; i++ {
		h.clock.Advance(30 * time.Second)
		answer := h.stable(true)
		if code(answer) != "" || answer["access_token"] == forced {
			t.Fatalf("force %d: %v", i, answer)
		}
		forced = answer["access_token"]
	}
	expect(t, "the ordinary one", h.works(ordinary), "")
	h.clock.Advance(30 * time.Second)
	expect(t, "the 21st force", code(h.stable(true)), 45009)
	expect(t, "the last forced one", h.works(forced), "")
	expect(t, "asking without force", h.stable(false)["access_token"], forced)
	h.clock.Advance(24 * time.Hour)
	expect(t, "forced the day after", code(h.stable(true)), "")
}

func TestTokenTroubles(t *testing.T) {
	tests := map[wechat.TokenTrouble]struct {
		old   string
		asked bool // whether asking helps
	}{
		wechat.TokenExpires:  {"42001", true},
		wechat.TokenReplaced: {"40001", true},
		wechat.TokenSpoiled:  {"40001", false},
	}
	for trouble, test := range tests {
		t.Run(string(trouble), func(t *testing.T) {
			h := newHarness(t)
			if err := h.sim.TroubleToken(testApp, wechat.StableToken, trouble); err != nil {
				t.Fatal(err)
			}
			expect(t, "the old one", h.works(h.token), test.old)
			asked := h.stable(false)["access_token"]
			expect(t, "asking helps", h.works(asked) == "", test.asked)
			expect(t, "forcing helps", h.works(h.stable(true)["access_token"]), "")
		})
	}
	h := newHarness(t)
	for _, kind := range []wechat.TokenKind{wechat.OrdinaryToken, "Other"} {
		err := h.sim.TroubleToken(testApp, kind, wechat.TokenExpires)
		expect(t, "trouble with "+string(kind), err == nil, kind == wechat.OrdinaryToken)
	}
}

// Only the form of a token, its line and its time decide, not the caller.
func TestBadTokens(t *testing.T) {
	h := newHarness(t)
	expect(t, "no token", h.works(""), 41001)
	expect(t, "another text", h.works("abc"), 40014)
	expect(t, "cut", h.works(h.token[:len(h.token)-1]), 40014)
	expect(t, "with another character", h.works(h.token[:len(h.token)-1]+"."), 40014)
	expect(t, "never issued", h.works(h.token[:20]+strings.Repeat("0", len(h.token)-20)), 40001)
	long := newHarness(t, func(o *wechat.Options) { o.TokenLength = 512 })
	expect(t, "its length", len(long.token), 512)
	expect(t, "a long one", long.works(long.token), "")
}

func TestTokenRequests(t *testing.T) {
	body := func(change ...string) string {
		fields := map[string]any{"grant_type": "client_credential", "appid": testApp, "secret": testSecret}
		for i := 0; i < len(change); i += 2 {
			if fields[change[i]] = change[i+1]; change[i+1] == "" {
				delete(fields, change[i])
			}
		}
		text, _ := json.Marshal(fields)
		return string(text)
	}
	tests := []struct {
		name string
		body string
		want int
	}{
		{"no body", "", 44002},
		{"not JSON", "{", 47001},
		{"no appid", body("appid", ""), 41002},
		{"no secret", body("secret", ""), 41004},
		{"grant type", body("grant_type", "authorization_code"), 40002},
		{"appid", body("appid", "wx0000000000000009"), 40013},
		{"secret", body("secret", "x"), 40125},
	}
	h := newHarness(t)
	for _, test := range tests {
		got := h.json(http.MethodPost, "/cgi-bin/stable_token", test.body)
		expect(t, test.name, code(got), test.want)
		if text := got["errmsg"].(string); !strings.Contains(text, " rid: ") {
			t.Errorf("%s: %q", test.name, text)
		}
	}
	expect(t, "by GET", code(h.json(http.MethodGet, "/cgi-bin/stable_token", "")), 43002)
	expect(t, "the ordinary one by POST", code(h.json(http.MethodPost, "/cgi-bin/token", body())), 43001)
	older := newHarness(t, func(o *wechat.Options) { o.WrongSecretCode = 40001 })
	expect(t, "secret, the other code", code(older.json(http.MethodPost, "/cgi-bin/stable_token", body("secret", "x"))), 40001)
	for _, call := range h.sim.CallLog() {
		if strings.Contains(fmt.Sprint(call), testSecret) {
			t.Errorf("the log holds the secret: %+v", call)
		}
	}
}

func TestAllowedAddresses(t *testing.T) {
	for _, test := range []struct {
		list []string
		want string
	}{
		{nil, ""}, {[]string{}, "40164"}, {[]string{"10.0.0.0/8"}, "40164"}, {[]string{"127.0.0.1"}, ""}, {[]string{"127.0.0.0/8"}, ""},
	} {
		h := newHarness(t)
		if err := h.sim.UpdateAccount(testApp, func(a *wechat.Account) { a.AllowedIPs = test.list }); err != nil {
			t.Fatal(err)
		}
		answer := h.stable(false)
		expect(t, fmt.Sprint(test.list), code(answer), test.want)
		if test.want != "" && !strings.Contains(answer["errmsg"].(string), "invalid ip 127.0.0.1") {
			t.Errorf("the text is %v", answer["errmsg"])
		}
		expect(t, "a call with a token", h.works(h.token), "")
	}
}

func TestTokenQuotas(t *testing.T) {
	h := newHarness(t, func(o *wechat.Options) { o.Accounts[0].DailyQuotas = map[string]int{"token": 2} })
	for i, want := range []string{"", "", "45009"} {
		expect(t, fmt.Sprint("call ", i), code(h.ordinary()), want)
	}
	expect(t, "the stable one", code(h.stable(false)), "")
	h.clock.Advance(24 * time.Hour)
	expect(t, "the day after", code(h.ordinary()), "")
	expect(t, "and again", code(h.ordinary()), "")
	if err := h.sim.ResetQuotas(testApp); err != nil {
		t.Fatal(err)
	}
	expect(t, "after a reset", code(h.ordinary()), "")
	state, _ := h.sim.Account(testApp)
	expect(t, "counted", state.CallsToday, map[string]int{"token": 1})
}

// The provider's day begins at 16:00 UTC.
func TestDaysOfQuotas(t *testing.T) {
	h := newHarness(t, func(o *wechat.Options) { o.Accounts[0].DailyQuotas = map[string]int{"token": 1} })
	h.clock.Advance(time.Date(2025, 11, 23, 15, 59, 59, 0, time.UTC).Sub(h.clock.Now()))
	expect(t, "the first", code(h.ordinary()), "")
	expect(t, "the second", code(h.ordinary()), "45009")
	h.clock.Advance(time.Second)
	expect(t, "at midnight in China", code(h.ordinary()), "")
}
