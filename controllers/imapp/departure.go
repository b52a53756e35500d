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

package imapp

import (
	"context"
	"fmt"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/lookup"
)

// depart lets an ImApp go once nothing uses it. Until then it stays connected,
// because what uses it may be on its own way out; one whose SDKAppID belongs to
// an older ImApp was never connected and is not connected now.
func (r *Reconciler) depart(ctx context.Context, app *imv1alpha1.ImApp, claims bool, f facts) facts {
	key := client.ObjectKeyFromObject(app)
	users, err := r.users(ctx, app)
	if err != nil {
		return r.failed(key, f, err)
	}
	if users == "" || app.Annotations[imv1alpha1.AnnotationAbandon] == "true" {
		r.apps.Remove(key)
		return r.failed(key, f, client.IgnoreNotFound(r.writer.Release(ctx, app)))
	}
	if claims {
		if f = r.authenticate(ctx, key, app, f); f.gone || f.err != nil {
			return f
		}
	} else {
		r.apps.Close(key, imv1alpha1.ReasonConflict)
	}
	return f.inUse(fmt.Sprintf("deletion waits for %s: delete them first", users))
}

// users says in words who uses an ImApp; empty when nobody does. Objects whose
// namespace is not allowed do not count, so that they cannot hold it.
func (r *Reconciler) users(ctx context.Context, app *imv1alpha1.ImApp) (string, error) {
	var words []string
	for _, kind := range []struct {
		name string
		list client.ObjectList
		each func(client.ObjectList) []imv1alpha1.Managed
	}{
		{"LiveRoom", &imv1alpha1.LiveRoomList{}, managed((*imv1alpha1.LiveRoomList).Objects)},
		{"ImAccount", &imv1alpha1.ImAccountList{}, managed((*imv1alpha1.ImAccountList).Objects)},
		{"GroupCustomField", &imv1alpha1.GroupCustomFieldList{}, managed((*imv1alpha1.GroupCustomFieldList).Objects)},
		{"ModerationPolicy", &imv1alpha1.ModerationPolicyList{}, managed((*imv1alpha1.ModerationPolicyList).Objects)},
	} {
		selector := client.MatchingFields{lookup.ByApp: client.ObjectKeyFromObject(app).String()}
		if err := r.client.List(ctx, kind.list, selector, client.UnsafeDisableDeepCopy); err != nil {
			return "", fmt.Errorf("listing %s objects of the application: %w", kind.name, err)
		}
		count, example := 0, ""
		for _, user := range kind.each(kind.list) {
			if r.apps.Admits(ctx, app, user.GetNamespace()) {
				count++
				example = client.ObjectKeyFromObject(user).String()
			}
		}
		switch {
		case count == 1:
			words = append(words, fmt.Sprintf("%s %s", kind.name, example))
		case count > 1:
			words = append(words, fmt.Sprintf("%d %s objects", count, kind.name))
		}
	}
	return strings.Join(words, ", "), nil
}

func managed[L client.ObjectList, O imv1alpha1.Managed](objects func(L) []O) func(client.ObjectList) []imv1alpha1.Managed {
	return func(list client.ObjectList) []imv1alpha1.Managed {
		var all []imv1alpha1.Managed
		for _, obj := range objects(list.(L)) {
			all = append(all, obj)
		}
		return all
	}
}

// claimants lists all ImApps with the same SDKAppID, this one included.
func claimants(ctx context.Context, reader client.Reader, app *imv1alpha1.ImApp) ([]*imv1alpha1.ImApp, error) {
	var list imv1alpha1.ImAppList
	if err := reader.List(ctx, &list, client.MatchingFields{lookup.ByClaim: lookup.AppClaim(app)}); err != nil {
		return nil, fmt.Errorf("listing ImApps with the same SDKAppID: %w", err)
	}
	return list.Objects(), nil
}
