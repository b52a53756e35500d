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
		_, err = letters.Append(t.Context(), "other", "bakery", "bob", []byte("x"))
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
		_, err = letters.Append(t.Context(), "", "shop", "bob", nil)
		g.Expect(err).To(MatchError(ErrInvalid))
	})
}
