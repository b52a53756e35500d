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
	"maps"
	"slices"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

// TestReadBack: a caller whose entry is a duplicate learns what the first one
// said.
func TestReadBack(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, j *Journal) {
		t.Helper()
		g := NewWithT(t)
		for _, log := range []*Journal{j, join(t, j)} {
			said := Entry{ID: "push-1", First: "r", Data: []byte("the first")}
			first, err := log.Append(t.Context(), said)
			g.Expect(err).NotTo(HaveOccurred())
			said.Data = []byte("the second")
			second, err := log.Append(t.Context(), said)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(second).To(Equal(Receipt{Sequence: first.Sequence, Duplicate: true}))
			got, err := log.Entry(t.Context(), second.Sequence)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(got.Time).To(BeTemporally("~", time.Now(), time.Minute))
			got.Time = time.Time{}
			g.Expect(got).To(Equal(Entry{ID: digest("push-1"), Data: []byte("the first"), Sequence: 1}))
			_, err = log.Entry(t.Context(), 2)
			g.Expect(err).To(MatchError(ErrNotFound))
			_, err = log.Entry(t.Context(), 0)
			g.Expect(err).To(MatchError(ErrNotFound))
		}
	})
}

// TestReadStates: states are read by those who do not own them.
func TestReadStates(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, j *Journal) {
		t.Helper()
		g := NewWithT(t)
		relay := join(t, j)
		o := runOwner(t, relay, "a", newTallying(), OwnerOptions{Heartbeat: 50 * time.Millisecond})
		want := map[StateKey]string{}
		for _, room := range []string{"1400/观众.*>", "", "r"} {
			all, tally := parcelsOf(room, 1, 3)
			appendAll(t, relay, all...)
			data, err := tally.AppendState(nil)
			g.Expect(err).NotTo(HaveOccurred())
			want[roomKey(room)] = string(data)
		}
		appendAll(t, relay, parcel{Room: "with", User: "u", Number: 1})
		flushedTo(t, o, 10)
		for key, data := range want {
			got, found, err := relay.State(t.Context(), key)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(found).To(BeTrue())
			g.Expect(string(got)).To(Equal(data))
		}
		for _, of := range []struct {
			log *Journal
			key StateKey
		}{{relay, roomKey("unheard of")}, {relay, userKey("r")}, {j, roomKey("r")}} {
			got, found, err := of.log.State(t.Context(), of.key)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(found).To(BeFalse())
			g.Expect(got).To(BeNil())
		}

		scan := func(log *Journal, kinds ...string) map[StateKey]string {
			all := map[StateKey]string{}
			g.Expect(log.Scan(t.Context(), kinds, func(key StateKey, data []byte) { all[key] = string(data) })).To(Succeed())
			return all
		}
		g.Expect(slices.Collect(maps.Keys(scan(relay, "user")))).To(Equal([]StateKey{userKey("u")}))
		g.Expect(scan(relay, "room", "user")).To(HaveLen(5))
		g.Expect(scan(relay, "other")).To(BeEmpty())
		g.Expect(scan(relay)).To(BeEmpty())
		g.Expect(scan(j, "room")).To(BeEmpty())
		rooms := scan(relay, "room")
		delete(rooms, roomKey("with"))
		g.Expect(rooms).To(Equal(want))
		g.Expect(o.stop()).To(Succeed())
	})
}
