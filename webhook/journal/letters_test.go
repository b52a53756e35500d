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
	"time"

	"github.com/nats-io/nats.go/jetstream"
	. "github.com/onsi/gomega"
)

func TestLetters(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, j *Journal) {
		t.Helper()
		g := NewWithT(t)
		letters, err := j.Letters(t.Context(), LettersOptions{})
		g.Expect(err).NotTo(HaveOccurred())
		first, err := letters.Append(t.Context(), "1", "shop", "alice.*>", []byte("one"))
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(letters.Append(t.Context(), "1", "shop", "alice.*>", []byte("one"))).To(Equal(first), "once")
		for n := 2; n <= 5; n++ {
			_, err := letters.Append(t.Context(), fmt.Sprint(n), "shop", "bob", []byte(fmt.Sprint(n)))
			g.Expect(err).NotTo(HaveOccurred())
		}
		_, err = letters.Append(t.Context(), "2", "bakery", "bob", []byte("x"))
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(letters.Count(t.Context(), "shop")).To(Equal(int64(5)))

		one, err := letters.Get(t.Context(), first)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(one.Time).NotTo(BeZero())
		one.Time = StoredLetter{}.Time
		g.Expect(one).To(Equal(StoredLetter{Sequence: first, Account: "shop", Customer: "alice.*>", Data: []byte("one")}))

		var seen []string
		for from := uint64(1); from > 0; {
			var page []StoredLetter
			page, from, err = letters.List(t.Context(), LetterFilter{Account: "shop"}, from, 2)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(len(page)).To(BeNumerically("<=", 2))
			for _, letter := range page {
				seen = append(seen, string(letter.Data))
			}
		}
		g.Expect(seen).To(Equal([]string{"one", "2", "3", "4", "5"}))

		g.Expect(letters.Delete(t.Context(), first)).To(Succeed())
		g.Expect(letters.Delete(t.Context(), first)).To(Succeed(), "gone is gone")
		_, err = letters.Get(t.Context(), first)
		g.Expect(err).To(MatchError(ErrNotFound))
		again, err := letters.Append(t.Context(), "1", "shop", "alice.*>", []byte("one"))
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(again).To(BeNumerically(">", first), "a letter that failed again is not lost")
		g.Expect(letters.Append(t.Context(), "1", "shop", "alice.*>", []byte("one"))).To(Equal(again))

		g.Expect(letters.DeleteCustomer(t.Context(), "shop", "bob")).To(Succeed())
		g.Expect(letters.Count(t.Context(), "shop")).To(Equal(int64(1)))
		g.Expect(letters.Count(t.Context(), "bakery")).To(Equal(int64(1)))
		for _, wrong := range [][3]string{{"", "shop", "bob"}, {"1", "", "bob"}, {"1", "shop", ""}} {
			_, err = letters.Append(t.Context(), wrong[0], wrong[1], wrong[2], nil)
			g.Expect(err).To(MatchError(ErrInvalid))
		}
		g.Expect(letters.DeleteCustomer(t.Context(), "bakery", "")).To(MatchError(ErrInvalid))
		g.Expect(letters.Count(t.Context(), "bakery")).To(Equal(int64(1)))
		_, err = letters.Get(t.Context(), 0)
		g.Expect(err).To(MatchError(ErrNotFound))
		g.Expect(letters.Delete(t.Context(), 0)).To(Succeed())
	})
}

// TestLettersBounds: when there is no room, letters are refused and none is dropped;
// what was stored is there after a restart.
func TestLettersBounds(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	dir := t.TempDir()
	j := openEmbedded(t, dir)
	letters, err := j.Letters(t.Context(), LettersOptions{})
	g.Expect(err).NotTo(HaveOccurred())
	got := letters.stream.CachedInfo().Config
	g.Expect([]any{got.Name, got.Subjects, got.Discard, got.MaxBytes, got.MaxAge, got.Duplicates}).To(Equal([]any{
		"DEADLETTER", []string{"deadletter.*.*"}, jetstream.DiscardNew, int64(256 << 20), 30 * 24 * time.Hour, 20 * time.Minute}))
	letters, err = j.Letters(t.Context(), LettersOptions{MaxBytes: 16 << 10})
	g.Expect(err).NotTo(HaveOccurred(), "other bounds")
	stored := int64(0)
	for ; err == nil; stored++ {
		_, err = letters.Append(t.Context(), fmt.Sprint(stored), "shop", "alice", make([]byte, 1<<10))
	}
	stored--
	g.Expect(err).To(MatchError(ErrFull))
	g.Expect(j.Ready()).To(Succeed(), "the log has room")
	g.Expect(letters.Count(t.Context(), "shop")).To(Equal(stored))
	closeJournal(t, j)

	j = openEmbedded(t, dir)
	letters, err = j.Letters(t.Context(), LettersOptions{MaxBytes: 16 << 10})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(letters.Count(t.Context(), "shop")).To(Equal(stored))
	g.Expect(letters.Append(t.Context(), "1", "shop", "alice", nil)).To(Equal(uint64(2)), "it is there, full or not")
	g.Expect(letters.Delete(t.Context(), 1)).To(Succeed())
	_, err = letters.Append(t.Context(), "new", "shop", "alice", []byte("there is room again"))
	g.Expect(err).NotTo(HaveOccurred())
}
