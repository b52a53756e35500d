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

// Package lookup names the indexes of the cache, so that every reverse question
// ("who uses this?") is answered from memory.
package lookup

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

// Names of the indexes. Their values are namespaced names unless said otherwise.
// Of ModerationPolicies only those with enforcement: Provider are in any: the
// others are the webhook's.
const (
	// ByApp: objects by the ImApp that they refer to.
	ByApp = "liveroom.app"
	// ByClaim: objects by what they claim in IM (see the Claim functions).
	ByClaim = "liveroom.claim"
	// ByConfigMap: LiveRooms and ModerationPolicies by the ConfigMaps that they take
	// values and words from.
	ByConfigMap = "liveroom.configMap"
	// ByAccount: LiveRooms by the ImAccounts that they refer to.
	ByAccount = "liveroom.account"
	// ByField: LiveRooms by the custom fields that they use (see FieldKey).
	ByField = "liveroom.field"
	// BySecret: ImApps by their credentials, ImAccounts by their UserSig Secret,
	// LiveRooms by the Secrets with the URLs of their stream.
	BySecret = "liveroom.secret"
	// ByStreamSecret: ImApps by the Secrets that spec.live and spec.trtc name.
	ByStreamSecret = "liveroom.streamSecret"
	// ByStream: LiveRooms by what their stream claims (see StreamClaims).
	ByStream = "liveroom.stream"
	// ByOwner: Secrets, as metadata, by the UID of the LiveRoom that controls them.
	ByOwner = "liveroom.owner"
)

// AppKey is the namespaced name of the ImApp that an object refers to.
func AppKey(obj imv1alpha1.Managed) types.NamespacedName {
	ref := obj.GetAppRef().In(obj.GetNamespace())
	return types.NamespacedName{Namespace: ref.Namespace, Name: ref.Name}
}

// AppClaim is what an ImApp claims: its SDKAppID, in the whole cluster.
func AppClaim(app *imv1alpha1.ImApp) string {
	return strconv.FormatInt(app.Spec.SDKAppID, 10)
}

// AccountClaim is what an ImAccount claims: a UserID of its application.
func AccountClaim(account *imv1alpha1.ImAccount) string {
	return AppKey(account).String() + "|" + account.UserID()
}

// FieldClaim is what a GroupCustomField claims: a name of its application, in
// both scopes, because IM does not allow one name in two.
func FieldClaim(field *imv1alpha1.GroupCustomField) string {
	return FieldKey(AppKey(field), field.Spec.Name)
}

// FieldKey identifies a custom field by application and name.
func FieldKey(app types.NamespacedName, name string) string {
	return app.String() + "|" + name
}

// RoomClaim is what a LiveRoom claims: a group of its application.
func RoomClaim(room *imv1alpha1.LiveRoom) string {
	return AppKey(room).String() + "|" + room.GroupID()
}

// PolicyClaim is what a ModerationPolicy with enforcement: Provider claims: the
// local keywords of its application.
func PolicyClaim(policy *imv1alpha1.ModerationPolicy) string {
	return AppKey(policy).String() + "|keywords"
}

// Register adds all indexes to the cache.
func Register(ctx context.Context, indexer client.FieldIndexer) error {
	for _, index := range []struct {
		object client.Object
		name   string
		values func(client.Object) []string
	}{
		{&imv1alpha1.ImApp{}, ByClaim, one(AppClaim)},
		{&imv1alpha1.ImApp{}, BySecret, one(func(a *imv1alpha1.ImApp) string {
			return inNamespace(a.Namespace, a.Spec.CredentialsSecretRef.Name)
		})},
		{&imv1alpha1.ImApp{}, ByStreamSecret, many(streamSecrets)},
		{&imv1alpha1.ImAccount{}, ByApp, one(func(a *imv1alpha1.ImAccount) string { return AppKey(a).String() })},
		{&imv1alpha1.ImAccount{}, ByClaim, one(AccountClaim)},
		{&imv1alpha1.ImAccount{}, BySecret, many(userSigSecrets)},
		{&imv1alpha1.GroupCustomField{}, ByApp, one(func(f *imv1alpha1.GroupCustomField) string { return AppKey(f).String() })},
		{&imv1alpha1.GroupCustomField{}, ByClaim, one(FieldClaim)},
		{&imv1alpha1.LiveRoom{}, ByApp, one(func(r *imv1alpha1.LiveRoom) string { return AppKey(r).String() })},
		{&imv1alpha1.LiveRoom{}, ByClaim, one(RoomClaim)},
		{&imv1alpha1.LiveRoom{}, ByConfigMap, many(configMaps)},
		{&imv1alpha1.LiveRoom{}, ByAccount, many(accounts)},
		{&imv1alpha1.LiveRoom{}, ByField, many(FieldsOf)},
		{&imv1alpha1.LiveRoom{}, BySecret, many(urlSecrets)},
		{&imv1alpha1.LiveRoom{}, ByStream, many(StreamClaims)},
		{secretMetadata(), ByOwner, many(owners)},
		{&imv1alpha1.ModerationPolicy{}, ByApp, many(ofProvider(func(p *imv1alpha1.ModerationPolicy) []string {
			return []string{AppKey(p).String()}
		}))},
		{&imv1alpha1.ModerationPolicy{}, ByClaim, many(ofProvider(func(p *imv1alpha1.ModerationPolicy) []string {
			return []string{PolicyClaim(p)}
		}))},
		{&imv1alpha1.ModerationPolicy{}, ByConfigMap, many(ofProvider(wordLists))},
	} {
		if err := indexer.IndexField(ctx, index.object, index.name, index.values); err != nil {
			return fmt.Errorf("indexing %T by %s: %w", index.object, index.name, err)
		}
	}
	return nil
}

func userSigSecrets(a *imv1alpha1.ImAccount) []string {
	if a.Spec.UserSig == nil {
		return nil
	}
	return []string{inNamespace(a.Namespace, a.Spec.UserSig.SecretName)}
}

func configMaps(r *imv1alpha1.LiveRoom) []string {
	names := distinct{}
	for _, field := range r.Spec.CustomFields {
		if field.ValueFrom != nil {
			names.add(inNamespace(r.Namespace, field.ValueFrom.ConfigMapKeyRef.Name))
		}
	}
	for _, attribute := range r.Spec.Attributes {
		if attribute.ValueFrom != nil {
			names.add(inNamespace(r.Namespace, attribute.ValueFrom.ConfigMapKeyRef.Name))
		}
	}
	return names.values
}

func accounts(r *imv1alpha1.LiveRoom) []string {
	names := distinct{}
	users := slices.Clone(r.Spec.Administrators)
	if r.Spec.Owner != nil {
		users = append(users, *r.Spec.Owner)
	}
	if stream := r.Spec.Stream; stream != nil && stream.TRTC != nil {
		users = append(users, stream.TRTC.Pusher)
		if stream.TRTC.Viewer != nil {
			users = append(users, *stream.TRTC.Viewer)
		}
	}
	for _, user := range users {
		if user.AccountRef != nil {
			names.add(inNamespace(r.Namespace, user.AccountRef.Name))
		}
	}
	return names.values
}

// FieldsOf are the custom fields that a room uses (see FieldKey).
func FieldsOf(r *imv1alpha1.LiveRoom) []string {
	app := AppKey(r)
	keys := make([]string, 0, len(r.Spec.CustomFields)+1)
	if control := r.Spec.StateControl; control != nil && control.Field != nil {
		keys = append(keys, FieldKey(app, control.Field.Name))
	}
	for _, field := range r.Spec.CustomFields {
		keys = append(keys, FieldKey(app, field.Name))
	}
	return keys
}

// ofProvider leaves policies that the webhook enforces out of an index.
func ofProvider(values func(*imv1alpha1.ModerationPolicy) []string) func(*imv1alpha1.ModerationPolicy) []string {
	return func(p *imv1alpha1.ModerationPolicy) []string {
		if p.Spec.Enforcement != imv1alpha1.EnforcementProvider {
			return nil
		}
		return values(p)
	}
}

func wordLists(p *imv1alpha1.ModerationPolicy) []string {
	if p.Spec.Words == nil {
		return nil
	}
	names := make([]string, len(p.Spec.Words.ConfigMapRefs))
	for i, list := range p.Spec.Words.ConfigMapRefs {
		names[i] = inNamespace(p.Namespace, list.Name)
	}
	return names
}

func inNamespace(namespace, name string) string {
	return types.NamespacedName{Namespace: namespace, Name: name}.String()
}

func one[O client.Object](value func(O) string) func(client.Object) []string {
	return func(obj client.Object) []string { return []string{value(obj.(O))} }
}

func many[O client.Object](values func(O) []string) func(client.Object) []string {
	return func(obj client.Object) []string { return values(obj.(O)) }
}

// distinct keeps the first of equal values, in order.
type distinct struct {
	seen   map[string]bool
	values []string
}

func (d *distinct) add(value string) {
	if d.seen == nil {
		d.seen = map[string]bool{}
	}
	if !d.seen[value] {
		d.seen[value] = true
		d.values = append(d.values, value)
	}
}
