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

package wechat

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// maxOpenID bounds an OpenID; real ones have 28 characters.
const maxOpenID = 64

// follower is somebody who follows the account, or did.
type follower struct {
	openID   string
	profile  Follow
	follows  bool
	order    uint64    // of the latest follow
	since    time.Time // the latest follow
	window   window
	lastSeen time.Time // the last interaction
	typing   time.Time // until when the account seems to be typing
	phone    phone
	lane     lane
}

// Follow says how somebody begins to follow.
type Follow struct {
	// OpenID of the follower: 1 to 64 letters, digits, - or _. Empty means a
	// new one of 28 characters.
	OpenID string `json:"openID,omitempty"`
	// Scene and Ticket are those of the QR code that was scanned. Only
	// verified service accounts have such codes.
	Scene  string `json:"scene,omitempty"`
	Ticket string `json:"ticket,omitempty"`
	// UnionID, Remark, GroupID and Tags are what user/info tells.
	UnionID string  `json:"unionID,omitempty"`
	Remark  string  `json:"remark,omitempty"`
	GroupID int64   `json:"groupID,omitempty"`
	Tags    []int64 `json:"tags,omitempty"`
	// SubscribeScene is ADD_SCENE_QR_CODE with a scene and ADD_SCENE_SEARCH
	// otherwise, unless set.
	SubscribeScene string `json:"subscribeScene,omitempty"`
	// Quiet follows without a push, as somebody who has followed long before:
	// no message is permitted.
	Quiet bool `json:"quiet,omitempty"`
}

// FollowerState is what the side door shows of a follower.
type FollowerState struct {
	OpenID    string    `json:"openID"`
	Following bool      `json:"following"`
	Since     time.Time `json:"since"`
	// Permitted is how many customer messages may be sent now, -1 for any
	// number.
	Permitted int `json:"permitted"`
	// Typing: the account seems to be typing.
	Typing bool `json:"typing"`
	// Received counts everything that ever arrived on the phone.
	Received uint64 `json:"received"`
	// Unavailable counts the notices among them that the service was
	// temporarily unavailable.
	Unavailable int `json:"unavailable"`
}

// Follow lets somebody follow the account and returns the OpenID.
func (s *Simulator) Follow(appID string, how Follow) (string, error) {
	a, err := s.account(appID)
	if err != nil {
		return "", err
	}
	in := a.settings.Load()
	if how.OpenID == "" {
		how.OpenID = "o" + s.randomText(lettersAndDigits, 27)
	}
	switch {
	case len(how.OpenID) > maxOpenID || strings.Trim(how.OpenID, lettersAndDigits+"-_") != "":
		return "", fmt.Errorf("openID must be 1 to %d letters, digits, - or _", maxOpenID)
	case how.Scene != "" && !in.hasQRCodes():
		return "", errNoQRCodes
	}
	how.Tags = slices.Clone(how.Tags)
	now := s.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	f, known := a.followers[how.OpenID]
	switch {
	case known && f.follows:
		return "", conflict("%q follows already", how.OpenID)
	case !known && len(a.followers) >= maxFollowers:
		return "", fmt.Errorf("the account has %d followers already", maxFollowers)
	case !known:
		f = &follower{openID: how.OpenID, phone: newPhone()}
	}
	a.order++
	profile := how
	profile.OpenID, profile.Quiet = "", false
	if !how.Quiet {
		event := Event{Name: eventSubscribe}
		if how.Scene != "" {
			event.Key, event.Ticket = scenePrefix+how.Scene, how.Ticket
		}
		if err := s.pushEvent(a, f, event, now); err != nil {
			return "", err
		}
	}
	a.followers[how.OpenID] = f
	f.profile, f.follows, f.order, f.since, f.window = profile, true, a.order, now, window{}
	a.following++
	if !how.Quiet {
		f.acts(actFollow, now, s.options.AddUpQuota)
	}
	return f.openID, nil
}

// hasQRCodes reports whether the account has QR codes with a parameter.
func (s *settings) hasQRCodes() bool { return s.Type == Service && s.verified() }

var errNoQRCodes = conflict("only verified service accounts have QR codes with a scene")

// acts notes an action that permits messages, under the account's lock.
func (f *follower) acts(row action, now time.Time, add bool) {
	f.window.open(row, now, add)
	f.lastSeen = now
}

// Unfollow lets a follower leave. What was permitted ends.
func (s *Simulator) Unfollow(appID, openID string) error {
	return s.withFollower(appID, openID, func(a *account, f *follower, now time.Time) error {
		if err := s.pushEvent(a, f, Event{Name: eventUnsubscribe}, now); err != nil {
			return err
		}
		f.follows, f.window, f.typing, f.lastSeen = false, window{}, time.Time{}, time.Time{}
		a.following--
		return nil
	})
}

// Scan lets a follower scan a QR code of the account.
func (s *Simulator) Scan(appID, openID, scene, ticket string) error {
	return s.withFollower(appID, openID, func(a *account, f *follower, now time.Time) error {
		if !a.settings.Load().hasQRCodes() {
			return errNoQRCodes
		}
		if err := s.pushEvent(a, f, Event{Name: eventScan, Key: scene, Ticket: ticket}, now); err != nil {
			return err
		}
		f.acts(actScan, now, s.options.AddUpQuota)
		return nil
	})
}

// Pay lets a follower pay, which permits messages and pushes nothing. Only
// service accounts are paid.
func (s *Simulator) Pay(appID, openID string) error {
	return s.withFollower(appID, openID, func(a *account, f *follower, now time.Time) error {
		if a.settings.Load().Type != Service {
			return conflict("only service accounts are paid")
		}
		f.acts(actPay, now, s.options.AddUpQuota)
		return nil
	})
}

// CloseWindow ends what a follower has permitted, as if the time had passed.
func (s *Simulator) CloseWindow(appID, openID string) error {
	return s.withFollower(appID, openID, func(_ *account, f *follower, _ time.Time) error {
		f.window, f.lastSeen, f.typing = window{}, time.Time{}, time.Time{}
		return nil
	})
}

// withFollower does something with a follower under the account's lock.
func (s *Simulator) withFollower(appID, openID string, do func(*account, *follower, time.Time) error) error {
	a, err := s.account(appID)
	if err != nil {
		return err
	}
	now := s.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	f, ok := a.followers[openID]
	switch {
	case !ok:
		return notFound("follower", openID)
	case !f.follows:
		return conflict("%q does not follow", openID)
	}
	return do(a, f, now)
}

// Follower returns the state of a follower, also of a former one.
func (s *Simulator) Follower(appID, openID string) (FollowerState, bool) {
	a, err := s.account(appID)
	if err != nil {
		return FollowerState{}, false
	}
	now := s.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	f, ok := a.followers[openID]
	if !ok {
		return FollowerState{}, false
	}
	return f.state(now), true
}

func (f *follower) state(now time.Time) FollowerState {
	return FollowerState{
		OpenID: f.openID, Following: f.follows, Since: f.since, Permitted: f.window.left(now),
		Typing: now.Before(f.typing), Received: f.phone.messages.total, Unavailable: f.phone.unavailable,
	}
}

// Followers returns those who follow now, in the order in which they began.
func (s *Simulator) Followers(appID string) ([]FollowerState, error) {
	a, err := s.account(appID)
	if err != nil {
		return nil, err
	}
	now := s.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	list := make([]FollowerState, 0, a.following)
	for _, f := range a.inOrder() {
		list = append(list, f.state(now))
	}
	return list, nil
}

// inOrder returns the followers in the order in which they began, under the
// lock.
func (a *account) inOrder() []*follower {
	list := make([]*follower, 0, a.following)
	for _, f := range a.followers {
		if f.follows {
			list = append(list, f)
		}
	}
	slices.SortFunc(list, func(x, y *follower) int { return cmp.Compare(x.order, y.order) })
	return list
}
