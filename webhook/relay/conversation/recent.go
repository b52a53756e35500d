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
	"crypto/sha256"
	"encoding/binary"
	"errors"
)

// recent are digests of the ids seen last, the oldest first: 8 bytes of the id and
// 4 bytes of a time each. It is encoded as base64.
type recent []byte

const (
	digestBytes = 8
	seenBytes   = digestBytes + 4
	// maxRecent ids are known: as many as the states of all customers have room for.
	maxRecent = 240
)

var errRecent = errors.New("the list of ids is damaged")

func digest(id string) (d [digestBytes]byte) {
	sum := sha256.Sum256([]byte(id))
	copy(d[:], sum[:])
	return d
}

func (r recent) has(id string) bool {
	d := digest(id)
	for i := 0; i+seenBytes <= len(r); i += seenBytes {
		if [digestBytes]byte(r[i:]) == d {
			return true
		}
	}
	return false
}

// add an id with its time in seconds. When another had to go for it, its time is
// returned.
func (r *recent) add(id string, at int64) (forgotten int64, full bool) {
	if len(*r) >= maxRecent*seenBytes {
		forgotten, full = int64(binary.BigEndian.Uint32((*r)[digestBytes:])), true
		*r = append((*r)[:0], (*r)[seenBytes:]...)
	}
	d := digest(id)
	*r = append(*r, d[:]...)
	*r = binary.BigEndian.AppendUint32(*r, uint32(min(max(at, 0), 1<<32-1)))
	return forgotten, full
}

func (r recent) check() error {
	if len(r)%seenBytes != 0 || len(r) > maxRecent*seenBytes {
		return errRecent
	}
	return nil
}

// references are sequences of entries of the log, in the order in which they were
// added: the differences between them, packed.
type references struct {
	Packed []byte `json:"packed,omitempty"`
	// Before is the sequence before the first, Last the one of the last.
	Before uint64 `json:"before,omitempty"`
	Last   uint64 `json:"last,omitempty"`
	Count  int    `json:"count,omitempty"`
}

// IsZero is for omitzero, which takes an empty list for something.
func (r references) IsZero() bool {
	return len(r.Packed) == 0 && r.Before == 0 && r.Last == 0 && r.Count == 0
}

var errReferences = errors.New("the list of sequences is damaged")

// add reports false when there is no room.
func (r *references) add(sequence uint64) bool {
	if len(r.Packed)+binary.MaxVarintLen64 > maxReferences {
		return false
	}
	r.Packed = binary.AppendVarint(r.Packed, int64(sequence-r.Last))
	r.Last = sequence
	r.Count++
	return true
}

// first are up to limit of the sequences.
func (r *references) first(limit int) []uint64 {
	var all []uint64
	packed, at := r.Packed, r.Before
	for len(all) < limit && len(packed) > 0 {
		difference, n := binary.Varint(packed)
		if n <= 0 {
			break
		}
		at += uint64(difference)
		all, packed = append(all, at), packed[n:]
	}
	return all
}

// take the first one out if it is this one.
func (r *references) take(sequence uint64) bool {
	difference, n := binary.Varint(r.Packed)
	if n <= 0 || r.Before+uint64(difference) != sequence {
		return false
	}
	r.Packed, r.Before, r.Count = r.Packed[n:], sequence, r.Count-1
	if r.Count == 0 {
		*r = references{}
	}
	return true
}

func (r *references) check() error {
	all := r.first(len(r.Packed))
	length := 0
	for packed := r.Packed; len(packed) > 0; {
		_, n := binary.Varint(packed)
		if n <= 0 {
			return errReferences
		}
		packed, length = packed[n:], length+1
	}
	switch {
	case length != r.Count, len(r.Packed) > maxReferences:
		return errReferences
	case length == 0 && (r.Before != 0 || r.Last != 0), length > 0 && all[length-1] != r.Last:
		return errReferences
	}
	return nil
}
