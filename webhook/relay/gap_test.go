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
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

// TestGapKeepsOrder: an agent writes while no pod is there, and goes on as soon as
// there is one. What the callback tells of comes after what only the history has,
// however long it takes to read that.
func TestGapKeepsOrder(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	w, dir := newWorld(t, nil), t.TempDir()
	p := w.start(dir, quietly)
	w.connect(p)
	f := w.follow(true)
	f.writes("q0")
	g.Eventually(func() []string { return f.chat("lin") }).WithTimeout(patience).Should(HaveLen(1))
	g.Expect(p.stop()).To(Succeed())
	f.isAnswered("lin", "a0") // nobody is told
	_, err := w.im.InjectFault(simim.Fault{Command: "admin_getroammsg", Latency: time.Second})
	g.Expect(err).NotTo(HaveOccurred())
	w.connect(w.start(dir, quietly))
	f.isAnswered("lin", "a1")
	g.Eventually(f.phone).WithTimeout(patience).Should(HaveLen(2))
	g.Expect(f.phone()).To(Equal([]string{"a0", "a1"}))
}

// TestNotWrittenDown: IM hangs up before the pod has written down what a callback
// tells, and does not tell it again.
func TestNotWrittenDown(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	w := newWorld(t, nil)
	p := w.start(t.TempDir(), quietly)
	w.connect(p)
	f := w.follow(true)
	f.writes("q0")
	g.Eventually(func() []string { return f.chat("lin") }).WithTimeout(patience).Should(HaveLen(1))
	g.Eventually(func() bool { return p.relay.Read(accountUID, f.openID) }).WithTimeout(patience).Should(BeTrue(), "the session is known")
	over, cancel := context.WithCancel(t.Context())
	cancel()
	hasty := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.handler.ServeHTTP(w, r.WithContext(over)) }))
	t.Cleanup(hasty.Close)
	w.connectTo(hasty.URL)
	f.isAnswered("lin", "a0")
	g.Eventually(f.phone).WithTimeout(patience).Should(Equal([]string{"a0"}))
}

// TestHistoryComesBack: replies do not wait for ever for a history that cannot be read,
// and it is read soon after it can be, so that those that come then are in order again.
func TestHistoryComesBack(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	w := newWorld(t, nil)
	p := w.start(t.TempDir(), quietly)
	w.connect(p)
	f := w.follow(true)
	f.writes("q0")
	g.Eventually(func() []string { return f.chat("lin") }).WithTimeout(patience).Should(HaveLen(1))
	read := func() bool { return p.relay.Read(accountUID, f.openID) }
	g.Eventually(read).WithTimeout(patience).Should(BeTrue(), "the session is known")
	_, err := w.im.InjectFault(simim.Fault{Command: "admin_getroammsg", HTTPStatus: 502})
	g.Expect(err).NotTo(HaveOccurred())
	p.relay.DoubtHistory(accountUID, f.openID)
	f.isAnswered("lin", "a0")
	g.Eventually(f.phone).WithTimeout(2 * patience).Should(Equal([]string{"a0"}))
	g.Expect(read()).To(BeFalse())
	w.im.ClearFaults()
	g.Eventually(read).WithTimeout(time.Minute).Should(BeTrue())
}
