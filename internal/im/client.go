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
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// closePatience is how long Close waits for batches under way before it cuts them short.
const closePatience = 10 * time.Second

// Config describes one application and how to call it.
type Config struct {
	// Endpoint is scheme://host[:port], see RegionEndpoint.
	Endpoint string
	// SDKAppID is the application's number.
	SDKAppID int64
	// Credentials sign the calls; SetCredentials replaces them.
	Credentials Credentials
	// RequestsPerSecond lowers the documented limit of every command to at most this. 0 = the documented limits.
	RequestsPerSecond int
	// Unlimited lifts the limits of all commands, whatever the parts by WebhookPercent and Share. It is for benches and
	// simulators without limits: the real provider refuses what is above them. It leaves no room for RequestsPerSecond.
	Unlimited bool
	// Process is the kind of process that makes the calls. Each command has one kind that makes it, and the other one is
	// refused it; what both make is split by WebhookPercent. Empty = any command, up to its whole limit.
	Process Process
	// WebhookPercent is the part of the limits of commands that both kinds of process make which belongs to the webhook,
	// 1 to 99; the rest belongs to the controller. 0 = DefaultWebhookPercent. Both must be told the same.
	WebhookPercent int
	// Share is the part of its process kind's limits that this client may use, in (0, 1]; 0 = all of it. Replicas that
	// work at the same time split their limits with it. SetShare changes it later.
	Share float64
	// DryRun makes every writing call fail with a DryRunError instead of being made.
	DryRun bool
	// Linger is how long an item of a batched call waits for company when nothing else arrives: at most 20 ms, which
	// is also the default.
	Linger time.Duration
	// Gather is how long it waits at most while others keep arriving: 0 = ten times Linger, never less than Linger.
	Gather time.Duration
	// Transport replaces the client's own HTTP transport; the caller closes it.
	Transport http.RoundTripper
	// Clock replaces the machine's wall clock.
	Clock Clock
	// Metrics is shared by all clients of a process. Nil: this client's figures are not exposed.
	Metrics *Metrics
	// OnThrottle is told the command each time the provider complains about frequency. It must not block.
	OnThrottle func(command string)
	// OnUnauthorized is told each error of class Unauthorized. It must not block.
	OnUnauthorized func(error)

	// sleep makes the pauses between attempts, for tests.
	sleep func(context.Context, time.Duration) error
}

// Client calls the provider for one application. It is safe for concurrent use and meant to live as long as the
// process: connections, limiters and breakers are worth keeping. Call Close when it is not needed any more.
type Client struct {
	calls    caller // all layers
	bare     caller // without dry run, retry and breaker
	keys     *keyring
	clock    *providerClock
	breaking *breaking
	limiting *limiting
	// transport is the client's own one, nil when the caller brought it.
	transport *http.Transport

	groups   *batcher[groupQuery, Group]
	accounts *batcher[string, bool]
	imports  *batcher[NewAccount, struct{}]
	deletes  *batcher[string, struct{}]
	profiles *batcher[profileQuery, Profile]
	presence *batcher[string, OnlineState]

	closing sync.Once
	closed  atomic.Bool
}

// New checks a configuration and makes a client. It does not call the provider.
func New(config Config) (*Client, error) {
	config, err := config.complete()
	if err != nil {
		return nil, fmt.Errorf("im client: %w", err)
	}
	c := &Client{
		keys:  newKeyring(config.SDKAppID, config.Credentials, config.Clock),
		clock: &providerClock{local: config.Clock},
	}
	if config.Transport == nil {
		c.transport = newTransport()
		config.Transport = c.transport
	}
	c.assemble(config)
	c.batch(config)
	return c, nil
}

// complete checks the configuration and fills in the defaults.
func (c Config) complete() (Config, error) {
	endpoint, err := url.Parse(c.Endpoint)
	switch {
	case err != nil:
		// The parser's error quotes the whole text, in which a password might stand.
		return c, errors.New("the endpoint is not a URL")
	case endpoint.Scheme != "http" && endpoint.Scheme != "https" || endpoint.Host == "":
		return c, errors.New("the endpoint must be http://host or https://host, with an optional port")
	case endpoint.User != nil || endpoint.RawQuery != "" || endpoint.Fragment != "" ||
		endpoint.Path != "" && endpoint.Path != "/":
		return c, errors.New("the endpoint must be a scheme, a host and an optional port only")
	case c.SDKAppID <= 0:
		return c, errors.New("the SDKAppID must be a positive number")
	case c.Credentials.Administrator == "" || c.Credentials.SecretKey == "":
		return c, errors.New("the administrator and the secret key must not be empty")
	case c.RequestsPerSecond < 0:
		return c, errors.New("the calls per second must not be negative")
	case c.Unlimited && c.RequestsPerSecond > 0:
		return c, errors.New("the calls per second must not be set when they are unlimited")
	case !(c.Share >= 0 && c.Share <= 1):
		return c, errors.New("the share of the quota must be between 0 and 1")
	case c.Process != "" && c.Process != ProcessController && c.Process != ProcessWebhook:
		return c, errors.New("the kind of process is not known")
	case c.WebhookPercent < 0 || c.WebhookPercent > 99:
		return c, errors.New("the webhook's part of the quota must be 1 to 99 percent")
	}
	c.Endpoint = endpoint.Scheme + "://" + endpoint.Host
	if c.Share == 0 {
		c.Share = 1
	}
	if c.WebhookPercent == 0 {
		c.WebhookPercent = DefaultWebhookPercent
	}
	if c.Linger <= 0 || c.Linger > maxLinger {
		c.Linger = maxLinger
	}
	if c.Gather == 0 {
		c.Gather = gatherFactor * c.Linger
	}
	c.Gather = max(c.Gather, c.Linger)
	if c.sleep == nil {
		c.sleep = sleepFor
	}
	if c.Clock == nil {
		c.Clock = systemClock{}
	}
	if c.Metrics == nil {
		if c.Metrics, err = NewMetrics(nil); err != nil {
			return c, err
		}
	}
	return c, nil
}

// assemble stacks the layers, innermost first.
func (c *Client) assemble(config Config) {
	signed := &signing{keys: c.keys, wire: &wire{
		endpoint: config.Endpoint, sdkAppID: config.SDKAppID, client: newHTTPClient(config.Transport),
		clock: c.clock, metrics: config.Metrics, random: rand.Uint32,
	}}
	c.limiting = newLimiting(signed, config.quota(), config.Share, config.Metrics, config.OnThrottle)
	c.breaking = newBreaking(c.limiting, config.Metrics)
	var inner caller = &retrying{next: c.breaking, attempts: maxAttempts, jitter: rand.Float64, sleep: config.sleep}
	if config.DryRun {
		inner = &dryRun{next: inner}
	}
	measure := func(next caller) caller {
		return &measured{
			next: &allotted{next: next, process: config.Process}, metrics: config.Metrics, onUnauthorized: config.OnUnauthorized, closed: c.closed.Load,
		}
	}
	c.calls = measure(inner)
	c.bare = measure(&retrying{next: c.limiting, attempts: 1, jitter: rand.Float64, sleep: config.sleep})
}

// batch makes the batchers of the calls that take many items.
func (c *Client) batch(config Config) {
	sized := func(cmd *command) func(int) {
		return func(items int) { config.Metrics.batched(cmd, items) }
	}
	c.groups = newBatcher(batching[groupQuery, Group]{
		command: getGroupInfo, linger: config.Linger, gather: config.Gather, sized: sized(getGroupInfo),
		merge: groupQuery.merge, execute: c.readGroups,
	})
	c.profiles = newBatcher(batching[profileQuery, Profile]{
		command: portraitGet, linger: config.Linger, gather: config.Gather, sized: sized(portraitGet),
		merge: func(waiting, _ profileQuery) profileQuery { return waiting }, execute: c.readProfiles,
	})
	c.accounts = newBatcher(batching[string, bool]{
		command: accountCheck, linger: config.Linger, gather: config.Gather, sized: sized(accountCheck),
		merge: func(waiting, _ string) string { return waiting }, execute: c.checkAccounts,
	})
	c.presence = newBatcher(batching[string, OnlineState]{
		command: queryOnlineStatus, linger: config.Linger, gather: config.Gather, sized: sized(queryOnlineStatus),
		merge: func(waiting, _ string) string { return waiting }, execute: c.readOnlineStates,
	})
	c.imports = newBatcher(batching[NewAccount, struct{}]{
		command: multiAccountImport, linger: config.Linger, gather: config.Gather, sized: sized(multiAccountImport),
		execute: c.importAccounts,
	})
	c.deletes = newBatcher(batching[string, struct{}]{
		command: accountDelete, linger: config.Linger, gather: config.Gather, sized: sized(accountDelete),
		execute: c.deleteAccounts,
	})
}

// Close sends what waits, waits for what is under way (at most 10 s, then it is cut short) and closes the client's own
// connections. Calls made afterwards fail with ErrClosed.
func (c *Client) Close() {
	c.closing.Do(func() {
		var draining sync.WaitGroup
		for _, drain := range []func(time.Duration){
			c.groups.close, c.profiles.close, c.accounts.close, c.imports.close, c.deletes.close, c.presence.close,
		} {
			draining.Go(func() { drain(closePatience) })
		}
		draining.Wait()
		c.closed.Store(true)
		c.breaking.close()
		if c.transport != nil {
			c.transport.CloseIdleConnections()
		}
	})
}

// String names nothing, above all no credentials.
func (c *Client) String() string { return "im client" }

// SetCredentials replaces the administrator and the key for all calls from now on. Limiters, breakers and connections
// stay as they are.
func (c *Client) SetCredentials(credentials Credentials) { c.keys.replace(credentials) }

// SetShare changes the part of its process kind's limits that this client may use from now on: above 0, at most 1.
// Anything else is taken as the nearest possible, so that a replica without a part of the work can still make a call
// now and then. A rate that a refusal for frequency has lowered stays lowered in proportion.
func (c *Client) SetShare(share float64) { c.limiting.setShare(share) }

// ProviderTime is the provider's clock in whole seconds, never ahead of it and at most about two seconds behind, as
// estimated from the provider's latest answer. Before the first answer it is the local clock.
func (c *Client) ProviderTime() time.Time { return c.clock.now() }

// Probe proves the credentials with one cheap call, a check of the administrator's own account. It makes exactly one
// HTTP attempt, without a retry and past an open circuit breaker, though it takes a token like every attempt.
func (c *Client) Probe(ctx context.Context) error {
	return ask(ctx, c.bare, accountCheck, checkAccountsQuestion([]string{c.keys.administratorName()}), nil)
}
