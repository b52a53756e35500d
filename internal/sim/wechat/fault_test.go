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
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/sim/wechat"
)

// try sends a text and reports how that ended: an errcode, a status, or
// "reset".
func (h *harness) try(text string) string {
	response, answer, err := h.do(http.MethodPost, "/cgi-bin/message/custom/send?access_token="+h.token, "application/json",
		strings.NewReader(`{"touser":"`+testUser+`","msgtype":"text","text":{"content":"`+text+`"}}`))
	switch {
	case err != nil:
		return "reset"
	case response.StatusCode != http.StatusOK:
		return fmt.Sprint(response.StatusCode)
	}
	return code(parse(h.t, answer))
}

func TestFaults(t *testing.T) {
	tests := []struct {
		name  string
		fault wechat.Fault
		want  string
		shown int
	}{
		{"code", wechat.Fault{Code: 45011}, "45011", 0},
		{"busy", wechat.Fault{Code: -1}, "-1", 0},
		{"code after commit", wechat.Fault{Code: -1, Commit: true}, "-1", 1},
		{"status", wechat.Fault{HTTPStatus: 502}, "502", 0},
		{"status after commit", wechat.Fault{HTTPStatus: 504, Commit: true}, "504", 1},
		{"reset before", wechat.Fault{Reset: wechat.ResetBeforeCommit}, "reset", 0},
		{"reset after", wechat.Fault{Reset: wechat.ResetAfterCommit}, "reset", 1},
		{"latency", wechat.Fault{Latency: 20 * time.Millisecond}, "0", 1},
		{"slow", wechat.Fault{SlowAnswer: 20 * time.Millisecond}, "0", 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHarness(t)
			h.write("a")
			test.fault.Command, test.fault.Times, test.fault.Match = "custom/send", 1, "hit"
			if _, err := h.sim.InjectFault(test.fault); err != nil {
				t.Fatal(err)
			}
			expect(t, "another text", h.try("miss"), "0")
			start := time.Now()
			expect(t, "the text", h.try("hit"), test.want)
			if took := time.Since(start); took < test.fault.Latency+test.fault.SlowAnswer {
				t.Errorf("took %s", took)
			}
			expect(t, "on the phone", len(h.phone())-1, test.shown)
			expect(t, "the next one", h.try("hit"), "0")
			log := h.sim.CallLog()
			if last := log[len(log)-2]; last.Fault == "" || last.Command != "message/custom/send" || last.AppID != testApp {
				t.Errorf("logged %+v", last)
			}
		})
	}
}

// About as many calls fail as asked for, the same ones with the same seed.
func TestProbableFaults(t *testing.T) {
	run := func() (failed string) {
		h := newHarness(t, func(o *wechat.Options) { o.Seed = 7 })
		if err := h.sim.Pay(testApp, testUser); err != nil {
			t.Fatal(err)
		}
		if _, err := h.sim.InjectFault(wechat.Fault{Command: "*", Probability: 0.1, Code: -1}); err != nil {
			t.Fatal(err)
		}
		for i := range 200 {
			if h.send(testUser, "a") != "0" {
				failed += fmt.Sprint(i, " ")
			}
		}
		if n := h.sim.CallStatistics("custom/send").Refusals[-1]; n < 8 || n > 35 || h.sim.Calls("send") != 200 {
			t.Errorf("%d of 200 failed", n)
		}
		h.sim.ClearFaults()
		expect(t, "afterwards", h.send(testUser, "a"), "0")
		return failed
	}
	expect(t, "the second time", run(), run())
}

// A fault may concern one account, and the calls for tokens.
func TestFaultsOfOneAccount(t *testing.T) {
	h := newHarness(t, func(o *wechat.Options) {
		o.Accounts = append(o.Accounts, wechat.Account{AppID: "wx0000000000000002", Secret: testSecret, Token: "tok"})
	})
	if _, err := h.sim.InjectFault(wechat.Fault{Command: "token", AppID: "wx0000000000000002", Code: 50004}); err != nil {
		t.Fatal(err)
	}
	expect(t, "the first account", code(h.ordinary()), "")
	other := "/cgi-bin/token?grant_type=client_credential&appid=wx0000000000000002&secret="
	expect(t, "the second account", code(h.json(http.MethodGet, other+testSecret, "")), 50004)
	expect(t, "with a wrong secret", code(h.json(http.MethodGet, other+"x", "")), 40125)
	expect(t, "refusals", fmt.Sprint(h.sim.Refusals()), "map[40125:1 50004:1]")
	h.sim.ResetCounters()
	expect(t, "after a reset", fmt.Sprint(h.sim.Refusals(), h.sim.Calls("token")), "map[] 0")
	for _, fault := range []wechat.Fault{
		{}, {Command: "send"}, {Command: "nothing", Code: 1}, {Command: "*", Code: 1, Probability: 2}, {Command: "*", HTTPStatus: 200},
		{Command: "*", Reset: "Sometimes"}, {Command: "*", Code: 1, Times: -1}, {Command: "*", Latency: time.Hour},
	} {
		if _, err := h.sim.InjectFault(fault); err == nil {
			t.Errorf("%+v is accepted", fault)
		}
	}
}
