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

package live

import "maps"

// maxRefusals is how many kinds of refusals are counted apart; faults can invent them.
const maxRefusals = 1000

// Stats count what has happened since the start.
type Stats struct {
	// Pushes and Plays that were let in.
	Pushes int `json:"pushes"`
	Plays  int `json:"plays"`
	// Calls of the API by action, refused or not. Actions that do not exist are under
	// "unknown".
	Calls map[string]int `json:"calls"`
	// Refusals by what was refused, and why: "push 18/503", "play 403",
	// "enter UserSig", "DropLiveStream AuthFailure.SignatureFailure".
	Refusals map[string]int `json:"refusals"`
	// Callbacks: how many there were, are under way, were taken, were given up, and
	// were never sent because too many were under way.
	Callbacks CallbackStats `json:"callbacks"`
}

// CallbackStats count callbacks.
type CallbackStats struct {
	Made    int `json:"made"`
	Pending int `json:"pending"`
	Taken   int `json:"taken"`
	GivenUp int `json:"givenUp"`
	Dropped int `json:"dropped"`
}

type stats struct{ Stats }

func newStats() stats {
	return stats{Stats{Calls: map[string]int{}, Refusals: map[string]int{}}}
}

// refused counts a refusal.
func (s *stats) refused(what string) {
	if _, known := s.Refusals[what]; !known && len(s.Refusals) >= maxRefusals {
		what = "other"
	}
	s.Refusals[what]++
}

// Stats returns the counters.
func (s *Simulator) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.stats.Stats
	all.Calls, all.Refusals = maps.Clone(all.Calls), maps.Clone(all.Refusals)
	return all
}

// Calls is how often a call of the API came, refused or not.
func (s *Simulator) Calls(action string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats.Calls[action]
}

// refuse counts a refusal, without the lock.
func (s *Simulator) refuse(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.refused(what)
}
