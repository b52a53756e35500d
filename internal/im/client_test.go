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
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestProbeIsOneAttempt(t *testing.T) {
	tests := map[string]struct {
		step  step
		class Class
	}{
		"well":             {says(answerOK), ""},
		"stale UserSig":    {says(refusalAnswer(70001)), Unauthorized},
		"wrong key":        {says(refusalAnswer(70009)), Unauthorized},
		"frequency":        {says(refusalAnswer(60007)), RateLimited},
		"trouble":          {says(refusalAnswer(70500)), Unavailable},
		"reset":            {resets, Unavailable},
		"gateway error":    {saysStatus(http.StatusBadGateway), Unavailable},
		"locked for a bit": {says(refusalAnswer(70050)), Unauthorized},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			p.steps("account_check", test.step)
			c := newClient(t, p.URL, func(config *Config) { config.DryRun = true })
			err := c.Probe(t.Context())
			if ClassOf(err) != test.class {
				t.Errorf("got %v, want class %q", err, test.class)
			}
			if p.count() != 1 {
				t.Errorf("%d attempts, want 1", p.count())
			}
			if e, ok := AsError(err); ok && e.Code == 70050 && e.RetryAfter != time.Minute {
				t.Errorf("a lock advises to wait %s", e.RetryAfter)
			}
			if got := p.received()[0].body; got != `{"CheckItem":[{"UserID":"administrator"}]}` {
				t.Errorf("asked %s", got)
			}
		})
	}
}

func TestFrequencyRefusalSlowsTheCommandDown(t *testing.T) {
	p := newProvider(t)
	p.answers("destroy_group", refusalAnswer(60007), answerOK)
	p.answers("modify_group_attr", refusalAnswer(10049), answerOK)
	throttled := make(chan string, 3)
	c := newClient(t, p.URL, func(config *Config) { config.OnThrottle = func(command string) { throttled <- command } })
	limits := c.breaking.next.(*limiting).limiters
	if err := destroy(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if got := limits[destroyGroup].bucket.current; got != 96 {
		t.Errorf("destroy_group goes on at %g a second", got)
	}
	// The limit of one group is no reason to slow down all groups.
	if err := setAttributes(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if got := limits[modifyGroupAttr].bucket.current; got != 192 {
		t.Errorf("modify_group_attr goes on at %g a second", got)
	}
	close(throttled)
	var got []string
	for command := range throttled {
		got = append(got, command)
	}
	if !reflect.DeepEqual(got, []string{"destroy_group"}) {
		t.Errorf("told of %v", got)
	}
}

func TestDryRun(t *testing.T) {
	p := newProvider(t)
	c := newClient(t, p.URL, func(config *Config) { config.DryRun = true })
	writes := map[string]error{
		"create_group":           create(t.Context(), c),
		"destroy_group":          destroy(t.Context(), c),
		"account_import":         c.ImportAccount(t.Context(), NewAccount{UserID: "alice"}),
		"account_delete":         c.DeleteAccount(t.Context(), "alice"),
		"modify_group_base_info": c.ChangeGroup(t.Context(), "live_42", GroupChange{Name: new("x")}),
		"ban_group_member":       c.Ban(t.Context(), "live_42", []string{"bob"}, time.Hour),

		"add_local_audit_keywords":    c.AddLocalKeywords(t.Context(), []Keyword{{Text: "a", Filter: KeywordBlock}}),
		"delete_local_audit_keywords": c.DeleteLocalKeywords(t.Context(), []Keyword{{Text: "a"}}),
	}
	_, writes["send_group_msg"] = c.SendGroupMessage(t.Context(), GroupMessage{GroupID: "g", Elements: []MessageElement{TextElement("a")}})
	for command, err := range writes {
		var held *DryRunError
		if !errors.As(err, &held) || held.Command != command || !IsDryRun(err) || ClassOf(err) != "" {
			t.Errorf("%s: got %v", command, err)
		}
	}
	if p.count() != 0 {
		t.Errorf("%d requests in a dry run", p.count())
	}
	if _, err := c.LiveAdministrators(t.Context(), "live_42"); err != nil || p.count() != 1 {
		t.Errorf("reading is held back: %v", err)
	}
}

func TestUnauthorizedIsTold(t *testing.T) {
	p := newProvider(t)
	p.answers("create_group", refusalAnswer(70009))
	p.answers("get_group_info", refusalAnswer(70009))
	p.answers("destroy_group", refusalAnswer(10007))
	var mu sync.Mutex
	var told []error
	c := newClient(t, p.URL, func(config *Config) {
		config.OnUnauthorized = func(err error) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, err)
		}
	})
	_ = create(t.Context(), c)
	_ = destroy(t.Context(), c)
	_ = read(t.Context(), c)
	if len(told) != 2 || !IsUnauthorized(told[0]) || !IsUnauthorized(told[1]) {
		t.Errorf("told %v", told)
	}
}

func TestMetrics(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	metrics, err := NewMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewMetrics(registry); err == nil {
		t.Error("a second registration went unnoticed")
	}
	p := newProvider(t)
	p.answers("create_group", refusalAnswer(60007), answerOK, refusalAnswer(10025), answerOK)
	c := newClient(t, p.URL, func(config *Config) { config.Metrics = metrics })
	for range 3 {
		_ = create(t.Context(), c)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_ = create(gone, c)
	_ = read(t.Context(), c)
	const want = `
# HELP liveroom_im_attempts_total HTTP requests sent to the IM REST API, retries included.
# TYPE liveroom_im_attempts_total counter
liveroom_im_attempts_total{command="create_group"} 4
liveroom_im_attempts_total{command="get_group_info"} 1
# HELP liveroom_im_calls_total Calls to the IM REST API by command and outcome; a batch is one call, its retries are not counted.
# TYPE liveroom_im_calls_total counter
liveroom_im_calls_total{command="create_group",outcome="AlreadyExists"} 1
liveroom_im_calls_total{command="create_group",outcome="Canceled"} 1
liveroom_im_calls_total{command="create_group",outcome="OK"} 2
liveroom_im_calls_total{command="get_group_info",outcome="OK"} 1
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want),
		"liveroom_im_attempts_total", "liveroom_im_calls_total"); err != nil {
		t.Error(err)
	}
	for collector, n := range map[prometheus.Collector]int{metrics.latency: 2, metrics.batches: 1, metrics.waits: 2} {
		if got := testutil.CollectAndCount(collector); got != n {
			t.Errorf("%d series, want %d", got, n)
		}
	}
}

func TestClose(t *testing.T) {
	p := newProvider(t)
	c := newClient(t, p.URL)
	c.Close()
	c.Close()
	for name, err := range map[string]error{
		"plain": create(t.Context(), c), "batched": read(t.Context(), c), "probe": c.Probe(t.Context()),
	} {
		if !errors.Is(err, ErrClosed) || !IsUnavailable(err) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if p.count() != 0 {
		t.Errorf("%d requests after the end", p.count())
	}
}
