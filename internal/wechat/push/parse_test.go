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

package push

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

const (
	account  = "gh_7f083739789a"
	follower = "oia2TjuEGTNoeX76QEjQNrcURxG8"
	second   = 1763848315
)

// body is a push in XML with the given further elements.
func body(rest string) string {
	return fmt.Sprintf(`<xml><ToUserName><![CDATA[%s]]></ToUserName><FromUserName><![CDATA[%s]]></FromUserName>`+
		`<CreateTime>%d</CreateTime>%s</xml>`, account, follower, second, rest)
}

// said is what all messages of body have in common.
func said(m Message) *Message {
	m.To, m.From, m.CreateTime = account, follower, second
	if m.Kind == Event {
		m.Type = "event"
	}
	return &m
}

// samples are the bodies of sections 4, 5 and 13 of the WeChat contract.
var samples = map[string]struct {
	body string
	want *Message
}{
	"text": {
		`<xml><ToUserName><![CDATA[gh_7f083739789a]]></ToUserName><FromUserName><![CDATA[oia2TjuEGTNoeX76QEjQNrcURxG8]]></FromUserName><CreateTime>1763848315</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[你好 hello]]></Content><MsgId>24920000000000001</MsgId></xml>`,
		said(Message{Kind: Text, Type: "text", MsgID: "24920000000000001", Content: "你好 hello"}),
	},
	"text of 64 bits": {
		body(`<MsgType>text</MsgType><Content> a &lt;b&gt; &#x1F600; </Content><MsgId>18446744073709551615</MsgId>`),
		said(Message{Kind: Text, Type: "text", MsgID: "18446744073709551615", Content: " a <b> 😀 "}),
	},
	"tap on a message menu": {
		body(`<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[yes]]></Content><MsgId>1</MsgId><bizmsgmenuid>101</bizmsgmenuid>`),
		said(Message{Kind: Text, Type: "text", MsgID: "1", Content: "yes", BizMenuID: "101"}),
	},
	"from an article": {
		body(`<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[?]]></Content><MsgId>1</MsgId><MsgDataId>2247483650</MsgDataId><Idx>2</Idx>`),
		said(Message{Kind: Text, Type: "text", MsgID: "1", Content: "?", ArticleDataID: "2247483650", ArticleIndex: 2}),
	},
	"image": {
		body(`<MsgType><![CDATA[image]]></MsgType><PicUrl><![CDATA[http://p/1]]></PicUrl><MediaId><![CDATA[m1]]></MediaId><MsgId>2</MsgId>`),
		said(Message{Kind: Image, Type: "image", MsgID: "2", PicURL: "http://p/1", MediaID: "m1"}),
	},
	"voice": {
		body(`<MsgType><![CDATA[voice]]></MsgType><MediaId><![CDATA[m1]]></MediaId><Format><![CDATA[amr]]></Format><MsgId>24920000000000002</MsgId><MediaId16K><![CDATA[m1_16k]]></MediaId16K>`),
		said(Message{Kind: Voice, Type: "voice", MsgID: "24920000000000002", MediaID: "m1", Format: "amr", MediaID16K: "m1_16k"}),
	},
	"voice with its text": {
		body(`<MsgType><![CDATA[voice]]></MsgType><MediaId>m1</MediaId><Format>speex</Format><Recognition><![CDATA[你好]]></Recognition><MsgId>3</MsgId>`),
		said(Message{Kind: Voice, Type: "voice", MsgID: "3", MediaID: "m1", Format: "speex", Recognition: "你好"}),
	},
	"video": {
		body(`<MsgType><![CDATA[video]]></MsgType><MediaId>m1</MediaId><ThumbMediaId>t1</ThumbMediaId><MsgId>4</MsgId>`),
		said(Message{Kind: Video, Type: "video", MsgID: "4", MediaID: "m1", ThumbMediaID: "t1"}),
	},
	"short video": {
		body(`<MsgType><![CDATA[shortvideo]]></MsgType><MediaId>m1</MediaId><ThumbMediaId>t1</ThumbMediaId><MsgId>5</MsgId>`),
		said(Message{Kind: ShortVideo, Type: "shortvideo", MsgID: "5", MediaID: "m1", ThumbMediaID: "t1"}),
	},
	"location": {
		body(`<MsgType><![CDATA[location]]></MsgType><Location_X>23.134521</Location_X><Location_Y>113.358803</Location_Y><Scale>20.0</Scale><Label><![CDATA[广州]]></Label><MsgId>6</MsgId>`),
		said(Message{Kind: Location, Type: "location", MsgID: "6", Latitude: 23.134521, Longitude: 113.358803, Scale: 20, Label: "广州"}),
	},
	"location nowhere": {
		body(`<MsgType>location</MsgType><Location_X>NaN</Location_X><Location_Y>113.358803</Location_Y><Label>x</Label><MsgId>6</MsgId>`),
		said(Message{Kind: Unknown, Type: "location", MsgID: "6"}),
	},
	"location off the globe": {
		body(`<MsgType>location</MsgType><Location_X>91</Location_X><Location_Y>113</Location_Y><MsgId>6</MsgId>`),
		said(Message{Kind: Unknown, Type: "location", MsgID: "6"}),
	},
	"link": {
		body(`<MsgType><![CDATA[link]]></MsgType><Title><![CDATA[t]]></Title><Description><![CDATA[d]]></Description><Url><![CDATA[http://u/?a=1&b=2]]></Url><MsgId>7</MsgId>`),
		said(Message{Kind: Link, Type: "link", MsgID: "7", Title: "t", Description: "d", URL: "http://u/?a=1&b=2"}),
	},
	"a type of tomorrow": {
		body(`<MsgType>hologram</MsgType><MsgId>8</MsgId><Shape><Side>1</Side><Side>2</Side></Shape><Shape/>`),
		said(Message{Kind: Unknown, Type: "hologram", MsgID: "8"}),
	},
	"control characters": {
		body("<MsgType>text</MsgType><Content>a\x08b\xf0\x9f</Content><MsgId>9</MsgId>"),
		said(Message{Kind: Text, Type: "text", MsgID: "9", Content: "a\ufffdb\ufffd\ufffd"}),
	},
	"written with care": {
		"\ufeff<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- from here -->\n" + strings.NewReplacer("><", ">\n\t<", "-CONTENT-", "<![CDATA[a]]]]><![CDATA[>b]]>").Replace(
			body("<MsgType>\n<![CDATA[text]]>\n</MsgType><Content>-CONTENT-</Content><MsgId> 9 </MsgId>")) + "\n",
		said(Message{Kind: Text, Type: "text", MsgID: "9", Content: "a]]>b"}),
	},
	"compatible mode": {
		body(`<MsgType>text</MsgType><Content>a</Content><MsgId>9</MsgId><Encrypt>abc=</Encrypt>`),
		said(Message{Kind: Text, Type: "text", MsgID: "9", Content: "a"}),
	},

	"follow": {
		body(`<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[subscribe]]></Event>`),
		said(Message{Kind: Event, Event: EventSubscribe}),
	},
	"follow with an empty key": {
		body(`<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[subscribe]]></Event><EventKey><![CDATA[]]></EventKey>`),
		said(Message{Kind: Event, Event: EventSubscribe}),
	},
	"follow by a QR code": {
		body(`<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[subscribe]]></Event><EventKey><![CDATA[qrscene_123]]></EventKey><Ticket><![CDATA[T]]></Ticket>`),
		said(Message{Kind: Event, Event: EventSubscribe, EventKey: "qrscene_123", Ticket: "T"}),
	},
	"unfollow": {
		body(`<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[unsubscribe]]></Event><EventKey/>`),
		said(Message{Kind: Event, Event: EventUnsubscribe}),
	},
	"scan": {
		body(`<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[SCAN]]></Event><EventKey><![CDATA[123]]></EventKey><Ticket><![CDATA[T]]></Ticket>`),
		said(Message{Kind: Event, Event: EventScan, EventKey: "123", Ticket: "T"}),
	},
	"position": {
		body(`<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[LOCATION]]></Event><Latitude>23.137466</Latitude><Longitude>113.352425</Longitude><Precision>119.385040</Precision>`),
		said(Message{Kind: Event, Event: EventLocation, Latitude: 23.137466, Longitude: 113.352425, Precision: 119.38504}),
	},
	"click": {
		body(`<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[CLICK]]></Event><EventKey><![CDATA[K]]></EventKey>`),
		said(Message{Kind: Event, Event: EventClick, EventKey: "K"}),
	},
	"view": {
		body(`<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[VIEW]]></Event><EventKey><![CDATA[http://u/]]></EventKey><MenuId>12</MenuId>`),
		said(Message{Kind: Event, Event: EventView, EventKey: "http://u/", MenuID: "12"}),
	},
	"scan of a menu": {
		body(`<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[scancode_waitmsg]]></Event><EventKey><![CDATA[6]]></EventKey><ScanCodeInfo><ScanType><![CDATA[qrcode]]></ScanType><ScanResult><![CDATA[2]]></ScanResult></ScanCodeInfo>`),
		said(Message{Kind: Event, Event: EventScanWait, EventKey: "6", ScanType: "qrcode", ScanResult: "2"}),
	},
	"pictures of a menu": {
		body(`<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[pic_weixin]]></Event><EventKey>6</EventKey><SendPicsInfo><Count>2</Count><PicList><item><PicMd5Sum>a</PicMd5Sum></item><item><PicMd5Sum>b</PicMd5Sum></item></PicList></SendPicsInfo>`),
		said(Message{Kind: Event, Event: EventAlbum, EventKey: "6", PictureCount: 2}),
	},
	"place of a menu": {
		body(`<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[location_select]]></Event><EventKey>6</EventKey><SendLocationInfo><Location_X>23</Location_X><Location_Y>113</Location_Y><Scale>15</Scale><Label>广州</Label><Poiname>P</Poiname></SendLocationInfo>`),
		said(Message{Kind: Event, Event: EventLocationSelect, EventKey: "6", Latitude: 23, Longitude: 113, Scale: 15, Label: "广州", PlaceName: "P"}),
	},
	"mini-program of a menu": {
		body(`<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[view_miniprogram]]></Event><EventKey><![CDATA[pages/index]]></EventKey><MenuId>12</MenuId>`),
		said(Message{Kind: Event, Event: EventViewMiniProgram, EventKey: "pages/index", MenuID: "12"}),
	},
	"agent joined": {
		body(`<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[kf_create_session]]></Event><KfAccount><![CDATA[test1@test]]></KfAccount>`),
		said(Message{Kind: Event, Event: EventAgentJoined, KfAccount: "test1@test"}),
	},
	"agent left": {
		body(`<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[kf_close_session]]></Event><KfAccount><![CDATA[test1@test]]></KfAccount><CloseType>KF</CloseType>`),
		said(Message{Kind: Event, Event: EventAgentLeft, KfAccount: "test1@test"}),
	},
	"agent switched": {
		body(`<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[kf_switch_session]]></Event><FromKfAccount><![CDATA[test1@test]]></FromKfAccount><ToKfAccount><![CDATA[test2@test]]></ToKfAccount>`),
		said(Message{Kind: Event, Event: EventAgentSwitched, FromKfAccount: "test1@test", ToKfAccount: "test2@test"}),
	},
	"template": {
		body(`<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[TEMPLATESENDJOBFINISH]]></Event><MsgID>200163836</MsgID><Status><![CDATA[failed: system failed]]></Status>`),
		said(Message{Kind: Event, Event: EventTemplateSent, JobID: "200163836", Status: "failed: system failed"}),
	},
	"mass sending": {
		body(`<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[MASSSENDJOBFINISH]]></Event><MsgID>1000001625</MsgID><Status>err(30003)</Status><TotalCount>0</TotalCount><FilterCount>0</FilterCount><SentCount>0</SentCount><ErrorCount>0</ErrorCount><CopyrightCheckResult><Count>2</Count><ResultList><item><ArticleIdx>1</ArticleIdx></item><item><ArticleIdx>2</ArticleIdx></item></ResultList></CopyrightCheckResult>`),
		said(Message{Kind: Event, Event: EventMassSent, JobID: "1000001625", Status: "err(30003)"}),
	},
	"subscribed message": {
		body(`<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[subscribe_msg_popup_event]]></Event><SubscribeMsgPopupEvent><List><TemplateId>a</TemplateId></List><List><TemplateId>b</TemplateId></List></SubscribeMsgPopupEvent>`),
		said(Message{Kind: Event, Event: "subscribe_msg_popup_event"}),
	},

	"official debug event, JSON": {
		`{"ToUserName":"gh_97417a04a28d","FromUserName":"o9AgO5Kd5ggOC-bXrbNODIiE3bGY","CreateTime":1714112445,"MsgType":"event","Event":"debug_demo","debug_str":"hello world"}`,
		&Message{Kind: Event, Type: "event", To: "gh_97417a04a28d", From: "o9AgO5Kd5ggOC-bXrbNODIiE3bGY", CreateTime: 1714112445, Event: EventDebug},
	},
	"mini-program page, JSON": {
		`{"ToUserName":"gh_97417a04a28d","FromUserName":"o9AgO5","CreateTime":1763848315,"MsgType":"miniprogrampage","MsgId":1234567890123456,"Title":"Goods","AppId":"wxba5f","PagePath":"pages/item?id=1","ThumbUrl":"http://t","ThumbMediaId":"m2"}`,
		&Message{
			Kind: MiniProgramPage, Type: "miniprogrampage", To: "gh_97417a04a28d", From: "o9AgO5", CreateTime: second, MsgID: "1234567890123456",
			Title: "Goods", AppID: "wxba5f", PagePath: "pages/item?id=1", ThumbURL: "http://t", ThumbMediaID: "m2",
		},
	},
	"session opened, JSON": {
		`{"ToUserName":"gh_97417a04a28d","FromUserName":"o9AgO5","CreateTime":1763848320,"MsgType":"event","Event":"user_enter_tempsession","SessionFrom":"live_8801"}`,
		&Message{Kind: Event, Type: "event", To: "gh_97417a04a28d", From: "o9AgO5", CreateTime: 1763848320, Event: EventEnterSession, SessionFrom: "live_8801"},
	},
	"id of 64 bits, JSON": {
		`{"ToUserName":"g","FromUserName":"o","CreateTime":"1763848320","MsgType":"text","MsgId":18446744073709551615,"Content":"\u4f60 <b>"}`,
		&Message{Kind: Text, Type: "text", To: "g", From: "o", CreateTime: 1763848320, MsgID: "18446744073709551615", Content: "你 <b>"},
	},
	"id as a text, JSON": {
		`{"ToUserName":"g","FromUserName":"o","CreateTime":1,"MsgType":"text","MsgId":"49d72d_1555684067","Content":"a","List":[{"MsgType":"x"},[]],"None":null,"Yes":true}`,
		&Message{Kind: Text, Type: "text", To: "g", From: "o", CreateTime: 1, MsgID: "49d72d_1555684067", Content: "a"},
	},
}

func TestParse(t *testing.T) {
	for name, sample := range samples {
		t.Run(name, func(t *testing.T) {
			got, err := Parse([]byte(sample.body))
			if err != nil || !reflect.DeepEqual(got, sample.want) {
				t.Errorf("got  %+v, %v\nwant %+v", got, err, sample.want)
			}
		})
	}
}

const well = `<MsgType>text</MsgType><Content>a</Content>`

func TestParseRefuses(t *testing.T) {
	tests := map[string]struct {
		body string
		want error
	}{
		"nothing":          {"", ErrSyntax},
		"a word":           {"success", ErrSyntax},
		"another root":     {"<html>" + body(well) + "</html>", ErrSyntax},
		"two roots":        {body(well) + body(well), ErrSyntax},
		"a text behind":    {body(well) + "x", ErrSyntax},
		"cut":              {body(well)[:100], ErrSyntax},
		"crossed":          {body("<a><b></a></b>"), ErrSyntax},
		"a directive":      {`<!DOCTYPE xml [<!ENTITY a "b">]>` + body(well), ErrSyntax},
		"an entity":        {body(`<MsgType>&a;</MsgType>`), ErrSyntax},
		"an instruction":   {`<?php ?>` + body(well), ErrSyntax},
		"one inside":       {body(`<?xml version="1.0"?>` + well), ErrSyntax},
		"another encoding": {`<?xml version="1.0" encoding="GBK"?>` + body(well), ErrSyntax},
		"too long":         {body(well + "<Label>" + strings.Repeat("a", MaxBytes) + "</Label>"), ErrSize},
		"too deep":         {body(strings.Repeat("<a>", maxDepth) + strings.Repeat("</a>", maxDepth) + well), ErrShape},
		"too many":         {body(strings.Repeat("<a/>", maxElements) + well), ErrShape},
		"two senders":      {body(well + `<FromUserName>x</FromUserName>`), ErrShape},

		"no type":         {body(""), ErrField},
		"no event":        {body("<MsgType>event</MsgType>"), ErrField},
		"no sender":       {"<xml><ToUserName>g</ToUserName><CreateTime>1</CreateTime>" + well + "</xml>", ErrField},
		"no account":      {"<xml><FromUserName>o</FromUserName><CreateTime>1</CreateTime>" + well + "</xml>", ErrField},
		"no time":         {"<xml><ToUserName>g</ToUserName><FromUserName>o</FromUserName>" + well + "</xml>", ErrField},
		"a negative time": {"<xml><ToUserName>g</ToUserName><FromUserName>o</FromUserName><CreateTime>-1</CreateTime>" + well + "</xml>", ErrField},
		"a long sender":   {"<xml><ToUserName>g</ToUserName><FromUserName>" + strings.Repeat("o", 129) + "</FromUserName><CreateTime>1</CreateTime>" + well + "</xml>", ErrField},
		"foreign names":   {`<xml xmlns:a="b"><a:MsgType>text</a:MsgType></xml>`, ErrField},

		"a list, JSON":      {`[]`, ErrSyntax},
		"cut, JSON":         {`{"ToUserName":"g"`, ErrSyntax},
		"two values, JSON":  {`{}{}`, ErrSyntax},
		"a comma, JSON":     {`{"MsgType":"text",}`, ErrSyntax},
		"too deep, JSON":    {`{"a":` + strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth) + "}", ErrShape},
		"too many, JSON":    {`{"a":[1` + strings.Repeat(",1", maxElements) + "]}", ErrShape},
		"two senders, JSON": {`{"FromUserName":"a","FromUserName":"b"}`, ErrShape},
		"nothing in, JSON":  {`{}`, ErrField},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got, err := Parse([]byte(test.body)); !errors.Is(err, test.want) || got != nil {
				t.Errorf("got %+v, %v, want %v", got, err, test.want)
			}
		})
	}
}

func TestParseEnvelope(t *testing.T) {
	tests := map[string]struct {
		body string
		want Envelope
		err  error
	}{
		"safe mode": {
			`<xml><ToUserName><![CDATA[gh_7f083739789a]]></ToUserName><Encrypt><![CDATA[ab+/=]]></Encrypt></xml>`,
			Envelope{ToUserName: account, Encrypt: "ab+/="}, nil,
		},
		"compatible mode": {body(well + "<Encrypt>abc=</Encrypt>"), Envelope{ToUserName: account, Encrypt: "abc="}, nil},
		"JSON":            {`{"ToUserName":"gh_7f083739789a","Encrypt":"abc="}`, Envelope{ToUserName: account, Encrypt: "abc="}, nil},
		"plain mode":      {body(well), Envelope{}, ErrField},
		"not XML":         {"abc=", Envelope{}, ErrSyntax},
		"two of them":     {"<xml><Encrypt>a</Encrypt><Encrypt>b</Encrypt></xml>", Envelope{}, ErrShape},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got, err := ParseEnvelope([]byte(test.body)); got != test.want || !errors.Is(err, test.err) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestScene(t *testing.T) {
	for want, m := range map[string]Message{
		"123": {Event: EventSubscribe, EventKey: "qrscene_123"},
		"":    {Event: EventSubscribe},
		"456": {Event: EventScan, EventKey: "456"},
	} {
		if got := m.Scene(); got != want {
			t.Errorf("%+v: got %q", m, got)
		}
	}
	if got := (&Message{Event: EventClick, EventKey: "qrscene_1"}).Scene(); got != "" {
		t.Errorf("a tap on a menu has the scene %q", got)
	}
}
