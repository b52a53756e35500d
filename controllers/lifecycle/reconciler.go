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
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/application"
	"github.com/liveroom-io/liveroom-operator/internal/hold"
)

const (
	// passTimeout bounds one pass.
	passTimeout = 20 * time.Second
	// releaseTimeout bounds a pass over an object that is being deleted, so that
	// a dead provider is named in its condition within ten seconds.
	releaseTimeout = 8 * time.Second
	// apartTimeout bounds the part of a pass that does without IM, after IM could
	// not be read.
	apartTimeout = 10 * time.Second
	// staleRetry is the wait for the cache to catch up with our own write.
	staleRetry = 20 * time.Millisecond
	// silentRetry is the wait when nothing is known yet and nothing was written;
	// as a rule the object is woken before.
	silentRetry = 10 * time.Second
	// verifyAfter is the wait before a changed thing is read back.
	verifyAfter = time.Second
)

// Deps are what every reconciler is made of.
type Deps struct {
	// Client reads the cache and writes to the API server.
	Client client.Client
	// Recorder for events on transitions.
	Recorder events.EventRecorder
	// Apps gives access to IM.
	Apps *application.Registry
	// Clock of the cluster.
	Clock clock.PassiveClock
	// Drift is shared with the sweeper; nil for a kind without one.
	Drift *Drift
	// Verify asks for a new thing to be read back soon, together with others.
	// Nil verifies each in a pass of its own.
	Verify func(key types.NamespacedName)
}

// Reconciler runs the life cycle for one kind.
type Reconciler[O imv1alpha1.Managed, D Desired, S Observed] struct {
	kind        Kind[O, D, S]
	recorder    Recorder[O, D] // nil for a kind that needs none
	traits      Traits[O]
	client      client.Client
	apps        *application.Registry
	clock       clock.PassiveClock
	verify      func(types.NamespacedName)
	drift       *Drift
	writer      *Writer
	fresh       *freshness
	patience    *patience
	convergence *convergence
}

// New returns a reconciler for a kind.
func New[O imv1alpha1.Managed, D Desired, S Observed](kind Kind[O, D, S], deps Deps) *Reconciler[O, D, S] {
	fresh := newFreshness()
	recorder, _ := any(kind).(Recorder[O, D])
	return &Reconciler[O, D, S]{
		kind: kind, recorder: recorder, traits: kind.Traits(), client: deps.Client, apps: deps.Apps, clock: deps.Clock, verify: deps.Verify, drift: deps.Drift,
		writer: &Writer{client: deps.Client, recorder: deps.Recorder, fresh: fresh},
		fresh:  fresh, patience: newPatience(), convergence: newConvergence(),
	}
}

// Reconcile makes one pass over an object.
func (r *Reconciler[O, D, S]) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	obj := r.traits.New()
	if err := r.client.Get(ctx, request.NamespacedName, obj); err != nil {
		if apierrors.IsNotFound(err) {
			r.forget(request.NamespacedName)
		}
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	if r.traits.Foreign != nil && r.traits.Foreign(obj) {
		return reconcile.Result{}, nil
	}
	if r.fresh.behind(obj) {
		return reconcile.Result{RequeueAfter: staleRetry}, nil
	}
	before := obj.DeepCopyObject().(O)
	pass := &Pass[D, S]{ReadOnly: obj.GetManagementPolicy() == imv1alpha1.ManagementPolicyObserve}
	if obj.GetDeletionTimestamp().IsZero() {
		pass.Err = r.converge(ctx, obj, pass)
	} else {
		if pass.Err = r.finalize(ctx, obj); pass.Err == nil {
			return reconcile.Result{}, nil
		}
	}
	return r.finish(ctx, before, obj, pass)
}

// converge brings IM to what the object declares, as far as it gets.
func (r *Reconciler[O, D, S]) converge(ctx context.Context, obj O, pass *Pass[D, S]) error {
	whole := ctx
	ctx, cancel := context.WithTimeout(ctx, passTimeout)
	defer cancel()
	if err := r.guard(ctx, obj); err != nil {
		return err
	}
	conn, err := r.apps.Connect(ctx, obj)
	if err != nil {
		return r.withoutIM(whole, nil, obj, pass, err)
	}
	desired, err := r.kind.Resolve(ctx, conn, obj)
	if err != nil {
		return r.withoutIM(whole, conn, obj, pass, err)
	}
	pass.Desired = &desired
	observed, err := r.kind.Observe(ctx, conn, desired)
	if err != nil {
		return r.withoutIM(whole, conn, obj, pass, err)
	}
	pass.Observed = &observed
	pass.Planned = r.kind.Plan(desired, observed)
	if pass.ReadOnly {
		return r.unowned(obj, observed)
	}
	origin, err := r.ownership(obj, observed)
	if err != nil {
		return err
	}
	due := r.sift(obj, pass)
	if len(due) == 0 && (!observed.Exists() || origin != OriginAdopted) {
		return nil
	}
	if err := r.secure(ctx, conn, obj, origin); err != nil {
		return err
	}
	if err := r.record(ctx, obj, desired, due, pass); err != nil {
		return err
	}
	if err := r.apply(ctx, conn, keyOf(obj), desired, due, pass); err != nil {
		return r.disown(ctx, obj, pass, err)
	}
	r.readBack(ctx, conn, keyOf(obj), desired, pass)
	return nil
}

// withoutIM makes the changes that IM has no part in, of an object that is known to
// be ours, after something has ended the pass before IM was read. That remains what
// the pass ends with.
func (r *Reconciler[O, D, S]) withoutIM(ctx context.Context, conn *application.Connection, obj O, pass *Pass[D, S], end error) error {
	kind, ok := r.kind.(Independent[O, D, S])
	if !ok || pass.ReadOnly || !holds(obj) || judge(end).silent || !r.apps.Admitted(ctx, obj) {
		return end
	}
	ctx, cancel := context.WithTimeout(ctx, apartTimeout)
	defer cancel()
	err := r.apart(ctx, kind, conn, obj, pass)
	if err != nil && judge(err).silent {
		return err // it comes again soon, and says nothing until then
	}
	if _, waits := hold.As(err); err != nil && !waits {
		log.FromContext(ctx).Error(err, "Changing what IM has no part in")
	}
	return end
}

func (r *Reconciler[O, D, S]) apart(ctx context.Context, kind Independent[O, D, S], conn *application.Connection, obj O, pass *Pass[D, S]) error {
	if pass.Desired == nil {
		desired, err := kind.ResolveApart(ctx, conn, obj)
		if err != nil {
			return err
		}
		pass.Desired = &desired
	}
	observed, err := kind.ObserveApart(ctx, *pass.Desired)
	if err != nil {
		return err
	}
	pass.ObservedApart = &observed
	due := kind.PlanApart(*pass.Desired, observed)
	if len(due) > 0 {
		if err := r.record(ctx, obj, *pass.Desired, due, pass); err != nil {
			return err
		}
	}
	return r.apply(ctx, conn, keyOf(obj), *pass.Desired, due, pass)
}

// readBack reads what was brought back at once. Whoever changed it may do so again
// before its turn to be read comes, and again, which must not look as if IM did
// not keep what is written. A read that fails proves nothing either way.
func (r *Reconciler[O, D, S]) readBack(ctx context.Context, conn *application.Connection, key types.NamespacedName, desired D, pass *Pass[D, S]) {
	if len(pass.Applied) == 0 || r.traits.Unconverged == nil || !r.drift.noted(key) {
		return
	}
	if observed, err := r.look(ctx, conn, desired); err == nil {
		r.convergence.readBack(key, r.kind.Plan(desired, observed))
	}
}

// look reads without waiting for the company of other reads, where all can be
// read so.
func (r *Reconciler[O, D, S]) look(ctx context.Context, conn *application.Connection, desired D) (S, error) {
	surveyor, ok := r.kind.(Surveyor[O, D, S])
	if !ok || surveyor.HasMore(desired) {
		return r.kind.Observe(ctx, conn, desired)
	}
	observed, errs := surveyor.Survey(ctx, conn, []D{desired})
	return observed[0], errs[0]
}

// guard holds an object that is paused, or whose claim another one has.
func (r *Reconciler[O, D, S]) guard(ctx context.Context, obj O) error {
	if paused(obj) {
		return hold.New(imv1alpha1.ReasonPaused, "the annotation %s is set", imv1alpha1.AnnotationPaused)
	}
	rival, found, err := r.rival(ctx, obj)
	if err != nil {
		return err
	}
	if found {
		return hold.New(imv1alpha1.ReasonConflict, "%s belongs to %s %s, which is older: delete one of the two, or let this one name another",
			r.traits.Thing(obj), r.traits.Name, client.ObjectKeyFromObject(rival))
	}
	return nil
}

func paused(obj imv1alpha1.Object) bool {
	return obj.GetAnnotations()[imv1alpha1.AnnotationPaused] == "true"
}

// unowned reports what Observe mode has to say besides differences.
func (r *Reconciler[O, D, S]) unowned(obj O, observed S) error {
	if observed.Exists() {
		return nil
	}
	return hold.New(imv1alpha1.ReasonNotExisting, "%s does not exist in IM, and managementPolicy Observe does not create it", r.traits.Thing(obj))
}

// ownership decides whether what exists may be written to. The origin is what a
// new mark would say.
func (r *Reconciler[O, D, S]) ownership(obj O, observed S) (Origin, error) {
	if !observed.Exists() {
		return OriginCreated, nil
	}
	if mark, ok := ReadMark(obj); ok && mark.Covers(observed.CreatedAt()) {
		return mark.Origin, nil
	}
	if obj.GetAdoptionPolicy() == imv1alpha1.AdoptionPolicyAdopt {
		return OriginAdopted, nil
	}
	return "", hold.New(imv1alpha1.ReasonNotAdopted,
		"%s exists in IM and was not made by this object: set adoptionPolicy to Adopt to take it over, or name another", r.traits.Thing(obj))
}

func (r *Reconciler[O, D, S]) sift(obj O, pass *Pass[D, S]) []Change {
	if r.traits.Unconverged == nil {
		return pass.Planned
	}
	due, givenUp := r.convergence.sift(keyOf(obj), pass.Planned, *r.traits.Unconverged(obj), wantsRetry(obj))
	pass.GivenUp = givenUp
	return due
}

// wantsRetry reports whether what was given up is to be tried again: the spec
// has changed, or the user asks for it.
func wantsRetry(obj imv1alpha1.Object) bool {
	status := obj.GetObjectStatus()
	return obj.GetGeneration() != status.ObservedGeneration || requestToken(obj) != status.LastHandledReconcileAt
}

// disown takes the mark off again when IM has refused the create for good: what
// somebody else makes from now on must not pass for ours, and an object that
// made nothing can go at any time. One that has something else to undo stays ours.
func (r *Reconciler[O, D, S]) disown(ctx context.Context, obj O, pass *Pass[D, S], refusal error) error {
	if (*pass.Observed).Exists() || len(pass.Applied) > 0 {
		return refusal
	}
	if kind, ok := r.kind.(Independent[O, D, S]); ok && kind.Holds(obj) {
		return refusal
	}
	switch judge(refusal).reason {
	case imv1alpha1.ReasonInvalid, imv1alpha1.ReasonUserNotFound, imv1alpha1.ReasonQuotaExceeded, imv1alpha1.ReasonNotPermitted:
		if err := r.writer.Release(ctx, obj); err != nil {
			return fmt.Errorf("removing the mark: %w", err)
		}
	}
	return refusal
}

// secure writes finalizer and mark, in one patch, before anything is written to
// IM. A mark that is already right costs nothing.
func (r *Reconciler[O, D, S]) secure(ctx context.Context, conn *application.Connection, obj O, origin Origin) error {
	mark, ok := ReadMark(obj)
	if ok && mark.Origin == origin && controllerutil.ContainsFinalizer(obj, imv1alpha1.Finalizer) {
		return nil
	}
	if !ok || mark.Origin != origin {
		mark = Mark{UID: obj.GetUID(), Time: conn.Client.ProviderTime().UTC().Truncate(time.Second), Origin: origin}
	}
	return r.writer.Secure(ctx, obj, mark)
}

// record notes in status what is about to be written, for kinds that need it.
func (r *Reconciler[O, D, S]) record(ctx context.Context, obj O, desired D, due []Change, pass *Pass[D, S]) error {
	if r.recorder == nil || !r.recorder.Record(obj, desired, due) {
		return nil
	}
	status := r.traits.Status(obj)
	if err := r.writer.StatusOf(ctx, obj, status); err != nil {
		return fmt.Errorf("noting what is about to be written: %w", err)
	}
	pass.recorded = status
	return nil
}

// apply makes the changes in order. A failure that concerns one change alone
// does not hold up the others, and none holds up what needs nothing of IM.
func (r *Reconciler[O, D, S]) apply(ctx context.Context, conn *application.Connection, key types.NamespacedName,
	desired D, due []Change, pass *Pass[D, S],
) error {
	repair := r.drift.noted(key)
	var stopped error
	for _, change := range due {
		if stopped != nil && !change.Apart {
			continue
		}
		if change.Verb == Create && r.convergence.vanishes(key, r.clock.Now()) {
			stopped = hold.New(imv1alpha1.ReasonOutcomeUnknown, "IM accepts the create and does not show what it made; it is tried again once a minute")
			continue
		}
		err := r.kind.Apply(ctx, conn, desired, change)
		switch {
		case err == nil:
			pass.Applied = append(pass.Applied, change)
			r.convergence.wrote(key, change, r.clock.Now(), repair)
		case judge(err).silent:
			// The whole pass is made again soon, with all that follows: what was done now
			// would not be said in status.
			return fmt.Errorf("%s: %w", change.Path, err)
		case keepsGoing(change, err), stopped != nil:
			pass.Failures = append(pass.Failures, Failure{Change: change, Err: err})
		default:
			stopped = fmt.Errorf("%s: %w", change.Path, err)
		}
	}
	if kind, ok := r.kind.(Independent[O, D, S]); ok {
		pass.settled = kind.Apart(desired)
	}
	return stopped
}

// finalize releases what the object owns and lets it go. A nil error means that
// the object is gone, or about to be.
func (r *Reconciler[O, D, S]) finalize(ctx context.Context, obj O) error {
	if !controllerutil.ContainsFinalizer(obj, imv1alpha1.Finalizer) {
		return nil
	}
	mark, marked := ReadMark(obj)
	keep := !marked || // nothing was written by this object
		obj.GetAnnotations()[imv1alpha1.AnnotationAbandon] == "true" ||
		obj.GetDeletionPolicy() == imv1alpha1.DeletionPolicyRetain ||
		obj.GetManagementPolicy() == imv1alpha1.ManagementPolicyObserve ||
		r.traits.Owns != nil && !r.traits.Owns(obj)
	if !keep {
		if err := r.release(ctx, obj, mark); err != nil {
			return err
		}
	}
	if err := r.writer.Release(ctx, obj); err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("removing the finalizer: %w", err)
	}
	return nil
}

func (r *Reconciler[O, D, S]) release(ctx context.Context, obj O, mark Mark) error {
	ctx, cancel := context.WithTimeout(ctx, releaseTimeout)
	defer cancel()
	if paused(obj) {
		return hold.New(imv1alpha1.ReasonPaused, "deletion waits: the annotation %s is set", imv1alpha1.AnnotationPaused)
	}
	if rival, found, err := r.rival(ctx, obj); err != nil || found && holds(rival) {
		return err // what an older object holds is not ours to remove
	}
	conn, err := r.apps.ConnectForRelease(ctx, obj)
	if err == nil {
		err = r.kind.Release(ctx, conn, obj, mark)
	}
	if err == nil {
		return nil
	}
	v := judge(err)
	if v.silent {
		return err
	}
	way := fmt.Sprintf("set the annotation %s to \"true\"", imv1alpha1.AnnotationAbandon)
	if r.traits.Owns == nil {
		way = "set deletionPolicy to Retain, or " + way
	}
	blocked := hold.New(v.reason, "%s cannot be removed from IM: %s. To finish without removing it, %s", r.traits.Thing(obj), v.message, way)
	blocked.After = v.after
	return blocked
}

func (r *Reconciler[O, D, S]) forget(key types.NamespacedName) {
	r.fresh.forget(key)
	r.patience.forget(key)
	r.convergence.forget(key)
	r.drift.take(key)
}
