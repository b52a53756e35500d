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
	"testing"

	"github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

// BenchmarkCalls measures single calls over HTTP with 10,000 groups in place;
// client and server share the processors.
func BenchmarkCalls(b *testing.B) {
	h := newHarness(b)
	for i := range 10_000 {
		if err := h.sim.SeedGroup(im.GroupSeed{GroupID: fmt.Sprint("g", i), Type: "AVChatRoom", Name: "n", Owner: "alice"}); err != nil {
			b.Fatal(err)
		}
	}
	fifty := make([]string, 50)
	for i := range fifty {
		fifty[i] = fmt.Sprint("g", i*100)
	}
	b.Run("modify_group_base_info", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			h.ok(groups+"modify_group_base_info", object{"GroupId": fmt.Sprint("g", i%10_000), "Name": fmt.Sprint(i)})
		}
	})
	b.Run("get_group_info of 50", func(b *testing.B) {
		for b.Loop() {
			h.ok(groups+"get_group_info", object{"GroupIdList": fifty})
		}
	})
	b.Run("create and destroy", func(b *testing.B) {
		for b.Loop() {
			h.ok(groups+"create_group", object{"Type": "AVChatRoom", "Name": "n", "GroupId": "new"})
			h.ok(groups+"destroy_group", object{"GroupId": "new"})
		}
	})
}
