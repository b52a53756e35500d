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

// Package reference reads the ConfigMaps and Secrets that objects refer to.
// Only metadata is watched; contents are read when the metadata says that they
// are new, so that memory does not grow with what a cluster happens to hold.
package reference

import (
	"context"
	"fmt"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/hold"
)

// cachedConfigMaps bounds how many ConfigMaps are kept, each of at most 1 MiB
// by the API server's limit and as a rule far smaller.
const cachedConfigMaps = 64

// Reader reads referenced objects.
type Reader struct {
	metadata client.Reader
	live     client.Reader
	contents *lru.Cache[types.NamespacedName, content]
	flights  singleflight.Group
}

type content struct {
	version string
	data    map[string]string
}

// NewReader returns a reader. metadata is the cache, live the API server.
func NewReader(metadata, live client.Reader) (*Reader, error) {
	contents, err := lru.New[types.NamespacedName, content](cachedConfigMaps)
	if err != nil {
		return nil, fmt.Errorf("making the ConfigMap cache: %w", err)
	}
	return &Reader{metadata: metadata, live: live, contents: contents}, nil
}

// Value returns a value of a ConfigMap, or the wait ReferenceNotFound.
func (r *Reader) Value(ctx context.Context, namespace string, ref imv1alpha1.ConfigMapKeyReference) (string, error) {
	key := types.NamespacedName{Namespace: namespace, Name: ref.Name}
	data, err := r.configMap(ctx, key)
	if apierrors.IsNotFound(err) {
		return "", hold.New(imv1alpha1.ReasonReferenceNotFound, "ConfigMap %s does not exist: create it", key)
	}
	if err != nil {
		return "", fmt.Errorf("reading ConfigMap %s: %w", key, err)
	}
	value, ok := data[ref.Key]
	if !ok {
		return "", hold.New(imv1alpha1.ReasonReferenceNotFound, "ConfigMap %s has no key %q: add it", key, ref.Key)
	}
	return value, nil
}

func (r *Reader) configMap(ctx context.Context, key types.NamespacedName) (map[string]string, error) {
	meta := &metav1.PartialObjectMetadata{}
	meta.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("ConfigMap"))
	if err := r.metadata.Get(ctx, key, meta); err != nil {
		return nil, err
	}
	if kept, ok := r.contents.Get(key); ok && kept.version == meta.ResourceVersion {
		return kept.data, nil
	}
	read, err, _ := r.flights.Do(key.String()+"/"+meta.ResourceVersion, func() (any, error) {
		var live corev1.ConfigMap
		if err := r.live.Get(ctx, key, &live); err != nil {
			return nil, err
		}
		r.contents.Add(key, content{version: live.ResourceVersion, data: live.Data})
		return live.Data, nil
	})
	if err != nil {
		return nil, err
	}
	return read.(map[string]string), nil
}

// Secret reads a Secret from the API server. Secrets are not kept in memory.
func (r *Reader) Secret(ctx context.Context, key types.NamespacedName) (*corev1.Secret, error) {
	var secret corev1.Secret
	if err := r.live.Get(ctx, key, &secret); err != nil {
		return nil, err
	}
	return &secret, nil
}

// SecretMetadata reads a Secret's metadata from the cache.
func (r *Reader) SecretMetadata(ctx context.Context, key types.NamespacedName) (*metav1.PartialObjectMetadata, error) {
	meta := &metav1.PartialObjectMetadata{}
	meta.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
	if err := r.metadata.Get(ctx, key, meta); err != nil {
		return nil, err
	}
	return meta, nil
}
