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
	"reflect"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/im"
)

var (
	openAt  = time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)
	closeAt = openAt.Add(2 * time.Hour)
)

func scheduled() *imv1alpha1.StateControl {
	return &imv1alpha1.StateControl{
		Mode: imv1alpha1.StateControlScheduled, OpenTime: &metav1.Time{Time: openAt}, CloseTime: &metav1.Time{Time: closeAt},
	}
}

func manual(state imv1alpha1.RoomState) *imv1alpha1.StateControl {
	return &imv1alpha1.StateControl{Mode: imv1alpha1.StateControlManual, State: state}
}

func TestStateAt(t *testing.T) {
	t.Parallel()
	was := func(state imv1alpha1.RoomState, since time.Time) *imv1alpha1.RoomStateStatus {
		return &imv1alpha1.RoomStateStatus{Value: state, Since: metav1.NewTime(since)}
	}
	endless := scheduled()
	endless.CloseTime = nil
	early, middle, late := openAt.Add(-time.Hour), openAt.Add(time.Hour), closeAt.Add(time.Hour)
	for _, c := range []struct {
		name    string
		control *imv1alpha1.StateControl
		was     *imv1alpha1.RoomStateStatus
		now     time.Time
		want    State
	}{
		{"before it opens", scheduled(), nil, early, State{Value: imv1alpha1.RoomPaused, Since: early, Next: openAt, Scheduled: true}},
		{"the moment it opens", scheduled(), was(imv1alpha1.RoomPaused, early), openAt, State{Value: imv1alpha1.RoomLive, Since: openAt, Next: closeAt, Scheduled: true}},
		{"the moment it closes", scheduled(), was(imv1alpha1.RoomLive, openAt), closeAt, State{Value: imv1alpha1.RoomEnded, Since: closeAt, Next: time.Time{}, Scheduled: true}},
		{"with no end", endless, nil, late, State{Value: imv1alpha1.RoomLive, Since: openAt, Next: time.Time{}, Scheduled: true}},
		{"waiting since it was first seen", scheduled(), was(imv1alpha1.RoomPaused, early), early.Add(time.Minute), State{Value: imv1alpha1.RoomPaused, Since: early, Next: openAt, Scheduled: true}},
		{"a clock that is behind does not close what is open", scheduled(), was(imv1alpha1.RoomLive, openAt), openAt.Add(-time.Minute),
			State{Value: imv1alpha1.RoomLive, Since: openAt, Next: closeAt, Scheduled: true}},
		{"nor open what is closed", scheduled(), was(imv1alpha1.RoomEnded, closeAt), closeAt.Add(-time.Minute),
			State{Value: imv1alpha1.RoomEnded, Since: closeAt, Next: time.Time{}, Scheduled: true}},
		{"nor put off what waits", scheduled(), was(imv1alpha1.RoomPaused, early), early.Add(-time.Minute),
			State{Value: imv1alpha1.RoomPaused, Since: early, Next: openAt, Scheduled: true}},
		{"a schedule that was put off", scheduled(), was(imv1alpha1.RoomLive, early), early.Add(time.Minute),
			State{Value: imv1alpha1.RoomPaused, Since: early.Add(time.Minute), Next: openAt, Scheduled: true}},
		{"a schedule that was put forward is the same state", scheduled(), was(imv1alpha1.RoomLive, middle), middle.Add(time.Minute),
			State{Value: imv1alpha1.RoomLive, Since: middle, Next: closeAt, Scheduled: true}},
		{"a new state of spec begins with the pass", manual(imv1alpha1.RoomPaused), was(imv1alpha1.RoomLive, early), middle.Add(time.Millisecond),
			State{Value: imv1alpha1.RoomPaused, Since: middle, Next: time.Time{}, Scheduled: false}},
		{"the same state goes on", manual(imv1alpha1.RoomPaused), was(imv1alpha1.RoomPaused, early), middle, State{Value: imv1alpha1.RoomPaused, Since: early, Next: time.Time{}, Scheduled: false}},
		{"spec decides at once, whatever the clock", manual(imv1alpha1.RoomLive), was(imv1alpha1.RoomPaused, late), middle,
			State{Value: imv1alpha1.RoomLive, Since: middle, Next: time.Time{}, Scheduled: false}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := stateAt(c.control, c.was, c.now); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// Two leaders whose clocks are apart, and who take turns, bring a room to each
// state of its schedule once.
func TestSkewedClocksFireOnce(t *testing.T) {
	t.Parallel()
	const skew = 90 * time.Second
	var was *imv1alpha1.RoomStateStatus
	var seen []imv1alpha1.RoomState
	for now, turn := openAt.Add(-10*time.Minute), 0; now.Before(closeAt.Add(10 * time.Minute)); now, turn = now.Add(7*time.Second), turn+1 {
		local := now
		if turn%2 == 1 {
			local = now.Add(-skew)
		}
		state := stateAt(scheduled(), was, local)
		if was == nil || was.Value != state.Value {
			seen = append(seen, state.Value)
		}
		was = state.status()
	}
	if want := []imv1alpha1.RoomState{imv1alpha1.RoomPaused, imv1alpha1.RoomLive, imv1alpha1.RoomEnded}; !slices.Equal(seen, want) {
		t.Errorf("got %v, want %v", seen, want)
	}
}

func TestStateDecides(t *testing.T) {
	t.Parallel()
	own, of := "own", func(text string) *string { return &text }
	control := manual(imv1alpha1.RoomPaused)
	control.SpeechUnlessLive = imv1alpha1.SpeechMuted
	control.Field = &imv1alpha1.StateField{Name: "room_status", Values: &imv1alpha1.StateValues{Paused: of("2")}}
	control.Announcements = &imv1alpha1.StateAnnouncements{Paused: of("back soon")}
	live := control.DeepCopy()
	live.State = imv1alpha1.RoomLive
	silent := manual(imv1alpha1.RoomPaused)
	for _, c := range []struct {
		name         string
		control      *imv1alpha1.StateControl
		speech       imv1alpha1.Speech
		announcement string
		wantSpeech   imv1alpha1.Speech
		wantField    string
	}{
		{"paused", control, "", "back soon", imv1alpha1.SpeechMuted, "2"},
		{"paused, whatever spec.speech says", control, imv1alpha1.SpeechEveryone, "back soon", imv1alpha1.SpeechMuted, "2"},
		{"live, managed by nobody else", live, "", own, imv1alpha1.SpeechEveryone, "Live"},
		{"live, as spec.speech says", live, imv1alpha1.SpeechMuted, own, imv1alpha1.SpeechMuted, "Live"},
		{"nothing to decide", silent, "", own, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := Desired{Announcement: &own, Speech: c.speech}
			state := stateAt(c.control, nil, openAt)
			state.direct(c.control, &d)
			field, _ := d.stateField(c.control)
			if d.Speech != c.wantSpeech || *d.Announcement != c.announcement || field.Value != c.wantField {
				t.Errorf("got %q, %q, %q", d.Speech, *d.Announcement, field.Value)
			}
		})
	}
}

// The state field is written before all others and by its own path.
func TestStateFieldIsPlanned(t *testing.T) {
	t.Parallel()
	field := Value{Key: "room_status", Value: "Live", Path: pathStateField, Declared: true, Registration: imv1alpha1.RegistrationRegistered}
	changes := plan(Desired{Name: "n", Fields: []Value{field}}, Observed{Group: &im.Group{Name: "n", Fields: map[string]string{"room_status": "Paused"}}})
	if len(changes) != 1 || changes[0].Path != pathStateField || changes[0].Value != (im.Field{Key: "room_status", Value: "Live"}) {
		t.Errorf("got %v", changes)
	}
}
