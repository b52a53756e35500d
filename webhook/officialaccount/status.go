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
	"cmp"
	"context"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook/status"
)

// maxShownAgents bounds the sessions in status.
const maxShownAgents = 100

// report writes status if something of it is new, and returns when to look again.
// Conditions are written at once, numbers now and then.
func (r *Reconciler) report(ctx context.Context, object *imv1alpha1.WeChatOfficialAccount, found *findings) (time.Duration, error) {
	now := r.Clock.Now()
	wanted := imv1alpha1.WeChatOfficialAccountStatus{
		ObjectStatus: imv1alpha1.ObjectStatus{
			Conditions: conditions(object, found, now), ObservedGeneration: object.Generation,
			LastHandledReconcileAt: object.Annotations[imv1alpha1.AnnotationReconcileAt],
		},
		CallbackPath: found.path, Agents: int32(len(found.agents.known)),
	}
	before := &object.Status
	if found.log == nil {
		numbers(&wanted, &found.traffic)
	} else { // nobody knows anything newer
		numbersOf(&wanted, before)
		wanted.OriginalID = before.OriginalID
	}
	if equality.Semantic.DeepEqual(before, &wanted) {
		return r.again(found, now), nil
	}
	settled := *before
	numbersOf(&settled, &wanted)
	if equality.Semantic.DeepEqual(&settled, &wanted) { // only numbers are new
		if due := r.numbersDue(found.account, now); due > 0 {
			return due, nil
		}
	}
	if !sameConditions(before.Conditions, wanted.Conditions) {
		ready := wanted.Conditions[0]
		r.Log.Info("WeChatOfficialAccount", "account", client.ObjectKeyFromObject(object).String(), "ready", ready.Status, "reason", ready.Reason)
	}
	err := status.Apply(ctx, r.Client, &imv1alpha1.WeChatOfficialAccount{}, client.ObjectKeyFromObject(object), object.UID, wanted)
	if err != nil {
		return 0, client.IgnoreNotFound(err)
	}
	r.wrote(found.account, now)
	return r.again(found, now), nil
}

func sameConditions(before, after []metav1.Condition) bool {
	return equality.Semantic.DeepEqual(before, after)
}

// numbers puts the traffic into a status.
func numbers(into *imv1alpha1.WeChatOfficialAccountStatus, t *Traffic) {
	into.Followers, into.ActiveSessions = t.Followers, t.ActiveSessions()
	into.RelayedToAgents, into.RelayedToCustomers, into.UnknownOutcomes = t.RelayedToAgents, t.RelayedToCustomers, t.UnknownOutcomes
	into.Waiting, into.DeadLetters, into.OriginalID = t.Waiting, t.DeadLetters, t.OriginalID
	if !t.LastInbound.IsZero() {
		minute := metav1.NewTime(t.LastInbound.Truncate(time.Minute))
		into.LastInboundTime = &minute
	}
	for agent, n := range t.Sessions {
		if n > 0 {
			into.Sessions = append(into.Sessions, imv1alpha1.AgentSessions{AgentUserID: agent, Count: n})
		}
	}
	slices.SortFunc(into.Sessions, func(a, b imv1alpha1.AgentSessions) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.AgentUserID, b.AgentUserID))
	})
	into.Sessions = into.Sessions[:min(len(into.Sessions), maxShownAgents)]
}

// numbersOf copies the numbers of a status.
func numbersOf(into, from *imv1alpha1.WeChatOfficialAccountStatus) {
	into.Followers, into.ActiveSessions, into.Sessions = from.Followers, from.ActiveSessions, from.Sessions
	into.RelayedToAgents, into.RelayedToCustomers, into.UnknownOutcomes = from.RelayedToAgents, from.RelayedToCustomers, from.UnknownOutcomes
	into.Waiting, into.DeadLetters, into.LastInboundTime = from.Waiting, from.DeadLetters, from.LastInboundTime
}

// numbersDue is how long the numbers of an account have to wait.
func (r *Reconciler) numbersDue(account *Account, now time.Time) time.Duration {
	if account == nil {
		return 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.written[account.UID].Add(numbersEvery).Sub(now)
}

func (r *Reconciler) wrote(account *Account, now time.Time) {
	if account == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.written[account.UID] = now
}

// again is when an account is looked at without news: its access token is due, or
// its agents come or go.
func (r *Reconciler) again(found *findings, now time.Time) time.Duration {
	if found.account == nil {
		return 0
	}
	var soonest time.Duration
	if found.token.client != nil {
		soonest = max(found.token.next.Sub(now), time.Second)
	}
	if found.log != nil || found.traffic.Obstacle != "" || found.traffic.Backlog > 0 {
		soonest = troubleEvery
	}
	if change := found.account.Hours.Change(now); !change.IsZero() {
		if wait := max(change.Sub(now), time.Second); soonest == 0 || wait < soonest {
			soonest = wait
		}
	}
	return soonest
}
