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
	"maps"
	"net/http/httptest"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/im"
	imsim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

// These tests run the client against the simulator over real HTTP: what one believes of the API, the other must too.

const (
	appID = 1400000001
	key   = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
	admin = "administrator"
)

// simulate starts a simulator and a client of it. Latency and limits are those of the options.
func simulate(t *testing.T, options imsim.Options, change ...func(*im.Config)) (*imsim.Simulator, *im.Client) {
	t.Helper()
	options.SDKAppID, options.SecretKey = appID, key
	options.GroupFields = []imsim.FieldDefinition{
		{Name: "add_goods", GroupTypes: []string{"AVChatRoom"}},
		{Name: "level", GroupTypes: []string{"AVChatRoom", "Public", "Meeting"}},
	}
	options.ProfileFields = []string{"Tier"}
	sim := imsim.New(options)
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	config := im.Config{
		Endpoint: server.URL, SDKAppID: appID, Linger: 2 * time.Millisecond,
		Credentials: im.Credentials{Administrator: admin, SecretKey: key},
	}
	for _, f := range change {
		f(&config)
	}
	client, err := im.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return sim, client
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// want checks the class of an error; "" wants none.
func want(t *testing.T, class im.Class, err error) {
	t.Helper()
	if im.ClassOf(err) != class || class == "" && err != nil {
		t.Errorf("got %v, want class %q", err, class)
	}
}

func importAll(t *testing.T, c *im.Client, userIDs ...string) {
	t.Helper()
	var wait sync.WaitGroup
	for _, id := range userIDs {
		wait.Go(func() {
			if err := c.ImportAccount(t.Context(), im.NewAccount{UserID: id}); err != nil {
				t.Errorf("%s: %v", id, err)
			}
		})
	}
	wait.Wait()
}

// The documentation leaves several answers open; the client must be right with each of them.
var forms = map[string]imsim.Options{
	"old type names, unset fields left out": {},
	"new type names, unset fields empty":    {CurrentTypeNames: true, EmptyUnsetFields: true},
	"mixed fields refused, id taken 10021":  {RefuseMixedFields: true, DuplicateGroupCode: 10021},
	"id taken 10025, services' own codes":   {DuplicateGroupCode: 10025, ServiceCodes: true},
}

func TestAccountsAgainstTheSimulator(t *testing.T) {
	for name, options := range forms {
		t.Run(name, func(t *testing.T) {
			_, c := simulate(t, options)
			ctx := t.Context()
			exists := func(userID string, want bool) {
				t.Helper()
				if got, err := c.AccountExists(ctx, userID); err != nil || got != want {
					t.Errorf("%s exists: %v, %v", userID, got, err)
				}
			}
			exists("alice", false)
			_, err := c.Profile(ctx, "alice", nil)
			want(t, im.NotFound, err)
			want(t, im.NotFound, c.SetProfile(ctx, "alice", im.Profile{Nickname: new("x")}))

			must(t, c.ImportAccount(ctx, im.NewAccount{UserID: "alice", Nickname: "爱丽丝", AvatarURL: "https://a/a.png"}))
			must(t, c.ImportAccount(ctx, im.NewAccount{UserID: "alice", Nickname: "爱丽丝", AvatarURL: "https://a/a.png"}))
			exists("alice", true)
			must(t, c.SetProfile(ctx, "alice", im.Profile{
				Gender: new(im.GenderFemale), AllowType: new(im.AllowTypeDenyAny), Level: new(uint32(3)),
				Role: new(uint32(4294967295)), Custom: map[string]string{"Tier": "gold"},
			}))
			profile, err := c.Profile(ctx, "alice", []string{"Tier"})
			must(t, err)
			if want := (im.Profile{
				Nickname: new("爱丽丝"), AvatarURL: new("https://a/a.png"), Gender: new(im.GenderFemale),
				AllowType: new(im.AllowTypeDenyAny), Level: new(uint32(3)), Role: new(uint32(4294967295)),
				Custom: map[string]string{"Tier": "gold"},
			}); !reflect.DeepEqual(profile, want) {
				t.Errorf("got  %+v\nwant %+v", profile, want)
			}
			want(t, im.FieldNotRegistered, c.SetProfile(ctx, "alice", im.Profile{Custom: map[string]string{"Nope": "x"}}))
			want(t, im.Invalid, c.SetProfile(ctx, "alice", im.Profile{Gender: new("Other")}))

			known, err := c.Accounts(ctx, []string{"alice", "ghost", admin})
			must(t, err)
			if want := map[string]bool{"alice": true, "ghost": false, admin: true}; !maps.Equal(known, want) {
				t.Errorf("got %v, want %v", known, want)
			}
			results, err := c.Profiles(ctx, []string{"alice", "ghost"}, []string{"Tier"})
			must(t, err)
			if !reflect.DeepEqual(results["alice"].Profile, profile) || results["alice"].Err != nil {
				t.Errorf("got %+v", results["alice"])
			}
			want(t, im.NotFound, results["ghost"].Err)

			must(t, c.DeleteAccount(ctx, "alice"))
			exists("alice", false)
			must(t, c.DeleteAccount(ctx, "alice"))
		})
	}
}

func TestGroupsAgainstTheSimulator(t *testing.T) {
	for name, options := range forms {
		for _, groupType := range []im.GroupType{im.GroupTypeAVChatRoom, im.GroupTypePublic, im.GroupTypeMeeting} {
			t.Run(name+"/"+string(groupType), func(t *testing.T) {
				_, c := simulate(t, options)
				ctx := t.Context()
				importAll(t, c, "alice")
				_, err := c.Group(ctx, "room.one", []string{"level"})
				want(t, im.NotFound, err)

				mark := c.ProviderTime()
				group := im.NewGroup{
					ID: "room.one", Type: groupType, Name: "直播间", Introduction: "介绍", Announcement: "公告", AvatarURL: "https://a/g.png",
					OwnerUserID: "alice", JoinOption: im.JoinFreeAccess, Fields: []im.Field{{Key: "level", Value: "三"}},
				}
				must(t, c.CreateGroup(ctx, group))
				want(t, im.AlreadyExists, c.CreateGroup(ctx, group))

				got, err := c.Group(ctx, "room.one", []string{"level"})
				must(t, err)
				if got.CreateTime.Before(mark) || got.CreateTime.After(time.Now().Add(time.Second)) {
					t.Errorf("created at %s, the mark is of %s", got.CreateTime, mark)
				}
				wanted := im.Group{
					ID: "room.one", Type: groupType, Name: "直播间", Introduction: "介绍", Announcement: "公告", AvatarURL: "https://a/g.png",
					OwnerUserID: "alice", CreateTime: got.CreateTime, JoinOption: im.JoinFreeAccess,
					Fields: map[string]string{"level": "三"},
				}
				if !reflect.DeepEqual(got, wanted) {
					t.Errorf("got  %+v\nwant %+v", got, wanted)
				}

				must(t, c.ChangeGroup(ctx, "room.one", im.GroupChange{
					Name: new("新"), Introduction: new(""), Announcement: new("n"), AvatarURL: new(""), AllMuted: new(true),
					JoinOption: new(im.JoinDisableApply), Field: &im.Field{Key: "level"},
				}))
				wanted.Name, wanted.Introduction, wanted.Announcement, wanted.AvatarURL = "新", "", "n", ""
				wanted.AllMuted, wanted.JoinOption, wanted.Fields = true, im.JoinDisableApply, nil
				results, err := c.Groups(ctx, []string{"room.one", "room.two"}, []string{"level"})
				must(t, err)
				if got := results["room.one"]; got.Err != nil || !reflect.DeepEqual(got.Group, wanted) {
					t.Errorf("got  %+v\nwant %+v", got, wanted)
				}
				want(t, im.NotFound, results["room.two"].Err)

				want(t, im.FieldNotRegistered, c.ChangeGroup(ctx, "room.one", im.GroupChange{Field: &im.Field{Key: "nope", Value: "x"}}))
				group.ID, group.Fields = "room.two", []im.Field{{Key: "nope", Value: "x"}}
				want(t, im.FieldNotRegistered, c.CreateGroup(ctx, group))
				group.Fields, group.OwnerUserID = nil, "ghost"
				want(t, im.NotFound, c.CreateGroup(ctx, group))
				want(t, im.Invalid, c.ChangeGroup(ctx, "room.one", im.GroupChange{Name: new(string(make([]byte, 101)))}))
				want(t, im.NotFound, c.ChangeGroup(ctx, "room.two", im.GroupChange{Name: new("x")}))

				must(t, c.DestroyGroup(ctx, "room.one"))
				must(t, c.DestroyGroup(ctx, "room.one"))
				_, err = c.Group(ctx, "room.one", nil)
				want(t, im.NotFound, err)
			})
		}
	}
}

func TestMembersAgainstTheSimulator(t *testing.T) {
	_, c := simulate(t, imsim.Options{})
	ctx := t.Context()
	importAll(t, c, "alice", "bob", "carol")
	must(t, c.CreateGroup(ctx, im.NewGroup{ID: "g", Type: im.GroupTypePublic, Name: "n", OwnerUserID: "alice"}))
	must(t, c.AddMember(ctx, "g", "bob"))
	must(t, c.AddMember(ctx, "g", "bob"))
	must(t, c.AddMember(ctx, "g", "carol"))
	want(t, im.NotFound, c.AddMember(ctx, "g", "ghost"))
	want(t, im.NotFound, c.AddMember(ctx, "gone", "bob"))

	roles := func(role string, want ...string) {
		t.Helper()
		got, err := c.MembersByRole(ctx, "g", role)
		slices.Sort(got)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %v, %v, want %v", role, got, err, want)
		}
	}
	roles(im.RoleOwner, "alice")
	roles(im.RoleAdmin)
	must(t, c.SetAdministrator(ctx, "g", "bob", true))
	roles(im.RoleAdmin, "bob")
	must(t, c.SetAdministrator(ctx, "g", "bob", false))
	roles(im.RoleAdmin)
	roles(im.RoleMember, "bob", "carol")
	must(t, c.ChangeOwner(ctx, "g", "carol"))
	must(t, c.ChangeOwner(ctx, "g", "carol"))
	roles(im.RoleOwner, "carol")
	want(t, im.Invalid, c.ChangeOwner(ctx, "g", "ghost"))

	must(t, c.CreateGroup(ctx, im.NewGroup{ID: "live", Type: im.GroupTypeAVChatRoom, Name: "n", OwnerUserID: "alice"}))
	want(t, im.NotPermitted, c.AddMember(ctx, "live", "bob"))
	want(t, im.NotPermitted, c.ChangeOwner(ctx, "live", "bob"))
	want(t, im.NotPermitted, c.SetAdministrator(ctx, "live", "bob", true))
}

func TestMembersOnManyPages(t *testing.T) {
	_, c := simulate(t, imsim.Options{RateLimit: -1})
	var all []string
	for i := range 250 {
		all = append(all, fmt.Sprintf("u%03d", i))
	}
	importAll(t, c, all...)
	must(t, c.CreateGroup(t.Context(), im.NewGroup{ID: "g", Type: im.GroupTypePublic, Name: "n", OwnerUserID: "u000"}))
	var wait sync.WaitGroup
	for _, id := range all[1:] {
		wait.Go(func() {
			if err := c.AddMember(t.Context(), "g", id); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	got, err := c.MembersByRole(t.Context(), "g", im.RoleMember)
	slices.Sort(got)
	if err != nil || !slices.Equal(got, all[1:]) {
		t.Errorf("got %d members, %v", len(got), err)
	}
}

func TestLiveAdministratorsAgainstTheSimulator(t *testing.T) {
	_, c := simulate(t, imsim.Options{})
	ctx := t.Context()
	users := []string{"a", "b", "c", "d", "e", "f"}
	importAll(t, c, users...)
	must(t, c.CreateGroup(ctx, im.NewGroup{ID: "live", Type: im.GroupTypeAVChatRoom, Name: "n", OwnerUserID: "a"}))
	list := func(want ...string) {
		t.Helper()
		got, err := c.LiveAdministrators(ctx, "live")
		slices.Sort(got)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	}
	list()
	must(t, c.SetLiveAdministrators(ctx, "live", users[1:], true))
	list("b", "c", "d", "e", "f")
	want(t, im.Invalid, c.SetLiveAdministrators(ctx, "live", []string{"a"}, true))
	must(t, c.SetLiveAdministrators(ctx, "live", []string{"b", "c"}, false))
	list("d", "e", "f")
	_, err := c.LiveAdministrators(ctx, "gone")
	want(t, im.NotFound, err)
}

func TestBansAgainstTheSimulator(t *testing.T) {
	_, c := simulate(t, imsim.Options{RateLimit: -1})
	ctx := t.Context()
	var users []string
	for i := range 130 { // more than one page of the list, seven parts of a write
		users = append(users, fmt.Sprintf("u%03d", i))
	}
	importAll(t, c, users...)
	must(t, c.CreateGroup(ctx, im.NewGroup{ID: "live", Type: im.GroupTypeAVChatRoom, Name: "n"}))
	bans, err := c.Bans(ctx, "live")
	if err != nil || len(bans) != 0 {
		t.Errorf("got %v, %v", bans, err)
	}
	begin := time.Now().Truncate(time.Second)
	must(t, c.Ban(ctx, "live", users, time.Hour))
	bans, err = c.Bans(ctx, "live")
	must(t, err)
	if got := slices.Sorted(maps.Keys(bans)); !slices.Equal(got, users) {
		t.Errorf("%d users are banned, want %d", len(got), len(users))
	}
	for id, until := range bans {
		if until.Before(begin.Add(time.Hour)) || until.After(time.Now().Add(time.Hour+time.Second)) {
			t.Errorf("%s is banned until %s", id, until)
		}
	}
	must(t, c.Unban(ctx, "live", users[:129]))
	must(t, c.Unban(ctx, "live", users[:1]))
	bans, err = c.Bans(ctx, "live")
	if err != nil || len(bans) != 1 || bans["u129"].IsZero() {
		t.Errorf("got %v, %v", bans, err)
	}
}

func TestAttributesAgainstTheSimulator(t *testing.T) {
	_, c := simulate(t, imsim.Options{})
	ctx := t.Context()
	must(t, c.CreateGroup(ctx, im.NewGroup{ID: "live", Type: im.GroupTypeAVChatRoom, Name: "n"}))
	check := func(want map[string]string) {
		t.Helper()
		got, err := c.Attributes(ctx, "live")
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	}
	check(map[string]string{})
	must(t, c.SetAttributes(ctx, "live", []im.Field{{Key: "a", Value: "一"}, {Key: "b", Value: "2"}}))
	must(t, c.SetAttributes(ctx, "live", []im.Field{{Key: "b", Value: "3"}}))
	check(map[string]string{"a": "一", "b": "3"})
	must(t, c.DeleteAttributes(ctx, "live", []string{"a", "missing"}))
	check(map[string]string{"b": "3"})
	must(t, c.DeleteAttributes(ctx, "live", []string{"a"}))
	_, err := c.Attributes(ctx, "gone")
	want(t, im.NotFound, err)

	var many []im.Field
	for i := range 17 {
		many = append(many, im.Field{Key: fmt.Sprint("k", i), Value: "v"})
	}
	want(t, im.QuotaExceeded, c.SetAttributes(ctx, "live", many))
	want(t, im.Invalid, c.SetAttributes(ctx, "live", []im.Field{{Key: string(make([]byte, 33)), Value: "v"}}))
}
