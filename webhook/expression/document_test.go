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

package expression

import (
	"os"
	"regexp"
	"testing"
)

// TestDocumentedExpressions compiles every expression that the documentation shows.
func TestDocumentedExpressions(t *testing.T) {
	t.Parallel()
	for _, doc := range []struct {
		path    string
		pattern *regexp.Regexp
		compile func(string) error
		least   int
	}{
		{"../../docs/moderation.md", regexp.MustCompile(`expression: '(.+)'`), func(s string) error { _, err := CompileCondition(s); return err }, 4},
		{"../../docs/user-levels.md", regexp.MustCompile("(?m)pointsExpression: '(.+)'|^\\| `([^`]*(?:ext|text|room)[^`]*)` \\|"), func(s string) error { _, err := CompilePoints(s); return err }, 5},
	} {
		text, err := os.ReadFile(doc.path)
		if err != nil {
			t.Fatal(err)
		}
		found := doc.pattern.FindAllStringSubmatch(string(text), -1)
		if len(found) < doc.least {
			t.Errorf("%s: found %d expressions, want at least %d", doc.path, len(found), doc.least)
		}
		for _, groups := range found {
			source := groups[1]
			if source == "" {
				source = groups[2]
			}
			if err := doc.compile(source); err != nil {
				t.Errorf("%s: %s %v", doc.path, source, err)
			}
		}
	}
}
