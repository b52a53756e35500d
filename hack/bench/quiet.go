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
	"time"

	eventsv1 "k8s.io/api/events/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/liveroom-io/liveroom-operator/hack/measure"
)

// maxNotedEvents bounds the events that the table names.
const maxNotedEvents = 10

// restart measures what a start costs when nothing has changed.
func (b *bench) restart(ctx context.Context) error {
	if err := b.controller.stop(); err != nil {
		return err
	}
	b.noteUsage("existing and applied")
	b.simulator.ResetCounters()
	before, err := b.audit.counts()
	if err != nil {
		return err
	}
	if err := b.start(ctx); err != nil {
		return err
	}
	if err := b.settle(ctx); err != nil {
		return err
	}
	after, err := b.audit.counts()
	if err != nil {
		return err
	}
	writes := after.minus(before)
	b.results.Exactly("restart: writes to IM", imWrites(b.simulator.CallLog()), 0)
	b.results.Exactly("restart: API writes", writes.sum(), 0)
	b.results.Exactly("restart: events", writes.events, 0)
	b.results.Note("restart: get_group_info", fmt.Sprintf("%d for %d rooms", b.simulator.Calls("get_group_info"), 2*b.rooms))
	return nil
}

// steady watches a time in which nothing changes.
func (b *bench) steady(ctx context.Context, length time.Duration) error {
	b.simulator.ResetCounters()
	before, err := b.audit.counts()
	if err != nil {
		return err
	}
	_, from, err := b.controller.lines(0)
	if err != nil {
		return err
	}
	select {
	case <-time.After(length):
	case <-b.died:
		return errEnded
	case <-ctx.Done():
		return ctx.Err()
	}
	after, err := b.audit.counts()
	if err != nil {
		return err
	}
	lines, _, err := b.controller.lines(from)
	if err != nil {
		return err
	}
	writes := after.minus(before)
	name := fmt.Sprintf("steady %s", length)
	b.results.Exactly(name+": log lines", lines, 0)
	b.results.Exactly(name+": events", writes.events, 0)
	b.results.Exactly(name+": API writes", writes.sum(), 0)
	b.results.Exactly(name+": writes to IM", imWrites(b.simulator.CallLog()), 0)
	b.results.Note(name+": get_group_info", fmt.Sprintf("%d for %d rooms", b.simulator.Calls("get_group_info"), 2*b.rooms))
	if err := b.controller.stop(); err != nil {
		return err
	}
	b.noteUsage("restart and steady")
	return nil
}

// noteUsage adds what a controller that has ended took from the machine.
func (b *bench) noteUsage(during string) {
	b.results.Note("controller, "+during+": CPU", measure.Format(b.controller.cpu.Seconds(), "s"))
	if b.controller.maxRSS > 0 {
		b.results.Note("controller, "+during+": max RSS", measure.Format(float64(b.controller.maxRSS)/(1<<20), " MiB"))
	}
}

// noteEvents names what the operator found worth an event, for whoever has to
// find out why there was one.
func (b *bench) noteEvents(ctx context.Context, scenario string) error {
	var list eventsv1.EventList
	if err := b.client.List(ctx, &list, client.InNamespace(namespace), client.Limit(maxNotedEvents)); err != nil {
		return fmt.Errorf("listing events: %w", err)
	}
	for _, event := range list.Items {
		b.results.Note(scenario+": event", fmt.Sprintf("%s %s: %s %s", event.Regarding.Kind, event.Regarding.Name, event.Reason, event.Note))
	}
	return nil
}
