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
	"time"

	"github.com/liveroom-io/liveroom-operator/controllers/application"
	"github.com/liveroom-io/liveroom-operator/internal/im"
)

// Observed are the local keywords of the application, of everybody.
type Observed struct {
	Words []im.Keyword
}

// Exists implements lifecycle.Observed. The filter as such is always there and
// nobody's: what is ours is decided word by word.
func (Observed) Exists() bool { return false }

// CreatedAt implements lifecycle.Observed.
func (Observed) CreatedAt() time.Time { return time.Time{} }

// byText finds keywords by their text.
func (o Observed) byText() map[string]im.Keyword {
	words := make(map[string]im.Keyword, len(o.Words))
	for _, word := range o.Words {
		words[word.Text] = word
	}
	return words
}

// Observe implements lifecycle.Kind.
func (k *Kind) Observe(ctx context.Context, conn *application.Connection, _ Desired) (Observed, error) {
	words, err := conn.Client.LocalKeywords(ctx)
	return Observed{Words: words}, err
}

// SurveySize implements lifecycle.Surveyor. An application has one such policy.
func (k *Kind) SurveySize() int { return 1 }

// Survey implements lifecycle.Surveyor.
func (k *Kind) Survey(ctx context.Context, conn *application.Connection, desired []Desired) ([]Observed, []error) {
	observed, errs := make([]Observed, len(desired)), make([]error, len(desired))
	for i, d := range desired {
		observed[i], errs[i] = k.Observe(ctx, conn, d)
	}
	return observed, errs
}

// HasMore implements lifecycle.Surveyor.
func (k *Kind) HasMore(Desired) bool { return false }
