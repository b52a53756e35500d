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

package lifecycle

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/application"
	"github.com/liveroom-io/liveroom-operator/controllers/lookup"
	"github.com/liveroom-io/liveroom-operator/controllers/trigger"
)

const (
	// appScan is how often the sweeper looks for ImApps that came or went.
	appScan = 5 * time.Second
	// sweepWindow is how long a changed interval may go unnoticed.
	sweepWindow = 10 * time.Second
	// sweepAgain is the wait after a survey that IM could not answer in full.
	sweepAgain = 30 * time.Second
	// verifyTries bounds how often a new thing that could not be read back is
	// tried again.
	verifyTries = 5
	// verifyLinger lets things made at about the same time be read back in one call.
	verifyLinger = 2 * time.Second
	// verifyBacklog bounds how many new things wait to be read back. Beyond it
	// the next sweep finds them.
	verifyBacklog = 50_000
	// rotationPerSecond is the budget, in objects, for reading what has no batch
	// call: administrators, attributes, bans.
	rotationPerSecond = 2
)

// Surveyor is a Kind that can look at many things in few calls.
type Surveyor[O imv1alpha1.Managed, D Desired, S Observed] interface {
	Kind[O, D, S]

	// SurveySize is how many things one Survey may name.
	SurveySize() int
	// Survey reads what can be read of many at once. Results are in the order of
	// desired; a thing that could not be read has an error.
	Survey(ctx context.Context, conn *application.Connection, desired []D) ([]S, []error)
	// HasMore reports whether desired has parts that only Observe can read.
	HasMore(desired D) bool
}

// Sweeper compares everything that belongs to an application with what is
// declared, in large batches, and wakes only objects with a difference, behind
// whatever users have changed.
type Sweeper[O imv1alpha1.Managed, D Desired, S Observed] struct {
	kind   Surveyor[O, D, S]
	traits Traits[O]
	reader client.Reader
	apps   *application.Registry
	wake   *trigger.Trigger
	drift  *Drift
	second time.Duration

	mu      sync.Mutex
	pending map[types.NamespacedName]int // by how often it could not be read back
}

// NewSweeper returns a sweeper; reader is the cache, second the length of one
// second of a drift interval (tests shorten it).
func NewSweeper[O imv1alpha1.Managed, D Desired, S Observed](kind Surveyor[O, D, S], reader client.Reader,
	apps *application.Registry, wake *trigger.Trigger, drift *Drift, second time.Duration,
) *Sweeper[O, D, S] {
	return &Sweeper[O, D, S]{
		kind: kind, traits: kind.Traits(), reader: reader, apps: apps, wake: wake, drift: drift, second: second,
		pending: map[types.NamespacedName]int{},
	}
}

// NeedLeaderElection keeps the standby replica from sweeping.
func (s *Sweeper[O, D, S]) NeedLeaderElection() bool { return true }

// Verify asks for an object to be read back soon.
func (s *Sweeper[O, D, S]) Verify(key types.NamespacedName) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pending) < verifyBacklog {
		s.pending[key] = 0
	}
}

// Start sweeps until ctx is done: one loop per ImApp, and one that verifies.
func (s *Sweeper[O, D, S]) Start(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	running.Go(func() { wait.UntilWithContext(ctx, s.verifyPending, verifyLinger) })

	loops := map[types.NamespacedName]context.CancelFunc{}
	wait.UntilWithContext(ctx, func(ctx context.Context) {
		var apps imv1alpha1.ImAppList
		if err := s.reader.List(ctx, &apps, client.UnsafeDisableDeepCopy); err != nil {
			log.FromContext(ctx).Error(err, "Listing applications to sweep")
			return
		}
		present := map[types.NamespacedName]bool{}
		for i := range apps.Items {
			key := client.ObjectKeyFromObject(&apps.Items[i])
			present[key] = true
			if loops[key] == nil {
				loop, cancel := context.WithCancel(ctx)
				loops[key] = cancel
				running.Go(func() { s.sweep(loop, key) })
			}
		}
		for key, cancel := range loops {
			if !present[key] {
				cancel()
				delete(loops, key)
			}
		}
	}, appScan)
	for _, cancel := range loops {
		cancel()
	}
	return nil
}

// sweep alternates for one application between a survey of everything and, in
// between, one slow rotation through what has no batch read. The interval is
// read anew in every window, so that a shorter one takes effect soon.
func (s *Sweeper[O, D, S]) sweep(ctx context.Context, app types.NamespacedName) {
	surveyed := time.Now()
	var at rotation
	for ctx.Err() == nil {
		// Up to a tenth less, so that applications and kinds do not stay in step.
		due := surveyed.Add(wait.Jitter(s.interval(ctx, app)*9/10, 1.0/9))
		window, cancel := context.WithDeadline(ctx, earlier(due, time.Now().Add(sweepWindow)))
		if !at.done {
			at = s.rotate(window, app, at)
		}
		<-window.Done()
		cancel()
		if ctx.Err() == nil && !time.Now().Before(due) {
			unread := s.survey(ctx, s.list(ctx, client.MatchingFields{lookup.ByApp: app.String()}))
			surveyed, at.done = time.Now(), false
			if len(unread) > 0 { // IM could not answer for all: come again sooner
				surveyed = surveyed.Add(-max(s.interval(ctx, app)-sweepAgain, 0))
			}
		}
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// interval is what the ImApp declares.
func (s *Sweeper[O, D, S]) interval(ctx context.Context, key types.NamespacedName) time.Duration {
	seconds := int32(imv1alpha1.DefaultDriftIntervalSeconds)
	var app imv1alpha1.ImApp
	if err := s.reader.Get(ctx, key, &app); err == nil && app.Spec.DriftIntervalSeconds != nil {
		seconds = *app.Spec.DriftIntervalSeconds
	}
	return time.Duration(seconds) * s.second
}

func (s *Sweeper[O, D, S]) list(ctx context.Context, selector client.MatchingFields) []O {
	list := s.traits.NewList()
	if err := s.reader.List(ctx, list, selector, client.UnsafeDisableDeepCopy); err != nil {
		log.FromContext(ctx).Error(err, "Listing objects to sweep", "kind", s.traits.Name)
		return nil
	}
	return list.Objects()
}

// verifyPending reads back what was made. What could not be read is tried again
// a few times; after that the next sweep finds it.
func (s *Sweeper[O, D, S]) verifyPending(ctx context.Context) {
	s.mu.Lock()
	keys := s.pending
	s.pending = map[types.NamespacedName]int{}
	s.mu.Unlock()
	objects := make([]O, 0, len(keys))
	for key := range keys {
		obj := s.traits.New()
		if err := s.reader.Get(ctx, key, obj); err == nil {
			objects = append(objects, obj)
		}
	}
	unread := s.survey(ctx, objects)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, obj := range unread {
		key := keyOf(obj)
		if _, again := s.pending[key]; !again && keys[key] < verifyTries {
			s.pending[key] = keys[key] + 1
		}
	}
}

// target is an object that resolved, with what it resolved to.
type target[O, D any] struct {
	obj     O
	desired D
}

// survey compares objects in batches, application by application, and returns
// those that IM could not be asked about.
func (s *Sweeper[O, D, S]) survey(ctx context.Context, objects []O) (unread []O) {
	batches := map[*application.Connection][]target[O, D]{}
	for _, obj := range objects {
		conn, desired, ok := s.resolve(ctx, obj)
		if !ok {
			continue
		}
		batches[conn] = append(batches[conn], target[O, D]{obj, desired})
		if batch := batches[conn]; len(batch) == s.kind.SurveySize() {
			unread = append(unread, s.compare(ctx, conn, batch)...)
			batches[conn] = nil
		}
	}
	for conn, batch := range batches {
		if len(batch) > 0 {
			unread = append(unread, s.compare(ctx, conn, batch)...)
		}
	}
	return unread
}

func (s *Sweeper[O, D, S]) resolve(ctx context.Context, obj O) (conn *application.Connection, desired D, ok bool) {
	if ctx.Err() != nil || !obj.GetDeletionTimestamp().IsZero() || paused(obj) {
		return nil, desired, false
	}
	conn, err := s.apps.Connect(ctx, obj)
	if err != nil {
		return nil, desired, false
	}
	desired, err = s.kind.Resolve(ctx, conn, obj)
	return conn, desired, err == nil
}

func (s *Sweeper[O, D, S]) compare(ctx context.Context, conn *application.Connection, batch []target[O, D]) (unread []O) {
	wanted := make([]D, len(batch))
	for i := range batch {
		wanted[i] = batch[i].desired
	}
	observed, errs := s.kind.Survey(ctx, conn, wanted)
	for i := range batch {
		if errs[i] != nil {
			unread = append(unread, batch[i].obj)
			continue
		}
		s.wakeIfDifferent(batch[i].obj, batch[i].desired, observed[i])
	}
	return unread
}

// rotation is how far the reading of single objects has come. The next one goes
// on after the cursor.
type rotation struct {
	cursor string
	done   bool
}

// rotate reads objects one by one, slowly, until all were read or ctx ends.
func (s *Sweeper[O, D, S]) rotate(ctx context.Context, app types.NamespacedName, at rotation) rotation {
	objects := s.list(ctx, client.MatchingFields{lookup.ByApp: app.String()})
	slices.SortFunc(objects, func(a, b O) int { return strings.Compare(keyOf(a).String(), keyOf(b).String()) })
	start, _ := slices.BinarySearchFunc(objects, at.cursor+"\x00", func(obj O, after string) int {
		return strings.Compare(keyOf(obj).String(), after)
	})
	pace := rate.NewLimiter(rotationPerSecond, 1)
	for _, obj := range objects[start:] {
		conn, desired, ok := s.resolve(ctx, obj)
		if !ok || !s.kind.HasMore(desired) {
			continue
		}
		if pace.Wait(ctx) != nil {
			return at
		}
		observed, err := s.kind.Observe(ctx, conn, desired)
		if ctx.Err() != nil {
			return at // not read to the end: this one comes first next time
		}
		if err == nil {
			s.wakeIfDifferent(obj, desired, observed)
		}
		at.cursor = keyOf(obj).String()
	}
	if ctx.Err() != nil {
		return at
	}
	return rotation{done: true}
}

// wakeIfDifferent wakes an object whose plan is not empty, unless nothing would
// come of it: the thing is not ours, or the differences were given up. It also
// wakes one that says something is wrong when nothing is any more.
func (s *Sweeper[O, D, S]) wakeIfDifferent(obj O, desired D, observed S) {
	if observed.Exists() && obj.GetManagementPolicy() == imv1alpha1.ManagementPolicyManage &&
		obj.GetAdoptionPolicy() != imv1alpha1.AdoptionPolicyAdopt {
		if mark, ok := ReadMark(obj); !ok || !mark.Covers(observed.CreatedAt()) {
			return
		}
	}
	given := *s.traits.Unconverged(obj)
	plan := s.kind.Plan(desired, observed)
	if len(plan) == 0 && !meta.IsStatusConditionTrue(obj.GetObjectStatus().Conditions, imv1alpha1.ConditionReady) {
		s.wake.Wake(trigger.Background, keyOf(obj))
		return
	}
	for _, stuck := range given {
		if !slices.ContainsFunc(plan, func(change Change) bool { return change.Path == stuck.Path }) {
			s.wake.Wake(trigger.Background, keyOf(obj)) // healed, or not read here
			return
		}
	}
	for _, change := range plan {
		mine := imv1alpha1.UnconvergedChange{Path: change.Path, Digest: change.Digest()}
		if change.Verb == Create || !slices.Contains(given, mine) {
			s.drift.Note(keyOf(obj))
			s.wake.Wake(trigger.Background, keyOf(obj))
			return
		}
	}
}
