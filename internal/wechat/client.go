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
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/time/rate"
)

const (
	// DefaultEndpoint is WeChat's API.
	DefaultEndpoint = "https://api.weixin.qq.com"
	// DefaultRequestsPerSecond is what a client makes without another wish. WeChat documents limits a day and, without
	// figures, a minute.
	DefaultRequestsPerSecond = 100
	// leastShare is the smallest part of the rate that a client can be given.
	leastShare = 1.0 / 256
)

// Clock tells the wall time: for the age of tokens. Pauses and time-outs do not ask it.
type Clock interface{ Now() time.Time }

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

// Options describe one account and how to call WeChat for it.
type Options struct {
	// AppID is the account's.
	AppID string
	// Secret is the AppSecret; SetSecret replaces it.
	Secret Secret
	// Endpoint is scheme://host[:port]. Empty = DefaultEndpoint.
	Endpoint string
	// Tokens is where the replicas share the access token. Nil: this client shares it with nobody.
	Tokens TokenStore
	// RequestsPerSecond bounds the calls of all replicas together, see SetShare. Those for access tokens do not count.
	// 0 = DefaultRequestsPerSecond.
	RequestsPerSecond int
	// Transport replaces the client's own HTTP transport; the caller closes it.
	Transport http.RoundTripper
	// Clock replaces the machine's wall clock.
	Clock Clock
	// Metrics is shared by all clients of a process. Nil: this client's figures are not exposed.
	Metrics *Metrics
	// Logger is told what happens to the access token. The zero Logger discards it.
	Logger logr.Logger
}

// Client calls WeChat for one account. It is safe for concurrent use and meant to live as long as the process:
// connections, limiter and token are worth keeping. It starts no goroutine. Call Close when it is not needed any more.
type Client struct {
	wire    *wire
	tokens  *keeper
	limiter *rate.Limiter
	perSec  int
	metrics *Metrics
	// files loads what WeChat names by a URL of another host.
	files *http.Client
	// transport is the client's own one, nil when the caller brought it.
	transport *http.Transport
}

// New checks the options and makes a client. It does not call WeChat.
func New(options Options) (*Client, error) {
	options, err := options.complete()
	if err != nil {
		return nil, fmt.Errorf("wechat client: %w", err)
	}
	c := &Client{perSec: options.RequestsPerSecond, metrics: options.Metrics}
	if options.Transport == nil {
		c.transport = newTransport()
		options.Transport = c.transport
	}
	c.wire = &wire{
		endpoint: options.Endpoint, client: newHTTPClient(options.Transport), clock: options.Clock, metrics: options.Metrics,
	}
	c.files = newFileClient(options.Transport)
	c.tokens = newKeeper(options.AppID, options.Secret, c.wire, options.Tokens, options.Logger)
	c.limiter = rate.NewLimiter(0, 1)
	c.SetShare(1)
	return c, nil
}

// complete checks the options and fills in the defaults.
func (o Options) complete() (Options, error) {
	if o.Endpoint == "" {
		o.Endpoint = DefaultEndpoint
	}
	endpoint, err := url.Parse(o.Endpoint)
	switch {
	case err != nil:
		// The parser's error quotes the whole text, in which a password might stand.
		return o, errors.New("the endpoint is not a URL")
	case endpoint.Scheme != "http" && endpoint.Scheme != "https" || endpoint.Host == "" || endpoint.User != nil ||
		endpoint.RawQuery != "" || endpoint.Fragment != "" || endpoint.Path != "" && endpoint.Path != "/":
		return o, errors.New("the endpoint must be http://host or https://host, with an optional port")
	case o.AppID == "":
		return o, errors.New("the AppID must not be empty")
	case o.Secret == "":
		return o, errors.New("the AppSecret must not be empty")
	case o.RequestsPerSecond < 0:
		return o, errors.New("the requests per second must not be negative")
	}
	o.Endpoint = endpoint.Scheme + "://" + endpoint.Host
	if o.RequestsPerSecond == 0 {
		o.RequestsPerSecond = DefaultRequestsPerSecond
	}
	if o.Tokens == nil {
		o.Tokens = &MemoryTokens{}
	}
	if o.Clock == nil {
		o.Clock = systemClock{}
	}
	if o.Metrics == nil {
		if o.Metrics, err = NewMetrics(nil); err != nil {
			return o, err
		}
	}
	return o, nil
}

// Close closes the client's own idle connections.
func (c *Client) Close() {
	if c.transport != nil {
		c.transport.CloseIdleConnections()
	}
}

// String names nothing, above all no credentials.
func (c *Client) String() string { return "wechat client" }

// SetSecret replaces the AppSecret for all requests from now on. Token, limiter and connections stay as they are, and a
// failure of the old one is forgotten.
func (c *Client) SetSecret(secret Secret) { c.tokens.setSecret(secret) }

// SetShare changes the part of RequestsPerSecond that this client may use from now on: above 0, at most 1. Anything else
// is taken as the nearest possible. Replicas that work at the same time split the rate with it.
func (c *Client) SetShare(share float64) {
	if !(share >= leastShare) { // also what is no number
		share = leastShare
	}
	limit := float64(c.perSec) * min(share, 1)
	c.limiter.SetLimit(rate.Limit(limit))
	c.limiter.SetBurst(max(1, int(math.Ceil(limit/10))))
}

// Probe proves the credentials with one request for the access token, without forcing a new one. What it brings is shared
// and used from then on.
func (c *Client) Probe(ctx context.Context) error {
	err := c.tokens.probe(ctx)
	c.metrics.called(stableToken, err)
	return err
}

// call counts one call of a command and makes it with an access token, once more with another one if the first is refused.
func (c *Client) call(ctx context.Context, cmd *command, attempt func(ctx context.Context, token string) error) error {
	err := c.authorized(ctx, cmd, attempt)
	c.metrics.called(cmd, err)
	return err
}

func (c *Client) authorized(ctx context.Context, cmd *command, attempt func(ctx context.Context, token string) error) error {
	if err := c.wait(ctx, cmd); err != nil {
		return err
	}
	token, err := c.tokens.current(ctx)
	if err != nil {
		return err
	}
	if err = attempt(ctx, token); !isStale(err) {
		return err
	}
	if err := c.wait(ctx, cmd); err != nil {
		return err
	}
	if token, err = c.tokens.replace(ctx, token); err != nil {
		return err
	}
	return attempt(ctx, token)
}

// wait takes a token of the bucket. A caller whose deadline would pass first is told at once.
func (c *Client) wait(ctx context.Context, cmd *command) error {
	switch err := c.limiter.Wait(ctx); {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("wechat %s: %w", cmd.name, ctx.Err())
	default:
		return &Error{
			Kind: RateLimited, Command: cmd.name, RetryAfter: time.Second,
			Info: "the calls that wait already would take longer than this one may",
		}
	}
}

// askWithToken makes a call whose answer is JSON. Each attempt makes its request anew.
func (c *Client) askWithToken(ctx context.Context, cmd *command, query url.Values, body []byte) (answer []byte, err error) {
	err = c.call(ctx, cmd, func(ctx context.Context, token string) error {
		var req request
		if body != nil {
			req = jsonRequest(body)
		}
		req.authorize(query, token)
		answer, err = c.wire.ask(ctx, cmd, req)
		return err
	})
	if err != nil {
		return nil, err
	}
	return answer, nil
}

// authorize puts the token beside the other parameters.
func (r *request) authorize(query url.Values, token string) {
	r.query = url.Values{"access_token": {token}}
	for name, values := range query {
		r.query[name] = values
	}
	r.secrets = []string{token}
}

// invalid is the error for a request that is not even sent.
func invalid(cmd *command, why string) error {
	return &Error{Kind: Invalid, Command: cmd.name, Info: why}
}
