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
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A body never panics. What is read of it can be written, and reads the same.
func FuzzParse(f *testing.F) {
	for _, s := range samples {
		f.Add([]byte(s.body))
	}
	f.Add([]byte(nested(maxDepth)))
	f.Add([]byte(`{"CallbackCommand":"x","EventTime":{}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := parse(body)
		if deep := tooDeep(body); deep != (err != nil && err.Error() == errNested.Error()) {
			t.Fatalf("too deep: %v, but %v", deep, err)
		}
		if err != nil {
			if c != nil {
				t.Fatal("a callback beside an error")
			}
			return
		}
		if c.CallbackCommand == "" || !json.Valid(body) {
			t.Fatalf("%q was taken", body)
		}
		if at := c.moment(now); at.Before(now.Add(-30*24*time.Hour)) || at.After(now.Add(time.Hour)) {
			t.Fatalf("the moment is %s", at)
		}
		written, err := json.Marshal(c)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		again, err := parse(written)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v: %s", err, written)
		}
		if rewritten, err := json.Marshal(again); err != nil || !bytes.Equal(rewritten, written) {
			t.Fatalf("%v: written\n%s\nthen\n%s", err, written, rewritten)
		}
	})
}

// Only the signature of the token and time is taken, and only when it is fresh.
func FuzzVerify(f *testing.F) {
	for _, v := range vectors {
		f.Add([]byte(v.token), v.sign, v.requestTime, int64(1763848315))
	}
	f.Add([]byte(token), "", requested, int64(0))
	f.Add([]byte{}, Sign(nil, "-9223372036854775808"), "-9223372036854775808", int64(1<<62))
	f.Fuzz(func(t *testing.T, secret []byte, sign, requestTime string, second int64) {
		second %= 1 << 50
		at := time.Unix(second, 0)
		reason := verify(secret, sign, requestTime, at)
		genuine := strings.EqualFold(sign, Sign(secret, requestTime))
		switch reason {
		case "":
			signed, err := strconv.ParseInt(requestTime, 10, 64)
			if !genuine || err != nil || signed < second-60 || signed > second+60 {
				t.Fatalf("%q of %q was taken at %d", sign, requestTime, second)
			}
		case RejectedUnsigned:
			if sign != "" && requestTime != "" {
				t.Fatalf("%q of %q counts as unsigned", sign, requestTime)
			}
		case RejectedStale:
			if !genuine {
				t.Fatalf("%q of %q is forged, not stale", sign, requestTime)
			}
		case RejectedForged:
			if _, err := strconv.ParseInt(requestTime, 10, 64); genuine && err == nil {
				t.Fatalf("%q of %q is genuine", sign, requestTime)
			}
		default:
			t.Fatalf("reason %q", reason)
		}
	})
}

// Equal values have one identity however they are written; the identity depends
// on nothing else.
func FuzzIdentity(f *testing.F) {
	for _, s := range samples {
		f.Add([]byte(s.body), requested)
	}
	f.Fuzz(func(t *testing.T, body []byte, requestTime string) {
		c, err := parse(body)
		if err != nil {
			return
		}
		id := c.identity(appID, body, requestTime)
		if again := c.identity(appID, body, requestTime); again != id || len(id) != 32 {
			t.Fatalf("first %s, then %s", id, again)
		}
		if other := c.identity(appID+1, body, requestTime); other == id {
			t.Fatal("two applications share an identity")
		}
		// Written again, with blanks and the fields in order. A field that is there
		// twice counts as the last one, there and here.
		var spaced bytes.Buffer
		if err := json.Indent(&spaced, canonical(body), " ", "\t"); err != nil {
			t.Fatal(err)
		}
		rewritten, err := parse(spaced.Bytes())
		if err != nil {
			return // a number that only the raw text could be read as
		}
		if rewritten.CallbackCommand != c.CallbackCommand || repeats(body) {
			return
		}
		if got := rewritten.identity(appID, spaced.Bytes(), requestTime); got != id {
			t.Fatalf("%s is another event than\n%s", spaced.Bytes(), body)
		}
	})
}

// repeats reports whether an object of the body has a field twice, or in two
// spellings: which one counts depends on their order.
func repeats(body []byte) bool {
	decoder := json.NewDecoder(bytes.NewReader(body))
	var open []map[string]bool
	key := false
	for {
		token, err := decoder.Token()
		if err != nil {
			return false
		}
		switch v := token.(type) {
		case json.Delim:
			switch v {
			case '{':
				open, key = append(open, map[string]bool{}), true
				continue
			case '[':
				open, key = append(open, nil), false
				continue
			}
			open = open[:len(open)-1]
		case string:
			if key {
				name := strings.ToLower(strings.ToUpper(v))
				if open[len(open)-1][name] {
					return true
				}
				open[len(open)-1][name], key = true, false
				continue
			}
		}
		key = len(open) > 0 && open[len(open)-1] != nil
	}
}

// The quick look into a query agrees with net/url wherever IM's own spelling of names is used.
func FuzzParameter(f *testing.F) {
	f.Add("SdkAppid=1400000001&CallbackCommand=Group.CallbackAfterSendMsg&contenttype=json&ClientIP=203.0.113.7&OptPlatform=Web&Sign=2fc4&RequestTime=1763848315", "Sign")
	f.Add("a=1&a=2&b", "a")
	f.Add("a=%41+b&&=c&a%3db=c", "a")
	f.Add("b&a==&", "a")
	f.Add("x=%zz&a=1", "a")
	f.Add("", "")
	f.Fuzz(func(t *testing.T, query, name string) {
		got := parameter(&http.Request{URL: &url.URL{RawQuery: query}}, name)
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		for pair := range strings.SplitSeq(query, "&") {
			if key, _, _ := strings.Cut(pair, "="); strings.ContainsAny(key, "%+") || pair == "" && name == "" {
				return // spelled as IM never does
			}
		}
		if want := values.Get(name); got != want {
			t.Fatalf("%q in %q is %q, want %q", name, query, got, want)
		}
	})
}

// Whatever is called, nothing fails inside, and nothing is written down or
// decided without the signature.
func FuzzHandler(f *testing.F) {
	genuine := callback(joined)
	for _, s := range samples {
		f.Add(http.MethodPost, genuine.path, callback(s.body).query.Encode(), []byte(s.body))
	}
	for _, r := range []request{
		callback(joined, with("Sign", "")), callback(joined, with("SdkAppid", "1")), callback(joined, at(0)), callback("{"),
		callback(joined, method(http.MethodGet)), callback(joined, through("/im/shop/live/x")),
	} {
		f.Add(r.method, r.path, r.query.Encode(), []byte(r.body))
	}
	s := newStage(f)
	s.enforce(rule{mask, "swear", denying}, rule{reject, "curse", denying})
	served := s.server.Config.Handler
	f.Fuzz(func(t *testing.T, method, path, query string, body []byte) {
		*s.book = book{}
		req := &http.Request{
			Method: method, URL: &url.URL{Path: path, RawQuery: query}, Header: http.Header{}, RemoteAddr: "203.0.113.7:1",
			Body: io.NopCloser(bytes.NewReader(body)), ContentLength: -1,
		}
		w := httptest.NewRecorder()
		served.ServeHTTP(w, req.WithContext(t.Context()))
		if w.Code >= 500 || w.Code < 200 {
			t.Fatalf("answered %d %s", w.Code, w.Body)
		}
		signed := verify([]byte(token), parameter(req, "Sign"), parameter(req, "RequestTime"), now) == "" &&
			parameter(req, "SdkAppid") == strconv.Itoa(appID) && method == http.MethodPost
		if !signed && (len(s.book.appended) > 0 || len(s.book.offered) > 0 || w.Code == http.StatusOK) {
			t.Fatalf("a call that is not signed was answered %d and wrote %d", w.Code, len(s.book.appended))
		}
		if w.Code >= 300 && w.Code < 400 {
			return // the mux cleans the path
		}
		var envelope Answer
		if err := json.Unmarshal(w.Body.Bytes(), &envelope); err != nil {
			t.Fatalf("answered %d %q: %v", w.Code, w.Body, err)
		}
		if (envelope.ActionStatus == "OK") != (w.Code == http.StatusOK) || envelope.ActionStatus != "OK" && (envelope.ActionStatus != "FAIL" || envelope.ErrorCode == 0) {
			t.Fatalf("answered %d %s", w.Code, w.Body)
		}
		if w.Code != http.StatusOK && len(s.book.appended) > 0 {
			t.Fatalf("answered %d and wrote", w.Code)
		}
	})
}
