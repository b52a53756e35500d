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
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/liveroom-io/liveroom-operator/internal/sim/wechat"
	"github.com/liveroom-io/liveroom-operator/internal/wechat/seal"
)

// received is a request that arrived at the webhook.
type received struct {
	query       url.Values
	contentType string
	body        string
}

// fields are the elements of a push in clear, two levels deep with a dot.
func fields(tb testing.TB, document string) map[string]string {
	tb.Helper()
	decoder := xml.NewDecoder(strings.NewReader(document))
	found, path, text := map[string]string{}, []string{}, ""
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			tb.Fatalf("%q: %v", document, err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			path, text = append(path, token.Name.Local), ""
		case xml.CharData:
			text += string(token)
		case xml.EndElement:
			if text != "" || len(path) == 2 {
				found[strings.Join(path[1:], ".")] = text
			}
			path, text = path[:len(path)-1], ""
		}
	}
}

// webhook is a receiver of pushes that the test answers for.
type webhook struct {
	url string

	mu       sync.Mutex
	answer   func(w http.ResponseWriter, r *http.Request, body string)
	requests []received
}

// newWebhook starts a receiver that answers success, and the echo to a
// verification whose signature is good.
func newWebhook(tb testing.TB) *webhook {
	tb.Helper()
	hook := &webhook{answer: says("success")}
	server := httptest.NewServer(hook)
	tb.Cleanup(server.Close)
	hook.url = server.URL + "/wechat/default/support"
	return hook
}

func (hook *webhook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if r.Method == http.MethodGet {
		if !seal.Equal(query.Get("signature"), seal.Signature(testToken, query.Get("timestamp"), query.Get("nonce"))) {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		_, _ = io.WriteString(w, query.Get("echostr"))
		return
	}
	body, _ := io.ReadAll(r.Body)
	hook.mu.Lock()
	answer := hook.answer
	hook.requests = append(hook.requests, received{query: query, contentType: r.Header.Get("Content-Type"), body: string(body)})
	hook.mu.Unlock()
	answer(w, r, string(body))
}

// says answers with a text.
func says(text string) func(http.ResponseWriter, *http.Request, string) {
	return func(w http.ResponseWriter, _ *http.Request, _ string) { _, _ = io.WriteString(w, text) }
}

// then sets the answer to the pushes from now on.
func (hook *webhook) then(answer func(w http.ResponseWriter, r *http.Request, body string)) {
	hook.mu.Lock()
	defer hook.mu.Unlock()
	hook.answer = answer
}

// got returns the requests so far.
func (hook *webhook) got() []received {
	hook.mu.Lock()
	defer hook.mu.Unlock()
	return append([]received{}, hook.requests...)
}

// contents are the texts of the pushes so far, in order.
func (hook *webhook) contents(tb testing.TB) []string {
	tb.Helper()
	var list []string
	for _, r := range hook.got() {
		list = append(list, fields(tb, r.body)["Content"])
	}
	return list
}

// passive is a passive reply in clear.
func passive(inner string) string {
	return "<xml><ToUserName><![CDATA[" + testUser + "]]></ToUserName><FromUserName><![CDATA[" + testGH +
		"]]></FromUserName><CreateTime>1763848317</CreateTime>" + inner + "</xml>"
}

func passiveText(text string) string {
	return passive("<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[" + text + "]]></Content>")
}

// echoServer repeats the echo of a verification in a format.
func echoServer(tb testing.TB, format string) string {
	tb.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if format != "" {
			_, _ = fmt.Fprintf(w, format, r.URL.Query().Get("echostr"))
		}
	}))
	tb.Cleanup(server.Close)
	return server.URL + "/hook"
}

// serve replaces the webhook by another handler.
func (h *harness) serve(handler http.Handler) {
	h.t.Helper()
	server := httptest.NewServer(handler)
	h.t.Cleanup(server.Close)
	if err := h.sim.UpdateAccount(testApp, func(a *wechat.Account) { a.WebhookURL = server.URL }); err != nil {
		h.t.Fatal(err)
	}
}
