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

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/lifecycle"
	"github.com/liveroom-io/liveroom-operator/controllers/lookup"
)

// matching lists from the cache the names of objects with an index value. What
// cannot be listed is looked at again by its own waits; the failure is logged.
func (s *system) matching(list client.ObjectList, index, value string) []types.NamespacedName {
	ctx := context.Background()
	if err := s.mgr.GetClient().List(ctx, list, client.MatchingFields{index: value}, client.UnsafeDisableDeepCopy); err != nil {
		log.FromContext(ctx).Error(err, "Listing objects to wake", "index", index)
		return nil
	}
	return keysOf(list)
}

// keysOf are the names of the items of a list.
func keysOf(list client.ObjectList) []types.NamespacedName {
	var keys []types.NamespacedName
	_ = meta.EachListItem(list, func(item runtime.Object) error {
		keys = append(keys, client.ObjectKeyFromObject(item.(client.Object)))
		return nil
	})
	return keys
}

// wakes maps an object to those that an index names for it.
func (s *system) wakes(newList func() client.ObjectList, index string, value func(client.Object) string) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(_ context.Context, obj client.Object) []reconcile.Request {
		return requests(s.matching(newList(), index, value(obj)))
	})
}

func requests(keys []types.NamespacedName) []reconcile.Request {
	all := make([]reconcile.Request, len(keys))
	for i, key := range keys {
		all[i] = reconcile.Request{NamespacedName: key}
	}
	return all
}

// itself maps an object to a pass over it, whose changes are a repair.
func itself(drift *lifecycle.Drift) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(_ context.Context, obj client.Object) []reconcile.Request {
		key := client.ObjectKeyFromObject(obj)
		drift.Note(key)
		return []reconcile.Request{{NamespacedName: key}}
	})
}

// byName is the index value of an object that others refer to by name.
func byName(obj client.Object) string { return client.ObjectKeyFromObject(obj).String() }

// toApp maps an object to its ImApp.
func toApp() handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(_ context.Context, obj client.Object) []reconcile.Request {
		managed, ok := obj.(imv1alpha1.Managed)
		if !ok {
			return nil
		}
		return []reconcile.Request{{NamespacedName: lookup.AppKey(managed)}}
	})
}

func apps() client.ObjectList     { return &imv1alpha1.ImAppList{} }
func accounts() client.ObjectList { return &imv1alpha1.ImAccountList{} }
func fields() client.ObjectList   { return &imv1alpha1.GroupCustomFieldList{} }
func rooms() client.ObjectList    { return &imv1alpha1.LiveRoomList{} }
func policies() client.ObjectList { return &imv1alpha1.ModerationPolicyList{} }
