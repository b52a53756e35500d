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

package usersig

import (
	"context"
	"fmt"
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/im"
)

// Secrets reads Secrets.
type Secrets interface {
	// SecretMetadata is cheap: it tells whether a Secret is a new one.
	SecretMetadata(ctx context.Context, key types.NamespacedName) (*metav1.PartialObjectMetadata, error)
	Secret(ctx context.Context, key types.NamespacedName) (*corev1.Secret, error)
}

// keys keeps the signer of each ImApp for as long as its Secret is the same.
type keys struct {
	secrets Secrets
	kept    *lru.Cache[types.NamespacedName, keptSigner]
}

type keptSigner struct {
	source signerSource
	signer *im.Signer
}

// signerSource is what a signer was made of.
type signerSource struct {
	uid      types.UID // of the Secret
	version  string
	sdkAppID int64
}

func newKeys(secrets Secrets) *keys {
	kept, _ := lru.New[types.NamespacedName, keptSigner](maxApplications) // the only error is a size below one
	return &keys{secrets: secrets, kept: kept}
}

// signer returns the one of an ImApp. A key that IM has refused signs nothing:
// the UserSigs would be worth nothing, and their users would get the errors.
func (k *keys) signer(ctx context.Context, app *application) (*im.Signer, *refusal) {
	if meta.IsStatusConditionFalse(app.object.Status.Conditions, imv1alpha1.ConditionAuthenticated) {
		return nil, keyMissing(app, "its condition %s is False: the operator's message there says why", imv1alpha1.ConditionAuthenticated)
	}
	name := types.NamespacedName{Namespace: app.key.Namespace, Name: app.object.Spec.CredentialsSecretRef.Name}
	seen, err := k.secrets.SecretMetadata(ctx, name)
	switch {
	case apierrors.IsNotFound(err):
		k.kept.Remove(app.key)
		return nil, keyMissing(app, "its credentials Secret does not exist: create it")
	case err != nil:
		return nil, unavailable(fmt.Errorf("reading the metadata of Secret %s: %w", name, err))
	}
	source := signerSource{uid: seen.UID, version: seen.ResourceVersion, sdkAppID: app.object.Spec.SDKAppID}
	if kept, found := k.kept.Get(app.key); found && kept.source == source {
		return kept.signer, nil
	}
	secret, err := k.secrets.Secret(ctx, name)
	switch {
	case apierrors.IsNotFound(err):
		return nil, keyMissing(app, "its credentials Secret does not exist: create it")
	case err != nil:
		return nil, unavailable(fmt.Errorf("reading Secret %s: %w", name, err))
	}
	text := strings.TrimSpace(string(secret.Data[imv1alpha1.SecretKeyName]))
	if text == "" {
		return nil, keyMissing(app, "its credentials Secret has no key %q: add it", imv1alpha1.SecretKeyName)
	}
	// What was read may be newer than what was seen; then it is read once more.
	source.uid, source.version = secret.UID, secret.ResourceVersion
	made := im.NewSigner(source.sdkAppID, text)
	k.kept.Add(app.key, keptSigner{source: source, signer: made})
	return made, nil
}

func keyMissing(app *application, format string, args ...any) *refusal {
	r := refuse(ReasonSigningKeyMissing, "ImApp %s cannot sign, because "+format, append([]any{app.key}, args...)...)
	r.after = keyWait
	return r
}
