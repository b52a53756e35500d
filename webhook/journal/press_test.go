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
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

// urgent is a tally that presses when it is told to.
type urgent struct {
	*tally

	pressing bool
}

func (u *urgent) Pressing() bool { return u.pressing }

// urgents makes them.
type urgents struct{ *tallying }

func (m urgents) Load(key StateKey, data []byte) (State, error) {
	s, err := m.tallying.Load(key, data)
	if err != nil {
		return nil, err
	}
	return &urgent{tally: s.(*tally)}, nil
}

func (m urgents) Apply(key StateKey, s State, e *Entry) bool {
	return m.tallying.Apply(key, s.(*urgent).tally, e)
}

func (m urgents) Saved(_ StateKey, s State) { s.(*urgent).pressing = false }
func (m urgents) Resume(StateKey, State)    {}

// TestPress: what presses is stored soon, and what does not can wait.
func TestPress(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	j := openEmbedded(t, t.TempDir())
	o := runOwner(t, j, "a", urgents{newTallying()}, OwnerOptions{FlushInterval: time.Hour, PressInterval: 10 * time.Millisecond})
	last := appendAll(t, j, parcel{Room: "calm", Number: 1}, parcel{Room: "urgent", Number: 1})[1].Sequence
	g.Eventually(o.Position).WithTimeout(10 * time.Second).Should(Equal(last))
	stored := func(room string) func() bool {
		return func() bool {
			_, there, err := j.State(t.Context(), roomKey(room))
			g.Expect(err).NotTo(HaveOccurred())
			return there
		}
	}
	g.Expect(stored("urgent")()).To(BeFalse())
	g.Expect(o.Mutate(t.Context(), roomKey("urgent"), func(s State) bool {
		s.(*urgent).pressing = true
		return true
	})).To(Succeed())
	g.Eventually(stored("urgent")).WithTimeout(10 * time.Second).Should(BeTrue())
	g.Expect(stored("calm")()).To(BeFalse())
	g.Expect(o.Flush(t.Context())).To(Succeed())
	g.Expect(stored("calm")()).To(BeTrue())
}
