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
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

// triesBeforeGivingUp is how often one and the same change is written before it
// counts as not converging.
const triesBeforeGivingUp = 2

// repairsBeforeGivingUp is the same for changes that undo a reported difference.
// Whoever changes a room several times in a second may be faster than we read
// back; that is not IM that does not keep what is written.
const repairsBeforeGivingUp = 10

// Digest identifies what a change writes.
func (c Change) Digest() string {
	text, err := json.Marshal(c.Value)
	if err != nil { // plans hold plain data
		panic(err)
	}
	sum := sha256.Sum256(append([]byte(c.Verb+" "), text...))
	return hex.EncodeToString(sum[:8])
}

// convergence counts writes of the same value to the same path. A path that a
// later plan no longer names has converged and is forgotten.
type convergence struct {
	mu    sync.Mutex
	tries map[types.NamespacedName]map[string]try
	made  map[types.NamespacedName]creation
}

// creation counts creates of one thing in close succession.
type creation struct {
	last  time.Time
	count int
}

const (
	// createPause keeps a thing that vanishes again and again from being made
	// more often than once in this time.
	createPause = time.Minute
	// createsAtOnce is how many creates in close succession are not held back.
	createsAtOnce = 2
)

// vanishes reports whether a thing was made often enough for now.
func (c *convergence) vanishes(key types.NamespacedName, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	made := c.made[key]
	return made.count >= createsAtOnce && now.Sub(made.last) < createPause
}

// try is how often one value was written.
type try struct {
	digest  string
	count   int
	repairs int // those that undid a reported difference
}

func (t try) spent() bool {
	return t.count >= triesBeforeGivingUp || t.count+t.repairs >= repairsBeforeGivingUp
}

func newConvergence() *convergence {
	return &convergence{tries: map[types.NamespacedName]map[string]try{}, made: map[types.NamespacedName]creation{}}
}

// sift divides a plan into what is to be done and what is given up. known are
// the changes given up in earlier passes; retry forgets them, after a change
// of spec or on request.
func (c *convergence) sift(key types.NamespacedName, plan []Change, known []imv1alpha1.UnconvergedChange, retry bool,
) (due []Change, givenUp []imv1alpha1.UnconvergedChange) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if retry {
		delete(c.tries, key)
		known = nil
	}
	c.converged(key, plan)
	tries := c.tries[key]
	for _, change := range plan {
		mine := imv1alpha1.UnconvergedChange{Path: change.Path, Digest: change.Digest()}
		before := tries[change.Path]
		if change.Verb != Create &&
			(slices.Contains(known, mine) || (before.digest == mine.Digest && before.spent())) {
			givenUp = append(givenUp, mine)
			continue
		}
		due = append(due, change)
	}
	return due, givenUp
}

// readBack takes in what would still have to be done after a read.
func (c *convergence) readBack(key types.NamespacedName, plan []Change) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.converged(key, plan)
}

// converged forgets the tries of paths that a plan does not name. The lock is held.
func (c *convergence) converged(key types.NamespacedName, plan []Change) {
	tries := c.tries[key]
	for path := range tries {
		if !slices.ContainsFunc(plan, func(change Change) bool { return change.Path == path }) {
			delete(tries, path)
		}
	}
	if len(tries) == 0 {
		delete(c.tries, key)
	}
}

// wrote counts a change that IM accepted. A create is never given up, but slowed
// down: a group that keeps vanishing keeps being made.
func (c *convergence) wrote(key types.NamespacedName, change Change, now time.Time, repair bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if change.Verb == Create {
		made := c.made[key]
		if now.Sub(made.last) >= createPause {
			made.count = 0
		}
		c.made[key] = creation{last: now, count: made.count + 1}
		return
	}
	tries := c.tries[key]
	if tries == nil {
		tries = map[string]try{}
		c.tries[key] = tries
	}
	digest := change.Digest()
	before := tries[change.Path]
	if before.digest != digest {
		before = try{digest: digest}
	}
	if repair {
		before.repairs++
	} else {
		before.count++
	}
	tries[change.Path] = before
}

func (c *convergence) forget(key types.NamespacedName) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.tries, key)
	delete(c.made, key)
}
