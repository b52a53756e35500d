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

// Package consent decides which namespaces may use an ImApp.
package consent

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/hold"
)

// Policy decides whether objects of a namespace may use an ImApp.
type Policy struct {
	// Namespaces reads namespace metadata. Nil in a namespaced installation,
	// where labels of namespaces cannot be read.
	Namespaces client.Reader
}

// Check returns nil, or the wait NamespaceNotAllowed.
func (c Policy) Check(ctx context.Context, app *imv1alpha1.ImApp, namespace string) error {
	if namespace == app.Namespace {
		return nil
	}
	from := imv1alpha1.NamespacesFromSame
	if app.Spec.AllowedNamespaces != nil {
		from = app.Spec.AllowedNamespaces.From
	}
	key := client.ObjectKeyFromObject(app)
	switch from {
	case imv1alpha1.NamespacesFromAll:
		return nil
	case imv1alpha1.NamespacesFromSelector:
		return c.checkLabels(ctx, app, namespace)
	default:
		return hold.New(imv1alpha1.ReasonNamespaceNotAllowed,
			"ImApp %s does not allow namespace %s: add it to spec.allowedNamespaces there", key, namespace)
	}
}

func (c Policy) checkLabels(ctx context.Context, app *imv1alpha1.ImApp, namespace string) error {
	key := client.ObjectKeyFromObject(app)
	if c.Namespaces == nil {
		return hold.New(imv1alpha1.ReasonNamespaceNotAllowed,
			"ImApp %s allows namespaces by label, which this namespaced installation cannot read: use allowedNamespaces.from All there", key)
	}
	selector, err := metav1.LabelSelectorAsSelector(app.Spec.AllowedNamespaces.Selector)
	if err != nil {
		return hold.New(imv1alpha1.ReasonNamespaceNotAllowed, "ImApp %s has a selector that cannot be used: %v", key, err)
	}
	meta := &metav1.PartialObjectMetadata{}
	meta.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	if err := c.Namespaces.Get(ctx, types.NamespacedName{Name: namespace}, meta); err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("reading namespace %s: %w", namespace, err)
	}
	if !selector.Matches(labels.Set(meta.Labels)) {
		return hold.New(imv1alpha1.ReasonNamespaceNotAllowed,
			"the labels of namespace %s do not match spec.allowedNamespaces.selector of ImApp %s", namespace, key)
	}
	return nil
}
