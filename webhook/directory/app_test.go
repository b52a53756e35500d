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

package directory

import (
	"net/netip"
	"strconv"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

func TestApps(t *testing.T) {
	d := New()
	if d.App(live) != nil || d.BySDKAppID(1) != nil || d.RemoveApp(live) != nil {
		t.Error("an empty directory knows an application")
	}
	first, second := &App{Key: live, SDKAppID: 1}, &App{Key: live, SDKAppID: 2}
	other := &App{Key: types.NamespacedName{Namespace: "mall", Name: "live"}, SDKAppID: 3}
	d.PutApp(first)
	d.PutApp(other)
	d.PutApp(second)
	if d.App(live) != second || d.BySDKAppID(1) != nil || d.BySDKAppID(2) != second || d.BySDKAppID(3) != other || len(d.apps) != 2 {
		t.Errorf("applications %v", d.apps)
	}
	if d.RemoveApp(live) != second || d.App(live) != nil || d.BySDKAppID(2) != nil {
		t.Error("the application is still there")
	}
}

// Each path has its own token; without a token there is no path.
func TestTokenFor(t *testing.T) {
	former := &Former{Token: []byte("old"), Segment: "xyz"}
	for name, c := range map[string]struct {
		app   App
		given string
		want  string
	}{
		"the path":                {App{Token: []byte("t"), Segment: "abc"}, "abc", "t"},
		"another path":            {App{Token: []byte("t"), Segment: "abc"}, "abd", ""},
		"a part of it":            {App{Token: []byte("t"), Segment: "abc"}, "ab", ""},
		"more than it":            {App{Token: []byte("t"), Segment: "abc"}, "abcd", ""},
		"nothing":                 {App{Token: []byte("t"), Segment: "abc"}, "", ""},
		"no token":                {App{Segment: "abc"}, "abc", ""},
		"no token and no path":    {App{}, "", ""},
		"the former path":         {App{Token: []byte("t"), Segment: "abc", Former: former}, "xyz", "old"},
		"the new path beside it":  {App{Token: []byte("t"), Segment: "abc", Former: former}, "abc", "t"},
		"neither":                 {App{Token: []byte("t"), Segment: "abc", Former: former}, "xy", ""},
		"a former without tokens": {App{Token: []byte("t"), Segment: "abc", Former: &Former{}}, "", ""},
	} {
		if got := c.app.TokenFor(c.given); string(got) != c.want {
			t.Errorf("%s: token %q, want %q", name, got, c.want)
		}
	}
}

func TestAdmits(t *testing.T) {
	blocks := []netip.Prefix{netip.MustParsePrefix("183.192.202.0/25"), netip.MustParsePrefix("127.0.0.2/32"), netip.MustParsePrefix("2402:4e00::/32")}
	for address, want := range map[string]bool{
		"183.192.202.1": true, "183.192.202.128": false, "127.0.0.2": true, "127.0.0.1": false, "::ffff:183.192.202.1": true, "2402:4e00::9": true, "::1": false,
	} {
		at := netip.MustParseAddr(address)
		if got := (&App{Sources: blocks}).Admits(at); got != want {
			t.Errorf("%s is admitted: %v", address, got)
		}
		if !(&App{}).Admits(at) || (&App{Sources: []netip.Prefix{}}).Admits(at) {
			t.Errorf("%s: no list must admit all, an empty one none", address)
		}
	}
}

func TestHeard(t *testing.T) {
	firsts := 0
	h := NewHeard(func() { firsts++ })
	if !h.Last().IsZero() {
		t.Errorf("heard at %s", h.Last())
	}
	for _, c := range []struct {
		after  time.Duration
		hush   bool
		tell   bool
		firsts int
	}{
		{0, false, true, 1},
		{19 * time.Second, false, false, 1},
		{20 * time.Second, false, true, 1},
		{21 * time.Second, true, false, 2},
		{22 * time.Second, false, false, 2},
		{time.Hour, true, true, 3},
	} {
		if c.hush {
			h.Hush()
		}
		now := epoch.Add(c.after)
		if tell := h.Hear(now); tell != c.tell || firsts != c.firsts {
			t.Errorf("after %s: tell %v, %d firsts; want %v, %d", c.after, tell, firsts, c.tell, c.firsts)
		}
		if !h.Last().Equal(now) {
			t.Errorf("heard at %s, want %s", h.Last(), now)
		}
	}
}

// Of many calls at once, one is the first and one tells.
func TestHeardAtOnce(t *testing.T) {
	var mu sync.Mutex
	firsts, tells := 0, 0
	h := NewHeard(func() {
		mu.Lock()
		firsts++
		mu.Unlock()
	})
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			if h.Hear(epoch) {
				mu.Lock()
				tells++
				mu.Unlock()
			}
		})
	}
	group.Wait()
	if firsts != 1 || tells != 1 {
		t.Errorf("%d firsts, %d tell", firsts, tells)
	}
}

// The directory is read while it changes.
func TestConcurrentUse(t *testing.T) {
	d := New()
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			name := "room" + strconv.Itoa(i%4)
			for range 50 {
				d.PutRoom(liveRoom(name))
				d.PutApp(&App{Key: live, SDKAppID: int64(i)})
				d.PutAccount(imAccount(name))
				if room := d.Room(live, "room_8801"); room != nil {
					d.RoomByUID(room.UID)
				}
				d.Account(live, name)
				d.Declaring(live, imv1alpha1.ProfileTagLevel)
				d.BySDKAppID(3)
				d.RemoveRoom(roomKey(name))
				d.RemoveAccount(roomKey(name))
			}
		})
	}
	group.Wait()
	if len(d.rooms)+len(d.byRoom)+len(d.byUID)+len(d.accounts)+len(d.byName) != 0 {
		t.Error("something was left behind")
	}
}
