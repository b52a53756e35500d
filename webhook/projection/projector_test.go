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
	"cmp"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook/activity"
	"github.com/liveroom-io/liveroom-operator/webhook/directory"
	"github.com/liveroom-io/liveroom-operator/webhook/event"
	"github.com/liveroom-io/liveroom-operator/webhook/fold"
)

const appID = 1400000001

// projector is one that has not started, with some rooms and accounts declared.
func projector(t *testing.T, rooms ...string) (*Projector, *clocktesting.FakeClock) {
	t.Helper()
	app := types.NamespacedName{Namespace: "shop", Name: "live"}
	known := directory.New()
	known.PutApp(&directory.App{Key: app, SDKAppID: appID})
	for _, name := range rooms {
		room := &imv1alpha1.LiveRoom{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, UID: types.UID(name)}}
		room.Spec.AppRef.Name, room.Spec.GroupID, room.Status.GroupID = app.Name, name, name
		room.Status.Conditions = []metav1.Condition{{Type: imv1alpha1.ConditionReady, Reason: imv1alpha1.ReasonAsDeclared}}
		known.PutRoom(room)
		account := &imv1alpha1.ImAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name}}
		account.Spec.AppRef.Name = app.Name
		account.Status.Conditions = []metav1.Condition{{Type: imv1alpha1.ConditionImported, Status: metav1.ConditionTrue}}
		known.PutAccount(account)
	}
	clock := clocktesting.NewFakeClock(epoch)
	p := New(Config{Directory: known, Clock: clock, HeardOf: func(int64) {}})
	p.due = newQueue[objectKey](Spacing)
	p.rooms, p.accounts = map[string]*roomView{}, map[string]*accountView{}
	p.news, p.connections = make(chan struct{}, 1), make(chan struct{}, 1)
	return p, clock
}

// What is declared and has been quiet for long is kept; what nobody declares is not.
func TestExpiring(t *testing.T) {
	p, _ := projector(t, "quiet", "busy")
	long, lately := epoch.Add(-keepAfter-24*time.Hour).Unix()/86_400, epoch.Unix()/86_400
	for name, day := range map[string]int64{"quiet": long, "busy": lately, "nobody's": long} {
		p.rooms[name] = &roomView{reports: newReports(), room: &activity.Room{Day: day}}
		p.accounts[event.UserKey(appID, name)] = &accountView{reports: newReports(), account: &activity.Account{Day: day}}
	}
	p.accounts["no number/quiet"] = &accountView{reports: newReports(), account: &activity.Account{Day: long}}
	got := p.expiring()
	slices.SortFunc(got, func(a, b event.Event) int { return cmp.Compare(a.Room, b.Room) })
	want := []event.Event{{Kind: event.Kept, SDKAppID: appID, User: "quiet"}, {Kind: event.Kept, SDKAppID: appID, Room: "quiet"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("kept %+v", got)
	}
}

func TestExpiringIsBounded(t *testing.T) {
	var names []string
	for i := range keepAtOnce + 5 {
		names = append(names, strconv.Itoa(i))
	}
	p, _ := projector(t, names...)
	for _, name := range names {
		p.rooms[name] = &roomView{reports: newReports(), room: &activity.Room{}}
	}
	if got := len(p.expiring()); got != keepAtOnce {
		t.Errorf("%d are kept at once", got)
	}
}

// Rooms are counted when something happened in them since, not at once, and some at a time.
func TestUncounted(t *testing.T) {
	p, clock := projector(t)
	for i := range countsARound + 10 {
		room := activity.NewRoom()
		room.Audience, room.Heard = true, 5
		p.rooms[strconv.Itoa(i)] = &roomView{reports: newReports(), room: room}
	}
	for name, change := range map[string]func(*roomView){
		"without an audience": func(v *roomView) { v.room.Audience = false },
		"counted since":       func(v *roomView) { v.counted = 5 },
	} {
		room := activity.NewRoom()
		room.Audience, room.Heard = true, 5
		p.rooms[name] = &roomView{reports: newReports(), room: room}
		change(p.rooms[name])
	}
	if got := p.uncounted(); len(got) != 0 {
		t.Errorf("counted right after the first event: %v", got)
	}
	clock.Step(p.CountEvery - time.Second)
	if got := p.uncounted(); len(got) != 0 {
		t.Errorf("counted too soon: %v", got)
	}
	clock.Step(time.Second)
	seen := map[string]bool{}
	for _, want := range []int{countsARound, 10, 0} {
		got := p.uncounted()
		if len(got) != want {
			t.Errorf("%d at a time, want %d", len(got), want)
		}
		for _, name := range got {
			seen[name] = true
			p.rooms[name].countedAt, p.rooms[name].counted = clock.Now(), 5
		}
	}
	if len(seen) != countsARound+10 || seen["counted since"] || seen["without an audience"] {
		t.Errorf("counted %v", seen)
	}
	clock.Step(time.Hour)
	if got := p.uncounted(); len(got) != 0 {
		t.Errorf("quiet rooms are counted again: %v", got)
	}
}

// Numbers wait for their turn; a report that status does not have is looked at
// soon; what is gone is forgotten.
func TestTakeRoom(t *testing.T) {
	p, clock := projector(t, "spring")
	key := objectKey{fold.Room, "spring"}
	state := func(change func(*activity.Room)) []byte {
		t.Helper()
		room := activity.NewRoom()
		change(room)
		data, err := room.AppendState(nil)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	messages := state(func(r *activity.Room) { r.Messages = 3 })
	p.takeRoom("spring", messages, false)
	if got, wait := p.next(); got != key || wait != 0 {
		t.Errorf("next is %v in %s", got, wait)
	}
	p.due.wrote(key, clock.Now())
	p.takeRoom("spring", messages, false)
	if got, wait := p.next(); got.kind != "" || wait != Spacing {
		t.Errorf("next is %v in %s", got, wait)
	}
	p.takeRoom("spring", state(func(r *activity.Room) { r.Messages, r.SeenAt = 4, 9 }), false)
	if got, wait := p.next(); got.kind != "" || wait != settling {
		t.Errorf("next is %v in %s", got, wait)
	}
	if p.rooms["spring"].room.Messages != 4 {
		t.Errorf("numbers %+v", p.rooms["spring"].room.Numbers)
	}
	p.Log = logr.Discard()
	p.takeRoom("spring", []byte("{"), false)
	if p.rooms["spring"].room.Messages != 4 {
		t.Error("a broken state was taken")
	}
	p.takeRoom("spring", nil, true)
	if got, wait := p.next(); got.kind != "" || wait != time.Minute || len(p.rooms) != 0 || len(p.due.items) != 0 {
		t.Errorf("next is %v in %s, rooms %v", got, wait, p.rooms)
	}
}

func TestTakeApp(t *testing.T) {
	p, _ := projector(t)
	var told []int64
	p.HeardOf = func(sdkAppID int64) { told = append(told, sdkAppID) }
	if !p.LastHeard(appID).IsZero() {
		t.Errorf("heard at %s", p.LastHeard(appID))
	}
	p.takeApp("1400000001", []byte(`{"heard":1763848315000}`), false)
	p.takeApp("1400000001", []byte(`{`), false)
	p.takeApp("1400000001", nil, true)
	p.takeApp("no number", []byte(`{"heard":1}`), false)
	if !p.LastHeard(appID).Equal(epoch) || !reflect.DeepEqual(told, []int64{appID}) {
		t.Errorf("heard at %s, told %v", p.LastHeard(appID), told)
	}
}
