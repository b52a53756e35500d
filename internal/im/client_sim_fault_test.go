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

package im_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/im"
	imsim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

func TestClosedFeatures(t *testing.T) {
	_, c := simulate(t, imsim.Options{ClosedFeatures: []imsim.Feature{
		imsim.FeatureOnlineMembers, imsim.FeatureBan, imsim.FeatureAccountDeletion,
	}})
	ctx := t.Context()
	importAll(t, c, "alice")
	must(t, c.CreateGroup(ctx, im.NewGroup{ID: "live", Type: im.GroupTypeAVChatRoom, Name: "n"}))
	_, err := c.LiveAdministrators(ctx, "live")
	want(t, im.NotPermitted, err)
	want(t, im.NotPermitted, c.SetLiveAdministrators(ctx, "live", []string{"alice"}, true))
	_, err = c.Bans(ctx, "live")
	want(t, im.NotPermitted, err)
	want(t, im.NotPermitted, c.Ban(ctx, "live", []string{"alice"}, time.Hour))
	want(t, im.NotPermitted, c.DeleteAccount(ctx, "alice"))
}

func TestFaults(t *testing.T) {
	create := func(ctx context.Context, c *im.Client) error {
		return c.CreateGroup(ctx, im.NewGroup{ID: "g", Type: im.GroupTypeAVChatRoom, Name: "n"})
	}
	destroy := func(ctx context.Context, c *im.Client) error { return c.DestroyGroup(ctx, "there") }
	tests := map[string]struct {
		fault imsim.Fault
		call  func(context.Context, *im.Client) error
		class im.Class
		calls int
		// exists says of which groups there are afterwards.
		exists map[string]bool
	}{
		"create, reset after commit": {
			imsim.Fault{Command: "create_group", Reset: imsim.ResetAfterCommit, Times: 1}, create, im.UnknownOutcome, 1,
			map[string]bool{"g": true, "there": true},
		},
		"create, reset before commit": {
			imsim.Fault{Command: "create_group", Reset: imsim.ResetBeforeCommit, Times: 1}, create, im.UnknownOutcome, 1,
			map[string]bool{"g": false, "there": true},
		},
		"create, internal error after commit": {
			imsim.Fault{Command: "create_group", Code: 10002, Commit: true, Times: 1}, create, im.UnknownOutcome, 1,
			map[string]bool{"g": true, "there": true},
		},
		"create, bad gateway": {
			imsim.Fault{Command: "create_group", HTTPStatus: 502, Times: 1}, create, im.UnknownOutcome, 1,
			map[string]bool{"g": false, "there": true},
		},
		"create, frequency": {
			imsim.Fault{Command: "create_group", Code: 60007, Times: 2}, create, "", 3,
			map[string]bool{"g": true, "there": true},
		},
		"create, stale UserSig": {
			imsim.Fault{Command: "create_group", Code: 70001, Times: 1}, create, "", 2,
			map[string]bool{"g": true, "there": true},
		},
		"create, frequency for good": {
			imsim.Fault{Command: "create_group", Code: 60011}, create, im.RateLimited, 3,
			map[string]bool{"g": false, "there": true},
		},
		"destroy, reset after commit": {
			imsim.Fault{Command: "destroy_group", Reset: imsim.ResetAfterCommit, Times: 1}, destroy, "", 2,
			map[string]bool{"there": false},
		},
		"destroy, time-out of the service after commit": {
			imsim.Fault{Command: "destroy_group", Code: 60008, Commit: true, Times: 1}, destroy, "", 2,
			map[string]bool{"there": false},
		},
		"destroy, bad gateway for good": {
			imsim.Fault{Command: "destroy_group", HTTPStatus: 502}, destroy, im.Unavailable, 3,
			map[string]bool{"there": true},
		},
		"destroy, slow answer": {
			imsim.Fault{Command: "destroy_group", SlowAnswer: 200 * time.Millisecond}, destroy, "", 1,
			map[string]bool{"there": false},
		},
		"plan used up": {
			imsim.Fault{Command: "create_group", Code: 10036}, create, im.QuotaExceeded, 1,
			map[string]bool{"g": false, "there": true},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim, c := simulate(t, imsim.Options{})
			must(t, c.CreateGroup(t.Context(), im.NewGroup{ID: "there", Type: im.GroupTypeAVChatRoom, Name: "n"}))
			sim.ResetCounters()
			if _, err := sim.InjectFault(test.fault); err != nil {
				t.Fatal(err)
			}
			want(t, test.class, test.call(t.Context(), c))
			if got := sim.Calls(test.fault.Command); got != test.calls {
				t.Errorf("%d calls, want %d", got, test.calls)
			}
			sim.ClearFaults()
			for id, want := range test.exists {
				_, err := c.Group(t.Context(), id, nil)
				if (err == nil) != want || err != nil && !im.IsNotFound(err) {
					t.Errorf("%s exists: %v, want %v", id, err, want)
				}
			}
		})
	}
}

func TestCallerLeavesASlowProvider(t *testing.T) {
	sim, c := simulate(t, imsim.Options{})
	if _, err := sim.InjectFault(imsim.Fault{Command: "*", Latency: time.Minute}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.DestroyGroup(ctx, "g") }()
	for sim.Calls("destroy_group") == 0 {
		select {
		case err := <-ended:
			t.Fatalf("it ended early: %v", err)
		case <-time.After(time.Millisecond):
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) || im.ClassOf(err) != "" {
		t.Errorf("got %v", err)
	}
}

func TestKeyRotation(t *testing.T) {
	const other = "0000000000000000000000000000000000000000000000000000000000000000"
	var unauthorized []error
	sim, c := simulate(t, imsim.Options{LockAfterFailures: 4}, func(config *im.Config) {
		config.OnUnauthorized = func(err error) { unauthorized = append(unauthorized, err) }
	})
	ctx := t.Context()
	must(t, c.Probe(ctx))
	sim.SetSecretKey(other)
	sim.ResetCounters()
	want(t, im.Unauthorized, c.Probe(ctx))
	want(t, im.Unauthorized, c.DestroyGroup(ctx, "g"))
	if got := sim.Calls("account_check") + sim.Calls("destroy_group"); got != 2 || len(unauthorized) != 2 {
		t.Errorf("%d calls and %d reports, want one each", got, len(unauthorized))
	}
	c.SetCredentials(im.Credentials{Administrator: admin, SecretKey: other})
	must(t, c.Probe(ctx))
	must(t, c.DestroyGroup(ctx, "g"))

	// Too many wrong signatures lock the administrator out for a minute.
	sim.SetSecretKey(key)
	for range 4 {
		want(t, im.Unauthorized, c.Probe(ctx))
	}
	err := c.Probe(ctx)
	if e, ok := im.AsError(err); !ok || e.Code != 70050 || e.RetryAfter != time.Minute {
		t.Errorf("got %v", err)
	}
}

func TestWrongIdentities(t *testing.T) {
	tests := map[string]struct {
		change func(*im.Config)
		code   int
	}{
		"wrong key":            {func(c *im.Config) { c.Credentials.SecretKey = "wrong" }, 70009},
		"not an administrator": {func(c *im.Config) { c.Credentials.Administrator = "alice" }, 60010},
		"other application":    {func(c *im.Config) { c.SDKAppID++ }, 70020},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, c := simulate(t, imsim.Options{}, test.change)
			err := c.Probe(t.Context())
			if e, ok := im.AsError(err); !ok || e.Class != im.Unauthorized || e.Code != test.code {
				t.Errorf("got %v, want code %d", err, test.code)
			}
		})
	}
}

func TestDryRunAgainstTheSimulator(t *testing.T) {
	sim, c := simulate(t, imsim.Options{}, func(config *im.Config) { config.DryRun = true })
	err := c.CreateGroup(t.Context(), im.NewGroup{ID: "g", Type: im.GroupTypeAVChatRoom, Name: "n"})
	if !im.IsDryRun(err) || sim.Calls("create_group") != 0 {
		t.Errorf("got %v after %d calls", err, sim.Calls("create_group"))
	}
	if exists, err := c.AccountExists(t.Context(), admin); !exists || err != nil {
		t.Errorf("got %v, %v", exists, err)
	}
}

// Many rooms at once: reads travel together, and nothing is refused for frequency.
func TestUnderLoad(t *testing.T) {
	const rooms = 250
	sim, c := simulate(t, imsim.Options{}, func(config *im.Config) { config.Linger = 0 })
	start := time.Now()
	var wait sync.WaitGroup
	for i := range rooms {
		wait.Go(func() {
			id := fmt.Sprint("room", i)
			if _, err := c.Group(t.Context(), id, []string{"level"}); !im.IsNotFound(err) {
				t.Errorf("%s: %v", id, err)
			}
			if err := c.CreateGroup(t.Context(), im.NewGroup{ID: id, Type: im.GroupTypeAVChatRoom, Name: id}); err != nil {
				t.Errorf("%s: %v", id, err)
			}
			group, err := c.Group(t.Context(), id, nil)
			if err != nil || group.Name != id {
				t.Errorf("%s: %+v, %v", id, group, err)
			}
		})
	}
	wait.Wait()
	took := time.Since(start)
	if got := sim.Calls("create_group"); got != rooms {
		t.Errorf("%d calls for %d rooms", got, rooms)
	}
	if got := sim.Calls("get_group_info"); got > rooms/10 {
		t.Errorf("%d reads, want at most one for ten rooms", got)
	}
	if refusals := sim.Refusals(); len(refusals) != 0 {
		t.Errorf("refused: %v", refusals)
	}
	if took < time.Second {
		t.Errorf("took %s, the limit alone takes 1.25 s", took)
	}
	t.Logf("%d rooms in %s with %d reads", rooms, took, sim.Calls("get_group_info"))
}

func TestAdaptsToAFasterClientThanAllowed(t *testing.T) {
	throttled := 0
	var mu sync.Mutex
	sim, c := simulate(t, imsim.Options{RateLimit: 20, Burst: 5}, func(config *im.Config) {
		config.OnThrottle = func(string) { mu.Lock(); throttled++; mu.Unlock() }
	})
	importAll(t, c, "alice")
	var wait sync.WaitGroup
	for i := range 30 {
		wait.Go(func() {
			err := c.DestroyGroup(t.Context(), fmt.Sprint("g", i))
			if err != nil && !im.IsRateLimited(err) {
				t.Error(err)
			}
			if e, ok := im.AsError(err); ok && e.RetryAfter == 0 {
				t.Errorf("no advice when to try again: %v", err)
			}
		})
	}
	wait.Wait()
	if throttled == 0 || len(sim.Refusals()) == 0 {
		t.Errorf("throttled %d times, refused %v", throttled, sim.Refusals())
	}
}
