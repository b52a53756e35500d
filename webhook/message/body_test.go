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

package message

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
)

const (
	textBody   = `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"how much is it?"}}]`
	customBody = `[{"MsgContent":{"Data":"SEND_GIFT","Desc":"rose","Ext":"{\"gift\":{\"note\":\"for \\u4e3b\\u64ad\"},\"price\":9.90,\"tags\":[\"a\",1,null,\"b\"]}","Sound":"ding"},"MsgType":"TIMCustomElem"}]`
	relayBody  = `[{"MsgType":"TIMRelayElem","MsgContent":{"Title":"history","MsgNum":2,"CompatibleText":"update","AbstractList":["a: hi","b: ho"],"MsgList":[
 {"From_Account":"a","MsgSeq":1,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"hi"}}],"CloudCustomData":"{\"q\":\"quoted\"}"},
 {"From_Account":"b","MsgBody":[{"MsgType":"TIMRelayElem","MsgContent":{"Title":"inner","MsgList":[{"MsgBody":[{"MsgType":"TIMFileElem","MsgContent":{"FileName":"ho.txt","UUID":"u"}}]}]}}]}]}}]`
	mixedBody = `[{"MsgType":"TIMLocationElem","MsgContent":{"Desc":"the square","Latitude":1.50,"Longitude":2E3}},
 {"MsgType":"TIMFaceElem","MsgContent":{"Index":1,"Data":"smile"}},
 {"MsgType":"TIMImageElem","MsgContent":{"UUID":"u1","ImageInfoArray":[{"URL":"http://x/y","Desc":"no text"}]}},
 {"MsgType":"TIMVideoFileElem","MsgContent":{"VideoUrl":"v","Text":"no text"}},
 {"MsgType":"TIMSoundElem","MsgContent":{"Url":"s","Data":"no text"}},
 {"MsgType":"TIMFileElem","MsgContent":{"FileName":"a.txt","Url":"f"}},
 {"MsgType":"TIMNewElem","MsgContent":{"Text":"new","Title":"newer","Other":"not known"}}]`
)

func parsed(tb testing.TB, body, cloud string) *Body {
	tb.Helper()
	b, err := Parse(json.RawMessage(body), cloud)
	if err != nil {
		tb.Fatalf("Parse(%.80s): %v", body, err)
	}
	return b
}

func TestTexts(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, body, cloud string
		texts             []string
	}{
		{"text", textBody, "", []string{"how much is it?"}},
		{"escapes", `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"\u4f60\ud83d\ude00\ud83d\"\\\/\n"}}]`, "", []string{"你😀\ufffd\"\\/\n"}},
		{"content before type, JSON in Ext", customBody, "", []string{"SEND_GIFT", "rose", "for 主播", "a", "b", "ding"}},
		{"relayed messages", relayBody, "", []string{"history", "update", "a: hi", "b: ho", "hi", "quoted", "inner", "ho.txt"}},
		{"all kinds", mixedBody, "plain", []string{"the square", "smile", "a.txt", "new", "newer", "plain"}},
		{"cloud data in JSON", textBody, `{"reply":{"text":"yes","deep":"{\"x\":\"in \\u6df1\"}"}}`, []string{"how much is it?", "yes", "in 深"}},
		{"not quite JSON", `[{"MsgType":"TIMCustomElem","MsgContent":{"Ext":"{\"a\":}"}}]`, `{"x"`, []string{`{"a":}`, `{"x"`}},
		{"JSON in a text element is text", `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"{\"a\":1}"}}]`, "", []string{`{"a":1}`}},
		{"values that are no strings", `[{"MsgType":"TIMTextElem","MsgContent":{"Text":5}},{"MsgType":"TIMCustomElem","MsgContent":null},{"MsgType":"TIMRelayElem","MsgContent":{"AbstractList":"x","MsgList":{}}}]`, "", nil},
		{"two types", `[{"MsgType":"TIMTextElem","MsgType":"TIMImageElem","MsgContent":{"Text":"both"}}]`, "", []string{"both"}},
		{"two texts and contents", `[{"MsgContent":{"Text":"one","Text":"two"},"MsgType":"TIMTextElem","MsgContent":{"Text":"three"}}]`, "", []string{"one", "two", "three"}},
		{"no body", ``, "", nil},
		{"null", ` null `, "", nil},
		{"empty", `[]`, "", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := slices.Collect(parsed(t, tc.body, tc.cloud).Texts()); !slices.Equal(got, tc.texts) {
				t.Errorf("got %q, want %q", got, tc.texts)
			}
		})
	}
}

func TestTextsEnd(t *testing.T) {
	t.Parallel()
	var got []string
	for text := range parsed(t, customBody, "cloud").Texts() {
		if got = append(got, text); len(got) == 3 {
			break
		}
	}
	if want := []string{"SEND_GIFT", "rose", "for 主播"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	relay := func(n int) string {
		body := textBody
		for range n {
			body = `[{"MsgType":"TIMRelayElem","MsgContent":{"MsgList":[{"MsgBody":` + body + `}]}}]`
		}
		return body
	}
	for _, tc := range []struct {
		name, body, cloud string
		want              error
	}{
		{"no JSON", `hello`, "", ErrSyntax},
		{"an object", `{}`, "", ErrSyntax},
		{"an element that is none", `["x"]`, "", ErrSyntax},
		{"a type that is no string", `[{"MsgType":1}]`, "", ErrSyntax},
		{"cut off", textBody[:40], "", ErrSyntax},
		{"more after it", textBody + "x", "", ErrSyntax},
		{"nul", `nul`, "", ErrSyntax},
		{"too large", textBody, strings.Repeat("x", MaxBytes), ErrLimit},
		{"too many elements", "[" + strings.Repeat(`{},`, MaxElements) + "{}]", "", ErrLimit},
		{"too many texts in cloud data, which is text then", "[]", "[" + strings.Repeat(`"",`, MaxTexts) + `""]`, nil},
		{"too deep", `[{"x":` + strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth) + `}]`, "", ErrLimit},
		{"too deep in cloud data, which is text then", "[]", strings.Repeat("[", maxDepth+1), nil},
		{"relayed too often", relay(MaxRelays + 1), "", ErrLimit},
		{"many texts and what only looks like JSON", "[]", "[" + strings.Repeat(`"",`, MaxTexts-1) + `"", x]`, nil},
		{"many relays side by side", "[" + strings.Repeat(relay(1)[1:len(relay(1))-1]+",", MaxRelays+1) + "{}]", "", nil},
		{"relayed as often as allowed", relay(MaxRelays), "", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if _, err := Parse(json.RawMessage(tc.body), tc.cloud); !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
}

func TestElementsAndEvents(t *testing.T) {
	t.Parallel()
	b := parsed(t, mixedBody, "")
	var kinds []string
	for _, e := range b.Elements() {
		kinds = append(kinds, e.Type)
	}
	want := []string{TypeLocation, TypeFace, TypeImage, TypeVideo, TypeSound, TypeFile, "TIMNewElem"}
	if !slices.Equal(kinds, want) {
		t.Errorf("types %q, want %q", kinds, want)
	}
	if got := string(b.Elements()[1].Content); got != `{"Index":1,"Data":"smile"}` {
		t.Errorf("content %s", got)
	}
	type event struct {
		name, ext string
		ok, text  bool
	}
	for body, want := range map[string]event{
		textBody:   {text: true},
		customBody: {name: "SEND_GIFT", ext: `{"gift":{"note":"for \u4e3b\u64ad"},"price":9.90,"tags":["a",1,null,"b"]}`, ok: true},
		mixedBody:  {},
		relayBody:  {},
		`[{"MsgType":"TIMTextElem","MsgContent":{"Text":" \n"}},{"MsgType":"TIMCustomElem","MsgContent":{}}]`: {ok: true},
	} {
		b := parsed(t, body, "")
		var got event
		got.name, got.ext, got.ok = b.CustomEvent()
		got.text = b.HasText()
		if got != want {
			t.Errorf("%.60s: got %+v, want %+v", body, got, want)
		}
	}
}

func TestValue(t *testing.T) {
	t.Parallel()
	got, err := json.Marshal(Value(`{"a":[1,2.5,9007199254740993,1e400],"b":null}`))
	if want := `{"a":[1,2.5,9007199254740993,"1e400"],"b":null}`; err != nil || string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, text := range []string{"", "x", "{", "1 2", strings.Repeat("[", 5000) + strings.Repeat("]", 5000)} {
		if v := Value(text); v != nil {
			t.Errorf("Value(%.20q) = %v, want nil", text, v)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for name, body := range map[string]string{"text": textBody, "custom": customBody} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				body, err := Parse(json.RawMessage(body), "")
				if err != nil {
					b.Fatal(err)
				}
				for range body.Texts() {
				}
			}
		})
	}
}
