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

package moderationpolicy

import (
	"fmt"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/lifecycle"
	"github.com/liveroom-io/liveroom-operator/internal/im"
)

const (
	// wordsPerChange is how many words one change is about: few enough for a
	// failure to be told apart, enough for calls to overlap.
	wordsPerChange = 250
	// wordsPerPass bounds what one pass writes, so that it ends in time. What is
	// left is written by the next one.
	wordsPerPass = 4000
)

// Addition adds words that are not in IM.
type Addition struct{ Words []im.Keyword }

// Removal takes away words that we have added.
type Removal struct{ Words []im.Keyword }

// Replacement gives words that we have added another meaning. What IM does with
// a word that is added twice is not documented, so the old one goes first.
type Replacement struct{ Old, New []im.Keyword }

// Rest stands for changes that the next pass makes.
type Rest struct{ Words int }

// Plan implements lifecycle.Kind.
func (k *Kind) Plan(desired Desired, observed Observed) []lifecycle.Change {
	return plan(desired, observed, wordsPerChange, wordsPerPass)
}

// plan adds what is missing, replaces what is ours and means something else, and
// removes what is ours and not declared any more. A word of others stays as it
// is, also when it is declared. Removals come first: they make room.
func plan(desired Desired, observed Observed, perChange, perPass int) []lifecycle.Change {
	present := observed.byText()
	var missing, old, changed, surplus []im.Keyword
	declared := make(map[string]bool, len(desired.Words))
	for _, word := range desired.Words {
		declared[word] = true
		want := desired.keyword(word)
		has, found := present[word]
		switch {
		case !found:
			missing = append(missing, want)
		case has != want && desired.Ours.has(word):
			old, changed = append(old, has), append(changed, want)
		}
	}
	for _, word := range observed.Words {
		if !declared[word.Text] && desired.Ours.has(word.Text) {
			surplus = append(surplus, word)
		}
	}

	b := batches{perChange: perChange, left: perPass}
	b.cut(len(surplus), func(i, j int) {
		b.add(lifecycle.Remove, "remove", Removal{Words: surplus[i:j]})
	})
	b.cut(len(changed), func(i, j int) {
		b.add(lifecycle.Set, "replace", Replacement{Old: old[i:j], New: changed[i:j]})
	})
	b.left = min(b.left, maxRecorded-len(desired.Ours)) // what is added must fit into the record
	b.cut(len(missing), func(i, j int) {
		b.add(lifecycle.Set, "add", Addition{Words: missing[i:j]})
	})
	if b.rest > 0 {
		b.changes = append(b.changes, change(lifecycle.Set, "words", Rest{Words: b.rest}))
	}
	return b.changes
}

// batches divides the words of a pass into changes.
type batches struct {
	perChange int
	left      int // words that may still be written in this pass
	rest      int // words that have to wait for another one
	numbers   map[string]int
	changes   []lifecycle.Change
}

// cut calls with the bounds of one batch after the other, as far as the pass goes.
func (b *batches) cut(n int, batch func(i, j int)) {
	now := min(n, max(b.left, 0))
	for i := 0; i < now; i += b.perChange {
		batch(i, min(i+b.perChange, now))
	}
	b.left -= now
	b.rest += n - now
}

func (b *batches) add(verb lifecycle.Verb, what string, value any) {
	if b.numbers == nil {
		b.numbers = map[string]int{}
	}
	b.changes = append(b.changes, change(verb, fmt.Sprintf("words.%s[%d]", what, b.numbers[what]), value))
	b.numbers[what]++
}

func change(verb lifecycle.Verb, path string, value any) lifecycle.Change {
	return lifecycle.Change{Verb: verb, Path: path, Condition: imv1alpha1.ConditionSynced, Value: value}
}
