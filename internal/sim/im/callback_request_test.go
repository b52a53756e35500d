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
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

func TestCallbackSignatures(t *testing.T) {
	vectors := []struct {
		token string
		at    int64
		want  string
	}{
		{"xxxxyyyy", 1669872112, "17773bc39a671d7b9aa835458704d2a6db81360a5940292b587d6d760d484061"},
		{"shield-im-cb-7Qe2", 1763848315, "2fc4ffecd1440b4a7122c23ad2404ae54e54d52875d9f34d95de15bd22098d02"},
		{"shield-im-cb-7Qe2", 1763848375, "4839c55fab6ce8269e78772eb40f9682ed0678eb43537fd74ecc1d5f42cdbd9d"},
		{"xxxyyy", 1669872112, "e78a85473bed2cdc8d6fa8c4d5a4ba4735fd64156e15a99516b9890293e135de"},
		{"", 1669872112, ""},
	}
	for _, vector := range vectors {
		h, r := newCallbackHarness(t, func(o *im.Options) {
			o.Clock = func() time.Time { return time.Unix(vector.at, 0) }
			o.Callback.Token = vector.token
		})
		door("PUT", "/sim/accounts/bob/presence", `{"state":"Online","platform":"iOS"}`)(h)
		h.settle()
		rest, sign := queryOf(t, r.take()[0].query)
		want := "SdkAppid=1400000001&CallbackCommand=State.StateChange&contenttype=json&ClientIP=127.0.0.1&OptPlatform=IOS"
		if vector.token != "" {
			want += fmt.Sprint("&RequestTime=", vector.at)
		}
		if rest != want || sign != vector.want {
			t.Errorf("token %s: got %s signed %s, want %s signed %s", vector.token, rest, sign, want, vector.want)
		}
	}
}

func TestCallbackQueries(t *testing.T) {
	h, r := newCallbackHarness(t)
	if err := h.sim.SeedGroup(im.GroupSeed{GroupID: "g", Type: "AVChatRoom", Members: []string{"bob"}}); err != nil {
		t.Fatal(err)
	}
	door("POST", "/sim/groups/g/presence", `{"userIDs":["bob"],"online":false}`)(h)
	h.settle()
	door("PUT", "/sim/accounts/bob/profile", `{"platform":"iOS","profile":{"Tag_Profile_IM_Nick":"B"}}`)(h)
	h.settle()
	api(groups+"modify_group_base_info", `{"GroupId":"g","Name":"m"}`)(h)
	h.settle()
	stamp := h.clock.Now().Unix()
	sign := func(query string) string { // the order of the documents
		_, signature := queryOf(t, query)
		return fmt.Sprintf("&Sign=%s&RequestTime=%d", signature, stamp)
	}
	calls := r.take()
	for i, want := range []string{
		"SdkAppid=1400000001&CallbackCommand=Group.CallbackOnMemberStateChange&contenttype=json",
		"SdkAppid=1400000001&CallbackCommand=Profile.CallbackPortraitSet&contenttype=json&ClientIP=127.0.0.1&OptPlatform=iOS",
		"SdkAppid=1400000001&CallbackCommand=Group.CallbackAfterGroupInfoChanged&contenttype=json&ClientIP=127.0.0.1&OptPlatform=RESTAPI",
	} {
		if got := calls[i].query; got != want+sign(got) {
			t.Errorf("got %s, want %s", got, want)
		}
		if header := calls[i].header; len(header) != 1 || header.Get("Content-Length") == "" {
			t.Errorf("the headers are %v", header)
		}
	}
}

func TestCallbackForms(t *testing.T) {
	send := func(h *harness) {
		door("POST", "/sim/groups/g/messages", `{"from":"bob","text":"hi","random":4026038328}`)(h)
		h.settle()
		door("POST", "/sim/chats/messages", `{"from":"bob","to":"alice","text":"hi","seq":1,"random":2}`)(h)
		h.settle()
	}
	seen := func(r *receiver) []string {
		list := []string{}
		for _, call := range r.take() {
			_, isText := call.body["EventTime"].(string)
			list = append(list, fmt.Sprintf("%s text %t EventTime %t MsgId %v", call.command(), isText, call.body["EventTime"] != nil, call.body["MsgId"]))
		}
		return list
	}
	start := func(change func(*im.Options)) (*harness, *receiver) {
		h, r := newCallbackHarness(t, change)
		if err := h.sim.SeedGroup(im.GroupSeed{GroupID: "g", Type: "AVChatRoom", Members: []string{"bob"}}); err != nil {
			t.Fatal(err)
		}
		return h, r
	}
	h, r := start(func(o *im.Options) { o.Callback.StringEventTime = true })
	send(h)
	same(t, seen(r), []string{
		"Group.CallbackBeforeSendMsg text true EventTime true MsgId <nil>",
		"Group.CallbackAfterSendMsg text true EventTime true MsgId <nil>",
		"C2C.CallbackBeforeSendMsg text false EventTime false MsgId <nil>",
		"C2C.CallbackAfterSendMsg text false EventTime false MsgId <nil>",
	})
	h, r = start(func(o *im.Options) { o.Callback.MessageIDs = true })
	send(h)
	now := h.clock.Now().Unix()
	same(t, seen(r), []string{
		fmt.Sprintf("Group.CallbackBeforeSendMsg text false EventTime true MsgId 144115192199622976-%d-4026038328", now),
		fmt.Sprintf("Group.CallbackAfterSendMsg text false EventTime true MsgId 144115192199622976-%d-4026038328", now),
		fmt.Sprintf("C2C.CallbackBeforeSendMsg text false EventTime true MsgId sim-1-2-%d", now),
		fmt.Sprintf("C2C.CallbackAfterSendMsg text false EventTime true MsgId sim-1-2-%d", now),
	})
}

func TestCallbackConfiguration(t *testing.T) {
	h, r := newCallbackHarness(t, func(o *im.Options) { o.Callback.URL = "" })
	login := func() { door("PUT", "/sim/accounts/bob/presence", `{"state":"Online","reason":"Register"}`)(h) }
	login() // nobody to tell
	bad := map[string]string{
		`{"url":"ftp://x/y"}`:                              "callback URL: the scheme must be http or https",
		`{"url":"http:///y"}`:                              "callback URL: it needs a host, and takes neither credentials nor a fragment",
		`{"url":"http://a:b@x/y"}`:                         "callback URL: it needs a host, and takes neither credentials nor a fragment",
		`{"url":"http://x/y?z"}`:                           "callback URL: it must have none of ! $ & ? and no blank",
		`{"url":"http://x/%"}`:                             "callback URL: it cannot be parsed",
		`{"url":"http://` + strings.Repeat("x", 64) + `"}`: "callback URL: the host has more than 63 characters",
		`{"commands":["Group.Nothing"]}`:                   `callback command "Group.Nothing": the simulator does not fire it`,
		`{"timeout":"1h"}`:                                 "callback timeout: must be from 0 to 10m0s",
		`{"timeout":"x"}`:                                  `timeout: time: invalid duration "x"`,
		`{"retryDelays":["x"]}`:                            `retryDelays: time: invalid duration "x"`,
		`{"retryDelays":["-1s"]}`:                          "callback retry delay -1s: must be from 0 to 10m0s",
		`{"retryDelays":["1s","1s","1s","1s","1s","1s","1s","1s","1s","1s","1s"]}`: "callback retry delays: at most 10 are allowed",
	}
	for body, want := range bad {
		status, text := h.door("PUT", "/sim/callback", body)
		if !strings.Contains(text, strings.ReplaceAll(want, `"`, `\"`)) || status != 400 {
			t.Errorf("%s: got %d %s, want %s", body, status, text, want)
		}
	}
	settings := `{"url":"` + r.server.URL + `/new","token":"t","commands":["State.StateChange"],"timeout":"1s","retryAfter":true,"retryDelays":["10ms"]}`
	door("PUT", "/sim/callback", settings)(h)
	login()
	door("PUT", "/sim/accounts/bob/profile", `{"profile":{"Tag_Profile_IM_Nick":"B"}}`)(h) // not ticked
	var reply struct {
		Settings map[string]any
		Commands map[string]im.CallbackCount
		InFlight int
		Pending  int
		Log      []im.CallbackRecord
		Answered *im.CallbackTally
	}
	_, text := h.door("GET", "/sim/callback?wait=20s&log=true&answered=true", "")
	if err := json.Unmarshal([]byte(text), &reply); err != nil {
		t.Fatal(err)
	}
	same(t, reply.Settings, object{
		"url": r.server.URL + "/new", "signed": true, "commands": []string{"State.StateChange"}, "timeout": "1s", "blockOnFailure": false,
		"retryAfter": true, "retryDelays": []string{"10ms"}, "stringEventTime": false, "omitEventCause": false, "messageIDs": false,
		"queueSize": 65536, "workers": 1,
	})
	same(t, reply.Commands, map[string]im.CallbackCount{"State.StateChange": {Fired: 1, Sent: 1, Answered: 1}})
	same(t, []int{reply.InFlight, reply.Pending}, []int{0, 0})
	if reply.Log[0].Latency <= 0 {
		t.Errorf("the latency is %s", reply.Log[0].Latency)
	}
	reply.Log[0].Latency = 0
	query := "?SdkAppid=1400000001&CallbackCommand=State.StateChange&contenttype=json&ClientIP=127.0.0.1&OptPlatform=Web&RequestTime="
	same(t, reply.Log, []im.CallbackRecord{{Sequence: 1, Time: h.clock.Now(), Command: "State.StateChange", Try: 1, Status: 200,
		URL: r.server.URL + "/new" + query + fmt.Sprint(h.clock.Now().Unix())}})
	same(t, reply.Answered, im.CallbackTally{Groups: map[string]im.GroupTally{}, Senders: map[string]map[string]int{}})
	if strings.Contains(text, `"t"`) || strings.Contains(text, "Sign=") {
		t.Errorf("the answer shows a secret: %s", text)
	}

	door("DELETE", "/sim/callback", "")(h)
	door("PUT", "/sim/callback", `{"url":""}`)(h)
	login()
	same(t, len(h.sim.CallbackStatus().Commands), 0)
	same(t, len(h.sim.CallbackLog()), 0)
	same(t, len(r.take()), 1)
	if status, _ := h.door("GET", "/sim/callback?wait=x", ""); status != 400 {
		t.Errorf("an odd duration is answered %d", status)
	}
	if err := (im.Options{SDKAppID: 1, SecretKey: "k", Callback: im.CallbackOptions{Workers: 5000}}).Validate(); err == nil {
		t.Error("5000 workers are allowed")
	}
	if err := (im.CallbackOptions{QueueSize: -1}).Validate(); err == nil {
		t.Error("a negative queue is allowed")
	}
}
