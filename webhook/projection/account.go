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

package projection

import (
	"context"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook/activity"
	"github.com/liveroom-io/liveroom-operator/webhook/directory"
	"github.com/liveroom-io/liveroom-operator/webhook/fold"
)

// accountStatus is the part of an ImAccount's status that the webhook owns.
type accountStatus struct {
	Presence      *imv1alpha1.Presence      `json:"presence,omitempty"`
	ReportedDrift *imv1alpha1.ReportedDrift `json:"reportedDrift,omitempty"`
}

// accountView is what is known and was written of an account.
type accountView struct {
	*reports
	account  *activity.Account
	presence *imv1alpha1.Presence
	// asked is the Connected for which IM gave the presence.
	asked   uint64
	applied *accountStatus
	uid     types.UID // of the ImAccount that applied is about
}

// takeAccount takes over an account's state from the journal.
func (p *Projector) takeAccount(name string, data []byte, deleted bool) {
	key := objectKey{fold.Account, name}
	account, err := activity.LoadAccount(data)
	if err != nil {
		p.Log.Error(err, "An account's state in the journal cannot be read; its status stays as it is", "account", name)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if deleted {
		delete(p.accounts, name)
		p.due.forget(key)
		return
	}
	view := p.accounts[name]
	if view == nil {
		view = &accountView{reports: newReports()}
		p.accounts[name] = view
	}
	view.account = account
	if account.SeenAt != view.settled {
		p.due.hurry(key, p.Clock.Now().Add(settling))
	}
	if account.Connected != view.asked {
		p.dirty()
	}
	p.wake()
}

// declaredAccount finds the ImAccount of a state.
func (p *Projector) declaredBy(name string) (*directory.App, *directory.Account) {
	number, user, _ := strings.Cut(name, "/")
	sdkAppID, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return nil, nil
	}
	app := p.Directory.BySDKAppID(sdkAppID)
	if app == nil {
		return nil, nil
	}
	return app, p.Directory.Account(app.Key, user)
}

// prepareAccount works out what to write about an account, nil for nothing.
func (p *Projector) prepareAccount(ctx context.Context, name string) *write {
	_, known := p.declaredBy(name)
	if known == nil {
		return nil
	}
	var object imv1alpha1.ImAccount
	if err := p.Client.Get(ctx, known.Key, &object, client.UnsafeDisableDeepCopy); err != nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	view := p.accounts[name]
	if view == nil {
		return nil
	}
	if view.uid != object.UID { // made anew: nothing was written about this one
		view.uid, view.applied, view.settled = object.UID, nil, 0
	}
	account, applied, now := view.account, view.applied, p.Clock.Now()
	if applied == nil {
		applied = &accountStatus{Presence: object.Status.Presence, ReportedDrift: object.Status.ReportedDrift}
	}
	made := view.judge(now, applied.ReportedDrift, seen{account.SeenAt, account.SeenTime, func() []string {
		if object.GetManagementPolicy() != imv1alpha1.ManagementPolicyManage || !object.DeletionTimestamp.IsZero() {
			return nil
		}
		return activity.Difference(account.Seen, declaredAccount(&object))
	}})
	if until := view.echoing(object.Generation, now); made.hint && !until.IsZero() {
		made = judgement{report: applied.ReportedDrift, again: until}
	}
	if !made.again.IsZero() {
		p.due.hurry(objectKey{fold.Account, name}, made.again)
	}
	wanted := &accountStatus{Presence: applied.Presence, ReportedDrift: made.report}
	if view.presence != nil && (wanted.Presence == nil || wanted.Presence.State != view.presence.State) {
		wanted.Presence = view.presence
	}
	done := func() {
		view.applied = wanted
		view.wrote(now, made, account.SeenAt)
	}
	if equality.Semantic.DeepEqual(wanted, applied) {
		done()
		return nil
	}
	return &write{name: known.Key, uid: object.UID, blank: &imv1alpha1.ImAccount{}, status: wanted, done: done}
}
