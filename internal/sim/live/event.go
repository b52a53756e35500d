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
	"slices"
	"strconv"
	"time"
)

// Event types of section 3.
const (
	pushEnd            = 0
	pushStart          = 1
	recordingFile      = 100
	screenshot         = 200
	pullTask           = 314
	audioModeration    = 315
	imageModeration    = 317
	pushException      = 321
	recordingStatus    = 332
	recordingException = 341

	fieldStream = "stream_id"

	publisherIP = "203.0.113.45"
)

// subject is what an event tells of.
type subject struct {
	account                    int64
	name, domain, app          string
	param, sequence, publisher string
	at                         time.Time
	number                     string // of the event, for ids
}

// events are the fields of each type as the provider's documents have them, with
// values that a test need not care about.
var events = map[int]func(*subject) map[string]any{
	recordingFile: func(e *subject) map[string]any {
		return map[string]any{
			"appid": e.account, "app": e.domain, "appname": e.app, fieldStream: e.name, "channel_id": e.name, "stream_param": e.param,
			"file_id": "52858907" + e.number, "record_file_id": "52858907" + e.number, "file_format": "hls", "task_id": "",
			"start_time": e.at.Add(-time.Minute).Unix(), "end_time": e.at.Unix(), "start_time_usec": 316441, "end_time_usec": 618577,
			"duration": 60, "file_size": 7_500_000, "video_url": "https://vod.example.com/" + e.name + "/" + e.number + ".m3u8",
			"media_start_time": 135802, "record_bps": 0, "callback_ext": `{"video_codec":"h264","resolution":"640x480"}`,
		}
	},
	screenshot: func(e *subject) map[string]any { // the only one without the account
		path := "/" + e.app + "/" + e.name + "/" + e.number + ".jpg"
		return map[string]any{
			"app": e.domain, "appname": e.app, fieldStream: e.name, "channel_id": e.name, "stream_param": e.param,
			"create_time": e.at.Unix(), "file_size": 7520, "width": 640, "height": 352, "pic_url": path, "pic_full_url": "https://cos.example.com" + path,
		}
	},
	pullTask: func(e *subject) map[string]any {
		return map[string]any{
			"appid": e.account, "callback_event": "TaskStart", "source_urls": `["https://vod.example.com/1.mp4"]`,
			"to_url": "rtmp://" + e.domain + "/" + e.app + "/" + e.name, fieldStream: e.name, "task_id": "task-" + e.number,
			"event_time": strconv.FormatInt(e.at.Unix(), 10), "product_name": "pullpush", "msg": fmt.Sprintf(`{"task_start_time":%d}`, e.at.UnixMilli()),
		}
	},
	audioModeration: func(e *subject) map[string]any {
		return map[string]any{
			"appid": e.account, "domain": e.domain, "path": e.app, fieldStream: e.name, "channel_id": e.name, "interface": "general_callback",
			"HitFlag": 1, "Score": 95, "SubTag": "", "task_id": 1, "status": 2, "asr_text": "", "duration": 15, "label": "Abuse", "sub_label": "",
			"suggestion": "Block", "request_id": "request-" + e.number, "seq": 1, "text_results": []any{}, "moan_results": nil,
		}
	},
	imageModeration: func(e *subject) map[string]any { // camel case, and the vendor's "socre"
		return map[string]any{
			"appid": e.account, "app": e.domain, "appname": e.app, "streamId": e.name, "channelId": e.name, "stream_param": e.param,
			"img": "https://cos.example.com/" + e.name + "/" + e.number + ".jpg", "type": []int{1}, "socre": []int{99}, "ocrMsg": "",
			"suggestion": "Block", "label": "Porn", "subLabel": "PornHigh", "screenshotTime": e.at.Add(-10 * time.Second).Unix(), "sendTime": e.at.Unix(),
			"level": 0, "abductionRisk": []any{}, "faceDetails": []any{}, "objectResults": nil, "ocrResults": nil, "libResults": nil,
			"labelResults": []any{map[string]any{
				"HitFlag": 1, "Scene": "Porn", "Suggestion": "Block", "Label": "Porn", "SubLabel": "PornHigh", "Score": 99,
				"Details": []any{map[string]any{"Id": 0, "Name": "PornHigh", "Score": 99}},
			}},
		}
	},
	pushException: func(e *subject) map[string]any {
		return map[string]any{
			"appid": e.account, "domain": e.domain, "path": e.app, fieldStream: e.name, "stream_param": e.param, "sequence": e.sequence,
			"user_ip": e.publisher, "data_time": e.at.UnixMilli(), "report_interval": 5000, "timeout": 5000, "interface": "general_callback",
			"abnormal_event": []any{map[string]any{
				"type": 15, "count": 1, "event_key": "15", "customer_visible": "true", "type_desc_cn": "视频帧率低", "type_desc_en": "low frame rate",
				"detail": []any{map[string]any{"desc": "fps: 3", "occur_time": e.at.UnixMilli()}},
			}},
		}
	},
	recordingStatus: func(e *subject) map[string]any {
		return map[string]any{
			"appid": e.account, "appname": e.app, "domain": e.domain, "event_time": e.at.Unix(), fieldStream: e.name,
			"session_id": "session-" + e.number, "seq": e.number, "task_id": "", "record_event": "record_start_succeeded",
			"record_detail": `{"file_format":2,"record_bps":0,"start_model":1,"record_content":1,"source_type":1,"codec_temp_id":0}`,
		}
	},
	recordingException: func(e *subject) map[string]any {
		return map[string]any{
			"appid": e.account, "domain": e.domain, "path": e.app, fieldStream: e.name, "session_id": "session-" + e.number, "file_format": "hls",
			"timestamp": e.at.Unix(), "exception_level": "warning", "exception": map[string]any{"type": 1, "desc": "no data", "occurs": 1},
			"interface": "general_callback",
		}
	},
}

// Emit sends a callback about a stream that the simulator does not make by itself:
// recordings, screenshots, moderation, exceptions (sections 3.4 to 3.8). The fields
// replace those that it would have; nil removes one.
func (s *Simulator) Emit(kind int, streamName string, fields map[string]any) error {
	describe, known := events[kind]
	if !known {
		return fmt.Errorf("the simulator makes no event %d on demand: %v", kind, slices.Sorted(maps.Keys(events)))
	}
	if text, err := json.Marshal(fields); err != nil || len(text) > maxRequestBytes {
		return fmt.Errorf("the fields are more than %d bytes, or no JSON", maxRequestBytes)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e := subject{
		account: s.options.AccountAppID, name: streamName, domain: s.options.PushDomain, app: s.options.AppName,
		publisher: publisherIP, at: s.options.Clock(), number: s.nextSequence(),
	}
	if found := s.streams[streamName]; found != nil && found.push != nil {
		p := found.push
		e.domain, e.app, e.param, e.sequence = p.domain, p.app, p.param, p.sequence
	}
	all := describe(&e)
	all["event_type"] = kind
	for name, value := range fields {
		if all[name] = value; value == nil {
			delete(all, name)
		}
	}
	s.notifyCSS(kind, all)
	return nil
}
