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

package expression

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/liveroom-io/liveroom-operator/webhook/message"
)

const body = `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"Hello 主播"}},
 {"MsgType":"TIMCustomElem","MsgContent":{"Data":"SEND_GIFT","Ext":"{\"price\":9.50,\"count\":3,\"id\":\"12\",\"items\":[{\"name\":\"rose\"}]}"}}]`

func gift(tb testing.TB) *message.Message {
	tb.Helper()
	b, err := message.Parse(json.RawMessage(body), `{"from":"app"}`)
	if err != nil {
		tb.Fatal(err)
	}
	return &message.Message{
		Sender: "viewer17", Operator: "admin", Platform: "RESTAPI", GroupID: "room_8801", GroupType: "AVChatRoom", Body: b,
		Room: message.Room{Namespace: "shop", Name: "spring", Labels: map[string]string{"tier": "gold"}},
	}
}

func TestCondition(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		`text == "Hello 主播\nSEND_GIFT\n12\nrose\napp"`:             "true",
		`text.lowerAscii().contains("hello")`:                      "true",
		`text.matches("(?i)hello\\s+主")`:                           "true",
		`sender == "viewer17" && operator == "admin"`:              "true",
		`platform == "RESTAPI" && groupID == "room_8801"`:          "true",
		`groupType != "AVChatRoom"`:                                "false",
		`room.name == "spring" && room.namespace == "shop"`:        "true",
		`"tier" in room.labels && room.labels["tier"] == "gold"`:   "true",
		`has(room.labels.none)`:                                    "false",
		`room.labels.none == "x"`:                                  "no such key: none",
		`event == "SEND_GIFT" && ext.count * 10 >= 30`:             "true",
		`ext.price > 9 && int(ext.price) == 9 && int(ext.id) > 11`: "true",
		`ext.items.exists(i, i.name.startsWith("ro"))`:             "true",
		`has(ext.nothing) || ext.count == 4`:                       "false",
		`ext.nothing == true`:                                      "no such key: nothing",
		`cloudCustomData.contains("app")`:                          "true",
		`elements.size() == 2 && elements[1].content.Data == event && elements[0].type == "TIMTextElem"`: "true",
		`math.greatest(size(text), 3) > 3`: "true",
	} {
		condition, err := CompileCondition(source)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		holds, err := condition.Holds(Of(gift(t)))
		got := fmt.Sprint(holds)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", source, got, want)
		}
	}
}

func TestVariablesOfPlainText(t *testing.T) {
	t.Parallel()
	m := gift(t)
	b, err := message.Parse(json.RawMessage(`[{"MsgType":"TIMCustomElem","MsgContent":{"Data":"LIKE","Ext":"no JSON"}}]`), "")
	if err != nil {
		t.Fatal(err)
	}
	m.Body = b
	v := Of(m)
	for range 2 { // the second time from what was kept
		for _, source := range []string{`ext == null`, `event == "LIKE"`, `cloudCustomData == ""`, `text == "LIKE\nno JSON"`, `elements[0].content.Ext == "no JSON"`} {
			condition, err := CompileCondition(source)
			if err != nil {
				t.Fatal(err)
			}
			if holds, err := condition.Holds(v); err != nil || !holds {
				t.Errorf("%s: got %v, %v", source, holds, err)
			}
		}
	}
	m.Body = nil
	condition, err := CompileCondition(`true`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := condition.Holds(Of(m)); err == nil {
		t.Error("a message that could not be read was examined")
	}
}

func TestPoints(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		`10`:                                 "10",
		`ext.count * 100`:                    "300",
		`uint(7)`:                            "7",
		`2.0 * 3.0`:                          "6",
		`event == "SEND_GIFT" ? 5 : 1`:       "5",
		`ext.price`:                          "gave 9.5, not a whole number from 0 to 1000000",
		`int(ext.price) * ext.count`:         "27",
		`0 - 1`:                              "gave -1, not a number from 0 to 1000000",
		`1000001`:                            "gave 1000001, not a number from 0 to 1000000",
		`1000000`:                            "1000000",
		`18446744073709551615u`:              "gave 9223372036854775807, not a number from 0 to 1000000",
		`1.0 / 0.0`:                          "gave +Inf, not a whole number from 0 to 1000000",
		`double("NaN")`:                      "gave NaN, not a whole number from 0 to 1000000",
		`ext.id`:                             "gave string, not an int",
		`ext.none`:                           "no such key: none",
		`ext.count / 0`:                      "division by zero",
		`ext.items.map(i, 3)[0] * 2`:         "6",
		`math.least(int(ext.count) * 9, 20)`: "20",
	} {
		points, err := CompilePoints(source)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		n, err := points.Of(Of(gift(t)))
		got := fmt.Sprint(n)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", source, got, want)
		}
	}
	if _, err := CompilePoints(`"ten"`); err == nil || !strings.Contains(err.Error(), "gives string: make it give an int") {
		t.Errorf("got %v", err)
	}
}

func TestCompileRefuses(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		`text ==`:                                  "is not valid CEL: line 1, column 8: Syntax error",
		"true &&\n txt":                            "is not valid CEL: line 2, column 2: undeclared reference to 'txt'",
		`room.nam == "x"`:                          "undeclared reference to 'room.nam'",
		`ext.vip`:                                  "gives dyn: make it give a bool",
		`size(text)`:                               "gives int: make it give a bool",
		`text.matches(sender)`:                     "a pattern that is not a literal",
		`matches(text, "a" + "b")`:                 "a pattern that is not a literal",
		`text.matches("(")`:                        "line 1, column 14: invalid matches argument",
		`text.matches("a{900}|b{900}|c{900}")`:     "regex program size",
		`text.replace("", text) == ""`:             "use fewer loops inside of each other",
		`ext.a.exists(x, ext.b.exists(y, x == y))`: "use fewer loops inside of each other",
		`[1].exists(x, [1].exists(y, [1].exists(z, true)))`: "nesting",
		`"` + strings.Repeat("x", MaxLength) + `" == text`:  "shorten it to",
	} {
		if _, err := CompileCondition(source); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: got %v, want %q", source, err, want)
		}
	}
}

func TestCostOfOneMessage(t *testing.T) {
	t.Parallel()
	m := gift(t)
	b, err := message.Parse(json.RawMessage(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"`+strings.Repeat("a b ", 3000)+`"}}]`), "")
	if err != nil {
		t.Fatal(err)
	}
	m.Body = b
	for source, fails := range map[string]bool{
		`text.contains("none")`:                              false,
		`text.split(" ").exists(w, w == "none")`:             false,
		`text.split("").exists(w, text.contains("nothing"))`: true,
	} {
		condition, err := CompileCondition(source)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := condition.Holds(Of(m)); (err != nil) != fails || fails && !strings.Contains(err.Error(), "cost limit exceeded") {
			t.Errorf("%s: got %v, want a failure: %v", source, err, fails)
		}
	}
}
