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
	"cmp"
	"slices"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook/message"
)

// masker is a policy that masks a message.
type masker struct {
	policy *Compiled
	wholly bool
}

// covered is a part of a text that is masked, by the policy with a rank.
type covered struct {
	Origin
	rank int
}

// mask puts the masks into the decision. Where none changes anything, the
// message is allowed; where they make it larger than IM takes, it is rejected,
// since IM would deliver the original.
func (d *Decision) mask(body *message.Body, maskers []masker, decided *Compiled) {
	slices.SortFunc(maskers, func(a, b masker) int { return compareNames(a.policy.name, b.policy.name) })
	change := func(_, text string) (string, bool) { return maskWords(text, maskers) }
	if i := slices.IndexFunc(maskers, func(m masker) bool { return m.wholly }); i >= 0 {
		change = func(string, string) (string, bool) { return maskers[i].policy.mask, true }
	}
	replacement := body.Rewrite(change)
	switch {
	case !replacement.Changed():
		*d = Decision{Failures: d.Failures}
	case grown(replacement, body):
		d.Verdict, d.Code, d.Info = Reject, imv1alpha1.DefaultRejectCode, decided.info
	default:
		d.Body, d.CloudCustomData = replacement.Body, replacement.CloudCustomData
	}
}

// grown reports whether masks made a message larger than it may be.
func grown(r message.Replacement, body *message.Body) bool {
	before, after := body.Size(), len(r.Body)
	if r.Body == nil {
		after = before - len(body.CloudCustomData())
	}
	if r.CloudCustomData != nil {
		after += len(*r.CloudCustomData)
	} else {
		after += len(body.CloudCustomData())
	}
	return after > maxMasked && after > before
}

// maskWords masks the words of all maskers in a text. Words that overlap get one
// mask, of the policy that comes first.
func maskWords(text string, maskers []masker) (string, bool) {
	folded, origin := fold(make([]byte, 0, len(text)), text, make([]Origin, 0, len(text)), true)
	var parts []covered
	for rank, m := range maskers {
		if m.policy.words == nil {
			continue
		}
		m.policy.words.each(folded, func(start, end int) bool {
			parts = append(parts, covered{Origin{origin[start].Start, origin[end-1].End}, rank})
			return true
		})
	}
	if len(parts) == 0 {
		return "", false
	}
	slices.SortFunc(parts, func(a, b covered) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
	})
	merged := parts[:1]
	for _, next := range parts[1:] {
		last := &merged[len(merged)-1]
		if next.Start >= last.End {
			merged = append(merged, next)
			continue
		}
		last.End, last.rank = max(last.End, next.End), min(last.rank, next.rank)
	}
	var out []byte
	from := 0
	for _, part := range merged {
		out = append(out, text[from:part.Start]...)
		out = append(out, maskers[part.rank].policy.mask...)
		from = part.End
	}
	return string(append(out, text[from:]...)), true
}
