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

package officialaccount

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/hold"
	"github.com/liveroom-io/liveroom-operator/internal/wechat"
	"github.com/liveroom-io/liveroom-operator/internal/wechat/seal"
)

// application reads the ImApp in which agents and customers live.
func (r *Reconciler) application(ctx context.Context, object *imv1alpha1.WeChatOfficialAccount) (*imv1alpha1.ImApp, error) {
	ref := object.GetAppRef()
	key := types.NamespacedName{Namespace: ref.Namespace, Name: ref.Name}
	var app imv1alpha1.ImApp
	if err := r.Client.Get(ctx, key, &app); apierrors.IsNotFound(err) {
		return nil, hold.New(imv1alpha1.ReasonAppNotFound, "ImApp %s does not exist: create it or correct appRef", key)
	} else if err != nil {
		return nil, fmt.Errorf("reading ImApp %s: %w", key, err)
	}
	if err := r.Consent.Check(ctx, &app, object.Namespace); err != nil {
		return nil, err
	}
	if ready := meta.FindStatusCondition(app.Status.Conditions, imv1alpha1.ConditionReady); ready != nil && ready.Reason == imv1alpha1.ReasonConflict {
		return nil, hold.New(imv1alpha1.ReasonAppNotReady, "ImApp %s: %s", key, ready.Message)
	}
	return &app, nil
}

// rival is the wait for an older object that serves the same account.
func (r *Reconciler) rival(ctx context.Context, object *imv1alpha1.WeChatOfficialAccount) error {
	var list imv1alpha1.WeChatOfficialAccountList
	if err := r.Client.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		return fmt.Errorf("listing WeChatOfficialAccounts: %w", err)
	}
	for _, other := range list.Objects() {
		if other.UID == object.UID || other.Spec.AppID != object.Spec.AppID || !other.DeletionTimestamp.IsZero() || !older(other, object) {
			continue
		}
		if _, err := r.application(ctx, other); err == nil {
			return hold.New(imv1alpha1.ReasonConflict, "WeChatOfficialAccount %s, which is older, serves %s: delete one of the two",
				client.ObjectKeyFromObject(other), object.Spec.AppID)
		} else if _, waits := hold.As(err); !waits {
			return err
		}
	}
	return nil
}

// older orders claims; at the same second names decide.
func older(a, b client.Object) bool {
	first, second := a.GetCreationTimestamp().Time, b.GetCreationTimestamp().Time
	if !first.Equal(second) {
		return first.Before(second)
	}
	return client.ObjectKeyFromObject(a).String() < client.ObjectKeyFromObject(b).String()
}

// credentials are what the Secret of an account holds.
type credentials struct {
	appSecret            string
	token, formerToken   string
	aesKey, formerAESKey string
	name                 types.NamespacedName
	missing              string // what to do about a Secret that is not there
	missingToken         string // what to do about a token that is not there
}

// credentials reads the Secret of an account.
func (r *Reconciler) credentials(ctx context.Context, object *imv1alpha1.WeChatOfficialAccount) (credentials, error) {
	found := credentials{name: types.NamespacedName{Namespace: object.Namespace, Name: object.Spec.CredentialsSecretRef.Name}}
	secret, err := r.Secrets.Secret(ctx, found.name)
	if apierrors.IsNotFound(err) {
		found.missing = fmt.Sprintf("Secret %s does not exist: create it with the keys %q, %q and %q", found.name,
			imv1alpha1.WeChatAppSecretKeyName, imv1alpha1.WeChatTokenKeyName, imv1alpha1.WeChatEncodingAESKeyKeyName)
		found.missingToken = found.missing
		return found, nil
	}
	if err != nil {
		return found, fmt.Errorf("reading Secret %s: %w", found.name, err)
	}
	value := func(key string) string { return string(bytes.TrimSpace(secret.Data[key])) }
	found.appSecret = value(imv1alpha1.WeChatAppSecretKeyName)
	found.token, found.formerToken = value(imv1alpha1.WeChatTokenKeyName), value(imv1alpha1.WeChatFormerTokenKeyName)
	found.aesKey, found.formerAESKey = value(imv1alpha1.WeChatEncodingAESKeyKeyName), value(imv1alpha1.WeChatFormerEncodingAESKeyKeyName)
	if found.token == "" {
		found.missingToken = fmt.Sprintf("Secret %s has no key %q: add it with the token of the server settings in the WeChat console", found.name, imv1alpha1.WeChatTokenKeyName)
	}
	return found, nil
}

// keys are what pushes may be checked with, or the wait for something that is
// missing or malformed.
func (c *credentials) keys(object *imv1alpha1.WeChatOfficialAccount) ([]Key, error) {
	if c.missingToken != "" {
		return nil, hold.New(imv1alpha1.ReasonTokenNotFound, "%s; until then every push is refused", c.missingToken)
	}
	var sealers []seal.Sealer
	if object.Spec.MessageMode != imv1alpha1.MessageModePlaintext {
		for _, one := range []struct{ name, text string }{
			{imv1alpha1.WeChatEncodingAESKeyKeyName, c.aesKey}, {imv1alpha1.WeChatFormerEncodingAESKeyKeyName, c.formerAESKey},
		} {
			if one.text == "" {
				continue
			}
			key, err := seal.ParseKey(one.text)
			if err != nil {
				return nil, hold.New(imv1alpha1.ReasonTokenNotFound, "Secret %s, key %q: %v; until it is corrected every push is refused", c.name, one.name, err)
			}
			sealers = append(sealers, seal.New(object.Spec.AppID, key))
		}
		if len(sealers) == 0 {
			return nil, hold.New(imv1alpha1.ReasonTokenNotFound,
				"Secret %s has no key %q, which messageMode %s needs: add the 43 characters of the WeChat console; until then every push is refused",
				c.name, imv1alpha1.WeChatEncodingAESKeyKeyName, object.Spec.MessageMode)
		}
	}
	var keys []Key
	for _, token := range []string{c.token, c.formerToken} {
		if token != "" && !slices.ContainsFunc(keys, func(k Key) bool { return k.Token == token }) {
			keys = append(keys, Key{Token: token, Segment: Segment(token, object.Namespace, object.Name), Sealers: sealers})
		}
	}
	return keys, nil
}

// client is the client of an account that may call WeChat, or the wait for its
// AppSecret; nil for one that may not.
func (r *Reconciler) client(object *imv1alpha1.WeChatOfficialAccount, c *credentials) (*wechat.Client, error) {
	if object.Spec.Verification != imv1alpha1.VerificationVerified {
		return nil, nil
	}
	if c.missing != "" {
		return nil, hold.New(imv1alpha1.ReasonCredentialsNotFound, "%s", c.missing)
	}
	if c.appSecret == "" {
		return nil, hold.New(imv1alpha1.ReasonCredentialsNotFound, "Secret %s has no key %q: add the AppSecret of the WeChat console",
			c.name, imv1alpha1.WeChatAppSecretKeyName)
	}
	return r.Clients.For(string(object.UID), object.Spec.AppID, object.Endpoint(), c.appSecret)
}
