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
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

func openValues(t *testing.T, j *Journal, name string, options ...ValuesOptions) *Values {
	t.Helper()
	v, err := j.Values(t.Context(), name, options...)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return v
}

func TestValues(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, j *Journal) {
		t.Helper()
		g := NewWithT(t)
		v, same, other := openValues(t, j, "TOKENS"), openValues(t, j, "TOKENS"), openValues(t, j, "OTHERS")
		for _, key := range []string{"", "wx1", "公众号/wx.*>"} {
			_, _, err := v.Get(t.Context(), key)
			g.Expect(err).To(MatchError(ErrNotFound))
			first, err := v.Put(t.Context(), key, []byte("one"), 0)
			g.Expect(err).NotTo(HaveOccurred())
			_, err = same.Put(t.Context(), key, []byte("late"), 0)
			g.Expect(err).To(MatchError(ErrConflict), "it exists")
			second, err := same.Put(t.Context(), key, []byte("two"), first)
			g.Expect(err).NotTo(HaveOccurred())
			_, err = v.Put(t.Context(), key, []byte("late"), first)
			g.Expect(err).To(MatchError(ErrConflict), "it has changed")
			value, revision, err := v.Get(t.Context(), key)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect([]any{string(value), revision}).To(Equal([]any{"two", second}))
			_, _, err = other.Get(t.Context(), key)
			g.Expect(err).To(MatchError(ErrNotFound))

			g.Expect(v.Delete(t.Context(), key)).To(Succeed())
			_, _, err = same.Get(t.Context(), key)
			g.Expect(err).To(MatchError(ErrNotFound))
			_, err = v.Put(t.Context(), key, []byte("late"), second)
			g.Expect(err).To(MatchError(ErrConflict), "it is gone")
			_, err = v.Put(t.Context(), key, nil, 0)
			g.Expect(err).NotTo(HaveOccurred(), "it may begin anew")
			value, _, err = same.Get(t.Context(), key)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(value).To(BeEmpty())
		}
		g.Expect(v.Delete(t.Context(), "unheard of")).To(Succeed())
		_, err := v.Put(t.Context(), strings.Repeat("k", maxKeyBytes+1), nil, 0)
		g.Expect(err).To(MatchError(ErrInvalid))
		_, err = v.Put(t.Context(), strings.Repeat("k", maxKeyBytes), nil, 0)
		g.Expect(err).NotTo(HaveOccurred())
	})
}

// TestValuesCompareAndSwap: of many who count at once nobody is overwritten.
func TestValuesCompareAndSwap(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, j *Journal) {
		t.Helper()
		g := NewWithT(t)
		const counters, each = 8, 10
		var counting sync.WaitGroup
		for range counters {
			v := openValues(t, j, "COUNTS")
			counting.Go(func() {
				for done := 0; done < each; {
					value, revision, err := v.Get(t.Context(), "n")
					if err != nil && !errors.Is(err, ErrNotFound) {
						t.Error(err)
						return
					}
					n, _ := strconv.Atoi(string(value))
					_, err = v.Put(t.Context(), "n", []byte(strconv.Itoa(n+1)), revision)
					switch {
					case err == nil:
						done++
					case !errors.Is(err, ErrConflict):
						t.Error(err)
						return
					}
				}
			})
		}
		counting.Wait()
		value, _, err := openValues(t, j, "COUNTS").Get(t.Context(), "n")
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(string(value)).To(Equal(strconv.Itoa(counters * each)))
	})
}

// TestValueUnconfirmed: whoever did not learn that a value was stored finds it,
// and does not take it for somebody else's.
func TestValueUnconfirmed(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	j := openEmbedded(t, t.TempDir(), func(o *Options) { o.AckTimeout = time.Hour })
	v := openValues(t, j, "TOKENS")
	for _, revision := range []uint64{0, 1} {
		// The confirmation meets a slot that does not wait any more.
		stored := make(chan uint64, 1)
		failed := make(chan error, 1)
		var held []*slot
		for one := j.publisher.slots.take(); one != nil; one = j.publisher.slots.take() {
			held = append(held, one)
		}
		last := held[0]
		last.mu.Lock()
		reply := last.reply
		last.reply = "nobody"
		last.mu.Unlock()
		j.publisher.slots.free <- last
		go func() {
			got, err := v.Put(t.Context(), "k", []byte("value"), revision)
			stored <- got
			failed <- err
		}()
		g.Eventually(func() error { _, _, err := v.Get(t.Context(), "k"); return err }).Should(Succeed())
		g.Eventually(func() (uint64, error) { _, at, err := v.Get(t.Context(), "k"); return at, err }).Should(Equal(revision + 1))
		last.mu.Lock()
		last.reply = reply
		last.mu.Unlock()
		for _, s := range held[1:] {
			j.publisher.slots.free <- s
		}
		j.publisher.failAll(ErrTimeout)
		g.Eventually(stored).Should(Receive(Equal(revision + 1)))
		g.Expect(<-failed).NotTo(HaveOccurred())
	}
}

func TestValuesBounds(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	j := openEmbedded(t, t.TempDir())
	v := openValues(t, j, "SMALL", ValuesOptions{MaxBytes: 4 << 10})
	_, err := v.Put(t.Context(), "large", make([]byte, 8<<10), 0)
	g.Expect(err).To(MatchError(ErrFull))
	_, err = v.Put(t.Context(), "small", make([]byte, 1<<10), 0)
	g.Expect(err).NotTo(HaveOccurred())
	info, err := openValues(t, j, "STANDARD").stream.Info(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(info.Config.MaxBytes).To(Equal(int64(1 << 20)))

	for name, want := range map[string]error{"tokens": ErrInvalid, "": ErrInvalid, "STATE": ErrOpen, "MEMBERS": ErrOpen} {
		_, err := j.Values(t.Context(), name)
		g.Expect(err).To(MatchError(want), name)
	}
	_, err = j.Values(t.Context(), "BRIEF", ValuesOptions{TTL: time.Millisecond})
	g.Expect(err).To(MatchError(ErrInvalid))
	openValues(t, j, "RELAY_STATE")
	_, err = j.Join(t.Context(), JoinOptions{Name: "RELAY"})
	g.Expect(err).To(MatchError(ErrOpen))
}

// TestValuesExpire: a value goes by its age, and its key is free again.
func TestValuesExpire(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	v := openValues(t, openEmbedded(t, t.TempDir()), "BRIEF", ValuesOptions{TTL: time.Second})
	_, err := v.Put(t.Context(), "k", []byte("1"), 0)
	g.Expect(err).NotTo(HaveOccurred())
	g.Eventually(func() error { _, _, err := v.Get(t.Context(), "k"); return err }).
		WithTimeout(5 * time.Second).Should(MatchError(ErrNotFound))
	_, err = v.Put(t.Context(), "k", []byte("2"), 0)
	g.Expect(err).NotTo(HaveOccurred())
}
