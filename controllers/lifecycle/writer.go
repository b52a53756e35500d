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
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

// FieldOwner is the field manager of everything that controllers write.
const FieldOwner = client.FieldOwner("liveroom-controller")

// Writer is the only way from a pass to the API server.
type Writer struct {
	client   client.Client
	recorder events.EventRecorder
	fresh    *freshness
}

// NewWriter returns a writer for a reconciler that does not run the shared life
// cycle.
func NewWriter(c client.Client, recorder events.EventRecorder) *Writer {
	return &Writer{client: c, recorder: recorder, fresh: newFreshness()}
}

// Behind reports whether obj is older than what this writer has written.
func (w *Writer) Behind(obj client.Object) bool { return w.fresh.behind(obj) }

// Forget drops what is remembered of an object that is gone.
func (w *Writer) Forget(key types.NamespacedName) { w.fresh.forget(key) }

// Secure adds the finalizer and the mark in one patch. It fails with a conflict
// when obj is not the newest, so that no finalizer of somebody else is lost.
func (w *Writer) Secure(ctx context.Context, obj client.Object, mark Mark) error {
	base := obj.DeepCopyObject().(client.Object)
	controllerutil.AddFinalizer(obj, imv1alpha1.Finalizer)
	annotations := obj.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[imv1alpha1.AnnotationMark] = mark.encode()
	obj.SetAnnotations(annotations)
	return w.patch(ctx, obj, base)
}

// Hold adds the finalizer alone.
func (w *Writer) Hold(ctx context.Context, obj client.Object) error {
	base := obj.DeepCopyObject().(client.Object)
	if !controllerutil.AddFinalizer(obj, imv1alpha1.Finalizer) {
		return nil
	}
	return w.patch(ctx, obj, base)
}

// Release takes the finalizer and the mark off.
func (w *Writer) Release(ctx context.Context, obj client.Object) error {
	base := obj.DeepCopyObject().(client.Object)
	controllerutil.RemoveFinalizer(obj, imv1alpha1.Finalizer)
	annotations := obj.GetAnnotations()
	delete(annotations, imv1alpha1.AnnotationMark)
	obj.SetAnnotations(annotations)
	return w.patch(ctx, obj, base)
}

func (w *Writer) patch(ctx context.Context, obj, base client.Object) error {
	patch := client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{})
	if err := w.client.Patch(ctx, obj, patch, FieldOwner); err != nil {
		return err
	}
	w.fresh.wrote(obj)
	return nil
}

// Status applies the full set of status fields that the controller owns. An
// object that is gone is a success.
func (w *Writer) Status(ctx context.Context, obj imv1alpha1.Object, status any) error {
	_, err := w.applyStatus(ctx, obj, status, map[string]any{"uid": obj.GetUID()})
	return client.IgnoreNotFound(err)
}

// StatusOf is Status for exactly the version that obj is of. It fails with a
// conflict when there is a newer one, and gives obj its new version.
func (w *Writer) StatusOf(ctx context.Context, obj imv1alpha1.Object, status any) error {
	written, err := w.applyStatus(ctx, obj, status, map[string]any{"uid": obj.GetUID(), "resourceVersion": obj.GetResourceVersion()})
	if err != nil {
		return err
	}
	obj.SetResourceVersion(written.GetResourceVersion())
	return nil
}

// applyStatus applies status to the object that metadata describes, besides by
// its name.
func (w *Writer) applyStatus(ctx context.Context, obj imv1alpha1.Object, status any, metadata map[string]any) (client.Object, error) {
	metadata["name"], metadata["namespace"] = obj.GetName(), obj.GetNamespace()
	gvk, err := apiutil.GVKForObject(obj, w.client.Scheme())
	if err != nil {
		return nil, fmt.Errorf("finding the kind of %T: %w", obj, err)
	}
	apiVersion, kind := gvk.ToAPIVersionAndKind()
	body, err := json.Marshal(map[string]any{
		"apiVersion": apiVersion,
		"kind":       kind,
		"metadata":   metadata,
		"status":     status,
	})
	if err != nil {
		return nil, fmt.Errorf("encoding status: %w", err)
	}
	written, ok := obj.DeepCopyObject().(client.Object)
	if !ok {
		return nil, fmt.Errorf("%T is not an API object", obj)
	}
	err = w.client.Status().Patch(ctx, written, client.RawPatch(types.ApplyPatchType, body), FieldOwner, client.ForceOwnership)
	if err != nil {
		return nil, err
	}
	w.fresh.wrote(written)
	return written, nil
}

// Event records a transition.
func (w *Writer) Event(obj imv1alpha1.Object, warning bool, reason, note string) {
	kind := corev1.EventTypeNormal
	if warning {
		kind = corev1.EventTypeWarning
	}
	w.recorder.Eventf(obj, nil, kind, reason, "Reconcile", "%s", note)
}
