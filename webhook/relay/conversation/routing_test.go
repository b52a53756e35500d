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
	"testing"

	"pgregory.net/rapid"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	agents := []Candidate{
		{"c", PresenceOnline, 2}, {"a", PresenceOnline, 3}, {"off", PresenceOffline, 0}, {"b", PresenceOnline, 2}, {"?", PresenceUnknown, 0},
	}
	unknown := []Candidate{{"a", PresenceOffline, 0}, {"b", "", 5}, {"c", PresenceUnknown, 5}}
	offline := []Candidate{{"a", PresenceOffline, 1}, {"b", PresenceOffline, 0}}
	const sticky, turns, least = imv1alpha1.RoutingSticky, imv1alpha1.RoutingRoundRobin, imv1alpha1.RoutingLeastBusy
	for name, tc := range map[string]struct {
		routing imv1alpha1.Routing
		agents  []Candidate
		former  string
		turn    uint64
		want    string
	}{
		"nobody":                          {sticky, nil, "a", 0, ""},
		"former":                          {sticky, agents, "a", 0, "a"},
		"former is offline":               {sticky, agents, "off", 0, "b"},
		"former is no agent any more":     {sticky, agents, "x", 0, "b"},
		"former, all offline":             {sticky, offline, "a", 0, "a"},
		"no routing is sticky":            {"", agents, "c", 0, "c"},
		"no former":                       {sticky, agents, "", 1, "c"},
		"turns":                           {turns, agents, "c", 0, "a"},
		"next turn":                       {turns, agents, "c", 1, "b"},
		"turns begin again":               {turns, agents, "c", 3, "a"},
		"least busy":                      {least, agents, "a", 0, "b"},
		"least busy, equal ones in turns": {least, agents, "a", 1, "c"},
		"unknown before offline":          {least, unknown, "", 0, "b"},
		"all offline":                     {least, offline, "", 0, "b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, ok := Choose(tc.routing, tc.agents, tc.former, tc.turn); got != tc.want || ok != (tc.want != "") {
				t.Errorf("chose %q, %v", got, ok)
			}
		})
	}
}

// The choice is one of the candidates, does not depend on their order, and leaves
// them as they were.
func TestChooseDependsOnNoOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		candidates := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) Candidate {
			return Candidate{
				UserID:   rapid.StringMatching("[a-f]{1,2}").Draw(t, "user"),
				Presence: rapid.SampledFrom([]Presence{PresenceOnline, PresenceOffline, PresenceUnknown, ""}).Draw(t, "presence"),
				Sessions: rapid.IntRange(0, 3).Draw(t, "sessions"),
			}
		}), 1, 10, func(c Candidate) string { return c.UserID }).Draw(t, "candidates")
		routing := rapid.SampledFrom([]imv1alpha1.Routing{
			imv1alpha1.RoutingSticky, imv1alpha1.RoutingRoundRobin, imv1alpha1.RoutingLeastBusy,
		}).Draw(t, "routing")
		former, turn := rapid.StringMatching("[a-f]{1,2}").Draw(t, "former"), rapid.Uint64().Draw(t, "turn")
		shuffled := rapid.Permutation(candidates).Draw(t, "shuffled")
		before := shuffled[0]
		got, ok := Choose(routing, candidates, former, turn)
		again, _ := Choose(routing, shuffled, former, turn)
		if !ok || got != again || shuffled[0] != before {
			t.Fatalf("%q, %q", got, again)
		}
		for _, c := range candidates {
			if c.UserID == got {
				return
			}
		}
		t.Fatalf("%q is no candidate", got)
	})
}
