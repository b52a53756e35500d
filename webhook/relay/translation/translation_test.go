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
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/liveroom-io/liveroom-operator/internal/wechat"
	"github.com/liveroom-io/liveroom-operator/internal/wechat/push"
	"github.com/liveroom-io/liveroom-operator/webhook/relay/conversation"
)

func link(mediaID string, medium Medium) string { return "https://w/" + string(medium) + "/" + mediaID }

func TestToAgent(t *testing.T) {
	t.Parallel()
	const image = `[{"MsgType":"TIMImageElem","MsgContent":{"UUID":"m1","ImageFormat":1,"ImageInfoArray":[` +
		`{"Type":1,"Size":0,"Width":240,"Height":240,"URL":"https://w/image/m1"},` +
		`{"Type":2,"Size":0,"Width":240,"Height":240,"URL":"https://w/image/m1"},` +
		`{"Type":3,"Size":0,"Width":240,"Height":240,"URL":"https://w/image/m1"}]}}]`
	long := strings.Repeat("长", pieceBytes/3) // as many as fit
	for _, c := range []struct {
		name string
		push push.Message
		want []string
	}{
		{"text", push.Message{Kind: push.Text, Content: "童装啥时候上新？"}, []string{`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"童装啥时候上新？"}}]`}},
		{"no text", push.Message{Kind: push.Text}, nil},
		{"long text", push.Message{Kind: push.Text, Content: long + "尾"}, []string{
			`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"` + long + `"}}]`, `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"尾"}}]`,
		}},
		{"image", push.Message{Kind: push.Image, MediaID: "m1"}, []string{image}},
		{"voice with its text", push.Message{Kind: push.Voice, MediaID: "v1", Recognition: "你好"}, []string{
			`[{"MsgType":"TIMSoundElem","MsgContent":{"Url":"https://w/voice/v1","UUID":"v1","Size":0,"Second":1,"Download_Flag":2}}]`,
			`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"[语音识别] 你好"}}]`,
		}},
		{"short video", push.Message{Kind: push.ShortVideo, MediaID: "f1", ThumbMediaID: "t1"}, []string{
			`[{"MsgType":"TIMVideoFileElem","MsgContent":{"VideoUrl":"https://w/video/f1","VideoUUID":"f1","VideoSize":0,"VideoSecond":1,"VideoFormat":"mp4",` +
				`"VideoDownloadFlag":2,"ThumbUrl":"https://w/thumb/t1","ThumbUUID":"t1","ThumbSize":0,"ThumbWidth":240,"ThumbHeight":240,"ThumbFormat":"jpg","ThumbDownloadFlag":2}}]`,
		}},
		{"location", push.Message{Kind: push.Location, Label: "深圳", Latitude: 22.5, Longitude: 113.9}, []string{
			`[{"MsgType":"TIMLocationElem","MsgContent":{"Desc":"深圳","Latitude":22.5,"Longitude":113.9}}]`,
		}},
		{"link", push.Message{Kind: push.Link, Title: "新品", URL: "https://shop/1"}, []string{
			`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"[链接] 新品\nhttps://shop/1"}}]`,
		}},
		{"mini-program", push.Message{Kind: push.MiniProgramPage, Title: "商品", AppID: "wx1", PagePath: "p?id=1"}, []string{
			`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"[小程序] 商品\nwx1 p?id=1"}},` +
				`{"MsgType":"TIMCustomElem","MsgContent":{"Data":"{\"wechat\":\"miniprogram\",\"title\":\"商品\",\"appID\":\"wx1\",\"pagePath\":\"p?id=1\"}","Desc":"商品","Ext":"","Sound":""}}]`,
		}},
		{"tap on a menu", push.Message{Kind: push.Event, Event: push.EventClick, EventKey: "NEW"}, []string{
			`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"[点击菜单] NEW"}}]`,
		}},
		{"an event of no interest", push.Message{Kind: push.Event, Event: push.EventView}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			var bodies []string
			for _, one := range ToAgent(conversation.Content{Inbound: &conversation.Inbound{Push: c.push}}, link) {
				bodies = append(bodies, string(one.Body))
				g.Expect(len(one.Body) + len(one.CloudCustomData)).To(BeNumerically("<=", 12<<10))
				g.Expect(Ours(one.CloudCustomData)).To(BeTrue())
			}
			g.Expect(bodies).To(Equal(c.want))
		})
	}
}

func TestOurs(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	notice := ToAgent(conversation.Content{Notice: &conversation.Notice{Kind: conversation.NoticeNoRight}}, link)
	g.Expect(notice).To(HaveLen(1))
	g.Expect(Ours(notice[0].CloudCustomData)).To(BeTrue())
	menu := ToAgent(conversation.Content{Inbound: &conversation.Inbound{Push: push.Message{Kind: push.Text, Content: "是", BizMenuID: "101"}}}, link)
	g.Expect(menu[0].CloudCustomData).To(Equal(`{"liveroom":{"relay":"customer","menuID":"101"}}`))
	for _, other := range []string{"", "x", "{}", `{"liveroom":1}`, `{"liveroom":{}}`, `{"liveroom":{"relay":"agent"}}`, `"liveroom"`} {
		g.Expect(Ours(other)).To(BeFalse(), other)
	}
}

func TestToCustomer(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", push.MaxTextBytes)
	say := func(s string) []Part { return []Part{{Message: wechat.Text{Content: s}, Text: s}} }
	for _, c := range []struct {
		name string
		body string
		want []Part
	}{
		{"text", `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"5月份会上新，敬请关注！"}}]`, say("5月份会上新，敬请关注！")},
		{"long text", `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"` + long + `y"}}]`, append(say(long), say("y")...)},
		{"face", `[{"MsgType":"TIMFaceElem","MsgContent":{"Index":4,"Data":""}}]`, say("[表情 4]")},
		{"location", `[{"MsgType":"TIMLocationElem","MsgContent":{"Desc":"门店","Latitude":22.5,"Longitude":113.9}}]`, say("[位置] 门店\n22.5, 113.9")},
		{
			"picture: the largest that WeChat takes",
			`[{"MsgType":"TIMImageElem","MsgContent":{"UUID":"u","ImageFormat":1,"ImageInfoArray":[{"Type":1,"Size":9000000,"URL":"https://im/o.jpg"},` +
				`{"Type":2,"Size":90000,"URL":"https://im/l.jpg"},{"Type":3,"Size":900,"URL":"https://im/t.jpg"}]}}]`,
			[]Part{{Fetch: &Fetch{URL: "https://im/l.jpg", Kind: wechat.MediaImage, Name: "l.jpg", Size: 90000}, Text: "[图片] https://im/l.jpg"}},
		},
		{
			"voice", `[{"MsgType":"TIMSoundElem","MsgContent":{"Url":"https://im/a.mp3?s=1","UUID":"u","Size":900,"Second":3}}]`,
			[]Part{{Fetch: &Fetch{URL: "https://im/a.mp3?s=1", Kind: wechat.MediaVoice, Name: "a.mp3", Size: 900}, Text: "[语音] https://im/a.mp3?s=1"}},
		},
		{"voice of another format", `[{"MsgType":"TIMSoundElem","MsgContent":{"Url":"https://im/a.m4a","Size":900,"Second":3}}]`, say("[语音] https://im/a.m4a")},
		{"voice too long", `[{"MsgType":"TIMSoundElem","MsgContent":{"Url":"https://im/a.amr","Size":900,"Second":61}}]`, say("[语音] https://im/a.amr")},
		{"video too large", `[{"MsgType":"TIMVideoFileElem","MsgContent":{"VideoUrl":"https://im/v.mp4","VideoSize":99000000}}]`, say("[视频] https://im/v.mp4")},
		{"file", `[{"MsgType":"TIMFileElem","MsgContent":{"Url":"https://im/f","FileName":"合同.pdf","FileSize":5}}]`, say("[文件] 合同.pdf https://im/f")},
		{
			"news", `[{"MsgType":"TIMCustomElem","MsgContent":{"Data":"{\"wechat\":\"news\",\"title\":\"新品\",\"url\":\"https://s\"}"}}]`,
			[]Part{{Message: wechat.News{Title: "新品", URL: "https://s"}, Text: "新品\nhttps://s"}},
		},
		{
			"menu", `[{"MsgType":"TIMCustomElem","MsgContent":{"Data":"{\"wechat\":\"menu\",\"head\":\"满意吗\",\"items\":[{\"id\":\"1\",\"content\":\"是\"}]}"}}]`,
			[]Part{{Message: wechat.Menu{Head: "满意吗", Items: []wechat.MenuItem{{ID: "1", Content: "是"}}}, Text: "满意吗\n- 是"}},
		},
		{
			"several", `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"a"}},{"MsgType":"TIMTextElem","MsgContent":{"Text":"b"}}]`, append(say("a"), say("b")...),
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			parts, err := ToCustomer(json.RawMessage(c.body))
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(parts).To(Equal(c.want))
			g.Expect(Text(parts)).NotTo(BeEmpty())
		})
	}
}

func TestUnsupported(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"no array":               `{}`,
		"not readable":           `[{"MsgType":"TIMTextElem","MsgContent":"x"}]`,
		"unknown":                `[{"MsgType":"TIMHologramElem","MsgContent":{}}]`,
		"custom":                 `[{"MsgType":"TIMCustomElem","MsgContent":{"Data":"SEND_GIFT"}}]`,
		"a picture without link": `[{"MsgType":"TIMImageElem","MsgContent":{"ImageInfoArray":[]}}]`,
		"a link to a file":       `[{"MsgType":"TIMFileElem","MsgContent":{"Url":"file:///etc/passwd"}}]`,
		"one that can be shown":  `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"a"}},{"MsgType":"TIMRelayElem","MsgContent":{}}]`,
	} {
		if parts, err := ToCustomer(json.RawMessage(body)); !errors.Is(err, ErrUnsupported) {
			t.Errorf("%s: %v, %v", name, parts, err)
		}
	}
}

// What an agent's client sends is foreign: anything may come.
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
			if (part.Message == nil) == (part.Fetch == nil) {
				t.Fatalf("%+v", part)
			}
		}
	})
}
