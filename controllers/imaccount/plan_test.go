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
	"reflect"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/lifecycle"
	"github.com/liveroom-io/liveroom-operator/internal/im"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func to[T any](value T) *T { return &value }

func wish() *UserSigWish {
	return &UserSigWish{
		SecretName: "host-sig", SDKAppID: 1400000001, KeyFingerprint: "k1",
		Validity: 90 * time.Minute, RenewBefore: 30 * time.Minute, Now: now,
	}
}

// good is the state of a Secret that serves for another hour before renewal.
func good() UserSigState {
	return UserSigState{UserID: "host", SDKAppID: 1400000001, KeyFingerprint: "k1", ExpiresAt: now.Add(90 * time.Minute)}
}

var issue = lifecycle.Change{
	Verb: lifecycle.Set, Path: "userSig", Condition: imv1alpha1.ConditionUserSigIssued,
	Value: UserSigIssue{SecretName: "host-sig", UserID: "host", SDKAppID: 1400000001, KeyFingerprint: "k1", ExpiresAt: now.Add(90 * time.Minute)},
}

func create(account im.NewAccount) lifecycle.Change {
	return lifecycle.Change{Verb: lifecycle.Create, Path: "account", Condition: imv1alpha1.ConditionImported, Value: account}
}

func profile(value im.Profile) lifecycle.Change {
	return lifecycle.Change{Verb: lifecycle.Set, Path: "profile", Condition: imv1alpha1.ConditionProfileSynced, Value: value}
}

func tag(name, value string) lifecycle.Change {
	return lifecycle.Change{
		Verb: lifecycle.Set, Path: "customProfile[" + name + "]", Condition: imv1alpha1.ConditionProfileSynced,
		Value: CustomTag{Tag: name, Value: value},
	}
}

func TestPlanOfProfile(t *testing.T) {
	full := im.Profile{
		Nickname: to("Host"), AvatarURL: to("https://a/b.png"), Gender: to(im.GenderFemale), AllowType: to(im.AllowTypeDenyAny),
		Level: to(uint32(3)), Role: to(uint32(7)), Custom: map[string]string{"City": "Oslo", "Team": "red"},
	}
	keys := []string{"Team", "City"}
	for name, test := range map[string]struct {
		desired  Desired
		observed Observed
		want     []lifecycle.Change
	}{
		"new, nothing declared": {
			desired: Desired{UserID: "host"},
			want:    []lifecycle.Change{create(im.NewAccount{UserID: "host"})},
		},
		"new, everything declared": {
			desired: Desired{UserID: "host", Profile: full, CustomKeys: keys, UserSig: wish()},
			// an account that is not there may well have a Secret already asked about
			observed: Observed{UserSig: &UserSigState{}},
			want: []lifecycle.Change{
				create(im.NewAccount{UserID: "host", Nickname: "Host", AvatarURL: "https://a/b.png"}),
				profile(im.Profile{Gender: full.Gender, AllowType: full.AllowType, Level: full.Level, Role: full.Role}),
				tag("Team", "red"), tag("City", "Oslo"), issue,
			},
		},
		"as declared": {
			desired:  Desired{UserID: "host", Profile: full, CustomKeys: keys},
			observed: Observed{Imported: true, Profile: full},
		},
		"not declared is not managed": {
			desired:  Desired{UserID: "host"},
			observed: Observed{Imported: true, Profile: full},
		},
		"only what differs": {
			desired: Desired{UserID: "host", Profile: full, CustomKeys: keys},
			observed: Observed{Imported: true, Profile: im.Profile{
				Nickname: to("Other"), AvatarURL: full.AvatarURL, Gender: full.Gender, AllowType: full.AllowType,
				Level: full.Level, Custom: map[string]string{"City": "Oslo", "Team": "blue"},
			}},
			want: []lifecycle.Change{profile(im.Profile{Nickname: to("Host"), Role: full.Role}), tag("Team", "red")},
		},
		"empty text clears": {
			desired:  Desired{UserID: "host", Profile: im.Profile{Nickname: to("")}},
			observed: Observed{Imported: true, Profile: full},
			want:     []lifecycle.Change{profile(im.Profile{Nickname: to("")})},
		},
		"absent in IM is unset": {
			desired: Desired{UserID: "host", CustomKeys: []string{"City"}, Profile: im.Profile{
				Nickname: to(""), Gender: to(im.GenderUnknown), Level: to(uint32(0)), Custom: map[string]string{"City": ""},
			}},
			observed: Observed{Imported: true},
		},
		"tags that were not read": {
			desired:  Desired{UserID: "host", Profile: full, CustomKeys: keys},
			observed: Observed{Imported: true, CustomUnread: true, Profile: im.Profile{Nickname: full.Nickname, AvatarURL: full.AvatarURL}},
			want:     []lifecycle.Change{profile(im.Profile{Gender: full.Gender, AllowType: full.AllowType, Level: full.Level, Role: full.Role})},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := plan(test.desired, test.observed); !reflect.DeepEqual(got, test.want) {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
		})
	}
}

func TestPlanOfUserSig(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*UserSigState)
		unread bool
		want   bool
	}{
		"good":                   {change: func(*UserSigState) {}},
		"not looked at":          {unread: true},
		"missing":                {change: func(s *UserSigState) { *s = UserSigState{} }, want: true},
		"foreign":                {change: func(s *UserSigState) { s.Foreign = true }, want: true},
		"another user":           {change: func(s *UserSigState) { s.UserID = "guest" }, want: true},
		"another application":    {change: func(s *UserSigState) { s.SDKAppID = 1 }, want: true},
		"another key":            {change: func(s *UserSigState) { s.KeyFingerprint = "k2" }, want: true},
		"just before renewal":    {change: func(s *UserSigState) { s.ExpiresAt = now.Add(30*time.Minute + time.Second) }},
		"at renewal":             {change: func(s *UserSigState) { s.ExpiresAt = now.Add(30 * time.Minute) }, want: true},
		"ended":                  {change: func(s *UserSigState) { s.ExpiresAt = now.Add(-time.Hour) }, want: true},
		"longer than declared":   {change: func(s *UserSigState) { s.ExpiresAt = now.Add(24 * time.Hour) }, want: true},
		"by a clock a bit ahead": {change: func(s *UserSigState) { s.ExpiresAt = now.Add(90*time.Minute + 30*time.Second) }},
	} {
		t.Run(name, func(t *testing.T) {
			observed := Observed{Imported: true}
			if !test.unread {
				state := good()
				test.change(&state)
				observed.UserSig = &state
			}
			var want []lifecycle.Change
			if test.want {
				want = []lifecycle.Change{issue}
			}
			if got := plan(Desired{UserID: "host", UserSig: wish()}, observed); !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

// A Secret that never keeps what is written to it counts as not converging,
// although each try has another end. A renewal that was read back does not: the
// pass after it finds nothing to do, which ends the count.
func TestEveryTryOfAUserSigIsTheSameChange(t *testing.T) {
	later := *wish()
	later.Now = now.Add(time.Hour)
	first := plan(Desired{UserID: "host", UserSig: wish()}, Observed{Imported: true, UserSig: &UserSigState{}})
	second := plan(Desired{UserID: "host", UserSig: &later}, Observed{Imported: true, UserSig: &UserSigState{}})
	if first[0].Digest() != second[0].Digest() {
		t.Error("a Secret that loses its annotations would be written for ever")
	}
}

func TestRenewal(t *testing.T) {
	for name, test := range map[string]struct{ expires, want time.Time }{
		"none yet":     {want: now.Add(time.Hour)},
		"good":         {expires: now.Add(40 * time.Minute), want: now.Add(10 * time.Minute)},
		"due":          {expires: now.Add(30 * time.Minute), want: now.Add(time.Hour)},
		"ended before": {expires: now.Add(-time.Minute), want: now.Add(time.Hour)},
	} {
		t.Run(name, func(t *testing.T) {
			if got := wish().renewal(test.expires); !got.Equal(test.want) {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestSecretTellsItsState(t *testing.T) {
	owner := Owner{UID: "u1"}
	owner.Key.Namespace, owner.Key.Name = "shop", "host"
	key := owner.Key
	key.Name = "host-sig"
	written := secretOf(key, owner, issue.Value.(UserSigIssue), "sig")
	object := &metav1.ObjectMeta{Annotations: written.Annotations}
	for _, reference := range written.OwnerReferences {
		object.OwnerReferences = append(object.OwnerReferences, metav1.OwnerReference{
			APIVersion: *reference.APIVersion, Kind: *reference.Kind, Name: *reference.Name, UID: *reference.UID, Controller: reference.Controller,
		})
	}
	if got := stateOf(object, owner); got != good() {
		t.Errorf("got  %+v\nwant %+v", got, good())
	}
	if got, want := stateOf(object, Owner{UID: "u2"}), (UserSigState{Foreign: true}); got != want {
		t.Errorf("for another object: got %+v, want %+v", got, want)
	}
	if got, want := stateOf(&metav1.ObjectMeta{}, owner), (UserSigState{Foreign: true}); got != want {
		t.Errorf("without a controller: got %+v, want %+v", got, want)
	}
	for name, value := range written.Annotations {
		if !strings.HasPrefix(name, "im.liveroom.io/") || strings.Contains(value, "sig") {
			t.Errorf("annotation %s=%s: outside the group, or holds the UserSig", name, value)
		}
	}
}

func TestStatusWithoutUserSig(t *testing.T) {
	account := &imv1alpha1.ImAccount{}
	account.Status.Conditions = []metav1.Condition{
		{Type: imv1alpha1.ConditionImported, Status: metav1.ConditionTrue},
		{Type: imv1alpha1.ConditionUserSigIssued, Status: metav1.ConditionTrue},
	}
	want := imv1alpha1.ImAccountStatus{}
	want.Conditions = account.Status.Conditions[:1:1]
	if got := status(account); !reflect.DeepEqual(got, want) {
		t.Errorf("without a wish: got %+v, want %+v", got, want)
	}
	account.Spec.UserSig = &imv1alpha1.UserSigSecret{SecretName: "host-sig"}
	if got := status(account); !reflect.DeepEqual(got, account.Status) {
		t.Errorf("with a wish: got %+v, want %+v", got, account.Status)
	}
}
