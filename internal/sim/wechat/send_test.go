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

package wechat_test

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/sim/wechat"
)

const sendPath = "message/custom/send"

// What each type looks like on the phone.
func TestCustomMessages(t *testing.T) {
	h := newHarness(t, func(o *wechat.Options) {
		o.Accounts[0].ServiceAgents = []string{"test1@test"}
		o.Accounts[0].AllowLinks = true
		o.Accounts[0].MiniPrograms = []string{"wxmini"}
	})
	h.sim.Pay(testApp, testUser) //nolint:errcheck // a service account is paid
	image := h.upload("image", "a.png", pngBytes)["media_id"].(string)
	voice := h.upload("voice", "a.mp3", mp3Bytes(1000))["media_id"].(string)
	video := h.upload("video", "a.mp4", mp4Bytes)["media_id"].(string)
	thumb := h.upload("thumb", "a.jpg", jpegBytes)["thumb_media_id"].(string)
	tests := []struct {
		body string // @ stands for the media ids
		want wechat.PhoneMessage
	}{
		{`"msgtype":"text","text":{"content":"您好 <a href=\"http://a\">b</a> & more"},"customservice":{"kf_account":"test1@test"}`,
			wechat.PhoneMessage{Type: "text", Text: `您好 <a href="http://a">b</a> & more`, Agent: "test1@test"}},
		{`"msgtype":"image","image":{"media_id":"@image"}`, wechat.PhoneMessage{Type: "image", MediaID: image}},
		{`"msgtype":"voice","voice":{"media_id":"@voice"}`, wechat.PhoneMessage{Type: "voice", MediaID: voice}},
		{`"msgtype":"video","video":{"media_id":"@video","thumb_media_id":"@thumb","title":"t","description":"d"}`,
			wechat.PhoneMessage{Type: "video", MediaID: video, ThumbMediaID: thumb, Title: "t", Description: "d"}},
		{`"msgtype":"music","music":{"title":"t","description":"d","musicurl":"m","hqmusicurl":"q","thumb_media_id":"@thumb"}`,
			wechat.PhoneMessage{Type: "music", ThumbMediaID: thumb, Title: "t", Description: "d", MusicURL: "m", HQMusicURL: "q"}},
		{`"msgtype":"news","news":{"articles":[{"title":"t","description":"d","url":"u","picurl":"p"}]}`,
			wechat.PhoneMessage{Type: "news", Articles: []wechat.Article{{Title: "t", Description: "d", URL: "u", PictureURL: "p"}}}},
		{`"msgtype":"mpnews","mpnews":{"media_id":"permanent"}`, wechat.PhoneMessage{Type: "mpnews", MediaID: "permanent"}},
		{`"msgtype":"mpnewsarticle","mpnewsarticle":{"article_id":"a"}`, wechat.PhoneMessage{Type: "mpnewsarticle", ArticleID: "a"}},
		{`"msgtype":"msgmenu","msgmenu":{"head_content":"h","list":[{"id":"101","content":"yes"},{"id":"102","content":"no"}],"tail_content":"e"}`,
			wechat.PhoneMessage{Type: "msgmenu", Menu: &wechat.Menu{Head: "h", Items: []wechat.MenuItem{{ID: "101", Content: "yes"}, {ID: "102", Content: "no"}}, Tail: "e"}}},
		{`"msgtype":"wxcard","wxcard":{"card_id":"c"}`, wechat.PhoneMessage{Type: "wxcard", CardID: "c"}},
		{`"msgtype":"miniprogrampage","miniprogrampage":{"title":"t","appid":"wxmini","pagepath":"p","thumb_media_id":"@thumb"}`,
			wechat.PhoneMessage{Type: "miniprogrampage", Title: "t", AppID: "wxmini", PagePath: "p", ThumbMediaID: thumb}},
		{`"msgtype":"link","link":{"title":"t","description":"d","url":"u","thumb_url":"p"}`,
			wechat.PhoneMessage{Type: "link", Title: "t", Description: "d", URL: "u", PictureURL: "p"}},
		{`"msgtype":"text","text":{"content":"\u4f60 \u003ca\u003e \\u"}`,
			wechat.PhoneMessage{Type: "text", Text: `\u4f60 \u003ca\u003e \u`, Marks: []wechat.Mark{wechat.EscapedUnicode}}},
		{`"msgtype":"text","text":{"content":"a &lt;b&#62; R&D; &c"}`,
			wechat.PhoneMessage{Type: "text", Text: "a &lt;b&#62; R&D; &c", Marks: []wechat.Mark{wechat.EscapedHTML}}},
		{`"msgtype":"text","text":{"content":"it&#39;s"}`,
			wechat.PhoneMessage{Type: "text", Text: "it&#39;s", Marks: []wechat.Mark{wechat.EscapedHTML}}},
		{`"msgtype":"text","text":{"content":"&#x3C;"}`,
			wechat.PhoneMessage{Type: "text", Text: "&#x3C;", Marks: []wechat.Mark{wechat.EscapedHTML}}},
		{`"msgtype":"text","text":{"content":"&#x; &#1z; R&D; a & b; &&"}`, wechat.PhoneMessage{Type: "text", Text: "&#x; &#1z; R&D; a & b; &&"}},
	}
	ids := strings.NewReplacer("@image", image, "@voice", voice, "@video", video, "@thumb", thumb)
	for i, test := range tests {
		h.clock.Advance(time.Second)
		answer := h.post(sendPath, ids.Replace(`{"touser":"`+testUser+`",`+test.body+`}`))
		if want := (object{"errcode": answer["errcode"], "errmsg": "ok"}); code(answer) != "0" || !reflect.DeepEqual(answer, want) {
			t.Fatalf("%s: %v", test.body, answer)
		}
		test.want.Sequence, test.want.Time, test.want.Source = uint64(i+1), h.clock.Now(), wechat.Custom
		if got := h.phone(); !reflect.DeepEqual(got[i], test.want) {
			t.Errorf("got %+v\nwant %+v", got[i], test.want)
		}
	}
}

func TestRefusedMessages(t *testing.T) {
	h := newHarness(t)
	h.follow("stays")
	h.follow("leaves")
	if err := h.sim.Unfollow(testApp, "leaves"); err != nil {
		t.Fatal(err)
	}
	h.write("a")
	image := h.upload("image", "a.png", pngBytes)["media_id"].(string)
	to := func(body string) string { return `{"touser":"` + testUser + `",` + body + `}` }
	text := func(openID, content string) string {
		return fmt.Sprintf(`{"touser":%q,"msgtype":"text","text":{"content":%q}}`, openID, content)
	}
	tests := []struct {
		name, body string
		want       int
	}{
		{"no body", "", 44002},
		{"not JSON", "{", 47001},
		{"a number", to(`"msgtype":"text","text":{"content":7}`), 47001},
		{"no type", to(`"text":{"content":"a"}`), 40008},
		{"unknown type", to(`"msgtype":"sticker"`), 40008},
		{"nobody", text("", "a"), 40003},
		{"a stranger", text("stranger", "a"), 40003},
		{"who has left", text("leaves", "a"), 43004},
		{"who has done nothing", text("stays", "a"), 45015},
		{"no text", to(`"msgtype":"text"`), 44004},
		{"empty text", text(testUser, ""), 44004},
		{"blank text", text(testUser, " \n"), 44004},
		{"2049 bytes", text(testUser, strings.Repeat("a", 2049)), 45002},
		{"unknown media", to(`"msgtype":"image","image":{"media_id":"x"}`), 40007},
		{"media of another kind", to(`"msgtype":"voice","voice":{"media_id":"` + image + `"}`), 40007},
		{"unknown thumb", to(`"msgtype":"music","music":{"musicurl":"a","hqmusicurl":"b","thumb_media_id":"x"}`), 40007},
		{"no music", to(`"msgtype":"music","music":{"thumb_media_id":"` + image + `"}`), 47003},
		{"no article", to(`"msgtype":"news","news":{"articles":[]}`), 45008},
		{"two articles", to(`"msgtype":"news","news":{"articles":[{"url":"a"},{"url":"b"}]}`), 45008},
		{"an article without URL", to(`"msgtype":"news","news":{"articles":[{"title":"a"}]}`), 47003},
		{"no mpnews", to(`"msgtype":"mpnews"`), 40007},
		{"no article id", to(`"msgtype":"mpnewsarticle","mpnewsarticle":{}`), 47003},
		{"empty menu", to(`"msgtype":"msgmenu","msgmenu":{"head_content":"h"}`), 44004},
		{"an item without id", to(`"msgtype":"msgmenu","msgmenu":{"list":[{"content":"a"}]}`), 47003},
		{"a long menu", to(`"msgtype":"msgmenu","msgmenu":{"list":[{"id":"1","content":"` + strings.Repeat("a", 2049) + `"}]}`), 45002},
		{"no card", to(`"msgtype":"wxcard","wxcard":{}`), 47003},
		{"a page without AppID", to(`"msgtype":"miniprogrampage","miniprogrampage":{"title":"t","pagepath":"p","thumb_media_id":"` + image + `"}`), 40013},
		{"a page without title", to(`"msgtype":"miniprogrampage","miniprogrampage":{"appid":"a","pagepath":"p"}`), 47003},
		{"a page without thumb", to(`"msgtype":"miniprogrampage","miniprogrampage":{"title":"t","appid":"a","pagepath":"p"}`), 40007},
		{"a link", to(`"msgtype":"link","link":{"title":"t","url":"u"}`), 40008},
		{"an agent without the service", to(`"msgtype":"text","text":{"content":"a"},"customservice":{"kf_account":"a@b"}`), 65400},
	}
	for _, test := range tests {
		expect(t, test.name, code(h.post(sendPath, test.body)), test.want)
	}
	if err := h.sim.UpdateAccount(testApp, func(a *wechat.Account) { a.ServiceAgents = []string{"c@d"} }); err != nil {
		t.Fatal(err)
	}
	expect(t, "another agent", code(h.post(sendPath, to(`"msgtype":"text","text":{"content":"a"},"customservice":{"kf_account":"a@b"}`))), 65401)
	if got := h.phone(); len(got) > 0 {
		t.Errorf("the phone shows %+v", got)
	}
	// None of them has cost a message.
	for i, want := range []string{"0", "0", "0", "0", "0", "45047"} {
		expect(t, fmt.Sprint("message ", i), h.send(testUser, strings.Repeat("a", 2048)), want)
	}
	if got := h.post(sendPath, text(testUser, "a"))["errmsg"].(string); !strings.HasPrefix(got, "out of response count limit hint: [") {
		t.Errorf("the text is %q", got)
	}
	expect(t, "the service", code(h.get("customservice/getkflist")), 65400)
	expect(t, "its other path", code(h.json(http.MethodPost, "/customservice/kfsession/create?access_token="+h.token, "{}")), 65400)
}

func TestUnfollowedCodes(t *testing.T) {
	for _, want := range []int{40003, 45015} {
		h := newHarness(t, func(o *wechat.Options) { o.UnfollowedCode = want })
		if err := h.sim.Unfollow(testApp, testUser); err != nil {
			t.Fatal(err)
		}
		expect(t, "who has left", h.send(testUser, "a"), want)
		h.settle()
	}
}

// The table of actions: how many messages, and for how long.
func TestWindows(t *testing.T) {
	tests := []struct {
		name     string
		act      func(h *harness) error
		messages int
		valid    time.Duration
	}{
		{"message", func(h *harness) error {
			_, err := h.sim.Write(testApp, testUser, wechat.FollowerMessage{Type: "location"})
			return err
		}, 5, 48 * time.Hour},
		{"click", func(h *harness) error { _, err := h.sim.Click(testApp, testUser, "k"); return err }, 3, time.Minute},
		{"scanner", func(h *harness) error {
			_, err := h.sim.SendEvent(testApp, testUser, wechat.Event{Name: "scancode_push"})
			return err
		}, 3, time.Minute},
		{"tap", func(h *harness) error { _, err := h.sim.TapMenuItem(testApp, testUser, "1", "a"); return err }, 3, time.Minute},
		{"scan", func(h *harness) error { return h.sim.Scan(testApp, testUser, "1", "") }, 3, time.Minute},
		{"follow", func(h *harness) error {
			if err := h.sim.Unfollow(testApp, testUser); err != nil {
				return err
			}
			_, err := h.sim.Follow(testApp, wechat.Follow{OpenID: testUser})
			return err
		}, 3, time.Minute},
		{"view", func(h *harness) error {
			_, err := h.sim.SendEvent(testApp, testUser, wechat.Event{Name: "VIEW", Key: "u"})
			return err
		}, 0, 0},
		{"agent's event", func(h *harness) error {
			_, err := h.sim.SendEvent(testApp, testUser, wechat.Event{Name: "kf_create_session"})
			return err
		}, 0, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHarness(t)
			expect(t, "before", h.send(testUser, "a"), 45015)
			if err := test.act(h); err != nil {
				t.Fatal(err)
			}
			state, _ := h.sim.Follower(testApp, testUser)
			expect(t, "permitted", state.Permitted, test.messages)
			for i := range test.messages {
				expect(t, fmt.Sprint("message ", i), h.send(testUser, "a"), 0)
			}
			if test.messages > 0 {
				expect(t, "one too many", h.send(testUser, "a"), 45047)
				if err := test.act(h); err != nil {
					t.Fatal(err)
				}
				h.clock.Advance(test.valid - time.Nanosecond)
				h.token = h.newToken()
				expect(t, "just in time", h.send(testUser, "a"), 0)
				h.clock.Advance(time.Nanosecond)
			}
			expect(t, "too late", h.send(testUser, "a"), 45015)
			h.settle()
		})
	}
}

// Rows count for themselves, and the one that ends first is used first.
func TestWindowsTogether(t *testing.T) {
	for _, add := range []bool{false, true} {
		h := newHarness(t, func(o *wechat.Options) { o.AddUpQuota = add })
		permitted := func(what string, reset, added int) {
			t.Helper()
			want := reset
			if add {
				want = added
			}
			state, _ := h.sim.Follower(testApp, testUser)
			expect(t, what, state.Permitted, want)
		}
		h.write("a")
		if _, err := h.sim.Click(testApp, testUser, "k"); err != nil {
			t.Fatal(err)
		}
		permitted("a message and a click", 8, 8)
		expect(t, "the first", h.send(testUser, "a"), 0)
		h.clock.Advance(time.Minute)
		permitted("when the click has ended", 5, 5)
		expect(t, "the second", h.send(testUser, "a"), 0)
		h.write("b")
		permitted("after another message", 5, 9)
		if err := h.sim.Pay(testApp, testUser); err != nil {
			t.Fatal(err)
		}
		permitted("after paying", -1, -1)
		if err := h.sim.CloseWindow(testApp, testUser); err != nil {
			t.Fatal(err)
		}
		permitted("after closing", 0, 0)
		h.write("c")
		if err := h.sim.Unfollow(testApp, testUser); err != nil {
			t.Fatal(err)
		}
		permitted("after leaving", 0, 0)
		h.settle()
	}
}

// Accounts that are not verified have no right to more than tokens and
// addresses.
func TestRights(t *testing.T) {
	for _, verification := range []wechat.Verification{wechat.Unverified, wechat.Personal} {
		h := newHarness(t, func(o *wechat.Options) {
			o.Accounts[0].Type, o.Accounts[0].Verification = wechat.Subscription, verification
		})
		h.write("a")
		expect(t, "send", h.send(testUser, "a"), 48001)
		for command, method := range map[string]string{
			"message/custom/typing": "POST", "media/upload": "POST", "media/get": "GET", "media/get/jssdk": "GET",
			"user/info": "GET", "user/info/batchget": "POST", "user/get": "GET", "customservice/getkflist": "GET",
		} {
			expect(t, command, code(h.json(method, "/cgi-bin/"+command+"?access_token="+h.token, "")), 48001)
		}
		expect(t, "the addresses", code(h.get("getcallbackip")), "")
		expect(t, "the API's addresses", code(h.get("get_api_domain_ip")), "")
		expect(t, "the ordinary token", code(h.ordinary()), "")
	}
}

func TestTyping(t *testing.T) {
	h := newHarness(t)
	typing := func(command string) string {
		return code(h.post("message/custom/typing", `{"touser":"`+testUser+`","command":"`+command+`"}`))
	}
	expect(t, "before anything", typing("Typing"), 45080)
	h.write("a")
	expect(t, "another command", typing("Sleeping"), 45072)
	expect(t, "after a message", typing("Typing"), 0)
	expect(t, "while active", typing("Typing"), 45081)
	state, _ := h.sim.Follower(testApp, testUser)
	expect(t, "on the phone", state.Typing, true)
	expect(t, "cancelling", typing("CancelTyping"), 0)
	expect(t, "after that", typing("Typing"), 0)
	expect(t, "a message ends it", h.send(testUser, "b"), 0)
	state, _ = h.sim.Follower(testApp, testUser)
	expect(t, "on the phone", state.Typing, false)
	expect(t, "again", typing("Typing"), 0)
	h.clock.Advance(15 * time.Second)
	expect(t, "after 15 s", typing("Typing"), 0)
	h.clock.Advance(15 * time.Second)
	expect(t, "after 30 s", typing("Typing"), 45080)
	expect(t, "to nobody", code(h.post("message/custom/typing", `{"touser":"x","command":"Typing"}`)), 40003)
}

func TestSendQuota(t *testing.T) {
	h := newHarness(t, func(o *wechat.Options) { o.Accounts[0].DailyQuotas = map[string]int{sendPath: 1} })
	h.write("a")
	expect(t, "the first", h.send(testUser, "a"), 0)
	expect(t, "the second", h.send(testUser, "a"), 45009)
}
