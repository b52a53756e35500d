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

package controllers

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/moderationpolicy"
)

// wishes passes what a user can change about an object: its spec, its deletion
// and the annotations that steer the operator. Status and marks, which the
// operator writes itself, pass nothing.
func wishes() predicate.Predicate {
	return predicate.Or(predicate.GenerationChangedPredicate{}, predicate.Funcs{
		UpdateFunc: func(e event.UpdateEvent) bool {
			for _, name := range []string{imv1alpha1.AnnotationPaused, imv1alpha1.AnnotationReconcileAt, imv1alpha1.AnnotationAbandon} {
				if e.ObjectOld.GetAnnotations()[name] != e.ObjectNew.GetAnnotations()[name] {
					return true
				}
			}
			return !e.ObjectNew.GetDeletionTimestamp().IsZero() && e.ObjectOld.GetDeletionTimestamp().IsZero()
		},
	})
}

// drifted passes that a callback has reported another difference. Nothing else in
// status, such as counts and presence, is a reason to look at IM.
func drifted(reported func(client.Object) *imv1alpha1.ReportedDrift) predicate.Predicate {
	return predicate.Funcs{
		CreateFunc: func(event.CreateEvent) bool { return false }, // looked at for its own sake
		DeleteFunc: func(event.DeleteEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool {
			before, after := reported(e.ObjectOld), reported(e.ObjectNew)
			return after != nil && (before == nil || before.Sequence != after.Sequence)
		},
		GenericFunc: func(event.GenericEvent) bool { return false },
	}
}

// pushedAgain passes that somebody has begun to push to a stream that the operator has
// blocked: it cannot keep anybody out of a TRTC room, and somebody else may have let a
// CSS stream run. The push has to be ended again.
func pushedAgain() predicate.Predicate {
	active := func(room *imv1alpha1.LiveRoom) (since metav1.Time) {
		if stream := room.Status.Stream; stream != nil && stream.State == imv1alpha1.StreamActive {
			return stream.Since
		}
		return since
	}
	return predicate.Funcs{
		CreateFunc: func(event.CreateEvent) bool { return false }, // looked at for its own sake
		DeleteFunc: func(event.DeleteEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool {
			was, ok := e.ObjectOld.(*imv1alpha1.LiveRoom)
			if !ok {
				return false
			}
			is, ok := e.ObjectNew.(*imv1alpha1.LiveRoom)
			if !ok || is.Status.StreamBlock == nil || is.Spec.Stream == nil {
				return false
			}
			before, after := active(was), active(is)
			return !after.IsZero() && !after.Equal(&before)
		},
		GenericFunc: func(event.GenericEvent) bool { return false },
	}
}

// roomDrift and accountDrift are what callbacks reported of an object.
func roomDrift(obj client.Object) *imv1alpha1.ReportedDrift {
	if room, ok := obj.(*imv1alpha1.LiveRoom); ok {
		return room.Status.ReportedDrift
	}
	return nil
}

func accountDrift(obj client.Object) *imv1alpha1.ReportedDrift {
	if account, ok := obj.(*imv1alpha1.ImAccount); ok {
		return account.Status.ReportedDrift
	}
	return nil
}

// kept passes policies that are kept in IM. The others are the webhook's.
func kept() predicate.Predicate {
	return predicate.NewPredicateFuncs(func(obj client.Object) bool {
		policy, ok := obj.(*imv1alpha1.ModerationPolicy)
		return ok && !moderationpolicy.Foreign(policy)
	})
}

// departures passes only that an object is gone.
func departures() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		UpdateFunc:  func(event.UpdateEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
	}
}

// later drops what a watch lists when it starts. Then every object is looked at
// for its own sake, and needs no second look for the sake of what it refers to.
func later() predicate.Predicate {
	return predicate.Funcs{CreateFunc: func(e event.CreateEvent) bool { return !e.IsInInitialList }}
}

// metadataOf is an object to watch without its contents.
func metadataOf(kind schema.GroupVersionKind) *metav1.PartialObjectMetadata {
	meta := &metav1.PartialObjectMetadata{}
	meta.SetGroupVersionKind(kind)
	return meta
}

var (
	secretKind    = corev1.SchemeGroupVersion.WithKind("Secret")
	configMapKind = corev1.SchemeGroupVersion.WithKind("ConfigMap")
	namespaceKind = corev1.SchemeGroupVersion.WithKind("Namespace")
)

// turned passes updates that changed what of says about an object, besides
// creations and deletions.
func turned[O client.Object](of func(O) string) predicate.Predicate {
	return predicate.Funcs{
		UpdateFunc: func(e event.UpdateEvent) bool {
			before, ok := e.ObjectOld.(O)
			if !ok {
				return false
			}
			after, ok := e.ObjectNew.(O)
			return ok && of(before) != of(after)
		},
	}
}
