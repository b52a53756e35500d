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
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

// loadState is the answer of GET /sim/load.
type loadState struct {
	im.LoadReport
	Callbacks im.CallbackStatus
}

func (h *harness) load(query string) loadState {
	h.t.Helper()
	_, text := h.door("GET", "/sim/load"+query, "")
	var state loadState
	if err := json.Unmarshal([]byte(text), &state); err != nil {
		h.t.Fatalf("%s: %v", text, err)
	}
	return state
}

// ledger is a receiver's own account of the callbacks that it accepted: each
// once, however often it came.
type ledger struct {
	seen          map[string]bool
	groups, users map[string]im.LoadTally
}

// enter notes a callback after an event, and reports whether it is new.
func (l *ledger) enter(call received) bool {
	var kind, name, user, key string
	group, body := call.body["GroupId"].(string), call.body
	member := func(list string) string { return body[list].([]any)[0].(object)["Member_Account"].(string) }
	switch call.command() {
	case "Group.CallbackAfterSendMsg":
		element := body["MsgBody"].([]any)[0].(object)
		user, kind, key = body["From_Account"].(string), "text", fmt.Sprint(body["MsgSeq"])
		if element["MsgType"] == "TIMCustomElem" {
			kind, name = "gift", element["MsgContent"].(object)["Data"].(string)
		}
	case "Group.CallbackAfterNewMemberJoin":
		user, kind, key = member("NewMemberList"), "join", fmt.Sprint(body["EventTime"])
	case "Group.CallbackAfterMemberExit":
		user, kind, key = member("ExitMemberList"), "leave", fmt.Sprint(body["EventTime"])
	default:
		return false
	}
	if key = call.command() + group + user + key; l.seen[key] {
		return false
	}
	l.seen[key] = true
	for id, table := range map[string]map[string]im.LoadTally{group: l.groups, user: l.users} {
		tally, known := table[id]
		if !known {
			tally.Kinds = map[string]int{}
		}
		tally.Answered++
		tally.Kinds[kind]++
		if name != "" {
			if tally.Events == nil {
				tally.Events = map[string]int{}
			}
			tally.Events[name]++
		}
		table[id] = tally
	}
	return true
}

// TestLoadIsToldInFull compares what the receiver has accepted with what the
// load says was answered, while the receiver fails some calls and refuses some
// messages.
func TestLoadIsToldInFull(t *testing.T) {
	h, r := newCallbackHarness(t, func(o *im.Options) {
		o.Callback.Workers, o.Callback.QueueSize, o.Callback.RetryDelays = 8, 64, []time.Duration{time.Millisecond}
	})
	book := ledger{map[string]bool{}, map[string]im.LoadTally{}, map[string]im.LoadTally{}}
	attempts, refused, unclear := 0, 0, 0
	r.set(false, func(call received) (int, string) {
		r.mu.Lock()
		defer r.mu.Unlock()
		attempts++
		if call.command() == "Group.CallbackBeforeSendMsg" {
			if refused < 20 {
				refused++
				return http.StatusOK, verdict(1, "", "")
			}
			return http.StatusOK, accept
		}
		if attempts%5 == 0 {
			return http.StatusBadGateway, ""
		}
		// An event of which the receiver says that it has not taken it.
		if call.command() == "Group.CallbackAfterMemberExit" && unclear < 2 {
			unclear++
			return http.StatusOK, verdict(1, "", "")
		}
		book.enter(call)
		return http.StatusOK, accept
	})
	const events = 600
	settings := `{"groups":20,"users":50,"absent":5,"events":600,"seed":7,"workers":4,"maxPending":40,"priority":"High","platform":"iOS","before":true,
		"retry":true,"retries":50,"mix":{"text":70,"gift":15,"join":10,"leave":5},"giftEvents":["ROSE","CAR"],"giftExt":"{}","exts":{"CAR":"{\"price\":3}"},"texts":["hi"]}`
	door("POST", "/sim/load", settings)(h)
	state := h.load("?wait=30s")
	same(t, []any{state.Running, state.Finished, state.Planned, state.Produced, state.Pending, state.Callbacks.Pending}, []any{false, true, events, events, 0, 0})
	r.mu.Lock()
	defer r.mu.Unlock()
	same(t, state.Groups, book.groups)
	same(t, state.Users, book.users)
	var sum im.LoadCount
	for _, count := range state.Kinds {
		same(t, count.Accepted, count.Answered+count.Failed+count.Unsent)
		sum.Accepted, sum.Answered, sum.Failed = sum.Accepted+count.Accepted, sum.Answered+count.Answered, sum.Failed+count.Failed
	}
	same(t, []int{sum.Accepted, sum.Answered, sum.Failed}, []int{events - refused, len(book.seen), unclear})
	same(t, []int{state.Answered, state.Failed, state.Kinds["text"].Refused["10016"] + state.Kinds["gift"].Refused["10016"]}, []int{len(book.seen), unclear, refused})
	if refused == 0 || unclear == 0 || state.Callbacks.Commands["Group.CallbackAfterSendMsg"].Retried == 0 {
		t.Errorf("not all kinds of outcomes: %d refused, %d unclear, %+v", refused, unclear, state.Callbacks)
	}
	for kind, count := range state.Kinds {
		if count.Answered == 0 {
			t.Errorf("no %s was answered", kind)
		}
	}

	// The same load again has the same events, so far as users are concerned.
	other, _ := newCallbackHarness(t)
	door("POST", "/sim/load", settings)(other)
	again := other.load("?wait=30s")
	for kind, count := range state.Kinds {
		same(t, again.Kinds[kind].Produced, count.Produced)
	}
	same(t, again.Answered, events)
}

// TestLoadIsPastTheLimits sends more into one group in one second than the
// frequency control lets through, without a callback before.
func TestLoadIsPastTheLimits(t *testing.T) {
	h, r := newCallbackHarness(t)
	h.makeGroup("AVChatRoom", "g")
	h.settle()
	r.take()
	h.sim.ResetCallbackCounters()
	door("POST", "/sim/load", `{"groups":["g"],"users":1,"events":200,"mix":{"ROSE":1},"exts":{"ROSE":"{\"price\":3}"}}`)(h)
	state := h.load("?wait=30s")
	same(t, state.Kinds, map[string]im.LoadCount{"ROSE": {Produced: 200, Accepted: 200, Answered: 200}})
	tally := im.LoadTally{Answered: 200, Kinds: map[string]int{"ROSE": 200}, Events: map[string]int{"ROSE": 200}}
	same(t, state.Groups, map[string]im.LoadTally{"g": tally})
	same(t, state.Users, map[string]im.LoadTally{"viewer-0": tally})
	same(t, state.Callbacks.Commands, map[string]im.CallbackCount{"Group.CallbackAfterSendMsg": {Fired: 200, Sent: 200, Answered: 200}})
	same(t, len(h.sim.GroupMessages("g")), 0)
	sequences, randoms := map[any]bool{}, map[any]bool{}
	for _, call := range r.take() {
		sequences[call.body["MsgSeq"]], randoms[call.body["Random"]] = true, true
		same(t, call.body["MsgBody"], []any{object{"MsgType": "TIMCustomElem",
			"MsgContent": object{"Data": "ROSE", "Desc": "", "Ext": `{"price":3}`, "Sound": ""}}})
	}
	same(t, []int{len(sequences), len(randoms)}, []int{200, 200})

	// What nobody wants to hear is not sent, and a failure is counted once.
	door("PUT", "/sim/callback", `{"url":"`+r.server.URL+`","commands":["Group.CallbackAfterMemberExit"]}`)(h)
	r.set(false, func(received) (int, string) { return http.StatusBadGateway, "" })
	door("POST", "/sim/load", `{"groups":["g"],"users":4,"events":8,"mix":{"leave":1},"retry":false}`)(h)
	state = h.load("?wait=30s")
	same(t, state.Kinds, map[string]im.LoadCount{
		"leave": {Produced: 6, Accepted: 6, Failed: 6}, "join": {Produced: 2, Accepted: 2, Unsent: 2},
	})
	same(t, []int{len(state.Groups), len(state.Users)}, []int{0, 0})
}

func TestLoadStopsAndPaces(t *testing.T) {
	h := newHarness(t)
	h.makeGroup("AVChatRoom", "g")
	h.playDoor(
		doorStep{"GET", "/sim/load", "", 404, ""},
		doorStep{"DELETE", "/sim/load", "", 204, ""},
		doorStep{"POST", "/sim/load", `{"groups":["g"],"users":2,"events":1000000,"perSecond":100,"mix":{"leave":1},"duration":"1m"}`, 204, ""},
		doorStep{"POST", "/sim/load", `{"groups":["g"],"users":2,"events":1}`, 409, `{"error":"a load is running already"}`},
		doorStep{"GET", "/sim/load?wait=1ms", "", 200, ""},
		doorStep{"GET", "/sim/load?wait=x", "", 400, ""},
		doorStep{"DELETE", "/sim/load", "", 204, ""},
	)
	state := h.load("")
	if state.Running || state.Kinds["leave"].Produced+state.Kinds["join"].Produced >= 10_000 {
		t.Errorf("the load was not stopped: %+v", state)
	}
	h.playDoor(doorStep{"POST", "/sim/load", `{"groups":["g"],"users":2,"absent":2,"events":3,"mix":{"leave":1},"perSecond":1000}`, 204, ""})
	state = h.load("?wait=10s")
	same(t, []int{state.Kinds["join"].Accepted, state.Kinds["leave"].Accepted}, []int{2, 1})
	h.playDoor(doorStep{"POST", "/sim/load", `{"groups":["g"],"users":2,"events":1000000,"perSecond":1,"duration":"1ms"}`, 204, ""})
	if state = h.load("?wait=10s"); state.Running {
		t.Error("the load goes on after its time")
	}
	h.playDoor(doorStep{"POST", "/sim/load", `{"groups":["g"],"users":2,"events":1000000,"perSecond":1}`, 204, ""})
	h.sim.Close()
	h.playDoor(doorStep{"POST", "/sim/load", `{"groups":["g"],"users":2,"events":1}`, 400, `{"error":"the simulator is closed"}`})
}

func TestLoadRefusesBadSettings(t *testing.T) {
	h := newHarness(t)
	for body, want := range map[string]string{
		`{"users":1,"events":1}`:                                              "load: groups must be from 1 to 20000",
		`{"groups":1,"events":1}`:                                             "load: users must be from 1 to 200000",
		`{"groups":1,"users":1}`:                                              "load: events must be from 1 to 10000000",
		`{"groups":1,"users":1,"events":1,"absent":2}`:                        "load: absent must be from 0 to 1",
		`{"groups":1,"users":1,"events":1,"perSecond":-1}`:                    "load: perSecond must be from 0 to 100000",
		`{"groups":1,"users":1,"events":1,"workers":999}`:                     "load: workers must be from 0 to 256",
		`{"groups":1,"users":1,"events":1,"mix":{"text":-1}}`:                 "load: weight of text must be from 0 to 1000000",
		`{"groups":1,"users":1,"events":1,"mix":{"text":0}}`:                  "load: mix has no weight",
		`{"groups":1,"users":1,"events":1,"mix":{"":1}}`:                      "load: a kind in mix has 1 to 64 bytes",
		`{"groups":"g","users":1,"events":1}`:                                 "groups: give a number of groups or a list of their IDs",
		`{"groups":1,"users":1,"events":1,"retries":1}`:                       "load: retries need retry",
		`{"groups":1,"users":1,"events":1,"retry":true,"retries":1001}`:       "load: retries must be from 0 to 1000",
		`{"groups":1,"users":1,"events":1,"giftEvents":[""]}`:                 "load: a name in giftEvents has 1 to 64 bytes",
		`{"groups":1,"users":1,"events":1,"duration":"2h"}`:                   "load: duration must be from 0 to 1h0m0s",
		`{"groups":1,"users":1,"events":1,"texts":[""]}`:                      "load: a text must not be empty",
		`{"groups":1,"users":1,"events":1,"priority":"x"}`:                    `load: priority "x": must be High, Normal, Low or Lowest`,
		`{"groups":1,"users":1,"events":1,"platform":"x"}`:                    `load: platform "x"`,
		`{"groups":1,"users":1,"events":1,"userPrefix":"ü"}`:                  "load: userPrefix makes no user IDs",
		`{"groups":1,"users":1,"events":1,"groupPrefix":"ü"}`:                 `load: group "ü0" is no group ID`,
		`{"groups":["none"],"users":1,"events":1}`:                            "group does not exist or was disbanded",
		`{"groups":1,"users":1,"events":1,"maxPending":-1}`:                   "load: maxPending must be from 0 to 1000000",
		`{"groups":1,"users":1,"events":1,"texts":` + manyTexts(10_001) + `}`: "load: texts must be from 0 to 10000",
	} {
		status, text := h.door("POST", "/sim/load", body)
		if status < 400 || !strings.Contains(text, strings.ReplaceAll(want, `"`, `\"`)) {
			t.Errorf("%.80s: got %d %s, want %s", body, status, text, want)
		}
	}
}

func manyTexts(count int) string {
	return "[" + strings.TrimSuffix(strings.Repeat(`"x",`, count), ",") + "]"
}
