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

package activity

import (
	"encoding/json"
	"fmt"

	"github.com/liveroom-io/liveroom-operator/webhook/event"
)

// Account is what callbacks told about a declared account.
type Account struct {
	// Connected is the sequence of the last change of its connection, 0 for none.
	Connected uint64 `json:"connected,omitempty"`
	// ConnectedTime is its time in milliseconds.
	ConnectedTime int64 `json:"connectedTime,omitempty"`
	// Seen are digests of the profile values reported last, by field of spec.
	Seen map[string]string `json:"seen,omitempty"`
	// SeenAt is the sequence of the last such report, SeenTime its time.
	SeenAt   uint64 `json:"seenAt,omitempty"`
	SeenTime int64  `json:"seenTime,omitempty"`
	// Day since 1970 of the last change: states without one expire.
	Day int64 `json:"day,omitempty"`
}

// LoadAccount reads a stored account. No data is a new one.
func LoadAccount(data []byte) (*Account, error) {
	var account Account
	if len(data) == 0 {
		return &account, nil
	}
	if err := json.Unmarshal(data, &account); err != nil {
		return nil, fmt.Errorf("decoding an account: %w", err)
	}
	return &account, nil
}

// AppendState encodes the account.
func (a *Account) AppendState(to []byte) ([]byte, error) {
	data, err := json.Marshal(a)
	if err != nil {
		return nil, fmt.Errorf("encoding an account: %w", err)
	}
	return append(to, data...), nil
}

// Apply folds one event. It reports whether anything is different.
func (a *Account) Apply(e *event.Event, sequence uint64) bool {
	changed := a.apply(e, sequence)
	if changed {
		a.Day = max(a.Day, day(e))
	}
	return changed
}

func (a *Account) apply(e *event.Event, sequence uint64) bool {
	switch e.Kind {
	case event.Kept:
		return day(e) > a.Day
	case event.Presence:
		a.Connected, a.ConnectedTime = sequence, e.Time
		return true
	case event.Changed:
		// Also when nothing differs from the last report: somebody may have changed it
		// again, and the report of the repair in between been lost.
		seen := remember(a.Seen, e.Seen)
		a.Seen, a.SeenAt, a.SeenTime = seen, sequence, e.Time
		return true
	default:
		return false
	}
}

// App is what is known of an application.
type App struct {
	// Heard is when an authentic callback came, in milliseconds. It is not
	// brought up to date with every callback.
	Heard int64 `json:"heard,omitempty"`
}

// LoadApp reads a stored application. No data is a new one.
func LoadApp(data []byte) (*App, error) {
	var app App
	if len(data) == 0 {
		return &app, nil
	}
	if err := json.Unmarshal(data, &app); err != nil {
		return nil, fmt.Errorf("decoding an application: %w", err)
	}
	return &app, nil
}

// AppendState encodes the application.
func (a *App) AppendState(to []byte) ([]byte, error) {
	data, err := json.Marshal(a)
	if err != nil {
		return nil, fmt.Errorf("encoding an application: %w", err)
	}
	return append(to, data...), nil
}

// Apply folds one event. It reports whether anything is different.
func (a *App) Apply(e *event.Event) bool {
	if e.Kind != event.Heard || e.Time <= a.Heard {
		return false
	}
	a.Heard = e.Time
	return true
}
