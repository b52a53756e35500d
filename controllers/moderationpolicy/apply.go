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
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/application"
	"github.com/liveroom-io/liveroom-operator/controllers/lifecycle"
	"github.com/liveroom-io/liveroom-operator/internal/hold"
	"github.com/liveroom-io/liveroom-operator/internal/im"
)

const (
	// wordsPerCall is how many words IM takes at once.
	wordsPerCall = 10
	// callsAtOnce lets calls overlap, up to the limit of the client.
	callsAtOnce = 8
	// searchedParts bounds the search for the words that IM refuses: if it refuses
	// everything, it is not about words.
	searchedParts = 3
	// namedWords bounds how many of them a message names.
	namedWords = 5
	// nextPart is the wait before the next part of what is too much for one pass.
	nextPart = time.Second
)

// Apply implements lifecycle.Kind.
func (k *Kind) Apply(ctx context.Context, conn *application.Connection, _ Desired, change lifecycle.Change) error {
	switch value := change.Value.(type) {
	case Removal:
		_, err := inParts(ctx, value.Words, conn.Client.DeleteLocalKeywords)
		return err
	case Replacement:
		if _, err := inParts(ctx, value.Old, conn.Client.DeleteLocalKeywords); err != nil {
			return err
		}
		return add(ctx, value.New, conn.Client.AddLocalKeywords)
	case Addition:
		return add(ctx, value.Words, conn.Client.AddLocalKeywords)
	case Rest:
		wait := hold.New(imv1alpha1.ReasonPending, "%d words are still to be written, which goes on by itself", value.Words)
		wait.After = nextPart
		return wait
	}
	return fmt.Errorf("no way to apply %s %s", change.Verb, change.Path)
}

// call is a call of IM about a few words.
type call func(context.Context, []im.Keyword) error

// add adds words. Where IM refuses some, it looks for the very words, so that
// the others get in and the user is told which to take out.
func add(ctx context.Context, words []im.Keyword, call call) error {
	refused, err := inParts(ctx, words, call)
	if !im.IsInvalid(err) {
		return err
	}
	var named []string
	for _, part := range refused[:min(len(refused), searchedParts)] {
		for _, word := range part {
			alone := call(ctx, []im.Keyword{word})
			switch {
			case im.IsInvalid(alone):
				named = append(named, fmt.Sprintf("%.20q", word.Text))
			case alone != nil:
				return alone
			}
		}
	}
	failure, ok := im.AsError(err)
	if !ok || len(named) == 0 {
		return err
	}
	return hold.New(imv1alpha1.ReasonInvalid, "IM refuses %s: %s (code %d): take them out of the lists",
		strings.Join(named[:min(len(named), namedWords)], ", "), failure.Info, failure.Code)
}

// inParts makes one call for every few words, several at a time. Parts that IM
// refuses do not hold up the others, and are returned; after any other failure no
// further calls begin.
func inParts(ctx context.Context, words []im.Keyword, call call) (refused [][]im.Keyword, err error) {
	var mu sync.Mutex
	var refusal error
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(callsAtOnce)
	for part := range slices.Chunk(words, wordsPerCall) {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			err := call(ctx, part)
			if !im.IsInvalid(err) {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			refused, refusal = append(refused, part), err
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return refused, err
	}
	return refused, refusal
}
