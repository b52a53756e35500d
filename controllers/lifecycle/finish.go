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
	"context"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

// maxUnconverged bounds the list in status; what is beyond it is tried again.
const maxUnconverged = 32

// jitterShare is how much longer a wait may become, as a share of it.
const jitterShare = 0.2

// finish computes status from the facts of a pass, writes it if it differs,
// says so in an event if the state has changed, and decides when to look again.
func (r *Reconciler[O, D, S]) finish(ctx context.Context, before, obj O, pass *Pass[D, S]) (reconcile.Result, error) {
	if v := judge(pass.Err); v.silent {
		if v.after == 0 {
			v.after = silentRetry
		}
		return reconcile.Result{RequeueAfter: v.after}, nil
	}
	found := findings(r.traits.Conditions, before, pass)
	if r.traits.Unconverged != nil {
		switch {
		case pass.Err == nil:
			*r.traits.Unconverged(obj) = pass.GivenUp[:min(len(pass.GivenUp), maxUnconverged)]
		case wantsRetry(before):
			*r.traits.Unconverged(obj) = nil // the next pass that gets so far tries again
		}
	}
	r.kind.Report(obj, pass)
	lapse := r.lapse(obj, found)
	ready := summarise(r.traits.Conditions, found, pass)
	SetConditions(obj, ready, r.traits.Conditions, found)
	written := r.traits.Status(before)
	if pass.recorded != nil {
		written = pass.recorded
	}
	if status := r.traits.Status(obj); !equality.Semantic.DeepEqual(written, status) {
		if err := r.writeStatus(ctx, obj, status); err != nil {
			v := judge(err)
			if v.silent {
				return reconcile.Result{RequeueAfter: v.after}, nil
			}
			return reconcile.Result{}, fmt.Errorf("writing status: %w", err)
		}
	}
	r.announce(ctx, before, obj, pass)
	return r.schedule(ctx, keyOf(obj), ready, lapse, pass)
}

// lapse corrects what is found of a condition whose time is over. It returns when the
// time of one that is true ends.
func (r *Reconciler[O, D, S]) lapse(obj O, found map[string]Finding) time.Time {
	kind, ok := r.kind.(Dated[O])
	if !ok || !obj.GetDeletionTimestamp().IsZero() {
		return time.Time{}
	}
	condition, at, what := kind.Lapse(obj)
	if at.IsZero() || found[condition].Status != metav1.ConditionTrue {
		return time.Time{}
	}
	if r.clock.Now().Before(at) {
		return at
	}
	found[condition] = Finding{metav1.ConditionFalse, imv1alpha1.ReasonExpired, cut(what)}
	return time.Time{}
}

// writeStatus writes status. A record in it must not be replaced by what an old
// copy says, so there the copy has to be the newest.
func (r *Reconciler[O, D, S]) writeStatus(ctx context.Context, obj O, status any) error {
	if r.recorder != nil && r.recorder.Keeps(obj) {
		return client.IgnoreNotFound(r.writer.StatusOf(ctx, obj, status))
	}
	return r.writer.Status(ctx, obj, status)
}

// announce tells people about transitions, and about nothing else.
func (r *Reconciler[O, D, S]) announce(ctx context.Context, before, obj O, pass *Pass[D, S]) {
	if len(pass.Applied) > 0 {
		log.FromContext(ctx).Info("Changed IM", "changes", summary(pass.Applied))
	}
	was := meta.FindStatusCondition(before.GetObjectStatus().Conditions, imv1alpha1.ConditionReady)
	repaired := r.drift.take(keyOf(obj)) && len(pass.Applied) > 0 && was != nil && was.Status == metav1.ConditionTrue &&
		before.GetObjectStatus().ObservedGeneration == obj.GetGeneration()
	if !Announce(r.writer, before, obj) && repaired {
		r.writer.Event(obj, false, "Repaired", "brought back: "+summary(pass.Applied))
	}
}

// Announce records an event when Ready has taken on, or lost, a reason that is
// worth one.
func Announce(w *Writer, before, obj imv1alpha1.Object) bool {
	was := meta.FindStatusCondition(before.GetObjectStatus().Conditions, imv1alpha1.ConditionReady)
	is := meta.FindStatusCondition(obj.GetObjectStatus().Conditions, imv1alpha1.ConditionReady)
	switch {
	case is == nil:
		return false
	case policies[is.Reason].event && (was == nil || was.Reason != is.Reason):
		w.Event(obj, true, is.Reason, is.Message)
	case is.Status == metav1.ConditionTrue && was != nil && policies[was.Reason].event:
		w.Event(obj, false, is.Reason, "as declared again")
	default:
		return false
	}
	return true
}

// summary lists the changes by verb and path; values stay out of logs and events.
func summary(changes []Change) string {
	words := make([]string, len(changes))
	for i, change := range changes {
		words[i] = string(change.Verb) + " " + change.Path
	}
	return cut(strings.Join(words, ", "))
}

// schedule is the only place that decides when an object is looked at again.
func (r *Reconciler[O, D, S]) schedule(ctx context.Context, key types.NamespacedName, ready Finding, lapse time.Time, pass *Pass[D, S]) (reconcile.Result, error) {
	var waits []time.Duration
	if pass.Desired != nil {
		waits = append(waits, r.until((*pass.Desired).Next()))
	}
	waits = append(waits, r.until(lapse))
	held := verdict{reason: ready.Reason}
	if pass.Err != nil {
		held = judge(pass.Err)
	}
	p := policies[held.reason]
	if p.fail {
		if soonest(waits...) == 0 {
			return reconcile.Result{}, pass.cause(held.reason)
		}
		// The queue would forget what the clock is going to bring.
		log.FromContext(ctx).Error(pass.cause(held.reason), "Reconciler error")
	}
	if p.first > 0 {
		waits = append(waits, jitter(max(held.after, r.patience.next(key, held.reason, p.first, p.limit))))
	} else {
		r.patience.forget(key)
		waits = append(waits, held.after)
	}
	for _, failure := range pass.Failures {
		v := judge(failure.Err)
		if v.reason != held.reason {
			v.after = max(v.after, policies[v.reason].limit/2)
		}
		waits = append(waits, jitter(v.after))
	}
	// A change apart from IM may have made way for another one.
	if (pass.Err == nil || pass.ObservedApart != nil) && !pass.ReadOnly {
		waits = append(waits, r.verification(key, pass))
	}
	return reconcile.Result{RequeueAfter: soonest(waits...)}, nil
}

// until is how long it is to a time, at least a second; 0 for the zero time.
func (r *Reconciler[O, D, S]) until(at time.Time) time.Duration {
	if at.IsZero() {
		return 0
	}
	return max(at.Sub(r.clock.Now()), time.Second)
}

// verification makes sure that what was written is read back: a new thing in a
// batch with others, a changed one in a pass of its own.
func (r *Reconciler[O, D, S]) verification(key types.NamespacedName, pass *Pass[D, S]) time.Duration {
	switch {
	case r.traits.Unconverged == nil, len(pass.Applied) == 0:
		return 0
	case pass.Created() && r.verify != nil:
		r.verify(key)
		return 0
	default:
		return verifyAfter
	}
}

// jitter spreads waits over objects that were held at the same moment.
func jitter(d time.Duration) time.Duration {
	if d <= 0 {
		return d
	}
	return wait.Jitter(d, jitterShare)
}
