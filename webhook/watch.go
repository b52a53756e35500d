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

package webhook

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

// wakeups carries reasons to look at all objects of a kind again.
type wakeups struct {
	apps, moderation, levels, accounts chan event.GenericEvent
	uids, tallies                      chan string // of accounts
}

func newWakeups() wakeups {
	return wakeups{
		apps: make(chan event.GenericEvent, 64), moderation: make(chan event.GenericEvent, 1), levels: make(chan event.GenericEvent, 1),
		accounts: make(chan event.GenericEvent, 64), uids: make(chan string, 64), tallies: make(chan string, 256),
	}
}

// poke does not block: a reason that finds the channel full is one among others.
func poke(channel chan event.GenericEvent, obj client.Object) {
	select {
	case channel <- event.GenericEvent{Object: obj}:
	default:
	}
}

// app wakes one ImApp.
func (w wakeups) app(key types.NamespacedName) {
	poke(w.apps, &imv1alpha1.ImApp{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}})
}

// all wakes every object: this pod has been elected.
func (w wakeups) all() {
	poke(w.apps, &imv1alpha1.ImApp{})
	poke(w.moderation, &imv1alpha1.ModerationPolicy{})
	poke(w.levels, &imv1alpha1.UserLevelPolicy{})
	poke(w.accounts, &imv1alpha1.WeChatOfficialAccount{})
}

// addControllers adds the reconcilers of what callbacks depend on.
func (s *system) addControllers() error {
	apps := ctrl.NewControllerManagedBy(s.mgr).Named("liveroom-webhook-imapp").
		For(&imv1alpha1.ImApp{}, builder.WithPredicates(appNews())).
		WatchesMetadata(metadataOf("Secret"), s.all(func() client.ObjectList { return &imv1alpha1.ImAppList{} }, refersToSecret)).
		WatchesRawSource(source.Channel(s.wake.apps, s.oneOrAll(func() client.ObjectList { return &imv1alpha1.ImAppList{} }))).
		WithOptions(s.single())
	if err := apps.Complete(s.applications); err != nil {
		return err
	}
	moderationPolicies := func() client.ObjectList { return &imv1alpha1.ModerationPolicyList{} }
	moderation := ctrl.NewControllerManagedBy(s.mgr).Named("liveroom-webhook-moderationpolicy").
		For(&imv1alpha1.ModerationPolicy{}, builder.WithPredicates(wishes())).
		WatchesMetadata(metadataOf("ConfigMap"), s.all(moderationPolicies, refersToConfigMap)).
		Watches(&imv1alpha1.ImApp{}, s.all(moderationPolicies, nil), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		WatchesRawSource(source.Channel(s.wake.moderation, s.oneOrAll(moderationPolicies))).
		WithOptions(s.single())
	if err := s.watchNamespaces(moderation, moderationPolicies).Complete(s.moderation); err != nil {
		return err
	}
	levelPolicies := func() client.ObjectList { return &imv1alpha1.UserLevelPolicyList{} }
	levels := ctrl.NewControllerManagedBy(s.mgr).Named("liveroom-webhook-userlevelpolicy").
		For(&imv1alpha1.UserLevelPolicy{}, builder.WithPredicates(wishes())).
		Watches(&imv1alpha1.ImApp{}, s.all(levelPolicies, nil), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&imv1alpha1.UserLevelPolicy{}, s.all(levelPolicies, nil), builder.WithPredicates(wishes())).
		WatchesRawSource(source.Channel(s.wake.levels, s.oneOrAll(levelPolicies))).
		WithOptions(s.single())
	if err := s.watchNamespaces(levels, levelPolicies).Complete(s.levels); err != nil {
		return err
	}
	return s.addDeskController()
}

// watchNamespaces wakes policies when labels that consent depends on change.
func (s *system) watchNamespaces(b *builder.Builder, list func() client.ObjectList) *builder.Builder {
	if len(s.Namespaces) > 0 {
		return b
	}
	return b.WatchesMetadata(metadataOf("Namespace"), s.all(list, nil), builder.WithPredicates(predicate.LabelChangedPredicate{}))
}

func (s *system) single() controller.Options {
	return controller.Options{MaxConcurrentReconciles: 1, SkipNameValidation: &s.SkipNameValidation}
}

// all wakes every object of a kind that relates to the object; without relates, every one.
func (s *system) all(list func() client.ObjectList, relates func(obj, to client.Object) bool) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, to client.Object) []reconcile.Request {
		return s.requests(ctx, list(), func(obj client.Object) bool { return relates == nil || relates(obj, to) })
	})
}

// oneOrAll wakes the named object, or all when none is named.
func (s *system) oneOrAll(list func() client.ObjectList) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, named client.Object) []reconcile.Request {
		if named.GetName() != "" {
			return []reconcile.Request{{NamespacedName: client.ObjectKeyFromObject(named)}}
		}
		return s.requests(ctx, list(), func(client.Object) bool { return true })
	})
}

// requests lists from the cache. What cannot be listed is looked at with the
// next change.
func (s *system) requests(ctx context.Context, list client.ObjectList, wanted func(client.Object) bool) []reconcile.Request {
	if err := s.mgr.GetClient().List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
		s.Log.Error(err, "Listing objects to look at")
		return nil
	}
	var found []reconcile.Request
	_ = meta.EachListItem(list, func(item runtime.Object) error {
		if obj, ok := item.(client.Object); ok && wanted(obj) {
			found = append(found, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(obj)})
		}
		return nil
	})
	return found
}

// appNews passes what the webhook wants to know of an ImApp: its spec, and
// whether its credentials are good and the application its own.
func appNews() predicate.Predicate {
	standing := func(obj client.Object) (authenticated, conflict bool) {
		app, ok := obj.(*imv1alpha1.ImApp)
		if !ok {
			return false, false
		}
		ready := meta.FindStatusCondition(app.Status.Conditions, imv1alpha1.ConditionReady)
		return meta.IsStatusConditionTrue(app.Status.Conditions, imv1alpha1.ConditionAuthenticated),
			ready != nil && ready.Reason == imv1alpha1.ReasonConflict
	}
	return predicate.Or(predicate.GenerationChangedPredicate{}, predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		authenticated, conflict := standing(e.ObjectOld)
		authenticatedNow, conflictNow := standing(e.ObjectNew)
		return authenticated != authenticatedNow || conflict != conflictNow
	}})
}

// wishes passes what a user can change about a policy: its spec, and the
// annotations that steer the operator.
func wishes() predicate.Predicate {
	return predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{})
}

func refersToSecret(obj, secret client.Object) bool {
	app, ok := obj.(*imv1alpha1.ImApp)
	if !ok || app.Namespace != secret.GetNamespace() {
		return false
	}
	return app.Spec.CredentialsSecretRef.Name == secret.GetName() || streamSecret(app, secret) ||
		app.Spec.Callbacks != nil && app.Spec.Callbacks.TokenSecretRef.Name == secret.GetName()
}

func refersToConfigMap(obj, configMap client.Object) bool {
	policy, ok := obj.(*imv1alpha1.ModerationPolicy)
	if !ok || policy.Namespace != configMap.GetNamespace() || policy.Spec.Words == nil {
		return false
	}
	for _, ref := range policy.Spec.Words.ConfigMapRefs {
		if ref.Name == configMap.GetName() {
			return true
		}
	}
	return false
}

// metadataOf is a core object to watch without its contents.
func metadataOf(kind string) *metav1.PartialObjectMetadata {
	object := &metav1.PartialObjectMetadata{}
	object.SetGroupVersionKind(schema.GroupVersionKind{Version: corev1.SchemeGroupVersion.Version, Kind: kind})
	return object
}
