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
	"strings"
	"testing"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

func TestAttributes(t *testing.T) {
	h := newHarness(t, func(o *im.Options) { o.RateLimit = 0 })
	h.makeGroup("AVChatRoom", "g")
	write := func(command, attributes, want string) step {
		return step{groups + command, `{"GroupId":"g","GroupAttr":` + attributes + `}`, want}
	}
	are := func(list string) step {
		return step{attrs + "get_group_attr", `{"GroupId":"g"}`, `{"GroupAttrAry":` + list + `}`}
	}
	several := func(n int, value string) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`{"key":"k%d","value":%q}`, i, value))
		}
		return "[" + strings.Join(list, ",") + "]"
	}
	play := func(step step) { // slowly, for the write frequency
		t.Helper()
		h.clock.Advance(time.Second)
		h.play(step)
	}
	play(are(`[]`))
	play(write("modify_group_attr", `[{"key":"b","value":"2"},{"key":"a","value":"1"}]`, "ok"))
	play(write("modify_group_attr", `[{"key":"a","value":"9"}]`, "ok"))
	play(are(`[{"key":"a","value":"9"},{"key":"b","value":"2"}]`))
	play(step{groups + "get_group_attr", `{"GroupId":"g"}`, `{"GroupAttrAry":[{"key":"a","value":"9"},{"key":"b","value":"2"}]}`})
	play(write("set_group_attr", `[{"key":"c","value":"3"}]`, "ok"))
	play(are(`[{"key":"c","value":"3"}]`))
	play(write("delete_group_attr", `[{"key":"c"},{"key":"none"}]`, "10050"))
	play(are(`[{"key":"c","value":"3"}]`)) // all or nothing
	play(write("delete_group_attr", `[{"key":"c"}]`, "ok"))
	play(write("delete_group_attr", `[{"key":"c"}]`, "10050"))
	play(step{groups + "clear_group_attr", `{"GroupId":"g"}`, "ok"})
	play(write("modify_group_attr", `[{"key":"`+strings.Repeat("k", 33)+`","value":"v"}]`, "10045"))
	play(write("modify_group_attr", `[{"key":"k","value":"`+strings.Repeat("v", 4001)+`"}]`, "10046"))
	play(write("modify_group_attr", several(17, "v"), "10047"))
	play(write("modify_group_attr", several(5, strings.Repeat("v", 3201)), "10048"))
	play(write("modify_group_attr", several(4, strings.Repeat("v", 4000)), "ok"))
	play(write("modify_group_attr", `[{"key":"x","value":"v"}]`, "10048"))
	play(write("set_group_attr", several(16, "v"), "ok"))
	play(write("modify_group_attr", `[{"key":"x","value":"v"}]`, "10047"))
	play(write("modify_group_attr", `[{"Key":"x","Value":"v"}]`, "10004"))
	play(write("modify_group_attr", `[{"key":"x","value":1}]`, "10004"))
	play(step{groups + "modify_group_attr", `{"GroupId":"g"}`, "10004"})
	play(step{groups + "clear_group_attr", `{"GroupId":"gone"}`, "10010"})
	play(step{groups + "clear_group_attr", `{"GroupId":"g"}`, "ok"})
	play(are(`[]`))

	same(t, happened(h.sim.Notices("g"))[1:5], []im.Notice{
		{Type: im.NoticeAttributesChanged, Operator: testAdmin, Fields: []im.ChangedField{{Name: "b", Value: "2"}, {Name: "a", Value: "1"}}},
		{Type: im.NoticeAttributesChanged, Operator: testAdmin, Fields: []im.ChangedField{{Name: "a", Value: "9"}}},
		{Type: im.NoticeAttributesChanged, Operator: testAdmin, Fields: []im.ChangedField{{Name: "c", Value: "3"}, {Name: "a"}, {Name: "b"}}},
		{Type: im.NoticeAttributesChanged, Operator: testAdmin, Fields: []im.ChangedField{{Name: "c"}}},
	})
}

func TestAttributeWriteFrequency(t *testing.T) {
	h := newHarness(t, func(o *im.Options) { o.RateLimit = 0 })
	h.makeGroup("AVChatRoom", "g")
	h.makeGroup("AVChatRoom", "other")
	for i := range 5 {
		h.ok(groups+"modify_group_attr", object{"GroupId": "g", "GroupAttr": []object{{"key": "k", "value": fmt.Sprint(i)}}})
	}
	h.refused(10049, groups+"clear_group_attr", object{"GroupId": "g"})
	h.ok(groups+"clear_group_attr", object{"GroupId": "other"}) // each group apart
	h.clock.Advance(200 * time.Millisecond)
	h.ok(groups+"clear_group_attr", object{"GroupId": "g"})
}

func TestCounters(t *testing.T) {
	h := newHarness(t)
	h.makeGroup("AVChatRoom", "g")
	update := func(mode, counters, want string) step {
		if mode != "" {
			mode = `,"Mode":"` + mode + `"`
		}
		return step{groups + "update_group_counter", `{"GroupId":"g"` + mode + `,"GroupCounter":` + counters + `}`, want}
	}
	many := func(n int) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`{"Key":"k%d","Value":1}`, i))
		}
		return "[" + strings.Join(list, ",") + "]"
	}
	h.play(
		update("Increase", `[{"Key":"likes","Value":5}]`, `{"GroupCounter":[{"Key":"likes","Value":5}]}`),
		update("Increase", `[{"Key":"likes","Value":9007199254740993}]`, `{"GroupCounter":[{"Key":"likes","Value":9007199254740998}]}`),
		update("Decrease", `[{"Key":"likes","Value":9007199254740998},{"Key":"new","Value":2}]`, `{"GroupCounter":[{"Key":"likes","Value":0},{"Key":"new","Value":-2}]}`),
		update("", `[{"Key":"likes","Value":7}]`, `{"GroupCounter":[{"Key":"likes","Value":7}]}`),
		update("Add", `[{"Key":"likes","Value":7}]`, "10004"),
		update("Set", `[{"Key":"`+strings.Repeat("k", 129)+`","Value":7}]`, "10004"),
		update("Set", `[{"Key":"likes","Value":"7"}]`, "10004"),
		update("Set", `[{"Key":"likes"}]`, "10004"),
		update("Set", many(21), "10063"),
		update("Set", many(19), "10063"), // with the two that exist
		step{groups + "get_group_counter", `{"GroupId":"g"}`, `{"GroupCounter":[{"Key":"likes","Value":7},{"Key":"new","Value":-2}]}`},
		step{groups + "get_group_counter", `{"GroupId":"g","GroupCounterKeys":["new","none"]}`, `{"GroupCounter":[{"Key":"new","Value":-2}]}`},
		step{groups + "delete_group_counter", `{"GroupId":"g","GroupCounterKeys":["new","none"]}`, "ok"},
		step{groups + "delete_group_counter", `{"GroupId":"g"}`, "ok"},
		step{groups + "get_group_counter", `{"GroupId":"g"}`, `{"GroupCounter":[]}`},
	)
	closed := newHarness(t, func(o *im.Options) { o.ClosedFeatures = []im.Feature{im.FeatureCounters} })
	closed.makeGroup("AVChatRoom", "g")
	closed.play(step{groups + "get_group_counter", `{"GroupId":"g"}`, "10059"})
}
