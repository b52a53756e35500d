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

import "time"

// action is what a follower does that permits customer messages.
type action int

// The actions, which are the rows of the provider's table.
const (
	actMessage action = iota
	actMenu
	actFollow
	actScan
	actPay
	actions
)

// unlimited is a number of messages without end.
const unlimited = -1

// allowances are how many messages an action permits, and for how long.
var allowances = [actions]struct {
	messages int
	valid    time.Duration
}{
	actMessage: {5, 48 * time.Hour},
	actMenu:    {3, time.Minute},
	actFollow:  {3, time.Minute},
	actScan:    {3, time.Minute},
	actPay:     {unlimited, 48 * time.Hour},
}

// permit is what is left of the latest action of one row.
type permit struct {
	left  int
	until time.Time
}

func (p permit) alive(now time.Time) bool { return now.Before(p.until) }

// window is what a follower permits. Every row counts for itself.
type window [actions]permit

// open notes an action. What is left of the row's last one is added, or
// forgotten.
func (w *window) open(row action, now time.Time, add bool) {
	allowed, before := allowances[row], w[row]
	w[row] = permit{left: allowed.messages, until: now.Add(allowed.valid)}
	if add && allowed.messages != unlimited && before.alive(now) {
		w[row].left += before.left
	}
}

// spend takes one message from the permit that ends first.
func (w *window) spend(now time.Time) *Refusal {
	chosen, open := -1, false
	for row, p := range w {
		if !p.alive(now) {
			continue
		}
		open = true
		if p.left != 0 && (chosen < 0 || p.until.Before(w[chosen].until)) {
			chosen = row
		}
	}
	switch {
	case !open:
		return refuse(codeWindow)
	case chosen < 0:
		return refuse(codeCount)
	}
	if w[chosen].left != unlimited {
		w[chosen].left--
	}
	return nil
}

// left is how many messages are permitted now, or unlimited.
func (w *window) left(now time.Time) int {
	sum := 0
	for _, p := range w {
		switch {
		case !p.alive(now):
		case p.left == unlimited:
			return unlimited
		default:
			sum += p.left
		}
	}
	return sum
}
