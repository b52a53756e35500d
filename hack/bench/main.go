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

// Command bench measures the controller against the numbers it is meant to
// reach: the real binary, a real API server, and the IM simulator with its
// documented limits and a latency of 20 ms. It ends with an error if a bar is
// missed. Times are compared with a floor that is measured in the same run.
//
//	go run ./hack/bench [--rooms 500] [--steady 60s]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/liveroom-io/liveroom-operator/hack/measure"
)

// runTimeout bounds everything but the steady time. The single waits have bounds
// of their own; building a control plane takes some minutes once.
const runTimeout = 30 * time.Minute

func main() {
	rooms := flag.Int("rooms", 500, "rooms in each scenario")
	steady := flag.Duration("steady", time.Minute, "how long to watch that nothing happens")
	flag.Parse()
	os.Exit(measure.Main("bench", runTimeout+*steady, func(ctx context.Context) (measure.Results, error) {
		return run(ctx, *rooms, *steady)
	}))
}

func run(ctx context.Context, rooms int, steady time.Duration) (results measure.Results, err error) {
	folder, err := os.MkdirTemp("", "liveroom-bench-")
	if err != nil {
		return nil, fmt.Errorf("making a working folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	b, err := prepare(ctx, folder, rooms)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.stop()) }()
	for _, step := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"the API server's floor", b.floor},
		{"an application with proven fields", b.application},
		{"rooms that exist when the controller starts", b.existing},
		{"rooms applied to a running controller", b.applied},
		{"a restart with unchanged rooms", b.restart},
		{"a steady time", func(ctx context.Context) error { return b.steady(ctx, steady) }},
	} {
		fmt.Fprintf(os.Stderr, "bench: %s\n", step.name)
		if err := step.run(ctx); err != nil {
			return b.results, fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return b.results, nil
}
