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

package application

import (
	"context"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/consent"
	"github.com/liveroom-io/liveroom-operator/internal/hold"
	"github.com/liveroom-io/liveroom-operator/internal/im"
)

// throttleMemory is how long an application counts as throttled after IM last
// refused a call for frequency.
const throttleMemory = time.Minute

// Registry holds the connections of all ImApps.
type Registry struct {
	reader  client.Reader
	consent consent.Policy
	clock   clock.PassiveClock
	connect func(im.Config) (*im.Client, error)

	// OnOpen is called when an application becomes reachable.
	OnOpen func(app types.NamespacedName)
	// OnTrouble is called when the ImApp should look at itself: IM refused the
	// credentials, or throttled.
	OnTrouble func(app types.NamespacedName)
	// OnField is called when a verdict on a custom field has changed.
	OnField func(app types.NamespacedName, field FieldType, state imv1alpha1.RegistrationState)
	// Watches reports whether objects of a namespace reach the cache. A
	// namespaced installation sees only its own.
	Watches func(namespace string) bool

	mu    sync.Mutex
	lanes map[types.NamespacedName]*lane
}

// NewRegistry returns an empty registry. reader is the cache; connect makes a
// client (im.New in production).
func NewRegistry(reader client.Reader, admission consent.Policy, clk clock.PassiveClock,
	connect func(im.Config) (*im.Client, error),
) *Registry {
	return &Registry{
		reader:    reader,
		consent:   admission,
		clock:     clk,
		connect:   connect,
		OnOpen:    func(types.NamespacedName) {},
		OnTrouble: func(types.NamespacedName) {},
		OnField:   func(types.NamespacedName, FieldType, imv1alpha1.RegistrationState) {},
		Watches:   func(string) bool { return true },
		lanes:     map[types.NamespacedName]*lane{},
	}
}

// Connect returns the connection that an object may use, or the wait that
// stands in the way: AppNotFound, NamespaceNotAllowed, AppNotReady.
func (r *Registry) Connect(ctx context.Context, obj imv1alpha1.Managed) (*Connection, error) {
	key, err := r.admit(ctx, obj)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.lanes[key]
	switch {
	case l == nil || l.gate.state == gateUndecided:
		return nil, undecided(key)
	case l.gate.state == gateClosed:
		return nil, l.closed(key)
	}
	return l.connection, nil
}

// ConnectForRelease is Connect for an object that is being deleted. The last
// good key serves even when its Secret is gone, so that the deletion of a
// whole namespace, which takes Secrets first, finishes.
func (r *Registry) ConnectForRelease(ctx context.Context, obj imv1alpha1.Managed) (*Connection, error) {
	key, err := r.admit(ctx, obj)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.lanes[key]
	switch {
	case l == nil || l.gate.state == gateUndecided:
		return nil, undecided(key)
	case l.gate.state == gateClosed && (!l.keyLost || l.connection == nil):
		return nil, l.closed(key)
	}
	return l.connection, nil
}

func (r *Registry) admit(ctx context.Context, obj imv1alpha1.Managed) (types.NamespacedName, error) {
	ref := obj.GetAppRef().In(obj.GetNamespace())
	key := types.NamespacedName{Namespace: ref.Namespace, Name: ref.Name}
	if !r.Watches(key.Namespace) {
		return key, hold.New(imv1alpha1.ReasonAppNotFound,
			"this operator does not watch namespace %s: add it to its --namespaces, or correct spec.appRef", key.Namespace)
	}
	var app imv1alpha1.ImApp
	if err := r.reader.Get(ctx, key, &app); err != nil {
		if apierrors.IsNotFound(err) {
			return key, hold.New(imv1alpha1.ReasonAppNotFound, "ImApp %s does not exist: create it or correct spec.appRef", key)
		}
		return key, fmt.Errorf("reading ImApp %s: %w", key, err)
	}
	return key, r.consent.Check(ctx, &app, obj.GetNamespace())
}

// Admits reports whether an ImApp lets a namespace use it.
func (r *Registry) Admits(ctx context.Context, app *imv1alpha1.ImApp, namespace string) bool {
	return r.consent.Check(ctx, app, namespace) == nil
}

// Admitted reports whether an object may use the ImApp that it refers to. One
// that may not has no say in anything that the application's users share.
func (r *Registry) Admitted(ctx context.Context, obj imv1alpha1.Managed) bool {
	_, err := r.admit(ctx, obj)
	return err == nil
}

func undecided(key types.NamespacedName) error {
	wait := hold.New(imv1alpha1.ReasonAppNotReady, "ImApp %s has not been looked at yet", key)
	wait.Silent = true
	return wait
}

func (l *lane) closed(key types.NamespacedName) error {
	return hold.New(imv1alpha1.ReasonAppNotReady, "waiting for ImApp %s: %s, see its conditions", key, l.gate.reason)
}

// Configure makes the connection fit the settings. Changed credentials replace
// the signer of the client that is there, with its limiters and connections;
// anything else makes a new client. It reports whether IM has accepted exactly
// these settings before, so that no probe is needed.
func (r *Registry) Configure(key types.NamespacedName, settings Settings) (verified bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.lane(key)
	l.keyLost = false
	if l.connection != nil && l.settings == settings {
		return l.verified, nil
	}
	if l.connection != nil && l.settings.sameClient(settings) {
		l.connection.Client.SetCredentials(settings.Credentials)
	} else {
		made, err := r.connect(im.Config{
			Endpoint:          settings.Endpoint,
			SDKAppID:          settings.SDKAppID,
			Credentials:       settings.Credentials,
			RequestsPerSecond: settings.RequestsPerSecond,
			OnThrottle:        func(string) { r.throttled(key) },
			OnUnauthorized:    func(failure error) { r.refused(key, failure) },
		})
		if err != nil {
			return false, fmt.Errorf("making a client: %w", err)
		}
		fields := NewLedger(func(field FieldType, state imv1alpha1.RegistrationState) { r.OnField(key, field, state) })
		if l.connection != nil {
			if l.settings.Endpoint == settings.Endpoint {
				fields = l.connection.Fields // another endpoint may know other fields
			}
			go l.connection.Client.Close() // drains the batches under way
		}
		l.connection = &Connection{
			App: key, SDKAppID: settings.SDKAppID, Client: made, Fields: fields,
			signer: func() *im.Signer {
				r.mu.Lock()
				defer r.mu.Unlock()
				return l.signer
			},
		}
	}
	l.settings = settings
	l.verified = false
	l.failures, l.notBefore = 0, l.lockedUntil // new settings may be tried at once, unless IM has locked the account
	if l.gate.state == gateOpen {
		l.gate = gate{} // not known to be good any more
	}
	return false, nil
}

// Client returns the client of an application, or nil.
func (r *Registry) Client(key types.NamespacedName) *im.Client {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l := r.lanes[key]; l != nil && l.connection != nil {
		return l.connection.Client
	}
	return nil
}

// Open lets calls through and wakes who waits.
func (r *Registry) Open(key types.NamespacedName) {
	r.mu.Lock()
	l := r.lane(key)
	opened := l.gate.state != gateOpen
	l.gate = gate{state: gateOpen}
	l.signer = im.NewSigner(l.settings.SDKAppID, l.settings.Credentials.SecretKey)
	l.verified, l.failures, l.notBefore, l.refusal = true, 0, time.Time{}, Refusal{}
	r.mu.Unlock()
	if opened {
		r.OnOpen(key)
	}
}

// Close stops calls for a reason that dependents repeat. An application that
// was undecided is decided by it, so those who wait for a verdict are woken.
func (r *Registry) Close(key types.NamespacedName, reason string) {
	r.mu.Lock()
	l := r.lane(key)
	closed := gate{state: gateClosed, reason: reason}
	changed := l.gate != closed
	l.gate = closed
	r.mu.Unlock()
	if changed {
		r.OnOpen(key)
	}
}

// Decide closes an application that nothing is known of yet, and leaves one that
// is open or closed as it is.
func (r *Registry) Decide(key types.NamespacedName, reason string) {
	r.mu.Lock()
	undecided := r.lane(key).gate.state == gateUndecided
	r.mu.Unlock()
	if undecided {
		r.Close(key, reason)
	}
}

// LoseKey closes the application because its Secret is gone, keeping a key that
// was never refused for deletions.
func (r *Registry) LoseKey(key types.NamespacedName) {
	r.mu.Lock()
	l := r.lane(key)
	l.keyLost = l.verified
	r.mu.Unlock()
	r.Close(key, imv1alpha1.ReasonCredentialsNotFound)
}

// Remove forgets an application.
func (r *Registry) Remove(key types.NamespacedName) {
	r.mu.Lock()
	l := r.lanes[key]
	delete(r.lanes, key)
	r.mu.Unlock()
	if l != nil && l.connection != nil {
		go l.connection.Client.Close()
	}
}

// probeOutage bounds the wait between probes when IM did not judge the
// credentials at all.
const probeOutage = 15 * time.Second

// Refused returns what the last probe of the present settings said while the
// next one is put off.
func (r *Registry) Refused(key types.NamespacedName) (Refusal, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.lane(key)
	refusal := l.refusal
	refusal.Until = l.notBefore
	return refusal, r.clock.Now().Before(l.notBefore)
}

// probeBackoff are the waits between probes of credentials that IM refuses:
// long enough not to run into its lock for failing too often.
var probeBackoff = []time.Duration{5 * time.Second, 15 * time.Second, 45 * time.Second, 2 * time.Minute, 5 * time.Minute}

// ProbeFailed records a failed probe, which closes the application and puts off
// the next probe.
func (r *Registry) ProbeFailed(key types.NamespacedName, failure error, reason, message string) Refusal {
	refusal := r.putOff(key, failure, reason, message)
	r.Close(key, reason)
	return refusal
}

func (r *Registry) putOff(key types.NamespacedName, failure error, reason, message string) Refusal {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.lane(key)
	step := probeBackoff[min(l.failures, len(probeBackoff)-1)]
	if im.ClassOf(failure) != im.Unauthorized {
		step = min(step, probeOutage)
	}
	l.failures++
	if known, ok := im.AsError(failure); ok && known.RetryAfter > 0 {
		l.lockedUntil = r.clock.Now().Add(known.RetryAfter)
		step = max(step, known.RetryAfter)
	}
	l.notBefore = r.clock.Now().Add(step)
	l.refusal = Refusal{Reason: reason, Message: message, Until: l.notBefore}
	return l.refusal
}

// Throttled reports whether IM refused calls for frequency within the last
// minute, and when that minute ends.
func (r *Registry) Throttled(key types.NamespacedName) (bool, time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.lanes[key]
	if l == nil || l.throttled.IsZero() {
		return false, 0
	}
	left := throttleMemory - r.clock.Since(l.throttled)
	return left > 0, max(left, 0)
}

func (r *Registry) throttled(key types.NamespacedName) {
	r.mu.Lock()
	l := r.lanes[key]
	if l == nil {
		r.mu.Unlock()
		return
	}
	news := r.clock.Since(l.throttled) > throttleMemory
	l.throttled = r.clock.Now()
	r.mu.Unlock()
	if news {
		r.OnTrouble(key)
	}
}

// strikeMemory is how long a refusal after an accepted probe is held against the
// application.
const strikeMemory = 5 * time.Minute

// refused closes the application at once when any call finds the credentials
// refused, so that the rest of its objects do not try as well. A probe follows:
// at once the first time (the key may just have been replaced), and with growing
// waits when IM accepts the probe and then refuses again.
func (r *Registry) refused(key types.NamespacedName, failure error) {
	r.mu.Lock()
	l := r.lanes[key]
	if l == nil || l.gate.state != gateOpen {
		r.mu.Unlock()
		return
	}
	l.verified = false
	l.gate = gate{state: gateClosed, reason: imv1alpha1.ReasonUnauthorized}
	if r.clock.Since(l.struck) > strikeMemory {
		l.strikes = 0
	}
	l.struck = r.clock.Now()
	l.strikes++
	if l.strikes > 1 {
		l.notBefore = r.clock.Now().Add(probeBackoff[min(l.strikes-2, len(probeBackoff)-1)])
		l.refusal = Refusal{Reason: imv1alpha1.ReasonUnauthorized, Message: failure.Error()}
	}
	r.mu.Unlock()
	r.OnTrouble(key)
}

func (r *Registry) lane(key types.NamespacedName) *lane {
	l, ok := r.lanes[key]
	if !ok {
		l = &lane{}
		r.lanes[key] = l
	}
	return l
}
