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
	"fmt"
	"time"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/lifecycle"
	"github.com/liveroom-io/liveroom-operator/internal/im"
)

// pathUserSig is the path of the change that writes the Secret.
const pathUserSig = "userSig"

// CustomTag is the value of a change that writes one custom profile field. IM's
// refusal of a tag without a definition does not name it, hence one a call.
type CustomTag struct {
	Tag   string
	Value string
}

// UserSigIssue is the value of a change that issues a UserSig. It names the
// UserSig without holding it. The end makes every renewal another change, so
// that renewals are never taken for one change that does not converge.
type UserSigIssue struct {
	SecretName     string
	UserID         string
	SDKAppID       int64
	KeyFingerprint string
	// ExpiresAt is not part of what must converge: it differs with each try.
	ExpiresAt time.Time `json:"-"`
}

// Plan implements lifecycle.Kind. It is pure.
func (k *Kind) Plan(d Desired, o Observed) []lifecycle.Change { return plan(d, o) }

func plan(d Desired, o Observed) []lifecycle.Change {
	var changes []lifecycle.Change
	now := o.Profile
	if !o.Imported {
		account := im.NewAccount{UserID: d.UserID, Nickname: text(d.Profile.Nickname), AvatarURL: text(d.Profile.AvatarURL)}
		changes = append(changes, lifecycle.Change{
			Verb: lifecycle.Create, Path: "account", Condition: imv1alpha1.ConditionImported, Value: account,
		})
		now = im.Profile{Nickname: &account.Nickname, AvatarURL: &account.AvatarURL}
	}
	changes = append(changes, planProfile(d.Profile, now)...)
	if o.Imported && o.CustomUnread {
		return append(changes, planUserSig(d, o)...)
	}
	for _, tag := range d.CustomKeys {
		value := d.Profile.Custom[tag]
		if now.Custom[tag] == value {
			continue
		}
		changes = append(changes, lifecycle.Change{
			Verb: lifecycle.Set, Path: fmt.Sprintf("customProfile[%s]", tag),
			Condition: imv1alpha1.ConditionProfileSynced, Value: CustomTag{Tag: tag, Value: value},
		})
	}
	return append(changes, planUserSig(d, o)...)
}

// planProfile makes one change of all standard fields that differ.
func planProfile(wanted, now im.Profile) []lifecycle.Change {
	differing := im.Profile{
		Nickname:  unless(wanted.Nickname, now.Nickname, ""),
		AvatarURL: unless(wanted.AvatarURL, now.AvatarURL, ""),
		Gender:    unless(wanted.Gender, now.Gender, im.GenderUnknown),
		AllowType: unless(wanted.AllowType, now.AllowType, ""),
		Level:     unless(wanted.Level, now.Level, 0),
		Role:      unless(wanted.Role, now.Role, 0),
	}
	if differing.Nickname == nil && differing.AvatarURL == nil && differing.Gender == nil &&
		differing.AllowType == nil && differing.Level == nil && differing.Role == nil {
		return nil
	}
	return []lifecycle.Change{{
		Verb: lifecycle.Set, Path: "profile", Condition: imv1alpha1.ConditionProfileSynced, Value: differing,
	}}
}

// unless returns what is wanted when it differs from what is there. What IM
// never stored reads as absent and counts as unset.
func unless[T comparable](wanted, now *T, unset T) *T {
	if wanted == nil {
		return nil
	}
	if now != nil {
		unset = *now
	}
	if *wanted == unset {
		return nil
	}
	return wanted
}

// planUserSig issues a UserSig when the Secret has none that will do.
func planUserSig(d Desired, o Observed) []lifecycle.Change {
	if d.UserSig == nil || o.UserSig == nil || o.UserSig.serves(d) {
		return nil
	}
	return []lifecycle.Change{{
		Verb: lifecycle.Set, Path: pathUserSig, Condition: imv1alpha1.ConditionUserSigIssued,
		Value: UserSigIssue{
			SecretName: d.UserSig.SecretName, UserID: d.UserID, SDKAppID: d.UserSig.SDKAppID,
			KeyFingerprint: d.UserSig.KeyFingerprint, ExpiresAt: d.UserSig.Now.Add(d.UserSig.Validity),
		},
	}}
}

// serves reports whether the UserSig is of this user, application and key and
// not due for renewal. One that outlasts the declared validity is too long.
func (s UserSigState) serves(d Desired) bool {
	wish := d.UserSig
	return !s.Foreign && s.UserID == d.UserID && s.SDKAppID == wish.SDKAppID && s.KeyFingerprint == wish.KeyFingerprint &&
		s.ExpiresAt.Add(-wish.RenewBefore).After(wish.Now) && !s.ExpiresAt.After(wish.Now.Add(wish.Validity+clockTolerance))
}

// clockTolerance is how far the clocks of two replicas may be apart without one
// taking the other's UserSigs for too long.
const clockTolerance = time.Minute

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
