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

package directory

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

func css(name string) func(*imv1alpha1.LiveRoom) {
	return func(room *imv1alpha1.LiveRoom) {
		room.Spec.Stream = &imv1alpha1.RoomStream{Type: imv1alpha1.StreamTypeCSS, CSS: &imv1alpha1.CSSStream{StreamName: name}}
	}
}

func trtc(roomID int64, pusher imv1alpha1.UserReference) func(*imv1alpha1.LiveRoom) {
	return func(room *imv1alpha1.LiveRoom) {
		room.Spec.Stream = &imv1alpha1.RoomStream{Type: imv1alpha1.StreamTypeTRTC, TRTC: &imv1alpha1.TRTCStream{RoomID: roomID, Pusher: pusher}}
		room.Status.StreamName = "1400000000_12345_anchor01_main"
	}
}

func of(app string) func(*imv1alpha1.LiveRoom) {
	return func(room *imv1alpha1.LiveRoom) { room.Spec.AppRef.Name = app }
}

func streamApp(name, key string, origin Origin) *App {
	return &App{Key: types.NamespacedName{Namespace: "shop", Name: name}, Live: &Receiver{Keys: []ReceiverKey{{Key: key, Segment: "of " + key}}}, Origin: origin}
}

func TestStreamRoom(t *testing.T) {
	own := Origin{PushDomain: "push.example.com", AppName: "live", BizID: 8888}
	d := New()
	app := streamApp("live", "key", own)
	for _, a := range []*App{
		app,
		streamApp("sister", "key", Origin{PushDomain: "push.example.com", AppName: "live"}),
		streamApp("account", "key", Origin{AppID: 1250000000, PushDomain: "other.example.com", AppName: "live"}),
		streamApp("liar", "a key of its own", Origin{AppID: 1250000000, PushDomain: "push.example.com", AppName: "live"}),
		streamApp("numbered", "key", Origin{AppID: 1250000000, PushDomain: "numbered.example.com", AppName: "live"}),
		{Key: types.NamespacedName{Namespace: "shop", Name: "deaf"}, Origin: own},
	} {
		d.PutApp(a)
	}
	for _, room := range []*imv1alpha1.LiveRoom{
		liveRoom("own", css("show42"), younger),
		liveRoom("sisters", css("show42"), of("sister")),
		liveRoom("theirs", css("show7"), of("sister")),
		liveRoom("unnamed", css("")),
		liveRoom("relayed", trtc(12345, imv1alpha1.UserReference{UserID: "anchor01"})),
		liveRoom("accounts", css("show8"), of("account")),
		liveRoom("deaf", css("show9"), of("deaf")),
		liveRoom("first", css("twice")),
		liveRoom("second", css("twice"), younger),
	} {
		d.PutRoom(room)
	}
	for name, c := range map[string]struct {
		app    string
		source Source
		want   string
	}{
		"its own, though another's is older": {"live", Source{"push.example.com", "live", "show42"}, "own"},
		"by the same key and domain":         {"live", Source{"push.example.com", "live", "show7"}, "theirs"},
		"by the same key and account":        {"numbered", Source{"other.example.com", "live", "show8"}, "accounts"},
		"of somebody who has another key":    {"liar", Source{"push.example.com", "live", "show7"}, ""},
		"of the account of another key":      {"liar", Source{"other.example.com", "live", "show8"}, ""},
		"of one that takes no callbacks":     {"live", Source{"push.example.com", "live", "show9"}, ""},
		"the oldest of two":                  {"live", Source{"", "", "twice"}, "first"},
		"in capital letters":                 {"live", Source{"PUSH.example.com", "live", "show42"}, "own"},
		"without a name in spec":             {"live", Source{"push.example.com", "live", "shop-unnamed"}, "unnamed"},
		"at another domain":                  {"live", Source{"test.example.com", "live", "show42"}, ""},
		"under another AppName":              {"live", Source{"push.example.com", "test", "show42"}, ""},
		"unknown":                            {"live", Source{"push.example.com", "live", "show"}, ""},
		"of TRTC":                            {"live", Source{"8888.livepush.myqcloud.com", "live", "1400000000_12345_anchor01_main"}, "relayed"},
		"of TRTC in another account":         {"live", Source{"8889.livepush.myqcloud.com", "live", "1400000000_12345_anchor01_main"}, ""},
		"of TRTC, to the push domain":        {"live", Source{"push.example.com", "live", "1400000000_12345_anchor01_main"}, "relayed"},
		"a host's stream at TRTC's domain":   {"live", Source{"8888.livepush.myqcloud.com", "live", "show42"}, ""},
	} {
		from := d.App(types.NamespacedName{Namespace: "shop", Name: c.app})
		got := ""
		if room := d.StreamRoom(from, from.Live.Keys[0].Key, c.source); room != nil {
			got = room.Key.Name
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	d.RemoveRoom(roomKey("own"))
	d.PutRoom(liveRoom("first", css("renamed")))
	for name, want := range map[string]string{"show42": "sisters", "twice": "second", "renamed": "first"} {
		if room := d.StreamRoom(app, "key", Source{Name: name}); room == nil || room.Key.Name != want {
			t.Errorf("%s: got %+v", name, room)
		}
	}
}

func TestSessionRoom(t *testing.T) {
	d := New()
	byName := imv1alpha1.UserReference{UserID: "anchor01"}
	byAccount := imv1alpha1.UserReference{AccountRef: &imv1alpha1.AccountReference{Name: "host"}}
	d.PutRoom(liveRoom("named", trtc(1, byName)))
	d.PutRoom(liveRoom("referring", trtc(2, byAccount)))
	d.PutRoom(liveRoom("foreign", trtc(3, byAccount), of("other")))
	account := &imv1alpha1.ImAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "host", CreationTimestamp: metav1.NewTime(epoch.Add(time.Hour))}}
	account.Spec.AppRef.Name, account.Spec.UserID = live.Name, "anchor02"
	account.Status.Conditions = []metav1.Condition{{Type: imv1alpha1.ConditionImported, Status: metav1.ConditionTrue}}
	if got := d.Pusher(d.SessionRoom(live, 2)); got != "" {
		t.Errorf("an account that is not there is %q", got)
	}
	d.PutAccount(account)
	for id, want := range map[int64]string{1: "anchor01", 2: "anchor02"} {
		if room := d.SessionRoom(live, id); room == nil || d.Pusher(room) != want {
			t.Errorf("%d: got %+v", id, room)
		}
	}
	if room := d.SessionRoom(live, 3); room != nil {
		t.Errorf("a room of another application: %+v", room)
	}
	if got := d.Pusher(d.SessionRoom(types.NamespacedName{Namespace: "shop", Name: "other"}, 3)); got != "" {
		t.Errorf("the account of another application is %q", got)
	}
	d.RemoveRoom(roomKey("named"))
	if room := d.SessionRoom(live, 1); room != nil || len(d.sessions) != 2 {
		t.Errorf("still there: %+v", room)
	}
}

func TestKeyFor(t *testing.T) {
	r := &Receiver{Keys: []ReceiverKey{{"new", "a"}, {"old", "b"}, {"", "c"}}}
	for segment, want := range map[string]string{"a": "new", "b": "old", "c": "", "": "", "d": ""} {
		if got, ok := r.KeyFor(segment); got.Key != want || ok != (want != "") {
			t.Errorf("%s: got %+v", segment, got)
		}
	}
	if _, ok := (*Receiver)(nil).KeyFor("a"); ok {
		t.Error("no receiver has a key")
	}
}

// A stream that changes makes the room another one.
func TestRoomsWithOtherStreamsDiffer(t *testing.T) {
	d := New()
	for i, change := range []func(*imv1alpha1.LiveRoom){
		css("a"), css("b"), func(*imv1alpha1.LiveRoom) {}, trtc(1, imv1alpha1.UserReference{UserID: "a"}), trtc(1, imv1alpha1.UserReference{UserID: "b"}),
		trtc(1, imv1alpha1.UserReference{AccountRef: &imv1alpha1.AccountReference{Name: "b"}}),
	} {
		if !d.PutRoom(liveRoom("room", change)) || d.PutRoom(liveRoom("room", change)) {
			t.Errorf("%d: not seen", i)
		}
	}
	if len(d.streams) != 1 || len(d.sessions) != 1 {
		t.Errorf("left behind: %v, %v", d.streams, d.sessions)
	}
}

// A room that has lost its stream to an older one keeps its group.
func TestLostStream(t *testing.T) {
	d := New()
	app := streamApp("live", "key", Origin{PushDomain: "push.example.com", AppName: "live"})
	d.PutApp(app)
	lost := func(room *imv1alpha1.LiveRoom) {
		room.Status.Conditions = []metav1.Condition{
			{Type: imv1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: imv1alpha1.ReasonStreamConflict},
			{Type: imv1alpha1.ConditionStreamURLsIssued, Status: metav1.ConditionFalse, Reason: imv1alpha1.ReasonStreamConflict},
		}
	}
	d.PutRoom(liveRoom("one", css("show42"), lost))
	source := Source{Domain: "push.example.com", AppName: "live", Name: "show42"}
	if found := d.Room(live, "room_8801"); found == nil || !found.Stream.Lost {
		t.Errorf("the group is %+v", found)
	}
	if found := d.StreamRoom(app, "key", source); found != nil {
		t.Errorf("the stream is that of %s", found.Key)
	}
	d.PutRoom(liveRoom("one", css("show42")))
	if found := d.StreamRoom(app, "key", source); found == nil {
		t.Error("it did not get the stream back")
	}
}
