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

package officialaccount

import (
	"context"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/hold"
)

// agents are who answers the customers of an account.
type agents struct {
	// known are those whom IM knows, in the order of their UserIDs.
	known []Agent
	// unknown are the ImAccounts that are named and cannot answer, with the cause.
	unknown []string
}

// agents reads from the cache who answers.
func (r *Reconciler) agents(ctx context.Context, object *imv1alpha1.WeChatOfficialAccount) (agents, error) {
	selected, missing, err := r.selected(ctx, object)
	if err != nil {
		return agents{}, err
	}
	found := agents{unknown: missing}
	app := object.GetAppRef()
	for _, account := range selected {
		name := client.ObjectKeyFromObject(account).String()
		switch {
		case account.GetAppRef() != app:
			found.unknown = append(found.unknown, name+" (of another ImApp)")
		case !account.Known():
			found.unknown = append(found.unknown, name+" (not in IM yet)")
		default:
			agent := Agent{UserID: account.UserID()}
			if presence := account.Status.Presence; presence != nil {
				agent.Presence = presence.State
			}
			found.known = append(found.known, agent)
		}
	}
	slices.SortFunc(found.known, func(a, b Agent) int { return strings.Compare(a.UserID, b.UserID) })
	found.known = slices.CompactFunc(found.known, func(a, b Agent) bool { return a.UserID == b.UserID })
	return found, nil
}

// selected are the ImAccounts that the spec means, in the order of their names.
func (r *Reconciler) selected(ctx context.Context, object *imv1alpha1.WeChatOfficialAccount) (found []*imv1alpha1.ImAccount, missing []string, err error) {
	spec := object.Spec.Agents
	if spec.Selector != nil {
		return r.bySelector(ctx, object.Namespace, spec.Selector)
	}
	for _, ref := range spec.AccountRefs {
		var account imv1alpha1.ImAccount
		key := types.NamespacedName{Namespace: object.Namespace, Name: ref.Name}
		if err := r.Client.Get(ctx, key, &account); client.IgnoreNotFound(err) != nil {
			return nil, nil, fmt.Errorf("reading ImAccount %s: %w", key, err)
		} else if err != nil || !account.DeletionTimestamp.IsZero() {
			missing = append(missing, key.String()+" (does not exist)")
			continue
		}
		found = append(found, &account)
	}
	return found, missing, nil
}

func (r *Reconciler) bySelector(ctx context.Context, namespace string, selector *metav1.LabelSelector) ([]*imv1alpha1.ImAccount, []string, error) {
	matches, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return nil, nil, hold.New(imv1alpha1.ReasonInvalid, "spec.agents.selector: %v", err)
	}
	var list imv1alpha1.ImAccountList
	err = r.Client.List(ctx, &list, client.InNamespace(namespace), client.MatchingLabelsSelector{Selector: matches}, client.UnsafeDisableDeepCopy)
	if err != nil {
		return nil, nil, fmt.Errorf("listing ImAccounts: %w", err)
	}
	found := slices.DeleteFunc(list.Objects(), func(a *imv1alpha1.ImAccount) bool { return !a.DeletionTimestamp.IsZero() })
	slices.SortFunc(found, func(a, b *imv1alpha1.ImAccount) int { return strings.Compare(a.Name, b.Name) })
	return found[:min(len(found), imv1alpha1.MaxOfficialAccountAgents)], nil, nil
}
