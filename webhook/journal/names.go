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
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// names are those of a log's streams and subjects. A bucket is a stream with the
// prefix of the key-value layer, so that the vendor's tools can read it.
type names struct {
	entries, state, records, members string // streams

	statePrefix, recordsPrefix, membersPrefix string

	// subjects of entries by their two partitions.
	subjects *[Partitions][Partitions]string
	pattern  string // of all of them
}

// newNames are the names of a log; those of the first one are without its name.
func newNames(log string) *names {
	entries, prefix := "EVENTS", ""
	if log != "" {
		entries, prefix = log, log+"_"
	}
	n := &names{
		entries: entries, state: "KV_" + prefix + "STATE", records: "KV_" + prefix + "PARTITIONS", members: "KV_" + prefix + "MEMBERS",
		statePrefix: "$KV." + prefix + "STATE.", recordsPrefix: "$KV." + prefix + "PARTITIONS.", membersPrefix: "$KV." + prefix + "MEMBERS.",
		subjects: new([Partitions][Partitions]string), pattern: strings.ToLower(entries) + ".*.*",
	}
	for a := range n.subjects {
		for b := range n.subjects[a] {
			n.subjects[a][b] = strings.ToLower(entries) + "." + strconv.Itoa(a) + "." + strconv.Itoa(b)
		}
	}
	return n
}

// stateOf is the subject of a state's value.
func (n *names) stateOf(k StateKey) string {
	return n.statePrefix + strconv.Itoa(k.Partition) + "." + kindToken(k.Kind) + "." + nameToken(k.Name)
}

// statesOf is the pattern of all states of a kind in a partition, or in all of
// them for "*".
func (n *names) statesOf(partition, kind string) string {
	return n.statePrefix + partition + "." + kindToken(kind) + ".*"
}

// barrier is a subject of the states' stream that holds no state.
func (n *names) barrier() string { return n.statePrefix + "barrier" }

// parseState is the inverse of stateOf.
func (n *names) parseState(subject string) (StateKey, error) {
	parts := strings.Split(strings.TrimPrefix(subject, n.statePrefix), ".")
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

// nameToken makes any text part of a subject.
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
