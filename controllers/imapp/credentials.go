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

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/lifecycle"
	"github.com/liveroom-io/liveroom-operator/internal/im"
)

// endpoint is the base URL in use; empty for a region this version does not know.
func endpoint(app *imv1alpha1.ImApp) string {
	if app.Spec.Endpoint != "" {
		return app.Spec.Endpoint
	}
	known, _ := im.RegionEndpoint(string(app.Spec.Region))
	return known
}

// credentials reads the secret key. missing says what to do when it is not there.
func (r *Reconciler) credentials(ctx context.Context, app *imv1alpha1.ImApp) (credentials im.Credentials, missing string, err error) {
	key := types.NamespacedName{Namespace: app.Namespace, Name: app.Spec.CredentialsSecretRef.Name}
	secret, err := r.secrets.Secret(ctx, key)
	if apierrors.IsNotFound(err) {
		return credentials, fmt.Sprintf("Secret %s does not exist: create it with the key %q", key, imv1alpha1.SecretKeyName), nil
	}
	if err != nil {
		return credentials, "", fmt.Errorf("reading Secret %s: %w", key, err)
	}
	text := strings.TrimSpace(string(secret.Data[imv1alpha1.SecretKeyName]))
	if text == "" {
		return credentials, fmt.Sprintf("Secret %s has no key %q: add it with the secret key of the application from the console", key, imv1alpha1.SecretKeyName), nil
	}
	return im.Credentials{Administrator: app.Spec.Administrator, SecretKey: text}, "", nil
}

// refused records a failed probe. Other objects wait on what is said here
// instead of trying for themselves.
func (r *Reconciler) refused(key types.NamespacedName, f facts, failure error) facts {
	reason, message := lifecycle.Describe(failure)
	if reason == imv1alpha1.ReasonUnauthorized {
		message += ": correct the key in the credentials Secret, spec.administrator or spec.region"
	}
	return f.refused(r.apps.ProbeFailed(key, failure, reason, message))
}
