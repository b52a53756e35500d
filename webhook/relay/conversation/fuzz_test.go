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

package conversation

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

// What is read of an entry can be written and reads the same, and folding it twice
// is folding it once.
func FuzzDecodeEntry(f *testing.F) {
	for _, e := range []*Entry{inboundEntry(), outboundEntry(), commandEntry(inboundEntry()), commandEntry(outboundEntry())} {
		data, err := e.AppendTo(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := DecodeEntry(data)
		if err != nil {
			if e != nil {
				t.Fatal("an entry beside an error")
			}
			return
		}
		written, err := e.AppendTo(nil)
		if err != nil {
			return // it grew beyond the bound
		}
		again, err := DecodeEntry(written)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if rewritten, err := again.AppendTo(nil); err != nil || !bytes.Equal(written, rewritten) {
			t.Fatalf("%s is written as %s: %v", written, rewritten, err)
		}
		if e.ID() != again.ID() || e.Key() != again.Key() {
			t.Fatalf("%s of %s has become %s of %s", e.ID(), e.Key(), again.ID(), again.Key())
		}
		c := New(e.Key())
		c.Apply(1, e)
		before, err := c.AppendState(nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.Apply(2, again) {
			t.Fatal("it changed the customer twice")
		}
		loaded, err := Load(c.Key(), before)
		if err != nil {
			t.Fatalf("the state cannot be read: %v", err)
		}
		if after, err := loaded.AppendState(nil); err != nil || !bytes.Equal(before, after) {
			t.Fatalf("%s is stored as %s: %v", before, after, err)
		}
	})
}

// A state that is read can be stored and reads the same, has a next step for each
// lane at any time, and takes entries.
func FuzzLoad(f *testing.F) {
	for _, data := range states(f) {
		f.Add(data, int64(0))
		f.Add(data, time.Hour.Milliseconds())
	}
	f.Fuzz(func(t *testing.T, data []byte, later int64) {
		c, err := Load("a/o", data)
		if err != nil {
			if c != nil {
				t.Fatal("a customer beside an error")
			}
			return
		}
		stored, err := c.AppendState(nil)
		if err != nil {
			return // it grew beyond the bound
		}
		again, err := Load("a/o", stored)
		if err != nil {
			t.Fatalf("what was stored cannot be read: %v", err)
		}
		settings := Settings{
			Verification: imv1alpha1.VerificationVerified, Agents: []string{"a", "b"}, SessionIdle: time.Hour, WaitingMessages: 20, WaitingAge: time.Hour,
		}
		now := start.Add(time.Duration(later%maxMilliseconds) * time.Millisecond)
		for range 2 {
			for _, lane := range []Lane{ToAgent, ToCustomer} {
				one, two := c.Next(lane, now, &settings), again.Next(lane, now, &settings)
				if !reflect.DeepEqual(one, two) {
					t.Fatalf("%#v has become %#v", one, two)
				}
			}
			settings.Verification = imv1alpha1.VerificationPersonal
		}
		if after, err := again.AppendState(nil); err != nil || !bytes.Equal(stored, after) {
			t.Fatalf("%s is stored as %s: %v", stored, after, err)
		}
		_ = Answer(c, &inboundEntry().Inbound.Push, &settings, now, true)
		_ = c.Contribution(now, &settings)
		c.Apply(1, inboundEntry())
		c.Apply(2, outboundEntry())
	})
}

// states in the middle of something.
func states(t fataler) [][]byte {
	var all [][]byte
	add := func(w *world) {
		data, err := w.live.AppendState(nil)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, data)
	}
	for _, verification := range []imv1alpha1.Verification{imv1alpha1.VerificationVerified, imv1alpha1.VerificationPersonal} {
		w := newWorld(t, verification)
		w.writes()
		w.agentReplies("a")
		for range 8 {
			w.step(ToAgent)
			w.step(ToCustomer)
			add(w)
		}
		w.agentReplies("b")
		for range 4 {
			w.customerWrites(30_000)
		}
		w.foldAll()
		add(w)
		w.happens("unsubscribe", w.now)
		add(w)
	}
	return all
}
