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
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	// maxAnswerBytes bounds a JSON answer. The longest one is the list of addresses.
	maxAnswerBytes = 1 << 20
	// idleTimeout is shorter than the usual one of servers and load balancers: a connection that the other side closes
	// just when we write would make an outcome unknown.
	idleTimeout = 30 * time.Second
)

// wire makes one HTTP exchange and says what came of it.
type wire struct {
	endpoint string
	client   *http.Client
	clock    Clock
	metrics  *Metrics
}

// newTransport is the transport used when the caller brings none: kept-alive connections, bounded in every phase.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 3 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout: 3 * time.Second,
		ForceAttemptHTTP2:   true,
		MaxIdleConns:        64,
		MaxIdleConnsPerHost: 64,
		MaxConnsPerHost:     128,
		IdleConnTimeout:     idleTimeout,
	}
}

// newHTTPClient never follows a redirect: it would carry the token to another host, and a POST might become a GET.
func newHTTPClient(transport http.RoundTripper) *http.Client {
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// request is what one attempt sends, beside the access token.
type request struct {
	query url.Values
	// body is nil for none.
	body        io.Reader
	length      int64
	contentType string
	// secrets are texts that no error may quote.
	secrets []string
}

// jsonRequest is a request with a JSON body.
func jsonRequest(body []byte) request {
	return request{body: bytes.NewReader(body), length: int64(len(body)), contentType: "application/json"}
}

// ask makes an exchange whose answer is JSON and returns it when it is a success.
func (w *wire) ask(ctx context.Context, cmd *command, req request) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, cmd.timeout)
	defer cancel()
	response, err := w.do(ctx, cmd, req)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes+1))
	switch {
	case err != nil:
		return nil, w.failed(ctx, cmd, true, harmless(err, req.secrets))
	case len(answer) > maxAnswerBytes:
		return nil, unclear(cmd, fmt.Sprintf("the answer is longer than %d bytes", maxAnswerBytes))
	}
	if err := w.check(cmd, answer, req.secrets); err != nil {
		return nil, err
	}
	return answer, nil
}

// do makes an exchange up to the answer's head, which has status 200, whatever its body says. The caller closes the body.
func (w *wire) do(ctx context.Context, cmd *command, req request) (*http.Response, error) {
	start := time.Now()
	response, written, err := w.send(ctx, cmd, req)
	w.metrics.attempted(cmd, time.Since(start))
	if err != nil {
		return nil, w.failed(ctx, cmd, written, harmless(err, req.secrets))
	}
	if response.StatusCode == http.StatusOK {
		return response, nil
	}
	_ = response.Body.Close()
	return nil, statusError(cmd, response.StatusCode)
}

// send returns the answer's head. written is false when it is certain that nothing left this process.
func (w *wire) send(ctx context.Context, cmd *command, req request) (response *http.Response, written bool, err error) {
	var traced, wrote atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:      func(string) { traced.Store(true) },
		WroteHeaders: func() { wrote.Store(true) },
	})
	target := w.endpoint + cmd.path
	if len(req.query) > 0 {
		target += "?" + req.query.Encode()
	}
	message, err := http.NewRequestWithContext(ctx, cmd.method, target, req.body)
	if err != nil {
		return nil, false, err
	}
	if req.body != nil {
		message.ContentLength = req.length
		message.Header.Set("Content-Type", req.contentType)
	}
	response, err = w.client.Do(message)
	// A transport that does not report its progress is taken to have written.
	return response, !traced.Load() || wrote.Load(), err
}

// failed is the error of an exchange without a complete answer.
func (w *wire) failed(ctx context.Context, cmd *command, written bool, cause error) error {
	switch ended := ctx.Err(); {
	case written && cmd.once:
		// Also when the caller gave up: it has to know that the message may be on its way.
		return &Error{Kind: UnknownOutcome, Command: cmd.name, Info: "no complete answer", Err: cause}
	case errors.Is(ended, context.Canceled):
		return fmt.Errorf("wechat %s: %w", cmd.name, ended)
	default:
		return &Error{Kind: Unavailable, Command: cmd.name, Err: cause}
	}
}

// unclear is the error for an answer that does not tell whether the call was carried out.
func unclear(cmd *command, why string) *Error {
	kind := Unavailable
	if cmd.once {
		kind = UnknownOutcome
	}
	return &Error{Kind: kind, Command: cmd.name, Info: why}
}

// statusError is the error for a status other than 200. WeChat answers every refusal with 200, so this is a gateway or a
// proxy. With most statuses it says that it did not pass the request on; with some nobody knows what happened behind it.
func statusError(cmd *command, status int) *Error {
	info := "HTTP status " + strconv.Itoa(status)
	switch {
	case status == http.StatusTooManyRequests:
		return &Error{Kind: RateLimited, Command: cmd.name, Info: info, RetryAfter: minutePause}
	case status == http.StatusServiceUnavailable:
		return &Error{Kind: Unavailable, Command: cmd.name, Info: info}
	case status == http.StatusRequestEntityTooLarge:
		return &Error{Kind: Invalid, Command: cmd.name, Info: info}
	case status >= 300 && status < 500 && status != http.StatusRequestTimeout:
		return &Error{Kind: Unavailable, Command: cmd.name, Info: info}
	default:
		return unclear(cmd, info)
	}
}

// check finds the refusal in an answer. The answers to some commands have no errcode when they are successes, but the
// answer to a message must: what else has status 200 may come from a portal in between.
func (w *wire) check(cmd *command, answer []byte, secrets []string) error {
	var head struct {
		Code *int   `json:"errcode"`
		Info string `json:"errmsg"`
	}
	switch err := json.Unmarshal(answer, &head); {
	case err != nil:
		return unclear(cmd, "the answer is not understood")
	case head.Code == nil && cmd.once:
		return unclear(cmd, "the answer has no errcode")
	case head.Code == nil || *head.Code == 0:
		return nil
	}
	if holdsSecret(head.Info, secrets) {
		head.Info = withheld
	}
	return refusal(cmd, *head.Code, head.Info, w.clock.Now())
}

const withheld = "the text is withheld because it quotes a secret"

// harmless strips the URL, which carries the token in its query, from an error of net/http.
func harmless(err error, secrets []string) error {
	var withURL *url.Error
	for errors.As(err, &withURL) {
		err = withURL.Err
	}
	if holdsSecret(err.Error(), secrets) {
		return errors.New(withheld)
	}
	return err
}

// secretPart is the length of a piece of a secret that counts as quoting it.
const secretPart = 12

func holdsSecret(s string, secrets []string) bool {
	for _, secret := range secrets {
		for _, form := range []string{secret, url.QueryEscape(secret)} {
			part := min(secretPart, len(form))
			for i := 0; part > 0 && i+part <= len(form); i += part {
				if strings.Contains(s, form[i:i+part]) {
					return true
				}
			}
		}
	}
	return false
}
