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

// Package imapp reconciles ImApp: it opens the way to IM for everything else,
// and is the one place where bad credentials are found and reported.
package imapp

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/application"
	"github.com/liveroom-io/liveroom-operator/controllers/lifecycle"
	"github.com/liveroom-io/liveroom-operator/internal/reference"
)

// +kubebuilder:rbac:groups=im.liveroom.io,resources=imapps,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=im.liveroom.io,resources=imapps/status,verbs=patch
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=get;list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

const (
	// passTimeout bounds one pass: a probe is one attempt of at most five seconds.
	passTimeout = 15 * time.Second
	// staleRetry is the wait for the cache to catch up with our own write.
	staleRetry = 20 * time.Millisecond
	// busyRetry is the wait when the API server cannot answer.
	busyRetry = time.Second
)

// Reconciler reconciles ImApp.
type Reconciler struct {
	client  client.Client
	apps    *application.Registry
	secrets *reference.Reader
	clock   clock.PassiveClock
	writer  *lifecycle.Writer
}

// New returns a reconciler.
func New(c client.Client, recorder events.EventRecorder, apps *application.Registry, secrets *reference.Reader, clk clock.PassiveClock) *Reconciler {
	return &Reconciler{client: c, apps: apps, secrets: secrets, clock: clk, writer: lifecycle.NewWriter(c, recorder)}
}

// Reconcile makes one pass over an ImApp.
func (r *Reconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, passTimeout)
	defer cancel()
	app := &imv1alpha1.ImApp{}
	if err := r.client.Get(ctx, request.NamespacedName, app); err != nil {
		if apierrors.IsNotFound(err) {
			r.apps.Remove(request.NamespacedName)
			r.writer.Forget(request.NamespacedName)
		}
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	if r.writer.Behind(app) {
		return reconcile.Result{RequeueAfter: staleRetry}, nil
	}
	before := app.DeepCopy()
	facts := r.look(ctx, app)
	if facts.gone {
		return reconcile.Result{RequeueAfter: facts.retry}, nil
	}
	report(app, facts)
	if !equality.Semantic.DeepEqual(applied(before), applied(app)) {
		if err := r.writer.Status(ctx, app, applied(app)); err != nil {
			return reconcile.Result{}, fmt.Errorf("writing status: %w", err)
		}
	}
	lifecycle.Announce(r.writer, before, app)
	if facts.err != nil {
		return reconcile.Result{}, facts.err
	}
	return reconcile.Result{RequeueAfter: facts.wait(r.clock.Now())}, nil
}

// look finds out about one application, and opens or closes the way to it.
func (r *Reconciler) look(ctx context.Context, app *imv1alpha1.ImApp) facts {
	key := client.ObjectKeyFromObject(app)
	f := facts{endpoint: endpoint(app)}
	f.throttled, f.throttledFor = r.apps.Throttled(key)
	switch rival, found, err := r.rival(ctx, app); {
	case err != nil:
		return r.failed(key, f, err)
	case paused(app):
		r.apps.Decide(key, imv1alpha1.ReasonPaused)
		return f.held(imv1alpha1.ReasonPaused, "the annotation "+imv1alpha1.AnnotationPaused+" is set")
	case !app.DeletionTimestamp.IsZero():
		return r.depart(ctx, app, !found, f)
	case found:
		message := fmt.Sprintf("SDKAppID %d belongs to ImApp %s, which is older: delete one of the two", app.Spec.SDKAppID, client.ObjectKeyFromObject(rival))
		r.apps.Close(key, imv1alpha1.ReasonConflict)
		return f.held(imv1alpha1.ReasonConflict, message)
	}
	if err := r.writer.Hold(ctx, app); err != nil {
		return r.failed(key, f, err)
	}
	return r.authenticate(ctx, key, app, f)
}

// authenticate reads the key and, when IM has not accepted exactly this key
// yet, proves it by one cheap signed call.
func (r *Reconciler) authenticate(ctx context.Context, key types.NamespacedName, app *imv1alpha1.ImApp, f facts) facts {
	credentials, missing, err := r.credentials(ctx, app)
	if err != nil {
		return r.failed(key, f, err)
	}
	if missing != "" {
		r.apps.LoseKey(key)
		return f.unauthenticated(imv1alpha1.ReasonCredentialsNotFound, missing)
	}
	settings := application.Settings{
		Endpoint: f.endpoint, SDKAppID: app.Spec.SDKAppID, Credentials: credentials,
	}
	if app.Spec.RequestsPerSecond != nil {
		settings.RequestsPerSecond = int(*app.Spec.RequestsPerSecond)
	}
	verified, err := r.apps.Configure(key, settings)
	if err != nil {
		return r.failed(key, f, err)
	}
	if !verified {
		if refusal, wait := r.apps.Refused(key); wait {
			r.apps.Close(key, refusal.Reason)
			return f.refused(refusal)
		}
		if err := r.apps.Client(key).Probe(ctx); err != nil {
			return r.refused(key, f, err)
		}
	}
	r.apps.Open(key)
	return f
}

func (r *Reconciler) rival(ctx context.Context, app *imv1alpha1.ImApp) (*imv1alpha1.ImApp, bool, error) {
	claimants, err := claimants(ctx, r.client, app)
	if err != nil {
		return nil, false, err
	}
	rival, found := lifecycle.Rival(app, claimants)
	return rival, found, nil
}

// failed ends a look that could not be finished. Nobody waits for a verdict that
// does not come: an application that nothing is known of is closed.
func (r *Reconciler) failed(key types.NamespacedName, f facts, err error) facts {
	switch {
	case err == nil:
		return facts{gone: true}
	case lifecycle.ComesAgain(err):
		retry := busyRetry
		if apierrors.IsConflict(err) {
			retry = staleRetry
		}
		return facts{gone: true, retry: retry}
	}
	reason, message := lifecycle.Describe(err)
	r.apps.Decide(key, reason)
	f = f.unauthenticated(reason, message)
	f.err = err
	return f
}

func paused(app *imv1alpha1.ImApp) bool {
	return app.Annotations[imv1alpha1.AnnotationPaused] == "true"
}
