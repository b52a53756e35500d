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

package projection

import (
	"time"

	"golang.org/x/time/rate"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

// reports is what was made of the reports about one object.
type reports struct {
	// settled is the sequence of the last report that was compared with spec.
	settled uint64
	// generation of spec that was last compared with, changed when it became known.
	generation int64
	changed    time.Time
	// hints bounds how often the object wakes the controller.
	hints *rate.Limiter
}

func newReports() *reports {
	return &reports{hints: rate.NewLimiter(rate.Every(hintEvery), hintBurst)}
}

// echo is how long the report of the operator's own write of a changed spec may
// be on its way.
const echo = 1500 * time.Millisecond

// echoing returns until when reports may be echoes of older versions of a spec
// that has just been changed; the zero time for not at all.
func (r *reports) echoing(generation int64, now time.Time) time.Time {
	if r.generation != 0 && r.generation != generation {
		r.changed = now
	}
	r.generation = generation
	if until := r.changed.Add(echo); until.After(now) {
		return until
	}
	return time.Time{}
}

// seen is the last report about an object.
type seen struct {
	sequence uint64
	millis   int64
	// different are the fields in which it differs from spec.
	different func() []string
}

// judgement is what status should show after a report.
type judgement struct {
	report *imv1alpha1.ReportedDrift
	// hint: the report is a new one, which counts against the bound.
	hint bool
	// settled: the report needs no second look.
	settled bool
	// again is when to look again, if not settled.
	again time.Time
}

// judge compares a report with spec.
func (r *reports) judge(now time.Time, before *imv1alpha1.ReportedDrift, last seen) judgement {
	if last.sequence == r.settled || before != nil && before.Sequence == int64(last.sequence) {
		return judgement{report: before, settled: true}
	}
	fields := last.different()
	if len(fields) == 0 {
		return judgement{report: before, settled: true}
	}
	if tokens := r.hints.TokensAt(now); tokens < 1 {
		missing := time.Duration((1 - tokens) * float64(hintEvery))
		return judgement{report: before, again: now.Add(missing + time.Millisecond)}
	}
	return judgement{report: drift(fields, last.sequence, last.millis), hint: true, settled: true}
}

// wrote notes that the judgement on a report is in status.
func (r *reports) wrote(now time.Time, made judgement, sequence uint64) {
	if made.hint {
		r.hints.AllowN(now, 1)
	}
	if made.settled {
		r.settled = sequence
	}
}
