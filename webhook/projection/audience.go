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

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook/directory"
	"github.com/liveroom-io/liveroom-operator/webhook/event"
)

const (
	// CountEvery is how often IM is asked for the audience of an active room:
	// joins and exits that callbacks did not tell of would otherwise add up. IM's
	// own number is 10 to 20 s old.
	CountEvery = time.Minute
	// countRounds is how many looks for rooms to count there are in that time, and
	// countsARound how many rooms are counted in each.
	countRounds  = 60
	countsARound = 20
)

// countAudiences asks IM for the number of users in rooms that something
// happened in, once after the last event as well.
func (p *Projector) countAudiences(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.Clock.After(p.CountEvery / countRounds):
		}
		for _, name := range p.uncounted() {
			p.count(ctx, name)
		}
	}
}

// uncounted are rooms whose audience has to be counted, some of them.
func (p *Projector) uncounted() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.Clock.Now()
	var names []string
	for name, view := range p.rooms {
		if view.room == nil || !view.room.Audience || view.room.Heard == view.counted || now.Sub(view.countedAt) < p.CountEvery {
			continue
		}
		if view.countedAt.IsZero() { // not right after the first event: IM's number is late
			view.countedAt = now
			continue
		}
		if names = append(names, name); len(names) == countsARound {
			break
		}
	}
	return names
}

func (p *Projector) count(ctx context.Context, name string) {
	p.mu.Lock()
	view := p.rooms[name]
	if view == nil || view.room == nil {
		p.mu.Unlock()
		return
	}
	heard, online := view.room.Heard, view.room.Online
	view.countedAt = p.Clock.Now()
	// IM's number is late: one that may be older than the last news is not the last.
	final := view.countedAt.Sub(view.heardAt) >= p.CountEvery/2
	p.mu.Unlock()
	room, app := p.liveRoom(name)
	if room == nil {
		return
	}
	number, err := app.Client.OnlineMembers(ctx, room.GroupID)
	if err != nil {
		return // counted again in a minute; the estimate stands
	}
	if number != online {
		if err := p.note(ctx, event.Event{Kind: event.Counted, SDKAppID: app.SDKAppID, Room: room.UID, Count: number}); err != nil {
			p.Log.V(1).Info("The journal did not take the audience of a room", "room", room.Key.String(), "error", err.Error())
			return
		}
	}
	if final {
		p.mu.Lock()
		defer p.mu.Unlock()
		view.counted = heard
	}
}

// liveRoom finds a live group that IM can be asked about.
func (p *Projector) liveRoom(name string) (*directory.Room, *directory.App) {
	room := p.Directory.RoomByUID(name)
	if room == nil || room.Type != imv1alpha1.RoomTypeAVChatRoom {
		return nil, nil
	}
	app := p.Directory.App(room.App)
	if app == nil || app.Client == nil {
		return nil, nil
	}
	return room, app
}
