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

package testenv

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Counter counts the requests of the clients that use it as their transport's
// wrapper. A request counts when it is sent, whatever is answered, since the
// API server's work begins there.
type Counter struct {
	mu     sync.Mutex
	counts Counts
}

// NewCounter returns a counter at zero, for clients that are not made from an
// environment's Config.
func NewCounter() *Counter { return &Counter{counts: Counts{}} }

// Wrap counts what passes through a transport: the value for
// rest.Config.WrapTransport. client-go calls it innermost, where the headers
// are final.
func (c *Counter) Wrap(next http.RoundTripper) http.RoundTripper {
	return counted{counter: c, next: next}
}

type counted struct {
	counter *Counter
	next    http.RoundTripper
}

// RoundTrip counts the call and passes it on.
func (c counted) RoundTrip(call *http.Request) (*http.Response, error) {
	if request, ok := describe(call); ok {
		c.counter.mu.Lock()
		c.counter.counts[request]++
		c.counter.mu.Unlock()
	}
	return c.next.RoundTrip(call)
}

// WrappedRoundTripper lets client-go reach the transport below, to close its
// idle connections for one.
func (c counted) WrappedRoundTripper() http.RoundTripper { return c.next }

// Snapshot returns a copy of all counts so far.
func (c *Counter) Snapshot() Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.counts)
}

// Since returns what was counted after an earlier snapshot.
func (c *Counter) Since(earlier Counts) Counts {
	counts := c.Snapshot()
	for request, before := range earlier {
		counts[request] -= before
		if counts[request] == 0 {
			delete(counts, request)
		}
	}
	return counts
}

// Counts says how often each request was made. The methods that select return a
// new value and can be chained:
//
//	before := env.Requests().Snapshot()
//	...
//	env.Requests().Since(before).By("manager").In(namespace).Writes().Total()
type Counts map[Request]int

// Writes selects what changes objects other than events and leases.
func (c Counts) Writes() Counts { return c.ofKind(write) }

// Events selects the writes of events.
func (c Counts) Events() Counts { return c.ofKind(event) }

// Leases selects the writes of leases, which leader election makes all the time.
func (c Counts) Leases() Counts { return c.ofKind(lease) }

// Reads selects everything else: gets, lists, watches, dry runs, access reviews.
func (c Counts) Reads() Counts { return c.ofKind(read) }

func (c Counts) ofKind(wanted kind) Counts {
	return c.where(func(request Request) bool { return request.kind() == wanted })
}

// By selects one user agent, with what is derived from it: client-go appends the
// purpose after a slash for leader election.
func (c Counts) By(userAgent string) Counts {
	return c.where(func(request Request) bool {
		return request.UserAgent == userAgent || strings.HasPrefix(request.UserAgent, userAgent+"/")
	})
}

// In selects one namespace.
func (c Counts) In(namespace string) Counts {
	return c.where(func(request Request) bool { return request.Namespace == namespace })
}

// Of selects one resource by its plural name, with its subresources.
func (c Counts) Of(resource string) Counts {
	return c.where(func(request Request) bool { return request.Resource == resource })
}

func (c Counts) where(keep func(Request) bool) Counts {
	selected := Counts{}
	for request, count := range c {
		if keep(request) {
			selected[request] = count
		}
	}
	return selected
}

// Total adds all counts up.
func (c Counts) Total() int {
	total := 0
	for _, count := range c {
		total += count
	}
	return total
}

// String lists the counts one a line, sorted, for the message of a failed test.
func (c Counts) String() string {
	lines := make([]string, 0, len(c))
	for request, count := range c {
		resource := request.Resource
		if request.Group != "" {
			resource += "." + request.Group
		}
		if request.Subresource != "" {
			resource += "/" + request.Subresource
		}
		lines = append(lines, fmt.Sprintf("%s %s namespace=%q by %q: %d",
			request.Verb, resource, request.Namespace, request.UserAgent, count))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
