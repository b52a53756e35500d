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
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/liveroom-io/liveroom-operator/webhook/activity"
	"github.com/liveroom-io/liveroom-operator/webhook/event"
)

// millis is the time of the samples.
const millis = 1763848315000

// about is an event of the declared room.
func about(kind event.Kind, change ...func(*event.Event)) *event.Event {
	e := &event.Event{Kind: kind, SDKAppID: appID, Room: roomUID, Time: millis}
	for _, f := range change {
		f(e)
	}
	return e
}

func by(user string) func(*event.Event)     { return func(e *event.Event) { e.User = user } }
func called(name string) func(*event.Event) { return func(e *event.Event) { e.Name = name } }
func count(n int64) func(*event.Event)      { return func(e *event.Event) { e.Count = n } }
func since(ms int64) func(*event.Event)     { return func(e *event.Event) { e.Time = ms } }

// saw are the fields that an event reports, by value.
func saw(values ...string) func(*event.Event) {
	return func(e *event.Event) {
		e.Seen = map[string]string{}
		for i := 0; i < len(values); i += 2 {
			e.Seen[values[i]] = activity.Digest(values[i+1])
		}
	}
}

// marked sets a digest that is none.
func marked(field, digest string) func(*event.Event) {
	return func(e *event.Event) {
		if e.Seen == nil {
			e.Seen = map[string]string{}
		}
		e.Seen[field] = digest
	}
}

// ofAccount is an event of the declared account.
func ofAccount(kind event.Kind, change ...func(*event.Event)) *event.Event {
	e := about(kind, append(change, by("viewer17"))...)
	e.Room = ""
	return e
}

const textBody = `"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"how much is it?"}}]`

// sample is a body of the contract, with what it must become.
type sample struct {
	name, body string
	outcome    outcome
	want       *event.Event
}

// samples are all commands of section 3 of the callback contract, in the forms of section 2.1.
var samples = []sample{
	{"3.1 before a message", `{"CallbackCommand":"Group.CallbackBeforeSendMsg","GroupId":"room_8801","Type":"AVChatRoom","From_Account":"viewer17",
 "Operator_Account":"viewer17","Random":3120455301,"OnlineOnlyFlag":0,` + textBody + `,"CloudCustomData":"","EventTime":1763848315000}`, outcomeAllowed, nil},
	{"3.1 with MsgId and TopicId, time as text", `{"CallbackCommand":"Group.CallbackBeforeSendMsg","GroupId":"room_8801","Type":"Community","TopicId":"@TGS#_1",
 "From_Account":"viewer17","Operator_Account":"viewer17","Random":"3120455301","OnlineOnlyFlag":1,"MsgId":"144115233406643804-1727580296-4026038328",` +
		textBody + `,"EventTime":"1763848315000"}`, outcomeAllowed, nil},

	{"3.2 after a message", `{"CallbackCommand":"Group.CallbackAfterSendMsg","GroupId":"room_8801","Type":"AVChatRoom","From_Account":"viewer17",
 "Operator_Account":"viewer17","Random":4294967295,"MsgSeq":4294967294,"MsgTime":1763848310,"OnlineOnlyFlag":0,` + textBody + `,"EventTime":1763848315000}`,
		outcomeWritten, about(event.Message, by("viewer17"), since(1763848310000))},
	{"3.2 numbers as texts, NickName", `{"CallbackCommand":"Group.CallbackAfterSendMsg","EventTime":"1763848315000","From_Account":"viewer17","GroupId":"room_8801",` +
		textBody + `,"MsgSeq":"7","MsgTime":"1763848310","NickName":"v","OnlineOnlyFlag":"0","Operator_Account":"administrator","Random":"5","Type":"AVChatRoom"}`,
		outcomeWritten, about(event.Message, by("viewer17"), since(1763848310000))},
	{"3.2 with MsgId, without MsgTime", `{"CallbackCommand":"Group.CallbackAfterSendMsg","GroupId":"room_8801","Type":"Live","From_Account":"viewer18",
 "MsgId":"144115233406643804-1727580296-4026038328","Random":1,` + textBody + `,"CloudCustomData":"{\"a\":1}","EventTime":1763848315001}`,
		outcomeWritten, about(event.Message, by("viewer18"), since(1763848315001))},
	{"3.2 without any time", `{"CallbackCommand":"Group.CallbackAfterSendMsg","GroupId":"room_8801","From_Account":"viewer17","MsgSeq":1,` + textBody + `}`,
		outcomeWritten, about(event.Message, by("viewer17"))},
	{"3.2 a time that cannot be right", `{"CallbackCommand":"Group.CallbackAfterSendMsg","GroupId":"room_8801","From_Account":"viewer17","MsgSeq":2,"MsgTime":1,` + textBody + `}`,
		outcomeWritten, about(event.Message, by("viewer17"))},
	{"3.2 unknown numbers as -1", `{"CallbackCommand":"Group.CallbackAfterSendMsg","GroupId":"room_8801","From_Account":"viewer17","MsgSeq":-1,"MsgTime":-1,"Random":"-1",` +
		textBody + `,"EventTime":-1}`, outcomeWritten, about(event.Message, by("viewer17"))},
	{"3.2 a like", `{"CallbackCommand":"Group.CallbackAfterSendMsg","GroupId":"room_8801","From_Account":"viewer17","MsgSeq":3,"MsgTime":1763848315,
 "MsgBody":[{"MsgType":"TIMCustomElem","MsgContent":{"Data":"LIKE","Desc":"","Ext":"","Sound":""}}]}`,
		outcomeWritten, about(event.Message, by("viewer17"), called("LIKE"))},
	{"3.2 a gift beside text", `{"CallbackCommand":"Group.CallbackAfterSendMsg","GroupId":"room_8801","From_Account":"viewer17","MsgSeq":4,"MsgTime":1763848315,
 "MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"there"}},{"MsgType":"TIMCustomElem","MsgContent":{"Data":"SEND_GIFT","Ext":"{\"price\":5}"}}]}`,
		outcomeWritten, about(event.Message, by("viewer17"), called("SEND_GIFT"))},
	{"3.2 a custom message of another name", `{"CallbackCommand":"Group.CallbackAfterSendMsg","GroupId":"room_8801","From_Account":"viewer17","MsgSeq":5,"MsgTime":1763848315,
 "MsgBody":[{"MsgType":"TIMCustomElem","MsgContent":{"Data":"<script>"}}]}`,
		outcomeWritten, about(event.Message, by("viewer17"), called("other"))},
	{"3.2 text that names an element", `{"CallbackCommand":"Group.CallbackAfterSendMsg","GroupId":"room_8801","From_Account":"viewer17","MsgSeq":6,"MsgTime":1763848315,
 "MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"TIMCustomElem LIKE"}}]}`, outcomeWritten, about(event.Message, by("viewer17"))},
	{"3.2 without MsgBody", `{"CallbackCommand":"Group.CallbackAfterSendMsg","GroupId":"room_8801","From_Account":"viewer17","MsgSeq":7,"MsgTime":1763848315}`,
		outcomeWritten, about(event.Message, by("viewer17"))},

	{"3.3 before a group", `{"CallbackCommand":"Group.CallbackBeforeCreateGroup","Operator_Account":"a","Owner_Account":"a","Type":"Public","Name":"n",
 "CreateGroupNum":123,"MemberList":[{"Member_Account":"bob"},{"Member_Account":"peter"}],"EventTime":"1670574414123"}`, outcomeIgnored, nil},
	{"3.4 after a group", `{"CallbackCommand":"Group.CallbackAfterCreateGroup","GroupId":"room_8801","Operator_Account":"administrator","Owner_Account":"a","Type":"AVChatRoom",
 "Name":"n","UserDefinedDataList":[{"Key":"level","Value":"三"}],"EventTime":1763848315000}`, outcomeWritten, about(event.Created)},
	{"3.4 with members", `{"CallbackCommand":"Group.CallbackAfterCreateGroup","GroupId":"room_8801","Operator_Account":"a","Owner_Account":"a","Type":"Public",
 "Name":"n","MemberList":[{"Member_Account":"bob"}],"EventTime":"1763848315000"}`, outcomeWritten, about(event.Created)},
	{"3.5 before entering", `{"CallbackCommand":"Group.CallbackBeforeApplyJoinGroup","GroupId":"room_8801","Type":"AVChatRoom","Requestor_Account":"viewer17","EventTime":1763848315000}`,
		outcomeIgnored, nil},
	{"3.6 before an invitation", `{"CallbackCommand":"Group.CallbackBeforeInviteJoinGroup","GroupId":"room_8801","Type":"Public","Operator_Account":"a",
 "DestinationMembers":[{"Member_Account":"bob"}],"EventTime":1763848315000}`, outcomeIgnored, nil},
	{"3.7 entered", `{"CallbackCommand":"Group.CallbackAfterNewMemberJoin","GroupId":"room_8801","Type":"AVChatRoom","JoinType":"Apply","Operator_Account":"viewer17",
 "NewMemberList":[{"Member_Account":"viewer17"}],"EventTime":1763848315000}`, outcomeWritten, about(event.Joined, count(1))},
	{"3.7 several, with more fields", `{"CallbackCommand":"Group.CallbackAfterNewMemberJoin","GroupId":"room_8801","Type":"Public","JoinType":"Invited","Operator_Account":"a",
 "NewMemberList":[{"Member_Account":"bob","Role":"Admin","ShutUpUntil":0},{"Result":1,"Member_Account":"peter"},{"Member_Account":"viewer17","More":{"a":[1]}}],"EventTime":"1763848315000"}`,
		outcomeWritten, about(event.Joined, count(3))},
	{"3.7 nobody", `{"CallbackCommand":"Group.CallbackAfterNewMemberJoin","GroupId":"room_8801","NewMemberList":[],"EventTime":1763848315000}`, outcomeIgnored, nil},
	{"3.8 left", `{"CallbackCommand":"Group.CallbackAfterMemberExit","GroupId":"room_8801","Type":"AVChatRoom","ExitType":"Quit","Operator_Account":"viewer17",
 "ExitMemberList":[{"Member_Account":"viewer17"}],"EventTime":1763848315000}`, outcomeWritten, about(event.Left, count(1))},
	{"3.8 thrown out", `{"CallbackCommand":"Group.CallbackAfterMemberExit","GroupId":"room_8801","Type":"Public","ExitType":"Kicked","Operator_Account":"a",
 "ExitMemberList":[{"Member_Account":"bob"},{"Member_Account":"peter"}],"EventTime":"1763848315000"}`, outcomeWritten, about(event.Left, count(2))},
	{"3.9 full", `{"CallbackCommand":"Group.CallbackAfterGroupFull","GroupId":"room_8801","EventTime":1763848315000}`, outcomeIgnored, nil},
	{"3.10 destroyed", `{"CallbackCommand":"Group.CallbackAfterGroupDestroyed","GroupId":"room_8801","Type":"AVChatRoom","Owner_Account":"a","Name":"n",
 "MemberList":[{"Member_Account":"bob"}],"EventTime":1763848315000}`, outcomeWritten, about(event.Destroyed)},
	{"3.11 as captured", `{"CallbackCommand":"Group.CallbackAfterGroupInfoChanged","EventTime":1763848315743,"GroupId":"room_8801","Introduction":"test update group",
 "Name":"test update","Operator_Account":"administrator","Type":"AVChatRoom"}`,
		outcomeWritten, about(event.Changed, since(1763848315743), saw(activity.FieldIntroduction, "test update group", activity.FieldName, "test update"))},
	{"3.11 the other fields, emptied", `{"CallbackCommand":"Group.CallbackAfterGroupInfoChanged","GroupId":"room_8801","Type":"Public","Operator_Account":"a","Notification":"",
 "FaceUrl":"https://a/a.png","ShutUpAllMember":"On","EventTime":"1763848315000"}`,
		outcomeWritten, about(event.Changed, saw(activity.FieldAnnouncement, "", activity.FieldAvatarURL, "https://a/a.png", activity.FieldSpeech, "On"))},
	{"3.11 none that is declared", `{"CallbackCommand":"Group.CallbackAfterGroupInfoChanged","GroupId":"room_8801","Type":"Public","Operator_Account":"a","EventTime":1763848315000}`,
		outcomeIgnored, nil},
	{"3.12 without heartbeat", `{"CallbackCommand":"Group.CallbackOnMemberStateChange","GroupId":"room_8801","EventType":"Offline","MemberList":[{"Member_Account":"viewer17"}]}`,
		outcomeWritten, about(event.Lost, count(1))},
	{"3.12 interrupted", `{"CallbackCommand":"Group.CallbackOnMemberStateChange","GroupId":"room_8801","EventType":"Offline","EventCause":"HeartbeatInterrupt",
 "MemberList":[{"Member_Account":"viewer17"},{"Member_Account":"viewer18"}],"EventTime":1763848315000}`, outcomeWritten, about(event.Lost, count(2))},
	{"3.12 recovered", `{"CallbackCommand":"Group.CallbackOnMemberStateChange","GroupId":"room_8801","EventType":"Online","EventCause":"HeartbeatRecover",
 "MemberList":[{"Member_Account":"viewer17"}],"EventTime":"1763848315000"}`, outcomeWritten, about(event.Reached, count(1))},
	{"3.12 first entry", `{"CallbackCommand":"Group.CallbackOnMemberStateChange","GroupId":"room_8801","EventType":"Online","EventCause":"Join",
 "MemberList":[{"Member_Account":"viewer17"}],"EventTime":1763848315000}`, outcomeIgnored, nil},
	{"3.12 last exit", `{"CallbackCommand":"Group.CallbackOnMemberStateChange","GroupId":"room_8801","EventType":"Offline","EventCause":"Quit",
 "MemberList":[{"Member_Account":"viewer17"}],"EventTime":1763848315000}`, outcomeIgnored, nil},
	{"3.13 modified", `{"CallbackCommand":"Group.CallbackAfterGroupAttrChanged","GroupId":"room_8801","Type":"AVChatRoom","Operator_Account":"a","OptionType":"modify",
 "GroupAttr":[{"key":"seat","value":"3"},{"key":"topic","value":""}],"EventTime":1763848315000}`,
		outcomeWritten, about(event.Changed, saw("attributes.seat", "3", "attributes.topic", ""))},
	{"3.13 set", `{"CallbackCommand":"Group.CallbackAfterGroupAttrChanged","GroupId":"room_8801","Type":"AVChatRoom","Operator_Account":"a","OptionType":"set",
 "GroupAttr":[{"key":"seat","value":"3"}],"EventTime":"1763848315000"}`,
		outcomeWritten, about(event.Changed, saw("attributes.seat", "3"), marked(activity.AllAttributes(), activity.Absent))},
	{"3.13 cleared", `{"CallbackCommand":"Group.CallbackAfterGroupAttrChanged","GroupId":"room_8801","Type":"AVChatRoom","OptionType":"clear","GroupAttr":[],"EventTime":1763848315000}`,
		outcomeWritten, about(event.Changed, marked(activity.AllAttributes(), activity.Absent))},
	{"3.13 cleared, with keys", `{"CallbackCommand":"Group.CallbackAfterGroupAttrChanged","GroupId":"room_8801","OptionType":"clear","GroupAttr":[{"key":"seat"}],"EventTime":1763848315000}`,
		outcomeWritten, about(event.Changed, marked(activity.AllAttributes(), activity.Absent))},
	{"3.13 deleted", `{"CallbackCommand":"Group.CallbackAfterGroupAttrChanged","GroupId":"room_8801","OptionType":"delete","GroupAttr":[{"key":"seat"}],"EventTime":1763848315000}`,
		outcomeWritten, about(event.Changed, marked("attributes.seat", activity.Absent))},
	{"3.13 deleted, keys not told", `{"CallbackCommand":"Group.CallbackAfterGroupAttrChanged","GroupId":"room_8801","OptionType":"delete","EventTime":1763848315000}`,
		outcomeWritten, about(event.Changed, marked(activity.AllAttributes(), unknownValue))},
	{"3.13 without OptionType", `{"CallbackCommand":"Group.CallbackAfterGroupAttrChanged","GroupId":"room_8801","GroupAttr":[{"key":"seat","value":"3"}],"EventTime":1763848315000}`,
		outcomeWritten, about(event.Changed, saw("attributes.seat", "3"))},
	{"3.14 recalled", `{"CallbackCommand":"Group.CallbackAfterRecallMsg","Operator_Account":"a","Type":"Public","GroupId":"room_8801","MsgSeqList":[{"MsgSeq":130}],
 "TopicId":"t","EventTime":"1763848315000"}`, outcomeIgnored, nil},
	{"3.15 not sent", `{"CallbackCommand":"Group.CallbackSendMsgException","GroupId":"room_8801","Type":"AVChatRoom","From_Account":"viewer17","Operator_Account":"viewer17",
 "Random":1,"OnlineOnlyFlag":0,` + textBody + `,"ErrorCode":10023,"ErrorInfo":"too often","EventTime":1763848315000}`, outcomeIgnored, nil},
	{"3.17 another owner", `{"CallbackCommand":"Group.CallbackAfterChangeGroupOwner","GroupId":"room_8801","Type":"Public","Operator_Account":"a","OldOwner_Account":"a",
 "NewOwner_Account":"b","EventTime":1763848315000}`, outcomeWritten, about(event.Changed, saw(activity.FieldOwner, "b"))},
	{"3.17 another owner, not told", `{"CallbackCommand":"Group.CallbackAfterChangeGroupOwner","GroupId":"room_8801","EventTime":1763848315000}`, outcomeIgnored, nil},
	{"3.17 a topic", `{"CallbackCommand":"Group.CallbackBeforeCreateTopic","GroupId":"room_8801","Operator_Account":"a","Type":"Community","Name":"n","EventTime":1763848315000}`,
		outcomeIgnored, nil},
	{"3.17 topics destroyed", `{"CallbackCommand":"Group.CallbackAfterTopicDestroyed","GroupId":"room_8801","TopicIdList":["t"],"EventTime":1763848315000}`, outcomeIgnored, nil},

	{"3.20 before a C2C message", `{"CallbackCommand":"C2C.CallbackBeforeSendMsg","From_Account":"jared","To_Account":"Jonh","MsgSeq":48374,"MsgRandom":2837546,
 "MsgTime":1557481126,"MsgKey":"48374_2837546_1557481126","OnlineOnlyFlag":1,` + textBody + `,"CloudCustomData":"your cloud custom data"}`, outcomeIgnored, nil},
	{"3.21 after a C2C message", `{"CallbackCommand":"C2C.CallbackAfterSendMsg","From_Account":"jared","To_Account":"Jonh","MsgSeq":48374,"MsgRandom":2837546,
 "MsgTime":1557481126,"MsgKey":"48374_2837546_1557481126","OnlineOnlyFlag":1,` + textBody + `,"SendMsgResult":0,"ErrorInfo":"send msg succeed","UnreadMsgNum":-1}`,
		outcomeIgnored, nil},
	{"3.22 read", `{"CallbackCommand":"C2C.CallbackAfterMsgReport","Report_Account":"jared","Peer_Account":"Jonh","LastReadTime":1614754000,"UnreadMsgNum":7}`, outcomeIgnored, nil},
	{"3.23 withdrawn", `{"CallbackCommand":"C2C.CallbackAfterMsgWithDraw","From_Account":"jared","To_Account":"Jonh","MsgKey":"48374_2837546_1557481126","UnreadMsgNum":7}`,
		outcomeIgnored, nil},
	{"3.24 logged in", `{"CallbackCommand":"State.StateChange","EventTime":1763848315000,
 "Info":{"Action":"Login","To_Account":"viewer17","Reason":"Register"},"KickedDevice":[{"Platform":"Windows"}]}`, outcomeWritten, ofAccount(event.Presence)},
	{"3.24 timed out", `{"CallbackCommand":"State.StateChange","EventTime":"1763848315000","Info":{"Action":"Disconnect","To_Account":"viewer17","Reason":"TimeOut"}}`,
		outcomeWritten, ofAccount(event.Presence)},
	{"3.24 nobody", `{"CallbackCommand":"State.StateChange","EventTime":1763848315000,"Info":{"Action":"Login"}}`, outcomeUndeclared, nil},
	{"3.24 Info in another form", `{"CallbackCommand":"State.StateChange","EventTime":1763848315000,"Info":["viewer17"]}`, outcomeUndeclared, nil},
	{"3.25 a profile", `{"CallbackCommand":"Profile.CallbackPortraitSet","From_Account":"viewer17","Operator_Account":"viewer17","EventTime":1763848315000,"ProfileItem":[
 {"Tag":"Tag_Profile_IM_Nick","Value":"V"},{"Tag":"Tag_Profile_IM_Image","Value":"https://a/a.png"},{"Tag":"Tag_Profile_IM_Gender","Value":"Gender_Type_Male"},
 {"Tag":"Tag_Profile_IM_AllowType","Value":"AllowType_Type_NeedConfirm"},{"Tag":"Tag_Profile_IM_Role","Value":4294967295},{"Tag":"Tag_Profile_IM_Level","Value":3},
 {"Tag":"Tag_Profile_Custom_Tier","Value":"gold"},{"Tag":"Tag_Profile_IM_Birthday","Value":19900101}]}`,
		outcomeWritten, ofAccount(event.Changed, saw(activity.FieldNickname, "V", activity.FieldAvatarURL, "https://a/a.png", activity.FieldGender, "Gender_Type_Male",
			activity.FieldAllowType, "AllowType_Type_NeedConfirm", activity.FieldRole, "4294967295", activity.FieldLevel, "3", "customProfile.Tier", "gold"))},
	{"3.25 a number as text", `{"CallbackCommand":"Profile.CallbackPortraitSet","From_Account":"viewer17","EventTime":"1763848315000","ProfileItem":[{"Tag":"Tag_Profile_IM_Level","Value":"3"}]}`,
		outcomeWritten, ofAccount(event.Changed, saw(activity.FieldLevel, "3"))},
	{"3.25 nothing that can be declared", `{"CallbackCommand":"Profile.CallbackPortraitSet","From_Account":"viewer17","EventTime":1763848315000,
 "ProfileItem":[{"Tag":"Tag_Profile_IM_Birthday","Value":19900101}]}`, outcomeIgnored, nil},

	{"a group that nobody declared", `{"CallbackCommand":"Group.CallbackAfterSendMsg","GroupId":"@TGS#1","From_Account":"viewer17","MsgSeq":1,"MsgTime":1763848315,` + textBody + `}`,
		outcomeUndeclared, nil},
	{"before a message in such a group", `{"CallbackCommand":"Group.CallbackBeforeSendMsg","GroupId":"@TGS#1","From_Account":"viewer17","Random":1,` + textBody + `,"EventTime":1763848315000}`,
		outcomeUndeclared, nil},
	{"a message without a group", `{"CallbackCommand":"Group.CallbackAfterSendMsg","From_Account":"viewer17","EventTime":1763848315000}`, outcomeUndeclared, nil},
	{"an account that nobody declared", `{"CallbackCommand":"State.StateChange","EventTime":1763848315000,"Info":{"Action":"Login","To_Account":"stranger","Reason":"Register"}}`,
		outcomeUndeclared, nil},
	{"a profile that nobody declared", `{"CallbackCommand":"Profile.CallbackPortraitSet","From_Account":"stranger","EventTime":1763848315000,
 "ProfileItem":[{"Tag":"Tag_Profile_IM_Nick","Value":"V"}]}`, outcomeUndeclared, nil},
}

func TestCommands(t *testing.T) {
	for _, c := range samples {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t)
			s.accepts(callback(c.body))
			var want []event.Event
			if c.want != nil {
				want = []event.Event{*c.want}
			}
			same(t, "written", s.book.written(t), want)
			same(t, "offered", s.book.noted(t), []event.Event{heard()})
			s.counted(map[string]float64{"callbacks/" + commandOf(c.body) + "/" + string(c.outcome): 1})

			// The same again changes nothing: what is in the journal is there once.
			s.accepts(callback(c.body))
			same(t, "written after a repeat", s.book.written(t), want)
			again := map[string]float64{"callbacks/" + commandOf(c.body) + "/" + string(c.outcome): 2}
			if c.want != nil {
				again = map[string]float64{"callbacks/" + commandOf(c.body) + "/written": 1, "callbacks/" + commandOf(c.body) + "/duplicate": 1}
			}
			s.counted(again)
		})
	}
}

// All names of section 3 are known and acknowledged, even with a body that only
// the name can be read of; others count as unknown, whatever they are called.
func TestNamesOfCommands(t *testing.T) {
	s := newStage(t)
	want := map[string]float64{}
	for _, command := range others {
		s.accepts(callback(`{"CallbackCommand":"` + command + `","GroupId":["a form that nobody knows"],"EventTime":{}}`))
		want["callbacks/"+command+"/ignored"]++
	}
	for _, command := range []string{
		"Group.CallbackAfterGroupCounterChanged", "Group.CallbackAfterSendMsg2", "group.callbackaftersendmsg", "unknown", `\u003cb\u003e`,
		strings.Repeat("x", 10_000),
	} {
		s.accepts(callback(`{"CallbackCommand":"`+command+`"}`, with("CallbackCommand", "")))
		want["callbacks/unknown/ignored"]++
	}
	s.counted(want)
	same(t, "written", s.book.written(t), []event.Event(nil))
	if len(others)+len(acted) < 50 {
		t.Errorf("%d commands are known", len(others)+len(acted))
	}
}

// Unknown fields, other letter case of none of them, and blanks make no difference.
func TestTolerance(t *testing.T) {
	const known = `"GroupId":"room_8801","From_Account":"viewer17","MsgSeq":1,"MsgTime":1763848315,` + textBody
	for name, body := range map[string]string{
		"unknown fields":   `{"CallbackCommand":"Group.CallbackAfterSendMsg","Future":{"a":[{}]},` + known + `,"EventSource":null}`,
		"blanks":           " \t\r\n{ \"CallbackCommand\":\"Group.CallbackAfterSendMsg\" ,\n" + known + "\t}\n ",
		"absent as null":   `{"CallbackCommand":"Group.CallbackAfterSendMsg",` + known + `,"MsgId":null,"CloudCustomData":null,"EventTime":null,"MemberList":null,"GroupAttr":null}`,
		"absent as empty":  `{"CallbackCommand":"Group.CallbackAfterSendMsg",` + known + `,"MsgId":"","CloudCustomData":"","EventTime":"","MemberList":[],"GroupAttr":[]}`,
		"nested as bodies": `{"CallbackCommand":"Group.CallbackAfterSendMsg",` + known + `,"More":` + strings.Repeat("[", 31) + strings.Repeat("]", 31) + `}`,
		"brackets in text": `{"CallbackCommand":"Group.CallbackAfterSendMsg",` + known + `,"More":"\"` + strings.Repeat("[{", 100) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.accepts(callback(body))
			same(t, "written", s.book.written(t), []event.Event{*about(event.Message, by("viewer17"))})
		})
	}
}

// Bodies of many calls at once, long and short, do not run into each other.
func TestBodiesDoNotMix(t *testing.T) {
	s := newStage(t)
	want := map[string]bool{}
	var group sync.WaitGroup
	for i := range 100 {
		name := strings.Repeat("n", (i*37)%3000) + strconv.Itoa(i)
		want[activity.Digest(name)] = true
		group.Go(func() {
			s.accepts(callback(`{"CallbackCommand":"Group.CallbackAfterGroupInfoChanged","GroupId":"room_8801","EventTime":1763848315000,"Name":"` + name + `"}`))
		})
	}
	group.Wait()
	got := map[string]bool{}
	for _, e := range s.book.written(t) {
		got[e.Seen[activity.FieldName]] = true
	}
	same(t, "names", got, want)
	s.counted(map[string]float64{"callbacks/Group.CallbackAfterGroupInfoChanged/written": 100})
}
