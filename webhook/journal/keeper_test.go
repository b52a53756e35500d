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

package journal

import (
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

// reading notes the first entry that it is shown.
type reading struct {
	*holding

	mu    sync.Mutex
	first uint64
}

func (r *reading) Touch(e *Entry) []StateKey {
	r.mu.Lock()
	if r.first == 0 {
		r.first = e.Sequence
	}
	r.mu.Unlock()
	return r.holding.Touch(e)
}

func (r *reading) began() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.first
}

// TestKeeper: an entry that a state refers to, and all after it, outlive that they
// are folded and stored; reading goes on there after a restart, and counts nothing
// twice.
func TestKeeper(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, j *Journal) {
		t.Helper()
		g := NewWithT(t)
		key := roomKey("r")
		j.options.Events.DuplicateWindow = 0
		old := quick
		old.PurgeMargin = -time.Hour // all entries are old
		machine := newHolding()
		machine.hold(key.Partition, 4)
		o := runOwner(t, j, "a", machine, old)
		all, want := parcelsOf("r", 1, 10)
		appendAll(t, j, all...)
		flushedTo(t, o, 10)
		g.Eventually(o.Partitions).WithTimeout(10 * time.Second).Should(HaveLen(Partitions))
		g.Expect(o.Flush(t.Context())).To(Succeed())
		g.Expect(storedTallies(t, j, "room")).To(Equal(map[string]*tally{"r": want}), "it is stored")
		g.Expect(o.purge(t.Context())).To(Equal(uint64(3)))
		_, err := j.Entry(t.Context(), 3)
		g.Expect(err).To(MatchError(ErrNotFound))
		kept, err := j.Entry(t.Context(), 4)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(kept.Data).To(Equal(all[3].entry().Data))
		g.Expect(o.purge(t.Context())).To(BeZero())
		g.Expect(o.stop()).To(Succeed())

		next := &reading{holding: newHolding()}
		o = runOwner(t, j, "a", next, old)
		appendAll(t, j, parcel{Room: "r", Number: 11})
		want.add(parcel{Room: "r", Number: 11})
		flushedTo(t, o, 11)
		g.Expect(next.began()).To(Equal(uint64(4)))
		g.Expect(storedTallies(t, j, "room")).To(Equal(map[string]*tally{"r": want}))
		g.Eventually(o.Partitions).WithTimeout(10 * time.Second).Should(HaveLen(Partitions))
		g.Expect(o.Flush(t.Context())).To(Succeed())
		g.Expect(o.purge(t.Context())).To(Equal(uint64(8)), "nothing is kept any more")
		g.Expect(o.stop()).To(Succeed())
	})
}
