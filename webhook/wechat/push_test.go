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
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/wechat/push"
	"github.com/liveroom-io/liveroom-operator/internal/wechat/seal"
	"github.com/liveroom-io/liveroom-operator/webhook/officialaccount"
)

// The encrypted texts of sections 2.2 and 2.3.
const (
	inboundE1 = "Q3stYC6hdFzMh9T8HCvyDOijj+4zIgvMT9VuUUUXZ83/ZjADiDm6BjQrcgkxYnYX0GnmFKmBiNuubcCF/kYXKc43SrMMHCdOmTMgw3qJvweQRb/fQnKMUZHLIY/L5MAPA1NwcRpzT2U9c9pgbHZKoecpMrIqIt+27lCFRiUuabMheH2UT01e8WrWTIttgAbQEhqi50fcNB3skO3IpRPqI7yjXqj6Gch9SptfCh86kAewvRxzNOJlWCCOVmFp581W0vEbDbhXZdL5ci7+X5uZFT4WtB3eBCoSoaCXSO0PZqmgQQjQdkjNr6iXnc/rixSbEUtuE4KKj/EfhQCeCaIxxJvzi7j8vv2XCFbqm3o6KAP4zj/cmGQWpfRiJd8bE7locmT3ySjTXVeCpRhwKQywgyYObzqtjiKjJRC51O8UBm0="
	replyE2   = "DpQeJfnf/MGZ/+GTIspwVGrHr0TgXKEoqOlCrZou6qqnHuOBSCPk75I/3eK/emc1Ar4Yq7G3AdgniDzlvpMAYM5mT4Gvh1zKDQrc4HDy+iB4eq08EJWkjF3feuhBMhwGPTFRCuQ+wGz1jjWLIE4+SvSZW/NnflMuMbLwv21Qo5bW7QNoFvCxZO33FJI8WMtDVCGpztyoFQhN/QvefQIwzSejS9KCv99CCU+ekN1bKbIMKZJSJMOQQ6IWynHzwCAZXpsC2hgq1Mk4u7a99ZcHWQS7rqknC/SKr+7Za4OiwTa9aAw0CuM8f5bCJ13Zp0IEnFLJH4CAmbkMMpWSRkqyjtKtrhuUi6BjactBk1aFIDFj0dm/QxYt/t+SLuzlJ5SZ"
	paddingE3 = "Q3stYC6hdFzMh9T8HCvyDHDxbrF7f8TfmYxXSN1y2Vbjja9RgRLcXPjzJF67v90VBzvrt2ekEEfT57sfPiG6UTOB1j0oCAKJbga97U3cn09eBwhAEgcLLdBEek9/5Cm8"
	foreignE4 = "Q3stYC6hdFzMh9T8HCvyDAuKynFZx72zvSsMzinYKQ/5Nm9RxkIDnEYrkXS+TlzcPC1Y2YKnIzX3E0/ZHxdUew=="

	inboundOfficial = "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
)

// accepted is the one push that the desk has.
func accepted(t *testing.T, s *stage, want push.Message) {
	t.Helper()
	same(t, "accepted", s.desk.got, []taken{{accountID, want, s.clock.Now()}})
	same(t, "observed", s.watcher.saw, []observed{{Account: accountID, Segment: s.known.Account(accountKey).Keys[0].Segment, Time: s.clock.Now()}})
}

func said(t *testing.T, got reply, body, kind string) {
	t.Helper()
	if got.status != http.StatusOK || got.body != body || got.kind != kind {
		t.Errorf("got %+v, want %q", got, body)
	}
}

// Vectors E1 and E2: a text in safe mode, and the encrypted reply to it.
func TestSafePushAndReply(t *testing.T) {
	s := newStage(t)
	s.desk.reply = push.TextReply{Content: "收到 ok"}
	r := envelopeOf(inboundE1, query("msg_signature", "a8a6bcf4c70c1ee5e61a7b95f5aa67a68980f6f2"), query("signature", "6498619caea88e857fbcba60992fce60c5df2b60"))
	said(t, s.send(r), "<xml><Encrypt><![CDATA["+replyE2+"]]></Encrypt><MsgSignature><![CDATA[164e04fb13636e1a8be79d64c64b6ec4c4b89240]]></MsgSignature>"+
		"<TimeStamp>1763848317</TimeStamp><Nonce><![CDATA[1372623149]]></Nonce></xml>", "text/xml; charset=utf-8")
	accepted(t, s, hello)
	same(t, "counts", s.counts(), map[string]float64{"pushes_total Text accepted": 1, "replies_total text": 1})
}

// The official vector: a push in JSON.
func TestOfficialPush(t *testing.T) {
	s := newStage(t, official(t))
	s.clock.SetTime(time.Unix(1714112445, 0))
	said(t, s.send(officialPush()), "success", "text/plain; charset=utf-8")
	accepted(t, s, push.Message{
		Kind: push.Event, Type: "event", To: "gh_97417a04a28d", From: "o9AgO5Kd5ggOC-bXrbNODIiE3bGY", CreateTime: 1714112445, Event: push.EventDebug,
	})
}

func officialPush() request {
	return request{
		method: http.MethodPost, path: officialaccount.Path(officialToken, accountKey.Namespace, accountKey.Name),
		body: `{"ToUserName":"gh_97417a04a28d","Encrypt":"` + inboundOfficial + `"}`,
		query: map[string][]string{
			"signature": {"6c5c811b55cc85e0e1b54100749188c20beb3f5d"}, "timestamp": {"1714112445"}, "nonce": {"415670741"},
			"encrypt_type": {"aes"}, "msg_signature": {"046e02f8204d34f8ba5fa3b1db94908f3df2e9b3"},
		},
	}
}

// A mini-program is answered in its format, and has transfers only.
func TestMiniProgram(t *testing.T) {
	const answered = `{"ToUserName":"o9AgO5Kd5ggOC-bXrbNODIiE3bGY","FromUserName":"gh_97417a04a28d","CreateTime":1714112445,"MsgType":"transfer_customer_service"}`
	s := newStage(t, official(t))
	s.clock.SetTime(time.Unix(1714112445, 0))
	s.desk.reply = push.TransferReply{}
	got := s.send(officialPush())
	var e envelope
	if err := json.Unmarshal([]byte(got.body), &e); err != nil || got.kind != "application/json; charset=utf-8" {
		t.Fatalf("got %+v", got)
	}
	if e.MsgSignature != seal.Signature(officialToken, "1714112445", "415670741", e.Encrypt) || e.TimeStamp != 1714112445 || e.Nonce != "415670741" {
		t.Errorf("got %+v", e)
	}
	if content, err := newSealer(t, officialAppID, officialKey).Open(e.Encrypt); err != nil || string(content) != answered {
		t.Errorf("got %s, %v", content, err)
	}
	s.desk.reply = push.TextReply{Content: "hello"}
	said(t, s.send(officialPush()), "success", "text/plain; charset=utf-8")

	s = newStage(t, plaintext)
	s.desk.reply = push.TransferReply{}
	body := `{"ToUserName":"gh_97417a04a28d","FromUserName":"o9","CreateTime":1763848320,"MsgType":"text","MsgId":1234567890123456789,"Content":"<hi>"}`
	said(t, s.send(pushed(body)), `{"ToUserName":"o9","FromUserName":"gh_97417a04a28d","CreateTime":1763848317,"MsgType":"transfer_customer_service"}`, "application/json; charset=utf-8")
	accepted(t, s, push.Message{Kind: push.Text, Type: "text", To: "gh_97417a04a28d", From: "o9", CreateTime: 1763848320, MsgID: "1234567890123456789", Content: "<hi>"})
}

func TestPlainPushAndReply(t *testing.T) {
	s := newStage(t, plaintext)
	s.desk.reply = push.TextReply{Content: "收到 ok"}
	want := "<xml><ToUserName><![CDATA[oia2TjuEGTNoeX76QEjQNrcURxG8]]></ToUserName><FromUserName><![CDATA[gh_7f083739789a]]></FromUserName>" +
		"<CreateTime>1763848317</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[收到 ok]]></Content></xml>"
	said(t, s.send(pushed(text)), want, "text/xml; charset=utf-8")
	accepted(t, s, hello)
	// The fields in clear of compatible mode are as good as those of plaintext mode.
	said(t, s.send(compatiblePush(t, text)), want, "text/xml; charset=utf-8")
	said(t, s.send(pushed(text, query("encrypt_type", "raw"))), want, "text/xml; charset=utf-8")
}

// In compatible mode only what is signed counts: the encrypted text.
func TestCompatiblePushAndReply(t *testing.T) {
	s := newStage(t, compatible)
	s.desk.reply = push.TextReply{Content: "收到 ok"}
	other := strings.Replace(text, "你好 hello", "再见", 1)
	got := s.send(compatiblePush(t, other))
	if content := unsealed(t, got, token, newSealer(t, appID, encodingKey)); !strings.Contains(content, "收到 ok") {
		t.Errorf("got %s", content)
	}
	want := hello
	want.Content = "再见"
	accepted(t, s, want)
	// Safe mode is more than compatible mode.
	if got := s.send(sealedPush(t, text)); got.status != http.StatusOK {
		t.Errorf("got %+v", got)
	}
}

// Whatever the console has of an old and a new token, of an old and a new key:
// the answer is made with what the push was made with.
func TestRotation(t *testing.T) {
	for _, key := range []string{token, formerToken} {
		for _, aes := range []string{encodingKey, formerKey} {
			for _, segment := range []string{token, formerToken} {
				s := newStage(t, rotating(t))
				s.desk.reply = push.ImageReply{MediaID: "m1"}
				sealer := newSealer(t, appID, aes)
				got := s.send(envelopeOf(sealText(t, sealer, text), signs(key, stamped), through(officialaccount.Path(segment, accountKey.Namespace, accountKey.Name))))
				if content := unsealed(t, got, key, sealer); !strings.Contains(content, "<MediaId><![CDATA[m1]]></MediaId>") {
					t.Errorf("got %s", content)
				}
				same(t, "accepted", s.desk.got, []taken{{accountID, hello, s.clock.Now()}})
				same(t, "observed", s.watcher.saw[0].Segment, officialaccount.Segment(segment, accountKey.Namespace, accountKey.Name))
			}
		}
	}
}

// Whatever WeChat pushes is accepted, known or not.
func TestEveryKind(t *testing.T) {
	document := func(inner string) string {
		return "<xml><ToUserName><![CDATA[gh_7f083739789a]]></ToUserName><FromUserName><![CDATA[oia2]]></FromUserName><CreateTime>1763848315</CreateTime>" + inner + "</xml>"
	}
	base := push.Message{To: original, From: "oia2", CreateTime: 1763848315}
	of := func(change func(*push.Message)) push.Message { m := base; change(&m); return m }
	tests := map[string]struct {
		body string
		want push.Message
	}{
		"voice": {
			document("<MsgType><![CDATA[voice]]></MsgType><MediaId><![CDATA[m1]]></MediaId><Format><![CDATA[amr]]></Format><MsgId>24920000000000002</MsgId><MediaId16K><![CDATA[m1_16k]]></MediaId16K>"),
			of(func(m *push.Message) {
				m.Kind, m.Type, m.MediaID, m.Format, m.MsgID, m.MediaID16K = push.Voice, "voice", "m1", "amr", "24920000000000002", "m1_16k"
			}),
		},
		"agent switched": {
			document("<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[kf_switch_session]]></Event><FromKfAccount><![CDATA[test1@test]]></FromKfAccount><ToKfAccount><![CDATA[test2@test]]></ToKfAccount>"),
			of(func(m *push.Message) {
				m.Kind, m.Type, m.Event, m.FromKfAccount, m.ToKfAccount = push.Event, "event", push.EventAgentSwitched, "test1@test", "test2@test"
			}),
		},
		"unfollow": {
			document("<MsgType>event</MsgType><Event>unsubscribe</Event><EventKey/>"),
			of(func(m *push.Message) { m.Kind, m.Type, m.Event = push.Event, "event", push.EventUnsubscribe }),
		},
		"unknown event": {
			document("<MsgType>event</MsgType><Event>of_next_year</Event>"),
			of(func(m *push.Message) { m.Kind, m.Type, m.Event = push.Event, "event", "of_next_year" }),
		},
		"unknown type": {
			document("<MsgType>hologram</MsgType><MsgId>3</MsgId>"),
			of(func(m *push.Message) { m.Kind, m.Type, m.MsgID = push.Unknown, "hologram", "3" }),
		},
	}
	for name, test := range tests {
		for _, declared := range []imv1alpha1.MessageMode{imv1alpha1.MessageModePlaintext, imv1alpha1.MessageModeSafe} {
			t.Run(name+" "+string(declared), func(t *testing.T) {
				s, r := newStage(t, mode(declared)), pushed(test.body)
				if declared == imv1alpha1.MessageModeSafe {
					r = sealedPush(t, test.body)
				}
				said(t, s.send(r), "success", "text/plain; charset=utf-8")
				accepted(t, s, test.want)
				same(t, "counts", s.counts(), map[string]float64{"pushes_total " + string(test.want.Kind) + " accepted": 1, "replies_total none": 1})
			})
		}
	}
}

// Each type of reply is sent and counted; what WeChat would not take is success,
// because the push is safe.
func TestReplies(t *testing.T) {
	tests := map[string]struct {
		reply push.Reply
		want  string // a part of it
	}{
		"text":       {push.TextReply{Content: "1"}, "<Content><![CDATA[1]]></Content>"},
		"image":      {push.ImageReply{MediaID: "m"}, "<Image><MediaId>"},
		"voice":      {push.VoiceReply{MediaID: "m"}, "<Voice><MediaId>"},
		"video":      {push.VideoReply{MediaID: "m"}, "<Video><MediaId>"},
		"music":      {push.MusicReply{ThumbMediaID: "m"}, "<Music><ThumbMediaId>"},
		"news":       {push.NewsReply{Articles: []push.Article{{URL: "u"}}}, "<ArticleCount>1</ArticleCount>"},
		"transfer":   {push.TransferReply{}, "transfer_customer_service"},
		"none":       {nil, "success"},
		"unsendable": {push.TextReply{}, "success"},
	}
	for kind, test := range tests {
		t.Run(kind, func(t *testing.T) {
			s := newStage(t, plaintext)
			s.desk.reply = test.reply
			if got := s.send(pushed(text)); got.status != http.StatusOK || !strings.Contains(got.body, test.want) {
				t.Errorf("got %+v", got)
			}
			same(t, "counts", s.counts(), map[string]float64{"pushes_total Text accepted": 1, "replies_total " + kind: 1})
		})
	}
	s := newStage(t)
	s.desk.reply, s.handler.Random = push.TextReply{Content: "1"}, strings.NewReader("short")
	said(t, s.send(sealedPush(t, text)), "success", "text/plain; charset=utf-8")
	same(t, "counts", s.counts(), map[string]float64{"pushes_total Text accepted": 1, "replies_total unsendable": 1})
}
