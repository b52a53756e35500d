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
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
)

// secretsOf are the texts that must not appear anywhere.
func secretsOf(p *provider) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return []string{testSecret, testSecret[:16], p.token, p.token[len(p.token)-16:], "access_token="}
}

func assertNoSecret(t *testing.T, secrets []string, text string) {
	t.Helper()
	for _, secret := range secrets {
		if strings.Contains(text, secret) || strings.Contains(text, fmt.Sprintf("%x", secret)) {
			t.Errorf("%q carries %q", text, secret)
		}
	}
}

func assertDiscreet(t *testing.T, secrets []string, err error) {
	t.Helper()
	for ; err != nil; err = errors.Unwrap(err) {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			assertNoSecret(t, secrets, fmt.Sprintf(verb, err))
		}
	}
}

// indiscreet tells all that it knows of a request, in an error or in an answer.
type indiscreet struct {
	next   http.RoundTripper
	answer bool
	path   string
}

func (i indiscreet) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path != i.path {
		return i.next.RoundTrip(r)
	}
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		_ = r.Body.Close()
	}
	if !i.answer {
		return nil, &url.Error{Op: "Post", URL: r.URL.String(), Err: fmt.Errorf("no route for %s with %s", r.URL, body)}
	}
	text, _ := json.Marshal(r.URL.String() + string(body))
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{},
		Body: io.NopCloser(strings.NewReader(`{"errcode":40013,"errmsg":` + string(text) + `}`)),
	}, nil
}

func TestNoSecretInErrors(t *testing.T) {
	for _, answer := range []bool{false, true} {
		for _, cmd := range []*command{stableToken, customSend, mediaGet, mediaUpload, userInfo} {
			p := newProvider(t)
			transport := newTransport()
			t.Cleanup(transport.CloseIdleConnections)
			var logged strings.Builder
			c := newClient(t, p, func(o *Options) {
				o.Transport = indiscreet{transport, answer, cmd.path}
				o.Logger = funcr.New(func(_, args string) { _, _ = logged.WriteString(args) }, funcr.Options{Verbosity: 10})
			})
			_, downloadErr := c.DownloadMedia(t.Context(), "m1")
			_, uploadErr := c.UploadMedia(t.Context(), MediaImage, "a", "b/c", strings.NewReader("a"), 1)
			_, userErr := c.UserInfo(t.Context(), openID)
			refused := false
			for _, err := range []error{c.Probe(t.Context()), send(t, c), downloadErr, uploadErr, userErr} {
				assertDiscreet(t, secretsOf(p), err)
				refused = refused || err != nil && strings.Contains(err.Error(), "withheld")
			}
			if !refused {
				t.Errorf("%s: nothing was withheld", cmd.name)
			}
			assertNoSecret(t, secretsOf(p), logged.String())
		}
	}
}

// The whole life of a token, forced ones and failures included, leaves no trace of it in the log.
func TestNoSecretInLogs(t *testing.T) {
	p, clock := newProvider(t), newClock()
	var logged strings.Builder
	store := &faultyStore{}
	c := newClient(t, p, func(o *Options) {
		o.Clock, o.Tokens = clock, store
		o.Logger = funcr.New(func(_, args string) { _, _ = logged.WriteString(args + "\n") }, funcr.Options{Verbosity: 10})
	})
	mustSend(t, c)
	p.then(customSend, refuses(40001, "invalid"))
	mustSend(t, c)
	clock.advance(2*time.Hour - 4*time.Minute)
	p.then(stableToken, refuses(-1, "system error"))
	mustSend(t, c)
	clock.advance(renewPause)
	store.load = errors.New("the store is out of order")
	mustSend(t, c)
	if n := strings.Count(logged.String(), "\n"); n != 3 {
		t.Errorf("%d lines:\n%s", n, logged.String())
	}
	assertNoSecret(t, secretsOf(p), logged.String())
}

func TestNoSecretInPrints(t *testing.T) {
	p := newProvider(t)
	c := newClient(t, p)
	mustSend(t, c)
	token := newToken(p.token, time.Unix(1763848315, 0))
	store := &MemoryTokens{}
	if _, err := store.Store(t.Context(), token, 0); err != nil {
		t.Fatal(err)
	}
	values := []any{
		Secret(testSecret), Options{Secret: testSecret}, &Options{Secret: testSecret}, token, &token, []Token{token},
		struct{ T Token }{token}, struct{ t Token }{token}, struct{ t *Token }{&token}, c, struct{ c *Client }{c},
		struct{ s *MemoryTokens }{store},
	}
	for _, value := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			assertNoSecret(t, secretsOf(p), fmt.Sprintf(verb, value))
		}
		var log strings.Builder
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "value", value)
		assertNoSecret(t, secretsOf(p), log.String())
		log.Reset()
		funcr.New(func(_, args string) { _, _ = log.WriteString(args) }, funcr.Options{}).Info("x", "value", value)
		assertNoSecret(t, secretsOf(p), log.String())
		if text, err := json.Marshal(value); err == nil {
			assertNoSecret(t, secretsOf(p), string(text))
		}
	}
	if got := token.String(); got != "access token until 2025-11-22T21:51:55Z" {
		t.Errorf("got %s", got)
	}
}
