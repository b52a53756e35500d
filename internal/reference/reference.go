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
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/hold"
)

const (
	// cachedValues bounds how many values of ConfigMaps are kept, each of at most
	// MaxValueBytes.
	cachedValues = 16_384
	// MaxValueBytes is the longest value that anything can be made of: that of a
	// group attribute. Of a longer one only the length is kept.
	MaxValueBytes = 4000
	// MaxConfigMapBytes is the largest ConfigMap that is read as a whole, its keys
	// and values counted together. The API server has the same limit.
	MaxConfigMapBytes = 1 << 20
)

// Reader reads referenced objects.
type Reader struct {
	metadata client.Reader
	live     client.Reader
	values   *lru.Cache[valueKey, value]
	flights  singleflight.Group
}

type valueKey struct {
	configMap types.NamespacedName
	key       string
}

// value is one value of a ConfigMap at a version. An absent one is kept as well.
type value struct {
	version string
	text    string
	bytes   int
	present bool
}

// NewReader returns a reader. metadata is the cache, live the API server.
func NewReader(metadata, live client.Reader) (*Reader, error) {
	values, err := lru.New[valueKey, value](cachedValues)
	if err != nil {
		return nil, fmt.Errorf("making the cache of values: %w", err)
	}
	return &Reader{metadata: metadata, live: live, values: values}, nil
}

// View reads values that are to be used together.
type View struct {
	reader   *Reader
	versions map[types.NamespacedName]string
	mixed    bool
}

// View returns a view that has read nothing yet. It is for one goroutine.
func (r *Reader) View() *View {
	return &View{reader: r, versions: map[types.NamespacedName]string{}}
}

// Mixed reports whether values of one ConfigMap were read that are of different
// versions: it was changed in between, and another view is wanted.
func (v *View) Mixed() bool { return v.mixed }

// Value is the value that a view of its own returns.
func (r *Reader) Value(ctx context.Context, namespace string, ref imv1alpha1.ConfigMapKeyReference, limit int) (string, error) {
	return r.View().Value(ctx, namespace, ref, limit)
}

// Value returns a value of a ConfigMap of at most limit bytes, which must not be
// more than MaxValueBytes. Otherwise it returns a wait: ReferenceNotFound, or
// Invalid for a value that is too long.
func (v *View) Value(ctx context.Context, namespace string, ref imv1alpha1.ConfigMapKeyReference, limit int) (string, error) {
	key := types.NamespacedName{Namespace: namespace, Name: ref.Name}
	found, err := v.reader.value(ctx, valueKey{configMap: key, key: ref.Key})
	if before, read := v.versions[key]; read && before != found.version {
		v.mixed = true
	}
	v.versions[key] = found.version
	switch {
	case err != nil:
		return "", absent(key, err)
	case !found.present:
		return "", hold.New(imv1alpha1.ReasonReferenceNotFound, "ConfigMap %s has no key %q: add it", key, ref.Key)
	case found.bytes > limit:
		return "", hold.New(imv1alpha1.ReasonInvalid, "key %q of ConfigMap %s has %d of at most %d bytes: shorten it", ref.Key, key, found.bytes, limit)
	}
	return found.text, nil
}

func (r *Reader) value(ctx context.Context, key valueKey) (value, error) {
	meta, err := r.partial(ctx, "ConfigMap", key.configMap)
	if err != nil {
		return value{}, err
	}
	if kept, ok := r.values.Get(key); ok && kept.version == meta.ResourceVersion {
		return kept, nil
	}
	// All who wait for this version share one read.
	read, err, _ := r.flights.Do(key.configMap.String()+"/"+meta.ResourceVersion, func() (any, error) {
		var live corev1.ConfigMap
		if err := r.live.Get(ctx, key.configMap, &live); err != nil {
			return nil, err
		}
		for name, text := range live.Data {
			r.values.Add(valueKey{configMap: key.configMap, key: name}, valueOf(live.ResourceVersion, text))
		}
		return &live, nil
	})
	if err != nil {
		return value{}, err
	}
	live := read.(*corev1.ConfigMap)
	text, present := live.Data[key.key]
	if !present {
		absent := value{version: live.ResourceVersion}
		r.values.Add(key, absent)
		return absent, nil
	}
	return valueOf(live.ResourceVersion, text), nil
}

func valueOf(version, text string) value {
	v := value{version: version, bytes: len(text), present: true}
	if len(text) <= MaxValueBytes {
		v.text = strings.Clone(text) // not a part of the whole ConfigMap
	}
	return v
}

// ConfigMapVersion returns the version of a ConfigMap as far as the cache has it,
// for who keeps what was made of the contents; or the wait ReferenceNotFound.
func (r *Reader) ConfigMapVersion(ctx context.Context, key types.NamespacedName) (string, error) {
	meta, err := r.partial(ctx, "ConfigMap", key)
	if err != nil {
		return "", absent(key, err)
	}
	return meta.ResourceVersion, nil
}

// ConfigMap reads all text of a ConfigMap from the API server, with the version
// that was read, which is not older than what the cache has. It is not kept, and
// who asks at the same time shares one read: the caller must not change data.
// What cannot be read is a wait: ReferenceNotFound, or Invalid above
// MaxConfigMapBytes.
func (r *Reader) ConfigMap(ctx context.Context, key types.NamespacedName) (data map[string]string, version string, err error) {
	seen, err := r.ConfigMapVersion(ctx, key)
	if err != nil {
		return nil, "", err
	}
	read, err, _ := r.flights.Do("all of "+key.String()+"/"+seen, func() (any, error) {
		var live corev1.ConfigMap
		if err := r.live.Get(ctx, key, &live); err != nil {
			return nil, err
		}
		return &live, nil
	})
	if err != nil {
		return nil, "", absent(key, err)
	}
	live := read.(*corev1.ConfigMap)
	size := 0
	for name, text := range live.Data {
		size += len(name) + len(text)
	}
	if size > MaxConfigMapBytes {
		return nil, "", hold.New(imv1alpha1.ReasonInvalid, "ConfigMap %s has %d of at most %d bytes: divide it", key, size, MaxConfigMapBytes)
	}
	return live.Data, live.ResourceVersion, nil
}

// absent turns the API server's answer for a ConfigMap that is not there into a
// wait.
func absent(key types.NamespacedName, err error) error {
	if apierrors.IsNotFound(err) {
		return hold.New(imv1alpha1.ReasonReferenceNotFound, "ConfigMap %s does not exist: create it", key)
	}
	return fmt.Errorf("reading ConfigMap %s: %w", key, err)
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
	return r.partial(ctx, "Secret", key)
}

func (r *Reader) partial(ctx context.Context, kind string, key types.NamespacedName) (*metav1.PartialObjectMetadata, error) {
	meta := &metav1.PartialObjectMetadata{}
	meta.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind(kind))
	if err := r.metadata.Get(ctx, key, meta); err != nil {
		return nil, err
	}
	return meta, nil
}
