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

package scoring

import (
	"time"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

// maxTotal of points, which any JSON reader can still tell apart.
const maxTotal = 1<<53 - 1

// Limits are the most points that a user can earn by a rule within one minute
// of the clock. A rule that is not there has no limit.
type Limits map[string]int64

// Account is what one user has under one policy. Its JSON is what is stored: a
// few dozen bytes. The zero value is a user without points.
type Account struct {
	// Points that were earned so far.
	Points int64 `json:"p,omitempty"`
	// Level that was reached last, as its number plus one; 0 is none.
	Level int64 `json:"l,omitempty"`
	// Minute of the clock, since 1970, that Spent is about.
	Minute int64 `json:"m,omitempty"`
	// Spent is what rules with a limit gave in that minute.
	Spent map[string]int64 `json:"s,omitempty"`
}

// Standing is a level, or none.
type Standing struct {
	// Level is a number of the policy's levels; 0 when there is none.
	Level int64
	// Reached is false below the first level.
	Reached bool
}

// Change is what a message did to an account.
type Change struct {
	// Points that were added, after limits.
	Points int64
	// Before and After the message. Before is the level that the account
	// recorded, so After can also be different because levels were edited.
	Before, After Standing
	// Reached is the level of After.
	Reached imv1alpha1.UserLevel
}

// Moved reports whether the level is another one.
func (c Change) Moved() bool { return c.Before != c.After }

// Rose reports whether the level is a higher one.
func (c Change) Rose() bool {
	return c.After.Reached && (!c.Before.Reached || c.After.Level > c.Before.Level)
}

// Minute is the minute of the clock of a time, as Add takes it.
func Minute(t time.Time) int64 { return t.Unix() / 60 }

// Add counts the scores of one message of a minute. The caller sees to it that
// each message is added once and in one order; then the outcome is the same
// however often it is computed.
//
// A rule that has given its limit for the minute gives nothing more; what is
// left of the limit is given in part. A message of an earlier minute than the
// last one counts in the last one: a user whose messages come out of order can
// earn less than in order, and never more than the limit for each minute.
func (a *Account) Add(scores []Score, minute int64, limits Limits, levels Levels) Change {
	change := Change{Before: a.standing()}
	for _, score := range scores {
		points := max(0, score.Points)
		if limit, ok := limits[score.Rule]; ok {
			points = a.limited(score.Rule, points, minute, limit)
		}
		change.Points += points
	}
	a.Points = min(a.Points+change.Points, maxTotal)
	if reached, ok := levels.At(a.Points); ok {
		change.Reached, change.After = reached, Standing{reached.Level, true}
		a.Level = reached.Level + 1
	} else {
		a.Level = 0
	}
	return change
}

// limited takes points out of what is left for a minute.
func (a *Account) limited(rule string, points, minute, limit int64) int64 {
	if minute > a.Minute {
		a.Minute, a.Spent = minute, nil
	}
	points = min(points, max(0, limit-a.Spent[rule]))
	if points > 0 {
		if a.Spent == nil {
			a.Spent = map[string]int64{}
		}
		a.Spent[rule] += points
	}
	return points
}

// standing is the level that the account recorded.
func (a *Account) standing() Standing {
	if a.Level == 0 {
		return Standing{}
	}
	return Standing{a.Level - 1, true}
}
