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
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/application"
	"github.com/liveroom-io/liveroom-operator/internal/hold"
	"github.com/liveroom-io/liveroom-operator/internal/im"
	"github.com/liveroom-io/liveroom-operator/internal/wordlist"
)

// MaxWords is how many words a policy can keep in IM.
const MaxWords = 10_000

// Desired is a policy with its lists read.
type Desired struct {
	// Words are sorted and distinct.
	Words []string
	// Filter and Replacement are what becomes of every word.
	Filter      im.KeywordFilter
	Replacement string
	// Ours are the words that were recorded as ours before.
	Ours Record
}

// Next implements lifecycle.Desired: no time matters.
func (Desired) Next() time.Time { return time.Time{} }

// keyword is a word as it should be in IM.
func (d Desired) keyword(word string) im.Keyword {
	return im.Keyword{Text: word, Kind: im.KeywordWord, Filter: d.Filter, Replacement: d.Replacement}
}

// Resolve implements lifecycle.Kind.
func (k *Kind) Resolve(ctx context.Context, _ *application.Connection, policy *imv1alpha1.ModerationPolicy) (Desired, error) {
	d := Desired{Filter: im.KeywordBlock}
	if policy.Spec.Action == imv1alpha1.ModerationActionMask {
		d.Filter, d.Replacement = im.KeywordReplace, imv1alpha1.DefaultMaskText
		if policy.Spec.MaskText != nil {
			d.Replacement = *policy.Spec.MaskText
		}
	}
	var err error
	if d.Ours, err = readRecord(policy.Status.ProviderWords); err != nil {
		return d, err
	}
	if policy.Spec.Words == nil {
		return d, hold.New(imv1alpha1.ReasonInvalid, "words is absent: set it, enforcement: Provider does nothing without")
	}
	words := slices.Clone(policy.Spec.Words.Inline)
	for i := range words {
		words[i] = strings.TrimSpace(words[i])
	}
	words = slices.DeleteFunc(words, func(word string) bool { return word == "" })
	for _, ref := range policy.Spec.Words.ConfigMapRefs {
		listed, err := k.list(ctx, types.NamespacedName{Namespace: policy.Namespace, Name: ref.Name})
		if err != nil {
			return d, err
		}
		words = append(words, listed...)
	}
	d.Words = wordlist.Distinct(words)
	if len(d.Words) > MaxWords {
		return d, hold.New(imv1alpha1.ReasonInvalid,
			"%d words, of at most %d with enforcement: Provider: shorten the lists, or use enforcement: Callback", len(d.Words), MaxWords)
	}
	return d, nil
}

// list is what a ConfigMap of a version holds.
type list struct {
	version string
	words   []string
	err     error
}

// list reads the words of a ConfigMap, anew only when it has changed.
func (k *Kind) list(ctx context.Context, key types.NamespacedName) ([]string, error) {
	version, err := k.references.ConfigMapVersion(ctx, key)
	if err != nil {
		return nil, inWords(err)
	}
	if kept, ok := k.lists.Get(key); ok && kept.version == version {
		return kept.words, kept.err
	}
	data, version, err := k.references.ConfigMap(ctx, key)
	if err != nil {
		return nil, inWords(err)
	}
	read := list{version: version}
	if read.words, err = wordlist.Parse(data); err != nil {
		read.err = hold.New(imv1alpha1.ReasonInvalid, "words: ConfigMap %s, %s", key, err)
	}
	k.lists.Add(key, read)
	return read.words, read.err
}

// inWords puts the field before what a wait says.
func inWords(err error) error {
	if wait, ok := hold.As(err); ok {
		return hold.New(wait.Reason, "words: %s", wait.Message)
	}
	return fmt.Errorf("words: %w", err)
}
