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
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/lookup"
)

type objectList = client.ObjectList

// Precedes reports whether a has the better claim: the older object keeps what
// two claim. Of two of the same second, the one that has begun to write keeps
// it (the other may have reached the cache later), then namespace/name decides.
func Precedes(a, b metav1.Object) bool {
	if at, bt := a.GetCreationTimestamp(), b.GetCreationTimestamp(); !at.Equal(&bt) {
		return at.Before(&bt)
	}
	if ah, bh := holds(a), holds(b); ah != bh {
		return ah
	}
	if a.GetNamespace() != b.GetNamespace() {
		return a.GetNamespace() < b.GetNamespace()
	}
	return a.GetName() < b.GetName()
}

func holds(obj metav1.Object) bool {
	_, marked := ReadMark(obj)
	return marked && slices.Contains(obj.GetFinalizers(), imv1alpha1.Finalizer)
}

// Rival returns the object with the best claim on the same thing, or the zero
// value when that is obj itself.
func Rival[O metav1.Object](obj O, claimants []O) (rival O, found bool) {
	best := obj
	for _, other := range claimants {
		if other.GetUID() != obj.GetUID() && Precedes(other, best) {
			best, rival, found = other, other, true
		}
	}
	return rival, found
}

// rival looks for an object with a better claim.
func (r *Reconciler[O, D, S]) rival(ctx context.Context, obj O) (O, bool, error) {
	var none O
	list := r.traits.NewList()
	if err := r.client.List(ctx, list, client.MatchingFields{lookup.ByClaim: r.traits.Claim(obj)}); err != nil {
		return none, false, fmt.Errorf("listing objects with the same claim: %w", err)
	}
	// An object that may not use the application claims nothing in it.
	claimants := slices.DeleteFunc(list.Objects(), func(other O) bool { return !r.apps.Admitted(ctx, other) })
	rival, found := Rival(obj, claimants)
	return rival, found, nil
}
