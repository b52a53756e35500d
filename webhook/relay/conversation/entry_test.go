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

package conversation

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/liveroom-io/liveroom-operator/internal/wechat/push"
)

func inboundEntry() *Entry {
	return &Entry{Account: account, OpenID: openID, Inbound: &Inbound{
		Push: push.Message{
			Kind: push.Text, Type: "text", To: "gh_7f083739789a", From: openID, CreateTime: 1763848315,
			MsgID: "24920000000000001", Content: "童装啥时候上新？<b>&",
		},
		Received: 1763848315123,
		Told:     Told{Kind: ToldReplies, Text: "5月份", Claims: []Claim{{ID: "1_2_3", To: 1, Of: 2}}},
	}}
}

func outboundEntry() *Entry {
	return &Entry{Account: account, OpenID: openID, Outbound: &Outbound{
		Agent: "agent", MsgKey: "1_2_1763848320", MsgSeq: 1, MsgRandom: 2, MsgTime: 1763848320,
		Body:            json.RawMessage(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"5月份会上新，敬请关注！<>&"}}]`),
		CloudCustomData: "{}", Source: Callback, Received: 1763848320456,
	}}
}

func commandEntry(of *Entry) *Entry {
	return &Entry{Account: account, OpenID: openID, Command: &Command{
		Name: "0a1b", Received: 1763848400000,
		Replay: &Letter{ID: of.id(), Cause: UnknownOutcome, Code: -1, Detail: "system error", Time: 1763848330000, Done: 1, Entry: of},
	}}
}

// IM's key of a message says neither who sent it nor to whom.
func TestKeysOfDifferentConversations(t *testing.T) {
	t.Parallel()
	one := outboundEntry()
	other, colleague := *one, *one
	other.OpenID = "o-another"
	out := *one.Outbound
	out.Agent = "another"
	colleague.Outbound = &out
	ids := map[string]bool{one.ID(): true, other.ID(): true, colleague.ID(): true}
	if len(ids) != 3 || one.id() == colleague.id() {
		t.Errorf("%v", ids)
	}
}

func TestEntriesAreReadAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		entry *Entry
		id    string
	}{
		"inbound":         {inboundEntry(), account + "/" + openID + "/msg-24920000000000001"},
		"outbound":        {outboundEntry(), account + "/" + openID + "/agent/1_2_1763848320"},
		"inbound replay":  {commandEntry(inboundEntry()), account + "/" + openID + "/replay-0a1b"},
		"outbound replay": {commandEntry(outboundEntry()), account + "/" + openID + "/replay-0a1b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data, err := tc.entry.AppendTo([]byte("before"))
			if err != nil {
				t.Fatal(err)
			}
			got, err := DecodeEntry(data[len("before"):])
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, tc.entry) {
				t.Errorf("got  %+v\nwant %+v", got, tc.entry)
			}
			if got.ID() != tc.id || got.Key() != account+"/"+openID {
				t.Errorf("the entry is %s of %s", got.ID(), got.Key())
			}
			if strings.Contains(string(data), `\u003`) {
				t.Errorf("escaped for HTML: %s", data)
			}
		})
	}
}

func TestWrongEntriesAreRefused(t *testing.T) {
	t.Parallel()
	change := func(e *Entry, change func(*Entry)) *Entry {
		change(e)
		return e
	}
	long := strings.Repeat("x", maxNameBytes+1)
	for name, tc := range map[string]struct {
		entry *Entry
		want  error
	}{
		"nothing":            {&Entry{Account: account, OpenID: openID}, ErrEntry},
		"two":                {change(inboundEntry(), func(e *Entry) { e.Outbound = outboundEntry().Outbound }), ErrEntry},
		"no account":         {change(inboundEntry(), func(e *Entry) { e.Account = "" }), ErrEntry},
		"account with slash": {change(inboundEntry(), func(e *Entry) { e.Account = "a/b" }), ErrEntry},
		"no customer":        {change(inboundEntry(), func(e *Entry) { e.OpenID = "" }), ErrEntry},
		"long customer":      {change(inboundEntry(), func(e *Entry) { e.OpenID = long }), ErrEntry},
		"before 1970":        {change(inboundEntry(), func(e *Entry) { e.Inbound.Received = -1 }), ErrEntry},
		"pushed too late":    {change(inboundEntry(), func(e *Entry) { e.Inbound.Push.CreateTime = maxMilliseconds + 1 }), ErrEntry},
		"no agent":           {change(outboundEntry(), func(e *Entry) { e.Outbound.Agent = "" }), ErrEntry},
		"no key":             {change(outboundEntry(), func(e *Entry) { e.Outbound.MsgKey = "" }), ErrEntry},
		"no body":            {change(outboundEntry(), func(e *Entry) { e.Outbound.Body = nil }), ErrEntry},
		"body not an array":  {change(outboundEntry(), func(e *Entry) { e.Outbound.Body = json.RawMessage("null") }), ErrEntry},
		"body not JSON":      {change(outboundEntry(), func(e *Entry) { e.Outbound.Body = json.RawMessage("[") }), ErrEntry},
		"no time":            {change(outboundEntry(), func(e *Entry) { e.Outbound.MsgTime = -1 }), ErrEntry},
		"no command":         {change(commandEntry(inboundEntry()), func(e *Entry) { e.Command.Name = "" }), ErrEntry},
		"no letter":          {change(commandEntry(inboundEntry()), func(e *Entry) { e.Command.Replay = nil }), ErrEntry},
		"letter of another":  {change(commandEntry(inboundEntry()), func(e *Entry) { e.OpenID = "other" }), ErrEntry},
		"letter of a command": {change(commandEntry(inboundEntry()), func(e *Entry) {
			e.Command.Replay.Entry = commandEntry(inboundEntry())
		}), ErrEntry},
		"letter without id": {change(commandEntry(inboundEntry()), func(e *Entry) { e.Command.Replay.ID = "" }), ErrEntry},
		"too long": {change(inboundEntry(), func(e *Entry) {
			e.Inbound.Push.Content = strings.Repeat("x", MaxEntryBytes)
		}), ErrEntrySize},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := tc.entry.AppendTo([]byte("before"))
			if !errors.Is(err, tc.want) || string(got) != "before" {
				t.Errorf("%d bytes and %v, want %v", len(got), err, tc.want)
			}
			if data, err := encode(storedEntry{Version: entryVersion, Entry: tc.entry}); err == nil {
				if e, err := DecodeEntry(data); !errors.Is(err, tc.want) {
					t.Errorf("read %+v and %v, want %v", e, err, tc.want)
				}
			}
		})
	}
	for name, data := range map[string]string{
		"empty": "", "null": "null", "text": `"v"`, "no version": `{}`,
		"another version": `{"v":2,"account":"a","openID":"o","inbound":{"push":{},"received":1}}`,
	} {
		if e, err := DecodeEntry([]byte(data)); !errors.Is(err, ErrEntry) {
			t.Errorf("%s: read %+v and %v", name, e, err)
		}
		if l, err := DecodeLetter([]byte(data)); !errors.Is(err, ErrLetter) {
			t.Errorf("%s: read the letter %+v and %v", name, l, err)
		}
	}
}

// The longest message that is accepted can become a letter, and be replayed.
func TestTheLongestMessageCanBeReplayed(t *testing.T) {
	t.Parallel()
	e := inboundEntry()
	e.Inbound.Push.Content = ""
	data, err := e.AppendTo(nil)
	if err != nil {
		t.Fatal(err)
	}
	e.Inbound.Push.Content = strings.Repeat("x", MaxEntryBytes-commandBytes-len(data)-len(`"Content":"",`))
	if _, err := e.AppendTo(nil); err != nil {
		t.Fatal(err)
	}
	command := commandEntry(e)
	command.Command.Name, command.Command.Replay.Detail = strings.Repeat("n", maxNameBytes), strings.Repeat(`"`, maxDetailBytes)
	if _, err := command.AppendTo(nil); err != nil {
		t.Error(err)
	}
	if _, err := command.Command.Replay.AppendTo(nil); err != nil {
		t.Error(err)
	}
}
