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

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start runs the command until the test ends and returns the address from its
// ready line.
func start(t *testing.T, arguments ...string) (address string, stop func() error) {
	t.Helper()
	return startAs(t, "im", arguments...)
}

// startAs is start for another provider's simulator.
func startAs(t *testing.T, provider string, arguments ...string) (address string, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	command := newCommand()
	command.SetArgs(arguments)
	command.SetOut(writer)
	done := make(chan error, 1)
	go func() {
		err := command.ExecuteContext(ctx)
		_ = writer.CloseWithError(io.EOF)
		done <- err
	}()
	line, err := bufio.NewReader(reader).ReadString('\n')
	if err != nil {
		cancel()
		t.Fatalf("no ready line: %v, %v", err, <-done)
	}
	address, ok := strings.CutPrefix(strings.TrimSpace(line), provider+" simulator ready at ")
	if !ok {
		t.Errorf("the ready line is %q", line)
	}
	return address, func() error {
		cancel()
		return <-done
	}
}

func TestServesWhatTheFlagsSay(t *testing.T) {
	address, stop := start(t, "--im-addr", "127.0.0.1:0", "--sdk-app-id", "1400000002", "--secret-key", "k",
		"--administrator", "one", "--administrator", "two",
		"--group-field", "add_goods:AVChatRoom,Meeting", "--group-field", "room_status", "--member-field", "tier:Public",
		"--profile-field", "Tier", "--field-delay", "1h", "--rate-limit", "10")
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	response, err := client.Get(address + "/sim/state")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var state struct {
		SDKAppID       int64    `json:"sdkAppID"`
		Administrators []string `json:"administrators"`
		AccountCount   int      `json:"accountCount"`
		Fields         []struct {
			Scope, Name string
			EffectiveAt map[string]string
		} `json:"fields"`
	}
	if err := json.NewDecoder(response.Body).Decode(&state); err != nil {
		t.Fatal(err)
	}
	fields := []string{}
	for _, field := range state.Fields {
		fields = append(fields, fmt.Sprintf("%s/%s/%d", field.Scope, field.Name, len(field.EffectiveAt)))
	}
	got := fmt.Sprint(state.SDKAppID, state.Administrators, state.AccountCount, fields)
	want := "1400000002 [one two] 2 [Group/add_goods/2 Group/room_status/5 Member/tier/1 Profile/Tier/1]"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if err := stop(); err != nil {
		t.Errorf("the command ended with %v", err)
	}
}

func TestFiresCallbacksAsTheFlagsSay(t *testing.T) {
	queries := make(chan string, 1)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		queries <- r.URL.RawQuery
		_, _ = io.WriteString(w, `{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":""}`)
	}))
	defer receiver.Close()
	address, stop := start(t, "--im-addr", "127.0.0.1:0", "--secret-key", "k", "--callback-url", receiver.URL+"/im/ns/app",
		"--callback-token", "secret", "--callback-block", "--callback-retry", "--callback-string-event-time", "--callback-omit-event-cause", "--callback-message-ids")
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	request, err := http.NewRequest(http.MethodPut, address+"/sim/accounts/administrator/presence", strings.NewReader(`{"state":"Online"}`))
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if query := <-queries; !strings.Contains(query, "CallbackCommand=State.StateChange") || !strings.Contains(query, "&Sign=") {
		t.Errorf("the query is %s", query)
	}
	if response, err = client.Get(address + "/sim/callback"); err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{receiver.URL + "/im/ns/app", `"signed": true`, `"blockOnFailure": true`, `"retryAfter": true`, `"stringEventTime": true`, `"omitEventCause": true`, `"messageIDs": true`} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("%s is not in %s", want, raw)
		}
	}
	if strings.Contains(string(raw), "secret") {
		t.Errorf("the token is shown: %s", raw)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestRefusesBadFlags(t *testing.T) {
	tests := map[string]struct {
		arguments []string
		want      string
	}{
		"no key":             {[]string{}, "--secret-key is required"},
		"reachable address":  {[]string{"--secret-key", "k", "--im-addr", "0.0.0.0:0"}, "not on the loopback interface"},
		"name as address":    {[]string{"--secret-key", "k", "--im-addr", "example.com:80"}, "not on the loopback interface"},
		"no port":            {[]string{"--secret-key", "k", "--im-addr", "127.0.0.1"}, "missing port"},
		"nothing to serve":   {[]string{"--im-addr", ""}, "nothing to serve"},
		"field name":         {[]string{"--secret-key", "k", "--group-field", "1st"}, "not begin with a digit"},
		"field of live room": {[]string{"--secret-key", "k", "--member-field", "tier:AVChatRoom"}, "cannot carry it"},
		"callback URL":       {[]string{"--secret-key", "k", "--callback-url", "ftp://x/y"}, "scheme must be http or https"},
		"unknown feature":    {[]string{"--secret-key", "k", "--closed-feature", "Nothing"}, "Nothing"},
		"argument":           {[]string{"--secret-key", "k", "extra"}, "unknown command"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			command := newCommand()
			command.SetArgs(test.arguments)
			command.SetOut(&bytes.Buffer{})
			if err := command.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestAllowsOtherAddressesWhenTold(t *testing.T) {
	address, stop := start(t, "--im-addr", "0.0.0.0:0", "--allow-non-loopback", "--secret-key", "k")
	if !strings.HasPrefix(address, "http://") {
		t.Errorf("the address is %q", address)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestSimulatesWeChat(t *testing.T) {
	address, stop := startAs(t, "wechat", "--im-addr", "", "--wechat-addr", "127.0.0.1:0", "--wechat-app-id", "wx5823bf96d3bd56c7",
		"--wechat-secret", "s", "--wechat-token", "token", "--wechat-mode", "Plaintext", "--wechat-verification", "Personal", "--wechat-type", "Subscription")
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	response, err := client.Get(address + "/sim/wechat/accounts/wx5823bf96d3bd56c7")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var account struct{ Mode, Verification, Type string }
	if err := json.NewDecoder(response.Body).Decode(&account); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(account); got != "{Plaintext Personal Subscription}" {
		t.Errorf("the account is %s", got)
	}
	if err := stop(); err != nil {
		t.Errorf("the command ended with %v", err)
	}
	command := newCommand()
	command.SetArgs([]string{"--im-addr", "", "--wechat-addr", "127.0.0.1:0"})
	command.SetErr(io.Discard)
	if err := command.ExecuteContext(t.Context()); err == nil {
		t.Error("an account without credentials is not refused")
	}
}

func TestServesLiveStreaming(t *testing.T) {
	kinds := make(chan string, 2)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { kinds <- r.URL.Path }))
	defer receiver.Close()
	address, stop := startAs(t, "live", "--im-addr", "", "--live-addr", "127.0.0.1:0", "--live-callback-url", receiver.URL+"/all",
		"--live-event-url", "0="+receiver.URL+"/ends")
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for _, call := range []struct{ path, body, event string }{
		{"push", `{"url":"rtmp://push.example.com/live/a"}`, "/all"},
		{"stop", `{"streamName":"a"}`, "/ends"},
	} {
		response, err := client.Post(address+"/sim/"+call.path, "application/json", strings.NewReader(call.body))
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode >= http.StatusBadRequest {
			t.Fatalf("%s: %s", call.path, response.Status)
		}
		if got := <-kinds; got != call.event {
			t.Errorf("the callback of %s went to %s", call.path, got)
		}
	}
	if err := stop(); err != nil {
		t.Errorf("the command ended with %v", err)
	}
}

func TestRefusesWrongLiveFlags(t *testing.T) {
	for _, flag := range []string{"--live-secret-id=a", "--live-event-url=start=http://127.0.0.1"} {
		command := newCommand()
		command.SetArgs([]string{"--im-addr", "", "--live-addr", "127.0.0.1:0", flag})
		command.SetOut(io.Discard)
		if err := command.ExecuteContext(t.Context()); err == nil {
			t.Errorf("%s is taken", flag)
		}
	}
}
