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

package application

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/im"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

// connect gives the application a client of a simulated IM.
func (p *pass) connect(t *testing.T) *simim.Simulator {
	t.Helper()
	const key = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
	sim := simim.New(simim.Options{SDKAppID: p.app.SDKAppID, SecretKey: key})
	server, transport := httptest.NewServer(sim), &http.Transport{}
	client, err := im.New(im.Config{
		Endpoint: server.URL, SDKAppID: p.app.SDKAppID, Transport: transport, Process: im.ProcessWebhook,
		Credentials: im.Credentials{Administrator: "administrator", SecretKey: key},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.Close()
		transport.CloseIdleConnections()
		server.Close()
		sim.Close()
	})
	p.app.Client = client
	return sim
}

// The list of IM's addresses is read once an hour, and again soon after it could
// not be read. Until it was read once, nothing is let in.
func TestSources(t *testing.T) {
	p := newPass()
	expect := func(want []netip.Prefix, again time.Duration, waiting string) {
		t.Helper()
		got, in, why := p.sources(t.Context(), p.app)
		if !reflect.DeepEqual(got, want) || in != again || !strings.Contains(why, waiting) || (why == "") != (waiting == "") {
			t.Errorf("got  %v again in %s, waiting: %q\nwant %v again in %s, waiting: %q", got, in, why, want, again, waiting)
		}
		if got == nil {
			t.Error("nil lets everything in")
		}
	}
	expect([]netip.Prefix{}, retryAddresses, "once the ImApp is Authenticated")

	sim := p.connect(t)
	const list = "ConfigSvc/GetIPList"
	fail := func() {
		t.Helper()
		if _, err := sim.InjectFault(simim.Fault{Command: list, Code: 60017}); err != nil {
			t.Fatal(err)
		}
	}
	fail()
	expect([]netip.Prefix{}, retryAddresses, "could not be read")
	sim.ClearFaults()
	known, _, _ := p.sources(t.Context(), p.app)
	if len(known) == 0 {
		t.Fatal("no addresses")
	}
	calls := sim.Calls(list)
	p.at(20 * time.Minute)
	expect(known, 40*time.Minute, "")
	if sim.Calls(list) != calls {
		t.Error("the list was read again within the hour")
	}
	// A list that was read serves on, however long IM does not answer.
	fail()
	p.at(5 * time.Hour)
	expect(known, retryAddresses, "")
	p.app.Client = nil
	expect(known, retryAddresses, "")
	// An application that was removed is a new one when it comes back.
	p.lists.forget(appKey)
	expect([]netip.Prefix{}, retryAddresses, "once the ImApp is Authenticated")
}
