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
	"time"

	"k8s.io/apimachinery/pkg/types"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/application"
	"github.com/liveroom-io/liveroom-operator/internal/im"
)

// Desired is an account as an ImAccount declares it.
type Desired struct {
	UserID string
	// Profile holds what is declared; members that are not declared are nil.
	Profile im.Profile
	// CustomKeys are the declared custom tags, in declared order.
	CustomKeys []string
	// UserSig is nil when no Secret is asked for.
	UserSig *UserSigWish

	renewal time.Time
}

// UserSigWish is what the Secret with the UserSig has to be.
type UserSigWish struct {
	Owner          Owner
	SecretName     string
	SDKAppID       int64
	KeyFingerprint string
	Validity       time.Duration
	RenewBefore    time.Duration
	// Now is the time of the decision, in whole seconds.
	Now time.Time
}

// Owner identifies the ImAccount that controls the Secret.
type Owner struct {
	Key types.NamespacedName
	UID types.UID
}

// Next implements lifecycle.Desired: when the UserSig has to be renewed.
func (d Desired) Next() time.Time { return d.renewal }

// Resolve implements lifecycle.Kind.
func (k *Kind) Resolve(_ context.Context, conn *application.Connection, account *imv1alpha1.ImAccount) (Desired, error) {
	d := Desired{UserID: account.UserID()}
	d.Profile, d.CustomKeys = declaredProfile(&account.Spec)
	if wanted := account.Spec.UserSig; wanted != nil {
		wish := wishOf(wanted)
		wish.Owner = Owner{Key: types.NamespacedName{Namespace: account.Namespace, Name: account.Name}, UID: account.UID}
		wish.SDKAppID = conn.SDKAppID
		wish.KeyFingerprint = conn.Signer().Fingerprint()
		wish.Now = k.clock.Now().UTC().Truncate(time.Second)
		d.UserSig = &wish
		var expires time.Time
		if account.Status.UserSigExpiresAt != nil {
			expires = account.Status.UserSigExpiresAt.Time
		}
		d.renewal = wish.renewal(expires)
	}
	return d, nil
}

func declaredProfile(spec *imv1alpha1.ImAccountSpec) (profile im.Profile, customKeys []string) {
	profile = im.Profile{
		Nickname: spec.Nickname, AvatarURL: spec.AvatarURL,
		Gender: declared(spec.Gender), AllowType: declared(spec.AllowType),
		Level: number(spec.Level), Role: number(spec.Role),
	}
	for _, field := range spec.CustomProfile {
		if profile.Custom == nil {
			profile.Custom = make(map[string]string, len(spec.CustomProfile))
		}
		profile.Custom[field.Tag] = field.Value
		customKeys = append(customKeys, field.Tag)
	}
	return profile, customKeys
}

func wishOf(spec *imv1alpha1.UserSigSecret) UserSigWish {
	validity := int64(imv1alpha1.DefaultUserSigValiditySeconds)
	if spec.ValiditySeconds != nil {
		validity = int64(*spec.ValiditySeconds)
	}
	renewBefore := validity / 3
	if spec.RenewBeforeSeconds != nil {
		renewBefore = int64(*spec.RenewBeforeSeconds)
	}
	return UserSigWish{
		SecretName:  spec.SecretName,
		Validity:    time.Duration(validity) * time.Second,
		RenewBefore: time.Duration(renewBefore) * time.Second,
	}
}

// renewal is when a UserSig that ends at expires is due for a new one. One that
// is due now is replaced in this pass, and its successor counts.
func (w UserSigWish) renewal(expires time.Time) time.Time {
	if !expires.IsZero() {
		if due := expires.Add(-w.RenewBefore); due.After(w.Now) {
			return due
		}
	}
	return w.Now.Add(w.Validity - w.RenewBefore)
}

// declared is nil for an absent value of an enumeration.
func declared[T ~string](value T) *string {
	if value == "" {
		return nil
	}
	text := string(value)
	return &text
}

// number narrows what the schema keeps within 32 bits.
func number(value *int64) *uint32 {
	if value == nil {
		return nil
	}
	narrow := uint32(*value) // the schema allows 0 to 2^32-1
	return &narrow
}
