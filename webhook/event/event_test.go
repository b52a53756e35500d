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
	"encoding/hex"
	"errors"
	"reflect"
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
	}{
		"a message that scores": {
			Event{
				ID: "id", Kind: Message, SDKAppID: appID, Room: "room-uid", User: "viewer17", Name: "LIKE", Time: 1763848315000,
				Scores: []Score{{Policy: "p", Rule: "chat", Points: 2, PerMinute: 10}, {Policy: "q", Rule: "like", Points: 1}},
			}, "room-uid", user,
		},
		"a message of nobody": {
			Event{ID: "id", Kind: Message, SDKAppID: appID, Room: "room-uid", Time: 1}, "room-uid", "room-uid",
		},
		"an audience": {
			Event{ID: "id", Kind: Joined, SDKAppID: appID, Room: "room-uid", Count: 3, Time: 1}, "room-uid", "room-uid",
		},
		"a room that was changed": {
			Event{ID: "id", Kind: Changed, SDKAppID: appID, Room: "room-uid", Time: 1, Seen: map[string]string{"name": "d"}}, "room-uid", "room-uid",
		},
		"an account": {
			Event{ID: "id", Kind: Presence, SDKAppID: appID, User: "viewer17", Time: 1}, user, user,
		},
		"an account that was changed": {
			Event{ID: "id", Kind: Changed, SDKAppID: appID, User: "viewer17", Time: 1, Seen: map[string]string{"level": "d"}}, user, user,
		},
		"an application": {
			Event{ID: "id", Kind: Heard, SDKAppID: appID, Time: 1}, app, app,
		},
	} {
		t.Run(name, func(t *testing.T) {
			entry := c.event.Entry()
			want := journal.Entry{ID: "id", First: c.first, Second: c.second, Data: entry.Data}
			if !reflect.DeepEqual(entry, want) {
				t.Errorf("%s %s\nwant %s %s", entry.First, entry.Second, want.First, want.Second)
			}
			entry.Sequence, entry.Time = 7, time.Unix(1, 0)
			if got, err := Decode(&entry); err != nil || !reflect.DeepEqual(got, c.event) {
				t.Errorf("%v: decoded %+v", err, got)
			}
		})
	}
}

// What is stored is read by the next version, too.
func TestEncoding(t *testing.T) {
	e := Event{
		ID: "id", Kind: Message, SDKAppID: 1, Room: "r", User: "u", Name: "n", Count: 2, Time: 3,
		Scores: []Score{{Policy: "p", Rule: "q", Points: -1, PerMinute: 4}, {}}, Seen: map[string]string{"b": "2", "a": "1"},
	}
	const want = "0a076d65737361676510021a01722201752a016e3004380642" + "0a0a0170120171180120084200" + "4a060a01611201314a060a0162120132"
	entry := e.Entry()
	if got := hex.EncodeToString(entry.Data); got != want {
		t.Errorf("encoded %s\nwant    %s", got, want)
	}
	// A later version adds fields of all types.
	entry.Data = append(entry.Data, 0x50, 0x07, 0x5a, 0x01, 'x', 0x65, 1, 2, 3, 4, 0x69, 1, 2, 3, 4, 5, 6, 7, 8)
	if got, err := Decode(&entry); err != nil || !reflect.DeepEqual(got, e) {
		t.Errorf("%v: decoded %+v", err, got)
	}
}

func TestDecodeRefuses(t *testing.T) {
	for name, data := range map[string]string{
		"nothing":         "",
		"no kind":         "\x10\x02",
		"a cut-off tag":   "\x0a\x01x\x80",
		"a cut-off text":  "\x0a\x05ab",
		"a cut-off value": "\x0a\x01x\x10\x80",
		"a cut-off score": "\x0a\x01x\x42\x02\x0a\x05",
		"a cut-off field": "\x0a\x01x\x4a\x02\x0a\x05",
		"an unknown type": "\x0a\x01x\x17\x00",
	} {
		if e, err := Decode(&journal.Entry{ID: "id", Data: []byte(data)}); !errors.Is(err, ErrEncoding) || !reflect.DeepEqual(e, Event{}) {
			t.Errorf("%s is %+v, %v", name, e, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	e := Event{Kind: Message, SDKAppID: 1, Room: "r", Scores: []Score{{Policy: "p", Points: 2}}, Seen: map[string]string{"a": "1"}}
	f.Add(e.Entry().Data)
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := Decode(&journal.Entry{Data: data})
		if err != nil {
			return
		}
		again := e.Entry()
		if got, err := Decode(&again); err != nil || !reflect.DeepEqual(got, e) {
			t.Errorf("%v: got %+v, want %+v", err, got, e)
		}
	})
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
		entry := e.Entry()
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
