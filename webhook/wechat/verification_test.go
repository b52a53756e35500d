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

package wechat

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/wechat/seal"
	"github.com/liveroom-io/liveroom-operator/webhook/officialaccount"
)

// The vectors of section 1, with the text that must come back exactly.
func TestVerification(t *testing.T) {
	tests := map[string]struct {
		official         bool
		timestamp, nonce string
		signature        string
	}{
		"G1": {true, "1714036504", "1514711492", "f464b24fc39322e44b38aa78f5edd27bd1441696"},
		"G2": {true, "1714037059", "486452656", "899cf89e464efb63f54ddac96b0a0a235f53aa78"},
		"G3": {false, "1763848315", "486452656", "73e1f21d90dc0000783e84e524c63fa481688558"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, key := newStage(t), token
			if test.official {
				s, key = newStage(t, official(t)), officialToken
			}
			seconds, _ := strconv.ParseInt(test.timestamp, 10, 64)
			s.clock.SetTime(time.Unix(seconds, 0))
			for _, echo := range []string{"4512345678901234567", "0", `a&b=c "<%+>`, "回声"} {
				r := verificationOf(echo, through(officialaccount.Path(key, accountKey.Namespace, accountKey.Name)), func(r *request) {
					r.query.Set("timestamp", test.timestamp)
					r.query.Set("nonce", test.nonce)
					r.query.Set("signature", test.signature)
				})
				got := s.send(r)
				if got.status != http.StatusOK || got.body != echo || got.kind != "text/plain; charset=utf-8" || got.header.Get("X-Content-Type-Options") != "nosniff" {
					t.Errorf("%q: got %+v", echo, got)
				}
			}
			same(t, "observed", s.watcher.saw[0], observed{
				Account: accountID, Segment: officialaccount.Segment(key, accountKey.Namespace, accountKey.Name), Verification: true, Time: time.Unix(seconds, 0),
			})
			same(t, "counts", s.counts(), map[string]float64{"pushes_total Verification verified": 4})
			same(t, "accepted", s.desk.calls, 0)
		})
	}
}

// A verification works in each mode, and with the token and the path that the
// console still has or has already.
func TestVerificationWhileChanging(t *testing.T) {
	for name, change := range map[string]func(*officialaccount.Account){"plaintext": plaintext, "compatible": compatible, "safe": func(*officialaccount.Account) {}} {
		s := newStage(t, rotating(t), change)
		for _, key := range []string{token, formerToken} {
			for _, segment := range []string{token, formerToken} {
				got := s.send(verificationOf("77", signs(key, stamped), through(officialaccount.Path(segment, accountKey.Namespace, accountKey.Name))))
				if got.status != http.StatusOK || got.body != "77" {
					t.Errorf("%s: got %+v", name, got)
				}
			}
		}
	}
}

func TestVerificationRefused(t *testing.T) {
	tests := map[string]struct {
		request  request
		status   int
		reason   Rejection
		mismatch bool
	}{
		"another token":     {verificationOf("77", signs("other", stamped)), 403, RejectedForged, true},
		"a letter":          {verificationOf("77", query("nonce", "1372623148")), 403, RejectedForged, true},
		"upper case":        {verificationOf("77", query("signature", strings.ToUpper(seal.Signature(token, stamped, nonce)))), 403, RejectedForged, true},
		"no signature":      {verificationOf("77", query("signature", "")), 403, RejectedUnsigned, false},
		"no timestamp":      {verificationOf("77", signs(token, ""), query("timestamp", "")), 403, RejectedUnsigned, false},
		"no nonce":          {verificationOf("77", query("nonce", ""), query("signature", seal.Signature(token, stamped, ""))), 403, RejectedUnsigned, false},
		"long nonce":        {verificationOf("77", query("nonce", strings.Repeat("1", 65))), 403, RejectedUnsigned, false},
		"digits moved":      {verificationOf("77", signs(token, stamped), query("timestamp", "17638483161"), query("nonce", "372623149")), 403, RejectedUnsigned, false},
		"a word for a time": {verificationOf("77", signs(token, "yesterday!")), 403, RejectedUnsigned, false},
		"a minus":           {verificationOf("77", signs(token, "-176384831")), 403, RejectedUnsigned, false},
		"too old":           {verificationOf("77", at(second-601)), 403, RejectedStale, false},
		"too young":         {verificationOf("77", at(second+601)), 403, RejectedStale, false},
		"no text":           {verificationOf(""), 400, RejectedEcho, false},
		"long text":         {verificationOf(strings.Repeat("7", 257)), 400, RejectedEcho, false},
		"msg_signature":     {verificationOf("77", query("signature", ""), query("msg_signature", seal.Signature(token, stamped, nonce))), 403, RejectedUnsigned, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { refused(t, newStage(t), test.request, test.status, test.reason, test.mismatch) })
	}
	for name, seconds := range map[string]int64{"old": second - 600, "young": second + 600} {
		if got := newStage(t).send(verificationOf("77", at(seconds))); got.status != http.StatusOK {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

// refused checks that a request is refused, without a word, and what is noted.
func refused(t *testing.T, s *stage, r request, status int, reason Rejection, mismatch bool) {
	t.Helper()
	got := s.send(r)
	if got.status != status || got.body != "" {
		t.Errorf("got %+v", got)
	}
	same(t, "counts", s.counts(), map[string]float64{"pushes_rejected_total " + string(reason): 1})
	var saw []observed
	if mismatch {
		saw = []observed{{Account: accountID, Mismatch: true, Time: time.Unix(second, 0)}}
	}
	same(t, "observed", s.watcher.saw, saw)
	same(t, "accepted", s.desk.calls, 0)
}
