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

package event

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/liveroom-io/liveroom-operator/webhook/journal"
)

const appID = 1400000001

// An event comes back as it went, and its keys are those of the states that it touches.
func TestEntry(t *testing.T) {
	user, app := UserKey(appID, "viewer17"), AppKey(appID)
	if user != "1400000001/viewer17" || app != "1400000001" || RoomKey("room-uid") != "room-uid" {
		t.Errorf("keys %q, %q, %q", user, app, RoomKey("room-uid"))
	}
	for name, c := range map[string]struct {
		event         Event
		first, second string
		data          string
	}{
		"a message that scores": {
			Event{
				ID: "id", Kind: Message, SDKAppID: appID, Room: "room-uid", User: "viewer17", Name: "LIKE", Time: 1763848315000,
				Scores: []Score{{Policy: "p", Rule: "chat", Points: 2, PerMinute: 10}, {Policy: "q", Rule: "like", Points: 1}},
			}, "room-uid", user,
			`{"k":"message","a":1400000001,"r":"room-uid","u":"viewer17","n":"LIKE","t":1763848315000,"s":[{"p":"p","r":"chat","n":2,"m":10},{"p":"q","r":"like","n":1}]}`,
		},
		"a message of nobody": {
			Event{ID: "id", Kind: Message, SDKAppID: appID, Room: "room-uid", Time: 1}, "room-uid", "room-uid",
			`{"k":"message","a":1400000001,"r":"room-uid","t":1}`,
		},
		"an audience": {
			Event{ID: "id", Kind: Joined, SDKAppID: appID, Room: "room-uid", Count: 3, Time: 1}, "room-uid", "room-uid",
			`{"k":"joined","a":1400000001,"r":"room-uid","c":3,"t":1}`,
		},
		"a room that was changed": {
			Event{ID: "id", Kind: Changed, SDKAppID: appID, Room: "room-uid", Time: 1, Seen: map[string]string{"name": "d"}}, "room-uid", "room-uid",
			`{"k":"changed","a":1400000001,"r":"room-uid","t":1,"v":{"name":"d"}}`,
		},
		"an account": {
			Event{ID: "id", Kind: Presence, SDKAppID: appID, User: "viewer17", Time: 1}, user, user,
			`{"k":"presence","a":1400000001,"u":"viewer17","t":1}`,
		},
		"an account that was changed": {
			Event{ID: "id", Kind: Changed, SDKAppID: appID, User: "viewer17", Time: 1, Seen: map[string]string{"level": "d"}}, user, user,
			`{"k":"changed","a":1400000001,"u":"viewer17","t":1,"v":{"level":"d"}}`,
		},
		"an application": {
			Event{ID: "id", Kind: Heard, SDKAppID: appID, Time: 1}, app, app, `{"k":"heard","a":1400000001,"t":1}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			entry, err := c.event.Entry()
			want := journal.Entry{ID: "id", First: c.first, Second: c.second, Data: []byte(c.data)}
			if err != nil || !reflect.DeepEqual(entry, want) {
				t.Errorf("%v: %s %s %s\nwant %s %s %s", err, entry.First, entry.Second, entry.Data, want.First, want.Second, want.Data)
			}
			entry.Sequence, entry.Time = 7, time.Unix(1, 0)
			if got, err := Decode(&entry); err != nil || !reflect.DeepEqual(got, c.event) {
				t.Errorf("%v: decoded %+v", err, got)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, data := range []string{"", "[]", `{"k":5}`, `{"k":"message"`} {
		if e, err := Decode(&journal.Entry{ID: "id", Data: []byte(data)}); err == nil || !strings.HasPrefix(err.Error(), "decoding an event: ") {
			t.Errorf("%q is %+v, %v", data, e, err)
		}
	}
}

func TestMoment(t *testing.T) {
	if e := (Event{Time: 1763848315743}); !e.Moment().Equal(time.Unix(1763848315, 743e6)) {
		t.Errorf("%s", e.Moment())
	}
}

// Events of a room are in the partition of the room, events of a user in that
// of the user, wherever else they are.
func TestPartitionsOfAnEvent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		room := rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "room")
		e := Event{
			ID: "id", Kind: rapid.SampledFrom([]Kind{Message, Joined, Changed, Presence, Kept}).Draw(t, "kind"), SDKAppID: rapid.Int64Range(1, 9).Draw(t, "app"),
			Room: room, User: rapid.StringN(0, 32, -1).Draw(t, "user"), Time: rapid.Int64().Draw(t, "time"), Count: rapid.Int64().Draw(t, "count"),
			Name: rapid.String().Draw(t, "name"),
		}
		if e.Room == "" && e.User == "" {
			e.User = "somebody"
		}
		entry, err := e.Entry()
		if err != nil {
			t.Fatal(err)
		}
		partitions := map[int]bool{journal.Partition(entry.First): true, journal.Partition(entry.Second): true}
		if e.Room != "" && !partitions[journal.Partition(RoomKey(e.Room))] {
			t.Fatalf("the room's partition is not that of %q or %q", entry.First, entry.Second)
		}
		if e.User != "" && !partitions[journal.Partition(UserKey(e.SDKAppID, e.User))] {
			t.Fatalf("the user's partition is not that of %q or %q", entry.First, entry.Second)
		}
		if got, err := Decode(&entry); err != nil || !reflect.DeepEqual(got, e) {
			t.Fatalf("%v: got %+v, want %+v", err, got, e)
		}
	})
}
