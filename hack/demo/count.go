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

package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

// settled is how long a status may take to have everything: it is written at
// most every ten seconds.
const settled = 25 * time.Second

// settle waits until the status has all that happened, and shows it.
func (d *demo) settle(ctx context.Context, name string) error {
	note("The status has it all within 10 s, since it is written no more often.")
	_, err := d.counted(ctx, name, func(a *imv1alpha1.RoomActivity) string {
		if a.Masked != 1 || a.Blocked != 1 {
			return fmt.Sprintf("%d messages are masked and %d blocked in status, not one each", a.Masked, a.Blocked)
		}
		if a.Online == nil || *a.Online != int64(len(viewers)-1) {
			return fmt.Sprintf("%d of %d viewers are online in status", value(a.Online), len(viewers)-1)
		}
		return ""
	})
	if err != nil {
		return err
	}
	note("kubectl get liveroom %s, with columns for the parts of status.activity:", name)
	var columns []string
	for _, field := range []string{"messages", "senders", "masked", "blocked", "joined", "left", "online", "peakOnline"} {
		columns = append(columns, strings.ToUpper(field)+":.status.activity."+field)
	}
	if err := d.print(ctx, "get", "liveroom", name, "-o", "custom-columns="+strings.Join(columns, ",")); err != nil {
		return err
	}
	return d.print(ctx, "get", "liveroom", name, "-o", `jsonpath={range .status.activity.events[*]}{.name}{"\t"}{.count}{"\n"}{end}`)
}

// counted waits until the status of a room has exactly what the webhook has
// answered with success, as IM counts it, and what else is asked for.
func (d *demo) counted(ctx context.Context, name string, missing func(*imv1alpha1.RoomActivity) string) (*imv1alpha1.RoomActivity, error) {
	var app imv1alpha1.ImApp
	if err := d.read(ctx, application, &app); err != nil {
		return nil, err
	}
	_, tally, err := d.im.answered(ctx)
	if err != nil {
		return nil, err
	}
	group := tally.Groups[groupID(name)]
	if group.Unanswered+group.Unsent > 0 {
		return nil, fmt.Errorf("%d callbacks of the %s were given up", group.Unanswered+group.Unsent, name)
	}
	wanted, events := expected(group, app.Spec.Callbacks.CountedEvents())
	var room imv1alpha1.LiveRoom
	_, err = d.await(ctx, "the status has what was answered with success", settled, func(ctx context.Context) (string, error) {
		room = imv1alpha1.LiveRoom{}
		if err := d.read(ctx, name, &room); err != nil {
			return "", err
		}
		if room.Status.Activity == nil {
			return "status.activity is empty", nil
		}
		return orElse(difference(room.Status.Activity, wanted, events), func() string { return missing(room.Status.Activity) }), nil
	})
	return room.Status.Activity, err
}

// expected is the activity that follows from what was answered with success.
func expected(group simim.GroupTally, named []string) (wanted imv1alpha1.RoomActivity, events map[string]int64) {
	wanted.Joined, wanted.Left, events = int64(group.Joined), int64(group.Left), map[string]int64{}
	for name, count := range group.Messages {
		wanted.Messages += int64(count)
		switch {
		case strings.HasPrefix(name, "TIM"): // no custom message, but one of this type
		case slices.Contains(named, name):
			events[name] += int64(count)
		default:
			events[imv1alpha1.OtherEvents] += int64(count)
		}
	}
	return wanted, events
}

// difference says where a status is not what it should be; empty when it is.
func difference(a *imv1alpha1.RoomActivity, wanted imv1alpha1.RoomActivity, wantedEvents map[string]int64) string {
	events := map[string]int64{}
	for _, event := range a.Events {
		events[event.Name] = event.Count
	}
	if a.Messages != wanted.Messages || a.Joined != wanted.Joined || a.Left != wanted.Left || !maps.Equal(events, wantedEvents) {
		return fmt.Sprintf("%d messages, %d joined, %d left and events %v are in status, but %d, %d, %d and %v were answered",
			a.Messages, a.Joined, a.Left, events, wanted.Messages, wanted.Joined, wanted.Left, wantedEvents)
	}
	return ""
}

func orElse(text string, other func() string) string {
	if text != "" {
		return text
	}
	return other()
}

func value(number *int64) int64 {
	if number == nil {
		return 0
	}
	return *number
}
