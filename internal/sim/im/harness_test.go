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
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tencentyun/tls-sig-api-v2-golang/tencentyun"
	"go.uber.org/goleak"

	"github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

const (
	testApp   = 1400000001
	testKey   = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
	testAdmin = "administrator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// object is a JSON object of a request or an answer.
type object = map[string]any

// testClock stands still until it is moved. It starts now, because the signing
// library dates UserSigs by the real time.
type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func newTestClock() *testClock { return &testClock{now: time.Now().Truncate(time.Second)} }

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *testClock) Advance(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(by)
}

// harness is a simulator behind real HTTP with the credentials to call it.
type harness struct {
	t     testing.TB
	sim   *im.Simulator
	clock *testClock
	url   string
	sig   string
	http  *http.Client
	seq   int // of the last message that was sent
}

// newHarness starts a simulator without rate limit and with accounts alice,
// bob and carol, changed by the given functions.
func newHarness(tb testing.TB, change ...func(*im.Options)) *harness {
	tb.Helper()
	clock := newTestClock()
	options := im.Options{SDKAppID: testApp, SecretKey: testKey, Administrators: []string{testAdmin}, RateLimit: -1, Clock: clock.Now}
	for _, apply := range change {
		apply(&options)
	}
	simulator := im.New(options)
	tb.Cleanup(simulator.Close)
	if err := simulator.SeedAccounts(im.AccountSeed{UserID: "alice"}, im.AccountSeed{UserID: "bob"}, im.AccountSeed{UserID: "carol"}); err != nil {
		tb.Fatal(err)
	}
	server := httptest.NewServer(simulator)
	tb.Cleanup(server.Close)
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	tb.Cleanup(transport.CloseIdleConnections)
	return &harness{
		t: tb, sim: simulator, clock: clock, url: server.URL,
		sig:  signature(tb, testAdmin, testKey, 86400),
		http: &http.Client{Transport: transport},
	}
}

func signature(tb testing.TB, identifier, key string, validity int) string {
	tb.Helper()
	sig, err := tencentyun.GenUserSig(testApp, key, identifier, validity)
	if err != nil {
		tb.Fatal(err)
	}
	return sig
}

// query returns the query parameters of an ordinary call.
func (h *harness) query() url.Values {
	return url.Values{
		"sdkappid": {fmt.Sprint(testApp)}, "identifier": {testAdmin}, "usersig": {h.sig},
		"random": {"99999999"}, "contenttype": {"json"},
	}
}

// post makes a raw call and returns status, headers and body.
func (h *harness) post(command string, query url.Values, body string) (int, http.Header, []byte, error) {
	request, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, h.url+"/v4/"+command+"?"+query.Encode(), bytes.NewReader([]byte(body)))
	if err != nil {
		return 0, nil, nil, err
	}
	response, err := h.http.Do(request)
	if err != nil {
		return 0, nil, nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	return response.StatusCode, response.Header, answer, err
}

// call makes a call with good credentials and returns its answer. Numbers are
// json.Number.
func (h *harness) call(command string, body any) object {
	h.t.Helper()
	text, raw := body.(string)
	if !raw {
		encoded, err := json.Marshal(body)
		if err != nil {
			h.t.Fatal(err)
		}
		text = string(encoded)
	}
	status, _, answer, err := h.post(command, h.query(), text)
	if err != nil {
		h.t.Fatalf("%s: %v", command, err)
	}
	if status != http.StatusOK {
		h.t.Fatalf("%s: status %d", command, status)
	}
	return parse(h.t, answer)
}

func parse(tb testing.TB, raw []byte) object {
	tb.Helper()
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var fields object
	if err := decoder.Decode(&fields); err != nil {
		tb.Fatalf("answer %s: %v", raw, err)
	}
	return fields
}

// code returns the ErrorCode of an answer.
func code(fields object) string { return fmt.Sprint(fields["ErrorCode"]) }

// ok makes a call that must succeed.
func (h *harness) ok(command string, body any) object {
	h.t.Helper()
	fields := h.call(command, body)
	if code(fields) != "0" {
		h.t.Fatalf("%s %v: %v", command, body, fields)
	}
	return fields
}

// refused makes a call that must be refused with the code.
func (h *harness) refused(want int, command string, body any) object {
	h.t.Helper()
	fields := h.call(command, body)
	if code(fields) != fmt.Sprint(want) {
		h.t.Fatalf("%s %v: got %v, want code %d", command, body, fields, want)
	}
	return fields
}

// Paths of the services.
const (
	login   = "im_open_login_svc/"
	profile = "profile/"
	chat    = "openim/"
	groups  = "group_open_http_svc/"
	live    = "group_open_avchatroom_http_svc/"
	attrs   = "group_open_attr_http_svc/"
	setting = "openconfigsvr/"
	audit   = "im_msg_audit_mgr/"
)

// makeGroup creates a group of alice.
func (h *harness) makeGroup(kind, id string) {
	h.t.Helper()
	h.ok(groups+"create_group", object{"Type": kind, "GroupId": id, "Name": "n", "Owner_Account": "alice"})
}

func text(s string) []any {
	return []any{object{"MsgType": "TIMTextElem", "MsgContent": object{"Text": s}}}
}

// step is one call of a story and what it must answer.
type step struct {
	command string
	body    string // JSON; @NOW and @NOW+60 stand for the clock's UNIX time
	// want is "ok" for a plain success, the code of a refusal, or the JSON of
	// the answer without its envelope.
	want string
}

// play makes the calls of a story one after the other.
func (h *harness) play(steps ...step) {
	h.t.Helper()
	for i, step := range steps {
		got := h.call(step.command, h.dated(step.body))
		if refusalPattern.MatchString(step.want) {
			if code(got) != step.want || got["ErrorInfo"] == "" {
				h.t.Errorf("step %d: %s %s:\n got %v\nwant code %s with a text", i+1, step.command, step.body, got, step.want)
			}
			continue
		}
		want := object{"ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": ""}
		if step.want != "ok" {
			maps.Copy(want, parse(h.t, []byte(h.dated(step.want))))
		}
		for name, value := range want {
			if value == nil {
				delete(want, name) // "ErrorInfo": null in a table means: must be absent
			}
		}
		if canonical(h.t, got) != canonical(h.t, want) {
			h.t.Errorf("step %d: %s %s:\n got %s\nwant %s", i+1, step.command, step.body, canonical(h.t, got), canonical(h.t, want))
		}
	}
}

var (
	refusalPattern = regexp.MustCompile(`^[0-9]+$`)
	nowPattern     = regexp.MustCompile(`@NOW(\+[0-9]+)?`)
)

func (h *harness) dated(text string) string {
	return nowPattern.ReplaceAllStringFunc(text, func(match string) string {
		offset, _ := strconv.ParseInt(strings.TrimPrefix(match, "@NOW"), 10, 64)
		return strconv.FormatInt(h.clock.Now().Unix()+offset, 10)
	})
}

// canonical writes a value as JSON with sorted names.
func canonical(tb testing.TB, value any) string {
	tb.Helper()
	encoded, err := json.Marshal(value)
	if err != nil {
		tb.Fatal(err)
	}
	return string(encoded)
}

// same compares two values by their JSON.
func same(tb testing.TB, got, want any) {
	tb.Helper()
	if canonical(tb, got) != canonical(tb, want) {
		tb.Errorf("\n got %s\nwant %s", canonical(tb, got), canonical(tb, want))
	}
}

// happened is a notice without its time and sequence.
func happened(notices []im.Notice) []im.Notice {
	list := []im.Notice{}
	for _, notice := range notices {
		notice.Sequence, notice.Time = 0, time.Time{}
		list = append(list, notice)
	}
	return list
}
