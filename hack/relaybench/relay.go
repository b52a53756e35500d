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

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
	simwechat "github.com/liveroom-io/liveroom-operator/internal/sim/wechat"
)

const (
	// upstream is how long the providers take for an answer.
	upstream = 20 * time.Millisecond
	// relayCustomers write at once, so many texts each after their first one.
	relayCustomers = 200
	relayMessages  = 100
	relayPerSecond = 1000
	// relayPatience bounds the relaying of all of them.
	relayPatience = time.Minute
	// limitTime is how long the pod is watched at IM's limit, with more to do than it
	// can in this time.
	limitTime     = 30 * time.Second
	limitMessages = 40
	limitRate     = 200
	limitShare    = 0.95
)

// crowd is customers who write through pushes of the bench's own making.
type crowd struct {
	outside   *outside
	pod       *process
	generator *generator
	customers int
	written   int // by each of them
}

// write makes every customer write so many more texts, each after the one before is
// accepted, and all customers at once.
func (c *crowd) write(ctx context.Context, messages int) error {
	from := c.written
	all, err := pushes(from*c.customers, messages*c.customers, func(n int) int { return n % c.customers },
		func(n int) string { return fmt.Sprint("q", from+n/c.customers) })
	if err != nil {
		return err
	}
	c.written += messages
	var group sync.WaitGroup
	failures := make([]error, connections)
	for worker := range connections {
		group.Go(func() {
			for n := range messages {
				for customer := worker; customer < c.customers; customer += connections {
					if _, err := c.generator.send(ctx, c.pod.url, all[n*c.customers+customer]); err != nil {
						failures[worker] = err
						return
					}
				}
			}
		})
	}
	group.Wait()
	return errors.Join(failures...)
}

// wrong is how many customers' texts are not with an agent all, once and in order.
func (c *crowd) wrong(messages int) (wrong int) {
	want := numbered("q", messages)
	for customer := range c.customers {
		if !slices.Equal(c.outside.questions(openID(customer)), want) {
			wrong++
		}
	}
	return wrong
}

func numbered(prefix string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprint(prefix, i)
	}
	return all
}

// sent is how many messages IM was asked to take.
func (c *crowd) sent() int { return c.outside.im.Calls("sendmsg") }

// arrive waits until IM was asked to take so many.
func (c *crowd) arrive(ctx context.Context, count int) error {
	return until(ctx, relayPatience, fmt.Sprintf("%d messages are relayed", count), func() (bool, error) { return c.sent() >= count, nil })
}

// gather starts a pod and lets every customer write the first text, after which all
// have an account in IM and an agent.
func (b *bench) gather(ctx context.Context, name string, o *outside, settings podSettings) (*crowd, error) {
	settings.Directory = filepath.Join(b.folder, name)
	pod, err := b.pod(ctx, o, settings)
	if err != nil {
		return nil, err
	}
	c := &crowd{outside: o, pod: pod, generator: newGenerator(), customers: relayCustomers}
	if err = c.write(ctx, 1); err == nil {
		err = c.arrive(ctx, c.customers)
	}
	if err != nil {
		return nil, errors.Join(err, pod.kill())
	}
	return c, nil
}

// relay measures how many messages a second come through, in order per customer,
// while IM takes 20 ms for each and has no limit.
func (b *bench) relay(ctx context.Context) (err error) {
	o, err := newOutside(ctx, func(i *simim.Options, _ *simwechat.Options) { i.RateLimit = -1 })
	if err != nil {
		return err
	}
	defer o.close()
	c, err := b.gather(ctx, "relay", o, podSettings{Unlimited: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.pod.kill()) }()
	count := c.customers * relayMessages
	profiled := b.profile(ctx, c.pod, "relay", time.Duration(count/relayPerSecond)*time.Second/2)
	used, began := c.pod.usage(), time.Now()
	if err := c.write(ctx, relayMessages); err != nil {
		return fmt.Errorf("the texts: %w", err)
	}
	accepted := time.Since(began)
	if err := c.arrive(ctx, count+c.customers); err != nil {
		return err
	}
	elapsed := time.Since(began)
	used = c.pod.usage() - used
	if err := profiled(); err != nil {
		return err
	}
	b.results.Note("relay: texts", fmt.Sprintf("%d of %d customers, accepted after %s, relayed after %s", count, c.customers,
		accepted.Round(time.Millisecond), elapsed.Round(time.Millisecond)))
	b.results.AtLeast("relay: messages per second", float64(count)/elapsed.Seconds(), relayPerSecond, "")
	b.results.Note("relay: pod", fmt.Sprintf("%.0f µs of processor each, accepting included", float64(used.Microseconds())/float64(count)))
	b.results.Note("relay: calls of IM at once", fmt.Sprint(o.im.CallStatistics("sendmsg").MaxConcurrent))
	return b.finish(ctx, "relay", c)
}

// finish checks that everything is with the agents, once and in order, and ends the
// pod.
func (b *bench) finish(ctx context.Context, name string, c *crowd) error {
	// The last calls are counted before they take effect.
	err := until(ctx, 5*time.Second, "the last texts are with the agents", func() (bool, error) { return c.wrong(c.written) == 0, nil })
	if err != nil && ctx.Err() != nil {
		return err
	}
	b.results.Exactly(fmt.Sprintf("%s: customers of %d with lost, repeated or disordered texts", name, c.customers), c.wrong(c.written), 0)
	b.results.Exactly(name+": messages sent more than once", c.sent()-c.written*c.customers, 0)
	memory, err := c.pod.stop()
	b.results.Note(name+": largest memory", fmt.Sprintf("%d MiB", memory>>20))
	return err
}

// limit measures how near the pod comes to IM's limit without a refusal.
func (b *bench) limit(ctx context.Context) (err error) {
	o, err := newOutside(ctx, nil)
	if err != nil {
		return err
	}
	defer o.close()
	c, err := b.gather(ctx, "limit", o, podSettings{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.pod.kill()) }()
	writing := make(chan error, 1)
	go func() { writing <- c.write(ctx, limitMessages) }()
	// From the first one on, and all the time with enough to do.
	if err := c.arrive(ctx, c.customers+1); err != nil {
		return errors.Join(err, <-writing)
	}
	before, began := c.sent(), time.Now()
	if err := errors.Join(pause(ctx, limitTime), <-writing); err != nil {
		return err
	}
	sent, elapsed := c.sent()-before, time.Since(began)
	b.results.AtLeast("limit 200/s: messages per second", float64(sent)/elapsed.Seconds(), limitShare*limitRate, "")
	b.results.AtMost("limit 200/s: calls in the busiest second", float64(o.busiestSecond()), limitRate, "")
	if err := c.arrive(ctx, c.customers*(limitMessages+1)); err != nil {
		return err
	}
	b.results.Exactly("limit 200/s: refusals for frequency", o.refusedForFrequency(), 0)
	return b.finish(ctx, "limit 200/s", c)
}
