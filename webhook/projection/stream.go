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
	"fmt"
	"reflect"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook/directory"
	"github.com/liveroom-io/liveroom-operator/webhook/fold"
	"github.com/liveroom-io/liveroom-operator/webhook/journal"
	"github.com/liveroom-io/liveroom-operator/webhook/stream"
)

// StreamLog is the log of what callbacks told about streams.
type StreamLog interface {
	// Watch delivers the states of a kind: first all, then those that change.
	Watch(ctx context.Context, kind string, each func(key journal.StateKey, data []byte, deleted bool))
	// Offer hands an entry over and does not wait; it reports false when the entry
	// was not taken.
	Offer(journal.Entry) bool
}

// view of a room; the projector's lock is held.
func (p *Projector) view(name string) *roomView {
	view := p.rooms[name]
	if view == nil {
		view = &roomView{reports: newReports()}
		p.rooms[name] = view
	}
	return view
}

// viewed reports whether a room is looked at: something was heard of it, or it has a
// stream, of which status says that nothing was. The projector's lock is held.
func (p *Projector) viewed(name string) bool {
	if p.rooms[name] != nil {
		return true
	}
	room := p.Directory.RoomByUID(name)
	if room == nil || room.Stream == nil && !room.ShowsStream {
		return false
	}
	p.view(name)
	return true
}

// lookAtStreams looks at all rooms whose status should, or does, show a stream. The
// projector's lock is held.
func (p *Projector) lookAtStreams() {
	soon := p.Clock.Now().Add(settling)
	for _, name := range p.Directory.Streaming() {
		p.view(name)
		p.due.hurry(objectKey{fold.Room, name}, soon)
	}
}

// takeStream takes over the state of a room's stream from the journal. That a stream
// starts or ends is shown at once, everything else when it is the room's turn.
func (p *Projector) takeStream(name string, data []byte, deleted bool) {
	state, err := stream.LoadRoom(data)
	if err != nil {
		p.Log.Error(err, "The state of a room's stream in the journal cannot be read; its status stays as it is", "uid", name)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	view, key, now := p.view(name), objectKey{fold.Room, name}, p.Clock.Now()
	if deleted {
		if view.stream = nil; view.room == nil && p.Directory.RoomByUID(name) == nil {
			delete(p.rooms, name)
			p.due.forget(key)
		}
		return
	}
	before := view.stream
	view.stream = state
	if before == nil || !reflect.DeepEqual(before.Pushes, state.Pushes) || !reflect.DeepEqual(before.TRTC, state.TRTC) {
		p.due.hurry(key, now)
	} else {
		p.due.offer(key, now)
	}
	p.wake()
}

// streaming is the condition that the webhook owns, as status has it.
func streaming(object *imv1alpha1.LiveRoom) []metav1.Condition {
	if c := meta.FindStatusCondition(object.Status.Conditions, imv1alpha1.ConditionStreaming); c != nil {
		return []metav1.Condition{*c}
	}
	return nil
}

// reportStream says what status should show of a room's stream. What it shows stays
// as long as the journal knows nothing, as right after a start. The projector's lock
// is held.
func (p *Projector) reportStream(object *imv1alpha1.LiveRoom, known *directory.Room, view *roomView, applied, wanted *roomStatus) {
	spec := object.Spec.Stream
	if spec == nil {
		if view.stream != nil {
			p.drop(string(object.UID))
		}
		return
	}
	var state *stream.Room // of the stream that the room has now
	if known.Stream != nil && !known.Stream.Lost {
		state = view.stream.Of(known.Stream.Identity())
	}
	pusher := p.Directory.Pusher(known)
	condition := state.Condition(spec.Type, pusher)
	switch {
	case known.Stream != nil && known.Stream.Lost:
		condition.Reason, condition.Message = imv1alpha1.ReasonStreamConflict, "another room has the stream: see StreamURLsIssued"
	case view.stream == nil:
		wanted.Stream = applied.Stream
		if len(applied.Conditions) > 0 && applied.Conditions[0].Reason != imv1alpha1.ReasonStreamConflict {
			condition = applied.Conditions[0]
		}
	default:
		wanted.Stream = state.Status(spec.Type, pusher)
	}
	condition.ObservedGeneration = object.Generation
	condition.LastTransitionTime = metav1.NewTime(p.Clock.Now().Truncate(time.Second))
	if len(applied.Conditions) > 0 && applied.Conditions[0].Status == condition.Status {
		condition.LastTransitionTime = applied.Conditions[0].LastTransitionTime
	}
	wanted.Conditions = []metav1.Condition{condition}
}

// Gone drops what is known of the stream of a room that is gone. It does not wait.
func (p *Projector) Gone(uid string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch view := p.rooms[uid]; {
	case view == nil:
	case view.stream != nil:
		p.drop(uid)
	case view.room == nil:
		delete(p.rooms, uid)
		p.due.forget(objectKey{fold.Room, uid})
	}
}

// drop has the state of a stream dropped. What the journal does not take is tried
// again with the next look at what is kept.
func (p *Projector) drop(uid string) bool { return p.tell(stream.Dropped, uid) }

// tell offers an event of the operator's own to the log of streams.
func (p *Projector) tell(kind stream.Kind, uid string) bool {
	now := p.Clock.Now()
	e := stream.Event{ID: fmt.Sprintf("%s/%s/%d", kind, uid, now.UnixNano()), Kind: kind, Room: uid, Time: now.UnixMilli()}
	entry, err := e.Entry()
	return err == nil && p.Streams.Offer(entry)
}

// keepStreams keeps the states of streams that are declared, however quiet they are,
// and drops those of streams that nobody declares any more: the rooms went while no
// pod was there to see it.
func (p *Projector) keepStreams(ctx context.Context) {
	quiet, undeclared := p.restingStreams()
	if len(undeclared) > 0 {
		var rooms imv1alpha1.LiveRoomList
		if err := p.Client.List(ctx, &rooms, client.UnsafeDisableDeepCopy); err != nil {
			return
		}
		declared := map[string]bool{}
		for i := range rooms.Items {
			declared[string(rooms.Items[i].UID)] = rooms.Items[i].Spec.Stream != nil
		}
		for _, uid := range undeclared {
			if !declared[uid] && !p.drop(uid) {
				return
			}
		}
	}
	for _, uid := range quiet {
		if !p.tell(stream.Kept, uid) {
			return
		}
	}
}

// restingStreams are those that have been quiet for long and are declared, and those
// that are not among the declared ones as far as the directory knows.
func (p *Projector) restingStreams() (quiet, undeclared []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := p.Clock.Now().Add(-keepAfter).Unix() / int64((24 * time.Hour).Seconds())
	for name, view := range p.rooms {
		if view.stream == nil {
			continue
		}
		room := p.Directory.RoomByUID(name)
		switch {
		case room == nil || room.Stream == nil:
			undeclared = append(undeclared, name)
		case view.stream.Day < before:
			quiet = append(quiet, name)
		}
	}
	return quiet[:min(len(quiet), keepAtOnce)], undeclared[:min(len(undeclared), keepAtOnce)]
}
