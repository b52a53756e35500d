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
	"encoding/json"
	"fmt"
	"strconv"
)

// Partitions is the number of partitions. It is fixed: states are stored under
// the number of their partition.
const Partitions = 32

// Partition of a key.
func Partition(key string) int { return int(hash(key) % Partitions) }

// hash is FNV-1a with a final mix, so that its low bits depend on all of the key.
func hash(keys ...string) uint64 {
	h := uint64(14695981039346656037)
	for _, key := range keys {
		for i := range len(key) {
			h = (h ^ uint64(key[i])) * 1099511628211
		}
		h = (h ^ 0xff) * 1099511628211 // a byte that UTF-8 does not have ends each key
	}
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	return h
}

// assigned tells who of the members gets a partition: the one with the highest
// hash. When a member comes or goes, only its own partitions move.
func assigned(partition int, members []string) string {
	var best string
	var most uint64
	for _, m := range members {
		if h := hash(m, strconv.Itoa(partition)); best == "" || h > most || h == most && m < best {
			best, most = m, h
		}
	}
	return best
}

// record of a partition, as it is stored.
type record struct {
	// Owner is the member that folds the partition; empty when it was released.
	Owner string `json:"owner"`
	// Epoch grows with each owner. A value that was written under a later epoch
	// than one's own means that the partition is lost.
	Epoch uint64 `json:"epoch"`
	// Checkpoint is the sequence up to which all states of the partition include
	// all entries.
	Checkpoint uint64 `json:"checkpoint"`
	// Incarnation of the stream that the checkpoint counts in.
	Incarnation uint64 `json:"incarnation"`
}

// parsePartition reads the number of a partition.
func parsePartition(s string) (int, error) {
	p, err := strconv.Atoi(s)
	if err != nil || p < 0 || p >= Partitions {
		return 0, fmt.Errorf("%q is not a partition", s)
	}
	return p, nil
}

func decodeRecord(data []byte) (record, error) {
	var r record
	if err := json.Unmarshal(data, &r); err != nil {
		return record{}, fmt.Errorf("the record of a partition: %w", err)
	}
	return r, nil
}

func (r record) encode() []byte {
	data, err := json.Marshal(r)
	if err != nil {
		// Two strings and three numbers always encode.
		panic(err)
	}
	return data
}

// in is the checkpoint in a given incarnation of the stream: nothing of a stream
// that was made anew has been folded.
func (r record) in(incarnation uint64) uint64 {
	if r.Incarnation != incarnation {
		return 0
	}
	return r.Checkpoint
}
