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
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/sim/wechat"
)

// door calls the side door and returns status and answer.
func (h *harness) door(method, path, body string) (int, object) {
	h.t.Helper()
	response, answer, err := h.do(method, "/sim/wechat/"+path, "application/json", strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	if len(answer) == 0 {
		return response.StatusCode, nil
	}
	return response.StatusCode, parse(h.t, answer)
}

// A customer's day, as another process would play it.
func TestSideDoorStory(t *testing.T) {
	h := newHarness(t)
	const app = "accounts/" + testApp
	h.hook.then(func(w http.ResponseWriter, _ *http.Request, body string) {
		reply := "success"
		if fields(t, body)["Event"] == "subscribe" {
			reply = strings.ReplaceAll(passiveText("welcome"), testUser, "o1")
		}
		_, _ = w.Write([]byte(reply))
	})
	steps := []struct {
		method, path, body string
		status             int
		want               string // part of the answer, as compact JSON
	}{
		{"PUT", app + "/webhook", `{"url":"` + h.hook.url + `"}`, 204, ""},
		{"POST", app + "/verify", `{"badSignature":true}`, 200, `"accepted":false`},
		{"POST", app + "/verify", ``, 200, `"accepted":true`},
		{"POST", app + "/followers", `{"openID":"o1","scene":"7"}`, 200, `"openIDs":["o1"]`},
		{"GET", app + "/followers/o1/phone?wait=10s", ``, 200, `"text":"welcome"`},
		{"POST", app + "/followers/o1/messages", `{"type":"text","content":"童装啥时候上新？"}`, 200, `"id":"24920000000000001"`},
		{"POST", app + "/messages", `{"messages":[{"openID":"o1","type":"location","latitude":1},{"openID":"o1","type":"text","content":"b"}]}`, 200,
			`"ids":["24920000000000002","24920000000000003"]`},
		{"POST", app + "/messages", `{"messages":[{"openID":"o1","type":"text","content":"c"},{"openID":"o9","type":"text","content":"d"}]}`, 404,
			`"error":"after 1 messages: follower \"o9\" does not exist"`},
		{"POST", app + "/followers/o1/taps", `{"id":"101","content":"yes"}`, 200, `"id":"24920000000000005"`},
		{"POST", app + "/followers/o1/clicks", `{"key":"V"}`, 200, `"id":"o1_1763848315_CLICK_V"`},
		{"POST", app + "/followers/o1/scans", `{"scene":"8","ticket":"t"}`, 204, ""},
		{"POST", app + "/followers/o1/payments", ``, 204, ""},
		{"POST", app + "/followers/o1/events", `{"name":"VIEW","key":"u","menuID":"3"}`, 200, `"id":"o1_1763848315_VIEW_u"`},
		{"GET", "pushes?wait=10s&log=true", ``, 200, `"pending":0`},
		{"GET", app + "/followers/o1", ``, 200, `"permitted":-1`},
		{"DELETE", app + "/followers/o1/window", ``, 204, ""},
		{"GET", app + "/followers/o1", ``, 200, `"permitted":0`},
		{"GET", app + "/followers/o1/phone?after=1", ``, 200, `{"complete":true,"messages":[]}`},
		{"GET", app + "/followers/o1/phone?after=1&wait=1ms&count=1", ``, 200, `{"complete":false,"messages":[]}`},
		{"GET", app + "/followers?offset=1", ``, 200, `"total":2`},
		{"DELETE", app + "/followers/o1", ``, 204, ""},
		{"DELETE", app + "/followers/o1", ``, 409, `"error"`},
		{"POST", app + "/followers", `{"count":3,"quiet":true}`, 200, `"openIDs":["o`},
		{"POST", app + "/followers", `{"count":3,"openID":"a"}`, 409, `exclude`},
		{"POST", app + "/token", `{"trouble":"Replaced"}`, 204, ""},
		{"POST", app + "/token", `{"trouble":"Stolen"}`, 400, `"error"`},
		{"DELETE", app + "/quotas", ``, 204, ""},
		{"POST", app + "/voices", `{"file":"YWJj"}`, 200, `"mediaID":"`},
		{"PUT", "delivery", `{"duplicate":0.1,"reorder":0.2}`, 204, ""},
		{"GET", "delivery", ``, 200, `{"duplicate":0.1,"reorder":0.2,"unordered":false}`},
		{"POST", "faults", `{"command":"custom/send","appID":"` + testApp + `","probability":0.1,"reset":"AfterCommit","latency":"20ms"}`, 200, `{"number":1}`},
		{"GET", "faults", ``, 200, `"latency":"20ms"`},
		{"POST", "faults", `{"command":"custom/send","chance":1}`, 400, `unknown field`},
		{"DELETE", "faults", ``, 204, ""},
		{"POST", "accounts", `{"appID":"wx0000000000000002","secret":"s","token":"tok","type":"Subscription","verification":"Personal"}`, 204, ""},
		{"POST", "accounts", `{"appID":"wx0000000000000002","secret":"s","token":"tok"}`, 409, `exists`},
		{"PATCH", "accounts/wx0000000000000002", `{"verification":"Verified","allowedIPs":["10.0.0.0/8"]}`, 204, ""},
		{"PATCH", "accounts/wx0000000000000002", `{"mode":"Safe"}`, 400, `needs an encodingAESKey`},
		{"GET", "accounts/wx0000000000000002", ``, 200, `"verification":"Verified"`},
		{"GET", "accounts/wx0000000000000009", ``, 404, `does not exist`},
		{"GET", "state", ``, 200, `"allowedIPs":["10.0.0.0/8"]`},
		{"GET", "calls?log=true", ``, 200, `"stable_token":{"calls":1`},
		{"DELETE", "calls", ``, 204, ""},
		{"GET", "calls", ``, 200, `{"commands":{},"refusals":{}}`},
		{"GET", app + "/followers?limit=x", ``, 400, `must be a number`},
		{"GET", "pushes?wait=soon", ``, 400, `wait`},
		{"POST", app + "/followers/o1/messages", `{"type":"text","content":"a"} {}`, 400, `more than one`},
		{"DELETE", app + "/media/x", ``, 404, `does not exist`},
	}
	for i, step := range steps {
		status, answer := h.door(step.method, step.path, step.body)
		text := ""
		if answer != nil {
			text = canonical(t, answer)
			text = strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(text)
		}
		if status != step.status || !strings.Contains(text, step.want) {
			t.Fatalf("step %d: %s %s: %d %s", i+1, step.method, step.path, status, text)
		}
	}
	h.settle()
	if status, _ := h.door("DELETE", "pushes", ""); status != 204 || h.sim.PushStatistics().Written != 0 || len(h.sim.PushLog()) > 0 {
		t.Error("the counters of pushes were not reset")
	}
}

// The side door shows no secret, and a file as it is.
func TestSideDoorSecretsAndFiles(t *testing.T) {
	h := newHarness(t)
	h.write("a")
	_, state := h.door("GET", "state", "")
	_, account := h.door("GET", "accounts/"+testApp, "")
	for _, secret := range []string{testSecret, testKey, testToken} {
		if strings.Contains(canonical(t, state)+canonical(t, account), secret) {
			t.Errorf("%s is shown", secret)
		}
	}
	sent, err := h.sim.Write(testApp, testUser, wechat.FollowerMessage{Type: "image", File: pngBytes})
	if err != nil {
		t.Fatal(err)
	}
	response, data, err := h.do("GET", "/sim/wechat/accounts/"+testApp+"/media/"+sent.MediaID, "", nil)
	if err != nil || string(data) != string(pngBytes) || response.Header.Get("Content-Type") != "image/png" {
		t.Errorf("%v, %q", err, data)
	}
	h.settle()
}

func TestWaitForPhone(t *testing.T) {
	h := newHarness(t)
	h.write("a")
	arrived := make(chan []wechat.PhoneMessage, 1)
	go func() {
		messages, err := h.sim.WaitForPhone(t.Context(), testApp, testUser, 1, 2)
		if err != nil {
			t.Error(err)
		}
		arrived <- messages
	}()
	for i := range 3 {
		expect(t, "sending", h.send(testUser, fmt.Sprint(i)), 0)
	}
	messages := <-arrived
	if len(messages) != 2 || messages[0].Text != "1" || messages[1].Text != "2" {
		t.Errorf("%+v", messages)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if messages, err := h.sim.WaitForPhone(ctx, testApp, testUser, 2, 2); err == nil || len(messages) != 1 {
		t.Errorf("%+v, %v", messages, err)
	}
	if _, err := h.sim.WaitForPhone(t.Context(), testApp, "x", 0, 1); err == nil {
		t.Error("a stranger has a phone")
	}
}

// The phone keeps the last messages, with their numbers.
func TestBoundedPhone(t *testing.T) {
	h := newHarness(t)
	if err := h.sim.Pay(testApp, testUser); err != nil {
		t.Fatal(err)
	}
	for i := range 2010 {
		if got := h.send(testUser, fmt.Sprint(i)); got != "0" {
			t.Fatal(got)
		}
	}
	messages := h.phone()
	if len(messages) != 2000 || messages[0].Sequence != 11 || messages[1999].Sequence != 2010 || messages[1999].Text != "2009" {
		t.Errorf("%d from %+v", len(messages), messages[0])
	}
}

func TestOptionsAreChecked(t *testing.T) {
	good := wechat.Account{AppID: testApp, Secret: "s", Token: "tok"}
	if err := (wechat.Options{Accounts: []wechat.Account{good}}).Validate(); err != nil {
		t.Error(err)
	}
	account := func(change func(*wechat.Account)) wechat.Options {
		bad := good
		change(&bad)
		return wechat.Options{Accounts: []wechat.Account{bad}}
	}
	for name, o := range map[string]wechat.Options{
		"two of one":       {Accounts: []wechat.Account{good, good}},
		"appID":            account(func(a *wechat.Account) { a.AppID = "wx1" }),
		"secret":           account(func(a *wechat.Account) { a.Secret = "" }),
		"token":            account(func(a *wechat.Account) { a.Token = "a b" }),
		"key missing":      account(func(a *wechat.Account) { a.Mode = wechat.Safe }),
		"key":              account(func(a *wechat.Account) { a.EncodingAESKey = "short" }),
		"mode":             account(func(a *wechat.Account) { a.Mode = "Open" }),
		"type":             account(func(a *wechat.Account) { a.Type = "Other" }),
		"verification":     account(func(a *wechat.Account) { a.Verification = "Other" }),
		"personal service": account(func(a *wechat.Account) { a.Verification = wechat.Personal }),
		"URL":              account(func(a *wechat.Account) { a.WebhookURL = "webhook" }),
		"address":          account(func(a *wechat.Account) { a.AllowedIPs = []string{"here"} }),
		"quota":            account(func(a *wechat.Account) { a.DailyQuotas = map[string]int{"fly": 1} }),
		"negative":         {PushTries: -1},
		"token length":     {TokenLength: 8},
		"unfollowed":       {UnfollowedCode: 1},
		"wrong secret":     {WrongSecretCode: 1},
		"public URL":       {PublicURL: "ftp://a"},
		"delivery":         {Delivery: wechat.Delivery{Reorder: -1}},
		"source":           {CallbackAddresses: []string{"x"}},
	} {
		err := o.Validate()
		if err == nil {
			t.Errorf("%s: accepted", name)
		} else if strings.Contains(err.Error(), "short") {
			t.Errorf("%s: quotes a secret: %v", name, err)
		}
	}
	if got := newHarness(t).sim.Accounts(); !slices.Equal(got, []string{testApp}) {
		t.Errorf("%v", got)
	}
}

// What the answers of the side door promise is what Go clients read.
func TestPhoneMessageRoundTrip(t *testing.T) {
	h := newHarness(t)
	h.write("a")
	h.post("message/custom/send", `{"touser":"`+testUser+`","msgtype":"msgmenu","msgmenu":{"list":[{"id":"1","content":"a"}]}}`)
	_, raw, err := h.do("GET", "/sim/wechat/accounts/"+testApp+"/followers/"+testUser+"/phone", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct{ Messages []wechat.PhoneMessage }
	if err := json.Unmarshal(raw, &answer); err != nil {
		t.Fatal(err)
	}
	expect(t, "the phone", canonical(t, answer.Messages), canonical(t, h.phone()))
}
