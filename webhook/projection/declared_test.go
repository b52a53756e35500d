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
	"errors"
	"reflect"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook/activity"
)

// configMaps are values by namespace, name and key.
type configMaps map[string]string

func (c configMaps) Value(_ context.Context, namespace string, ref imv1alpha1.ConfigMapKeyReference, limit int) (string, error) {
	value, ok := c[namespace+"/"+ref.Name+"/"+ref.Key]
	if !ok || len(value) > limit {
		return "", errors.New("not found")
	}
	return value, nil
}

// digests of fields and values in turn.
func digests(pairs ...string) map[string]string {
	all := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		all[pairs[i]] = activity.Digest(pairs[i+1])
	}
	return all
}

func TestDeclaredRoom(t *testing.T) {
	values := configMaps{"shop/texts/topic": "spring sale"}
	from := func(name, key string) *imv1alpha1.ValueSource {
		return &imv1alpha1.ValueSource{ConfigMapKeyRef: imv1alpha1.ConfigMapKeyReference{Name: name, Key: key}}
	}
	users := func(user *imv1alpha1.UserReference) string {
		if user.AccountRef != nil {
			return map[string]string{"anna": "anna-id"}[user.AccountRef.Name]
		}
		return user.UserID
	}
	for name, c := range map[string]struct {
		spec imv1alpha1.LiveRoomSpec
		want map[string]string
	}{
		"the name alone": {imv1alpha1.LiveRoomSpec{Name: "Spring"}, digests("name", "Spring")},
		"base fields": {
			imv1alpha1.LiveRoomSpec{Name: "Spring", Introduction: new("i"), Announcement: new(""), AvatarURL: new("https://a/a.png")},
			digests("name", "Spring", "introduction", "i", "announcement", "", "avatarURL", "https://a/a.png"),
		},
		"an owner by UserID": {imv1alpha1.LiveRoomSpec{Name: "S", Owner: &imv1alpha1.UserReference{UserID: "u"}}, digests("name", "S", "owner", "u")},
		"an owner by ImAccount": {
			imv1alpha1.LiveRoomSpec{Name: "S", Owner: &imv1alpha1.UserReference{AccountRef: &imv1alpha1.AccountReference{Name: "anna"}}},
			digests("name", "S", "owner", "anna-id"),
		},
		"an owner who is not known now": {
			imv1alpha1.LiveRoomSpec{Name: "S", Owner: &imv1alpha1.UserReference{AccountRef: &imv1alpha1.AccountReference{Name: "bob"}}},
			digests("name", "S"),
		},
		"muted":    {imv1alpha1.LiveRoomSpec{Name: "S", Speech: imv1alpha1.SpeechMuted}, digests("name", "S", "speech", "On")},
		"everyone": {imv1alpha1.LiveRoomSpec{Name: "S", Speech: imv1alpha1.SpeechEveryone}, digests("name", "S", "speech", "Off")},
		"attributes": {
			imv1alpha1.LiveRoomSpec{Name: "S", Attributes: []imv1alpha1.RoomAttribute{
				{Key: "seat", Value: new("3")},
				{Key: "empty", Value: new("")},
				{Key: "topic", ValueFrom: from("texts", "topic")},
				{Key: "missing", ValueFrom: from("texts", "nothing")},
				{Key: "first", Value: new("1"), Policy: imv1alpha1.WritePolicyInitialize},
			}},
			digests("name", "S", "attributes.seat", "3", "attributes.empty", "", "attributes.topic", "spring sale"),
		},
	} {
		room := &imv1alpha1.LiveRoom{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "spring"}, Spec: c.spec}
		if got := declaredRoom(t.Context(), room, values, users); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\ngot  %v\nwant %v", name, got, c.want)
		}
	}
}

// What a room's state asks for takes the place of the rest.
func TestDeclaredByState(t *testing.T) {
	t.Parallel()
	spec := imv1alpha1.LiveRoomSpec{Name: "S", Announcement: new("welcome"), StateControl: &imv1alpha1.StateControl{
		SpeechUnlessLive: imv1alpha1.SpeechMuted, Announcements: &imv1alpha1.StateAnnouncements{Paused: new("back soon")},
	}}
	for state, want := range map[imv1alpha1.RoomState]map[string]string{
		"":                    digests("name", "S"),
		imv1alpha1.RoomLive:   digests("name", "S", "announcement", "welcome", "speech", "Off"),
		imv1alpha1.RoomPaused: digests("name", "S", "announcement", "back soon", "speech", "On"),
		imv1alpha1.RoomEnded:  digests("name", "S", "announcement", "welcome", "speech", "On"),
	} {
		room := &imv1alpha1.LiveRoom{Spec: spec}
		if state != "" {
			room.Status.EffectiveState = &imv1alpha1.RoomStateStatus{Value: state}
		}
		if got := declaredRoom(t.Context(), room, configMaps{}, nil); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\ngot  %v\nwant %v", state, got, want)
		}
	}
}

func TestDeclaredAccount(t *testing.T) {
	for name, c := range map[string]struct {
		spec imv1alpha1.ImAccountSpec
		want map[string]string
	}{
		"nothing": {imv1alpha1.ImAccountSpec{}, digests()},
		"everything": {
			imv1alpha1.ImAccountSpec{
				Nickname: new("Anna"), AvatarURL: new("https://a/a.png"), Gender: "Female", Level: new(int64(3)), Role: new(int64(4294967295)),
				AllowType: "NeedConfirm", CustomProfile: []imv1alpha1.CustomProfileField{{Tag: "Tier", Value: "gold"}},
			},
			digests("nickname", "Anna", "avatarURL", "https://a/a.png", "gender", "Gender_Type_Female", "level", "3", "role", "4294967295",
				"allowType", "AllowType_Type_NeedConfirm", "customProfile.Tier", "gold"),
		},
		"empty is not absent": {
			imv1alpha1.ImAccountSpec{Nickname: new(""), Level: new(int64(0))}, digests("nickname", "", "level", "0"),
		},
	} {
		if got := declaredAccount(&imv1alpha1.ImAccount{Spec: c.spec}); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\ngot  %v\nwant %v", name, got, c.want)
		}
	}
}
