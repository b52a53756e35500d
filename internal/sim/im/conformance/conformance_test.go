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

// Package conformance talks to the simulator through an IM client that knows
// nothing of it. It is a module of its own so that the client stays out of the
// operator's dependencies.
package conformance

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"reflect"
	"slices"
	"testing"
	"time"
	"unsafe"

	dobytehttp "github.com/dobyte/http"
	tencent "github.com/dobyte/tencent-im"
	"github.com/dobyte/tencent-im/account"
	"github.com/dobyte/tencent-im/group"
	"github.com/dobyte/tencent-im/private"
	"github.com/dobyte/tencent-im/profile"

	"github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

const (
	appID = 1400000001
	key   = "a-key"
)

// connect starts a simulator and returns a client of it. The client's endpoint
// is a constant, so it is changed through its unexported fields.
func connect(t *testing.T) (tencent.IM, *im.Simulator) {
	t.Helper()
	simulator := im.New(im.Options{
		SDKAppID: appID, SecretKey: key,
		StatusField:   true, // this client follows the field table
		GroupFields:   []im.FieldDefinition{{Name: "add_goods"}},
		MemberFields:  []im.FieldDefinition{{Name: "tier", GroupTypes: []string{"Public"}}},
		ProfileFields: []string{"Tier"},
	})
	server := httptest.NewServer(simulator)
	t.Cleanup(server.Close)
	client := tencent.NewIM(&tencent.Options{AppId: appID, AppSecret: key, UserId: "administrator", Expiration: 3600})
	transport := reflect.ValueOf(client).Elem().FieldByName("client").Elem().Elem().FieldByName("client")
	if got, want := transport.Type(), reflect.TypeFor[*dobytehttp.Client](); got != want {
		t.Fatalf("the client keeps a %s where a %s was expected", got, want)
	}
	(*dobytehttp.Client)(unsafe.Pointer(transport.Pointer())).SetBaseUrl(server.URL)
	return client, simulator
}

// done fails the test when a call failed.
func done(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused checks the code of a call that must fail.
func refused(t *testing.T, want int, err error) {
	t.Helper()
	var refusal tencent.Error
	if !errors.As(err, &refusal) || refusal.Code() != want {
		t.Errorf("got %v, want code %d", err, want)
	}
}

// equal compares what was got with what was wanted.
func equal[T any](t *testing.T, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func importAll(t *testing.T, client tencent.IM, ids ...string) {
	t.Helper()
	failed, err := client.Account().ImportAccounts(ids...)
	done(t, err)
	equal(t, len(failed), 0)
}

func TestAccounts(t *testing.T) {
	client, simulator := connect(t)
	done(t, client.Account().ImportAccount(&account.Account{UserId: "alice", Nickname: "Alice", FaceUrl: "a.png"}))
	importAll(t, client, "alice", "bob")
	known, err := client.Account().CheckAccount("alice")
	done(t, err)
	equal(t, known, true)
	known, err = client.Account().CheckAccount("ghost")
	done(t, err)
	equal(t, known, false)
	done(t, simulator.SetPresence("alice", "Online"))
	state, err := client.Account().GetAccountOnlineState("alice")
	done(t, err)
	equal(t, state.Status, "Online")
	done(t, client.Account().KickAccount("bob"))
	refused(t, 70107, client.Account().KickAccount("ghost"))
	done(t, client.Account().DeleteAccount("bob"))
	refused(t, 70107, client.Account().DeleteAccount("bob"))
}

func TestProfiles(t *testing.T) {
	client, _ := connect(t)
	importAll(t, client, "alice")
	wanted := profile.NewProfile("alice")
	wanted.SetNickname("Alice")
	wanted.SetLevel(3)
	wanted.SetLocation(1, 2, 3, 4)
	wanted.SetCustomAttr("Tier", "gold")
	done(t, client.Profile().SetProfile(wanted))
	profiles, err := client.Profile().GetProfiles([]string{"alice"}, []string{
		profile.StandardAttrNickname, profile.StandardAttrLevel, profile.StandardAttrLocation, "Tag_Profile_Custom_Tier",
	})
	done(t, err)
	nickname, _ := profiles[0].GetNickname()
	level, _ := profiles[0].GetLevel()
	tier, _ := profiles[0].GetCustomAttr("Tier")
	equal(t, []any{nickname, level, tier}, []any{"Alice", uint(3), "gold"})
}

func TestLiveGroup(t *testing.T) {
	client, simulator := connect(t)
	importAll(t, client, "alice", "bob")
	room := group.NewGroup("room")
	room.SetGroupType(group.TypeLiveRoom)
	room.SetName("Live")
	room.SetOwner("alice")
	room.SetNotification("welcome")
	room.SetCustomData("add_goods", "1")
	id, err := client.Group().CreateGroup(room)
	done(t, err)
	equal(t, id, "room")
	_, err = client.Group().CreateGroup(room)
	refused(t, 10025, err)

	read, err := client.Group().GetGroup("room")
	done(t, err)
	goods, _ := read.GetCustomData("add_goods")
	equal(t, []any{read.GetName(), read.GetOwner(), string(read.GetGroupType()), goods}, []any{"Live", "alice", "AVChatRoom", "1"})

	update := group.NewGroup("room")
	update.SetName("Live 2")
	update.SetShutUpStatus(group.ShutUpStatusOn)
	done(t, client.Group().UpdateGroup(update))
	undefined := group.NewGroup("room")
	undefined.SetName("Live 3")
	undefined.SetCustomData("nothing", "1")
	refused(t, 10004, client.Group().UpdateGroup(undefined))

	done(t, client.Group().ForbidSendMessage("room", []string{"bob"}, 600))
	muted, err := client.Group().GetShuttedUpMembers("room")
	done(t, err)
	if until := time.Until(time.Unix(muted["bob"], 0)); len(muted) != 1 || until < 500*time.Second || until > 600*time.Second {
		t.Errorf("muted are %v", muted)
	}
	done(t, client.Group().AllowSendMessage("room", []string{"bob"}))
	done(t, simulator.JoinViewer("room", "bob"))
	online, err := client.Group().GetOnlineMemberNum("room")
	done(t, err)
	equal(t, online, 1)
	_, err = client.Group().AddMembers("room", []string{"bob"})
	refused(t, 10007, err)

	message := group.NewMessage()
	message.SetSender("alice")
	message.SetPriority("High")
	message.SetContent(private.MsgCustomContent{Data: "SEND_GIFT", Ext: "{}"})
	sent, err := client.Group().SendMessage("room", message)
	done(t, err)
	equal(t, sent.MsgSeq, 1)
	done(t, client.Group().SendNotification("room", "notice"))

	state, _ := simulator.Group("room")
	equal(t, []any{state.Name, state.MuteAllMember, state.Notification, state.Messages}, []any{"Live 2", "On", "welcome", 1})
	done(t, client.Group().DestroyGroup("room"))
	refused(t, 10010, client.Group().DestroyGroup("room"))
}

func TestPublicGroup(t *testing.T) {
	client, simulator := connect(t)
	importAll(t, client, "alice", "bob", "carol")
	club := group.NewGroup("club")
	club.SetGroupType(group.TypePublic)
	club.SetName("Club")
	club.SetOwner("alice")
	_, err := client.Group().CreateGroup(club)
	done(t, err)
	added, err := client.Group().AddMembers("club", []string{"bob", "carol", "alice"})
	done(t, err)
	var results []int
	for _, result := range added {
		results = append(results, result.Result)
	}
	equal(t, results, []int{1, 1, 2})

	member := group.NewMember("bob")
	member.SetRole("Admin")
	member.SetNameCard("Bobby")
	member.SetCustomData("tier", "gold")
	done(t, client.Group().UpdateMember("club", member))
	members, err := client.Group().FetchMembers("club", 10, 0)
	done(t, err)
	var shown []string
	for _, member := range members.List {
		tier, _ := member.GetCustomData("tier")
		shown = append(shown, fmt.Sprint(member.GetUserId(), " ", member.GetRole(), " ", member.GetNameCard(), " ", tier))
	}
	equal(t, shown, []string{"alice Owner  <nil>", "bob Admin Bobby gold", "carol Member  <nil>"})

	done(t, client.Group().DeleteMembers("club", []string{"carol"}, "bye"))
	done(t, client.Group().ChangeGroupOwner("club", "bob"))
	roles, err := client.Group().GetRolesInGroup("club", []string{"alice", "bob", "carol"})
	done(t, err)
	equal(t, roles, map[string]string{"alice": "Member", "bob": "Owner", "carol": "NotMember"})

	message := group.NewMessage()
	message.SetSender("alice")
	message.SetContent(private.MsgTextContent{Text: "hi"})
	sent, err := client.Group().SendMessage("club", message)
	done(t, err)
	done(t, client.Group().RevokeMessage("club", sent.MsgSeq))
	// This client does not read the results of single messages.
	equal(t, simulator.GroupMessages("club")[0].Recalled, true)

	joined, err := client.Group().FetchMemberGroups(&group.FetchMemberGroupsArg{UserId: "bob", Limit: 10})
	done(t, err)
	equal(t, joined.Total, 1)
}

func TestGroupListPages(t *testing.T) {
	client, simulator := connect(t)
	for i := range 3 {
		done(t, simulator.SeedGroup(im.GroupSeed{GroupID: fmt.Sprint("g", i), Type: "AVChatRoom"}))
	}
	page, err := client.Group().FetchGroupIds(2, 0, group.TypeLiveRoom)
	done(t, err)
	equal(t, []any{page.Total, page.HasMore, page.List}, []any{3, true, []string{"g0", "g1"}})
	_, err = client.Group().FetchGroupIds(2, page.Next, group.TypeLiveRoom)
	refused(t, 10006, err) // once a second
}

func TestOneToOneMessages(t *testing.T) {
	client, simulator := connect(t)
	importAll(t, client, "alice", "bob")
	message := private.NewMessage()
	message.SetSender("alice")
	message.SetReceivers("bob")
	message.SetSerialNo(7)
	message.SetRandom(42)
	message.SetLifeTime(60)
	message.SetContent(private.MsgTextContent{Text: "hi"})
	first, err := client.Private().SendMessage(message)
	done(t, err)
	second, err := client.Private().SendMessage(message)
	done(t, err)
	equal(t, first.MsgKey, second.MsgKey)
	equal(t, len(simulator.ChatMessages("alice", "bob")), 1)

	message.SetReceivers("bob", "ghost")
	message.SetRandom(43)
	many, err := client.Private().SendMessages(message)
	done(t, err)
	equal(t, len(many.Errors), 1)

	page, err := client.Private().FetchMessages(&private.FetchMessagesArg{
		FromUserId: "alice", ToUserId: "bob", MaxLimited: 10, MinTime: 1, MaxTime: time.Now().Unix() + 1,
	})
	done(t, err)
	var keys []string
	for _, item := range page.List {
		keys = append(keys, item.MsgKey)
	}
	equal(t, slices.Contains(keys, first.MsgKey) && len(keys) == 2, true)
	done(t, client.Private().RevokeMessage("alice", "bob", first.MsgKey))
	refused(t, 20023, client.Private().RevokeMessage("alice", "bob", first.MsgKey))
}

func TestSettings(t *testing.T) {
	client, _ := connect(t)
	importAll(t, client, "bob")
	forever, hour := uint(4294967295), uint(3600)
	done(t, client.Mute().SetNoSpeaking("bob", &forever, &hour))
	muted, err := client.Mute().GetNoSpeaking("bob")
	done(t, err)
	if muted.PrivateMuteTime != forever || muted.GroupMuteTime > hour || muted.GroupMuteTime < hour-60 {
		t.Errorf("muted for %+v", muted)
	}
	addresses, err := client.Operation().GetIPList()
	done(t, err)
	equal(t, len(addresses), 2)
	days, err := client.Operation().GetOperationData()
	done(t, err)
	equal(t, []any{len(days), days[0].RegistUserNumTotal}, []any{30, "2"})
}

func TestWrongKey(t *testing.T) {
	client, simulator := connect(t)
	simulator.SetSecretKey("another")
	_, err := client.Operation().GetIPList()
	refused(t, 70009, err)
}
