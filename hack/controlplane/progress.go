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
	"fmt"
	"io"
	"sync"
	"time"
)

// heartbeat is the time between two lines about something that still runs.
const heartbeat = 10 * time.Second

// reporter writes progress lines for a person who waits. It is safe for
// concurrent use.
type reporter struct {
	mu  sync.Mutex
	out io.Writer
	// ticks makes the beat of one long step, and the function that ends it.
	ticks func() (<-chan time.Time, func())
	now   func() time.Time
}

func newReporter(out io.Writer) *reporter {
	return &reporter{
		out: out,
		now: time.Now,
		ticks: func() (<-chan time.Time, func()) {
			ticker := time.NewTicker(heartbeat)
			return ticker.C, ticker.Stop
		},
	}
}

// printf writes one line. Progress that cannot be shown is no reason to fail.
func (r *reporter) printf(format string, values ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, _ = fmt.Fprintf(r.out, "controlplane: "+format+"\n", values...)
}

// during announces a step and repeats it with the elapsed time on every beat
// until the returned function is called. detail, which may be nil, adds how far
// the step has come. The returned function waits until nothing more is written.
func (r *reporter) during(step string, detail func() string) (stop func()) {
	started := r.now()
	r.printf("%s", step)
	beats, stopBeats := r.ticks()
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		defer stopBeats()
		for {
			select {
			case <-quit:
				return
			case <-beats:
				elapsed := r.now().Sub(started).Round(time.Second)
				if detail == nil {
					r.printf("%s: %s", step, elapsed)
				} else {
					r.printf("%s: %s, %s", step, elapsed, detail())
				}
			}
		}
	}()
	var once sync.Once
	return func() {
		once.Do(func() { close(quit) })
		<-done
	}
}
