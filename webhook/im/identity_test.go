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

package im

import (
	"strings"
	"testing"
)

// identityOf a body that came with a RequestTime.
func identityOf(t *testing.T, sdkAppID int64, body, requestTime string) string {
	t.Helper()
	c, err := parse([]byte(body))
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return c.identity(sdkAppID, []byte(body), requestTime)
}

// Repeats of one callback, however they are written, are one event.
func TestIdentityOfRepeats(t *testing.T) {
	for name, bodies := range map[string][]string{
		"a message, fields in another order, numbers as texts, other content fields": {
			`{"CallbackCommand":"Group.CallbackAfterSendMsg","GroupId":"g","From_Account":"u","Random":3120455301,"MsgTime":1763848315,"MsgSeq":7,"EventTime":1763848315000}`,
			`{"MsgSeq":"7","MsgTime":"1763848315","Random":"3120455301","From_Account":"u","GroupId":"g","CallbackCommand":"Group.CallbackAfterSendMsg"}`,
			` { "CallbackCommand" : "Group.CallbackAfterSendMsg","EventTime":"1763848316000","GroupId":"\u0067","From_Account":"u","Random":3120455301,"MsgTime":1763848315,"MsgSeq":7,"NickName":"n"} `,
		},
		"a message with MsgId": {
			`{"CallbackCommand":"Group.CallbackAfterSendMsg","GroupId":"g","From_Account":"u","MsgId":"1-2-3","Random":1,"MsgTime":1,"MsgSeq":7}`,
			`{"MsgId":"1-2-3","CallbackCommand":"Group.CallbackAfterSendMsg","GroupId":"g","From_Account":"u","Random":1,"MsgTime":1,"MsgSeq":7,"EventTime":1763848315000}`,
		},
		"a C2C message": {
			`{"CallbackCommand":"C2C.CallbackAfterSendMsg","From_Account":"a","To_Account":"b","MsgKey":"1_2_3","UnreadMsgNum":1}`,
			`{"UnreadMsgNum":2,"MsgKey":"1_2_3","To_Account":"b","From_Account":"a","CallbackCommand":"C2C.CallbackAfterSendMsg"}`,
		},
		"an entry, in another order and with blanks": {
			`{"CallbackCommand":"Group.CallbackAfterNewMemberJoin","GroupId":"g","NewMemberList":[{"Member_Account":"a","Role":"x"}],"EventTime":1763848315000}`,
			`{ "EventTime": 1763848315000, "NewMemberList": [ {"Role":"x","Member_Account":"\u0061"} ], "GroupId":"g", "CallbackCommand":"Group.CallbackAfterNewMemberJoin" }`,
		},
	} {
		first := identityOf(t, appID, bodies[0], requested)
		for _, body := range bodies[1:] {
			// A repeat is signed anew.
			if got := identityOf(t, appID, body, "1763848330"); got != first {
				t.Errorf("%s: %s is another event than\n%s", name, body, bodies[0])
			}
		}
	}
}

// Different events have different identities: each of these stands alone.
func TestIdentityOfDifferent(t *testing.T) {
	const message = `{"CallbackCommand":"Group.CallbackAfterSendMsg","GroupId":"g","From_Account":"u","Random":1,"MsgTime":1763848315,"MsgSeq":1}`
	change := func(old, replacement string) string {
		t.Helper()
		if !strings.Contains(message, old) {
			t.Fatalf("%q is not in the message", old)
		}
		return strings.Replace(message, old, replacement, 1)
	}
	const entered = `{"CallbackCommand":"Group.CallbackAfterNewMemberJoin","GroupId":"g","NewMemberList":[{"Member_Account":"a"}],"EventTime":1763848315000}`
	const lost = `{"CallbackCommand":"Group.CallbackOnMemberStateChange","GroupId":"g","EventType":"Offline","MemberList":[{"Member_Account":"a"}]}`
	seen := map[string]string{}
	for _, c := range []struct {
		app               int64
		body, requestTime string
	}{
		// The MsgSeq of a live group may be constant.
		{appID, message, requested},
		{appID, change(`"Random":1`, `"Random":2`), requested},
		{appID, change(`1763848315`, `1763848316`), requested},
		{appID, change(`"MsgSeq":1`, `"MsgSeq":2`), requested},
		{appID, change(`"u"`, `"v"`), requested},
		{appID, change(`"g"`, `"h"`), requested},
		// Parts do not run into each other.
		{appID, change(`"GroupId":"g","From_Account":"u"`, `"GroupId":"gu","From_Account":""`), requested},
		{appID, change(`"Random":1,"MsgTime":1763848315`, `"Random":11,"MsgTime":763848315`), requested},
		{appID + 1, message, requested},
		{appID, change(`"GroupId"`, `"MsgId":"1","GroupId"`), requested},
		{appID, change(`"GroupId"`, `"MsgId":"2","GroupId"`), requested},
		{appID, change(`"GroupId":"g"`, `"MsgId":"1","GroupId":"h"`), requested},
		{appID, entered, requested},
		{appID, strings.Replace(entered, `"a"`, `"b"`, 1), requested},
		{appID, strings.Replace(entered, `315000`, `315001`, 1), requested},
		{appID, strings.Replace(entered, `AfterNewMemberJoin`, `AfterMemberExit`, 1), requested},
		{appID + 1, entered, requested},
		// Older heartbeats have no time at all: that of the call stands in.
		{appID, lost, requested},
		{appID, lost, "1763848316"},
		{appID, strings.Replace(lost, "Offline", "Online", 1), requested},
		{appID, `{"CallbackCommand":"C2C.CallbackAfterSendMsg","From_Account":"a","To_Account":"b","MsgKey":"1_2_3"}`, requested},
		{appID, `{"CallbackCommand":"C2C.CallbackAfterSendMsg","From_Account":"a","To_Account":"b","MsgKey":"1_2_4"}`, requested},
		{appID, `{"CallbackCommand":"C2C.CallbackAfterSendMsg","From_Account":"b","To_Account":"a","MsgKey":"1_2_3"}`, requested},
	} {
		id := identityOf(t, c.app, c.body, c.requestTime)
		if other, taken := seen[id]; taken {
			t.Errorf("one identity for\n%s and\n%s", c.body, other)
		}
		seen[id] = c.body
		if len(id) != 32 {
			t.Errorf("%q is not 128 bits", id)
		}
	}
}

// With a time in the body, that of the call does not matter.
func TestIdentityWithoutTheTimeOfTheCall(t *testing.T) {
	for body, want := range map[string]bool{
		`{"CallbackCommand":"State.StateChange","EventTime":1763848315000,"Info":{"To_Account":"a"}}`:   true,
		`{"CallbackCommand":"State.StateChange","EventTime":"1763848315000","Info":{"To_Account":"a"}}`: true,
		`{"CallbackCommand":"State.StateChange","MsgTime":1763848315,"Info":{"To_Account":"a"}}`:        true,
		`{"CallbackCommand":"State.StateChange","EventTime":-1,"Info":{"To_Account":"a"}}`:              false,
		`{"CallbackCommand":"State.StateChange","EventTime":0,"Info":{"To_Account":"a"}}`:               false,
		`{"CallbackCommand":"State.StateChange","Info":{"To_Account":"a"}}`:                             false,
	} {
		if same := identityOf(t, appID, body, "1") == identityOf(t, appID, body, "2"); same != want {
			t.Errorf("%s: the same event in two seconds: %v, want %v", body, same, want)
		}
	}
}

// Large numbers keep all digits: they are not read as fractions.
func TestIdentityOfLargeNumbers(t *testing.T) {
	const head = `{"CallbackCommand":"Group.CallbackAfterGroupDestroyed","GroupId":"g","EventTime":1763848315000,"More":`
	if identityOf(t, appID, head+`9007199254740993}`, requested) == identityOf(t, appID, head+`9007199254740992}`, requested) {
		t.Error("2^53+1 is the same as 2^53")
	}
}

// Two different messages with one MsgSeq are both written; the repeat of one is not.
func TestConstantSequence(t *testing.T) {
	s := newStage(t)
	message := func(random, time string) string {
		return `{"CallbackCommand":"Group.CallbackAfterSendMsg","GroupId":"room_8801","From_Account":"viewer17","Random":` + random +
			`,"MsgTime":` + time + `,"MsgSeq":1,` + textBody + `,"EventTime":1763848315000}`
	}
	for _, body := range []string{message("1", "1763848315"), message("2", "1763848315"), message("1", "1763848316"), message("1", "1763848315")} {
		s.accepts(callback(body))
	}
	s.counted(map[string]float64{
		"callbacks/Group.CallbackAfterSendMsg/written": 3, "callbacks/Group.CallbackAfterSendMsg/duplicate": 1,
	})
}
