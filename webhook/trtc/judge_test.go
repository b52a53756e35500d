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

package trtc

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/live"
	"github.com/liveroom-io/liveroom-operator/webhook/directory"
	"github.com/liveroom-io/liveroom-operator/webhook/stream"
	"github.com/liveroom-io/liveroom-operator/webhook/stream/intake"
	"github.com/liveroom-io/liveroom-operator/webhook/stream/streamtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	sdkAppID = "1400000000"
	key      = "trtckey2026"
	roomUID  = "8d2c"
	// r1 to r3 are the bodies of vectors R1 to R3.
	r1     = "{\n\t\"EventGroupId\":\t2,\n\t\"EventType\":\t204,\n\t\"CallbackTs\":\t1664209748188,\n\t\"EventInfo\":\t{\n\t\t\"RoomId\":\t8489,\n\t\t\"EventTs\":\t1664209748,\n\t\t\"EventMsTs\":\t1664209748180,\n\t\t\"UserId\":\t\"user_85034614\",\n\t\t\"Reason\":\t0\n\t}\n}"
	r1Key  = "123654"
	r1Sign = "kkoFeO3Oh2ZHnjtg8tEAQhtXK16/KI05W3BQff8IvGA="
	r2     = `{"EventGroupId":1,"EventType":103,"CallbackTs":1767225600123,"EventInfo":{"RoomId":12345,"EventTs":1767225600,"EventMsTs":1767225600100,"UserId":"anchor01","Role":20,"TerminalType":100,"UserType":1,"Reason":1}}`
	r2Sign = "kwT3WNaGx2LNXb+EjALkvuPB+jJV28Jy1/dNx7VWoL0="
	r3     = `{"EventGroupId":1,"EventType":102,"CallbackTs":1767229200456,"EventInfo":{"RoomId":"room-7","EventTs":1767229200,"EventMsTs":1767229200400}}`
	r3Sign = "5ofuMRpwIlStXYW4DTg55JRorvBPaEa2oNSm1uPmdl4="
	// sent is when the callback of R2 was sent, in milliseconds.
	sent = int64(1767225600123)
)

var appKey = types.NamespacedName{Namespace: "shop", Name: "live"}

type stage struct{ *streamtest.Stage }

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{streamtest.New(t, intake.TRTC, New, time.UnixMilli(sent))}
	s.Directory.PutApp(&directory.App{
		Key: appKey, SDKAppID: 1400000000, TRTC: intake.TRTC.Receiver(key, r1Key, appKey.Namespace, appKey.Name),
	})
	s.declare("show", roomUID, 12345, "anchor01")
	s.declare("other", "uid-8489", 8489, "user_85034614")
	return s
}

// declare a room.
func (s *stage) declare(name, uid string, roomID int64, pusher string) {
	room := &imv1alpha1.LiveRoom{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, UID: types.UID(uid)}}
	room.Spec.AppRef.Name = appKey.Name
	room.Spec.Stream = &imv1alpha1.RoomStream{Type: imv1alpha1.StreamTypeTRTC, TRTC: &imv1alpha1.TRTCStream{
		RoomID: roomID, Pusher: imv1alpha1.UserReference{UserID: pusher},
	}}
	room.Status.GroupID = name
	room.Status.Conditions = []metav1.Condition{{Type: imv1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: imv1alpha1.ReasonAsDeclared}}
	s.Directory.PutRoom(room)
}

func path(key string) string { return intake.TRTC.Path(key, appKey.Namespace, appKey.Name) }

// signed is the head of a callback.
func signed(sign string) http.Header {
	return http.Header{"Sign": {sign}, "Sdkappid": {sdkAppID}, "Content-Type": {"application/json"}}
}

// callback of an event that happened and is told some milliseconds after R2.
func callback(group, kind int, after int64, fields map[string]any) string {
	info := map[string]any{"RoomId": 12345, "EventTs": (sent + after) / 1000, "EventMsTs": sent + after, "UserId": "anchor01"}
	maps.Copy(info, fields)
	for name, value := range info {
		if value == nil {
			delete(info, name)
		}
	}
	body, err := json.Marshal(map[string]any{"EventGroupId": group, "EventType": kind, "CallbackTs": sent + after, "EventInfo": info, "New": []int{1}})
	if err != nil {
		panic(err)
	}
	return string(body)
}

func (s *stage) send(body string) (int, string) {
	s.T.Helper()
	return s.Send(path(key), signed(live.RoomCallbackSign(key, []byte(body))), body)
}

func (s *stage) takes(body string) {
	s.T.Helper()
	if status, answer := s.send(body); status != 200 || answer != `{"code":0}` {
		s.T.Errorf("answered %d %s", status, answer)
	}
}

func (s *stage) counted(want map[string]float64) {
	s.T.Helper()
	if got := s.Counts(); !maps.Equal(got, want) {
		s.T.Errorf("counted %v, want %v", got, want)
	}
}

func (s *stage) status(uid, pusher string) *imv1alpha1.RoomStreamStatus {
	s.T.Helper()
	return s.Room(uid).Status(imv1alpha1.StreamTypeTRTC, pusher)
}

func (s *stage) shows(want imv1alpha1.RoomStreamStatus) {
	s.T.Helper()
	if got := s.status(roomUID, "anchor01"); !reflect.DeepEqual(got, &want) {
		s.T.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func since(millis int64) metav1.Time {
	return metav1.NewTime(time.UnixMilli(millis).Truncate(time.Second))
}

func TestVectors(t *testing.T) {
	s := newStage(t)
	for _, v := range []struct{ key, body, sign, outcome string }{
		{r1Key, r1, r1Sign, "trtc/audio_stopped/written"},
		{key, r2, r2Sign, "trtc/user_entered/written"},
		{key, r3, r3Sign, "trtc/room_dismissed/unassigned"},
	} {
		var c struct {
			Sent int64 `json:"CallbackTs"`
		}
		if err := json.Unmarshal([]byte(v.body), &c); err != nil {
			t.Fatal(err)
		}
		s.Clock.SetTime(time.UnixMilli(c.Sent))
		if status, answer := s.Send(path(v.key), signed(v.sign), v.body); status != 200 || answer != `{"code":0}` || s.Counts()[v.outcome] != 1 {
			t.Errorf("%s\nanswered %d %s, counted %v", v.body, status, answer, s.Counts())
		}
	}
	s.shows(imv1alpha1.RoomStreamStatus{State: imv1alpha1.StreamInactive, Since: since(1767225600100)})
	if got := s.status("uid-8489", "user_85034614"); got == nil || got.Since != since(1664209748180) {
		t.Errorf("got %+v", got)
	}
	if heard := s.App(appKey.String()).Heard; len(heard) != 2 {
		t.Errorf("heard %v", heard)
	}
}

// A session from the entry of the host to the end of the room.
func TestSession(t *testing.T) {
	s := newStage(t)
	s.takes(callback(1, 101, 0, nil))
	s.takes(callback(1, 103, 1000, map[string]any{"Role": 20, "Reason": 1}))
	s.takes(callback(2, 201, 2000, nil))
	s.takes(callback(2, 203, 2100, nil))
	s.takes(callback(1, 103, 2200, map[string]any{"UserId": "viewer", "Reason": 1}))
	s.takes(callback(2, 202, 2300, map[string]any{"UserId": "viewer", "Reason": 0}))
	s.takes(callback(1, 105, 2400, map[string]any{"Role": 20}))
	s.takes(callback(4, 401, 0, map[string]any{
		"RoomId": "12345", "RoomType": 0, "EventMsTs": nil, "EventTsMs": fmt.Sprint(sent + 3000), "UserId": "robot", "TaskId": 7,
		"Payload": map[string]any{"Url": "rtmp://push.example.com/live/a?txSecret=x", "Status": 2},
	}))
	s.Restart()
	s.shows(imv1alpha1.RoomStreamStatus{State: imv1alpha1.StreamActive, Since: since(sent + 2000), Relay: "Running"})
	s.takes(callback(1, 104, 9000, map[string]any{"Reason": 5}))
	s.takes(callback(1, 102, 9500, map[string]any{"RoomId": "12345", "UserId": nil}))
	s.shows(imv1alpha1.RoomStreamStatus{
		State: imv1alpha1.StreamInactive, Since: since(sent + 9000), Relay: "Running",
		DisconnectCause: "the application of the host was ended", DisconnectCode: new(int32(5)),
	})
	s.counted(map[string]float64{
		"trtc/room_created/written": 1, "trtc/user_entered/written": 1, "trtc/user_entered/ignored": 1, "trtc/video_started/written": 1,
		"trtc/audio_started/written": 1, "trtc/video_stopped/ignored": 1, "trtc/other/ignored": 1, "trtc/relay/written": 1,
		"trtc/user_left/written": 1, "trtc/room_dismissed/written": 1,
	})
}

// A callback that is forged, replayed, too old or of somebody else changes nothing.
func TestWhatIsNotGenuineChangesNothing(t *testing.T) {
	s := newStage(t)
	s.takes(callback(2, 201, 0, nil))
	want := imv1alpha1.RoomStreamStatus{State: imv1alpha1.StreamActive, Since: since(sent)}
	s.shows(want)
	entries := s.Entries()

	dismissal := callback(1, 102, 100, nil)
	genuine := live.RoomCallbackSign(key, []byte(dismissal))
	without := func(name string) http.Header {
		header := signed(genuine)
		delete(header, name)
		return header
	}
	of := func(sdkAppID string) http.Header {
		header := signed(genuine)
		header.Set("SdkAppId", sdkAppID)
		return header
	}
	own := func(body string) http.Header { return signed(live.RoomCallbackSign(key, []byte(body))) }
	late := callback(1, 102, -20*60*1000-1, nil)
	early := callback(1, 102, 60*1000+1, nil)
	later := callback(1, 102, 100, map[string]any{"EventMsTs": sent + 901_000})
	long := callback(1, 102, 100, map[string]any{"X": strings.Repeat("x", 64<<10)})
	for name, c := range map[string]struct {
		header  http.Header
		body    string
		status  int
		message string
	}{
		"another body":                     {signed(genuine), dismissal + " ", 403, "forged"},
		"another sign":                     {signed(r2Sign), dismissal, 403, "forged"},
		"a sign by the former key":         {signed(live.RoomCallbackSign(r1Key, []byte(dismissal))), dismissal, 403, "forged"},
		"a sign that is none":              {signed("x"), dismissal, 403, "forged"},
		"no sign":                          {without("Sign"), dismissal, 403, "unsigned"},
		"another SDKAppID":                 {of("1400000001"), dismissal, 403, "wrong_app"},
		"no SDKAppID":                      {without("Sdkappid"), dismissal, 403, "wrong_app"},
		"more than 20 minutes old":         {own(late), late, 403, "stale"},
		"more than a minute ahead":         {own(early), early, 403, "stale"},
		"of what has not happened yet":     {own(later), later, 400, "implausible"},
		"a long body":                      {own(long), long, 413, "oversized"},
		"no JSON":                          {own("x"), "x", 400, "malformed"},
		"nothing":                          {own(""), "", 400, "malformed"},
		"an empty object":                  {own("{}"), "{}", 400, "malformed"},
		"without a room":                   {own(callback(1, 102, 0, map[string]any{"RoomId": nil})), callback(1, 102, 0, map[string]any{"RoomId": nil}), 400, "malformed"},
		"with a room that is an object":    {own(callback(1, 102, 0, map[string]any{"RoomId": map[string]any{}})), callback(1, 102, 0, map[string]any{"RoomId": map[string]any{}}), 400, "malformed"},
		"without a time":                   {own(callback(1, 102, 0, map[string]any{"EventMsTs": nil, "EventTs": nil})), callback(1, 102, 0, map[string]any{"EventMsTs": nil, "EventTs": nil}), 400, "implausible"},
		"nested":                           {own(strings.Repeat("[", 100)), strings.Repeat("[", 100), 400, "nested"},
		"by a signature of CSS in the URL": {nil, dismissal, 403, "unsigned"},
	} {
		want := fmt.Sprintf(`{"code":%d,"message":%q}`, c.status, c.message)
		if status, answer := s.Send(path(key), c.header, c.body); status != c.status || answer != want {
			t.Errorf("%s: answered %d %s", name, status, answer)
		}
	}
	s.shows(want)
	if s.Entries() != entries {
		t.Errorf("%d entries were written", s.Entries()-entries)
	}
}

// TRTC repeats the same bytes for a minute; whoever repeats them later, or after a
// restart, changes nothing either.
func TestReplays(t *testing.T) {
	s := newStage(t)
	started, leaving := callback(2, 201, 0, nil), callback(1, 104, 1000, map[string]any{"Reason": 2})
	s.takes(leaving)
	s.takes(started)
	want := imv1alpha1.RoomStreamStatus{
		State: imv1alpha1.StreamInactive, Since: since(sent + 1000), DisconnectCause: "the connection of the host was lost", DisconnectCode: new(int32(2)),
	}
	s.shows(want)
	for _, minutes := range []int{0, 1, 19} {
		s.Clock.SetTime(time.UnixMilli(sent).Add(time.Duration(minutes) * time.Minute))
		s.takes(started)
		s.shows(want)
		s.Restart()
	}
	s.Clock.SetTime(time.UnixMilli(sent).Add(20*time.Minute + time.Millisecond))
	if status, answer := s.send(started); status != 403 || answer != `{"code":403,"message":"stale"}` {
		t.Errorf("answered %d %s", status, answer)
	}
	s.shows(want)
	s.counted(map[string]float64{"trtc/video_started/written": 1, "trtc/user_left/written": 1, "trtc/video_started/duplicate": 3, "trtc/stale": 1})
}

// Rooms go by their number, as a number or as a text; those of another kind are none.
func TestRooms(t *testing.T) {
	for name, c := range map[string]struct {
		fields map[string]any
		want   string
	}{
		"a number":                  {map[string]any{}, "written"},
		"a number as a text":        {map[string]any{"RoomId": "12345"}, "written"},
		"a text":                    {map[string]any{"RoomId": "room-7"}, "unassigned"},
		"a text that says so":       {map[string]any{"RoomId": "12345", "RoomType": 1}, "unassigned"},
		"zero":                      {map[string]any{"RoomId": 0}, "unassigned"},
		"a negative number":         {map[string]any{"RoomId": -12345}, "unassigned"},
		"a fraction":                {map[string]any{"RoomId": 12345.5}, "unassigned"},
		"more than 32 bits":         {map[string]any{"RoomId": 12345 + 1<<32}, "unassigned"},
		"a room that nobody claims": {map[string]any{"RoomId": 1}, "unassigned"},
	} {
		s := newStage(t)
		s.takes(callback(1, 101, 0, c.fields))
		if got := s.Counts()["trtc/room_created/"+c.want]; got != 1 {
			t.Errorf("%s: counted %v", name, s.Counts())
		}
	}
}

// The states of a copy to the CDN, in whatever order they come.
func TestRelay(t *testing.T) {
	s := newStage(t)
	state := func(after int64, status int) string {
		return callback(4, 401, after, map[string]any{"UserId": "robot", "TaskId": "t", "Payload": map[string]any{"Status": status, "ErrorMsg": "rtmp://secret"}})
	}
	for _, body := range []string{state(5000, 4), state(1000, 1), state(2000, 2), state(6000, 0), state(3000, 3), state(6000, 0), state(7000, 9)} {
		s.takes(body)
	}
	s.shows(imv1alpha1.RoomStreamStatus{State: imv1alpha1.StreamInactive, Since: since(sent + 1000), Relay: "Idle"})
	s.counted(map[string]float64{"trtc/relay/written": 5, "trtc/relay/duplicate": 1, "trtc/relay/ignored": 1})
}

// An answer with its head has at most 2000 bytes.
func TestAnswersAreSmall(t *testing.T) {
	s := newStage(t)
	for _, body := range []string{callback(2, 201, 0, nil), "{"} {
		if _, answer := s.send(body); len(answer) > 200 {
			t.Errorf("%d bytes", len(answer))
		}
	}
}

// FuzzCallback has anything judged that is signed.
func FuzzCallback(f *testing.F) {
	for _, body := range []string{r1, r2, r3, callback(4, 401, 0, map[string]any{"TaskId": 1, "Payload": map[string]any{"Status": 2}}), callback(1, 104, 0, map[string]any{"Reason": "2"})} {
		f.Add([]byte(body))
	}
	known := directory.New()
	app := &directory.App{Key: appKey, SDKAppID: 1400000000}
	known.PutApp(app)
	s := &stage{&streamtest.Stage{Directory: known}}
	s.declare("show", roomUID, 12345, "anchor01")
	says := judge(known)
	now := time.UnixMilli(sent)
	f.Fuzz(func(t *testing.T, body []byte) {
		header := http.Header{}
		header.Set("Sign", live.RoomCallbackSign(key, body))
		header.Set("SdkAppId", sdkAppID)
		verdict := says(&intake.Call{App: app, Key: key, Header: header, Body: body, Now: now})
		if e := verdict.Event; e != nil {
			if verdict.Rejection != "" || e.Room != roomUID || e.ID == "" || !intake.Plausible(e.Time, now) {
				t.Fatalf("%+v", verdict)
			}
			(&stream.Room{}).Apply(e)
		}
	})
}
