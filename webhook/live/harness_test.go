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

package live

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
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
	key     = "cbkey2026"
	former  = "the key before"
	roomUID = "8d2c"
	// pushed is when the push of vector C1 started, ended when it did (C2).
	pushed = 1767225600
	ended  = 1767229200
)

// c1 and c2 are the bodies of vectors C1 and C2.
const (
	c1 = `{"app":"push.example.com","appid":1250000000,"appname":"live","channel_id":"show42_main","errcode":0,"errmsg":"ok",
 "event_time":1767225600,"event_type":1,"set_id":2,"node":"198.51.100.92","sequence":"6674468118806626493",
 "stream_id":"show42_main","stream_param":"txSecret=44f826f9988eee52f27700c6d9c739e4&txTime=6955B900",
 "user_ip":"203.0.113.45","width":0,"height":0,"sign":"6d9af29f32348908624449195eb2cfaa","t":1767226200}`
	c2 = `{"app":"push.example.com","appid":1250000000,"appname":"live","channel_id":"show42_main","event_type":0,"event_time":1767229200,
 "push_duration":"3600000","errcode":1,"errmsg":"The push client actively stopped the push","set_id":2,"node":"198.51.100.92","sequence":"6674468118806626493",
 "stream_id":"show42_main","stream_param":"txSecret=44f826f9988eee52f27700c6d9c739e4&txTime=6955B900",
 "user_ip":"203.0.113.45","width":0,"height":0,"t":1767229800,"sign":"3105551823384de368529e0af2ed9b99"}`
)

var (
	appKey  = types.NamespacedName{Namespace: "shop", Name: "live"}
	keyless = types.NamespacedName{Namespace: "shop", Name: "keyless"}
)

type stage struct{ *streamtest.Stage }

// newStage is one with an application and the room of the vectors, at the time of C1.
func newStage(t *testing.T, changes ...func(*directory.App)) *stage {
	t.Helper()
	s := &stage{streamtest.New(t, intake.Live, New, time.Unix(pushed, 0))}
	app := &directory.App{
		Key: appKey, SDKAppID: 1400000000, Live: intake.Live.Receiver(key, former, appKey.Namespace, appKey.Name),
		Origin: directory.Origin{AppID: 1250000000, PushDomain: "push.example.com", AppName: "live"},
	}
	for _, change := range changes {
		change(app)
	}
	s.Directory.PutApp(app)
	room := &imv1alpha1.LiveRoom{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "show42", UID: roomUID}}
	room.Spec.AppRef.Name = appKey.Name
	room.Spec.Stream = &imv1alpha1.RoomStream{Type: imv1alpha1.StreamTypeCSS, CSS: &imv1alpha1.CSSStream{StreamName: "show42_main"}}
	room.Status.GroupID = "show42"
	room.Status.Conditions = []metav1.Condition{{Type: imv1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: imv1alpha1.ReasonAsDeclared}}
	s.Directory.PutRoom(room)
	return s
}

func path(key string) string { return intake.Live.Path(key, appKey.Namespace, appKey.Name) }

// at sets the clock to a second.
func (s *stage) at(second int64) { s.Clock.SetTime(time.Unix(second, 0)) }

// takes sends a callback that must be taken.
func (s *stage) takes(body string) {
	s.T.Helper()
	if status, answer := s.Send(path(key), nil, body); status != 200 || answer != `{"code":0}` {
		s.T.Errorf("answered %d %s", status, answer)
	}
}

// refuses sends a callback that must not be taken.
func (s *stage) refuses(body string, status int, message string) {
	s.T.Helper()
	want := fmt.Sprintf(`{"code":%d,"message":%q}`, status, message)
	if got, answer := s.Send(path(key), nil, body); got != status || answer != want {
		s.T.Errorf("answered %d %s, want %s", got, answer, want)
	}
}

// callback is a genuine one that is sent at a second.
func callback(sent int64, fields map[string]any) string {
	t := sent + 600
	all := map[string]any{
		"appid": 1250000000, "app": "push.example.com", "appname": "live", "stream_id": "show42_main", "channel_id": "show42_main",
		"t": t, "sign": live.CallbackSign(key, t),
	}
	maps.Copy(all, fields)
	for name, value := range all {
		if value == nil {
			delete(all, name)
		}
	}
	body, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	return string(body)
}

func (s *stage) counted(want map[string]float64) {
	s.T.Helper()
	if got := s.Counts(); !maps.Equal(got, want) {
		s.T.Errorf("counted %v, want %v", got, want)
	}
}

// knows compares what is known of the room, apart from when it was heard of, and of
// which stream that is.
func (s *stage) knows(want stream.Room) {
	s.T.Helper()
	got := s.Room(roomUID)
	got.First, got.Newest, got.Day, got.Stream = 0, 0, 0, ""
	if !reflect.DeepEqual(*got, want) {
		s.T.Errorf("known\n%+v\nwant\n%+v", *got, want)
	}
}
