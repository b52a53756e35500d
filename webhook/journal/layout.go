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
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// layout is where one log has its things on the server. A bucket is a stream
// with the prefix of the key-value layer, so that the vendor's tools can read it.
type layout struct {
	log     string // the name of the log in metrics
	about   string // what the log holds
	entries place
	state   place
	records place
	members place
	// barrier is a subject of the states' stream that holds no state.
	barrier string
	// subjects of entries by their two partitions.
	subjects [Partitions][Partitions]string
}

// place is a stream and what its subjects begin with.
type place struct{ stream, prefix string }

// bucketPlace is that of a key-value bucket.
func bucketPlace(bucket string) place {
	return place{stream: "KV_" + bucket, prefix: "$KV." + bucket + "."}
}

// eventsLayout is that of the log which Open opens. Its buckets have the names
// that they had when it was the only one.
func eventsLayout() *layout {
	return newLayout("EVENTS", "", "What providers reported, until it is counted")
}

// joinedLayout is that of a further log.
func joinedLayout(name, about string) *layout { return newLayout(name, name+"_", about) }

func newLayout(name, bucketPrefix, about string) *layout {
	l := &layout{
		log: strings.ToLower(name), about: about,
		entries: place{stream: name, prefix: strings.ToLower(name) + "."},
		state:   bucketPlace(bucketPrefix + "STATE"),
		records: bucketPlace(bucketPrefix + "PARTITIONS"),
		members: bucketPlace(bucketPrefix + "MEMBERS"),
	}
	l.barrier = l.state.prefix + "barrier"
	for a := range l.subjects {
		for b := range l.subjects[a] {
			l.subjects[a][b] = l.entries.prefix + strconv.Itoa(a) + "." + strconv.Itoa(b)
		}
	}
	return l
}

// streams are the names of all streams of the log.
func (l *layout) streams() []string {
	return []string{l.entries.stream, l.state.stream, l.records.stream, l.members.stream}
}

// maxNameBytes bounds the names of logs and of buckets.
const maxNameBytes = 32

// checkName refuses what cannot name a stream or a bucket.
func checkName(name string) error {
	if name == "" || len(name) > maxNameBytes {
		return fmt.Errorf("%w: a name has 1 to %d characters", ErrInvalid, maxNameBytes)
	}
	for i := range len(name) {
		if c := name[i]; (c < 'A' || c > 'Z') && (i == 0 || c != '_' && (c < '0' || c > '9')) {
			return fmt.Errorf("%w: %q is not a name of capital letters, digits and '_'", ErrInvalid, name)
		}
	}
	return nil
}

// address is the subject of an entry, with its partitions, and its ID's digest.
func (l *layout) address(e *Entry) (subject, id string, err error) {
	if e.ID == "" {
		return "", "", fmt.Errorf("%w: it has no ID", ErrInvalid)
	}
	first := Partition(e.First)
	second := first
	if e.Second != "" {
		second = Partition(e.Second)
	}
	return l.subjects[first][second], digest(e.ID), nil
}

// digestBytes of an ID: short, because the server keeps the IDs of the
// duplicate window in memory, and long enough to meet no other by chance.
const digestBytes = 12

// digest of an ID.
func digest(id string) string {
	sum := sha256.Sum256([]byte(id))
	return base64.RawURLEncoding.EncodeToString(sum[:digestBytes])
}

// stateSubject is that of a state's value.
func (l *layout) stateSubject(k StateKey) string {
	return l.state.prefix + strconv.Itoa(k.Partition) + "." + kindToken(k.Kind) + "." + nameToken(k.Name)
}

// statesOf names all states of a kind, in one partition or in all of them ("*").
func (l *layout) statesOf(partition, kind string) string {
	return l.state.prefix + partition + "." + kindToken(kind) + ".*"
}

// recordSubject is that of a partition's record.
func (l *layout) recordSubject(partition int) string {
	return l.records.prefix + strconv.Itoa(partition)
}

// stateKey is the inverse of stateSubject.
func (l *layout) stateKey(subject string) (StateKey, error) {
	parts := strings.Split(strings.TrimPrefix(subject, l.state.prefix), ".")
	if len(parts) != 3 {
		return StateKey{}, fmt.Errorf("subject %q is not that of a state", subject)
	}
	partition, err := parsePartition(parts[0])
	if err != nil {
		return StateKey{}, fmt.Errorf("subject %q: %w", subject, err)
	}
	name, err := parseName(parts[2])
	if err != nil {
		return StateKey{}, fmt.Errorf("subject %q has no name: %w", subject, err)
	}
	return StateKey{Kind: parts[1], Name: name, Partition: partition}, nil
}

// kindToken panics for a kind that cannot be part of a subject: kinds are
// constants of the program.
func kindToken(kind string) string {
	for i := range len(kind) {
		c := kind[i]
		if c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			panic(fmt.Sprintf("journal: %q does not name a kind of states", kind))
		}
	}
	if kind == "" {
		panic("journal: the kind of a state has no name")
	}
	return kind
}

// emptyName stands for a name without characters; no other name is encoded so.
const emptyName = "-"

// nameToken makes any text a part of a subject.
func nameToken(name string) string {
	if name == "" {
		return emptyName
	}
	return base64.RawURLEncoding.EncodeToString([]byte(name))
}

// parseName is the inverse of nameToken.
func parseName(token string) (string, error) {
	if token == emptyName {
		return "", nil
	}
	name, err := base64.RawURLEncoding.DecodeString(token)
	return string(name), err
}
