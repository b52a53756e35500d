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
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

// door makes a side door call and returns status and body.
func (h *harness) door(method, path, body string) (int, string) {
	h.t.Helper()
	request, err := http.NewRequestWithContext(h.t.Context(), method, h.url+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	response, err := h.http.Do(request)
	if err != nil {
		h.t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return response.StatusCode, string(raw)
}

// doorStep is one side door call and what it must answer.
type doorStep struct {
	method, path, body string
	status             int
	want               string // compact JSON; empty means that it is not looked at
}

func (h *harness) playDoor(steps ...doorStep) {
	h.t.Helper()
	for i, step := range steps {
		status, body := h.door(step.method, step.path, step.body)
		got, want := compact(h.t, body), compact(h.t, h.dated(step.want))
		if status != step.status || (want != "" && got != want) {
			h.t.Errorf("step %d: %s %s %s:\n got %d %s\nwant %d %s", i+1, step.method, step.path, step.body, status, got, step.status, want)
		}
	}
}

// compact takes the white space out of JSON, if there is any JSON.
func compact(tb testing.TB, body string) string {
	tb.Helper()
	if body == "" {
		return ""
	}
	var compacted bytes.Buffer
	if err := json.Compact(&compacted, []byte(body)); err != nil {
		tb.Fatalf("%q: %v", body, err)
	}
	return compacted.String()
}

func TestSideDoorSeedsAndReads(t *testing.T) {
	h := newHarness(t)
	h.playDoor(
		doorStep{"POST", "/sim/accounts", `{"accounts":[{"userID":"dave","profile":{"Tag_Profile_IM_Nick":"D","Tag_Profile_IM_Level":3}}]}`, 204, ""},
		doorStep{"POST", "/sim/accounts", `{"accounts":[{"userID":"dave","profile":{"Tag_Profile_IM_Level":1.5}}]}`, 400, ""},
		doorStep{"POST", "/sim/accounts", `{"accounts":[{"userID":""}]}`, 400, ""},
		doorStep{"PUT", "/sim/accounts/dave/presence", `{"state":"Online","platforms":[{"platform":"Web","status":"Online"}]}`, 204, ""},
		doorStep{"PUT", "/sim/accounts/dave/presence", `{"state":"Away"}`, 400, ""},
		doorStep{"PUT", "/sim/accounts/ghost/presence", `{"state":"Online"}`, 404, `{"code":70107,"error":"account ghost does not exist"}`},
		doorStep{"GET", "/sim/accounts/ghost", "", 404, `{"error":"account \"ghost\" does not exist"}`},
		doorStep{"POST", "/sim/groups", `{"groupID":"@TGS#1/a","type":"AVChatRoom","name":"old","owner":"dave","createTime":1500000000,
			"customFields":{"add_goods":"1"},"attributes":{"k":"v"},"administrators":["bob"],"members":["carol"]}`, 204, ""},
		doorStep{"POST", "/sim/groups", `{"groupID":"@TGS#1/a","type":"AVChatRoom"}`, 409, `{"code":10021,"error":"group @TGS#1/a exists"}`},
		doorStep{"POST", "/sim/groups", `{"groupID":"x","type":"Nothing"}`, 400, ""},
		doorStep{"GET", "/sim/groups/%40TGS%231%2Fa", "", 200, `{"groupID":"@TGS#1/a","type":"AVChatRoom","name":"old","introduction":"","notification":"","faceURL":"",
			"owner":"dave","applyJoinOption":"FreeAccess","muteAllMember":"Off","createTime":1500000000,"lastInfoTime":1500000000,"infoSeq":1,"nextMsgSeq":1,"maxMembers":0,
			"customFields":{"add_goods":"1"},"attributes":{"k":"v"},"administrators":["bob"],"members":[{"userID":"carol","role":"Member","joinTime":@NOW}],"messages":0,"notices":0}`},
		doorStep{"GET", "/sim/groups/none", "", 404, ""},
		doorStep{"GET", "/sim/groups/none/notices", "", 404, ""},
		doorStep{"GET", "/sim/groups/none/messages", "", 404, ""},
		doorStep{"DELETE", "/sim/accounts/dave", "", 204, ""},
		doorStep{"DELETE", "/sim/accounts/dave", "", 404, ""},
		doorStep{"DELETE", "/sim/accounts/administrator", "", 404, ""},
		doorStep{"DELETE", "/sim/groups/%40TGS%231%2Fa", "", 204, ""},
		doorStep{"DELETE", "/sim/groups/%40TGS%231%2Fa", "", 404, ""},
		doorStep{"POST", "/sim/groups", `{"groupID":"x","type":"Public","typo":1}`, 400, `{"error":"body: json: unknown field \"typo\""}`},
		doorStep{"POST", "/sim/groups", `{"groupID":"x","type":"Public"}{}`, 400, ""},
		doorStep{"POST", "/sim/groups", `{"name":"` + strings.Repeat("x", im.MaxBodyBytes) + `"}`, 400, ""},
		doorStep{"GET", "/sim/state?limit=x", "", 400, ""},
	)
	h.ok(login+"account_import", object{"UserID": "dave"}) // deleted by the side door, so not blocked
	if status, _ := h.door("GET", "/sim/nothing", ""); status != http.StatusNotFound {
		t.Errorf("an unknown path of the side door answers %d", status)
	}
}

func TestSideDoorActsAsClients(t *testing.T) {
	h := newHarness(t)
	h.makeGroup("AVChatRoom", "g")
	stamp, err := json.Marshal(h.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	h.playDoor(
		doorStep{"POST", "/sim/groups/g/join", `{"userIDs":["bob","carol"]}`, 204, ""},
		doorStep{"POST", "/sim/groups/g/join", `{"userIDs":["ghost"]}`, 404, ""},
		doorStep{"POST", "/sim/groups/g/leave", `{"userIDs":["carol"]}`, 204, ""},
		doorStep{"POST", "/sim/groups/g/messages", `{"from":"bob","text":"hi","random":1}`, 200, `{"seq":1,"time":@NOW}`},
		doorStep{"POST", "/sim/groups/g/messages", `{"from":"carol","text":"hi"}`, 409, `{"code":10007,"error":"the sender is not in the group"}`},
		doorStep{"GET", "/sim/groups/g/messages", "", 200, `{"groupID":"g","messages":[{"from":"bob","seq":1,"random":1,"time":@NOW,"priority":2,
			"body":[{"MsgContent":{"Text":"hi"},"MsgType":"TIMTextElem"}]}]}`},
		doorStep{"PATCH", "/sim/groups/g", `{"notification":"公告","customFields":[{"name":"b","value":"2"},{"name":"a","value":"1"}],"operator":"bob"}`, 204, ""},
		doorStep{"PATCH", "/sim/groups/g", `{"muteAllMember":"Maybe"}`, 400, ""},
		doorStep{"PATCH", "/sim/groups/none", `{}`, 404, ""},
		doorStep{"DELETE", "/sim/groups/g", "", 204, ""},
		doorStep{"GET", "/sim/groups/g/notices", "", 200, strings.ReplaceAll(`{"groupID":"g","notices":[
			{"sequence":1,"type":"GroupCreated","time":@TIME,"operator":"administrator"},
			{"sequence":2,"type":"MemberJoined","time":@TIME,"operator":"bob","accounts":["bob"]},
			{"sequence":3,"type":"MemberJoined","time":@TIME,"operator":"carol","accounts":["carol"]},
			{"sequence":4,"type":"MemberLeft","time":@TIME,"operator":"carol","accounts":["carol"]},
			{"sequence":5,"type":"GroupInfoChanged","time":@TIME,"operator":"bob","fields":[{"name":"Notification","value":"公告"},{"name":"b","custom":true,"value":"2"},{"name":"a","custom":true,"value":"1"}]},
			{"sequence":6,"type":"GroupDestroyed","time":@TIME,"operator":"administrator"}]}`, "@TIME", string(stamp))},
		doorStep{"GET", "/sim/chats?between=alice", "", 400, ""},
	)
	h.ok(chat+"sendmsg", chatBody(""))
	h.playDoor(doorStep{"GET", "/sim/chats?between=bob&and=alice", "", 200, `{"messages":[{"from":"alice","to":"bob","seq":11,"random":22,"time":@NOW,"key":"11_22_@NOW",
		"body":[{"MsgContent":{"Text":"hi"},"MsgType":"TIMTextElem"}]}]}`})
}

func TestMutateGroup(t *testing.T) {
	h := newHarness(t)
	h.makeGroup("AVChatRoom", "g")
	value := func(text string) *string { return &text }
	if err := h.sim.MutateGroup("g", im.GroupChange{
		Name: value("other"), Owner: value("bob"), Administrators: []string{"carol"},
		Attributes: []im.FieldValue{{Name: "b", Value: "2"}, {Name: "a", Value: "1"}},
	}); err != nil {
		t.Fatal(err)
	}
	if err := h.sim.MutateGroup("g", im.GroupChange{DeleteAttributes: []string{"b"}, Attributes: []im.FieldValue{{Name: "a", Value: "9"}}}); err != nil {
		t.Fatal(err)
	}
	same(t, happened(h.sim.Notices("g"))[1:], []im.Notice{
		{Type: im.NoticeGroupInfoChanged, Operator: testAdmin, Fields: []im.ChangedField{{Name: "Name", Value: "other"}}},
		{Type: im.NoticeOwnerChanged, Operator: testAdmin, Accounts: []string{"bob"}, Fields: []im.ChangedField{{Name: "Owner_Account", Value: "bob"}}},
		{Type: im.NoticeAdminSet, Operator: testAdmin, Accounts: []string{"carol"}},
		{Type: im.NoticeAttributesChanged, Operator: testAdmin, Fields: []im.ChangedField{{Name: "b", Value: "2"}, {Name: "a", Value: "1"}}},
		{Type: im.NoticeAttributesChanged, Operator: testAdmin, Fields: []im.ChangedField{{Name: "b"}, {Name: "a", Value: "9"}}},
	})
	group, _ := h.sim.Group("g")
	same(t, group.Attributes, map[string]string{"a": "9"})
	if err := h.sim.MutateGroup("gone", im.GroupChange{}); err == nil {
		t.Error("a group that does not exist was changed")
	}
}

func TestSideDoorControls(t *testing.T) {
	h := newHarness(t)
	h.makeGroup("AVChatRoom", "g")
	h.playDoor(
		doorStep{"POST", "/sim/fields", `{"scope":"Group","name":"one","groupTypes":["AVChatRoom"],"after":"2s"}`, 204, ""},
		doorStep{"POST", "/sim/fields", `{"scope":"Profile","name":"Tier"}`, 204, ""},
		doorStep{"POST", "/sim/fields", `{"scope":"Member","name":"one"}`, 400, ""},
		doorStep{"POST", "/sim/fields", `{"scope":"Other","name":"two"}`, 400, ""},
		doorStep{"POST", "/sim/fields", `{"scope":"Group","name":"two","after":"soon"}`, 400, ""},
	)
	h.play(setField("one", "1", "10004"))
	h.clock.Advance(2 * time.Second)
	h.playDoor(
		doorStep{"POST", "/sim/mangle", `{"field":"custom:one","suffix":"!"}`, 204, ""},
		doorStep{"POST", "/sim/mangle", `{"field":"custom:one","suffix":"?"}`, 204, ""},
		doorStep{"POST", "/sim/mangle", `{"field":"nothing","suffix":"!"}`, 400, ""},
		doorStep{"GET", "/sim/mangle", "", 200, `{"mangles":[{"field":"custom:one","suffix":"?","stage":"Store"}]}`},
	)
	h.play(setField("one", "1", "ok"), fieldsAre(`[{"Key":"one","Value":"1?"}]`))
	h.playDoor(
		doorStep{"DELETE", "/sim/mangle", "", 204, ""},
		doorStep{"GET", "/sim/mangle", "", 200, `{"mangles":[]}`},
		doorStep{"POST", "/sim/faults", `{"command":"GetIPList","times":2,"code":60008,"latency":"1ms","slowAnswer":"1ms"}`, 200, `{"number":1}`},
		doorStep{"POST", "/sim/faults", `{"command":"GetIPList","latency":"1 parsec"}`, 400, ""},
		doorStep{"POST", "/sim/faults", `{"command":"GetIPList","slowAnswer":"x"}`, 400, ""},
		doorStep{"POST", "/sim/faults", `{"command":"nothing","code":1}`, 400, ""},
		doorStep{"DELETE", "/sim/calls", "", 204, ""},
	)
	h.refused(60008, probe, `{}`)
	h.playDoor(
		doorStep{"GET", "/sim/faults", "", 200, `{"faults":[{"number":1,"command":"GetIPList","times":2,"latency":"1ms","code":60008,"slowAnswer":"1ms","hits":1}]}`},
		doorStep{"DELETE", "/sim/faults", "", 204, ""},
		doorStep{"GET", "/sim/faults", "", 200, `{"faults":[]}`},
		doorStep{"GET", "/sim/calls", "", 200, `{"commands":{"ConfigSvc/GetIPList":{"calls":1,"refusals":{"60008":1},"maxConcurrent":1}},"refusals":{"60008":1}}`},
		doorStep{"POST", "/sim/secret-key", `{"secretKey":""}`, 400, ""},
		doorStep{"POST", "/sim/secret-key", `{"secretKey":"new"}`, 204, ""},
	)
	h.refused(70009, probe, `{}`)
	h.sig = signature(t, testAdmin, "new", 3600)
	h.ok(probe, `{}`)

	status, body := h.door("GET", "/sim/calls?log=true", "")
	var calls struct{ Log []im.Call }
	if err := json.Unmarshal([]byte(body), &calls); err != nil || status != 200 || len(calls.Log) != 3 || calls.Log[0].Fault != "Code60008 Latency SlowAnswer" {
		t.Errorf("status %d, log %+v, %v", status, calls.Log, err)
	}
	if strings.Contains(body, h.sig) {
		t.Error("the log holds a UserSig")
	}
}

func TestSideDoorStateIsPaged(t *testing.T) {
	h := newHarness(t, func(o *im.Options) {
		o.GroupFields = []im.FieldDefinition{{Name: "one", GroupTypes: []string{"AVChatRoom"}, After: time.Minute}}
	})
	for i := range 5 {
		h.makeGroup("AVChatRoom", fmt.Sprint("g", i))
	}
	status, body := h.door("GET", "/sim/state?offset=3&limit=2", "")
	var state struct {
		SDKAppID                 int64
		AccountCount, GroupCount int
		Accounts                 []im.AccountState
		Groups                   []im.GroupState
		Fields                   []im.FieldState
		Faults, Mangles          []any
	}
	if err := json.Unmarshal([]byte(body), &state); err != nil || status != 200 {
		t.Fatal(status, err)
	}
	same(t, []any{state.SDKAppID, state.AccountCount, state.GroupCount, len(state.Accounts), state.Accounts[0].UserID, state.Groups[0].GroupID, state.Groups[1].GroupID},
		[]any{testApp, 4, 5, 1, "carol", "g3", "g4"})
	same(t, state.Fields, []im.FieldState{{Name: "one", Scope: "Group", EffectiveAt: map[string]time.Time{"AVChatRoom": h.clock.Now().Add(time.Minute)}}})
}

func TestOptionsAreChecked(t *testing.T) {
	good := im.Options{SDKAppID: testApp, SecretKey: testKey}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	tests := map[string]func(*im.Options){
		"no application":   func(o *im.Options) { o.SDKAppID = 0 },
		"no key":           func(o *im.Options) { o.SecretKey = "" },
		"administrator":    func(o *im.Options) { o.Administrators = []string{""} },
		"negative latency": func(o *im.Options) { o.Latency = -1 },
		"unknown feature":  func(o *im.Options) { o.ClosedFeatures = []im.Feature{"Nothing"} },
		"group field name": func(o *im.Options) { o.GroupFields = []im.FieldDefinition{{Name: "1"}} },
		"member field type": func(o *im.Options) {
			o.MemberFields = []im.FieldDefinition{{Name: "a", GroupTypes: []string{"AVChatRoom"}}}
		},
		"profile field name": func(o *im.Options) { o.ProfileFields = []string{"Tag_Profile_Custom_Tier"} },
		"one name twice": func(o *im.Options) {
			o.GroupFields, o.MemberFields = []im.FieldDefinition{{Name: "a"}}, []im.FieldDefinition{{Name: "a"}}
		},
		"negative field time": func(o *im.Options) { o.GroupFields = []im.FieldDefinition{{Name: "a", After: -1}} },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			bad := good
			change(&bad)
			if bad.Validate() == nil {
				t.Error("the options were taken")
			}
			defer func() {
				if recover() == nil {
					t.Error("New did not panic")
				}
			}()
			im.New(bad)
		})
	}
}
