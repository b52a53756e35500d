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
	"encoding/xml"
	"errors"
	"strings"
	"testing"

	"github.com/liveroom-io/liveroom-operator/internal/wechat/seal"
)

const (
	token       = "shieldwx2026Token"
	appID       = "wx5823bf96d3bd56c7"
	encodingKey = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
)

const head = `<xml><ToUserName><![CDATA[oia2TjuEGTNoeX76QEjQNrcURxG8]]></ToUserName><FromUserName><![CDATA[gh_7f083739789a]]></FromUserName><CreateTime>1763848317</CreateTime>`

// header is the head of a reply to the follower's message.
func header() Header { return (&Message{To: account, From: follower}).Header(1763848317) }

func TestAppendXML(t *testing.T) {
	tests := map[string]struct {
		reply Reply
		want  string
	}{
		"text": {TextReply{"收到 ok"}, `<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[收到 ok]]></Content>`},
		"text with markup": {
			TextReply{"a]]>b ]]]> <c>&amp;\nd\x08\xf0"},
			"<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[a]]]]><![CDATA[>b ]]]]]><![CDATA[> <c>&amp;\nd]]></Content>",
		},
		"image": {ImageReply{"m"}, `<MsgType><![CDATA[image]]></MsgType><Image><MediaId><![CDATA[m]]></MediaId></Image>`},
		"voice": {VoiceReply{"m"}, `<MsgType><![CDATA[voice]]></MsgType><Voice><MediaId><![CDATA[m]]></MediaId></Voice>`},
		"video": {
			VideoReply{"m", "t", "d"},
			`<MsgType><![CDATA[video]]></MsgType><Video><MediaId><![CDATA[m]]></MediaId><Title><![CDATA[t]]></Title><Description><![CDATA[d]]></Description></Video>`,
		},
		"video alone": {VideoReply{MediaID: "m"}, `<MsgType><![CDATA[video]]></MsgType><Video><MediaId><![CDATA[m]]></MediaId></Video>`},
		"music": {
			MusicReply{"t", "d", "u", "h", "m"},
			`<MsgType><![CDATA[music]]></MsgType><Music><Title><![CDATA[t]]></Title><Description><![CDATA[d]]></Description><MusicUrl><![CDATA[u]]></MusicUrl><HQMusicUrl><![CDATA[h]]></HQMusicUrl><ThumbMediaId><![CDATA[m]]></ThumbMediaId></Music>`,
		},
		"news": {
			NewsReply{[]Article{{"t", "d", "p", "u"}, {URL: "v"}}},
			`<MsgType><![CDATA[news]]></MsgType><ArticleCount>2</ArticleCount><Articles>` +
				`<item><Title><![CDATA[t]]></Title><Description><![CDATA[d]]></Description><PicUrl><![CDATA[p]]></PicUrl><Url><![CDATA[u]]></Url></item>` +
				`<item><Title><![CDATA[]]></Title><Description><![CDATA[]]></Description><PicUrl><![CDATA[]]></PicUrl><Url><![CDATA[v]]></Url></item></Articles>`,
		},
		"any agent": {TransferReply{}, `<MsgType><![CDATA[transfer_customer_service]]></MsgType>`},
		"one agent": {
			TransferReply{"test1@test"},
			`<MsgType><![CDATA[transfer_customer_service]]></MsgType><TransInfo><KfAccount><![CDATA[test1@test]]></KfAccount></TransInfo>`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := AppendXML([]byte("before "), header(), test.reply)
			if want := "before " + head + test.want + "</xml>"; err != nil || string(got) != want {
				t.Errorf("got  %s, %v\nwant %s", got, err, want)
			}
		})
	}
}

func TestAppendXMLRefuses(t *testing.T) {
	long := strings.Repeat("a", maxFieldBytes+1)
	tests := map[string]struct {
		header Header
		reply  Reply
	}{
		"none":               {header(), nil},
		"no address":         {Header{}, TextReply{"a"}},
		"empty text":         {header(), TextReply{""}},
		"blank text":         {header(), TextReply{" \n\x08\xf0"}},
		"long text":          {header(), TextReply{strings.Repeat("a", MaxTextBytes+1)}},
		"image of nothing":   {header(), ImageReply{}},
		"voice of nothing":   {header(), VoiceReply{}},
		"video of nothing":   {header(), VideoReply{Title: "t"}},
		"music of no thumb":  {header(), MusicReply{URL: "u"}},
		"no article":         {header(), NewsReply{}},
		"nine articles":      {header(), NewsReply{make([]Article, 9)}},
		"article of nothing": {header(), NewsReply{[]Article{{Title: "t"}}}},
		"long title":         {header(), VideoReply{MediaID: "m", Title: long}},
		"long agent":         {header(), TransferReply{long}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := AppendXML([]byte("x"), test.header, test.reply)
			if !errors.Is(err, ErrReply) || string(got) != "x" {
				t.Errorf("got %s, %v", got, err)
			}
		})
	}
}

// Vector E2 of the contract.
func TestSealReply(t *testing.T) {
	key, err := seal.ParseKey(encodingKey)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := AppendXML(nil, header(), TextReply{"收到 ok"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := SealReply(seal.New(appID, key), token, 1763848317, "1372623149", reply, []byte("fedcba9876543210"))
	want := `<xml><Encrypt><![CDATA[DpQeJfnf/MGZ/+GTIspwVGrHr0TgXKEoqOlCrZou6qqnHuOBSCPk75I/3eK/emc1Ar4Yq7G3AdgniDzlvpMAYM5mT4Gvh1zKDQrc4HDy+iB4eq08EJWkjF3feuhBMhwGPTFRCuQ+wGz1jjWLIE4+SvSZW/NnflMuMbLwv21Qo5bW7QNoFvCxZO33FJI8WMtDVCGpztyoFQhN/QvefQIwzSejS9KCv99CCU+ekN1bKbIMKZJSJMOQQ6IWynHzwCAZXpsC2hgq1Mk4u7a99ZcHWQS7rqknC/SKr+7Za4OiwTa9aAw0CuM8f5bCJ13Zp0IEnFLJH4CAmbkMMpWSRkqyjtKtrhuUi6BjactBk1aFIDFj0dm/QxYt/t+SLuzlJ5SZ]]></Encrypt>` +
		`<MsgSignature><![CDATA[164e04fb13636e1a8be79d64c64b6ec4c4b89240]]></MsgSignature><TimeStamp>1763848317</TimeStamp><Nonce><![CDATA[1372623149]]></Nonce></xml>`
	if err != nil || string(got) != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
	if got, err := SealReply(seal.New(appID, key), token, 1, "n", reply, nil); !errors.Is(err, seal.ErrLength) || got != nil {
		t.Errorf("without random bytes: got %s, %v", got, err)
	}
}

func TestTrimText(t *testing.T) {
	const family = "👨‍👩‍👧" // 18 bytes
	tests := map[string]struct {
		text  string
		limit int
		want  string
	}{
		"fits":                  {"abc", 3, "abc"},
		"letters":               {"abcd", 3, "abc"},
		"nothing fits":          {"abc", 0, ""},
		"less than nothing":     {"abc", -1, ""},
		"within a rune":         {"a你好", 5, "a你"},
		"before a mark":         {"abe\u0301f", 3, "ab"},
		"a variation":           {"a❤\ufe0fb", 4, "a"},
		"within a family":       {"a" + family + "b", 12, "a"},
		"behind a family":       {"a" + family + "b", 19, "a" + family},
		"the tone of a skin":    {"a👍🏽", 5, "a"},
		"within a flag":         {"🇨🇳🇫🇷", 12, "🇨🇳"},
		"between flags":         {"🇨🇳🇫🇷🇯🇵", 16, "🇨🇳🇫🇷"},
		"many flags":            {strings.Repeat("🇨🇳", 100), 700, strings.Repeat("🇨🇳", 87)},
		"Scotland":              {"a🏴󠁧󠁢󠁳󠁣󠁴󠁿", 20, "a"},
		"a line break":          {"ab\r\nc", 3, "ab"},
		"behind a line break":   {"a\n\u0301", 2, "a\n"},
		"jamo":                  {"a\u1112\u1161\u11ab", 7, "a"},
		"syllable and end":      {"a가\u11ab", 4, "a"},
		"syllables":             {"한국", 3, "한"},
		"only one character":    {family, 10, "👨\u200d"},
		"marks without end":     {"e" + strings.Repeat("\u0301", 500), 601, "e" + strings.Repeat("\u0301", 300)},
		"not UTF-8":             {"\x80\x80\x80\x80\x80\x80\x80", 6, "\x80\x80"},
		"limit of a text reply": {strings.Repeat("你", 700), MaxTextBytes, strings.Repeat("你", 682)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := TrimText(test.text, test.limit); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// Whatever the text, what is rendered is well-formed and reads as the text without what XML cannot hold.
func FuzzReply(f *testing.F) {
	for _, text := range []string{"a", "]]>", "]]]]>>", "]]\x00>", "\xff]]>\ufffe", "<![CDATA[", "&lt;", "\r\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rendered, err := AppendXML(nil, header(), TextReply{text})
		if err != nil {
			if !errors.Is(err, ErrReply) || len(rendered) > 0 {
				t.Fatal(err)
			}
			return
		}
		var got struct{ Content string }
		if err := xml.Unmarshal(rendered, &got); err != nil {
			t.Fatalf("%q: %v", rendered, err)
		}
		want := strings.Map(func(r rune) rune {
			if !isLegible(r) {
				return -1
			}
			return r
		}, strings.ToValidUTF8(text, ""))
		// A parser of XML reads every line break as one character.
		want = strings.ReplaceAll(strings.ReplaceAll(want, "\r\n", "\n"), "\r", "\n")
		if got.Content != want {
			t.Fatalf("%q reads as %q", text, got.Content)
		}
	})
}
