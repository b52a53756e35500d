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

// Package imaccount keeps IM accounts, their profiles and the Secrets with their
// UserSigs as ImAccounts declare them.
package imaccount

import (
	"context"
	"fmt"

	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/application"
	"github.com/liveroom-io/liveroom-operator/controllers/lifecycle"
	"github.com/liveroom-io/liveroom-operator/controllers/lookup"
	"github.com/liveroom-io/liveroom-operator/internal/reference"
)

// +kubebuilder:rbac:groups=im.liveroom.io,resources=imaccounts,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=im.liveroom.io,resources=imaccounts/status,verbs=patch
// +kubebuilder:rbac:groups=im.liveroom.io,resources=imaccounts/finalizers,verbs=update
// +kubebuilder:rbac:groups=im.liveroom.io,resources=imapps,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// surveySize is how many accounts one account_check or portrait_get may name.
const surveySize = 100

// Kind implements the life cycle of ImAccount.
type Kind struct {
	writer     client.Client
	references *reference.Reader
	clock      clock.PassiveClock
}

// New returns the kind; writer writes UserSig Secrets to the API server, and clk
// is the clock that UserSigs are signed and renewed by.
func New(writer client.Client, references *reference.Reader, clk clock.PassiveClock) *Kind {
	return &Kind{writer: writer, references: references, clock: clk}
}

var _ lifecycle.Surveyor[*imv1alpha1.ImAccount, Desired, Observed] = (*Kind)(nil)

// Traits implements lifecycle.Kind.
func (k *Kind) Traits() lifecycle.Traits[*imv1alpha1.ImAccount] {
	return lifecycle.Traits[*imv1alpha1.ImAccount]{
		Name:       "ImAccount",
		New:        func() *imv1alpha1.ImAccount { return &imv1alpha1.ImAccount{} },
		NewList:    func() lifecycle.List[*imv1alpha1.ImAccount] { return &imv1alpha1.ImAccountList{} },
		Claim:      lookup.AccountClaim,
		Thing:      func(account *imv1alpha1.ImAccount) string { return fmt.Sprintf("account %q", account.UserID()) },
		Conditions: conditions,
		Unconverged: func(account *imv1alpha1.ImAccount) *[]imv1alpha1.UnconvergedChange {
			return &account.Status.Unconverged
		},
		Status: status,
	}
}

// Release implements lifecycle.Kind. The Secret with the UserSig goes with the
// object, which controls it.
func (k *Kind) Release(ctx context.Context, conn *application.Connection, account *imv1alpha1.ImAccount, _ lifecycle.Mark) error {
	return conn.Client.DeleteAccount(ctx, account.UserID())
}
