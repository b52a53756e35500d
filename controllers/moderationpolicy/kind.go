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

// Package moderationpolicy keeps an application's local keywords in IM as a
// ModerationPolicy with enforcement: Provider declares them. IM's keywords belong
// to the whole application and do not say who added them, so the policy's status
// remembers which are ours; all others are left alone.
package moderationpolicy

import (
	"context"
	"fmt"

	lru "github.com/hashicorp/golang-lru/v2"
	"k8s.io/apimachinery/pkg/types"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/application"
	"github.com/liveroom-io/liveroom-operator/controllers/lifecycle"
	"github.com/liveroom-io/liveroom-operator/controllers/lookup"
	"github.com/liveroom-io/liveroom-operator/internal/hold"
	"github.com/liveroom-io/liveroom-operator/internal/im"
	"github.com/liveroom-io/liveroom-operator/internal/reference"
)

// +kubebuilder:rbac:groups=im.liveroom.io,resources=moderationpolicies,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=im.liveroom.io,resources=moderationpolicies/status,verbs=patch
// +kubebuilder:rbac:groups=im.liveroom.io,resources=imapps,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=configmaps,verbs=get;list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// keptLists bounds how many ConfigMaps' words are kept, each of at most
// reference.MaxConfigMapBytes.
const keptLists = 32

// Kind implements the life cycle of ModerationPolicy with enforcement: Provider.
type Kind struct {
	references *reference.Reader
	lists      *lru.Cache[types.NamespacedName, list]
}

// New returns the kind.
func New(references *reference.Reader) (*Kind, error) {
	lists, err := lru.New[types.NamespacedName, list](keptLists)
	if err != nil {
		return nil, fmt.Errorf("making the cache of word lists: %w", err)
	}
	return &Kind{references: references, lists: lists}, nil
}

var (
	_ lifecycle.Surveyor[*imv1alpha1.ModerationPolicy, Desired, Observed] = (*Kind)(nil)
	_ lifecycle.Recorder[*imv1alpha1.ModerationPolicy, Desired]           = (*Kind)(nil)
)

// Traits implements lifecycle.Kind.
func (k *Kind) Traits() lifecycle.Traits[*imv1alpha1.ModerationPolicy] {
	return lifecycle.Traits[*imv1alpha1.ModerationPolicy]{
		Name:    "ModerationPolicy",
		New:     func() *imv1alpha1.ModerationPolicy { return &imv1alpha1.ModerationPolicy{} },
		NewList: func() lifecycle.List[*imv1alpha1.ModerationPolicy] { return &imv1alpha1.ModerationPolicyList{} },
		Claim:   lookup.PolicyClaim,
		Thing: func(policy *imv1alpha1.ModerationPolicy) string {
			return fmt.Sprintf("the keyword filter of ImApp %s", lookup.AppKey(policy))
		},
		Conditions: []string{imv1alpha1.ConditionSynced},
		Foreign:    Foreign,
		Unconverged: func(policy *imv1alpha1.ModerationPolicy) *[]imv1alpha1.UnconvergedChange {
			return &policy.Status.Unconverged
		},
		Status: func(policy *imv1alpha1.ModerationPolicy) any {
			applied := policy.Status
			applied.Conditions = lifecycle.Own(applied.Conditions, imv1alpha1.ConditionSynced)
			return applied
		},
	}
}

// Foreign reports whether a policy is the webhook's, which examines messages
// itself.
func Foreign(policy *imv1alpha1.ModerationPolicy) bool {
	return policy.Spec.Enforcement != imv1alpha1.EnforcementProvider
}

// removalsAtOnce is how many words one pass over a policy that is going removes.
const removalsAtOnce = 2000

// Release implements lifecycle.Kind: it removes the words that are ours, a part
// in each pass.
func (k *Kind) Release(ctx context.Context, conn *application.Connection, policy *imv1alpha1.ModerationPolicy, _ lifecycle.Mark) error {
	ours, err := readRecord(policy.Status.ProviderWords)
	if err != nil || len(ours) == 0 {
		return err
	}
	present, err := conn.Client.LocalKeywords(ctx)
	if err != nil {
		return err
	}
	var gone []im.Keyword
	for _, word := range present {
		if ours.has(word.Text) {
			gone = append(gone, word)
		}
	}
	now := gone[:min(len(gone), removalsAtOnce)]
	if _, err := inParts(ctx, now, conn.Client.DeleteLocalKeywords); err != nil || len(now) == len(gone) {
		return err
	}
	wait := hold.New(imv1alpha1.ReasonPending, "%d words are still to be removed, which goes on by itself", len(gone)-len(now))
	wait.After = nextPart
	return wait
}
