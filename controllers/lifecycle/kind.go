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

// Package lifecycle is the reconcile that all kinds share:
//
//	get → guard (paused, conflict, application) → resolve → observe → plan
//	    → (before the first write: finalizer and mark) → apply → status
//
// A kind supplies what differs: what its object resolves to, how IM is read,
// the pure plan, how a change is applied, how the thing is released.
package lifecycle

import (
	"context"
	"fmt"
	"time"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/application"
)

// Kind is what one kind of object supplies. O is the object, D what it resolves
// to, S what was seen in IM.
type Kind[O imv1alpha1.Managed, D Desired, S Observed] interface {
	// Traits are the constants of the kind.
	Traits() Traits[O]

	// Resolve turns an object into what is wanted: references followed, time
	// dependent parts decided. Waits come back as *hold.Error.
	Resolve(ctx context.Context, conn *application.Connection, obj O) (D, error)

	// Observe reads everything that Plan may need.
	Observe(ctx context.Context, conn *application.Connection, desired D) (S, error)

	// Plan returns the changes, in order, that make IM as desired. It is pure:
	// no client, no clock. Parts that were not observed are not planned.
	Plan(desired D, observed S) []Change

	// Apply makes one change. It may be repeated.
	Apply(ctx context.Context, conn *application.Connection, desired D, change Change) error

	// Release removes the thing from IM, if it still is the one that the mark
	// speaks of. Already gone is success.
	Release(ctx context.Context, conn *application.Connection, obj O, mark Mark) error

	// Report writes the kind's own part of status from the facts of a pass. It
	// is called on every path, also when nothing was resolved or observed.
	Report(obj O, pass *Pass[D, S])
}

// Recorder is a Kind that notes in status what it is about to write, because IM
// cannot tell later whose it is. The note is on the API server before IM is
// called, so that nothing of ours is forgotten, whenever the process ends.
type Recorder[O imv1alpha1.Managed, D Desired] interface {
	// Record notes the changes in the object's status, and reports whether that
	// changed anything.
	Record(obj O, desired D, due []Change) bool
	// Keeps reports whether an object may have such a note, which must not be
	// replaced by what an old copy of its status says.
	Keeps(obj O) bool
}

// Independent is a Kind of whose changes some do not go to IM. They are made even
// while IM cannot be read, while the application cannot be used, and while something
// is missing that only IM needs.
type Independent[O imv1alpha1.Managed, D Desired, S Observed] interface {
	// ResolveApart is Resolve for those changes. conn is nil while the application
	// cannot be used.
	ResolveApart(ctx context.Context, conn *application.Connection, obj O) (D, error)
	// ObserveApart is Observe for them.
	ObserveApart(ctx context.Context, desired D) (S, error)
	// PlanApart returns them. It is pure.
	PlanApart(desired D, observed S) []Change
	// Apart are the conditions that those changes alone decide about.
	Apart(desired D) []string
	// Holds reports whether the object has to undo something of that when it goes.
	Holds(obj O) bool
}

// Dated is a Kind of whose conditions one says something that ends by itself.
type Dated[O imv1alpha1.Managed] interface {
	// Lapse returns when what a condition says ends unless it is renewed before, and
	// what has ended then. The zero time means never.
	Lapse(obj O) (condition string, at time.Time, what string)
}

// Traits are the constants of a kind.
type Traits[O imv1alpha1.Managed] struct {
	// Name of the kind in the singular, as in "LiveRoom".
	Name string
	// New returns an empty object.
	New func() O
	// NewList returns an empty list, read with the index lookup.ByClaim.
	NewList func() List[O]
	// Claim identifies in the whole cluster the thing in IM that an object claims.
	Claim func(O) string
	// Thing names it for people, as in `group "live_42"`.
	Thing func(O) string
	// Conditions that the kind owns besides Ready, most basic first.
	Conditions []string
	// Foreign says which objects of the kind are another process's: they are not
	// touched in any way. Nil for a kind without such objects.
	Foreign func(O) bool
	// Unconverged points to the list of changes given up in the object's status;
	// nil for a kind whose writes cannot fail to converge.
	Unconverged func(O) *[]imv1alpha1.UnconvergedChange
	// Owns says whether an object may have something in IM that its deletion
	// has to remove. Nil for a kind that always has, and whose deletionPolicy
	// says whether to remove it.
	Owns func(O) bool
	// Status returns what the controller owns of the object's status, in the
	// form that is applied. What other writers own must not be in it.
	Status func(O) any
}

// List is a list of objects of one kind.
type List[O any] interface {
	objectList
	Objects() []O
}

// Desired is what an object resolves to.
type Desired interface {
	// Next is when the object wants to be looked at again though nothing has
	// changed (the end of a ban, the renewal of a UserSig). Zero means never.
	Next() time.Time
}

// Observed is what was seen in IM.
type Observed interface {
	// Exists says whether the thing is there.
	Exists() bool
	// CreatedAt is when it was made, by IM's clock; zero when IM does not say.
	CreatedAt() time.Time
}

// Verb says what a change does.
type Verb string

// The verbs of changes.
const (
	// Create makes the thing. When it fails nothing else of the plan is tried.
	Create Verb = "create"
	// Set writes one field or member.
	Set Verb = "set"
	// Remove takes one member away.
	Remove Verb = "remove"
)

// Change is one step of a plan, as data.
type Change struct {
	// Verb of the change.
	Verb Verb
	// Path of the field, as in spec: "announcement", "customFields[add_goods]".
	Path string
	// Condition that a failure of this change belongs to.
	Condition string
	// Value that is written: comparable by its JSON, and never a secret.
	Value any
	// Apart says that the change goes elsewhere than to IM: no failure of it holds
	// up the rest of the plan.
	Apart bool
}

// Failure is a change that could not be made.
type Failure struct {
	Change Change
	Err    error
}

// Pass collects the facts of one reconcile. Status is computed from it once, at
// the end, on every path.
type Pass[D, S any] struct {
	// Desired is nil until the object was resolved.
	Desired *D
	// Observed is nil until IM was read.
	Observed *S
	// ObservedApart is what was read apart from IM when IM was not, nil otherwise.
	ObservedApart *S
	// Planned are the changes that were due, given-up ones included.
	Planned []Change
	// Applied are the changes that were made.
	Applied []Change
	// Failures are changes that could not be made.
	Failures []Failure
	// GivenUp are changes that do not converge and were not tried again.
	GivenUp []imv1alpha1.UnconvergedChange
	// Err is what ended the pass early.
	Err error
	// ReadOnly says that the object is only observed.
	ReadOnly bool

	// settled are conditions of which everything was seen to, whatever ended the pass.
	settled []string
	// recorded is the status that was written during the pass, nil if none was.
	recorded any
}

// cause is the error with a reason: the one that ended the pass, or that of a change
// which held up no other.
func (p *Pass[D, S]) cause(reason string) error {
	for _, failure := range p.Failures {
		if p.Err == nil && judge(failure.Err).reason == reason {
			return fmt.Errorf("%s: %w", failure.Change.Path, failure.Err)
		}
	}
	return p.Err
}

// Created reports whether the pass made the thing.
func (p *Pass[D, S]) Created() bool {
	for _, change := range p.Applied {
		if change.Verb == Create {
			return true
		}
	}
	return false
}
