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

package controllers_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

// A wrong key is tried once for the whole application, however much waits for
// it, and then once per step of the backoff.
func TestWrongKeyCostsOneCallPerStep(t *testing.T) {
	s := prepare(t)
	s.start()
	waiting := []imv1alpha1.Object{s.account("host"), s.field("goods", "add_goods")}
	s.create(s.secret(strings.Repeat("0", 64)), s.account("host"), s.field("goods", "add_goods"))
	for i := range 10 {
		room := s.room(fmt.Sprintf("r%d", i))
		s.create(room)
		waiting = append(waiting, room)
	}
	begun := time.Now()
	s.create(s.app())
	s.Eventually(s.ready(s.app())).Should(Equal("False Unauthorized"))
	for _, obj := range waiting {
		s.Eventually(s.ready(obj)).Should(Equal("False AppNotReady"))
		s.Expect(s.message(obj)).To(ContainSubstring("Unauthorized"))
	}
	// The first step is five seconds long, the second fifteen.
	steps := int(time.Since(begun) / (5 * time.Second))
	s.Expect(len(s.sim.CallLog())).To(BeNumerically("<=", 1+steps))
	s.Eventually(s.sim.CallLog, "8s").Should(HaveLen(2))
	s.Consistently(s.sim.CallLog, "2s", "100ms").Should(HaveLen(2))
}
