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

// Package fold says how events of the journal become what is known of rooms,
// users, accounts and applications.
package fold

import (
	"fmt"

	"github.com/go-logr/logr"

	"github.com/liveroom-io/liveroom-operator/webhook/activity"
	"github.com/liveroom-io/liveroom-operator/webhook/event"
	"github.com/liveroom-io/liveroom-operator/webhook/journal"
	"github.com/liveroom-io/liveroom-operator/webhook/level"
)

// Kinds of states. They are part of what is stored.
const (
	Room    = "room"
	User    = "user"
	Account = "account"
	App     = "app"
)

// slots of decoded events: an event is needed again for each state it touches.
const slots = 4096

// Machine folds events. It implements journal.Machine and is called by one
// goroutine at a time.
type Machine struct {
	log    logr.Logger
	review func(name string, user *level.User)

	decoded [slots]decoded
}

type decoded struct {
	sequence uint64
	id       string // a stream that was made anew has the same sequences
	event    event.Event
	ok       bool
}

// New returns a machine. review is shown users whose points are safe; it must
// neither block nor keep them.
func New(log logr.Logger, review func(name string, user *level.User)) *Machine {
	return &Machine{log: log, review: review}
}

// event decodes an entry once. What cannot be decoded is left out: it was
// written by another version, and will not become readable.
func (m *Machine) event(entry *journal.Entry) (*event.Event, bool) {
	slot := &m.decoded[entry.Sequence%slots]
	if slot.sequence != entry.Sequence || slot.id != entry.ID {
		e, err := event.Decode(entry)
		if err != nil {
			m.log.Error(err, "An entry of the journal is left out", "sequence", entry.Sequence)
		}
		*slot = decoded{sequence: entry.Sequence, id: entry.ID, event: e, ok: err == nil}
	}
	return &slot.event, slot.ok
}

// Touch implements journal.Machine.
func (m *Machine) Touch(entry *journal.Entry) []journal.StateKey {
	e, ok := m.event(entry)
	if !ok {
		return nil
	}
	switch {
	case e.Kind == event.Heard:
		return []journal.StateKey{key(App, event.AppKey(e.SDKAppID))}
	case e.Room == "":
		return []journal.StateKey{key(Account, event.UserKey(e.SDKAppID, e.User))}
	case len(e.Scores) > 0 && e.User != "":
		return []journal.StateKey{key(Room, event.RoomKey(e.Room)), key(User, event.UserKey(e.SDKAppID, e.User))}
	default:
		return []journal.StateKey{key(Room, event.RoomKey(e.Room))}
	}
}

func key(kind, name string) journal.StateKey {
	return journal.StateKey{Kind: kind, Name: name, Partition: journal.Partition(name)}
}

// UserKey is the key of a user's state.
func UserKey(name string) journal.StateKey { return key(User, name) }

// Load implements journal.Machine.
func (m *Machine) Load(key journal.StateKey, data []byte) (journal.State, error) {
	switch key.Kind {
	case Room:
		return activity.LoadRoom(data)
	case User:
		return level.LoadUser(data)
	case Account:
		return activity.LoadAccount(data)
	case App:
		return activity.LoadApp(data)
	}
	return nil, fmt.Errorf("no state has the kind %q", key.Kind)
}

// Apply implements journal.Machine.
func (m *Machine) Apply(_ journal.StateKey, state journal.State, entry *journal.Entry) bool {
	e, ok := m.event(entry)
	if !ok {
		return false
	}
	switch s := state.(type) {
	case *activity.Room:
		return s.Apply(e, entry.Sequence)
	case *level.User:
		return s.Apply(e)
	case *activity.Account:
		return s.Apply(e, entry.Sequence)
	case *activity.App:
		return s.Apply(e)
	}
	return false
}

// Saved implements journal.Machine: levels follow from points that are safe.
func (m *Machine) Saved(key journal.StateKey, state journal.State) { m.Resume(key, state) }

// ResumeKinds implements journal.Machine.
func (m *Machine) ResumeKinds() []string { return []string{User} }

// Resume implements journal.Machine.
func (m *Machine) Resume(key journal.StateKey, state journal.State) {
	if user, ok := state.(*level.User); ok {
		m.review(key.Name, user)
	}
}
