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

package conversation

import (
	"cmp"
	"slices"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

// Presence is whether an agent is there, as far as is known.
type Presence string

// The presences. An empty one is Unknown.
const (
	PresenceUnknown Presence = "Unknown"
	PresenceOnline  Presence = "Online"
	PresenceOffline Presence = "Offline"
)

// Candidate is an agent to choose from.
type Candidate struct {
	UserID   string
	Presence Presence
	// Sessions that the agent has.
	Sessions int
}

// Choose an agent. Those who are online are preferred, then those of whom nothing
// is known; when all are offline each of them may be chosen. former is the agent
// whom the customer had last; turn counts the choices for the account, which are
// shared out by it. Equal arguments give equal answers, whatever the order of the
// candidates. It reports false without candidates.
func Choose(routing imv1alpha1.Routing, candidates []Candidate, former string, turn uint64) (agent string, ok bool) {
	pool := reachable(candidates)
	if len(pool) == 0 {
		return "", false
	}
	slices.SortFunc(pool, func(a, b Candidate) int { return cmp.Compare(a.UserID, b.UserID) })
	switch routing {
	case imv1alpha1.RoutingRoundRobin:
	case imv1alpha1.RoutingLeastBusy:
		pool = leastBusy(pool)
	default:
		if slices.ContainsFunc(pool, func(c Candidate) bool { return c.UserID == former }) {
			return former, true
		}
		pool = leastBusy(pool)
	}
	return pool[turn%uint64(len(pool))].UserID, true
}

// reachable are the candidates with the best presence that any of them has.
func reachable(candidates []Candidate) []Candidate {
	for _, worse := range [][]Presence{
		{PresenceOffline, PresenceUnknown, ""},
		{PresenceOffline},
	} {
		pool := slices.DeleteFunc(slices.Clone(candidates), func(c Candidate) bool { return slices.Contains(worse, c.Presence) })
		if len(pool) > 0 {
			return pool
		}
	}
	return slices.Clone(candidates)
}

func leastBusy(pool []Candidate) []Candidate {
	least := slices.MinFunc(pool, func(a, b Candidate) int { return cmp.Compare(a.Sessions, b.Sessions) }).Sessions
	return slices.DeleteFunc(pool, func(c Candidate) bool { return c.Sessions > least })
}
