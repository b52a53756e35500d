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
	"crypto/subtle"
	"net/netip"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/liveroom-io/liveroom-operator/internal/im"
)

// App is an application as callbacks need it. It does not change, apart from
// what it has received.
type App struct {
	// Key is the ImApp's name.
	Key types.NamespacedName
	// Created is when the ImApp was made: the older of two for one application counts.
	Created time.Time
	// SDKAppID of the application.
	SDKAppID int64
	// Token authenticates callbacks. Empty: every callback is refused.
	Token []byte
	// Segment is the secret part of the path.
	Segment string
	// Former is the token before, with its path: both are taken while the console
	// changes over. Nil when there is none.
	Former *Former
	// Counted are the names of custom messages that are counted one by one.
	Counted map[string]bool
	// Sources are the addresses that callbacks may come from. Nil means all.
	Sources []netip.Prefix
	// Client calls IM. Nil while the credentials are not known to be good.
	Client *im.Client
	// Live takes callbacks of CSS, TRTC those of TRTC. Nil: every one is refused.
	Live, TRTC *Receiver
	// Origin is where its streams are in CSS.
	Origin Origin
	// Heard is when the last authentic callback came. It is shared by all
	// versions of the application.
	Heard *Heard
}

// Former is a token that is about to go.
type Former struct {
	Token   []byte
	Segment string
}

// TokenFor returns the token that belongs to the secret part of a path, or nil.
// It compares in constant time.
func (a *App) TokenFor(segment string) []byte {
	given := []byte(segment)
	if len(a.Token) > 0 && subtle.ConstantTimeCompare([]byte(a.Segment), given) == 1 {
		return a.Token
	}
	if f := a.Former; f != nil && len(f.Token) > 0 && subtle.ConstantTimeCompare([]byte(f.Segment), given) == 1 {
		return f.Token
	}
	return nil
}

// Admits reports whether callbacks may come from an address.
func (a *App) Admits(address netip.Addr) bool {
	if a.Sources == nil {
		return true
	}
	address = address.Unmap()
	for _, prefix := range a.Sources {
		if prefix.Contains(address) {
			return true
		}
	}
	return false
}

// Heard remembers when an application was heard of.
type Heard struct {
	at       atomic.Int64
	reported atomic.Int64
	// first is called when something is heard after a silence.
	first func()
	quiet atomic.Bool
}

// NewHeard returns one that is quiet. first must not block.
func NewHeard(first func()) *Heard {
	h := &Heard{first: first}
	h.quiet.Store(true)
	return h
}

// Hear notes that something was heard. It reports whether the other pods should
// be told: now and then, not each time.
func (h *Heard) Hear(now time.Time) bool {
	at := now.Unix()
	h.at.Store(at)
	if h.quiet.Load() && h.quiet.CompareAndSwap(true, false) {
		h.first()
	}
	last := h.reported.Load()
	return at-last >= int64(reportEvery/time.Second) && h.reported.CompareAndSwap(last, at)
}

// reportEvery is how often the other pods are told.
const reportEvery = 20 * time.Second

// Last is when something was heard last; the zero time for never.
func (h *Heard) Last() time.Time {
	if at := h.at.Load(); at > 0 {
		return time.Unix(at, 0)
	}
	return time.Time{}
}

// Hush makes the next Hear the first one again.
func (h *Heard) Hush() { h.quiet.Store(true) }
