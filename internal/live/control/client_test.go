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

package control

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/im"
)

var credentials = Credentials{"AKIDEXAMPLE0000", "SKEXAMPLE0000"}

// api checks the signature of every call as the provider does, from the headers that
// the call says it has signed, and answers what it was told to, one after the other.
type api struct {
	t       *testing.T
	answers []func(http.ResponseWriter)

	mu    sync.Mutex
	calls []string
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if why := verify(r, body); why != "" {
		a.t.Error(why)
	}
	a.mu.Lock()
	n := len(a.calls)
	a.calls = append(a.calls, strings.TrimSpace(strings.Join([]string{r.Header.Get("X-TC-Action"), r.Header.Get("X-TC-Version"), r.Header.Get("X-TC-Region"), string(body)}, " ")))
	a.mu.Unlock()
	if n < len(a.answers) {
		a.answers[n](w)
		return
	}
	say(`{"Response":{"RequestId":"1"}}`)(w)
}

func say(text string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { _, _ = io.WriteString(w, text) }
}

func refuse(code, message string) func(http.ResponseWriter) {
	return say(fmt.Sprintf(`{"Response":{"Error":{"Code":%q,"Message":%q},"RequestId":"1"}}`, code, message))
}

// verify is written from the provider's description, not from the signer.
func verify(r *http.Request, body []byte) string {
	rest, found := strings.CutPrefix(r.Header.Get("Authorization"), "TC3-HMAC-SHA256 ")
	parts := map[string]string{}
	for _, part := range strings.Split(rest, ", ") {
		name, value, _ := strings.Cut(part, "=")
		parts[name] = value
	}
	scope := strings.Split(parts["Credential"], "/")
	if !found || len(scope) != 4 || scope[0] != credentials.SecretID || scope[3] != "tc3_request" {
		return "authorization " + rest
	}
	seconds, err := strconv.ParseInt(r.Header.Get("X-TC-Timestamp"), 10, 64)
	if err != nil || time.Unix(seconds, 0).UTC().Format(time.DateOnly) != scope[1] {
		return "a call of " + r.Header.Get("X-TC-Timestamp") + " signed for " + scope[1]
	}
	if signed := strings.Split(parts["SignedHeaders"], ";"); !slices.Contains(signed, "host") || !slices.Contains(signed, "content-type") {
		return "signed headers " + parts["SignedHeaders"]
	}
	headers := ""
	for _, name := range strings.Split(parts["SignedHeaders"], ";") {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		headers += name + ":" + strings.ToLower(strings.TrimSpace(value)) + "\n"
	}
	hash := func(data string) string {
		sum := sha256.Sum256([]byte(data))
		return hex.EncodeToString(sum[:])
	}
	with := func(key, data string) string {
		m := hmac.New(sha256.New, []byte(key))
		_, _ = io.WriteString(m, data)
		return string(m.Sum(nil))
	}
	canonical := r.Method + "\n/\n" + r.URL.RawQuery + "\n" + headers + "\n" + parts["SignedHeaders"] + "\n" + hash(string(body))
	text := "TC3-HMAC-SHA256\n" + r.Header.Get("X-TC-Timestamp") + "\n" + strings.Join(scope[1:], "/") + "\n" + hash(canonical)
	key := with(with(with("TC3"+credentials.SecretKey, scope[1]), scope[2]), "tc3_request")
	if want := hex.EncodeToString([]byte(with(key, text))); parts["Signature"] != want {
		return "signature " + parts["Signature"] + ", want " + want
	}
	return ""
}

// client is one of a server with these answers, on a quick clock.
func client(t *testing.T, answers ...func(http.ResponseWriter)) (*Client, *api) {
	t.Helper()
	a := &api{t: t, answers: answers}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	c, err := New(Config{
		Endpoint: server.URL + "/", Region: "ap-guangzhou", Credentials: credentials, HTTP: server.Client(),
		Clock: &quick{now: time.Date(2026, 1, 1, 23, 59, 59, 0, time.UTC)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, a
}

func TestActions(t *testing.T) {
	t.Parallel()
	stream := Stream{Domain: "push.example.com", AppName: "live", Name: "show-42"}
	until := time.Date(2026, 1, 2, 8, 0, 0, 0, time.FixedZone("CST", 8*3600))
	c, a := client(t, say(`{"Response":{"StreamState":"forbid","RequestId":"1"}}`))
	ctx := t.Context()
	state, err := c.StreamState(ctx, stream)
	if err != nil || state != StreamForbidden {
		t.Fatal(state, err)
	}
	if err := errors.Join(
		c.Drop(ctx, stream), c.Forbid(ctx, stream, until, "LiveRoom shop/tea is Paused"), c.Resume(ctx, stream),
		c.DismissRoom(ctx, 1400000000, 12345), c.RemoveUsers(ctx, 1400000000, 12345, []string{"anchor01"}),
		c.Forbid(ctx, stream, until, strings.Repeat("好", 1000)),
	); err != nil {
		t.Fatal(err)
	}
	const named = `{"DomainName":"push.example.com","AppName":"live","StreamName":"show-42"`
	want := []string{
		"DescribeLiveStreamState 2018-08-01  " + named + "}",
		"DropLiveStream 2018-08-01  " + named + "}",
		"ForbidLiveStream 2018-08-01  " + named + `,"ResumeTime":"2026-01-02T00:00:00Z","Reason":"LiveRoom shop/tea is Paused"}`,
		"ResumeLiveStream 2018-08-01  " + named + "}",
		`DismissRoom 2019-07-22 ap-guangzhou {"SdkAppId":1400000000,"RoomId":12345}`,
		`RemoveUser 2019-07-22 ap-guangzhou {"SdkAppId":1400000000,"RoomId":12345,"UserIds":["anchor01"]}`,
	}
	for i := range want {
		if a.calls[i] != want[i] {
			t.Errorf("%s\nwant %s", a.calls[i], want[i])
		}
	}
	var long struct{ Reason string }
	if err := json.Unmarshal([]byte(a.calls[6][strings.IndexByte(a.calls[6], '{'):]), &long); err != nil || long.Reason != strings.Repeat("好", 682) {
		t.Errorf("%v: a reason of %d bytes", err, len(long.Reason))
	}
}

// What is over has been ended.
func TestGone(t *testing.T) {
	t.Parallel()
	gone := refuse("FailedOperation.RoomNotExist", "room not exist")
	c, _ := client(t, gone, gone)
	if err := errors.Join(c.DismissRoom(t.Context(), 1, 2), c.RemoveUsers(t.Context(), 1, 2, []string{"a"})); err != nil {
		t.Error(err)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	later := 5 * time.Minute
	for _, v := range []struct {
		name   string
		answer func(http.ResponseWriter)
		want   Error
		calls  int
	}{
		{"wrong key", refuse("AuthFailure.SignatureFailure", "The provided credentials could not be validated."), Error{Class: im.Unauthorized, Code: "AuthFailure.SignatureFailure", Info: "secretKey does not belong to secretId", RetryAfter: later}, 1},
		{"clock", refuse("AuthFailure.SignatureExpire", "x"), Error{Class: im.Unauthorized, Code: "AuthFailure.SignatureExpire", Info: "the clock of this machine is more than 5 minutes off", RetryAfter: later}, 1},
		{"any other key", refuse("AuthFailure.MFAFailure", "x"), Error{Class: im.Unauthorized, Code: "AuthFailure.MFAFailure", Info: "x", RetryAfter: later}, 1},
		{"not allowed", refuse("AuthFailure.UnauthorizedOperation", "no policy"), Error{Class: im.NotPermitted, Code: "AuthFailure.UnauthorizedOperation", Info: "no policy"}, 1},
		{"not allowed in TRTC", refuse("UnauthorizedOperation.SdkAppId", "x"), Error{Class: im.NotPermitted, Code: "UnauthorizedOperation.SdkAppId", Info: "x"}, 1},
		{"stopped", refuse("ResourceNotFound.StopService", "x"), Error{Class: im.NotPermitted, Code: "ResourceNotFound.StopService", Info: "x"}, 1},
		{"unknown account", refuse("ResourceNotFound", "x"), Error{Class: im.NotPermitted, Code: "ResourceNotFound", Info: "x"}, 1},
		{"bad value", refuse("InvalidParameterValue.RoomId", "a\nb"), Error{Class: im.Invalid, Code: "InvalidParameterValue.RoomId", Info: "a b"}, 1},
		{"missing value", refuse("MissingParameter.UserIds", "x"), Error{Class: im.Invalid, Code: "MissingParameter.UserIds", Info: "x"}, 1},
		{"too many", refuse("RequestLimitExceeded", "x"), Error{Class: im.RateLimited, Code: "RequestLimitExceeded", Info: "x"}, 3},
		{"too many at once", refuse("RequestLimitExceeded.UinLimitExceeded", "x"), Error{Class: im.RateLimited, Code: "RequestLimitExceeded.UinLimitExceeded", Info: "x"}, 3},
		{"quota", refuse("LimitExceeded", "x"), Error{Class: im.RateLimited, Code: "LimitExceeded", Info: "x"}, 1},
		{"inside", refuse("InternalError.GetBizidError", "x"), Error{Class: im.Unavailable, Code: "InternalError.GetBizidError", Info: "x"}, 3},
		{"behind", refuse("FailedOperation.CallOtherSvrFailed", "x"), Error{Class: im.Unavailable, Code: "FailedOperation.CallOtherSvrFailed", Info: "x"}, 1},
		{"unknown", refuse("Surprise", strings.Repeat("x", 1000)), Error{Class: im.Unavailable, Code: "Surprise", Info: strings.Repeat("x", 256)}, 1},
		{"long", refuse("InvalidParameter"+strings.Repeat(".x", 10000), "x"), Error{Class: im.Invalid, Code: "InvalidParameter" + strings.Repeat(".x", 120), Info: "x"}, 1},
		{"no code", refuse("", "x"), Error{Class: im.Unavailable, Info: "the answer is not one of the API"}, 3},
		{"gateway", func(w http.ResponseWriter) { w.WriteHeader(http.StatusBadGateway) }, Error{Class: im.Unavailable, Info: "HTTP 502 Bad Gateway", unanswered: true}, 3},
		{"elsewhere", func(w http.ResponseWriter) { w.Header().Set("Location", "/x"); w.WriteHeader(http.StatusFound) }, Error{Class: im.Unavailable, Info: "HTTP 302 Found", unanswered: true}, 3},
		{"another body", say("<html>"), Error{Class: im.Unavailable, Info: "the answer is not one of the API"}, 3},
		{"endless", say(strings.Repeat("x", maxAnswerBytes+1)), Error{Class: im.Unavailable, Info: "the answer is too long"}, 3},
		{"broken off", func(w http.ResponseWriter) { w.Header().Set("Content-Length", "100"); _, _ = io.WriteString(w, "{") }, Error{Class: im.Unavailable, Info: "the answer breaks off", Err: io.ErrUnexpectedEOF, unanswered: true}, 3},
	} {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			c, a := client(t, v.answer, v.answer, v.answer, v.answer)
			err := c.Drop(t.Context(), Stream{Name: "s"})
			got, ok := AsError(err)
			v.want.Action = "DropLiveStream"
			if !ok || *got != v.want || len(a.calls) != v.calls {
				t.Errorf("%v after %d calls", err, len(a.calls))
			}
		})
	}
}

// What is no state of a stream is not taken for one.
func TestStateOfAnother(t *testing.T) {
	t.Parallel()
	c, _ := client(t, say(`{"Response":{"StreamState":"sleeping"}}`), say(`{"Response":{}}`), say(`{"Response":{"StreamState":7}}`), say(`{"Response":{"StreamState":7}}`), say(`{"Response":{"StreamState":7}}`))
	for range 3 {
		state, err := c.StreamState(t.Context(), Stream{Name: "s"})
		if e, ok := AsError(err); state != "" || !ok || *e != (Error{Class: im.Unavailable, Action: "DescribeLiveStreamState", Info: "the answer is not one of this call"}) {
			t.Error(state, err)
		}
	}
}

// Nothing secret is in the error of a call that does not arrive.
func TestUnreachable(t *testing.T) {
	t.Parallel()
	c, a := client(t)
	closed := httptest.NewServer(a)
	closed.Close()
	c.Endpoint = closed.URL
	err := c.Resume(t.Context(), Stream{Name: "s"})
	if e, ok := AsError(err); !ok || e.Class != im.Unavailable || strings.Contains(err.Error(), credentials.SecretKey) || strings.Contains(err.Error(), "http://") {
		t.Error(err)
	}
}

// A call removes ten users. All are removed, and none by a call for nobody.
func TestManyUsers(t *testing.T) {
	t.Parallel()
	c, a := client(t)
	var users []string
	for i := range 21 {
		users = append(users, fmt.Sprint(i))
	}
	if err := errors.Join(c.RemoveUsers(t.Context(), 1, 2, users), c.RemoveUsers(t.Context(), 1, 2, nil)); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`RemoveUser 2019-07-22 ap-guangzhou {"SdkAppId":1,"RoomId":2,"UserIds":["0","1","2","3","4","5","6","7","8","9"]}`,
		`RemoveUser 2019-07-22 ap-guangzhou {"SdkAppId":1,"RoomId":2,"UserIds":["10","11","12","13","14","15","16","17","18","19"]}`,
		`RemoveUser 2019-07-22 ap-guangzhou {"SdkAppId":1,"RoomId":2,"UserIds":["20"]}`,
	}
	if !slices.Equal(a.calls, want) {
		t.Error(a.calls)
	}
	c, a = client(t, refuse("InvalidParameter.UserIds", "x"))
	if err := c.RemoveUsers(t.Context(), 1, 2, users); err == nil || len(a.calls) != 1 {
		t.Error(err, a.calls)
	}
}

// Rooms are in a region.
func TestNoRegion(t *testing.T) {
	t.Parallel()
	c, a := client(t)
	c.Region = ""
	err := c.DismissRoom(t.Context(), 1, 2)
	if e, ok := AsError(err); !ok || e.Class != im.Invalid || len(a.calls) != 0 {
		t.Error(err, a.calls)
	}
}

func TestEndpoints(t *testing.T) {
	t.Parallel()
	for endpoint, want := range map[string]string{
		"": "", "live.tencentcloudapi.com": "", "ftp://live.tencentcloudapi.com": "", "https://": "", "https://a:b@live.tencentcloudapi.com": "",
		"https://live.tencentcloudapi.com/v3": "", "https://live.tencentcloudapi.com?x": "", "https://live.tencentcloudapi.com/\n": "",
		"https://live.tencentcloudapi.com": "https://live.tencentcloudapi.com", "http://127.0.0.1:80/": "http://127.0.0.1:80",
	} {
		c, err := New(Config{Endpoint: endpoint})
		switch {
		case (err == nil) != (want != ""):
			t.Errorf("%q: %v", endpoint, err)
		case err == nil && c.Endpoint != want:
			t.Errorf("%q: %q", endpoint, c.Endpoint)
		case err != nil && strings.Contains(err.Error(), "a:b"):
			t.Error(err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, text := range []string{"", "{}", `{"Response":{}}`, `{"Response":{"Error":{"Code":"A.B","Message":"x"}}}`, `{"Response":{"StreamState":1}}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var into struct{ StreamState StreamState }
		err := decode("x", data, &into)
		if e, ok := AsError(err); err != nil && (!ok || len(e.Info) > maxInfoBytes || e.Class == "") {
			t.Errorf("%v", err)
		}
	})
}
