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
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
)

// Subject is a room as policies see it.
type Subject struct {
	App       types.NamespacedName
	Namespace string
	Labels    map[string]string
}

// Scope says for which rooms a policy holds: those of its application that the
// selector matches, in all namespaces if the policy stands beside the ImApp and
// in its own otherwise.
type Scope struct {
	Policy   types.NamespacedName
	App      types.NamespacedName
	selector labels.Selector
}

// NewScope reads a selector. Nil selects every room.
func NewScope(policy, app types.NamespacedName, selector *metav1.LabelSelector) (Scope, error) {
	scope := Scope{Policy: policy, App: app, selector: labels.Everything()}
	if selector == nil {
		return scope, nil
	}
	compiled, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return scope, fmt.Errorf("spec.roomSelector: %w", err)
	}
	scope.selector = compiled
	return scope, nil
}

// Covers reports whether the policy holds for a room.
func (s *Scope) Covers(room Subject) bool {
	return s.App == room.App && (s.Policy.Namespace == s.App.Namespace || s.Policy.Namespace == room.Namespace) &&
		s.selector.Matches(labels.Set(room.Labels))
}

// compareNames orders objects by namespace and name.
func compareNames(a, b types.NamespacedName) int {
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}
