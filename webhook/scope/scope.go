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

// Package scope says which policies hold for which rooms. It is the same for
// all kinds of policies.
package scope

import (
	"cmp"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

// Scope of one policy.
type Scope struct {
	// Policy is the name of the policy.
	Policy types.NamespacedName
	// App is the ImApp that it is for.
	App types.NamespacedName

	selector labels.Selector
}

// New reads the scope of a policy. A missing selector selects every room; with
// an error the scope covers none.
func New(policy types.NamespacedName, ref imv1alpha1.AppReference, selector *metav1.LabelSelector) (Scope, error) {
	app := ref.In(policy.Namespace)
	s := Scope{Policy: policy, App: types.NamespacedName{Namespace: app.Namespace, Name: app.Name}, selector: labels.Everything()}
	if selector != nil {
		parsed, err := metav1.LabelSelectorAsSelector(selector)
		if err != nil {
			s.selector = labels.Nothing()
			return s, fmt.Errorf("roomSelector: %w", err)
		}
		s.selector = parsed
	}
	return s, nil
}

// Covers reports whether the policy holds for a room of an application: one in
// the ImApp's namespace for its rooms in all namespaces, another one for rooms
// in its own. namespace is empty for a group that no LiveRoom declares.
func (s Scope) Covers(app types.NamespacedName, namespace string, roomLabels map[string]string) bool {
	return s.App == app && (s.Policy.Namespace == app.Namespace || s.Policy.Namespace == namespace) &&
		s.selector.Matches(labels.Set(roomLabels))
}

// Scoped is a policy.
type Scoped interface{ PolicyScope() Scope }

// Index finds the policies for a room. It does not change, and is safe for
// concurrent use.
type Index[P Scoped] struct{ byApp map[types.NamespacedName][]P }

// NewIndex returns an index of policies.
func NewIndex[P Scoped](policies []P) *Index[P] {
	index := &Index[P]{byApp: map[types.NamespacedName][]P{}}
	for _, policy := range policies {
		app := policy.PolicyScope().App
		index.byApp[app] = append(index.byApp[app], policy)
	}
	for _, list := range index.byApp {
		slices.SortFunc(list, func(a, b P) int { return Compare(a.PolicyScope().Policy, b.PolicyScope().Policy) })
	}
	return index
}

// For returns the policies that hold for a room, by namespace and name. The
// answer stays right until the index or the labels of the room change.
func (x *Index[P]) For(app types.NamespacedName, namespace string, roomLabels map[string]string) []P {
	var holding []P
	for _, policy := range x.byApp[app] {
		if policy.PolicyScope().Covers(app, namespace, roomLabels) {
			holding = append(holding, policy)
		}
	}
	return holding
}

// Compare orders policies by namespace, then name.
func Compare(a, b types.NamespacedName) int {
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}
