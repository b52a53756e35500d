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

// Command relaybench measures customer service against the numbers it is meant to
// reach: WeChat and IM are simulators, the pod is a process of its own with the
// webhook's parts and an embedded journal on disk, and everything between them is
// HTTP. Generator and simulators share the machine with the pod; what it accepts is
// compared with a bare handler that only parses the same XML, measured by turns. It
// ends with an error if a bar is missed.
//
//	go run ./hack/relaybench [-only accept|relay|limit|storm|outage] [-length 3s] [-profiles DIR]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/liveroom-io/liveroom-operator/hack/measure"
)

// runTimeout bounds everything. The single waits have bounds of their own.
const runTimeout = 10 * time.Minute

// bench is one run.
type bench struct {
	folder  string
	length  time.Duration
	results measure.Results
	// profiles is the folder for processor profiles of the pod; "" takes none.
	profiles string
}

func main() {
	if len(os.Args) == 3 {
		switch os.Args[1] {
		case bareCommand:
			os.Exit(serveBare(os.Args[2]))
		case podCommand:
			os.Exit(servePod(os.Args[2]))
		}
	}
	b := &bench{}
	only := flag.String("only", "", "measure this alone: accept, relay, limit, storm or outage")
	flag.DurationVar(&b.length, "length", 3*time.Second, "length of one turn of accept")
	flag.StringVar(&b.profiles, "profiles", "", "write processor profiles of the pod under load to this folder")
	flag.Parse()
	os.Exit(measure.Main("relaybench", runTimeout, func(ctx context.Context) (measure.Results, error) { return b.all(ctx, *only) }))
}

func (b *bench) all(ctx context.Context, only string) (results measure.Results, err error) {
	scenarios := []struct {
		name string
		run  func(context.Context) error
	}{{"accept", b.accept}, {"relay", b.relay}, {"limit", b.limit}, {"storm", b.storm}, {"outage", b.outage}}
	names := []string{""}
	for _, one := range scenarios {
		names = append(names, one.name)
	}
	if !slices.Contains(names, only) {
		return nil, fmt.Errorf("-only %s: there is no such measurement", only)
	}
	if b.folder, err = os.MkdirTemp("", "liveroom-relaybench-"); err != nil {
		return nil, fmt.Errorf("making a working folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.folder)) }()
	for _, one := range scenarios {
		if only != "" && one.name != only {
			continue
		}
		fmt.Fprintln(os.Stderr, "relaybench:", one.name)
		if err := one.run(ctx); err != nil {
			return b.results, fmt.Errorf("%s: %w", one.name, err)
		}
	}
	return b.results, nil
}

// pause waits for a while.
func pause(ctx context.Context, length time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(length):
		return nil
	}
}

// until waits for something to be so, for a bounded time.
func until(ctx context.Context, patience time.Duration, what string, so func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		if done, err := so(); done || err != nil {
			return err
		}
		if err := pause(ctx, pollEvery); err != nil {
			return fmt.Errorf("waiting until %s: %w", what, err)
		}
	}
}
