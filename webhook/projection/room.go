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

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook/activity"
	"github.com/liveroom-io/liveroom-operator/webhook/fold"
	"github.com/liveroom-io/liveroom-operator/webhook/stream"
)

// roomStatus is the part of a LiveRoom's status that the webhook owns.
type roomStatus struct {
	Conditions    []metav1.Condition           `json:"conditions,omitempty"`
	Stream        *imv1alpha1.RoomStreamStatus `json:"stream,omitempty"`
	Activity      *imv1alpha1.RoomActivity     `json:"activity,omitempty"`
	ReportedDrift *imv1alpha1.ReportedDrift    `json:"reportedDrift,omitempty"`
}

// roomView is what is known and was written of a room.
type roomView struct {
	*reports
	room    *activity.Room // nil when nothing was heard of it
	stream  *stream.Room   // nil when nothing was heard of it
	heardAt time.Time      // when news from users came last
	applied *roomStatus
	// counted is the Heard up to which IM was asked for the audience, countedAt when.
	counted   uint64
	countedAt time.Time
}

// takeRoom takes over a room's state from the journal.
func (p *Projector) takeRoom(name string, data []byte, deleted bool) {
	key := objectKey{fold.Room, name}
	room, err := activity.LoadRoom(data)
	if err != nil {
		p.Log.Error(err, "A room's state in the journal cannot be read; its status stays as it is", "uid", name)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if deleted {
		if view := p.rooms[name]; view != nil && view.stream != nil {
			view.room = nil
			return
		}
		delete(p.rooms, name)
		p.due.forget(key)
		return
	}
	view, now := p.view(name), p.Clock.Now()
	if view.room == nil || view.room.Heard != room.Heard {
		view.heardAt = now
	}
	view.room = room
	p.due.offer(key, now)
	if room.SeenAt != view.settled {
		p.due.hurry(key, now.Add(settling))
	}
	p.wake()
}

// prepareRoom works out what to write about a room, nil for nothing.
func (p *Projector) prepareRoom(ctx context.Context, name string) *write {
	known := p.Directory.RoomByUID(name)
	if known == nil {
		return nil
	}
	var object imv1alpha1.LiveRoom
	if err := p.Client.Get(ctx, known.Key, &object, client.UnsafeDisableDeepCopy); err != nil || string(object.UID) != name {
		return nil
	}
	room, compare := p.reported(name)
	var different []string
	if compare { // may read from the API server: not under the lock
		different = p.roomDifferences(ctx, &object, room)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	view := p.rooms[name]
	if view == nil {
		return nil
	}
	applied, now := view.applied, p.Clock.Now()
	if applied == nil {
		applied = &roomStatus{
			Conditions: streaming(&object), Stream: object.Status.Stream,
			Activity: object.Status.Activity, ReportedDrift: object.Status.ReportedDrift,
		}
	}
	made := view.judge(now, applied.ReportedDrift, seen{room.SeenAt, room.SeenTime, func() []string { return different }})
	if until := view.echoing(object.Generation, now); made.hint && !until.IsZero() {
		made = judgement{report: applied.ReportedDrift, again: until}
	}
	if !made.again.IsZero() {
		p.due.hurry(objectKey{fold.Room, name}, made.again)
	}
	wanted := &roomStatus{Activity: report(&room.Numbers, known.Type == imv1alpha1.RoomTypeAVChatRoom), ReportedDrift: made.report}
	if wanted.Activity == nil {
		wanted.Activity = applied.Activity
	}
	p.reportStream(&object, known, view, applied, wanted)
	done := func() {
		view.applied = wanted
		view.wrote(now, made, room.SeenAt)
	}
	if equality.Semantic.DeepEqual(wanted, applied) {
		done()
		return nil
	}
	return &write{name: known.Key, uid: types.UID(name), blank: &imv1alpha1.LiveRoom{}, status: wanted, done: done}
}

// reported is what is known of a room, and whether its last report still has to
// be compared with spec.
func (p *Projector) reported(name string) (*activity.Room, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	view := p.rooms[name]
	if view == nil || view.room == nil {
		return &activity.Room{}, false
	}
	return view.room, view.room.SeenAt != view.settled
}

// roomDifferences are the fields of a room that were reported as different from spec.
func (p *Projector) roomDifferences(ctx context.Context, object *imv1alpha1.LiveRoom, room *activity.Room) []string {
	if object.GetManagementPolicy() != imv1alpha1.ManagementPolicyManage || !object.DeletionTimestamp.IsZero() {
		return nil
	}
	if room.Gone {
		return []string{activity.FieldExistence}
	}
	return activity.Difference(room.Seen, declaredRoom(ctx, object, p.Values(), func(user *imv1alpha1.UserReference) string {
		return p.userID(ctx, object.Namespace, user)
	}))
}

// userID resolves a reference; empty when it cannot be resolved now.
func (p *Projector) userID(ctx context.Context, namespace string, user *imv1alpha1.UserReference) string {
	if user.AccountRef == nil {
		return user.UserID
	}
	var account imv1alpha1.ImAccount
	key := types.NamespacedName{Namespace: namespace, Name: user.AccountRef.Name}
	if err := p.Client.Get(ctx, key, &account, client.UnsafeDisableDeepCopy); err != nil {
		return ""
	}
	return account.UserID()
}
