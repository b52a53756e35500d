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

// Package status writes the parts of statuses that the webhook owns. Other
// parts belong to the controllers, which have a field manager of their own.
package status

import (
	"context"
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
)

// FieldOwner is the field manager of everything that the webhook writes.
const FieldOwner = client.FieldOwner("liveroom-webhook")

// Apply writes the full set of status fields of one object that the webhook
// owns: what is left out is removed. blank is an empty object of the kind. An
// object of the same name with another UID is left alone (Conflict).
func Apply(ctx context.Context, c client.Client, blank client.Object, name types.NamespacedName, uid types.UID, status any) error {
	gvk, err := apiutil.GVKForObject(blank, c.Scheme())
	if err != nil {
		return fmt.Errorf("finding the kind of %T: %w", blank, err)
	}
	apiVersion, kind := gvk.ToAPIVersionAndKind()
	body, err := json.Marshal(map[string]any{
		"apiVersion": apiVersion, "kind": kind,
		"metadata": map[string]any{"name": name.Name, "namespace": name.Namespace, "uid": uid},
		"status":   status,
	})
	if err != nil {
		return fmt.Errorf("encoding status: %w", err)
	}
	blank.SetName(name.Name)
	blank.SetNamespace(name.Namespace)
	return c.Status().Patch(ctx, blank, client.RawPatch(types.ApplyPatchType, body), FieldOwner, client.ForceOwnership)
}
