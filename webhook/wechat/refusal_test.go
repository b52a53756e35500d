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
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/wechat/push"
	"github.com/liveroom-io/liveroom-operator/internal/wechat/seal"
	"github.com/liveroom-io/liveroom-operator/webhook/officialaccount"
)

const otherKey = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq"

func TestRefusals(t *testing.T) {
	nested := "<xml>" + strings.Repeat("<a>", 20) + strings.Repeat("</a>", 20) + "</xml>"
	tests := map[string]struct {
		change   func(*officialaccount.Account)
		request  request
		status   int
		reason   Rejection
		mismatch bool
	}{
		"put":            {nil, sealedPush(t, text, method(http.MethodPut)), 405, RejectedMethod, false},
		"head":           {nil, verificationOf("7", method(http.MethodHead)), 405, RejectedMethod, false},
		"another path":   {nil, sealedPush(t, text, through("/wechat/shop/support")), 404, RejectedPath, false},
		"other account":  {nil, sealedPush(t, text, through(strings.Replace(path(), "support", "other", 1))), 404, RejectedPath, false},
		"other space":    {nil, sealedPush(t, text, through(strings.Replace(path(), "shop", "other", 1))), 404, RejectedPath, false},
		"guessed":        {nil, sealedPush(t, text, through("/wechat/shop/support/0")), 404, RejectedPath, false},
		"a part of it":   {nil, sealedPush(t, text, through(path()[:len(path())-1])), 404, RejectedPath, false},
		"no keys":        {func(a *officialaccount.Account) { a.Keys = nil }, sealedPush(t, text), 404, RejectedToken, false},
		"no segment":     {func(a *officialaccount.Account) { a.Keys[0].Segment = "" }, sealedPush(t, text), 404, RejectedPath, false},
		"empty token":    {func(a *officialaccount.Account) { a.Keys[0].Token = "" }, sealedPush(t, text, signs("", stamped)), 403, RejectedForged, true},
		"no sealer":      {func(a *officialaccount.Account) { a.Keys[0].Sealers = nil }, sealedPush(t, text), 403, RejectedSealed, true},
		"stale":          {nil, sealedPush(t, text, at(second-601)), 403, RejectedStale, false},
		"from tomorrow":  {nil, sealedPush(t, text, at(second+601)), 403, RejectedStale, false},
		"forged":         {nil, sealedPush(t, text, signs("other", stamped)), 403, RejectedForged, true},
		"another time":   {nil, sealedPush(t, text, query("timestamp", "1763848317")), 403, RejectedForged, true},
		"another nonce":  {nil, sealedPush(t, text, query("nonce", "1")), 403, RejectedForged, true},
		"another body":   {nil, sealedPush(t, text, func(r *request) { r.body = sealedPush(t, strings.Replace(text, "hello", "other", 1)).body }), 403, RejectedForged, true},
		"no nonce":       {nil, sealedPush(t, text, query("nonce", "")), 403, RejectedUnsigned, false},
		"nonce of lines": {nil, sealedPush(t, text, query("nonce", "1\n2"), signs(token, stamped)), 403, RejectedUnsigned, false},
		"bad escape":     {nil, sealedPush(t, text, query("nonce", "\x00")), 403, RejectedUnsigned, false},

		// The signature of the parameters is not enough where texts are encrypted.
		"signature only": {nil, sealedPush(t, text, query("msg_signature", "")), 403, RejectedMode, true},
		"the wrong one":  {nil, sealedPush(t, text, query("msg_signature", seal.Signature(token, stamped, nonce))), 403, RejectedForged, true},
		"none":           {nil, sealedPush(t, text, query("msg_signature", ""), query("signature", "")), 403, RejectedUnsigned, false},
		"none at all":    {nil, pushed(text, query("signature", "")), 403, RejectedUnsigned, false},

		"old key":      {nil, envelopeOf(sealText(t, newSealer(t, appID, otherKey), text)), 403, RejectedSealed, true},
		"not base64":   {nil, envelopeOf("!!"), 403, RejectedSealed, true},
		"wrong app E4": {nil, envelopeOf(foreignE4, query("msg_signature", "2d2de70a0325e47770aaecbccb4a27a0acbfd440")), 403, RejectedApp, true},
		"wrong app among keys": {
			rotating(t), envelopeOf(sealText(t, newSealer(t, officialAppID, formerKey), text)), 403, RejectedApp, true,
		},

		"plain where safe":           {nil, pushed(text), 403, RejectedMode, true},
		"plain where compatible":     {compatible, pushed(text), 403, RejectedMode, true},
		"compatible where safe":      {nil, compatiblePush(t, text), 403, RejectedMode, true},
		"safe where plain":           {plaintext, sealedPush(t, text), 403, RejectedMode, true},
		"plain, forged, where safe":  {nil, pushed(text, signs("other", stamped)), 403, RejectedForged, true},
		"plain, stale, where safe":   {nil, pushed(text, at(second-601)), 403, RejectedStale, false},
		"plain, forged":              {plaintext, pushed(text, signs("other", stamped)), 403, RejectedForged, true},
		"plain, stale":               {plaintext, pushed(text, at(second-601)), 403, RejectedStale, false},
		"plain, without a signature": {plaintext, pushed(text, query("signature", "")), 403, RejectedUnsigned, false},
		"plain with msg_signature":   {plaintext, pushed(text, query("signature", ""), query("msg_signature", "x")), 403, RejectedUnsigned, false},

		"oversized":           {nil, sealedPush(t, text, func(r *request) { r.body = strings.Repeat("x", push.MaxBytes+1) }), 413, RejectedSize, false},
		"oversized, unstated": {nil, sealedPush(t, text, func(r *request) { r.reader = endless(push.MaxBytes + 1) }), 413, RejectedSize, false},
		"empty":               {nil, sealedPush(t, text, func(r *request) { r.body = "" }), 400, RejectedBody, false},
		"no XML":              {nil, sealedPush(t, text, func(r *request) { r.body = "hello" }), 400, RejectedBody, false},
		"cut XML":             {nil, sealedPush(t, text, func(r *request) { r.body = r.body[:len(r.body)-3] }), 400, RejectedBody, false},
		"nested envelope":     {nil, sealedPush(t, text, func(r *request) { r.body = nested }), 400, RejectedShape, false},
		"two texts":           {nil, sealedPush(t, text, func(r *request) { r.body = strings.Replace(r.body, "</xml>", "<Encrypt>x</Encrypt></xml>", 1) }), 400, RejectedShape, false},
		"an entity":           {nil, sealedPush(t, text, func(r *request) { r.body = `<!DOCTYPE xml [<!ENTITY a "b">]>` + r.body }), 400, RejectedBody, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if test.change == nil {
				test.change = func(*officialaccount.Account) {}
			}
			refused(t, newStage(t, test.change), test.request, test.status, test.reason, test.mismatch)
		})
	}
}

// endless are so many bytes whose number the request does not state.
func endless(bytes int) io.Reader {
	return struct{ io.Reader }{strings.NewReader(strings.Repeat("x", bytes))}
}

// What is authentic and not a push is refused without being accepted.
func TestAuthenticAndIllegible(t *testing.T) {
	deep := strings.Repeat("<a>", 20) + strings.Repeat("</a>", 20)
	tests := map[string]struct {
		request request
		reason  Rejection
	}{
		"no document, E3":   {envelopeOf(paddingE3), RejectedBody},
		"no fields":         {sealedPush(t, "<xml></xml>"), RejectedBody},
		"nothing":           {sealedPush(t, ""), RejectedBody},
		"nested":            {sealedPush(t, "<xml>"+deep+"</xml>"), RejectedShape},
		"an envelope again": {sealedPush(t, sealedPush(t, text).body), RejectedBody},
		"twice a field":     {sealedPush(t, strings.Replace(text, "<MsgId>", "<Content>2</Content><MsgId>", 1)), RejectedShape},
		"an entity":         {sealedPush(t, `<!DOCTYPE xml [<!ENTITY a "b">]>`+text), RejectedBody},
		"no sender":         {sealedPush(t, strings.ReplaceAll(text, "FromUserName", "Sender")), RejectedBody},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			if got := s.send(test.request); got.status != http.StatusBadRequest || got.body != "" {
				t.Errorf("got %+v", got)
			}
			same(t, "counts", s.counts(), map[string]float64{"pushes_rejected_total " + string(test.reason): 1})
			same(t, "observed", s.watcher.saw, []observed{{Account: accountID, Segment: officialaccount.Segment(token, "shop", "support"), Time: s.clock.Now()}})
			same(t, "accepted", s.desk.calls, 0)
		})
	}
}

// A window of ten minutes lets all three tries pass, and a clock that is off.
func TestRetriesAreFresh(t *testing.T) {
	s := newStage(t)
	for i, seconds := range []int64{second - 600, second - 15, second - 5, second, second + 600} {
		if got := s.send(sealedPush(t, text, at(seconds))); got.status != http.StatusOK {
			t.Errorf("%d: got %+v", seconds, got)
		}
		same(t, "accepted", len(s.desk.got), i+1)
	}
}

// A body that ends early, or does not come, is refused, and does not hold the
// answer up.
func TestTruncated(t *testing.T) {
	tests := map[string]struct {
		patience time.Duration
		closes   bool
	}{
		"ends early":    {time.Minute, true},
		"does not come": {100 * time.Millisecond, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.handler.Patience = test.patience
			r := sealedPush(t, text)
			connection, err := net.Dial("tcp", s.server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = connection.Close() }()
			if _, err := fmt.Fprintf(connection, "POST %s?%s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", r.path, r.query.Encode(), len(r.body)+1, r.body); err != nil {
				t.Fatal(err)
			}
			if test.closes {
				if err := connection.(*net.TCPConn).CloseWrite(); err != nil {
					t.Fatal(err)
				}
			}
			response, err := http.ReadResponse(bufio.NewReader(connection), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			same(t, "status", response.StatusCode, http.StatusBadRequest)
			same(t, "counts", s.counts(), map[string]float64{"pushes_rejected_total truncated": 1})
			same(t, "accepted", s.desk.calls, 0)
		})
	}
}

func TestNewRefusesWhatIsMissing(t *testing.T) {
	whole := newStage(t).handler.Options
	for name, drop := range map[string]func(*Options){
		"directory": func(o *Options) { o.Directory = nil },
		"acceptor":  func(o *Options) { o.Acceptor = nil },
		"observer":  func(o *Options) { o.Observer = nil },
		"clock":     func(o *Options) { o.Clock = nil },
		"metrics":   func(o *Options) { o.Metrics = nil },
		"random":    func(o *Options) { o.Random = nil },
	} {
		o := whole
		drop(&o)
		if _, err := New(o); err == nil {
			t.Errorf("made without %s", name)
		}
	}
	o := whole
	o.Patience = 0
	if h, err := New(o); err != nil || h.Patience != 4*time.Second {
		t.Errorf("got %v, %v", h, err)
	}
}
