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

package application

import (
	"context"
	"fmt"
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/hold"
)

// keptKeys bounds how many keys of streaming are kept in memory: three for each
// application that has streams.
const keptKeys = 3000

// SecretReader reads Secrets: metadata from the cache, contents from the API server.
type SecretReader interface {
	SecretMetadata(ctx context.Context, key types.NamespacedName) (*metav1.PartialObjectMetadata, error)
	Secret(ctx context.Context, key types.NamespacedName) (*corev1.Secret, error)
}

// Keys are the keys that spec.live and spec.trtc of ImApps name. Every room with a
// stream needs them in every pass, so each is kept until the metadata of its Secret
// says that it is another one. It is safe for concurrent use.
type Keys struct {
	secrets SecretReader
	kept    *lru.Cache[keyName, keptKey]
}

type keyName struct {
	secret types.NamespacedName
	names  string
}

type keptKey struct {
	version string
	values  []string
}

// NewKeys returns a reader that has read nothing yet.
func NewKeys(secrets SecretReader) (*Keys, error) {
	kept, err := lru.New[keyName, keptKey](keptKeys)
	if err != nil {
		return nil, fmt.Errorf("making the cache of keys: %w", err)
	}
	return &Keys{secrets: secrets, kept: kept}, nil
}

// Read returns values of a Secret, all of one version of it. What is missing, or
// blank, is a wait: KeyNotFound.
func (k *Keys) Read(ctx context.Context, secret types.NamespacedName, names ...string) ([]string, error) {
	seen, err := k.secrets.SecretMetadata(ctx, secret)
	if err != nil {
		return nil, missing(secret, names, err)
	}
	id := nameOf(secret, names)
	if kept, ok := k.kept.Get(id); ok && current(kept.version, seen.ResourceVersion) {
		return kept.values, nil
	}
	live, err := k.secrets.Secret(ctx, secret)
	if err != nil {
		return nil, missing(secret, names, err)
	}
	values := make([]string, len(names))
	for i, name := range names {
		if values[i] = strings.TrimSpace(string(live.Data[name])); values[i] == "" {
			return nil, hold.New(imv1alpha1.ReasonKeyNotFound, "Secret %s has no key %q: add it", secret, name)
		}
	}
	k.kept.Add(id, keptKey{version: live.ResourceVersion, values: values})
	return values, nil
}

// Last is Read for an object that is being deleted. What was read last serves even
// when the Secret is gone, so that the deletion of a whole namespace, which takes
// Secrets first, finishes.
func (k *Keys) Last(ctx context.Context, secret types.NamespacedName, names ...string) ([]string, error) {
	values, err := k.Read(ctx, secret, names...)
	if _, waits := hold.As(err); waits {
		if kept, ok := k.kept.Get(nameOf(secret, names)); ok {
			return kept.values, nil
		}
	}
	return values, err
}

func nameOf(secret types.NamespacedName, names []string) keyName {
	return keyName{secret: secret, names: strings.Join(names, "\n")}
}

// current reports whether what was read is not older than what the cache has seen.
func current(read, seen string) bool {
	order, err := resourceversion.CompareResourceVersion(read, seen)
	return err == nil && order >= 0
}

func missing(secret types.NamespacedName, names []string, err error) error {
	if apierrors.IsNotFound(err) {
		return hold.New(imv1alpha1.ReasonKeyNotFound, "Secret %s does not exist: create it with the key %q", secret, strings.Join(names, `", "`))
	}
	return fmt.Errorf("reading Secret %s: %w", secret, err)
}
