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

// Package oracle compares the signatures, the encryption and the parsing of WeChat's pushes with a library that knows
// nothing of them. It is a module of its own so that the library stays out of the operator's dependencies.
package oracle

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/silenceper/wechat/v2/officialaccount/config"
	"github.com/silenceper/wechat/v2/officialaccount/context"
	"github.com/silenceper/wechat/v2/officialaccount/message"
	"github.com/silenceper/wechat/v2/officialaccount/server"
	"github.com/silenceper/wechat/v2/util"
	"github.com/sirupsen/logrus"

	"github.com/liveroom-io/liveroom-operator/internal/wechat/push"
	"github.com/liveroom-io/liveroom-operator/internal/wechat/seal"
)

const (
	rounds   = 2000
	alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	account  = "gh_7f083739789a"
	follower = "oia2TjuEGTNoeX76QEjQNrcURxG8"
)

// chance makes what a test needs, the same in each run.
type chance struct{ *rand.Rand }

func newChance(seed uint64) chance { return chance{rand.New(rand.NewPCG(seed, seed))} }

// word is n letters and digits.
func (c chance) word(n int) string {
	text := make([]byte, n)
	for i := range text {
		text[i] = alphabet[c.IntN(len(alphabet))]
	}
	return string(text)
}

// bytes are n bytes of any value.
func (c chance) bytes(n int) []byte {
	data := make([]byte, 0, n+8)
	for len(data) < n {
		data = binary.LittleEndian.AppendUint64(data, c.Uint64())
	}
	return data[:n]
}

// text is n characters as people type them, with what is hard in XML among them.
func (c chance) text(n int) string {
	pieces := []string{"a", "你", "😀", "<", "&amp;", "]]>", "]", ">", "\n", "'", `"`, "é", " "}
	var b strings.Builder
	for range n {
		_, _ = b.WriteString(pieces[c.IntN(len(pieces))])
	}
	return b.String()
}

func newSealer(t *testing.T, appID, key string) seal.Sealer {
	t.Helper()
	parsed, err := seal.ParseKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return seal.New(appID, parsed)
}

func TestSignaturesAgree(t *testing.T) {
	c := newChance(1)
	for range rounds {
		parts := make([]string, 1+c.IntN(5))
		for i := range parts {
			parts[i] = string(c.bytes(c.IntN(40)))
		}
		ours := seal.Signature(parts...)
		if theirs := util.Signature(parts...); ours != theirs {
			t.Fatalf("%q: %s and %s", parts, ours, theirs)
		}
	}
}

// What one side seals is what the other one seals, and each opens it.
func TestEncryptionAgrees(t *testing.T) {
	c := newChance(2)
	for range rounds {
		key, appID := c.word(seal.KeyLength), "wx"+c.word(16)
		random, text := c.bytes(seal.RandomBytes), c.bytes(c.IntN(300))
		s := newSealer(t, appID, key)

		ours, err := s.Seal(text, random)
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := util.EncryptMsg(random, text, appID, key)
		if err != nil || ours != string(theirs) {
			t.Fatalf("sealed %s and %s, %v", ours, theirs, err)
		}
		opened, err := s.Open(string(theirs))
		if err != nil || !bytes.Equal(opened, text) {
			t.Fatalf("we open %q, %v", opened, err)
		}
		gotRandom, opened, err := util.DecryptMsg(appID, ours, key)
		if err != nil || !bytes.Equal(opened, text) || !bytes.Equal(gotRandom, random) {
			t.Fatalf("they open %q behind %q, %v", opened, gotRandom, err)
		}
	}
}

// What one side refuses, the other one refuses.
func TestRefusalsAgree(t *testing.T) {
	c := newChance(3)
	refused := 0
	for range rounds {
		key, appID := c.word(seal.KeyLength), "wx"+c.word(16)
		s := newSealer(t, appID, key)
		encrypt, err := s.Seal(c.bytes(c.IntN(100)), c.bytes(seal.RandomBytes))
		if err != nil {
			t.Fatal(err)
		}
		switch c.IntN(3) {
		case 0: // another account
			appID = "wx" + c.word(16)
			s = newSealer(t, appID, key)
		case 1: // another key
			key = c.word(seal.KeyLength)
			s = newSealer(t, appID, key)
		default: // cut
			encrypt = encrypt[:len(encrypt)-4*(1+c.IntN(8))]
		}
		_, ours := s.Open(encrypt)
		_, _, theirs := util.DecryptMsg(appID, encrypt, key)
		if ours == nil || theirs == nil {
			t.Fatalf("we say %v, they say %v", ours, theirs)
		}
		refused++
	}
	if refused != rounds {
		t.Errorf("%d of %d were refused", refused, rounds)
	}
}

// A push sealed by us goes through the other library's whole server, and its reply through our parsers; what it read of
// the push is what we read.
func TestExchange(t *testing.T) {
	logrus.SetOutput(io.Discard)
	c := newChance(4)
	for range rounds / 10 {
		token, key, appID := c.word(3+c.IntN(30)), c.word(seal.KeyLength), "wx"+c.word(16)
		s := newSealer(t, appID, key)
		content, answer := "x"+c.text(c.IntN(60)), "y"+c.text(c.IntN(60))
		id := c.Int64()
		body := fmt.Sprintf("<xml><ToUserName>%s</ToUserName><FromUserName>%s</FromUserName><CreateTime>1763848315</CreateTime>"+
			"<MsgType>text</MsgType><Content>%s</Content><MsgId>%d</MsgId></xml>", account, follower, escape(content), id)

		var theirs *message.MixMessage
		recorder := httptest.NewRecorder()
		srv := server.NewServer(&context.Context{Config: &config.Config{AppID: appID, Token: token, EncodingAESKey: key}})
		srv.Request, srv.Writer = sealedPush(t, c, s, token, body), recorder
		srv.SetMessageHandler(func(m *message.MixMessage) *message.Reply {
			theirs = m
			return &message.Reply{MsgType: message.MsgTypeText, MsgData: message.NewText(answer)}
		})
		if err := srv.Serve(); err != nil {
			t.Fatal(err)
		}
		if err := srv.Send(); err != nil {
			t.Fatal(err)
		}

		ours, err := push.Parse([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if ours.Content != theirs.Content || ours.MsgID != fmt.Sprint(theirs.MsgID) || ours.From != string(theirs.FromUserName) ||
			ours.To != string(theirs.ToUserName) || ours.CreateTime != theirs.CreateTime || ours.Type != string(theirs.MsgType) {
			t.Fatalf("we read %+v, they read %+v", ours, theirs)
		}
		if got := openReply(t, s, token, recorder.Body.Bytes()); got != answer {
			t.Fatalf("they answered %q, we read %q", answer, got)
		}
	}
}

// Our reply, sealed, is read by the other library's types.
func TestRepliesAgree(t *testing.T) {
	c := newChance(5)
	for range rounds {
		token, key, appID, nonce := c.word(16), c.word(seal.KeyLength), "wx"+c.word(16), fmt.Sprint(c.Uint32())
		content := "x" + c.text(c.IntN(100))
		reply, err := push.AppendXML(nil, push.Header{To: follower, From: account, CreateTime: 1763848317}, push.TextReply{Content: content})
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := push.SealReply(newSealer(t, appID, key), token, 1763848317, nonce, reply, c.bytes(seal.RandomBytes))
		if err != nil {
			t.Fatal(err)
		}
		var envelope message.ResponseEncryptedXMLMsg
		if err := xml.Unmarshal(sealed, &envelope); err != nil {
			t.Fatal(err)
		}
		if got := util.Signature(token, fmt.Sprint(envelope.Timestamp), envelope.Nonce, envelope.EncryptedMsg); got != envelope.MsgSignature ||
			envelope.Nonce != nonce || envelope.Timestamp != 1763848317 {
			t.Fatalf("the envelope is %+v", envelope)
		}
		_, text, err := util.DecryptMsg(appID, envelope.EncryptedMsg, key)
		if err != nil || !bytes.Equal(text, reply) {
			t.Fatalf("they open %q, %v", text, err)
		}
		var got message.MixMessage
		if err := xml.Unmarshal(text, &got); err != nil || got.Content != content || got.MsgType != message.MsgTypeText ||
			got.CreateTime != 1763848317 || string(got.ToUserName) != follower || string(got.FromUserName) != account {
			t.Fatalf("they read %+v, %v", got, err)
		}
	}
}

// sealedPush is a push in safe mode. The time is one that the other library can read, which ends in 2038.
func sealedPush(t *testing.T, c chance, s seal.Sealer, token, body string) *http.Request {
	t.Helper()
	encrypt, err := s.Seal([]byte(body), c.bytes(seal.RandomBytes))
	if err != nil {
		t.Fatal(err)
	}
	timestamp, nonce := "1763848316", fmt.Sprint(c.Uint32())
	query := url.Values{
		"timestamp": {timestamp}, "nonce": {nonce}, "openid": {follower}, "encrypt_type": {"aes"},
		"signature": {seal.Signature(token, timestamp, nonce)}, "msg_signature": {seal.Signature(token, timestamp, nonce, encrypt)},
	}
	envelope := "<xml><ToUserName><![CDATA[" + account + "]]></ToUserName><Encrypt><![CDATA[" + encrypt + "]]></Encrypt></xml>"
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/wechat?"+query.Encode(), strings.NewReader(envelope))
	request.Header.Set("Content-Type", "text/xml")
	return request
}

// openReply is the text in a sealed reply.
func openReply(t *testing.T, s seal.Sealer, token string, body []byte) string {
	t.Helper()
	envelope, err := push.ParseEnvelope(body)
	if err != nil {
		t.Fatal(err)
	}
	var signed struct{ MsgSignature, TimeStamp, Nonce string }
	if err := xml.Unmarshal(body, &signed); err != nil {
		t.Fatal(err)
	}
	if !seal.Equal(signed.MsgSignature, seal.Signature(token, signed.TimeStamp, signed.Nonce, envelope.Encrypt)) {
		t.Fatalf("the signature of %s is wrong", body)
	}
	text, err := s.Open(envelope.Encrypt)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := push.Parse(text)
	if err != nil || reply.Kind != push.Text || reply.To != follower || reply.From != account {
		t.Fatalf("got %+v, %v", reply, err)
	}
	return reply.Content
}

func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text))
	return b.String()
}
