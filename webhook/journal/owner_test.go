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
	"fmt"
	"testing"

	. "github.com/onsi/gomega"
)

func TestOwnerFoldsInOrderAndOnce(t *testing.T) {
	g := NewWithT(t)
	dir := t.TempDir()
	j := openEmbedded(t, dir)
	o := runOwner(t, j, "a", newTallying(), OwnerOptions{})
	var want []parcel
	for n := 1; n <= 200; n++ {
		want = append(want, parcel{Room: fmt.Sprintf("room-%d", n%5), User: fmt.Sprintf("user-%d", n%7), Number: n})
	}
	last := appendAll(t, j, want...)[len(want)-1]
	again := appendAll(t, j, want[:20]...)
	flushedTo(t, o, last.Sequence)
	g.Expect(again[0]).To(Equal(Receipt{Sequence: 1, Duplicate: true}))
	g.Expect(last).To(Equal(Receipt{Sequence: 200}))

	rooms, users := map[string]*tally{}, map[string]*tally{}
	for _, p := range want {
		for _, in := range []struct {
			all  map[string]*tally
			name string
		}{{rooms, p.Room}, {users, p.User}} {
			if in.all[in.name] == nil {
				in.all[in.name] = newTally()
			}
			in.all[in.name].add(p)
		}
	}
	g.Expect(storedTallies(t, j, "room")).To(Equal(rooms))
	g.Expect(storedTallies(t, j, "user")).To(Equal(users))
	g.Expect(o.stop()).To(Succeed())
}
