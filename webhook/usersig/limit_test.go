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

package usersig

import (
	"net/netip"
	"testing"
	"time"
)

func TestBuckets(t *testing.T) {
	t.Parallel()
	b := newBuckets[string](2)
	now := time.Unix(1767225600, 0)
	p := perMinute(20) // two at once, one every three seconds
	for i, want := range []time.Duration{0, 0, 3 * time.Second, 3 * time.Second} {
		if got := b.take("a", p, now); got != want {
			t.Errorf("%d: wait %s, want %s", i, got, want)
		}
	}
	if got := b.take("b", p, now); got != 0 {
		t.Errorf("another key waits %s", got)
	}
	if got := b.take("a", p, now.Add(time.Second)); got != 2*time.Second {
		t.Errorf("wait %s after a second", got)
	}
	if got := b.take("a", perMinute(60), now.Add(2*time.Second)); got >= time.Second {
		t.Errorf("wait %s at a higher rate", got)
	}
	b.take("b", p, now)
	b.take("c", p, now) // a goes
	if b.kept.Len() != 2 || b.kept.Contains("a") {
		t.Errorf("kept %v", b.kept.Keys())
	}
}

func TestPerMinute(t *testing.T) {
	t.Parallel()
	for n, burst := range map[int32]int{1: 1, 19: 1, 600: 60, 60000: 6000} {
		if got := perMinute(n); got.burst != burst || float64(got.limit)*60 < float64(n)*0.999 || float64(got.limit)*60 > float64(n)*1.001 {
			t.Errorf("%d: %+v", n, got)
		}
	}
}

func TestRemote(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"192.0.2.1": "192.0.2.1/32", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64", "": "invalid Prefix",
	} {
		address, _ := netip.ParseAddr(text)
		if got := remote(address).String(); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
