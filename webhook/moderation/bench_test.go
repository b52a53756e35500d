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

package moderation

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook/message"
)

// typical is a message of 30 characters.
const typical = "今天的直播真好看 how much is 这个口红"

// dictionary makes different words: two thirds Chinese of 2 to 5 characters out
// of 3,500, one third Latin of 4 to 11.
func dictionary(n int) []string {
	r := rand.New(rand.NewPCG(1, 2))
	seen := make(map[string]bool, n)
	words := make([]string, 0, n)
	for len(words) < n {
		var word []rune
		if r.IntN(3) == 0 {
			for range 4 + r.IntN(8) {
				word = append(word, 'a'+r.Int32N(26))
			}
		} else {
			for range 2 + r.IntN(4) {
				word = append(word, 0x4e00+r.Int32N(3500))
			}
		}
		if !seen[string(word)] {
			seen[string(word)] = true
			words = append(words, string(word))
		}
	}
	return words
}

// BenchmarkDecide is what a before-send callback costs, parsing of MsgBody included.
func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		policies := []*Compiled{compiled(b, policy("p", imv1alpha1.ModerationActionMask), dictionary(n)...)}
		for _, tc := range []struct{ name, text string }{{"nothing", typical}, {"masked", typical + dictionary(n)[n/2]}} {
			raw := json.RawMessage(textOf(tc.text))
			m := message.Message{Sender: "viewer17", GroupID: "room"}
			b.Run(fmt.Sprintf("%d/%s", n, tc.name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					var err error
					if m.Body, err = message.Parse(raw, ""); err != nil {
						b.Fatal(err)
					}
					Decide(&m, policies, nil, start)
				}
			})
		}
	}
}

// BenchmarkCompile shows what a changed policy costs, and what it keeps.
func BenchmarkCompile(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		words := dictionary(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var c *Compiled
			for b.Loop() {
				c = compiled(b, policy("p", imv1alpha1.ModerationActionMask), words...)
			}
			b.ReportMetric(float64(c.Size())/(1<<20), "MiB")
			runtime.KeepAlive(c)
		})
	}
}

func BenchmarkExpression(b *testing.B) {
	policies := []*Compiled{compiled(b, policy("p", imv1alpha1.ModerationActionDrop, when("e", `text.contains("never") && ext.price > 10`)))}
	m := read(b, textOf(typical), "")
	b.ReportAllocs()
	for b.Loop() {
		Decide(m, policies, nil, start)
	}
}
