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

// Package control calls the cloud API that ends streams and keeps them from coming
// back: of Cloud Streaming Services (CSS) and of TRTC (live contract, sections 4, 5
// and 8).
package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"
	"k8s.io/utils/clock"

	"github.com/liveroom-io/liveroom-operator/internal/im"
)

const (
	// maxAnswerBytes of the API: an answer has some hundreds.
	maxAnswerBytes = 64 << 10
	// callTimeout bounds one attempt.
	callTimeout = 4 * time.Second
	// attempts of a call that may pass, with firstPause between the first two, and twice
	// as long each time.
	attempts   = 3
	firstPause = 200 * time.Millisecond
	// limitMargin is the part of a limit that is used, with bursts of a twentieth of it.
	limitMargin = 0.9
)

// action is a call of the API.
type action struct {
	name, service, version string
	// perSecond is the API's limit.
	perSecond float64
}

// Config of a client.
type Config struct {
	// Endpoint is the base URL without a path, such as https://live.tencentcloudapi.com.
	Endpoint string
	// Region that calls of TRTC name, such as ap-guangzhou. Those of CSS need none.
	Region string
	// Credentials sign every call.
	Credentials Credentials
	// HTTP makes the calls. Nil means one of its own. Redirects are not followed.
	HTTP *http.Client
	// Clock tells when calls are signed, and what waits between them. Nil means the
	// system's.
	Clock clock.Clock
}

// Client calls the API. Its methods may be called concurrently; they respect the
// limits of the API, and repeat what may pass. Errors are *Error.
type Client struct {
	Config

	host     string
	limits   map[string]*rate.Limiter
	patience *patience
}

// New returns a client. The error says what is wrong with the endpoint.
func New(config Config) (*Client, error) {
	base, err := url.Parse(config.Endpoint)
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" || strings.TrimSuffix(config.Endpoint, "/") != base.Scheme+"://"+base.Host {
		return nil, errors.New("the endpoint is no base URL such as https://live.tencentcloudapi.com")
	}
	config.Endpoint = base.Scheme + "://" + base.Host
	var own http.Client
	if config.HTTP != nil {
		own = *config.HTTP
	}
	// A call is signed for one host.
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	config.HTTP = &own
	if config.Clock == nil {
		config.Clock = clock.RealClock{}
	}
	c := &Client{Config: config, host: base.Host, limits: map[string]*rate.Limiter{}, patience: newPatience()}
	for _, a := range actions {
		c.limits[a.name] = rate.NewLimiter(rate.Limit(a.perSecond*limitMargin), max(1, int(a.perSecond/20)))
	}
	return c, nil
}

// call makes a call, and tries again what may pass. Every call may be repeated.
func (c *Client) call(ctx context.Context, a action, parameters, into any) error {
	if a.service == serviceTRTC && c.Region == "" {
		return &Error{Class: im.Invalid, Action: a.name, Info: "the call needs a region"}
	}
	body, err := json.Marshal(parameters)
	if err != nil {
		return &Error{Class: im.Invalid, Action: a.name, Info: "the call cannot be encoded", Err: err}
	}
	for attempt := 1; ; attempt++ {
		if failed := c.turn(ctx, a); failed != nil {
			return failed
		}
		failed := c.attempt(ctx, a, body, into)
		if failed == nil {
			return nil
		}
		if attempt == attempts || !failed.passes() {
			return failed
		}
		pause := firstPause << (attempt - 1)
		select {
		case <-ctx.Done():
			return failed
		case <-c.Clock.After(pause + rand.N(pause/2)): //nolint:gosec // spreads load
		}
	}
}

// turn waits until the limit of an action has room for a call. It does not wait when
// that comes after the context's deadline.
func (c *Client) turn(ctx context.Context, a action) *Error {
	now := c.Clock.Now()
	place := c.limits[a.name].ReserveN(now, 1)
	wait := place.DelayFrom(now)
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < wait {
		place.CancelAt(now)
		return &Error{Class: im.RateLimited, Action: a.name, Info: "no turn before the deadline", RetryAfter: wait}
	}
	if wait == 0 {
		return nil
	}
	select {
	case <-ctx.Done():
		place.CancelAt(c.Clock.Now())
		return &Error{Class: im.RateLimited, Action: a.name, Info: "no turn came", Err: ctx.Err()}
	case <-c.Clock.After(wait):
		return nil
	}
}

// answer is the envelope of every answer.
type answer struct {
	Response json.RawMessage
}

// outcome is what every response may have.
type outcome struct {
	Error *struct{ Code, Message string }
}

// exchange makes one HTTP call.
func (c *Client) exchange(ctx context.Context, a action, body []byte, into any) *Error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Endpoint+"/", bytes.NewReader(body))
	if err != nil {
		return &Error{Class: im.Invalid, Action: a.name, Info: "the call cannot be made", Err: harmless(err)}
	}
	now := c.Clock.Now()
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("X-TC-Action", a.name)
	r.Header.Set("X-TC-Version", a.version)
	r.Header.Set("X-TC-Timestamp", strconv.FormatInt(now.Unix(), 10))
	if a.service == serviceTRTC {
		r.Header.Set("X-TC-Region", c.Region)
	}
	r.Header.Set("Authorization", c.Credentials.authorization(&request{
		method: http.MethodPost, host: c.host, service: a.service, contentType: contentType, body: body, at: now,
	}))
	response, err := c.HTTP.Do(r)
	if err != nil {
		return &Error{Class: im.Unavailable, Action: a.name, Err: harmless(err), unanswered: true}
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes+1))
	switch {
	case err != nil:
		return &Error{Class: im.Unavailable, Action: a.name, Info: "the answer breaks off", Err: harmless(err), unanswered: true}
	case len(data) > maxAnswerBytes:
		return &Error{Class: im.Unavailable, Action: a.name, Info: "the answer is too long"}
	case response.StatusCode != http.StatusOK:
		return &Error{Class: im.Unavailable, Action: a.name, Info: "HTTP " + response.Status, unanswered: true}
	}
	return decode(a.name, data, into)
}

// decode reads an answer.
func decode(name string, data []byte, into any) *Error {
	var envelope answer
	var result outcome
	if json.Unmarshal(data, &envelope) != nil || len(envelope.Response) == 0 || json.Unmarshal(envelope.Response, &result) != nil ||
		result.Error != nil && result.Error.Code == "" {
		return &Error{Class: im.Unavailable, Action: name, Info: "the answer is not one of the API"}
	}
	if refused := result.Error; refused != nil {
		return refusal(name, refused.Code, refused.Message)
	}
	if into != nil && json.Unmarshal(envelope.Response, into) != nil {
		return &Error{Class: im.Unavailable, Action: name, Info: "the answer is not one of this call"}
	}
	return nil
}

// harmless is an error of a call without its URL.
func harmless(err error) error {
	var failed *url.Error
	if errors.As(err, &failed) {
		return failed.Err
	}
	return err
}
