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

package application

import (
	"context"
	"sync"
	"time"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/im"
)

// fieldProofWait bounds how long one room waits for another room's proof of
// the same field, so that a slow provider cannot hold up all workers.
const fieldProofWait = 2 * time.Second

// FieldType is a custom field bound to a type of group: what a proof is about.
type FieldType struct {
	Scope imv1alpha1.FieldScope
	Name  string
	Type  imv1alpha1.RoomType
}

// Ledger remembers for one application which custom fields IM knows. IM has no
// call to list definitions, so the first write of a field proves it; the ledger
// makes sure that hundreds of rooms do not all try.
type Ledger struct {
	mu      sync.Mutex
	entries map[FieldType]*entry
	// onChange is called outside the lock after a verdict has changed.
	onChange func(FieldType, imv1alpha1.RegistrationState)
}

type entry struct {
	state   imv1alpha1.RegistrationState
	proving chan struct{} // closed when the proof under way is over; nil when there is none
}

// NewLedger returns an empty ledger. onChange may be nil.
func NewLedger(onChange func(FieldType, imv1alpha1.RegistrationState)) *Ledger {
	return &Ledger{entries: map[FieldType]*entry{}, onChange: onChange}
}

// State returns what is known of a field.
func (l *Ledger) State(field FieldType) imv1alpha1.RegistrationState {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.at(field).state
}

// Learn records what status already says, after a start.
func (l *Ledger) Learn(field FieldType) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.at(field).state = imv1alpha1.RegistrationRegistered
}

// Reopen allows one more try of a field that was refused.
func (l *Ledger) Reopen(field FieldType) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.at(field); e.state == imv1alpha1.RegistrationNotRegistered {
		e.state = imv1alpha1.RegistrationUnknown
	}
}

// Prove runs write unless the field is known to be refused. While the field is
// unknown only one caller at a time writes; the others wait for its verdict, at
// most two seconds. It returns the state after the call, and the error of the
// caller's own write if there was one. verdict tells from that error whether
// the field is registered; an Unknown verdict leaves the question open.
func (l *Ledger) Prove(ctx context.Context, field FieldType, write func() error,
	verdict func(error) imv1alpha1.RegistrationState,
) (imv1alpha1.RegistrationState, error) {
	deadline := time.NewTimer(fieldProofWait)
	defer deadline.Stop()
	for {
		l.mu.Lock()
		e := l.at(field)
		switch {
		case e.state == imv1alpha1.RegistrationNotRegistered:
			l.mu.Unlock()
			return imv1alpha1.RegistrationNotRegistered, nil
		case e.state == imv1alpha1.RegistrationRegistered:
			l.mu.Unlock()
			return imv1alpha1.RegistrationRegistered, write()
		case e.proving == nil:
			done := make(chan struct{})
			e.proving = done
			l.mu.Unlock()
			return l.run(field, e, done, write, verdict)
		}
		proving := e.proving
		l.mu.Unlock()
		select {
		case <-proving:
		case <-deadline.C:
			return imv1alpha1.RegistrationUnknown, nil
		case <-ctx.Done():
			return imv1alpha1.RegistrationUnknown, ctx.Err()
		}
	}
}

func (l *Ledger) run(field FieldType, e *entry, done chan struct{}, write func() error,
	verdict func(error) imv1alpha1.RegistrationState,
) (imv1alpha1.RegistrationState, error) {
	state := imv1alpha1.RegistrationUnknown
	defer func() {
		l.mu.Lock()
		if e.state == imv1alpha1.RegistrationRegistered {
			state = e.state // learned meanwhile, and for good
		}
		changed := e.state != state
		e.state, e.proving = state, nil
		l.mu.Unlock()
		close(done)
		if changed && l.onChange != nil {
			l.onChange(field, state)
		}
	}()
	err := write()
	state = verdict(err)
	return state, err
}

func (l *Ledger) at(field FieldType) *entry {
	e, ok := l.entries[field]
	if !ok {
		e = &entry{state: imv1alpha1.RegistrationUnknown}
		l.entries[field] = e
	}
	return e
}

// FieldVerdict tells from the error of a one-field write whether IM knows the
// field. Errors that say nothing about it leave the question open.
func FieldVerdict(err error) imv1alpha1.RegistrationState {
	switch {
	case err == nil:
		return imv1alpha1.RegistrationRegistered
	case im.ClassOf(err) == im.FieldNotRegistered:
		return imv1alpha1.RegistrationNotRegistered
	default:
		return imv1alpha1.RegistrationUnknown
	}
}
