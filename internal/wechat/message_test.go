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

package wechat

import (
	"strings"
	"testing"
)

func TestRender(t *testing.T) {
	tests := map[string]struct {
		message Message
		want    string
	}{
		"text": {
			Text{"您好 <a href=\"http://a/?b=1&c=2\">x</a>"},
			`{"msgtype":"text","text":{"content":"您好 <a href=\"http://a/?b=1&c=2\">x</a>"},"touser":"oia2TjuEGTNoeX76QEjQNrcURxG8"}`,
		},
		"text that would be escaped": {
			Text{"a\u2028b\x00c\xffd\ne😀"},
			`{"msgtype":"text","text":{"content":"a\nbcd\ne😀"},"touser":"oia2TjuEGTNoeX76QEjQNrcURxG8"}`,
		},
		"image": {Image{"m"}, `{"image":{"media_id":"m"},"msgtype":"image","touser":"oia2TjuEGTNoeX76QEjQNrcURxG8"}`},
		"voice": {Voice{"m"}, `{"msgtype":"voice","touser":"oia2TjuEGTNoeX76QEjQNrcURxG8","voice":{"media_id":"m"}}`},
		"video": {
			Video{"m", "th", "t", "d"},
			`{"msgtype":"video","touser":"oia2TjuEGTNoeX76QEjQNrcURxG8","video":{"description":"d","media_id":"m","thumb_media_id":"th","title":"t"}}`,
		},
		"video alone": {Video{MediaID: "m"}, `{"msgtype":"video","touser":"oia2TjuEGTNoeX76QEjQNrcURxG8","video":{"media_id":"m"}}`},
		"music": {
			Music{"t", "d", "u", "h", "th"},
			`{"msgtype":"music","music":{"description":"d","hqmusicurl":"h","musicurl":"u","thumb_media_id":"th","title":"t"},"touser":"oia2TjuEGTNoeX76QEjQNrcURxG8"}`,
		},
		"news": {
			News{"t", "d", "u", "p"},
			`{"msgtype":"news","news":{"articles":[{"description":"d","picurl":"p","title":"t","url":"u"}]},"touser":"oia2TjuEGTNoeX76QEjQNrcURxG8"}`,
		},
		"permanent article": {MPNews{"m"}, `{"mpnews":{"media_id":"m"},"msgtype":"mpnews","touser":"oia2TjuEGTNoeX76QEjQNrcURxG8"}`},
		"published article": {MPNewsArticle{"a"}, `{"mpnewsarticle":{"article_id":"a"},"msgtype":"mpnewsarticle","touser":"oia2TjuEGTNoeX76QEjQNrcURxG8"}`},
		"menu": {
			Menu{"h", []MenuItem{{"101", "yes"}, {"102", "no"}}, "t"},
			`{"msgmenu":{"head_content":"h","list":[{"content":"yes","id":"101"},{"content":"no","id":"102"}],"tail_content":"t"},"msgtype":"msgmenu","touser":"oia2TjuEGTNoeX76QEjQNrcURxG8"}`,
		},
		"card": {Card{"c"}, `{"msgtype":"wxcard","touser":"oia2TjuEGTNoeX76QEjQNrcURxG8","wxcard":{"card_id":"c"}}`},
		"mini-program page": {
			MiniProgramPage{"t", "wx1", "p", "th"},
			`{"miniprogrampage":{"appid":"wx1","pagepath":"p","thumb_media_id":"th","title":"t"},"msgtype":"miniprogrampage","touser":"oia2TjuEGTNoeX76QEjQNrcURxG8"}`,
		},
		"link": {
			Link{"t", "d", "u", "th"},
			`{"link":{"description":"d","thumb_url":"th","title":"t","url":"u"},"msgtype":"link","touser":"oia2TjuEGTNoeX76QEjQNrcURxG8"}`,
		},
		"from an agent": {
			FromAgent{Text{"您好"}, "test1@test"},
			`{"customservice":{"kf_account":"test1@test"},"msgtype":"text","text":{"content":"您好"},"touser":"oia2TjuEGTNoeX76QEjQNrcURxG8"}`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Render(openID, test.message)
			if err != nil || string(got) != test.want {
				t.Errorf("got  %s, %v\nwant %s", got, err, test.want)
			}
		})
	}
}

func TestRenderRefuses(t *testing.T) {
	tests := map[string]struct {
		openID  string
		message Message
	}{
		"nobody":                {"", Text{"a"}},
		"a long name":           {strings.Repeat("o", 129), Text{"a"}},
		"nothing":               {openID, nil},
		"an empty text":         {openID, Text{" \n\x00"}},
		"a long text":           {openID, Text{strings.Repeat("a", maxBodyBytes)}},
		"an image of nothing":   {openID, Image{}},
		"a voice of nothing":    {openID, Voice{}},
		"a video of nothing":    {openID, Video{Title: "t"}},
		"music without a thumb": {openID, Music{URL: "u", HQURL: "h"}},
		"news of nothing":       {openID, News{Title: "t"}},
		"articles of nothing":   {openID, MPNews{}},
		"an article of nothing": {openID, MPNewsArticle{}},
		"a menu without items":  {openID, Menu{Head: "h"}},
		"an item of nothing":    {openID, Menu{Items: []MenuItem{{ID: "1"}}}},
		"a card of nothing":     {openID, Card{}},
		"a page of nothing":     {openID, MiniProgramPage{Title: "t"}},
		"a link of nothing":     {openID, Link{Title: "t"}},
		"an agent with nothing": {openID, FromAgent{KfAccount: "a@b"}},
		"an agent of an agent":  {openID, FromAgent{FromAgent{Text{"a"}, "a@b"}, "c@d"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got, err := Render(test.openID, test.message); KindOf(err) != Invalid || got != nil {
				t.Errorf("got %s, %v", got, err)
			}
		})
	}
	// It is not sent either.
	p := newProvider(t)
	if err := newClient(t, p).Send(t.Context(), openID, Text{}); KindOf(err) != Invalid || len(p.received(customSend)) > 0 {
		t.Errorf("got %v", err)
	}
}
