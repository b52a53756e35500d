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
	"context"
	"encoding/binary"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// benchJournal is large enough for what a benchmark writes.
func benchJournal(b *testing.B) *Journal {
	b.Helper()
	j, err := Open(b.Context(), Options{
		Embedded:      &Embedded{Dir: b.TempDir(), MaxStoreBytes: 64 << 30},
		Events:        EventLimits{MaxBytes: 32 << 30},
		StateMaxBytes: 8 << 30,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = j.Close(context.Background()) })
	return j
}

// benchEntry is like a counted message: one of 1,000 rooms, one of 20,000 users.
func benchEntry(n int64) Entry {
	room, user := "room-"+strconv.FormatInt(n%1000, 10), "user-"+strconv.FormatInt(n*7919%20000, 10)
	data := make([]byte, 200)
	binary.BigEndian.PutUint64(data, uint64(n))
	copy(data[8:], fmt.Sprintf("%-16s%-16s", room, user))
	return Entry{ID: "group-" + room + "-message-" + strconv.FormatInt(n, 10), First: room, Second: user, Data: data}
}

func callers(b *testing.B, n int, call func(int64) error) {
	b.Helper()
	b.ReportAllocs()
	b.ResetTimer()
	var next atomic.Int64
	var running sync.WaitGroup
	for range n {
		running.Go(func() {
			for {
				i := next.Add(1)
				if i > int64(b.N) {
					return
				}
				if err := call(i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	running.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

func BenchmarkAppend(b *testing.B) {
	for _, n := range []int{1, 64, 256} {
		b.Run(fmt.Sprintf("callers=%d", n), func(b *testing.B) {
			j := benchJournal(b)
			callers(b, n, func(i int64) error {
				_, err := j.Append(b.Context(), benchEntry(i))
				return err
			})
			reportMemory(b)
		})
	}
}

// BenchmarkClientPublish is the floor to compare with: the vendor's own
// asynchronous publish with the same header.
func BenchmarkClientPublish(b *testing.B) {
	for _, n := range []int{1, 64, 256} {
		b.Run(fmt.Sprintf("callers=%d", n), func(b *testing.B) {
			j := benchJournal(b)
			js, err := jetstream.New(j.conn, jetstream.WithPublishAsyncMaxPending(4096), jetstream.WithPublishAsyncTimeout(time.Second))
			if err != nil {
				b.Fatal(err)
			}
			callers(b, n, func(i int64) error {
				e := benchEntry(i)
				subject, id, err := j.layout.address(&e)
				if err != nil {
					return err
				}
				future, err := js.PublishMsgAsync(&nats.Msg{Subject: subject, Header: nats.Header{msgIDHeader: []string{id}}, Data: e.Data})
				if err != nil {
					return err
				}
				select {
				case <-future.Ok():
					return nil
				case err := <-future.Err():
					return err
				}
			})
		})
	}
}

// counter is about the smallest state.
type counter struct{ n uint64 }

func (c *counter) AppendState(b []byte) ([]byte, error) {
	return binary.AppendUvarint(b, c.n), nil
}

type counting struct{}

func (counting) Touch(e *Entry) []StateKey {
	room, user := string(e.Data[8:24]), string(e.Data[24:40])
	return []StateKey{
		{Kind: "room", Name: room, Partition: Partition(room)},
		{Kind: "user", Name: user, Partition: Partition(user)},
	}
}

func (counting) Load(_ StateKey, data []byte) (State, error) {
	n, _ := binary.Uvarint(data)
	return &counter{n: n}, nil
}

func (counting) Apply(_ StateKey, s State, _ *Entry) bool {
	s.(*counter).n++
	return true
}

func (counting) Saved(StateKey, State)  {}
func (counting) ResumeKinds() []string  { return nil }
func (counting) Resume(StateKey, State) {}

// BenchmarkAppendAndFold has both at once: 256 callers, and the owner that folds
// what they append. It ends when everything is stored.
func BenchmarkAppendAndFold(b *testing.B) {
	j := benchJournal(b)
	owner, err := NewOwner(j, "bench", counting{}, OwnerOptions{})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- owner.Run(ctx) }()
	callers(b, 256, func(i int64) error {
		_, err := j.Append(b.Context(), benchEntry(i))
		return err
	})
	appended := b.Elapsed()
	b.StartTimer()
	for owner.Position() < uint64(b.N) {
		runtime.Gosched()
	}
	if err := owner.Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/appended.Seconds(), "appended/s")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
	reportMemory(b)
	cancel()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
}

func reportMemory(b *testing.B) {
	b.Helper()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.HeapAlloc)/(1<<20), "heap-MiB")
}
