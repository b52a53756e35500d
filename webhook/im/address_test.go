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
	"net/http"
	"net/netip"
	"testing"

	"github.com/liveroom-io/liveroom-operator/webhook/directory"
	"github.com/liveroom-io/liveroom-operator/webhook/event"
)

func forwarded(values ...string) func(*request) {
	return func(r *request) { r.header["X-Forwarded-For"] = values }
}

// Callbacks come over loopback here: the peer is 127.0.0.1.
func TestSourceAddresses(t *testing.T) {
	for name, c := range map[string]struct {
		sources, proxies []netip.Prefix
		forwarded        []string
		admitted         bool
	}{
		"any":                                         {nil, nil, nil, true},
		"any, whatever is claimed":                    {nil, admitting("127.0.0.0/8"), []string{"10.0.0.1"}, true},
		"the peer":                                    {admitting("127.0.0.1/32"), nil, nil, true},
		"the peer's block, among others":              {admitting("183.192.202.0/25", "127.0.0.0/8"), nil, nil, true},
		"another one":                                 {admitting("127.0.0.2/32"), nil, nil, false},
		"none is known yet":                           {admitting(), nil, nil, false},
		"a claim of nobody that is trusted":           {admitting("183.192.202.0/25"), nil, []string{"183.192.202.5"}, false},
		"a claim does not hide the peer":              {admitting("127.0.0.1/32"), nil, []string{"10.0.0.1"}, true},
		"by a trusted proxy":                          {admitting("183.192.202.0/25"), admitting("127.0.0.1/32"), []string{"183.192.202.5"}, true},
		"by a trusted proxy from elsewhere":           {admitting("183.192.202.0/25"), admitting("127.0.0.1/32"), []string{"183.192.202.200"}, false},
		"a trusted proxy that does not tell":          {admitting("183.192.202.0/25"), admitting("127.0.0.1/32"), nil, false},
		"a trusted proxy that is a source":            {admitting("127.0.0.1/32"), admitting("127.0.0.1/32"), nil, true},
		"only the last hop counts":                    {admitting("183.192.202.0/25"), admitting("127.0.0.1/32"), []string{"183.192.202.5, 10.0.0.1"}, false},
		"what comes before it is not believed":        {admitting("183.192.202.0/25"), admitting("127.0.0.1/32"), []string{"10.0.0.1, 183.192.202.5"}, true},
		"two trusted proxies":                         {admitting("183.192.202.0/25"), admitting("127.0.0.1/32", "10.0.0.0/8"), []string{"183.192.202.5, 10.0.0.1"}, true},
		"two trusted proxies, in two headers":         {admitting("183.192.202.0/25"), admitting("127.0.0.1/32", "10.0.0.0/8"), []string{"183.192.202.5", "10.0.0.1"}, true},
		"a stranger between them":                     {admitting("183.192.202.0/25"), admitting("127.0.0.1/32", "10.0.0.0/8"), []string{"183.192.202.5, 11.0.0.1, 10.0.0.1"}, false},
		"nothing but trusted proxies":                 {admitting("183.192.202.0/25"), admitting("127.0.0.1/32", "10.0.0.0/8"), []string{"10.0.0.2, 10.0.0.1"}, false},
		"no address":                                  {admitting("183.192.202.0/25"), admitting("127.0.0.1/32"), []string{"unknown"}, false},
		"no address, before one":                      {admitting("183.192.202.0/25"), admitting("127.0.0.1/32"), []string{"unknown, 183.192.202.5"}, true},
		"an address of version 4 written as 6":        {admitting("183.192.202.0/25"), admitting("127.0.0.1/32"), []string{"::ffff:183.192.202.5"}, true},
		"an address of version 6":                     {admitting("2402:4e00::/32"), admitting("127.0.0.1/32"), []string{"2402:4e00::1"}, true},
		"an address of version 6 that is another one": {admitting("2402:4e00::/32"), admitting("127.0.0.1/32"), []string{"2402:4e01::1"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.handler.Proxies = c.proxies
			s.handler.Directory.PutApp(application(func(app *directory.App) { app.Sources = c.sources }))
			r := callback(joined, forwarded(c.forwarded...))
			if c.admitted {
				s.accepts(r)
				same(t, "written", s.book.written(t), []event.Event{*about(event.Joined, count(1))})
				return
			}
			if a := s.send(r); a.status != http.StatusForbidden || a.body != `{"ActionStatus":"FAIL","ErrorInfo":"address","ErrorCode":403}` {
				t.Errorf("answered %d %s", a.status, a.body)
			}
			s.unchanged(RejectedAddress, 1)
		})
	}
}

func TestSourceOfAnUnreadablePeer(t *testing.T) {
	s := newStage(t)
	if got := s.handler.source(&http.Request{RemoteAddr: "@"}); got.IsValid() {
		t.Errorf("got %s", got)
	}
	app := application(func(app *directory.App) { app.Sources = admitting("0.0.0.0/0", "::/0") })
	if app.Admits(netip.Addr{}) {
		t.Error("an unknown address is admitted")
	}
}
