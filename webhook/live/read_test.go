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
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/liveroom-io/liveroom-operator/webhook/stream"
)

// sample317 is the vendor's for event 317, with the misspelt score.
const sample317 = `{"ocrMsg":"","type":[1],"socre":[99],"screenshotTime":1767225590,"level":0,"img":"https://cos.example.com/shot.jpg","abductionRisk":[],"faceDetails":[],
 "sendTime":1767225600,"suggestion":"Block","label":"Porn","subLabel":"PornHigh",
 "labelResults":[{"HitFlag":1,"Scene":"Porn","Suggestion":"Block","Label":"Porn","SubLabel":"PornHigh","Score":99,"Details":[{"Id":0,"Name":"PornHigh","Score":99}]}],
 "objectResults":null,"ocrResults":null,"libResults":null,"streamId":"show42_main","channelId":"show42_main","stream_param":"",
 "app":"push.example.com","appname":"live","appid":1250000000,"event_type":317,"sign":"6d9af29f32348908624449195eb2cfaa","t":1767226200}`

// Every event as the vendor's tables and samples have it.
func TestEvents(t *testing.T) {
	const ms = int64(pushed * 1000)
	moderated := func(at int64, message string) stream.Room {
		return stream.Room{Moderation: &stream.Finding{Time: at, Message: message}}
	}
	troubled := func(at int64, message string) stream.Room {
		return stream.Room{Exception: &stream.Finding{Time: at, Message: message}}
	}
	domain := map[string]any{"app": nil, "appname": nil, "domain": "push.example.com", "path": "live"}
	and := func(all ...map[string]any) map[string]any {
		joined := map[string]any{}
		for _, fields := range all {
			maps.Copy(joined, fields)
		}
		return joined
	}
	for name, c := range map[string]struct {
		body string
		want stream.Room
	}{
		"start, with numbers as texts": {
			callback(pushed, map[string]any{"event_type": "1", "event_time": fmt.Sprint(pushed), "sequence": "1"}),
			stream.Room{Pushes: []stream.Push{{Sequence: "1", Start: ms}}},
		},
		"end, with a sub code and a duration that cannot be": {
			callback(pushed, map[string]any{"event_type": 0, "event_time": pushed, "sequence": "1", "errcode": 21, "sub_errcode": 101, "push_duration": "99999999999999"}),
			stream.Room{Pushes: []stream.Push{{Sequence: "1", End: ms, Code: 21, Sub: new(int32(101))}}},
		},
		"a channel in place of a stream": {
			callback(pushed, map[string]any{"event_type": 1, "event_time": pushed, "sequence": "1", "stream_id": nil}),
			stream.Room{Pushes: []stream.Push{{Sequence: "1", Start: ms}}},
		},
		"recording without a usable URL": {callback(pushed, map[string]any{"event_type": 100, "end_time": pushed, "file_id": "1", "video_url": "javascript:alert(1)"}), stream.Room{}},
		"screenshot, without appid": {
			callback(pushed, map[string]any{"event_type": 200, "appid": nil, "create_time": pushed, "file_size": 7520, "width": 1280, "height": 720,
				"pic_url": "/2026-01-01/a.jpg", "pic_full_url": "http://shots.example.com/2026-01-01/a.jpg"}),
			stream.Room{Screenshot: &stream.File{Time: ms, URL: "http://shots.example.com/2026-01-01/a.jpg"}},
		},
		"screenshot with a path alone": {callback(pushed, map[string]any{"event_type": 200, "create_time": pushed, "pic_url": "/a.jpg"}), stream.Room{}},
		"picture":                      {sample317, moderated(1767225590000, "picture: Porn (PornHigh), score 99, suggestion Block: https://cos.example.com/shot.jpg")},
		"picture, old": {strings.Replace(strings.Replace(sample317, `"socre":[99]`, `"socre":99`, 1), `"appid":1250000000,`, "", 1),
			moderated(1767225590000, "picture: Porn (PornHigh), score 99, suggestion Block: https://cos.example.com/shot.jpg")},
		"picture, spelt right": {strings.Replace(sample317, `"socre":[99]`, `"score":[98,1]`, 1),
			moderated(1767225590000, "picture: Porn (PornHigh), score 98, suggestion Block: https://cos.example.com/shot.jpg")},
		"picture, with a score that nobody has seen": {strings.Replace(sample317, `"socre":[99]`, `"score":{"a":[]}`, 1),
			moderated(1767225590000, "picture: Porn (PornHigh), suggestion Block: https://cos.example.com/shot.jpg")},
		"picture that passes": {strings.Replace(sample317, `"suggestion":"Block","label"`, `"suggestion":"Pass","label"`, 1), stream.Room{}},
		"picture with a text to mislead": {strings.Replace(sample317, `"label":"Porn","subLabel"`, `"label":"a\n\u001b[31mb\u0000\u202e and more than thirty-two characters","subLabel"`, 1),
			moderated(1767225590000, "picture: a [31mb and more than thirty-two (PornHigh), score 99, suggestion Block: https://cos.example.com/shot.jpg")},
		"sound": {
			callback(pushed, and(domain, map[string]any{"event_type": 315, "HitFlag": 1, "Score": 95, "label": "Abuse", "sub_label": "", "SubTag": "Verbal", "suggestion": "Review",
				"asr_text": "what was said", "request_id": "r-1", "text_results": nil, "data": map[string]any{"asr_tmp_full_results": nil}})),
			moderated(ms, "sound: Abuse (Verbal), score 95, suggestion Review"),
		},
		"trouble of a push": {
			callback(pushed, and(domain, map[string]any{"event_type": 321, "user_ip": "203.0.113.45", "sequence": "1", "data_time": ms + 5, "report_interval": 5000,
				"interface": "general_callback", "abnormal_event": []any{
					map[string]any{"type": 15, "count": 3, "detail": []any{map[string]any{"desc": "fps 4", "occur_time": ms}}, "type_desc_cn": "低帧率", "type_desc_en": "low"},
					map[string]any{"type": 99, "count": 1, "type_desc_en": "something\nnew"},
					map[string]any{"type": 98},
				}})),
			troubled(ms+5, "push: the frame rate is low (3 times), something new, trouble 98"),
		},
		"no trouble of a push": {callback(pushed, and(domain, map[string]any{"event_type": 321, "sequence": "1", "data_time": ms, "abnormal_event": nil})), stream.Room{}},
		"recording could not start": {
			callback(pushed, map[string]any{"event_type": 332, "event_time": pushed, "session_id": "s", "seq": "1", "record_event": "record_start_failed", "record_detail": `{"file_format":1}`}),
			troubled(ms, "recording: it could not be started"),
		},
		"recording failed":  {callback(pushed, map[string]any{"event_type": 332, "event_time": pushed, "record_event": "record_error"}), troubled(ms, "recording: it failed")},
		"recording started": {callback(pushed, map[string]any{"event_type": 332, "event_time": pushed, "record_event": "record_start_succeeded"}), stream.Room{}},
		"trouble of a recording": {
			callback(pushed, and(domain, map[string]any{"event_type": 341, "timestamp": pushed, "session_id": "s", "exception_level": "warning",
				"exception": map[string]any{"type": 2, "desc": "timestamps went back", "occurs": 7}})),
			troubled(ms, "recording: warning: timestamps went back (7 times)"),
		},
		"news of a recording": {callback(pushed, and(domain, map[string]any{"event_type": 341, "timestamp": pushed, "exception_level": "info"})), stream.Room{}},
		"a task":              {callback(pushed, map[string]any{"event_type": 314, "callback_event": "TaskExit", "event_time": "1767225600", "msg": `{"code":1}`}), stream.Room{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.takes(c.body)
			s.knows(c.want)
		})
	}
}

// Files and findings come once, however often they are told of.
func TestIdentities(t *testing.T) {
	s := newStage(t)
	for name, fields := range map[string]map[string]any{
		"recording":           {"event_type": 100, "end_time": pushed, "file_id": "1", "video_url": "https://files.example.com/1.flv"},
		"screenshot":          {"event_type": 200, "create_time": pushed, "pic_url": "/a.jpg", "pic_full_url": "https://files.example.com/a.jpg"},
		"image_moderation":    {"event_type": 317, "img": "https://files.example.com/b.jpg", "screenshotTime": pushed, "suggestion": "Block"},
		"audio_moderation":    {"event_type": 315, "request_id": "r", "suggestion": "Block"},
		"push_exception":      {"event_type": 321, "sequence": "1", "data_time": pushed * 1000, "abnormal_event": []any{map[string]any{"type": 1}}},
		"recording_status":    {"event_type": 332, "event_time": pushed, "session_id": "s", "seq": "1", "record_event": "record_error"},
		"recording_exception": {"event_type": 341, "timestamp": pushed, "session_id": "s", "exception_level": "error"},
	} {
		s.takes(callback(pushed, fields))
		s.takes(callback(pushed+120, fields))
		counts := s.Counts()
		if counts["live/"+name+"/written"] != 1 || counts["live/"+name+"/duplicate"] != 1 {
			t.Errorf("%s: counted %v", name, counts)
		}
	}
}

// FuzzRead has every reader read anything.
func FuzzRead(f *testing.F) {
	for _, body := range []string{c1, c2, sample317} {
		f.Add(uint8(0), []byte(body))
	}
	kinds := []int64{typeStarted, typeEnded, typeRecording, typeScreenshot, typeAudioModeration, typeImageModeration, typePushException, typeRecordingStatus, typeRecordingException}
	for i := range kinds {
		f.Add(uint8(i), []byte(callback(pushed, map[string]any{"abnormal_event": []any{map[string]any{"type": 1, "count": "2"}}, "exception": nil, "score": []any{"x"}, "video_url": "https://a.example/%zz"})))
	}
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		told, err := policies[kinds[int(which)%len(kinds)]].read(body, time.Unix(pushed, 0))
		if err != nil {
			return
		}
		if told.source.Name == "" || len(told.source.Name) > maxName {
			t.Fatalf("the stream is %q", told.source.Name)
		}
		e := told.event
		if len(e.URL) > 1024 || len([]rune(e.Message)) > 512 || len(e.Push) > maxSequence || e.Lasted < 0 || e.Lasted >= max(e.Time, 1) && e.Lasted > 0 {
			t.Fatalf("read %+v", e)
		}
		if e.URL != "" && !strings.HasPrefix(strings.ToLower(e.URL), "http") || strings.ContainsAny(e.Message, "\n\r\x00") {
			t.Fatalf("read %+v", e)
		}
		if _, err := e.Entry(); err != nil {
			t.Fatal(err)
		}
	})
}
