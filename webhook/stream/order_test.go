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

package stream

import (
	"math/rand/v2"
	"reflect"
	"strconv"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

const (
	css  = imv1alpha1.StreamTypeCSS
	trtc = imv1alpha1.StreamTypeTRTC
	// zero is 2026-01-01T00:00:00Z in milliseconds.
	zero = int64(1767225600000)
)

func number[T any](n T) *T { return &n }

func start(push string, second int64) Event {
	return Event{Kind: Started, Push: push, Time: zero + 1000*second}
}

func end(push string, second int64, code int32, sub ...int32) Event {
	e := Event{Kind: Ended, Push: push, Time: zero + 1000*second, Code: code}
	if len(sub) > 0 {
		e.Sub = &sub[0]
	}
	return e
}

func session(kind int32, millis int64, reason ...int32) Event {
	e := Event{Kind: Session, Type: kind, Time: zero + millis, User: "anchor"}
	if kind == RoomCreated || kind == RoomDismissed {
		e.User = ""
	}
	if len(reason) > 0 {
		e.Code = reason[0]
	}
	return e
}

func at(second int64) metav1.Time { return metav1.NewTime(time.UnixMilli(zero + 1000*second)) }

func active(second int64) imv1alpha1.RoomStreamStatus {
	return imv1alpha1.RoomStreamStatus{State: imv1alpha1.StreamActive, Since: at(second)}
}

func inactive(second int64, code *int32, cause string) imv1alpha1.RoomStreamStatus {
	return imv1alpha1.RoomStreamStatus{State: imv1alpha1.StreamInactive, Since: at(second), DisconnectCode: code, DisconnectCause: cause}
}

// permutations calls visit with every order of the events.
func permutations(events []Event, visit func([]Event)) {
	if len(events) > 8 {
		panic("too many")
	}
	order := append([]Event(nil), events...)
	var permute func(int)
	permute = func(n int) {
		if n == len(order) {
			visit(order)
			return
		}
		for i := n; i < len(order); i++ {
			order[n], order[i] = order[i], order[n]
			permute(n + 1)
			order[n], order[i] = order[i], order[n]
		}
	}
	permute(0)
}

// folded is what comes of events, stored and loaded after each one, as a process
// that is killed again and again has it.
func folded(t *testing.T, events []Event, storing bool) *Room {
	t.Helper()
	room := &Room{}
	for i := range events {
		room.Apply(&events[i])
		if !storing {
			continue
		}
		data, err := room.AppendState(nil)
		if err != nil {
			t.Fatal(err)
		}
		if room, err = LoadRoom(data); err != nil {
			t.Fatal(err)
		}
	}
	return room
}

const (
	hostStopped = "the host stopped the push"
	replaced    = "another push of the same stream replaced it"
	left        = "the host left the TRTC room"
	lost        = "the connection of the host was lost"
	dismissed   = "the TRTC room was dismissed"
	switchedOff = "the host switched picture and sound off"
)

// Each set of events has one right state, whatever the order in which callbacks
// come, and however often each of them does.
func TestEveryOrderEndsInTheRightState(t *testing.T) {
	for name, c := range map[string]struct {
		kind   imv1alpha1.StreamType
		events []Event
		want   imv1alpha1.RoomStreamStatus
	}{
		"a push that goes on":                {css, []Event{start("1", 0)}, active(0)},
		"a push that has ended":              {css, []Event{start("1", 0), end("1", 60, 1)}, inactive(60, number(int32(1)), hostStopped)},
		"an end whose start was lost":        {css, []Event{end("1", 60, 12)}, inactive(60, number(int32(12)), "the network of the host failed")},
		"a start of zero length":             {css, []Event{start("1", 5), end("1", 5, 1)}, inactive(5, number(int32(1)), hostStopped)},
		"two pushes, the second goes on":     {css, []Event{start("1", 0), end("1", 60, 1), start("2", 90)}, active(90)},
		"two pushes, both ended":             {css, []Event{start("1", 0), end("1", 60, 1), start("2", 90), end("2", 120, 8)}, inactive(120, number(int32(8)), "the encoder sent no data for a long time")},
		"the second replaces the first":      {css, []Event{start("1", 0), start("2", 30), end("1", 31, 21, 102)}, active(30)},
		"the second replaces, and ends":      {css, []Event{start("1", 0), start("2", 30), end("1", 31, 21, 102), end("2", 50, 21, 101)}, inactive(50, number(int32(21)), "the stream was forbidden by a call of the API")},
		"the second ends before the first":   {css, []Event{start("1", 0), start("2", 30), end("2", 40, 1), end("1", 70, 21, 102)}, inactive(40, number(int32(1)), hostStopped)},
		"the first lost its start":           {css, []Event{end("1", 31, 21, 102), start("2", 40)}, active(40)},
		"the first lost its start, at once":  {css, []Event{end("1", 40, 21, 102), start("2", 40)}, active(40)},
		"the first lost its start, duration": {css, []Event{{Kind: Ended, Push: "1", Time: zero + 41000, Lasted: 41000, Code: 21}, start("2", 40)}, active(40)},
		"numbers beyond 64 bits, one second": {css, []Event{start("99999999999999999999", 7), start("100000000000000000000", 7), end("99999999999999999999", 8, 1)}, active(7)},
		"three pushes":                       {css, []Event{start("1", 0), end("1", 60, 1), start("2", 60), end("2", 61, 12), start("3", 61), end("3", 70, 37)}, inactive(70, number(int32(37)), "nobody watched, and the stream was stopped")},

		"a host who sends": {trtc, []Event{session(RoomCreated, 0), session(UserEntered, 10, 1), session(VideoStarted, 2000), session(AudioStarted, 3000)}, active(2)},
		"a host who is there and sends nothing": {trtc, []Event{session(RoomCreated, 0), session(UserEntered, 1500, 1)},
			inactive(0, nil, "")},
		"a host who leaves": {trtc, []Event{session(VideoStarted, 2000), session(AudioStarted, 2100), session(UserLeft, 9000, 1)},
			inactive(9, number(int32(1)), left)},
		"a host who is lost, and comes back":           {trtc, []Event{session(UserEntered, 0, 1), session(VideoStarted, 1000), session(UserLeft, 5000, 2), session(UserEntered, 6000, 3), session(VideoStarted, 7000)}, active(7)},
		"a host whose leaving was not told":            {trtc, []Event{session(VideoStarted, 1000), session(UserEntered, 6000, 1)}, inactive(6, nil, "the host entered the TRTC room anew")},
		"a host who changes networks":                  {trtc, []Event{session(UserEntered, 0, 1), session(VideoStarted, 1000), session(UserEntered, 6000, 2)}, active(1)},
		"a picture is switched off, the sound goes on": {trtc, []Event{session(VideoStarted, 1000), session(AudioStarted, 2000), session(VideoStopped, 3000)}, active(1)},
		"picture and sound are switched off": {trtc, []Event{session(VideoStarted, 1000), session(AudioStarted, 2000), session(VideoStopped, 3000), session(AudioStopped, 4000), session(UserLeft, 8000, 1)},
			inactive(4, nil, switchedOff)},
		"only a screen is shared": {trtc, []Event{session(VideoStarted, 1000), session(VideoStopped, 2000), session(ScreenStarted, 1900)}, active(1)},
		"two sessions": {trtc, []Event{
			session(RoomCreated, 0), session(VideoStarted, 1000), session(UserLeft, 2000, 2), session(RoomDismissed, 2001),
			session(RoomCreated, 3000), session(VideoStarted, 4000), session(RoomDismissed, 5000),
		}, inactive(5, nil, dismissed)},
		"two sessions in a millisecond": {trtc, []Event{session(VideoStarted, 1000), session(UserLeft, 2000, 2), session(RoomDismissed, 2000)},
			inactive(2, number(int32(2)), lost)},
		"what happens in the TRTC room counts, not its copy": {trtc, []Event{session(VideoStarted, 1000), start("1", 3), session(UserLeft, 9000, 1)}, inactive(9, number(int32(1)), left)},
		"only the copy is told of":                           {trtc, []Event{start("1", 3)}, active(3)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := 0
			permutations(c.events, func(order []Event) {
				n++
				if got := folded(t, order, n%7 == 0).Status(c.kind, "anchor"); got == nil || !reflect.DeepEqual(*got, c.want) {
					t.Fatalf("%+v\ngives %+v\nwant  %+v", order, got, c.want)
				}
				if len(order) > 5 {
					return
				}
				// Every event once more, after the others and among them.
				for i := range order {
					twice := append(append([]Event(nil), order...), order[i])
					if got := folded(t, twice, false).Status(c.kind, "anchor"); !reflect.DeepEqual(*got, c.want) {
						t.Fatalf("%+v\ngives %+v\nwant  %+v", twice, got, c.want)
					}
				}
			})
		})
	}
}

// Many sessions that follow one another end in the state of the last, in any order
// in which callbacks can come while some are tried again: each moves by less than
// what is remembered.
func TestLongHistories(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 40 {
		var pushes, sessions []Event
		for i := range int64(60) {
			name := strconv.FormatInt(6674468118806626493+i, 10)
			pushes = append(pushes, start(name, 10*i), end(name, 10*i+9, int32(i%40)))
			sessions = append(sessions, session(VideoStarted, 10_000*i), session(UserLeft, 10_000*i+9000, int32(i%5+1)))
		}
		for _, events := range [][]Event{pushes, sessions} {
			for i := range events {
				j := i + random.IntN(min(8, len(events)-i))
				events[i], events[j] = events[j], events[i]
			}
		}
		if got := folded(t, pushes, false); got.Status(css, "").Since != at(599) || len(got.Pushes) != maxPushes {
			t.Fatalf("round %d: %d pushes, %+v", round, len(got.Pushes), got.Status(css, ""))
		}
		if got := folded(t, sessions, true); got.Status(trtc, "anchor").Since != at(599) || len(got.TRTC.Moments) != maxMoments {
			t.Fatalf("round %d: %d moments, %+v", round, len(got.TRTC.Moments), got.Status(trtc, "anchor"))
		}
	}
}

// An attempt that is refused does not end what goes on, however many there are and in
// whichever order they are told of.
func TestRefusedPushes(t *testing.T) {
	wrong := "refused: the txSecret of the push URL is wrong"
	permutations([]Event{start("100", 0), end("101", 60, 18, 503), end("102", 61, 19)}, func(order []Event) {
		if got := folded(t, order, false).Status(css, ""); !reflect.DeepEqual(*got, active(0)) {
			t.Fatalf("%+v gives %+v", order, got)
		}
	})
	if got := folded(t, []Event{end("101", 60, 18, 503)}, true).Status(css, ""); !reflect.DeepEqual(*got, inactive(60, number(int32(18)), wrong)) {
		t.Errorf("an attempt alone gives %+v", got)
	}
	// One that was let in, and whose end says the same, has ended.
	permutations([]Event{start("100", 0), end("100", 60, 18, 503)}, func(order []Event) {
		if got := folded(t, order, false).Status(css, ""); !reflect.DeepEqual(*got, inactive(60, number(int32(18)), wrong)) {
			t.Fatalf("%+v gives %+v", order, got)
		}
	})
	many := []Event{start("100", 0)}
	for i := range 3 * maxPushes {
		many = append(many, end(strconv.Itoa(1000+i), int64(60+i), 18, 503))
	}
	if got := folded(t, many, true).Status(css, ""); !reflect.DeepEqual(*got, active(0)) {
		t.Errorf("many attempts give %+v", got)
	}
}

// In a TRTC room the copy counts until picture or sound is told of.
func TestCopyCountsUntilMediaAreHeardOf(t *testing.T) {
	entered := session(UserEntered, 0, enteredNormally)
	permutations([]Event{entered, start("100", 2)}, func(order []Event) {
		if got := folded(t, order, true).Status(trtc, "anchor"); !reflect.DeepEqual(*got, active(2)) {
			t.Fatalf("%+v gives %+v", order, got)
		}
	})
	permutations([]Event{entered, start("100", 2), session(VideoStarted, 1000), session(VideoStopped, 5000)}, func(order []Event) {
		if got := folded(t, order, true).Status(trtc, "anchor"); got.State != imv1alpha1.StreamInactive || got.Since != at(5) {
			t.Fatalf("%+v gives %+v", order, got)
		}
	})
}

// What was heard of one stream of a room means nothing for the one that it has later.
func TestAnotherStream(t *testing.T) {
	of := func(identity string, e Event) Event { e.Stream = identity; return e }
	events := []Event{of("css/a", start("1", 0)), of("css/b", start("2", 100)), of("css/a", end("1", 50, 1)), of("css/b", end("2", 200, 1))}
	for n, want := range []imv1alpha1.StreamState{imv1alpha1.StreamActive, imv1alpha1.StreamActive, imv1alpha1.StreamActive, imv1alpha1.StreamInactive} {
		room := folded(t, events[:n+1], true)
		identity := "css/b"
		if n == 0 {
			identity = "css/a"
			if got := room.Of("css/b").Condition(css, ""); got.Reason != imv1alpha1.ReasonAwaitingCallback {
				t.Errorf("the next stream has %+v", got)
			}
		}
		if got := room.Of(identity).Status(css, ""); got == nil || got.State != want {
			t.Errorf("after %d events %s is %+v", n+1, identity, got)
		}
	}
	if got := folded(t, events[2:3], true).Of("css/a").Status(css, ""); got.State != imv1alpha1.StreamInactive {
		t.Errorf("an end alone gives %+v", got)
	}
}

// One that was let in and whose end comes first is no attempt, however many follow.
func TestEndBeforeStartAmongRefusals(t *testing.T) {
	forbidden := end("100", 60, 18, 305)
	forbidden.Lasted = 60_000
	events := []Event{forbidden}
	for i := range 3 * maxRefused {
		attempt := end(strconv.Itoa(1000+i), int64(61+i), 18, 305)
		attempt.Lasted = 40 // to refuse it took that long
		events = append(events, attempt)
	}
	events = append(events, start("100", 0))
	if got := folded(t, events, true).Status(css, ""); got.State != imv1alpha1.StreamInactive {
		t.Errorf("it is %+v", got)
	}
}

// What was stored before streams had an identity goes on.
func TestStreamWithoutIdentity(t *testing.T) {
	picture := Event{Kind: Pictured, Stream: "css/a", Time: zero + 5000, URL: "https://files.example.com/a.jpg"}
	want := active(0)
	want.LastScreenshot = &imv1alpha1.StreamFile{URL: picture.URL, Time: at(5)}
	if got := folded(t, []Event{start("100", 0), picture}, true).Of("css/a").Status(css, ""); !reflect.DeepEqual(*got, want) {
		t.Errorf("it is %+v", got)
	}
}
