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
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const (
	// attemptTimeout bounds one HTTP exchange. The provider's own limit is 3 s, so whoever waits longer waits for
	// nothing.
	attemptTimeout = 5 * time.Second
	// maxAnswerBytes bounds an answer; the provider's own limit for groups is 1 MB.
	maxAnswerBytes = 4 << 20
	// idleTimeout is shorter than the usual one of servers and load balancers: a connection that the other side closes
	// just when we write would make an outcome unknown.
	idleTimeout = 30 * time.Second
)

// wire makes one HTTP exchange and says what came of it.
type wire struct {
	endpoint string
	sdkAppID int64
	client   *http.Client
	clock    *providerClock
	metrics  *Metrics
	// random returns the number that identifies a request in the provider's logs. It is not an idempotency key.
	random func() uint32
}

// newTransport is the transport used when the caller brings none: kept-alive connections, bounded in every phase.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 3 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout: 3 * time.Second,
		ForceAttemptHTTP2:   true,
		MaxIdleConns:        128,
		MaxIdleConnsPerHost: 64,
		MaxConnsPerHost:     128,
		IdleConnTimeout:     idleTimeout,
	}
}

// newHTTPClient never follows a redirect: it would carry the UserSig to another host, and a POST might become a GET.
func newHTTPClient(transport http.RoundTripper) *http.Client {
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// post sends the request as the given identity. Its error is a *failure.
func (w *wire) post(ctx context.Context, req request, as identity) ([]byte, error) {
	start := time.Now()
	status, answer, sent, err := w.exchange(ctx, req, as)
	took := time.Since(start)
	w.metrics.attempted(req.command, took)

	var f *failure
	switch {
	case err != nil && ctx.Err() != nil:
		// The caller's context ended, not our own time-out.
		f = &failure{err: gaveUp(req.command, ctx.Err()), verdict: verdict{maybeDone: sent}, sent: sent, silent: true}
	case err != nil:
		f = &failure{
			err:     &Error{Class: Unavailable, Command: req.command.name, Err: harmless(err, as)},
			verdict: verdict{class: Unavailable, again: backoff, maybeDone: sent},
			sent:    sent,
		}
	case status == http.StatusTooManyRequests:
		f = &failure{
			err:     &Error{Class: RateLimited, Command: req.command.name, Info: "HTTP status 429", RetryAfter: time.Second},
			verdict: tooFrequent,
			sent:    true,
		}
	case status != http.StatusOK:
		// The provider answers every refusal with 200, so this is a gateway: what happened behind it is not known.
		f = unclear(req.command, "HTTP status "+strconv.Itoa(status))
	default:
		f = checkAnswer(req.command, answer)
	}
	if f == nil {
		return answer, nil
	}
	f.took = took
	return nil, withoutSecret(f, as)
}

// exchange returns the HTTP status and the body. sent is false when it is certain that nothing was written.
func (w *wire) exchange(ctx context.Context, req request, as identity) (status int, answer []byte, sent bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	var traced, wrote atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:      func(string) { traced.Store(true) },
		WroteHeaders: func() { wrote.Store(true) },
	})
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url(req, as), bytes.NewReader(req.body))
	if err != nil {
		return 0, nil, false, err
	}
	post.Header.Set("Content-Type", "application/json")
	// A transport that does not report its progress is taken to have written.
	unsent := func() bool { return traced.Load() && !wrote.Load() }

	response, err := w.client.Do(post)
	if err != nil {
		return 0, nil, !unsent(), err
	}
	defer response.Body.Close()
	w.clock.observe(response.Header.Get("Date"))
	answer, err = io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes+1))
	if err != nil {
		return 0, nil, true, err
	}
	if len(answer) > maxAnswerBytes {
		return 0, nil, true, fmt.Errorf("the answer is longer than %d bytes", maxAnswerBytes)
	}
	return response.StatusCode, answer, true, nil
}

func (w *wire) url(req request, as identity) string {
	query := url.Values{
		"sdkappid":    {strconv.FormatInt(w.sdkAppID, 10)},
		"identifier":  {as.administrator},
		"usersig":     {as.userSig},
		"random":      {strconv.FormatUint(uint64(w.random()), 10)},
		"contenttype": {"json"},
	}
	maps.Copy(query, req.parameters)
	return w.endpoint + req.command.path() + "?" + query.Encode()
}

// harmless strips the URL, which carries the UserSig in its query, from an error of net/http.
func harmless(err error, as identity) error {
	var withURL *url.Error
	for errors.As(err, &withURL) {
		err = withURL.Err
	}
	if holdsSecret(err.Error(), as) {
		return errors.New("the HTTP exchange failed; its error is withheld because it quotes the signature")
	}
	return err
}

// withoutSecret makes sure that no text of the provider, or of something between it and us, carries our signature on.
func withoutSecret(f *failure, as identity) *failure {
	if e, ok := AsError(f.err); ok && holdsSecret(e.Info, as) {
		clean := *e
		clean.Info = "the text of the answer is withheld because it quotes the signature"
		f.err = &clean
	}
	return f
}

// secretPart is the length of a piece of a UserSig that counts as quoting it.
const secretPart = 24

func holdsSecret(s string, as identity) bool {
	for _, form := range []string{as.userSig, url.QueryEscape(as.userSig)} {
		for i := 0; i+secretPart <= len(form); i += secretPart {
			if strings.Contains(s, form[i:i+secretPart]) {
				return true
			}
		}
	}
	return false
}
