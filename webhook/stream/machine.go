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

package stream

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/go-logr/logr"

	"github.com/liveroom-io/liveroom-operator/webhook/journal"
)

// Kinds of states. They are part of what is stored.
const (
	// RoomState is the stream of a LiveRoom, by its UID.
	RoomState = "stream"
	// AppState is what was heard of an ImApp, by <namespace>/<name>.
	AppState = "heard"
)

// Machine folds events. It implements journal.Machine.
type Machine struct{ log logr.Logger }

// NewMachine returns a machine.
func NewMachine(log logr.Logger) *Machine { return &Machine{log: log} }

// Touch implements journal.Machine. What cannot be decoded is left out: it was
// written by another version, and will not become readable.
func (m *Machine) Touch(entry *journal.Entry) []journal.StateKey {
	e, err := Decode(entry)
	if err != nil {
		m.log.Error(err, "An entry of the journal is left out", "sequence", entry.Sequence)
		return nil
	}
	kind := RoomState
	if e.Kind == Heard {
		kind = AppState
	}
	name := e.key()
	return []journal.StateKey{{Kind: kind, Name: name, Partition: journal.Partition(name)}}
}

// Load implements journal.Machine.
func (m *Machine) Load(key journal.StateKey, data []byte) (journal.State, error) {
	switch key.Kind {
	case RoomState:
		return LoadRoom(data)
	case AppState:
		return LoadApp(data)
	}
	return nil, fmt.Errorf("no state has the kind %q", key.Kind)
}

// Apply implements journal.Machine.
func (m *Machine) Apply(_ journal.StateKey, state journal.State, entry *journal.Entry) bool {
	e, err := Decode(entry)
	if err != nil {
		return false
	}
	switch s := state.(type) {
	case *Room:
		return s.Apply(&e)
	case *App:
		return s.Apply(&e)
	}
	return false
}

// Saved implements journal.Machine: nothing else follows from a state.
func (m *Machine) Saved(journal.StateKey, journal.State) {}

// ResumeKinds implements journal.Machine.
func (m *Machine) ResumeKinds() []string { return nil }

// Resume implements journal.Machine.
func (m *Machine) Resume(journal.StateKey, journal.State) {}

// maxSegments of an ImApp are remembered: two services, each with a key and the one
// before, and some that have gone.
const maxSegments = 8

// App is what was heard of an ImApp.
type App struct {
	// Heard is when an authentic callback came, in milliseconds, by the last part of
	// the path. It is brought up to date once a day.
	Heard map[string]int64 `json:"heard,omitempty"`
}

// LoadApp reads a stored application. No data is a new one.
func LoadApp(data []byte) (*App, error) {
	var app App
	if len(data) == 0 {
		return &app, nil
	}
	if err := json.Unmarshal(data, &app); err != nil {
		return nil, fmt.Errorf("decoding what was heard of an application: %w", err)
	}
	return &app, nil
}

// AppendState encodes the application.
func (a *App) AppendState(to []byte) ([]byte, error) {
	data, err := json.Marshal(a)
	if err != nil {
		return nil, fmt.Errorf("encoding what was heard of an application: %w", err)
	}
	return append(to, data...), nil
}

// Apply folds one event. It reports whether anything is different.
func (a *App) Apply(e *Event) bool {
	if e.Kind != Heard || e.Time <= a.Heard[e.Segment] {
		return false
	}
	heard := maps.Clone(a.Heard)
	if heard == nil {
		heard = map[string]int64{}
	}
	heard[e.Segment] = e.Time
	for len(heard) > maxSegments {
		oldest := ""
		for segment, at := range heard {
			if oldest == "" || at < heard[oldest] || at == heard[oldest] && segment < oldest {
				oldest = segment
			}
		}
		delete(heard, oldest)
	}
	a.Heard = heard
	return true
}
