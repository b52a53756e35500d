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
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestRewrite(t *testing.T) {
	t.Parallel()
	mask := func(_, text string) (string, bool) {
		return strings.ReplaceAll(text, "bad", `*"*`), strings.Contains(text, "bad")
	}
	for _, tc := range []struct {
		name, body, cloud  string
		wantBody, wantText string // of body and of cloud; empty for unchanged
	}{
		{"nothing to do", mixedBody, "fine", "", ""},
		{
			"keeps what it does not know",
			` [ {"Extra" : 1.0e+2, "MsgType":"TIMTextElem","MsgContent":{"X":"bad","Text":"so bad\u0021","Y":-0.0}} , {"MsgType":"TIMTextElem","MsgContent":{"Text":"\u0041"}} ]`, "",
			` [ {"Extra" : 1.0e+2, "MsgType":"TIMTextElem","MsgContent":{"X":"bad","Text":"so *\"*!","Y":-0.0}} , {"MsgType":"TIMTextElem","MsgContent":{"Text":"\u0041"}} ]`, "",
		},
		{
			"JSON in Ext stays JSON",
			`[{"MsgType":"TIMCustomElem","MsgContent":{"Ext":"{\"bad\":1.50,\"t\":\"b\\u0061d\",\"in\":\"{\\\"deep\\\":\\\"bad\\\"}\"}"}}]`, `["bad",true]`,
			`[{"MsgType":"TIMCustomElem","MsgContent":{"Ext":"{\"bad\":1.50,\"t\":\"*\\\"*\",\"in\":\"{\\\"deep\\\":\\\"*\\\\\\\"*\\\"}\"}"}}]`, `["*\"*",true]`,
		},
		{"cloud data only", textBody, "bad", "", `*"*`},
		{
			"relayed",
			`[{"MsgType":"TIMRelayElem","MsgContent":{"AbstractList":["x","bad"],"MsgList":[{"MsgBody":[{"MsgContent":{"Text":"bad"},"MsgType":"TIMTextElem"}],"CloudCustomData":"bad"}]}}]`, "",
			`[{"MsgType":"TIMRelayElem","MsgContent":{"AbstractList":["x","*\"*"],"MsgList":[{"MsgBody":[{"MsgContent":{"Text":"*\"*"},"MsgType":"TIMTextElem"}],"CloudCustomData":"*\"*"}]}}]`, "",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := parsed(t, tc.body, tc.cloud).Rewrite(mask)
			var want Replacement
			if tc.wantBody != "" {
				want.Body = json.RawMessage(tc.wantBody)
			}
			if tc.wantText != "" {
				want.CloudCustomData = &tc.wantText
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got body %s and cloud data %v, want %s and %q", got.Body, got.CloudCustomData, want.Body, tc.wantText)
			}
		})
	}
}

func TestRewritePaths(t *testing.T) {
	t.Parallel()
	var got []string
	parsed(t, relayBody, `["x"]`).Rewrite(func(path, text string) (string, bool) {
		got = append(got, path+"="+text)
		return text, true // the same: no change
	})
	list := "MsgBody[0].MsgContent.MsgList"
	want := []string{
		"MsgBody[0].MsgContent.Title=history", "MsgBody[0].MsgContent.CompatibleText=update",
		"MsgBody[0].MsgContent.AbstractList=a: hi", "MsgBody[0].MsgContent.AbstractList=b: ho",
		list + "[0].MsgBody[0].MsgContent.Text=hi", list + "[0].CloudCustomData=quoted",
		list + "[1].MsgBody[0].MsgContent.Title=inner",
		list + "[1].MsgBody[0].MsgContent.MsgList[0].MsgBody[0].MsgContent.FileName=ho.txt",
		"CloudCustomData=x",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
