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

package lookup

import (
	"testing"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

// A push domain, an APPID and a bizID each belong to one account; what is not declared
// proves nothing.
func TestSameAccount(t *testing.T) {
	t.Parallel()
	spec := func(push string, appID, bizID int64) *imv1alpha1.ImAppSpec {
		s := &imv1alpha1.ImAppSpec{}
		if push != "" {
			s.Live = &imv1alpha1.LiveStreaming{PushDomain: push}
			if appID != 0 {
				s.Live.AccountAppID = &appID
			}
		}
		s.TRTC = &imv1alpha1.RealTimeCommunication{}
		if bizID != 0 {
			s.TRTC.BizID = &bizID
		}
		return s
	}
	for name, test := range map[string]struct {
		a, b *imv1alpha1.ImAppSpec
		want bool
	}{
		"nothing in common":          {spec("a.example", 1, 3), spec("b.example", 2, 4), false},
		"one push domain":            {spec("a.example", 0, 0), spec("a.example", 0, 0), true},
		"one account":                {spec("a.example", 1, 0), spec("b.example", 1, 0), true},
		"one bizID":                  {spec("a.example", 0, 3), spec("b.example", 0, 3), true},
		"one bizID, without domains": {spec("", 0, 3), spec("", 0, 3), true},
		"numbers are not declared":   {spec("a.example", 0, 0), spec("b.example", 0, 0), false},
		"nothing is declared":        {&imv1alpha1.ImAppSpec{}, &imv1alpha1.ImAppSpec{}, false},
		"one has no TRTC":            {spec("a.example", 0, 3), &imv1alpha1.ImAppSpec{}, false},
	} {
		if got := SameAccount(test.a, test.b); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
		if got := SameAccount(test.b, test.a); got != test.want {
			t.Errorf("%s, the other way round: %v", name, got)
		}
	}
}
