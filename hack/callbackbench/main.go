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

// Command callbackbench measures the webhook against the numbers it is meant to
// reach: the real binary, a real API server, callbacks over HTTP. The generator
// shares the machine with it; throughput is compared with a bare handler that
// only parses the same JSON, measured in the same run. It ends with an error if
// a bar is missed.
//
//	go run ./hack/callbackbench [-rounds 20] [-length 5s] [-active 60s] [-only throughput]
//
// The operator is built as it is shipped, with the profile webhook.pgo, by which
// the compiler decides what to inline. This takes a new one:
//
//	go run ./hack/callbackbench -only throughput -length 10s -profile webhook.pgo
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/liveroom-io/liveroom-operator/hack/measure"
)

// runTimeout bounds everything. The single waits have bounds of their own.
const runTimeout = 30 * time.Minute

// settings of a run.
type settings struct {
	rounds int
	length time.Duration
	active time.Duration
	only   string
	// profile is the file that a profile of the journalled turns goes to; "" takes none.
	profile string
}

func main() {
	if len(os.Args) == 3 && os.Args[1] == bareCommand {
		serveBare(os.Args[2])
		return
	}
	var s settings
	flag.IntVar(&s.rounds, "rounds", 20, "how often the webhook is killed under load")
	flag.DurationVar(&s.length, "length", 5*time.Second, "length of one measurement of throughput")
	flag.DurationVar(&s.active, "active", time.Minute, "how long 1,000 rooms are active")
	flag.StringVar(&s.only, "only", "", "measure this alone: throughput, activity or kills")
	flag.StringVar(&s.profile, "profile", "", "take a processor profile of the journalled turns and write it to this file")
	flag.Parse()
	os.Exit(measure.Main("callbackbench", runTimeout, func(ctx context.Context) (measure.Results, error) { return all(ctx, s) }))
}

func all(ctx context.Context, s settings) (results measure.Results, err error) {
	folder, err := os.MkdirTemp("", "liveroom-callbackbench-")
	if err != nil {
		return nil, fmt.Errorf("making a working folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	b, err := prepare(ctx, folder, s)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.environment.Stop()) }()
	for _, step := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"", b.declare},
		{"throughput", b.throughput},
		{"activity", b.activity},
		{"kills", b.kills},
	} {
		if s.only != "" && step.name != "" && step.name != s.only {
			continue
		}
		fmt.Fprintln(os.Stderr, "callbackbench:", cmp.Or(step.name, "rooms"))
		if err := step.run(ctx); err != nil {
			return b.results, fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return b.results, nil
}
