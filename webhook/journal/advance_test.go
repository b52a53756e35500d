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
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

// TestEntriesLostWithThePower puts an older copy of the stream beside newer
// checkpoints and states, as a loss of power can: what comes afterwards counts.
func TestEntriesLostWithThePower(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	dir := t.TempDir()
	want := newTally()
	session := func(from, to int) {
		t.Helper()
		j := openEmbedded(t, dir)
		o := runOwner(t, j, "a", newTallying(), OwnerOptions{})
		var last uint64
		for n := from; n <= to; n++ {
			p := parcel{Room: "r", Number: n}
			last = appendAll(t, j, p)[0].Sequence
			want.add(p)
		}
		flushedTo(t, o, last)
		g.Eventually(func() map[string]*tally { return storedTallies(t, j, "room") }).
			WithTimeout(10 * time.Second).Should(Equal(map[string]*tally{"r": want}))
		g.Expect(o.stop()).To(Succeed())
		closeJournal(t, j)
	}
	session(1, 5)
	stream := findStream(t, dir)
	older := t.TempDir()
	g.Expect(os.CopyFS(older, os.DirFS(stream))).To(Succeed())
	session(6, 10)
	g.Expect(os.RemoveAll(stream)).To(Succeed())
	g.Expect(os.CopyFS(stream, os.DirFS(older))).To(Succeed())
	session(11, 12)
	session(13, 14)
}

// findStream is where the server keeps the entries.
func findStream(t *testing.T, dir string) (found string) {
	t.Helper()
	name := eventsLayout().entries.stream
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && entry.Name() == name {
			found = path
			return fs.SkipAll
		}
		return err
	})
	if err != nil || found == "" {
		t.Fatalf("the stream was not found: %v", err)
	}
	return found
}
