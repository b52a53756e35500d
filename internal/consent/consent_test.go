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

package consent

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/hold"
)

func TestConsent(t *testing.T) {
	shop := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop", Labels: map[string]string{"team": "live"}}}
	namespaces := fake.NewClientBuilder().WithObjects(shop).Build()
	selector := func(value string) *imv1alpha1.AllowedNamespaces {
		return &imv1alpha1.AllowedNamespaces{
			From: imv1alpha1.NamespacesFromSelector, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"team": value}},
		}
	}
	for _, c := range []struct {
		name      string
		consent   Policy
		allowed   *imv1alpha1.AllowedNamespaces
		namespace string
		admitted  bool
	}{
		{"its own namespace", Policy{Namespaces: namespaces}, nil, "im", true},
		{"nothing said", Policy{Namespaces: namespaces}, nil, "shop", false},
		{"same", Policy{Namespaces: namespaces}, &imv1alpha1.AllowedNamespaces{From: imv1alpha1.NamespacesFromSame}, "shop", false},
		{"all", Policy{Namespaces: namespaces}, &imv1alpha1.AllowedNamespaces{From: imv1alpha1.NamespacesFromAll}, "shop", true},
		{"labels match", Policy{Namespaces: namespaces}, selector("live"), "shop", true},
		{"labels differ", Policy{Namespaces: namespaces}, selector("other"), "shop", false},
		{"namespace unknown", Policy{Namespaces: namespaces}, selector("live"), "nowhere", false},
		{"labels cannot be read", Policy{}, selector("live"), "shop", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			app := &imv1alpha1.ImApp{ObjectMeta: metav1.ObjectMeta{Namespace: "im", Name: "app"}, Spec: imv1alpha1.ImAppSpec{AllowedNamespaces: c.allowed}}
			err := c.consent.Check(t.Context(), app, c.namespace)
			if (err == nil) != c.admitted {
				t.Fatalf("got %v, want admitted %t", err, c.admitted)
			}
			if wait, ok := hold.As(err); err != nil && (!ok || wait.Reason != imv1alpha1.ReasonNamespaceNotAllowed) {
				t.Errorf("got %v, want the wait NamespaceNotAllowed", err)
			}
		})
	}
}
