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

package fault_test

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/liveroom-io/liveroom-operator/internal/sim/fault"
)

type (
	set    = fault.Set[string, int]
	rule   = fault.Rule[string, int]
	effect = fault.Effect[int]
)

func newSet() *set {
	return fault.NewSet[string, int](rand.New(rand.NewPCG(1, 1)))
}

func named(name string) func(*string) bool {
	return func(calls *string) bool { return *calls == name }
}

// Waits add up, of the rest the first wins, and rules end after their times.
func TestTake(t *testing.T) {
	t.Parallel()
	g, s := NewWithT(t), newSet()
	one, two := 1, 2
	for _, r := range []rule{
		{Calls: "a", Times: 1, Effect: effect{Latency: time.Second, Refusal: &one}},
		{Calls: "a", Effect: effect{Latency: time.Minute, Refusal: &two, HTTPStatus: 502, SlowAnswer: time.Second}},
		{Calls: "b", Effect: effect{Reset: fault.AfterCommit}},
	} {
		_, err := s.Add(r)
		g.Expect(err).NotTo(HaveOccurred())
	}
	g.Expect(s.Take(named("a"))).To(Equal(effect{Latency: 61 * time.Second, Refusal: &one, HTTPStatus: 502, SlowAnswer: time.Second}))
	g.Expect(s.Take(named("a"))).To(Equal(effect{Latency: time.Minute, Refusal: &two, HTTPStatus: 502, SlowAnswer: time.Second}))
	g.Expect(s.Take(named("c"))).To(Equal(effect{}))
	hits := map[int][2]int{}
	for _, active := range s.List() {
		hits[active.Number] = [2]int{active.Hits, active.Left}
	}
	g.Expect(hits).To(Equal(map[int][2]int{2: {2, -1}, 3: {0, -1}}))
	s.Clear()
	g.Expect(s.List()).To(BeEmpty())
	g.Expect(s.Take(named("b"))).To(Equal(effect{}))
}

func TestProbability(t *testing.T) {
	t.Parallel()
	g, s := NewWithT(t), newSet()
	_, err := s.Add(rule{Calls: "a", Probability: 0.25, Effect: effect{HTTPStatus: 500}})
	g.Expect(err).NotTo(HaveOccurred())
	hit := 0
	for range 1000 {
		if e := s.Take(named("a")); e.HTTPStatus == 500 {
			hit++
		}
	}
	g.Expect(hit).To(BeNumerically("~", 250, 50))
	g.Expect(s.List()[0].Hits).To(Equal(hit))
}

func TestRunsAndLabel(t *testing.T) {
	t.Parallel()
	g, code := NewWithT(t), 7
	for _, test := range []struct {
		effect effect
		runs   bool
		label  string
	}{
		{effect{}, true, ""},
		{effect{Latency: 1, SlowAnswer: 1}, true, "Latency SlowAnswer"},
		{effect{Refusal: &code}, false, "Code7"},
		{effect{Refusal: &code, Commit: true}, true, "Code7"},
		{effect{HTTPStatus: 502}, false, "HTTP502"},
		{effect{Reset: fault.BeforeCommit, Commit: true}, false, "ResetBeforeCommit"},
		{effect{Reset: fault.AfterCommit, HTTPStatus: 502}, true, "ResetAfterCommit HTTP502"},
	} {
		g.Expect(test.effect.Runs()).To(Equal(test.runs), test.label)
		g.Expect(test.effect.Label(func(code *int) string { return strconv.Itoa(*code) })).To(Equal(test.label))
	}
}

func TestRulesOutOfBounds(t *testing.T) {
	t.Parallel()
	g, s := NewWithT(t), newSet()
	good := effect{HTTPStatus: 502}
	for want, r := range map[string]rule{
		"times":        {Times: -1, Effect: good},
		"probability":  {Probability: 1.5, Effect: good},
		"waits":        {Effect: effect{Latency: fault.MaxWait + 1}},
		"reset":        {Effect: effect{Reset: "Never"}},
		"HTTP status":  {Effect: effect{HTTPStatus: 200}},
		"does nothing": {},
	} {
		_, err := s.Add(r)
		g.Expect(err).To(MatchError(ContainSubstring(want)))
	}
	for range fault.MaxActive {
		_, err := s.Add(rule{Effect: good})
		g.Expect(err).NotTo(HaveOccurred())
	}
	_, err := s.Add(rule{Effect: good})
	g.Expect(err).To(MatchError(ContainSubstring("active already")))
}
