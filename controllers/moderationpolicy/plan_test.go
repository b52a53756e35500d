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
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/lifecycle"
	"github.com/liveroom-io/liveroom-operator/internal/hold"
	"github.com/liveroom-io/liveroom-operator/internal/im"
)

func blocked(words ...string) []im.Keyword {
	all := make([]im.Keyword, len(words))
	for i, word := range words {
		all[i] = im.Keyword{Text: word, Kind: im.KeywordWord, Filter: im.KeywordBlock}
	}
	return all
}

func masked(words ...string) []im.Keyword {
	all := make([]im.Keyword, len(words))
	for i, word := range words {
		all[i] = im.Keyword{Text: word, Kind: im.KeywordWord, Filter: im.KeywordReplace, Replacement: "***"}
	}
	return all
}

func ours(words ...string) Record {
	record := Record{}
	for _, word := range words {
		record[digestOf(word)] = struct{}{}
	}
	return record
}

func step(verb lifecycle.Verb, path string, value any) lifecycle.Change {
	return lifecycle.Change{Verb: verb, Path: path, Condition: imv1alpha1.ConditionSynced, Value: value}
}

func TestPlan(t *testing.T) {
	block := func(words ...string) Desired { return Desired{Words: words, Filter: im.KeywordBlock} }
	for name, test := range map[string]struct {
		desired  Desired
		ours     Record
		observed []im.Keyword
		want     []lifecycle.Change
	}{
		"nothing": {desired: block()},
		"new": {
			desired: block("a", "b", "c"),
			want: []lifecycle.Change{
				step(lifecycle.Set, "words.add[0]", Addition{blocked("a", "b")}), step(lifecycle.Set, "words.add[1]", Addition{blocked("c")}),
			},
		},
		"as declared":      {desired: block("a", "b"), ours: ours("a", "b"), observed: blocked("a", "b")},
		"recorded, absent": {desired: block("a"), ours: ours("a"), want: []lifecycle.Change{step(lifecycle.Set, "words.add[0]", Addition{blocked("a")})}},
		"foreign ones stay": {
			desired: block("a"), ours: ours("a"), observed: append(blocked("a"), masked("z")...),
		},
		"a foreign one is declared, and means something else": {desired: block("a"), observed: masked("a")},
		"another action": {
			desired: Desired{Words: []string{"a", "b"}, Filter: im.KeywordReplace, Replacement: "***"},
			ours:    ours("a", "b"), observed: append(blocked("a"), masked("b")...),
			want: []lifecycle.Change{step(lifecycle.Set, "words.replace[0]", Replacement{Old: blocked("a"), New: masked("a")})},
		},
		"ours, turned into a pattern": {
			desired: block("a"), ours: ours("a"), observed: []im.Keyword{{Text: "a", Kind: im.KeywordRegex, Filter: im.KeywordBlock}},
			want: []lifecycle.Change{step(lifecycle.Set, "words.replace[0]", Replacement{
				Old: []im.Keyword{{Text: "a", Kind: im.KeywordRegex, Filter: im.KeywordBlock}}, New: blocked("a"),
			})},
		},
		"not declared any more": {
			desired: block(), ours: ours("a", "gone"), observed: blocked("a", "z"),
			want: []lifecycle.Change{step(lifecycle.Remove, "words.remove[0]", Removal{blocked("a")})},
		},
		"removals come first, and the rest has to wait": {
			desired: block("d", "e", "f"), ours: ours("a", "b", "c"), observed: blocked("a", "b", "c"),
			want: []lifecycle.Change{
				step(lifecycle.Remove, "words.remove[0]", Removal{blocked("a", "b")}), step(lifecycle.Remove, "words.remove[1]", Removal{blocked("c")}),
				step(lifecycle.Set, "words.add[0]", Addition{blocked("d", "e")}), step(lifecycle.Set, "words", Rest{1}),
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			test.desired.Ours = test.ours
			if got := plan(test.desired, Observed{Words: test.observed}, 2, 5); !reflect.DeepEqual(got, test.want) {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
		})
	}
}

// Whatever is declared, there already and remembered: passes end with every
// declared word in IM, nothing of others touched, nothing of ours left behind, and
// nothing more to do. Any pass may end anywhere in between.
func TestPassesConverge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfDistinct(rapid.SampledFrom(strings.Split("abcdefghijkl", "")), rapid.ID[string])
		kind := &Kind{}
		policy := &imv1alpha1.ModerationPolicy{}
		foreign := map[string]im.Keyword{}
		for _, word := range words.Draw(t, "foreign") {
			foreign[word] = masked(word)[0]
		}
		world := map[string]im.Keyword{}
		for text, word := range foreign {
			world[text] = word
		}
		pass := func(d Desired, crash int) int {
			ours, err := readRecord(policy.Status.ProviderWords)
			if err != nil {
				t.Fatal(err)
			}
			d.Ours = ours
			var seen []im.Keyword
			for _, text := range slices.Sorted(maps.Keys(world)) {
				seen = append(seen, world[text])
			}
			observed := Observed{Words: seen}
			changes := plan(d, observed, 2, 5)
			p := &lifecycle.Pass[Desired, Observed]{Desired: &d, Observed: &observed, Planned: changes}
			kind.Record(policy, d, changes)
			for i, change := range changes {
				if _, rest := change.Value.(Rest); rest || crash >= 0 && i >= crash {
					break
				}
				for text, there := range effects(change) {
					if word, found := world[text]; found && reflect.DeepEqual(word, foreign[text]) {
						t.Fatalf("%s %s touches what is foreign", change.Verb, change.Path)
					}
					if !there {
						delete(world, text)
					} else {
						world[text] = d.keyword(text)
					}
				}
				if crash < 0 || i+1 < crash { // the last reply before the end is lost
					p.Applied = append(p.Applied, change)
				}
			}
			if crash < 0 || rapid.Bool().Draw(t, "reported") {
				kind.Report(policy, p)
			}
			return len(changes)
		}
		var d Desired
		for range rapid.IntRange(1, 4).Draw(t, "policies") {
			d = Desired{Words: slices.Sorted(slices.Values(words.Draw(t, "declared"))), Filter: im.KeywordBlock}
			if rapid.Bool().Draw(t, "mask") {
				d.Filter, d.Replacement = im.KeywordReplace, "#"
			}
			for range rapid.IntRange(0, 3).Draw(t, "crashes") {
				pass(d, rapid.IntRange(0, 4).Draw(t, "crash"))
			}
		}
		for tries := 0; pass(d, -1) > 0; tries++ {
			if tries > 10 {
				t.Fatal("does not come to an end")
			}
		}
		want := map[string]im.Keyword{}
		mine := Record{}
		for _, word := range d.Words {
			want[word] = d.keyword(word)
			if _, theirs := foreign[word]; !theirs {
				mine[digestOf(word)] = struct{}{}
			}
		}
		for text, word := range foreign {
			want[text] = word
		}
		if !reflect.DeepEqual(world, want) {
			t.Fatalf("got  %v\nwant %v", world, want)
		}
		if policy.Status.ProviderWords != mine.encode() || int(policy.Status.Words) != len(d.Words) {
			t.Fatalf("status has %d words, want %d; the record is wrong: %t", policy.Status.Words, len(d.Words), policy.Status.ProviderWords != mine.encode())
		}
	})
}

func TestRecordIsCompact(t *testing.T) {
	record := Record{}
	for i := range maxRecorded {
		record[digestOf(fmt.Sprint("word", i))] = struct{}{}
	}
	text := record.encode()
	if len(record) != maxRecorded || len(text) > 262144 {
		t.Errorf("%d words take %d bytes", len(record), len(text))
	}
	again, err := readRecord(text)
	if err != nil || !reflect.DeepEqual(again, record) {
		t.Errorf("read back %d words, %v", len(again), err)
	}
	for _, broken := range []string{"!", "YQ==", text[:len(text)-4]} {
		if _, err := readRecord(broken); err == nil {
			t.Errorf("%d bytes are read", len(broken))
		}
	}
	if empty, err := readRecord(""); err != nil || len(empty) != 0 || empty.encode() != "" {
		t.Errorf("nothing is %v, %v", empty, err)
	}
}

// What does not fit into the record is not added.
func TestPlanKeepsToTheRecord(t *testing.T) {
	full := Record{}
	for i := range maxRecorded - 1 {
		full[digestOf(fmt.Sprint("old", i))] = struct{}{}
	}
	got := plan(Desired{Words: []string{"a", "b"}, Filter: im.KeywordBlock, Ours: full}, Observed{}, 2, 5)
	want := []lifecycle.Change{step(lifecycle.Set, "words.add[0]", Addition{blocked("a")}), step(lifecycle.Set, "words", Rest{1})}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// One word that IM refuses holds up no other, and is named.
func TestRefusedWordsAreFound(t *testing.T) {
	refusal := &im.Error{Class: im.Invalid, Command: "add_local_audit_keywords", Code: 10004, Info: "no"}
	for name, test := range map[string]struct {
		bad    []string
		reason string
		want   string
		calls  int
	}{
		"none":       {calls: 3},
		"two":        {bad: []string{"w03", "w17"}, want: `IM refuses "w03", "w17": no (code 10004): take them out of the lists`, calls: 3 + 20},
		"everything": {bad: []string{"w"}, want: `no (code 10004)`, calls: 3 + 25},
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			calls, there := 0, map[string]bool{}
			var words []string
			for i := range 25 {
				words = append(words, fmt.Sprintf("w%02d", i))
			}
			err := add(t.Context(), blocked(words...), func(_ context.Context, part []im.Keyword) error {
				mu.Lock()
				defer mu.Unlock()
				calls++
				for _, word := range part {
					if slices.ContainsFunc(test.bad, func(bad string) bool { return strings.HasPrefix(word.Text, bad) }) {
						return refusal
					}
				}
				for _, word := range part {
					there[word.Text] = true
				}
				return nil
			})
			message := ""
			if wait, held := hold.As(err); held {
				message = wait.Message
			}
			if !strings.Contains(sorted(message), sorted(test.want)) || (test.want == "") != (err == nil) {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if calls != test.calls || name == "two" && len(there) != 23 {
				t.Errorf("%d calls, %d words are there", calls, len(there))
			}
		})
	}
}

// sorted takes the order of the two words out of a message.
func sorted(message string) string {
	return strings.Replace(message, `"w17", "w03"`, `"w03", "w17"`, 1)
}
