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
	"slices"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/liveroom-io/liveroom-operator/controllers/application"
	"github.com/liveroom-io/liveroom-operator/internal/im"
)

// Observed is an account as IM shows it, with what its Secret says of itself.
type Observed struct {
	Imported bool
	Profile  im.Profile
	// CustomUnread says that the custom tags were not read, so that they are
	// not planned.
	CustomUnread bool
	// UserSig is nil when the Secret was not looked at.
	UserSig *UserSigState
}

// UserSigState is what the metadata of the Secret tells of the UserSig in it.
// The zero value is a Secret that does not exist, or one of ours without facts.
type UserSigState struct {
	// Foreign says that the Secret exists and this ImAccount does not control it.
	Foreign        bool
	UserID         string
	SDKAppID       int64
	KeyFingerprint string
	ExpiresAt      time.Time
}

// Exists implements lifecycle.Observed.
func (o Observed) Exists() bool { return o.Imported }

// CreatedAt implements lifecycle.Observed. IM does not tell the age of accounts.
func (o Observed) CreatedAt() time.Time { return time.Time{} }

// Observe implements lifecycle.Kind.
func (k *Kind) Observe(ctx context.Context, conn *application.Connection, d Desired) (Observed, error) {
	var o Observed
	if d.UserSig != nil {
		state, err := k.userSigState(ctx, *d.UserSig)
		if err != nil {
			return Observed{}, err
		}
		o.UserSig = &state
	}
	imported, err := conn.Client.AccountExists(ctx, d.UserID)
	if err != nil || !imported {
		return o, err
	}
	o.Profile, err = readProfile(ctx, conn.Client, d)
	if im.IsNotFound(err) {
		return o, nil // deleted between the two calls
	}
	o.Imported = err == nil
	return o, err
}

// readProfile reads what is declared. IM refuses a question that names a tag
// without a definition, so the tags are then asked for one by one, and those
// without a definition count as having no value.
func readProfile(ctx context.Context, client *im.Client, d Desired) (im.Profile, error) {
	profile, err := client.Profile(ctx, d.UserID, d.CustomKeys)
	if !im.IsFieldNotRegistered(err) || len(d.CustomKeys) == 0 {
		return profile, err
	}
	if profile, err = client.Profile(ctx, d.UserID, nil); err != nil {
		return im.Profile{}, err
	}
	profile.Custom = map[string]string{}
	for _, key := range d.CustomKeys {
		one, err := client.Profile(ctx, d.UserID, []string{key})
		if im.IsFieldNotRegistered(err) {
			continue
		}
		if err != nil {
			return im.Profile{}, err
		}
		if value, ok := one.Custom[key]; ok {
			profile.Custom[key] = value
		}
	}
	return profile, nil
}

// userSigState reads the Secret's metadata from the cache.
func (k *Kind) userSigState(ctx context.Context, wish UserSigWish) (UserSigState, error) {
	key := types.NamespacedName{Namespace: wish.Owner.Key.Namespace, Name: wish.SecretName}
	secret, err := k.references.SecretMetadata(ctx, key)
	if apierrors.IsNotFound(err) {
		return UserSigState{}, nil
	}
	if err != nil {
		return UserSigState{}, fmt.Errorf("reading Secret %s: %w", key, err)
	}
	return stateOf(secret, wish.Owner), nil
}

// stateOf reads annotations; one that cannot be read counts as absent, which
// makes the UserSig due.
func stateOf(secret metav1.Object, owner Owner) UserSigState {
	controller := metav1.GetControllerOf(secret)
	if controller == nil || controller.UID != owner.UID {
		return UserSigState{Foreign: true}
	}
	annotations := secret.GetAnnotations()
	state := UserSigState{
		UserID:         annotations[AnnotationUserID],
		KeyFingerprint: annotations[AnnotationKeyFingerprint],
	}
	if id, err := strconv.ParseInt(annotations[AnnotationSDKAppID], 10, 64); err == nil {
		state.SDKAppID = id
	}
	if end, err := time.Parse(time.RFC3339, annotations[AnnotationExpiresAt]); err == nil {
		state.ExpiresAt = end.UTC()
	}
	return state
}

// SurveySize implements lifecycle.Surveyor.
func (k *Kind) SurveySize() int { return surveySize }

// HasMore implements lifecycle.Surveyor: the Secret is not surveyed, and tags
// only while all of those in the same call have a definition.
func (k *Kind) HasMore(d Desired) bool { return d.UserSig != nil || len(d.CustomKeys) > 0 }

// Survey implements lifecycle.Surveyor: which accounts exist in one call, the
// profiles of those in another.
func (k *Kind) Survey(ctx context.Context, conn *application.Connection, desired []Desired) ([]Observed, []error) {
	observed, errs := make([]Observed, len(desired)), make([]error, len(desired))
	users := make([]string, len(desired))
	var customKeys []string
	for i, d := range desired {
		users[i] = d.UserID
		customKeys = append(customKeys, d.CustomKeys...)
	}
	known, problem := conn.Client.Accounts(ctx, users)
	imported := slices.DeleteFunc(slices.Clone(users), func(user string) bool { return !known[user] })
	profiles, unread := surveyProfiles(ctx, conn.Client, imported, customKeys)
	for i, user := range users {
		exists, answered := known[user]
		switch result, ok := profiles[user]; {
		case !answered:
			errs[i] = problem
		case !exists || im.IsNotFound(result.Err):
			// not there: the zero value says so
		case !ok || result.Err != nil:
			errs[i] = result.Err
		default:
			observed[i] = Observed{Imported: true, Profile: result.Profile, CustomUnread: unread}
		}
	}
	return observed, errs
}

// surveyProfiles reads all profiles at once, without the custom tags when one
// of them has no definition.
func surveyProfiles(ctx context.Context, client *im.Client, users, customKeys []string) (results map[string]im.ProfileResult, unread bool) {
	results, err := client.Profiles(ctx, users, customKeys)
	for _, result := range results {
		unread = unread || im.IsFieldNotRegistered(result.Err)
	}
	if unread = unread || im.IsFieldNotRegistered(err); unread && len(customKeys) > 0 {
		results, err = client.Profiles(ctx, users, nil)
	}
	if err != nil {
		whole := make(map[string]im.ProfileResult, len(users))
		for _, user := range users {
			whole[user] = im.ProfileResult{Err: err}
		}
		return whole, unread
	}
	return results, unread
}
