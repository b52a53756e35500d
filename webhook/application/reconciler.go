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

// Package application keeps the webhook's view of each ImApp: the token that
// authenticates its callbacks, the path they come to, the client that IM is
// asked with; and reports in the ImApp's status whether callbacks arrive.
package application

import (
	"context"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/reference"
	"github.com/liveroom-io/liveroom-operator/webhook/directory"
	webhookim "github.com/liveroom-io/liveroom-operator/webhook/im"
	"github.com/liveroom-io/liveroom-operator/webhook/stream"
)

// +kubebuilder:rbac:groups=im.liveroom.io,resources=imapps,verbs=get;list;watch
// +kubebuilder:rbac:groups=im.liveroom.io,resources=imapps/status,verbs=patch
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;list;watch

const (
	// passTimeout bounds one pass.
	passTimeout = 15 * time.Second
	// refreshAddresses is how often the list of IM's addresses is read.
	refreshAddresses = time.Hour
	// retryAddresses is the wait after it could not be read.
	retryAddresses = 10 * time.Second
)

// Config of a reconciler.
type Config struct {
	Client    client.Client
	Secrets   *reference.Reader
	Directory *directory.Directory
	Clients   *Clients
	Clock     clock.PassiveClock
	Log       logr.Logger
	// Elected reports whether this pod writes status.
	Elected func() bool
	// LastHeard is when any pod received an authentic callback of an application.
	LastHeard func(sdkAppID int64) time.Time
	// StreamsHeard is what any pod heard of an application's streams.
	StreamsHeard func(app types.NamespacedName) stream.App
	// Heard is told of the first callback after a silence. It must not block.
	Heard func(app types.NamespacedName)
}

// Reconciler reconciles the callbacks of ImApps.
type Reconciler struct {
	Config
	started time.Time
	lists   addressLists
}

// New returns a reconciler.
func New(config Config) *Reconciler {
	return &Reconciler{Config: config, started: config.Clock.Now(), lists: addressLists{known: map[types.NamespacedName]addressList{}}}
}

// Reconcile makes one pass over an ImApp.
func (r *Reconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, passTimeout)
	defer cancel()
	var object imv1alpha1.ImApp
	if err := r.Client.Get(ctx, request.NamespacedName, &object); err != nil {
		if apierrors.IsNotFound(err) {
			r.Directory.RemoveApp(request.NamespacedName)
			r.Clients.Remove(request.NamespacedName)
			r.lists.forget(request.NamespacedName)
		}
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	if ready := meta.FindStatusCondition(object.Status.Conditions, imv1alpha1.ConditionReady); ready != nil && ready.Reason == imv1alpha1.ReasonConflict {
		// Another ImApp has the application: nothing is taken on this one's path.
		r.Directory.RemoveApp(request.NamespacedName)
		r.Clients.Remove(request.NamespacedName)
		return reconcile.Result{}, nil
	}
	app, found, err := r.look(ctx, &object)
	if err != nil {
		return reconcile.Result{}, err
	}
	if found.streams, err = r.streams(ctx, &object, app); err != nil {
		return reconcile.Result{}, err
	}
	r.Directory.PutApp(app)
	if r.Elected() {
		if err := r.report(ctx, &object, app, found); err != nil {
			return reconcile.Result{}, err
		}
	}
	return reconcile.Result{RequeueAfter: found.again}, nil
}

// findings are what a pass found out, beside the application itself.
type findings struct {
	condition condition
	path      string
	streams   streamFindings
	// again is when the next pass is due without an event; 0 for never.
	again time.Duration
}

// look reads what an ImApp refers to.
func (r *Reconciler) look(ctx context.Context, object *imv1alpha1.ImApp) (*directory.App, findings, error) {
	key := client.ObjectKeyFromObject(object)
	app := &directory.App{Key: key, Created: object.CreationTimestamp.Time, SDKAppID: object.Spec.SDKAppID, Counted: map[string]bool{}, Heard: r.heard(key)}
	for _, name := range object.Spec.Callbacks.CountedEvents() {
		app.Counted[name] = true
	}
	var err error
	if app.Client, err = r.Clients.For(ctx, object); err != nil {
		return nil, findings{}, err
	}
	if object.Spec.Callbacks == nil {
		return app, findings{condition: notConfigured()}, nil
	}
	token, former, missing, err := r.tokens(ctx, object)
	switch {
	case err != nil:
		return nil, findings{}, err
	case missing != "":
		return app, findings{condition: noToken(missing)}, nil
	}
	app.Token, app.Segment = token, webhookim.Segment(token, key.Namespace, key.Name)
	if len(former) > 0 {
		app.Former = &directory.Former{Token: former, Segment: webhookim.Segment(former, key.Namespace, key.Name)}
	}
	found := findings{path: webhookim.Path(token, key.Namespace, key.Name)}
	waiting := ""
	if object.Spec.Callbacks.SourceAddresses == imv1alpha1.SourceAddressesProvider {
		app.Sources, found.again, waiting = r.sources(ctx, app)
	}
	silentAfter := time.Duration(silentAfterSeconds(object.Spec.Callbacks)) * time.Second
	var quietIn time.Duration
	found.condition, quietIn = r.hearing(object, app, silentAfter, waiting)
	if quietIn > 0 && (found.again == 0 || quietIn < found.again) {
		found.again = quietIn
	}
	return app, found, nil
}

// heard keeps what was heard over all versions of an application.
func (r *Reconciler) heard(key types.NamespacedName) *directory.Heard {
	if before := r.Directory.App(key); before != nil {
		return before.Heard
	}
	return directory.NewHeard(func() { r.Heard(key) })
}

// tokens reads the token and the one before it, if there is one. missing says
// what to do when there is no token.
func (r *Reconciler) tokens(ctx context.Context, object *imv1alpha1.ImApp) (token, former []byte, missing string, err error) {
	key := types.NamespacedName{Namespace: object.Namespace, Name: object.Spec.Callbacks.TokenSecretRef.Name}
	secret, err := r.Secrets.Secret(ctx, key)
	if apierrors.IsNotFound(err) {
		return nil, nil, fmt.Sprintf("Secret %s does not exist: create it with the key %q", key, imv1alpha1.CallbackTokenKeyName), nil
	}
	if err != nil {
		return nil, nil, "", fmt.Errorf("reading Secret %s: %w", key, err)
	}
	token = trimmed(secret.Data[imv1alpha1.CallbackTokenKeyName])
	if len(token) == 0 {
		return nil, nil, fmt.Sprintf("Secret %s has no key %q: add it with the authentication token of the callback URL in the console", key, imv1alpha1.CallbackTokenKeyName), nil
	}
	return token, trimmed(secret.Data[imv1alpha1.CallbackFormerTokenKeyName]), "", nil
}

func silentAfterSeconds(callbacks *imv1alpha1.Callbacks) int32 {
	if callbacks.SilentAfterSeconds != nil {
		return *callbacks.SilentAfterSeconds
	}
	return imv1alpha1.DefaultSilentAfterSeconds
}
