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
	"strconv"
	"strings"
	"time"

	eventsv1 "k8s.io/api/events/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// quietTime is how long after its last read a restarted controller is watched
// for writes.
const quietTime = 5 * time.Second

// written are the writes that the API server has seen from the operator: the
// bench itself only creates.
type written struct{ rooms, all, events int }

// writes reads the API server's own counters.
func (b *bench) writes(ctx context.Context) (written, error) {
	text, err := b.server.RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return written{}, fmt.Errorf("reading the API server's metrics: %w", err)
	}
	var w written
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "apiserver_request_total{") {
			continue
		}
		verb, resource := label(line, "verb"), label(line, "resource")
		value, err := strconv.ParseFloat(strings.TrimSpace(line[strings.LastIndex(line, " "):]), 64)
		if err != nil {
			return written{}, fmt.Errorf("reading the API server's metrics: %w", err)
		}
		switch {
		case resource == "events":
			if verb == "POST" || verb == "PATCH" || verb == "APPLY" {
				w.events += int(value)
			}
		case label(line, "group") == "im.liveroom.io" && (verb == "PATCH" || verb == "APPLY" || verb == "PUT"):
			w.all += int(value)
			if resource == "liverooms" {
				w.rooms += int(value)
			}
		}
	}
	return w, nil
}

// noteEvents names what the operator found worth an event, for whoever has to
// find out why there was one.
func (b *bench) noteEvents(ctx context.Context, scenario string) error {
	var list eventsv1.EventList
	if err := b.client.List(ctx, &list, client.InNamespace(namespace)); err != nil {
		return fmt.Errorf("listing events: %w", err)
	}
	for _, event := range list.Items {
		b.results.note(scenario+": event", fmt.Sprintf("%s %s: %s %s", event.Regarding.Kind, event.Regarding.Name, event.Reason, event.Note))
	}
	return nil
}

func label(line, name string) string {
	_, rest, found := strings.Cut(line, name+`="`)
	if !found {
		return ""
	}
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

// restart measures what a start costs when nothing has changed.
func (b *bench) restart(ctx context.Context) error {
	if err := b.controller.stop(); err != nil {
		return err
	}
	b.results.note("CPU seconds of the controller so far", format(b.controller.cpu.Seconds(), "s"))
	b.results.note("max RSS of the controller", format(float64(b.controller.maxRSS)/(1<<20), " MiB"))
	b.simulator.ResetCounters()
	before, err := b.writes(ctx)
	if err != nil {
		return err
	}
	if err := b.start(ctx); err != nil {
		return err
	}
	reads := 0
	for settled := time.Now(); time.Since(settled) < quietTime; {
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
		if now := b.simulator.Calls("get_group_info"); now != reads || now == 0 {
			reads, settled = now, time.Now()
		}
	}
	after, err := b.writes(ctx)
	if err != nil {
		return err
	}
	b.results.exactly("restart: API writes", after.all-before.all, 0)
	b.results.exactly("restart: IM writes", b.imWrites(), 0)
	b.results.note("restart: get_group_info for unchanged rooms", fmt.Sprintf("%d for %d", reads, 2*b.rooms))
	return nil
}

func (b *bench) imWrites() (sum int) {
	for _, command := range []string{"create_group", "modify_group_base_info", "destroy_group", "multiaccount_import", "account_import", "portrait_set"} {
		sum += b.simulator.Calls(command)
	}
	return sum
}

// steady watches a time in which nothing changes.
func (b *bench) steady(ctx context.Context, length time.Duration) error {
	before, err := b.writes(ctx)
	if err != nil {
		return err
	}
	_, from, err := b.controller.lines(0)
	if err != nil {
		return err
	}
	select {
	case <-time.After(length):
	case <-ctx.Done():
		return ctx.Err()
	}
	after, err := b.writes(ctx)
	if err != nil {
		return err
	}
	lines, _, err := b.controller.lines(from)
	if err != nil {
		return err
	}
	b.results.exactly(fmt.Sprintf("steady %s: log lines", length), lines, 0)
	b.results.exactly(fmt.Sprintf("steady %s: events", length), after.events-before.events, 0)
	b.results.exactly(fmt.Sprintf("steady %s: API writes", length), after.all-before.all, 0)
	return nil
}
