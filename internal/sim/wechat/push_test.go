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
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/sim/wechat"
	"github.com/liveroom-io/liveroom-operator/internal/wechat/seal"
)

// firstText is the message of the contract's vector E1.
const firstText = `<xml><ToUserName><![CDATA[gh_7f083739789a]]></ToUserName><FromUserName><![CDATA[oia2TjuEGTNoeX76QEjQNrcURxG8]]></FromUserName><CreateTime>1763848315</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[你好 hello]]></Content><MsgId>24920000000000001</MsgId></xml>`

// opened checks msg_signature and decrypts.
func opened(t *testing.T, query url.Values, encrypt string) string {
	t.Helper()
	want := seal.Signature(testToken, query.Get("timestamp"), query.Get("nonce"), encrypt)
	if got := query.Get("msg_signature"); got != want {
		t.Errorf("msg_signature is %q, want %q", got, want)
	}
	key, err := seal.ParseKey(testKey)
	if err != nil {
		t.Fatal(err)
	}
	message, err := seal.New(testApp, key).Open(encrypt)
	if err != nil {
		t.Fatal(err)
	}
	return string(message)
}

// What goes over the wire in the three modes.
func TestModes(t *testing.T) {
	plain := []string{"nonce", "openid", "signature", "timestamp"}
	sealed := append([]string{"encrypt_type", "msg_signature"}, plain...)
	tests := map[wechat.Mode]struct {
		query []string
		clear func(t *testing.T, r received) string
	}{
		wechat.Plaintext: {plain, func(_ *testing.T, r received) string { return r.body }},
		wechat.Compatible: {sealed, func(t *testing.T, r received) string {
			t.Helper()
			encrypt := fields(t, r.body)["Encrypt"]
			message := opened(t, r.query, encrypt)
			if bare := strings.Replace(r.body, "<Encrypt><![CDATA["+encrypt+"]]></Encrypt>", "", 1); bare != message {
				t.Errorf("in clear it says %s", bare)
			}
			return message
		}},
		wechat.Safe: {sealed, func(t *testing.T, r received) string {
			t.Helper()
			encrypt := fields(t, r.body)["Encrypt"]
			want := "<xml><ToUserName><![CDATA[gh_7f083739789a]]></ToUserName><Encrypt><![CDATA[" + encrypt + "]]></Encrypt></xml>"
			if r.body != want {
				t.Errorf("the body is %s", r.body)
			}
			return opened(t, r.query, encrypt)
		}},
	}
	for name, test := range tests {
		t.Run(string(name), func(t *testing.T) {
			h := newHarness(t, mode(name))
			if sent := h.write("你好 hello"); sent != (wechat.Push{ID: "24920000000000001"}) {
				t.Errorf("sent %+v", sent)
			}
			requests := h.hook.got()
			if len(requests) != 1 {
				t.Fatalf("%d requests", len(requests))
			}
			r := requests[0]
			if got := test.clear(t, r); got != firstText {
				t.Errorf("got %s", got)
			}
			names := url.Values{}
			for _, name := range test.query {
				names[name] = r.query[name]
			}
			if !reflect.DeepEqual(r.query, names) || r.contentType != "text/xml" || r.query.Get("openid") != testUser ||
				r.query.Get("timestamp") != "1763848315" ||
				r.query.Get("signature") != seal.Signature(testToken, "1763848315", r.query.Get("nonce")) {
				t.Errorf("query %v, content type %s", r.query, r.contentType)
			}
			if test.query[0] == "encrypt_type" && r.query.Get("encrypt_type") != "aes" {
				t.Errorf("encrypt_type %q", r.query.Get("encrypt_type"))
			}
		})
	}
}

// Every type of message has the fields of the contract, section 4.
func TestMessagesOfFollowers(t *testing.T) {
	h := newHarness(t)
	tests := []struct {
		name    string
		message wechat.FollowerMessage
		want    map[string]string // beyond what all have; @ stands for the media ids
	}{
		{"text", wechat.FollowerMessage{Type: "text", Content: "a ]]> b\x01<c>"}, map[string]string{"Content": "a ]]> b\ufffd<c>"}},
		{"text from an article", wechat.FollowerMessage{Type: "text", Content: "a", ArticleDataID: "247", ArticleIndex: 2},
			map[string]string{"Content": "a", "MsgDataId": "247", "Idx": "2"}},
		{"image", wechat.FollowerMessage{Type: "image"}, map[string]string{"PicUrl": "@url", "MediaId": "@main"}},
		{"voice", wechat.FollowerMessage{Type: "voice"}, map[string]string{"MediaId": "@main", "MediaId16K": "@wide", "Format": "amr"}},
		{"voice with text", wechat.FollowerMessage{Type: "voice", Format: "speex", Recognition: "喂"},
			map[string]string{"MediaId": "@main", "MediaId16K": "@wide", "Format": "speex", "Recognition": "喂"}},
		{"video", wechat.FollowerMessage{Type: "video"}, map[string]string{"MediaId": "@main", "ThumbMediaId": "@thumb"}},
		{"short video", wechat.FollowerMessage{Type: "shortvideo"}, map[string]string{"MediaId": "@main", "ThumbMediaId": "@thumb"}},
		{"location", wechat.FollowerMessage{Type: "location", Latitude: 23.134521, Longitude: 113.358803, Scale: 20, Label: "广州"},
			map[string]string{"Location_X": "23.134521", "Location_Y": "113.358803", "Scale": "20", "Label": "广州"}},
		{"link", wechat.FollowerMessage{Type: "link", Title: "t", Description: "d", URL: "http://a/?b&c"},
			map[string]string{"Title": "t", "Description": "d", "Url": "http://a/?b&c"}},
		{"unknown", wechat.FollowerMessage{Type: "sticker", Fields: map[string]string{"Kind": "cat", "Size": "7"}},
			map[string]string{"Kind": "cat", "Size": "7"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			before := len(h.hook.got())
			sent, err := h.sim.Write(testApp, testUser, test.message)
			if err != nil {
				t.Fatal(err)
			}
			h.settle()
			want := map[string]string{
				"ToUserName": testGH, "FromUserName": testUser, "CreateTime": "1763848315", "MsgType": test.message.Type, "MsgId": sent.ID,
			}
			got := fields(t, h.hook.got()[before].body)
			for name, value := range test.want {
				switch value {
				case "@main":
					value = sent.MediaID
				case "@wide":
					value = sent.MediaID16K
				case "@thumb":
					value = sent.ThumbMediaID
				case "@url":
					if value = got["PicUrl"]; !strings.HasPrefix(value, h.url+"/files/") {
						t.Errorf("PicUrl is %q", value)
					}
				}
				if value == "" {
					t.Errorf("%s has no value", name)
				}
				want[name] = value
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got %v\nwant %v", got, want)
			}
		})
	}
}

// Every event has the fields of the contract, section 5, and no MsgId.
func TestEvents(t *testing.T) {
	h := newHarness(t)
	event := func(e wechat.Event) func() error {
		return func() error { _, err := h.sim.SendEvent(testApp, testUser, e); return err }
	}
	tests := []struct {
		name string
		do   func() error
		want map[string]string
	}{
		{"unsubscribe", func() error { return h.sim.Unfollow(testApp, testUser) }, map[string]string{"Event": "unsubscribe", "EventKey": ""}},
		{"subscribe", func() error { _, err := h.sim.Follow(testApp, wechat.Follow{OpenID: testUser}); return err },
			map[string]string{"Event": "subscribe", "EventKey": ""}},
		{"unsubscribe again", func() error { return h.sim.Unfollow(testApp, testUser) }, map[string]string{"Event": "unsubscribe", "EventKey": ""}},
		{"subscribe by a code", func() error {
			_, err := h.sim.Follow(testApp, wechat.Follow{OpenID: testUser, Scene: "123123", Ticket: "TICKET"})
			return err
		}, map[string]string{"Event": "subscribe", "EventKey": "qrscene_123123", "Ticket": "TICKET"}},
		{"scan", func() error { return h.sim.Scan(testApp, testUser, "7", "T") }, map[string]string{"Event": "SCAN", "EventKey": "7", "Ticket": "T"}},
		{"click", func() error { _, err := h.sim.Click(testApp, testUser, "V1001"); return err },
			map[string]string{"Event": "CLICK", "EventKey": "V1001"}},
		{"view", event(wechat.Event{Name: "VIEW", Key: "www.qq.com", MenuID: "4"}),
			map[string]string{"Event": "VIEW", "EventKey": "www.qq.com", "MenuId": "4"}},
		{"scanner", event(wechat.Event{Name: "scancode_waitmsg", Key: "6", Scanned: &wechat.Scanned{Type: "qrcode", Result: "2"}}),
			map[string]string{"Event": "scancode_waitmsg", "EventKey": "6", "ScanCodeInfo.ScanType": "qrcode", "ScanCodeInfo.ScanResult": "2", "ScanCodeInfo": ""}},
		{"photo", event(wechat.Event{Name: "pic_sysphoto", Key: "6", Pictures: []string{"1b5f7c23b5bf75682a53e7b6d163e185"}}),
			map[string]string{"Event": "pic_sysphoto", "EventKey": "6", "SendPicsInfo": "", "SendPicsInfo.Count": "1",
				"SendPicsInfo.PicList.item.PicMd5Sum": "1b5f7c23b5bf75682a53e7b6d163e185"}},
		{"place", event(wechat.Event{Name: "location_select", Key: "6", Place: &wechat.Place{Latitude: 23, Longitude: 113, Scale: 15, Label: "l", Name: "n"}}),
			map[string]string{"Event": "location_select", "EventKey": "6", "SendLocationInfo": "", "SendLocationInfo.Location_X": "23.000000",
				"SendLocationInfo.Location_Y": "113.000000", "SendLocationInfo.Scale": "15", "SendLocationInfo.Label": "l", "SendLocationInfo.Poiname": "n"}},
		{"position", event(wechat.Event{Name: "LOCATION", Position: &wechat.Position{Latitude: 23.137466, Longitude: 113.352425, Precision: 119.385040}}),
			map[string]string{"Event": "LOCATION", "Latitude": "23.137466", "Longitude": "113.352425", "Precision": "119.385040"}},
		{"agents", event(wechat.Event{Name: "kf_switch_session", Fields: map[string]string{"FromKfAccount": "test1@test", "ToKfAccount": "test2@test"}}),
			map[string]string{"Event": "kf_switch_session", "FromKfAccount": "test1@test", "ToKfAccount": "test2@test"}},
		{"template", event(wechat.Event{Name: "TEMPLATESENDJOBFINISH", Fields: map[string]string{"MsgID": "200163836", "Status": "failed:user block"}}),
			map[string]string{"Event": "TEMPLATESENDJOBFINISH", "MsgID": "200163836", "Status": "failed:user block"}},
	}
	for i, test := range tests {
		if err := test.do(); err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		h.settle()
		test.want["ToUserName"], test.want["FromUserName"] = testGH, testUser
		test.want["CreateTime"], test.want["MsgType"] = "1763848315", "event"
		got := h.hook.got()
		if len(got) != i+1 {
			t.Fatalf("%s: %d pushes", test.name, len(got))
		}
		if got := fields(t, got[i].body); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: got %v\nwant %v", test.name, got, test.want)
		}
	}
}

func TestTapComesBackAsText(t *testing.T) {
	h := newHarness(t)
	sent, err := h.sim.TapMenuItem(testApp, testUser, "101", "yes")
	if err != nil {
		t.Fatal(err)
	}
	h.settle()
	want := `<xml><ToUserName><![CDATA[gh_7f083739789a]]></ToUserName><FromUserName><![CDATA[oia2TjuEGTNoeX76QEjQNrcURxG8]]></FromUserName><CreateTime>1763848315</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[yes]]></Content><MsgId>` +
		sent.ID + `</MsgId><bizmsgmenuid>101</bizmsgmenuid></xml>`
	if got := h.hook.got()[0].body; got != want {
		t.Errorf("got %s", got)
	}
}

// What a follower cannot do, and what an account is not told.
func TestFollowersAreRefused(t *testing.T) {
	h := newHarness(t)
	if err := h.sim.AddAccount(wechat.Account{
		AppID: "wx0000000000000002", Secret: "s", Token: "tok", Type: wechat.Subscription, Verification: wechat.Personal,
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.sim.Follow("wx0000000000000002", wechat.Follow{OpenID: "o2"}); err != nil {
		t.Fatal(err)
	}
	text := wechat.FollowerMessage{Type: "text", Content: "a"}
	_, writeUnknown := h.sim.Write(testApp, "nobody", text)
	_, writeForeign := h.sim.Write(testApp, "o2", text)
	_, writeEmpty := h.sim.Write(testApp, testUser, wechat.FollowerMessage{Type: "text"})
	_, followTwice := h.sim.Follow(testApp, wechat.Follow{OpenID: testUser})
	_, codes := h.sim.Follow("wx0000000000000002", wechat.Follow{Scene: "1"})
	_, position := h.sim.SendEvent("wx0000000000000002", "o2", wechat.Event{Name: "LOCATION"})
	_, wrongCall := h.sim.SendEvent(testApp, testUser, wechat.Event{Name: "subscribe"})
	_, field := h.sim.SendEvent(testApp, testUser, wechat.Event{Name: "x", Fields: map[string]string{"a>b": "c"}})
	for name, err := range map[string]error{
		"nobody writes": writeUnknown, "a follower of another account writes": writeForeign, "an empty text": writeEmpty,
		"following twice": followTwice, "a code of a personal account": codes, "a position for it": position,
		"scanning its code": h.sim.Scan("wx0000000000000002", "o2", "1", ""), "paying it": h.sim.Pay("wx0000000000000002", "o2"),
		"an event with a call of its own": wrongCall, "a field that is no element": field,
		"another account": h.sim.Unfollow("wx0000000000000003", "o2"),
	} {
		if err == nil {
			t.Errorf("%s is permitted", name)
		}
	}
	h.settle()
	// The second account has no webhook: its follow was not pushed.
	if got := h.sim.PushStatistics(); got.Unsent != 1 || got.Written != 0 || len(h.hook.got()) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestVerify(t *testing.T) {
	h := newHarness(t)
	shake, err := h.sim.Verify(t.Context(), testApp, "", false)
	if err != nil || !shake.Accepted || len(shake.Echo) != 19 || shake.Answer != shake.Echo {
		t.Errorf("%+v, %v", shake, err)
	}
	shake, err = h.sim.Verify(t.Context(), testApp, "", true)
	if want := (wechat.Handshake{Status: 403, Echo: shake.Echo}); err != nil || shake != want {
		t.Errorf("with a bad signature: %+v, %v", shake, err)
	}
	// A quoted echo and a line break are not the echo.
	for _, format := range []string{"%q", "%s\n", ""} {
		other := echoServer(t, format)
		if err := h.sim.SetWebhook(t.Context(), testApp, other); err == nil {
			t.Errorf("accepted an echo as %q", format)
		}
	}
	if err := h.sim.SetWebhook(t.Context(), testApp, "http://127.0.0.1:1/"); err == nil {
		t.Error("accepted a URL where nobody listens")
	}
	good := echoServer(t, "%s")
	if err := h.sim.SetWebhook(t.Context(), testApp, good+"?a=b"); err != nil {
		t.Error(err)
	}
	if state, _ := h.sim.Account(testApp); state.WebhookURL != good+"?a=b" {
		t.Errorf("the URL is %q", state.WebhookURL)
	}
}

func TestFirstTryIsSignedWhenItIsMade(t *testing.T) {
	h := newHarness(t)
	h.write("a")
	h.clock.Advance(time.Minute)
	h.write("b")
	got := h.hook.got()
	if got[0].query.Get("timestamp") != "1763848315" || got[1].query.Get("timestamp") != "1763848375" ||
		got[0].query.Get("nonce") == got[1].query.Get("nonce") {
		t.Errorf("%v, %v", got[0].query, got[1].query)
	}
}
