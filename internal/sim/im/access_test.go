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

package im_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

// probe is a call that changes nothing.
const probe = "ConfigSvc/GetIPList"

func TestAccessLayer(t *testing.T) {
	h := newHarness(t)
	set := func(name, value string) func(url.Values) {
		return func(query url.Values) { query.Set(name, value) }
	}
	tests := map[string]struct {
		change  func(url.Values)
		command string
		body    string
		want    int
	}{
		"good call":                 {nil, probe, `{}`, 0},
		"sdkappid missing":          {func(q url.Values) { q.Del("sdkappid") }, probe, `{}`, 60012},
		"sdkappid is text":          {set("sdkappid", "x"), probe, `{}`, 60006},
		"sdkappid unknown":          {set("sdkappid", "1400000002"), probe, `{}`, 70020},
		"identifier missing":        {func(q url.Values) { q.Del("identifier") }, probe, `{}`, 60004},
		"identifier of another sig": {set("identifier", "alice"), probe, `{}`, 70013},
		"identifier in other case":  {set("identifier", "Administrator"), probe, `{}`, 70013},
		"usersig missing":           {func(q url.Values) { q.Del("usersig") }, probe, `{}`, 70002},
		"usersig is rubbish":        {set("usersig", "rubbish"), probe, `{}`, 70003},
		"random missing":            {func(q url.Values) { q.Del("random") }, probe, `{}`, 60002},
		"random beyond 32 bits":     {set("random", "4294967296"), probe, `{}`, 60002},
		"contenttype missing":       {func(q url.Values) { q.Del("contenttype") }, probe, `{}`, 60002},
		"parameter in other case":   {func(q url.Values) { q.Del("sdkappid"); q.Set("SdkAppId", "1") }, probe, `{}`, 60012},
		"unknown command":           {nil, "openim/nothing", `{}`, 60009},
		"command in other case":     {nil, "configsvc/getiplist", `{}`, 60009},
		"unknown service":           {nil, "nothing/sendmsg", `{}`, 60009},
		"no body":                   {nil, probe, ``, 60003},
		"body is no object":         {nil, probe, `[]`, 60003},
		"body with a comment":       {nil, probe, `{} // none`, 60003},
		"body of a megabyte":        {nil, probe, `{"a":"` + strings.Repeat("x", im.MaxBodyBytes) + `"}`, 60002},
		"unknown field":             {nil, probe, `{"Unknown":1}`, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			query := h.query()
			if test.change != nil {
				test.change(query)
			}
			status, header, raw, err := h.post(test.command, query, test.body)
			if err != nil {
				t.Fatal(err)
			}
			got := parse(t, raw)
			if status != http.StatusOK || code(got) != fmt.Sprint(test.want) {
				t.Errorf("status %d, answer %v, want code %d", status, got, test.want)
			}
			if date := header.Get("Date"); date != h.clock.Now().UTC().Format(http.TimeFormat) {
				t.Errorf("Date is %q, not the simulator's time", date)
			}
		})
	}
}

func TestOtherMethodIsRefusedInBody(t *testing.T) {
	h := newHarness(t)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.url+"/v4/"+probe+"?"+h.query().Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := h.http.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK || h.sim.Refusals()["60002"] != 1 {
		t.Errorf("status %d, refusals %v", response.StatusCode, h.sim.Refusals())
	}
}

// callAs calls the probe with other credentials and returns the code.
func (h *harness) callAs(identifier, sig, command, body string) string {
	h.t.Helper()
	query := h.query()
	query.Set("identifier", identifier)
	query.Set("usersig", sig)
	_, _, raw, err := h.post(command, query, body)
	if err != nil {
		h.t.Fatal(err)
	}
	return code(parse(h.t, raw))
}

func TestOnlyAdministratorsCall(t *testing.T) {
	commands := map[string][2]string{ // the access layer's code and the service's
		login + "kick":             {"60010", "70403"},
		chat + "sendmsg":           {"60010", "90009"},
		profile + "portrait_get":   {"60010", "40004"},
		groups + "destroy_group":   {"60010", "10007"},
		live + "get_members":       {"60010", "10007"},
		setting + "setnospeaking":  {"60010", "60010"},
		attrs + "get_group_attr":   {"60010", "10007"},
		groups + "get_group_attr":  {"60010", "10007"},
		groups + "send_group_msg":  {"60010", "10007"},
		login + "account_check":    {"60010", "70403"},
		chat + "querystate":        {"60010", "90009"},
		chat + "batchsendmsg":      {"60010", "90009"},
		groups + "get_group_info":  {"60010", "10007"},
		groups + "create_group":    {"60010", "10007"},
		audit + "nothing":          {"60009", "60009"},
		live + "modify_user_info":  {"60010", "10007"},
		profile + "portrait_set":   {"60010", "40004"},
		login + "account_import":   {"60010", "70403"},
		groups + "forbid_send_msg": {"60010", "10007"},
	}
	for i, serviceCodes := range []bool{false, true} {
		h := newHarness(t, func(o *im.Options) { o.ServiceCodes = serviceCodes })
		sig := signature(t, "alice", testKey, 3600)
		for command, want := range commands {
			if got := h.callAs("alice", sig, command, `{}`); got != want[i] {
				t.Errorf("%s with ServiceCodes %v: got %s, want %s", command, serviceCodes, got, want[i])
			}
		}
	}
}

func TestBodyOfNoJSONHasTheServicesCode(t *testing.T) {
	h := newHarness(t, func(o *im.Options) { o.ServiceCodes = true })
	h.play(
		step{chat + "sendmsg", `x`, "90001"},
		step{groups + "create_group", `x`, "10011"},
		step{setting + "setnospeaking", `x`, "130001"},
	)
}

func TestExpiredAndRotated(t *testing.T) {
	h := newHarness(t, func(o *im.Options) { o.LockAfterFailures = -1 })
	short := signature(t, testAdmin, testKey, 10)
	if got := h.callAs(testAdmin, short, probe, `{}`); got != "0" {
		t.Fatalf("a fresh UserSig: %s", got)
	}
	h.clock.Advance(time.Minute)
	if got := h.callAs(testAdmin, short, probe, `{}`); got != "70001" {
		t.Errorf("an expired UserSig: %s", got)
	}
	h.sim.SetSecretKey("another")
	if got := h.callAs(testAdmin, h.sig, probe, `{}`); got != "70009" {
		t.Errorf("a UserSig of the old key: %s", got)
	}
	if got := h.callAs(testAdmin, signature(t, testAdmin, "another", 3600), probe, `{}`); got != "0" {
		t.Errorf("a UserSig of the new key: %s", got)
	}
}

func TestLockAfterFailures(t *testing.T) {
	h := newHarness(t, func(o *im.Options) {
		o.LockAfterFailures, o.LockDuration = 3, time.Minute
		o.Administrators = []string{testAdmin, "second"}
	})
	bad := signature(t, testAdmin, "wrong", 3600)
	try := func(sig string, want string) {
		t.Helper()
		if got := h.callAs(testAdmin, sig, probe, `{}`); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	try(bad, "70009")
	try(bad, "70009")
	try(h.sig, "0") // a success starts the count anew
	try(bad, "70009")
	try(bad, "70009")
	try(bad, "70009")
	try(h.sig, "70050")
	if got := h.callAs("second", signature(t, "second", testKey, 3600), probe, `{}`); got != "0" {
		t.Errorf("another identifier is locked as well: %s", got)
	}
	h.clock.Advance(59 * time.Second)
	try(h.sig, "70050")
	h.clock.Advance(time.Second)
	try(h.sig, "0")
}

func TestKickOfAdministratorIsASwitch(t *testing.T) {
	for _, revokes := range []bool{false, true} {
		h := newHarness(t, func(o *im.Options) { o.KickRevokesAdministrators = revokes })
		h.clock.Advance(10 * time.Second)
		h.ok(login+"kick", object{"UserID": testAdmin})
		want := "0"
		if revokes {
			want = "70001"
		}
		if got := h.callAs(testAdmin, h.sig, probe, `{}`); got != want {
			t.Errorf("KickRevokesAdministrators %v: got %s, want %s", revokes, got, want)
		}
	}
}

// burst makes calls until one is refused and returns how many were served and
// the code of the refusal.
func (h *harness) burst(command, body string) (served int, refusal string) {
	h.t.Helper()
	for range 1000 {
		if got := code(h.call(command, body)); slices.Contains([]string{"60007", "60011", "10006", "10023"}, got) {
			return served, got
		}
		served++
	}
	return served, ""
}

func TestRateLimits(t *testing.T) {
	type outcome struct {
		Served  int
		Refusal string
	}
	check := login + "account_check"
	list := groups + "get_appid_group_list"
	broadcast := groups + "send_broadcast_msg"
	tests := map[string]struct {
		change  func(*im.Options)
		command string
		want    outcome
	}{
		"documented":             {func(o *im.Options) { o.RateLimit = 0 }, probe, outcome{200, "60011"}},
		"documented for batches": {func(o *im.Options) { o.RateLimit = 0 }, check, outcome{100, "60011"}},
		"documented for list":    {func(o *im.Options) { o.RateLimit = 0 }, list, outcome{1, "10006"}},
		"documented broadcast":   {func(o *im.Options) { o.RateLimit = 0 }, broadcast, outcome{1, "10023"}},
		"lower":                  {func(o *im.Options) { o.RateLimit = 20 }, check, outcome{20, "60011"}},
		"higher":                 {func(o *im.Options) { o.RateLimit = 400 }, probe, outcome{400, "60011"}},
		"higher for batches":     {func(o *im.Options) { o.RateLimit = 400 }, check, outcome{100, "60011"}},
		"smaller burst":          {func(o *im.Options) { o.RateLimit, o.Burst = 200, 10 }, probe, outcome{10, "60011"}},
		"share of the burst":     {func(o *im.Options) { o.RateLimit, o.Burst = 200, 10 }, check, outcome{5, "60011"}},
		"other code":             {func(o *im.Options) { o.RateLimit, o.RateLimitCode = 5, 60007 }, probe, outcome{5, "60007"}},
		"none":                   {func(*im.Options) {}, list, outcome{1000, ""}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, test.change)
			served, refusal := h.burst(test.command, `{}`)
			same(t, outcome{served, refusal}, test.want)
		})
	}
}

func TestRateLimitRefillsAndIsPerCommand(t *testing.T) {
	h := newHarness(t, func(o *im.Options) { o.RateLimit = 10 })
	h.burst(probe, `{}`)
	h.ok(login+"account_check", object{"CheckItem": []object{{"UserID": "alice"}}})
	h.clock.Advance(300 * time.Millisecond)
	if served, _ := h.burst(probe, `{}`); served != 3 {
		t.Errorf("%d calls were served after 300 ms at 10/s, want 3", served)
	}
	// The old name of a command spends from the same bucket.
	h.burst(chat+"query_online_status", `{"To_Account":["alice"]}`)
	if served, _ := h.burst(chat+"querystate", `{"To_Account":["alice"]}`); served != 0 {
		t.Errorf("the old name has a limit of its own")
	}
}

func TestCallCounters(t *testing.T) {
	h := newHarness(t)
	h.play(
		step{groups + "destroy_group", `{"GroupId":"gone"}`, "10010"},
		step{groups + "destroy_group", `{"GroupId":"gone"}`, "10010"},
		step{groups + "destroy_group", `{"GroupId":1}`, "10004"},
		step{probe, `{}`, `{"IPList":["203.0.113.7","198.51.100.0/25"],"ErrorInfo":null}`},
	)
	same(t, h.sim.CallStatistics("destroy_group"), im.CallStatistics{Calls: 3, Refusals: map[int]int{10010: 2, 10004: 1}, MaxConcurrent: 1})
	same(t, h.sim.Refusals(), map[string]int{"10010": 2, "10004": 1})
	if got := h.sim.Calls(groups + "destroy_group"); got != 3 {
		t.Errorf("%d calls by full name, want 3", got)
	}
	log := h.sim.CallLog()
	last := log[len(log)-1]
	last.Time = time.Time{}
	same(t, last, im.Call{Sequence: 4, Command: probe, Identifier: testAdmin, Body: `{}`})
	h.sim.ResetCounters()
	if got := h.sim.Calls("destroy_group"); got != 0 || len(h.sim.CallLog()) != 0 {
		t.Errorf("%d calls after the reset, want 0", got)
	}
}
