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

package relay_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

// TestObstacle: a provider that fails for long is told of, by whichever pod has the
// customers, and no more once it answers.
func TestObstacle(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	w := newWorld(t, nil)
	p := w.start(t.TempDir(), quietly)
	w.connect(p)
	f := w.follow(true)
	_, err := w.im.InjectFault(simim.Fault{Command: "sendmsg", Code: 91000})
	g.Expect(err).NotTo(HaveOccurred())
	f.writes("在吗")
	told := func() string { return p.relay.Traffic(accountUID).Obstacle }
	g.Eventually(told).WithTimeout(patience + 15*time.Second).Should(Equal("IM does not take messages (UnknownOutcome, code 91000)"))
	w.im.ClearFaults()
	g.Eventually(func() []string { return f.chat("lin") }).WithTimeout(patience + 15*time.Second).Should(Equal([]string{"customer: 在吗"}))
	g.Eventually(told).WithTimeout(patience).Should(BeEmpty())
}
