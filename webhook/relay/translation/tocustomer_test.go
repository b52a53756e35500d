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

package translation

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/liveroom-io/liveroom-operator/internal/wechat"
	"github.com/liveroom-io/liveroom-operator/internal/wechat/push"
)

func says(all ...string) []Part {
	var parts []Part
	for _, one := range all {
		parts = append(parts, Part{Message: wechat.Text{Content: one}, Text: one})
	}
	return parts
}

func fetches(kind wechat.MediaKind, url, name string, size int64, text string) []Part {
	return []Part{{Fetch: &Fetch{URL: url, Kind: kind, Name: name, Size: size}, Text: text}}
}

func element1(kind, content string) string {
	return `[{"MsgType":"` + kind + `","MsgContent":` + content + `}]`
}

func TestToCustomer(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", push.MaxTextBytes)
	forms := func(format, original, large string) string {
		return element1("TIMImageElem", `{"UUID":"u","ImageFormat":`+format+`,"ImageInfoArray":[`+
			`{"Type":3,"Size":900,"Width":1,"Height":1,"URL":"https://im/t"},{"Type":1,"Size":`+original+`,"URL":"https://im/o.png?s=1"},`+
			`{"Type":2,"Size":`+large+`,"URL":"https://im/l.jpg"}]}`)
	}
	sound := func(rest string) string { return element1("TIMSoundElem", `{"UUID":"u","Download_Flag":2,`+rest+`}`) }
	film := func(rest string) string {
		return element1("TIMVideoFileElem", `{"VideoUUID":"u","VideoDownloadFlag":2,`+rest+`}`)
	}
	for _, c := range []struct {
		name string
		body string
		want []Part
	}{
		{"text", element1("TIMTextElem", `{"Text":"5月份会上新，敬请关注！"}`), says("5月份会上新，敬请关注！")},
		{"text as it is", element1("TIMTextElem", `{"Text":"<a href='x'>&amp;</a>\u003c"}`), says("<a href='x'>&amp;</a><")},
		{"long text", element1("TIMTextElem", `{"Text":"`+long+`y"}`), says(long, "y")},
		{"whole characters", element1("TIMTextElem", `{"Text":"`+long[1:]+`啊"}`), says(long[1:], "啊")},
		{"nothing in between", element1("TIMTextElem", `{"Text":"`+long+strings.Repeat(" ", push.MaxTextBytes)+`y"}`), says(long, "y")},
		{"nothing", element1("TIMTextElem", `{"Text":" \n\u0000"}`), nil},
		{"no elements", `[]`, nil},
		{"face", element1("TIMFaceElem", `{"Index":4,"Data":""}`), says("[表情 4]")},
		{"face with a name", element1("TIMFaceElem", `{"Index":4,"Data":"[微笑]"}`), says("[微笑]")},
		{"location", element1("TIMLocationElem", `{"Desc":"门店","Latitude":22.5,"Longitude":113.9}`), says("[位置] 门店\n22.5, 113.9")},

		{"picture", forms("3", "2097152", "90000"), fetches(wechat.MediaImage, "https://im/o.png?s=1", "o.png", 2097152, "[图片] https://im/o.png?s=1")},
		{"picture of unknown size", forms("0", "0", "0"), fetches(wechat.MediaImage, "https://im/o.png?s=1", "o.png", 0, "[图片] https://im/o.png?s=1")},
		{"large picture", forms("1", "2097153", "90000"), fetches(wechat.MediaImage, "https://im/l.jpg", "l.jpg", 90000, "[图片] https://im/l.jpg")},
		{"larger picture", forms("1", "9000000", "3000000"), fetches(wechat.MediaImage, "https://im/t", "t.jpg", 900, "[图片] https://im/t")},
		{"picture in another format", forms("4", "9000", "8000"), fetches(wechat.MediaImage, "https://im/l.jpg", "l.jpg", 8000, "[图片] https://im/l.jpg")},
		{"picture in another format, alone", element1("TIMImageElem", `{"ImageFormat":255,"ImageInfoArray":[{"Type":1,"URL":"https://im/o"}]}`), says("[图片] https://im/o")},
		{
			"picture without an extension", element1("TIMImageElem", `{"ImageFormat":2,"ImageInfoArray":[{"Type":1,"URL":"https://im/o"}]}`),
			fetches(wechat.MediaImage, "https://im/o", "o.gif", 0, "[图片] https://im/o"),
		},
		{
			"picture with an odd size", element1("TIMImageElem", `{"ImageInfoArray":[{"Type":"1","Size":"12.5","Width":null,"URL":"https://im/"}]}`),
			fetches(wechat.MediaImage, "https://im/", "file.jpg", 12, "[图片] https://im/"),
		},

		{"voice", sound(`"Url":"https://im/a.mp3?s=1","Size":900,"Second":60`), fetches(wechat.MediaVoice, "https://im/a.mp3?s=1", "a.mp3", 900, "[语音] https://im/a.mp3?s=1")},
		{"voice in AMR", sound(`"Url":"https://im/A.AMR","Size":900,"Second":3`), fetches(wechat.MediaVoice, "https://im/A.AMR", "A.AMR", 900, "[语音] https://im/A.AMR")},
		{"voice that does not say what it is", sound(`"Url":"https://im/a","Second":3`), fetches(wechat.MediaVoice, "https://im/a", "a", 0, "[语音] https://im/a")},
		{"voice of another format", sound(`"Url":"https://im/a.m4a","Size":900,"Second":3`), says("[语音] https://im/a.m4a")},
		{"long voice", sound(`"Url":"https://im/a.amr","Size":900,"Second":61`), says("[语音] https://im/a.amr")},
		{"large voice", sound(`"Url":"https://im/a.amr","Size":2097153,"Second":3`), says("[语音] https://im/a.amr")},

		{"video", film(`"VideoUrl":"https://im/v","VideoSize":10485760,"VideoFormat":"MP4"`), fetches(wechat.MediaVideo, "https://im/v", "v.mp4", 10485760, "[视频] https://im/v")},
		{"video without a format", film(`"VideoUrl":"https://im/v.mp4"`), fetches(wechat.MediaVideo, "https://im/v.mp4", "v.mp4", 0, "[视频] https://im/v.mp4")},
		{"large video", film(`"VideoUrl":"https://im/v.mp4","VideoSize":10485761`), says("[视频] https://im/v.mp4")},
		{"video of another format", film(`"VideoUrl":"https://im/v","VideoFormat":"mov"`), says("[视频] https://im/v")},
		{"video of another format by its name", film(`"VideoUrl":"https://im/v.webm"`), says("[视频] https://im/v.webm")},

		{"file", element1("TIMFileElem", `{"Url":"https://im/f","FileName":"合同.pdf","FileSize":5}`), says("[文件] 合同.pdf https://im/f")},
		{"file without a name", element1("TIMFileElem", `{"Url":"https://im/f"}`), says("[文件] https://im/f")},
		{"file with a long name", element1("TIMFileElem", `{"Url":"https://im/f","FileName":"`+long+`"}`), says("[文件] " + long[:maxNameBytes] + " https://im/f")},

		{
			"several", `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"a"}},{"MsgType":"TIMSoundElem","MsgContent":{"Url":"https://im/a.mp3"}},{"MsgType":"TIMTextElem","MsgContent":{"Text":"b"}}]`,
			append(append(says("a"), fetches(wechat.MediaVoice, "https://im/a.mp3", "a.mp3", 0, "[语音] https://im/a.mp3")...), says("b")...),
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			parts, err := ToCustomer(json.RawMessage(c.body))
			if err != nil || !reflect.DeepEqual(parts, c.want) {
				t.Errorf("%v, got %+v", err, parts)
				for _, part := range parts {
					t.Logf("%+v %+v", part.Fetch, part)
				}
			}
		})
	}
}

func TestCustomElements(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]Part{
		`{"wechat":"news","title":"新品","description":"童装","url":"https://s","picURL":"https://p"}`: {
			Message: wechat.News{Title: "新品", Description: "童装", URL: "https://s", PicURL: "https://p"}, Text: "新品\n童装\nhttps://s",
		},
		`{"wechat":"menu","head":"满意吗","items":[{"id":"1","content":"是"},{"id":"2","content":"否"}],"tail":"谢谢"}`: {
			Message: wechat.Menu{Head: "满意吗", Items: []wechat.MenuItem{{ID: "1", Content: "是"}, {ID: "2", Content: "否"}}, Tail: "谢谢"}, Text: "满意吗\n- 是\n- 否\n谢谢",
		},
		`{"wechat":"miniprogram","title":"商品","appID":"wx1","pagePath":"p?id=1","thumbMediaID":"t"}`: {
			Message: wechat.MiniProgramPage{Title: "商品", AppID: "wx1", PagePath: "p?id=1", ThumbMediaID: "t"}, Text: "[小程序] 商品",
		},
		`{"wechat":"image","mediaID":"m"}`: {Message: wechat.Image{MediaID: "m"}, Text: "[图片]"},
		`{"wechat":"voice","mediaID":"m"}`: {Message: wechat.Voice{MediaID: "m"}, Text: "[语音]"},
		`{"wechat":"video","mediaID":"m","thumbMediaID":"t","title":"片","description":"短"}`: {
			Message: wechat.Video{MediaID: "m", ThumbMediaID: "t", Title: "片", Description: "短"}, Text: "[视频] 片\n短",
		},
		`{"wechat":"music","title":"歌","description":"好","url":"https://a","hqURL":"https://b","thumbMediaID":"t"}`: {
			Message: wechat.Music{Title: "歌", Description: "好", URL: "https://a", HQURL: "https://b", ThumbMediaID: "t"}, Text: "[音乐] 歌\n好\nhttps://a",
		},
		`{"wechat":"article","articleID":"a"}`: {Message: wechat.MPNewsArticle{ArticleID: "a"}, Text: "[文章]"},
		`{"wechat":"card","cardID":"c"}`:       {Message: wechat.Card{CardID: "c"}, Text: "[卡券]"},
	} {
		content, err := json.Marshal(map[string]string{"Data": data})
		if err != nil {
			t.Fatal(err)
		}
		parts, err := ToCustomer(json.RawMessage(element1("TIMCustomElem", string(content))))
		if err != nil || !reflect.DeepEqual(parts, []Part{want}) {
			t.Errorf("%s: %v, got %+v", data, err, parts)
		}
	}
}

// What a customer sent as the card of a mini-program can be sent back as it is.
func TestCardBack(t *testing.T) {
	t.Parallel()
	shown := shown(push.Message{Kind: push.MiniProgramPage, Title: "商品", AppID: "wx1", PagePath: "p?id=1", ThumbMediaID: "t"}, link)
	parts, err := ToCustomer(shown[0].Body)
	want := append(says("[小程序] 商品\nwx1 p?id=1"), Part{
		Message: wechat.MiniProgramPage{Title: "商品", AppID: "wx1", PagePath: "p?id=1", ThumbMediaID: "t"}, Text: "[小程序] 商品",
	})
	if err != nil || !reflect.DeepEqual(parts, want) {
		t.Errorf("%v, got %+v", err, parts)
	}
}

func TestUnsupported(t *testing.T) {
	t.Parallel()
	custom := func(data string) string { return element1("TIMCustomElem", `{"Data":"`+data+`"}`) }
	for body, what := range map[string]string{
		`{}`: "no elements", `x`: "no elements", `[{}]`: "element",
		element1("TIMTextElem", `"x"`):                                   "TIMTextElem cannot be read",
		element1("TIMTextElem", `{"Text":1}`):                            "TIMTextElem cannot be read",
		element1("TIMHologramElem", `{}`):                                "TIMHologramElem",
		element1("<script>", `{}`):                                       ": element",
		element1("TIMRelayElem", `{}`):                                   "TIMRelayElem",
		custom("SEND_GIFT"):                                              "custom message of an application",
		custom(`{\"businessID\":\"evaluation\"}`):                        "custom message of an application",
		custom(`{\"wechat\":\"hologram\"}`):                              "unknown kind",
		custom(`{\"wechat\":\"news\"}`):                                  "kind news that lacks something",
		custom(`{\"wechat\":\"menu\"}`):                                  "kind menu that lacks something",
		custom(`{\"wechat\":\"miniprogram\"}`):                           "kind miniprogram that lacks something",
		custom(`{\"wechat\":\"image\"}`):                                 "kind image that lacks something",
		element1("TIMImageElem", `{"ImageInfoArray":[]}`):                "without a link",
		element1("TIMFileElem", `{"Url":"file:///etc/passwd"}`):          "without a link",
		element1("TIMSoundElem", `{"Url":"https://me:secret@im/a.mp3"}`): "without a link",
		element1("TIMVideoFileElem", `{"VideoUrl":"https://im/`+strings.Repeat("a", maxURLBytes)+`"}`):     "without a link",
		`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"a"}},{"MsgType":"TIMRelayElem","MsgContent":{}}]`: "TIMRelayElem",
	} {
		parts, err := ToCustomer(json.RawMessage(body))
		if !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), what) || parts != nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%.100s: %v, %v", body, parts, err)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	parts := append(says("a"), fetches(wechat.MediaVoice, "https://im/a.mp3", "a.mp3", 0, "[语音] https://im/a.mp3")...)
	if got := Text(append(parts, says("b")...)); got != "a\n[语音] https://im/a.mp3\nb" {
		t.Errorf("%q", got)
	}
	if got := Text(nil); got != "" {
		t.Errorf("%q", got)
	}
}

func TestUploaded(t *testing.T) {
	t.Parallel()
	for kind, want := range map[wechat.MediaKind]wechat.Message{
		wechat.MediaImage: wechat.Image{MediaID: "m"}, wechat.MediaVoice: wechat.Voice{MediaID: "m"}, wechat.MediaVideo: wechat.Video{MediaID: "m"},
	} {
		f := Fetch{Kind: kind}
		if got := f.Message("m"); got != want || f.Limit() <= 0 || f.Limit() > kind.Limit() {
			t.Errorf("%s: %+v, %d", kind, got, f.Limit())
		}
	}
}

// What an agent's client sends is foreign: anything may come, and what goes to
// WeChat is complete.
func FuzzToCustomer(f *testing.F) {
	f.Add([]byte(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"5月份会上新"}}]`))
	f.Add([]byte(`[{"MsgType":"TIMCustomElem","MsgContent":{"Data":"{\"wechat\":\"menu\"}"}}]`))
	f.Add([]byte(`[{"MsgType":"TIMImageElem","MsgContent":{"ImageInfoArray":[{"Type":1,"URL":"https://a/b"}]}}]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		parts, err := ToCustomer(body)
		if err != nil && (!errors.Is(err, ErrUnsupported) || parts != nil) {
			t.Fatalf("%v, %v", parts, err)
		}
		for _, part := range parts {
			message := part.Message
			if (message == nil) == (part.Fetch == nil) || part.Text == "" {
				t.Fatalf("%+v", part)
			}
			if part.Fetch != nil {
				message = part.Fetch.Message("m")
				if !openable(part.Fetch.URL) || part.Fetch.Limit() <= 0 || part.Fetch.Size > part.Fetch.Limit() || len(part.Text) > push.MaxTextBytes {
					t.Fatalf("%+v", part)
				}
			}
			if text, ok := message.(wechat.Text); ok && len(text.Content) > push.MaxTextBytes {
				t.Fatalf("%d bytes", len(text.Content))
			}
			if _, err := wechat.Render("somebody", message); err != nil {
				t.Fatalf("%+v: %v", part, err)
			}
		}
	})
}
