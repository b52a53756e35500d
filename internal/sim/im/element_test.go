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

package im_test

import (
	"strings"
	"testing"
)

// Each type of element with all that a message must have, and what is wrong
// without.
func TestElements(t *testing.T) {
	tests := map[string]struct {
		content string
		// wrong lists replacements that spoil the content.
		wrong [][2]string
	}{
		"TIMTextElem": {`{"Text":"hi"}`, [][2]string{{`"hi"`, `1`}, {`"Text"`, `"text"`}}},
		"TIMLocationElem": {`{"Desc":"office","Latitude":29.34,"Longitude":116}`, [][2]string{
			{`"Desc"`, `"X"`}, {`29.34`, `"29.34"`}, {`116`, `null`},
		}},
		"TIMFaceElem":   {`{"Index":1,"Data":""}`, [][2]string{{`:1`, `:1.5`}, {`"Data"`, `"X"`}}},
		"TIMCustomElem": {`{"Data":"{}"}`, [][2]string{{`"{}"`, `{}`}}},
		"TIMSoundElem": {`{"Url":"https://a/s","UUID":"s","Size":10,"Second":1,"Download_Flag":2}`, [][2]string{
			{`"Url"`, `"URL"`}, {`"UUID"`, `"X"`}, {`:2`, `:1`}, {`:2`, `:"2"`},
		}},
		"TIMImageElem": {`{"UUID":"i","ImageFormat":1,"ImageInfoArray":[{"Type":1,"Size":3,"Width":4,"Height":5,"URL":"https://a/i"}]}`, [][2]string{
			{`"UUID"`, `"X"`}, {`"ImageInfoArray"`, `"X"`}, {`"URL"`, `"Url"`}, {`"Width"`, `"X"`}, {`"Height":5`, `"Height":"5"`},
			{`[{"Type":1,"Size":3,"Width":4,"Height":5,"URL":"https://a/i"}]`, `[]`}, {`[{`, `["x",{`},
		}},
		"TIMFileElem": {`{"Url":"https://a/f","UUID":"f","FileSize":7,"FileName":"f.pdf","Download_Flag":2}`, [][2]string{
			{`"Url"`, `"X"`}, {`"UUID"`, `"X"`}, {`"Download_Flag"`, `"DownloadFlag"`},
		}},
		"TIMVideoFileElem": {
			`{"VideoUrl":"https://a/v","VideoUUID":"v","VideoSize":1,"VideoSecond":0,"VideoFormat":"mp4","VideoDownloadFlag":2,` +
				`"ThumbUrl":"https://a/t","ThumbUUID":"t","ThumbSize":1,"ThumbWidth":2,"ThumbHeight":3,"ThumbFormat":"JPG","ThumbDownloadFlag":2}`,
			[][2]string{
				{`"VideoUrl"`, `"X"`}, {`"VideoUUID"`, `"X"`}, {`"VideoDownloadFlag":2`, `"VideoDownloadFlag":1`}, {`"ThumbUrl"`, `"X"`}, {`"ThumbUUID"`, `"X"`},
				{`"ThumbSize"`, `"X"`}, {`"ThumbWidth"`, `"X"`}, {`"ThumbHeight"`, `"X"`}, {`"ThumbDownloadFlag"`, `"X"`},
			},
		},
		"TIMRelayElem": {`{"Title":"t","MsgNum":1,"CompatibleText":"c","AbstractList":["a"]}`, [][2]string{
			{`"Title"`, `"X"`}, {`:1`, `:"1"`}, {`"CompatibleText"`, `"X"`},
		}},
	}
	for kind, test := range tests {
		t.Run(kind, func(t *testing.T) {
			h := newHarness(t)
			send := func(content string) string {
				return `{"From_Account":"alice","To_Account":"bob","MsgRandom":1,"MsgBody":[{"MsgType":"` + kind + `","MsgContent":` + content + `}]}`
			}
			h.ok(chat+"sendmsg", send(test.content))
			for _, spoil := range test.wrong {
				spoilt := strings.Replace(test.content, spoil[0], spoil[1], 1)
				if spoilt == test.content {
					t.Fatalf("%q is not in %s", spoil[0], test.content)
				}
				h.refused(90002, chat+"sendmsg", send(spoilt))
			}
			status, answer := h.door("POST", "/sim/chats/messages", `{"to":"bob","from":"alice","elements":[{"MsgType":"`+kind+`","MsgContent":`+test.content+`}]}`)
			if status != 200 {
				t.Errorf("a client is told %d %s", status, answer)
			}
			got := h.sim.ChatView("bob", "alice")
			if len(got) != 2 {
				t.Fatalf("bob sees %v", got)
			}
			for _, message := range got {
				want := `[{"MsgContent":` + test.content + `,"MsgType":"` + kind + `"}]`
				if canonical(t, message.Body) != canonical(t, parseList(t, want)) {
					t.Errorf("bob sees %v, want %s", message.Body, want)
				}
			}
		})
	}
}

func parseList(t *testing.T, list string) any {
	t.Helper()
	return parse(t, []byte(`{"list":`+list+`}`))["list"]
}
