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

package usersig

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestAllowance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, list string
		yes, no    []string
	}{
		{"exact", "anchor01", []string{"anchor01"}, []string{"anchor0", "anchor012", "Anchor01", ""}},
		{"end", "viewer-*", []string{"viewer-", "viewer-1"}, []string{"viewer", "xviewer-1"}},
		{"begin", "*-bot", []string{"-bot", "a-bot"}, []string{"bot", "a-bots"}},
		{"both", "a*a", []string{"aa", "aba", "aaa"}, []string{"a", "ab", ""}},
		{"middle", "a*b*c", []string{"abc", "axbxc", "abbc", "abcbc"}, []string{"ac", "acb", "abcd"}},
		{"overlap", "*ab*ba*", []string{"abba", "xabxbax"}, []string{"aba", "bab"}},
		{"several", "a,b*,*c", []string{"a", "bx", "xc"}, []string{"x", "ax"}},
		{"all", "*", []string{"", "a"}, nil},
		{"all, twice", "**", []string{"", "a"}, nil},
		{"signs of expressions", "a.b", []string{"a.b"}, []string{"axb"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := compile(strings.Split(c.list, ","))
			for _, id := range c.yes {
				if !a.allows(id) {
					t.Errorf("%q does not allow %q", c.list, id)
				}
			}
			for _, id := range c.no {
				if a.allows(id) {
					t.Errorf("%q allows %q", c.list, id)
				}
			}
		})
	}
}

// TestAllowanceIsThatOfAnExpression compares with what the asterisk means.
func TestAllowanceIsThatOfAnExpression(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.StringMatching(`[ab*]{1,8}`), 1, 3).Draw(t, "list")
		id := rapid.StringMatching(`[ab]{0,10}`).Draw(t, "id")
		var expressions []string
		for _, text := range list {
			expressions = append(expressions, strings.ReplaceAll(regexp.QuoteMeta(text), `\*`, ".*"))
		}
		want := regexp.MustCompile("^(?:" + strings.Join(expressions, "|") + ")$").MatchString(id)
		if got := compile(list).allows(id); got != want {
			t.Fatalf("%q allows %q: %v, want %v", list, id, got, want)
		}
	})
}
