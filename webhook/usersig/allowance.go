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
	"strings"
)

// allowance is a compiled list of UserIDs and patterns. It does not change.
type allowance struct {
	exact    map[string]bool
	patterns []pattern
}

// pattern is a text with asterisks, taken apart at them: what it must begin
// with, what must follow in this order, and what it must end with.
type pattern struct {
	prefix, suffix string
	middle         []string
}

// compile takes a list apart, once for each version of an ImApp.
func compile(list []string) allowance {
	a := allowance{exact: map[string]bool{}}
	for _, text := range list {
		parts := strings.Split(text, "*")
		if len(parts) == 1 {
			a.exact[text] = true
			continue
		}
		p := pattern{prefix: parts[0], suffix: parts[len(parts)-1]}
		for _, part := range parts[1 : len(parts)-1] {
			if part != "" {
				p.middle = append(p.middle, part)
			}
		}
		a.patterns = append(a.patterns, p)
	}
	return a
}

// allows reports whether the list has a UserID.
func (a allowance) allows(userID string) bool {
	if a.exact[userID] {
		return true
	}
	for _, p := range a.patterns {
		if p.matches(userID) {
			return true
		}
	}
	return false
}

// matches never goes back: the first place where a part fits leaves the most room
// for those that follow.
func (p pattern) matches(userID string) bool {
	if len(userID) < len(p.prefix)+len(p.suffix) || !strings.HasPrefix(userID, p.prefix) || !strings.HasSuffix(userID, p.suffix) {
		return false
	}
	rest := userID[len(p.prefix) : len(userID)-len(p.suffix)]
	for _, part := range p.middle {
		_, after, found := strings.Cut(rest, part)
		if !found {
			return false
		}
		rest = after
	}
	return true
}
