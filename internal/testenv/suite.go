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

package testenv

import (
	"fmt"
	"maps"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"testing"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"
)

// Run is the body of TestMain: it starts the environments side by side, runs the
// tests and stops the environments again. When the run is interrupted, it stops
// every environment of the process, since the control planes would outlive it.
// It returns the exit code for os.Exit.
func Run(m *testing.M, environments ...*Environment) int {
	// controller-runtime complains with a stack when no logger was ever set. A
	// suite that wants its log sets another one.
	ctrl.SetLogger(logr.Discard())

	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt, syscall.SIGTERM)
	finished := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() {
		select {
		case <-interrupts:
			stopAll(alive.close())
			os.Exit(1)
		case <-finished:
		}
	})
	defer func() {
		signal.Stop(interrupts)
		close(finished)
		watcher.Wait()
	}()

	code := 1
	if startAll(environments) {
		code = m.Run()
	}
	if !stopAll(environments) && code == 0 {
		code = 1
	}
	return code
}

// alive holds what has to be stopped when the run is interrupted: also the
// environments that single tests have started. It is the process's own list, as
// a signal is the process's own.
var alive register

type register struct {
	mu      sync.Mutex
	members map[*Environment]struct{}
	closed  bool
}

// add refuses a new member once the register is closed.
func (r *register) add(environment *Environment) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	if r.members == nil {
		r.members = map[*Environment]struct{}{}
	}
	r.members[environment] = struct{}{}
	return true
}

func (r *register) remove(environment *Environment) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.members, environment)
}

// close returns the last members: the tests go on while these are stopped, and
// may not start others.
func (r *register) close() []*Environment {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	return slices.Collect(maps.Keys(r.members))
}

func startAll(environments []*Environment) (ok bool) {
	return each(environments, "starting", (*Environment).Start)
}

func stopAll(environments []*Environment) (ok bool) {
	return each(environments, "stopping", (*Environment).Stop)
}

// each does one thing to all environments at once: most of the time goes into
// waiting for processes.
func each(environments []*Environment, what string, do func(*Environment) error) (ok bool) {
	failures := make([]error, len(environments))
	var all sync.WaitGroup
	for index, environment := range environments {
		all.Go(func() { failures[index] = do(environment) })
	}
	all.Wait()
	ok = true
	for _, err := range failures {
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s the control plane: %v\n", what, err)
			ok = false
		}
	}
	return ok
}
