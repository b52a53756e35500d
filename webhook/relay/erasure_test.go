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
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	simwechat "github.com/liveroom-io/liveroom-operator/internal/sim/wechat"
)

// TestLetterDuringErasure: a follower leaves while a letter of theirs is being
// written. It does not outlive the erasure.
func TestLetterDuringErasure(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	w := newWorld(t, nil)
	p := w.start(t.TempDir(), quietly)
	w.connect(p)
	f := w.follow(true)
	f.writes("在吗")
	g.Eventually(func() []string { return f.chat("lin") }).WithTimeout(patience).Should(HaveLen(1))
	begun, held, deleted := make(chan struct{}), make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(held) })
	t.Cleanup(release)
	meddle := func(what string) {
		if what == appending {
			close(begun)
			<-held
		} else {
			close(deleted)
		}
	}
	p.letters.meddle.Store(&meddle)
	_, err := w.wechat.InjectFault(simwechat.Fault{Command: "message/custom/send", Times: 1, Reset: simwechat.ResetBeforeCommit})
	g.Expect(err).NotTo(HaveOccurred())
	f.isAnswered("lin", "在的")
	g.Eventually(begun).WithTimeout(patience).Should(BeClosed())
	g.Expect(w.wechat.Unfollow(appID, f.openID)).To(Succeed())
	g.Consistently(deleted).WithTimeout(500*time.Millisecond).ShouldNot(BeClosed(), "the letter comes first")
	release()
	g.Eventually(deleted).WithTimeout(patience).Should(BeClosed())
	g.Eventually(p.letters.count).WithTimeout(patience).Should(BeZero())
}
