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

package v1alpha1

import (
	"fmt"
	"testing"
)

var validLevels = UserLevelPolicy{Spec: UserLevelPolicySpec{
	AppRef:  app,
	Scoring: []ScoringRule{{Name: "chat", Match: ScoringMatchText, Points: new(int32(1))}},
	Levels:  []UserLevel{{Level: 1, Points: 100}},
}}

func copyLevels(p UserLevelPolicy) *UserLevelPolicy { return p.DeepCopy() }

func TestUserLevelPolicyCreation(t *testing.T) {
	t.Parallel()
	spec := func(change func(*UserLevelPolicySpec)) func(*UserLevelPolicy) {
		return func(p *UserLevelPolicy) { change(&p.Spec) }
	}
	rules := func(rules ...ScoringRule) func(*UserLevelPolicy) {
		return spec(func(s *UserLevelPolicySpec) { s.Scoring = rules })
	}
	rule := func(change func(*ScoringRule)) func(*UserLevelPolicy) {
		return spec(func(s *UserLevelPolicySpec) { change(&s.Scoring[0]) })
	}
	many := func(n int) []ScoringRule {
		list := make([]ScoringRule, n)
		for i := range list {
			list[i] = ScoringRule{Name: fmt.Sprintf("r%d", i), Match: ScoringMatchText, Points: new(int32(1))}
		}
		return list
	}
	levels := func(levels ...UserLevel) func(*UserLevelPolicy) {
		return spec(func(s *UserLevelPolicySpec) { s.Levels = levels })
	}
	rising := func(n int) []UserLevel {
		list := make([]UserLevel, n)
		for i := range list {
			list[i] = UserLevel{Level: int64(i), Points: int64(i + 1)}
		}
		return list
	}
	tag := func(tag string) func(*UserLevelPolicy) {
		return spec(func(s *UserLevelPolicySpec) { s.ProfileTag = tag })
	}
	announced := func(event string) func(*UserLevelPolicy) {
		return spec(func(s *UserLevelPolicySpec) { s.Announcement = &LevelAnnouncement{Event: event} })
	}
	gift := ScoringRule{Name: "gift", Match: ScoringMatchCustom, Event: "SEND_GIFT", PointsExpression: "int(ext.price)"}
	const (
		points = "set exactly one of points and pointsExpression"
		event  = "event belongs to match: Custom, and is required with it"
		order  = "a higher level must take more points: order levels and points alike"
	)
	proveCreations(t, validLevels, copyLevels, []creation[UserLevelPolicy]{
		{"minimal", spec(func(*UserLevelPolicySpec) {}), ""},
		{"text and gifts", rules(validLevels.Spec.Scoring[0], gift), ""},
		{"no points", rule(func(r *ScoringRule) { r.Points = nil }), points},
		{"points and an expression", rule(func(r *ScoringRule) { r.PointsExpression = "1" }), points},
		{"an event of text", rule(func(r *ScoringRule) { r.Event = "LIKE" }), event},
		{"custom without an event", rule(func(r *ScoringRule) { r.Match = ScoringMatchCustom }), event},
		{"long event", rule(func(r *ScoringRule) { r.Match, r.Event = ScoringMatchCustom, letters(65) }), "spec.scoring[0].event"},
		{"unknown match", rule(func(r *ScoringRule) { r.Match = "Sound" }), unsupported},
		{"no points on purpose", rule(func(r *ScoringRule) { r.Points = new(int32(0)) }), ""},
		{"negative points", rule(func(r *ScoringRule) { r.Points = new(int32(-1)) }), "spec.scoring[0].points"},
		{"a million points", rule(func(r *ScoringRule) { r.Points = new(int32(1000000)) }), ""},
		{"more points", rule(func(r *ScoringRule) { r.Points = new(int32(1000001)) }), "spec.scoring[0].points"},
		{"long expression", rules(ScoringRule{Name: "r", Match: ScoringMatchText, PointsExpression: letters(4097)}), "spec.scoring[0].pointsExpression"},
		{"limit", rule(func(r *ScoringRule) { r.PerUserPerMinute = new(int32(1)) }), ""},
		{"limit of nothing", rule(func(r *ScoringRule) { r.PerUserPerMinute = new(int32(0)) }), "spec.scoring[0].perUserPerMinute"},
		{"odd name", rule(func(r *ScoringRule) { r.Name = "Chat!" }), "spec.scoring[0].name"},
		{"16 rules", rules(many(16)...), ""},
		{"17 rules", rules(many(17)...), tooMany + " 16 items"},
		{"no rule", rules([]ScoringRule{}...), "spec.scoring"},
		{"rule given twice", rules(many(1)[0], many(1)[0]), "Duplicate value"},

		{"64 levels", levels(rising(64)...), ""},
		{"65 levels", levels(rising(65)...), tooMany + " 64 items"},
		{"no level", levels([]UserLevel{}...), "spec.levels"},
		{"levels in another order", levels(UserLevel{Level: 5, Points: 50}, UserLevel{Level: 2, Points: 20}), ""},
		{"a higher level for less", levels(UserLevel{Level: 1, Points: 100}, UserLevel{Level: 2, Points: 50}), order},
		{"two levels for the same", levels(UserLevel{Level: 1, Points: 100}, UserLevel{Level: 2, Points: 100}), order},
		{"level given twice", levels(UserLevel{Level: 1, Points: 1}, UserLevel{Level: 1, Points: 1}), "Duplicate value"},
		{"largest level", levels(UserLevel{Level: 4294967295, Points: 1000000000000}), ""},
		{"level too large", levels(UserLevel{Level: 4294967296, Points: 1}), "spec.levels[0].level"},
		{"level below zero", levels(UserLevel{Level: -1, Points: 1}), "spec.levels[0].level"},
		{"level for nothing", levels(UserLevel{Level: 1}), "spec.levels[0].points"},
		{"level out of reach", levels(UserLevel{Level: 1, Points: 1000000000001}), "spec.levels[0].points"},
		{"long title", levels(UserLevel{Level: 1, Points: 1, Title: letters(65)}), "spec.levels[0].title"},

		{"standard tag", tag("Tag_Profile_IM_Level"), ""},
		{"custom tag", tag("Tag_Profile_Custom_Rank"), ""},
		{"custom tag of 8 letters", tag("Tag_Profile_Custom_UserRank"), ""},
		{"custom tag of 9 letters", tag("Tag_Profile_Custom_UserRanks"), "spec.profileTag"},
		{"another standard tag", tag("Tag_Profile_IM_Nick"), "spec.profileTag"},
		{"custom tag with a digit", tag("Tag_Profile_Custom_Rank1"), "spec.profileTag"},
		{"announcement", announced("LEVEL_UP"), ""},
		{"announcement without a name", announced(""), "spec.announcement.event"},
		{"announcement with a long name", announced(letters(65)), "spec.announcement.event"},
	})
}

func TestUserLevelPolicyUpdate(t *testing.T) {
	t.Parallel()
	custom := func(p *UserLevelPolicy) { p.Spec.ProfileTag = "Tag_Profile_Custom_Rank" }
	const fixed = "profileTag is immutable: create another UserLevelPolicy"
	proveUpdates(t, validLevels, copyLevels, []update[UserLevelPolicy]{
		{"appRef", nil, func(p *UserLevelPolicy) { p.Spec.AppRef = otherApp }, "appRef is " + unchanged},
		{"tag", custom, func(p *UserLevelPolicy) { p.Spec.ProfileTag = ProfileTagLevel }, fixed},
		{"tag added", nil, custom, fixed},
		{"tag removed", custom, func(p *UserLevelPolicy) { p.Spec.ProfileTag = "" }, fixed},
		{"levels, with the tag kept", custom, func(p *UserLevelPolicy) { p.Spec.Levels[0].Points = 50 }, ""},
	})
}
