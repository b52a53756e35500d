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
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

const (
	// eventsPerSecond of all rooms together.
	eventsPerSecond = 2000
	// writesPerSecond that the cluster should bear at most.
	writesPerSecond = 50
	// flushLag is how long a number is on its way before it can be written: the
	// journal stores states twice a second.
	flushLag = 1.0
	// quietTime is watched after the last number is in status.
	quietTime = 12 * time.Second
	// settlePatience bounds the wait for the last numbers.
	settlePatience = 90 * time.Second
)

// statuses follows what is written about rooms.
type statuses struct {
	mu       sync.Mutex
	messages map[string]int64     // by room
	last     map[string]time.Time // of a write
	longest  time.Duration        // between two writes of a room
	writes   int
	busiest  int // writes in one second of the clock
	second   int64
	inSecond int
}

func (s *statuses) see(room *imv1alpha1.LiveRoom) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if room.Status.Activity == nil {
		return
	}
	now := time.Now()
	if before, known := s.last[room.Name]; known {
		s.longest = max(s.longest, now.Sub(before))
	}
	s.last[room.Name], s.messages[room.Name] = now, room.Status.Activity.Messages
	s.writes++
	if s.second != now.Unix() {
		s.second, s.inSecond = now.Unix(), 0
	}
	s.inSecond++
	s.busiest = max(s.busiest, s.inSecond)
}

// wrong lists how many rooms do not show what they should.
func (s *statuses) wrong(expected map[string]int64) (wrong int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for room, count := range expected {
		if s.messages[room] != count {
			wrong++
		}
	}
	return wrong
}

func (s *statuses) figures() (writes, busiest int, longest time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writes, s.busiest, s.longest
}

// follow watches rooms until ctx ends.
func (b *bench) follow(ctx context.Context) (*statuses, error) {
	s := &statuses{messages: map[string]int64{}, last: map[string]time.Time{}}
	watching, err := b.client.Watch(ctx, &imv1alpha1.LiveRoomList{}, client.InNamespace(namespace))
	if err != nil {
		return nil, fmt.Errorf("watching rooms: %w", err)
	}
	go func() {
		for change := range watching.ResultChan() {
			if room, ok := change.Object.(*imv1alpha1.LiveRoom); ok && change.Type == watch.Modified {
				s.see(room)
			}
		}
	}()
	return s, nil
}

// activity measures what 1,000 active rooms cost the API server.
func (b *bench) activity(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := b.forget(ctx); err != nil {
		return err
	}
	webhook, err := b.webhook(ctx, "activity")
	if err != nil {
		return err
	}
	seen, err := b.follow(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	traffic := b.newTraffic(eventsPerSecond, 1<<40)
	if err := traffic.run(ctx, func() string { return webhook.url }, b.active); err != nil {
		return err
	}
	elapsed := time.Since(began)
	writes, busiest, longest := seen.figures()
	expected := traffic.byRoom()
	b.results.Note("active rooms: callbacks", fmt.Sprintf("%.0f/s for %s, %d rooms", float64(traffic.total())/elapsed.Seconds(), elapsed.Round(time.Second), roomCount))
	b.results.AtMost("active rooms: status writes per second", float64(writes)/elapsed.Seconds(), writesPerSecond, "")
	b.results.Note("active rooms: writes in the busiest second", fmt.Sprint(busiest))
	b.results.AtMost("active rooms: longest time between two writes of a room", longest.Seconds(), roomCount/writesPerSecond+flushLag, " s")
	seen.settle(ctx, expected)
	b.results.Exactly("active rooms: totals that are wrong", seen.wrong(expected), 0)
	settled, _, _ := seen.figures()
	if err := pause(ctx, quietTime); err != nil {
		return err
	}
	after, _, _ := seen.figures()
	b.results.Exactly(fmt.Sprintf("quiet rooms: status writes in %s", quietTime), after-settled, 0)
	memory, err := webhook.stop()
	b.results.AtMost("active rooms: largest memory", float64(memory)/(1<<20), maxMemory, " MiB")
	return err
}

// settle waits until status shows what is expected; the figures tell if it never does.
func (s *statuses) settle(ctx context.Context, expected map[string]int64) {
	ctx, cancel := context.WithTimeout(ctx, settlePatience)
	defer cancel()
	for s.wrong(expected) > 0 && pause(ctx, pollEvery) == nil {
	}
}
