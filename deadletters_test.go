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
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/liveroom-io/liveroom-operator/webhook/deadletter"
)

// administration stands in for the webhook: it has three letters on two pages, and
// the letter 9 cannot be replayed.
func administration(t *testing.T) (url string, done *[]string) {
	t.Helper()
	done = new([]string)
	letters := []deadletter.Letter{
		{Sequence: 4, Time: time.Now().Add(-90 * time.Minute), Account: "live/shop", Customer: "oabcdefghijklmnopqrstuvwxyz1", Direction: deadletter.ToCustomer, Cause: "UnknownOutcome", Kind: "Text", Text: "5月份会上新，\n敬请关注！"},
		{Sequence: 7, Time: time.Now().Add(-2 * time.Minute), Account: "live/shop", Customer: "o2", Direction: deadletter.ToAgent, Cause: "Refused", Code: 10017, Kind: "Text", Text: strings.Repeat("好", 50)},
		{Sequence: 9, Time: time.Now(), Account: "uid-1", Customer: "o3", Cause: deadletter.Unreadable},
	}
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, status int, body any) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body)
	}
	mux.HandleFunc("GET /deadletters", func(w http.ResponseWriter, r *http.Request) {
		switch query := r.URL.Query(); {
		case query.Get("account") == "live/none":
			answer(w, http.StatusNotFound, deadletter.Failure{Message: "there is no WeChatOfficialAccount live/none"})
		case query.Get("account") == "live/shop":
			answer(w, http.StatusOK, deadletter.Page{Items: letters[:2]})
		case query.Get("from") == "8":
			answer(w, http.StatusOK, deadletter.Page{Items: letters[2:]})
		default:
			answer(w, http.StatusOK, deadletter.Page{Items: letters[:2], Next: 8})
		}
	})
	record := func(what string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if what == "replay" && r.PathValue("sequence") == "9" {
				answer(w, http.StatusUnprocessableEntity, deadletter.Failure{Message: "this version cannot read the letter: drop it"})
				return
			}
			*done = append(*done, what+" "+r.PathValue("sequence"))
			w.WriteHeader(http.StatusNoContent)
		}
	}
	mux.HandleFunc("POST /deadletters/{sequence}/replay", record("replay"))
	mux.HandleFunc("DELETE /deadletters/{sequence}", record("drop"))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL, done
}

func TestDeadLetters(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		arguments string
		out       string // or the error
		done      []string
	}{
		{"list", "SEQUENCE  AGE  ACCOUNT    DIRECTION   CUSTOMER     CAUSE           CODE   WHAT\n" +
			"4         90m  live/shop  ToCustomer  oabcdefghi…  UnknownOutcome         Text 5月份会上新， 敬请关注！\n" +
			"7         2m   live/shop  ToAgent     o2           Refused         10017  Text " + strings.Repeat("好", 40) + "…\n" +
			"9         0s   uid-1                  o3           Unreadable             \n", nil},
		{"list --account live/none", "there is no WeChatOfficialAccount live/none", nil},
		{"list --output yaml", `--output is "yaml": it must be table or json`, nil},
		{"replay 4 7", "2 replayed\n", []string{"replay 4", "replay 7"}},
		{"replay --all", "letter 9, after 2 of 3 were replayed: this version cannot read the letter: drop it", []string{"replay 4", "replay 7"}},
		{"replay --all --account live/shop", "2 replayed\n", []string{"replay 4", "replay 7"}},
		{"drop --all", "3 dropped\n", []string{"drop 4", "drop 7", "drop 9"}},
		{"drop 9", "1 dropped\n", []string{"drop 9"}},
		{"drop", "name the sequences of the letters as list shows them, or --all", nil},
		{"drop 4 --all", "name sequences, or --all, not both", nil},
		{"drop 4 --account live/shop", "--account and --customer select with --all only", nil},
		{"replay 0", `"0" is no sequence of a letter: list shows them in its first column`, nil},
	} {
		url, done := administration(t)
		command, out := deadLettersCommand(), &bytes.Buffer{}
		command.SetOut(out)
		command.SilenceErrors, command.SilenceUsage = true, true
		command.SetArgs(append(strings.Fields(c.arguments), "--address", url))
		if err := command.ExecuteContext(t.Context()); err != nil {
			out.WriteString(err.Error())
		}
		if got := out.String(); got != c.out || !slices.Equal(*done, c.done) {
			t.Errorf("%s: %v\n%q, want\n%q", c.arguments, *done, got, c.out)
		}
	}
}

func TestDeadLettersAsJSON(t *testing.T) {
	t.Parallel()
	url, _ := administration(t)
	command, out := deadLettersCommand(), &bytes.Buffer{}
	command.SetOut(out)
	command.SetArgs([]string{"list", "-o", "json", "--address", url})
	if err := command.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	var page deadletter.Page
	if err := json.Unmarshal(out.Bytes(), &page); err != nil || len(page.Items) != 3 || page.Items[1].Code != 10017 {
		t.Errorf("%v: %s", err, out)
	}
}

// Without a webhook at the address the error says where to run it.
func TestDeadLettersNowhere(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(http.NotFoundHandler())
	other := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(other.Close)
	closed.Close()
	for url, want := range map[string]string{closed.URL: "kubectl exec", other.URL: "is --address its administration?"} {
		command := deadLettersCommand()
		command.SilenceErrors, command.SilenceUsage = true, true
		command.SetArgs([]string{"list", "--address", url})
		if err := command.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v", err)
		}
	}
}

func TestAdminAddress(t *testing.T) {
	t.Parallel()
	for address, bad := range map[string]bool{
		"": false, "0": false, defaultAdminAddress: false, "[::1]:8083": false, "localhost:1": false,
		":8083": true, "0.0.0.0:8083": true, "10.0.0.1:8083": true, "8083": true, "pod.example:8083": true,
	} {
		_, err := webhookFlags{sharePercent: 50, member: "a", adminAddress: address}.options()
		if (err != nil) != bad || bad && !strings.Contains(err.Error(), "--admin-bind-address") {
			t.Errorf("%s: %v", address, err)
		}
	}
}
