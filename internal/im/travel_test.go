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
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Calls of many callers travel together, and each caller gets its own answer.
func TestCallsTravelTogether(t *testing.T) {
	p := newProvider(t)
	c := newClient(t, p.URL, func(config *Config) { config.Linger = 20 * time.Millisecond })
	together := func(n int, call func(i int) error) {
		t.Helper()
		errs := make(chan error, n)
		for i := range n {
			go func() { errs <- call(i) }()
		}
		for range n {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
	}
	echo := func(ids string, element func(id string) string) step {
		return func(w http.ResponseWriter, body string) {
			var question map[string]any
			if err := json.Unmarshal([]byte(body), &question); err != nil {
				t.Error(err)
			}
			var elements []string
			list, _ := question[ids].([]any)
			for _, one := range list {
				id, ok := one.(string)
				if object, isObject := one.(map[string]any); isObject {
					id, ok = object["UserID"].(string)
				}
				if !ok {
					t.Errorf("asked %s", body)
				}
				if e := element(id); e != "" {
					elements = append(elements, e)
				}
			}
			name := map[string]string{
				"GroupIdList": "GroupInfo", "CheckItem": "ResultItem", "DeleteItem": "ResultItem",
				"To_Account": "UserProfileItem", "AccountList": "FailAccounts",
			}[ids]
			_, _ = fmt.Fprintf(w, `{"ErrorCode":0,%q:[%s]}`, name, strings.Join(elements, ","))
		}
	}

	p.steps("get_group_info", echo("GroupIdList", func(id string) string {
		return fmt.Sprintf(`{"GroupId":%q,"Name":"name of %s","AppDefinedData":[{"Key":"a","Value":"1"},{"Key":"b","Value":"2"}]}`, id, id)
	}))
	together(100, func(i int) error {
		id, key := fmt.Sprint("g", i), []string{"a", "b"}[i%2]
		group, err := c.Group(t.Context(), id, []string{key})
		want := Group{ID: id, Name: "name of " + id, Fields: map[string]string{key: fmt.Sprint(1 + i%2)}}
		if err == nil && !reflect.DeepEqual(group, want) {
			return fmt.Errorf("got %+v, want %+v", group, want)
		}
		return err
	})
	groups := p.count()
	if groups < 2 || groups > 10 {
		t.Errorf("100 groups took %d requests", groups)
	}

	// Those that fail together are told their own reason.
	p.steps("multiaccount_import", echo("AccountList", func(id string) string {
		if id == "bad1" || id == "bad2" {
			return strconv.Quote(id)
		}
		return ""
	}))
	p.answers("account_import", refusalAnswer(40601))
	names := []string{"a1", "bad1", "a2", "bad2", "a3"}
	together(len(names), func(i int) error {
		err := c.ImportAccount(t.Context(), NewAccount{UserID: names[i]})
		if e, _ := AsError(err); strings.HasPrefix(names[i], "bad") && e != nil && e.Code == 40601 {
			return nil
		}
		return err
	})
	requests := p.received()[groups:]
	alone := slices.DeleteFunc(requests, func(r received) bool { return strings.HasSuffix(r.command, "/multiaccount_import") })
	if len(alone) != 2 {
		t.Errorf("tried alone: %+v", alone)
	}

	p.steps("account_check", echo("CheckItem", func(id string) string {
		return fmt.Sprintf(`{"UserID":%q,"AccountStatus":"Imported"}`, id)
	}))
	p.steps("account_delete", echo("DeleteItem", func(id string) string {
		return fmt.Sprintf(`{"UserID":%q,"ResultCode":0}`, id)
	}))
	p.steps("portrait_get", echo("To_Account", func(id string) string {
		return fmt.Sprintf(`{"To_Account":%q,"ProfileItem":[{"Tag":"Tag_Profile_IM_Nick","Value":"nick of %s"}]}`, id, id)
	}))
	before := p.count()
	together(150, func(i int) error {
		id := fmt.Sprint("u", i/3)
		switch i % 3 {
		case 0:
			exists, err := c.AccountExists(t.Context(), id)
			if err == nil && !exists {
				err = errors.New("does not exist")
			}
			return err
		case 1:
			profile, err := c.Profile(t.Context(), id, nil)
			if err == nil && *profile.Nickname != "nick of "+id {
				err = fmt.Errorf("got %s", *profile.Nickname)
			}
			return err
		default:
			return c.DeleteAccount(t.Context(), id)
		}
	})
	if n := p.count() - before; n > 12 {
		t.Errorf("150 calls took %d requests", n)
	}
}

// One caller's undefined field must not fail the others that travel with it.
func TestUndefinedFieldFailsItsCallerOnly(t *testing.T) {
	p := newProvider(t)
	p.steps("portrait_get", func(w http.ResponseWriter, body string) {
		if strings.Contains(body, "Tag_Profile_Custom_Undefined") {
			_, _ = io.WriteString(w, refusalAnswer(40009))
			return
		}
		var question wireGetProfiles
		_ = json.Unmarshal([]byte(body), &question)
		var items []string
		for _, id := range question.ToAccount {
			items = append(items, fmt.Sprintf(`{"To_Account":%q}`, id))
		}
		_, _ = fmt.Fprintf(w, `{"ErrorCode":0,"UserProfileItem":[%s]}`, strings.Join(items, ","))
	})
	c := newClient(t, p.URL, func(config *Config) { config.Linger = 20 * time.Millisecond })
	type got struct {
		i   int
		err error
	}
	results := make(chan got, 8)
	for i := range 8 {
		go func() {
			keys := []string{"Tier"}
			if i == 5 {
				keys = []string{"Undefined"}
			}
			_, err := c.Profile(t.Context(), fmt.Sprint("u", i), keys)
			results <- got{i, err}
		}()
	}
	for range 8 {
		if one := <-results; IsFieldNotRegistered(one.err) != (one.i == 5) || one.err != nil && one.i != 5 {
			t.Errorf("u%d: got %v", one.i, one.err)
		}
	}
}
