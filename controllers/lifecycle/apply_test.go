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

package lifecycle

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/application"
	"github.com/liveroom-io/liveroom-operator/internal/im"
)

// troubled is a kind whose changes end with an error each, by path.
type troubled struct {
	Kind[*imv1alpha1.LiveRoom, scheduled, nothing]
	ends map[string]error
}

func (k troubled) Apply(_ context.Context, _ *application.Connection, _ scheduled, change Change) error {
	return k.ends[change.Path]
}

// What goes elsewhere than to IM is done also after IM has failed, but nothing is done
// that status would not say: a pass that ends silently does not write it.
func TestApply(t *testing.T) {
	t.Parallel()
	conflict := apierrors.NewConflict(schema.GroupResource{Resource: "secrets"}, "urls", errors.New("changed"))
	down := &im.Error{Class: im.Unavailable}
	for name, test := range map[string]struct {
		ends            map[string]error
		applied, failed []string
		silent          bool
		err             error
	}{
		"all is well":                    {applied: []string{"name", "secret", "stream"}},
		"IM is down":                     {ends: map[string]error{"name": down}, applied: []string{"secret", "stream"}, err: down},
		"something else is down":         {ends: map[string]error{"secret": down}, applied: []string{"name", "stream"}, failed: []string{"secret"}},
		"the copy is old":                {ends: map[string]error{"secret": conflict}, applied: []string{"name"}, silent: true, err: conflict},
		"the copy is old and IM is down": {ends: map[string]error{"name": down, "secret": conflict}, silent: true, err: conflict},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kind := troubled{ends: test.ends}
			r := &Reconciler[*imv1alpha1.LiveRoom, scheduled, nothing]{
				kind: kind, clock: clocktesting.NewFakePassiveClock(time.Unix(1000, 0)), convergence: newConvergence(), drift: NewDrift(),
			}
			due := []Change{{Verb: Set, Path: "name"}, {Verb: Set, Path: "secret", Apart: true}, {Verb: Set, Path: "stream", Apart: true}}
			var pass Pass[scheduled, nothing]
			err := r.apply(t.Context(), nil, types.NamespacedName{Name: "one"}, scheduled{}, due, &pass)
			var applied, failed []string
			for _, change := range pass.Applied {
				applied = append(applied, change.Path)
			}
			for _, failure := range pass.Failures {
				failed = append(failed, failure.Change.Path)
			}
			if !errors.Is(err, test.err) || judge(err).silent != test.silent || !slices.Equal(applied, test.applied) || !slices.Equal(failed, test.failed) {
				t.Errorf("%v after %v and failures of %v", err, applied, failed)
			}
		})
	}
}
