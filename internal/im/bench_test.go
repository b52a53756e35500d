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

package im

import (
	"context"
	"strconv"
	"sync/atomic"
	"testing"
	"time"
)

// The cost of an item that travels through the batcher, with many callers at once.
func BenchmarkBatcher(b *testing.B) {
	var batches atomic.Int64
	settings := testBatching(func(_ context.Context, items []string) []outcome[string] {
		batches.Add(1)
		return make([]outcome[string], len(items))
	})
	settings.command = &command{name: "bench", maxItems: 50}
	settings.linger, settings.gather = time.Millisecond, 5*time.Millisecond
	batcher := newBatcher(settings)
	b.Cleanup(func() { batcher.close(time.Minute) })
	var next atomic.Int64
	b.SetParallelism(200)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			key := strconv.FormatInt(next.Add(1), 10)
			if _, err := batcher.submit(context.Background(), key, key); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/float64(batches.Load()), "items/batch")
}

// The cost of a signature, as made for users.
func BenchmarkSign(b *testing.B) {
	s := NewSigner(testAppID, testKey)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Sign("alice", time.Hour); err != nil {
			b.Fatal(err)
		}
	}
}

// The cost of the identity of a request, whose signature is cached.
func BenchmarkIdentity(b *testing.B) {
	k := newKeyring(testAppID, Credentials{Administrator: testAdmin, SecretKey: testKey}, systemClock{})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := k.current(); err != nil {
			b.Fatal(err)
		}
	}
}

// The cost of reading an answer about a full batch of groups.
func BenchmarkDecodeGroups(b *testing.B) {
	answer := []byte(`{"ActionStatus":"OK","ErrorCode":0,"GroupInfo":[`)
	for i := range getGroupInfo.maxItems {
		if i > 0 {
			answer = append(answer, ',')
		}
		answer = append(answer, `{"GroupId":"g`+strconv.Itoa(i)+`","ErrorCode":0,"Type":"AVChatRoom","Name":"直播间","Introduction":"i",`+
			`"Notification":"n","FaceUrl":"https://example.com/a.png","Owner_Account":"alice","CreateTime":1700000000,`+
			`"ApplyJoinOption":"FreeAccess","MuteAllMember":"Off","AppDefinedData":[{"Key":"add_goods","Value":"x"}]}`...)
	}
	answer = append(answer, `]}`...)
	var ids []string
	for i := range getGroupInfo.maxItems {
		ids = append(ids, "g"+strconv.Itoa(i))
	}
	c := &Client{calls: callerFunc(func(context.Context, request) ([]byte, error) { return answer, nil })}
	queries := make([]groupQuery, len(ids))
	for i, id := range ids {
		queries[i] = groupQuery{groupID: id}
	}
	b.ReportAllocs()
	for b.Loop() {
		if got := c.readGroups(b.Context(), queries); got[0].err != nil || got[0].value.Name == "" {
			b.Fatal(got[0].err)
		}
	}
}
