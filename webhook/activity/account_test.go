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

package activity

import (
	"reflect"
	"testing"

	"github.com/liveroom-io/liveroom-operator/webhook/event"
)

func TestAccount(t *testing.T) {
	connected := func(after int64) event.Event { return event.Event{Kind: event.Presence, Time: start + after} }
	profile := func(field, digest string) event.Event {
		return event.Event{Kind: event.Changed, Time: start, Seen: map[string]string{field: digest}}
	}
	for name, c := range map[string]struct {
		events  []event.Event
		changed []bool
		want    Account
	}{
		"connections": {
			[]event.Event{connected(0), connected(5)}, []bool{true, true},
			Account{Connected: 2, ConnectedTime: start + 5, Day: today},
		},
		"profile": {
			[]event.Event{profile(FieldNickname, "1"), profile(FieldLevel, "2"), profile(FieldLevel, "2"), connected(0)}, []bool{true, true, true, true},
			Account{Connected: 4, ConnectedTime: start, Seen: map[string]string{FieldNickname: "1", FieldLevel: "2"}, SeenAt: 3, SeenTime: start, Day: today},
		},
		"what is none of an account's": {
			[]event.Event{{Kind: event.Message, User: "a"}, {Kind: event.Heard}, {Kind: event.Destroyed}}, []bool{false, false, false}, Account{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := &Account{}
			var changed []bool
			for i := range c.events {
				data, err := a.AppendState(nil)
				if err != nil {
					t.Fatal(err)
				}
				if a, err = LoadAccount(data); err != nil {
					t.Fatal(err)
				}
				changed = append(changed, a.Apply(&c.events[i], uint64(i+1)))
			}
			if !reflect.DeepEqual(changed, c.changed) || !reflect.DeepEqual(*a, c.want) {
				t.Errorf("got  %+v %v\nwant %+v %v", *a, changed, c.want, c.changed)
			}
		})
	}
	if a, err := LoadAccount(nil); err != nil || !reflect.DeepEqual(*a, Account{}) {
		t.Errorf("no state is %+v, %v", a, err)
	}
	if _, err := LoadAccount([]byte("[]")); err == nil {
		t.Error("a broken state is an account")
	}
}

func TestApp(t *testing.T) {
	a := &App{}
	for _, c := range []struct {
		e    event.Event
		want bool
	}{
		{event.Event{Kind: event.Heard, Time: start}, true},
		{event.Event{Kind: event.Heard, Time: start}, false},
		{event.Event{Kind: event.Heard, Time: start - 1}, false},
		{event.Event{Kind: event.Message, Time: start + 1}, false},
		{event.Event{Kind: event.Heard, Time: start + 1}, true},
	} {
		if got := a.Apply(&c.e); got != c.want {
			t.Errorf("%+v: changed %v", c.e, got)
		}
	}
	data, err := a.AppendState(nil)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := LoadApp(data); err != nil || again.Heard != start+1 {
		t.Errorf("loaded %+v, %v", again, err)
	}
	if again, err := LoadApp(nil); err != nil || again.Heard != 0 {
		t.Errorf("no state is %+v, %v", again, err)
	}
	if _, err := LoadApp([]byte("[]")); err == nil {
		t.Error("a broken state is an application")
	}
}

func TestDifference(t *testing.T) {
	seat, all := AttributeField("seat"), AllAttributes()
	declared := map[string]string{FieldName: Digest("Spring"), seat: Digest("3")}
	for name, c := range map[string]struct {
		seen, declared map[string]string
		want           []string
	}{
		"nothing seen":                  {nil, declared, nil},
		"as declared":                   {map[string]string{FieldName: Digest("Spring"), seat: Digest("3")}, declared, nil},
		"another name":                  {map[string]string{FieldName: Digest("Autumn")}, declared, []string{FieldName}},
		"a field that nobody declares":  {map[string]string{FieldOwner: Digest("x"), AttributeField("topic"): Digest("t")}, declared, nil},
		"an attribute is gone":          {map[string]string{seat: Absent}, declared, []string{seat}},
		"all attributes are gone":       {map[string]string{all: Absent}, declared, []string{seat}},
		"any attribute may be gone":     {map[string]string{all: "?"}, declared, []string{seat}},
		"all others are gone":           {map[string]string{all: Absent, seat: Digest("3")}, declared, nil},
		"the name is none of them":      {map[string]string{all: Absent}, map[string]string{FieldName: Digest("Spring")}, nil},
		"an attribute called *":         {map[string]string{AttributeField("*"): Digest("x")}, declared, nil},
		"a custom field of the profile": {map[string]string{CustomProfileField("Tier"): Digest("iron")}, map[string]string{CustomProfileField("Tier"): Digest("gold")}, []string{"customProfile.Tier"}},
		"nothing declared":              {map[string]string{FieldName: Digest("x")}, nil, nil},
		"emptied":                       {map[string]string{FieldName: Digest("")}, declared, []string{FieldName}},
	} {
		if got := Difference(c.seen, c.declared); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	for _, value := range []string{"", "-", "?", "Spring", "Spring "} {
		if d := Digest(value); d == Absent || d == "?" || len(d) != 16 || d == Digest(value+"x") {
			t.Errorf("the digest of %q is %q", value, d)
		}
	}
}
