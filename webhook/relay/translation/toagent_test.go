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
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/liveroom-io/liveroom-operator/internal/wechat/push"
	"github.com/liveroom-io/liveroom-operator/webhook/message"
	"github.com/liveroom-io/liveroom-operator/webhook/relay/conversation"
)

// maxMessageBytes of IM. Older pages say 8 KB.
const maxMessageBytes = 8 << 10

func link(mediaID string, medium Medium) string {
	if mediaID == "" {
		return ""
	}
	return "https://w/" + string(medium) + "/" + mediaID
}

func noLinks(string, Medium) string { return "" }

func said(text string) string {
	return `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"` + text + `"}}]`
}

func shown(m push.Message, link Link) []conversation.Rendered {
	return ToAgent(conversation.Content{Inbound: &conversation.Inbound{Push: m}}, link)
}

func TestToAgent(t *testing.T) {
	t.Parallel()
	image := func(url string) string {
		return `[{"MsgType":"TIMImageElem","MsgContent":{"UUID":"m1","ImageFormat":1,"ImageInfoArray":[` +
			`{"Type":1,"Size":0,"Width":240,"Height":240,"URL":"` + url + `"},` +
			`{"Type":2,"Size":0,"Width":240,"Height":240,"URL":"` + url + `"},` +
			`{"Type":3,"Size":0,"Width":240,"Height":240,"URL":"` + url + `"}]}}]`
	}
	video := func(thumbURL, thumbID string) string {
		return `[{"MsgType":"TIMVideoFileElem","MsgContent":{"VideoUrl":"https://w/video/f1","VideoUUID":"f1","VideoSize":0,"VideoSecond":1,"VideoFormat":"mp4",` +
			`"VideoDownloadFlag":2,"ThumbUrl":"` + thumbURL + `","ThumbUUID":"` + thumbID + `","ThumbSize":0,"ThumbWidth":240,"ThumbHeight":240,"ThumbFormat":"jpg","ThumbDownloadFlag":2}}]`
	}
	const sound = `[{"MsgType":"TIMSoundElem","MsgContent":{"Url":"https://w/voice/v1","UUID":"v1","Size":0,"Second":1,"Download_Flag":2}}]`
	full, label := strings.Repeat("长", pieceBytes/3), strings.Repeat("路", attributeBytes/3) // as many as fit
	event := func(name string) push.Message { return push.Message{Kind: push.Event, Event: name, EventKey: "KEY"} }
	for _, c := range []struct {
		name string
		push push.Message
		link Link
		want []string
	}{
		{"text", push.Message{Kind: push.Text, Content: "童装啥时候上新？"}, link, []string{said("童装啥时候上新？")}},
		{"text of a web page", push.Message{Kind: push.Text, Content: "<a href='x'>&"}, link, []string{said("<a href='x'>&")}},
		{"no text", push.Message{Kind: push.Text}, link, nil},
		{"long text", push.Message{Kind: push.Text, Content: full + "尾"}, link, []string{said(full), said("尾")}},
		{"text of controls", push.Message{Kind: push.Text, Content: strings.Repeat("\x01", 1500)}, link, []string{
			said(strings.Repeat(`\u0001`, 1024)), said(strings.Repeat(`\u0001`, 476)),
		}},
		{"image", push.Message{Kind: push.Image, MediaID: "m1", PicURL: "http://pic/1"}, link, []string{image("https://w/image/m1")}},
		{"image by WeChat's own link", push.Message{Kind: push.Image, MediaID: "m1", PicURL: "http://pic/1?a=1&b=2"}, noLinks, []string{image("http://pic/1?a=1&b=2")}},
		{"image without a link", push.Message{Kind: push.Image, MediaID: "m1"}, noLinks, []string{said("[图片] " + noLink)}},
		{"voice", push.Message{Kind: push.Voice, MediaID: "v1", Format: "amr"}, link, []string{sound}},
		{"voice with its text", push.Message{Kind: push.Voice, MediaID: "v1", Recognition: "你好"}, link, []string{sound, said("[语音识别] 你好")}},
		{"voice that nothing plays", push.Message{Kind: push.Voice, MediaID: "v1", Format: "speex", Recognition: "你好"}, link, []string{
			said("[语音 Speex] https://w/voice/v1"), said("[语音识别] 你好"),
		}},
		{"voice without a link", push.Message{Kind: push.Voice, MediaID: "v1"}, noLinks, []string{said("[语音] " + noLink)}},
		{"video", push.Message{Kind: push.Video, MediaID: "f1", ThumbMediaID: "t1"}, link, []string{video("https://w/thumb/t1", "t1")}},
		{"short video without a thumb", push.Message{Kind: push.ShortVideo, MediaID: "f1"}, link, []string{video("https://w/video/f1", "f1")}},
		{"video without a link", push.Message{Kind: push.Video, MediaID: "f1", ThumbMediaID: "t1"}, noLinks, []string{said("[视频] " + noLink)}},
		{"location", push.Message{Kind: push.Location, Label: "深圳", Latitude: 22.5, Longitude: 113.9}, link, []string{
			`[{"MsgType":"TIMLocationElem","MsgContent":{"Desc":"深圳","Latitude":22.5,"Longitude":113.9}}]`,
		}},
		{"location with a long label", push.Message{Kind: push.Location, Label: label + "尾", Latitude: -1, Longitude: 0.25}, link, []string{
			`[{"MsgType":"TIMLocationElem","MsgContent":{"Desc":"` + label + `","Latitude":-1,"Longitude":0.25}}]`, said("[位置] " + label + "尾"),
		}},
		{"link", push.Message{Kind: push.Link, Title: "新品", Description: "童装", URL: "https://shop/1?a=1&b=2"}, link, []string{
			said(`[链接] 新品\n童装\nhttps://shop/1?a=1&b=2`),
		}},
		{"mini-program", push.Message{Kind: push.MiniProgramPage, Title: "商品", AppID: "wx1", PagePath: "p?id=1", ThumbMediaID: "t1"}, link, []string{
			`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"[小程序] 商品\nwx1 p?id=1"}},` +
				`{"MsgType":"TIMCustomElem","MsgContent":{"Data":"{\"wechat\":\"miniprogram\",\"title\":\"商品\",\"appID\":\"wx1\",\"pagePath\":\"p?id=1\",\"thumbMediaID\":\"t1\"}","Desc":"商品","Ext":"","Sound":""}}]`,
		}},
		{"mini-program with a long title", push.Message{Kind: push.MiniProgramPage, Title: strings.Repeat("x", 3000), AppID: "wx1"}, link, []string{
			said("[小程序] " + strings.Repeat("x", 3000) + `\nwx1`),
		}},
		{"tap on a menu", event(push.EventClick), link, []string{said("[点击菜单] KEY")}},
		{"scan", push.Message{Kind: push.Event, Event: push.EventScanWait, EventKey: "KEY", ScanResult: "690"}, link, []string{said(`[扫码] KEY\n690`)}},
		{"chosen place", push.Message{Kind: push.Event, Event: push.EventLocationSelect, Label: "深圳", PlaceName: "大厦", Latitude: 22.5, Longitude: 113.9}, link, []string{
			said(`[选择位置] 深圳\n大厦\n22.5, 113.9`),
		}},
		{"pictures for a menu", push.Message{Kind: push.Event, Event: push.EventAlbum, EventKey: "KEY", PictureCount: 2}, link, []string{said("[发送图片] KEY (2)")}},
		{"customer service opened", push.Message{Kind: push.Event, Event: push.EventEnterSession, SessionFrom: "live_8801"}, link, []string{said("[进入客服会话] live_8801")}},
		{"a page opened", event(push.EventView), link, nil},
		{"follow", event(push.EventSubscribe), link, nil},
		{"QR code", event(push.EventScan), link, nil},
		{"report of a location", event(push.EventLocation), link, nil},
		{"result of a template", event(push.EventTemplateSent), link, nil},
		{"unknown", push.Message{Kind: push.Unknown, Type: "hologram"}, link, []string{said("[暂不支持的消息: hologram]")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var bodies []string
			first, second := shown(c.push, c.link), shown(c.push, c.link)
			for _, one := range first {
				bodies = append(bodies, string(one.Body))
				if len(one.Body)+len(one.CloudCustomData) > maxMessageBytes || one.CloudCustomData != `{"liveroom":{"relay":"customer"}}` || !Ours(one.CloudCustomData) {
					t.Errorf("%d bytes, %s", len(one.Body), one.CloudCustomData)
				}
			}
			if !reflect.DeepEqual(bodies, c.want) || !reflect.DeepEqual(first, second) {
				t.Errorf("got %q", bodies)
			}
		})
	}
}

func TestNotices(t *testing.T) {
	t.Parallel()
	notice := conversation.Notice{Kind: conversation.NoticeNoRight}
	got := ToAgent(conversation.Content{Notice: &notice}, link)
	encoded, err := json.Marshal(notice.Text())
	if err != nil {
		t.Fatal(err)
	}
	want := []conversation.Rendered{{Body: json.RawMessage(said(strings.Trim(string(encoded), `"`))), CloudCustomData: `{"liveroom":{"relay":"notice"}}`}}
	if !reflect.DeepEqual(got, want) || !Ours(got[0].CloudCustomData) {
		t.Errorf("got %s", got)
	}
}

func TestOurs(t *testing.T) {
	t.Parallel()
	menu := shown(push.Message{Kind: push.Text, Content: "是", BizMenuID: "101"}, link)
	if got := menu[0].CloudCustomData; got != `{"liveroom":{"relay":"customer","menuID":"101"}}` || !Ours(got) {
		t.Errorf("%s", got)
	}
	for _, other := range []string{
		"", "x", "{}", `{"liveroom":1}`, `{"liveroom":{}}`, `{"liveroom":{"relay":"agent"}}`, `"liveroom"`, `{"liveroom":{"relay":"customer"}`,
		`{"note":"\"liveroom\":{\"relay\":\"customer\"}"}`,
	} {
		if Ours(other) {
			t.Error(other)
		}
	}
}

// Whatever a customer writes, all of it reaches the agent, in messages that IM takes.
func FuzzToAgent(f *testing.F) {
	f.Add("童装啥时候上新？", "深圳")
	f.Add(strings.Repeat("\x00", 5000), strings.Repeat("<", 600))
	f.Add(strings.Repeat("\u2028", 3000), strings.Repeat("👨‍👩‍👧", 100))
	f.Fuzz(func(t *testing.T, content, title string) {
		content, title = strings.ToValidUTF8(content, "?"), strings.ToValidUTF8(title, "?")
		var got strings.Builder
		for _, one := range shown(push.Message{Kind: push.Text, Content: content, BizMenuID: "1"}, link) {
			var elements []struct{ MsgContent struct{ Text string } }
			if err := json.Unmarshal(one.Body, &elements); err != nil || len(elements) != 1 {
				t.Fatalf("%v: %s", err, one.Body)
			}
			got.WriteString(elements[0].MsgContent.Text)
		}
		if got.String() != content {
			t.Fatalf("got %q of %q", got.String(), content)
		}
		for _, m := range []push.Message{
			{Kind: push.Text, Content: content}, {Kind: push.Location, Label: title}, {Kind: push.Link, Title: title, URL: content},
			{Kind: push.MiniProgramPage, Title: title, PagePath: content}, {Kind: push.Unknown, Type: title},
		} {
			for _, one := range shown(m, link) {
				if _, err := message.Parse(one.Body, one.CloudCustomData); err != nil || len(one.Body)+len(one.CloudCustomData) > maxMessageBytes {
					t.Fatalf("%v, %d bytes: %s", err, len(one.Body), fmt.Sprint(m))
				}
			}
		}
	})
}
