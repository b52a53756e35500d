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
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// What both kinds of process may do together is the documented limit, for every command.
func TestProcessesShareTheLimits(t *testing.T) {
	for _, percent := range []int{0, 1, 30, 50, 99} {
		for _, perSecond := range []int{0, 20} {
			config := Config{WebhookPercent: percent, RequestsPerSecond: perSecond}
			if percent == 0 {
				config.WebhookPercent = DefaultWebhookPercent
			}
			whole := config.quota()
			config.Process = ProcessController
			controller := config.quota()
			config.Process = ProcessWebhook
			webhook := config.quota()
			for _, cmd := range commands {
				if got := controller(cmd) + webhook(cmd); math.Abs(got-whole(cmd)) > 1e-9 {
					t.Errorf("%s at %d percent: %g together, the limit is %g", cmd.name, percent, got, whole(cmd))
				}
			}
			if got, want := webhook(portraitSet), whole(portraitSet)*float64(config.WebhookPercent)/100; math.Abs(got-want) > 1e-9 {
				t.Errorf("portrait_set at %d percent: %g, want %g", percent, got, want)
			}
		}
	}
}

func TestProcessesKeepToTheirCommands(t *testing.T) {
	of := map[Process]map[string]bool{ProcessController: {}, ProcessWebhook: {}}
	for process, names := range of {
		for _, cmd := range commands {
			if cmd.user.part(process, DefaultWebhookPercent) > 0 {
				names[cmd.name] = true
			}
		}
	}
	if want := map[string]bool{
		"portrait_set": true, "query_online_status": true, "send_group_msg": true, "get_online_member_num": true, "GetIPList": true,
		"sendmsg": true, "admin_getroammsg": true,
		"account_check": true, "account_import": true, "multiaccount_import": true, "account_delete": true,
	}; !reflect.DeepEqual(of[ProcessWebhook], want) {
		t.Errorf("the webhook makes %v", of[ProcessWebhook])
	}
	if got, want := len(of[ProcessController]), len(commands)-6; got != want {
		t.Errorf("the controller makes %d commands, want %d", got, want)
	}

	p := newProvider(t)
	c := newClient(t, p.URL, func(config *Config) { config.Process = ProcessWebhook })
	if err := destroy(t.Context(), c); !IsInvalid(err) || p.count() != 0 {
		t.Errorf("got %v after %d requests", err, p.count())
	}
	if err := c.SetProfile(t.Context(), "alice", Profile{Nickname: new("a")}); err != nil {
		t.Error(err)
	}
}

func TestShareIsScaledAtRunTime(t *testing.T) {
	p := newProvider(t)
	c := newClient(t, p.URL, func(config *Config) {
		config.Process, config.WebhookPercent, config.Share = ProcessWebhook, 40, 0.5
	})
	rates := func(set, send float64) {
		t.Helper()
		for cmd, want := range map[*command]float64{portraitSet: set, sendGroupMsg: send} {
			limiter := c.limiting.limiters[cmd]
			if got := limiter.bucket.current; math.Abs(got-limitMargin*want) > 1e-9 {
				t.Errorf("%s: %g a second, want %g", cmd.name, got, limitMargin*want)
			}
			if got := float64(limiter.bucket.tokens.Limit()); math.Abs(got-limitMargin*want) > 1e-9 {
				t.Errorf("%s: the bucket gives %g a second, want %g", cmd.name, got, limitMargin*want)
			}
		}
	}
	rates(40, 100)
	c.SetShare(0.25)
	rates(20, 50)
	c.limiting.limiters[portraitSet].slowDown()
	rates(10, 50)
	c.SetShare(1)
	rates(40, 200) // still cut in half
	for _, least := range []float64{0, -1, math.NaN()} {
		c.SetShare(least)
		if got := c.limiting.limiters[sendGroupMsg].bucket.ceiling; got <= 0 || got > 1 {
			t.Errorf("a share of %g leaves %g calls a second", least, got)
		}
	}
	c.SetShare(2)
	rates(40, 200)
}

// A bucket that was made smaller keeps within the smaller limit from then on.
func TestResizedBucketKeepsTheLimit(t *testing.T) {
	for _, limits := range [][2]float64{{200, 50}, {50, 200}, {200, 1}, {1, 0.5}} {
		t.Run(fmt.Sprint(limits), func(t *testing.T) {
			b := newBucket(limits[0])
			now := time.Unix(1700000000, 0).Add(time.Hour)
			b.resize(now, limits[1])
			begin, granted := now, 0
			for now.Before(begin.Add(10 * time.Second)) {
				wait, _ := b.reserve(now)
				if now = now.Add(wait); now.Before(begin.Add(10 * time.Second)) {
					granted++
				}
			}
			if most := int(math.Ceil(10 * limits[1])); granted > most || float64(granted) < 0.9*10*limitMargin*limits[1] {
				t.Errorf("%d in ten seconds, the limit is %g a second", granted, limits[1])
			}
		})
	}
}

// Without limits only the provider sets the pace, and a process still keeps to its commands.
func TestUnlimited(t *testing.T) {
	p := newProvider(t)
	c := newClient(t, p.URL, func(config *Config) { config.Unlimited, config.Process, config.Share = true, ProcessWebhook, 0.5 })
	c.SetShare(0) // the least there is
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	message := PeerMessage{From: "a", To: "b", Body: json.RawMessage(`[{}]`)}
	const calls = 2000 // ten seconds' worth, and more with such a share
	var group errgroup.Group
	group.SetLimit(16)
	for i := range calls {
		group.Go(func() error {
			one := message
			one.Random = uint32(i)
			_, err := c.SendPeerMessage(ctx, one)
			return err
		})
	}
	if err := group.Wait(); err != nil || p.count() != calls {
		t.Errorf("got %v after %d requests", err, p.count())
	}
	if err := destroy(t.Context(), c); !IsInvalid(err) || p.count() != calls {
		t.Errorf("got %v after %d requests", err, p.count())
	}
}

func TestProcessConfiguration(t *testing.T) {
	base := Config{Endpoint: "http://127.0.0.1:1", SDKAppID: 1, Credentials: Credentials{Administrator: "a", SecretKey: "k"}}
	for name, change := range map[string]func(*Config){
		"unknown process": func(c *Config) { c.Process = "Other" },
		"all for one":     func(c *Config) { c.WebhookPercent = 100 },
		"negative":        func(c *Config) { c.WebhookPercent = -1 },
		"share above one": func(c *Config) { c.Share = 1.5 },
		"no share":        func(c *Config) { c.Share = math.NaN() },
		"two limits":      func(c *Config) { c.Unlimited, c.RequestsPerSecond = true, 20 },
	} {
		config := base
		change(&config)
		if _, err := New(config); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
