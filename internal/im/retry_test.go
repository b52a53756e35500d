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
	"testing"
	"testing/synctest"
	"time"
)

func TestRetryByTheGuide(t *testing.T) {
	tests := map[string]struct {
		answers  []string
		call     func(context.Context, *Client) error
		attempts int
		class    Class
		code     int
	}{
		"success":                     {[]string{answerOK}, create, 1, "", 0},
		"frequency, then success":     {[]string{refusalAnswer(60007), answerOK}, create, 2, "", 0},
		"frequency for good":          {[]string{refusalAnswer(60011)}, create, 3, RateLimited, 60011},
		"trouble, nothing done":       {[]string{refusalAnswer(60014), refusalAnswer(60014), answerOK}, create, 3, "", 0},
		"perhaps done, create":        {[]string{refusalAnswer(10002), answerOK}, create, 1, UnknownOutcome, 10002},
		"perhaps done, destroy":       {[]string{refusalAnswer(10002), answerOK}, destroy, 2, "", 0},
		"perhaps done for good":       {[]string{refusalAnswer(60008)}, destroy, 3, Unavailable, 60008},
		"perhaps done, live admin":    {[]string{refusalAnswer(10002), answerOK}, setLive, 1, UnknownOutcome, 10002},
		"probably the signature":      {[]string{refusalAnswer(10008)}, destroy, 2, Unavailable, 10008},
		"not permitted":               {[]string{refusalAnswer(10007)}, create, 1, NotPermitted, 10007},
		"taken":                       {[]string{refusalAnswer(10021)}, create, 1, AlreadyExists, 10021},
		"taken by us":                 {[]string{refusalAnswer(10025)}, create, 1, AlreadyExists, 10025},
		"wrong key":                   {[]string{refusalAnswer(70009)}, create, 1, Unauthorized, 70009},
		"stale UserSig":               {[]string{refusalAnswer(70001), answerOK}, create, 2, "", 0},
		"stale UserSig for good":      {[]string{refusalAnswer(70001)}, create, 2, Unauthorized, 70001},
		"stale, then frequent":        {[]string{refusalAnswer(20002), refusalAnswer(60007), answerOK}, create, 3, "", 0},
		"frequent, then stale":        {[]string{refusalAnswer(60007), refusalAnswer(70001), answerOK}, create, 3, "", 0},
		"attributes of one group":     {[]string{refusalAnswer(10049), answerOK}, setAttributes, 2, "", 0},
		"answer that is no JSON":      {[]string{"<html>"}, create, 1, UnknownOutcome, 0},
		"answer that is no JSON, put": {[]string{"<html>", answerOK}, destroy, 2, "", 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			for _, command := range []string{"create_group", "destroy_group", "modify_admin", "modify_group_attr"} {
				p.answers(command, test.answers...)
			}
			c := newClient(t, p.URL)
			err := test.call(t.Context(), c)
			if ClassOf(err) != test.class {
				t.Errorf("got %v, want class %q", err, test.class)
			}
			if e, ok := AsError(err); ok && e.Code != test.code {
				t.Errorf("got code %d, want %d", e.Code, test.code)
			}
			if p.count() != test.attempts {
				t.Errorf("%d attempts, want %d", p.count(), test.attempts)
			}
		})
	}
}

func create(ctx context.Context, c *Client) error { return c.CreateGroup(ctx, testGroup) }

func destroy(ctx context.Context, c *Client) error { return c.DestroyGroup(ctx, "live_42") }

func setLive(ctx context.Context, c *Client) error {
	return c.SetLiveAdministrators(ctx, "live_42", []string{"bob"}, true)
}

func setAttributes(ctx context.Context, c *Client) error {
	return c.SetAttributes(ctx, "live_42", []Field{{"a", "b"}})
}

func read(ctx context.Context, c *Client) error {
	_, err := c.Group(ctx, "live_42", nil)
	return err
}

func readDirectly(ctx context.Context, c *Client) error {
	_, err := c.Groups(ctx, []string{"live_42"}, nil)
	return err
}

func TestRetryPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var took time.Duration
		calls := 0
		r := &retrying{
			next: callerFunc(func(context.Context, request) ([]byte, error) {
				calls++
				f := refusal(destroyGroup, 70500, "")
				f.took = took
				return nil, f
			}),
			attempts: maxAttempts, jitter: func() float64 { return 0.5 }, sleep: sleepFor,
		}
		tests := []struct {
			took    time.Duration
			timeout time.Duration
			calls   int
			waited  time.Duration
		}{
			{0, time.Hour, 3, 800 * time.Millisecond},
			{time.Second, time.Hour, 3, 800 * time.Millisecond},
			{1400 * time.Millisecond, time.Hour, 2, 200 * time.Millisecond}, // the budget is used up
			{5 * time.Second, time.Hour, 1, 0},
			{0, 500 * time.Millisecond, 2, 200 * time.Millisecond}, // no time for another pause
		}
		for _, test := range tests {
			took, calls = test.took, 0
			ctx, cancel := context.WithTimeout(t.Context(), test.timeout)
			start := time.Now()
			_, err := r.call(ctx, request{command: destroyGroup})
			if waited := time.Since(start); calls != test.calls || waited != test.waited {
				t.Errorf("%+v: %d calls, waited %s", test, calls, waited)
			}
			if e, _ := AsError(err); e == nil || e.Code != 70500 {
				t.Errorf("got %v", err)
			}
			cancel()
		}
	})
}
