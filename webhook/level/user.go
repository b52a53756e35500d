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

// Package level counts the points of users and writes the levels that they
// reach to their profiles.
package level

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/liveroom-io/liveroom-operator/webhook/event"
)

// maxStandings is how many policies one user has points under; beyond it the
// one that gave points longest ago is forgotten.
const maxStandings = 16

// keptMinutes is how long the window of a quiet rule is kept: callbacks do not
// come later than this.
const keptMinutes = 15

// User is what is known of a user of an application: a standing for each policy,
// by the policy's UID.
type User struct {
	Standings map[string]*Standing `json:"p,omitempty"`
}

// Standing of a user under one policy.
type Standing struct {
	// Points of all time.
	Points int64 `json:"n"`
	// Windows are the points of the newest minute, by rules with a limit.
	Windows map[string]Window `json:"m,omitempty"`
	// Room is the UID of the LiveRoom where the last points were made.
	Room string `json:"r,omitempty"`
	// Time of the last points, in milliseconds.
	Time int64 `json:"t,omitempty"`
	// Written is the level in the profile; Leveled says that there is one.
	Written int64 `json:"w,omitempty"`
	Leveled bool  `json:"l,omitempty"`
}

// Window is the points of one minute of the clock.
type Window struct {
	Minute int64 `json:"a"`
	Points int64 `json:"n"`
}

// LoadUser reads a stored user. No data is a new one.
func LoadUser(data []byte) (*User, error) {
	user := &User{}
	if len(data) > 0 {
		if err := json.Unmarshal(data, user); err != nil {
			return nil, fmt.Errorf("decoding a user: %w", err)
		}
	}
	if user.Standings == nil {
		user.Standings = map[string]*Standing{}
	}
	return user, nil
}

// AppendState encodes the user.
func (u *User) AppendState(to []byte) ([]byte, error) {
	data, err := json.Marshal(u)
	if err != nil {
		return nil, fmt.Errorf("encoding a user: %w", err)
	}
	return append(to, data...), nil
}

// Apply folds one message. It reports whether it gave points.
func (u *User) Apply(e *event.Event) bool {
	changed := false
	for _, score := range e.Scores {
		standing := u.Standings[score.Policy]
		if standing == nil {
			standing = &Standing{}
		}
		points := standing.admit(score, e.Time/60_000)
		if points == 0 {
			continue
		}
		standing.Points += points
		standing.Time, standing.Room = max(standing.Time, e.Time), e.Room
		u.Standings[score.Policy] = standing
		changed = true
	}
	if changed {
		u.forget()
	}
	return changed
}

// admit is what a score gives under its limit per minute. A message that comes
// late counts in the newest minute, so that order gives nobody more.
func (s *Standing) admit(score event.Score, minute int64) int64 {
	if score.PerMinute <= 0 {
		return max(score.Points, 0)
	}
	window := s.Windows[score.Rule]
	if minute > window.Minute {
		window = Window{Minute: minute}
	}
	points := min(max(score.Points, 0), score.PerMinute-window.Points)
	if points <= 0 {
		return 0
	}
	window.Points += points
	if s.Windows == nil {
		s.Windows = map[string]Window{}
	}
	for rule, old := range s.Windows { // of rules that are gone, or quiet for long
		if old.Minute < window.Minute-keptMinutes {
			delete(s.Windows, rule)
		}
	}
	s.Windows[score.Rule] = window
	return points
}

// forget bounds the standings.
func (u *User) forget() {
	for len(u.Standings) > maxStandings {
		oldest := ""
		for uid, standing := range u.Standings {
			if oldest == "" || standing.Time < u.Standings[oldest].Time || standing.Time == u.Standings[oldest].Time && uid < oldest {
				oldest = uid
			}
		}
		delete(u.Standings, oldest)
	}
}

// Policies are the UIDs of the policies, in order.
func (u *User) Policies() []string {
	uids := make([]string, 0, len(u.Standings))
	for uid := range u.Standings {
		uids = append(uids, uid)
	}
	slices.Sort(uids)
	return uids
}
