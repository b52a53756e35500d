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
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/wechat/push"
	"github.com/liveroom-io/liveroom-operator/internal/wechat/seal"
)

// How the fuzzer's body becomes a request.
const (
	fuzzAsIs   = iota // with the fuzzer's query
	fuzzSigned        // with a genuine query, as it is
	fuzzSealed        // encrypted and signed, as the message in a push
	fuzzWays
)

// Whatever comes, the handler does not panic; it accepts nothing that is not
// signed, or not as protected as declared; says success only for what was
// accepted, and nothing at all when it refuses; and answers in the way in which
// it was asked.
func FuzzHandler(f *testing.F) {
	for declared := range len(modes) {
		for _, r := range []request{
			sealedPush(f, text), pushed(text), compatiblePush(f, text), verificationOf("4512345678901234567"), envelopeOf(inboundE1), envelopeOf(foreignE4),
			sealedPush(f, text, at(0)), sealedPush(f, text, query("msg_signature", "")), pushed("{"), sealedPush(f, text, method(http.MethodPut)),
			sealedPush(f, text, through("/wechat/shop/support/guess")), sealedPush(f, text, query("nonce", "%%")),
		} {
			f.Add(byte(declared), byte(fuzzAsIs), r.method, r.path, r.query.Encode(), []byte(r.body))
		}
		for _, body := range []string{text, "", "<xml></xml>", "{", `{"ToUserName":"gh","FromUserName":"o9","CreateTime":1,"MsgType":"text","MsgId":2,"Content":"x"}`} {
			for way := fuzzSigned; way < fuzzWays; way++ {
				f.Add(byte(declared), byte(way), http.MethodPost, path(), "", []byte(body))
			}
		}
	}
	stages := make([]*stage, len(modes))
	for i, declared := range modes {
		stages[i] = newStage(f, mode(declared))
		stages[i].desk.reply = push.TextReply{Content: "收到 ok"}
	}
	sealer := newSealer(f, appID, encodingKey)
	f.Fuzz(func(t *testing.T, declared, way byte, method, path, rawQuery string, body []byte) {
		s, plain := stages[int(declared)%len(stages)], modes[int(declared)%len(modes)] == imv1alpha1.MessageModePlaintext
		switch way % fuzzWays {
		case fuzzSigned:
			method, rawQuery = http.MethodPost, signed(token, stamped, nonce).Encode()
		case fuzzSealed:
			r := envelopeOf(sealText(t, sealer, string(body)))
			method, path, rawQuery, body = r.method, r.path, r.query.Encode(), []byte(r.body)
		}
		s.desk.got, s.desk.calls, s.watcher.saw = nil, 0, nil
		request := &http.Request{
			Method: method, URL: &url.URL{Path: path, RawQuery: rawQuery}, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: -1,
		}
		w := httptest.NewRecorder()
		s.server.Config.Handler.ServeHTTP(w, request.WithContext(t.Context()))
		if w.Code >= 300 && w.Code < 400 {
			return // the mux cleans the path
		}
		st := stampOf(request)
		genuine := seal.Equal(st.signature, seal.Signature(token, st.timestamp, st.nonce))
		if method == http.MethodPost && !plain {
			e, err := push.ParseEnvelope(body)
			genuine = err == nil && seal.Equal(st.bodySignature, seal.Signature(token, st.timestamp, st.nonce, e.Encrypt))
		}
		switch {
		case w.Code >= 500 || w.Code < 200:
			t.Fatalf("answered %d", w.Code)
		case w.Code != http.StatusOK && (w.Body.Len() > 0 || len(s.desk.got) > 0):
			t.Fatalf("answered %d %q, accepted %+v", w.Code, w.Body, s.desk.got)
		case !genuine && (w.Code == http.StatusOK || len(s.desk.got) > 0 || len(s.watcher.saw) > 0 && !s.watcher.saw[0].Mismatch):
			t.Fatalf("not signed, but answered %d, accepted %+v, observed %+v", w.Code, s.desk.got, s.watcher.saw)
		case w.Code != http.StatusOK:
			return
		case method == http.MethodGet:
			if w.Body.String() != parameter(request, "echostr") || len(s.desk.got) > 0 {
				t.Fatalf("answered %q, accepted %+v", w.Body, s.desk.got)
			}
			return
		case len(s.desk.got) != 1:
			t.Fatalf("answered %q, accepted %+v", w.Body, s.desk.got)
		}
		if answered := w.Body.String(); answered != push.Success {
			content := answered
			if !plain {
				content = unsealed(t, reply{body: answered}, token, sealer)
			}
			if m, err := push.Parse([]byte(content)); err != nil || m.Content != "收到 ok" || strings.TrimSpace(m.From) == "" {
				t.Fatalf("answered %q: %v", content, err)
			}
		}
	})
}
