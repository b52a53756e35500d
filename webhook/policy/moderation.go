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
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/wordlist"
	"github.com/liveroom-io/liveroom-operator/webhook/moderation"
)

// ModerationReconciler puts ModerationPolicies with enforcement: Callback in force.
type ModerationReconciler struct{ Config }

// Reconcile makes one pass over a ModerationPolicy.
func (r *ModerationReconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	var policy imv1alpha1.ModerationPolicy
	err := r.Client.Get(ctx, request.NamespacedName, &policy)
	if apierrors.IsNotFound(err) || err == nil && !policy.DeletionTimestamp.IsZero() {
		r.Set.RemoveModeration(request.NamespacedName)
		return reconcile.Result{}, nil
	}
	if err != nil || policy.Spec.Enforcement != imv1alpha1.EnforcementCallback {
		return reconcile.Result{}, err
	}
	var v verdict
	var words []string
	var inForce int64
	if v, err = r.usable(ctx, &policy); err != nil {
		return reconcile.Result{}, err
	}
	if v.ok() {
		if words, v, err = r.words(ctx, &policy); err != nil {
			return reconcile.Result{}, err
		}
	}
	if v.ok() {
		inForce, v = r.force(&policy, words)
	}
	switch {
	case v.out:
		r.Set.RemoveModeration(request.NamespacedName)
	case !v.ok():
		v.message += r.fail(&policy)
	}
	own := moderationStatus{Words: inForce}
	return reconcile.Result{}, r.report(ctx, &policy, &own.policyStatus, v, nil, func() (any, bool) {
		return &own, own.Words == policy.Status.Words
	})
}

// force compiles a policy and puts it in force.
func (r *ModerationReconciler) force(policy *imv1alpha1.ModerationPolicy, words []string) (int64, verdict) {
	compiled, err := moderation.Compile(policy, words)
	if err != nil {
		return 0, invalid(err.Error())
	}
	scope, err := NewScope(client.ObjectKeyFromObject(policy), appKey(policy.GetAppRef()), policy.Spec.RoomSelector)
	if err != nil {
		return 0, invalid(err.Error())
	}
	r.Set.PutModeration(scope, compiled)
	return int64(compiled.Words()), verdict{}
}

// fail leaves an older version of the policy in force, as long as this process
// has one. Without one the failurePolicy of now decides. It says which.
func (r *ModerationReconciler) fail(policy *imv1alpha1.ModerationPolicy) string {
	key := client.ObjectKeyFromObject(policy)
	if r.Set.HasModeration(key) {
		return "; the version before stays in force until the webhook starts anew"
	}
	scope, err := NewScope(key, appKey(policy.GetAppRef()), policy.Spec.RoomSelector)
	if policy.Spec.FailurePolicy == imv1alpha1.FailurePolicyDeny && err == nil {
		r.Set.StandIn(scope, moderation.Deny(policy))
		return "; until then failurePolicy rejects every message"
	}
	r.Set.RemoveModeration(key)
	return "; until then the policy examines nothing"
}

// words gathers the words of a policy, each once.
func (r *ModerationReconciler) words(ctx context.Context, policy *imv1alpha1.ModerationPolicy) ([]string, verdict, error) {
	if policy.Spec.Words == nil {
		return nil, verdict{}, nil
	}
	words := slices.Clone(policy.Spec.Words.Inline)
	for _, ref := range policy.Spec.Words.ConfigMapRefs {
		key := types.NamespacedName{Namespace: policy.Namespace, Name: ref.Name}
		lists, _, err := r.References.ConfigMap(ctx, key)
		if v, waits := waiting(err); waits {
			return nil, v, nil
		}
		if err != nil {
			return nil, verdict{}, fmt.Errorf("reading ConfigMap %s: %w", key, err)
		}
		more, err := wordlist.Parse(lists)
		if err != nil {
			return nil, verdict{reason: imv1alpha1.ReasonInvalid, message: fmt.Sprintf("ConfigMap %s: %s", key, err)}, nil
		}
		words = append(words, more...)
	}
	return wordlist.Distinct(words), verdict{}, nil
}
