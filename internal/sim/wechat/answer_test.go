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
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/sim/wechat"
	"github.com/liveroom-io/liveroom-operator/internal/wechat/seal"
)

// The reply and its encryption are the contract's vector E2; the foreign text
// is E4.
const (
	sealedReply    = "DpQeJfnf/MGZ/+GTIspwVGrHr0TgXKEoqOlCrZou6qqnHuOBSCPk75I/3eK/emc1Ar4Yq7G3AdgniDzlvpMAYM5mT4Gvh1zKDQrc4HDy+iB4eq08EJWkjF3feuhBMhwGPTFRCuQ+wGz1jjWLIE4+SvSZW/NnflMuMbLwv21Qo5bW7QNoFvCxZO33FJI8WMtDVCGpztyoFQhN/QvefQIwzSejS9KCv99CCU+ekN1bKbIMKZJSJMOQQ6IWynHzwCAZXpsC2hgq1Mk4u7a99ZcHWQS7rqknC/SKr+7Za4OiwTa9aAw0CuM8f5bCJ13Zp0IEnFLJH4CAmbkMMpWSRkqyjtKtrhuUi6BjactBk1aFIDFj0dm/QxYt/t+SLuzlJ5SZ"
	replySignature = "164e04fb13636e1a8be79d64c64b6ec4c4b89240"
	foreignText    = "Q3stYC6hdFzMh9T8HCvyDAuKynFZx72zvSsMzinYKQ/5Nm9RxkIDnEYrkXS+TlzcPC1Y2YKnIzX3E0/ZHxdUew=="
)

// sealedEnvelope is an encrypted reply.
func sealedEnvelope(encrypt, signature string) string {
	return "<xml><Encrypt><![CDATA[" + encrypt + "]]></Encrypt><MsgSignature><![CDATA[" + signature +
		"]]></MsgSignature><TimeStamp>1763848317</TimeStamp><Nonce><![CDATA[1372623149]]></Nonce></xml>"
}

func signed(encrypt string) string {
	return sealedEnvelope(encrypt, seal.Signature(testToken, "1763848317", "1372623149", encrypt))
}

// sealedMessage encrypts and signs a reply.
func sealedMessage(t *testing.T, message string) string {
	t.Helper()
	key, err := seal.ParseKey(testKey)
	if err != nil {
		t.Fatal(err)
	}
	encrypt, err := seal.New(testApp, key).Seal([]byte(message), []byte("fedcba9876543210"))
	if err != nil {
		t.Fatal(err)
	}
	return signed(encrypt)
}

// What an answer means, in each mode.
func TestAnswers(t *testing.T) {
	const (
		p = wechat.Plaintext
		c = wechat.Compatible
		s = wechat.Safe
	)
	all := []wechat.Mode{p, c, s}
	open := []wechat.Mode{p, c}
	sealed := []wechat.Mode{c, s}
	tests := []struct {
		name   string
		modes  []wechat.Mode
		answer string
		want   wechat.Outcome
		text   string // on the phone
	}{
		{"success", all, "success", wechat.Success, ""},
		{"nothing", all, "", wechat.Empty, ""},
		{"clear text", open, passiveText("收到 ok"), wechat.Replied, "收到 ok"},
		{"clear text, safe", []wechat.Mode{s}, passiveText("收到 ok"), wechat.Invalid, ""},
		{"E2", sealed, sealedEnvelope(sealedReply, replySignature), wechat.Replied, "收到 ok"},
		{"E2 in plaintext mode", []wechat.Mode{p}, sealedEnvelope(sealedReply, replySignature), wechat.Invalid, ""},
		{"wrong signature", sealed, sealedEnvelope(sealedReply, strings.Repeat("0", 40)), wechat.Invalid, ""},
		{"E4, another AppID", sealed, signed(foreignText), wechat.Invalid, ""},
		{"wrong padding", sealed, signed(strings.Replace(foreignText, "HUew==", "HUeQ==", 1)), wechat.Invalid, ""},
		{"not base64", sealed, signed("!"), wechat.Invalid, ""},
		{"sealed and empty", sealed, sealedMessage(t, passiveText(" ")), wechat.Invalid, ""},
		{"sealed twice", sealed, sealedMessage(t, sealedMessage(t, passiveText("a"))), wechat.Invalid, ""},
		{"success with a line break", all, "success\n", wechat.Invalid, ""},
		{"quoted", all, `"success"`, wechat.Invalid, ""},
		{"JSON", all, `{"errcode":0}`, wechat.Invalid, ""},
		{"HTML", all, "<html><body>hi</body></html>", wechat.Invalid, ""},
		{"half", open, passiveText("a")[:100], wechat.Invalid, ""},
		{"two documents", open, passiveText("a") + passiveText("b"), wechat.Invalid, ""},
		{"with an entity", open, `<!DOCTYPE xml [<!ENTITY a "b">]>` + passiveText("a"), wechat.Invalid, ""},
		{"empty text", open, passiveText(""), wechat.Invalid, ""},
		{"2048 bytes", open, passiveText(strings.Repeat("a", 2048)), wechat.Replied, strings.Repeat("a", 2048)},
		{"2049 bytes", open, passiveText(strings.Repeat("a", 2049)), wechat.Invalid, ""},
		{"not swapped", open, strings.NewReplacer(testUser, testGH, testGH, testUser).Replace(passiveText("a")), wechat.Invalid, ""},
		{"no time", open, strings.Replace(passiveText("a"), "1763848317", "now", 1), wechat.Invalid, ""},
		{"unknown type", open, passive("<MsgType>sticker</MsgType>"), wechat.Invalid, ""},
		{"unknown image", open, passive("<MsgType>image</MsgType><Image><MediaId>x</MediaId></Image>"), wechat.Invalid, ""},
		{"no article", open, passive("<MsgType>news</MsgType><ArticleCount>1</ArticleCount>"), wechat.Invalid, ""},
		{"transfer", open, passive("<MsgType>transfer_customer_service</MsgType>"), wechat.Transferred, ""},
		{"too long", all, strings.Repeat(" ", 65<<10), wechat.Invalid, ""},
	}
	for _, test := range tests {
		for _, in := range test.modes {
			t.Run(test.name+" "+string(in), func(t *testing.T) {
				t.Parallel()
				h := newHarness(t, mode(in))
				h.hook.then(says(test.answer))
				sent := h.write("a")
				var want []wechat.PhoneMessage
				message := wechat.PhoneMessage{Sequence: 1, Time: h.clock.Now(), Answers: sent.ID, Type: "text"}
				counts := wechat.PushStatistics{Written: 1, Tries: 1, Outcomes: map[wechat.Outcome]int{test.want: 1}}
				switch {
				case test.want == wechat.Invalid:
					message.Source, message.Text = wechat.Unavailable, "该公众号暂时无法提供服务，请稍后再试"
					want, counts.Unavailable = append(want, message), 1
				case test.text != "":
					message.Source, message.Text = wechat.Passive, test.text
					want, counts.Acknowledged = append(want, message), 1
				default:
					counts.Acknowledged = 1
				}
				if got := h.phone(); !reflect.DeepEqual(got, want) && len(got)+len(want) > 0 {
					t.Errorf("the phone shows %+v, want %+v; %+v", got, want, h.sim.PushLog())
				}
				got := h.sim.PushStatistics()
				if got.Latency = (wechat.LatencySummary{}); !reflect.DeepEqual(got, counts) {
					t.Errorf("counted %+v, want %+v", got, counts)
				}
			})
		}
	}
}

// Passive replies of the other types, as the follower sees them.
func TestPassiveReplies(t *testing.T) {
	h := newHarness(t)
	image := h.upload("image", "a.jpg", jpegBytes)["media_id"].(string)
	thumb := h.upload("thumb", "a.jpg", jpegBytes)["thumb_media_id"].(string)
	voice := h.upload("voice", "a.amr", amrBytes(50))["media_id"].(string)
	video := h.upload("video", "a.mp4", mp4Bytes)["media_id"].(string)
	articles := "<MsgType>news</MsgType><ArticleCount>2</ArticleCount><Articles><item><Title>t</Title><Description>d</Description><PicUrl>p</PicUrl><Url>u</Url></item><item><Title>t2</Title><Url>u2</Url></item></Articles>"
	first := wechat.Article{Title: "t", Description: "d", PictureURL: "p", URL: "u"}
	tests := []struct {
		name, inner string
		click       bool
		want        wechat.PhoneMessage
	}{
		{"image", "<MsgType>image</MsgType><Image><MediaId>" + image + "</MediaId></Image>", false,
			wechat.PhoneMessage{Type: "image", MediaID: image}},
		{"voice", "<MsgType>voice</MsgType><Voice><MediaId>" + voice + "</MediaId></Voice>", false,
			wechat.PhoneMessage{Type: "voice", MediaID: voice}},
		{"video", "<MsgType>video</MsgType><Video><MediaId>" + video + "</MediaId><Title>t</Title><Description>d</Description></Video>", false,
			wechat.PhoneMessage{Type: "video", MediaID: video, Title: "t", Description: "d"}},
		{"music", "<MsgType>music</MsgType><Music><Title>t</Title><MusicUrl>m</MusicUrl><HQMusicUrl>q</HQMusicUrl><ThumbMediaId>" + thumb + "</ThumbMediaId></Music>", false,
			wechat.PhoneMessage{Type: "music", Title: "t", MusicURL: "m", HQMusicURL: "q", ThumbMediaID: thumb}},
		{"articles to a message", articles, false,
			wechat.PhoneMessage{Type: "news", Articles: []wechat.Article{first}, Marks: []wechat.Mark{wechat.TooManyArticles}}},
		{"articles to a tap", articles, true,
			wechat.PhoneMessage{Type: "news", Articles: []wechat.Article{first, {Title: "t2", URL: "u2"}}}},
	}
	for i, test := range tests {
		h.hook.then(says(passive(test.inner)))
		var sent wechat.Push
		if test.click {
			var err error
			if sent, err = h.sim.Click(testApp, testUser, "k"); err != nil {
				t.Fatal(err)
			}
			h.settle()
		} else {
			sent = h.write("a")
		}
		test.want.Sequence, test.want.Time, test.want.Source, test.want.Answers = uint64(i+1), h.clock.Now(), wechat.Passive, sent.ID
		got := h.phone()
		if len(got) != i+1 || !reflect.DeepEqual(got[i], test.want) {
			t.Fatalf("%s: got %+v\nwant %+v", test.name, got, test.want)
		}
	}
	// Three days later the image is gone, and with it the reply.
	h.hook.then(says(passive(tests[0].inner)))
	h.clock.Advance(72 * time.Hour)
	h.write("a")
	if got := h.phone(); got[len(got)-1].Source != wechat.Unavailable {
		t.Errorf("got %+v", got[len(got)-1])
	}
}

// Nobody is told anything about events that nobody waits for, nor after
// leaving.
func TestSilentEvents(t *testing.T) {
	h := newHarness(t)
	h.hook.then(says(passiveText("bye")))
	if _, err := h.sim.SendEvent(testApp, testUser, wechat.Event{Name: "TEMPLATESENDJOBFINISH"}); err != nil {
		t.Fatal(err)
	}
	if err := h.sim.Unfollow(testApp, testUser); err != nil {
		t.Fatal(err)
	}
	h.settle()
	h.hook.then(says("{}"))
	h.follow(testUser)
	if err := h.sim.Unfollow(testApp, testUser); err != nil {
		t.Fatal(err)
	}
	h.settle()
	if got := h.phone(); len(got) > 0 {
		t.Errorf("the phone shows %+v", got)
	}
	if got := h.sim.PushStatistics(); got.Unavailable != 0 || got.Outcomes[wechat.Replied] != 2 || got.Outcomes[wechat.Invalid] != 1 {
		t.Errorf("%+v", got)
	}
}
