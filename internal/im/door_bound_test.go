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
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestEmptyIdentitiesAreNotSent(t *testing.T) {
	p := newProvider(t)
	c := newClient(t, p.URL)
	ctx := t.Context()
	_, err1 := c.Group(ctx, "", nil)
	_, err2 := c.MembersByRole(ctx, "", RoleAdmin)
	_, err3 := c.LiveAdministrators(ctx, "")
	_, err4 := c.Bans(ctx, "")
	_, err5 := c.Attributes(ctx, "")
	_, err6 := c.Profile(ctx, "", nil)
	_, err7 := c.OnlineState(ctx, "")
	_, err8 := c.OnlineStates(ctx, []string{"alice", ""})
	_, err9 := c.OnlineMembers(ctx, "")
	for i, err := range []error{
		err1, err2, err3, err4, err5, err6, err7, err8, err9,
		c.AddLocalKeywords(ctx, []Keyword{{Filter: KeywordBlock}}), c.DeleteLocalKeywords(ctx, []Keyword{{}}),
		c.AddLocalKeywords(ctx, []Keyword{{Text: "a"}}),
		c.ChangeGroup(ctx, "", GroupChange{}), c.DestroyGroup(ctx, ""), c.ChangeOwner(ctx, "", "bob"), c.ChangeOwner(ctx, "g", ""),
		c.AddMember(ctx, "", "bob"), c.AddMember(ctx, "g", ""), c.SetAdministrator(ctx, "", "bob", true),
		c.SetAdministrator(ctx, "g", "", true), c.SetLiveAdministrators(ctx, "", []string{"bob"}, true),
		c.Ban(ctx, "", []string{"bob"}, time.Hour), c.Unban(ctx, "", []string{"bob"}),
		c.SetAttributes(ctx, "", []Field{{"a", "b"}}), c.DeleteAttributes(ctx, "", []string{"a"}),
		c.ImportAccount(ctx, NewAccount{}), c.DeleteAccount(ctx, ""), c.SetProfile(ctx, "", Profile{Nickname: new("a")}),
		c.CreateGroup(ctx, NewGroup{ID: "g", Type: GroupTypePublic}), c.CreateGroup(ctx, NewGroup{ID: "g", Name: "n"}),
	} {
		if !IsInvalid(err) {
			t.Errorf("%d: got %v", i, err)
		}
	}
	if p.count() != 0 {
		t.Errorf("%d requests", p.count())
	}
}

func TestListsAreBounded(t *testing.T) {
	p := newProvider(t)
	c := newClient(t, p.URL)
	var full []string
	for i := range memberPage {
		full = append(full, fmt.Sprintf(`{"Member_Account":"u%d","Role":"Admin"}`, i))
	}
	p.answers("get_group_member_info", `{"ErrorCode":0,"MemberList":[`+strings.Join(full, ",")+`]}`)
	if _, err := c.MembersByRole(t.Context(), "g", RoleAdmin); !IsUnavailable(err) || p.count() != memberPages {
		t.Errorf("got %v after %d pages", err, p.count())
	}
	offset := 0
	p.steps("get_group_ban_member", func(w http.ResponseWriter, _ string) {
		offset++
		_, _ = fmt.Fprintf(w, `{"ErrorCode":0,"NextOffset":%d}`, offset)
	})
	if _, err := c.Bans(t.Context(), "g"); !IsUnavailable(err) || p.count() != memberPages+banPages {
		t.Errorf("got %v after %d pages", err, p.count()-memberPages)
	}
}

func TestBansAreSentInParts(t *testing.T) {
	p := newProvider(t)
	c := newClient(t, p.URL)
	users := make([]string, 45)
	for i := range users {
		users[i] = fmt.Sprint("u", i)
	}
	p.answers("unban_group_member", answerOK, refusalAnswer(10007))
	if err := c.Ban(t.Context(), "g", users, time.Hour); err != nil || p.count() != 3 {
		t.Errorf("got %v after %d requests", err, p.count())
	}
	if err := c.Unban(t.Context(), "g", users); !IsNotPermitted(err) || p.count() != 5 {
		t.Errorf("got %v after %d requests", err, p.count())
	}
	for i, want := range []int{20, 20, 5} {
		if got := strings.Count(p.received()[i].body, `"u`); got != want {
			t.Errorf("part %d has %d users, want %d", i, got, want)
		}
	}
}
