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
	"time"

	"github.com/liveroom-io/liveroom-operator/webhook/event"
)

const (
	// KeepFor is how long the state of a room or of an account lasts without a
	// change.
	KeepFor = 30 * 24 * time.Hour
	// keepAfter a quiet time the state of what is still declared is kept anew.
	keepAfter = 10 * 24 * time.Hour
	// keepEvery is the time between two looks, keepAtOnce how many are kept then.
	keepEvery  = 10 * time.Minute
	keepAtOnce = 1000
)

// keep keeps the states of rooms and accounts that are declared, however quiet
// they are. Those of others expire.
func (p *Projector) keep(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.Clock.After(keepEvery):
		}
		p.keepStreams(ctx)
		for _, e := range p.expiring() {
			if err := p.note(ctx, e); err != nil {
				p.Log.V(1).Info("The journal did not take that something is still declared; trying again", "error", err.Error())
				break
			}
		}
	}
}

// expiring are the events that keep what has been quiet for long.
func (p *Projector) expiring() []event.Event {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := p.Clock.Now().Add(-keepAfter).Unix() / int64((24 * time.Hour).Seconds())
	var events []event.Event
	for name, view := range p.rooms {
		room := p.Directory.RoomByUID(name)
		if view.room == nil || view.room.Day >= before || room == nil {
			continue
		}
		if app := p.Directory.App(room.App); app != nil {
			events = append(events, event.Event{Kind: event.Kept, SDKAppID: app.SDKAppID, Room: name})
		}
	}
	for name, view := range p.accounts {
		if _, account := p.declaredBy(name); view.account.Day >= before || account == nil {
			continue
		}
		number, user, _ := strings.Cut(name, "/")
		if sdkAppID, err := strconv.ParseInt(number, 10, 64); err == nil {
			events = append(events, event.Event{Kind: event.Kept, SDKAppID: sdkAppID, User: user})
		}
	}
	return events[:min(len(events), keepAtOnce)]
}
