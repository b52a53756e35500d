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

package liveroom

import (
	"slices"
	"testing"
	"time"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/lifecycle"
	"github.com/liveroom-io/liveroom-operator/internal/im"
)

func TestPlan(t *testing.T) {
	now := time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)
	known := func(key, value string) Value {
		return Value{Key: key, Value: value, Declared: true, Registration: imv1alpha1.RegistrationRegistered}
	}
	initialize := func(v Value, written bool) Value {
		v.Policy, v.Written = imv1alpha1.WritePolicyInitialize, written
		return v
	}
	unproven := Value{Key: "new", Value: "1", Declared: true, Registration: imv1alpha1.RegistrationUnknown}
	group := func(fields map[string]string) *im.Group {
		return &im.Group{Name: "n", OwnerUserID: "host", Fields: fields}
	}

	for _, c := range []struct {
		name     string
		desired  Desired
		observed Observed
		want     []string
	}{
		{"nothing differs", Desired{Name: "n"}, Observed{Group: group(nil)}, nil},
		{"a create carries base fields and proven custom fields",
			Desired{Name: "n", Owner: "host", Fields: []Value{known("a", "1")}}, Observed{}, []string{"create groupID"}},
		{"what create cannot carry follows, in order",
			Desired{Name: "n", Type: imv1alpha1.RoomTypeAVChatRoom, Speech: imv1alpha1.SpeechMuted, Administrators: []string{"x"}, Fields: []Value{unproven}, Attributes: []Value{known("k", "v")}},
			Observed{}, []string{"create groupID", "set speech", "set administrators[x]", "set customFields[new]", "set attributes[k]"}},
		{"custom fields go one by one in declared order",
			Desired{Name: "n", Fields: []Value{known("b", "2"), known("a", "1")}}, Observed{Group: group(map[string]string{"a": "0"})},
			[]string{"set customFields[b]", "set customFields[a]"}},
		{"an initialised field that the application changed is respected",
			Desired{Name: "n", Fields: []Value{initialize(known("a", "1"), false)}}, Observed{Group: group(map[string]string{"a": "9"})}, nil},
		{"an initialised field that the application cleared is respected",
			Desired{Name: "n", Fields: []Value{initialize(known("a", "1"), true)}}, Observed{Group: group(nil)}, nil},
		{"an initialised field is respected even when its declaration has to be proven again",
			Desired{Name: "n", Fields: []Value{initialize(unproven, true)}}, Observed{Group: group(nil)}, nil},
		{"an initialised field is written again to a new group",
			Desired{Name: "n", Fields: []Value{initialize(unproven, true)}}, Observed{}, []string{"create groupID", "set customFields[new]"}},
		{"a field never initialised is written once",
			Desired{Name: "n", Fields: []Value{initialize(known("a", "1"), false)}}, Observed{Group: group(nil)}, []string{"set customFields[a]"}},
		{"an empty value removes",
			Desired{Name: "n", Fields: []Value{known("a", "")}}, Observed{Group: group(map[string]string{"a": "9"})}, []string{"set customFields[a]"}},
		{"administrators are taken away before others are set",
			Desired{Name: "n", Administrators: []string{"new"}}, Observed{Group: group(nil), Administrators: []string{"old"}},
			[]string{"remove administrators[old]", "set administrators[new]"}},
		{"administrators that were not read are not planned",
			Desired{Name: "n", Administrators: []string{"new"}}, Observed{Group: group(nil)}, nil},
		{"a ban of somebody else is left alone, our own is lifted, a due one is set",
			Desired{Name: "n", Now: now, Banned: []string{"ours"}, Bans: map[string]time.Time{"due": now.Add(time.Hour)}},
			Observed{Group: group(nil), Bans: map[string]time.Time{"theirs": now.Add(time.Hour), "ours": now.Add(time.Hour)}},
			[]string{"remove bannedAccounts[ours]", "set bannedAccounts[due]"}},
		{"a ban within the tolerance is as declared",
			Desired{Name: "n", Now: now, Bans: map[string]time.Time{"u": now.Add(time.Hour)}},
			Observed{Group: group(nil), Bans: map[string]time.Time{"u": now.Add(time.Hour - 30*time.Second)}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, change := range plan(c.desired, c.observed) {
				got = append(got, string(change.Verb)+" "+change.Path)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// A plan carried out leaves nothing to plan.
func TestPlanOfWhatWasCreatedIsEmpty(t *testing.T) {
	announcement := "a"
	d := Desired{GroupID: "g", Type: imv1alpha1.RoomTypeMeeting, Name: "n", Announcement: &announcement, Owner: "host", JoinOption: "FreeAccess"}
	changes := plan(d, Observed{})
	if len(changes) != 1 || changes[0].Verb != lifecycle.Create {
		t.Fatalf("got %v, want one create", changes)
	}
	if left := plan(d, Observed{Group: created(d)}); len(left) != 0 {
		t.Errorf("left to do: %v", left)
	}
}
