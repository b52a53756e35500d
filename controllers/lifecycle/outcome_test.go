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
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/hold"
	"github.com/liveroom-io/liveroom-operator/internal/im"
	"github.com/liveroom-io/liveroom-operator/internal/live/control"
)

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		name   string
		err    error
		reason string
		silent bool
	}{
		{"no error", nil, imv1alpha1.ReasonAsDeclared, false},
		{"a wait, wrapped", fmt.Errorf("name: %w", hold.New(imv1alpha1.ReasonPaused, "p")), imv1alpha1.ReasonPaused, false},
		{"the process stops", context.Canceled, imv1alpha1.ReasonInternalError, true},
		{"too late", context.DeadlineExceeded, imv1alpha1.ReasonUnavailable, false},
		{"anything else", errors.New("boom"), imv1alpha1.ReasonInternalError, false},
		{"invalid", &im.Error{Class: im.Invalid}, imv1alpha1.ReasonInvalid, false},
		{"lost reply", fmt.Errorf("x: %w", &im.Error{Class: im.UnknownOutcome}), imv1alpha1.ReasonOutcomeUnknown, false},
		{"another API of the provider", fmt.Errorf("x: %w", &control.Error{Class: im.Unauthorized}), imv1alpha1.ReasonUnauthorized, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := judge(c.err)
			if got.reason != c.reason || got.silent != c.silent {
				t.Errorf("got %s (silent %t), want %s (silent %t)", got.reason, got.silent, c.reason, c.silent)
			}
		})
	}
}

// What goes elsewhere than to IM holds up nothing, unless the whole pass comes again.
func TestKeepsGoing(t *testing.T) {
	down := &im.Error{Class: im.Unavailable}
	for _, c := range []struct {
		name   string
		change Change
		err    error
		want   bool
	}{
		{"a field that is refused", Change{Verb: Set}, &im.Error{Class: im.Invalid}, true},
		{"IM is down", Change{Verb: Set}, down, false},
		{"something else is down", Change{Verb: Set, Apart: true}, down, true},
		{"something else fails for no known reason", Change{Verb: Set, Apart: true}, errors.New("boom"), true},
		{"the process stops", Change{Verb: Set, Apart: true}, context.Canceled, false},
		{"a create that is refused", Change{Verb: Create}, &im.Error{Class: im.Invalid}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := keepsGoing(c.change, c.err); got != c.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

// Every class of the provider has a reason, and every reason a policy.
func TestTablesAreComplete(t *testing.T) {
	for _, class := range []im.Class{
		im.NotFound, im.AlreadyExists, im.Invalid, im.FieldNotRegistered, im.QuotaExceeded,
		im.NotPermitted, im.Unauthorized, im.RateLimited, im.Unavailable, im.UnknownOutcome,
	} {
		reason, known := reasons[class]
		if !known {
			t.Errorf("class %s has no reason", class)
		}
		if _, known := policies[reason]; !known {
			t.Errorf("reason %s has no policy", reason)
		}
	}
}

func TestCutKeepsCharactersWhole(t *testing.T) {
	for _, message := range []string{"short", strings.Repeat("a", 5000), strings.Repeat("童", 2000)} {
		got := cut(message)
		if len(got) > maxMessageBytes || !utf8.ValidString(got) {
			t.Errorf("%d bytes, valid %t", len(got), utf8.ValidString(got))
		}
	}
}

func TestMarkCovers(t *testing.T) {
	at := time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name    string
		mark    Mark
		created time.Time
		want    bool
	}{
		{"made in the same second", Mark{Time: at, Origin: OriginCreated}, at, true},
		{"made before", Mark{Time: at, Origin: OriginCreated}, at.Add(-time.Second), false},
		{"made at an unknown time", Mark{Time: at, Origin: OriginCreated}, time.Time{}, true},
		{"adopted", Mark{Time: at, Origin: OriginAdopted}, at.Add(-time.Hour), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.mark.Covers(c.created); got != c.want {
				t.Errorf("got %t, want %t", got, c.want)
			}
		})
	}
}

func TestAChangeThatDoesNotConvergeIsGivenUpAfterTwoTries(t *testing.T) {
	c := newConvergence()
	key := keyOf(&imv1alpha1.LiveRoom{})
	change := Change{Verb: Set, Path: "name", Value: "x"}
	plan := []Change{change}
	for try := range triesBeforeGivingUp {
		due, givenUp := c.sift(key, plan, nil, false)
		if len(due) != 1 || len(givenUp) != 0 {
			t.Fatalf("try %d: due %v, given up %v", try, due, givenUp)
		}
		c.wrote(key, change, time.Time{}, false)
		c.readBack(key, plan) // not as written
	}
	due, givenUp := c.sift(key, plan, nil, false)
	if len(due) != 0 || len(givenUp) != 1 || givenUp[0].Path != "name" {
		t.Fatalf("due %v, given up %v", due, givenUp)
	}
	if due, _ := newConvergence().sift(key, plan, givenUp, false); len(due) != 0 {
		t.Errorf("tried again after a restart: %v", due)
	}
	if due, _ := c.sift(key, plan, givenUp, true); len(due) != 1 {
		t.Errorf("not tried again on request: %v", due)
	}
	for range 5 {
		c.wrote(key, change, time.Time{}, false)
		c.readBack(key, nil) // as written
		if due, _ := c.sift(key, plan, nil, false); len(due) != 1 {
			t.Errorf("a drift that was repaired before counts as not converging: %v", due)
		}
	}
}

func TestRepairsAreTriedMoreOften(t *testing.T) {
	c := newConvergence()
	key := keyOf(&imv1alpha1.LiveRoom{})
	change := Change{Verb: Set, Path: "name", Value: "x"}
	for try := range repairsBeforeGivingUp {
		if due, _ := c.sift(key, []Change{change}, nil, false); len(due) != 1 {
			t.Fatalf("repair %d is not made", try)
		}
		c.wrote(key, change, time.Time{}, true)
	}
	if due, givenUp := c.sift(key, []Change{change}, nil, false); len(due) != 0 || len(givenUp) != 1 {
		t.Errorf("due %v, given up %v", due, givenUp)
	}
}
