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
	"net/http"
	"strings"
	"testing"

	"github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

// loadState is the answer of GET /sim/load.
type loadState struct {
	im.LoadReport
	Callbacks im.CallbackStatus
	Answered  im.CallbackTally
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

func TestLoadIsToldInFull(t *testing.T) {
	h, r := newCallbackHarness(t, func(o *im.Options) { o.Callback.Workers, o.Callback.Queue = 8, 64 })
	counted := map[string]int{}
	senders := map[string]int{}
	r.set(false, func(call received) (int, string) {
		r.mu.Lock()
		defer r.mu.Unlock()
		switch call.command() {
		case "Group.CallbackBeforeSendMsg":
			if strings.Contains(canonical(t, call.body), "SEND_GIFT") && call.body["Random"].(json.Number) < "3" {
				return http.StatusOK, verdict(1, "", "")
			}
		case "Group.CallbackAfterSendMsg":
			counted[call.body["GroupId"].(string)]++
			senders[call.body["From_Account"].(string)]++
		}
		return http.StatusOK, accept
	})
	const events = 600
	settings := `{"groups":20,"users":50,"absent":5,"events":600,"seed":7,"workers":4,"maxPending":40,"priority":"High","platform":"iOS",
		"mix":{"text":70,"SEND_GIFT":15,"join":10,"leave":5},"exts":{"SEND_GIFT":"{\"price\":3}"},"texts":["hi"]}`
	door("POST", "/sim/load", settings)(h)
	state := h.load("?wait=30s")
	total, accepted, refused := 0, map[string]int{}, 0
	for kind, count := range state.Kinds {
		total += count.Produced
		accepted[kind] = count.Accepted
		refused += count.Refused["10016"]
		same(t, count.Produced-count.Accepted, count.Refused["10016"]+count.Dropped["MsgFreqCtrl"])
	}
	same(t, []any{state.Running, state.Planned, total, state.Callbacks.Pending}, []any{false, events, events, 0})
	if refused == 0 || accepted["join"] == 0 || accepted["leave"] == 0 {
		t.Errorf("the load has not all kinds of outcomes: %+v", state.Kinds)
	}
	messages, joined, left, bySender := 0, 0, 0, 0
	for id, group := range state.Answered.Groups {
		sum := group.Messages["TIMTextElem"] + group.Messages["SEND_GIFT"]
		same(t, sum, counted[id])
		same(t, []int{sum, group.Joined, group.Left}, []int{state.Groups[id]["text"] + state.Groups[id]["SEND_GIFT"], state.Groups[id]["join"], state.Groups[id]["leave"]})
		messages, joined, left = messages+sum, joined+group.Joined, left+group.Left
	}
	for id, names := range state.Answered.Senders {
		same(t, names["TIMTextElem"]+names["SEND_GIFT"], senders[id])
		bySender += senders[id]
	}
	same(t, []int{messages, joined, left, bySender}, []int{accepted["text"] + accepted["SEND_GIFT"], accepted["join"], accepted["leave"], messages})
	after := state.Callbacks.Commands["Group.CallbackAfterSendMsg"]
	same(t, after, im.CallbackCount{Fired: messages, Sent: messages, Answered: messages})

	// The same load again has the same events, so far as users are concerned.
	other, _ := newCallbackHarness(t)
	door("POST", "/sim/load", settings)(other)
	again := other.load("?wait=30s")
	for kind, count := range state.Kinds {
		same(t, again.Kinds[kind].Produced, count.Produced)
	}
}

func TestLoadStopsAndPaces(t *testing.T) {
	h := newHarness(t)
	h.makeGroup("AVChatRoom", "g")
	h.playDoor(
		doorStep{"GET", "/sim/load", "", 404, ""},
		doorStep{"DELETE", "/sim/load", "", 204, ""},
		doorStep{"POST", "/sim/load", `{"groupIDs":["g"],"users":2,"events":1000000,"perSecond":100,"mix":{"leave":1},"duration":"1m"}`, 204, ""},
		doorStep{"POST", "/sim/load", `{"groupIDs":["g"],"users":2,"events":1}`, 409, `{"error":"a load is running already"}`},
		doorStep{"GET", "/sim/load?wait=1ms", "", 200, ""},
		doorStep{"GET", "/sim/load?wait=x", "", 400, ""},
		doorStep{"DELETE", "/sim/load", "", 204, ""},
	)
	state := h.load("")
	if state.Running || state.Kinds["leave"].Produced+state.Kinds["join"].Produced >= 10_000 {
		t.Errorf("the load was not stopped: %+v", state)
	}
	h.playDoor(doorStep{"POST", "/sim/load", `{"groupIDs":["g"],"users":2,"absent":2,"events":3,"mix":{"leave":1},"perSecond":1000}`, 204, ""})
	state = h.load("?wait=10s")
	same(t, []int{state.Kinds["join"].Accepted, state.Kinds["leave"].Accepted}, []int{2, 1})
	h.playDoor(doorStep{"POST", "/sim/load", `{"groupIDs":["g"],"users":2,"events":1000000,"perSecond":1,"duration":"1ms"}`, 204, ""})
	if state = h.load("?wait=10s"); state.Running {
		t.Error("the load goes on after its time")
	}
	h.playDoor(doorStep{"POST", "/sim/load", `{"groupIDs":["g"],"users":2,"events":1000000,"perSecond":1}`, 204, ""})
	h.sim.Close()
	h.playDoor(doorStep{"POST", "/sim/load", `{"groupIDs":["g"],"users":2,"events":1}`, 400, `{"error":"the simulator is closed"}`})
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
		`{"groups":1,"users":1,"events":1,"groupIDs":["g"]}`:                  "load: give groups or groupIDs",
		`{"groups":1,"users":1,"events":1,"duration":"2h"}`:                   "load: duration must be from 0 to 1h0m0s",
		`{"groups":1,"users":1,"events":1,"texts":[""]}`:                      "load: a text must not be empty",
		`{"groups":1,"users":1,"events":1,"priority":"x"}`:                    `load: priority "x": must be High, Normal, Low or Lowest`,
		`{"groups":1,"users":1,"events":1,"platform":"x"}`:                    `load: platform "x"`,
		`{"groups":1,"users":1,"events":1,"userPrefix":"ü"}`:                  "load: userPrefix makes no user IDs",
		`{"groups":1,"users":1,"events":1,"groupPrefix":"ü"}`:                 `load: group "ü0" is no group ID`,
		`{"groupIDs":["none"],"users":1,"events":1}`:                          "group does not exist or was disbanded",
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
