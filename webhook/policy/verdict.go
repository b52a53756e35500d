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

package policy

import (
	"cmp"
	"context"
	"fmt"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/consent"
	"github.com/liveroom-io/liveroom-operator/internal/hold"
	"github.com/liveroom-io/liveroom-operator/internal/reference"
	"github.com/liveroom-io/liveroom-operator/webhook/status"
)

// +kubebuilder:rbac:groups=im.liveroom.io,resources=moderationpolicies;userlevelpolicies,verbs=get;list;watch
// +kubebuilder:rbac:groups=im.liveroom.io,resources=moderationpolicies/status;userlevelpolicies/status,verbs=patch
// +kubebuilder:rbac:groups="",resources=configmaps,verbs=get;list;watch

// Config of the reconcilers.
type Config struct {
	Client     client.Client
	References *reference.Reader
	Set        *Set
	Log        logr.Logger
	// Elected reports whether this pod writes status.
	Elected func() bool
	// Declares reports which ImAccounts declare a profile field themselves.
	Declares func(app types.NamespacedName, tag string) []types.NamespacedName
	// Trouble is the reason for which levels of a policy cannot be written; empty when they can.
	Trouble func(uid string) string
	// Consent decides which namespaces may use an ImApp.
	Consent consent.Policy
}

// verdict is why a policy cannot be used; empty when it can.
type verdict struct {
	reason, message string
	// out: no version of the policy may be in force.
	out bool
	// spec: only a change of the policy itself can help.
	spec bool
}

func (v verdict) ok() bool { return v.reason == "" }

// invalid is the verdict on a spec that cannot work.
func invalid(message string) verdict {
	return verdict{reason: imv1alpha1.ReasonInvalid, message: message, spec: true}
}

// policy is a kind of policy.
type policyObject interface {
	imv1alpha1.Object
	GetAppRef() imv1alpha1.AppReference
}

// usable reports whether the application is there and lets the namespace use it.
func (r *Config) usable(ctx context.Context, policy policyObject) (verdict, error) {
	if policy.GetAnnotations()[imv1alpha1.AnnotationPaused] == "true" {
		return verdict{out: true, reason: imv1alpha1.ReasonPaused, message: "the annotation " + imv1alpha1.AnnotationPaused + " takes the policy out of force"}, nil
	}
	key := appKey(policy.GetAppRef())
	var app imv1alpha1.ImApp
	if err := r.Client.Get(ctx, key, &app); apierrors.IsNotFound(err) {
		return verdict{out: true, reason: imv1alpha1.ReasonAppNotFound, message: fmt.Sprintf("ImApp %s does not exist: create it or correct appRef", key)}, nil
	} else if err != nil {
		return verdict{}, err
	}
	err := r.Consent.Check(ctx, &app, policy.GetNamespace())
	if v, waits := waiting(err); waits {
		v.out = true
		return v, nil
	}
	return verdict{}, err
}

// waiting reports whether an error is an expected wait, and which.
func waiting(err error) (verdict, bool) {
	wait, ok := hold.As(err)
	if !ok {
		return verdict{}, false
	}
	return verdict{reason: wait.Reason, message: wait.Message}, true
}

// policyStatus is the part of every policy's status that the webhook owns.
type policyStatus struct {
	Conditions             []metav1.Condition `json:"conditions"`
	ObservedGeneration     int64              `json:"observedGeneration"`
	LastHandledReconcileAt string             `json:"lastHandledReconcileAt,omitempty"`
}

type moderationStatus struct {
	policyStatus
	Words int64 `json:"words,omitempty"`
}

// report writes the conditions if they are not in status. complete returns the
// whole status, and whether the rest of it is there already.
func (r *Config) report(ctx context.Context, policy policyObject, own *policyStatus, v verdict, extra []metav1.Condition, complete func() (any, bool)) error {
	if !r.Elected() {
		return nil
	}
	before := policy.GetObjectStatus()
	own.ObservedGeneration = policy.GetGeneration()
	own.LastHandledReconcileAt = policy.GetAnnotations()[imv1alpha1.AnnotationReconcileAt]
	own.Conditions = conditions(before.Conditions, v, extra, own.ObservedGeneration)
	whole, same := complete()
	if same && before.ObservedGeneration == own.ObservedGeneration &&
		before.LastHandledReconcileAt == own.LastHandledReconcileAt && equality.Semantic.DeepEqual(before.Conditions, own.Conditions) {
		return nil
	}
	r.Log.Info("Policy", "policy", client.ObjectKeyFromObject(policy).String(), "kind", fmt.Sprintf("%T", policy), "ready", v.ok(), "reason", cmp.Or(v.reason, imv1alpha1.ReasonInForce))
	blank := policy.DeepCopyObject().(client.Object)
	err := status.Apply(ctx, r.Client, blank, client.ObjectKeyFromObject(policy), policy.GetUID(), whole)
	return client.IgnoreNotFound(err)
}

// conditions are the full set for a policy.
func conditions(before []metav1.Condition, v verdict, extra []metav1.Condition, generation int64) []metav1.Condition {
	state, reason, message := metav1.ConditionTrue, imv1alpha1.ReasonInForce, "in force"
	if !v.ok() {
		state, reason, message = metav1.ConditionFalse, v.reason, v.message
	}
	wanted := []metav1.Condition{
		{Type: imv1alpha1.ConditionReady, Status: state, Reason: reason, Message: message},
		{Type: imv1alpha1.ConditionCompiled, Status: state, Reason: reason, Message: message},
	}
	switch {
	case v.spec:
		wanted = append(wanted, metav1.Condition{Type: imv1alpha1.ConditionStalled, Status: metav1.ConditionTrue, Reason: reason, Message: message})
	case !v.ok():
		wanted = append(wanted, metav1.Condition{Type: imv1alpha1.ConditionReconciling, Status: metav1.ConditionTrue, Reason: reason, Message: message})
	}
	wanted = append(wanted, extra...)
	var all []metav1.Condition
	for _, condition := range wanted {
		condition.ObservedGeneration = generation
		if known := meta.FindStatusCondition(before, condition.Type); known != nil {
			all = append(all, *known)
		}
		meta.SetStatusCondition(&all, condition)
	}
	return all
}

func appKey(ref imv1alpha1.AppReference) types.NamespacedName {
	return types.NamespacedName{Namespace: ref.Namespace, Name: ref.Name}
}
