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

package stream

import (
	"cmp"
	"slices"
)

// maxPushes of a room are remembered. Those before are forgotten: a callback that
// comes about one of them later than about this many newer ones means nothing any
// more, unless it is the first that tells of it.
const maxPushes = 16

// maxRefused of them may be attempts that were refused, which anybody can make who
// knows the name of a stream.
const maxRefused = 4

// Codes of an end that say that a push was refused (live contract, section 3.3).
const (
	refusedByService = 18
	refusedByOwner   = 19
)

// admitted is how long, in milliseconds, a push lasts that was let in. To refuse one takes
// some time, too.
const admitted = 1000

// refused reports whether the push was never let in, as far as is known: of one that
// lasted only the start is not known yet. Whether an end is told of one that was refused,
// and how long it says that it lasted, is unconfirmed (live contract, section 3.3).
func (p *Push) refused() bool {
	return p.Start == 0 && p.Lasted < admitted && (p.Code == refusedByService || p.Code == refusedByOwner)
}

// Push is one push to CSS, from connecting to its end.
type Push struct {
	// Sequence is what the callbacks about its start and its end have in common.
	Sequence string `json:"sequence"`
	// Start and End in milliseconds since 1970, 0 as long as nothing was heard of them.
	Start int64 `json:"start,omitempty"`
	End   int64 `json:"end,omitempty"`
	// Lasted is how long it took, as its end told, in milliseconds; 0 for unknown.
	Lasted int64 `json:"lasted,omitempty"`
	// Code and Sub are the cause of its end.
	Code int32  `json:"code,omitempty"`
	Sub  *int32 `json:"sub,omitempty"`
}

// began is when the push started. As long as only its end is known, that is reckoned
// back from there; without a duration it is the end itself.
func (p *Push) began() int64 {
	if p.Start > 0 {
		return p.Start
	}
	return p.End - p.Lasted
}

// comparePushes puts the older of two pushes first. Of two in the same second, one
// whose start is known came after one of which only the end is known, and else that
// with the greater number.
func comparePushes(a, b Push) int {
	return cmp.Or(
		cmp.Compare(a.began(), b.began()),
		cmp.Compare(min(a.Start, 1), min(b.Start, 1)),
		cmp.Compare(len(a.Sequence), len(b.Sequence)), // decimal numbers of more than 64 bits
		cmp.Compare(a.Sequence, b.Sequence),
	)
}

// withPush returns the pushes, oldest first, with what an event told. Whatever the
// order of events, the same ones give the same pushes.
func withPush(pushes []Push, e *Event) []Push {
	i := slices.IndexFunc(pushes, func(p Push) bool { return p.Sequence == e.Push })
	push := Push{Sequence: e.Push}
	if i >= 0 {
		push = pushes[i]
	}
	switch {
	case e.Kind == Started && (push.Start == 0 || e.Time < push.Start):
		push.Start = e.Time
	case e.Kind == Ended && e.Time > push.End:
		push.End, push.Lasted, push.Code, push.Sub = e.Time, e.Lasted, e.Code, e.Sub
	default:
		return pushes
	}
	pushes = slices.Clone(pushes)
	if i >= 0 {
		pushes[i] = push
	} else {
		pushes = append(pushes, push)
	}
	slices.SortFunc(pushes, comparePushes)
	surplus := -maxRefused
	for i := range pushes {
		if pushes[i].refused() {
			surplus++
		}
	}
	pushes = slices.DeleteFunc(pushes, func(p Push) bool {
		if surplus <= 0 || !p.refused() {
			return false
		}
		surplus--
		return true
	})
	return pushes[max(0, len(pushes)-maxPushes):]
}
