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

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook/scoring"
)

// LevelReconciler puts UserLevelPolicies in force.
type LevelReconciler struct{ Config }

// Reconcile makes one pass over a UserLevelPolicy.
func (r *LevelReconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	var policy imv1alpha1.UserLevelPolicy
	err := r.Client.Get(ctx, request.NamespacedName, &policy)
	if apierrors.IsNotFound(err) || err == nil && !policy.DeletionTimestamp.IsZero() {
		r.Set.RemoveScoring(request.NamespacedName)
		return reconcile.Result{}, nil
	}
	if err != nil {
		return reconcile.Result{}, err
	}
	v, err := r.usable(ctx, &policy)
	if err != nil {
		return reconcile.Result{}, err
	}
	if v.ok() {
		if v, err = r.rival(ctx, &policy); err != nil {
			return reconcile.Result{}, err
		}
	}
	if v.ok() {
		v = r.force(&policy)
	} else if v.out {
		r.Set.RemoveScoring(request.NamespacedName)
	}
	var own policyStatus
	return reconcile.Result{}, r.report(ctx, &policy, &own, v, append(r.excluded(&policy), r.unwritten(&policy)...), func() (any, bool) { return &own, true })
}

func (r *LevelReconciler) force(policy *imv1alpha1.UserLevelPolicy) verdict {
	compiled, err := scoring.Compile(policy)
	if err != nil {
		return invalid(err.Error())
	}
	scope, err := NewScope(client.ObjectKeyFromObject(policy), appKey(policy.GetAppRef()), policy.Spec.RoomSelector)
	if err != nil {
		return invalid(err.Error())
	}
	r.Set.PutScoring(scope, compiled)
	return verdict{}
}

// rival finds an older policy that writes the same profile field: two would
// overwrite each other for ever.
func (r *LevelReconciler) rival(ctx context.Context, policy *imv1alpha1.UserLevelPolicy) (verdict, error) {
	var list imv1alpha1.UserLevelPolicyList
	if err := r.Client.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		return verdict{}, fmt.Errorf("listing UserLevelPolicies: %w", err)
	}
	for _, other := range list.Objects() {
		if other.UID == policy.UID || !other.DeletionTimestamp.IsZero() ||
			appKey(other.GetAppRef()) != appKey(policy.GetAppRef()) || other.Tag() != policy.Tag() {
			continue
		}
		if !older(other, policy) {
			continue
		}
		v, err := r.usable(ctx, other)
		if err != nil {
			return verdict{}, err
		}
		if _, broken := scoring.Compile(other); v.ok() && broken == nil {
			return verdict{out: true, reason: imv1alpha1.ReasonConflict, message: fmt.Sprintf(
				"UserLevelPolicy %s, which is older, writes %s of the same application: delete one of the two, or use another profileTag",
				client.ObjectKeyFromObject(other), policy.Tag())}, nil
		}
	}
	return verdict{}, nil
}

// older orders claims; at the same second names decide.
func older(a, b client.Object) bool {
	first, second := a.GetCreationTimestamp().Time, b.GetCreationTimestamp().Time
	if !first.Equal(second) {
		return first.Before(second)
	}
	return compareNames(client.ObjectKeyFromObject(a), client.ObjectKeyFromObject(b)) < 0
}

// shown is how many names a message lists.
const shown = 5

// excluded is the condition that says whose level the policy does not write.
func (r *LevelReconciler) excluded(policy *imv1alpha1.UserLevelPolicy) []metav1.Condition {
	accounts := r.Declares(appKey(policy.GetAppRef()), policy.Tag())
	if len(accounts) == 0 {
		return nil
	}
	names := accounts[:min(len(accounts), shown)]
	message := fmt.Sprintf("%d ImAccounts declare %s themselves, and keep it: %v", len(accounts), policy.Tag(), names)
	return []metav1.Condition{{
		Type: imv1alpha1.ConditionAccountsExcluded, Status: metav1.ConditionTrue, Reason: imv1alpha1.ReasonDeclaredLevel, Message: message,
	}}
}

// unwritten is the condition that says why levels do not get into profiles.
func (r *LevelReconciler) unwritten(policy *imv1alpha1.UserLevelPolicy) []metav1.Condition {
	reason := r.Trouble(string(policy.UID))
	if reason == "" {
		return nil
	}
	message := fmt.Sprintf("IM refuses %s: points are counted, and levels written once it takes them", policy.Tag())
	if reason == imv1alpha1.ReasonFieldNotRegistered {
		message = fmt.Sprintf("IM does not know %s: define it in the console (feature configuration, user custom fields; it takes about five minutes). Points are counted meanwhile", policy.Tag())
	}
	return []metav1.Condition{{
		Type: imv1alpha1.ConditionLevelsUnwritten, Status: metav1.ConditionTrue, Reason: reason, Message: message,
	}}
}
