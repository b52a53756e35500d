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
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

func (h *harness) inject(fault im.Fault) {
	h.t.Helper()
	if _, err := h.sim.InjectFault(fault); err != nil {
		h.t.Fatal(err)
	}
}

const createLive = `{"Type":"AVChatRoom","Name":"n","GroupId":"g"}`

func TestFaultsAnswerCodes(t *testing.T) {
	h := newHarness(t)
	h.inject(im.Fault{Command: "create_group", Times: 2, Code: 10002, Info: "internal"})
	h.inject(im.Fault{Command: "*", Match: "needle", Code: 60008})
	h.play(
		step{groups + "create_group", createLive, "10002"},
		step{probe, `{"a":"needle"}`, "60008"},
		step{groups + "create_group", createLive, "10002"},
		step{groups + "create_group", createLive, `{"GroupId":"g"}`},
		step{probe, `{"a":"needle"}`, "60008"},
	)
	h.sim.ClearFaults()
	h.play(step{probe, `{"a":"needle"}`, `{"IPList":["203.0.113.7","198.51.100.0/25"],"ErrorInfo":null}`})

	h.inject(im.Fault{Command: groups + "destroy_group", Times: 1, Code: 10002, Commit: true})
	h.play(
		step{groups + "destroy_group", `{"GroupId":"g"}`, "10002"}, // done all the same
		step{groups + "destroy_group", `{"GroupId":"g"}`, "10010"},
	)
}

func TestFaultsComeAfterCredentialsAndLimit(t *testing.T) {
	h := newHarness(t, func(o *im.Options) { o.RateLimit = 1 })
	h.inject(im.Fault{Command: "*", Times: 1, Code: 10002})
	if got := h.callAs(testAdmin, "bad", probe, `{}`); got != "70003" {
		t.Errorf("bad credentials: %s", got)
	}
	h.refused(10002, probe, `{}`)
	h.refused(60011, probe, `{}`)
}

func TestConnectionResets(t *testing.T) {
	tests := map[string]struct {
		reset im.Reset
		made  bool
	}{
		"before commit": {im.ResetBeforeCommit, false},
		"after commit":  {im.ResetAfterCommit, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			h.inject(im.Fault{Command: "create_group", Times: 1, Reset: test.reset})
			_, _, _, err := h.post(groups+"create_group", h.query(), createLive)
			if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
				t.Errorf("the client saw %v, want a reset", err)
			}
			if _, made := h.sim.Group("g"); made != test.made {
				t.Errorf("group exists: %v, want %v", made, test.made)
			}
			h.ok(probe, `{}`) // the next connection works
		})
	}
}

func TestGatewayFailure(t *testing.T) {
	h := newHarness(t)
	h.inject(im.Fault{Command: "create_group", Times: 1, HTTPStatus: http.StatusBadGateway})
	status, _, body, err := h.post(groups+"create_group", h.query(), createLive)
	if err != nil || status != http.StatusBadGateway || strings.HasPrefix(string(body), "{") {
		t.Errorf("status %d, body %q, error %v", status, body, err)
	}
	if _, made := h.sim.Group("g"); made {
		t.Error("the command took effect")
	}
}

func TestLatencyAndSlowAnswer(t *testing.T) {
	const pause = 80 * time.Millisecond
	tests := map[string]struct {
		options func(*im.Options)
		fault   *im.Fault
	}{
		"latency of all calls": {func(o *im.Options) { o.Latency = pause }, nil},
		"latency of one call":  {nil, &im.Fault{Command: "GetIPList", Latency: pause}},
		"slow answer":          {nil, &im.Fault{Command: "GetIPList", SlowAnswer: pause}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, func(o *im.Options) {
				if test.options != nil {
					test.options(o)
				}
			})
			if test.fault != nil {
				h.inject(*test.fault)
			}
			start := time.Now()
			h.ok(probe, `{}`)
			if took := time.Since(start); took < pause {
				t.Errorf("the answer took %s, want at least %s", took, pause)
			}
		})
	}
}

func TestImpatientClientsCommandIsDone(t *testing.T) {
	h := newHarness(t)
	h.inject(im.Fault{Command: "create_group", Times: 1, Latency: 5 * time.Minute})
	h.http.Timeout = 50 * time.Millisecond
	if _, _, _, err := h.post(groups+"create_group", h.query(), createLive); err == nil {
		t.Fatal("the call was answered in time")
	}
	look, deadline := time.NewTicker(time.Millisecond), time.After(5*time.Second)
	defer look.Stop()
	for {
		select {
		case <-look.C:
			if _, made := h.sim.Group("g"); made {
				return
			}
		case <-deadline:
			t.Fatal("the command that the client gave up was not done")
		}
	}
}

func TestProbabilityIsRepeatable(t *testing.T) {
	outcomes := func(seed uint64) (codes []string) {
		h := newHarness(t, func(o *im.Options) { o.Seed = seed })
		h.inject(im.Fault{Command: "*", Probability: 0.5, Code: 10002})
		for range 64 {
			codes = append(codes, code(h.call(probe, `{}`)))
		}
		return codes
	}
	one, two, other := fmt.Sprint(outcomes(1)), fmt.Sprint(outcomes(1)), fmt.Sprint(outcomes(2))
	if one != two || one == other || !strings.Contains(one, "10002") || !strings.Contains(one, " 0 ") {
		t.Errorf("outcomes of seed 1: %s and %s, of seed 2: %s", one, two, other)
	}
}

func TestFaultsAreChecked(t *testing.T) {
	h := newHarness(t)
	for _, fault := range []im.Fault{
		{Code: 1}, {Command: "nothing", Code: 1}, {Command: "*"}, {Command: "*", Code: 1, Times: -1},
		{Command: "*", Code: 1, Probability: 2}, {Command: "*", Latency: -1}, {Command: "*", Latency: time.Hour},
		{Command: "*", Reset: "Now"}, {Command: "*", HTTPStatus: 200},
	} {
		if _, err := h.sim.InjectFault(fault); err == nil {
			t.Errorf("fault %+v was taken", fault)
		}
	}
}

func TestConcurrentCalls(t *testing.T) {
	h := newHarness(t)
	h.makeGroup("AVChatRoom", "g")
	h.inject(im.Fault{Command: "update_group_counter", Latency: 20 * time.Millisecond})
	const callers, calls = 8, 5
	var group sync.WaitGroup
	failures := make(chan string, callers*calls)
	for range callers {
		group.Go(func() {
			for range calls {
				_, _, raw, err := h.post(groups+"update_group_counter", h.query(), `{"GroupId":"g","Mode":"Increase","GroupCounter":[{"Key":"k","Value":1}]}`)
				if err != nil || !strings.Contains(string(raw), `"ErrorCode":0`) {
					failures <- fmt.Sprint(string(raw), err)
				}
			}
		})
	}
	group.Wait()
	close(failures)
	for failure := range failures {
		t.Error(failure)
	}
	state, _ := h.sim.Group("g")
	statistics := h.sim.CallStatistics("update_group_counter")
	if state.Counters["k"] != callers*calls || statistics.Calls != callers*calls || statistics.MaxConcurrent < 2 || statistics.MaxConcurrent > callers {
		t.Errorf("counter %d, statistics %+v", state.Counters["k"], statistics)
	}
}
