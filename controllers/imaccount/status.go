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

package imaccount

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/lifecycle"
)

// conditions are those of an account besides Ready, most basic first.
var conditions = []string{
	imv1alpha1.ConditionImported, imv1alpha1.ConditionProfileSynced, imv1alpha1.ConditionUserSigIssued,
}

// status is what the controller applies of an account's status. Presence and
// reported drift are the webhook's. UserSigIssued belongs there only while a
// UserSig is asked for; without one the shared life cycle finds it True, which
// says nothing to a reader.
func status(account *imv1alpha1.ImAccount) any {
	applied := account.Status
	applied.Presence, applied.ReportedDrift = nil, nil
	applied.Conditions = lifecycle.Own(applied.Conditions, conditions...)
	if account.Spec.UserSig == nil {
		meta.RemoveStatusCondition(&applied.Conditions, imv1alpha1.ConditionUserSigIssued)
	}
	return applied
}

// Report implements lifecycle.Kind.
func (k *Kind) Report(account *imv1alpha1.ImAccount, pass *lifecycle.Pass[Desired, Observed]) {
	if account.Spec.UserSig == nil {
		account.Status.UserSigExpiresAt = nil
	}
	if pass.Desired == nil {
		return
	}
	if pass.Created() || pass.Observed != nil && pass.Observed.Imported {
		account.Status.UserID = pass.Desired.UserID
	}
	if pass.Desired.UserSig != nil && pass.Observed != nil {
		account.Status.UserSigExpiresAt = nil
		if end := validUntil(pass); !end.IsZero() {
			account.Status.UserSigExpiresAt = &metav1.Time{Time: end}
		}
	}
}

// validUntil is the end of the UserSig in the Secret after a pass; zero when
// there is none of ours.
func validUntil(pass *lifecycle.Pass[Desired, Observed]) time.Time {
	for _, change := range pass.Applied {
		if issue, ok := change.Value.(UserSigIssue); ok {
			return issue.ExpiresAt
		}
	}
	if state := pass.Observed.UserSig; state != nil && !state.Foreign {
		return state.ExpiresAt
	}
	return time.Time{}
}
