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
	"context"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/groupcustomfield"
	"github.com/liveroom-io/liveroom-operator/controllers/imaccount"
	"github.com/liveroom-io/liveroom-operator/controllers/imapp"
	"github.com/liveroom-io/liveroom-operator/controllers/lifecycle"
	"github.com/liveroom-io/liveroom-operator/controllers/liveroom"
	"github.com/liveroom-io/liveroom-operator/controllers/lookup"
	"github.com/liveroom-io/liveroom-operator/controllers/moderationpolicy"
)

// appWorkers is enough for ImApps: there are few, and they change rarely.
const appWorkers = 4

func (s *system) deps(kind string, drift *lifecycle.Drift, verify func(types.NamespacedName)) lifecycle.Deps {
	return lifecycle.Deps{
		Client: s.mgr.GetClient(), Recorder: s.mgr.GetEventRecorder(named(kind)),
		Apps: s.apps, Clock: s.options.Clock, Drift: drift, Verify: verify,
	}
}

func (s *system) addApps() error {
	b := ctrl.NewControllerManagedBy(s.mgr).Named(named("imapp")).
		For(&imv1alpha1.ImApp{}, builder.WithPredicates(wishes())).
		WatchesRawSource(s.wake.apps.Source()).
		WatchesMetadata(metadataOf(secretKind), s.wakes(apps, lookup.BySecret, byName), builder.WithPredicates(later())).
		Watches(&imv1alpha1.ImApp{}, s.wakes(apps, lookup.ByClaim, func(obj client.Object) string {
			return lookup.AppClaim(obj.(*imv1alpha1.ImApp))
		}), builder.WithPredicates(departures())).
		WithOptions(s.concurrency(appWorkers))
	for _, user := range []client.Object{&imv1alpha1.ImAccount{}, &imv1alpha1.GroupCustomField{}, &imv1alpha1.LiveRoom{}} {
		b = b.Watches(user, toApp(), builder.WithPredicates(departures()))
	}
	b = b.Watches(&imv1alpha1.ModerationPolicy{}, toApp(), builder.WithPredicates(kept(), departures()))
	if len(s.options.Namespaces) == 0 {
		b = b.WatchesMetadata(metadataOf(namespaceKind), s.selectingApps(), builder.WithPredicates(later(), predicate.LabelChangedPredicate{}))
	}
	return b.Complete(imapp.New(s.mgr.GetClient(), s.mgr.GetEventRecorder(named("imapp")), s.apps, s.references, s.options.Clock))
}

// selectingApps wakes the ImApps that admit namespaces by label: who counts as
// their user may have changed.
func (s *system) selectingApps() handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, _ client.Object) []reconcile.Request {
		var list imv1alpha1.ImAppList
		if err := s.mgr.GetClient().List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
			return nil
		}
		var keys []types.NamespacedName
		for _, app := range list.Objects() {
			if allowed := app.Spec.AllowedNamespaces; allowed != nil && allowed.From == imv1alpha1.NamespacesFromSelector {
				keys = append(keys, client.ObjectKeyFromObject(app))
			}
		}
		return requests(keys)
	})
}

func (s *system) addAccounts() error {
	kind := imaccount.New(s.mgr.GetClient(), s.references, s.options.Clock)
	drift := lifecycle.NewDrift()
	sweeper := lifecycle.NewSweeper(kind, s.mgr.GetClient(), s.apps, s.wake.accounts, drift, s.options.DriftSecond)
	if err := s.mgr.Add(sweeper); err != nil {
		return err
	}
	b := ctrl.NewControllerManagedBy(s.mgr).Named(named("imaccount")).
		For(&imv1alpha1.ImAccount{}, builder.WithPredicates(wishes())).
		Watches(&imv1alpha1.ImAccount{}, itself(drift), builder.WithPredicates(drifted(accountDrift))).
		WatchesRawSource(s.wake.accounts.Source()).
		WatchesMetadata(metadataOf(secretKind), s.wakes(accounts, lookup.BySecret, byName), builder.WithPredicates(departures())).
		Watches(&imv1alpha1.ImAccount{}, s.wakes(accounts, lookup.ByClaim, func(obj client.Object) string {
			return lookup.AccountClaim(obj.(*imv1alpha1.ImAccount))
		}), builder.WithPredicates(departures()))
	return s.watchApp(b, accounts).WithOptions(s.concurrency(s.options.Workers)).
		Complete(lifecycle.New(kind, s.deps("imaccount", drift, sweeper.Verify)))
}

func (s *system) addFields() error {
	kind := groupcustomfield.New(s.mgr.GetClient(), s.wake.rooms, s.apps)
	b := ctrl.NewControllerManagedBy(s.mgr).Named(named("groupcustomfield")).
		For(&imv1alpha1.GroupCustomField{}, builder.WithPredicates(wishes())).
		WatchesRawSource(s.wake.fields.Source()).
		Watches(&imv1alpha1.GroupCustomField{}, s.fieldsOfSameApp(), builder.WithPredicates(departures())).
		Watches(&imv1alpha1.LiveRoom{}, s.unprovenFieldsOf(), builder.WithPredicates(later(), wishes()))
	return s.watchApp(b, fields).WithOptions(s.concurrency(appWorkers)).
		Complete(lifecycle.New(kind, s.deps("groupcustomfield", nil, nil)))
}

// fieldsOfSameApp wakes the other declarations when one has gone: there may be
// room for an eleventh, or a claim to take.
func (s *system) fieldsOfSameApp() handler.EventHandler {
	return s.wakes(fields, lookup.ByApp, func(obj client.Object) string {
		return lookup.AppKey(obj.(*imv1alpha1.GroupCustomField)).String()
	})
}

// unprovenFieldsOf wakes the fields of a room that still wait for a proof: who
// makes it, a room or a scratch group, depends on whether a room uses them.
func (s *system) unprovenFieldsOf() handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, obj client.Object) []reconcile.Request {
		room, ok := obj.(*imv1alpha1.LiveRoom)
		if !ok {
			return nil
		}
		var keys []types.NamespacedName
		for _, used := range lookup.FieldsOf(room) {
			var list imv1alpha1.GroupCustomFieldList
			selector := client.MatchingFields{lookup.ByClaim: used}
			if err := s.mgr.GetClient().List(ctx, &list, selector, client.UnsafeDisableDeepCopy); err != nil {
				continue // its retry timer comes
			}
			for _, field := range list.Objects() {
				if !field.Registered(room.Spec.Type) {
					keys = append(keys, client.ObjectKeyFromObject(field))
				}
			}
		}
		return requests(keys)
	})
}

func (s *system) addRooms() error {
	kind, err := liveroom.New(s.mgr.GetClient(), s.references, s.apps, s.options.Clock)
	if err != nil {
		return err
	}
	drift := lifecycle.NewDrift()
	sweeper := lifecycle.NewSweeper(kind, s.mgr.GetClient(), s.apps, s.wake.rooms, drift, s.options.DriftSecond)
	if err := s.mgr.Add(sweeper); err != nil {
		return err
	}
	b := ctrl.NewControllerManagedBy(s.mgr).Named(named("liveroom")).
		For(&imv1alpha1.LiveRoom{}, builder.WithPredicates(wishes())).
		Watches(&imv1alpha1.LiveRoom{}, itself(drift), builder.WithPredicates(drifted(roomDrift))).
		Watches(&imv1alpha1.LiveRoom{}, &handler.EnqueueRequestForObject{}, builder.WithPredicates(pushedAgain())).
		WatchesRawSource(s.wake.rooms.Source()).
		WatchesMetadata(metadataOf(configMapKind), s.wakes(rooms, lookup.ByConfigMap, byName), builder.WithPredicates(later())).
		Watches(&imv1alpha1.LiveRoom{}, s.wakes(rooms, lookup.ByClaim, func(obj client.Object) string {
			return lookup.RoomClaim(obj.(*imv1alpha1.LiveRoom))
		}), builder.WithPredicates(departures())).
		Watches(&imv1alpha1.LiveRoom{}, s.roomsOfSameStream(), builder.WithPredicates(later(), turned(streamClaims))).
		Watches(&imv1alpha1.ImApp{}, s.roomsOfSameAccount(), builder.WithPredicates(later(), predicate.GenerationChangedPredicate{})).
		WatchesMetadata(metadataOf(secretKind), s.wakes(rooms, lookup.BySecret, byName), builder.WithPredicates(departures())).
		WatchesMetadata(metadataOf(secretKind), s.roomsOfKey(), builder.WithPredicates(later())).
		Watches(&imv1alpha1.ImAccount{}, s.wakes(rooms, lookup.ByAccount, byName), builder.WithPredicates(later(), turned(imported))).
		Watches(&imv1alpha1.GroupCustomField{}, s.wakes(rooms, lookup.ByField, func(obj client.Object) string {
			return lookup.FieldClaim(obj.(*imv1alpha1.GroupCustomField))
		}), builder.WithPredicates(later(), turned(registered)))
	return s.watchApp(b, rooms).WithOptions(s.concurrency(s.options.Workers)).
		Complete(lifecycle.New(kind, s.deps("liveroom", drift, sweeper.Verify)))
}

// streamClaims are all that a room's stream claims.
func streamClaims(room *imv1alpha1.LiveRoom) string {
	return strings.Join(lookup.StreamClaims(room), "\n")
}

// roomsOfSameStream wakes the rooms that claim what another one claimed, or claims now.
func (s *system) roomsOfSameStream() handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(_ context.Context, obj client.Object) []reconcile.Request {
		var keys []types.NamespacedName
		for _, claim := range lookup.StreamClaims(obj.(*imv1alpha1.LiveRoom)) {
			keys = append(keys, s.matching(rooms(), lookup.ByStream, claim)...)
		}
		return requests(keys)
	})
}

// roomsOfSameAccount wakes the rooms of other ImApps when it may have changed whose
// streams are in one account with theirs.
func (s *system) roomsOfSameAccount() handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, obj client.Object) []reconcile.Request {
		var list imv1alpha1.ImAppList
		if err := s.mgr.GetClient().List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
			log.FromContext(ctx).Error(err, "Listing ImApps that may share an account") // no sweep makes up for it
			return nil
		}
		var keys []types.NamespacedName
		for _, app := range list.Objects() {
			if app.UID != obj.GetUID() && lookup.SameAccount(&app.Spec, &obj.(*imv1alpha1.ImApp).Spec) {
				keys = append(keys, s.streaming(client.ObjectKeyFromObject(app))...)
			}
		}
		return requests(keys)
	})
}

// roomsOfKey wakes the rooms whose streams depend on a key of their ImApp.
func (s *system) roomsOfKey() handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(_ context.Context, secret client.Object) []reconcile.Request {
		var keys []types.NamespacedName
		for _, app := range s.matching(apps(), lookup.ByStreamSecret, byName(secret)) {
			keys = append(keys, s.streaming(app)...)
		}
		return requests(keys)
	})
}

// streaming are the rooms of an ImApp that have a stream, or still hold one back.
func (s *system) streaming(app types.NamespacedName) []types.NamespacedName {
	var list imv1alpha1.LiveRoomList
	ctx := context.Background()
	if err := s.mgr.GetClient().List(ctx, &list, client.MatchingFields{lookup.ByApp: app.String()}, client.UnsafeDisableDeepCopy); err != nil {
		log.FromContext(ctx).Error(err, "Listing rooms with streams to wake") // no sweep makes up for it: it compares groups alone
		return nil
	}
	var keys []types.NamespacedName
	for _, room := range list.Objects() {
		if room.Spec.Stream != nil || room.Status.StreamBlock != nil {
			keys = append(keys, client.ObjectKeyFromObject(room))
		}
	}
	return keys
}

// addPolicies adds the controller of policies that IM itself enforces.
func (s *system) addPolicies() error {
	kind, err := moderationpolicy.New(s.references)
	if err != nil {
		return err
	}
	drift := lifecycle.NewDrift()
	sweeper := lifecycle.NewSweeper(kind, s.mgr.GetClient(), s.apps, s.wake.policies, drift, s.options.DriftSecond)
	if err := s.mgr.Add(sweeper); err != nil {
		return err
	}
	b := ctrl.NewControllerManagedBy(s.mgr).Named(named("moderationpolicy")).
		For(&imv1alpha1.ModerationPolicy{}, builder.WithPredicates(kept(), wishes())).
		WatchesRawSource(s.wake.policies.Source()).
		WatchesMetadata(metadataOf(configMapKind), s.wakes(policies, lookup.ByConfigMap, byName), builder.WithPredicates(later())).
		Watches(&imv1alpha1.ModerationPolicy{}, s.wakes(policies, lookup.ByClaim, func(obj client.Object) string {
			return lookup.PolicyClaim(obj.(*imv1alpha1.ModerationPolicy))
		}), builder.WithPredicates(kept(), departures()))
	return s.watchApp(b, policies).WithOptions(s.concurrency(appWorkers)).
		Complete(lifecycle.New(kind, s.deps("moderationpolicy", drift, nil)))
}

// imported is what a room wants to know of an account.
func imported(account *imv1alpha1.ImAccount) string {
	if account.Known() {
		return "imported"
	}
	return ""
}

// registered is what a room wants to know of a declaration.
func registered(field *imv1alpha1.GroupCustomField) string {
	var known string
	for _, bound := range field.Spec.GroupTypes {
		known += string(bound.Type)
		if field.Registered(bound.Type) {
			known += "+"
		}
	}
	return known
}

// watchApp wakes objects when their ImApp comes, goes or is changed, and when
// the labels of their namespace change.
func (s *system) watchApp(b *builder.Builder, newList func() client.ObjectList) *builder.Builder {
	b = b.Watches(&imv1alpha1.ImApp{}, s.wakes(newList, lookup.ByApp, byName), builder.WithPredicates(later(), predicate.GenerationChangedPredicate{}))
	if len(s.options.Namespaces) > 0 {
		return b
	}
	inNamespace := handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, namespace client.Object) []reconcile.Request {
		list := newList()
		if err := s.mgr.GetClient().List(ctx, list, client.InNamespace(namespace.GetName()), client.UnsafeDisableDeepCopy); err != nil {
			return nil
		}
		return requests(keysOf(list))
	})
	return b.WatchesMetadata(metadataOf(namespaceKind), inNamespace, builder.WithPredicates(later(), predicate.LabelChangedPredicate{}))
}
