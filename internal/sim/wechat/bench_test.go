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

package wechat_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/liveroom-io/liveroom-operator/internal/sim/wechat"
)

// BenchmarkPushes measures pushes of 200 followers to a webhook that answers at
// once; both sides share the processors.
func BenchmarkPushes(b *testing.B) {
	for _, in := range []wechat.Mode{wechat.Plaintext, wechat.Safe} {
		b.Run(string(in), func(b *testing.B) {
			h := newHarness(b, mode(in))
			handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("success")) })
			h.serve(handler)
			for i := range 200 {
				h.follow(fmt.Sprint("o", i))
			}
			b.ResetTimer()
			for i := 0; b.Loop(); i++ {
				h.enter(fmt.Sprint("o", i%200), "童装啥时候上新？")
				if i%10_000 == 9_999 {
					h.settle()
				}
			}
			h.settle()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pushes/s")
			if got := h.sim.PushStatistics(); got.Acknowledged != got.Written {
				b.Fatalf("%+v", got)
			}
		})
	}
}

// BenchmarkSends measures customer messages over eight connections.
func BenchmarkSends(b *testing.B) {
	h := newHarness(b, func(o *wechat.Options) {
		o.Accounts[0].DailyQuotas = map[string]int{sendPath: -1}
	})
	if err := h.sim.Pay(testApp, testUser); err != nil {
		b.Fatal(err)
	}
	b.SetParallelism(4)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if got := h.try("5月份会上新，敬请关注！"); got != "0" {
				b.Errorf("refused with %s", got)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "sends/s")
}
