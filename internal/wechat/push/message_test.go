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

package push

import (
	"regexp"
	"strings"
	"testing"
)

// The identities go into a journal that outlives a release, so they must not change.
func TestID(t *testing.T) {
	tests := map[string]struct {
		message Message
		want    string
	}{
		"message":        {Message{Kind: Text, MsgID: "24920000000000001", From: "a", Content: "x"}, "msg-24920000000000001"},
		"unknown type":   {Message{Kind: Unknown, MsgID: "5"}, "msg-5"},
		"cloud function": {Message{Kind: Text, MsgID: "49d72d_1555684067"}, "msg-49d72d_1555684067"},
		"odd id":         {Message{Kind: Text, MsgID: "a b"}, "msgid-c3e29017b9e202408701af593ff4df1e"},
		"long id":        {Message{Kind: Text, MsgID: strings.Repeat("1", 65)}, "msgid-4abf3506a40b5bb73437854c30b22cb1"},
		"no id":          {Message{Kind: Text, Type: "text", From: follower, CreateTime: second, Content: "x"}, "body-c1ad3a40b6a445e1b8a99664fa535ae5"},
		"event":          {Message{Kind: Event, From: follower, CreateTime: second, Event: EventClick, EventKey: "K"}, "event-e0dea7af9912f0517c33b0f98afec4b9"},
	}
	safe := regexp.MustCompile(`^[0-9A-Za-z_-]{1,72}$`)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := test.message.ID(); got != test.want || !safe.MatchString(got) {
				t.Errorf("got %q", got)
			}
		})
	}
}

// Repeats of one push are one, everything else is another.
func TestIDsDiffer(t *testing.T) {
	event := func(rest string) string { return body("<MsgType>event</MsgType>" + rest) }
	different := map[string]string{
		"follow":            event("<Event>subscribe</Event>"),
		"follow by a code":  event("<Event>subscribe</Event><EventKey>qrscene_1</EventKey>"),
		"position":          event("<Event>LOCATION</Event><Latitude>1</Latitude><Longitude>1</Longitude>"),
		"unfollow":          event("<Event>unsubscribe</Event>"),
		"tap":               event("<Event>CLICK</Event><EventKey>a</EventKey>"),
		"another tap":       event("<Event>CLICK</Event><EventKey>b</EventKey>"),
		"moved letter":      event("<Event>CLICKa</Event>"),
		"a second later":    strings.Replace(event("<Event>subscribe</Event>"), "1763848315", "1763848316", 1),
		"another follower":  strings.Replace(event("<Event>subscribe</Event>"), follower, follower+"x", 1),
		"template":          event("<Event>TEMPLATESENDJOBFINISH</Event><MsgID>1</MsgID>"),
		"another template":  event("<Event>TEMPLATESENDJOBFINISH</Event><MsgID>2</MsgID>"),
		"text":              body(well + "<MsgId>1</MsgId>"),
		"another text":      body(well + "<MsgId>2</MsgId>"),
		"text without id":   body(well),
		"another one":       body("<MsgType>text</MsgType><Content>b</Content>"),
		"picture of no id":  body("<MsgType>image</MsgType><MediaId>a</MediaId>"),
		"event of the name": event("<Event>1</Event>"),
	}
	seen := make(map[string]string)
	for name, text := range different {
		m, err := Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if other, taken := seen[m.ID()]; taken {
			t.Errorf("%s has the identity of %s", name, other)
		}
		seen[m.ID()] = name
		again, err := Parse([]byte(strings.Replace(text, "</xml>", "<Encrypt>other each time</Encrypt></xml>", 1)))
		if err != nil || again.ID() != m.ID() {
			t.Errorf("%s repeated is another one: %v", name, err)
		}
	}
}
