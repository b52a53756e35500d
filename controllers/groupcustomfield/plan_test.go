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

package groupcustomfield

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/application"
	"github.com/liveroom-io/liveroom-operator/controllers/lifecycle"
	"github.com/liveroom-io/liveroom-operator/internal/hold"
)

const (
	live    = imv1alpha1.RoomTypeAVChatRoom
	meeting = imv1alpha1.RoomTypeMeeting
)

func bound(t imv1alpha1.RoomType, state imv1alpha1.RegistrationState) Binding {
	return Binding{FieldGroupType: imv1alpha1.FieldGroupType{Type: t}, State: state}
}

func proof(t imv1alpha1.RoomType) lifecycle.Change {
	return lifecycle.Change{
		Verb: lifecycle.Set, Path: "groupTypes[" + string(t) + "]", Condition: imv1alpha1.ConditionRegistered,
		Value: Proof{Name: "level", Scope: imv1alpha1.FieldScopeGroup, Type: t},
	}
}

func removal(t imv1alpha1.RoomType) lifecycle.Change {
	return lifecycle.Change{
		Verb: lifecycle.Remove, Path: "scratchGroup[" + string(t) + "]", Condition: imv1alpha1.ConditionRegistered, Value: Scratch{Type: t},
	}
}

func TestPlan(t *testing.T) {
	used := bound(live, imv1alpha1.RegistrationUnknown)
	used.InUse = true
	shared := bound(live, imv1alpha1.RegistrationRegistered)
	shared.ScratchNeeded = true
	for name, test := range map[string]struct {
		types   []Binding
		scratch []imv1alpha1.RoomType
		want    []lifecycle.Change
	}{
		"unknown": {
			types: []Binding{bound(live, imv1alpha1.RegistrationUnknown), bound(meeting, imv1alpha1.RegistrationNotRegistered)},
			want:  []lifecycle.Change{proof(live), proof(meeting)},
		},
		"proven": {types: []Binding{bound(live, imv1alpha1.RegistrationRegistered)}},
		"one of two proven": {
			types: []Binding{bound(live, imv1alpha1.RegistrationRegistered), bound(meeting, imv1alpha1.RegistrationUnknown)},
			want:  []lifecycle.Change{proof(meeting)},
		},
		"scratch group while unproven": {
			types: []Binding{bound(live, imv1alpha1.RegistrationNotRegistered)}, scratch: []imv1alpha1.RoomType{live},
			want: []lifecycle.Change{proof(live)},
		},
		"scratch group has served": {
			types: []Binding{bound(live, imv1alpha1.RegistrationRegistered)}, scratch: []imv1alpha1.RoomType{live},
			want: []lifecycle.Change{removal(live)},
		},
		"a room took over from the scratch group": {
			types: []Binding{used}, scratch: []imv1alpha1.RoomType{live},
			want: []lifecycle.Change{proof(live), removal(live)},
		},
		"scratch group of others": {types: []Binding{shared}, scratch: []imv1alpha1.RoomType{live}},
	} {
		t.Run(name, func(t *testing.T) {
			observed := Observed{Scratch: map[imv1alpha1.RoomType]bool{}}
			for _, roomType := range test.scratch {
				observed.Scratch[roomType] = true
			}
			got := plan(Desired{Name: "level", Scope: imv1alpha1.FieldScopeGroup, Types: test.types}, observed)
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
		})
	}
}

func field(name string, age int) *imv1alpha1.GroupCustomField {
	made := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(-time.Duration(age) * time.Hour)
	return &imv1alpha1.GroupCustomField{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "shop", UID: types.UID(name), CreationTimestamp: metav1.NewTime(made)},
		Spec: imv1alpha1.GroupCustomFieldSpec{
			Name: name, Scope: imv1alpha1.FieldScopeGroup, GroupTypes: []imv1alpha1.FieldGroupType{{Type: live}},
		},
	}
}

func TestLimit(t *testing.T) {
	older := make([]*imv1alpha1.GroupCustomField, imv1alpha1.MaxGroupFields)
	for i := range older {
		older[i] = field(fmt.Sprintf("f%d", i), 10+i)
	}
	replaced := func(i int, change func(*imv1alpha1.GroupCustomField)) []*imv1alpha1.GroupCustomField {
		all := append([]*imv1alpha1.GroupCustomField(nil), older...)
		all[i] = older[i].DeepCopy()
		change(all[i])
		return all
	}
	for name, test := range map[string]struct {
		others []*imv1alpha1.GroupCustomField
		held   bool
	}{
		"the tenth":    {others: older[1:]},
		"the eleventh": {others: older, held: true},
		"one younger":  {others: replaced(0, func(f *imv1alpha1.GroupCustomField) { *f = *field("f0", 0) })},
		"one of the other scope": {others: replaced(0, func(f *imv1alpha1.GroupCustomField) {
			f.Spec.Scope = imv1alpha1.FieldScopeMember
		})},
		"one going": {others: replaced(0, func(f *imv1alpha1.GroupCustomField) { f.DeletionTimestamp = &metav1.Time{Time: time.Now()} })},
		"one twice": {others: replaced(0, func(f *imv1alpha1.GroupCustomField) { f.Spec.Name = "f1" })},
	} {
		t.Run(name, func(t *testing.T) {
			wait, held := hold.As(withinLimit(field("mine", 1), test.others))
			if held != test.held || held && wait.Reason != imv1alpha1.ReasonTooManyFields {
				t.Errorf("got %v, want held %t", wait, test.held)
			}
		})
	}
}

func TestProvers(t *testing.T) {
	now := field("any", 0).CreationTimestamp.Time
	room := func(name string, age int, change func(*imv1alpha1.LiveRoom)) *imv1alpha1.LiveRoom {
		r := &imv1alpha1.LiveRoom{ObjectMeta: field(name, age).ObjectMeta}
		r.Spec.Type = live
		r.Status.Conditions = []metav1.Condition{{Type: imv1alpha1.ConditionReady, Reason: imv1alpha1.ReasonFieldNotRegistered}}
		change(r)
		return r
	}
	same := func(*imv1alpha1.LiveRoom) {}
	reason := func(reason string) func(*imv1alpha1.LiveRoom) {
		return func(r *imv1alpha1.LiveRoom) { r.Status.Conditions[0].Reason = reason }
	}
	for name, test := range map[string]struct {
		rooms []*imv1alpha1.LiveRoom
		after time.Duration
		inUse bool
		want  []string
	}{
		"none":         {},
		"oldest first": {rooms: []*imv1alpha1.LiveRoom{room("a", 1, same), room("b", 3, same), room("c", 2, same)}, inUse: true, want: []string{"b", "c", "a"}},
		"another type": {rooms: []*imv1alpha1.LiveRoom{room("a", 1, func(r *imv1alpha1.LiveRoom) { r.Spec.Type = meeting })}},
		"paused": {rooms: []*imv1alpha1.LiveRoom{room("a", 1, func(r *imv1alpha1.LiveRoom) {
			r.Annotations = map[string]string{imv1alpha1.AnnotationPaused: "true"}
		})}},
		"observed": {rooms: []*imv1alpha1.LiveRoom{room("a", 1, func(r *imv1alpha1.LiveRoom) {
			r.Spec.ManagementPolicy = imv1alpha1.ManagementPolicyObserve
		})}},
		"going":         {rooms: []*imv1alpha1.LiveRoom{room("a", 1, func(r *imv1alpha1.LiveRoom) { r.DeletionTimestamp = &metav1.Time{Time: time.Now()} })}},
		"initialised":   {rooms: []*imv1alpha1.LiveRoom{room("a", 1, func(r *imv1alpha1.LiveRoom) { r.Status.InitializedFields = []string{"level"} })}},
		"new and stuck": {rooms: []*imv1alpha1.LiveRoom{room("a", 0, reason(imv1alpha1.ReasonNotAdopted))}, inUse: true},
		"long stuck":    {rooms: []*imv1alpha1.LiveRoom{room("a", 0, reason(imv1alpha1.ReasonNotAdopted))}, after: 2 * time.Minute},
		"stuck beside one that writes": {
			rooms: []*imv1alpha1.LiveRoom{room("a", 0, reason(imv1alpha1.ReasonNotAdopted)), room("b", 0, same)},
			after: 2 * time.Minute, inUse: true, want: []string{"b"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			inUse, keys := provers(test.rooms, "level", live, now.Add(test.after))
			var names []string
			for _, key := range keys {
				names = append(names, key.Name)
			}
			if inUse != test.inUse || !slices.Equal(names, test.want) {
				t.Errorf("got in use %t by %q, want %t by %q", inUse, names, test.inUse, test.want)
			}
		})
	}
}

func TestReport(t *testing.T) {
	desired := &Desired{Name: "level", Types: []Binding{bound(live, imv1alpha1.RegistrationUnknown)}}
	for name, test := range map[string]struct {
		before imv1alpha1.RegistrationState
		pass   lifecycle.Pass[Desired, Observed]
		want   imv1alpha1.RegistrationState
	}{
		"never looked at": {want: imv1alpha1.RegistrationUnknown},
		"not downgraded": {
			before: imv1alpha1.RegistrationRegistered, want: imv1alpha1.RegistrationRegistered,
			pass: lifecycle.Pass[Desired, Observed]{Desired: &Desired{Types: []Binding{bound(live, imv1alpha1.RegistrationNotRegistered)}}},
		},
		"proven now": {
			before: imv1alpha1.RegistrationNotRegistered, want: imv1alpha1.RegistrationRegistered,
			pass: lifecycle.Pass[Desired, Observed]{Desired: desired, Applied: []lifecycle.Change{proof(live)}},
		},
		"proven by a room": {
			want: imv1alpha1.RegistrationRegistered,
			pass: lifecycle.Pass[Desired, Observed]{Desired: &Desired{Types: []Binding{bound(live, imv1alpha1.RegistrationRegistered)}}},
		},
		"refused now": {
			want: imv1alpha1.RegistrationNotRegistered,
			pass: lifecycle.Pass[Desired, Observed]{Desired: desired, Failures: []lifecycle.Failure{
				{Change: proof(live), Err: notRegistered(*desired, desired.Types[0])},
			}},
		},
		"open": {
			before: imv1alpha1.RegistrationNotRegistered, want: imv1alpha1.RegistrationNotRegistered,
			pass: lifecycle.Pass[Desired, Observed]{Desired: desired, Failures: []lifecycle.Failure{
				{Change: proof(live), Err: errors.New("lost")},
			}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			object := field("level", 1)
			if test.before != "" {
				object.Status.Registrations = []imv1alpha1.FieldRegistration{{Type: live, State: test.before}}
			}
			(&Kind{}).Report(object, &test.pass)
			want := []imv1alpha1.FieldRegistration{{Type: live, State: test.want}}
			if got := object.Status.Registrations; !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestMessageSaysWhatToClick(t *testing.T) {
	binding := bound(meeting, imv1alpha1.RegistrationNotRegistered)
	binding.DeclaredRead, binding.DeclaredWrite = "Anyone", "AppAdmin"
	got := notRegistered(Desired{Name: "rank", Scope: imv1alpha1.FieldScopeMember}, binding).Error()
	want := "NotRegistered: IM does not know the field. In the console, open Feature configuration > Custom group member field " +
		"and add rank for group type Meeting with the permissions read Anyone, write AppAdmin; " +
		"a new definition takes minutes to work and is then found by itself"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestPace(t *testing.T) {
	p, app := newPace(), types.NamespacedName{Namespace: "shop", Name: "app"}
	key := application.FieldType{Name: "level", Type: live}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var tries []time.Duration
	for elapsed := time.Duration(0); elapsed <= 95*time.Second; elapsed += 500 * time.Millisecond {
		if try, due := p.due(key, app, start.Add(elapsed)); due {
			if try != len(tries) {
				t.Errorf("try %d is counted as %d", len(tries), try)
			}
			tries = append(tries, elapsed)
		}
	}
	second := time.Second
	want := []time.Duration{0, second / 2, 3 * second / 2, 7 * second / 2, 15 * second / 2, 31 * second / 2, 63 * second / 2, 123 * second / 2, 183 * second / 2}
	if !reflect.DeepEqual(tries, want) {
		t.Errorf("got %v, want %v", tries, want)
	}
	p.forget(key, app)
	if _, due := p.due(key, app, start); !due {
		t.Error("a forgotten field has to wait")
	}
}
