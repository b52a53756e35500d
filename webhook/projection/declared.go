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

package projection

import (
	"context"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook/activity"
)

// Longest values that are read from ConfigMaps, in bytes.
const maxAttributeBytes = 4000

// Values reads values of ConfigMaps.
type Values interface {
	Value(ctx context.Context, namespace string, ref imv1alpha1.ConfigMapKeyReference, limit int) (string, error)
}

// declaredRoom are digests of what a LiveRoom declares, by the fields that
// callbacks tell about. What only the controller may respect (Initialize) or
// cannot be read now is left out: nothing is reported about it.
func declaredRoom(ctx context.Context, room *imv1alpha1.LiveRoom, values Values, userID func(*imv1alpha1.UserReference) string) map[string]string {
	declared := map[string]string{activity.FieldName: activity.Digest(room.Spec.Name)}
	announcement, speech := byState(room)
	for field, value := range map[string]*string{
		activity.FieldIntroduction: room.Spec.Introduction,
		activity.FieldAnnouncement: announcement,
		activity.FieldAvatarURL:    room.Spec.AvatarURL,
	} {
		if value != nil {
			declared[field] = activity.Digest(*value)
		}
	}
	if room.Spec.Owner != nil {
		if owner := userID(room.Spec.Owner); owner != "" {
			declared[activity.FieldOwner] = activity.Digest(owner)
		}
	}
	switch speech {
	case imv1alpha1.SpeechMuted:
		declared[activity.FieldSpeech] = activity.Digest("On")
	case imv1alpha1.SpeechEveryone:
		declared[activity.FieldSpeech] = activity.Digest("Off")
	}
	for _, attribute := range room.Spec.Attributes {
		if attribute.Policy == imv1alpha1.WritePolicyInitialize {
			continue
		}
		value := attribute.Value
		if attribute.ValueFrom != nil {
			text, err := values.Value(ctx, room.Namespace, attribute.ValueFrom.ConfigMapKeyRef, maxAttributeBytes)
			if err != nil {
				continue
			}
			value = &text
		}
		if value != nil {
			declared[activity.AttributeField(attribute.Key)] = activity.Digest(*value)
		}
	}
	return declared
}

// byState are announcement and speech as the room's state asks for them; nothing
// while the state is not known.
func byState(room *imv1alpha1.LiveRoom) (announcement *string, speech imv1alpha1.Speech) {
	announcement, speech = room.Spec.Announcement, room.Spec.Speech
	control, state := room.Spec.StateControl, room.Status.EffectiveState
	switch {
	case control == nil:
		return announcement, speech
	case state == nil:
		return nil, ""
	}
	if own := control.Announcements.Of(state.Value); own != nil {
		announcement = own
	}
	switch {
	case control.SpeechUnlessLive == "":
	case state.Value != imv1alpha1.RoomLive:
		speech = control.SpeechUnlessLive
	case speech == "":
		speech = imv1alpha1.SpeechEveryone
	}
	return announcement, speech
}

// Values of profile fields as IM writes them (IM REST contract, section 4.3).
const (
	genderPrefix    = "Gender_Type_"
	allowTypePrefix = "AllowType_Type_"
)

// declaredAccount are digests of what an ImAccount declares.
func declaredAccount(account *imv1alpha1.ImAccount) map[string]string {
	declared := map[string]string{}
	text := func(field string, value *string) {
		if value != nil {
			declared[field] = activity.Digest(*value)
		}
	}
	number := func(field string, value *int64) {
		if value != nil {
			declared[field] = activity.Digest(decimal(*value))
		}
	}
	text(activity.FieldNickname, account.Spec.Nickname)
	text(activity.FieldAvatarURL, account.Spec.AvatarURL)
	number(activity.FieldLevel, account.Spec.Level)
	number(activity.FieldRole, account.Spec.Role)
	if account.Spec.Gender != "" {
		declared[activity.FieldGender] = activity.Digest(genderPrefix + string(account.Spec.Gender))
	}
	if account.Spec.AllowType != "" {
		declared[activity.FieldAllowType] = activity.Digest(allowTypePrefix + string(account.Spec.AllowType))
	}
	for _, field := range account.Spec.CustomProfile {
		declared[activity.CustomProfileField(field.Tag)] = activity.Digest(field.Value)
	}
	return declared
}
