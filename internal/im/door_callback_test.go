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
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"
)

const (
	chat    = "openim/"
	audit   = "im_msg_audit_mgr/"
	listing = audit + `get_local_audit_keywords {"SdkAppId":1400000001,"FilterType":`
)

func TestDoorOfPresence(t *testing.T) {
	knockAll(t, map[string]knock{
		"state": {
			answers: map[string][]string{"query_online_status": {answerWith(`"QueryResult":[{"To_Account":"alice","State":"PushOnline"}]`)}},
			call:    func(ctx context.Context, c *Client) (any, error) { return c.OnlineState(ctx, "alice") },
			asked:   []string{chat + `query_online_status {"To_Account":["alice"]}`},
			want:    PushOnline,
		},
		"state of nobody": {
			answers: map[string][]string{"query_online_status": {refusalAnswer(70107)}},
			call:    func(ctx context.Context, c *Client) (any, error) { return c.OnlineState(ctx, "ghost") },
			asked:   []string{chat + `query_online_status {"To_Account":["ghost"]}`},
			want:    OnlineState(""), class: NotFound,
		},
		"states in another order, under both names, asked twice": {
			answers: map[string][]string{"query_online_status": {answerWith(`"QueryResult":[{"To_Account":"bob","Status":"Offline"},
				{"To_Account":"alice","State":"Online","Detail":[{"Platform":"Web","Status":"Online"}]},{"To_Account":"carol","State":"Dancing"}],
				"ErrorList":[{"To_Account":"ghost","ErrorCode":70107},{"To_Account":"dave","ErrorCode":"70169"}]`)}},
			call: func(ctx context.Context, c *Client) (any, error) {
				return c.OnlineStates(ctx, []string{"ghost", "alice", "bob", "alice", "carol", "dave", "erin"})
			},
			asked: []string{chat + `query_online_status {"To_Account":["alice","bob","carol","dave","erin","ghost"]}`},
			want: map[string]OnlineResult{
				"alice": {State: Online}, "bob": {State: Offline},
				"carol": {Err: &Error{Class: Unavailable, Command: "query_online_status", Info: `the state "Dancing" is not known`}},
				"dave":  {Err: &Error{Class: Unavailable, Command: "query_online_status", Code: 70169}},
				"erin":  {Err: notMentioned(queryOnlineStatus)},
				"ghost": {Err: &Error{Class: NotFound, Command: "query_online_status", Code: 70107}},
			},
		},
		"nobody exists, with a list": {
			answers: map[string][]string{"query_online_status": {
				`{"ActionStatus":"FAIL","ErrorCode":70107,"ErrorInfo":"","ErrorList":[{"To_Account":"a","ErrorCode":70107},{"To_Account":"b","ErrorCode":70107}]}`}},
			call:  func(ctx context.Context, c *Client) (any, error) { return c.OnlineStates(ctx, []string{"a", "b"}) },
			asked: []string{chat + `query_online_status {"To_Account":["a","b"]}`},
			want: map[string]OnlineResult{
				"a": {Err: &Error{Class: NotFound, Command: "query_online_status", Code: 70107}},
				"b": {Err: &Error{Class: NotFound, Command: "query_online_status", Code: 70107}},
			},
		},
		"nobody exists": {
			answers: map[string][]string{"query_online_status": {refusalAnswer(70107)}},
			call:    func(ctx context.Context, c *Client) (any, error) { return c.OnlineStates(ctx, []string{"a", "b"}) },
			asked:   []string{chat + `query_online_status {"To_Account":["a","b"]}`},
			want: map[string]OnlineResult{
				"a": {Err: &Error{Class: NotFound, Command: "query_online_status", Code: 70107, Info: "info 70107"}},
				"b": {Err: &Error{Class: NotFound, Command: "query_online_status", Code: 70107, Info: "info 70107"}},
			},
		},
		"not in the plan": {
			answers: map[string][]string{"query_online_status": {refusalAnswer(72001)}},
			call:    func(ctx context.Context, c *Client) (any, error) { return c.OnlineStates(ctx, []string{"a"}) },
			asked:   []string{chat + `query_online_status {"To_Account":["a"]}`},
			want: map[string]OnlineResult{
				"a": {Err: &Error{Class: NotPermitted, Command: "query_online_status", Code: 72001, Info: "info 72001"}},
			},
			class: NotPermitted,
		},
		"too many": {
			call:  func(ctx context.Context, c *Client) (any, error) { return c.OnlineStates(ctx, make([]string, 501)) },
			want:  map[string]OnlineResult(nil),
			class: Invalid,
		},
		"none": {
			call: func(ctx context.Context, c *Client) (any, error) { return c.OnlineStates(ctx, nil) },
			want: map[string]OnlineResult{},
		},
	})
}

func TestDoorOfGroupMessages(t *testing.T) {
	hello := []MessageElement{TextElement("你好")}
	body := `"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"你好"}}]`
	send := func(message GroupMessage) func(context.Context, *Client) (any, error) {
		return func(ctx context.Context, c *Client) (any, error) { return c.SendGroupMessage(ctx, message) }
	}
	knockAll(t, map[string]knock{
		"sent": {
			answers: map[string][]string{"send_group_msg": {answerWith(`"MsgTime":1700000200,"MsgSeq":"17","MsgDropReason":null`)}},
			call:    send(GroupMessage{GroupID: "g", Random: 7, Elements: hello}),
			asked:   []string{group + `send_group_msg {"GroupId":"g","Random":7,` + body + `}`},
			want:    SentMessage{MsgSeq: 17, MsgTime: time.Unix(1700000200, 0).UTC()},
		},
		"sent with everything": {
			call: send(GroupMessage{
				GroupID: "g", From: "alice", Random: 4294967295, Priority: PriorityHigh, CloudCustomData: "{}",
				Elements:             []MessageElement{TextElement("a"), CustomElement("LEVEL_UP", "d", `{"level":3}`)},
				ForbidBeforeCallback: true, ForbidAfterCallback: true,
			}),
			asked: []string{group + `send_group_msg {"GroupId":"g","From_Account":"alice","Random":4294967295,"MsgPriority":"High",` +
				`"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"a"}},{"MsgType":"TIMCustomElem","MsgContent":` +
				`{"Data":"LEVEL_UP","Desc":"d","Ext":"{\"level\":3}","Sound":""}}],"CloudCustomData":"{}",` +
				`"ForbidCallbackControl":["ForbidBeforeSendMsgCallback","ForbidAfterSendMsgCallback"]}`},
			want: SentMessage{},
		},
		"dropped": {
			answers: map[string][]string{"send_group_msg": {answerWith(`"MsgTime":1700000200,"MsgSeq":18,"MsgDropReason":"MsgFreqCtrl"`)}},
			call:    send(GroupMessage{GroupID: "g", Elements: hello}),
			asked:   []string{group + `send_group_msg {"GroupId":"g","Random":0,` + body + `}`},
			want:    SentMessage{MsgSeq: 18, MsgTime: time.Unix(1700000200, 0).UTC(), DroppedReason: "MsgFreqCtrl"},
		},
		"repeated after a lost reply": {
			answers: map[string][]string{"send_group_msg": {`{"ActionStatus":"OK"`, answerWith(`"MsgSeq":1`)}},
			call:    send(GroupMessage{GroupID: "g", Random: 7, Elements: hello}),
			asked: []string{
				group + `send_group_msg {"GroupId":"g","Random":7,` + body + `}`,
				group + `send_group_msg {"GroupId":"g","Random":7,` + body + `}`,
			},
			want: SentMessage{MsgSeq: 1},
		},
		"no group":       {call: send(GroupMessage{Elements: hello}), want: SentMessage{}, class: Invalid},
		"nothing":        {call: send(GroupMessage{GroupID: "g"}), want: SentMessage{}, class: Invalid},
		"a strange name": {call: send(GroupMessage{GroupID: "g", From: "爱丽丝", Elements: hello}), want: SentMessage{}, class: Invalid},
		"two custom elements": {
			call: send(GroupMessage{GroupID: "g", Elements: []MessageElement{CustomElement("a", "", ""), CustomElement("b", "", "")}}),
			want: SentMessage{}, class: Invalid,
		},
		"no object": {
			call: send(GroupMessage{GroupID: "g", Elements: []MessageElement{{Type: "TIMTextElem", Content: "text"}}}),
			want: SentMessage{}, class: Invalid,
		},
		"too long": {
			call: send(GroupMessage{GroupID: "g", Elements: hello, CloudCustomData: strings.Repeat("a", maxMessageBytes)}),
			want: SentMessage{}, class: Invalid,
		},
		"online members": {
			answers: map[string][]string{"get_online_member_num": {answerWith(`"OnlineMemberNum":"27"`)}},
			call:    func(ctx context.Context, c *Client) (any, error) { return c.OnlineMembers(ctx, "g") },
			asked:   []string{group + `get_online_member_num {"GroupId":"g"}`},
			want:    int64(27),
		},
		"online members, not told": {
			call:  func(ctx context.Context, c *Client) (any, error) { return c.OnlineMembers(ctx, "g") },
			asked: []string{group + `get_online_member_num {"GroupId":"g"}`},
			want:  int64(0), class: Unavailable,
		},
	})
}

func TestDoorOfKeywords(t *testing.T) {
	page := func(first, n int) string {
		var words []string
		for i := first; i < first+n; i++ {
			words = append(words, fmt.Sprintf(`{"Id":%d,"Keyword":"w%03d","WordType":1,"FilterType":2}`, i, i))
		}
		return strings.Join(words, ",")
	}
	all := make([]Keyword, 130)
	for i := range all {
		all[i] = Keyword{Text: fmt.Sprintf("w%03d", i), Kind: KeywordWord, Filter: KeywordBlock}
	}
	knockAll(t, map[string]knock{
		"two filters": {
			answers: map[string][]string{"get_local_audit_keywords": {
				answerWith(`"TotalCount":2,"LocalAuditWords":[{"Keyword":"b","WordType":"2","FilterType":1,"ReplacedContent":"*"},{"Keyword":"c"}]`),
				`{"RequestId":"r","ErrorCode":0,"LocalAuditWords":[{"Keyword":"a","WordType":1,"FilterType":2,"ReplacedContent":"***"}]}`}},
			call:  func(ctx context.Context, c *Client) (any, error) { return c.LocalKeywords(ctx) },
			asked: []string{listing + `1,"Offset":0,"Limit":100}`, listing + `2,"Offset":0,"Limit":100}`},
			want: []Keyword{
				{Text: "a", Kind: KeywordWord, Filter: KeywordBlock},
				{Text: "b", Kind: KeywordRegex, Filter: KeywordReplace, Replacement: "*"},
				{Text: "c", Kind: KeywordWord, Filter: KeywordReplace},
			},
		},
		"pages, without a total": {
			answers: map[string][]string{"get_local_audit_keywords": {
				answerOK, answerWith(`"LocalAuditWords":[` + page(0, 100) + `]`), answerWith(`"LocalAuditWords":[` + page(100, 30) + `]`)}},
			call: func(ctx context.Context, c *Client) (any, error) { return c.LocalKeywords(ctx) },
			asked: []string{
				listing + `1,"Offset":0,"Limit":100}`, listing + `2,"Offset":0,"Limit":100}`, listing + `2,"Offset":100,"Limit":100}`,
			},
			want: all,
		},
		"smaller pages, and a total of all filters": {
			answers: map[string][]string{"get_local_audit_keywords": {
				answerWith(`"TotalCount":150,"LocalAuditWords":null`), answerWith(`"TotalCount":150,"LocalAuditWords":[` + page(0, 65) + `]`),
				answerWith(`"TotalCount":150,"LocalAuditWords":[` + page(65, 65) + `]`), answerWith(`"TotalCount":150,"LocalAuditWords":[]`)}},
			call: func(ctx context.Context, c *Client) (any, error) { return c.LocalKeywords(ctx) },
			asked: []string{
				listing + `1,"Offset":0,"Limit":100}`, listing + `2,"Offset":0,"Limit":100}`,
				listing + `2,"Offset":65,"Limit":100}`, listing + `2,"Offset":130,"Limit":100}`,
			},
			want: all,
		},
		"add": {
			call: func(ctx context.Context, c *Client) (any, error) {
				return nothing(c.AddLocalKeywords(ctx, []Keyword{
					{Text: "坏", Filter: KeywordBlock, Replacement: "x"}, {Text: "b+", Kind: KeywordRegex, Filter: KeywordReplace, Replacement: "***"},
					{Text: "c", Filter: KeywordReplace}}))
			},
			asked: []string{audit + `add_local_audit_keywords {"SdkAppId":1400000001,"LocalAuditWords":[` +
				`{"Keyword":"坏","WordType":1,"FilterType":2},{"Keyword":"b+","WordType":2,"FilterType":1,"ReplacedContent":"***"},` +
				`{"Keyword":"c","WordType":1,"FilterType":1,"ReplacedContent":""}]}`},
		},
		"add, the outcome is lost": {
			answers: map[string][]string{"add_local_audit_keywords": {`{`}},
			call: func(ctx context.Context, c *Client) (any, error) {
				return nothing(c.AddLocalKeywords(ctx, []Keyword{{Text: "a", Filter: KeywordBlock}}))
			},
			asked: []string{audit + `add_local_audit_keywords {"SdkAppId":1400000001,"LocalAuditWords":[{"Keyword":"a","WordType":1,"FilterType":2}]}`},
			class: UnknownOutcome,
		},
		"delete": {
			call: func(ctx context.Context, c *Client) (any, error) {
				return nothing(c.DeleteLocalKeywords(ctx, []Keyword{{Text: "a"}, {Text: "b", Filter: KeywordBlock}}))
			},
			asked: []string{audit + `delete_local_audit_keywords {"SdkAppId":1400000001,"LocalAuditWords":[` +
				`{"Keyword":"a","WordType":1},{"Keyword":"b","WordType":1,"FilterType":2}]}`},
		},
		"delete nothing": {
			call: func(ctx context.Context, c *Client) (any, error) { return nothing(c.DeleteLocalKeywords(ctx, nil)) },
		},
	})
}

func TestKeywordsAreSentInParts(t *testing.T) {
	p := newProvider(t)
	c := newClient(t, p.URL)
	words := make([]Keyword, 25)
	for i := range words {
		words[i] = Keyword{Text: fmt.Sprint("w", i), Filter: KeywordBlock}
	}
	if err := c.AddLocalKeywords(t.Context(), words); err != nil || p.count() != 3 {
		t.Errorf("got %v after %d requests", err, p.count())
	}
	for i, one := range p.received() {
		if got, want := strings.Count(one.body, `"Keyword"`), []int{10, 10, 5}[i]; got != want {
			t.Errorf("part %d has %d words, want %d", i, got, want)
		}
	}
}

func TestKeywordListIsBounded(t *testing.T) {
	p := newProvider(t)
	c := newClient(t, p.URL, func(config *Config) { config.RequestsPerSecond = 200 })
	c.limiting.limiters[getLocalAuditKeywords] = newLimiter(1e6)
	p.answers("get_local_audit_keywords", answerWith(`"TotalCount":1000000,"LocalAuditWords":[{"Keyword":"a"}]`))
	if _, err := c.LocalKeywords(t.Context()); !IsUnavailable(err) || p.count() != keywordPages {
		t.Errorf("got %v after %d pages", err, p.count())
	}
}

func TestCallbackAddresses(t *testing.T) {
	prefixes := func(all ...string) []netip.Prefix {
		list := make([]netip.Prefix, len(all))
		for i, s := range all {
			list[i] = netip.MustParsePrefix(s)
		}
		return list
	}
	for name, test := range map[string]struct {
		china, abroad string
		want          []netip.Prefix
		class         Class
	}{
		"mixed, in both": {
			china: `["203.0.113.7","198.51.100.77/25"," 2001:db8::1 "]`, abroad: `["203.0.113.7","::ffff:192.0.2.1","::ffff:192.0.3.0/120"]`,
			want: prefixes("192.0.2.1/32", "192.0.3.0/24", "198.51.100.0/25", "203.0.113.7/32", "2001:db8::1/128"),
		},
		"mainland only": {china: `["203.0.113.7",""]`, abroad: `null`, want: prefixes("203.0.113.7/32")},
		"none":          {china: `[]`, abroad: `[]`, class: Unavailable},
		"no address":    {china: `["203.0.113.7","example.com"]`, abroad: `[]`, class: Unavailable},
		"far too many":  {china: `[` + strings.Repeat(`"203.0.113.7",`, maxCallbackAddresses) + `"203.0.113.7"]`, abroad: `[]`, class: Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t)
			p.answers("GetIPList", answerWith(`"IPList":`+test.china), `{"ActionStatus":"OK","ErrorCode":0,"IPList":`+test.abroad+`}`)
			got, err := newClient(t, p.URL).CallbackAddresses(t.Context())
			if ClassOf(err) != test.class || fmt.Sprint(got) != fmt.Sprint(test.want) {
				t.Errorf("got %v, %v, want %v, class %q", got, err, test.want, test.class)
			}
			for i, one := range p.received() {
				if one.command != "ConfigSvc/GetIPList" || one.body != "{}" || one.query.Get("nettype") != []string{"5", "6"}[i] {
					t.Errorf("asked %s %s with nettype %q", one.command, one.body, one.query.Get("nettype"))
				}
			}
		})
	}
}

// Five hundred questions about one account each travel together.
func TestOnlineStatesAreBatched(t *testing.T) {
	p := newProvider(t)
	p.steps("query_online_status", func(w http.ResponseWriter, body string) {
		var results []string
		for _, id := range strings.Split(strings.TrimSuffix(strings.TrimPrefix(body, `{"To_Account":[`), `]}`), ",") {
			results = append(results, `{"To_Account":`+id+`,"State":"Online"}`)
		}
		says(answerWith(`"QueryResult":[`+strings.Join(results, ",")+`]`))(w, body)
	})
	c := newClient(t, p.URL, func(config *Config) { config.Linger, config.Gather = maxLinger, time.Minute })
	ended := make(chan error)
	for i := range 500 {
		go func() {
			state, err := c.OnlineState(t.Context(), fmt.Sprint("u", i))
			if err == nil && state != Online {
				err = fmt.Errorf("u%d is %q", i, state)
			}
			ended <- err
		}()
	}
	for range 500 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if p.count() > 50 { // as a rule one; a slow machine may cut the crowd in a few
		t.Errorf("%d requests", p.count())
	}
}
