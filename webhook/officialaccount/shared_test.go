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

package officialaccount

import (
	"context"
	"testing"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/gomega"

	"github.com/liveroom-io/liveroom-operator/webhook/journal"
)

// TestSharedHandshake: what one replica has seen of an account counts for all, and
// whoever sees WeChat come with the right signature again ends the mismatch that
// another one saw.
func TestSharedHandshake(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	j, err := journal.Open(t.Context(), journal.Options{Embedded: &journal.Embedded{Dir: t.TempDir()}, Events: journal.EventLimits{MaxBytes: 16 << 20}, StateMaxBytes: 16 << 20})
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { g.Expect(j.Close(context.Background())).To(Succeed()) })
	values, err := j.Values(t.Context(), "WECHAT")
	g.Expect(err).NotTo(HaveOccurred())
	changes := make(chan string, 10)
	replica := func() *Shared {
		s := NewShared(values, logr.Discard(), func(uid string) { changes <- uid })
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); s.Run(ctx) }()
		t.Cleanup(func() { cancel(); <-ended })
		return s
	}
	one, other := replica(), replica()
	account := &Account{UID: "u"}
	shown := func() Handshake {
		h, err := one.Handshake(t.Context(), "u")
		g.Expect(err).NotTo(HaveOccurred())
		return h
	}
	g.Expect(shown()).To(BeZero())

	one.Authentic(account, "segment", false, monday)
	g.Eventually(shown).Should(Equal(Handshake{Segment: "segment"}))
	later := monday.Add(time.Second)
	other.Mismatch(account, later)
	g.Eventually(shown).Should(Equal(Handshake{Segment: "segment", Mismatch: later}), "the segment that it does not know is kept")
	one.Authentic(account, "segment", false, monday.Add(2*time.Second))
	g.Consistently(shown).WithTimeout(50*time.Millisecond).Should(Equal(Handshake{Segment: "segment", Mismatch: later}), "no read for every call")
	one.Authentic(account, "segment", false, monday.Add(authenticEvery))
	g.Eventually(shown).Should(Equal(Handshake{Segment: "segment"}))
	g.Eventually(changes).Should(HaveLen(3))
	one.Authentic(account, "segment", false, monday.Add(2*authenticEvery))
	g.Consistently(changes).WithTimeout(50*time.Millisecond).Should(HaveLen(3), "nothing new")
}
