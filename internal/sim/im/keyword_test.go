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

package im_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

func TestKeywords(t *testing.T) {
	h := newHarness(t)
	h.makeGroup("AVChatRoom", "g")
	words := func(list string) string { return `{"SdkAppId":1400000001,"LocalAuditWords":` + list + `}` }
	id := 0
	command := func(name, body, want string) step { // RequestId counts the calls
		id++
		if want == "ok" {
			want = `{}`
		}
		return step{audit + name, body, fmt.Sprintf(`{"RequestId":"%016x",%s`, id, strings.TrimPrefix(want, "{"))}
	}
	refused := func(name, body string) step { id++; return step{audit + name, body, "10004"} }
	ok := func(name, body string) step {
		step := command(name, body, "ok")
		step.want = strings.Replace(step.want, ",}", "}", 1)
		return step
	}
	h.play(
		ok("add_local_audit_keywords", words(`[{"Keyword":"bad","WordType":1,"FilterType":2},{"Keyword":"darn","WordType":1,"FilterType":1,"ReplacedContent":"d**n"},
			{"Keyword":"[0-9]{6,}","WordType":2,"FilterType":1,"ReplacedContent":"#"}]`)),
		ok("add_local_audit_keywords", words(`[{"Keyword":"bad","WordType":1,"FilterType":2}]`)), // no second one
		refused("add_local_audit_keywords", words(`[{"Keyword":"(","WordType":2}]`)),
		refused("add_local_audit_keywords", words(`[{"Keyword":"x","WordType":3}]`)),
		refused("add_local_audit_keywords", words(`[]`)),
		refused("add_local_audit_keywords", words(items(11, "Keyword"))),
		refused("add_local_audit_keywords", `{"SdkAppId":1,"LocalAuditWords":[{"Keyword":"x"}]}`),
		command("get_local_audit_keywords", `{"SdkAppId":1400000001,"Limit":2,"Offset":1}`, `{"TotalCount":3,"TotalRegCount":1,"CurCount":2,"CurRegCount":1,"LocalAuditWords":[
			{"Id":2,"Keyword":"darn","WordType":1,"FilterType":1,"ReplacedContent":"d**n","UpdateTime":@NOW},
			{"Id":3,"Keyword":"[0-9]{6,}","WordType":2,"FilterType":1,"ReplacedContent":"#","UpdateTime":@NOW}]}`),
		command("get_local_audit_keywords", `{"SdkAppId":1400000001,"FilterType":2,"Keyword":"ba"}`, `{"TotalCount":1,"TotalRegCount":0,"CurCount":1,"CurRegCount":0,
			"LocalAuditWords":[{"Id":1,"Keyword":"bad","WordType":1,"FilterType":2,"ReplacedContent":"***","UpdateTime":@NOW}]}`),
		step{groups + "send_group_msg", post(1, "a bad word", ""), "80001"},
		step{groups + "send_group_msg", post(2, "darn 1234567", ""), `{"MsgTime":@NOW,"MsgSeq":1}`},
		step{chat + "sendmsg", strings.Replace(chatBody(""), `"hi"`, `"bad"`, 1), "80001"},
		ok("delete_local_audit_keywords", words(`[{"Keyword":"bad"},{"Keyword":"none"}]`)),
		step{groups + "send_group_msg", post(1, "a bad word", ""), `{"MsgTime":@NOW,"MsgSeq":2}`},
	)
	same(t, h.sim.GroupMessages("g")[0].Body, text("d**n #"))
	same(t, h.sim.Keywords(), []im.KeywordState{{Keyword: "darn", Replaced: "d**n"}, {Keyword: "[0-9]{6,}", Regexp: true, Replaced: "#"}})
}

func TestAppInfo(t *testing.T) {
	h := newHarness(t)
	h.makeGroup("Public", "g")
	got := h.ok(setting+"getappinfo", object{"RequestField": []string{"Date", "GroupAllGroupNum", "RegistUserNumTotal"}})
	days := got["Result"].([]any)
	today := h.clock.Now().UTC().Format("20060102")
	same(t, days[0], object{"Date": today, "GroupAllGroupNum": "1", "RegistUserNumTotal": "4"})
	if len(days) != 30 || got["ErrorInfo"] != "OK" || got["ActionStatus"] != nil {
		t.Errorf("%d days, answer %v", len(days), got)
	}
	if all := h.ok(setting+"getappinfo", object{})["Result"].([]any)[1].(object); len(all) != 32 || all["UpMsgNum"] != "0" {
		t.Errorf("an ordinary day has %d fields: %v", len(all), all)
	}
	h.refused(130001, setting+"getappinfo", object{"RequestField": "Date"})
}
