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
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/liveroom-io/liveroom-operator/internal/live"
	"github.com/liveroom-io/liveroom-operator/webhook/directory"
	"github.com/liveroom-io/liveroom-operator/webhook/stream"
)

var push = stream.Push{Sequence: "6674468118806626493", Start: pushed * 1000}

// endedPush is the push of the vectors after its end.
func endedPush() stream.Push {
	p := push
	p.End, p.Lasted, p.Code = ended*1000, 3_600_000, 1
	return p
}

func TestVectors(t *testing.T) {
	s := newStage(t)
	s.takes(c1)
	s.knows(stream.Room{Pushes: []stream.Push{push}})
	s.at(ended)
	s.takes(c2)
	s.knows(stream.Room{Pushes: []stream.Push{endedPush()}})
	s.at(1703731500)
	s.takes(`{"event_type":100,"appid":1250000000,"app":"push.example.com","appname":"live","stream_id":"show42_main","file_id":"1",
		"video_url":"https://files.example.com/1.flv","start_time":1703731000,"end_time":1703731478,"t":1703732078,"sign":"3805b941e61869eab0c6a109c65a39c7"}`)
	s.knows(stream.Room{Pushes: []stream.Push{endedPush()}, Recording: &stream.File{Time: 1703731478000, URL: "https://files.example.com/1.flv"}})
	s.counted(map[string]float64{"live/push_started/written": 1, "live/push_ended/written": 1, "live/recording/written": 1})
	if heard := s.App(appKey.String()).Heard; len(heard) != 1 || heard[directorySegment()] == 0 {
		t.Errorf("heard %v", heard)
	}
}

func directorySegment() string { return path(key)[strings.LastIndex(path(key), "/")+1:] }

// A callback that is forged, replayed, too old or of somebody else changes nothing.
func TestWhatIsNotGenuineChangesNothing(t *testing.T) {
	s := newStage(t)
	s.takes(c1)
	want := stream.Room{Pushes: []stream.Push{push}}
	s.knows(want)
	entries := s.Entries()

	end := func(fields map[string]any) string {
		all := map[string]any{"event_type": 0, "event_time": pushed + 1, "sequence": push.Sequence, "errcode": 1}
		for name, value := range fields {
			all[name] = value
		}
		return callback(pushed, all)
	}
	for name, c := range map[string]struct {
		body    string
		status  int
		message string
	}{
		"the sign of another second":       {end(map[string]any{"t": pushed + 601}), 403, "forged"},
		"the sign of another key":          {end(map[string]any{"sign": live.CallbackSign("guessed", pushed+600)}), 403, "forged"},
		"the sign of the former key":       {end(map[string]any{"sign": live.CallbackSign(former, pushed+600)}), 403, "forged"},
		"in capital letters":               {end(map[string]any{"sign": strings.ToUpper(live.CallbackSign(key, pushed+600))}), 403, "forged"},
		"a part of the sign":               {end(map[string]any{"sign": live.CallbackSign(key, pushed+600)[:31]}), 403, "forged"},
		"no sign":                          {end(map[string]any{"sign": nil}), 403, "unsigned"},
		"no t":                             {end(map[string]any{"t": nil}), 403, "unsigned"},
		"t of zero":                        {end(map[string]any{"t": 0, "sign": live.CallbackSign(key, 0)}), 403, "unsigned"},
		"ended a second ago":               {callback(pushed-601, map[string]any{"event_type": 0, "event_time": pushed, "sequence": push.Sequence}), 403, "stale"},
		"from too far ahead":               {callback(pushed+301, map[string]any{"event_type": 0, "event_time": pushed, "sequence": push.Sequence}), 403, "stale"},
		"before time began":                {end(map[string]any{"t": -5, "sign": live.CallbackSign(key, -5)}), 403, "stale"},
		"of another account":               {end(map[string]any{"appid": 1250000001}), 403, "wrong_app"},
		"of no account":                    {end(map[string]any{"appid": nil}), 403, "wrong_app"},
		"of what has not happened yet":     {end(map[string]any{"event_time": pushed + 901}), 400, "implausible"},
		"of what never happened":           {end(map[string]any{"event_time": nil}), 400, "implausible"},
		"of a time that is none":           {end(map[string]any{"event_time": 1 << 50}), 400, "implausible"},
		"without a sequence":               {end(map[string]any{"sequence": nil}), 400, "malformed"},
		"with a long sequence":             {end(map[string]any{"sequence": strings.Repeat("9", 65)}), 400, "malformed"},
		"with a sequence that is a number": {end(map[string]any{"sequence": 12}), 400, "malformed"},
		"without a stream":                 {end(map[string]any{"stream_id": nil, "channel_id": nil}), 400, "malformed"},
		"with a long stream":               {end(map[string]any{"stream_id": strings.Repeat("a", 257)}), 400, "malformed"},
		"without an event":                 {callback(pushed, nil), 400, "malformed"},
		"no JSON":                          {`event_type=0`, 400, "malformed"},
		"a list":                           {`[1]`, 400, "malformed"},
		"nothing":                          {``, 400, "malformed"},
		"two values":                       {end(nil) + "{}", 400, "malformed"},
		"nested":                           {strings.Repeat("[", 100), 400, "nested"},
		"a long body":                      {end(map[string]any{"errmsg": strings.Repeat("x", 64<<10)}), 413, "oversized"},
		"an unknown event without a sign":  {`{"event_type":347,"t":1}`, 403, "unsigned"},
	} {
		t.Run(name, func(t *testing.T) {
			s.refuses(c.body, c.status, c.message)
		})
	}
	s.knows(want)
	if s.Entries() != entries {
		t.Errorf("%d entries were written", s.Entries()-entries)
	}
}

// What comes again means nothing any more, before and after a restart; what came
// long ago is not taken at all.
func TestReplays(t *testing.T) {
	s := newStage(t)
	s.takes(c1)
	s.at(ended)
	s.takes(c2)
	entries := s.Entries()
	want := stream.Room{Pushes: []stream.Push{endedPush()}}
	s.refuses(c1, 403, "stale")
	for range 2 {
		s.at(ended)
		s.takes(c2)
		// CSS signs anew when it tries again, as far as is known.
		s.at(ended + 300)
		again := strings.Replace(strings.Replace(c2, "1767229800", "1767230100", 1), "3105551823384de368529e0af2ed9b99", live.CallbackSign(key, 1767230100), 1)
		s.takes(again)
		s.at(ended)
		// Whoever has seen a signature can put other words beside it, but not make a
		// second start of a push.
		s.takes(callback(ended, map[string]any{"event_type": 1, "event_time": ended + 60, "sequence": push.Sequence}))
		s.knows(want)
		s.Restart()
	}
	if s.Entries() != entries {
		t.Errorf("%d entries were written", s.Entries()-entries)
	}
	s.counted(map[string]float64{
		"live/push_started/written": 1, "live/push_started/duplicate": 2, "live/push_ended/written": 1, "live/push_ended/duplicate": 4, "live/stale": 1,
	})
}

// An end that comes before its start, with a restart between them.
func TestEndComesFirst(t *testing.T) {
	s := newStage(t)
	s.at(ended)
	s.takes(c2)
	s.Restart()
	late := strings.Replace(strings.Replace(c1, "1767226200", "1767229800", 1), "6d9af29f32348908624449195eb2cfaa", "3105551823384de368529e0af2ed9b99", 1)
	s.takes(late)
	s.knows(stream.Room{Pushes: []stream.Push{endedPush()}})
}

func TestPaths(t *testing.T) {
	s := newStage(t)
	for name, c := range map[string]struct {
		method, path string
		status       int
		reason       string
	}{
		"another method":      {http.MethodGet, path(key), 405, "live/method"},
		"another application": {http.MethodPost, "/live/shop/other/" + directorySegment(), 404, "live/path"},
		"a guessed segment":   {http.MethodPost, "/live/shop/live/0123456789", 404, "live/path"},
		"no key":              {http.MethodPost, "/live/shop/keyless/" + directorySegment(), 404, "live/no_key"},
		"another service":     {http.MethodPost, strings.Replace(path(key), "/live/", "/trtc/", 1), 404, ""},
	} {
		s.Directory.PutApp(&directory.App{Key: keyless})
		before := s.Counts()
		status, _ := s.Do(c.method, c.path, nil, strings.NewReader(c1))
		if status != c.status || c.reason != "" && s.Counts()[c.reason] != before[c.reason]+1 {
			t.Errorf("%s: answered %d, counted %v", name, status, s.Counts())
		}
	}
	s.knows(stream.Room{})
	if s.Entries() != 0 {
		t.Errorf("%d entries were written", s.Entries())
	}
}

// The former key is good on its own path, and on no other.
func TestFormerKey(t *testing.T) {
	s := newStage(t)
	body := strings.Replace(c1, "6d9af29f32348908624449195eb2cfaa", live.CallbackSign(former, 1767226200), 1)
	s.refuses(body, 403, "forged")
	if status, _ := s.Send(path(former), nil, c1); status != 403 {
		t.Errorf("the present key on the former path: %d", status)
	}
	if status, _ := s.Send(path(former), nil, body); status != 200 {
		t.Errorf("the former key on its path: %d", status)
	}
	s.knows(stream.Room{Pushes: []stream.Push{push}})
}

// Each event without t and sign has a policy of its own.
func TestUnsigned(t *testing.T) {
	s := newStage(t)
	for kind := range policies {
		body := callback(pushed, map[string]any{"event_type": kind, "t": nil, "sign": nil, "event_time": pushed, "sequence": "1"})
		if kind == typePullTask {
			s.takes(body)
			continue
		}
		s.refuses(body, 403, "unsigned")
	}
	s.takes(`{"callback_event":"TaskStart","appid":1,"stream_id":"show42_main"}`)
	s.counted(map[string]float64{"live/pull_task/ignored": 2, "live/unsigned": float64(len(policies) - 1)})
	if s.Entries() != 0 {
		t.Errorf("%d entries were written: what nobody signed was heard", s.Entries())
	}
}

// Without accountAppID every account is taken.
func TestAnyAccount(t *testing.T) {
	s := newStage(t, func(app *directory.App) { app.Origin.AppID = 0 })
	s.takes(callback(pushed, map[string]any{"event_type": 1, "event_time": pushed, "sequence": push.Sequence, "appid": 5}))
	s.knows(stream.Room{Pushes: []stream.Push{push}})
}

// Streams that no room names are counted, and answered with success.
func TestUnassigned(t *testing.T) {
	s := newStage(t)
	for _, fields := range []map[string]any{
		{"stream_id": "other"}, {"app": "test.example.com"}, {"appname": "test"},
	} {
		fields["event_type"], fields["event_time"], fields["sequence"] = 1, pushed, "1"
		s.takes(callback(pushed, fields))
	}
	s.takes(callback(pushed, map[string]any{"event_type": 347}))
	s.counted(map[string]float64{"live/push_started/unassigned": 3, "live/other/ignored": 1})
	s.knows(stream.Room{})
}

// What the journal does not take is not answered with success, and comes again.
func TestJournalIsDown(t *testing.T) {
	s := newStage(t)
	s.Fail(errors.New("down"))
	s.refuses(c1, 503, "journal")
	s.Fail(nil)
	s.takes(c1)
	s.knows(stream.Room{Pushes: []stream.Push{push}})
	s.counted(map[string]float64{"live/journal": 1, "live/push_started/failed": 1, "live/push_started/written": 1})
	for _, secret := range []string{"txSecret", "44f826f9988eee52f27700c6d9c739e4", "203.0.113.45", "6d9af29f32348908624449195eb2cfaa", key} {
		if strings.Contains(s.Logs(), secret) {
			t.Errorf("%s is in the log", secret)
		}
	}
}
