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

package moderationpolicy

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"maps"
	"slices"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/lifecycle"
)

const (
	// digestBytes is the length of one digest. A word of others that has the digest
	// of one of ours would be taken for ours: with 10,000 of each, one chance in
	// 10^11.
	digestBytes = 8
	// maxRecorded is how many digests fit into status: all words of a policy twice,
	// so that they can be exchanged at once.
	maxRecorded = 2 * MaxWords
)

// digest stands for a word.
type digest [digestBytes]byte

func digestOf(word string) digest {
	sum := sha256.Sum256([]byte(word))
	return digest(sum[:digestBytes])
}

// Record is the set of words that we have added to IM, or may have added.
type Record map[digest]struct{}

func (r Record) has(word string) bool {
	_, found := r[digestOf(word)]
	return found
}

// readRecord reads what encode wrote.
func readRecord(text string) (Record, error) {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(raw)%digestBytes != 0 {
		return nil, errors.New("status.providerWords is not a list of digests: which words are the policy's own is not known")
	}
	record := make(Record, len(raw)/digestBytes)
	for one := range slices.Chunk(raw, digestBytes) {
		record[digest(one)] = struct{}{}
	}
	return record, nil
}

// encode writes the digests one after the other, sorted, in base64: equal records
// have equal texts.
func (r Record) encode() string {
	sorted := slices.SortedFunc(maps.Keys(r), func(a, b digest) int { return slices.Compare(a[:], b[:]) })
	raw := make([]byte, 0, len(sorted)*digestBytes)
	for _, one := range sorted {
		raw = append(raw, one[:]...)
	}
	return base64.StdEncoding.EncodeToString(raw)
}

// Record implements lifecycle.Recorder: a word is noted as ours before it is
// added.
func (k *Kind) Record(policy *imv1alpha1.ModerationPolicy, _ Desired, due []lifecycle.Change) bool {
	ours, err := readRecord(policy.Status.ProviderWords)
	if err != nil { // resolving has refused it before
		return false
	}
	before := len(ours)
	for _, change := range due {
		if addition, ok := change.Value.(Addition); ok {
			for _, word := range addition.Words {
				ours[digestOf(word.Text)] = struct{}{}
			}
		}
	}
	if len(ours) == before {
		return false
	}
	policy.Status.ProviderWords = ours.encode()
	return true
}

// Keeps implements lifecycle.Recorder.
func (k *Kind) Keeps(*imv1alpha1.ModerationPolicy) bool { return true }

// Report implements lifecycle.Kind. A word is ours no longer when it is known to
// be gone from IM; one whose change was not made, or may have been, stays.
func (k *Kind) Report(policy *imv1alpha1.ModerationPolicy, pass *lifecycle.Pass[Desired, Observed]) {
	if pass.Desired == nil || pass.Observed == nil {
		return
	}
	ours, err := readRecord(policy.Status.ProviderWords)
	if err != nil {
		return
	}
	present, open := map[string]bool{}, Record{}
	for _, word := range pass.Observed.Words {
		present[word.Text] = true
	}
	applied := make(map[string]bool, len(pass.Applied))
	for _, change := range pass.Applied {
		applied[change.Path] = true
	}
	for _, change := range pass.Planned {
		for text, there := range effects(change) {
			if applied[change.Path] {
				present[text] = there
			} else {
				open[digestOf(text)] = struct{}{}
			}
		}
	}
	for text, there := range present {
		if there {
			open[digestOf(text)] = struct{}{}
		}
	}
	maps.DeleteFunc(ours, func(one digest, _ struct{}) bool { _, kept := open[one]; return !kept })
	policy.Status.ProviderWords = ours.encode()

	policy.Status.Words = 0
	for _, word := range pass.Desired.Words {
		if present[word] {
			policy.Status.Words++
		}
	}
}

// effects are the words of a change, and whether they are in IM after it.
func effects(change lifecycle.Change) map[string]bool {
	after := map[string]bool{}
	switch value := change.Value.(type) {
	case Addition:
		for _, word := range value.Words {
			after[word.Text] = true
		}
	case Replacement:
		for _, word := range value.New {
			after[word.Text] = true
		}
	case Removal:
		for _, word := range value.Words {
			after[word.Text] = false
		}
	}
	return after
}
