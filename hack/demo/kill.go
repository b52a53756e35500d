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
	"net/http"
	"time"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

const (
	// burstEvents come at a pace of burstPerSecond.
	burstEvents    = 3000
	burstPerSecond = 1000
	// burstTimeout bounds the burst with all repeats.
	burstTimeout = time.Minute
)

// survive kills the webhook in the middle of a burst, and compares.
func (d *demo) survive(ctx context.Context) error {
	heading("kill -9 of the webhook in the middle of a burst")
	return d.watch(ctx, "liverooms/"+fruitRoom, func(ctx context.Context) error {
		note("%d events, %d a second, in the %s.", burstEvents, burstPerSecond, fruitRoom)
		if err := d.im.call(ctx, http.MethodPost, "load", map[string]any{
			"groups": []string{groupID(fruitRoom)}, "users": 100, "absent": 100, "userPrefix": "crowd-",
			"events": burstEvents, "perSecond": burstPerSecond, "retry": true, "retries": 100,
			"mix": map[string]int{"text": 60, "LIKE": 25, "BUY": 5, "join": 7, "leave": 3},
		}, nil); err != nil {
			return err
		}
		if err := d.interrupt(ctx); err != nil {
			return err
		}
		return d.compareBurst(ctx)
	})
}

// interrupt kills the webhook once a part of the burst is answered, and starts
// it again.
func (d *demo) interrupt(ctx context.Context) error {
	var report simim.LoadReport
	if _, err := d.await(ctx, "a part of the burst is answered", burstTimeout, func(ctx context.Context) (string, error) {
		err := d.im.call(ctx, http.MethodGet, "load", nil, &report)
		if report.Answered < burstEvents/4 {
			return fmt.Sprintf("%d events are answered", report.Answered), err
		}
		return "", err
	}); err != nil {
		return err
	}
	d.webhook.process.kill()
	if report.Answered == burstEvents {
		return fmt.Errorf("the burst was over before the webhook was killed")
	}
	note("Killed, after %d of them were answered.", report.Answered)
	if err := d.webhook.start(ctx); err != nil {
		return err
	}
	took, err := d.await(ctx, "the webhook comes back", webhookTimeout, d.webhook.unready)
	if err == nil {
		note("Started again, and ready after %.1fs.", took.Seconds())
	}
	return err
}

// compareBurst waits until everything is answered, and looks whether the status
// has exactly that.
func (d *demo) compareBurst(ctx context.Context) error {
	var report simim.LoadReport
	if _, err := d.await(ctx, "all of the burst is answered", burstTimeout, func(ctx context.Context) (string, error) {
		report = simim.LoadReport{}
		err := d.im.call(ctx, http.MethodGet, "load?wait=5s", nil, &report)
		if !report.Finished {
			return fmt.Sprintf("%d of %d events are answered", report.Answered, burstEvents), err
		}
		return "", err
	}); err != nil {
		return err
	}
	if report.Answered != burstEvents {
		return fmt.Errorf("%d events of %d were answered, %d failed: %+v", report.Answered, burstEvents, report.Failed, report.Kinds)
	}
	callbacks, _, err := d.im.answered(ctx)
	if err != nil {
		return err
	}
	repeated := 0
	for _, count := range callbacks.Commands {
		repeated += count.Retried
	}
	if repeated == 0 {
		return fmt.Errorf("no callback had to be repeated: the webhook was never away")
	}
	note("All are answered, with %d repeats by IM.", repeated)
	activity, err := d.counted(ctx, fruitRoom, func(*imv1alpha1.RoomActivity) string { return "" })
	if err != nil {
		return err
	}
	note("Status: %d messages, %d joined, %d left: %d, exactly what was answered with success.",
		activity.Messages, activity.Joined, activity.Left, activity.Messages+activity.Joined+activity.Left)
	return nil
}
