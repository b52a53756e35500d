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
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/im"
	"github.com/liveroom-io/liveroom-operator/webhook/directory"
	"github.com/liveroom-io/liveroom-operator/webhook/fold"
)

const (
	// presenceEvery is the pause between two questions: changes that come close
	// together are asked for in one call.
	presenceEvery = 500 * time.Millisecond
	// presenceBackoff is the pause after a question that failed.
	presenceBackoff = 10 * time.Second
	// maxAsked is how many accounts one call can ask for.
	maxAsked = 500
)

// dirty notes that IM has to be asked for presences.
func (p *Projector) dirty() {
	select {
	case p.connections <- struct{}{}:
	default:
	}
}

// askPresence asks IM where accounts are seen whose connection has changed. The
// callback alone does not tell: it knows neither other devices nor push.
func (p *Projector) askPresence(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.connections:
		}
		pause := presenceEvery
		batches, later := p.changedConnections()
		if later {
			pause = presenceBackoff
			p.dirty()
		}
		for _, batch := range batches {
			if !p.ask(ctx, batch) {
				pause = presenceBackoff
				p.dirty()
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-p.Clock.After(pause):
		}
	}
}

// question is what is asked of one application in one call.
type question struct {
	app   *directory.App
	users []string
	names []string
	asked []uint64
}

// changedConnections gathers the accounts to ask for. later says that some cannot
// be asked for now.
func (p *Projector) changedConnections() (all []*question, later bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	open := map[types.NamespacedName]*question{}
	for name, view := range p.accounts {
		if view.account.Connected == view.asked {
			continue
		}
		app, account := p.declaredBy(name)
		if account == nil {
			continue
		}
		if app.Client == nil {
			later = true
			continue
		}
		q := open[app.Key]
		if q == nil || len(q.users) == maxAsked {
			q = &question{app: app}
			open[app.Key], all = q, append(all, q)
		}
		q.users, q.names = append(q.users, account.UserID), append(q.names, name)
		q.asked = append(q.asked, view.account.Connected)
	}
	return all, later
}

// states are what IM answers, as status has them.
var states = map[im.OnlineState]imv1alpha1.PresenceState{
	im.Online:     imv1alpha1.PresenceOnline,
	im.PushOnline: imv1alpha1.PresencePushOnline,
	im.Offline:    imv1alpha1.PresenceOffline,
}

// ask puts one question. It reports false when it has to be put again.
func (p *Projector) ask(ctx context.Context, q *question) bool {
	answers, err := q.app.Client.OnlineStates(ctx, q.users)
	if err != nil {
		p.Log.V(1).Info("IM does not tell who is online; asking again", "app", q.app.Key.String(), "error", err.Error())
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now, all := p.Clock.Now(), true
	for i, name := range q.names {
		view := p.accounts[name]
		if view == nil {
			continue
		}
		answer := answers[q.users[i]]
		if answer.Err != nil && !im.IsNotFound(answer.Err) && !im.IsNotPermitted(answer.Err) {
			all = false
			continue
		}
		view.asked = q.asked[i]
		state, known := states[answer.State]
		if !known || view.presence != nil && view.presence.State == state {
			continue
		}
		since := time.UnixMilli(view.account.ConnectedTime).Truncate(time.Second)
		view.presence = &imv1alpha1.Presence{State: state, Since: metav1.NewTime(since)}
		p.due.hurry(objectKey{fold.Account, name}, now)
	}
	p.wake()
	return all
}
