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
	"fmt"

	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook/directory"
	"github.com/liveroom-io/liveroom-operator/webhook/event"
	"github.com/liveroom-io/liveroom-operator/webhook/fold"
	"github.com/liveroom-io/liveroom-operator/webhook/projection"
)

// +kubebuilder:rbac:groups=im.liveroom.io,resources=liverooms;imaccounts,verbs=get;list;watch
// +kubebuilder:rbac:groups=im.liveroom.io,resources=liverooms/status;imaccounts/status,verbs=patch
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=get;list;watch

// feed keeps the directory equal to the caches. Each returned function reports
// whether what was there at the start has arrived.
func feed(ctx context.Context, informers cache.Informers, into *directory.Directory, changed func(), projector *projection.Projector) ([]func() bool, error) {
	var arrived []func() bool
	for _, kind := range []struct {
		object client.Object
		put    func(before, obj any)
		remove func(client.Object)
	}{
		{&imv1alpha1.LiveRoom{}, func(before, obj any) {
			if room, ok := obj.(*imv1alpha1.LiveRoom); ok {
				older, known := before.(*imv1alpha1.LiveRoom)
				// The condition of a stream says which generation it is about.
				if into.PutRoom(room) || known && older.Generation != room.Generation && room.Spec.Stream != nil {
					projector.Look(fold.Room, event.RoomKey(string(room.UID)))
				}
			}
		}, func(room client.Object) {
			into.RemoveRoom(client.ObjectKeyFromObject(room))
			projector.Gone(event.RoomKey(string(room.GetUID())))
		}},
		{&imv1alpha1.ImAccount{}, func(_, obj any) {
			if account, ok := obj.(*imv1alpha1.ImAccount); ok && into.PutAccount(account) {
				changed()
				ref := account.GetAppRef()
				if app := into.App(client.ObjectKey{Namespace: ref.Namespace, Name: ref.Name}); app != nil {
					projector.Look(fold.Account, event.UserKey(app.SDKAppID, account.UserID()))
				}
			}
		}, func(account client.Object) {
			into.RemoveAccount(client.ObjectKeyFromObject(account))
			changed()
		}},
	} {
		informer, err := informers.GetInformer(ctx, kind.object)
		if err != nil {
			return nil, fmt.Errorf("watching %T: %w", kind.object, err)
		}
		registration, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
			AddFunc:    func(obj any) { kind.put(nil, obj) },
			UpdateFunc: kind.put,
			DeleteFunc: func(obj any) {
				if gone, ok := obj.(toolscache.DeletedFinalStateUnknown); ok {
					obj = gone.Obj
				}
				if object, ok := obj.(client.Object); ok {
					kind.remove(object)
				}
			},
		})
		if err != nil {
			return nil, fmt.Errorf("watching %T: %w", kind.object, err)
		}
		arrived = append(arrived, registration.HasSynced)
	}
	return arrived, nil
}
