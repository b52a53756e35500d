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

package lifecycle

import (
	"errors"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

type scheduled struct{ next time.Time }

func (s scheduled) Next() time.Time { return s.next }

type nothing struct{}

func (nothing) Exists() bool         { return false }
func (nothing) CreatedAt() time.Time { return time.Time{} }

// An error that the queue backs off from does not put off what the clock brings.
func TestScheduleBehindAnError(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 0)
	boom := errors.New("boom")
	internal := Finding{Reason: imv1alpha1.ReasonInternalError}
	for name, test := range map[string]struct {
		pass       Pass[scheduled, nothing]
		lapse      time.Time
		wait, more time.Duration // the wait, and how much longer it may become
		err        error
	}{
		"nothing to wait for": {pass: Pass[scheduled, nothing]{Err: boom, Desired: &scheduled{}}, err: boom},
		"a schedule soon":     {pass: Pass[scheduled, nothing]{Err: boom, Desired: &scheduled{now.Add(time.Second)}}, wait: time.Second},
		"a schedule later": {
			pass: Pass[scheduled, nothing]{Err: boom, Desired: &scheduled{now.Add(time.Hour)}}, wait: time.Second, more: time.Second,
		},
		"of one change": {
			pass: Pass[scheduled, nothing]{
				Desired: &scheduled{now.Add(time.Hour)}, Failures: []Failure{{Change: Change{Apart: true}, Err: boom}},
			}, wait: time.Second, more: time.Second,
		},
		"an end": {pass: Pass[scheduled, nothing]{Err: boom}, lapse: now.Add(time.Second), wait: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &Reconciler[*imv1alpha1.LiveRoom, scheduled, nothing]{clock: clocktesting.NewFakePassiveClock(now), patience: newPatience()}
			result, err := r.schedule(t.Context(), types.NamespacedName{Name: "one"}, internal, test.lapse, &test.pass)
			if !errors.Is(err, test.err) || err != nil && result != (reconcile.Result{}) {
				t.Fatal(result, err)
			}
			if result.RequeueAfter < test.wait || result.RequeueAfter > test.wait+test.more {
				t.Errorf("after %s, want %s", result.RequeueAfter, test.wait)
			}
		})
	}
}
