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

package imaccount

import (
	"context"
	"fmt"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	applymetav1 "k8s.io/client-go/applyconfigurations/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/application"
	"github.com/liveroom-io/liveroom-operator/controllers/lifecycle"
	"github.com/liveroom-io/liveroom-operator/internal/hold"
)

// Annotations on a Secret with a UserSig. They say whether it still serves, so
// that its contents need not be read.
const (
	AnnotationExpiresAt      = "im.liveroom.io/usersig-expires-at"
	AnnotationSDKAppID       = "im.liveroom.io/usersig-sdkappid"
	AnnotationUserID         = "im.liveroom.io/usersig-userid"
	AnnotationKeyFingerprint = "im.liveroom.io/usersig-key-fingerprint"
)

// Keys of the Secret's data.
const (
	keyUserSig   = "userSig"
	keySDKAppID  = "sdkAppID"
	keyUserID    = "userID"
	keyExpiresAt = "expiresAt"
)

// issue writes the Secret. Metadata may come from an old cache, so the API
// server is asked once more whose the Secret is; the write names the UID that
// was seen and so cannot hit another Secret of the same name.
func (k *Kind) issue(ctx context.Context, conn *application.Connection, d Desired, issue UserSigIssue) error {
	owner := d.UserSig.Owner
	key := types.NamespacedName{Namespace: owner.Key.Namespace, Name: issue.SecretName}
	var uid types.UID
	switch secret, err := k.references.Secret(ctx, key); {
	case apierrors.IsNotFound(err):
	case err != nil:
		return fmt.Errorf("reading Secret %s: %w", key, err)
	case stateOf(secret, owner).Foreign:
		return conflict(key)
	default:
		uid = secret.UID
	}
	signer := conn.Signer()
	if signer.Fingerprint() != issue.KeyFingerprint {
		wait := hold.New(imv1alpha1.ReasonPending, "the key was replaced during this pass")
		wait.Silent, wait.After = true, time.Second
		return wait
	}
	signature, err := signer.Sign(issue.UserID, d.UserSig.Validity)
	if err != nil {
		return fmt.Errorf("issuing a UserSig: %w", err)
	}
	secret := secretOf(key, owner, issue, signature)
	if uid != "" {
		secret.WithUID(uid)
	}
	if err := k.writer.Apply(ctx, secret, lifecycle.FieldOwner, client.ForceOwnership); err != nil {
		return fmt.Errorf("writing Secret %s: %w", key, err)
	}
	return nil
}

func conflict(key types.NamespacedName) error {
	return hold.New(imv1alpha1.ReasonSecretConflict,
		"Secret %s exists and is not controlled by this ImAccount: delete it, or set another spec.userSig.secretName", key)
}

func secretOf(key types.NamespacedName, owner Owner, issue UserSigIssue, signature string) *applycorev1.SecretApplyConfiguration {
	expires := issue.ExpiresAt.UTC().Format(time.RFC3339)
	app := strconv.FormatInt(issue.SDKAppID, 10)
	return applycorev1.Secret(key.Name, key.Namespace).
		WithOwnerReferences(applymetav1.OwnerReference().
			WithAPIVersion(imv1alpha1.GroupVersion.String()).WithKind("ImAccount").
			WithName(owner.Key.Name).WithUID(owner.UID).WithController(true).WithBlockOwnerDeletion(true)).
		WithAnnotations(map[string]string{
			AnnotationExpiresAt:      expires,
			AnnotationSDKAppID:       app,
			AnnotationUserID:         issue.UserID,
			AnnotationKeyFingerprint: issue.KeyFingerprint,
		}).
		WithType(corev1.SecretTypeOpaque).
		WithData(map[string][]byte{
			keyUserSig:   []byte(signature),
			keySDKAppID:  []byte(app),
			keyUserID:    []byte(issue.UserID),
			keyExpiresAt: []byte(expires),
		})
}
